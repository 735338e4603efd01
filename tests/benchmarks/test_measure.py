from collections.abc import Callable

import pytest

from benchmarks.measure import Comparison, compare


def taking(name: str, times: list[float], called: list[str]) -> Callable[[], float]:
    """A run that says it took the next of the times."""

    def run() -> float:
        called.append(name)
        return times.pop(0)

    return run


def test_the_first_run_does_not_count_and_the_order_alternates() -> None:
    called: list[str] = []
    ours, theirs = taking("ours", [9.0, 2.0, 4.0, 8.0], called), taking("theirs", [9.0, 1.0, 1.0, 6.0], called)
    found = compare("work", ours, "a loop", theirs, aim=0.4, work="3 things", pairs=3)
    assert called == ["ours", "theirs", "theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert found.ours == (2.0, 4.0, 8.0)
    assert found.theirs == (1.0, 1.0, 6.0)


def test_the_ratio_is_the_median_over_pairs_and_not_the_ratio_of_medians() -> None:
    found = Comparison("work", "a loop", (2.0, 4.0, 8.0), (1.0, 1.0, 6.0), "speed", 0.4, "3 things")
    assert found.ratio == 0.5


@pytest.mark.parametrize(("of", "aim", "reached"), [("speed", 0.4, True), ("time", 0.4, False), ("time", 2.0, True)])
def test_more_speed_and_less_time_are_better(of: str, aim: float, reached: bool) -> None:
    found = Comparison("work", "a loop", (2.0,), (1.0,), "speed" if of == "speed" else "time", aim, "3 things")
    assert found.ratio == (0.5 if of == "speed" else 2.0)
    assert found.reached is reached


def test_what_is_printed_names_the_peer_the_aim_and_the_work() -> None:
    found = Comparison("count", "a loop", (2.0,), (0.5,), "speed", 0.4, "3 things")
    assert str(found).splitlines() == [
        "count: 0.25 of the speed of a loop (aim >= 0.4: missed)",
        "    2.00 s against 500.00 ms for 3 things; medians of 1 pairs",
    ]
