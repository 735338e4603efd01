"""Widget: a live chart in a notebook, drawn by the renderer of the page."""

from __future__ import annotations

import base64
import logging
import re
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from stockstream.codec import Json

try:
    import anywidget
    import traitlets
except ImportError as error:
    from stockstream.errors import StockstreamError

    raise StockstreamError("a widget needs the package anywidget", hint="pip install 'stockstream[web]'") from error

from stockstream.charts.theme import THEMES
from stockstream.config import load
from stockstream.consumers import view_settings
from stockstream.consumers.chart import parts
from stockstream.consumers.live import Live
from stockstream.errors import StockstreamError
from stockstream.present.status_bar import status_bar, utc_now
from stockstream.records import Bar
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from stockstream.views.study import Part, chart
from stockstream.web.chart import columns, described_chart, first_difference, undefined
from stockstream.web.extra import LIBRARY, STATIC, require_assets

LOG: Final = logging.getLogger("stockstream.web")

_BEAT: Final = 0.05
_FIRST: Final = 10.0
"""Seconds for which a new widget waits for its first rows."""

_RENEWED: Final = 10.0
"""Seconds after which the snapshot that is saved with the notebook is made again, if rows changed."""

_SAVED_ROWS: Final = 5_000
"""Rows that a snapshot has: a notebook that is read without a kernel can ask for no others."""

_MODULES: Final = (
    "format.js",
    "rows.js",
    "band.js",
    "notes.js",
    "legend.js",
    "look.js",
    "shades.js",
    "view.js",
    "renderer.js",
)
_STYLE: Final = """
.stockstream { position: relative; }
.stockstream .legend { position: absolute; left: 8px; right: 80px; z-index: 3; display: flex; flex-wrap: wrap;
  gap: 0 12px; font: 12px system-ui, sans-serif; pointer-events: none; }
.stockstream-strip { font: 12px system-ui, sans-serif; padding: 2px 8px; }
"""
_RENDER: Final = """
function render({ model, el }) {
  const place = document.createElement("div");
  place.className = "stockstream";
  place.style.height = `${model.get("height")}px`;
  const strip = document.createElement("div");
  strip.className = "stockstream-strip";
  el.replaceChildren(strip, place);
  const renderer = new Renderer(library, place, model.get("theme"));
  const say = () => { strip.textContent = model.get("status"); };
  const show = () => { const found = model.get("snapshot"); if (found.columns) renderer.snapshot(found); };
  // What was saved may be old by now: the newest rows are asked for, where a kernel still answers.
  const ask = () => model.send({ type: "ready" });
  const take = (message) => { if (message.type === "update" && !renderer.update(message)) ask(); };
  const heard = { "change:snapshot": show, "change:status": say, "msg:custom": take };
  for (const [name, work] of Object.entries(heard)) model.on(name, work);
  show();
  say();
  ask();
  return () => {
    for (const [name, work] of Object.entries(heard)) model.off(name, work);
    renderer.close();
  };
}
export default { render };
"""


@cache
def _module() -> str:
    """The renderer and its library as one module, for a notebook has no server of ours."""
    library = base64.b64encode(LIBRARY.read_bytes()).decode("ascii")
    own = [_inlined(STATIC / name) for name in _MODULES]
    return "\n".join([f'import * as library from "data:text/javascript;base64,{library}";', *own, _RENDER])


