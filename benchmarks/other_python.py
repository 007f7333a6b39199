"""The models of the effects beside other Python, on the same data sets: how long, and how far the answers differ.

    python -m benchmarks.other_python imputed.parquet

The first two data sets are fitted, which takes four minutes. Other Python is statsmodels, and lme4 through pymer4 where
that is installed (R's start included). Per outcome and data set the effect of the group, or of the group on the trend,
is compared. BinomialBayesMixedGLM has priors (standard deviation 2 for coefficients) and no quadrature: its answer is
the maximum of the joint density (MAP), or a variational approximation, and not the maximum likelihood that the others
look for.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.timing import cpu_seconds

if TYPE_CHECKING:
    from dnt_cli.engines import DesignMatrix

Answers = list[tuple[float, float]]  # estimate and standard error of the effect per data set
Designs = Sequence["DesignMatrix"]
SETS = 2


def designs_of(path: Path) -> dict[tuple[str, str], list[list[DesignMatrix]]]:
    """Per analysis and kind of outcome the designs of each outcome, one per data set."""
    from dnt_cli.design import Designs
    from dnt_cli.imputed.data import read_completed
    from dnt_cli.models import ENDPOINT, LONGITUDINAL, Model
    from dnt_cli.stagefile.container import read_stage

    data = read_completed(read_stage(path.read_bytes(), path.name, ["imputations"], "other_python"))
    study, sets = data.study, [Designs(wide, data.study) for wide in data.sets[:SETS]]
    found: dict[tuple[str, str], list[list[DesignMatrix]]] = {}
    for key, outcome in study.tested.items():
        if outcome.source == "register" or outcome.kind not in ("binary", "linear"):
            continue
        controls = study.without_itself(study.models.controls, key)
        for analysis in (ENDPOINT, LONGITUDINAL) if study.has_trend(key) else (ENDPOINT,):
            model = Model(analysis, key, controls)
            found.setdefault((analysis, outcome.kind), []).append([designs.build(model) for designs in sets])
    return found


def own(fit: Callable[[Designs], Sequence[Any]], effect: str) -> Callable[[Designs], Answers]:
    """An engine of dnt."""

    def answers(designs: Designs) -> Answers:
        places = [design.terms.index(effect) for design in designs]
        return [(one.estimate[j], one.std_error[j]) for one, j in zip(fit(designs), places, strict=True)]

    return answers


def each(fit: Callable[[DesignMatrix], tuple[Any, Any]], effect: str) -> Callable[[Designs], Answers]:
    """Another program, that fits one data set after the other and gives estimates and standard errors."""

    def answers(designs: Designs) -> Answers:
        found = []
        for design in designs:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                estimate, error = fit(design)
            j = design.terms.index(effect)
            found.append((float(np.asarray(estimate)[j]), float(np.asarray(error)[j])))
        return found

    return answers


def glm(design: DesignMatrix) -> tuple[Any, Any]:
    import statsmodels.api as sm

    fit = sm.GLM(design.response, design.matrix, family=sm.families.Binomial()).fit()
    return fit.params, fit.bse


def ols(design: DesignMatrix) -> tuple[Any, Any]:
    import statsmodels.api as sm

    fit = sm.OLS(design.response, design.matrix).fit()
    return fit.params, fit.bse


def mixed_lm(design: DesignMatrix) -> tuple[Any, Any]:
    from statsmodels.regression.mixed_linear_model import MixedLM

    fit = MixedLM(design.response, design.matrix, groups=design.groups).fit(reml=True)
    return fit.fe_params, fit.bse_fe


def bayes(way: str) -> Callable[[DesignMatrix], tuple[Any, Any]]:
    """BinomialBayesMixedGLM by `fit_map` or `fit_vb`."""

    def fit(design: DesignMatrix) -> tuple[Any, Any]:
        from scipy.sparse import csr_matrix
        from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

        _, person = np.unique(np.asarray(design.groups), return_inverse=True)
        rows = np.arange(person.size)
        intercepts = csr_matrix((np.ones(person.size), (rows, person)))
        ident = np.zeros(intercepts.shape[1], dtype=int)
        found = getattr(BinomialBayesMixedGLM(design.response, design.matrix, intercepts, ident), way)()
        return found.fe_mean, found.fe_sd

    return fit


def by_lme4(binary: bool, effect: str) -> Callable[[Designs], Answers]:
    """lme4 through pymer4; glmer with Laplace's approximation, which is its default."""
    from dnt_cli.engines import Lme4Session

    def answers(designs: Designs) -> Answers:
        with Lme4Session() as session:
            if binary:
                fits = [session.fit(design, "binomial", nodes=1) for design in designs]
            else:
                fits = [session.fit(design, "gaussian", reml=True, df="residual_infinite") for design in designs]
        return [
            (fit.estimate[design.terms.index(effect)], fit.std_error[design.terms.index(effect)])
            for fit, design in zip(fits, designs, strict=True)
        ]

    return answers


