"""Every record is one row: after kill -9 of the storing process, on a full disk, and on an S3 that fails."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stockstream.kafka.broker import free_port
from stockstream.records import Bar
from stockstream.tables.batches import DeltaBatches, Layout
from stockstream.tables.claim import Claim
from stockstream.tables.delta import DeltaWriter, introduce, opened
from stockstream.tables.location import Location
from stockstream.tables.schema import BARS
from stockstream.tables.store import Store, StoreOptions
from stockstream.topics import STOCKS
from tests.cli.helpers import clean
from tests.kafka.small_disk import on_small_disk
from tests.kafka.streams import connection, own_topic, until
from tests.site import Site
from tests.tables.buckets import Bucket, answers
from tests.tables.conftest import running
from tests.tables.stored import asked, count, repeats
from tests.tables.test_delta import rows
from tests.tables.test_store import Listener, send
from tests.views.bars import walk


def sent(site: Site, number: int) -> list[Bar]:
    """Bars of four symbols in the topic stocks."""
    site.clear()
    bars = [bar for seed, symbol in enumerate(("AAPL", "MSFT", "GOOG", "TSLA")) for bar in walk(number, seed, symbol)]
    site.send(STOCKS, bars)
    return bars


def storing(site: Site, location: Location, *options: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "stockstream", "store", "stocks", "--to", location.text, *options)
    env = clean(site.folder / "state", **site.env)
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(site: Site, location: Location, bars: list[Bar], *, kills: int, seed: int) -> None:
    """Store, and kill the process again and again at random moments while it stores; then let it end its work."""
    chance = random.Random(seed)
    for _ in range(kills):
        before = count(BARS, location)
        process = storing(site, location, "--rows", "400", "--every", "0.2")
        with process:
            try:
                _grown(process, location, before, len(bars))
                time.sleep(chance.uniform(0.0, 0.3))
            finally:
                process.kill()
    with storing(site, location, "--once") as process:
        out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert "stocks: " in out
    assert (count(BARS, location), repeats(BARS, location)) == (len(bars), 0)
    found = asked(BARS, location, "SELECT symbol, time, close FROM bars ORDER BY symbol, time")
    expected = sorted((bar.symbol, bar.time, bar.close) for bar in bars)
    assert [tuple(row.values()) for row in found] == expected


def _grown(process: subprocess.Popen[str], location: Location, before: int, whole: int) -> None:
    """Wait until a process has stored more rows, or nothing is left to store."""
    ends = time.monotonic() + 60
    while before < whole and count(BARS, location) == before:
        if process.poll() is not None or time.monotonic() > ends:
            process.kill()
            raise AssertionError(f"{before} of {whole} rows, then: {process.communicate()}")
        time.sleep(0.02)


def test_killed_again_and_again(running_site: Site, anywhere: Location) -> None:
    killed(running_site, anywhere, sent(running_site, 2_000), kills=2, seed=1)


@pytest.mark.thorough
def test_killed_20_times_over_40_000_rows(running_site: Site, anywhere: Location) -> None:
    killed(running_site, anywhere, sent(running_site, 10_000), kills=20, seed=2)


def test_ctrl_c_commits_what_was_read_and_is_the_exit_code(running_site: Site, tmp_path: Path) -> None:
    bars = sent(running_site, 100)
    location = Location.of(str(tmp_path / "tables"))
    with storing(running_site, location, "--every", "1") as process:
        until(lambda: count(BARS, location) == len(bars))
        running_site.send(STOCKS, walk(10, 7, "NVDA"))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert f"stored in {location.uri('bars')}" in out
    assert "(stopped)" in out
    with storing(running_site, location, "--once") as process:
        process.communicate(timeout=60)
    assert (count(BARS, location), repeats(BARS, location)) == (len(bars) + 10, 0)


def test_a_writer_in_a_bucket_that_hung_is_refused(any_bucket: Bucket) -> None:
    from stockstream.errors import Overtaken

    zombie = DeltaWriter(BARS, any_bucket.location, "one", sleep=lambda _: None)
    zombie.append(rows(0, 10), {0: 10})
    DeltaWriter(BARS, any_bucket.location, "one").append(rows(10, 40), {0: 40})
    with pytest.raises(Overtaken):
        zombie.append(rows(10, 30), {0: 30})
    assert (count(BARS, any_bucket.location), repeats(BARS, any_bucket.location)) == (40, 0)


def faults(port: int) -> dict[str, int]:
    with closing(HTTPConnection("127.0.0.1", port)) as asking:
        asking.request("GET", "/faults")
        found: dict[str, int] = json.loads(asking.getresponse().read())
        return found


@contextmanager
def faulty(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, share: str, seed: int) -> Iterator[int]:
    """All that is asked of the bucket goes through a service that fails; gives its port."""
    port = free_port()
    with running(str(Path(__file__).with_name("faulty_s3.py")), str(port), str(bucket.port), share, str(seed)):
        answers(port)
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            yield port


def stored_through_faults(
    broker: str,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    bars: list[Bar],
    *,
    batch: int,
    seed: int,
    share: str = "0.2",
) -> dict[str, int]:
    """Store through a service that fails in a share of all requests; returns the number of faults of each kind."""
    table = replace(BARS, topic=own_topic())
    send(table, broker, bars)
    with faulty(bucket, monkeypatch, share, seed) as port:
        options = StoreOptions(once=True, rows=batch)
        summary = Store(table, bucket.location, connection(broker), options, Listener()).run(lambda: False)
        found = faults(port)
    assert summary.rows == len(bars)
    assert (count(table, bucket.location), repeats(table, bucket.location)) == (len(bars), 0)
    return found


def test_an_s3_that_fails_in_a_fifth_of_all_requests(
    running_site: Site, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stored_through_faults(
        running_site.bootstrap_servers, bucket, monkeypatch, walk(3_000, 5, "AAPL"), batch=500, seed=11
    )
    assert sum(found.values()) >= 3, found


def test_the_answer_to_every_commit_is_lost(
    running_site: Site, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = walk(3_000, 5, "AAPL")
    found = stored_through_faults(
        running_site.bootstrap_servers, bucket, monkeypatch, bars, batch=500, seed=11, share="commits"
    )
    assert found.keys() == {"reset after"}
    assert found["reset after"] >= 2, found  # that which makes the table, and one at the least with rows


def test_the_answer_to_every_commit_of_a_writer_of_batches_is_lost(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout("latest", pa.schema([("key", pa.int64()), ("value", pa.float64())]), key=("key",))
    numbers = pa.table({"key": range(4), "value": [0.0] * 4}, schema=layout.schema)
    with faulty(bucket, monkeypatch, "commits", 1) as port:
        for name in ("first", "second"):  # the second one takes the table over
            writer = DeltaBatches(layout, bucket.location, Claim(name), sleep=lambda _: None)
            for number in range(2):
                writer.write(number, numbers, adds=number == 0)
        found = faults(port)
    assert found["reset after"] >= 4, found  # made, two batches, taken over
    assert count(layout, bucket.location) == 4


def test_the_answer_to_the_commit_is_lost_by_which_a_writer_of_batches_is_introduced(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = Claim("me")
    with faulty(bucket, monkeypatch, "commits", 1) as port:
        introduce(BARS, bucket.location, claim, sleep=lambda _: None)
        assert faults(port) == {"reset after": 2}  # the table is made, and the writer noted
    there = opened(BARS, bucket.location)
    assert there is not None
    assert (there.version(), there.transaction_version("stockstream/me")) == (1, 0)
    introduce(BARS, bucket.location, replace(claim, begun=True))


@pytest.mark.thorough
def test_all_kinds_of_faults_of_s3_while_many_commits_are_made(
    running_site: Site, any_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stored_through_faults(
        running_site.bootstrap_servers, any_bucket, monkeypatch, walk(40_000, 5, "AAPL"), batch=1_000, seed=12
    )
    assert min(found.get(kind, 0) for kind in ("500", "503", "reset before", "reset after", "hangs")) >= 2, found


RACES = """
import sys
from datetime import date
import pyarrow as pa
from stockstream.tables.batches import DeltaBatches, Layout
from stockstream.tables.claim import Claim
from stockstream.tables.delta import DeltaWriter, introduce, opened
from stockstream.tables.location import Location
from stockstream.tables.schema import BARS

