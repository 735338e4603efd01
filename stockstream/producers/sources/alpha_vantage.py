"""Alpha Vantage as a source: bars of shares, with a key; a few calls a day, so for history rather than live."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from stockstream.errors import RateLimited, SourceError
from stockstream.producers.bar_source import About, BarSource, Reply, Row, Setup
from stockstream.producers.new_york import NEW_YORK, regular_hours
from stockstream.producers.sources.alpha_vantage_answers import (
    MINUTES,
    PaidPlan,
    Spent,
    read_rows,
)
from stockstream.producers.sources.call_budget import CallBudget
from stockstream.producers.sources.json_client import JsonClient
from stockstream.producers.sources.service_key import service_key
from stockstream.records import EXTENDED

HOST: Final = "https://www.alphavantage.co"
VARIABLE: Final = "ALPHAVANTAGE_API_KEY"

_LENGTHS: Final = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60}
_COMPACT: Final = 100
_CALLS_A_DAY: Final = 25
_SPACING: Final = 1.2


class AlphaVantage(BarSource):
    """Alpha Vantage, by its own JSON."""

    about: ClassVar[About] = About(
        name="alphavantage",
        title="Alpha Vantage",
        offers="bars of US shares and funds; from 1d on of many other exchanges, too",
        needs=f"a key, free at alphavantage.co: in {VARIABLE}, or in a file of mode 0600",
        terms="personal use on the free plan; no redistribution (Alpha Vantage's terms of service)",
        intervals=(*MINUTES, "1d"),
        limits=(
            "free plan: 25 calls a day and 1 a second; the budget is kept across restarts and shown",
            "below a day: the newest 100 bars, or with a paid plan the last 30 days",
            "1d: the newest 100 days, or with a paid plan all; prices are as traded, not adjusted for splits",
            "free data of a day may come after its close: for history, and as a substitute, rather than live",
        ),
        symbols="IBM, AAPL; TSCO.LON, SHOP.TRT",
        examples=("produce alphavantage IBM --once", "produce alphavantage IBM --interval 1d --history 3mo --once"),
        history="1d",
        poll=3600.0,
        extended=True,
    )

    def __init__(self, setup: Setup) -> None:
        self._client = JsonClient("Alpha Vantage", HOST, _SPACING if setup.spacing is None else setup.spacing)
        self._clock, self._extended = setup.clock, setup.extended
        self._key = service_key("Alpha Vantage", VARIABLE, setup.key_file, "sources.alphavantage.key_file")
        calls = setup.calls_a_day or _CALLS_A_DAY
        self._budget = CallBudget(setup.folder / "calls.json", calls, NEW_YORK, setup.clock)
        self._full = True

    def doing(self) -> str:
        """The calls that are left."""
        return f"{self._budget.left} of {self._budget.calls_a_day} calls left today"

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """The bars from an instant on; on the free plan the newest hundred."""
        now = self._clock.now()
        length = timedelta(minutes=_LENGTHS[interval]) if interval in _LENGTHS else timedelta(days=1)
        full = self._full and now - start > _COMPACT * length
        try:
            rows = self._rows(symbol, interval, full=full)
        except PaidPlan:
            if not full:
                raise
            self._full = False
            rows = self._rows(symbol, interval, full=False)
        wanted = [row for row in rows if row.time >= start and (self._extended or EXTENDED not in row.flags)]
        return Reply(tuple(wanted), zone=NEW_YORK, session=regular_hours(now))

    def _rows(self, symbol: str, interval: str, *, full: bool) -> list[Row]:
        if not self._budget.spend():
            message = f"the {self._budget.calls_a_day} calls of today to Alpha Vantage are spent"
            raise RateLimited(message, retry_after=self._budget.until_tomorrow)
        params: dict[str, str | int] = {"symbol": symbol, "outputsize": "full" if full else "compact"}
        if interval in MINUTES:
            extended = "true" if self._extended else "false"
            params |= {"function": "TIME_SERIES_INTRADAY", "interval": MINUTES[interval], "extended_hours": extended}
        else:
            params |= {"function": "TIME_SERIES_DAILY"}
        answer = self._client.get("/query", {**params, "apikey": self._key})
        try:
            return read_rows(symbol, interval, answer.content)
        except SourceError as error:
            if isinstance(error, Spent):
                self._budget.use_up()
                error.retry_after = self._budget.until_tomorrow
            error.message = error.message.replace(self._key, "***")
            error.args = (error.message,)
            raise
