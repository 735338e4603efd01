"""Runner: reads bars, evaluates the rules, and sends the alerts; state, offsets and outbox are saved together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from stockstream.alerts.evaluation.engine import Engine, Hours
from stockstream.alerts.evaluation.topic_rules import Values
from stockstream.alerts.former_rules import FormerRules
from stockstream.alerts.other_runs import OtherRuns
from stockstream.alerts.rule import Rule, wanted_symbols
from stockstream.alerts.run_options import Delivery as Delivery
from stockstream.alerts.run_options import Observer as Observer
from stockstream.alerts.run_options import RunOptions as RunOptions
from stockstream.alerts.run_options import Summary as Summary
from stockstream.alerts.run_state import OUTBOX, Waiting, former, kept, state_name
from stockstream.alerts.topic_outbox import TopicOutbox
from stockstream.alerts.watched_levels import Levels
from stockstream.connection import Connection
from stockstream.errors import AuthError, BrokerError, StateError, StockstreamError
from stockstream.kafka.admin import Admin
from stockstream.kafka.batch import Batch, Origin
from stockstream.kafka.client import instant
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.waiting import Awaited
from stockstream.kafka.waiting import Waiting as Waited
from stockstream.records import Alert, Candle
from stockstream.topics import ALERTS, STOCKS, AnyTopic
from stockstream.views.bar_batch import gather
from stockstream.views.checkpoint import Checkpoint, Saved

LOG: Final = logging.getLogger(__name__)

_BEAT: Final = 0.02
_SAVE_EVERY: Final = 10.0
_SAVE_SHARE: Final = 4
"""A save of alerts that wait begins at the earliest when so many times the last one's duration has passed."""

_SEND_AGAIN: Final = 2.0
_LOCK_PATIENCE: Final = 2.0
"""Seconds to wait for the own state: others that start lock each state for a moment, to see whether its rules run."""

_TICK_EVERY: Final = 1.0
_LOOK_EVERY: Final = 5.0
_QUIET: Final = 2.0
_RARER: Final = 3
"""So many times longer the topic of levels is waited for: it is looked for less often than that of bars."""

Look = Callable[[frozenset[tuple[str, str]], datetime], Values]
"""Looks at the topics that rules are about."""


