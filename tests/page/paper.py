#!/usr/bin/env python3
"""Is the page on paper what it is on the screen?

    paper.py REPORT.html REPORT.pdf

Of Chromium's PDF (pdftotext -bbox says where each word is, pdftoppm what the ink is):

- sheets are A4, white, and no word lies outside of their margins;
- each figure is on one sheet: its texts and its caption, to the command that makes it again;
- each has the ink of its series: something in colour, and enough of it in grey;
- a table that goes on over the page has its head there too."""
import collections
import html
import re
import subprocess
import sys

DPI = 60
A4 = (595.3, 841.9)  # points
MARGIN = 28  # points: 10 mm, of which printers want 5


def run(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout


def sheets(pdf):
    """[((width, height), [(x0, y0, x1, y1, word), ...]), ...]"""
    text = run("pdftotext", "-bbox", pdf, "-").decode()
    for width, height, body in re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', text, re.S):
        words = re.findall(r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', body)
        yield (float(width), float(height)), [(*map(float, w[:4]), html.unescape(w[4])) for w in words]


def pixels(pdf, sheet):
    """(width, height, RGB bytes) of one sheet: a binary PPM."""
    ppm = run("pdftoppm", "-r", str(DPI), "-f", str(sheet + 1), "-l", str(sheet + 1), pdf)
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
    return int(head.group(1)), int(head.group(2)), ppm[head.end() :]


def ink(picture, top, bottom):
    """Of the lines from top to bottom, in points: how many pixels are in colour, how many are grey ink."""
    width, _, rgb = picture
    colour = grey = 0
    for at in range(int(top * DPI / 72) * width * 3, int(bottom * DPI / 72) * width * 3, 3):
        r, g, b = rgb[at : at + 3]
        colour += max(r, g, b) - min(r, g, b) > 50
        grey += 0.299 * r + 0.587 * g + 0.114 * b < 200
    return colour, grey


def figure(name, body, pages, pictures, wrong):
    """The sheet that has its command is the one that has to have all of it."""
    found = [k for k, (_, words) in enumerate(pages) if any(name + ".gnuplot" in w[4] for w in words)]
    if len(found) != 1:
        wrong.append(f"{name}: the command that draws it again is on {len(found)} sheets")
        return
    words = pages[found[0]][1]
    there = collections.Counter(w[4] for w in words)
    svg = body[: body.index("<figcaption>")]
    texts = re.findall(r"<text[^>]*>(.*?)</text>", re.sub(r"<title>.*?</title>", "", svg, flags=re.S), re.S)
    drawn = [html.unescape(re.sub(r"<[^>]*>", "", t)).split() for t in texts]
    want = collections.Counter(w for t in drawn for w in t if len(w) > 3)
    want.update(w for w in ("Run:", "millrace", "bench", "run"))
    lost = [w for w, n in want.items() if there[w] == 0 and not any(w in t for t in there)]
    if lost:
        wrong.append(f"{name}: not on the sheet of its caption: {' '.join(sorted(lost))}")
    title = html.unescape(re.search(r"<b>(.*?)</b>", body).group(1)).split()
    starts = [w[1] for i, w in enumerate(words) if [v[4] for v in words[i : i + len(title)]] == title]
    if not starts:
        wrong.append(f"{name}: its title is not on the sheet of its command")
        return
    height = float(re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).group(2))
    width = float(re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).group(1))
    top = starts[-1] - (A4[0] - 2 * 34) * height / width
    if top < MARGIN - 10:
        wrong.append(f"{name}: begins {top:.0f} points from the edge of the sheet")
    colour, grey = ink(pictures(found[0]), max(top, 0), starts[-1] - 4)
    if colour < 100 or grey < 300:
        wrong.append(f"{name}: {colour} pixels in colour, {grey} of ink: is it blank?")


def main(report, pdf):
    page, pages, wrong, kept = open(report, encoding="utf-8").read(), list(sheets(pdf)), [], {}

    def pictures(sheet):
        if sheet not in kept:
            kept[sheet] = pixels(pdf, sheet)
        return kept[sheet]

    for k, ((width, height), words) in enumerate(pages):
        if abs(width - A4[0]) > 1 or abs(height - A4[1]) > 1:
            wrong.append(f"sheet {k + 1} is {width} x {height} points")
        for x0, y0, x1, y1, word in words:
            if x0 < MARGIN or x1 > width - MARGIN or y0 < MARGIN or y1 > height - MARGIN:
                wrong.append(f'sheet {k + 1}: "{word}" is at {x0:.0f}, {y0:.0f} to {x1:.0f}, {y1:.0f}')
        rgb = pictures(k)[2]
        white = sum(rgb[at] > 240 for at in range(0, len(rgb), 3 * 7)) / (len(rgb) / (3 * 7))
        if white < 0.6:
            wrong.append(f"sheet {k + 1}: {white:.0%} of it is white")
    figures = re.findall(r"<figure id=(\w+)>(.*?)</figure>", page, re.S)
    for name, body in figures:
        figure(name, body, pages, pictures, wrong)
    for k, (_, words) in enumerate(pages[:-1]):
        text = [w[4] for w in words]
        going_on = sum(w in ("holds", "open") for w in text) > 3 and "verdict" not in text
        if going_on:
            wrong.append(f"sheet {k + 1}: claims without the head of their table")
    print(f"{len(pages)} sheets, {len(figures)} figures")
    for text in wrong:
        print("WRONG", text)
    return 1 if wrong or not figures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
