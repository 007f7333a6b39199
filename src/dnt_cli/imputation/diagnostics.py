"""Whether imputations converged, whether there are enough, and whether imputed values look like observed ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from dnt_cli.imputation.columns import ModelColumn

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

FEWEST_CHAINS = 5
"""Imputations from which drift can be judged."""
R_HAT_ROUNDS = 30
"""Rounds from which R-hat means something."""
BINS = 12
"""Most bins in the distribution of a score."""


def r_hat(trace: pd.DataFrame) -> pd.DataFrame:
    """Potential scale reduction over the m chains, each split in halves (Gelman et al. 2013, BDA3 section 11.4).

    Args:
        trace: `Imputation.trace`.

    Returns:
        `variable`, `mean`, `sd`: R-hat of the chains of means and of SDs of the imputed values. Near 1 is good. Below
        `R_HAT_ROUNDS` iterations it says little: see `drift`. NaN: fewer than four iterations, or no variation.
    """
    import pandas as pd

    rows = []
    for variable, part in trace.groupby("variable", sort=False):
        chains = {
            statistic: part.pivot(index="imputation", columns="iteration", values=statistic).to_numpy(dtype=float)
            for statistic in ("mean", "sd")
        }
        rows.append((variable, _split_r_hat(chains["mean"]), _split_r_hat(chains["sd"])))
    return pd.DataFrame(rows, columns=["variable", "mean", "sd"])


def _split_r_hat(chains: NDArray[np.float64]) -> float:
    """R-hat of (chains, draws); an odd draw is left out at the start."""
    half = chains.shape[1] // 2
    if half < 2:
        return float("nan")
    halves = np.concatenate([chains[:, -2 * half : -half], chains[:, -half:]])
    within = halves.var(axis=1, ddof=1).mean()
    between = halves.mean(axis=1).var(ddof=1)
    if not within > 1e-20:
        return float("nan")
    return float(np.sqrt((half - 1) / half + between / within))


@dataclass(frozen=True, slots=True)
class Drift:
    """Whether the chains of an imputation still move.

    Attributes:
        columns: `variable`, `drift` (t), `settled`: whether |t| is below `critical`.
        size: root mean square of t over the columns; NaN if it cannot be known.
        expected: of settled chains.
        critical: largest |t| that chance explains, 5 % over all columns together (Bonferroni).
        rounds: the two rounds that are compared.
    """

    columns: pd.DataFrame
    size: float
    expected: float
    critical: float
    rounds: tuple[int, int]


def drift(trace: pd.DataFrame) -> Drift:
    """Change of the mean of the imputed values over the second half of the rounds, over independent chains.

    The m chains are independent, so the change of their means from the middle round to the last one has a t
    distribution with m - 1 degrees of freedom once they have settled, however strongly a chain hangs together. R-hat,
    which compares a chain with itself, exceeds 1.1 for a third of stationary chains of ten rounds.

    Args:
        trace: `Imputation.trace`.
    """
    import pandas as pd

    last = int(trace["iteration"].max()) if len(trace) else 0
    middle = max((last + 1) // 2, 1)
    m = trace["imputation"].nunique()
    means = trace.pivot(index="variable", columns=["iteration", "imputation"], values="mean")
    missing = float("nan")
    if last < 2 or m < FEWEST_CHAINS:
        columns = pd.DataFrame({"variable": means.index, "drift": missing, "settled": True})
        return Drift(columns, missing, missing, missing, (middle, last))
    change = means[last].to_numpy(dtype=float) - means[middle].to_numpy(dtype=float)
    error = change.std(axis=1, ddof=1) / np.sqrt(m)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, change.mean(axis=1) / error, missing)
    critical = float(stdtrit(m - 1, 1 - 0.025 / len(t)))
    settled = ~(np.abs(t) > critical)
    columns = pd.DataFrame({"variable": means.index, "drift": t, "settled": settled})
    size = float(np.sqrt(np.nanmean(t**2))) if np.isfinite(t).any() else missing
    return Drift(columns, size, float(np.sqrt((m - 1) / (m - 3))), critical, (middle, last))


def imputations_needed(fmi: ArrayLike, m: int, *, cv: float = 0.05, level: float = 0.95) -> int:
    """Imputations for standard errors that would come out nearly the same in another run (von Hippel 2020).

    With m = 1 + (gamma / cv)^2 / 2 the standard error varies between runs by the share `cv`; for gamma the upper
    confidence limit of the fraction of missing information is used, since a pilot with few imputations knows it badly.

    Args:
        fmi: fractions of missing information found with m imputations; the largest counts.
        m: imputations in that pilot.
        cv: coefficient of variation allowed in a standard error.
        level: confidence level of the upper limit.
    """
    fractions = np.clip(np.asarray(fmi, dtype=float), 1e-6, 1 - 1e-6)
    largest = float(fractions.max(initial=1e-6))
    upper = np.log(largest / (1 - largest)) + ndtri(0.5 + level / 2) * np.sqrt(2 / m)
    gamma = 1 / (1 + np.exp(-upper))
    return max(2, int(np.ceil(1 + 0.5 * (gamma / cv) ** 2)))


class Comparison:
    """Observed values of a frame against the imputed ones of completed data sets, added up one by one."""

    def __init__(self, frame: pd.DataFrame, columns: Sequence[ModelColumn], completed: Iterable[pd.DataFrame]) -> None:
        self._columns = [c for c in columns if c.impute and frame[c.name].isna().any()]
        self._absent = {c.name: frame[c.name].isna().to_numpy() for c in self._columns}
        self._observed = {c.name: _numbers(frame[c.name], c)[~self._absent[c.name]] for c in self._columns}
        self._labels = {c.name: _labels(frame[c.name], c, self._observed[c.name]) for c in self._columns}
        self._sums = {c.name: np.zeros(3) for c in self._columns}
        self._counts = {c.name: np.zeros(len(self._labels[c.name][0])) for c in self._columns}
        for data, column in product(completed, self._columns):
            imputed = _numbers(data[column.name], column)[self._absent[column.name]]
            self._sums[column.name] += (imputed.size, imputed.sum(), np.square(imputed).sum())
            self._counts[column.name] += _count(imputed, self._labels[column.name][1])

    def summary(self) -> pd.DataFrame:
        """`variable`, `n_observed`, `n_imputed` (per data set), means, SDs, and their standardised difference.

        For a categorical column, which has no mean, the largest difference in the share of a level is in
        `difference`; otherwise it is (imputed mean - observed mean) / observed SD. Imputed values may differ from
        observed ones for good reason: who is missing differs.
        """
        import pandas as pd

        rows = []
        for column in self._columns:
            observed, (size, total, squares) = self._observed[column.name], self._sums[column.name]
            per_set = int(self._absent[column.name].sum())
            if column.kind == "categorical":
                before, after = self._shares(column.name)
                gap = (after - before)[np.argmax(np.abs(after - before))]
                rows.append((column.name, observed.size, per_set, *[np.nan] * 4, float(gap)))
                continue
            mean = total / size if size else np.nan
            sd = np.sqrt(max(squares / size - mean**2, 0.0)) if size else np.nan
            spread = float(observed.std(ddof=1))
            gap = (mean - observed.mean()) / spread if spread > 0 else np.nan
            rows.append((column.name, observed.size, per_set, float(observed.mean()), mean, spread, sd, gap))
        means = ["mean_observed", "mean_imputed", "sd_observed", "sd_imputed"]
        return pd.DataFrame(rows, columns=["variable", "n_observed", "n_imputed", *means, "difference"])

    def distribution(self) -> pd.DataFrame:
        """`variable`, `value` (level, or range of a score), `observed` and `imputed` shares; for bars and densities."""
        import pandas as pd

        rows = []
        for column in self._columns:
            before, after = self._shares(column.name)
            labels = self._labels[column.name][0]
            rows += [(column.name, *row) for row in zip(labels, before.tolist(), after.tolist(), strict=True)]
        return pd.DataFrame(rows, columns=["variable", "value", "observed", "imputed"])

    def _shares(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        before, after = _count(self._observed[name], self._labels[name][1]), self._counts[name]
        return before / max(before.sum(), 1), after / max(after.sum(), 1)


def _category_levels(series: pd.Series) -> list[object]:
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return list(series.cat.categories)
    return sorted(series.dropna().unique())


def _numbers(series: pd.Series, column: ModelColumn) -> NDArray[np.float64]:
    """Values, or codes of categories, as floats with NaN."""
    import pandas as pd

    if column.kind == "categorical" or isinstance(series.dtype, pd.CategoricalDtype):
        codes = pd.Categorical(series, categories=_category_levels(series)).codes.astype(np.float64)
        codes[codes < 0] = np.nan
        return codes
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _labels(
    series: pd.Series, column: ModelColumn, observed: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the bins or levels, and the edges between them."""
    if column.kind == "categorical":
        levels = _category_levels(series)
        return [str(level) for level in levels], np.arange(len(levels) + 1, dtype=np.float64) - 0.5
    distinct = np.unique(observed)
    if column.kind != "continuous" or distinct.size <= BINS:
        middles = (distinct[1:] + distinct[:-1]) / 2
        between: NDArray[np.float64] = np.array([-np.inf, *middles, np.inf])
        return [f"{value:g}" for value in distinct], between
    inner = np.linspace(distinct[0], distinct[-1], BINS + 1)
    names = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(inner)]
    edges: NDArray[np.float64] = np.array([-np.inf, *inner[1:-1], np.inf])
    return names, edges


def _count(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many values lie between each two edges."""
    place = np.searchsorted(edges[1:-1], values, side="right")
    return np.bincount(place, minlength=edges.size - 1).astype(float)
