"""arrivals.py - orders that come in while a pipeline runs, and when its warehouse shows them.

    seen = arrivals.measure(definition, folder, bootstrap, period=1.0)     a batch every second
    seen = arrivals.measure(definition, folder, bootstrap)                 a stream
    seen.arrived    {order: instant at which its line stood in the file}, in seconds from the beginning
    seen.looks      [(instant, [orders in the warehouse])], one for each look that showed something new
    seen.cpu_s      what the pipeline's processes used of the processors
    arrivals.ages(seen.arrived, seen.looks)     {order: how old it was when it was first seen}

Three things happen at once: a thread writes lines to a file at instants drawn from a seed, the pipeline loads them, and a
second thread looks into the warehouse every few milliseconds, as a reader would.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from millrace_labs import place
from millrace_labs.texts import say

LOOK_S = 0.004
WAIT_S = 15


class NotSeen(Exception):
    """The pipeline ended, or showed nothing for too long; the text has what it said."""


@dataclass
class Seen:
    """What one measurement saw."""

    arrived: dict[int, float] = field(default_factory=dict)
    looks: list[tuple[float, list[int]]] = field(default_factory=list)
    cpu_s: float = 0.0


def ages(arrived: dict[int, float], looks: list[tuple[float, list[int]]]) -> dict[int, float]:
    """Of each order the time from its arrival to the first look that showed it."""
    first: dict[int, float] = {}
    for instant, orders in reversed(looks):
        first.update((order, instant) for order in orders)
    return {order: instant - arrived[order] for order, instant in first.items()}


class Shift:
    """One measurement: its clock starts when the pipeline is ready."""

    def __init__(self, definition: dict, folder: Path, seconds: float, rate: float, seed: int):
        self.folder = folder
        self.seen = Seen()
        self.start = time.monotonic()
        self.done = threading.Event()
        folder.mkdir(parents=True)
        (folder / "in").mkdir()
        (folder / "orders.json").write_text(json.dumps(definition))
        self.file = (folder / "in" / "ordini_1.csv").open("w", encoding="utf-8")
        self._line("ordine;filiale;data;importo")
        draw, at = random.Random(seed), 0.0
        self.instants: list[float] = []
        while (at := at + draw.expovariate(rate)) < seconds:
            self.instants.append(at)

    def _line(self, text: str) -> None:
        self.file.write(text + "\n")
        self.file.flush()

    def now(self) -> float:
        """Seconds since the pipeline was ready."""
        return time.monotonic() - self.start

    def write(self) -> None:
        """The thread of the shop: a line at each instant."""
        for number, instant in enumerate(self.instants):
            time.sleep(max(0.0, instant - self.now()))
            self._line(f"{5001 + number};bologna;2025-06-01 {8 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02};12.50")
            self.seen.arrived[5001 + number] = self.now()
        self.file.close()

    def watch(self) -> None:
        """The thread of the reader: what is in the warehouse now?"""
        db, before = None, 0
        while not self.done.wait(LOOK_S):
            try:
                if db is None:
                    db = sqlite3.connect(f"file:{self.folder / 'shop.db'}?mode=ro", uri=True, timeout=0)
                ids = [row[0] for row in db.execute("SELECT id FROM orders")]
            except sqlite3.Error:  # not there yet, or locked: look again
                continue
            if len(ids) != before:
                before = len(ids)
                self.seen.looks.append((self.now(), ids))

    def all_seen(self) -> bool:
        """Whether a look has shown every order."""
        return bool(self.seen.looks) and len(self.seen.looks[-1][1]) == len(self.instants)

    def began(self) -> None:
        """The pipeline is ready: the clock starts, and with it the shop and the reader."""
        self.start = time.monotonic()
        self.threads = [threading.Thread(target=self.write), threading.Thread(target=self.watch, daemon=True)]
        for thread in self.threads:
            thread.start()

    def command(self, *words: str) -> list[str]:
        """A command line of millrace over this shift's definition."""
        return [str(place.program()), *words[:2], str(self.folder / "orders.json"), *words[2:]]


def _batches(shift: Shift, period: float) -> None:
    """A full load every `period` seconds until every order is there. It loads an export: the engine refuses a file that grows
    while it is read, since nobody could say which state of it was loaded."""
    export = shift.folder / "export"
    export.mkdir()
    load = shift.command("etl", "run", "--in", str(export), "--db", str(shift.folder / "shop.db"))

    def batch() -> None:
        shutil.copy(shift.folder / "in" / "ordini_1.csv", export)
        done = subprocess.run(load, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotSeen(say("the batch: {said}", said=done.stderr))

    batch()  # an empty warehouse
    shift.began()
    number = 0
    while not shift.all_seen():
        number += 1
        time.sleep(max(0.0, number * period - shift.now()))
        batch()
        if shift.now() > shift.instants[-1] + 2 * period + WAIT_S:
            raise NotSeen(say("the batch: {count} orders have arrived, and the warehouse does not show them all", count=len(shift.instants)))
        time.sleep(3 * LOOK_S)


def _stream(shift: Shift, bootstrap: str) -> None:
    """A publisher that follows the file, and a run that loads its topic."""
    where = ["--topic", f"arrivals-{shift.folder.name}", "--bootstrap", bootstrap]
    with (shift.folder / "said.txt").open("w") as said:
        publish = subprocess.Popen(shift.command("stream", "publish", "--in", str(shift.folder / "in"), "--follow", "--poll-ms", "10",
                                                 "--state", str(shift.folder / "state"), *where), stdout=said, stderr=said)
        run = subprocess.Popen(shift.command("stream", "run", "--db", str(shift.folder / "shop.db"), *where), stdout=said, stderr=said)
    try:
        ready = time.monotonic() + WAIT_S
        while not _has_table(shift.folder / "shop.db"):
            _alive(shift, publish, run, ready)
        time.sleep(0.3)  # the run's group has its partitions
        shift.began()
        while not shift.all_seen():
            _alive(shift, publish, run, shift.start + shift.instants[-1] + WAIT_S)
        publish.send_signal(signal.SIGTERM)  # it sends the ends, which end the run
        publish.wait(WAIT_S)
        run.wait(WAIT_S)
    finally:
        for process in (publish, run):
            process.kill()
            process.wait()


def _has_table(db: Path) -> bool:
    if not db.exists():
        return False
    try:
        with sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=0) as base:
            return base.execute("SELECT count(*) FROM orders").fetchone() is not None
    except sqlite3.Error:
        return False


def _alive(shift: Shift, publish: subprocess.Popen, run: subprocess.Popen, until: float) -> None:
    """Waits a moment; NotSeen when a process has ended or the time is over."""
    time.sleep(0.01)
    if publish.poll() is not None or run.poll() is not None or time.monotonic() > until:
        raise NotSeen(say("the stream: {said}", said=(shift.folder / "said.txt").read_text()))


def measure(definition: dict, folder: Path, bootstrap: str, period: float | None = None, seconds: float = 4, rate: float = 30,
            seed: int = 1) -> Seen:
    """Lets orders come in for some seconds (`rate` a second, at random) and watches the warehouse. `folder` is made."""
    shift = Shift(definition, Path(folder), seconds, rate, seed)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if period is None:
        _stream(shift, bootstrap)
    else:
        _batches(shift, period)
    shift.done.set()
    for thread in shift.threads:
        thread.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shift.seen.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return shift.seen