number = int(sys.argv[2])
same = {"date": date(2026, 3, 2), "kafka_topic_id": "one", "kafka_partition": number}
rows = pa.Table.from_pylist([same | {"kafka_offset": offset} for offset in range(5)], schema=BARS.schema)
writer = DeltaWriter(BARS, Location.of(sys.argv[1]), "one")
print("ready", flush=True)
sys.stdin.readline()
writer.append(rows, {number: 5})
"""


@pytest.mark.parametrize("writers", [3, pytest.param(32, marks=pytest.mark.thorough)])
def test_processes_that_commit_at_the_same_time(anywhere: Location, writers: int) -> None:
    DeltaWriter(BARS, anywhere, "one")
    command = [sys.executable, "-c", RACES, anywhere.text]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    racing = [subprocess.Popen([*command, str(number)], **pipes) for number in range(writers)]  # type: ignore[call-overload]
    try:
        for process in racing:
            assert process.stdout.readline() == "ready\n", process.communicate()
        for process in racing:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in racing:
            _, told = process.communicate(timeout=120)
            assert process.returncode == 0, told
    finally:
        for process in racing:
            process.kill()
            process.wait()
    assert (count(BARS, anywhere), repeats(BARS, anywhere)) == (5 * writers, 0)
    again = DeltaWriter(BARS, anywhere, "one")
    assert [again.position(number) for number in range(writers)] == [5] * writers


FILLS_UP = """
import sys
sys.path.insert(0, ".")
from stockstream.errors import TableError
from stockstream.tables.batches import DeltaBatches, Layout
from stockstream.tables.claim import Claim
from stockstream.tables.delta import DeltaWriter, introduce, opened
from stockstream.tables.location import Location
from stockstream.tables.schema import BARS
from tests.tables.stored import count, repeats
from tests.tables.test_delta import rows

