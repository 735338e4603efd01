"""Waker: lets another thread call a function on a window's thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from matplotlib.backend_bases import FigureCanvasBase

from stockstream.charts.window.toolkits import ToolkitObject


class Waker:
    """Calls a function on the window's thread soon after any thread asks for it.

    The functions of a toolkit may not be called from other threads; its event loop watches a socket instead, to which
    they write a byte. Tk cannot do so on Windows: there the function is never called.

    Parameters
    ----------
    canvas
        The canvas of a figure in a window; created on the window's thread.
    function
        Is called without waiting for long; several calls for `wake` may become one.
    """

    def __init__(self, canvas: FigureCanvasBase, function: Callable[[], None]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._closed = False
        self._receiving, self._sending = socket.socketpair()
        self._receiving.settimeout(0)
        self._sending.settimeout(0)
        self._unwatch = self._watched(canvas)

    def _watched(self, canvas: FigureCanvasBase) -> Callable[[], None]:
        """Have the event loop watch the socket; returns how to end that."""
        if hasattr(canvas, "get_tk_widget"):
            import tkinter as tk

            interpreter: ToolkitObject = canvas.get_tk_widget().tk
            if not hasattr(interpreter, "createfilehandler"):
                return lambda: None
            interpreter.createfilehandler(self._receiving, tk.READABLE, lambda *_: self._on_byte())
            return lambda: interpreter.deletefilehandler(self._receiving)
        from PySide6 import QtCore

        notifier = QtCore.QSocketNotifier(self._receiving.fileno(), QtCore.QSocketNotifier.Type.Read)
        notifier.activated.connect(lambda *_: self._on_byte())
        return lambda: notifier.setEnabled(False)

    def wake(self) -> None:
        """Have the function called; for any thread, at any time."""
        with self._lock:
            if not self._closed:
                with suppress(BlockingIOError):  # thousands of bytes are waiting: one of them is enough
                    self._sending.send(b"\0")

    def close(self) -> None:
        """Call the function no more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._unwatch()
        self._receiving.close()
        self._sending.close()

    def _on_byte(self) -> None:
        if not self._closed:
            with suppress(BlockingIOError):  # some systems announce a byte that was read before
                self._receiving.recv(4096)
            self._function()
