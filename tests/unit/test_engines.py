"""Engines: options, refusals of wrong answers, closed forms, and R sessions that fail."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dnt_cli.engines import (
    DesignMatrix,
    Fit,
    Lme4Session,
    average_marginal_effects,
    fit_firth,
    fit_linear_sets,
    fit_logistic,
    fit_mixed_linear,
    fit_mixed_logistic,
    is_separated,
    lme4,
    lme4_available,
    mixed,
)
from dnt_cli.engines.base import aliased_terms
from dnt_cli.errors import EngineError, ModelError
from dnt_cli.wording import spoken
from tests.support.oracles.marginal import marginal_model
from tests.support.oracles.profile import linear_profile

N = 120
RNG = np.random.default_rng(11)
PERSON = np.repeat(np.arange(N // 4), 4)
MATRIX = np.column_stack([np.ones(N), PERSON % 2, np.tile(np.arange(4.0), N // 4)])
BINARY = DesignMatrix(
    response=(RNG.random(N) < 1 / (1 + np.exp(-RNG.normal(0, 1.5, N // 4)[PERSON]))).astype(float),
    matrix=MATRIX,
    terms=("(Intercept)", "group", "wave"),
    groups=PERSON,
)
SCORE = replace(BINARY, response=RNG.normal(0, 1, N // 4)[PERSON] + RNG.normal(0, 1, N))


def table(a: int, b: int, c: int, d: int) -> DesignMatrix:
    """A 2x2 table: a of a + b events with x = 0, c of c + d with x = 1."""
    x = np.repeat([0.0, 0.0, 1.0, 1.0], [a, b, c, d])
    y = np.repeat([1.0, 0.0, 1.0, 0.0], [a, b, c, d])
    return DesignMatrix(y, np.column_stack([np.ones(x.size), x]), ("(Intercept)", "x"), None)


class TestShapesAndOptions:
    def test_parts_that_do_not_belong_together(self) -> None:
        with pytest.raises(ModelError, match="must agree"):
            fit_linear_sets([replace(SCORE, terms=("a", "b"), groups=None)])[0]
        with pytest.raises(ModelError, match="needs the person of every row"):
            fit_mixed_logistic(replace(BINARY, groups=None))
        with pytest.raises(ModelError, match="groups have shape"):
            fit_mixed_linear(replace(SCORE, groups=PERSON[:-1]))
        with pytest.raises(ModelError, match="not supported in a mixed model"):
            fit_mixed_logistic(replace(BINARY, weights=np.ones(N)))

    @pytest.mark.parametrize("nodes", [0, 2, 26, 103])
    def test_nodes_out_of_range(self, nodes: int) -> None:
        with pytest.raises(ModelError, match="odd and between 1 and 101"):
            fit_mixed_logistic(BINARY, nodes=nodes)

    def test_unknown_choices(self) -> None:
        wrong: Any = "pql"
        with pytest.raises(ModelError, match="Unknown engine 'pql'; choose own or lme4"):
            fit_mixed_linear(SCORE, engine=wrong)
        with pytest.raises(ModelError, match="Unknown df"):
            fit_mixed_linear(SCORE, df=wrong)
        with pytest.raises(ModelError, match="Unknown treatment of separation"):
            fit_logistic(replace(BINARY, groups=None), separation=wrong)

    @pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
    def test_weights_must_be_positive(self, bad: float) -> None:
        weights = np.where(np.arange(N) == 3, bad, 1.0)
        for fit in (
            fit_linear_sets([replace(SCORE, groups=None, weights=weights)])[0],
            fit_logistic(replace(BINARY, groups=None, weights=weights)),
        ):
            assert not fit.status.usable
            assert "Every weight must be a positive number" in spoken(fit.status.messages, "en")

    def test_equal_weights_change_what_they_should(self) -> None:
        plain = fit_logistic(replace(BINARY, groups=None))
        double = fit_logistic(replace(BINARY, groups=None, weights=np.full(N, 2.0)))
        np.testing.assert_allclose(double.estimate, plain.estimate, rtol=1e-9)
        np.testing.assert_allclose(double.covariance, plain.covariance / 2, rtol=1e-9, atol=1e-14)
        least = fit_linear_sets([replace(SCORE, groups=None)])[0]
        weighted = fit_linear_sets([replace(SCORE, groups=None, weights=np.full(N, 2.0))])[0]
        np.testing.assert_allclose(weighted.covariance, least.covariance, rtol=1e-9, atol=1e-14)

    def test_df_and_engine_say_what_was_done(self) -> None:
        assert fit_linear_sets([replace(SCORE, groups=None)])[0].df.tolist() == [N - 3.0] * 3
        assert np.isinf(fit_logistic(replace(BINARY, groups=None)).df).all()
        assert np.isinf(fit_mixed_linear(SCORE).df).all()
        assert np.isfinite(fit_mixed_linear(SCORE, df="satterthwaite").df).all()
        assert fit_mixed_linear(SCORE, reml=False).engine.endswith(" ML")
        assert fit_mixed_logistic(BINARY).engine == "dnt AGQ 15"
        assert fit_mixed_logistic(BINARY, nodes=1).engine == "dnt Laplace"
        quadrature = fit_mixed_logistic(BINARY, nodes=25)
        assert (quadrature.engine[-6:], quadrature.nodes) == ("AGQ 25", 25)
        assert fit_mixed_logistic(BINARY).df_residual == N - 3 - 1
        assert fit_mixed_linear(SCORE).df_residual == N - 3 - 2

    def test_aliased_terms_in_the_order_r_drops_them(self) -> None:
        a, b = RNG.normal(size=N), RNG.normal(size=N)
        matrix = np.column_stack([np.ones(N), a, 2 * a - 3, b, a + b, np.zeros(N)])
        assert aliased_terms(matrix, list("cabxyz")) == ("b", "y", "z")
        assert aliased_terms(matrix[:, [0, 1, 3]], list("abc")) == ()


class TestRefusals:
    """An answer of lme4's that is not the optimum never gets through."""

    @pytest.mark.parametrize("nodes", [1, 25])
    @pytest.mark.parametrize(
        "wrong",
        [
            lambda fit: replace(fit, estimate=fit.estimate + 0.05 * fit.std_error),
            lambda fit: replace(fit, covariance=fit.covariance * 1.1),
            lambda fit: replace(fit, covariance=fit.covariance * 0.9),
            lambda fit: replace(fit, log_likelihood=fit.log_likelihood + 1e-3),
            lambda fit: replace(fit, random_sd=fit.random_sd * 1.05),
            lambda fit: replace(fit, estimate=fit.estimate * np.nan),
        ],
    )
    def test_logistic(self, wrong: Any, nodes: int) -> None:
        fit = fit_mixed_logistic(BINARY, nodes=nodes)
        assert mixed._checked_logistic(BINARY, fit, slack=1e-6).status.usable
        refused = mixed._checked_logistic(BINARY, wrong(fit), slack=1e-6)
        assert not refused.status.usable
        assert "independent check" in spoken(refused.status.messages, "en")
        assert np.isnan(refused.estimate).all()

    @pytest.mark.parametrize("reml", [True, False])
    @pytest.mark.parametrize(
        "wrong",
        [
            lambda fit: replace(fit, estimate=fit.estimate + 0.01 * fit.std_error),
            lambda fit: replace(fit, covariance=fit.covariance * 1.01),
            lambda fit: replace(fit, log_likelihood=fit.log_likelihood - 1e-3),
            lambda fit: replace(fit, random_sd=fit.random_sd * 1.2),
        ],
    )
    def test_linear(self, wrong: Any, reml: bool) -> None:
        fit = fit_mixed_linear(SCORE, reml=reml)
        assert mixed._checked_linear(SCORE, fit, reml=reml, slack=1e-6).status.usable
        assert not mixed._checked_linear(SCORE, wrong(fit), reml=reml, slack=1e-6).status.usable


