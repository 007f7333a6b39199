"""What a process cost, for every benchmark that starts one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Spent(NamedTuple):
    """Of a process and those that it started and waited for.

    Attributes:
        wall: Seconds.
        cpu: Seconds.
        peak: Largest memory of one of them in GB; NaN where the system does not say (Windows).
    """

    wall: float
    cpu: float
    peak: float


def spent(command: list[str], folder: Path | None = None) -> Spent:
    """Run a command whose output does not matter."""
    start, before = time.perf_counter(), _children()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    if hasattr(os, "wait4"):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2
    else:
        process.wait()
        cpu, peak = _children() - before, float("nan")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    return Spent(time.perf_counter() - start, cpu, peak)


def dnt(*arguments: str, folder: Path | None = None) -> Spent:
    """Run dnt, start-up included."""
    return spent([sys.executable, "-m", "dnt_cli", *arguments, "-q", "--force"], folder)


def cpu_seconds() -> float:
    """CPU seconds so far of this process and of those that it waited for."""
    return time.process_time() + _children()


def _children() -> float:
    used = os.times()
    return used.children_user + used.children_system
