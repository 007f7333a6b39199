"""Progress on standard error: a bar with the time left on a terminal; elsewhere a word when it takes long."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dnt_cli.cli.console import detail, error_console, tell
from dnt_cli.cli.terminal import terminal
from dnt_cli.sentences import Worded, say
from dnt_cli.workers import deaf

if TYPE_CHECKING:
    from rich.progress import Progress

_LONG = 10.0  # seconds left that are announced where there is no bar
_SETTLED = 3.0  # seconds between results from which a pace can be told; workers bring theirs in bursts
_PATIENCE = 20.0  # seconds after which the first result alone tells the pace well enough


class Watch:
    """Keeps the time of a piece of work, and tells how much of it is left.

    Attributes:
        what: Name of the piece.
        total: How much there is to do, once that is known.
    """

    def __init__(self, what: str | Worded) -> None:
        self.what = self._default = _name(what)
        self.total: int | None = None
        self._done = 0
        self._began = self._last = time.monotonic()
        self._first = (self._began, 0)  # when results of this piece first came, and how many
        self._said = False
        self._show: Any = None

    def __call__(self, done: int, total: int, what: str = "", /) -> None:
        """So many of all are done; see `dnt_cli.progress.Progress`."""
        now = time.monotonic()
        what = _name(what) if what else self._default
        if (what, total) != (self.what, self.total) or done < self._done:
            self.what, self.total, self._began, self._first = what, total, self._last, (now, done)
        self._done, self._last = done, now
        if self._show is not None:
            self._show(what, done, total)
        else:
            self._announce(now)

    def left(self) -> float | None:
        """Seconds that the rest of this piece will take; None while nothing has come, and when all has."""
        done, total, last, (moment, then) = self._done, self.total, self._last, self._first  # asked from a thread
        if total is None or done in (0, total):
            return None
        settled = last - moment >= _SETTLED and done > then
        pace = (last - moment) / (done - then) if settled else (last - self._began) / done
        return max(0.0, pace * (total - done) - (time.monotonic() - last))

    def clock(self) -> str:
        """The time that is left, or while that is unknown the time that passed."""
        left = self.left()
        seconds = round(time.monotonic() - self._began if left is None else left)
        told = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return told if left is None else say("left", time=told).text(terminal.language)

    def draw_on(self, bar: Progress) -> None:
        """Tell it on a bar from here on."""
        task = bar.add_task(self.what, total=None, amount="")

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total, amount=f"{done}/{total}")

        self._show = show

    def _announce(self, now: float) -> None:
        """Say once how long the rest will take, if it is long and as soon as that is known."""
        left = self.left()
        known = now - self._first[0] >= _SETTLED or now - self._began >= _PATIENCE
        if self._said or left is None or not known:
            return
        self._said = True
        if left > _LONG:
            amount = say("minutes", n=round(left / 60)) if left > 90 else say("seconds", n=round(left))
            tell(say("to_go", what=self.what, amount=amount))


@contextlib.contextmanager
def progress(what: str | Worded) -> Iterator[Watch]:
    """While it lasts, what the work reports is told; without any report, the time that passes."""
    watch = Watch(what)
    detail(f"{watch.what}.")
    if terminal.quiet or not sys.stderr.isatty():
        yield watch
    else:
        bar = _bar(watch)
        try:
            with deaf():  # Rich's console would keep for itself what is said after a drawing that broke off
                bar.start()
                watch.draw_on(bar)
            yield watch
        finally:
            with deaf():
                bar.stop()
    detail(say("work_done", what=watch.what))


def _name(what: str | Worded) -> str:
    """The name of a piece of work in the language of the user; `Fitting` is `work_fitting` in `words/errors.toml`."""
    said = say(f"work_{what.lower().replace(' ', '_')}") if isinstance(what, str) else what
    return said.text(terminal.language)


def _bar(watch: Watch) -> Progress:
    from rich import progress as parts
    from rich.constrain import Constrain
    from rich.table import Column
    from rich.text import Text

    class Clock(parts.ProgressColumn):
        def render(self, task: parts.Task) -> Text:
            return Text(watch.clock(), "progress.remaining")

    class Bar(parts.Progress):
        def get_renderable(self) -> Constrain:
            room = error_console().width - len("^C") - 1  # a terminal adds that; a line that it broke would stay
            return Constrain(super().get_renderable(), room)

    columns = (
        parts.TextColumn("{task.description}"), parts.BarColumn(bar_width=None),
        parts.TextColumn("{task.fields[amount]}", style="progress.download"), Clock(table_column=Column(no_wrap=True)),
    )  # fmt: skip
    return Bar(*columns, console=error_console(), transient=True, expand=True)