class Runner:
    """Evaluates rules over the topic of bars, or about other topics, and sends the alerts to theirs.

    An alert leaves only after the transaction with the state, the offsets and the alert itself; the topic is asked at
    the start what it has. So after a kill at any moment every alert is there once by its id.

    Parameters
    ----------
    rules
        The rules.
    connection
        librdkafka's properties, of the role consumer.
    states
        Folder of the saved states; None to save none.
    observer
        Is told.
    delivery
        Gets the alerts; not those of the bars that the topic held before the first start, unless the run is ``once``.
    hours
        The hours of exchanges.
    look
        Looks at topics; None where no rule is about one.
    levels
        The price levels that people watch, over the bars of all symbols; None to watch none.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        connection: Connection,
        states: Path | None,
        observer: Observer,
        delivery: Delivery,
        *,
        hours: Hours = lambda _: None,
        look: Look | None = None,
        levels: Levels | None = None,
    ) -> None:
        self._rules = rules
        self._levels = levels
        self._connection = connection
        self._states = states
        self._observer = observer
        self._hours = hours
        self._look = look
        self._engine = Engine(rules, hours, levels=levels)
        self._topic: AnyTopic = ALERTS if all(rule.of_topics for rule in rules) else STOCKS
        """That of the bars; where no rule is about bars, that of alerts says which cluster this is."""
        self._delivery = delivery
        self._outbox = TopicOutbox(connection, delivery.put)
        self._former = FormerRules(rules, connection)
        self._others = OtherRuns(connection, state_name(rules))
        self._quiet_until: dict[int, int] | None = {}
        """Positions up to which nobody is told; empty for none, None where they are to be found."""
        self._checkpoint: Checkpoint | None = None
        self._origin: Origin | None = None
        self._positions: dict[int, int] = {}
        self._received: datetime | None = None
        self._settled = False
        self._unsaved = False
        self._unsent = False
        """Whether alerts wait that no save holds yet."""
        self._saved_at = self._tick_at = self._look_at = self._send_at = 0.0
        self._took = 0.0
        self._tells_all = False
        self._silences_known = True
        """False until it was seen which silences there were before the first start: nobody is told of these."""
        self._failing: tuple[float, StockstreamError] | None = None
        """Since when what waits could not be sent, and why."""
        self._older = 0
        self._bars = self._raised = self._withdrawn = 0

    def run(self, options: RunOptions, stopped: Callable[[], bool]) -> Summary:
        """Run until ``stopped``, or until all is done with ``once``. Saves, and sends, before it returns.

        Raises
        ------
        BrokerError
            With ``once``: no broker or no topic in time; `AuthError`.
        StateError
            Another process runs these rules, or the state cannot be read or saved; with ``once``, too, nothing is sent
            in time.
        """
        started, away = time.monotonic(), None
        self._tells_all = options.once
        subscriber: Subscriber[Candle] = Subscriber(
            self._topic, Candle, self._connection, group="stockstream-alerts",
            keys=wanted_symbols(self._rules) if self._levels is None else None, ordered=True, messages=True,
        )  # fmt: skip
        with ExitStack() as stack:
            stack.callback(self._close)
            stack.enter_context(subscriber)
            while True:
                now = time.monotonic()
                ends = stopped() or (options.seconds is not None and now - started >= options.seconds)
                self._restart(subscriber)
                batch, status = subscriber.arrived(), subscriber.connection_status()
                self._make_topic(status.waiting)
                if self._quiet_until is None and status.target:
                    self._quiet_until = dict(status.target)
                self._take(batch)
                if batch.positions:
                    self._positions.update(batch.positions)
                    subscriber.commit(self._positions)
                self._settled = self._settled or (self._origin is not None and status.reached(self._positions))
                self._look_around()
                done = options.once and self._settled
                self._save_and_send(subscriber, now, done=done, ends=ends)
                self._withdraw_former()
                if ends or (done and not self._outbox.waiting):
                    return Summary(self._bars, self._raised, self._withdrawn)
                if done and self._failing is not None and now - self._failing[0] > options.patience:
                    raise self._failing[1]
                waiting = status.waiting or self._levels_await(now - started)
                away = None if not waiting else away or now
                patience = options.patience * (1 if status.waiting else _RARER)
                if options.once and waiting and away is not None and now - away > patience:
                    raise waiting.error(self._connection)
                self._say(str(waiting or ""), now - started)
                if not len(batch):
                    time.sleep(_BEAT)

    def _levels_await(self, seconds: float) -> Waited | None:
        """What the levels wait for, before which no bar is taken. At first it is not asked: the observer reads them."""
        levels = self._levels
        return None if levels is None or levels.settled or seconds < _QUIET else levels.waiting

    def _withdraw_former(self) -> None:
        """When all is evaluated and sent, withdraw what former rules raised. The user did it, so nobody is told."""
        if self._settled and not self._outbox.waiting:
            self._put(self._former.withdrawn(), hushed=True)
            if not self._outbox.waiting:
                self._former.settle()

    def _make_topic(self, waiting: Waited | None) -> None:
        """Make the topic of alerts where it is the one to read, and is not there yet."""
        if self._topic is ALERTS and waiting is not None and waiting.awaited is Awaited.TOPIC:
            try:
                Admin(self._connection, timeout=_SEND_AGAIN).ensure(ALERTS)
            except BrokerError as error:
                LOG.info("no topic %s yet: %s", ALERTS.name, error)

    def _close(self) -> None:
        self._outbox.close()
        self._others.close()
        if self._checkpoint is not None:
            self._checkpoint.close()
            self._checkpoint = None

    def _take(self, batch: Batch[Candle]) -> None:
        if batch.positions:
            self._unsaved = True
        if not len(batch):
            return
        self._bars += len(batch)
        sent = instant(batch.sent)
        self._received = max(self._received or sent, sent)
        past, new = self._divided(batch)
        for records, hushed in ((past, True), (new, False)):
            self._put(self._engine.take(gather(records), datetime.now(UTC)), hushed=hushed)

    def _divided(self, batch: Batch[Candle]) -> tuple[list[Candle], list[Candle]]:
        """The records of before the first start, of whose alerts nobody is told, and those behind them."""
        until = self._quiet_until
        if not self._is_quiet:
            return [], batch.records
        past: list[Candle] = []
        new: list[Candle] = []
        for record, number, offset in zip(batch.records, batch.partitions, batch.offsets, strict=True):
            (past if until is None or offset < until.get(number, 0) else new).append(record)
        return past, new

    @property
    def _is_quiet(self) -> bool:
        """Whether the records before the first start are still being read."""
        until = self._quiet_until
        return until is None or any(self._positions.get(number, 0) < end for number, end in until.items())

    def _put(self, alerts: Sequence[Alert], *, hushed: bool = False) -> None:
        if alerts:
            self._outbox.put(alerts, hushed=hushed)
            self._unsent = self._unsaved = True

    def _look_around(self) -> None:
        """Evaluate what depends on the clock, as soon as all bars so far were taken."""
        now = time.monotonic()
        if self._settled and now >= self._tick_at:
            self._tick_at = now + _TICK_EVERY
            self._put(self._engine.tick(datetime.now(UTC)), hushed=not self._silences_known)
            self._silences_known = True
        if self._settled and not self._tells_all and self._failing is None:
            self._put(self._others.look())
        if self._look is not None and self._engine.topics.wanted and self._settled and now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            moment = datetime.now(UTC)
            self._put(self._engine.topics.look(self._look(self._engine.topics.wanted, moment), moment))

    def _save_and_send(self, subscriber: Subscriber[Candle], now: float, *, done: bool, ends: bool) -> None:
        """Save if it is due, then send what is saved. While history is read, alerts wait: most are of the past.

        At the end what was sent is saved, too: it would be told once more by the next run.
        """
        waits, at_once = now - self._saved_at, done or ends
        due = waits >= _SAVE_EVERY or (self._unsent and self._settled and waits >= _SAVE_SHARE * self._took)
        if self._unsaved and self._origin is not None and self._quiet_until is not None and (due or at_once):
            try:
                self._save(subscriber)
            except StateError as error:
                if at_once:
                    raise
                # The disk may be full for a while: until it is saved, nothing is sent.
                self._observer.warn(f"alerts wait: {error}")
                self._saved_at = time.monotonic()
                self._took = _SAVE_EVERY / _SAVE_SHARE
        if self._settled and not self._unsent and self._outbox.waiting and (now >= self._send_at or ends):
            self._send(now)
            if at_once and not self._outbox.waiting and self._origin is not None:
                self._save(subscriber)

    def _save(self, subscriber: Subscriber[Candle]) -> None:
        started = time.monotonic()
        if self._checkpoint is not None and self._origin is not None:
            changed = not self._checkpoint.whole
            pages = {
                **self._engine.pages(changed=changed),
                OUTBOX: msgspec.msgpack.encode(
                    Waiting(self._outbox.waiting, self._outbox.hushed, self._quiet_until or {})
                ),
            }
            self._checkpoint.save(
                self._origin.topic_id,
                Saved(dict(self._positions), self._received, pages, subscriber.reading(), changed),
            )
        self._unsaved = self._unsent = False
        self._saved_at = time.monotonic()
        self._took = self._saved_at - started

    def _send(self, now: float) -> None:
        try:
            sent = self._outbox.send()
        except AuthError:
            raise
        except (BrokerError, StateError) as error:
            LOG.info("alerts wait: %s", error)
            if isinstance(error, StateError) and self._failing is None:  # the sinks' outbox: the disk may be full
                self._observer.warn(f"alerts wait: {error}")
            self._failing = self._failing or (now, error)
            self._send_at = time.monotonic() + _SEND_AGAIN
            return
        self._failing = None
        self._unsaved = True
        for alert in sent:
            self._raised += alert.state == "raised"
            self._withdrawn += alert.state == "withdrawn"

    def _restart(self, subscriber: Subscriber[Candle]) -> None:
        """Begin to read a topic that was found, or made anew, from the saved state or from its start."""
        origin = subscriber.origin
        if origin is None or origin == self._origin or not (self._levels is None or self._levels.settled):
            return
        if self._origin is not None and origin[:2] != self._origin[:2]:
            self._observer.warn(f"the topic {self._topic.name} was made anew: it is evaluated from its start")
        self._engine = self._fresh_engine()
        self._positions, self._received, self._settled = {}, None, False
        self._quiet_until, self._silences_known = ({}, True) if self._tells_all else (None, False)
        reading = b""
        if self._states is None:
            self._delivery.begin(None)
        else:
            if self._checkpoint is None:
                self._checkpoint = self._opened(self._states / origin.cluster / "alerts")
            reading = self._restored(self._checkpoint, origin)
        self._origin = origin
        subscriber.begin(self._positions, reading)

    def _fresh_engine(self) -> Engine:
        """One that has taken no bars; what topics are like does not depend on them."""
        engine = Engine(self._rules, self._hours, levels=self._levels)
        engine.topics = self._engine.topics
        return engine

    def _opened(self, folder: Path) -> Checkpoint:
        checkpoint = Checkpoint(folder / state_name(self._rules))
        if not checkpoint.writes:
            LOG.info("another process holds the state of these rules: it may only look whether they run")
        given_up = time.monotonic() + _LOCK_PATIENCE
        while not checkpoint.take_over() and time.monotonic() < given_up:
            time.sleep(_BEAT)
        if not checkpoint.writes:
            checkpoint.close()
            raise StateError("another process runs these rules", hint="end that one first, or name other rules")
        self._delivery.begin(checkpoint.path.parent)
        self._former.begin(checkpoint.path.parent)
        return checkpoint

    def _restored(self, checkpoint: Checkpoint, origin: Origin) -> bytes:
        """Go on from the saved state, or begin anew; returns the subscriber's part of the state."""
        before = None
        saved = checkpoint.load(origin.topic_id)  # an error ends the run: the checkpoint is closed, and free for others
        try:
            before = kept(saved)
            if checkpoint.note:
                self._observer.warn(checkpoint.note)
            if before is not None and not origin.merged and not self._former.is_displaced:
                self._engine.restore(before.pages)
                self._wait_again(before.waiting)
                self._quiet_until = before.waiting.quiet_until
                self._positions, self._received = dict(before.saved.positions), before.saved.received
                self._silences_known = not self._is_quiet
                return before.saved.reading
        except StateError as error:
            self._observer.warn(f"{error}: all bars of the topic are evaluated again")
        checkpoint.whole = True  # its pages may be those of another topic
        self._engine = self._fresh_engine()
        before = before or former(checkpoint.path.parent.parent, self._rules, origin.topic_id)
        if before is not None:
            self._wait_again(before.waiting)
            self._quiet_until = {} if self._tells_all else before.known_until
        return b""

    def _wait_again(self, before: Waiting) -> None:
        """Go on with what waited before. The ends of levels among it count at once: what has ended crosses no more."""
        self._outbox.restore(before.alerts, before.hushed)
        if self._levels is not None:
            self._levels.take(each for each in before.alerts if each.until is not None)

    def _say(self, waiting: str, seconds: float) -> None:
        counts: Mapping[str, int] = self._engine.counts()
        older = counts.get("older than kept", 0)
        if older > self._older:
            self._observer.warn(f"{older - self._older:,} bars were too old to correct alerts")
            self._older = older
        if waiting and seconds < _QUIET:
            return
        state = f"waiting for {waiting}" if waiting else "live" if self._settled else "catching up"
        self._observer.progress(self._bars, state)
