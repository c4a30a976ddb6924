#!/usr/bin/env python3
"""Are the series of each figure on the page told apart by readers of any colour vision, and without colour?

    colours.py REPORT.html

A series is what has a line in a figure's key. Of any two in one figure

- the colours, where they are not the same, are at least FLOOR apart (CIEDE2000) for the common eye, and as protanopia,
  deuteranopia and tritanopia leave them (Machado, Oliveira and Fernandes, 2009, at severity 1), light and dark;
- the dashes, the marker or the pattern differ, so that grey ink will do;

and each has a contrast of CONTRAST with the page behind it. Two series may share a colour on purpose: two percentiles of
one thing. The least distances are printed."""
import itertools
import math
import re
import sys

FLOOR = 12.0  # 1 to 2 is just noticeable on large patches side by side; these are thin lines, some way apart
CONTRAST = 3.0  # WCAG 2.1, 1.4.11: graphical objects
VISIONS = {  # on linear RGB
    "any": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(text):
    digits = text[1:] if len(text) == 7 else "".join(c + c for c in text[1:])
    values = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


def contrast(one, two):
    """WCAG 2: (lighter + 0.05) / (darker + 0.05)."""
    dark, light = sorted(sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear(text))) for text in (one, two))
    return (light + 0.05) / (dark + 0.05)


def seen(rgb, matrix):
    return [min(1.0, max(0.0, sum(m * v for m, v in zip(row, rgb)))) for row in matrix]


def lab(rgb):
    """CIE L*a*b* of linear sRGB, D65."""
    r, g, b = rgb
    xyz = (
        (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047,
        0.2126729 * r + 0.7151522 * g + 0.0721750 * b,
        (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883,
    )
    f = [v ** (1 / 3) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def ciede2000(one, two):
    """Sharma, Wu and Dalal, The CIEDE2000 color-difference formula, 2005."""
    (l1, a1, b1), (l2, a2, b2) = one, two
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean**7 / (mean**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = math.degrees(math.atan2(b1, a1)) % 360, math.degrees(math.atan2(b2, a2)) % 360
    turn, total = 0.0, h1 + h2
    if c1 * c2 != 0:
        turn = (h2 - h1 + 180) % 360 - 180
        total = total / 2 if abs(h1 - h2) <= 180 else (total + 360) / 2 if total < 360 else (total - 360) / 2
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * math.cos(math.radians(total - 30))
        + 0.24 * math.cos(math.radians(2 * total))
        + 0.32 * math.cos(math.radians(3 * total + 6))
        - 0.20 * math.cos(math.radians(4 * total - 63))
    )
    sl = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    rc = 2 * math.sqrt(chroma**7 / (chroma**7 + 25**7))
    rt = -math.sin(math.radians(60 * math.exp(-(((total - 275) / 25) ** 2)))) * rc
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh)


# Pairs 1, 9 and 24 of the authors' test data: a formula with a slip in it would say what pleases.
for one, two, want in (
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
):
    assert abs(ciede2000(one, two) - want) < 0.0001, (one, two, ciede2000(one, two))


def colours(page):
    """The variables of the style sheet, by scheme."""
    light = re.search(r":root\{color-scheme:light dark;([^}]*)\}", page).group(1)
    dark = re.search(r"prefers-color-scheme:dark\)\{:root\{([^}]*)\}", page).group(1)
    return {k: dict(re.findall(r"--(\w+):(#\w+)", v)) for k, v in (("light", light), ("dark", dark))}


def look(plot):
    """(colour, what else tells it apart) of a plot with a line in the key; None of what is grey or black: no series."""
    strokes = [m[1:] for m in re.findall(r"<path stroke='(var\(--(s\d)\))'( stroke-dasharray='([^']*)')?", plot)]
    markers = re.findall(r"href='#\w+_(gpPt\d+)'[^>]*color='var\(--(s\d)\)'", plot)
    patterns = re.findall(r"fill:none; stroke:var\(--(s\d)\)' d='([^']*)'", plot)
    full = re.findall(r"fill *[=:] *'?var\(--(s\d)\)", plot)
    found = [s[0] for s in strokes] + [m[1] for m in markers] + [p[0] for p in patterns] + full
    if not found:
        return None
    dashes = set()
    for stroke in strokes:  # as shares of the period, which grows with the width of the line
        lengths = [float(v) for v in stroke[2].split(",")] if stroke[2] else [1.0]
        dashes.add(tuple(round(v / sum(lengths), 1) for v in lengths))
    fills = {p[1] for p in patterns} | {"full" for _ in full}
    return found[0], (frozenset(dashes), frozenset(m[0] for m in markers), frozenset(fills))


def series(figure):
    """{name: its look}. What is void looks as it would if it were valid, but thin and faded: not a series of its own."""
    found = {}
    for plot in re.split(r'<g id="\w+_plot_\d+[a-z]*" ><title>', figure)[1:]:
        name = plot[: plot.index("<")]
        what = look(plot) if re.search(r"<tspan[^>]*>" + re.escape(name) + "<", plot) else None
        if what and not name.endswith("(void)"):
            found.setdefault(name, what)
    return found


def main(path):
    page = open(path, encoding="utf-8").read()
    schemes, wrong, pairs, least = colours(page), [], 0, {}
    for figure, body in re.findall(r"<figure id=(\w+)>(.*?)</figure>", page, re.S):
        names = series(body)
        for (one, a), (two, b) in itertools.combinations(names.items(), 2):
            pairs += 1
            if a[1] == b[1]:
                wrong.append(f'{figure}: only colour tells "{one}" from "{two}"')
            for scheme, vision in itertools.product(schemes, VISIONS) if a[0] != b[0] else ():
                left, right = (lab(seen(linear(schemes[scheme][k[0]]), VISIONS[vision])) for k in (a, b))
                apart = ciede2000(left, right)
                least[scheme, vision] = min(least.get((scheme, vision), (1e9,)), (apart, figure, one, two))
                if apart < FLOOR:
                    wrong.append(f'{figure}: "{one}" and "{two}" are {apart:.1f} apart, {scheme}, {vision} vision')
        for (name, (colour, _)), scheme in itertools.product(names.items(), schemes):
            ratio = contrast(*(schemes[scheme][k] for k in ("paper", colour)))
            if ratio < CONTRAST:
                wrong.append(f'{figure}: "{name}" has a contrast of {ratio:.1f} with the paper, {scheme}')
    if pairs < 20:
        wrong.append(f"only {pairs} pairs of series were found: the drawings are not as this test reads them")
    for (scheme, vision), (apart, figure, one, two) in least.items():
        print(f"{scheme}, {vision} vision: at least {apart:.1f} apart ({figure}: {one}, {two})")
    for text in wrong:
        print("WRONG", text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