def timed(fit: Callable[[Designs], Answers], outcomes: Sequence[Designs]) -> tuple[float, np.ndarray]:
    """CPU seconds, and (fits, 2) answers."""
    fit(outcomes[0][:1])  # what is imported, or compiled, the first time
    start = cpu_seconds()
    found = [answer for designs in outcomes for answer in fit(designs)]
    return cpu_seconds() - start, np.array(found)


def compared(path: Path) -> str:
    """The comparison as a table in Markdown."""
    from dnt_cli.engines import fit_linear_sets, fit_logistic_sets, fit_mixed_linear_sets, fit_mixed_logistic_sets
    from dnt_cli.errors import EngineError
    from dnt_cli.models import ENDPOINT, GROUP, LONGITUDINAL, TREND

    models = {
        (ENDPOINT, "binary"): (own(fit_logistic_sets, GROUP), {"statsmodels GLM": each(glm, GROUP)}),
        (ENDPOINT, "linear"): (own(fit_linear_sets, GROUP), {"statsmodels OLS": each(ols, GROUP)}),
        (LONGITUDINAL, "binary"): (
            own(fit_mixed_logistic_sets, TREND),
            {
                "BinomialBayesMixedGLM, MAP": each(bayes("fit_map"), TREND),
                "BinomialBayesMixedGLM, variational": each(bayes("fit_vb"), TREND),
                "pymer4, glmer (Laplace)": by_lme4(True, TREND),
            },
        ),
        (LONGITUDINAL, "linear"): (
            own(fit_mixed_linear_sets, TREND),
            {"statsmodels MixedLM": each(mixed_lm, TREND), "pymer4, lmer": by_lme4(False, TREND)},
        ),
    }
    lines = [
        "| model | fits | dnt: CPU s | beside | CPU s | ratio | estimate off, in SE: median, most | its SE / ours |",
        "|---|--:|--:|---|--:|--:|--:|--:|",
    ]
    for name, outcomes in designs_of(path).items():
        ours, others = models[name]
        cpu, mine = timed(ours, outcomes)
        for other, fit in others.items():
            try:
                other_cpu, theirs = timed(fit, outcomes)
            except EngineError as error:
                print(f"{other}: {error}", file=sys.stderr)
                continue
            off = np.abs(theirs[:, 0] - mine[:, 0]) / mine[:, 1]
            ratio = theirs[:, 1] / mine[:, 1]
            where = "endpoint" if name[0] == ENDPOINT else "trend"
            lines.append(
                f"| {where}, {name[1]} | {len(mine)} | {cpu:.3f} | {other} | {other_cpu:.2f} | {other_cpu / cpu:.0f} "
                f"| {np.nanmedian(off):.2g}, {np.nanmax(off):.2g} | {np.nanmin(ratio):.3f} to {np.nanmax(ratio):.3f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(compared(Path(sys.argv[1])))
