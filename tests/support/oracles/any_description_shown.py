"""What `dnt describe` and `dnt show` print, beside the oracle's exact figures: rounded half up, nothing moved.

The layout follows the program; the figures in its cells are those of `any_description.Oracle`.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pandas as pd

from dnt_cli.description.tables import description_tables
from dnt_cli.safe_text import restored
from dnt_cli.study import Language, Study
from dnt_cli.tables import Table, as_text
from dnt_cli.wording import Wording, sentence
from tests.support.oracles.any_description import ALL, TEXTS, THRESHOLDS, Figure, Oracle, half_up, interval_name

Cells = list[set[str]]  # the texts that each cell may have; more than one only where floats decide a half


def written(value: Fraction, decimals: int, language: Language, *, sign: bool) -> str:
    """A rounded number, digit by digit; powers of ten when it is huge."""
    if abs(value) >= 10 ** (6 - decimals):
        text = f"{float(value):{'+' if sign else ''}.1e}"
    else:
        whole, rest = divmod(int(abs(value) * 10**decimals), 10**decimals)
        text = ("-" if value < 0 else "+" if sign else "") + f"{whole}.{rest:0{decimals}d}"
    return text.replace(".", ",") if language == "nl" else text


class Shown:
    """The cells of each table of a description, by its title."""

    def __init__(self, oracle: Oracle, study: Study, language: Language, reference: pd.DataFrame | None) -> None:
        self.oracle, self.rows, self.language = oracle, oracle.rows, language
        self.populations = [] if reference is None else list(dict.fromkeys(reference["population"]))
        design = study.design
        self.groups, self.waves, self.baseline = oracle.groups, oracle.waves, design.baseline
        pairs = [(design.baseline, design.endpoint)]
        if design.follow_up is not None:
            pairs += [(design.endpoint, design.follow_up), (design.baseline, design.follow_up)]
        self.pairs = [interval_name(*pair, self.waves) for pair in pairs]
        found: dict[str, list[Cells]] = {
            sentence("description.sample_title", language): list(self.sample()),
            sentence("description.patterns_title", language): list(self.patterns()),
            sentence("description.baseline_title", language, wave=design.baseline): list(self.comparison("baseline")),
            sentence("description.dropout_title", language, wave=design.endpoint): list(self.comparison("dropout")),
            sentence("description.trend_title", language): [r for k in self.by_hypothesis() for r in self.trend(k)],
            sentence("description.change_title", language): [r for k in self.by_hypothesis() for r in self.change(k)],
            sentence("description.further_title", language): list(self.further()),
        }
        self.tables = {title: rows for title, rows in found.items() if rows}

    def get(self, *key: str) -> Figure | None:
        return self.rows.get(key)  # type: ignore[call-overload,no-any-return]

    def texts(self, figure: Figure | None, decimals: int = 1, *, sign: bool = False, around: str = "{}") -> set[str]:
        """What may stand there for a figure: nothing if there is none."""
        if figure is None:
            return {""}
        value = figure.value
        if isinstance(value, float) and math.isinf(value):
            return {around.format("∞" if value > 0 else "-∞")}
        near = Fraction(1e-9) / 10**decimals
        if isinstance(value, Fraction) and figure.slack < near / 10 and (abs(value) * 2 * 10**decimals) % 2 == 1:
            values = [value]  # a half
        else:
            near = max(near, Fraction(figure.slack))
            values = [Fraction(value), Fraction(value) - near, Fraction(value) + near]
        rounded = {half_up(v, decimals) for v in values}
        return {around.format(written(v, decimals, self.language, sign=sign)) for v in rounded}

    def counted(self, figure: Figure | None) -> set[str]:
        return self.texts(figure, around="" if figure is None else f"{figure.n} ({{}}%)")

    def moments(self, *key: str, decimals: int) -> set[str]:
        """A mean and its SD; one person has none."""
        mean, sd = self.get(*key, "mean"), self.get(*key, "sd")
        if mean is None:
            return {""}
        spread = {"-"} if sd is None else self.texts(sd, decimals)
        return {f"{m} ({s})" for m in self.texts(mean, decimals) for s in spread}

    def levels(self, table: str, variable: str, wave: str | None = None) -> list[str]:
        keys = [k for k in self.rows if k[0] == table and k[1] == variable and k[2] and wave in (None, k[4])]
        return list(dict.fromkeys(k[2] for k in keys))

    # --- tables ---

    def sample(self) -> Iterator[Cells]:
        whole = [self.get("sample", "", "", g, "", "pct") for g in self.groups]
        yield [{str(f.n)} for f in whole if f is not None]
        for wave in self.waves:
            row = []
            for g in self.groups:
                here, away = (self.get("attrition", "", "", g, wave, s) for s in ("present", "dropout"))
                assert here is not None
                row.append(self.texts(away, around=f"{here.n} ({{}}%)"))
            yield row
        for kind in ("complete", "monotone", "intermittent"):
            yield [self.counted(self.get("attrition", "", "", g, "", kind)) for g in self.groups]
        for k in range(len(self.waves), -1, -1):
            figures = [self.get("attrition", "waves_seen", str(k), g, "", "pct") for g in self.groups]
            if figures[-1] is not None and figures[-1].n:
                yield [self.counted(f) for f in figures]
        site = self.oracle.design.get("site")
        for level in self.levels("sample", site) if site else []:
            yield [self.counted(self.get("sample", site, level, g, "", "pct")) for g in self.groups]

    def patterns(self) -> Iterator[Cells]:
        found = {k[2]: (f.n, k[5]) for k, f in self.rows.items() if k[:2] == ("attrition", "pattern") and k[3] == ALL}
        marks = {}
        for seen in self.oracle.seen:
            name = self.oracle.pattern(seen)
            marks[name] = [{"x" if here else "."} for here in seen]
        for name, (_, kind) in sorted(found.items(), key=lambda item: (-(item[1][0] or 0), item[0])):
            counts = [self.get("attrition", "pattern", name, g, "", kind) for g in self.groups]
            row = [
                *marks[name],
                *({str(f.n)} for f in counts if f is not None),
                {sentence(f"description.kind_{kind}", self.language)},
            ]
            yield row[1:]  # the first is taken for a label

    def comparison(self, table: str) -> Iterator[Cells]:
        own = self.groups if table == "baseline" else ["absent", "present", ALL]
        group = self.oracle.design["group"]
        first = [group] if table == "dropout" else []
        for variable in [*first, *self.oracle.raw["covariates"], *self.oracle.outcomes]:
            outcome = variable in self.oracle.outcomes
            wave = self.baseline if outcome else ""
            if not any(k[:2] == (table, variable) for k in self.rows):
                continue
            levels = self.levels(table, variable, wave)
            missing = self.get(table, variable, "", ALL, wave, "missing")
            lacking = {str((missing.n if missing else 0) or "")}
            if len(levels) == 2 and not outcome:
                one = levels[0 if variable == group else 1]
                yield self.compared(table, own, variable, one, wave, lacking)
                continue
            if outcome or not levels:
                yield self.compared(table, own, variable, "", wave, lacking)
            else:
                others = len(self.populations) if table == "baseline" else 0
                yield [*([{""}] * (len(own) + others)), lacking, {""}, {""}, {""}]
            for level in levels:
                yield self.compared(table, own, variable, level, wave, {""})

    def compared(
        self, table: str, own: Sequence[str], variable: str, level: str, wave: str, lacking: set[str]
    ) -> Cells:
        where = (table, variable, level)
        share = self.get(*where, ALL, wave, "pct") is not None
        decimals = 1 if share or variable not in self.oracle.outcomes else self.oracle.decimals(variable)
        cells = [
            self.counted(self.get(*where, g, wave, "pct"))
            if share
            else self.moments(*where, g, wave, decimals=decimals)
            for g in own
        ]
        for name in self.populations if table == "baseline" else []:
            figure = self.get(*where, name, wave, "pct" if share else "mean")
            cells.append(self.texts(figure, decimals, around="{}%" if share else "{}"))
        smd = self.get(*where, "", wave, "smd")
        size = None if smd is None else abs(smd.value)
        marks = {"" if size is None else "+" * sum(size > Fraction(limit) for limit in THRESHOLDS)}
        if smd is not None and any(abs(size - limit) <= smd.slack + 1e-12 for limit in THRESHOLDS):
            marks |= {"", "+", "++"}
        cells += [lacking, self.texts(self.get(*where, "", wave, "difference"), decimals, sign=True)]
        return [*cells, self.texts(smd, 2, sign=True), marks]

    def by_hypothesis(self) -> list[str]:
        order = [*self.oracle.raw["hypotheses"], ""]
        return sorted(self.oracle.outcomes, key=lambda k: order.index(self.oracle.outcomes[k].get("hypothesis", "")))

    def trend(self, variable: str) -> Iterator[Cells]:
        if not any(k[:2] == ("trend", variable) for k in self.rows):
            return
        waves = [w for w in self.waves if any(k[0] == "trend" and k[4] == w for k in self.rows)]
        places = [(g, w) for g in self.groups[:2] for w in waves]
        binary = self.oracle.outcomes[variable]["kind"] == "binary"
        decimals, what = self.oracle.decimals(variable), "pct" if binary else "mean"
        main = [self.get("trend", variable, "", *place, what) for place in places]
        yield [self.texts(f, decimals) for f in main]
        for level in self.levels("trend", variable):
            yield [self.texts(self.get("trend", variable, level, *place, "pct")) for place in places]
        yield [{str(f.n if not binary else f.denominator)} if f is not None else {""} for f in main]

    def change(self, variable: str) -> Iterator[Cells]:
        spec, decimals = self.oracle.outcomes[variable], self.oracle.decimals(variable)
        word = "pct_point_change_rounded" if spec["kind"] == "binary" else "mean_change_rounded"
        wanted = [("", word, decimals, True)]
        wanted += [(level, "pct_point_change_rounded", 1, True) for level in self.levels("change", variable)]
        if spec["kind"] == "ordinal":
            wanted += [("", s, 1, False) for s in ("rise", "fall", "same")] + [("", "paired_mean", decimals, True)]
        places = [(g, pair) for pair in self.pairs for g in self.groups[:2]]
        rows = [
            [self.texts(self.get("change", variable, level, *place, name), places_, sign=sign) for place in places]
            for level, name, places_, sign in wanted
        ]
        if any(cell != {""} for row in rows for cell in row):
            yield from rows

    def further(self) -> Iterator[Cells]:
        for variable in self.oracle.further:
            keys = [k for k in self.rows if k[:2] == ("further", variable)]
            for wave in dict.fromkeys(k[4] for k in keys):
                for level in dict.fromkeys(k[2] for k in keys if k[4] == wave):
                    where = ("further", variable, level)
                    yield [
                        self.counted(self.get(*where, g, wave, "pct")) if level
                        else self.moments(*where, g, wave, decimals=2)
                        for g in self.groups
                    ]  # fmt: skip


def check_tables(tables: Sequence[Table], shown: Shown) -> int:
    """Every cell but labels and charts; how many were compared. The codebook, mostly text, is left to its own tests."""
    tables = [table for table in tables if table.title != sentence("description.codebook_title", shown.language)]
    assert [table.title for table in tables] == list(shown.tables), [table.title for table in tables]
    compared = 0
    for table in tables:
        found = [[cell.text for cell in row][1:] for row in table.rows]
        right = shown.tables[table.title]
        assert len(found) == len(right), (table.title, len(found), len(right))
        for cells, wanted in zip(found, right, strict=True):
            for text, texts in zip(
                cells, wanted, strict=table.title != sentence("description.trend_title", shown.language)
            ):
                assert text in texts, (table.title, text, texts, cells)
                compared += text != ""
    return compared


def check_shown(frame: pd.DataFrame, oracle: Oracle, study: Study, language: Language,
                reference: pd.DataFrame | None = None) -> tuple[int, str]:  # fmt: skip
    """The tables of a description; how many cells were compared, and how they look as plain text."""
    tables = description_tables(frame, Wording(study, language))
    return check_tables(tables, Shown(oracle, study, language, reference)), as_text(tables)


def check_csv(text: str, frame: pd.DataFrame) -> None:
    """`--format csv` holds the same figures, to the last digit."""
    plain = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, lineterminator="\n")
    assert list(plain.columns) == list(frame.columns)
    for name in TEXTS:
        assert list(map(restored, plain[name])) == list(frame[name]), name
    assert [float(v) for v in plain["value"]] == list(frame["value"])
    for name in ("n", "denominator"):
        assert [v and float(v) for v in plain[name]] == ["" if pd.isna(v) else float(v) for v in frame[name]], name