class TestLikelihoods:
    @pytest.mark.parametrize("nodes", [1, 7, 25])
    @pytest.mark.parametrize("sd", [0.0, 0.4, 3.0, 20.0])
    def test_slope_is_the_derivative(self, nodes: int, sd: float) -> None:
        model, point = marginal_model(BINARY), np.array([0.3, -0.4, 0.2, sd])
        slope = model.likelihood(point[:-1], sd, nodes).slope
        for i in range(4):
            step = 1e-5 * np.eye(4)[i]
            up, down = point + step, point - step
            # at sd = 0 the likelihood is symmetric, so the difference across zero is the derivative too
            high = model.likelihood(up[:-1], abs(up[-1]), nodes).value
            low = model.likelihood(down[:-1], abs(down[-1]), nodes).value
            assert slope[i] == pytest.approx((high - low) / 2e-5, abs=2e-5)

    def test_one_row_integral_is_the_textbook_one(self) -> None:
        # For one row the marginal chance is a one-dimensional integral; a fine grid gives it to ten digits.
        design = DesignMatrix(np.array([1.0, 0.0]), np.ones((2, 1)), ("c",), np.array([0, 1]))
        u = np.linspace(-12, 12, 200_001)
        chance = 1 / (1 + np.exp(-(0.5 + 1.5 * u)))
        p = float((chance * np.exp(-0.5 * u * u)).sum() * (u[1] - u[0]) / np.sqrt(2 * np.pi))
        value = marginal_model(design).likelihood(np.array([0.5]), 1.5, 25).value
        assert value == pytest.approx(np.log(p) + np.log1p(-p), abs=1e-9)

    @pytest.mark.parametrize("reml", [True, False])
    def test_profile_is_the_normal_density(self, reml: bool) -> None:
        random_sd, residual_sd = 0.8, 1.1
        point = linear_profile(SCORE, reml=reml).at(random_sd, residual_sd)
        ratio = (random_sd / residual_sd) ** 2
        v = point.residual_sd**2 * (np.eye(N) + ratio * (PERSON[:, None] == PERSON))
        rest = SCORE.response - MATRIX @ point.estimate
        information = MATRIX.T @ np.linalg.solve(v, MATRIX)
        value = -0.5 * (N * np.log(2 * np.pi) + np.linalg.slogdet(v)[1] + rest @ np.linalg.solve(v, rest))
        if reml:
            value += 0.5 * (3 * np.log(2 * np.pi) - np.linalg.slogdet(information)[1])
        assert point.log_likelihood == pytest.approx(value, abs=1e-9)
        np.testing.assert_allclose(point.covariance, np.linalg.inv(information), rtol=1e-9, atol=1e-14)