def _inlined(path: Path) -> str:
    """A module without its imports and exports: the others stand in the same text."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^import .*?;\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)


class ChartWidget(anywidget.AnyWidget):
    """A live chart of one symbol. `stop` ends it; so does a new widget of the same cell.

    ``snapshot`` has what to draw and the newest rows, ``status`` the words of the status bar: both are saved with the
    notebook. Each change of rows is sent to the views at once; the snapshot is renewed every 10 s, for a view that is
    drawn later, and at the end.
    """

    _css = _STYLE
    snapshot = traitlets.Dict().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    theme = traitlets.Dict().tag(sync=True)
    height = traitlets.Int(420).tag(sync=True)

    def __init__(self, live: Live[Bar], titles: Sequence[str], *, height: int, theme: Mapping[str, Json]) -> None:
        self._esm = _module()
        super().__init__(height=height, theme=theme)
        self._live = live
        self._titles = titles
        self._ends = threading.Event()
        self._first = threading.Event()
        self._asked = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(
            target=_run, args=(weakref.ref(self), live, self._ends, self._asked), daemon=True
        )
        self.on_msg(_ready(self._asked))

    def start(self) -> None:
        """Begin to read. Raises what the reading raised in the meantime."""
        self._thread.start()
        self._first.wait(_FIRST)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Read no longer; what was drawn stays."""
        self._ends.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def close(self) -> None:
        """As ipywidgets'; stops it first."""
        self.stop()
        super().close()

    @property
    def running(self) -> bool:
        """Whether it reads."""
        return self._thread.is_alive()


def widget(
    symbol: str,
    *,
    with_: Sequence[str] = (),
    interval: str | None = None,
    feed: str | None = None,
    resample: str | None = None,
    theme: str = "light",
    height: int = 420,
    config: str | Path | None = None,
    bootstrap_servers: str | None = None,
) -> ChartWidget:
    """A live chart for a notebook: the newest rows, then each bar as it comes.

    Parameters
    ----------
    symbol
        The symbol to show.
    with_
        Studies with their parameters, as for ``watch chart --with``: ``["bollinger", "rsi:period=9"]``.
    interval, feed
        Which of its series; by default the first.
    resample
        A longer interval to which the bars are resampled.
    theme
        ``light``, ``dark`` or ``contrast``.
    height
        Pixels.
    config
        A settings file; by default those of the command line.
    bootstrap_servers
        The broker; by default that of the settings.

    Raises
    ------
    StockstreamError
        A study or a theme is unknown, or the page's assets were not built.
    """
    require_assets()
    if theme not in THEMES:
        raise StockstreamError(f"there is no theme {theme!r}", hint=f"there are {', '.join(THEMES)}")
    settings = load(
        None if config is None else Path(config), {"bootstrap_servers": bootstrap_servers} if bootstrap_servers else {}
    )
    try:
        chosen = parts(with_, lambda study, parameter: view_settings.parameter(settings, study.name, parameter))
        view = chart(chosen)
    except ValueError as error:
        raise StockstreamError(str(error)) from error
    selection = Selection((symbol,), interval, feed, resample)
    live = Live(view, selection, {}, settings.connection("consumer"), None)
    colors = THEMES[theme]
    made = ChartWidget(
        live,
        _titles(chosen),
        height=height,
        theme={name: getattr(colors, name) for name in colors.__dataclass_fields__},
    )
    _replace_former(made)
    made.start()
    return made


def _titles(chosen: Sequence[Part]) -> list[str]:
    return [part.title for part in chosen if part.study.indicator is not None]


def _ready(asked: threading.Event) -> Callable[[ChartWidget, Mapping[str, Json], Sequence[bytes]], None]:
    """Hears a view that has been drawn, and asks for the newest rows. It must not hold the widget."""

    def hear(_widget: ChartWidget, content: Mapping[str, Json], _buffers: Sequence[bytes]) -> None:
        if content.get("type") == "ready":
            asked.set()

    return hear


def _run(
    place: Callable[[], ChartWidget | None], live: Live[Bar], ends: threading.Event, asked: threading.Event
) -> None:
    """Read until the widget has gone, or is stopped."""
    try:
        with live:
            _read(place, live, ends, asked)
    except Exception as error:
        LOG.exception("a chart in a notebook ended")
        found = place()
        if found is not None:
            found._failure = error  # noqa: SLF001 - its own thread
            found.status = f"the chart has ended: {error}"
            found._first.set()  # noqa: SLF001


