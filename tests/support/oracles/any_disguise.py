"""A clean study in the disguises in which data files come: layouts, formats, codes, numbers, headers.

Every file must give the survey of the clean one, to the byte, or an error that names the disguise.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.reading import Dictionary, write_table
from dnt_cli.study import parse_study
from dnt_cli.survey import survey_table
from tests.support.reading import read_survey
from tests.support.studies import study_text

WAVES = ("T0", "T1", "T2")
LEVELS = ("laag", "midden", "hoog")
CLASSES = ("nooit", "soms", "vaak", "altijd")
OUTCOMES = ("work", "score", "income", "mood")
NUMBERS = ("score", "income")
STUDY = study_text(
    {
        "work": {"kind": "binary"},
        "score": {"kind": "linear"},
        "income": {"kind": "linear"},
        "mood": {"kind": "ordinal", "role": "descriptive", "range": [1, 4], "level_labels": CLASSES},
    },
    key="disguised",
    design={"id": "nr", "wave": "meting", "group": "arm", "intervention": "treated", "comparison": "control"},
    covariates={
        "school": {"kind": "ordered", "levels": ["1", "2", "3"], "level_labels": LEVELS},
        "age": {"kind": "continuous"},
    },
    files={},
)


@dataclass
class Draft:
    """A file in the making.

    Attributes:
        frame: values as objects; rows per person and wave, or per person.
        suffix: the format.
        lines: what the study file says beside the usual, by section.
        dictionary: labels and user-missing codes.
        above: lines above the table.
        separator: of CSV.
        allowed: keys of errors that name the disguise.
        done: names of the disguises.
        decimal: of CSV.
    """

    frame: pd.DataFrame
    suffix: str
    rng: np.random.Generator
    lines: dict[str, list[str]] = field(default_factory=lambda: {"files": [], "outcomes.work": []})
    dictionary: Dictionary = field(default_factory=Dictionary)
    above: list[str] = field(default_factory=list)
    separator: str = ","
    allowed: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    tail: str = ""
    decimal: str = "."
    wide: bool = False

    def columns(self, *keys: str) -> list[str]:
        """The columns of these outcomes, at all waves if the table is wide."""
        return [
            c for c in self.frame.columns if c in keys or c.rpartition("_")[0] in keys or c.partition("_")[2] in keys
        ]

    def change(self, keys: tuple[str, ...], function: Callable[[object], object]) -> None:
        """Every value that is there becomes another."""
        for column in self.columns(*keys):
            self.frame[column] = pd.Series(
                [v if v is None else function(v) for v in self.frame[column]], index=self.frame.index, dtype=object
            )


def clean(rng: np.random.Generator) -> pd.DataFrame:
    """A study without any disguise, values as Python objects, no wave without an answer."""
    rows = []
    for person in range(int(rng.integers(12, 25))):
        fixed = {
            "nr": f"p{person + 1:03d}", "arm": "treated" if person % 2 else "control",
            "school": str(rng.integers(1, 4)), "age": float(rng.integers(18, 66)),
        }  # fmt: skip
        for wave in WAVES:
            if wave != "T0" and rng.random() < 0.3:
                continue
            values: dict[str, object] = {
                "work": float(rng.integers(0, 2)), "score": round(float(rng.uniform(1, 7)), 2),
                "income": round(float(rng.uniform(800, 3000)), 1), "mood": float(rng.integers(1, 5)),
            }  # fmt: skip
            for key in OUTCOMES[1:]:
                if rng.random() < 0.15:
                    values[key] = None
            rows.append(fixed | {"meting": wave} | values)
    rows[0] |= {"score": 2.5, "income": 1234.5, "mood": 2.0, "work": 1.0}
    rows[-1] |= {"work": 0.0}
    return pd.DataFrame(rows).astype(object).where(lambda f: f.notna(), None)


# Each disguise changes a draft, or returns without doing anything where it does not fit.
def as_wide(draft: Draft) -> None:
    fixed = draft.frame.drop_duplicates("nr")[["nr", "arm", "school", "age"]].set_index("nr")
    parts = [fixed]
    swapped = draft.rng.random() < 0.4
    for wave in WAVES:
        part = draft.frame[draft.frame["meting"] == wave].set_index("nr")[list(OUTCOMES)]
        parts.append(part.rename(columns=lambda key, w=wave: f"{w}_{key}" if swapped else f"{key}_{w}"))
    wide = pd.concat(parts, axis=1).reset_index(names="nr").astype(object)
    draft.frame, draft.wide = wide.where(wide.notna(), None), True
    if swapped and draft.rng.random() < 0.5:
        draft.lines["files"] += ['layout = "wide"', 'pattern = "{wave}_{outcome}"']
    elif swapped:
        draft.allowed.add("looks_wide")


def missing_code(draft: Draft) -> None:
    """-99 for no answer, named in the study file or not."""
    for column in draft.columns(*NUMBERS):
        draft.frame[column] = [-99.0 if v is None else v for v in draft.frame[column]]
    if draft.wide or draft.rng.random() < 0.5:  # a wave that nobody missed would come about
        draft.lines["files"].append("missing = [-99]")
    else:
        draft.allowed.add("suspect")


def missing_word(draft: Draft) -> None:
    if draft.suffix in (".sav", ".dta"):
        return
    word = str(draft.rng.choice(["NaN", "n.v.t.", ".", "-", "NULL", "#N/A", "<NA>", "N/A", "None"]))
    for column in draft.columns("mood"):
        draft.frame[column] = [word if v is None else v for v in draft.frame[column]]


def dont_know(draft: Draft) -> None:
    """9 with a label, declared as missing or not; or the word itself."""
    labelled = draft.suffix in (".sav", ".dta", ".xlsx")
    if draft.suffix == ".parquet":
        return
    for column in draft.columns("mood"):
        draft.frame[column] = [(9.0 if labelled else "weet niet") if v is None else v for v in draft.frame[column]]
        if labelled:
            draft.dictionary = Dictionary(
                {}, {**draft.dictionary.values, column: {9.0: "weet niet"}}, draft.dictionary.missing
            )
    if draft.rng.random() < 0.5:
        draft.lines["files"].append('missing = ["weet niet"]')
    elif any(
        "mood" in c and (draft.frame[c].map(lambda v: v in (9.0, "weet niet"))).any() for c in draft.frame.columns
    ):
        draft.allowed.add("suspect")


def yes_no_words(draft: Draft) -> None:
    if draft.suffix in (".sav", ".dta"):
        return
    yes, no = [("ja", "nee"), ("Yes", "No"), ("J", "N"), ("waar", "onwaar")][draft.rng.integers(0, 4)]
    draft.change(("work",), lambda v: yes if v == 1 else no)
    if draft.rng.random() < 0.5:
        draft.lines["outcomes.work"] += [f'yes = "{yes}"', f'no = "{no}"']


def yes_no_codes(draft: Draft) -> None:
    """Yes is 1, no is 2; told by the study file, or by labels, or by nothing."""
    draft.change(("work",), lambda v: 1.0 if v == 1 else 2.0)
    if draft.suffix in (".sav", ".dta", ".xlsx") and draft.rng.random() < 0.5:
        labels = {c: {1.0: "Ja", 2.0: "Nee"} for c in draft.columns("work")}
        draft.dictionary = Dictionary({}, {**draft.dictionary.values, **labels}, draft.dictionary.missing)
    elif draft.rng.random() < 0.5:
        draft.lines["outcomes.work"] += ["yes = 1", "no = 2"]
    else:
        draft.allowed.add("out_of_range")


def words_for_classes(draft: Draft) -> None:
    if draft.suffix in (".sav", ".dta"):
        return
    upper = draft.rng.random() < 0.5
    draft.change(
        ("mood",),
        lambda v: (
            (CLASSES[int(v) - 1].upper() if upper else CLASSES[int(v) - 1]) if isinstance(v, float) and v <= 4 else v
        ),
    )


def words_for_levels(draft: Draft) -> None:
    draft.change(("school",), lambda v: LEVELS[int(str(v)) - 1])


def labels_for_levels(draft: Draft) -> None:
    if draft.suffix not in (".sav", ".dta", ".xlsx"):
        return
    draft.change(("school",), lambda v: 4.0 - float(str(v)))
    values = {"school": {4.0 - (i + 1): level for i, level in enumerate(LEVELS)}}
    draft.dictionary = Dictionary({}, {**draft.dictionary.values, **values}, draft.dictionary.missing)


def decimal_commas(draft: Draft) -> None:
    if draft.suffix == ".csv" and draft.rng.random() < 0.5:
        draft.separator = ";"
    if draft.suffix in (".csv", ".xlsx"):
        draft.change(NUMBERS, lambda v: str(v).replace(".", ",") if isinstance(v, float) else v)


def thousands(draft: Draft) -> None:
    """1.234,5; now and then whole euros, which nothing tells apart from decimals."""
    if draft.suffix not in (".csv", ".xlsx"):
        return
    if draft.suffix == ".csv":
        draft.separator = ";"
    if draft.rng.random() < 0.5:
        draft.change(
            ("income",),
            lambda v: f"{v:,.1f}".translate(str.maketrans(",.", ".,")) if isinstance(v, float) and v > 0 else v,
        )
    else:
        draft.change(
            ("income",),
            lambda v: f"{1000 + round(v) % 900:,.0f}".replace(",", ".") if isinstance(v, float) and v > 0 else v,
        )
        draft.allowed.add("thousands_open")
        draft.allowed.add("rounded")


def a_date(draft: Draft) -> None:
    if draft.suffix != ".xlsx":
        return
    column = draft.columns("score")[0]
    draft.frame[column] = draft.frame[column].astype(object)
    draft.frame.loc[0, column] = datetime.datetime(2024, 4, 3)
    draft.allowed.add("dates")


def group_once(draft: Draft) -> None:
    if not draft.wide:
        again = draft.frame["nr"].duplicated()
        for column in ("arm", "school", "age"):
            draft.frame.loc[again, column] = None


def title_above(draft: Draft) -> None:
    if draft.suffix in (".csv", ".xlsx"):
        draft.above += ["Export van 3 april 2024", ""]


def separator_line(draft: Draft) -> None:
    if draft.suffix == ".csv":
        draft.above = [f"sep={draft.separator}", *draft.above]


def trailing(draft: Draft) -> None:
    draft.tail = draft.separator * int(draft.rng.integers(1, 4))


def blank_rows(draft: Draft) -> None:
    if draft.suffix in (".csv", ".xlsx"):
        rows = pd.DataFrame([[None] * draft.frame.shape[1]] * 2, columns=draft.frame.columns, dtype=object)
        draft.frame = pd.concat([draft.frame, rows], ignore_index=True)


def questions(draft: Draft) -> None:
    if draft.suffix in (".csv", ".xlsx"):
        row = pd.DataFrame([[f"Vraag {c}?" for c in draft.frame.columns]], columns=draft.frame.columns, dtype=object)
        draft.frame = pd.concat([row, draft.frame], ignore_index=True)


def ids_lose_zeros(draft: Draft) -> None:
    """001 at the first wave, 1 later; restored where the study says so."""
    known: set[object] = set()
    ids = []
    for text in draft.frame["nr"]:
        bare = str(text).removeprefix("p")
        ids.append(bare if text not in known else str(int(bare)))
        known.add(text)
    draft.frame["nr"] = ids
    draft.done.append("numbered ids")
    draft.lines["files"].append("id_width = 3") if draft.rng.random() < 0.5 else draft.allowed.update({"ids_zeros"})


CODES = (
    missing_code,
    missing_word,
    dont_know,
    yes_no_words,
    yes_no_codes,
    words_for_classes,
    words_for_levels,
    labels_for_levels,
)
WRITING = (decimal_commas, thousands, a_date)
SHAPE = (group_once, blank_rows, questions, title_above, separator_line, trailing)
SUFFIXES = (".csv", ".xlsx", ".sav", ".dta", ".parquet")


def content(draft: Draft) -> bytes:
    """The bytes of the file."""
    frame = draft.frame
    if draft.suffix == ".csv":
        text = frame.to_csv(index=False, sep=draft.separator, lineterminator="\n")
        if draft.tail:
            text = "".join(f"{line}{draft.tail}\n" for line in text.splitlines())
        return ("".join(f"{line}\n" for line in draft.above) + text).encode()
    if draft.suffix == ".parquet":
        stream = io.BytesIO()
        _typed(frame).to_parquet(stream, index=False)
        return stream.getvalue()
    if draft.suffix == ".xlsx" and draft.above:
        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(write_table(frame, draft.dictionary, ".xlsx")))
        book.worksheets[0].insert_rows(1, len(draft.above))
        book.worksheets[0]["A1"] = draft.above[0]
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()
    return write_table(frame if draft.suffix == ".xlsx" else _typed(frame), draft.dictionary, draft.suffix)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of one type, as these formats have them; numbers among words are text."""

    def column(values: pd.Series) -> pd.Series:
        mixed = {type(v) for v in values.dropna()} > {str}
        return (values.map(str, na_action="ignore") if mixed else values).infer_objects()

    return frame.apply(column)


