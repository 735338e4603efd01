"""Plug-ins: parts from entry points of installed packages, and from the user's own Python files.

An installed package names what it offers in an entry-point group::

    [project.entry-points."stockstream.indicators"]
    hull = "my_package.hull:Hull"

A file of one's own is named by ``plugins:`` in the settings; all that it defines is offered. What a plug-in is, and
whether it is usable, is checked where it is used: `stockstream.indicators.catalog` for indicators,
`stockstream.consumers.registry` for studies. One that fails is recorded, and the others are loaded.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

INDICATORS: Final = "stockstream.indicators"
STUDIES: Final = "stockstream.studies"
SOURCES: Final = "stockstream.sources"
ALERT_SINKS: Final = "stockstream.alert_sinks"

_MODULE: Final = "stockstream_plugin_"
"""The beginning of the names of the modules that files are."""

GROUPS: Final = (INDICATORS, STUDIES, SOURCES, ALERT_SINKS)
"""The entry-point groups."""


@dataclass(frozen=True)
class Offer:
    """An object that a plug-in offers.

    ``group`` is its entry-point group, None for a definition in a file, which may be of any kind.
    ``origin`` is the distribution with its version, or the file.
    """

    group: str | None
    name: str
    origin: str
    thing: object


@dataclass(frozen=True)
class Failure:
    """A plug-in, or a part of one, that cannot be used, and why."""

    origin: str
    reason: str

    def __str__(self) -> str:
        return f"plug-in {self.origin} is left out: {self.reason}"


class Plugins:
    """The plug-ins of a process; they are loaded when they are first asked for.

    Parameters
    ----------
    files
        Python files of the user's own.
    points
        Entry points to take in place of those of the installed packages.

    Attributes
    ----------
    failures
        What could not be used.
    """

    def __init__(self, files: Sequence[Path] = (), points: Iterable[EntryPoint] | None = None) -> None:
        self._files = tuple(files)
        self._points = points
        self.failures: list[Failure] = []

    @cached_property
    def _offers(self) -> tuple[Offer, ...]:
        installed = self._points
        if installed is None:
            every = entry_points()  # once: each call reads the entry points of all that is installed
            installed = [point for group in GROUPS for point in every.select(group=group)]
        offers = [offer for point in installed for offer in self._of_point(point)]
        return (*offers, *(offer for file in self._files for offer in self._of_file(file)))

    def offers(self, group: str) -> list[Offer]:
        """What may be of a group: what its entry points name, and all that the files define."""
        return [offer for offer in self._offers if offer.group in (group, None)]

    def refuse(self, offer: Offer, reason: str) -> None:
        """Record that an offer cannot be used."""
        self.failures.append(Failure(f"{offer.origin} ({offer.name})", reason))

    def _of_point(self, point: EntryPoint) -> Iterator[Offer]:
        origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        try:
            thing = point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever others' code raises, the rest goes on
            self.failures.append(Failure(f"{origin} ({point.name})", _error_text(error)))
        else:
            yield Offer(point.group, point.name, origin, thing)

    def _of_file(self, file: Path) -> Iterator[Offer]:
        place = file.resolve()
        try:
            module = _module(place)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the same
            self.failures.append(Failure(str(file), _error_text(error, place)))
            return
        for name, thing in vars(module).items():
            if not name.startswith("_") and _defined(thing, module):
                yield Offer(None, name, str(file), thing)


def _defined(thing: object, module: ModuleType) -> bool:
    """Whether it is a class of the module, or data: what it imports to make them is not offered."""
    if inspect.isclass(thing):
        return thing.__module__ == module.__name__
    return not inspect.ismodule(thing) and not callable(thing)


def _module(file: Path) -> ModuleType:
    """Run a file as a module of a name of its own, so that its classes can be distinguished and pickled."""
    name = f"{_MODULE}{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file: its name should end in .py")
    return _run(spec)


def _run(spec: ModuleSpec) -> ModuleType:
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def _error_text(error: BaseException, file: Path | None = None) -> str:
    """The error on one line, with the line of the file where it came up."""
    if isinstance(error, OSError) and error.filename == str(file):
        return f"it cannot be read: {error.strerror}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    if isinstance(error, SyntaxError) and error.filename == str(file):
        lines = [error.lineno]
        error = type(error)(error.msg)
    place = f"line {lines[-1]}: " if lines else ""
    return f"{place}{type(error).__name__}: {' '.join(str(error).split())}"


class Source(NamedTuple):
    """A file that was run as a plug-in: its path and its text."""

    file: str
    text: str


def is_of_file(thing: type) -> bool:
    """Whether a file of the user's own defines a class: another process knows it only after `run_sources`."""
    return thing.__module__.startswith(_MODULE)


def sources(last: str) -> dict[str, Source]:
    """The files that this process has run as plug-ins, up to a module, by the names of their modules, in that order.

    A file can import those that were run before it.
    """
    found = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(_MODULE) and module.__file__:
            found[name] = Source(module.__file__, Path(module.__file__).read_text(encoding="utf-8"))
        if name == last:
            break
    return found


def run_sources(given: Mapping[str, Source]) -> None:
    """Run the files of another process, here or on another machine, unless this one has run them."""
    for name, source in given.items():
        if name not in sys.modules:
            spec = importlib.util.spec_from_loader(name, _Loader(source.text), origin=source.file)
            assert spec is not None
            spec.has_location = True  # so that the module has __file__ while it runs
            _run(spec)


class _Loader(InspectLoader):
    """Runs a text as a module."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - as Python has it
        """The text."""
        return self._text


_current = Plugins()


def current() -> Plugins:
    """The plug-ins of this process."""
    return _current


def use(files: Sequence[Path]) -> Plugins:
    """Have the process use these files, too. To be called before anything asks for indicators or studies."""
    global _current
    _current = Plugins(files)
    return _current
