"""Data sets of one model below each other, so that what is computed of each is computed of all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.base import DesignMatrix, bad_groups, problem
from dnt_cli.messages import Message

T = TypeVar("T")

# Rows in one stack: with many persons few data sets at once, so that memory does not grow with their number.
_ROWS_IN_STACK = 65_536


@dataclass(frozen=True, slots=True)
class Alike:
    """Data sets with the same terms, number of rows, persons and sites.

    Attributes:
        designs: The m designs.
        places: Of each in the list that was given.
        response: (m, n).
        matrix: (m, n, k); (1, n, k) where all have the same numbers.
        weights: (m, n); None for equal weights.
    """

    designs: tuple[DesignMatrix, ...]
    places: tuple[int, ...]
    response: Floats
    matrix: Floats
    weights: Floats | None

    @classmethod
    def of(cls, designs: Sequence[DesignMatrix], places: Iterable[int]) -> Alike:
        """Designs put below each other."""
        matrix = np.stack([design.matrix for design in designs])
        if len(designs) > 1 and (matrix == matrix[0]).all():
            matrix = matrix[:1]
        known = [design.weights for design in designs if design.weights is not None]
        response = np.stack([design.response for design in designs])
        return cls(tuple(designs), tuple(places), response, matrix, np.stack(known) if known else None)

    @property
    def terms(self) -> tuple[str, ...]:
        """K names."""
        return self.designs[0].terms

    @property
    def sites(self) -> Integers | None:
        """(n,) code of the site of each row; None without sites."""
        return self.designs[0].sites

    def part(self, kept: Sequence[int]) -> Alike:
        """Some of them."""
        if len(kept) == len(self.designs):
            return self
        return Alike.of([self.designs[i] for i in kept], [self.places[i] for i in kept])

    def column(self, term: str) -> Floats:
        """(m, n) or (1, n) the numbers of a term."""
        found: Floats = self.matrix[..., self.terms.index(term)]
        return found

    def linear(self, estimates: Floats) -> Floats:
        """(m, n) linear predictors by (m, k) coefficients."""
        found: Floats = (self.matrix @ estimates[..., None])[..., 0]
        return found


def alike(designs: Sequence[DesignMatrix]) -> list[Alike]:
    """Put designs that are alike below each other; each is in one of the stacks."""
    kinds: dict[tuple[object, ...], list[int]] = {}
    for place, design in enumerate(designs):
        codes = (None if own is None else own.tobytes() for own in (design.groups, design.sites))
        kinds.setdefault((design.terms, design.response.shape, design.weights is None, *codes), []).append(place)
    found = []
    for places in kinds.values():
        most = max(1, _ROWS_IN_STACK // max(1, designs[places[0]].response.size))
        for first in range(0, len(places), most):
            own = places[first : first + most]
            found.append(Alike.of([designs[i] for i in own], own))
    return found


def of_each(designs: Sequence[DesignMatrix], work: Callable[[Alike], Sequence[T]]) -> list[T]:
    """What `work` gives for each design of each stack, in the order of the designs."""
    found: dict[int, T] = {}
    for stack in alike(designs):
        found.update(zip(stack.places, work(stack), strict=True))
    return [found[place] for place in range(len(designs))]


def problems(stack: Alike, *, binary: bool, grouped: bool = False) -> list[Message | None]:
    """The first reason why each cannot be estimated, as `base.problem`, which looks at those that may have one only.

    That least squares reproduces the response exactly is not seen here.
    """
    n, k = stack.matrix.shape[1:]
    fine = np.zeros(len(stack.designs), dtype=bool)
    if n > k:
        with np.errstate(all="ignore"):
            left = np.abs(np.diagonal(np.linalg.qr(stack.matrix, mode="r"), axis1=-2, axis2=-1))
            length = np.sqrt(np.square(stack.matrix).sum(axis=1))
            low, high = stack.response.min(axis=1), stack.response.max(axis=1)
            fine = (left > 1e-6 * length).all(axis=-1) & np.isfinite(length).all(axis=-1)
            if binary:
                fine = fine & (low == 0) & (high == 1) & np.isin(stack.response, (0.0, 1.0)).all(axis=1)
            else:
                fine = fine & (high - low > 1e-9 * np.maximum(np.abs(low), np.abs(high))) & np.isfinite(high - low)
            if grouped:  # those of one stack have the same persons
                fine = fine & (bad_groups(stack.designs[0].groups) is None)
            if stack.weights is not None:
                fine = fine & (np.isfinite(stack.weights) & (stack.weights > 0)).all(axis=1)
    return [
        None if own else problem(design, binary=binary, grouped=grouped)
        for own, design in zip(fine, stack.designs, strict=True)
    ]
