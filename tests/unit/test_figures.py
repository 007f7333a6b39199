"""Figures: what they say, that nothing is cut off, and that the same figure has the same bytes."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from dnt_cli.description.lookup import Lookup
from dnt_cli.description.run import describe
from dnt_cli.effects.columns import COLUMNS
from dnt_cli.errors import DataError
from dnt_cli.figures import draw, forest_drawing
from dnt_cli.figures.composed import composed_drawings
from dnt_cli.figures.flow import flow_drawing
from dnt_cli.figures.forest import _Forest
from dnt_cli.figures.outcomes import _places, _Plot
from dnt_cli.figures.style import DOTS_PER_INCH, MARGIN, draw_one, shades, text_on, tick_labels
from dnt_cli.study import Study
from dnt_cli.survey import cast_survey
from dnt_cli.wording import Wording
from tests.support.studies import OWN_LABELS, OWN_NAMES, STEP, study_text

TO = " \N{EN DASH} "
LONG_NAME = "Healthy, with a name that is so long that it has to go over more than one line"
LONG_NOTE = "Een opmerking die zo lang is dat zij in een smalle figuur niet op een regel past."
STUDY = study_text(
    {
        "well": {"label": {"nl": "Gezond", "en": LONG_NAME}, "kind": "binary", "hypothesis": "H1"},
        "ill": {"label": {"nl": "Ziek", "en": "Ill"}, "kind": "binary", "better": "lower", "figure": "3"},
        "step": STEP,
        "score": {
            "kind": "linear", "waves": ["C"], "range": [0, 8], "hypothesis": "H1", "endpoint": "C", "trend": False,
            "note": {"nl": LONG_NOTE, "en": "A remark."},
        },
    },
    key="trial",
    waves={"A": 0, "B": 4.5, "C": 12},
    study={"synthetic": True},
    design=OWN_NAMES | OWN_LABELS | {"endpoint": "B"},
    hypotheses={"H1": {"label": {"nl": "Gezondheid", "en": "Health"}}},
    figures={
        "moves": {
            "label": {"nl": "Omhoog of omlaag", "en": "Up or down"}, "kind": "moves", "outcomes": ["step"],
            "number": "5",
        },
        "steps": {"label": {"nl": "Hoeveel treden", "en": "How many steps"}, "kind": "steps", "outcomes": ["step"]},
        "both": {"label": {"nl": "Samen", "en": "Together"}, "kind": "panel", "outcomes": ["well", "ill"]},
    },
    models={"controls": []},
)  # fmt: skip


@pytest.fixture(scope="module")
def description(study: Study) -> pd.DataFrame:
    random = np.random.default_rng(5)
    rows = [
        {"who": str(i), "when": wave, "arm": "new" if i < 16 else "old", "well": int(i % 16 < 1 + 2 * w),
         "ill": 0, "step": 1 + (i + w) % 3, "score": random.uniform(0, 8) if wave == "C" else None}
        for i in range(30)
        for w, wave in enumerate("ABC")
        if i % 10 >= w
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.loc[frame["when"] == "C", "step"] = None
    return describe(cast_survey(frame, study)[0], study)


def texts(figure: object) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]  # type: ignore[attr-defined]


def white_border(path: Path) -> int:
    """Pixels between the picture's edge and what is drawn, at the narrowest side."""
    drawn = imread(path)[..., :3].min(axis=2) < 0.97
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return int(min(rows[0], drawn.shape[0] - 1 - rows[-1], columns[0], drawn.shape[1] - 1 - columns[-1]))


@pytest.fixture(scope="module")
def drawn(description: pd.DataFrame, study: Study, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """All figures in both languages, drawn once."""
    folder, before = tmp_path_factory.mktemp("drawn"), dict(mpl.rcParams)
    found = {
        language: draw(description, Wording(study, language), folder / "new" / language) for language in ("nl", "en")
    }  # type: ignore[arg-type]
    assert dict(mpl.rcParams) == before
    return found


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_file_per_outcome_with_nothing_cut_off(drawn: dict[str, list[Path]], language: str) -> None:
    paths = drawn[language]
    stems = ("flow", "well", "ill", "step", "score", "moves", "steps", "both")
    assert [p.name for p in paths] == [*(f"{k}.{e}" for k in stems for e in ("svg", "png")), "figures.csv"]
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)
    for path in paths[1:-1:2]:
        assert white_border(path) >= 0.75 * MARGIN * DOTS_PER_INCH, path.name


