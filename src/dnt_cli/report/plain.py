"""A report as Markdown or LaTeX, with its pictures in a folder beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dnt_cli.report.model import Block, FigureBlock, Heading, Paragraph, Report, TableBlock, pieces
from dnt_cli.tables import without_empty
from dnt_cli.tables.latex import COLOURS, PREAMBLE, escaped, latex_table
from dnt_cli.tables.markdown import escape, markdown_table
from dnt_cli.tables.typography import typeset

if TYPE_CHECKING:
    from dnt_cli.report.writers import Images

_BABEL = {"nl": "dutch", "en": "british"}


def as_markdown(report: Report, _pictures: Images, folder: str) -> bytes:
    """GitHub-flavoured Markdown; the pictures are SVG files in `folder`."""
    numbers = report.numbers()

    def block_lines(block: Block) -> Iterator[str]:
        if isinstance(block, TableBlock):
            yield markdown_table(without_empty(block.table), f"{numbers[block.key]}. {block.table.title}")
        elif isinstance(block, FigureBlock):
            yield f"![{escape(block.drawing.about)}]({folder}/{block.key}.svg)\n"
            yield f"**{numbers[block.key]}. {escape(block.title)}**\n"
        elif isinstance(block, Heading):
            yield f"{'#' * (block.level + 1)} {escape(block.text)}\n"
        else:
            text = "".join(numbers.get(part, part) if refers else escape(part) for part, refers in pieces(block.text))
            yield f"- {text}\n" if block.style == "item" else f"{text}\n"

    lines = [f"# {escape(report.title)}\n"]
    lines += [f"**{escape(report.stamp)}**\n"] if report.stamp else []
    lines += [f"{escape(line)}\n" for line in report.lines]
    for i, section in enumerate(report.sections, start=1):
        lines.append(f"## {i} {escape(section.title)}\n")
        lines += [line for block in section.blocks for line in block_lines(block)]
    return typeset("\n".join(lines)).encode()


def as_latex(report: Report, _pictures: Images, folder: str) -> bytes:
    """A LaTeX article; the pictures are PNG files in `folder`. Made for LuaLaTeX or XeLaTeX, which know Unicode."""
    head = [
        r"\documentclass[a4paper,10pt]{article}", rf"\usepackage[{_BABEL[report.language]}]{{babel}}",
        r"\usepackage{fontspec,graphicx,pdflscape,fancyhdr}", PREAMBLE, r"\usepackage[margin=25mm]{geometry}",
        r"\usepackage[hidelinks]{hyperref}", COLOURS, r"\setlength{\parindent}{0pt}\setlength{\parskip}{6pt}",
    ]  # fmt: skip
    if report.stamp:
        head.append(rf"\pagestyle{{fancy}}\fancyhead[L]{{\textcolor{{dntbad}}{{\bfseries {escaped(report.stamp)}}}}}")
    body = [rf"\title{{{escaped(report.title)}}}\date{{}}\author{{}}", r"\begin{document}", r"\maketitle"]
    body += [rf"\thispagestyle{{fancy}}{escaped(line)}" "\n" for line in report.lines] + [r"\tableofcontents"]
    for section in report.sections:
        body.append(rf"\section{{{escaped(section.title)}}}")
        listed = False
        for block in section.blocks:
            item = isinstance(block, Paragraph) and block.style == "item"
            if item != listed:
                body.append(r"\begin{itemize}" if item else r"\end{itemize}")
                listed = item
            body.append(_latex_block(block, folder))
        body += [r"\end{itemize}"] if listed else []
    return "\n".join([*head, *body, r"\end{document}", ""]).encode()


def _latex_block(block: Block, folder: str) -> str:
    if isinstance(block, TableBlock):
        return latex_table(without_empty(block.table), block.key, turned=True)
    if isinstance(block, FigureBlock):
        return (
            rf"\begin{{figure}}[htbp]\includegraphics[width=\linewidth,height=.85\textheight,keepaspectratio]"
            rf"{{{folder}/{block.key}.png}}\caption{{{escaped(block.title)}}}\label{{{block.key}}}\end{{figure}}"
        )
    if isinstance(block, Heading):
        return rf"\sub{'sub' * (block.level - 2)}section{{{escaped(block.text)}}}"
    text = "".join(
        rf"\hyperref[{part}]{{\ref*{{{part}}}}}" if refers else escaped(part) for part, refers in pieces(block.text)
    )
    return rf"\item {text}" if block.style == "item" else f"{text}\n"
