"""The result of `dnt robustness`: the main effects and the same under other assumptions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pandas as pd

from dnt_cli.effects.columns import COLUMNS, TEXT
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.result import ARE_FITS, BESIDE, NEEDED, VALUES, are_effects, with_every_column
from dnt_cli.messages import Message, decoded, encoded, message
from dnt_cli.robustness.verdicts import VERDICTS
from dnt_cli.stagefile.form import Form, are_messages, is_finite, is_level, is_table_of, one_of
from dnt_cli.stagefile.result import Compared, Content, Green
from dnt_cli.study import Study
from dnt_cli.wording import Wording, spoken

if TYPE_CHECKING:
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.tables import Table

BALANCE = "balance"  # what `analysis` says of the rows that hold standardised differences at baseline
UNMEASURED = "unmeasured"  # ... of those that say how strong something unmeasured would have to be
SHIFT = "shift"  # ... of those that say what a shift of one is in an outcome's own units
MEASURES = (BALANCE, UNMEASURED, SHIFT)  # rows that are no effects
SIZE = "n"  # the term of the balance with the number of persons, in effect, per group
SCOPES = ("intervention", "both")  # in which group drop-outs do worse
ZERO = "e:0"
WITHOUT = "h:without "
WITH_ALL = "h:with all"
"""The effects with all sites on as many data sets as those without one of them, which are compared with these."""


def grid_key(scope: str, delta: float) -> str:
    """What the `model` column says for one shift of drop-outs; without shift both scopes are the same."""
    return f"e:{scope}:{delta:g}" if delta else ZERO


def are_effects_or_measures(rows: Iterable[Mapping[str, Any]], study: Study) -> bool:
    """Whether effects are numbers that can be shown; a standardised difference in balance may be infinite."""
    effects = [row for row in rows if row["analysis"] != BALANCE]
    finite = all(row["estimate"] is None or not math.isinf(row["estimate"]) for row in effects)
    return finite and are_effects(effects, study)


FORM = Form(
    text=TEXT | {"verdict"},
    numbers=(frozenset(COLUMNS) - TEXT) | {"shift"},
    values={name: known for name, known in VALUES.items() if name != "estimate"}
    | {"kind": one_of(*KINDS, None), "verdict": one_of(*VERDICTS, "", None), "shift": is_finite},  # None of the balance
    extra={
        "fits": ARE_FITS,
        "labels": are_messages,
        "left_out": are_messages,
        "notes": are_messages,
        "tipping": is_table_of(("analysis", "outcome", "scope"), ("tipping_point",)),
        "level": is_level,
    },
    columns=NEEDED | {"statistic", "verdict", "shift"},
    notes=frozenset({"labels", "left_out"}),
    rows=are_effects_or_measures,
    beside=(*BESIDE, "analysis"),
    messages=("labels", "left_out", "notes"),
)


@dataclass(frozen=True, slots=True)
class RobustnessResult:
    """The main effects and the same under other assumptions.

    Attributes:
        study: What they are about.
        estimates: Effect rows; `model` is `main` or the check's key, `shift` is the difference from the main estimate
            in its standard errors (of a register outcome: in standard errors of the difference), `verdict` compares
            the marks. Rows whose analysis is `balance` hold the standardised mean differences before and after
            weighting.
        fits: One row per fit; of checks that are only summarised, the fits that are not usable.
        labels: Check key -> its label, of the checks that have a column in the table.
        left_out: Check key -> why it does not apply.
        notes: Check key -> what is to be said of it.
        level: Of the intervals.
    """

    compared: ClassVar[Compared] = "effects"
    form: ClassVar[Form] = FORM

    study: Study
    estimates: pd.DataFrame = field(repr=False)
    fits: pd.DataFrame = field(repr=False)
    labels: Mapping[str, Message]
    left_out: Mapping[str, Message]
    notes: Mapping[str, tuple[Message, ...]]
    level: float = 0.95

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from a stage file."""
        extra = stage.extra
        return cls(
            stage.study,
            with_every_column(stage.frame),
            stage.extra_frame("fits"),
            in_order(labels_of(extra), stage.frame),
            {key: _restored(content) for key, content in extra["left_out"].items()},
            {key: decoded(content) for key, content in extra.get("notes", {}).items()},
            extra.get("level", 0.95),
        )

    def content(self) -> Content:
        """The estimates as a table; beside them the fits, the tipping points, and what is said of each check."""
        from dnt_cli.robustness.summaries import tipping_points
        from dnt_cli.stagefile.container import as_columns, as_table

        table = as_table(self.estimates)
        extra = {
            "fits": as_columns(self.fits),
            "labels": {key: encoded([label]) for key, label in self.labels.items()},
            "left_out": {key: encoded([reason]) for key, reason in self.left_out.items()},
            "notes": {key: encoded(notes) for key, notes in self.notes.items()},
            "tipping": as_columns(tipping_points(self.estimates, self.study)),
            "level": self.level,
        }
        return Content([table], extra)

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """The estimates, their messages in English."""
        texts = [spoken(text, "en") for text in self.estimates["message"]]
        return self.estimates.assign(message=texts)

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """A table of effects by checks per analysis, then what lies behind some of the checks."""
        from dnt_cli.robustness.tables import robustness_tables

        return robustness_tables(self, wording)


def labels_of(extra: Mapping[str, Any]) -> dict[str, Message]:
    """The labels of the checks in the metadata of a stage file; none where it holds no checks."""
    return {key: _restored(content) for key, content in extra.get("labels", {}).items()}


def in_order(labels: Mapping[str, Message], estimates: pd.DataFrame) -> dict[str, Message]:
    """The labels in the order of the estimates; a stage file sorts the keys of its metadata."""
    return {key: labels[key] for key in dict.fromkeys(estimates["model"]) if key in labels}


def codes(keys: Iterable[str]) -> dict[str, str]:
    """Check key -> short name: its letter, numbered where a check has several columns."""
    by_letter: dict[str, list[str]] = {}
    for key in keys:
        by_letter.setdefault(key[0], []).append(key)
    return {
        key: letter if len(own) == 1 else f"{letter}{i}"
        for letter, own in by_letter.items()
        for i, key in enumerate(own, start=1)
    }


def _restored(content: str | Mapping[str, str]) -> Message:
    """A message of the metadata; files of an older version hold sentences."""
    if isinstance(content, str):
        return decoded(content)[0]
    return message("common.verbatim", text=content["en"])
