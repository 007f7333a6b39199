"""Answers to questionnaires become the scores that a study analyses, with a report of what was odd about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from dnt_cli.arrays import Floats
from dnt_cli.column_names import near_column
from dnt_cli.errors import DataError, StudyError
from dnt_cli.scoring.codes import Answers, read_answers
from dnt_cli.scoring.reliability import Reliability, item_rest_correlations, reliability
from dnt_cli.scoring.rules import scale_score, scored_items
from dnt_cli.sentences import say
from dnt_cli.study import Instrument, Scale, Study
from dnt_cli.survey import identifiers

What = Literal[
    "no_number", "outside", "nobody", "negative", "incomplete", "absent", "also_fits"
]  # the words for these stand in `tables`
REPORT = ("instrument", "scale", "column", "wave", "what", "count", "value")
SETTINGS = ("instrument", "setting", "value", "doubt_nl", "doubt_en")
RELIABILITY = (
    "instrument", "scale", "outcome", "wave", "n_scored", "n_answered", "n_listwise", "items", "alpha", "omega",
    "improper",
)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """What scoring gives.

    Attributes:
        survey: the columns that are no items, and the scores; rows as they came.
        report: what was odd, with counts: `what` is no_number, outside (answers that are no code of the item), nobody
            (an item that nobody answered at a wave at which it is due), negative (item-rest correlation, in `value`),
            incomplete (too few answers for a score), absent (the questionnaire is not in the file), or also_fits (no
            answer at a wave tells the declared coding from the one in `scale`).
        reliability: per scale and wave the number of scores, of persons who answered any item, and of complete
            answers, and alpha and omega of the latter.
        settings: what the scores depend on, and what about it is not confirmed.
    """

    survey: pd.DataFrame
    report: pd.DataFrame
    reliability: pd.DataFrame
    settings: pd.DataFrame

    def told(self) -> dict[str, pd.DataFrame]:
        """What stands beside the survey in its stage file, by name."""
        return {"reliability": self.reliability, "peculiarities": self.report, "settings": self.settings}


@dataclass
class _Notes:
    """Rows of the tables beside the scores, as they are found."""

    report: list[dict[str, Any]] = field(default_factory=list)
    reliability: list[dict[str, Any]] = field(default_factory=list)
    settings: list[dict[str, Any]] = field(default_factory=list)

    def odd(self, key: str, what: What, count: int, *, value: float = np.nan, **where: str) -> None:
        """Note something, if there is any of it."""
        if count:
            blank = {"scale": "", "column": "", "wave": ""}
            self.report.append({"instrument": key, **blank, **where, "what": what, "count": count, "value": value})


def score(answers: pd.DataFrame, study: Study) -> Scored:
    """The scores of every questionnaire of the study whose items are in the file.

    Args:
        answers: A row per person and wave, a column per item, and any other columns.
        study: Its instruments say how items become scores.

    Raises:
        StudyError: The study has no instruments, or lacks a setting that must not be guessed.
        DataError: Columns are missing or there twice, or the codes contradict the declared coding.
    """
    if not study.instruments:
        raise StudyError(say("no_instruments"))
    if study.design.wave not in answers.columns:
        near = near_column(study.design.wave, answers.columns)
        raise DataError(say("answers_no_wave", wave=study.design.wave, near=near))
    waves = identifiers(answers[study.design.wave])
    waves = waves.where(waves.isin(study.design.wave_keys), "an unknown wave")  # what stands there may be anything
    notes, scores, items = _Notes(), dict[str, Floats](), set[str]()
    for key, instrument in study.instruments.items():
        columns = list(instrument.column_names.values())
        if not instrument.used_scales or not _present(answers, key, instrument):
            notes.odd(key, "absent", len(columns) if instrument.used_scales else 0)
            continue
        _require(key, instrument)
        _require_apart(key, instrument, items, set(scores))
        items |= set(columns)
        codes = read_answers(answers, key, instrument, waves)
        _note_answers(notes, key, instrument, codes, waves, study)
        for name, scale in instrument.used_scales.items():
            scores[_outcome(key, name, scale)] = _score_scale(notes, key, name, instrument, codes, waves, study)
        notes.settings += _settings(key, instrument)
    if not scores:
        raise DataError(say("no_items"))
    return Scored(
        _with_scores(answers, items, scores),
        pd.DataFrame(notes.report, columns=list(REPORT)),
        pd.DataFrame(notes.reliability, columns=list(RELIABILITY)),
        pd.DataFrame(notes.settings, columns=list(SETTINGS)),
    )


def _with_scores(answers: pd.DataFrame, items: set[str], scores: dict[str, Floats]) -> pd.DataFrame:
    both = [name for name in scores if name in answers.columns]
    if both:
        raise DataError(say("items_and_scores", columns=", ".join(both)))
    kept = answers[[column for column in answers.columns if column not in items]]
    return pd.concat([kept, pd.DataFrame(scores, index=answers.index)], axis=1)


def holds_items(frame: pd.DataFrame, study: Study) -> bool:
    """Whether a table holds items of the study's questionnaires rather than scores and all that the study analyses."""
    columns = {str(column) for column in frame.columns}
    items = {c for instrument in study.instruments.values() for c in instrument.column_names.values()}
    scores = {_outcome(key, name, s) for key, i in study.instruments.items() for name, s in i.used_scales.items()}
    return bool(items & columns) and not (scores & columns and set(study.measured) <= columns)


