"""Moving a scene's view by hand; a scene that was moved follows nothing until it is told to."""

from __future__ import annotations

from stockstream.charts.scene import Scene


def zoom(scene: Scene, factor: float, *, around: float | None = None) -> None:
    """Show so many times the time; the row ``around`` stays where it is, or else the middle (following: the newest)."""
    axes = scene.panels[0].axes
    left, right = axes.get_xlim()
    fixed = around if around is not None else right if scene.following else (left + right) / 2
    axes.set_xlim(fixed - factor * (fixed - left), fixed + factor * (right - fixed), auto=False)


def pan(scene: Scene, share: float) -> None:
    """Move by a share of the time in view; forwards where it is positive."""
    axes = scene.panels[0].axes
    left, right = axes.get_xlim()
    by = share * (right - left)
    axes.set_xlim(left + by, right + by, auto=False)
