"""Data sets of the same shape put into one array, their rows sorted by person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.base import DesignMatrix

_ROWS_IN_STACK = 8192  # arrays per row and quadrature node then stay within a processor's cache
_ROWS_AT_ONCE = 262_144  # that are decomposed
_FEW_ROWS = 8  # NumPy sums fewer than these in their order
_ROUNDING = 1e-14  # share of a column's largest number


@dataclass(frozen=True, slots=True)
class Stack:
    """Data sets with the same number of rows per person, in an orthogonal basis of their columns.

    Attributes:
        places: (m,) place of each data set in the list that was given.
        matrix: (m, n, k) columns in the basis, rows sorted by person; X = matrix @ triangle.
        response: (m, n) outcomes in the same order.
        sizes: (G,) rows per person.
        starts: (G,) first row of each person.
        bases: (k,) the column of the design of which each is a multiple within every person, often itself; -1 for what
            is constant within persons, which comes first in the basis.
        triangle: (m, k, k) from coefficients in the columns of the design to those in the basis.
    """

    places: Integers
    matrix: Floats
    response: Floats
    sizes: Integers
    starts: Integers
    bases: Integers
    triangle: Floats

    @property
    def steady(self) -> int:
        """How many of the first columns are constant within every person."""
        return int((self.bases < 0).sum())

    def original(self, coefficients: Floats, covariance: Floats) -> tuple[Floats, Floats]:
        """Coefficients (m, k) and covariances (m, k, k) in the columns of the designs."""
        back: Floats = np.asarray(np.linalg.inv(self.triangle), dtype=float)
        return (back @ coefficients[..., None])[..., 0], back @ covariance @ transposed(back)


def transposed(matrices: Floats) -> Floats:
    """Each matrix of a stack transposed."""
    return matrices.swapaxes(-1, -2)


def over_rows(values: Floats, by: np.ufunc = np.add) -> Floats:
    """(.., P) sums, or products, over the J rows of (.., J, P).

    A few rows are taken one by one, as NumPy does too, but all persons at a time, which takes a third of the time.
    """
    found: Floats
    if not 1 < values.shape[-2] < _FEW_ROWS:
        found = by.reduce(values, axis=-2)
        return found
    found = by(values[..., 0, :], values[..., 1, :])
    for row in range(2, values.shape[-2]):
        by(found, values[..., row, :], out=found)
    return found


def stacked(designs: Sequence[DesignMatrix]) -> list[Stack]:
    """Put designs that share persons' numbers of rows into stacks.

    Columns that are constant within persons, and those that are a person's constant times another column, as group x
    time is, enter the integrals of a logistic model through one number per person. The basis is orthogonal, each column
    with mean square one, so that units and offsets of covariates cost no digits.

    Args:
        designs: with groups, of full column rank.
    """
    alike: dict[tuple[object, ...], list[tuple[int, Integers]]] = {}
    patterns: dict[tuple[object, ...], Integers] = {}
    layouts: dict[bytes, tuple[Integers, Integers, Integers]] = {}
    for place, design in enumerate(designs):
        order, starts, sizes = _layout(design, layouts)
        bases = _bases(design.matrix[order], starts, sizes)
        key: tuple[object, ...] = (sizes.tobytes(), bases.tobytes(), design.matrix.shape)
        alike.setdefault(key, []).append((place, order))
        patterns[key] = bases
    found = []
    for key, own in alike.items():
        most = max(1, _ROWS_IN_STACK // len(own[0][1]))
        parts = (own[i : i + most] for i in range(0, len(own), most))
        found += [_stack(designs, part, layouts, patterns[key]) for part in parts]
    return found


def _bases(matrix: Floats, starts: Integers, sizes: Integers) -> Integers:
    """(k,) `Stack.bases` of columns (n, k) in the order of persons."""
    steady = (np.repeat(matrix[starts], sizes, axis=0) == matrix).all(axis=0)
    found = np.full(len(steady), -1, dtype=np.int64)
    left = np.flatnonzero(~steady)
    # A product with the group is zero where the column itself is not, so what has most numbers comes first.
    left = left[np.argsort(-np.count_nonzero(matrix[:, left], axis=0), kind="stable")]
    while left.size:
        base = matrix[:, left[0]]
        own = np.array([_is_multiple(matrix[:, column], base, starts, sizes) for column in left])
        found[left[own]] = left[0]
        left = left[~own]
    return found


def _is_multiple(column: Floats, base: Floats, starts: Integers, sizes: Integers) -> bool:
    """Whether a column is, but for rounding, a constant of each person times another column."""
    square = np.add.reduceat(base * base, starts)
    constant = np.add.reduceat(column * base, starts) / np.where(square > 0.0, square, 1.0)
    left = np.abs(column - np.repeat(constant, sizes) * base).max()
    return bool(left <= _ROUNDING * np.abs(column).max())


def _layout(
    design: DesignMatrix, known: dict[bytes, tuple[Integers, Integers, Integers]]
) -> tuple[Integers, Integers, Integers]:
    """Order of the rows by person, and first row and number of rows of each."""
    groups = np.ascontiguousarray(design.groups, dtype=np.int64)
    key = groups.tobytes()
    if key not in known:
        order = np.argsort(groups, kind="stable").astype(np.int64)
        first = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1)).astype(np.int64)
        known[key] = order, first, np.diff(first, append=groups.size).astype(np.int64)
    return known[key]


def _stack(
    designs: Sequence[DesignMatrix],
    own: list[tuple[int, Integers]],
    layouts: dict[bytes, tuple[Integers, Integers, Integers]],
    bases: Integers,
) -> Stack:
    _, starts, sizes = _layout(designs[own[0][0]], layouts)
    columns = np.concatenate([np.flatnonzero(bases < 0), np.flatnonzero(bases >= 0)])
    raw = np.stack([designs[place].matrix[order] for place, order in own])[..., columns]
    response = np.stack([designs[place].response[order] for place, order in own])
    n, few = raw.shape[1], int((bases < 0).sum())
    upper = _upper(raw) / np.sqrt(n)
    inverse = np.linalg.inv(upper)
    matrix = raw @ inverse
    # The same numbers in all rows of a person, whatever the order in which products are summed.
    matrix[..., :few] = np.repeat(matrix[:, starts, :few], sizes, axis=1)
    triangle = np.zeros_like(upper)
    triangle[..., columns] = upper
    places = np.array([place for place, _ in own], dtype=np.int64)
    return Stack(places, matrix, response, sizes, starts, bases, triangle)


def _upper(matrices: Floats) -> Floats:
    """(m, k, k) R of the QR decompositions of (m, n, k), of many rows from those of its parts, without a copy."""
    parts = [matrices[:, i : i + _ROWS_AT_ONCE] for i in range(0, matrices.shape[1], _ROWS_AT_ONCE)]
    if len(parts) > 1:
        matrices = np.concatenate([np.linalg.qr(part, mode="r") for part in parts], axis=1)
    found: Floats = np.asarray(np.linalg.qr(matrices, mode="r"), dtype=float)
    return found