@dataclass(frozen=True)
class Outcome:
    """What became of a draft: `same`, `named` (an error that names the disguise), or what went wrong."""

    verdict: str
    disguises: tuple[str, ...]


def attempt(seed: int) -> Outcome:
    """One clean study in a random disguise."""
    rng = np.random.default_rng(seed)
    frame = clean(rng)
    draft = Draft(frame.copy(), str(rng.choice(SUFFIXES)), rng)
    numbered = rng.random() < 0.2
    if numbered:
        frame["nr"] = [str(nr).removeprefix("p") for nr in frame["nr"]]
        ids_lose_zeros(draft)
    if rng.random() < 0.5 and not (numbered and "ids_zeros" in draft.allowed):
        if numbered:
            draft.frame["nr"] = frame["nr"]
        as_wide(draft)
        draft.done.append("as_wide")
    chosen = [
        *rng.choice(np.array(CODES, dtype=object), size=rng.integers(0, 3), replace=False),
        *rng.choice(np.array(WRITING, dtype=object), size=rng.integers(0, 2), replace=False),
        *rng.choice(np.array(SHAPE, dtype=object), size=rng.integers(0, 3), replace=False),
    ]
    taken: set[str] = set()
    for step in chosen:
        part = {"missing_word": "mood", "dont_know": "mood", "yes_no_words": "work", "yes_no_codes": "work"}.get(
            step.__name__
        )
        part = {"words_for_levels": "school", "labels_for_levels": "school", "missing_code": "numbers"}.get(
            step.__name__, part
        )
        if part is not None and part in taken:
            continue
        if draft.wide and step in (missing_word, dont_know):  # would give answers at waves that were missed
            continue
        if part is not None:
            taken.add(part)
        step(draft)
        draft.done.append(step.__name__)
    missing = [line for line in draft.lines["files"] if line.startswith("missing")]
    if len(missing) > 1:
        draft.lines["files"] = [line for line in draft.lines["files"] if line not in missing] + [
            'missing = [-99, "weet niet"]'
        ]
    text = STUDY
    for section, lines in draft.lines.items():
        text = text.replace(f"[{section}]", "\n".join([f"[{section}]", *lines]))
    told = (draft.suffix, *draft.done)
    reference = read_survey(frame.to_csv(index=False).encode(), "clean.csv", parse_study(STUDY))
    assert reference.survey is not None, [str(f) for f in reference.findings]
    try:
        found = read_survey(content(draft), f"x{draft.suffix}", parse_study(text))
    except DataError as error:
        return Outcome(f"refused: {error}", told)
    errors = {finding.name.partition(".")[2] for finding in found.findings if finding.level == "error"}
    if errors:
        return Outcome("named" if errors & draft.allowed else f"errors: {sorted(map(str, found.findings))}", told)
    if "rounded" in draft.allowed:
        reference.survey["income"] = reference.survey["income"].map(lambda v: 1000 + round(v) % 900, na_action="ignore")
    assert found.survey is not None
    same = survey_table(found.survey).equals(survey_table(reference.survey))
    return Outcome("same" if same else "silently different", told)