def _outcome(key: str, name: str, scale: Scale) -> str:
    return scale.outcome or f"{key}_{name}"


def _present(answers: pd.DataFrame, key: str, instrument: Instrument) -> bool:
    """Whether the questionnaire is in the file; a part of it is an error."""
    columns = list(instrument.column_names.values())
    there = [str(c) for c in answers.columns]
    missing = [c for c in columns if c not in there]
    if len(missing) == len(columns):
        return False
    if missing:
        raise DataError(
            say(
                "items_missing", n=len(missing), items=len(columns), key=key, listed=", ".join(missing[:3]),
                more=say("more_of", count=len(missing) - 3) if len(missing) > 3 else "",
                near=near_column(missing[0], [c for c in there if c not in columns]),
            )
        )  # fmt: skip
    if twice := [c for c in columns if there.count(c) > 1]:
        raise DataError(say("named_twice", column=twice[0]))
    return True


def _require(key: str, instrument: Instrument) -> None:
    for name in instrument.required:
        if getattr(instrument, name) is None:
            allowed = {
                "coding": say("allowed_coding", listed=", ".join(instrument.codings)),
                "reversed": say("allowed_reversed"),
            }
            hint = allowed.get(name, say("allowed_other"))
            raise StudyError(say("instrument_lacks", key=key, name=name, allowed=hint))
    _require_codes(key, instrument)


def _require_apart(key: str, instrument: Instrument, items: set[str], scores: set[str]) -> None:
    """An item belongs to one questionnaire, and a scale becomes a column of its own."""
    if shared := [column for column in instrument.column_names.values() if column in items]:
        raise StudyError(say("column_of_two", key=key, column=shared[0]))
    made = set(scores)
    for name, scale in instrument.used_scales.items():
        if (outcome := _outcome(key, name, scale)) in made:
            raise StudyError(say("outcome_of_two", key=key, scale=name, outcome=outcome))
        made.add(outcome)


def _require_codes(key: str, instrument: Instrument) -> None:
    """Decision rules want yes (1) and no (0), weights as many whole values as there are weights, after recoding."""
    for name, scale in instrument.used_scales.items():
        for item in instrument.scale_items(scale):
            low, high = instrument.scored_limits(item)
            values = instrument.recoding(item) or np.arange(low, high + 1)
            rule = instrument.rule(scale)
            if rule == "decision" and not set(values) <= {0, 1}:
                wanted = say("wants_yes_no", item=item)
            elif rule == "weighted" and not set(values) <= set(low + np.arange(len(scale.weights[item]))):
                wanted = say("wants_whole", n=len(scale.weights[item]), item=item)
            else:
                continue
            raise StudyError(say("scale_wants", key=key, scale=name, wanted=wanted))


def _due(study: Study, outcome: str) -> tuple[str, ...]:
    """The waves at which a score is expected."""
    return study.outcomes[outcome].waves if outcome in study.outcomes else study.design.wave_keys