class TestSeparation:
    def test_tables(self) -> None:
        assert not is_separated(table(3, 4, 2, 5).matrix, table(3, 4, 2, 5).response)
        assert is_separated(table(3, 4, 0, 5).matrix, table(3, 4, 0, 5).response)
        assert is_separated(table(3, 0, 0, 5).matrix, table(3, 0, 0, 5).response)

    @pytest.mark.parametrize("gap", [-1.0, -1e-3, 0.0, 1e-3, 1.0])
    def test_a_line_is_separated_unless_the_classes_overlap(self, gap: float) -> None:
        x = np.concatenate([-np.arange(20.0), gap + np.arange(20.0)])
        y = np.repeat([0.0, 1.0], 20)
        # a tie at the border is quasi-separation
        assert is_separated(np.column_stack([np.ones(40), x]), y) == (gap >= 0)

    def test_units_and_offsets_do_not_matter(self) -> None:
        for design, answer in ((table(30, 40, 20, 50), False), (table(30, 40, 0, 50), True)):
            far = design.matrix @ np.array([[1.0, 1.7e9], [0.0, 1e5]])
            assert is_separated(far, design.response) == answer

    def test_a_single_row_that_spoils_it(self) -> None:
        base = table(300, 0, 0, 300)
        spoiled = base.response.copy()
        spoiled[0] = 0.0
        assert is_separated(base.matrix, base.response)
        assert is_separated(base.matrix, spoiled)  # x = 1 still predicts perfectly
        spoiled[-1] = 1.0
        assert not is_separated(base.matrix, spoiled)


