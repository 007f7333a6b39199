"""dnt in a notebook or a script: the stages as functions, and results that show themselves.

`import dnt_cli as dnt` offers what `__all__` names. A result is what the command of the same name writes, byte for
byte: `save` writes that file, and `read` reads it again.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dnt_cli.cli.fit import Asked
    from dnt_cli.cli.inputs import Foreign, Input
    from dnt_cli.stagefile.container import Provenance, Stage
    from dnt_cli.stagefile.result import Content, StageResult
    from dnt_cli.study import Language, Study
    from dnt_cli.tables import Table

__all__ = ["AnalysisResult", "Tables", "check_robustness", "describe", "fit_endpoint", "fit_trend", "impute", "read"]

_METHODS = ("pmm", "norm", "forest")
_ARGUMENTS = {
    "--study FILE": 'study="FILE"', "--study": "study", "--set": "settings", "--outcomes": "outcomes",
    "--controls": "controls", "--moderator": "moderators", "--at": "at",
}  # fmt: skip


class Tables(tuple["Table", ...]):
    """Tables that a notebook shows as HTML, and `print` as text."""

    __slots__ = ()

    def __str__(self) -> str:
        from dnt_cli.tables import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from dnt_cli.tables import as_html

        return as_html(self)


@dataclass(frozen=True, repr=False)
class AnalysisResult:
    """The result of a stage. What its kind has besides, such as `estimates` and `fits`, is an attribute too.

    Attributes:
        content: The bytes of its stage file.
        stage: The stage file.
    """

    content: bytes
    stage: Stage = field(compare=False)

    @cached_property
    def result(self) -> StageResult:
        """The result that its kind of stage file holds, such as `dnt_cli.effects.result.Estimates`."""
        from dnt_cli.stagefile.kinds import result_of

        return result_of(self.stage)

    @property
    def kind(self) -> str:
        """Such as `estimates`, `imputations` or `description`."""
        return self.stage.kind

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """What `--format csv` gives: a row per effect, figure or model; all rows of the file with `everything`."""
        return self.result.rows(everything=everything)

    def tables(self, language: Language | None = None) -> Tables:
        """The tables that `dnt show` shows, in `"nl"` or `"en"`; by default in the language that dnt speaks here."""
        from dnt_cli.cli.options import default_language
        from dnt_cli.wording import Wording

        spoken: Any = language or default_language()
        if spoken not in ("nl", "en"):
            raise UsageError(say("python_argument", given=f'tables("{spoken}")', known="nl, en"))
        return Tables(self.result.tables(Wording(self.stage.study, spoken)))

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the stage file; `force` replaces whatever is there.

        Raises:
            DataError: It cannot be written, or what is there is no stage file of this kind.
        """
        from dnt_cli.stagefile.atomic import write_file
        from dnt_cli.stagefile.container import refuse_foreign

        refuse_foreign(str(path), self.kind, "save", force=force)
        write_file(Path(path), self.content)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.result, name)

    def __repr__(self) -> str:
        from dnt_cli.stagefile.kinds import held

        return f"<dnt: {held(self.kind)} of the study {self.stage.study.key}>"

    def _repr_html_(self) -> str:
        return self.tables()._repr_html_()


Source = AnalysisResult | str | Path
"""A result, or the path of a stage file or of a file of another program."""


def read(path: str | Path) -> AnalysisResult:
    """A stage file of any kind.

    Raises:
        DataError: There is no such file, or it is no stage file.
    """
    from dnt_cli.cli.inputs import read as read_bytes
    from dnt_cli.stagefile.container import read_stage
    from dnt_cli.stagefile.kinds import KINDS

    content, name = read_bytes(str(path))
    return AnalysisResult(content, read_stage(content, name, KINDS, "read"))


