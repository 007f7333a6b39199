"""A linear program that grows, and that is solved from its last solution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from dnt_cli.arrays import Floats

if TYPE_CHECKING:
    from highspy import Highs


class Program:
    """Rows of unknowns, `lowest <= sum of factors times unknowns <= highest`.

    An unknown is the difference of two columns that are not negative. With it at zero, which it is when it is new, the
    last solution still holds; that is why a quantity enters as its distance from its value.
    """

    def __init__(self) -> None:
        self._solver = _solver()
        self._columns: dict[int, int] = {}  # unknown -> the first of its two columns
        self._rows: dict[int, int] = {}

    def __contains__(self, unknown: int) -> bool:
        return unknown in self._columns

    def add_unknown(self, unknown: int, down: float, up: float, factors: Mapping[int, float]) -> None:
        """Add an unknown.

        Args:
            unknown: Its number.
            down: How far it can be below zero.
            up: How far above.
            factors: Row -> its factor there.
        """
        self._columns[unknown] = 2 * len(self._columns)
        rows = np.array([self._rows[i] for i in factors], dtype=np.int32)
        for sign, end in ((1.0, up), (-1.0, down)):
            self._solver.addCol(0.0, 0.0, end, len(rows), rows, sign * np.array(list(factors.values())))

    @property
    def unknowns(self) -> list[int]:
        """In the order in which they were added."""
        return list(self._columns)

    def limit(self, unknown: int, down: float, up: float) -> None:
        """Change how far an unknown can be below and above zero."""
        first = self._columns[unknown]
        self._solver.changeColBounds(first, 0.0, up)
        self._solver.changeColBounds(first + 1, 0.0, down)

    def add_row(self, row: int, low: float, high: float, factors: Mapping[int, float]) -> None:
        """Add a row: unknown -> its factor."""
        self._rows[row] = len(self._rows)
        first = np.array([self._columns[j] for j in factors], dtype=np.int32)
        own = np.array(list(factors.values()))
        self._solver.addRow(low, high, 2 * len(own), np.concatenate([first, first + 1]), np.concatenate([own, -own]))

    def end(self, unknown: int, direction: float) -> tuple[float, Floats | None] | None:
        """The lowest (1) or highest (-1) value of an unknown.

        Returns:
            The value, and those of all unknowns with it in the order in which they were added, or None if it has no
            end; None if there is no solution.
        """
        from highspy import HighsModelStatus

        first, solver = self._columns[unknown], self._solver
        solver.changeColCost(first, direction)
        solver.changeColCost(first + 1, -direction)
        solver.run()
        status = solver.getModelStatus()
        if status not in (HighsModelStatus.kOptimal, HighsModelStatus.kUnbounded):
            solver.clearSolver()  # from the start, not from the last solution
            solver.run()
            status = solver.getModelStatus()
        solver.changeColCost(first, 0.0)
        solver.changeColCost(first + 1, 0.0)
        if status == HighsModelStatus.kUnbounded:
            return -direction * np.inf, None
        if status != HighsModelStatus.kOptimal:
            return None
        columns = np.array(solver.getSolution().col_value).reshape(-1, 2)
        values = columns[:, 0] - columns[:, 1]
        return float(values[first // 2]), values


def _solver() -> Highs:
    """A solver that starts from its last solution, by the primal simplex method, and prints nothing."""
    from highspy import Highs

    class Quiet(Highs):
        """The solver prints its name as soon as it exists, unless it is told not to in the first place."""

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]

        def enableCallbacks(self) -> None:  # noqa: N802
            self.silent()

    solver = Quiet()
    options: dict[str, bool | int | str] = {
        "output_flag": False,
        "presolve": "off",
        "solver": "simplex",
        "threads": 1,
        "simplex_strategy": 4,
    }
    for option, value in options.items():
        solver.setOptionValue(option, value)
    return solver
