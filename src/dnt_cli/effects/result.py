"""Estimates: what `dnt fit-t3` and `dnt fit-longitudinal` give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pandas as pd

from dnt_cli.effects.columns import COLUMNS, LARGEST_LOGARITHM, STATUSES, TEXT, effect_rows, stacked
from dnt_cli.effects.complier_tables import complier_tables
from dnt_cli.effects.contrast_tables import contrast_tables
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.subgroup_tables import subgroup_tables
from dnt_cli.effects.tables import effect_tables, report_tables
from dnt_cli.effects.wave_tables import at_waves, wave_tables
from dnt_cli.errors import DataError
from dnt_cli.messages import decoded
from dnt_cli.models import ADDITIONAL, ENDPOINT, LONGITUDINAL, MODERATORS
from dnt_cli.stagefile.form import (
    Form,
    are_columns,
    is_count,
    is_finite,
    is_level,
    is_message,
    is_outcome,
    is_probability,
    is_size,
    is_table_of,
    is_wave,
    one_of,
)
from dnt_cli.stagefile.result import Compared, Content, Green
from dnt_cli.study import Study
from dnt_cli.wording import Wording, spoken

if TYPE_CHECKING:
    from dnt_cli.effects.rows import Effects
    from dnt_cli.figures.style import Drawing
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.tables import Table


NEEDED = frozenset(
    [
        "analysis", "model", "outcome", "kind", "term", "estimate", "std_error", "df", "p_value", "conf_low",
        "conf_high", "odds_ratio", "odds_ratio_se", "beta", "beta_se", "m", "n_persons", "engine", "status", "message",
    ]
)  # fmt: skip
"""Columns that files of every version have."""
ARE_FITS = is_table_of()
VALUES = {
    "outcome": is_outcome,
    "kind": one_of(*KINDS),
    "controls": are_columns,
    "standardise": one_of("both", "outcome", "none", "", None),
    "wave": is_wave,
    "status": one_of(*STATUSES, None),
    "message": is_message,
    "estimate": is_finite,
    "m": is_count,
    **dict.fromkeys((name for name in COLUMNS if name.startswith("n_")), is_count),
    **dict.fromkeys((name for name in COLUMNS if name.startswith("p_")), is_probability),
    **dict.fromkeys((name for name in COLUMNS if name.startswith(("std_error", "odds_ratio", "df"))), is_size),
    **dict.fromkeys((name for name in COLUMNS if name.endswith(("_se", "_sd"))), is_size),
}
"""What each value of a column is, where not every value can be shown."""
BESIDE = ("kind", "estimate")


def are_effects(rows: Iterable[Mapping[str, Any]], study: Study) -> bool:
    """Whether no ratio is beyond what a number can hold."""
    ratios = {key for key, kind in KINDS.items() if kind.ratio}
    return not any(row["kind"] in ratios and abs(row["estimate"] or 0.0) > LARGEST_LOGARITHM for row in rows)


FORM = Form(
    TEXT, frozenset(COLUMNS) - TEXT, VALUES, {"fits": ARE_FITS, "level": is_level}, NEEDED, notes=frozenset({"level"}),
    rows=are_effects, beside=BESIDE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimates:
    """Effects of the intervention, at the endpoint, over time, or both.

    Attributes:
        study: What they are about.
        estimates: A row per model and term, with the columns `rows.COLUMNS`.
        fits: A row per fit behind them.
        level: Of the intervals.
        contrasts: Where results of several contrasts stand together, per contrast its study and its estimates.
    """

    compared: ClassVar[Compared] = "effects"
    form: ClassVar[Form] = FORM

    study: Study
    estimates: pd.DataFrame = field(repr=False)
    fits: pd.DataFrame = field(repr=False)
    level: float = 0.95
    contrasts: tuple[tuple[Study, pd.DataFrame], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, study: Study, effects: Effects, level: float) -> Self:
        """The result of an analysis."""
        return cls(study, effects.estimates, effects.fits, level)

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from a stage file; what a file of an older version does not tell is empty."""
        frame = with_every_column(stage.frame[[column for column in COLUMNS if column in stage.frame.columns]])
        if "standardise" not in stage.frame.columns:
            way = stage.steps[-1]["settings"].get("standardise", "both")
            frame["standardise"] = [way if KINDS[kind].standardised else "" for kind in frame["kind"]]
        return cls(stage.study, frame, stage.extra_frame("fits"), stage.extra["level"])

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Several results below each other; the study and the level are those of the first."""
        first = parts[0]
        if len(parts) == 1:
            return first
        estimates, fits = (stacked([getattr(part, name) for part in parts]) for name in ("estimates", "fits"))
        by_arms: dict[tuple[str, str], list[Self]] = {}
        for part in parts:
            by_arms.setdefault((part.study.design.intervention, part.study.design.comparison), []).append(part)
        contrasts = [(own[0].study, stacked([part.estimates for part in own])) for own in by_arms.values()]
        return cls(first.study, estimates, fits, first.level, tuple(contrasts) if len(contrasts) > 1 else ())

    def content(self) -> Content:
        """The estimates as a table, the fits and the level beside them."""
        from dnt_cli.stagefile.container import as_columns, as_table

        return Content([as_table(self.estimates)], {"fits": as_columns(self.fits), "level": self.level})

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per effect, or per term of a model; messages in English."""
        rows = self.estimates
        if self.contrasts:
            arms = [f"{study.design.intervention}:{study.design.comparison}" for study, _ in self.contrasts]
            rows = stacked([own.assign(contrast=name) for name, (_, own) in zip(arms, self.contrasts, strict=True)])
        if not everything:
            kept = effect_rows(rows).index.union(rows.index[rows["analysis"].isin(ADDITIONAL)])
            rows = rows.loc[kept]
        return rows.assign(message=[spoken(decoded(text), "en") for text in rows["message"]])

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """A table per analysis, source and kind of outcome; endpoint and trend side by side where both are there.

        Results of several contrasts have a column per contrast.

        Args:
            wording: The study in a language.
            green: What is better for the person, or a positive effect.
        """
        if self.contrasts:
            return list(contrast_tables(self.contrasts, wording, green))
        if {ENDPOINT, LONGITUDINAL} <= set(self.estimates["analysis"]):
            tables = report_tables(self.estimates, wording, green=green)
        else:
            tables = effect_tables(self.estimates, wording, level=self.level, green=green)
        if absent := self._missing_register(wording):
            tables[-1] = replace(tables[-1], notes=(*tables[-1].notes, *absent))
        further = (*wave_tables(self.estimates, wording, green=green), *subgroup_tables(self.estimates, wording, green))
        return [*tables, *further, *complier_tables(self.estimates, wording, self.level, green)]

    def _missing_register(self, wording: Wording) -> list[str]:
        """That a register is missing: no effect of one where all outcomes of the survey have theirs."""
        study, told = wording.study, set(self.estimates["outcome"])
        survey = {key for key in study.tested if not study.is_register(key)}
        without = {key for key in study.tested if not study.has_trend(key)}  # and so in no file of trends
        told |= set() if (self.estimates["analysis"] == ENDPOINT).any() else without
        return wording.missing_register(told) if survey <= told else []

    def drawing(self, wording: Wording) -> Drawing:
        """A forest plot: by subgroup where there are any, over the waves where there are more than two."""
        from dnt_cli.figures import forest_drawing, subgroup_drawing, wave_drawing

        if self.contrasts:
            raise DataError(wording.text("effects.several_contrasts"))
        if (self.estimates["analysis"] == MODERATORS).any():
            return subgroup_drawing(self.estimates, wording, self.level)
        several = at_waves(self.estimates, self.study)["wave"].nunique() > 2
        if several and LONGITUDINAL not in set(self.estimates["analysis"]):
            return wave_drawing(self.estimates, wording, self.level)
        return forest_drawing(self.estimates, wording, self.level)


def with_every_column(frame: pd.DataFrame) -> pd.DataFrame:
    """Estimates with the columns that a file of an older version does not have, empty; those of its own come last."""
    own = [column for column in frame.columns if column not in COLUMNS]
    frame = frame.reindex(columns=[*COLUMNS, *own])
    texts = [column for column in TEXT if column != "hypothesis"]
    return frame.assign(**{column: frame[column].fillna("") for column in texts})
