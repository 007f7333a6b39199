"""Which keys of a study file can change after the data were imputed, and which would need another imputation."""

from __future__ import annotations

from fnmatch import fnmatchcase

from dnt_cli.errors import StudyError
from dnt_cli.sentences import Listed, Sentence, say
from dnt_cli.study.comparison import Change, changes
from dnt_cli.study.spec import Study

ANALYSIS = "analysis"
DATA = "the data themselves"
SCORES = "`dnt score`"
RECORDS = "`dnt polis`"
IMPUTATION = "`dnt impute`"

# What each key concerns; the first pattern that fits counts. A section that is added or removed is named as a whole,
# such as `covariates.age`. `*` stands for any letters, dots included.
CONCERNS = (
    ("study.title*", ANALYSIS),
    ("study.*", DATA),
    ("design.baseline", ANALYSIS),
    ("design.endpoint", ANALYSIS),
    ("design.follow_up", ANALYSIS),
    ("design.*_label*", ANALYSIS),
    *((f"design.{key}", ANALYSIS) for key in ("received", "wave_time", "interview_date", "calendar_split")),
    ("design.waves.*.months", ANALYSIS),
    ("design.*", DATA),
    ("outcomes.*.label*", ANALYSIS),
    ("outcomes.*.level_labels*", ANALYSIS),
    ("outcomes.*.note*", ANALYSIS),
    ("outcomes.*.figure", ANALYSIS),
    ("outcomes.*.role", ANALYSIS),
    ("outcomes.*.hypothesis", ANALYSIS),
    ("outcomes.*.expected", ANALYSIS),
    ("outcomes.*.better", ANALYSIS),
    ("outcomes.*.endpoint", ANALYSIS),
    ("outcomes.*.adjust_for_baseline", ANALYSIS),
    ("outcomes.*.trend", ANALYSIS),
    ("outcomes.*.controls", ANALYSIS),
    ("outcomes.*.counterpart", ANALYSIS),
    ("outcomes.*.register", RECORDS),
    *((f"{kind}.*.{key}", DATA) for kind in ("outcomes", "covariates") for key in ("missing", "valid", "codes*")),
    ("outcomes.*.yes", DATA),
    ("outcomes.*.no", DATA),
    ("outcomes.*", IMPUTATION),
    ("covariates.*.label*", ANALYSIS),
    ("covariates.*.level_labels*", ANALYSIS),
    ("covariates.*.reference", ANALYSIS),
    ("covariates.*.collapse*", ANALYSIS),
    ("covariates.*.describe", ANALYSIS),
    ("covariates.*", IMPUTATION),
    ("hypotheses*", ANALYSIS),
    ("description*", ANALYSIS),
    ("populations*", ANALYSIS),
    ("figures*", ANALYSIS),
    ("published*", ANALYSIS),
    ("disclosure*", ANALYSIS),
    ("models.*", ANALYSIS),
    ("moderators*", ANALYSIS),
    ("robustness.*", ANALYSIS),
    ("significance.*", ANALYSIS),
    ("imputation.*", IMPUTATION),
    ("instruments*", SCORES),
    ("files*", SCORES),
    ("source*", DATA),
    ("register*", RECORDS),
)


def concern(key: str) -> str:
    """What a key of the study file concerns: `ANALYSIS`, or the command that would have to run again."""
    return next(concerned for pattern, concerned in CONCERNS if fnmatchcase(key, pattern))


def require_reanalysis(imputed: Study, asked: Study, name: str) -> list[Change]:
    """The changes that `asked` makes to the study of an imputations file, all of which concern the analysis only.

    Args:
        imputed: The study that the data were imputed with.
        asked: The study of `--study` and `--set`.
        name: How messages call the imputations file.

    Raises:
        StudyError: A change would need other data or another imputation; each is named by its key.
    """
    found = changes(imputed, asked)
    refused = [(change, needed) for change in found if (needed := _needed(change, imputed, asked)) != ANALYSIS]
    if refused:
        named = [(change, say("the_data") if needed == DATA else needed) for change, needed in refused[:5]]
        listed = Listed(tuple(say("concerns", told=_told(change), what=what) for change, what in named), "; ")
        more = say("more_of", count=len(refused) - 5) if len(refused) > 5 else ""
        raise StudyError(say("imputed_otherwise", file=name, listed=listed, more=more))
    return found


def _needed(change: Change, imputed: Study, asked: Study) -> str:
    """What the change concerns, given the two studies as a whole."""
    section, _, rest = change.key.partition(".")
    key = rest.partition(".")[0]
    derived = [study.outcomes[key].derive is not None for study in (imputed, asked) if key in study.outcomes]
    if section == "outcomes" and derived and all(derived):
        return ANALYSIS  # made anew from the completed values of its source
    if change.key.endswith(".months") and any(map(imputed.is_register, imputed.outcomes)):
        return RECORDS  # the month in which the register is looked up
    return concern(change.key)


def _told(change: Change) -> Sentence:
    sides = [say("absent") if side is None else side for side in (change.old, change.new)]
    if any("{" in str(side) for side in sides):  # a whole section
        return say("section_added", key=change.key) if change.old is None else say("section_removed", key=change.key)
    return say("key_asked", key=change.key, old=sides[0], new=sides[1])
