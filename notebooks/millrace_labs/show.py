"""Pictures: series as an SVG drawn by gnuplot, and where an SVG goes (the notebook, or a file in a terminal)."""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Any, Mapping, Sequence

from millrace_labs.texts import say

# Okabe and Ito's colours: told apart by colour-blind eyes too, and by a projector.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f")
KINDS = {"lines": "linespoints", "points": "points", "steps": "steps", "bars": "histograms"}
WIDTH, HEIGHT = 960, 540

Series = Mapping[str, Sequence[tuple[Any, float]]]


class PlotError(Exception):
    """A plot that cannot be drawn; the text says why."""


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def script(series: Series, title: str = "", x: str = "", y: str = "", kind: str = "lines", logx: bool = False,
           logy: bool = False, note: str = "") -> str:
    """The gnuplot script of a plot."""
    if kind not in KINDS:
        raise PlotError(say("kind={kind!r}: one of {known}", kind=kind, known=", ".join(KINDS)))
    if not any(len(points) for points in series.values()):
        raise PlotError(say("nothing to plot: no series has a point"))
    lines = [f"set terminal svg size {WIDTH},{HEIGHT} font 'DejaVu Sans,17' background rgb 'white' linewidth 1.6",
             "set border 3 linecolor rgb '#404040'", "set tics nomirror", "set grid linecolor rgb '#d8d8d8' linewidth 0.6",
             f"set key {'off' if len(series) == 1 else 'outside top center horizontal'}", "set encoding utf8",
             f"set title {_quoted(title)} noenhanced font ',20'", f"set xlabel {_quoted(x)} noenhanced",
             f"set ylabel {_quoted(y)} noenhanced", "set style fill solid 0.85 noborder", "set style data histograms",
             "set style histogram clustered gap 1", "set pointsize 0.9", "set offsets 0,0,graph 0.05,0"]
    lines += ["set logscale x", "set format x '%.10g'", "set rmargin 6"] if logx else []  # the axis ends at a power of ten: 1000000 is wide
    lines += ["set logscale y", "set format y '%.10g'"] if logy else (["set yrange [0:]"] if _all_positive(series) else [])
    lines += ["set ytics 1"] if not logy and _few_whole(series) else []
    if note:
        lines += [f"set label 1 {_quoted(note)} at screen 0.99,0.025 right noenhanced font ',13' textcolor rgb '#505050'",
                  "set bmargin 5"]
    for index, points in enumerate(series.values()):
        lines += [f"$series{index} << END", *(f"{_quoted(str(px)) if kind == 'bars' else px} {py}" for px, py in points), "END"]
    curves = [_curve(index, name, kind) for index, name in enumerate(series)]
    curves += [_figures(index, len(series)) for index in range(len(series))] if kind == "bars" else []
    lines.append("plot " + ", ".join(curves))
    return "\n".join(lines) + "\n"


def _all_positive(series: Series) -> bool:
    return all(py >= 0 for points in series.values() for _, py in points)


def _few_whole(series: Series) -> bool:
    """Whether the values are small whole numbers (partitions, members): between two of them there is nothing."""
    values = [py for points in series.values() for _, py in points]
    return all(py == int(py) for py in values) and max(values) - min(values) <= 12


def _curve(index: int, name: str, kind: str) -> str:
    colour = COLOURS[index % len(COLOURS)]
    look = f"linecolor rgb '{colour}'"
    if kind == "bars":
        return f"$series{index} using 2:xtic(1) title {_quoted(name)} noenhanced {look}"
    look += " linewidth 2" if kind != "points" else ""
    look += f" pointtype {(7, 5, 9, 11, 13, 4, 6, 8)[index % 8]}" if kind != "steps" else ""
    return f"$series{index} using 1:2 with {KINDS[kind]} title {_quoted(name)} noenhanced {look}"


def _figures(index: int, count: int) -> str:
    """A bar's value above it: a bar of nothing cannot be seen, and a logarithmic one not be read off."""
    place = (index - (count - 1) / 2) / (count + 1)  # of this series in its cluster, with a gap of one bar
    return (f"$series{index} using ($0+{place:.4f}):2:(sprintf($2 < 1000 ? '%.3g' : '%.0f', $2)) "
            "with labels offset 0,0.7 font ',15' notitle")


def plot(series: Series, **options: Any) -> str:
    """The SVG of a plot, by gnuplot."""
    try:
        done = subprocess.run(["gnuplot"], input=script(series, **options), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PlotError(say("gnuplot is not installed (the package gnuplot-nox)")) from None
    if done.returncode or "</svg>" not in done.stdout:
        raise PlotError(f"gnuplot: {done.stderr.strip()}")
    return done.stdout


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def display_svg(svg: str, folder: str, number: int) -> None:
    """Inline in a notebook; elsewhere a file, whose name is printed."""
    if in_notebook():
        from IPython.display import SVG, display

        display(SVG(data=svg))
        return
    path = pathlib.Path(os.environ.get("MILLRACE_LAB_PICTURES", folder)) / f"{os.environ.get('MILLRACE_LAB_PICTURE', 'picture')}-{number}.svg"
    path.write_text(svg, encoding="utf-8")
    print(say("(picture: {path})", path=os.path.relpath(path)))


def display_markdown(words: str) -> None:
    """Set in a notebook, plain elsewhere."""
    if in_notebook():
        from IPython.display import Markdown, display

        display(Markdown(words))
    else:
        print(words)
