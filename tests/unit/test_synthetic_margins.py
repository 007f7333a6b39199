"""Every printed number of the report against the synthetic data; the few that no data can meet are listed by name."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest

from dnt_cli.synthetic import generate
from tests.support.published import FIGURE_OUTCOME, published

WAVES = ["T0", "T1", "T2", "T3", "T4"]
CLASS_BOUNDS = {
    "dkl_distress": (10, 20), "dkl_depression": (2, 5), "dkl_anxiety": (3, 9), "dkl_somatisation": (10, 20),
}  # fmt: skip
ENDS_MEET = ["very difficult", "difficult", "just", "easy", "very easy"]
GOALS = {"not": [0], "partly": [1], "fully": [2], "partly or fully": [1, 2]}


def half_up(value: float, decimals: int) -> Decimal:
    return Decimal(repr(round(float(value), 9))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def like(printed: str) -> int:
    """The number of decimals as printed."""
    return len(printed.partition(".")[2])


def agrees(printed: str, obtained: float | Decimal) -> bool:
    return half_up(float(obtained), like(printed)) == Decimal(printed)


class Women:
    """The synthetic survey in wide form, and the numbers that a report would take from it."""

    def __init__(self, survey: pd.DataFrame) -> None:
        self.survey = survey
        self.person = survey[survey.wave == "T0"].set_index("id")
        self.group = self.person["group"]

    def wide(self, column: str) -> pd.DataFrame:
        return self.survey.pivot(index="id", columns="wave", values=column).loc[self.person.index, WAVES]

    def indicator(self, key: str, category: str, wave: str) -> pd.Series:
        """0/1 (or the number of steps), NaN where unknown."""
        if key in {"ladder_rise", "ladder_fall", "ladder_same", "ladder_steps"}:
            rung = self.wide("ladder_rung")
            start, end = wave.split("-")
            steps = rung[end] - rung[start]
            rule = {"ladder_rise": steps > 0, "ladder_fall": steps < 0, "ladder_same": steps == 0}
            return steps if key == "ladder_steps" else rule[key].astype(float).where(steps.notna())
        value, true = self._value(key, category, wave)
        return true.astype(float).where(value.notna())

    def _value(self, key: str, category: str, wave: str) -> tuple[pd.Series, pd.Series]:
        if key.removesuffix("_normal") in CLASS_BOUNDS:
            scale = key.removesuffix("_normal")
            value = self.wide(scale)[wave]
            low, high = CLASS_BOUNDS[scale]
            level = "normal" if key.endswith("_normal") else category
            bands = {"normal": value <= low, "moderate": value.between(low + 1, high), "strong": value > high}
            return value, bands[level]
        if key in {"ends_meet_answer", "makes_ends_meet"}:
            value = self.wide("ends_meet_answer")[wave]
            wanted = {"": [4, 5], "very difficult or difficult": [1, 2]}.get(category)
            return value, value.isin(wanted or [1 + ENDS_MEET.index(category)])
        value = self.wide(key)[wave]
        if key == "goals_reached":
            return value, value.isin(GOALS[category])
        return value, value == (float(category) if category else 1.0)

    def members(self, values: pd.Series, group: str) -> pd.Series:
        return values if group == "all" else values[self.group == group]

    def pct(self, key: str, category: str, group: str, wave: str) -> Decimal:
        values = self.members(self.indicator(key, category, wave), group)
        return half_up(100 * values.mean(), 1)

    def count(self, key: str, category: str, group: str, wave: str) -> tuple[int, int]:
        values = self.members(self.indicator(key, category, wave), group).dropna()
        return int(values.sum()), values.size

    def mean(self, key: str, group: str, wave: str) -> float:
        return float(self.members(self.wide(key)[wave], group).mean())


@pytest.fixture(scope="module")
def women() -> Women:
    return Women(generate())


def differing(name: str, key: str, women: Women, obtain) -> list[tuple[str, ...]]:
    """Walks a file; returns the rows that differ, in the form of the list of exceptions."""
    out = []
    for row in published(name):
        printed, obtained = obtain(women, row)
        if not agrees(printed, obtained):
            shown = str(half_up(float(obtained), like(printed)))
            where = (row.get(column, "") for column in ("category", "group", "wave", "stat"))
            out.append((row[key], *where, printed, shown))
    return out


def exceptions(name: str) -> list[tuple[str, ...]]:
    columns = ("key", "category", "group", "wave", "stat", "printed", "obtained")
    return [tuple(row[column] for column in columns) for row in published("exceptions") if row["file"] == name]


def obtain_trend(women: Women, row: dict[str, str]) -> tuple[str, float | Decimal]:
    key, category, group, wave, stat = (row[c] for c in ("outcome_key", "category", "group", "wave", "stat"))
    start, _, end = wave.partition("-")
    if stat == "pct":
        obtained: float | Decimal = women.pct(key, category, group, wave)
        if like(row["value"]) < 1:
            count, denom = women.count(key, category, group, wave)
            obtained = 100 * count / denom
    elif stat == "count":
        obtained = women.count(key, category, group, wave)[0]
    elif stat == "count_change":
        obtained = women.count(key, category, group, end)[0] - women.count(key, category, group, start)[0]
    elif stat == "pct_point_change":
        obtained = women.pct(key, category, group, end) - women.pct(key, category, group, start)
    elif stat == "pct_point_diff":
        obtained = women.pct(key, category, "intervention", wave) - women.pct(key, category, "control", wave)
    elif stat in {"pct_min", "pct_max"}:
        return row["value"], bound(women, key, Decimal(row["value"]), stat)
    elif key == "ladder_steps":
        obtained = women.members(women.indicator(key, "", wave), group).mean()
    elif group == "national norm":
        obtained = float(row["value"])  # says nothing about these women
    else:
        obtained = obtain_mean(women, row)
    return row["value"], obtained


def obtain_mean(women: Women, row: dict[str, str]) -> float | Decimal:
    key, group, wave, decimals = row["outcome_key"], row["group"], row["wave"], like(row["value"])
    if row["stat"] == "mean":
        return women.mean(key, group, wave)
    if row["stat"] == "mean_diff":
        return half_up(women.mean(key, "control", wave), decimals) - half_up(
            women.mean(key, "intervention", wave), decimals
        )
    start, end = wave.split("-")
    return half_up(women.mean(key, group, end), decimals) - half_up(women.mean(key, group, start), decimals)


def bound(women: Women, key: str, limit: Decimal, stat: str) -> Decimal:
    """The limit itself if every wave and group respects it, else the level that does not."""
    levels = [women.pct(key, "", group, wave) for group in ("intervention", "control") for wave in WAVES]
    return min(limit, *levels) if stat == "pct_min" else max(limit, *levels)


def test_trends_equal_the_printed_ones(women: Women) -> None:
    assert len(published("trends")) == 213
    assert differing("trends", "outcome_key", women, obtain_trend) == exceptions("trends")


@pytest.mark.parametrize("column", ["count", "denom"])
def test_counts_behind_the_trends(women: Women, column: str) -> None:
    rows = [row for row in published("trends") if row[column] and row["stat"] in {"pct", "count"}]
    assert len(rows) == 75
    for row in rows:
        count, denom = women.count(row["outcome_key"], row["category"], row["group"], row["wave"])
        assert {"count": count, "denom": denom}[column] == int(row[column]), row


def test_fear_is_the_printed_sum_of_scores(women: Women) -> None:
    fear = women.wide("fear_of_violence")["T0"]
    assert [int(women.members(fear, g).sum()) for g in ("intervention", "control")] == [116, 85]


def obtain_implied(women: Women, row: dict[str, str]) -> tuple[int, int]:
    key, category, group, wave = (row[c] for c in ("outcome_key", "category", "group", "wave"))
    if key == "waves_attended":
        attended = women.wide("ladder_rung").notna()
        here = attended.all(axis=1) if category == "all five" else attended["T3"] & attended["T4"]
        values = women.members(here, group)
        return int(values.sum()), values.size
    if key in {"education", "youngest_child_home"}:
        levels = ["mid", "high"] if category == "mid or high" else [category]
        values = women.members(women.person[key].isin(levels), group)
        return int(values.sum()), values.size
    return women.count(key, category, group, wave)


def test_implied_counts(women: Women) -> None:
    rows = published("counts_implied")
    assert len(rows) == 162
    wrong = [row for row in rows if obtain_implied(women, row) != (int(row["count"]), int(row["denom"]))]
    assert wrong == []
    for row in rows:
        assert agrees(row["pct"], 100 * int(row["count"]) / int(row["denom"]))


def obtain_baseline(women: Women, row: dict[str, str]) -> tuple[str, float]:
    variable, level, person = row["variable"], row["level"], women.person
    if row["group"] in {"NL women", "Kwestie"}:
        return row["value"], float(row["value"])  # a reference population, no statement about these women
    if variable == "age":
        return row["value"], float(person["age"].mean())
    if variable == "fear_of_violence":
        levels = [3, 4] if level.startswith("3-4") else [int(level[0])]
        fear = women.wide(variable)["T0"].dropna()
        return row["value"], 100 * float(fear.isin(levels).mean())
    if variable in {"working", "violence_past_3m"}:
        key = {"working": "work_any"}.get(variable, variable)
        return row["value"], 100 * float(women.indicator(key, "", "T0").mean())
    true = {
        "migration_background": person["born_in_nl"] == "no",
        "last_job": person["last_job_over_5_years"] == "yes",
    }.get(variable)
    if true is None:
        levels = {"mid or high": ["mid", "high"], "none at home or 18+": ["none or 18+"]}.get(level, [level])
        true = person[variable].isin(levels)
    return row["value"], 100 * float(women.members(true, row["group"]).mean())


def test_baseline_equals_the_printed_one(women: Women) -> None:
    assert len(published("baseline")) == 71
    rows = [
        (key, row_level, group, "", stat, printed, obtained)
        for key, row_level, group, stat, printed, obtained in (
            (row["variable"], row["level"], row["group"], row["stat"], printed, str(half_up(obtained, like(printed))))
            for row in published("baseline")
            for printed, obtained in [obtain_baseline(women, row)]
            if not agrees(printed, obtained)
        )
    ]
    assert rows == exceptions("baseline")


def test_attrition(women: Women) -> None:
    interviews = women.survey.groupby(["wave", "group"]).size()
    for row in published("attrition"):
        sizes = {group: interviews[row["wave"], group] for group in ("intervention", "control")}
        n = sum(sizes.values()) if row["group"] == "all" else sizes[row["group"]]
        start = {"intervention": 81, "control": 55, "all": 136}[row["group"]]
        assert n == int(row["n"]), row
        assert row["dropout_pct"] == "" or agrees(row["dropout_pct"], 100 * (1 - n / start)), row


def test_reasons_for_nonresponse(women: Women) -> None:
    obtained = women.person["nonresponse_reason"].value_counts().to_dict()
    completed = women.wide("ladder_rung").notna().all(axis=1)
    assert (women.person["nonresponse_reason"].isna() == completed).all()
    obtained |= {"all five waves completed": completed.sum(), "one or more waves missed": (~completed).sum()}
    assert obtained == {row["item"]: int(row["n"]) for row in published("attrition_reasons")}


def test_match_groups_and_sites(women: Women) -> None:
    for row in published("match_groups"):
        letters = list("ABCDEFGH") if row["match_group"] == "total" else [row["match_group"]]
        here = women.person["match_group"].isin(letters)
        sizes = women.group[here].value_counts()
        assert (sizes["intervention"], sizes["control"]) == (int(row["n_intervention"]), int(row["n_control"]))
        assert here.sum() == int(row["n_total"])
    assert women.person["site"].nunique() == 16
    assert (women.person["site"] == women.person["match_group"] + "-" + women.group.str[0]).all()


def test_answers_per_figure(women: Women) -> None:
    rows = published("figure_n")
    assert len(rows) == 98
    for row in rows:
        answered = women.wide(FIGURE_OUTCOME[row["figure"]])[row["wave"]].notna()
        assert answered.sum() == int(row["n"]), row
        for group in ("intervention", "control"):
            if row[f"n_{group}"]:
                assert women.members(answered, group).sum() == int(row[f"n_{group}"]), row


def test_support_received(women: Women) -> None:
    rows = published("support")
    assert len(rows) == 85
    for row in rows:
        answers = women.members(women.wide(f"support_{row['item_key']}")["T1"], row["group"]).dropna()
        answer = "yes" if row["column"] == "used_at_least_once" else row["column"]
        n = int((answers == answer).sum())
        assert n == int(row["count"] or 0), row
        assert row["denom"] == "" or answers.size == int(row["denom"]), row
        assert row["pct"] == "" or agrees(row["pct"], 100 * n / answers.size), row


def test_every_listed_exception_has_a_reason() -> None:
    rows = published("exceptions")
    assert [row["file"] for row in rows] == ["baseline"] + ["trends"] * 4
    assert all(len(row["reason"]) > 20 for row in rows)


def test_other_statements_about_the_trends(women: Women) -> None:
    """What the report says in words (no number printed)."""
    for group in ("intervention", "control"):
        rung_1 = [women.pct("ladder_rung", "1", group, wave) for wave in ("T3", "T4")]
        assert rung_1[1] > rung_1[0]
        fear = [women.mean("fear_of_violence", group, wave) for wave in WAVES[:3]]
        assert max(fear[1:]) < fear[0]
        efficacy = [women.mean("self_efficacy", group, wave) for wave in WAVES]
        assert efficacy[0] < efficacy[4] < efficacy[3]
    mental = [women.mean("sf12_mental", "intervention", wave) for wave in WAVES]
    assert mental == sorted(mental)
    normal = [women.pct("dkl_depression_normal", "", "control", wave) for wave in WAVES]
    assert normal[1:] == sorted(normal, reverse=True)[:4]
    strong = [women.pct("dkl_depression", "strong", "control", wave) for wave in WAVES]
    assert strong[4] == min(strong)
    assert strong[4] < women.pct("dkl_depression", "strong", "intervention", "T4")
    for wave in ("T0", "T1", "T2"):
        assert women.mean("fear_of_violence", "intervention", wave) < women.mean("fear_of_violence", "control", wave)


def test_no_distress_score_is_ten(women: Women) -> None:
    """The report's band starts at 10, the instrument's at 11: both must give the same classes."""
    assert not (women.survey["dkl_distress"] == 10).any()
    assert np.isin(women.survey["dkl_distress"].dropna(), np.arange(33)).all()
