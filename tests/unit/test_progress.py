"""How long work will still take, from what it reports, whatever the rhythm in which results come."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import pytest

from dnt_cli.cli import progress as told
from dnt_cli.cli.progress import Watch
from dnt_cli.progress import named


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(told, "time", clock)
    return clock


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(told, "tell", lambda sentence: said.append(str(sentence)))
    return said


def at(clock: Clock, watch: Watch, seconds: float, done: int, total: int, what: str = "") -> None:
    """Report so much, so many seconds after the beginning."""
    clock.now = 1000.0 + seconds
    watch(done, total, what)


def test_until_something_comes_the_time_that_passes_is_told(clock: Clock) -> None:
    watch = Watch("Imputing")
    clock.now += 3725
    assert watch.left() is None
    assert watch.clock() == "1:02:05"


def test_the_first_result_tells_the_pace(clock: Clock) -> None:
    watch = Watch("Fitting")
    at(clock, watch, 4, 10, 50)
    assert watch.left() == pytest.approx(16)
    assert watch.clock() == "0:00:16 left"
    clock.now += 5  # and it runs on while nothing comes
    assert watch.left() == pytest.approx(11)
    clock.now += 60
    assert watch.clock() == "0:00:00 left"


def test_workers_that_bring_results_together_are_not_taken_for_one(clock: Clock) -> None:
    """Two workers with four chunks of 25 each: 8 s a chunk after 3 s in which they start."""
    watch = Watch("Imputing")
    for wave in range(3):
        for number in (1, 2):
            at(clock, watch, 3 + 8 * (wave + 1) + 0.01 * number, 25 * (2 * wave + number), 200)
    assert watch.left() == pytest.approx(8, rel=0.3)


def test_when_all_is_done_nothing_is_left_to_tell(clock: Clock) -> None:
    watch = Watch("Imputing")
    at(clock, watch, 4, 50, 50)
    clock.now += 2
    assert watch.clock() == "0:00:06"


@pytest.mark.parametrize("piece", [(3, 30, "Checking"), (3, 700, "Fitting"), (1, 1150, "Fitting")])
def test_another_piece_has_a_pace_of_its_own(clock: Clock, piece: tuple[int, int, str]) -> None:
    watch = Watch("Fitting")
    at(clock, watch, 100, 2, 1150)
    at(clock, watch, 106, *piece)
    assert watch.left() == pytest.approx(6 / piece[0] * (piece[1] - piece[0]))


def test_long_work_is_announced_once_where_there_is_no_bar(clock: Clock, words: list[str]) -> None:
    watch = Watch("Fitting")
    at(clock, watch, 5, 2, 100)
    assert words == []  # how long the start took is not known yet
    for step in range(1, 10):
        at(clock, watch, 5 + step, 2 + step, 100)
    assert words == ["Fitting: about 2 minutes to go."]


def test_one_result_after_long_work_is_enough_to_announce(clock: Clock, words: list[str]) -> None:
    watch = Watch("Fitting")
    at(clock, watch, 60, 10, 60)
    assert words == ["Fitting: about 5 minutes to go."]


def test_short_work_is_not_announced(clock: Clock, words: list[str]) -> None:
    """What takes long is the start: from the first result alone it would be a minute."""
    watch = Watch("Imputing")
    at(clock, watch, 5, 4, 50)
    at(clock, watch, 6.5, 25, 50)
    at(clock, watch, 8, 50, 50)
    assert words == []


def test_a_piece_is_told_under_its_own_name() -> None:
    seen: list[tuple[int, int, str]] = []
    report = named(lambda done, total, what="", /: seen.append((done, total, what)), "Checking")
    assert report is not None
    report(1, 2)
    named(report, "Within")(3, 4)  # type: ignore[misc]
    assert seen == [(1, 2, "Checking"), (3, 4, "Within")]
    assert named(None, "Checking") is None


def test_a_signal_waits_until_the_bar_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich's console would keep for itself what is said after a drawing that broke off."""
    done: list[str] = []

    class Bar:
        def start(self) -> None:
            signal.raise_signal(signal.SIGINT)
            done.append("drawn")

        def add_task(self, *_: object, **__: object) -> int:
            return 0

        def stop(self) -> None:
            done.append("taken away")

    def end(*_: object) -> None:
        raise SystemExit(130)

    monkeypatch.setattr(told, "_bar", lambda _: Bar())
    monkeypatch.setattr(told, "sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    before = signal.signal(signal.SIGINT, end)
    try:
        with pytest.raises(SystemExit), told.progress("Fitting"):
            done.append("worked")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["drawn", "taken away"]
