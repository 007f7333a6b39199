"""The protocol of progress callbacks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told how far work is.

    Work can have several pieces one after the other: another name, another total, or less done than before begins a
    new one.
    """

    def __call__(self, done: int, total: int, what: str = "", /) -> None:
        """So many of all are done; `what` names this piece where it is not what the whole is called."""


def named(progress: Progress | None, what: str) -> Progress | None:
    """What a piece of work reports to, so that it is told under a name of its own; parts of it may have theirs."""
    if progress is None:
        return None

    def report(done: int, total: int, part: str = "", /) -> None:
        progress(done, total, part or what)

    return report
