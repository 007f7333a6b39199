"""Why two runs differ: study, settings, data, versions; first causes only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dnt_cli.cli.inputs import _require_same_study
from dnt_cli.diff.origins import Cause, data_of, joined_causes, step_causes, study_causes
from dnt_cli.errors import DataError
from dnt_cli.study import load_study, parse_study
from tests.support.studies import BASE, changed


def test_a_study_is_compared_by_meaning() -> None:
    a = parse_study(BASE)
    assert study_causes(a, parse_study(BASE + "\n# a comment")) == []
    assert study_causes(a, parse_study(changed("m = 5", "m = 5\niterations = 10"))) == []
    assert study_causes(a, parse_study(BASE, overrides=["imputation.m=20"])) == [
        Cause("study", "imputation.m", "5", "20")
    ]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ('title = { nl = "Basis", en = "Base" }', 'title = "Base"', ("study.title.nl", "Basis", "Base")),
        ("{ key = \"T1\", months = 6 }", "{ key = \"T1\", months = 7 }", ("design.waves.T1.months", "6", "7")),
        ('endpoint = "T2"', 'endpoint = "T2"\nfollow_up = "T2"', ("design.follow_up", None, "T2")),
        ("range = [0, 100]", "range = [0, 90]", ("outcomes.score.range", "[0, 100]", "[0, 90]")),
        ('where = "age < 40"', 'where = "age < 41"',
         ("robustness.subsets.young.where", "[age < 40]", "[age < 41]")),
        ('controls = ["age", "place"]', 'controls = ["age"]', ("models.controls", "[age, place]", "[age]")),
        ("[hypotheses.H1]", '[hypotheses.H2]\nlabel = "Less"\n\n[hypotheses.H1]', ("hypotheses.H2", None, "{...}")),
    ],
)  # fmt: skip
def test_a_key_of_the_study(old: str, new: str, cause: tuple[str, str | None, str | None]) -> None:
    a, b = parse_study(BASE), parse_study(changed(old, new))
    assert study_causes(a, b) == [Cause("study", *cause)]
    assert study_causes(b, a) == [Cause("study", cause[0], cause[2], cause[1])]


def test_words_of_a_study_come_last_and_by_language() -> None:
    words = parse_study(changed('title = { nl = "Basis", en = "Base" }', 'title = { nl = "Basis", en = "Ground" }'))
    assert study_causes(parse_study(BASE), words) == [Cause("study", "study.title.en", "Base", "Ground")]
    both = parse_study(changed('label = "Score"', 'label = "Sum"'), overrides=["imputation.m=9"])
    assert study_causes(parse_study(BASE), both) == [
        Cause("study", "imputation.m", "5", "9"),
        Cause("study", "outcomes.score.label", "Score", "Sum"),
    ]


def step(command: str, digest: str | None = "a" * 64, versions: dict[str, str] | None = None, **settings: Any) -> Any:
    return {"command": command, "settings": settings, "input_sha256": digest, "versions": versions or {"dnt": "1"}}


CHAIN = [step("convert"), step("impute", "b" * 64, seed=1, m=5), step("fit-t3", "c" * 64)]


def test_only_the_first_cause_is_told() -> None:
    other = [CHAIN[0], step("impute", "b" * 64, seed=2, m=5), step("fit-t3", "d" * 64)]
    assert step_causes(CHAIN, other) == [Cause("impute", "seed", "1", "2")]
    assert data_of(CHAIN, other) == "same"


def test_other_data_and_what_follows_from_them() -> None:
    other = [step("convert", "e" * 64), step("impute", "f" * 64, seed=1, m=5), step("fit-t3", "d" * 64)]
    assert step_causes(CHAIN, other) == [Cause("convert", "input", "aaaaaaaa", "eeeeeeee")]
    assert data_of(CHAIN, other) == "other"


def test_another_file_that_nothing_explains() -> None:
    other = [CHAIN[0], step("impute", "f" * 64, seed=1, m=5), step("fit-t3", "d" * 64)]
    assert step_causes(CHAIN, other) == [Cause("impute", "input", "bbbbbbbb", "ffffffff")]


def test_libraries_are_told_once_and_explain_what_follows() -> None:
    other = [s | {"versions": {"dnt": "2"}, "input_sha256": s["input_sha256"][::-1]} for s in CHAIN]
    other[1:] = [s | {"input_sha256": "0" * 64} for s in other[1:]]
    assert step_causes(CHAIN, other) == [Cause("versions", "dnt", "1", "2")]


def test_steps_that_only_one_chain_has() -> None:
    other = [step("score"), *CHAIN[1:]]
    assert step_causes(CHAIN, other) == [
        Cause("steps", "convert", "convert", None),
        Cause("steps", "score", None, "score"),
    ]
    assert step_causes(CHAIN, CHAIN[:2]) == [Cause("steps", "fit-t3", "fit-t3", None)]


def test_a_setting_that_the_study_tells_is_not_told_twice() -> None:
    other = [CHAIN[0], step("impute", "b" * 64, seed=1, m=20), CHAIN[2]]
    assert step_causes(CHAIN, other, [Cause("study", "imputation.m", "5", "20")]) == []
    assert step_causes(CHAIN, other) == [Cause("impute", "m", "5", "20")]


def test_a_setting_without_value_is_none_at_all() -> None:
    assert step_causes([step("describe", also=None)], [step("describe")]) == []
    register = step_causes([step("impute")], [step("impute", register_sha256="12345678" * 8)])
    assert register == [Cause("impute", "register_sha256", None, "12345678")]


def test_data_of_examples_links_and_strangers() -> None:
    example = step("example", None, seed=1)
    assert data_of([example], [example]) == "same"
    assert data_of([example], [step("example", None, seed=2)]) == "other"
    assert data_of([example], CHAIN) == "other"
    assert data_of([example, step("impute", "b" * 64)], [example, step("impute", "b" * 64)]) == "same"
    assert data_of([example, step("impute", "b" * 64)], [example, step("impute", "c" * 64)]) == "unknown"
    assert data_of([step("polis")], [step("polis")]) == "same link"
    assert data_of([], CHAIN) == "unknown"


@pytest.mark.parametrize(
    ("override", "told"),
    [("instruments.locus.reversed=none", []), ("imputation.seed=7", []), ("register.lag=-1", ["register.lag"])],
)
def test_beside_a_register_only_what_concerns_it_is_told(override: str, told: list[str]) -> None:
    """How answers were scored and imputed is not known where records were read."""
    stages = [
        SimpleNamespace(kind="estimates", study=load_study("dnt", [override]), steps=()),
        SimpleNamespace(kind="register", study=load_study("dnt"), steps=()),
    ]
    data, causes = joined_causes(*stages)  # type: ignore[arg-type]
    assert (data, [cause.item for cause in causes]) == ("unknown", told)


def test_files_of_an_edited_study_file_are_refused_by_what_was_edited_and_comments_do_not_count() -> None:
    def made(name: str, text: str, *overrides: str) -> Any:
        return SimpleNamespace(name=name, study=parse_study(text, overrides=overrides))

    first = made("t3.parquet", BASE)
    _require_same_study(first, made("trend.parquet", BASE + "\n# a remark\n"))
    _require_same_study(first, made("trend.parquet", BASE + "\n# a remark\n", "models.controls=[]"))  # told as --set
    with pytest.raises(DataError) as refused:
        _require_same_study(first, made("trend.parquet", changed('label = "Score"', 'label = "Sum"')))
    assert "t3.parquet and trend.parquet were made with different study files (outcomes.score.label)" in str(
        refused.value
    )
    with pytest.raises(DataError, match="different studies"):
        _require_same_study(first, made("trend.parquet", BASE.replace('key = "', 'key = "other_', 1)))
