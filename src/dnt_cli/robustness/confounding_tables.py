"""What something unmeasured would have to be like to explain the effects away, as tables with a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from dnt_cli.effects.persons import with_counts
from dnt_cli.effects.tables import as_shown, displayed, where_of
from dnt_cli.models import ENDPOINT
from dnt_cli.robustness.result import UNMEASURED
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

Numbers = dict[str, dict[str, pd.Series]]
"""Outcome -> term -> row."""

_RATIOS, _SHARES = "e_value_odds_ratio", "robustness_value"


def confounding_tables(estimates: pd.DataFrame, wording: Wording) -> Iterator[Table]:
    """A table of E-values of yes/no outcomes, and one of robustness values of scores."""
    measured = estimates[estimates["analysis"] == UNMEASURED]
    own_main = estimates[(estimates["analysis"] == ENDPOINT) & (estimates["model"] == "main")]
    main = {str(row["outcome"]): row for _, row in own_main.iterrows()}
    by_outcome = {
        str(key): {str(row["term"]): row for _, row in own.iterrows()}
        for key, own in measured.groupby("outcome", sort=False)
    }
    for term, table in ((_RATIOS, _ratios), (_SHARES, _shares)):
        own = {key: numbers for key, numbers in by_outcome.items() if term in numbers and key in main}
        if own:
            yield table(own, main, wording)


def _ratios(numbers: Numbers, main: dict[str, pd.Series], wording: Wording) -> Table:
    say = wording.text
    columns = (
        Column(say("common.outcome"), "left"),
        Column(say("common.odds_ratio")),
        Column(say("robustness.e_value"), group="OR"),
        Column(say("robustness.of_limit"), group="OR"),
        Column(say("robustness.risk_ratio"), optional=True, group="RR"),
        Column(say("robustness.e_value"), optional=True, group="RR"),
        Column(say("robustness.of_limit"), optional=True, group="RR"),
        Column(say("robustness.strongest"), "left", optional=True),
        Column(say("robustness.its_e_value")),
    )
    rows, notes = [], [say("robustness.e_value_note")]
    for key, own in numbers.items():
        row = main[key]
        shown = {term: wording.number(float(one["estimate"]), 2) for term, one in own.items()}
        control = _control(own, "e_value_benchmark", wording)
        ratio = f"{shown['risk_ratio']} ({_interval(own['risk_ratio'], wording)})"
        cells = [
            Cell(displayed(row, wording)[0] + wording.study.significance.mark(row["p_value"])),
            *(Cell(shown[f"{part}_odds_ratio"]) for part in ("e_value", "e_limit")),
            Cell(ratio),
            *(Cell(shown[f"{part}_risk_ratio"]) for part in ("e_value", "e_limit")),
            Cell(control),
            Cell(shown.get("e_value_benchmark", "")),
        ]
        rows.append((Cell(wording.label(key)), *with_counts(cells, row, wording.study)))
        if wording.study.significance.mark(row["p_value"]):
            part = "sentence" if own["e_limit_odds_ratio"]["estimate"] > 1.0 else "within"
            notes.append(
                say(
                    f"robustness.e_value_{part}", outcome=wording.label(key), value=shown["e_value_odds_ratio"],
                    limit=shown["e_limit_odds_ratio"],
                )
            )  # fmt: skip
            notes[-1] += _benchmark(control, shown, wording)
    return Table(_title("ratios", wording), columns, (Section("", tuple(rows)),), _with_synthetic(notes, wording))


def _benchmark(control: str, shown: dict[str, str], wording: Wording) -> str:
    if not control:
        return ""
    return " " + wording.text("robustness.e_value_beside", control=control, value=shown["e_value_benchmark"])


def _shares(numbers: Numbers, main: dict[str, pd.Series], wording: Wording) -> Table:
    say = wording.text
    columns = (
        Column(say("common.outcome"), "left"),
        Column(say("common.beta")),
        Column(say("robustness.robustness_value")),
        Column(say("robustness.for_significance")),
        Column(say("robustness.strongest"), "left", optional=True),
        Column(say("robustness.with_outcome"), optional=True),
        Column(say("robustness.with_group"), optional=True),
        Column(say("robustness.effect_left")),
    )
    rows, notes = [], [say("robustness.robustness_value_note")]
    for key, own in numbers.items():
        row = main[key]
        percent = {term: wording.number(100 * float(one["estimate"]), 1) for term, one in own.items()}
        control, left = _control(own, "benchmark_outcome", wording), ""
        if control:
            scale = float(row["beta"] / row["estimate"]) if row["estimate"] else 0.0
            left = as_shown("linear", float(own["benchmark_effect"]["estimate"]) * scale, wording)
        cells = [
            Cell(displayed(row, wording)[0] + wording.study.significance.mark(row["p_value"])),
            Cell(percent["robustness_value"]),
            Cell(percent["robustness_value_limit"]),
            Cell(control),
            *(Cell(percent.get(f"benchmark_{side}", "")) for side in ("outcome", "group")),
            Cell(left),
        ]
        rows.append((Cell(wording.label(key)), *with_counts(cells, row, wording.study)))
        if wording.study.significance.mark(row["p_value"]):
            part = "sentence" if own["robustness_value_limit"]["estimate"] > 0.0 else "within"
            sentence = say(
                f"robustness.robustness_value_{part}", outcome=wording.label(key), value=percent["robustness_value"],
                limit=percent["robustness_value_limit"],
            )  # fmt: skip
            if control:
                sides = {side: percent[f"benchmark_{side}"] for side in ("outcome", "group")}
                sentence += " " + say("robustness.robustness_value_beside", control=control, left=left, **sides)
            notes.append(sentence)
    return Table(_title("shares", wording), columns, (Section("", tuple(rows)),), _with_synthetic(notes, wording))


def _control(own: dict[str, pd.Series], term: str, wording: Wording) -> str:
    return wording.label(str(own[term]["controls"])) if term in own else ""


def _interval(row: pd.Series, wording: Wording) -> str:
    return " – ".join(wording.number(float(row[name]), 2) for name in ("conf_low", "conf_high"))


def _title(part: str, wording: Wording) -> str:
    return f"{wording.text(f'robustness.unmeasured_{part}')}. {where_of(ENDPOINT, wording)}"


def _with_synthetic(notes: list[str], wording: Wording) -> tuple[str, ...]:
    return (*wording.synthetic_note(), *notes)
