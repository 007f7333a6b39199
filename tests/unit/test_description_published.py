"""Every row of the published tables against `describe` on the example data; what it cannot give is listed by name."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from dnt_cli.description.rounding import half_up
from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.study import Language, Study, block_columns, load_study
from dnt_cli.survey import cast_survey
from dnt_cli.synthetic import generate
from dnt_cli.wording import Wording
from tests.support.published import FIGURE_OUTCOME, published

GROUPS = ["intervention", "control"]
KEY = ["table", "variable", "level", "group", "wave", "statistic"]
# Printed numbers that no data can have, as (key, category, group, wave, statistic, obtained); the reasons stand in
# tests/published/exceptions.csv.
IMPOSSIBLE = {
    ("education", "mid or high", "control", "", "pct", "76.4"),
    ("work_any", "", "intervention", "T3-T4", "pct_point_change", "0.4"),
    ("dkl_somatisation_normal", "", "control", "T3-T4", "pct_point_change", "6.2"),
    ("contact_any", "", "intervention", "T0-T3", "count_change", "-20"),
    ("contact_weekly", "", "intervention", "T0", "pct", "57.5"),
    ("cas_disciplinary", "", "control minus intervention", "T3", "mean_diff", "-0.02"),
}
# The published classes of a 4DKL scale stand under the name of its score.
CLASSES = {"normal", "moderate", "strong"}
OTHER_POPULATIONS = {"NL women", "Kwestie", "national norm"}


class Description:
    """The description by key; a sum of levels has the sum of their counts."""

    def __init__(self, frame: pd.DataFrame, study: Study) -> None:
        assert not frame.duplicated(KEY).any()
        self.frame, self.study = frame, study
        self._rows = frame.set_index(KEY).sort_index()

    def row(self, table: str, variable: str, level: str, group: str, wave: str, statistic: str) -> pd.Series:
        return self._rows.loc[(table, variable, level, group, wave, statistic)]

    def __contains__(self, key: tuple[str, ...]) -> bool:
        return key in self._rows.index

    def value(self, *key: str) -> float:
        return float(self.row(*key)["value"])

    def counts(self, table: str, variable: str, levels: list[str], group: str, wave: str) -> tuple[int, int]:
        rows = [self.row(table, variable, level, group, wave, "pct") for level in levels]
        return sum(int(row["n"]) for row in rows), int(rows[0]["denominator"])

    def levels(self, variable: str, category: str) -> list[str]:
        """Levels of an outcome by their English names, or by number; `a or b` are two levels."""
        outcome = self.study.outcomes[variable]
        if not category or category.isdigit():
            return [category]
        first = int(outcome.range[0])
        names = {label.en: str(first + i) for i, label in enumerate(outcome.level_labels)}
        return [names[category]] if category in names else [names[part] for part in category.split(" or ")]


def other_populations(study: Study) -> pd.DataFrame:
    """The published figures of other populations for characteristics that the study has."""
    rows = [r for r in published("baseline") if r["group"] in OTHER_POPULATIONS and r["where"] == "Table 3.2"]
    frame = pd.DataFrame(rows).rename(columns={"group": "population", "stat": "statistic"})
    return frame[frame["variable"].isin(list(study.covariates))]


@pytest.fixture(scope="module")
def description() -> Description:
    study, raw = load_study("dnt"), generate()
    survey, warnings = cast_survey(raw, study)
    assert warnings == []
    more = [*block_columns(study.description)]
    further = raw[["id", "wave", *more]]
    return Description(describe(survey, study, further=further, reference=other_populations(study)), study)


def outcome_of(key: str, category: str) -> str:
    """The outcome that a published row is about."""
    return f"{key}_class" if category in CLASSES else key


def decimals(printed: str) -> int:
    return len(printed.partition(".")[2])


def printed_like(value: float, printed: str) -> Decimal:
    return Decimal(f"{float(half_up(value, decimals(printed))):.{decimals(printed)}f}")


def obtain_trend(d: Description, row: dict[str, str]) -> float:
    key, category, group, wave, stat = (row[c] for c in ("outcome_key", "category", "group", "wave", "stat"))
    key = outcome_of(key, category)
    if key in {"ladder_rise", "ladder_fall"}:
        return d.value("change", "ladder_rung", "", group, wave, key.removeprefix("ladder_"))
    if key == "ladder_steps":
        return d.value("change", "ladder_rung", "", group, wave, "paired_mean")
    levels = d.levels(key, category)
    if stat in {"pct", "count"}:
        count, denominator = d.counts("trend", key, levels, group, wave)
        if row["count"]:
            assert (count, denominator) == (int(row["count"]), int(row["denom"])), row
        return count if stat == "count" else 100 * count / denominator
    if stat in {"pct_min", "pct_max"}:
        cells = d.frame.query("table == 'trend' and variable == @key and statistic == 'pct' and group in @GROUPS")
        limits = [float(row["value"]), *half_up(cells["value"], 1)]
        assert len(limits) == 11
        return min(limits) if stat == "pct_min" else max(limits)
    if stat in {"pct_point_diff", "mean_diff"}:
        sign = {"intervention minus control": 1, "control minus intervention": -1}[group]
        if len(levels) == 1:
            return sign * d.value("trend", key, levels[0], "", wave, "difference_rounded")
        a, b = (d.counts("trend", key, levels, g, wave) for g in GROUPS)
        return sign * float(half_up(100 * a[0] / a[1], 1) - half_up(100 * b[0] / b[1], 1))
    (level,) = levels
    if stat == "mean":
        return d.value("trend", key, level, group, wave, "mean")
    return d.value("change", key, level, group, wave, stat if stat == "count_change" else f"{stat}_rounded")


def test_trends(description: Description) -> None:
    rows = published("trends")
    assert len(rows) == 213
    walked, differing, left = 0, set(), []
    for row in rows:
        key, category, group, wave, stat = (row[c] for c in ("outcome_key", "category", "group", "wave", "stat"))
        if group in OTHER_POPULATIONS:
            left.append((key, category, group, wave, stat))
            continue
        walked += 1
        obtained = printed_like(obtain_trend(description, row), row["value"])
        if obtained != Decimal(row["value"]):
            shown = printed_like(obtain_trend(description, row), row["value"] if "." in row["value"] else "0")
            if stat == "pct_point_change":
                shown = printed_like(obtain_trend(description, row), "0.0")
            differing.add((key, category, group, wave, stat, str(shown)))
    assert walked == 213 - len(left)
    assert left == [
        ("sf12_physical", "", "national norm", "", "mean"),
        ("sf12_mental", "", "national norm", "", "mean"),
    ]
    # "Stays equal" at T3-T4 is printed without decimals; 0.4 rounds to it, so only the others differ.
    expected = {row for row in IMPOSSIBLE if row[0] not in {"education", "work_any"}}
    assert differing == expected
    assert description.value("change", "work_any", "", "intervention", "T3-T4", "pct_point_change_rounded") == 0.4
    assert description.value("change", "work_any", "", "intervention", "T3-T4", "count_change") == 0


def test_change_is_the_difference_of_rounded_percentages_where_only_that_fits(description: Description) -> None:
    rows = [row for row in published("trends") if row["fit"] == "difference of rounded percentages only"]
    assert len(rows) == 3
    for row in rows:
        key, group, wave = row["outcome_key"], row["group"], row["wave"]
        exact = description.value("change", key, row["category"], group, wave, "pct_point_change")
        assert printed_like(exact, row["value"]) != Decimal(row["value"])


BASELINE_NAMES = {
    ("working", "yes"): ("work_any", [""], "T0"),
    ("violence_past_3m", "yes"): ("violence_past_3m", [""], "T0"),
    ("migration_background", "yes"): ("born_in_nl", ["no"], ""),
    ("last_job", "more than 5 years ago"): ("last_job_over_5_years", ["yes"], ""),
    ("education", "mid or high"): ("education", ["mid/high"], ""),
    ("youngest_child_home", "none at home or 18+"): ("youngest_child_home", ["none or 18+"], ""),
    ("fear_of_violence", "3-4 much or very much"): ("fear_of_violence", ["3", "4"], "T0"),
}


def obtain_baseline(d: Description, row: dict[str, str]) -> float:
    variable, level, group = row["variable"], row["level"], row["group"]
    if row["stat"] == "mean":
        return d.value("baseline", variable, "", group, "", "mean")
    if variable == "fear_of_violence" and "-" not in level:
        name = (variable, [level[0]], "T0")
    else:
        name = BASELINE_NAMES.get((variable, level), (variable, [level], ""))
    count, denominator = d.counts("baseline", name[0], name[1], group, name[2])
    if row["count"]:
        assert (count, denominator) == (int(row["count"]), int(row["denom"])), row
    return 100 * count / denominator


def test_baseline(description: Description) -> None:
    rows = [row for row in published("baseline") if row["group"] not in OTHER_POPULATIONS]
    assert len(rows) == 42
    differing = set()
    for row in rows:
        obtained = printed_like(obtain_baseline(description, row), row["value"])
        if obtained != Decimal(row["value"]):
            differing.add((row["variable"], row["level"], row["group"], "", row["stat"], str(obtained)))
    assert differing == {row for row in IMPOSSIBLE if row[0] == "education"}


def test_attrition(description: Description) -> None:
    rows = published("attrition")
    assert len(rows) == 15
    for row in rows:
        present = description.row("attrition", "", "", row["group"], row["wave"], "present")
        dropout = description.row("attrition", "", "", row["group"], row["wave"], "dropout")
        assert present["n"] == int(row["n"])
        assert present["denominator"] == present["n"] + dropout["n"]
        assert printed_like(dropout["value"], "0.0") == Decimal(row["dropout_pct"] or "0.0"), row


def test_completers(description: Description) -> None:
    complete = description.row("attrition", "", "", "all", "", "complete")
    printed = {row["item"]: int(row["n"]) for row in published("attrition_reasons")}
    assert complete["n"] == printed["all five waves completed"]
    assert complete["denominator"] - complete["n"] == printed["one or more waves missed"]


def test_reasons_for_missing_a_wave(description: Description) -> None:
    reasons = {
        level: int(description.row("further", "nonresponse_reason", level, "all", "", "pct")["n"])
        for level in description.frame.query("variable == 'nonresponse_reason'")["level"].unique()
    }
    printed = {row["item"]: int(row["n"]) for row in published("attrition_reasons")[2:]}
    assert len(printed) == 8
    assert reasons == printed
    assert sum(reasons.values()) == 70


def test_support_received(description: Description) -> None:
    rows = published("support")
    assert len(rows) == 85
    for row in rows:
        level = "yes" if row["column"] == "used_at_least_once" else row["column"]
        key = ("further", f"support_{row['item_key']}", level, row["group"], "T1", "pct")
        if row["count"] in {"", "0"}:  # nobody
            assert key not in description or description.row(*key)["n"] == 0, row
            continue
        cell = description.row(*key)
        assert (cell["n"], cell["denominator"]) == (int(row["count"]), int(row["denom"])), row
        assert printed_like(cell["value"], row["pct"]) == Decimal(row["pct"]), row


def cells(description: Description, language: Language, title: str) -> dict[str, list[str]]:
    """The texts of one table, by the label of their row."""
    tables = description_tables(description.frame, Wording(description.study, language))
    [table] = [own for own in tables if title in own.title]
    heads = [column.heading for column in table.columns[1:]]
    return {"": heads} | {row[0].text: [cell.text for cell in row[1:]] for row in table.sections[0].rows}


def test_support_stands_in_the_tables_of_the_report(description: Description) -> None:
    for number, columns in (("3.3", 5), ("3.4", 2)):
        printed: dict[str, list[str]] = {}
        for row in published("support"):
            if row["table"] == number:
                pct = f"{row['pct'].replace('.', ',')}%" if row["pct"] else ""
                printed.setdefault(row["item_label_nl"], []).append(pct)
        shown = cells(description, "nl", f"tabel {number}")
        heads = shown.pop("")
        assert len(heads) == columns
        assert shown == printed
    assert heads == ["Interventie", "Controle"]


def test_reasons_and_match_groups_stand_in_tables_of_their_own(description: Description) -> None:
    shown = cells(description, "en", "Reasons for missing a wave")
    printed = {row["item"]: row["n"] for row in published("attrition_reasons")[2:]}
    assert {label: texts[2] for label, texts in shown.items()} == {"": "Total", "Total": "70"} | printed
    groups = {
        row["match_group"]: [row[f"n_{g}"] for g in ("intervention", "control", "total")]
        for row in published("match_groups")
    }
    shown = cells(description, "en", "Match groups")
    assert {label.lower() if label == "Total" else label: texts for label, texts in shown.items() if label} == groups


def test_the_study_knows_the_other_populations_of_the_report(description: Description) -> None:
    names = {"NL women": "women_nl", "Kwestie": "kwestie"}
    working = {"yes": "work_any", "more than 12 hours": "work_gt12h"}
    rows = [r for r in published("baseline") if r["group"] in names and r["where"] == "Table 3.2"]
    rows = [r for r in rows if r["variable"] != "marital_status"]  # the study did not ask it
    assert len(rows) == 17
    for row in rows:
        variable, level, wave = row["variable"], row["level"], ""
        if variable == "working":
            variable, level, wave = working[level], "", "T0"
        obtained = description.value("baseline", variable, level, names[row["group"]], wave, row["stat"])
        assert obtained == float(row["value"]), row
    table = description_tables(description.frame, Wording(description.study, "nl"))[2]
    assert "Vrouwen in Nederland" in [column.heading for column in table.columns]
    assert any(note.startswith("Vrouwen in Nederland: 1 januari 2018") for note in table.notes)


def test_other_populations(description: Description) -> None:
    rows = other_populations(description.study)
    assert len(rows) == 15
    for row in rows.itertuples():
        obtained = description.value("baseline", row.variable, row.level, row.population, "", row.statistic)
        assert obtained == float(row.value)


def test_match_groups(description: Description) -> None:
    rows = published("match_groups")
    assert len(rows) == 9
    for row in rows:
        if row["match_group"] == "total":
            obtained = [description.row("sample", "", "", g, "", "pct")["n"] for g in [*GROUPS, "all"]]
        else:
            sites = [f"{row['match_group']}-{g[0]}" for g in GROUPS]
            cells = [description.row("sample", "site", s, g, "", "pct") for s, g in zip(sites, GROUPS, strict=True)]
            obtained = [cell["n"] for cell in cells] + [sum(cell["n"] for cell in cells)]
        assert obtained == [int(row[f"n_{g}"]) for g in ("intervention", "control", "total")]


def test_answers_per_figure(description: Description) -> None:
    rows = published("figure_n")
    assert len(rows) == 98
    for row in rows:
        key, wave = FIGURE_OUTCOME[row["figure"]], row["wave"]
        binary = description.study.outcomes[key].kind == "binary"

        def answered(group: str, key: str = key, wave: str = wave, binary: bool = binary) -> int:
            cell = description.row("trend", key, "", group, wave, "pct" if binary else "mean")
            return int(cell["denominator"] if binary else cell["n"])

        assert answered("all") == int(row["n"]), row
        for group in GROUPS:
            if row[f"n_{group}"]:
                assert answered(group) == int(row[f"n_{group}"]), row


def obtain_counts(d: Description, row: dict[str, str]) -> tuple[int, int]:
    key, category, group, wave = (row[c] for c in ("outcome_key", "category", "group", "wave"))
    key = outcome_of(key, category)
    if key == "waves_attended":
        patterns = d.frame.query("table == 'attrition' and variable == 'pattern' and group == @group")
        wanted = {"T0", "T1", "T2", "T3", "T4"} if category == "all five" else {"T3", "T4"}
        inside = [wanted <= set(level.split("+")) for level in patterns["level"]]
        return int(patterns.loc[inside, "n"].sum()), int(patterns["denominator"].iloc[0])
    if key in {"ladder_rise", "ladder_fall", "ladder_same"}:
        cell = d.row("change", "ladder_rung", "", group, wave, key.removeprefix("ladder_"))
        return int(cell["n"]), int(cell["denominator"])
    if key in d.study.covariates:
        name = BASELINE_NAMES.get((key, category), (key, [category], ""))
        return d.counts("baseline", name[0], name[1], group, name[2])
    return d.counts("trend", key, d.levels(key, category), group, wave)


def test_implied_counts(description: Description) -> None:
    rows = published("counts_implied")
    assert len(rows) == 162
    assert sum(row["category"] in CLASSES for row in rows) == 14
    wrong = [row for row in rows if obtain_counts(description, row) != (int(row["count"]), int(row["denom"]))]
    assert wrong == []
