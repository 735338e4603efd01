"""Every study and every view there is, by name. A new window is its own file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stockstream.consumers import (
    adx,
    aroon,
    atr,
    averages,
    bollinger,
    cci,
    channels,
    dashboard,
    flights,
    macd,
    mfi,
    obv,
    pvt,
    roc,
    rsi,
    stochastic,
    volatility,
    volume,
    vwap,
    williams_r,
)
from stockstream.indicators.catalog import catalog, of_bars
from stockstream.views.study import Study
from stockstream.views.view import View

_DRAWN: Final = (
    bollinger.STUDY,
    aroon.STUDY,
    rsi.STUDY,
    macd.STUDY,
    stochastic.STUDY,
    pvt.STUDY,
    atr.STUDY,
    volatility.STUDY,
    adx.STUDY,
    cci.STUDY,
    williams_r.STUDY,
    roc.STUDY,
    obv.STUDY,
    mfi.STUDY,
    vwap.STUDY,
    *averages.STUDIES,
    *channels.STUDIES,
    volume.STUDY,
)

STUDIES: Final[Mapping[str, Study]] = {
    **{study.name: study for study in _DRAWN},
    **{
        name: Study.plain(kind)
        for name, kind in catalog().items()
        if name not in {study.name for study in _DRAWN} and of_bars(kind)
    },
}
"""What a chart can be made of: the studies above, and plain ones of all other indicators of bars."""

VIEWS: Final[Mapping[str, View[Any]]] = {
    **{name: study.view() for name, study in STUDIES.items() if study.indicator is not None},
    flights.VIEW.name: flights.VIEW,
    dashboard.VIEW.name: dashboard.VIEW,
}
"""The windows, each with a command and settings of its own."""
