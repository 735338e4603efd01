"""Base class of all models."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

from stockstream.errors import StockstreamError
from stockstream.indicators.base import Indicator, Point, PriceBar

P = TypeVar("P", bound=Point)

EXTRA: Final = "pip install 'stockstream[models]'"

_DISTRIBUTIONS: Final = {"river": "river", "sklearn": "scikit-learn"}
"""Packages of the extra, and the distributions that hold them."""


class Model(Indicator[PriceBar, P]):
    """An indicator that estimates something: a probability, an interval, how unusual a bar is.

    Its values at a bar depend on nothing after it. A model that learns is scored by predictions that it made before it
    learned their outcome. Its state is made of numbers alone, as that of every indicator.
    """

    __slots__ = ()

    packages: ClassVar[tuple[str, ...]] = ()
    """Packages that it imports when it computes; ours need only those of the extra ``models``."""

    @classmethod
    def lacking(cls) -> str | None:
        """The first of its packages that is not installed; None if it lacks none."""
        return next((name for name in cls.packages if find_spec(name) is None), None)

    @classmethod
    def require(cls) -> None:  # noqa: D102 - as `Indicator` has it
        if (package := cls.lacking()) is not None:
            raise missing(cls.name, package)


AnyModel: TypeAlias = Model[Any]
"""One of some point."""


def missing(model: str, package: str) -> StockstreamError:
    """The error for a model whose package is not installed."""
    hint = EXTRA if package in _DISTRIBUTIONS else f"pip install {package}"
    return StockstreamError(f"{model} needs the package {_DISTRIBUTIONS.get(package, package)}", hint=hint)
