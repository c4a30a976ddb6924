"""`lab.timeline()` - what happened in the last `with lab.chaos(...)`, drawn by `millrace timeline` (docs/timeline.md).

    with lab.chaos() as bootstrap:                  without a fault it only records
        ...                                         clients with a client.id each, that connect to `bootstrap`
    lab.timeline(title="Three members", from_s=1, to_s=4, lanes=["anna", "bruno"])
"""
from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Mapping, Sequence

from millrace_labs import chaos, place

DRAW_S = 30


def draw(log: str | os.PathLike[str] = "", title: str = "", from_s: float | None = None, to_s: float | None = None,
         lanes: Sequence[str] = (), theme: str = "", notes: Mapping[int, str] | None = None) -> str:
    """The picture as an SVG document. log: of `millrace chaos --log` or `millrace tap --format json`; without one, the last
    lab.chaos. from_s, to_s: seconds since its first request; lanes: only clients whose client.id begins so; theme: light, dark;
    notes: {instant in nanoseconds since 1970: words at a dashed line}."""
    words = [str(place.program()), "timeline", str(log or chaos.last_log())]
    part = {option: f"{seconds:.3f}" for option, seconds in (("--from", from_s), ("--to", to_s)) if seconds is not None}
    for option, value in {"--title": title, "--lanes": ",".join(lanes), "--theme": theme, **part}.items():
        words += [option, value] if value else []
    with tempfile.NamedTemporaryFile("a", suffix=".jsonl") as events:
        if not log:
            _broker_events(events.name)
        for time_ns, note in (notes or {}).items():
            events.write(json.dumps({"type": "event", "what": "note", "time_ns": time_ns, "text": note}) + "\n")
        events.flush()
        words += [events.name] if notes or not log else []
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=DRAW_S)
    if done.returncode:
        raise chaos.ChaosError(done.stderr.strip())
    return done.stdout


def _broker_events(path: str) -> None:
    """What the lab itself did to its broker while the log was written: lines as chaos has them for what it does."""
    begin, end, events = chaos.last_events()
    with open(path, "w", encoding="utf-8") as file:
        for time_ns, what, address in events:
            if begin <= time_ns <= end:
                file.write(json.dumps({"type": "event", "what": what, "time_ns": time_ns, "broker": address, "text": what}) + "\n")
