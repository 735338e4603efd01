"""Makes the pictures of docs/ and of the README from a real run: ``make pictures``.

A Kafka of its own, simulated bars, the sample's flights, and each window drawn to a file. The picture of the demo is
that of a screen, for which Xvfb is needed; without it that one stays as it is.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image, ImageGrab

from docs.page_pictures import draw_page
from stockstream.config import load
from stockstream.consumers.registry import VIEWS
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.jars import fetch

HERE: Final = Path(__file__).parent
PICTURES: Final = HERE / "pictures"
CHART: Final = "bollinger,rsi,macd,volume"
SYMBOLS: Final = ("AAPL", "MSFT", "NVDA")
_COLORS: Final = 128
_SCREEN: Final = (1600, 1000)
_DEMO_SECONDS: Final = 50


def main() -> None:
    """Make all pictures anew."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stockstream-pictures-") as name:
        folder = Path(name)
        jars = fetch(load(None, {}).cache_dir)
        with Broker(folder / "kafka", jars, port=free_port()) as broker:
            there = {
                **os.environ,
                "STOCKSTREAM_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
                "STOCKSTREAM_STATE_DIR": str(folder / "state"),
                "STOCKSTREAM_DATA_DIR": str(folder / "data"),
            }
            draw_windows(there)
            draw_returns(there, folder / "report.html")
            draw_page(there, PICTURES, shrink)
        draw_demo({**os.environ, **{f"STOCKSTREAM_{kind}_DIR": str(folder / kind) for kind in ("STATE", "DATA")}})


def draw_windows(there: Mapping[str, str]) -> None:
    """Every window as a picture, of the same bars and flights."""
    run(there, "produce", "simulated", *SYMBOLS, "--pace", "0", "--history", "700", "--count", "1")
    run(there, "produce", "flights", str(HERE.parent / "data" / "flights" / "sample.csv"))
    windows = {
        **{name: [name, *(SYMBOLS[:1] if view.keyed and not view.tiles else [])] for name, view in VIEWS.items()},
        "chart": ["chart", SYMBOLS[0], "--with", CHART],
    }
    for name, arguments in windows.items():
        picture = PICTURES / f"{name}.png"
        run(there, "watch", *arguments, "--headless", str(picture), "--once", "--force")
        shrink(picture)


def draw_returns(there: Mapping[str, str], report: Path) -> None:
    """The pictures of the report that no window has."""
    run(there, "report", "--out", str(report))
    page = report.read_text(encoding="utf-8")
    for title, content in re.findall(r'<img alt="(\w+)[^"]*" src="data:image/png;base64,([^"]+)"', page):
        if name := {"Log": "returns", "Correlation": "correlation"}.get(title):
            picture = PICTURES / f"report-{name}.png"
            picture.write_bytes(base64.b64decode(content))
            shrink(picture)


def run(there: Mapping[str, str], *arguments: str) -> None:
    """Run a command of ours."""
    subprocess.run([sys.executable, "-m", "stockstream", *arguments], env=dict(there), check=True)


def shrink(picture: Path) -> None:
    """Write a picture with as many colours as it needs: a third of the bytes."""
    with Image.open(picture) as image:
        image.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE).save(picture, optimize=True)


def draw_demo(there: Mapping[str, str]) -> None:
    """What the screen shows while the demo runs."""
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        sys.stderr.write("no Xvfb here: the demo's picture stays as it is\n")
        return
    with screen(xvfb) as display:
        command = [sys.executable, "-m", "stockstream", "demo", "--seconds", str(_DEMO_SECONDS)]
        demo = subprocess.Popen(command, env={**there, "DISPLAY": display})
        time.sleep(_DEMO_SECONDS - 10)
        picture = PICTURES / "demo.png"
        ImageGrab.grab(xdisplay=display).save(picture)
        demo.wait(timeout=60)
    shrink(picture)


@contextmanager
def screen(xvfb: str) -> Iterator[str]:
    """A screen that nobody sees; its name."""
    read, write = os.pipe()
    size = "x".join(map(str, (*_SCREEN, 24)))
    server = subprocess.Popen([xvfb, "-displayfd", str(write), "-screen", "0", size, "-noreset"], pass_fds=[write])
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            yield f":{pipe.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
