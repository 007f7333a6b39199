"""Run the checks that were asked for and set them beside the main effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from dnt_cli.completed import Completed
from dnt_cli.effects import Options, effect_rows, endpoint_effects, joined, trend_effects
from dnt_cli.imputation import Settings
from dnt_cli.robustness import differences, observed, subsets
from dnt_cli.robustness.context import Check, Context, DoesNotApplyError
from dnt_cli.robustness.verdicts import verdict
from dnt_cli.study import Study, Text

CHECKS: dict[str, Check] = {c.letter: c for c in (subsets.CHECK, differences.CHECK, observed.CHECK)}


@dataclass(frozen=True, slots=True)
class Robust:
    """The main effects and the same under other assumptions.

    Attributes:
        estimates: Effect rows; `model` is `main` or the check's key, `verdict` compares with the main row.
        fits: One row per fit.
        labels: Check key -> its label, in the order of the columns.
        left_out: Check letter -> why it does not apply.
    """

    estimates: pd.DataFrame
    fits: pd.DataFrame
    labels: dict[str, Text]
    left_out: dict[str, str]


def run_checks(
    data: Completed,
    settings: Settings,
    options: Options,
    letters: Sequence[str],
    *,
    started: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Robust:
    """The main analysis and the checks named by their letters.

    Args:
        data: Completed data sets of the main analysis.
        settings: How they were imputed; used again where a check imputes.
        options: How models are fitted.
        letters: Keys of `CHECKS`.
        started: Called with the letter of each check as it starts.
        progress: Called with (done, all) while the main analysis or an imputation works.
    """
    main = joined([endpoint_effects(data, options, progress=progress), trend_effects(data, options, progress=progress)])
    quick = replace(options, quadrature_check=0)
    context = Context(data, settings, quick, main.estimates, progress)
    parts, labels, left_out = [main], {}, {}
    for letter in letters:
        if started is not None:
            started(letter)
        try:
            for column in CHECKS[letter].run(context):
                labels[column.key] = column.label
                parts.append(column.effects)
        except DoesNotApplyError as reason:
            left_out[letter] = str(reason)
    everything = joined(parts)
    estimates = _with_verdicts(effect_rows(everything.estimates), data.study)
    return Robust(estimates, everything.fits, labels, left_out)


def _with_verdicts(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    rows = rows.reset_index(drop=True)
    main = {(r["analysis"], r["outcome"]): r for _, r in rows[rows["model"] == "main"].iterrows()}
    words = [
        "" if row["model"] == "main" else verdict(main[row["analysis"], row["outcome"]], row, study.significance)
        for _, row in rows.iterrows()
    ]
    return rows.assign(verdict=words)
