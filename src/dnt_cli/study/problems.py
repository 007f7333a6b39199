"""What is wrong with a study file: where it stands, and which sentence of `words/study.toml` says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from dnt_cli.sentences import Sentence

Place = tuple[str, ...]  # the keys that lead to a value, such as ("design", "waves")


class ProblemError(Exception):
    """Something wrong at a place in the study file; the line is found once, at the end.

    Attributes:
        place: Where it stands.
        said: What is wrong there.
        others: What else is wrong, found at the same time.
    """

    def __init__(self, place: Place, said: Sentence, others: Iterable[ProblemError] = ()) -> None:
        super().__init__(place, said)
        self.place = place
        self.said = said
        self.others = tuple(others)


class Problems:
    """Collects what is wrong with parts of the study file that can be judged apart."""

    def __init__(self) -> None:
        self.found: list[ProblemError] = []

    def __call__(self, part: Callable[..., Any], *arguments: Any, **values: Any) -> Any:
        """What `part` gives; None if something is wrong in it."""
        try:
            return part(*arguments, **values)
        except ProblemError as problem:
            self.found += [problem, *problem.others]
        except (LookupError, ValueError):  # of what an earlier problem left undefined
            if not self.found:
                raise
        return None

    def stop(self) -> None:
        """Raise the first, which knows the others."""
        if self.found:
            first, *others = self.found
            raise ProblemError(first.place, first.said, others)


def phrase(key: str, /, **values: Any) -> Sentence:
    """The sentence `study.<key>`; names in a collection are listed."""
    return Sentence(f"study.{key}", {name: _listed(value) for name, value in values.items()})


def _listed(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, Collection) and not isinstance(value, str) else value


def fail(place: Place, key: str, /, **values: Any) -> NoReturn:
    """Say `study.<key>` of a place in the study file.

    Raises:
        ProblemError: Always.
    """
    raise ProblemError(place, phrase(key, **values))


def expect(holds: object, place: Place, key: str, /, **values: Any) -> None:
    """Say `study.<key>` of a place in the study file unless something holds."""
    if not holds:
        fail(place, key, **values)


def expect_one_of(known: Collection[str], place: Place, *found: str | None) -> None:
    """Refuse names, as far as they are given, that are not among the known ones."""
    for name in found:
        expect(name is None or name in known, place, "allowed", found=name, allowed=known)


def differ(names: Collection[str]) -> bool:
    """Whether no name stands there twice."""
    return len(set(names)) == len(names)


def increase(numbers: Sequence[float]) -> bool:
    """Whether each number is larger than the one before it, and all are finite."""
    return all(map(math.isfinite, numbers)) and all(low < high for low, high in pairwise(numbers))