def _read(
    place: Callable[[], ChartWidget | None], live: Live[Bar], ends: threading.Event, asked: threading.Event
) -> None:
    shown = _Shown()
    said = 0.0
    while not ends.is_set():
        changed = live.tick()
        found = place()
        if found is None:
            return
        if changed or shown.sent is None:
            shown.update(found, live)
        if asked.is_set() or shown.is_old:
            asked.clear()
            shown.renew(found, live)
        if time.monotonic() - said > 1.0:
            said = time.monotonic()
            found.status = _status(live)
        del found
        ends.wait(_BEAT)
    found = place()
    if found is not None:
        shown.renew(found, live)


def _status(live: Live[Bar]) -> str:
    """The words of the status bar, without ages: a saved notebook would tell wrong ones."""
    key = next(iter(live.fold.keys()), None)
    identity = live.fold.identity(key) if key else None
    said = status_bar(live.status(), utc_now(), zone=identity.zone if identity else None, ages=False)
    simulated = ["SIMULATED"] if identity and identity.simulated else []
    return " · ".join([*simulated, *said.parts])


class _Shown:
    """What a widget was sent: the rows, and whether they changed since its snapshot."""

    def __init__(self) -> None:
        self.sent: Frame | None = None
        self._renewed_at = 0.0
        self._changed = False

    @property
    def is_old(self) -> bool:
        """Whether the snapshot is to be renewed."""
        return self._changed and time.monotonic() - self._renewed_at > _RENEWED

    def update(self, found: ChartWidget, live: Live[Bar]) -> None:
        """Send what changed: the first time, and when columns are others or rows went, a snapshot."""
        key = next(iter(live.fold.keys()), None)
        if key is None or not live.settled:
            return
        frame = live.fold.frame(key)
        before, self.sent = self.sent, frame.copy()
        if before is None or list(before) != list(frame) or len(frame) < len(before):
            self._changed = True
            self.renew(found, live)
            found._first.set()  # noqa: SLF001
            return
        first = first_difference(before, frame)
        if first < len(frame):
            self._changed = True
            changes = _without_nan(columns(frame, slice(first, None)))
            found.send({"type": "update", "columns": changes, "undefined": undefined(frame)})

    def renew(self, found: ChartWidget, live: Live[Bar]) -> None:
        """Put the rows that were sent last into the snapshot, if they changed."""
        key = next(iter(live.fold.keys()), None)
        if key is None or self.sent is None or not self._changed:
            return
        self._changed = False
        self._renewed_at = time.monotonic()
        rows = slice(max(0, len(self.sent) - _SAVED_ROWS), None)
        described = _description(found, live, key, self.sent)
        found.snapshot = {"chart": described, "columns": _without_nan(columns(self.sent, rows)), "more": False}


def _description(found: ChartWidget, live: Live[Bar], key: str, frame: Frame) -> Mapping[str, Json]:
    return described_chart(live.view, found._titles, live.fold.identity(key), key, frame)  # noqa: SLF001


def _without_nan(found: Mapping[str, Json]) -> dict[str, Json]:
    """Columns in which NaN is None: JSON has no NaN."""
    return {
        name: [None if value != value else value for value in column] if isinstance(column, list) else column
        for name, column in found.items()
    }


_shown: Final[dict[object, weakref.ref[ChartWidget]]] = {}


def _replace_former(made: ChartWidget) -> None:
    """Stop the former widget of the same cell."""
    cell = _cell()
    former = _shown.get(cell)
    if cell is not None and former is not None and (found := former()) is not None:
        found.stop()
    _shown[cell] = weakref.ref(made)


def _cell() -> object:
    """The cell that is running: its id where the notebook tells it, else its number of lines of code so far."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    if shell is None:
        return None
    header = getattr(shell, "parent_header", None) or {}
    return (header.get("metadata") or {}).get("cellId") or shell.user_ns.get("_i")
