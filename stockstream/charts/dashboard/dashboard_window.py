"""Live window of a dashboard, and the same as a picture file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from matplotlib.backend_bases import KeyEvent, LocationEvent, MouseButton, MouseEvent

from stockstream.charts.dashboard.dashboard import Dashboard
from stockstream.charts.dashboard.tiles import Scroll
from stockstream.charts.theme import THEMES
from stockstream.charts.window.keyboard import Keyboard, wheel
from stockstream.charts.window.picture import PictureFile, drawn_at
from stockstream.charts.window.placement import toggle_full_screen
from stockstream.charts.window.saving import save_figure
from stockstream.charts.window.shell import Shell
from stockstream.present.frame_times import FrameTimes
from stockstream.present.keys import DASHBOARD
from stockstream.present.memory import Memory
from stockstream.present.model import LiveModel, Model
from stockstream.present.notice import Notice
from stockstream.present.options import PictureOptions, WindowOptions
from stockstream.present.pause import Pause
from stockstream.present.preferences import Preferences
from stockstream.present.status_bar import status_bar, utc_now
from stockstream.records import SIMULATED
from stockstream.views.dashboard import Group, tabled
from stockstream.views.leaders import MOST
from stockstream.views.tiles import Tile

SIZE: Final = (12.0, 8.0)
_EVERY: Final = 0.25
"""Seconds between two drawings at least: tables that change faster cannot be read."""

_NOTE_FOR: Final = 8.0
_COMPUTING: Final = 0.01
"""Seconds of a timer tick for computing changes; two thousand symbols at once take several ticks."""

_AT_FIRST: Final = 0.06
"""The same while some symbols have never been computed."""

_SCROLLS: Final[Mapping[str, Scroll]] = {
    "wheel up": Scroll(-1, "rows"),
    "wheel down": Scroll(1, "rows"),
    "up": Scroll(-1, "rows"),
    "down": Scroll(1, "rows"),
    "pageup": Scroll(-1, "page"),
    "pagedown": Scroll(1, "page"),
    "home": Scroll(-1, "all"),
    "end": Scroll(1, "all"),
}


class Shown:
    """Shows a model's data on a dashboard, one group of series at a time.

    Attributes
    ----------
    group
        The chosen group; None for the first.
    sources
        Where the newest bars of the group shown come from.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self.group: Group | None = None
        self.sources: Sequence[str] = ()

    def refresh(self, within: float | None) -> bool:
        """Compute the changes, for at most some seconds; True if nothing is left."""
        return tabled(self._model.fold).refresh(within)

    def next_group(self) -> None:
        """Choose the next group."""
        groups = tabled(self._model.fold).groups()
        now = self._now(groups)
        if now is not None:
            self.group = groups[(groups.index(now) + 1) % len(groups)]

    def _now(self, groups: Sequence[Group]) -> Group | None:
        return self.group if self.group in groups else next(iter(groups), None)

    def put(self, board: Dashboard) -> None:
        """Show the last computed data; nothing is painted yet."""
        fold = tabled(self._model.fold)
        groups = fold.groups()
        group = self._now(groups)
        status = self._model.status()
        empty = "" if groups else f"waiting for {status.waiting}" if status.waiting else "no data yet"
        title = self._model.view.title.format(**self._model.parameters)
        names = [title]
        if group is not None:
            names = _names(title, group, fold.symbols(group), others=len(groups) - 1)
            self.sources = fold.sources(group)
        pending = fold.pending()
        if pending:
            names = [f"{name}, computing {pending:,} more" for name in names]
        simulated = group is not None and group.feed == SIMULATED
        board.set_data(fold.tables(group), names, simulated=simulated, empty=empty)


def _names(title: str, group: Group, symbols: Sequence[str], *, others: int) -> list[str]:
    """Possible names of a window, the longest first."""
    more = f" (i: {others} more)" if others else ""
    count = "1 symbol" if len(symbols) == 1 else f"{len(symbols):,} symbols"
    kind = f"{group.interval} {group.feed}"
    if len(symbols) > MOST:
        return [f"{title} - {kind}{more}", f"{kind}{more}", str(group)]
    listed = ", ".join(symbols)
    return [f"{title} - {kind}{more}: {what}" for what in (listed, count)] + [f"{kind}{more}: {count}", str(group)]


