"""Relatives of the inputs that once failed: for each kind, the same fault in other clothes.

Each is a clean file with one disguise; it gives the survey of the clean file, or an error that names the disguise.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from dnt_cli.errors import DataError
from dnt_cli.reading import Dictionary, write_table
from dnt_cli.study import parse_study
from tests.support.reading import SMALL, long_frame, names, read_survey, wide_frame

File = tuple[bytes, str, str]  # content, ending and study file
CLEAN = long_frame()
SAME = ""
MORE = "1000 more"
WIDER = SMALL.replace("range = [0, 100]", "")


def text(frame: pd.DataFrame, separator: str = ",", study: str = SMALL) -> File:
    return frame.to_csv(index=False, sep=separator).encode(), ".csv", study


def labelled(frame: pd.DataFrame, suffix: str, values: dict[str, Any], study: str = SMALL, **missing: Any) -> File:
    return write_table(frame, Dictionary({}, values, missing), suffix), suffix, study


def sheet(frame: pd.DataFrame, change: Callable[[Any], None] | None = None, study: str = SMALL) -> File:
    book = openpyxl.Workbook()
    page = book.active
    page.append(list(frame.columns))
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
        page.append([value.item() if hasattr(value, "item") else value for value in row])
    if change is not None:
        change(page)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue(), ".xlsx", study


def with_lines(section: str, lines: str, study: str = SMALL) -> str:
    return (
        study.replace(f"[{section}]", f"[{section}]\n{lines}")
        if section in study
        else f"{study}\n[{section}]\n{lines}\n"
    )


def changed(**columns: Any) -> pd.DataFrame:
    """The clean file with functions of its columns in their place."""
    return CLEAN.assign(**{name: CLEAN[name].map(change, na_action="ignore") for name, change in columns.items()})


def coded(yes: float, no: float) -> pd.DataFrame:
    return changed(work=lambda v: yes if v == 1 else no)


def worded(yes: str, no: str) -> pd.DataFrame:
    return changed(work=lambda v: yes if v == 1 else no)


def filled(value: float) -> pd.DataFrame:
    """A code in the place of the answers that are missing, and of some more."""
    frame = CLEAN.copy()
    frame["wellbeing"] = frame["wellbeing"].fillna(value)
    frame.loc[frame.index[:12], "wellbeing"] = value
    return frame


def first_row_only(*columns: str, last: bool = False) -> pd.DataFrame:
    frame = CLEAN.copy()
    again = frame["id"].duplicated(keep="last" if last else "first")
    for column in columns:
        frame[column] = frame[column].astype(object).where(~again, None)
    return frame


def ids(change: Callable[[str], str], frame: pd.DataFrame = CLEAN) -> pd.DataFrame:
    """Ids of later waves written otherwise."""
    later = frame["wave"] != "T0"
    return frame.assign(id=[change(str(i)) if other else str(i) for i, other in zip(frame["id"], later, strict=True)])


def numbered(first: Callable[[int], str], later: Callable[[int], str]) -> pd.DataFrame:
    order = {own: i + 1 for i, own in enumerate(CLEAN["id"].drop_duplicates())}
    rows = zip(CLEAN["id"], CLEAN["wave"], strict=True)
    return CLEAN.assign(id=[(first if wave == "T0" else later)(order[own]) for own, wave in rows])


def comma(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def whole(value: float) -> str:
    """1.068 for a thousand more, rounded."""
    return f"{1000 + value:,.0f}".replace(",", ".")


def german(value: float) -> str:
    """1.068,4 for a thousand more."""
    return f"{1000 + value:,.1f}".translate(str.maketrans(",.", ".,"))


DUTCH = {"low": "laag", "mid": "midden", "high": "hoog"}
IN_DUTCH = with_lines("covariates.education", 'level_labels = ["laag", "midden", "hoog"]')


def formulas(column: str, cells: int) -> Callable[[Any], None]:
    place = list(CLEAN.columns).index(column) + 1

    def change(page: Any) -> None:
        for row in range(2, 2 + cells):
            page.cell(row, place).value = f"=1+{row}"

    return change


def lines(change: Callable[[str], str]) -> File:
    """Every line of the clean text, changed."""
    plain = CLEAN.to_csv(index=False).splitlines()
    return "".join(f"{change(line)}\n" for line in plain).encode(), ".csv", SMALL


YES = {"work": {1.0: "Ja", 2.0: "Nee"}}
RELATIVES: dict[str, tuple[str, Callable[[], File], str]] = {
    "yes 1, no 2 with English labels": (
        "02",
        lambda: labelled(coded(1, 2), ".sav", {"work": {1.0: "Yes", 2.0: "No"}}),
        SAME,
    ),
    "yes 2, no 1 with labels": ("02", lambda: labelled(coded(2, 1), ".sav", {"work": {2.0: "ja", 1.0: "nee"}}), SAME),
    "yes 1, no 2 in Stata": ("02", lambda: labelled(coded(1, 2), ".dta", YES), SAME),
    "yes 1, no 2 in Excel with labels": ("02", lambda: labelled(coded(1, 2), ".xlsx", YES), SAME),
    "yes 1, no 2 without labels": ("02", lambda: labelled(coded(1, 2), ".sav", {}), "out_of_range"),
    "yes 1, no 2 told": ("02", lambda: text(coded(1, 2), study=with_lines("outcomes.work", "yes = 1\nno = 2")), SAME),
    "J and N": ("02", lambda: text(worded("J", "N")), SAME),
    "words told": (
        "02",
        lambda: text(worded("wel", "niet"), study=with_lines("outcomes.work", 'yes = "wel"\nno = "niet"')),
        SAME,
    ),
    "98 with a label": ("04", lambda: labelled(filled(98), ".sav", {"wellbeing": {98.0: "weet niet"}}), "suspect"),
    "99 in Stata": ("04", lambda: labelled(filled(99), ".dta", {"wellbeing": {99.0: "geen antwoord"}}), "suspect"),
    "-9 with a label": ("04", lambda: labelled(filled(-9), ".sav", {"wellbeing": {-9.0: "refused"}}), "suspect"),
    "-99 without a label": ("04", lambda: text(filled(-99)), "suspect"),
    "999 without a label": ("04", lambda: sheet(filled(999)), "suspect"),
    "a word for no answer": (
        "04",
        lambda: text(
            changed(wellbeing=lambda v: v).assign(
                wellbeing=lambda f: f["wellbeing"].astype(object).where(f["wellbeing"].notna(), "n.v.t.")
            )
        ),
        SAME,
    ),
    "commas in one column of Excel": ("17", lambda: sheet(changed(age=comma)), SAME),
    "commas in all columns of Excel": ("17", lambda: sheet(changed(age=comma, wellbeing=comma)), SAME),
    "points in text of Excel": ("17", lambda: sheet(changed(wellbeing=lambda v: f"{v:g}")), SAME),
    "blanks around text numbers": ("17", lambda: sheet(changed(wellbeing=lambda v: f" {v:g} ")), SAME),
    "a date in Excel": (
        "17",
        lambda: sheet(CLEAN.assign(wellbeing=[datetime.datetime(2024, 5, 6), *CLEAN["wellbeing"][1:]])),
        "dates",
    ),
    "words among numbers": (
        "17",
        lambda: sheet(CLEAN.assign(wellbeing=["veel", *CLEAN["wellbeing"][1:]])),
        "no_number",
    ),
    "only the group once": ("22", lambda: text(first_row_only("group")), SAME),
    "all characteristics once": ("22", lambda: text(first_row_only("group", "site", "education", "age")), SAME),
    "on the last row only": ("22", lambda: text(first_row_only("group", "site", last=True)), SAME),
    "once in SPSS": ("22", lambda: labelled(first_row_only("age"), ".sav", {}), SAME),
    "once in Excel": ("22", lambda: sheet(first_row_only("group", "education")), SAME),
    "two groups of one person": (
        "22",
        lambda: text(CLEAN.assign(group=["treated", "control"] * (len(CLEAN) // 2) + ["control"] * (len(CLEAN) % 2))),
        "changing",
    ),
    "zeros lost later": ("24", lambda: text(numbered(lambda i: f"{i:03d}", str)), "ids_zeros"),
    "zeros lost and restored": (
        "24",
        lambda: text(numbered(lambda i: f"{i:03d}", str), study=with_lines("files", "id_width = 3")),
        SAME,
    ),
    "numbers with a point": (
        "63",
        lambda: text(numbered(str, lambda i: f"{i}.0"), study=with_lines("files", "id_width = 3")),
        SAME,
    ),
    "capitals": (
        "63",
        lambda: text(ids(lambda own: f"P{own[1:]}", CLEAN.assign(id="p" + CLEAN["id"]))),
        "ids_spelling",
    ),
    "a blank inside": ("63", lambda: text(ids(lambda own: f"{own[:1]} {own[1:]}")), "ids_spelling"),
    "a blank behind": ("63", lambda: text(ids(lambda own: f"{own} ")), SAME),
    "commas behind every line": ("25", lambda: lines(lambda line: f"{line},,,"), SAME),
    "semicolons behind every line": (
        "25",
        lambda: (lines(lambda line: f"{line},,")[0].replace(b",", b";"), ".csv", SMALL),
        SAME,
    ),
    "empty rows behind": ("25", lambda: (lines(str)[0] + b",,,,,,,\n" * 5, ".csv", SMALL), SAME),
    "empty rows between": ("25", lambda: (lines(str)[0].replace(b"\n", b"\n\n"), ".csv", SMALL), SAME),
    "blank cells behind": ("25", lambda: sheet(CLEAN.assign(**{"": " "})), SAME),
    "a byte order mark": ("25", lambda: (b"\xef\xbb\xbf" + lines(str)[0], ".csv", SMALL), SAME),
    "quoted commas everywhere": ("54", lambda: text(changed(wellbeing=comma, age=comma)), SAME),
    "semicolons and commas": ("54", lambda: text(changed(wellbeing=comma), separator=";"), SAME),
    "tabs and commas": ("54", lambda: text(changed(wellbeing=comma), separator="\t"), SAME),
    "semicolons and points": ("54", lambda: text(CLEAN, separator=";"), SAME),
    "a separator line": ("54", lambda: (b"sep=;\n" + text(CLEAN, separator=";")[0], ".csv", SMALL), SAME),
    "wide in Excel": ("60", lambda: sheet(wide_frame("{outcome}_{wave}")), SAME),
    "wide in SPSS": ("60", lambda: labelled(wide_frame("{outcome}_{wave}"), ".sav", {}), SAME),
    "wide in Stata": ("60", lambda: labelled(wide_frame("{outcome}_{wave}"), ".dta", {}), SAME),
    "wide, the wave first, told": (
        "60",
        lambda: text(
            wide_frame("{wave}_{outcome}"), study=with_lines("files", 'layout = "wide"\npattern = "{wave}_{outcome}"')
        ),
        SAME,
    ),
    "wide, the wave first": ("60", lambda: text(wide_frame("{wave}_{outcome}")), "looks_wide"),
    "wide with a code": (
        "60",
        lambda: text(
            wide_frame("{outcome}_{wave}").pipe(
                lambda f: f.assign(wellbeing_T1=f["wellbeing_T1"].fillna(-99).where(f.index > 12, -99))
            )
        ),
        "suspect",
    ),
    "one formula": ("61", lambda: sheet(CLEAN, formulas("wellbeing", 1)), "formula_empty"),
    "formulas in a characteristic": ("61", lambda: sheet(CLEAN, formulas("age", 30)), "formula_empty"),
    "formulas for yes and no": ("61", lambda: sheet(CLEAN, formulas("work", 5)), "formula_empty"),
    "formulas for ids": ("61", lambda: sheet(CLEAN, formulas("id", 3)), "formula_empty"),
    "formulas in a column that nobody uses": (
        "61",
        lambda: sheet(CLEAN.assign(note=1.0), lambda page: page.cell(2, CLEAN.shape[1] + 1, "=1+1")),
        SAME,
    ),
    "thousands with points": (
        "62",
        lambda: text(changed(wellbeing=lambda v: f"{1000 + v:,.0f}".replace(",", ".")), separator=";", study=WIDER),
        "thousands_open",
    ),
    "thousands with commas beside points": (
        "62",
        lambda: text(changed(wellbeing=lambda v: f"{1000 + v:,.1f}"), study=WIDER),
        MORE,
    ),
    "thousands with points and a decimal comma": (
        "62",
        lambda: text(changed(wellbeing=german), separator=";", study=WIDER),
        MORE,
    ),
    "thousands with points told": (
        "62",
        lambda: text(changed(wellbeing=whole), separator=";", study=with_lines("files", 'decimal = ","', WIDER)),
        MORE,
    ),
    "thousands in Excel": (
        "62",
        lambda: sheet(changed(wellbeing=lambda v: f"{1000 + v:,.0f}".replace(",", ".")), study=WIDER),
        "thousands_open",
    ),
    "an unused date of long ago": ("47", lambda: text(CLEAN.assign(seen="31-12-9999")), SAME),
    "an unused column of words": ("47", lambda: text(CLEAN.assign(remark="anders, namelijk")), SAME),
    "an unused huge number": ("47", lambda: labelled(CLEAN.assign(stamp=1e300), ".sav", {}), SAME),
    "an unused column of dates in Excel": (
        "47",
        lambda: sheet(CLEAN.assign(seen=datetime.datetime(1899, 12, 31))),
        SAME,
    ),
    "an unused empty column": ("47", lambda: text(CLEAN.assign(nothing=np.nan)), SAME),
    "levels in capitals": ("53", lambda: text(changed(education=str.upper)), SAME),
    "levels with blanks": ("53", lambda: text(changed(education=lambda v: f" {v} ")), SAME),
    "levels in the words of the study": ("53", lambda: text(changed(education=DUTCH.get), study=IN_DUTCH), SAME),
    "the same with capitals in Excel": (
        "53",
        lambda: sheet(changed(education=lambda v: DUTCH[v].upper()), study=IN_DUTCH),
        SAME,
    ),
    "codes that the study tells": (
        "53",
        lambda: text(
            changed(education=lambda v: {"low": 3, "mid": 2, "high": 1}[v]),
            study=with_lines("covariates.education", 'codes = { "3" = "low", "2" = "mid", "1" = "high" }'),
        ),
        SAME,
    ),
    "codes with labels in Stata": (
        "53",
        lambda: labelled(
            changed(education=lambda v: {"low": 3.0, "mid": 2.0, "high": 1.0}[v]),
            ".dta",
            {"education": {3.0: "low", 2.0: "mid", 1.0: "high"}},
        ),
        SAME,
    ),
    "a word that is no level": (
        "53",
        lambda: text(changed(education=lambda v: v.replace("mid", "middling"))),
        "level_unknown",
    ),
}


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    survey = read_survey(text(CLEAN)[0], "x.csv", parse_study(SMALL)).survey
    assert survey is not None
    return survey.astype(str)


@pytest.mark.parametrize("relative", RELATIVES)
def test_a_relative_is_read_as_it_is_meant_or_named(relative: str, clean: pd.DataFrame) -> None:
    _, make, expected = RELATIVES[relative]
    content, suffix, study = make()
    try:
        reading = read_survey(content, f"x{suffix}", parse_study(study))
    except DataError as error:
        pytest.fail(f"refused: {error}")
    if expected == MORE:
        assert reading.survey is not None
        more = reading.survey["wellbeing"] - clean["wellbeing"].astype(float)
        assert more.dropna().between(999.5, 1000.5).all()
        assert more.notna().sum() > 100
    elif expected == SAME:
        assert names(reading) == []
        assert reading.survey is not None
        pd.testing.assert_frame_equal(reading.survey.astype(str), clean)
    else:
        assert expected in names(reading)


def test_every_kind_has_five_relatives() -> None:
    """Ids stand in two folders, which are one kind; empty arms and rare levels have tests of their own."""
    kinds = [kind.replace("63", "24") for kind, _, _ in RELATIVES.values()]
    assert min(kinds.count(kind) for kind in kinds) >= 5
