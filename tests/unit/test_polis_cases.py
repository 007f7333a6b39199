"""Hand-made register records with answers that can be computed by hand: one person per case, one month."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dnt_cli.errors import DataError, StudyError
from dnt_cli.polis import chosen_files, read_link, register_outcomes
from dnt_cli.polis.result import RegisterResult
from dnt_cli.study import Study, load_study, parse_study
from tests.support.studies import study_text

COLUMNS = (
    "RINPERSOONS", "RINPERSOON", "IKVID", "SDATUMAANVANGIKO", "SDATUMEINDEIKO", "SSOORTBAAN", "SBASISUREN",
    "SBASISLOON", "SLNLBPH", "SINGLBPH", "SVAKBSL",
)  # fmt: skip
# 30 days in April 2020: 12 hours a week are 51.43 hours.
DAYS = 30
ME = "012345678"


def study(*overrides: str) -> Study:
    return load_study("dnt", [f"register.{override}" for override in overrides])


def record(
    hours: float | str, wage: float | str, days: tuple[str, str] = ("20200401", "20200430"), job: str = "1",
    kind: str = "9", person: str = ME, population: str = "R", **amounts: Any,
) -> dict[str, Any]:  # fmt: skip
    """A record; by default the fiscal wage is the base pay, without tax and holiday pay."""
    return {
        "RINPERSOONS": population, "RINPERSOON": person, "IKVID": job, "SDATUMAANVANGIKO": days[0],
        "SDATUMEINDEIKO": days[1], "SSOORTBAAN": kind, "SBASISUREN": hours, "SBASISLOON": wage, "SLNLBPH": wage,
        "SINGLBPH": 0, "SVAKBSL": 0,
    } | amounts  # fmt: skip


def elsewhere() -> list[dict[str, Any]]:
    """Another person with a record in every month, so that all months of measurement are covered."""
    months = pd.date_range("2020-04-01", "2022-04-01", freq="MS")
    days = [(f"{m:%Y%m%d}", f"{m + pd.offsets.MonthEnd(0):%Y%m%d}") for m in months]
    return [record(100, 1000, d, person="999999999") for d in days]


def link(date: str = "2020-04-15", **more: Any) -> pd.DataFrame:
    return pd.DataFrame([{"id": "A", "RINPERSOONS": "R", "RINPERSOON": ME, "date_T0": date} | more])


def run(
    records: Iterable[dict[str, Any]], folder: Path, *overrides: str, persons: pd.DataFrame | None = None
) -> RegisterResult:
    path = folder / "records.csv"
    pd.DataFrame([*records, *elsewhere()], columns=list(COLUMNS)).to_csv(path, index=False)
    # The later waves fall in months with built-in norms.
    spec = study(*overrides)
    known = read_link(link() if persons is None else persons, spec, "link.csv")
    return register_outcomes([path], known, spec, threads=1)


def first(records: Iterable[dict[str, Any]], folder: Path, *overrides: str) -> dict[str, Any]:
    """The outcomes in April 2020."""
    frame = run(records, folder, *overrides).outcomes
    return dict(frame[(frame["wave"] == "T0") & (frame["id"] == "A")].iloc[0])


def test_a_four_weekly_payer_has_two_records_in_a_month(tmp_path: Path) -> None:
    parts = [record(20, 300, ("20200401", "20200419")), record(40, 600, ("20200420", "20200430"))]
    found = first(parts, tmp_path)
    assert found["hours"] == pytest.approx(7 * 60 / DAYS, abs=0.005)
    assert (found["work"], found["over_hours"], found["wage"], found["jobs"]) == (1, 1, 900, 1)
    assert first(parts[:1], tmp_path)["over_hours"] == 0  # one record alone: 4.67 hours a week


def test_two_jobs_count_together_or_apart(tmp_path: Path) -> None:
    jobs = [record(30, 300, job="1"), record(34.29, 340, job="2")]
    together = first(jobs, tmp_path)
    assert (together["hours"], together["over_hours"], together["jobs"]) == (15.0, 1, 2)
    apart = first(jobs, tmp_path, "hours_per='job'")
    assert (apart["hours"], apart["over_hours"]) == (8.0, 0)


def test_a_job_from_the_20th_over_the_month_or_over_its_days(tmp_path: Path) -> None:
    part = [record(31.43, 400, ("20200420", "20200430"))]  # 20 hours a week in 11 days
    month = first(part, tmp_path)
    assert (month["hours"], month["over_hours"]) == (7.33, 0)
    days = first(part, tmp_path, "weeks='worked'")
    assert (days["hours"], days["over_hours"]) == (20.0, 1)


def test_overlapping_jobs_share_their_days(tmp_path: Path) -> None:
    jobs = [record(20, 200, ("20200401", "20200421"), "1"), record(10, 100, ("20200415", "20200428"), "2")]
    assert first(jobs, tmp_path, "weeks='worked'")["hours"] == 30 / 4  # 28 days between them


def test_twelve_hours_is_at_the_cut_and_not_over_it(tmp_path: Path) -> None:
    job = [record(51.43, 700)]  # 12 hours a week, as rounded in the file
    assert first(job, tmp_path)["over_hours"] == 0
    assert first(job, tmp_path, "hours_rule='at_least'")["over_hours"] == 1


def test_a_correction_is_subtracted_or_left_out(tmp_path: Path) -> None:
    rows = [record(80, 1200), record(-40, -600)]
    net = first(rows, tmp_path)
    assert (net["hours"], net["wage"], net["over_hours"]) == (9.33, 600, 0)
    left = first(rows, tmp_path, "corrections='drop'")
    assert (left["hours"], left["wage"], left["over_hours"]) == (18.67, 1200, 1)


def test_a_month_that_is_corrected_away_holds_no_work(tmp_path: Path) -> None:
    found = first([record(80, 1200), record(-90, -1300)], tmp_path)
    assert (found["work"], found["hours"], found["wage"], found["jobs"]) == (0, 0, 0, 0)


def test_an_on_call_job_without_hours_is_no_work(tmp_path: Path) -> None:
    found = first([record(0, 0, kind="5")], tmp_path)
    assert (found["work"], found["over_hours"], found["above_norm"]) == (0, 0, 0)
    paid = first([record(0, 250, kind="5")], tmp_path)  # pay without hours: money, but no work in this month
    assert (paid["work"], paid["wage"]) == (0, 250)


def test_interns_do_not_count_unless_the_study_says_so(tmp_path: Path) -> None:
    intern = [record(120, 400, kind="2")]
    found = run(intern, tmp_path)
    assert found.outcomes["work"].iloc[0] == 0
    assert found.counts["excluded"] == 1
    assert first(intern, tmp_path, "exclude_job_types=[]")["work"] == 1


def test_sheltered_work_counts_unless_the_study_says_otherwise(tmp_path: Path) -> None:
    sheltered = [record(120, 1400, kind="3")]
    assert first(sheltered, tmp_path)["work"] == 1
    assert first(sheltered, tmp_path, "exclude_job_types=['2', '3']")["work"] == 0


@pytest.mark.parametrize("excluded", ["[]", "['2']", "['0']"])
def test_a_record_that_tells_no_kind_of_job_counts(excluded: str, tmp_path: Path) -> None:
    setting = f"exclude_job_types={excluded}"
    assert first([record(120, 1400, kind="")], tmp_path, setting)["work"] == 1
    assert first([record(120, 1400, kind="00")], tmp_path, setting)["work"] == (excluded != "['0']")


@pytest.mark.parametrize("code", ["9999999", "9999999.99", "999999999999", "", "1_000", "1.000,50"])
def test_a_missing_wage_leaves_open_whether_there_is_work(tmp_path: Path, code: str) -> None:
    found = first([record(80, code)], tmp_path)
    assert np.isnan([found[name] for name in ("work", "hours", "over_hours", "wage", "income", "above_norm")]).all()
    zero = first([record(80, code)], tmp_path, "missing='zero'")
    assert (zero["work"], zero["wage"]) == (0, 0)


def test_a_missing_amount_does_not_matter_where_the_rest_decides(tmp_path: Path) -> None:
    known = first([record(80, 2000, job="1"), record(9999, 9_999_999, job="2")], tmp_path)
    assert (known["work"], known["over_hours"], known["above_norm"]) == (1, 1, 1)
    assert np.isnan([known["hours"], known["wage"]]).all()
    without_hours = first([record(0, 9_999_999)], tmp_path)
    assert (without_hours["work"], without_hours["over_hours"]) == (0, 0)


def test_a_job_with_one_missing_wage_is_still_work(tmp_path: Path) -> None:
    parts = [record(20, 300, ("20200401", "20200419")), record(40, 9_999_999, ("20200420", "20200430"))]
    found = first(parts, tmp_path)
    assert (found["work"], found["hours"], found["over_hours"]) == (1, 14.0, 1)
    assert np.isnan(found["wage"])


def test_a_person_without_any_record_has_no_work_and_is_not_missing(tmp_path: Path) -> None:
    persons = pd.concat([link(), link(id="B", RINPERSOON="000000042")])
    found = run([record(80, 1200)], tmp_path, persons=persons)
    other = found.outcomes[found.outcomes["id"] == "B"]
    assert (other[["work", "hours", "over_hours", "wage", "income", "above_norm", "jobs"]] == 0).all(axis=None)
    assert found.counts["persons"] == 1


def test_a_person_outside_the_population_register_is_missing(tmp_path: Path) -> None:
    persons = pd.concat([link(), link(id="B", RINPERSOONS="F", RINPERSOON="000000042")])
    records = [record(80, 1200), record(80, 1200, person="000000042"), record(80, 1200, population="F")]
    found = run(records, tmp_path, persons=persons)
    assert found.outcomes.loc[found.outcomes["id"] == "B", "work"].isna().all()
    assert found.counts["outside"] == 1
    assert found.outcomes.iloc[0]["wage"] == 1200  # the record of the same number outside the population is another's


def test_the_month_after_31_august_follows_the_calendar(tmp_path: Path) -> None:
    spec = study()
    months = read_link(link("31-08-2020"), spec, "link.csv").iloc[0]
    assert [months[f"month_{w}"] - 2020 * 12 for w in spec.design.wave_keys] == [
        7,
        10,
        13,
        19,
        25,
    ]  # Aug, Nov, Feb, Aug, Feb
    records = [record(80, 1200, ("20201101", "20201130")), record(80, 1200, ("20201201", "20201231"))]
    frame = run(records, tmp_path, "uncovered='missing'", "norms=" + NORMS_2022, persons=link("31-08-2020")).outcomes
    assert frame.set_index("wave")["work"].to_dict() == {"T0": 0, "T1": 1, "T2": 0, "T3": 0, "T4": 0}


NORMS_2022 = "[{since='2022-01', single=1091.71, single_excl=1037.12, couple=1559.58, couple_excl=1481.60}]"


def test_the_month_follows_the_interview_where_there_was_one() -> None:
    persons = link("2020-01-31", date_T1="2020-06-02", date_T2=None, date_T3="20210228")
    planned = read_link(persons, study(), "link.csv").iloc[0]
    held = read_link(persons, study("timing='interview'"), "link.csv").iloc[0]
    waves = ["T0", "T1", "T2", "T3", "T4"]
    assert [planned[f"month_{w}"] - 2020 * 12 for w in waves] == [0, 3, 6, 12, 18]
    assert [held[f"month_{w}"] - 2020 * 12 for w in waves] == [0, 5, 6, 13, 18]
    shifted = read_link(persons, study("lag=-1"), "link.csv").iloc[0]
    assert [shifted[f"month_{w}"] - 2020 * 12 for w in waves] == [-1, 2, 5, 11, 17]


def test_income_is_net_without_holiday_pay_against_the_norm_without_it(tmp_path: Path) -> None:
    # 1500 gross of which 300 holiday pay, 300 withheld: 1200 net, of which a fifth is holiday pay.
    row = [record(150, 1200, SLNLBPH=1500, SINGLBPH=300, SVAKBSL=300)]
    found = first(row, tmp_path)
    assert (found["income"], found["norm"], found["above_norm"]) == (960, 999.70, 0)
    whole = first(row, tmp_path, "holiday_pay='included'")
    assert (whole["income"], whole["norm"], whole["above_norm"]) == (1200, 1052.32, 1)
    gross = first(row, tmp_path, "income='SLNLBPH'", "norm='couple'")
    assert (gross["income"], gross["norm"], gross["above_norm"]) == (1200, 1428.14, 0)
    base = first(row, tmp_path, "income='SBASISLOON'", "holiday_pay='included'")
    assert (base["income"], base["norm"]) == (1500, 1052.32)


def test_exactly_the_norm_is_at_least_it(tmp_path: Path) -> None:
    row = [record(100, 999.70)]
    assert first(row, tmp_path)["above_norm"] == 0
    assert first(row, tmp_path, "norm_rule='at_least'")["above_norm"] == 1


def test_the_same_record_in_two_files_counts_once(tmp_path: Path) -> None:
    rows = [record(80, 1200), record(80, 1200)]
    found = run(rows, tmp_path)
    assert (found.outcomes["wage"].iloc[0], found.counts["duplicates"]) == (1200, 1)
    assert first(rows, tmp_path, "duplicates='each'")["wage"] == 2400


def test_a_record_over_two_months_is_divided_by_days(tmp_path: Path) -> None:
    row = [record(80, 1200, ("20200417", "20200526"))]  # 14 of its 40 days in April
    assert first(row, tmp_path)["wage"] == 420
    assert first(row, tmp_path, "spanning='end'")["wage"] == 0


def test_a_month_that_the_files_lack_is_no_month_without_work(tmp_path: Path) -> None:
    late = link("2021-01-10")
    with pytest.raises(DataError, match="Nobody has a record in 2022-07"):
        run([record(80, 1200)], tmp_path, persons=late)
    with pytest.raises(DataError, match="no social-assistance norm for 2022-01"):
        run([record(80, 1200)], tmp_path, "uncovered='missing'", persons=late)
    norms = NORMS_2022[:-1] + ", {since='2022-07', single=1092, single_excl=1037.4, couple=1560, couple_excl=1482}]"
    found = run([record(80, 1200)], tmp_path, "uncovered='missing'", f"norms={norms}", persons=late)
    assert found.outcomes.set_index("wave")["work"].isna().to_dict() == dict.fromkeys(
        ["T0", "T1", "T2", "T3"], False
    ) | {"T4": True}
    assert found.counts["uncovered"] == "2022-07"


def test_hours_in_the_month_that_count_as_work(tmp_path: Path) -> None:
    row = [record(1, 12)]
    assert first(row, tmp_path)["work"] == 1
    assert first(row, tmp_path, "work_hours=1")["work"] == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("hours_cut=200", "from 0 to 168"),
        ("exclude_job_types=['intern']", "codes of SSOORTBAAN"),
        ("norms=[{since='2022-01', single=1000, single_excl=950, couple=1500, couple_excl=1425}]", "must be 70%"),
        ("norms=[{since='2022-01', single=1050, single_excl=950, couple=1500, couple_excl=1425}]", "must be 95%"),
        ("wage='loon'", "allowed: SBASISLOON"),
    ],
)
def test_settings_that_cannot_be(setting: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        study(setting)


def test_a_correction_of_a_part_of_a_month_leaves_nothing(tmp_path: Path) -> None:
    days = ("20200401", "20200630")  # 30 of 91 days in April: no decimal fraction
    rows = [record(-10, -10, days, SINGLBPH=n) for n in (1, 2)] + [record(20, 20, days)]
    found = first(rows, tmp_path)
    assert (found["work"], found["jobs"], found["hours"], found["wage"]) == (0, 0, 0, 0)
    # A part so small that four decimals do not hold it.
    part = [record(0.01, 0.01, ("20200401", "20990101"))]
    assert first(part, tmp_path)["work"] == 1


def test_codes_that_another_program_took_for_numbers(tmp_path: Path) -> None:
    intern = record(120, 400, ("20200401.0", "20200430.0"), job="7.0", kind="2.0")
    assert first([intern], tmp_path)["work"] == 0
    found = run([intern], tmp_path, "exclude_job_types=[]")
    assert (found.outcomes["wage"].iloc[0], found.counts["unreadable"], found.counts["excluded"]) == (400, 0, 0)


@pytest.mark.parametrize("days", [("2020-04-01", "20200430"), ("20200401", "2020-04-30"), ("1-4-2020", "30-4-2020")])
def test_dates_in_another_form_are_refused_and_no_unemployment(days: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"records\.csv: no record of a linked person has dates in SDATUMAANVANGIKO"):
        run([record(80, 1200, days)], tmp_path)
    other = record(80, 1200, ("20200501", "20200531"), job="2")
    assert run([record(80, 1200, days), other], tmp_path).counts["unreadable"] == 1


@pytest.mark.parametrize(
    ("column", "form"),
    [
        ("RINPERSOON", "{}.0"),
        ("RINPERSOON", " {}"),
        ("RINPERSOON", "{} "),
        ("RINPERSOON", "0{}"),
        ("RINPERSOONS", " {}"),
    ],
)
def test_keys_in_another_form_in_one_file_are_refused_and_no_unemployment(
    column: str, form: str, tmp_path: Path
) -> None:
    paths = [tmp_path / "2020.csv", tmp_path / "2021.csv"]
    frame = pd.DataFrame([record(80, 1200), *elsewhere()], columns=list(COLUMNS))
    frame.to_csv(paths[0], index=False)
    frame.assign(**{column: frame[column].map(form.format)}).to_csv(paths[1], index=False)
    with pytest.raises(DataError, match=r"2021\.csv: the first records have no R in RINPERSOONS with a number"):
        register_outcomes(paths, read_link(link(), study(), "link.csv"), study(), threads=1)


@pytest.mark.parametrize("day", ["20201301", "20201300", "20210001", "202101", "2021-01-31", "210131"])
def test_a_date_that_cannot_be_covers_no_month(day: str, tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    rows = [record(80, 1200), record(80, 1200, ("20200401", day))]
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)
    known = read_link(link(), study(), "link.csv")
    with pytest.raises(DataError, match="Nobody has a record in 2020-07, 2020-10, 2021-04, 2021-10"):
        register_outcomes([path], known, study(), threads=1)
    january = read_link(link("2020-10-15"), study("norms=" + NORMS_2022), "link.csv")
    with pytest.raises(DataError, match="Nobody has a record in 2020-10, 2021-01, 2021-04"):
        register_outcomes([path], january, study("norms=" + NORMS_2022), threads=1)


def test_a_record_without_a_number_belongs_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    rows = [record(80, 1200, person=""), *elsewhere(), record(80, 1200, ("20200501", "20200531"), person="0")]
    pd.DataFrame(rows, columns=list(COLUMNS)).to_parquet(path)
    known = read_link(link(RINPERSOON="000000000"), study(), "link.csv")
    found = register_outcomes([path], known, study(), threads=1)
    assert (found.counts["records"], found.outcomes["work"].iloc[0]) == (1, 0)


def test_columns_that_are_not_needed_may_be_called_whatever(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    frame = pd.DataFrame([record(80, 1200), *elsewhere()], columns=list(COLUMNS))
    frame.insert(3, "", 1)
    frame.insert(5, 'a "b"', 1)
    frame.insert(7, "", 1, allow_duplicates=True)
    frame.to_csv(path)  # with the row numbers of pandas in a column without name
    found = register_outcomes([path], read_link(link(), study(), "link.csv"), study(), threads=1)
    assert found.outcomes["wage"].iloc[0] == 1200
    frame.assign(ikvid=1).to_csv(path)
    with pytest.raises(DataError, match="two columns have the name IKVID"):
        register_outcomes([path], read_link(link(), study(), "link.csv"), study(), threads=1)


@pytest.mark.parametrize("day", ["2020-02-31", "20200431", "31-06-2020", "0000-01-01", "2020-00-01", "2020-04-99"])
def test_a_day_of_inclusion_that_cannot_be(day: str) -> None:
    with pytest.raises(DataError, match="1 values of date_T0 are no date"):
        read_link(link(day), study(), "link.csv")


def test_links_that_cannot_be() -> None:
    for column in ("id", "RINPERSOON", "date_T0"):
        with pytest.raises(DataError, match=rf"link\.csv: two columns have the name {column}"):
            read_link(pd.concat([link(), link()[[column]]], axis=1), study(), "link.csv")
    with pytest.raises(DataError, match=r"link\.csv holds no person"):
        read_link(link().iloc[:0], study(), "link.csv")
    with pytest.raises(DataError, match="1 values of RINPERSOON are no number"):
        read_link(link(RINPERSOON="\u0661\u0662"), study(), "link.csv")
    with pytest.raises(DataError, match="1 values of date_T0 are no date"):
        read_link(link().assign(date_T0=[["2020-04-15"]]), study(), "link.csv")


def test_waves_may_have_the_names_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    pd.DataFrame([record(80, 1200), *elsewhere()], columns=list(COLUMNS)).to_csv(path, index=False)
    spec = parse_study(WAVES)
    found = register_outcomes([path], read_link(link(date_id="2020-04-15"), spec, "link.csv"), spec).outcomes
    assert found[["id", "wave", "month", "work"]].to_numpy().tolist() == [
        ["A", "id", "2020-04", 1], ["A", "person", "2020-07", 0],
    ]  # fmt: skip
    with pytest.raises(StudyError, match="Wave person: outcomes from a register need whole months"):
        read_link(link(date_id="2020-04-15"), parse_study(WAVES.replace("months = 3", "months = 2.5")), "link.csv")


WAVES = study_text(
    {
        "mood": {"kind": "linear"},
    },
    key="s",
    waves={"id": 0, "person": 3},
)


def test_the_highest_version_of_a_year_wins(tmp_path: Path) -> None:
    names = [
        "SPOLISBUS2019V1.csv", "SPOLISBUS2019V2_part1.csv", "SPOLISBUS2019V2_part2.csv", "spolisbus2020v011.csv",
        "SPOLISBUS2020V012.csv", "SPOLISBUS2020V021.csv", "SPOLISBUS2021V011.csv", "SPOLISBUS2021V1.csv", "other.csv",
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "readme.txt").touch()
    kept, left = chosen_files([str(tmp_path), str(tmp_path / "other.csv")])
    assert {p.name for p in left} == {"SPOLISBUS2019V1.csv", "spolisbus2020v011.csv", "SPOLISBUS2021V011.csv"}
    assert sorted(p.name for p in kept) == sorted(set(names) - {p.name for p in left})
