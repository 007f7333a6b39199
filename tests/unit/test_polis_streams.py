"""Large dirty files: the same answer in whatever form they come, equal to a plain computation in pandas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from dnt_cli.errors import DataError, EngineError
from dnt_cli.polis import read_link, register_outcomes
from dnt_cli.polis.result import RegisterResult
from dnt_cli.study import load_study
from dnt_cli.synthetic import generate
from dnt_cli.synthetic.register import EXAMPLE_COUNTS, MISSING_AMOUNT, example_register, person_keys, segments
from tests.support.register_years import register_year

STUDY = load_study("dnt")
PERSONS = 1500
LINKED = range(0, PERSONS, 3)


@pytest.fixture(scope="module")
def records() -> pd.DataFrame:
    tables = [table for year in (2020, 2021) for table in register_year(PERSONS, year, seed=3)]
    return pa.concat_tables(tables).to_pandas()


@pytest.fixture(scope="module")
def link() -> pd.DataFrame:
    keys = person_keys(PERSONS)[list(LINKED)]
    dates = [f"2020-{1 + n % 6:02d}-{1 + n % 28:02d}" for n in range(len(keys))]
    frame = pd.DataFrame({"id": [f"P{n:04d}" for n in LINKED], "RINPERSOONS": "R", "date_T0": dates})
    return read_link(frame.assign(RINPERSOON=[f"{key:09d}" for key in keys]), STUDY, "link.csv")


@pytest.fixture(scope="module")
def expected(records: pd.DataFrame, link: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> RegisterResult:
    path = tmp_path_factory.mktemp("whole") / "records.parquet"
    records.to_parquet(path, index=False)
    return register_outcomes([path], link, STUDY, threads=1)


def comma(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("float").columns
    return frame.assign(**{c: frame[c].map(lambda v: f"{v:.2f}".replace(".", ",")) for c in numbers})


def as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        **{c: frame[c].astype("int64") for c in ("RINPERSOON", "IKVID", "SDATUMAANVANGIKO", "SSOORTBAAN")}
    )


def one(write: Callable[[pd.DataFrame, Path], object], suffix: str) -> Callable[[pd.DataFrame, Path], list[Path]]:
    def make(frame: pd.DataFrame, folder: Path) -> list[Path]:
        write(frame, folder / f"records{suffix}")
        return [folder / f"records{suffix}"]

    return make


def split(frame: pd.DataFrame, folder: Path) -> list[Path]:
    shuffled = frame.sample(frac=1, random_state=1)
    paths = [folder / f"part{n}.parquet" for n in range(5)]
    for n, path in enumerate(paths):
        shuffled.iloc[n::5].to_parquet(path, index=False, row_group_size=97)
    return paths[::-1]


def mixed(frame: pd.DataFrame, folder: Path) -> list[Path]:
    frame.iloc[::2].to_csv(folder / "a.csv", index=False)
    frame.iloc[1::2].rename(columns=str.lower).to_parquet(folder / "b.parquet", index=False)
    return [folder / "a.csv", folder / "b.parquet"]


def spss(frame: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_sav(frame, str(path))


def stata(frame: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_dta(frame, str(path))


FORMS = {
    "csv": one(lambda f, p: f.to_csv(p, index=False), ".csv"),
    "dutch csv with a mark": one(lambda f, p: comma(f).to_csv(p, index=False, sep=";", encoding="utf-8-sig"), ".csv"),
    "csv without zeros": one(lambda f, p: as_numbers(f).to_csv(p, index=False), ".csv"),
    "parquet with numbers": one(lambda f, p: as_numbers(f).to_parquet(p, index=False), ".parquet"),
    "columns in another order": one(lambda f, p: f[sorted(f.columns)].to_parquet(p, index=False), ".parquet"),
    "shuffled and split": split,
    "two kinds of files": mixed,
    "spss": one(spss, ".sav"),
    "stata": one(stata, ".dta"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_does_not_depend_on_the_form(
    form: str, records: pd.DataFrame, link: pd.DataFrame, expected: RegisterResult, tmp_path: Path
) -> None:
    paths = FORMS[form](records, tmp_path)
    for threads in (1, 2):
        found = register_outcomes(paths, link, STUDY, threads=threads)
        pd.testing.assert_frame_equal(found.outcomes, expected.outcomes, check_exact=True)
        assert found.counts == expected.counts


def test_chunks_of_an_spss_file_add_up(
    records: pd.DataFrame, link: pd.DataFrame, expected: RegisterResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnt_cli.polis.sources._CHUNK", 701)
    found = register_outcomes(FORMS["spss"](records, tmp_path), link, STUDY)
    pd.testing.assert_frame_equal(found.outcomes, expected.outcomes, check_exact=True)


def test_it_is_what_pandas_computes(records: pd.DataFrame, link: pd.DataFrame, expected: RegisterResult) -> None:
    own = records[(records["RINPERSOONS"] == "R") & (records["SSOORTBAAN"] != "2")]
    month = own["SDATUMEINDEIKO"].str[:4].astype(int) * 12 + own["SDATUMEINDEIKO"].str[4:6].astype(int) - 1
    days = pd.to_datetime(own["SDATUMEINDEIKO"]).dt.days_in_month
    net = (own["SLNLBPH"] - own["SINGLBPH"]) * (1 - (own["SVAKBSL"] / own["SLNLBPH"]).where(own["SLNLBPH"] > 0, 0))
    coded = own["SBASISLOON"] == MISSING_AMOUNT
    jobs = (
        own.assign(month=month, days=days, net=net, coded=coded, wage=own["SBASISLOON"].mask(coded, 0))
        .drop_duplicates()
        .groupby(["RINPERSOON", "month", "IKVID"], as_index=False)
        .agg({"SBASISUREN": "sum", "wage": "sum", "net": "sum", "coded": "any", "days": "first"})
    )
    works = (jobs["SBASISUREN"] > 0) & (jobs["wage"] > 0)
    open_ = (jobs["SBASISUREN"] > 0) & (jobs["wage"] <= 0) & jobs["coded"]
    jobs = jobs.assign(hours=jobs["SBASISUREN"].where(works, 0) * 7 / jobs["days"], works=works, open=open_)
    jobs["net"] = jobs["net"].clip(lower=0)
    persons = jobs.groupby(["RINPERSOON", "month"])[["hours", "works", "open", "net"]].sum()
    known = 0
    for _, row in expected.outcomes.merge(link, on="id").iterrows():
        key = (row["person"], row[f"month_{row['wave']}"])
        there = persons.loc[key] if key in persons.index else pd.Series({"hours": 0, "works": 0, "open": 0, "net": 0})
        assert row["income"] == pytest.approx(there["net"], abs=0.02)
        if there["works"]:
            assert row["work"] == 1
        else:
            assert np.isnan(row["work"]) if there["open"] else row["work"] == 0
        if not there["open"]:
            assert row["hours"] == pytest.approx(there["hours"], abs=0.006)
            known += there["works"] > 0
    assert known > 500


def test_dirt_is_counted(expected: RegisterResult) -> None:
    counts = expected.counts
    assert counts["corrections"] > 5
    assert counts["excluded"] > 5
    assert counts["missing"] > 5
    assert counts["undecided"] > 0
    assert 0 < expected.counts["persons"] < len(LINKED)


def test_a_four_weekly_payer_has_two_or_three_parts_in_every_month() -> None:
    starts, ends = segments(2020, four_weekly=True)
    months = (np.datetime64("2020-01-01") + starts).astype("datetime64[M]")
    assert set(np.unique(months, return_counts=True)[1]) <= {1, 2, 3}
    assert months.size > 20
    assert starts[0] == 0
    assert ends[-1] == 365
    assert (starts[1:] == ends[:-1] + 1).all()


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: p.write_text("RINPERSOONS,RINPERSOON\nR,123456789\n", encoding="utf-8"), "IKVID is missing"),
        (lambda p: p.write_text("x\n123456789\n", encoding="utf-8"), "not a CSV table"),
        (lambda p: p.write_bytes(b""), "not a CSV table"),
        (lambda p: p.write_text(HEADER + "R,123456789\n", encoding="utf-8"), "another number of fields"),
        (lambda p: p.write_bytes((HEADER + "R,12345\xff6789,1,1,1,1,1,1,1,1,1\n").encode("latin-1")), "damaged"),
    ],
)
def test_damaged_files_are_refused_without_their_content(
    write: Callable[[Path], object], message: str, link: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "records.csv"
    write(path)
    with pytest.raises(DataError, match=message) as error:
        register_outcomes([path], link, STUDY)
    assert "12345" not in str(error.value)
    assert error.value.__cause__ is None


HEADER = (
    "RINPERSOONS,RINPERSOON,IKVID,SDATUMAANVANGIKO,SDATUMEINDEIKO,SSOORTBAAN,SBASISUREN,SBASISLOON,SLNLBPH,SINGLBPH,"
    "SVAKBSL\n"
)


def test_a_cut_off_parquet_file_is_refused(records: pd.DataFrame, link: pd.DataFrame, tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    records.to_parquet(whole, index=False)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged or cut off"):
        register_outcomes([cut], link, STUDY)


def test_keys_that_nobody_has_are_an_error_and_no_unemployment(records: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    pq.write_table(pa.Table.from_pandas(records), path)
    frame = pd.DataFrame({"id": ["A"], "RINPERSOONS": ["R"], "RINPERSOON": ["1"], "date_T0": ["2020-01-01"]})
    with pytest.raises(DataError, match=r"None of the linked persons has a record in records\.parquet"):
        register_outcomes([path], read_link(frame, STUDY, "link.csv"), STUDY)


def test_too_little_memory_is_told_and_nothing_is_written_to_disk(
    records: pd.DataFrame, link: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "records.csv"
    records.to_csv(path, index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dnt_cli.polis.records.MEMORY", "2MB")
    with pytest.raises(EngineError, match="do not fit in 2MB of memory"):
        register_outcomes([path], link, STUDY)
    assert list(tmp_path.iterdir()) == [path]


def test_the_example_meets_its_counts(tmp_path: Path) -> None:
    survey = generate()
    frame, years = example_register(survey)
    paths = [tmp_path / f"{year}.csv" for year in years]
    for path, table in zip(paths, years.values(), strict=True):
        table.to_csv(path, index=False)
    found = register_outcomes(paths, read_link(frame, STUDY, "link.csv"), STUDY).outcomes
    groups = survey.groupby("id")["group"].first()
    table = (
        found.assign(group=found["id"].map(groups))
        .groupby(["group", "wave"])[["work", "over_hours", "above_norm"]]
        .sum()
    )
    for group, counts in EXAMPLE_COUNTS.items():
        assert [tuple(table.loc[group][name]) for name in table.columns] == list(counts)
    again, _ = example_register(survey)
    pd.testing.assert_frame_equal(again, frame)


def test_a_header_that_would_end_the_program_is_refused(link: pd.DataFrame, tmp_path: Path) -> None:
    """See `dnt_cli.reading.readstat`."""
    path = tmp_path / "records.sav"
    pyreadstat.write_sav(
        pd.DataFrame({name: [1.0] for name in HEADER.strip().split(",")}), str(path),
        column_labels={"RINPERSOONS": "kind"}, missing_ranges={"RINPERSOON": [999]},
        variable_value_labels={"SSOORTBAAN": {1.0: "director"}},
    )  # fmt: skip
    whole = bytearray(path.read_bytes())
    whole[357] ^= 255
    path.write_bytes(whole)
    with pytest.raises(DataError, match="damaged or cut off"):
        register_outcomes([path], link, STUDY)
