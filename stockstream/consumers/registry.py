"""Registry of studies and views by name. A new window is its own file and a line here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from stockstream import plugins
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
    forecast,
    macd,
    mfi,
    obv,
    outlier,
    predictions,
    pvt,
    roc,
    rsi,
    stochastic,
    trend,
    volatility,
    volume,
    vwap,
    williams_r,
)
from stockstream.indicators.catalog import catalog, of_bars
from stockstream.plugins import Plugins
from stockstream.views.study import Part, Study, chart
from stockstream.views.view import AnyView

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
    trend.STUDY,
    outlier.STUDY,
    forecast.STUDY,
    *predictions.STUDIES,
    volume.STUDY,
)


def _plugged(plugged: Plugins, taken: Collection[str]) -> Iterator[Study]:
    """The studies of plug-ins; those that cannot be used are recorded as failures."""
    names = set(taken)
    for offer in plugged.offers(plugins.STUDIES):
        study = offer.thing
        if not isinstance(study, Study):
            if offer.group is not None:
                plugged.refuse(offer, "it is not a stockstream.views.study.Study")
        elif study.name in names:
            plugged.refuse(offer, f"there is a study {study.name} already: give it another name")
        elif study.indicator is None or study.indicator not in catalog().values():
            plugged.refuse(offer, "its indicator is not known: offer it, too")
        else:
            problem = _problem(study)
            if problem:
                plugged.refuse(offer, problem)
            else:
                names.add(study.name)
                yield study


def _problem(study: Study) -> str:
    """Why a study cannot be drawn; empty if it can."""
    try:
        chart([Part(study)])
        study.view()
    except Exception as error:  # noqa: BLE001 - code of a plug-in
        return f"{type(error).__name__}: {error}"
    return ""


def _studies() -> Iterator[Study]:
    named = {study.name: study for study in _DRAWN}
    named |= {study.name: study for study in _plugged(plugins.current(), named)}
    yield from named.values()
    yield from (Study.plain(kind) for name, kind in catalog().items() if name not in named and of_bars(kind))


STUDIES: Final[Mapping[str, Study]] = {study.name: study for study in _studies()}
"""Studies for charts: those above, those of plug-ins, and default ones of all other indicators of bars."""

VIEWS: Final[Mapping[str, AnyView]] = {
    **{name: study.view() for name, study in STUDIES.items() if study.indicator is not None},
    flights.VIEW.name: flights.VIEW,
    dashboard.VIEW.name: dashboard.VIEW,
}
"""All windows; each has its own command and settings."""