class DashboardWindow(Shell):
    """A window on a model whose fold has tables."""

    def __init__(
        self,
        model: LiveModel,
        rows: Sequence[Tile],
        options: WindowOptions | None = None,
        *,
        memory: Memory | None = None,
        frame_times: FrameTimes | None = None,
    ) -> None:
        options = options or WindowOptions()
        usual = Preferences(theme=options.theme, picture=options.picture)
        super().__init__(model, SIZE, options, usual, memory=memory, frame_times=frame_times)
        self._rows = rows
        self._shown = Shown(model)
        self._every = max(options.refresh, _EVERY)
        self.board = self._board()
        self._pause = Pause()
        self._note = Notice(_NOTE_FOR)
        self._note.say(self.memory.note or "? shows the keys")
        canvas = self.figure.canvas
        self._keyboard = Keyboard(
            DASHBOARD,
            {
                "pause": lambda *_: self._toggle_pause(),
                "scroll": self._scroll,
                "turn": lambda key, _: self.board.turn(-1 if key == "b" else 1),
                "rank": lambda *_: self.board.rank(),
                "group": lambda *_: self._next_group(),
                "tiles": lambda *_: self._turn_tiles(),
                "pie": lambda *_: self.board.toggle(),
                "theme": lambda *_: self._switch_theme(),
                "screen": lambda *_: toggle_full_screen(canvas.manager),
                "save": lambda *_: self._save(),
                "format": lambda *_: self._change_format(),
                "leave": lambda *_: self._leave(),
                "help": lambda *_: self.board.assist(),
                "close": lambda *_: self.close(),
            },
        )
        canvas.mpl_connect("key_press_event", self.guarded(self._on_key))
        canvas.mpl_connect("button_press_event", self.guarded(self._on_click))
        canvas.mpl_connect("scroll_event", self.guarded(self._on_scroll))

    def _board(self) -> Dashboard:
        return Dashboard(self._rows, self.figure, self.appearance.theme, self.guarded)

    @property
    def every(self) -> float:
        """As `Shell.every`."""
        return self._every

    @property
    def paused(self) -> bool:
        """As `Shell.paused`."""
        return bool(self._pause)

    def begin(self) -> None:
        """As `Shell.begin`."""
        super().begin()
        tile_pages = self.board.tile_pages
        if tile_pages > 1:
            self.note(f"tiles 1 of {tile_pages}: Tab shows the next; ? shows the keys")

    def prepare(self, *, ended: bool) -> bool:
        """As `Shell.prepare`."""
        first = tabled(self.model.fold).pending() > 0
        return self._shown.refresh(None if ended else _AT_FIRST if first else _COMPUTING)

    def put(self) -> None:
        """As `Shell.put`, with the last computed data."""
        self._shown.put(self.board)
        self.rename(self.board.header.whole)

    def say(self) -> None:
        """As `Shell.say`."""
        status = self.model.status()
        held, undrawn = self._pause.waiting(status), self.undrawn.text
        said = status_bar(
            status, utc_now(), sources=self._shown.sources, held=held, note=self._note.text, undrawn=undrawn
        )
        self.board.say(said)

    def note(self, text: str) -> None:
        """As `Shell.note`."""
        self._note.say(text)
        self.say()

    def paint(self) -> None:
        """As `Shell.paint`."""
        self.board.paint()

    def blank(self, text: str) -> None:
        """As `Shell.blank`."""
        self.board.blank(text)

    def preferences(self) -> Preferences:
        """As `Shell.preferences`."""
        return Preferences(theme=self.appearance.name, picture=self.appearance.picture)

    def _on_key(self, event: KeyEvent) -> None:
        self._press(event.key, event)

    def _on_scroll(self, event: MouseEvent) -> None:
        if event.step:
            self._press(wheel(event.step, event.modifiers), event)

    def _press(self, key: str | None, event: LocationEvent) -> None:
        if self._keyboard.press(key, event) and not self.closed:
            self.paint_soon()

    def _on_click(self, event: MouseEvent) -> None:
        name = self.board.at(event.inaxes)
        if name is not None and event.button == MouseButton.LEFT:
            self.board.open(None if self.board.alone else name)
            self.paint_soon()

    def _toggle_pause(self) -> None:
        self._pause.toggle(self.model.status())
        self.say()

    def _scroll(self, key: str, event: LocationEvent) -> None:
        self.board.scroll(event.inaxes, _SCROLLS[key])

    def _next_group(self) -> None:
        self._shown.next_group()
        self.put()

    def _turn_tiles(self) -> None:
        self.board.next_tiles()
        self.note(f"tiles {self.board.tile_page + 1} of {self.board.tile_pages}")

    def _leave(self) -> None:
        self.board.assist(off=True)
        self.board.open(None)

    def _switch_theme(self) -> None:
        self.appearance.switch_theme()
        former = self.board
        former.close()
        self.board = self._board()
        self.board.follow(former)
        self.put()
        self.say()

    def _change_format(self) -> None:
        self.note(self.appearance.switch_format())

    def _save(self) -> None:
        self.note(self.appearance.save(self.model.view, "", lambda path: save_figure(self.figure, path)))


class DashboardPicture(PictureFile):
    """The same as a file that is updated."""

    def __init__(self, model: Model, rows: Sequence[Tile], path: Path, options: PictureOptions) -> None:
        super().__init__(path, SIZE)
        self._model = model
        self._shown = Shown(model)
        self.board = Dashboard(rows, self._canvas.figure, THEMES[options.theme])

    def draw(self, now: datetime) -> bool:
        """As `PictureFile.draw`."""
        self._shown.refresh(None)
        self._shown.put(self.board)
        said = status_bar(self._model.status(), now, sources=self._shown.sources, note=drawn_at(now), ages=False)
        self.board.say(said)
        self.board.paint()
        return True
