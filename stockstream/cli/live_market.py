"""Source of a live demonstration: what trades now and answers; otherwise a simulation."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from stockstream.cli.context import Context
from stockstream.errors import RateLimited, SourceError, Unavailable
from stockstream.producers.background import Background
from stockstream.producers.new_york import is_open
from stockstream.records import SIMULATED

YAHOO: Final = "yahoo"
BINANCE: Final = "binance"
CRYPTO: Final = ("BTCUSDT", "ETHUSDT")
"""What is traded around the clock, by Binance's names."""

_PATIENCE: Final = 10.0
_SPAN: Final = timedelta(minutes=30)


def live_source(context: Context, patience: float = _PATIENCE) -> str:
    """The source of what trades now: shares while New York is open, otherwise crypto; a simulation if none answers.

    Each source is asked once, for at most ``patience`` seconds. The choice is reported.
    """
    shares, crypto = context.settings.demo.symbols[0], CRYPTO[0]
    now_open = is_open(context.clock.now())
    troubles = []
    for name, symbol in ((YAHOO, shares), (BINANCE, crypto)) if now_open else ((BINANCE, crypto),):
        trouble = _trouble(context, name, symbol, patience)
        if not trouble:
            context.reporter.note(_reason(name, now_open=now_open))
            return name
        troubles.append(trouble)
    context.reporter.warn(f"{'; '.join(troubles)}: the bars are simulated")
    return SIMULATED


def _reason(name: str, *, now_open: bool) -> str:
    if name == YAHOO:
        return "New York trades: its bars are Yahoo's"
    why = "Yahoo does not answer" if now_open else "New York is closed"
    return f"{why}: the bars are those of {' and '.join(CRYPTO)} from Binance"


def _trouble(context: Context, name: str, symbol: str, patience: float) -> str:
    """Why a source gives nothing; empty if it answers."""
    from stockstream.cli.produce.source import made  # sources are slow to import
    from stockstream.producers.sources.catalog import sources

    source = sources()[name]
    asked = made(source, context.settings, context.clock)
    since = context.clock.now() - _SPAN
    try:
        with Background() as background:
            background.submit(lambda: asked.history(symbol, "1m", since)).result(patience)
    except TimeoutError:
        return f"{source.about.title} does not answer within {patience:.0f} s"
    except (Unavailable, RateLimited) as error:
        return error.message
    except SourceError:
        pass  # it answers; its producer says what is wrong with the symbol
    return ""
