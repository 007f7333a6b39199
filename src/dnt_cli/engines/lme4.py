"""R's lme4 as the reference engine, in a child process so that R's console and callbacks stay out of ours."""

from __future__ import annotations

import os
import pickle
import shutil
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

import numpy as np

from dnt_cli.arrays import Floats
from dnt_cli.engines.base import DesignMatrix, Fit, Status, group_codes, unusable
from dnt_cli.errors import EngineError
from dnt_cli.messages import message
from dnt_cli.packages import install_command

Family = Literal["gaussian", "binomial"]

_PACKAGES = ("pymer4", "rpy2")
_APT = "apt-get install r-base-core r-cran-lme4 r-cran-lmertest r-cran-emmeans r-cran-tibble"

# Says per R package whether it is there, then the versions that matter.
_PROBE = (
    "for (p in c('lme4', 'lmerTest', 'emmeans', 'tibble')) "
    "cat(p, system.file('DESCRIPTION', package = p) != '', '\\n');"
    "cat('R', as.character(getRversion()), 'lme4', as.character(packageDescription('lme4')$Version))"
)

# lme4's PIRLS gives up or misjudges convergence when a column is this much larger or smaller than the others.
_ORDINARY_SIZE = (1e-2, 1e2)

_LENGTH = struct.Struct("<Q")


def send(stream: IO[bytes], message: object) -> None:
    """Write one message: its length in eight bytes, then its pickle."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Raises:
        EOFError: the other side has gone.
    """
    return pickle.loads(_read(stream, _LENGTH.unpack(_read(stream, _LENGTH.size))[0]))


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def lme4_available() -> tuple[bool, str]:
    """Whether lme4 can be used and, if not, what to install.

    Returns:
        True and the versions found, or False and a sentence.
    """
    for package in _PACKAGES:
        if find_spec(package) is None:
            return False, f"The Python package {package} is missing: {install_command(*_PACKAGES)}"
    rscript = _rscript()
    if rscript is None:
        return False, f"R was not found: {_APT} (or install R and set R_HOME)"
    try:
        done = subprocess.run(
            [rscript, "--vanilla", "-e", _PROBE],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False, f"R does not start: {_APT}"
    missing = [line.split()[0] for line in done.stdout.splitlines() if line.strip().endswith("FALSE")]
    if missing:
        return False, f"R lacks {', '.join(missing)}: {_APT}"
    if done.returncode != 0:
        return False, f"R does not start: {_APT}"
    return True, done.stdout.splitlines()[-1].strip()


def _rscript() -> str | None:
    home = os.environ.get("R_HOME")
    if home:
        return shutil.which("Rscript", path=str(Path(home) / "bin")) or shutil.which("Rscript")
    return shutil.which("Rscript")


class Lme4Session:
    """A running R with lme4; use it in a `with` statement, and for many fits, because starting takes seconds."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Lme4Session:
        environment = dict(os.environ)
        source = str(Path(__file__).resolve().parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [source, environment.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dnt_cli.engines.lme4_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        try:
            kind, content = self._reply()
        except BaseException:
            self._stop()
            raise
        if kind == "missing":
            self._stop()
            there, what = lme4_available()
            reason = f"{content}. It needs: {_APT}; {install_command(*_PACKAGES)}" if there else what
            raise EngineError(f"lme4 cannot be used: {reason}. Or use --engine own.")
        self.versions = content
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def fit(
        self,
        design: DesignMatrix,
        family: Family,
        nodes: int = 1,
        reml: bool = True,
        df: Literal["residual_infinite", "satterthwaite"] = "residual_infinite",
    ) -> Fit:
        """Fit a random-intercept model with lme4 under tight control.

        Only the numbers lme4 gives; `fit_mixed_linear` and `fit_mixed_logistic` add the checks.

        Args:
            design: with groups; finite, of full column rank.
            family: "gaussian" for lmer, "binomial" for glmer.
            nodes: quadrature nodes for glmer.
            reml: for lmer.
            df: lmerTest's degrees of freedom, or infinite ones.

        Raises:
            EngineError: R stopped.
        """
        if self._process is None or design.groups is None:
            raise EngineError("The R session is not open, or the model has no random effect.")
        scale = _scale(design.matrix)
        request = {
            "response": np.asarray(design.response, dtype=float),
            "matrix": design.matrix / scale,
            "groups": group_codes(design.groups),
            "family": family,
            "nodes": nodes,
            "reml": reml,
            "satterthwaite": df == "satterthwaite",
        }
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, request)
        except OSError as error:
            raise EngineError(self._died()) from error
        kind, content = self._reply()
        method = ("REML" if reml else "ML") if family == "gaussian" else "Laplace" if nodes == 1 else f"AGQ {nodes}"
        name = f"lme4 {self.versions['lme4']} {method}"
        if kind == "failed":
            return unusable(design, name, message("engines.lme4_failed", reason=str(content)), nodes=nodes)
        return _fit_from(design, content, scale, name, nodes, family)

    def _reply(self) -> tuple[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            kind, content = receive(self._process.stdout)
        except (EOFError, OSError) as error:
            raise EngineError(self._died()) from error
        return kind, content

    def _died(self) -> str:
        if self._process is None:
            return "The R session is not open."
        try:
            code: int | str = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = "none yet"
        return f"R stopped unexpectedly (exit code {code}). Check it with dnt doctor, or use --engine own."

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # the child has gone, so what was buffered cannot be written
                    continue
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _scale(matrix: Floats) -> Floats:
    """(k,) divisors that bring very large and very small columns to unit size, and leave the others alone."""
    size = np.sqrt((matrix**2).mean(axis=0))
    low, high = _ORDINARY_SIZE
    return np.where((size < low) | (size > high), size, 1.0)


def _fit_from(
    design: DesignMatrix, content: dict[str, Any], scale: Floats, name: str, nodes: int, family: Family
) -> Fit:
    k = len(design.terms)
    if content["problems"] or content["estimate"].size != k:
        reasons = [message(f"engines.{key}") for key in content["problems"] or ["lme4_dropped"]]
        return unusable(design, name, *reasons, nodes=nodes)
    assert design.groups is not None
    return Fit(
        terms=design.terms,
        estimate=content["estimate"] / scale,
        covariance=content["covariance"].reshape(k, k) / np.outer(scale, scale),
        df=content["df"],
        # The REML criterion depends on the units of the columns through log|X'V^-1 X|.
        log_likelihood=content["log_likelihood"] - (np.log(scale).sum() if name.endswith("REML") else 0.0),
        random_sd=content["random_sd"],
        residual_sd=content["residual_sd"] if family == "gaussian" else None,
        status=Status(converged=True, singular=content["singular"], separated=False),
        engine=name,
        n_observations=design.response.size,
        nodes=nodes,
    )