def _note_answers(
    notes: _Notes, key: str, instrument: Instrument, answers: Answers, waves: pd.Series, study: Study
) -> None:
    due: dict[str, set[str]] = {item: set() for item in instrument.item_names}
    for name, scale in instrument.used_scales.items():
        for item in instrument.scale_items(scale):
            due[item] |= set(_due(study, _outcome(key, name, scale)))
    for i, (item, column) in enumerate(instrument.column_names.items()):
        notes.odd(key, "no_number", int(answers.no_number[i]), column=column)
        notes.odd(key, "outside", int(answers.outside[i]), column=column)
        for wave in study.design.wave_keys:
            rows = (waves == wave).to_numpy()
            if wave in due[item] and rows.any() and np.isnan(answers.codes[rows, i]).all():
                notes.odd(key, "nobody", int(rows.sum()), column=column, wave=wave)
    for wave, other in answers.also.items():
        rows = (waves == wave).to_numpy()
        notes.odd(key, "also_fits", int(np.count_nonzero(~np.isnan(answers.codes[rows]))), scale=other, wave=wave)


def _score_scale(
    notes: _Notes, key: str, name: str, instrument: Instrument, answers: Answers, waves: pd.Series, study: Study
) -> Floats:
    """The scores of one scale; adds its reliability, negative correlations and incomplete answers to the notes."""
    scale = instrument.scales[name]
    items = scored_items(answers.codes, instrument)
    scores = scale_score(items, instrument, scale)
    outcome, chosen = _outcome(key, name, scale), instrument.scale_items(scale)
    own = items[:, [instrument.item_names.index(item) for item in chosen]]
    any_answer = np.count_nonzero(~np.isnan(own), axis=1) > 0
    additive = instrument.rule(scale) in ("sum", "mean") and len(chosen) > 1
    for wave in study.design.wave_keys:
        rows = (waves == wave).to_numpy()
        counts = {
            "n_scored": int(np.count_nonzero(~np.isnan(scores[rows]))),
            "n_answered": int(np.count_nonzero(any_answer[rows])),
        }
        notes.odd(key, "incomplete", counts["n_answered"] - counts["n_scored"], scale=name, wave=wave)
        if counts["n_answered"]:
            complete = int((~np.isnan(own[rows])).all(axis=1).sum())
            r = reliability(own[rows]) if additive else Reliability(complete, len(chosen), np.nan, np.nan, False)
            found = {"n_listwise": r.n, "items": r.items, "alpha": r.alpha, "omega": r.omega, "improper": r.improper}
            where = {"instrument": key, "scale": name, "outcome": outcome, "wave": wave}
            notes.reliability.append(where | counts | found)
    if additive:
        correlations, n = item_rest_correlations(own)
        for item, value in zip(chosen, correlations, strict=True):
            if value < 0:
                column = instrument.column_names[item]
                notes.odd(key, "negative", n, scale=name, column=column, value=float(value))
    return scores


def _cutoffs(rule: str, scale: Scale) -> str:
    """Class limits by convention; they are limits of sums, so a mean has none."""
    if rule == "mean":
        return ""
    return "".join(f"; {name}: {', '.join(f'{c:g}' for c in limits)}" for name, limits in scale.cutoffs.items())


def _settings(key: str, instrument: Instrument) -> list[dict[str, Any]]:
    """What the scores depend on: the choices of the study, and everything that is not confirmed."""
    shown = {"definition": instrument.definition, "coding": instrument.coding}
    if instrument.reversed is not None:
        shown["reversed"] = instrument.reversed
    if any(instrument.rule(s) in ("sum", "mean") for s in instrument.used_scales.values()):
        shown["max_missing"] = str(instrument.max_missing)
    for name, scale in instrument.used_scales.items():
        rule = instrument.rule(scale)
        items = scale.items or instrument.items
        own = "" if scale.max_missing is None else f"; max_missing: {scale.max_missing}"
        shown[f"scales.{name}"] = f"{rule}: {items}{own}{_cutoffs(rule, scale)}"
    doubts = dict(instrument.unconfirmed)
    if not any(_cutoffs(instrument.rule(scale), scale) for scale in instrument.used_scales.values()):
        doubts.pop("cutoffs", None)
    rows = [(setting, value, doubts.pop(setting, None)) for setting, value in shown.items() if value]
    rows += [(setting, "", doubt) for setting, doubt in doubts.items()]
    return [
        {
            "instrument": key,
            "setting": setting,
            "value": value,
            "doubt_nl": doubt.nl if doubt else "",
            "doubt_en": doubt.en if doubt else "",
        }
        for setting, value, doubt in rows
    ]
