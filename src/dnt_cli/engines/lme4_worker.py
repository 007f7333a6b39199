"""The child process of `Lme4Session`: reads designs from stdin, fits them with pymer4, writes numbers to stdout."""

from __future__ import annotations

import os
import sys
import warnings
from typing import IO, Any

import numpy as np

from dnt_cli.engines.lme4 import receive, send

# Stock tolerances of glmer leave errors of several hundredths of a standard error, now and then far more
# (lme4 issue 289); these bring it to the optimum.
_GLMER_CONTROL = "optimizer='bobyqa', tolPwrss=1e-10, optCtrl=list(maxfun=1e5)"
_LMER_CONTROL = "optimizer='bobyqa', optCtrl=list(maxfun=1e5, rhoend=1e-10)"

# vcov() falls back to a covariance that ignores the uncertainty of the variance, and says so only in a warning.
_EXTRACT = """
function(model, satterthwaite) {
  problems <- character()
  covariance <- withCallingHandlers(as.matrix(stats::vcov(model)), warning = function(w) {
    problems <<- "unreliable_errors"
    invokeRestart("muffleWarning")
  })
  if (!identical(as.integer(model@optinfo$conv$opt), 0L)) problems <- c(problems, "no_convergence")
  df <- rep(Inf, length(lme4::fixef(model)))
  if (satterthwaite) df <- coef(summary(model, ddf = "Satterthwaite"))[, "df"]
  list(problems = problems, estimate = unname(lme4::fixef(model)), covariance = as.numeric(covariance),
       df = as.numeric(unname(df)), log_likelihood = as.numeric(stats::logLik(model)),
       random_sd = as.numeric(attr(lme4::VarCorr(model)[[1]], "stddev")), residual_sd = stats::sigma(model),
       singular = lme4::isSingular(model))
}
"""


def main() -> None:
    """Answer requests until stdin closes."""
    # R writes to file descriptor 1 whenever it likes, so the protocol moves to a private copy of it.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Whatever goes wrong on loading R, pymer4 shows it in one of these ways: no package, no R_HOME, no shared
    # library, an R package that is missing (rpy2 derives PackageNotInstalledError from Exception; see _Engine).
    try:
        engine = _Engine()
    except (ImportError, ValueError, OSError, RuntimeError) as error:
        send(out, ("missing", _first_line(error)))
        return
    send(out, ("ready", engine.versions))
    serve(engine, sys.stdin.buffer, out)


def serve(engine: _Engine, source: IO[bytes], out: IO[bytes]) -> None:
    """Fit every design that arrives.

    Args:
        engine: R.
        source: of requests; see `Lme4Session.fit`.
        out: where the answers go.
    """
    while True:
        try:
            request = receive(source)
        except EOFError:
            return
        send(out, engine.fit(request))


class _Engine:
    """R with pymer4 on top; raises ImportError when a part is missing."""

    def __init__(self) -> None:
        warnings.simplefilter("ignore")
        import rpy2.robjects as robjects
        from rpy2.rinterface_lib import callbacks
        from rpy2.rinterface_lib.embedded import RRuntimeError
        from rpy2.robjects.packages import PackageNotInstalledError, importr

        callbacks.consolewrite_print = callbacks.consolewrite_warnerror = _discard
        try:
            importr("lmerTest")
            lme4 = importr("lme4")
            from pymer4.models import Lmer
        except (PackageNotInstalledError, RRuntimeError) as error:
            raise ImportError(_first_line(error)) from error
        callbacks.consolewrite_print = callbacks.consolewrite_warnerror = _discard
        self._robjects, self._lme4, self._lmer, self._error = robjects, lme4, Lmer, RRuntimeError
        self._extract = robjects.r(_EXTRACT)
        version = robjects.r("function(p) gsub('.', '-', as.character(packageVersion(p)), fixed = TRUE)")
        self.versions = {
            "R": str(robjects.r("as.character(getRversion())")[0]),
            "lme4": _dashed(str(version("lme4")[0])),
            "lmerTest": _dashed(str(version("lmerTest")[0])),
        }

    def fit(self, request: dict[str, Any]) -> tuple[str, Any]:
        """("fitted", numbers) or ("failed", R's message)."""
        try:
            model = self._model(request)
            found = self._extract(model, request["satterthwaite"])
        except self._error as error:
            return "failed", _first_line(error)
        # pymer4 reads much more out of the model than is asked here, and trips over unusual ones.
        except (ValueError, TypeError, KeyError, IndexError) as error:
            return "failed", f"pymer4 stopped with {type(error).__name__}"
        return "fitted", {
            "problems": [str(text) for text in found.rx2("problems")],
            "estimate": np.array(found.rx2("estimate"), dtype=float),
            "covariance": np.array(found.rx2("covariance"), dtype=float),
            "df": np.array(found.rx2("df"), dtype=float),
            "log_likelihood": float(found.rx2("log_likelihood")[0]),
            "random_sd": float(found.rx2("random_sd")[0]),
            "residual_sd": float(found.rx2("residual_sd")[0]),
            "singular": bool(found.rx2("singular")[0]),
        }

    def _model(self, request: dict[str, Any]) -> Any:
        import pandas as pd
        from pymer4.bridge import pandas2R

        columns = {f"x{i}": column for i, column in enumerate(request["matrix"].T)}
        groups = pd.Series(request["groups"]).astype(str)
        data = pd.DataFrame({"y": request["response"], **columns, "g": groups})
        formula = f"y ~ 0 + {' + '.join(columns)} + (1 | g)"
        if request["nodes"] > 1:
            # pymer4 swallows nAGQ without a word, so quadrature goes to glmer itself.
            return self._lme4.glmer(
                self._robjects.Formula(formula),
                data=pandas2R(data),
                family="binomial",
                nAGQ=request["nodes"],
                control=self._robjects.r(f"lme4::glmerControl({_GLMER_CONTROL})"),
            )
        model = self._lmer(formula, data=data, family=request["family"])
        control = _LMER_CONTROL if request["family"] == "gaussian" else _GLMER_CONTROL
        model.fit(summarize=False, verbose=False, no_warnings=True, REML=request["reml"], control=control)
        return model.model_obj


def _dashed(text: str) -> str:
    """1-1-31 as lme4's authors write it: 1.1-31."""
    return text.replace("-", ".", 1)


def _discard(text: str) -> None:
    """Swallow R's console."""


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:200]


if __name__ == "__main__":
    main()
