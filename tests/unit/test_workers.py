"""Worker processes: what they find comes back, and nothing else."""

from __future__ import annotations

import os
import sys

import pytest
from joblib import delayed
from joblib.externals.loky import get_reusable_executor

from dnt_cli import workers
from dnt_cli.workers import in_workers


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
    found = list(in_workers([delayed(_saying)(word) for word in words], 2))
    assert [word for word, _ in found] == words
    assert os.getpid() not in {process for _, process in found}
    sys.stderr.write("afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_an_error_in_a_worker_comes_back() -> None:
    with pytest.raises(ValueError, match="word"):
        list(in_workers([delayed(_failing)("word")], 2))


def test_one_job_is_done_here() -> None:
    assert list(in_workers([delayed(os.getpid)()], 1)) == [os.getpid()]