def impute(
    survey: Source | pd.DataFrame, *, study: str | Path | None = None, settings: Mapping[str, Any] | None = None,
    m: int | None = None, method: str | None = None, iterations: int | None = None, seed: int | None = None,
    jobs: int = 1,
) -> AnalysisResult:  # fmt: skip
    """Fill the gaps of a survey m times, as `dnt impute` does.

    Args:
        survey: A survey file, a file of another program, or a table with a row per person and wave.
        study: Study file or built-in study; a stage file of dnt has its own.
        settings: Values of the study file to replace, such as `{"models.standardise": "outcome"}`.
        m: Completed data sets; default: the study's.
        method: `pmm`, `norm` or `forest`; default: the study's.
        iterations: Rounds; default: the study's.
        seed: Default: the study's.
        jobs: Processes; results do not depend on them.

    Raises:
        UserError: The study or the data are not as they must be; the message says what to do.
    """
    from dnt_cli.imputed.data import STUDY_SETTINGS, imputation_tables, impute_wide, settings_of
    from dnt_cli.stagefile.container import as_columns
    from dnt_cli.stagefile.result import Content
    from dnt_cli.wide import to_wide

    if method is not None and method not in _METHODS:
        raise UsageError(say("python_argument", given=f'method="{method}"', known=", ".join(_METHODS)))
    opened = _opened(survey, "impute", "survey", study, settings)
    wide = to_wide(opened.survey(), opened.spec)
    used = settings_of(opened.spec, m=m, method=method, iterations=iterations, seed=seed)
    imputation, completed = impute_wide(wide, opened.spec, used, jobs=jobs, stacked=True)
    extra: dict[str, Any] = {}

    def tables() -> Iterator[pa.Table]:
        yield from imputation_tables(wide, completed, opened.spec)
        extra.update({name: as_columns(getattr(imputation, name)) for name in ("trace", "events", "models")})

    said = {name: getattr(used, name) for name in STUDY_SETTINGS}
    return _kept("imputations", opened.spec, Content(tables(), extra), opened.provenance("impute", said))


def fit_endpoint(
    imputations: Source, *, study: str | Path | None = None, settings: Mapping[str, Any] | None = None,
    outcomes: Sequence[str] | None = None, controls: Sequence[str] | None = None, at: Sequence[str] | None = None,
    moderators: Sequence[str] | None = None, jobs: int = 1, **options: Any,
) -> AnalysisResult:  # fmt: skip
    """Effects at the endpoint, pooled over the imputations, as `dnt fit-t3` gives them.

    Args:
        imputations: What `impute` gave, an imputations file, or (with `study`) a CSV of R's mice.
        study: Another study file for the same imputations.
        settings: Values of the study file to replace.
        outcomes: Only these.
        controls: Other covariates than the study's; none if empty.
        at: Waves beside the endpoint; by default the follow-up, none if empty, every wave if `["all"]`.
        moderators: Covariates with the effect per subgroup; by default those of the study file, none if empty.
        jobs: Processes; results do not depend on them.
        **options: Fields of `dnt_cli.effects.Options`, such as `level=0.9` or `separation="firth"`.
    """
    from dnt_cli.cli.fit import ModelOptions, endpoint_analysis

    opened = _opened(imputations, "fit_endpoint", "imputations", study, settings)
    models = ModelOptions(_joined(outcomes), _joined(controls), _joined(moderators))
    with _as_python():
        asked = endpoint_analysis(opened.spec, models, _joined(at))
    return _estimates("fit-t3", opened, asked, jobs, options)


def fit_trend(
    imputations: Source, *, study: str | Path | None = None, settings: Mapping[str, Any] | None = None,
    outcomes: Sequence[str] | None = None, controls: Sequence[str] | None = None,
    moderators: Sequence[str] | None = None, jobs: int = 1, **options: Any,
) -> AnalysisResult:  # fmt: skip
    """Trends of the effect over all waves, pooled over the imputations, as `dnt fit-longitudinal` gives them.

    Args:
        imputations: As `fit_endpoint` takes them.
        study: Another study file for the same imputations.
        settings: Values of the study file to replace.
        outcomes: Only these.
        controls: These covariates and no others, instead of the study's ladder.
        moderators: As `fit_endpoint` takes them.
        jobs: Processes; results do not depend on them.
        **options: Fields of `dnt_cli.effects.Options`, such as `engine="lme4"` or `nodes=31`.
    """
    from dnt_cli.cli.fit import ModelOptions, trend_analysis

    opened = _opened(imputations, "fit_trend", "imputations", study, settings)
    models = ModelOptions(_joined(outcomes), _joined(controls), _joined(moderators))
    with _as_python():
        asked = trend_analysis(opened.spec, models)
    return _estimates("fit-longitudinal", opened, asked, jobs, options)


