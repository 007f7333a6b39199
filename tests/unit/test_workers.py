"""Worker processes: what they find comes back, and nothing else."""

from __future__ import annotations

import os
import sys
import time

import pytest
from joblib.externals.loky import get_reusable_executor

from dnt_cli import workers
from dnt_cli.workers import spread


def _saying(word: str) -> tuple[str, int]:
    os.write(2, word.encode())
    return word, os.getpid()


def _failing(word: str) -> None:
    raise ValueError(word)


@pytest.mark.skipif(sys.platform == "win32", reason="workers inherit standard error there")
def test_what_workers_say_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    get_reusable_executor().shutdown(wait=True)  # which another test may have started, or let go after a while
    workers._start.cache_clear()
    words = ["one", "two", "three", "four"]
    found = list(spread(_saying, [(word,) for word in words], 2))
    assert [word for word, _ in found] == words
    there = [word for word, process in found if process != os.getpid()]
    assert there[0] == "one"
    sys.stderr.write("afterwards\n")
    here = "".join(word for word in words if word not in there)
    assert capfd.readouterr().err == f"{here}afterwards\n"


def _waiting(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@pytest.mark.parametrize("ordered", [True, False])
def test_this_process_works_too(ordered: bool) -> None:
    found = list(spread(_waiting, [(0.2,)] * 6, 2, ordered=ordered))
    assert len(found) == 6
    assert len(set(found)) == 2
    assert os.getpid() in found


def test_results_come_as_they_are_ready_where_order_does_not_matter() -> None:
    tasks = [("slow", 0.5), *((f"{i}", 0.0) for i in range(5))]
    assert list(spread(_after, tasks, 2)) == ["slow", *"01234"]
    found = list(spread(_after, tasks, 2, ordered=False))
    assert sorted(found) == [*"01234", "slow"]
    assert found[0] != "slow"


def _after(word: str, seconds: float) -> str:
    time.sleep(seconds)
    return word


def test_an_error_in_a_worker_comes_back() -> None:
    with pytest.raises(ValueError, match="word"):
        list(spread(_failing, [("word",)], 2))


def test_one_job_is_done_here() -> None:
    assert list(spread(os.getpid, [()], 1)) == [os.getpid()]