class TestFirth:
    @pytest.mark.parametrize("cells", [(3, 4, 2, 5), (3, 4, 0, 5), (6, 0, 0, 5), (1, 60, 0, 75), (10, 2, 30, 1)])
    def test_2x2_table_is_half_an_event_more_in_every_cell(self, cells: tuple[int, int, int, int]) -> None:
        a, b, c, d = (v + 0.5 for v in cells)
        fit = fit_firth(table(*cells))
        assert fit.status.usable
        np.testing.assert_allclose(fit.estimate, [np.log(a / b), np.log(c * b / (a * d))], rtol=1e-9)
        assert fit.gradient < 1e-15

    def test_not_used_without_separation(self) -> None:
        design = replace(BINARY, groups=None)
        fit, plain = fit_logistic(design, separation="firth"), fit_logistic(design)
        assert fit.engine == plain.engine
        np.testing.assert_array_equal(fit.estimate, plain.estimate)


def marginal(matrix: np.ndarray, fit: Fit) -> tuple[float, float]:
    everyone = np.ones((1, len(matrix)), dtype=bool)
    value, error = average_marginal_effects(matrix[None], fit.estimate[None], fit.covariance[None], 1, everyone)
    return float(value[0]), float(error[0])


class TestMargins:
    def test_without_covariates_it_is_the_difference_of_two_shares(self) -> None:
        design = table(30, 40, 20, 50)
        fit = fit_logistic(design)
        effect, error = marginal(design.matrix, fit)
        p0, p1 = 30 / 70, 20 / 70
        assert effect == pytest.approx(p1 - p0, abs=1e-10)
        assert error == pytest.approx(np.sqrt(p0 * (1 - p0) / 70 + p1 * (1 - p1) / 70), rel=1e-8)

    def test_error_is_the_delta_method(self) -> None:
        design = replace(BINARY, groups=None)
        fit = fit_logistic(design)
        effect, error = marginal(MATRIX, fit)

        def difference(coefficients: np.ndarray) -> float:
            linear = coefficients[0] + coefficients[2] * MATRIX[:, 2]
            return float(np.mean(1 / (1 + np.exp(-linear - coefficients[1])) - 1 / (1 + np.exp(-linear))))

        slope = [(difference(fit.estimate + h) - difference(fit.estimate - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
        assert effect == pytest.approx(difference(fit.estimate), abs=1e-14)
        assert error == pytest.approx(float(np.sqrt(slope @ fit.covariance @ slope)), rel=1e-7)


class TestLme4Session:
    def test_says_what_to_install_without_r(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lme4.shutil, "which", lambda *_, **__: None)
        assert lme4_available() == (False, f"R was not found: {lme4._APT} (or install R and set R_HOME)")

    def test_says_what_to_install_without_pymer4(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lme4, "find_spec", lambda _: None)
        there, what = lme4_available()
        assert not there
        assert '-m pip install "pymer4==0.8.2" "rpy2==3.5.17"' in what

    def test_says_which_r_package_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        done = SimpleNamespace(stdout="lme4 TRUE\nlmerTest FALSE\nemmeans TRUE\ntibble TRUE\n", returncode=0)
        monkeypatch.setattr(lme4, "find_spec", lambda _: True)
        monkeypatch.setattr(lme4.shutil, "which", lambda *_, **__: "Rscript")
        monkeypatch.setattr(lme4.subprocess, "run", lambda *_, **__: done)
        there, what = lme4_available()
        assert not there
        assert "R lacks lmerTest: apt-get install" in what

    @pytest.mark.parametrize(
        ("program", "message"),
        [
            ("import sys; sys.exit(3)", r"R stopped unexpectedly \(exit code 3\)"),
            (
                "import sys; from dnt_cli.engines.lme4 import send; send(sys.stdout.buffer, ('missing', 'no R_HOME'))",
                r"lme4 cannot be used: no R_HOME. It needs: apt-get install r-base-core",
            ),
            (
                "import sys; from dnt_cli.engines.lme4 import send, receive\n"
                "send(sys.stdout.buffer, ('ready', {'lme4': '1'})); receive(sys.stdin.buffer); sys.exit(4)",
                r"R stopped unexpectedly \(exit code 4\)",
            ),
        ],
        ids=["dies on starting", "is incomplete", "dies on fitting"],
    )
    def test_a_child_that_fails_is_an_error_and_no_hang(
        self, monkeypatch: pytest.MonkeyPatch, program: str, message: str
    ) -> None:
        real = subprocess.Popen
        monkeypatch.setattr(lme4, "lme4_available", lambda: (True, ""))
        monkeypatch.setattr(lme4.subprocess, "Popen", lambda _, **k: real([sys.executable, "-c", program], **k))
        with pytest.raises(EngineError, match=message), Lme4Session() as session:
            session.fit(BINARY, "binomial")

    def test_a_closed_session_is_an_error(self) -> None:
        with pytest.raises(EngineError, match="not open"):
            Lme4Session().fit(BINARY, "binomial")

    def test_messages_survive_the_pipe(self, tmp_path: Path) -> None:
        message = {"matrix": np.arange(6.0).reshape(2, 3), "text": "é"}
        with (tmp_path / "pipe").open("wb") as out:
            lme4.send(out, message)
        data = (tmp_path / "pipe").read_bytes()
        with (tmp_path / "pipe").open("rb") as source:
            back = lme4.receive(source)
        assert back["text"] == "é"
        np.testing.assert_array_equal(back["matrix"], message["matrix"])
        (tmp_path / "pipe").write_bytes(data[:-1])
        with (tmp_path / "pipe").open("rb") as source, pytest.raises(EOFError):
            lme4.receive(source)

    @pytest.mark.lme4
    def test_r_errors_are_reported_and_the_session_lives_on(self, lme4_session: Lme4Session) -> None:
        constant = replace(SCORE, response=np.zeros(N))
        broken = lme4_session.fit(replace(constant, groups=np.arange(N)), "gaussian")
        assert not broken.status.usable
        assert "lme4 could not fit this model" in spoken(broken.status.messages, "en")
        fit = fit_mixed_linear(SCORE, engine="lme4", df="satterthwaite", session=lme4_session)
        plain = fit_mixed_linear(SCORE, df="satterthwaite")
        np.testing.assert_allclose(fit.estimate, plain.estimate, rtol=1e-6)
        np.testing.assert_allclose(fit.df, plain.df, rtol=1e-5)


def test_importing_engines_loads_nothing_heavy() -> None:
    code = "import dnt_cli.engines, dnt_cli.pooling, sys; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["scipy", "pandas", "statsmodels", "glmm", "rpy2", "pymer4"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_large_variance_is_pointed_out_for_laplace_only() -> None:
    rng = np.random.default_rng(4)
    linear = rng.normal(0, 5, N // 4)[PERSON] + MATRIX[:, 2] - 1.5
    design = replace(BINARY, response=(rng.random(N) < 1 / (1 + np.exp(-linear))).astype(float))
    laplace, quadrature = fit_mixed_logistic(design, nodes=1), fit_mixed_logistic(design)
    assert laplace.random_sd is not None
    assert laplace.random_sd > 2
    assert "Laplace approximation is rough" in spoken(laplace.status.messages, "en")
    assert quadrature.status.messages == ()
    assert fit_mixed_logistic(BINARY, nodes=1).status.messages == ()
