"""State of a view on disk, written on a separate thread, so that a window never waits for the disk."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from stockstream.consumers.choice import Choice
from stockstream.errors import StateError
from stockstream.views.checkpoint import Checkpoint, Saved

LOG: Final = logging.getLogger(__name__)


class StateKeeper:
    """Loads the state of a view and saves it in the background. Failures are reported by `note`; the view continues.

    Parameters
    ----------
    folder
        Folder of the state.
    topic_id
        Identifier of its topic.
    choice
        What it is of.
    """

    def __init__(self, folder: Path, topic_id: str, choice: Choice) -> None:
        self._topic_id = topic_id
        self._folder = folder
        self._choice: Choice | None = choice
        self._checkpoint: Checkpoint | None = None
        self._failure = ""
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="save")
        self._saving: Future[None] | None = None
        self._open()

    def _open(self) -> None:
        try:
            self._checkpoint = Checkpoint(self._folder)
            self._failure = ""
        except StateError as error:
            self._fail(error)

    def _fail(self, error: StateError) -> None:
        if error.message != self._failure:
            LOG.warning("%s", error)
        self._failure = error.message

    @property
    def note(self) -> str:
        """Message for the user: nothing is saved, or a saved state could not be used; empty otherwise."""
        return self._failure or (self._checkpoint.note if self._checkpoint is not None else "")

    def load(self) -> Saved | None:
        """The saved state; None if there is none that can be used."""
        if self._checkpoint is None:
            return None
        try:
            return self._checkpoint.load(self._topic_id)
        except StateError as error:
            self._checkpoint = None
            self._fail(error)
            return None

    def refuse(self, reason: StateError) -> None:
        """Discard the loaded state, which the view cannot use."""
        if self._checkpoint is not None:
            try:
                self._checkpoint.refuse(reason.message)
            except StateError as error:
                self._checkpoint = None
                self._fail(error)

    @property
    def ready(self) -> bool:
        """Whether a state can be saved now: this process is the writer, and the previous state is written."""
        if self._saving is not None and not self._saving.done():
            return False
        if self._checkpoint is None:
            self._open()
        return self._checkpoint is not None and self._checkpoint.take_over()

    @property
    def whole(self) -> bool:
        """Whether all pages of a state have to be saved next, and not only those that changed."""
        return self._checkpoint is None or self._checkpoint.whole

    def save(self, saved: Saved) -> None:
        """Write a state and its offsets in the background; call it only if `ready`."""
        checkpoint = self._checkpoint
        assert checkpoint is not None
        self._saving = self._writer.submit(self._write, checkpoint, saved)

    def _write(self, checkpoint: Checkpoint, saved: Saved) -> None:
        try:
            if self._choice is not None:
                self._choice.write(self._folder)
                self._choice = None
            checkpoint.save(self._topic_id, saved)
            self._failure = ""
        except StateError as error:
            self._fail(error)

    def wait(self) -> None:
        """Wait until the given state is written."""
        if self._saving is not None:
            self._saving.result()

    def close(self) -> None:
        """Write the pending state, and close the file."""
        self._writer.shutdown(wait=True)
        if self._checkpoint is not None:
            self._checkpoint.close()
            self._checkpoint = None
