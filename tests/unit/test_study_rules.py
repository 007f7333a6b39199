"""Every rule of study/rules.py: the message, and the line of the study file that it names (marked `# here`)."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from dnt_cli.errors import StudyError
from dnt_cli.study import parse_study, rules
from tests.support.studies import BASE, changed

# (what is replaced, by what with the line to be named marked, what must be said)
CASES = [
    # design
    (
        'waves = [\n  { key = "T0", months = 0 },\n  { key = "T1", months = 6 },\n  { key = "T2", months = 12 },\n]',
        'waves = [{ key = "T0", months = 0 }]  # here',
        "design.waves: expected at least two waves with different keys",
    ),
    ('waves = [\n  { key = "T0", months = 0 },', 'waves = [  # here\n  { key = "T1", months = 0 },', "different keys"),
    (
        'waves = [\n  { key = "T0", months = 0 },',
        'waves = [  # here\n  { key = "T0", months = 7 },',
        "increasing months",
    ),
    (
        'waves = [\n  { key = "T0", months = 0 },',
        'waves = [  # here\n  { key = "T0", months = nan },',
        "increasing months",
    ),
    (
        'waves = [\n  { key = "T0", months = 0 },',
        'waves = [  # here\n  { key = " T0", months = 0 },',
        "found ' T0'; a code",
    ),
    ('baseline = "T0"', 'baseline = "T9"  # here', "design.baseline: found 'T9'; allowed: T0, T1, T2"),
    ('endpoint = "T2"', 'endpoint = "t2"  # here', "design.endpoint: found 't2'; allowed: T0, T1, T2"),
    ('endpoint = "T2"', 'endpoint = "T2"\nfollow_up = "T3"  # here', "design.follow_up: found 'T3'"),
    ('endpoint = "T2"', 'endpoint = "T0"  # here', "the endpoint must come after the baseline T0"),
    ('comparison = "control"', 'comparison = "treated"  # here', "the two groups have the same code"),
    ('comparison = "control"', 'comparison = ""  # here', "design.comparison: found ''; a code holds something"),
    ('[design]\nid = "person"', '[design]  # here\nid = "arm"', "id, wave, group and site must be different columns"),
    ('site = "town"', 'pair = "duo"  # here', "design.pair: a pair is one of sites"),
    ('group = "arm"', 'group = "arm"\npair = "arm"  # here', "design.pair: arm is a column of the design already"),
    # outcomes
    ("[outcomes.work]", '[outcomes."paid work"]  # here', "a key starts with a letter and holds letters, digits"),
    (
        'waves = ["T0", "T1", "T2"]\nhypothesis = "H1"',
        'waves = ["T0", "T3"]  # here',
        "outcomes.work.waves: found 'T3'",
    ),
    ('waves = ["T0", "T1", "T2"]\nhypothesis = "H1"', "waves = []  # here", "expected at least one wave, each once"),
    ('waves = ["T0", "T1", "T2"]\nhypothesis = "H1"', 'waves = ["T2", "T2"]  # here', "each once"),
    ('hypothesis = "H1"', 'hypothesis = "H2"  # here', "outcomes.work.hypothesis: found 'H2'; known: H1"),
    ("range = [0, 100]", "range = [100, 0]  # here", "outcomes.score.range: expected [lowest, highest]"),
    ('hypothesis = "H1"', "range = [0, 1]  # here", "a binary outcome is 0 or 1 and has no range"),
    ('role = "descriptive"', "range = [1, 2]  # here", "a tested ordinal outcome has 3 to 30 classes"),
    (
        'kind = "linear"\nwaves = ["T0", "T1", "T2"]\nrange = [0, 100]',
        'kind = "count"\nwaves = ["T0", "T1", "T2"]\nrange = [-1, 100]  # here',
        "a count is a whole number from 0",
    ),
    ('kind = "linear"', 'kind = "count"\nimpute_method = "polr"  # here', "a count is imputed by pmm or norm"),
    ('hypothesis = "H1"', 'counterpart = "wrok"  # here', "there is no outcome wrok"),
    ("[outcomes.high]", '[outcomes.high]  # here\nsource = "register"', "neither derived nor conditional"),
    ('hypothesis = "H1"', 'register = "work"  # here', 'only an outcome with source = "register"'),
    ('kind = "linear"', 'kind = "linear"  # here\nsource = "register"\nregister = "work"', "work is binary"),
    (
        'waves = ["T0", "T1", "T2"]\nhypothesis = "H1"',
        'waves = ["T0", "T1"]\nendpoint = "T2"  # here',
        "not asked at T2",
    ),
    (
        'hypothesis = "H1"',
        'endpoint = "T0"  # here',
        "outcomes.work.endpoint: the endpoint must come after the baseline",
    ),
    (
        'waves = ["T0", "T1", "T2"]\nrange',
        'waves = ["T1", "T2"]\nadjust_for_baseline = true  # here\nrange',
        "not asked at the baseline T0",
    ),
    (
        'waves = ["T0", "T1", "T2"]\nrange',
        'waves = ["T2"]\ntrend = true  # here\nrange',
        "a trend needs at least two waves",
    ),
    # relations between outcomes
    ('conditional_on = "work"', 'conditional_on = "score"  # here', "expected a measured binary outcome that is not"),
    ('conditional_on = "work"', 'conditional_on = "high"  # here', "expected a measured binary outcome that is not"),
    (
        'waves = ["T0", "T1", "T2"]\nhypothesis = "H1"\n\n[outcomes.hours]\nlabel = "Hours"\nkind = "binary"\n'
        'waves = ["T0", "T1", "T2"]\nconditional_on = "work"',
        'waves = ["T2"]\n\n[outcomes.hours]\nlabel = "Hours"\nkind = "binary"\nwaves = ["T0", "T1", "T2"]\n'
        'conditional_on = "work"  # here',
        "work was not asked at all waves of this outcome",
    ),
    (
        'derive = { source = "score", rule = "at_least", value = 50 }',
        'derive = { source = "scor", rule = "at_least", value = 50 }  # here',
        "derive.source: expected an outcome that is measured",
    ),
    (
        'derive = { source = "score", rule = "at_least", value = 50 }',
        'derive = { source = "score", rule = "at_most" }  # here',
        "derive.value: the rule at_most needs a value",
    ),
    (
        'derive = { source = "score", rule = "at_least", value = 50 }',
        'derive = { source = "score", rule = "rise", since = "T7" }  # here',
        "the rule rise needs a wave; allowed: T0, T1, T2",
    ),
    (
        'waves = ["T0", "T1", "T2"]\nderive = { source = "score", rule = "at_least", value = 50 }',
        'waves = ["T0", "T1", "T2"]  # here\nderive = { source = "rung", rule = "at_least", value = 5 }',
        "rung was not asked at all these waves",
    ),
    (
        'kind = "binary"\nwaves = ["T0", "T1", "T2"]\nderive',
        'kind = "linear"  # here\nwaves = ["T0", "T1", "T2"]\nderive',
        "the rule at_least gives a binary outcome",
    ),
    (
        'derive = { source = "score", rule = "at_least", value = 50 }',
        'derive = { source = "score", rule = "classes", cutoffs = [5, 2] }  # here',
        "lowest value of each higher class",
    ),
    (
        'kind = "binary"\nwaves = ["T0", "T1", "T2"]\nderive = { source = "score", rule = "at_least", value = 50 }',
        'kind = "ordinal"\nrole = "descriptive"\nwaves = ["T2"]\nrange = [0, 3]  # here\n'
        'derive = { source = "score", rule = "classes", cutoffs = [2, 5] }',
        "2 cut-offs give 3 classes, such as [0, 2]",
    ),
    # files
    (
        "[robustness]",
        '[files.one]\npath = "a.csv"\nwave = "T0"  # here\nwave_column = "x"\n\n[robustness]',
        "give either the wave",
    ),
    (
        "[robustness]",
        '[files.one]\npath = "a.csv"\nwave = "T9"  # here\n\n[robustness]',
        "files.one.wave: found 'T9'; allowed: T0",
    ),
    (
        "[robustness]",
        '[files.one]\npath = "a.csv"\ncolumns = { a = "x", b = "x" }  # here\n\n[robustness]',
        "two columns get the same name",
    ),
    # covariates
    ("[covariates.age]", '[covariates."1age"]  # here', "a key starts with a letter"),
    ("range = [16, 100]", "range = [100, 16]  # here", "covariates.age.range: expected [lowest, highest]"),
    ("range = [16, 100]", 'levels = ["young", "old"]  # here', "a continuous covariate has no levels"),
    ('levels = ["city", "town hall", "village"]', 'levels = ["city", ""]  # here', "found ''; a code holds something"),
    (
        'levels = ["city", "town hall", "village"]',
        'levels = ["city"]  # here',
        "expected at least two different levels",
    ),
    ('levels = ["city", "town hall", "village"]', 'levels = ["city", "city"]  # here', "at least two different levels"),
    (
        'levels = ["city", "town hall", "village"]',
        'levels = ["city", "village"]\nreference = "town"  # here',
        "reference: found 'town'; allowed: city, village",
    ),
    (
        'levels = ["city", "town hall", "village"]',
        'levels = ["city", "village"]\ncollapse = { x = ["town"] }  # here',
        "expected each of these levels at most once: city, village",
    ),
    (
        'levels = ["city", "town hall", "village"]',
        'levels = ["a", "b", "c", "d"]\ncollapse = { c = ["a", "b"] }  # here',
        "c is a level itself",
    ),
    (
        'levels = ["city", "town hall", "village"]',
        'levels = ["a", "b"]\ncollapse = { c = ["a", "b"] }  # here',
        "all levels are taken together",
    ),
    (
        'levels = ["city", "town hall", "village"]',
        'levels = ["a", "b"]\nlevel_labels = ["A"]  # here',
        "expected a label for each of the 2 levels",
    ),
    ("[outcomes.rung]", "[outcomes.rung]\nrange = [0, inf]  # here", "whole numbers, and at most 100 of them"),
    ("[outcomes.rung]", "[outcomes.rung]\nrange = [0.5, 3.5]  # here", "whole numbers, and at most 100 of them"),
    (
        "[outcomes.rung]",
        '[outcomes.rung]\nlevel_labels = ["a", "b"]  # here\nrange = [1, 3]',
        "outcomes.rung.level_labels: expected a range, and a label for each",
    ),
    ("range = [0, 100]", "integer = true\nrange = [0.5, 100]  # here", "an outcome of whole numbers has whole limits"),
    ("value = 50 }", "value = nan }  # here", "a cut-off is a number, not nan or inf"),
    # names
    (
        '[covariates.age]\nlabel = "Age"\nkind = "continuous"',
        '[covariates.town]\nlabel = "Age"\nkind = "continuous"  # here',
        "covariates.town.kind: it is the site of the persons as well",
    ),
    (
        "[outcomes.rung]",
        '[outcomes.rung]\ncontrols = ["age"]  # here',
        "outcomes.rung.controls: only an outcome that is tested has models with controls",
    ),
    ("[covariates.age]", "[covariates.arm]  # here", "covariates.arm: another column has this name"),
    ("[covariates.age]", "[covariates.work]  # here", "covariates.work: another column has this name"),
    ("[outcomes.rung]", "[outcomes.person]  # here", "outcomes.person: another column has this name"),
    (
        "[covariates.age]",
        '[covariates.home]  # here\nlabel = "home"\nkind = "continuous"\ntiming = "wave"\n\n'
        '[covariates.home_T1]\nlabel = "b"\nkind = "continuous"\n\n[covariates.age]',
        "the wide column home_T1 has the name of another column",
    ),
    ("[covariates.age]", "[covariates.wave]  # here", "covariates.wave: the models have a term of this name"),
    ('intervention = "treated"', 'intervention = "all"  # here', "'all' is what results call both groups together"),
    (
        '[design]\nid = "person"',
        '[design]  # here\nid = ".imp"',
        "design: the column .imp holds the number of the imputation",
    ),
    (
        "[covariates.age]\n",
        '[outcomes.a]  # here\nlabel = "a"\nkind = "linear"\nwaves = ["T0", "T2"]\n\n[covariates.a_T2]\n'
        'label = "a"\nkind = "continuous"\n\n[covariates.age]\n',
        "the wide column a_T2 has the name of another column",
    ),
    # models
    ('ladder = [["age", "place"], ["age"], []]', "ladder = []  # here", "expected at least one set of controls"),
    (
        'controls = ["age", "place"]',
        'controls = ["age", "age"]  # here',
        "models.controls: expected each covariate once",
    ),
    ('controls = ["age", "place"]', 'controls = ["agee"]  # here', "unknown covariate agee; known: place, age"),
    (
        'ladder = [["age", "place"], ["age"], []]',
        'ladder = [["work"]]  # here',
        "models.ladder: unknown covariate work",
    ),
    ("range = [16, 100]", "impute = false  # here", "it stands in a model, so its gaps must be filled"),
    ('ladder = [["age", "place"], ["age"], []]', 'ladder = [["age", "age"]]  # here', "once in a set of controls"),
    # imputation
    ("m = 5", "m = 0  # here", "imputation.m: expected a whole number of at least 1"),
    ("m = 5", "iterations = 10001  # here", "imputation.iterations: expected a whole number of at most 10000"),
    ("m = 5", "seed = -1  # here", "imputation.seed: expected a whole number of at least 0"),
    (
        "[imputation]",
        'controls_as_published = { rung = ["age"] }  # here\n[imputation]',
        "models.controls_as_published.rung: expected an outcome with a longitudinal model",
    ),
    (
        "[imputation]",
        'controls_as_published = { work = ["height"] }  # here\n[imputation]',
        "models.controls_as_published.work: unknown covariate height",
    ),
    (
        "[imputation]",
        "min_observed = 0  # here\n[imputation]",
        "models.min_observed: expected a whole number of at least 1",
    ),
    ("m = 5", "max_predictors = 0  # here", "imputation.max_predictors: expected a whole number of at least 1"),
    ("m = 5", "min_correlation = 2  # here", "expected a correlation between 0 and 1"),
    ("m = 5", "min_usable = 25  # here", "expected a share between 0 and 1"),
    ("m = 5", 'exclude = ["agee"]  # here', "unknown outcome or covariate agee"),
    ("m = 5", 'exclude = ["age"]  # here', "needs age, so it must take part in the imputation"),
    ("m = 5", 'exclude = ["score"]  # here', "needs score, so it must take part in the imputation"),
    # who received
    ('site = "town"', 'received = "age"  # here', "expected a covariate with two levels, not received first"),
    # arms
    ('site = "town"', 'further_interventions = { all = "All" }  # here', "each arm has a code of its own, and none"),
    ('site = "town"', 'contrast = "b:control"  # here', "found 'b:control'; expected two arms such as treated:control"),
    ('comparison = "control"', 'comparison = "no:"\ncontrast = "treated:no:"  # here', "may hold a colon"),
    # when people were interviewed
    ('site = "town"', 'wave_time = "age"  # here', "design.wave_time: expected a covariate [covariates.age] with kind"),
    ('site = "town"', 'interview_date = "day"  # here', "design.interview_date: expected a covariate"),
    ('site = "town"', 'calendar_split = "2020-03-12"  # here', "expected a date such as"),
    ("[models]\n", '[models]\ntime = "actual"  # here\n', "design.wave_time must name the covariate"),
    # moderators
    ("[imputation]\n", "[moderators.nobody]  # here\n\n[imputation]\n", "unknown covariate nobody; known: place, age"),
    (
        "[imputation]\n",
        "[moderators.age]  # here\n\n[imputation]\n",
        "a continuous moderator needs increasing cut-offs",
    ),
    (
        "[imputation]\n",
        "[moderators.age]\ncutoffs = [50, 40]  # here\n\n[imputation]\n",
        "a continuous moderator needs increasing cut-offs",
    ),
    (
        "[imputation]\n",
        "[moderators.place]\ncutoffs = [1]  # here\n\n[imputation]\n",
        "only a continuous covariate has cut-offs",
    ),
    (
        "[models]\ncontrols",
        '[covariates.hair]\nlabel = "Hair"\nkind = "categorical"\nlevels = ["a", "b"]\nimpute = false  # here\n\n'
        "[moderators.hair]\n\n[models]\ncontrols",
        "it is a moderator, so its gaps must be filled",
    ),
    # robustness
    ('checks = ["b"]', 'checks = ["z"]  # here', "unknown check z; allowed: a, b"),
    ('checks = ["b"]', 'checks = ["b", "b"]  # here', "expected each check once"),
    ('checks = ["b"]', "deltas = [0.5, 0.2]  # here", "expected increasing numbers above 0"),
    ('checks = ["b"]', "second_m = 1  # here", "expected a whole number of at least 2"),
    ('checks = ["b"]', "second_m = 10001  # here", "expected a whole number of at most 10000"),
    ('checks = ["b"]', "sparse = 0  # here", "expected a number above 0"),
    (
        'where = "age < 40"',
        'where = "work_T1 == 1"  # here',
        "unknown column work_T1; known at baseline: place, age, work_T0",
    ),
    ('where = "age < 40"', 'where = "place == hamlet"  # here', "place has no level hamlet"),
    ('where = "age < 40"', 'where = "place < city"  # here', "compared with == and != only"),
    ('where = "age < 40"', 'where = "age < forty"  # here', "age is compared with a number"),
    ('where = "age < 40"', 'where = "age == nan"  # here', "age is compared with a number"),
    # significance
    ('checks = ["b"]', 'checks = ["b"]\n\n[significance]  # here\nstrict = 0.2', "expected 0 < strict <= lenient < 1"),
    # described blocks and populations
    *(
        ("[imputation]", f"{section}\n\n[imputation]", says)
        for section, says in (
            (
                '[description.a]\nlabel = "A"\nitems = {}  # here',
                "items: expected at least one column of the survey file",
            ),
            (
                '[description.a]\nlabel = "A"\nitems = { score = "S" }  # here',
                "description.a.items: score stands in the other tables of the description already",
            ),
            (
                '[description.a]\nlabel = "A"\nitems = { b = "B" }\nwave = "T9"  # here',
                "wave: found 'T9'; allowed: T0, T1",
            ),
            (
                '[description.a]\nlabel = "A"\nitems = { b = "B" }\nlayout = "waves"\nwave = "T1"  # here',
                'it is not used: layout = "waves" shows them all',
            ),
            ('[populations.all]  # here\nlabel = "A"', "this is the name of a group of the study; give another key"),
            ('[populations.nl]\nlabel = "A"\nmeans.age = nan  # here', "populations.nl.means.age: expected a number"),
            ('[populations.nl]\nlabel = "A"\nmeans.place = 3  # here', "place has answers, not a mean"),
            (
                '[populations.nl]\nlabel = "A"\nmeans.plce = 3  # here',
                "plce is no covariate, nor an outcome asked at T0",
            ),
            (
                '[populations.nl]\nlabel = "A"\npercentages.score = { yes = 3 }  # here',
                "populations.nl.percentages.score: score has a mean, not answers",
            ),
            ('[populations.nl]\nlabel = "A"\npercentages.work = { no = 3 }  # here', "found 'no'; known: yes"),
            (
                '[populations.nl]\nlabel = "A"\npercentages.place = { ciy = 3 }  # here',
                "known: city, town hall, village",
            ),
            (
                '[populations.nl]\nlabel = "A"\npercentages.work = { yes = 101 }  # here',
                "yes: expected a percentage, 0 to 100",
            ),
            (
                '[figures.work]  # here\nlabel = "A"\nkind = "moves"\noutcomes = ["rung"]',
                "is drawn already; give another key",
            ),
            (
                '[figures."a b"]  # here\nlabel = "A"\nkind = "moves"\noutcomes = ["rung"]',
                "it becomes the name of a file",
            ),
            ('[figures.a]\nlabel = "A"\nkind = "moves"\noutcomes = []  # here', "expected at least one outcome"),
            (
                '[figures.a]\nlabel = "A"\nkind = "moves"\noutcomes = ["rong"]  # here',
                "found 'rong'; known: work, hours",
            ),
            (
                '[figures.a]\nlabel = "A"\nkind = "steps"\noutcomes = ["work"]  # here',
                "work is binary, which a figure of steps does not show",
            ),
        )
    ),
]


def problem(text: str) -> str:
    with pytest.raises(StudyError) as caught:
        parse_study(text, "base.toml")
    return str(caught.value)


def test_the_base_is_in_order() -> None:
    assert parse_study(BASE).key == "base"


@pytest.mark.parametrize(("old", "new", "says"), CASES, ids=[f"{i} {case[2][:50]}" for i, case in enumerate(CASES)])
def test_rule_and_line(old: str, new: str, says: str) -> None:
    text = changed(old, new)
    line = next(number for number, content in enumerate(text.splitlines(), start=1) if "# here" in content)
    message = problem(text)
    assert says in message
    assert message.startswith(f"base.toml, line {line}: "), message


def test_a_study_without_outcomes() -> None:
    start, end = BASE.index("[outcomes.work]"), BASE.index("[covariates.place]")
    message = problem(BASE[:start] + "[outcomes]\n" + BASE[end:])
    assert "outcomes: a study needs at least one outcome, such as [outcomes.work]" in message
    assert f"line {BASE[:start].count(chr(10)) + 1}:" in message


def test_every_rule_is_broken_by_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of `fail` in rules.py is reached by one of the cases above."""
    source = Path(rules.__file__).read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    places = {c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == "fail"}
    reached: set[int] = set()
    check = rules.check

    def recording(study: Any, fail: rules.Fail, attempt: Any) -> None:
        def noted(path: tuple[str, ...], message: str) -> None:
            reached.add(sys._getframe(1).f_lineno)
            fail(path, message)

        check(study, noted, attempt)

    monkeypatch.setattr("dnt_cli.study.reader.check", recording)
    for old, new, _ in CASES:
        problem(changed(old, new))
    test_a_study_without_outcomes()
    lines = source.splitlines()
    assert len(places) > 40
    assert not [f"line {n}: {lines[n - 1].strip()}" for n in sorted(places - reached)]


def test_each_error_is_one_line() -> None:
    """Whatever stands in the file: each line begins with its name, or says how many more there are."""
    for old, new, _ in CASES:
        assert all(re.match(r"base\.toml|And \d+ more", line) for line in problem(changed(old, new)).splitlines())
