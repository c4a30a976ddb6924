"""The drawings of the reading: a log as boxes, a group's partitions and who has them."""
from __future__ import annotations

from html import escape
from typing import Mapping, Sequence

from millrace_labs.client import Record
from millrace_labs.show import COLOURS
from millrace_labs.texts import figure

BOX_W, BOX_H, LEFT, TOP, GAP = 76, 46, 140, 56, 22
MARK_H = 26  # of a group's line below a partition
BOXES_MAX = 14  # of a partition; what is before is told
FONT = "font-family='DejaVu Sans, sans-serif'"


def _svg(width: int, height: int, parts: Sequence[str], title: str) -> str:
    return (f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' {FONT} "
            f"role='img'><title>{escape(title)}</title><rect width='{width}' height='{height}' fill='white'/>"
            + "".join(parts) + "</svg>")


def _words(x: float, y: float, words: str, size: int = 16, anchor: str = "start", colour: str = "#202020", more: str = "") -> str:
    return f"<text x='{x:g}' y='{y:g}' font-size='{size}' text-anchor='{anchor}' fill='{colour}' {more}>{escape(words)}</text>"


def _short(words: object, letters: int) -> str:
    plain = "" if words is None else str(words)
    return plain if len(plain) <= letters else plain[: letters - 1] + "…"


def log(topic: str, partitions: Mapping[int, tuple[int, int]], records: Sequence[Record],
        groups: Mapping[str, Mapping[int, int]] | None = None) -> str:
    """Partitions as rows, records as boxes with their offset above and their key inside; the colour is the key's. Below a
    row stands where each group will go on: {group: {partition: offset}}."""
    keys = list(dict.fromkeys(record.key for record in records if record.key is not None))
    widest = max([min(high - low, BOXES_MAX) for low, high in partitions.values()] or [0])
    width = LEFT + (widest + 1) * BOX_W + 110
    groups = groups or {}
    row_h = BOX_H + GAP + 18 + len(groups) * MARK_H
    height = TOP + len(partitions) * row_h + 20
    parts = [_words(16, 30, topic, 20, more="font-weight='bold'")]
    for row, (partition, (low, high)) in enumerate(sorted(partitions.items())):
        y = TOP + row * row_h + 18
        parts.append(_words(16, y + BOX_H / 2 + 6, figure(f"partition {partition}")))
        rows = [record for record in records if record.partition == partition]
        shown = rows[-BOXES_MAX:]
        if len(rows) > len(shown):
            parts.append(_words(LEFT - 8, y + BOX_H / 2 + 6, "…", anchor="end"))
        for column, record in enumerate(shown):
            parts.append(_box(LEFT + column * BOX_W, y, record, keys))
        end = LEFT + len(shown) * BOX_W
        parts.append(f"<path d='M{end + 6} {y + BOX_H / 2}h40m-8 -6l8 6l-8 6' fill='none' stroke='#606060' stroke-width='2'/>")
        parts.append(_words(end + 54, y + BOX_H / 2 + 6, f"{high}", 15, colour="#606060"))
        first = shown[0].offset if shown else high
        for line, (name, places) in enumerate(groups.items()):
            if partition in places:
                column = sum(first <= record.offset < places[partition] for record in shown)
                parts.append(_mark(LEFT + column * BOX_W, y + BOX_H, line, f"{name}: {figure('goes on at')} {places[partition]}"))
    return _svg(width, height, parts, f"{figure('log of topic')} {topic}")


def _mark(x: float, y: float, line: int, words: str) -> str:
    """An arrow from a group's line up to the left edge of the record that it reads next."""
    colour, middle = COLOURS[(line + 4) % len(COLOURS)], y + 12 + (line + 0.5) * MARK_H
    return (f"<path d='M{x + 10} {middle - 5:g}H{x}V{y + 3}m-5 8l5 -8l5 8' fill='none' stroke='{colour}' stroke-width='2.5'/>"
            + _words(x + 16, middle, words, 15))


def _box(x: float, y: float, record: Record, keys: Sequence[object]) -> str:
    colour = COLOURS[keys.index(record.key) % len(COLOURS)] if record.key is not None else "#9a9a9a"
    label = record.key if record.key is not None else record.value
    hint = escape(f"offset {record.offset}, {figure('key')} {record.key}, {figure('value')} {_short(record.value, 80)}")
    return (f"<g><title>{hint}</title><rect x='{x}' y='{y}' width='{BOX_W - 4}' height='{BOX_H}' rx='4' fill='{colour}' "
            f"fill-opacity='0.2' stroke='{colour}' stroke-width='2'/>"
            + _words(x + BOX_W / 2 - 2, y - 5, str(record.offset), 13, "middle", "#606060")
            + _words(x + BOX_W / 2 - 2, y + BOX_H / 2 + 5, _short(label, 8), 14, "middle") + "</g>")


def group(name: str, topic: str, partitions: Sequence[int], members: Mapping[str, Sequence[int]]) -> str:
    """Partitions on the left, the members of a group on the right, a line from each partition to who has it."""
    rows = max(len(partitions), len(members), 1)
    height = TOP + rows * (BOX_H + GAP) + 16
    parts = [_words(24, 30, topic, 18, more="font-weight='bold'"), _words(520, 30, name, 18, more="font-weight='bold'")]
    step_p = rows * (BOX_H + GAP) / max(len(partitions), 1)
    step_m = rows * (BOX_H + GAP) / max(len(members), 1)
    places = {partition: TOP + step_p * (index + 0.5) - BOX_H / 2 for index, partition in enumerate(partitions)}
    for partition, y in places.items():
        parts.append(f"<rect x='24' y='{y:g}' width='190' height='{BOX_H}' rx='4' fill='#f2f2f2' stroke='#404040' stroke-width='1.5'/>")
        parts.append(_words(119, y + BOX_H / 2 + 6, figure(f"partition {partition}"), anchor="middle"))
    for index, (member, owned) in enumerate(members.items()):
        y, colour = TOP + step_m * (index + 0.5) - BOX_H / 2, COLOURS[index % len(COLOURS)]
        dash = "" if owned else "stroke-dasharray='6 5'"
        for partition in owned:
            if partition in places:
                parts.append(f"<path d='M214 {places[partition] + BOX_H / 2:g}L520 {y + BOX_H / 2:g}' stroke='{colour}' stroke-width='3'/>")
        parts.append(f"<rect x='520' y='{y:g}' width='240' height='{BOX_H}' rx='22' fill='{colour}' fill-opacity='0.18' "
                     f"stroke='{colour}' stroke-width='2' {dash}/>")
        parts.append(_words(640, y + BOX_H / 2 + 6, _short(member, 26), anchor="middle"))
    return _svg(784, height, parts, f"{figure('group')} {name} {figure('on topic')} {topic}")