def check_robustness(
    imputations: Source, *, study: str | Path | None = None, settings: Mapping[str, Any] | None = None,
    checks: Sequence[str] | None = None, jobs: int = 1,
) -> AnalysisResult:  # fmt: skip
    """The effects under other assumptions beside the main result, as `dnt robustness` gives them.

    Args:
        imputations: As `fit_endpoint` takes them.
        study: Another study file for the same imputations.
        settings: Values of the study file to replace.
        checks: Letters, such as `"abc"`; default: the study's.
        jobs: Processes; results do not depend on them.
    """
    from dnt_cli.cli.options import choose
    from dnt_cli.effects.fitting import Options
    from dnt_cli.imputed.data import recorded_settings
    from dnt_cli.robustness.checks import CHECKS
    from dnt_cli.robustness.run import run_checks

    opened = _opened(imputations, "check_robustness", "imputations", study, settings)
    data, used = opened.completed(), Options(jobs=jobs)
    letters = choose("checks", _joined(checks), CHECKS) or [c for c in data.study.robustness.checks if c in CHECKS]
    result = run_checks(data, recorded_settings(opened.stage, data.study), used, letters)
    return _saved(result, opened.provenance("robustness", used.told() | {"checks": letters}))


def describe(
    survey: Source | pd.DataFrame, *, study: str | Path | None = None, settings: Mapping[str, Any] | None = None
) -> AnalysisResult:
    """Population, attrition, differences at baseline and trends, from the answers as observed, as `dnt describe` does.

    Args:
        survey: As `impute` takes it.
        study: Study file or built-in study; a stage file of dnt has its own.
        settings: Values of the study file to replace.
    """
    from dnt_cli.cli.describe import described

    opened = _opened(survey, "describe", "survey", study, settings)
    return _saved(described(opened), opened.provenance("describe", {"also": None, "reference": False}))


def _opened(
    source: Source | pd.DataFrame,
    function: str,
    kind: str,
    study: str | Path | None,
    settings: Mapping[str, Any] | None,
) -> Input:
    """What a function was given, with the study that it is to be read with."""
    from dnt_cli.cli.inputs import open_input, with_study
    from dnt_cli.stagefile.container import require_kind

    named = None if study is None else str(study)
    overrides = [f"{key}={_as_toml(value)}" for key, value in (settings or {}).items()]
    command = f"dnt.{function}"
    with _as_python():
        if isinstance(source, AnalysisResult):
            return with_study(require_kind(source.stage, [kind], command), named, overrides)
        if isinstance(source, str | Path):
            foreign: Foreign = "with study"
            return open_input(str(source), command, [kind], foreign=foreign, study=named, overrides=overrides)
        return _table(source, named, overrides)


@contextlib.contextmanager
def _as_python() -> Iterator[None]:
    """Errors that name options of a command name the arguments of a function."""
    try:
        yield
    except UsageError as error:
        said = str(error)
        for option, argument in _ARGUMENTS.items():
            said = said.replace(option, argument)
        raise UsageError(said) from None


def _table(frame: pd.DataFrame, study: str | None, overrides: Sequence[str]) -> Input:
    """A table in memory, known by the hash of its CSV."""
    import hashlib

    from dnt_cli.cli.inputs import Input
    from dnt_cli.reading import Dictionary, RawTable
    from dnt_cli.study import load_study

    if study is None:
        raise UsageError(say("table_study"))
    digest = hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
    return Input("the table", digest, load_study(study, overrides), joined=RawTable(frame, Dictionary()))


def _as_toml(value: Any) -> str:
    """A setting as `--set` takes it."""
    import json

    return value if isinstance(value, str) else json.dumps(value)


def _joined(keys: Sequence[str] | None) -> str | None:
    return None if keys is None else ",".join(keys)


def _estimates(command: str, opened: Input, asked: Asked, jobs: int, options: Mapping[str, Any]) -> AnalysisResult:
    from dnt_cli.effects.fitting import Options
    from dnt_cli.effects.result import Estimates

    analysis, said = asked
    data, used = opened.completed(), Options(jobs=jobs, **options)
    result = Estimates.of(data.study, analysis(data, used), used.level)
    return _saved(result, opened.provenance(command, used.told() | said))


def _saved(result: StageResult, provenance: Provenance) -> AnalysisResult:
    from dnt_cli.stagefile.kinds import kind_of

    return _kept(kind_of(result), result.study, result.content(), provenance)


def _kept(kind: str, study: Study, content: Content, provenance: Provenance) -> AnalysisResult:
    """The stage file in memory."""
    from dnt_cli.stagefile.container import open_stage, write_stage

    stream = io.BytesIO()
    write_stage(stream, kind, study, content, provenance)
    stage = open_stage(stream.getvalue(), f"the result of {provenance.command}")
    assert stage is not None  # it was just written
    return AnalysisResult(stream.getvalue(), stage)