location = Location.of(sys.argv[1])
writer = DeltaWriter(BARS, location, "one", sleep=lambda _: None)
end = 0
try:
    while end < 10_000_000:
        writer.append(rows(end, end + 2_000), {0: end + 2_000})
        end += 2_000
except TableError as error:
    print(error)
print((end, count(BARS, location), repeats(BARS, location), DeltaWriter(BARS, location, "one").position(0)))
"""


def test_a_full_disk_is_said_in_one_line_and_what_was_committed_stays(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    told, state = on_small_disk(FILLS_UP, folder, 400).splitlines()
    assert told == f"cannot write to the table {folder}/bars: no space left on device"
    end, there, repeated, position = json.loads(state.replace("(", "[").replace(")", "]"))
    assert (there, repeated, position) == (end, 0, end)
    assert end > 0


DAYS_FILL_UP = """
import os, sys
sys.path.insert(0, ".")
from pathlib import Path
import pyarrow as pa
from stockstream.errors import TableError
from stockstream.tables.delta import DeltaWriter
from stockstream.tables.location import Location
from stockstream.tables.schema import BARS
from tests.tables.test_delta import rows

folder = Path(sys.argv[1])
screen = os.open(folder.parent / "stderr", os.O_WRONLY | os.O_CREAT)
os.dup2(screen, 2)
writer, end = DeltaWriter(BARS, Location.of(str(folder)), "one", sleep=lambda _: None), 0
try:
    while True:
        writer.append(pa.concat_tables(rows(end + day, end + day + 1, day=day) for day in range(1, 29)), {0: end + 30})
        end += 30
except TableError as error:
    print(error)
os.write(2, b"afterwards")
"""


def test_on_a_full_disk_the_threads_of_delta_rs_print_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    told = on_small_disk(DAYS_FILL_UP, folder, 700).strip()
    assert told == f"cannot write to the table {folder}/bars: no space left on device"
    assert (tmp_path / "stderr").read_text() == "afterwards"


NO_ROOM = """
import os, resource, sys
sys.path.insert(0, ".")
from stockstream.tables.location import Location
from stockstream.tables.panics import panics_logged

resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # no temporary file can be written
with panics_logged(Location.of(sys.argv[1])):
    print("goes on")
os.close(2)
with panics_logged(Location.of(sys.argv[1])):
    print("closed, too")
"""


def test_a_commit_goes_on_where_stderr_cannot_be_held_back(tmp_path: Path) -> None:
    assert on_small_disk(NO_ROOM, tmp_path, 400) == "goes on\nclosed, too\n"


def test_without_the_extra_one_line_names_it(tmp_path: Path) -> None:
    program = "import sys; sys.modules['deltalake'] = None; from stockstream.cli.main import run; run()"
    for command in (["store", "stocks"], ["tables"]):
        result = _run(program, command, tmp_path)
        assert result.returncode == 1
        assert "tables need the package deltalake - pip install 'stockstream[lake]'" in result.stderr
        assert "Traceback" not in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert _run(program, ["store", "--help"], tmp_path).returncode == 0


def _run(program: str, command: list[str], folder: Path) -> Any:
    return subprocess.run(
        [sys.executable, "-c", program, *command], env=clean(folder), capture_output=True, text=True, check=False
    )
