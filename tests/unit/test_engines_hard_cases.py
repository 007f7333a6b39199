"""Every hard case at engine level: the verdict, the sentence, and no number where there is no answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dnt_cli.engines import (
    DesignMatrix,
    Fit,
    Lme4Session,
    fit_linear_sets,
    fit_logistic,
    fit_mixed_linear,
    fit_mixed_logistic,
)
from dnt_cli.wording import spoken

PERSONS, WAVES = 60, 4
PERSON = np.repeat(np.arange(PERSONS), WAVES)
WAVE = np.tile(np.arange(WAVES), PERSONS).astype(float)
GROUP = (PERSON % 2).astype(float)
RNG = np.random.default_rng(7)
INTERCEPTS = RNG.normal(0, 1.5, PERSONS)[PERSON]
MATRIX = np.column_stack([np.ones(PERSON.size), GROUP, WAVE, GROUP * WAVE])
TERMS = ("(Intercept)", "group [a vs. b]", "wave.no", "group [a vs. b]:wave.no")
LINEAR = 0.4 * GROUP * WAVE - 0.3 * WAVE + INTERCEPTS
BINARY = DesignMatrix((RNG.random(PERSON.size) < 1 / (1 + np.exp(-LINEAR))).astype(float), MATRIX, TERMS, PERSON)
SCORE = replace(BINARY, response=LINEAR + RNG.normal(0, 1, PERSON.size))


def with_column(design: DesignMatrix, column: np.ndarray, name: str = "extra") -> DesignMatrix:
    return replace(design, matrix=np.column_stack([design.matrix, column]), terms=(*design.terms, name))


def factor_wave(design: DesignMatrix) -> DesignMatrix:
    dummies = [(k == WAVE).astype(float) for k in (1, 2, 3)]
    columns = [np.ones(PERSON.size), GROUP, *dummies, *(GROUP * d for d in dummies)]
    return replace(design, matrix=np.column_stack(columns), terms=tuple("abcdefgh"))


def changed(design: DesignMatrix, where: np.ndarray, value: float) -> DesignMatrix:
    return replace(design, response=np.where(where, value, design.response))


def rows(design: DesignMatrix, keep: np.ndarray) -> DesignMatrix:
    assert design.groups is not None
    return replace(design, response=design.response[keep], matrix=design.matrix[keep], groups=design.groups[keep])


FIRST_ROW = np.arange(PERSON.size) == 0
SINGLE_EVENT = replace(BINARY, response=FIRST_ROW.astype(float))

# name: (design, a piece of the message, whether it is called separation)
NO_ANSWER: dict[str, tuple[DesignMatrix, str, bool]] = {
    "all 0": (replace(BINARY, response=np.zeros(PERSON.size)), "0 in every row", False),
    "all 1": (replace(BINARY, response=np.ones(PERSON.size)), "1 in every row", False),
    "coded 1 and 2": (replace(BINARY, response=BINARY.response + 1), "coded 0 and 1", False),
    "coded 0 and one half": (replace(BINARY, response=BINARY.response / 2), "coded 0 and 1", False),
    "outcome missing": (changed(BINARY, FIRST_ROW, np.nan), "missing or infinite in 1 rows", False),
    "outcome infinite": (changed(BINARY, FIRST_ROW, np.inf), "missing or infinite in 1 rows", False),
    "column infinite": (with_column(BINARY, np.where(PERSON < 2, np.inf, 0.0)), "'extra': missing or inf", False),
    "constant column": (with_column(BINARY, np.full(PERSON.size, 3.0)), "'extra' cannot be told apart", False),
    "column of zeros": (with_column(BINARY, np.zeros(PERSON.size)), "'extra' cannot be told apart", False),
    "collinear column": (with_column(BINARY, 2 * GROUP - WAVE), "'extra' cannot be told apart", False),
    "nearly collinear": (
        with_column(BINARY, GROUP + 1e-6 * np.sin(np.arange(PERSON.size))),
        "standard error is too large",
        False,
    ),
    "no event in one arm at one wave": (
        changed(factor_wave(BINARY), (GROUP == 1) & (WAVE == 2), 0.0),
        "separation",
        True,
    ),
    "one single event": (SINGLE_EVENT, "separation", True),
    "level seen once": (with_column(BINARY, FIRST_ROW.astype(float)), "separation", True),
    "outcome equals group": (replace(BINARY, response=GROUP), "separation", True),
    "no rows": (rows(BINARY, PERSON < 0), "no rows", False),
    "fewer rows than terms": (rows(BINARY, np.arange(PERSON.size) < 4), "4 rows for 4 coefficients", False),
}

NO_ANSWER_GROUPED: dict[str, tuple[DesignMatrix, str, bool]] = {
    "one row per person": (rows(BINARY, WAVE == PERSON % WAVES), "more than one row", False),
    "one person": (replace(BINARY, groups=np.zeros(PERSON.size, dtype=np.int64)), "one person only", False),
}

NO_ANSWER_LOGISTIC: dict[str, tuple[DesignMatrix, str, bool]] = {
    "outcome constant within persons": (
        replace(BINARY, response=(INTERCEPTS > 0).astype(float)),
        "no finite variance",
        False,
    ),
}

NO_ANSWER_LINEAR: dict[str, tuple[DesignMatrix, str, bool]] = {
    "constant outcome": (replace(SCORE, response=np.full(PERSON.size, 2.0)), "same value in every row", False),
    "outcome constant up to rounding": (
        replace(SCORE, response=0.1 + 1e-15 * np.arange(PERSON.size)),
        "same value in every row",
        False,
    ),
    "no residual variance": (replace(SCORE, response=MATRIX @ np.array([1.0, 2.0, 3.0, 4.0])), "exactly", False),
    "outcome missing": (changed(SCORE, FIRST_ROW, np.nan), "missing or infinite", False),
    "constant column": (with_column(SCORE, np.full(PERSON.size, 3.0)), "'extra' cannot be told apart", False),
}


def assert_no_answer(fit: Fit, message: str, separated: bool) -> None:
    assert not fit.status.usable
    assert fit.status.separated == separated
    assert len(fit.status.messages) == 1
    assert message in spoken(fit.status.messages, "en")
    assert np.isnan(fit.estimate).all()
    assert np.isnan(fit.covariance).all()
    assert np.isnan(fit.df).all()
    assert np.isnan(fit.log_likelihood)
    assert fit.estimate.shape == (len(fit.terms),)


def cases(*tables: dict[str, tuple[DesignMatrix, str, bool]]) -> list[Any]:
    return [pytest.param(*case, id=name) for table in tables for name, case in table.items()]


@pytest.mark.parametrize(("design", "message", "separated"), cases(NO_ANSWER, NO_ANSWER_GROUPED, NO_ANSWER_LOGISTIC))
@pytest.mark.parametrize("nodes", [1, 25])
def test_mixed_logistic(
    design: DesignMatrix, message: str, separated: bool, nodes: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert_no_answer(fit_mixed_logistic(design, nodes=nodes), message, separated)
    assert capfd.readouterr() == ("", "")


@pytest.mark.lme4
@pytest.mark.parametrize(("design", "message", "separated"), cases(NO_ANSWER, NO_ANSWER_GROUPED, NO_ANSWER_LOGISTIC))
def test_mixed_logistic_lme4(design: DesignMatrix, message: str, separated: bool, lme4_session: Lme4Session) -> None:
    assert_no_answer(fit_mixed_logistic(design, engine="lme4", session=lme4_session), message, separated)


@pytest.mark.parametrize(("design", "message", "separated"), cases(NO_ANSWER))
def test_logistic(design: DesignMatrix, message: str, separated: bool) -> None:
    assert_no_answer(fit_logistic(replace(design, groups=None)), message, separated)


@pytest.mark.parametrize(("design", "message", "separated"), cases(NO_ANSWER_LINEAR, NO_ANSWER_GROUPED))
@pytest.mark.parametrize("reml", [True, False])
def test_mixed_linear(design: DesignMatrix, message: str, separated: bool, reml: bool) -> None:
    assert_no_answer(fit_mixed_linear(design, reml=reml, df="satterthwaite"), message, separated)


@pytest.mark.lme4
@pytest.mark.parametrize(("design", "message", "separated"), cases(NO_ANSWER_LINEAR, NO_ANSWER_GROUPED))
def test_mixed_linear_lme4(design: DesignMatrix, message: str, separated: bool, lme4_session: Lme4Session) -> None:
    assert_no_answer(fit_mixed_linear(design, engine="lme4", session=lme4_session), message, separated)


@pytest.mark.parametrize("reml", [True, False])
def test_linear_outcome_constant_within_persons(reml: bool) -> None:
    fit = fit_mixed_linear(replace(SCORE, response=INTERCEPTS + GROUP), reml=reml)
    assert not fit.status.usable
    assert np.isnan(fit.estimate).all()


@pytest.mark.parametrize(("design", "message", "separated"), cases(NO_ANSWER_LINEAR))
def test_linear(design: DesignMatrix, message: str, separated: bool) -> None:
    assert_no_answer(fit_linear_sets([replace(design, groups=None)])[0], message, separated)


def no_person_effect(binary: bool) -> DesignMatrix:
    """Persons who differ less than chance would make them: the variance estimate is zero."""
    score = np.tile([-1.0, 1.0, -0.8, 0.8], PERSONS)
    return replace(BINARY, response=(score > 0).astype(float)) if binary else replace(SCORE, response=score + GROUP)


@pytest.mark.parametrize("engine", ["own", pytest.param("lme4", marks=pytest.mark.lme4)])
def test_zero_variance_is_an_answer(engine: Any, request: pytest.FixtureRequest) -> None:
    session = request.getfixturevalue("lme4_session") if engine == "lme4" else None
    design = no_person_effect(binary=True)
    fit = fit_mixed_logistic(design, engine=engine, session=session)
    plain = fit_logistic(replace(design, groups=None))
    linear = fit_mixed_linear(no_person_effect(binary=False), engine=engine, session=session, reml=True)
    least = fit_linear_sets([replace(no_person_effect(binary=False), groups=None)])[0]
    for mixed, fixed in ((fit, plain), (linear, least)):
        assert mixed.status.usable
        assert mixed.status.singular
        assert mixed.random_sd == pytest.approx(0.0, abs=1e-4)
        assert "no variance (singular fit)" in spoken(mixed.status.messages, "en")
        assert np.abs((mixed.estimate - fixed.estimate) / fixed.std_error).max() < 1e-5
        np.testing.assert_allclose(mixed.std_error, fixed.std_error, rtol=1e-4)


Fitter = Callable[[DesignMatrix], Fit]
FITTERS: list[Any] = [
    pytest.param(lambda d: fit_logistic(replace(d, groups=None)), BINARY, id="logistic"),
    pytest.param(lambda d: fit_linear_sets([replace(d, groups=None)])[0], SCORE, id="linear"),
    pytest.param(fit_mixed_logistic, BINARY, id="mixed logistic"),
    pytest.param(lambda d: fit_mixed_linear(d, df="satterthwaite"), SCORE, id="mixed linear"),
]


@pytest.mark.parametrize("scale", [1e-9, 1e6, 1e9])
@pytest.mark.parametrize(("fitter", "design"), FITTERS)
def test_units_do_not_matter(fitter: Fitter, design: DesignMatrix, scale: float) -> None:
    base = with_column(design, np.sin(np.arange(PERSON.size)))
    factor = np.array([1, 1, 1, 1, scale])
    fit, plain = fitter(replace(base, matrix=base.matrix * factor)), fitter(base)
    assert fit.status.usable
    np.testing.assert_allclose(fit.estimate * factor, plain.estimate, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(fit.std_error * factor, plain.std_error, rtol=1e-5)


@pytest.mark.parametrize(("fitter", "design"), FITTERS)
def test_seconds_since_1970_as_a_column(fitter: Fitter, design: DesignMatrix) -> None:
    when = np.sin(np.arange(PERSON.size))
    fit = fitter(with_column(design, 1.7e9 + 1e7 * when))
    plain = fitter(with_column(design, when))
    assert fit.status.usable
    np.testing.assert_allclose(fit.estimate[-1] * 1e7, plain.estimate[-1], rtol=1e-4)
    np.testing.assert_allclose(fit.std_error[-1] * 1e7, plain.std_error[-1], rtol=1e-4)


@pytest.mark.lme4
@pytest.mark.parametrize("scale", [1e6, 1e9])
def test_units_do_not_matter_to_lme4(scale: float, lme4_session: Lme4Session) -> None:
    base = with_column(BINARY, np.sin(np.arange(PERSON.size)))
    factor = np.array([1, 1, 1, 1, scale])
    fit = fit_mixed_logistic(replace(base, matrix=base.matrix * factor), engine="lme4", session=lme4_session)
    plain = fit_mixed_logistic(base)
    assert fit.status.usable
    np.testing.assert_allclose(fit.estimate * factor, plain.estimate, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("fitter", "design"), FITTERS)
def test_names_do_not_matter(fitter: Fitter, design: DesignMatrix) -> None:
    odd = replace(design, terms=("1", "a`b", "y", "g"))
    fit, plain = fitter(odd), fitter(design)
    assert fit.terms == odd.terms
    np.testing.assert_array_equal(fit.estimate, plain.estimate)


@pytest.mark.parametrize(("fitter", "design"), FITTERS)
def test_order_of_rows_and_codes_of_persons_do_not_matter(fitter: Fitter, design: DesignMatrix) -> None:
    order = np.random.default_rng(3).permutation(PERSON.size)
    shuffled = replace(rows(design, order), groups=(PERSON[order] * 977 - 31_000_000_000).astype(np.int64))
    fit, plain = fitter(shuffled), fitter(design)
    np.testing.assert_allclose(fit.estimate, plain.estimate, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(fit.covariance, plain.covariance, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("fitter", "design"), FITTERS)
def test_design_is_left_alone_and_fits_repeat_to_the_bit(fitter: Fitter, design: DesignMatrix) -> None:
    before = design.matrix.copy(), design.response.copy()
    one, two = fitter(design), fitter(design)
    np.testing.assert_array_equal(one.estimate, two.estimate)
    np.testing.assert_array_equal(one.covariance, two.covariance)
    np.testing.assert_array_equal(design.matrix, before[0])
    np.testing.assert_array_equal(design.response, before[1])