def test_same_bytes_every_time_without_date_or_version(
    drawn: dict[str, list[Path]], description: pd.DataFrame, study: Study, tmp_path: Path
) -> None:
    for one, other in zip(drawn["nl"], draw(description, Wording(study, "nl"), tmp_path / "again"), strict=True):
        assert one.read_bytes() == other.read_bytes()
    svg = drawn["nl"][2].read_text(encoding="utf-8")
    assert "Matplotlib v" not in svg
    assert "<dc:date>" not in svg
    assert ET.fromstring(svg).find("{http://www.w3.org/2000/svg}title").text == "Gezond"  # type: ignore[union-attr]


def test_an_unknown_format_is_refused(description: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.svg or \.png"):
        draw(description, Wording(study, "en"), tmp_path, ["gif"])
    assert not list(tmp_path.glob("*.gif"))


def test_a_file_in_the_place_of_the_folder(description: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="taken"):
        draw(description, Wording(study, "nl"), tmp_path / "taken")


def test_text_in_an_svg_stays_text_and_says_what_is_shown(drawn: dict[str, list[Path]]) -> None:
    paths = {path.stem: path for path in drawn["en"] if path.suffix == ".svg"}
    space = "{http://www.w3.org/2000/svg}"
    for stem in ("flow", "score", "moves", "steps", "both"):
        root = ET.fromstring(paths[stem].read_text(encoding="utf-8"))
        assert root.get("role") == "img"
        said = [element.text for element in root.iter(f"{space}text")]
        assert root.find(f"{space}title").text in " ".join(filter(None, said))  # type: ignore[union-attr, operator]
        assert root.find(f"{space}desc").text  # type: ignore[union-attr]
        assert "Verdana, sans-serif" in paths[stem].read_text(encoding="utf-8")


def test_a_list_says_which_file_is_which_figure_of_the_report(drawn: dict[str, list[Path]]) -> None:
    paths = drawn["nl"]
    lines = paths[-1].read_text(encoding="utf-8").splitlines()
    assert lines[0] == "file,figure,title"
    assert lines[3:7:2] == ["well.svg,,Gezond", "ill.svg,3,Ziek"]
    assert lines[11:15:2] == ["moves.svg,5,Omhoog of omlaag", "steps.svg,,Hoeveel treden"]
    assert [line.partition(",")[0] for line in lines[1:]] == [path.name for path in paths[:-1]]


def test_a_list_of_somebody_else_is_kept(description: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    (tmp_path / "figures.csv").write_text("my own table\n", encoding="utf-8")
    with pytest.raises(DataError, match="is no list that dnt made"):
        draw(description, Wording(study, "nl"), tmp_path, ["svg"])
    assert [path.name for path in tmp_path.iterdir()] == ["figures.csv"]
    few = description[description["table"].isin(["sample", "attrition"])]
    assert draw(few, Wording(study, "nl"), tmp_path, ["svg"], force=True)[-1] == tmp_path / "figures.csv"
    assert draw(few, Wording(study, "nl"), tmp_path, ["svg"])  # its own list is replaced


def test_who_rose_and_fell_is_told_in_bars_and_words(description: pd.DataFrame, study: Study) -> None:
    # Step is 1 + (i + w) % 3: of the persons seen twice two thirds rise by one and one third falls by two.
    drawn = composed_drawings(description, Wording(study, "en"))
    counts = {}
    for group, persons in (("New", range(16)), ("Usual", range(16, 30))):
        twice = [i for i in persons if i % 10 >= 1]
        counts[group] = (len(twice), sum(i % 3 < 2 for i in twice))
    expected = " ".join(
        f"A-B {group} (N = {n}): risen {100 * up / n:.1f}%, the same 0.0%, fallen {100 * (n - up) / n:.1f}%."
        for group, (n, up) in counts.items()
    )
    assert drawn["moves"].about == expected
    with mpl.rc_context():
        axes = drawn["moves"].plot().axes[0]
    ends = [round(max(p.get_x() + p.get_width() for p in axes.patches if abs(p.get_y() + 0.4 - y) < 1e-9), 6)
            for y in axes.get_yticks()]  # fmt: skip
    assert ends == [100.0, 100.0]
    means = {group: (up - 2 * (n - up)) / n for group, (n, up) in counts.items()}
    for group, (n, _) in counts.items():
        assert f"{group} (N = {n}): {means[group]:+.2f} (" in drawn["steps"].about
    with mpl.rc_context():
        steps = drawn["steps"].plot().axes[0]
    assert [patch.get_width() for patch in steps.patches] == pytest.approx(list(means.values()))


def test_a_panel_has_one_scale_and_its_figures_underneath(description: pd.DataFrame, study: Study) -> None:
    drawing = composed_drawings(description, Wording(study, "en"))["both"]
    with mpl.rc_context():
        figure = drawing.plot()
    first, second = figure.axes
    assert first.get_ylim() == second.get_ylim()
    said = texts(figure)
    start = said.index("N")  # the initial of New
    assert said[start + 1 : start + 4] == ["6.3", "14.3", "25.0"]
    assert "B Ill" in said
    assert drawing.about.startswith("Healthy, with a name")
    assert "New: A 6.3, B 14.3, C 25.0." in drawing.about


def test_the_flow_tells_who_was_seen_missed_and_came_back(description: pd.DataFrame, study: Study) -> None:
    # Of 16 and 14 persons, who ends in 0 misses B and C, who ends in 1 misses C; nobody comes back.
    drawing = flow_drawing(description, Wording(study, "en"))
    assert drawing.about == (
        "New: 16 in the study; A: 16 seen; B: 14 seen, 2 missed (12.5%); C: 12 seen, 4 missed (25.0%). "
        "Usual: 14 in the study; A: 14 seen; B: 13 seen, 1 missed (7.1%); C: 12 seen, 2 missed (14.3%)."
    )
    with mpl.rc_context():
        said = texts(drawing.plot())
    assert "B: 14 seen" in said
    assert "2 missed (12.5%)" in said


def plot(description: pd.DataFrame, study: Study, outcome: str, language: str = "nl") -> _Plot:
    return _Plot(Lookup(description, "trend"), Wording(study, language), outcome)  # type: ignore[arg-type]


def test_percentages_and_n_stand_under_the_waves(description: pd.DataFrame, study: Study) -> None:
    figure = plot(description, study, "well").trend()
    said = texts(figure)
    # 16 and 14 persons; who ends in 0 misses B and C, who ends in 1 misses C.
    assert [said[i + 1 : i + 4] for i, t in enumerate(said) if t == "N"] == [["16", "14", "12"], ["14", "13", "12"]]
    start = said.index("Nieuw, %")
    assert said[start + 1 : start + 4] == ["6,3", "14,3", "25,0"]  # 1 of 16 is 6.25, rounded half up
    assert "B\n4,5 mnd" in said
    axes = figure.axes[0]
    assert axes.get_ylim()[0] == 0
    assert [t.get_text() for t in axes.get_xticklabels()] == ["A\n0 mnd", "B\n4,5 mnd", "C\n12 mnd"]
    assert any("SYNTHETISCHE" in t and "Hoger is beter" in t and "95%" in t for t in said)


def test_groups_differ_in_more_than_colour(description: pd.DataFrame, study: Study) -> None:
    axes = plot(description, study, "well").trend().axes[0]
    lines = [line for line in axes.lines if line.get_marker() in {"o", "s"} and len(line.get_xdata()) == 3]
    assert [line.get_marker() for line in lines] == ["o", "s"]
    assert lines[0].get_linestyle() != lines[1].get_linestyle()
    assert lines[0].get_markerfacecolor() != lines[1].get_markerfacecolor()


def test_an_outcome_that_nobody_has_keeps_a_readable_axis(description: pd.DataFrame, study: Study) -> None:
    axes = plot(description, study, "ill").trend().axes[0]
    low, high = axes.get_ylim()
    assert (low, high) == (0, 30)  # Wilson's upper limit of 0 of 12 is 24.2%
    assert [t.get_text() for t in axes.get_yticklabels()][:2] == ["0", "5"]


def test_means_stay_within_the_scale(description: pd.DataFrame, study: Study) -> None:
    figure = plot(description, study, "score").trend()
    low, high = figure.axes[0].get_ylim()
    assert 0 <= low < high <= 8
    assert any("Een opmerking" in text for text in texts(figure))


def test_classes_add_up_and_are_labelled(description: pd.DataFrame, study: Study) -> None:
    figure = plot(description, study, "step", "en").classes()
    axes = figure.axes[0]
    ends = [round(max(p.get_x() + p.get_width() for p in axes.patches if abs(p.get_y() + 0.4 - y) < 1e-9), 6)
            for y in axes.get_yticks()]  # fmt: skip
    assert ends == [100.0] * 4
    said = texts(figure)
    assert [t.get_text() for t in axes.get_yticklabels()] == [
        "New (N = 16)",
        "Usual (N = 14)",
        "New (N = 14)",
        "Usual (N = 13)",
    ]
    assert [t for t in said if t[0] in "123" and t[1] == " "] == ["1 bottom", "2 middle", "3 top"]


def test_shades_are_in_order_without_colour() -> None:
    for count in range(2, 8):
        luminance = [float(np.dot((0.2126, 0.7152, 0.0722), np.array(c) ** 2.2)) for c in shades(count)]
        assert luminance == sorted(luminance, reverse=True)
        assert min(-np.diff(luminance)) > 0.01
    assert (text_on((1, 1, 1)), text_on((0, 0, 0.3))) == ("black", "white")


def test_waves_too_close_to_label_are_spread_evenly() -> None:
    assert _places([0, 3, 6, 12, 18]) == [0, 3, 6, 12, 18]
    assert _places([0, 0.5, 12]) == [0, 1, 2]
    assert _places([18]) == [18]


def test_tick_labels_have_the_same_decimals() -> None:
    assert tick_labels([0.0, 0.5, 1.0], "nl") == ["0,0", "0,5", "1,0"]
    assert tick_labels([-0.0, 20.0], "en") == ["0", "20"]


def effect(analysis: str, outcome: str, kind: str, **values: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(COLUMNS, float("nan"))
    term = {"t3": "group", "longitudinal": "group:time"}[analysis]
    row |= {"analysis": analysis, "outcome": outcome, "kind": kind, "term": term, "status": "ok", "message": ""}
    return row | values


def estimates() -> pd.DataFrame:
    from dnt_cli.models import GROUP, TREND

    ratio = {"odds_ratio": 2.0, "conf_low": math.log(1.1), "conf_high": math.log(3.64), "p_value": 0.02}
    wide = {"odds_ratio": 0.018, "conf_low": math.log(0.001), "conf_high": math.log(0.9), "p_value": 0.04}
    ratio["estimate"], wide["estimate"] = math.log(2.0), math.log(0.018)
    slope = {"estimate": 2.0, "beta": -0.5, "conf_low": -1.0, "conf_high": 5.0, "p_value": 0.2}
    frame = pd.DataFrame(
        [
            effect("t3", "well", "binary", **ratio),
            effect("t3", "ill", "binary", **wide, ),
            effect("t3", "score", "linear", **slope),
            effect("longitudinal", "well", "binary", status="not estimable"),
            effect("longitudinal", "ill", "binary", **{**ratio, "status": "doubtful", "p_value": 0.07}),
        ]
    )  # fmt: skip
    frame["term"] = frame["analysis"].map({"t3": GROUP, "longitudinal": TREND})
    frame["hypothesis"] = frame["outcome"].map({"well": "H1", "score": "H1"})
    return frame


def test_forest_names_every_effect(study: Study) -> None:
    with mpl.rc_context():
        figure = _Forest(estimates(), Wording(study, "nl"), 0.95).figure()
    said = texts(figure)
    assert f"2,00 (1,10{TO}3,64) **" in said
    assert f"0,02 (0,00{TO}0,90) **" in said
    assert f"2,00 (1,10{TO}3,64) *!" in said
    assert f"-0,50 (-1,25{TO}0,25)" in said  # the interval in standard deviations, its ends in order
    assert said.count("niet te schatten") == 1
    assert said.count("geen model") == 1  # the score has no trend
    assert "Score (C)" in said  # its endpoint is not the study's
    assert said.index("H1: Gezondheid") < said.index("Gezond") < said.index("Zonder hypothese") < said.index("Ziek")
    assert any("Pijlpunt" in text and "SYNTHETISCHE" in text for text in said)
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "log", "linear", "linear"]


def test_forest_keeps_scales_apart(study: Study) -> None:
    """A difference in probability is drawn on an axis of its own; beside an odds ratio it is told only."""
    share = {"kind": "probability", "estimate": -0.004, "conf_low": -0.032, "conf_high": 0.024, "p_value": 0.8}
    both = estimates()
    for column, value in {**share, "status": "ok"}.items():
        both.loc[both["analysis"].eq("longitudinal") & both["outcome"].eq("ill"), column] = value
    figure = _Forest(both, Wording(study, "en"), 0.95).figure()
    assert f"-0.4 (-3.2{TO}2.4) pct pt" in texts(figure)
    assert not [line for line in figure.axes[1].lines if line.get_marker() in {"^", "v", "o"}]
    alone = _Forest(both[both["analysis"] == "longitudinal"], Wording(study, "en"), 0.95).figure()
    assert f"-0.4 (-3.2{TO}2.4)" in texts(alone)
    (axes,) = [axes for axes in alone.axes if axes.get_xlabel() == "Percentage points"]
    (point,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert point.get_xdata()[0] == pytest.approx(-0.4)


def test_forest_colours_by_what_is_better(study: Study) -> None:
    figure = _Forest(estimates(), Wording(study, "en"), 0.95).figure()
    markers = [line.get_marker() for line in figure.axes[1].lines if line.get_marker() in {"^", "v", "o"}]
    assert markers == ["v"]  # more illness is worse, whatever its sign
    markers = [line.get_marker() for line in figure.axes[2].lines if line.get_marker() in {"^", "v", "o"}]
    assert markers == ["o"]  # not significant


@pytest.mark.parametrize("language", ["nl", "en"])
def test_forest_is_whole_and_reproducible(study: Study, tmp_path: Path, language: str) -> None:
    for name in ("a.png", "b.png", "a.svg", "b.svg"):
        draw_one(forest_drawing(estimates(), Wording(study, language)), tmp_path / name)  # type: ignore[arg-type]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert white_border(tmp_path / "a.png") >= 0.75 * MARGIN * DOTS_PER_INCH


def test_forest_of_one_analysis(study: Study) -> None:
    only = estimates().query("analysis == 't3' and kind == 'binary'")
    assert len(_Forest(only, Wording(study, "en"), 0.95).figure().axes) == 1


def test_forest_refuses_what_it_cannot_draw(study: Study, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no effects"):
        forest_drawing(estimates().assign(term="age"), Wording(study, "en"))
    with pytest.raises(DataError, match="more than once"):
        forest_drawing(pd.concat([estimates(), estimates()]), Wording(study, "en"))
    with pytest.raises(DataError, match=r"\.svg or \.png"):
        draw_one(forest_drawing(estimates(), Wording(study, "en")), tmp_path / "forest.pdf")
    assert list(tmp_path.iterdir()) == []
