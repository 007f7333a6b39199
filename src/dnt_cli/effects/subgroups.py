"""For whom: the effect in each subgroup of a moderator, with the test that the subgroups do not differ.

The model of the outcome gets the moderator and its products with the group (in a trend with time and with both). It is
fitted once per subgroup, with that subgroup as reference, so that the group term, and all that is derived from it, is
the effect there. The test is that of the products: Student's t where there is one, D1 of several (`mice::D1`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from dnt_cli.design import Designs
from dnt_cli.effects.columns import IN_SUBGROUP
from dnt_cli.effects.fitting import Options, fit_all
from dnt_cli.effects.rows import described, fit_rows, pooled_rows
from dnt_cli.imputed.data import Completed
from dnt_cli.messages import encoded, message
from dnt_cli.models import ENDPOINT, WAVES, Model, Subgroups, keys_in
from dnt_cli.observed import known_answers, too_few
from dnt_cli.progress import Progress
from dnt_cli.study import Study

Rows = list[dict[str, Any]]


def subgroup_rows(
    data: Completed, main: pd.DataFrame, moderators: Sequence[str], options: Options, label: str,
    progress: Progress | None, *, at_wave: bool = False,
) -> tuple[Rows, Rows]:  # fmt: skip
    """The effects in the subgroups of each moderator and the tests, and the fits behind the tests.

    Args:
        data: Completed data sets.
        main: The effects of all persons: their outcomes and the controls that their models have.
        moderators: Covariates.
        options: How models are fitted.
        label: What the `model` column says.
        progress: Called with (done, all) fits.
        at_wave: The moderator is the date of the interview at the wave of each effect.
    """
    study = data.study
    observed = Designs(data.observed, study, known_answers(data.observed, study))
    planned: list[tuple[Model, Model | None]] = []  # a model per subgroup, and the one that holds its test
    for moderator in moderators:
        for _, row in main.iterrows():
            planned += _models(study, observed, row, Subgroups(moderator, (), at_wave))
    wanted = list(dict.fromkeys(model for model, _ in planned))
    fitted = dict(zip(wanted, fit_all(data, [(m, options) for m in wanted], options.jobs, progress), strict=True))
    pooled = {model: pooled_rows(study, model, fitted[model], options, label) for model in wanted}
    rows, fits = [], []
    for model, test in planned:
        rows.append(_effect_row(model, pooled[model]))
        if test is not None:
            rows.append(_test_row(test, pooled[test], described(study, test, fitted[test], options, label)))
            fits += fit_rows(test, fitted[test], label)
    return rows, fits


def _models(
    study: Study, observed: Designs, row: pd.Series, split: Subgroups
) -> list[tuple[Model, Model | None]]:  # fmt: skip
    """A model per subgroup; the last is followed by the test of all, where two or more have enough answers.

    Subgroups with too few observed answers in an arm are left out of the models of the others.
    """
    moderator = split.moderator
    controls = keys_in(row["controls"])
    if study.covariates[moderator].kind != "continuous":  # of which the model gets the subgroups only
        controls = tuple(dict.fromkeys([*controls, moderator]))
    later = str(row["wave"]) if row["analysis"] == WAVES else None
    base = Model(ENDPOINT if later else str(row["analysis"]), str(row["outcome"]), controls, at=later)
    levels = study.subgroups(moderator)
    alone = [replace(base, subgroups=replace(split, levels=(level,))) for level in levels]
    thick = tuple(
        level
        for level, model in zip(levels, alone, strict=True)
        if too_few(observed.observed(model), study.models.min_observed) is None
    )
    models = []
    for level in levels:
        others = tuple(own for own in thick if own != level)
        models.append(replace(base, subgroups=replace(split, levels=(level, *others))))
    first = next((m for m in models if m.subgroups is not None and m.subgroups.levels[0] in thick), models[0])
    return [*((model, None) for model in models[:-1]), (models[-1], first)]


def _effect_row(model: Model, pooled: Rows) -> dict[str, Any]:
    """The effect in the first subgroup of the model."""
    assert model.subgroups is not None
    row = next(own for own in pooled if own["term"] == model.effect)
    return row | {"term": f"{model.effect}{IN_SUBGROUP}{model.subgroups.moderator}[{model.subgroups.levels[0]}]"}


def _test_row(model: Model, pooled: Rows, base: dict[str, Any]) -> dict[str, Any]:
    """The test that the effect is the same in all subgroups of the model; `base` is the row without numbers."""
    own = model.subgroups
    assert own is not None
    term = f"{model.effect}:{own.moderator}"
    single = [row for row in pooled if len(own.levels) == 2 and row["term"] == f"{term}[{own.levels[1]}]"]
    joint = [row for row in pooled if row["term"] == term]
    unknown = {"n_observed_intervention": None, "n_observed_comparison": None}  # those are of one subgroup
    if single or joint:
        return (single or joint)[0] | {"term": term} | unknown
    told = [row["message"] for row in pooled if row["term"] == model.effect and row["status"] == "not estimable"]
    base |= {"term": term, "status": "not estimable"}
    return base | unknown | {"message": told[0] if told else encoded([message("effects.no_subgroups")])}
