"""How many answers of an outcome were observed in each arm: an effect without them is invented by the imputation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.errors import DataError
from dnt_cli.messages import Message, message
from dnt_cli.sentences import Listed, Sentence, say
from dnt_cli.study import Study
from dnt_cli.wide import derive


@dataclass(frozen=True, slots=True)
class Observed:
    """Observed answers of one outcome at one wave.

    Attributes:
        wave: Its key.
        intervention: Persons of the intervention group with an observed answer.
        comparison: Persons of the comparison group.
    """

    wave: str
    intervention: int
    comparison: int


def known_answers(observed: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Which answers are observed, per person (index: id) and column `<outcome>_<wave>`; and which covariates.

    An answer also counts where it follows from another: an outcome that is conditional on another is 0 where that
    one is known to be 0. A derived outcome is observed where its own value is.
    """
    columns = {name: _known(observed, study, name) for name in study.columns if name in observed.columns}
    columns |= {
        key: observed[key].notna().to_numpy(dtype=bool) for key in study.covariate_columns if key in observed.columns
    }
    return pd.DataFrame(columns, index=pd.Index(observed[study.design.id]))


def _known(observed: pd.DataFrame, study: Study, name: str) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = observed[name].notna().to_numpy(dtype=bool)
    key, wave = study.columns[name]
    parent = study.outcomes[key].conditional_on
    while parent is not None:
        column = study.column(parent, wave)
        if column in observed.columns:
            known = known | (observed[column] == 0).to_numpy(dtype=bool)
        parent = study.outcomes[parent].conditional_on
    return known


def observed_counts(known: pd.DataFrame, treated: NDArray[np.bool_], columns: Sequence[str]) -> list[tuple[int, int]]:
    """Per column the observed answers in the intervention and in the comparison group.

    Args:
        known: (n, columns) as `known_answers` gives.
        treated: (n,) persons of the intervention group.
        columns: `<outcome>_<wave>`.
    """
    counts = []
    for column in columns:
        flags = known[column].to_numpy(dtype=bool)
        counts.append((int((flags & treated).sum()), int((flags & ~treated).sum())))
    return counts


def too_few(found: Sequence[Observed], least: int) -> Message | None:
    """What is said where an arm has fewer than `least` observed answers at a wave of the model; None if none has."""
    short = []
    for own in found:
        for arm, count in (("intervention", own.intervention), ("comparison", own.comparison)):
            if count < least:
                short.append(message(f"effects.observed_{arm}", wave=own.wave, n=count))
    return message("effects.too_few", least=least, short=short) if short else None


@dataclass(frozen=True, slots=True)
class EmptyArm:
    """A group of which nobody has an observed answer of an outcome at a wave at which the study asks it.

    Attributes:
        outcome: Its key.
        wave: Its key.
        group: Code of the group in the data.
    """

    outcome: str
    wave: str
    group: str

    @property
    def told(self) -> Sentence:
        """`work at T2: nobody of group 'treated' has an observed answer`."""
        return say("empty_arm", outcome=self.outcome, wave=self.wave, group=self.group)


def empty_arms(wide: pd.DataFrame, study: Study) -> list[EmptyArm]:
    """Measured outcomes and waves that one of the groups never answered; only the imputation would speak for it.

    Args:
        wide: The table as observed, a row per person.
        study: Which outcomes are asked when; those excluded from the imputation are passed over.
    """
    known = known_answers(wide, study)
    treated = (wide[study.design.group].astype(object) == study.design.intervention).to_numpy(dtype=bool)
    found = []
    for name in [name for name in known.columns if name in study.columns]:
        key, wave = study.columns[name]
        if key not in study.measured or key in study.imputation.exclude:
            continue
        counts = observed_counts(known, treated, [name])[0]
        for group, count in zip(study.design.groups, counts, strict=True):
            if count == 0:
                found.append(EmptyArm(key, wave, group))
    return found


def refuse_empty_arms(wide: pd.DataFrame, study: Study) -> None:
    """Stop before an imputation invents what a whole group answered, unless the study allows it.

    What nobody of either group answered is left to the imputation, which refuses it whatever the study allows.

    Raises:
        DataError: Nobody of one of the groups answered an outcome at some wave.
    """
    empty = [] if study.imputation.allow_empty_arm else empty_arms(wide, study)
    places = [(own.outcome, own.wave) for own in empty]
    found = [own for own in empty if places.count((own.outcome, own.wave)) == 1]
    if found:
        more = say("more_of", count=len(found) - 3) if len(found) > 3 else ""
        listed = Listed(tuple(own.told for own in found[:3]), "; ")
        raise DataError(say("empty_arms", listed=listed, more=more))


def thin_arms(wide: pd.DataFrame, study: Study) -> list[Sentence]:
    """What `dnt study check` tells beforehand: outcomes whose effects the observed answers of a group cannot carry.

    Args:
        wide: The table as observed, a row per person.
        study: Which outcomes are tested when, and how many observed answers an effect needs.
    """
    table = derive(wide, study)
    known = known_answers(table, study)
    treated = (table[study.design.group].astype(object) == study.design.intervention).to_numpy(dtype=bool)
    least, lines = study.models.min_observed, []
    for key in study.tested:
        waves = study.outcomes[key].waves if study.has_trend(key) else (study.endpoint(key),)
        names = {wave: study.column(key, wave) for wave in waves}
        if not set(names.values()) <= set(known.columns):  # a register that is not here
            continue
        counts = observed_counts(known, treated, list(names.values()))
        short = [
            Sentence("check.of_group", {"wave": wave, "count": count, "group": group})
            for wave, pair in zip(names, counts, strict=True)
            for group, count in zip(study.design.groups, pair, strict=True)
            if count < least
        ]
        if short:
            lines.append(Sentence("check.thin_arm", {"outcome": key, "least": least, "short": Listed(tuple(short))}))
    if not study.imputation.allow_empty_arm:
        lines += [Sentence("check.empty_arm", {"arm": own.told}) for own in empty_arms(wide, study)]
    return lines


def thin_controls(wide: pd.DataFrame, study: Study) -> list[Sentence]:
    """What `study check` tells beforehand of controls: levels that nobody or one person has, and no contrast.

    Args:
        wide: The table as observed, a row per person.
        study: Which covariates its models control for.
    """
    lines = []
    for key in dict.fromkeys([*study.all_controls, *study.models.register_controls]):
        if key not in study.covariates:  # an outcome at baseline
            continue
        covariate, values = study.covariates[key], wide[key].dropna()
        if values.nunique() < 2:
            lines.append(Sentence("check.constant", {"covariate": key}))
        elif covariate.kind != "continuous":
            levels = values.astype(object).map(covariate.model_level)
            counts = levels.value_counts().reindex(list(covariate.model_levels), fill_value=0)
            for level, count in counts[counts < 2].items():
                what = "reference" if level == covariate.model_levels[0] else "level"
                has = "nobody" if count == 0 else "one"
                lines.append(Sentence(f"check.{has}_{what}", {"covariate": key, "level": level}))
    return lines
