"""Position and full screen of a toolkit window, for Tk and Qt."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from stockstream.charts.window.toolkits import ToolkitObject
from stockstream.present.geometry import FRAME, LEAST, Geometry

_PLAIN: Final = 96.0
"""Dots per inch of a screen at scale 1."""


class Placement:
    """Position of one window, for Tk and Qt.

    Parameters
    ----------
    window
        matplotlib's: ``manager.window`` of a figure.
    """

    def __init__(self, window: ToolkitObject) -> None:
        self._window = window
        self._tk = hasattr(window, "wm_geometry")
        self._least = (1, 1)

    def get(self) -> Geometry | None:
        """Present size and position; None while the window is in full screen or iconified."""
        window = self._window
        if self._tk:
            usual = window.winfo_viewable() and window.winfo_width() > 1 and window.state() == "normal"
            return Geometry.parse(window.wm_geometry()) if usual and not window.attributes("-fullscreen") else None
        if window.isFullScreen() or window.isMinimized() or not window.isVisible():
            return None
        return Geometry(window.width(), window.height(), window.x(), window.y())

    def set(self, wanted: Geometry) -> None:
        """Set size and position, within the screen."""
        width, height = max(wanted.width, self._least[0]), max(wanted.height, self._least[1])
        fitted = replace(wanted, width=width, height=height).within(self._screen())
        if self._tk:
            self._window.wm_geometry(str(fitted))
            return
        self._window.resize(fitted.width, fitted.height)
        if fitted.left is not None and fitted.top is not None:
            self._window.move(fitted.left, fitted.top)

    def open(self, width: float, height: float) -> None:
        """Set a size in pixels at the screen's scale, within the screen, and a minimum size."""
        scale = self._scale()
        wanted = round(scale * width), round(scale * height)
        self._least = round(scale * LEAST[0]), round(scale * LEAST[1])
        (self._window.minsize if self._tk else self._window.setMinimumSize)(*self._least)
        room = self._room()
        side, above = FRAME
        fitted = min(wanted[0], room.width - 2 * side), min(wanted[1], room.height - side - above)
        if fitted != wanted or not self._tk:  # otherwise a Tk window takes the size of its canvas and follows it
            self.set(Geometry(*fitted))

    def _scale(self) -> float:
        """Number of the toolkit's pixels in one at scale 1; Qt counts in the latter."""
        if not self._tk:
            return 1.0
        dpi = _desktop_dpi()
        if dpi is not None:
            self._window.tk.call("tk", "scaling", dpi / 72)  # matplotlib's canvas uses it, too
        return float(self._window.winfo_fpixels("1i")) / _PLAIN

    def _room(self) -> Geometry:
        """The work area of the screen."""
        if self._tk:
            return Geometry(*self._window.maxsize())
        area = self._window.screen().availableGeometry()
        return Geometry(area.width(), area.height())

    def _screen(self) -> Geometry:
        window = self._window
        if self._tk:
            left, top = window.winfo_vrootx(), window.winfo_vrooty()
            return Geometry(window.winfo_screenwidth(), window.winfo_screenheight(), left, top)
        area = window.screen().virtualGeometry()
        return Geometry(area.width(), area.height(), area.x(), area.y())


def _desktop_dpi() -> float | None:
    """Dots per inch of the user's desktop (Xft.dpi), which Tk applies only to its own texts."""
    import tkinter as tk

    asked = tk.Tk(className="Xft")  # the only name under which Tk finds it
    asked.withdraw()
    dpi = asked.tk.call("option", "get", ".", "dpi", "Dpi")
    asked.destroy()
    try:
        return min(max(float(dpi), _PLAIN / 2), 8 * _PLAIN)
    except ValueError:
        return None


def toggle_full_screen(manager: ToolkitObject) -> None:
    """Switch full screen; ``manager`` is that of a figure."""
    if manager is not None:
        manager.full_screen_toggle()


def toggle_tools(manager: ToolkitObject) -> None:
    """Hide or show matplotlib's tool bar: keys and mouse do all that it does except one.

    ``manager`` is that of a figure.
    """
    bar = manager.toolbar if manager is not None else None
    if bar is None:
        return
    if hasattr(bar, "pack"):
        if bar.winfo_manager():
            bar.pack_forget()
        else:
            manager.window.wm_geometry(manager.window.wm_geometry())  # otherwise the window grows
            bar.pack(side="bottom", fill="x", before=manager.canvas.get_tk_widget())
        return
    bar.setVisible(bar.isHidden())
