"""What the cells of a lab have: `from millrace_labs import lab`.

    lab.start()                          a fresh broker; lab.bootstrap is its address, lab.broker can be killed, paused, cut
    lab.topic("orders", partitions=3)    lab.produce("orders", [("rossi", "1 pizza")])    lab.consume("orders")
    lab.seed, lab.random                 make inputs from these       lab.folder   for files       lab.data(name)   given files
    lab.sh("millrace topic list --bootstrap $BOOTSTRAP")              lab.millrace("topic", "list", ...)
    lab.plot({"linger 0": [(1, 20), (2, 19)]}, title=..., x=..., y=...)      lab.draw_log("orders")      lab.draw_group(...)
    lab.record("answer", 42)             an output of an exercise, for its checks             lab.check("partition")

The state of one run is in this module: one process is one run, and a notebook's kernel is a process.
"""
from __future__ import annotations

import atexit
import difflib
import io
import json
import os
import random as _random
import shutil
import subprocess
import sys
import tempfile
from typing import Any, ContextManager, Iterable, Mapping, Sequence

from millrace_labs import client, draw, place, show, texts
from millrace_labs.broker import Broker, BrokerError
from millrace_labs.client import ClientError, Record
from millrace_labs.texts import say

__all__ = ["Broker", "BrokerError", "ClientError", "Record", "LabError"]
SH_S = 120


class LabError(Exception):
    """A lab function was asked for what it cannot do; the text says what to do instead."""


# In the grader the run has a place of its own; in a notebook or a plain Python it lasts as long as the process.
_place = os.environ.get("MILLRACE_LAB_PLACE", "")
_graded = bool(_place)
_broker: Broker | None = None
_brokers = 0
_pictures = 0
_last_svg: str | None = None
_id = os.environ.get("MILLRACE_LAB_ID", "")

seed: int = int(os.environ.get("MILLRACE_LAB_SEED", "1"))
random: _random.Random = _random.Random(seed)
quick: bool = os.environ.get("MILLRACE_LAB_QUICK", "") == "1"


def __getattr__(name: str) -> Any:
    """lab.broker, lab.bootstrap and lab.folder: there when they are first needed."""
    if name in ("broker", "bootstrap"):
        if _broker is None:
            raise LabError(say("there is no broker yet: run the cell with lab.start() first"))
        return _broker if name == "broker" else _broker.bootstrap
    if name == "folder":
        folder = os.path.join(_own_place(), "files")
        os.makedirs(folder, exist_ok=True)
        return folder
    near = difflib.get_close_matches(name, [word for word in globals() if not word.startswith("_")], 1)
    raise AttributeError(say("lab has no {name}; did you mean {near}?", name=name, near=near[0]) if near else say("lab has no {name}", name=name))


def _own_place() -> str:
    global _place
    if not _place:
        _place = tempfile.mkdtemp(prefix="millrace-lab-")
        atexit.register(shutil.rmtree, _place, True)
    return _place


def open(lab_id: str, language: str = "en") -> None:  # noqa: A001 - the builder's first cell reads well so
    """Says which lab this notebook is, and the language of its messages. The first cell of a notebook."""
    global _id
    _id = lab_id
    texts.speak(language)


# --- the broker ---


def start(durability: str = "page-cache", **properties: object) -> Broker:
    """A fresh broker with no data, on a free port. Called again it gives the same one; with other words it ends that
    one and starts another, as fresh. durability: page-cache, group-commit (acknowledges what is synced), interval.
    properties: any key of docs/configuration.md, with _ for each dot."""
    global _broker, _brokers
    fresh = Broker(os.path.join(_own_place(), f"broker-{_brokers + 1}"), durability, **properties)
    if _broker is not None:
        if _broker.properties == fresh.properties:
            return _broker.start()
        _broker.kill()
    _brokers += 1
    _broker = fresh
    _note({"broker": fresh.folder})
    atexit.register(_end, fresh)
    return fresh.start()


def _end(broker: Broker) -> None:
    """The broker goes before the clients of the cells do; what they have to say about that is of no use to anybody."""
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    broker.kill()


def topic(name: str, partitions: int = 1, fresh: bool = False, **config: object) -> None:
    """Creates a topic. One of that name that is there already is an error, or with fresh=True is deleted before."""
    if fresh:
        client.delete_topic(__getattr__("bootstrap"), name)
    client.create_topic(__getattr__("bootstrap"), name, partitions, **config)


def produce(topic: str, records: Iterable[tuple[object, object]], partition: int | None = None,
            **config: object) -> list[tuple[int, int]]:
    """Writes (key, value) pairs, one after the other, and waits. Gives (partition, offset) of each."""
    return client.produce(__getattr__("bootstrap"), topic, records, partition, **config)


def consume(topic: str, count: int | None = None) -> list[Record]:
    """The records that lie in a topic now, by partition and offset; with count: waits for that many."""
    return client.consume(__getattr__("bootstrap"), topic, count)


# --- commands ---


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment["PATH"] = f"{place.program().parent}:{environment.get('PATH', '/usr/bin:/bin')}"
    environment["MILLRACE"] = str(place.program())
    if _broker is not None:
        environment["BOOTSTRAP"] = _broker.bootstrap
    return environment


def sh(text: str, timeout: float = SH_S) -> str:
    """Runs a script of bash, shows what it prints and gives it back; LabError when a command fails."""
    try:
        done = subprocess.run(["bash", "-e", "-c", text], env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=__getattr__("folder"), timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        raise LabError(say("not done within {seconds} s: {script}\n{output}", seconds=f"{timeout:g}", script=text.strip(),
                           output=(late.stdout or b"").decode("utf-8", "replace"))) from None
    output = done.stdout.decode("utf-8", "replace")
    print(output, end="")
    if done.returncode:
        raise LabError(say("status {status}: {script}\n{output}", status=done.returncode, script=text.strip(), output=output))
    return output


def millrace(*words: object, timeout: float = SH_S) -> str:
    """Runs `millrace WORDS...` and gives its standard output; LabError with what it said when it fails."""
    command = [str(place.program()), *map(str, words)]
    done = subprocess.run(command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, cwd=__getattr__("folder"),
                          timeout=timeout, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise LabError(say("{command}: status {status}: {said}", command=f"millrace {' '.join(map(str, words))}", status=done.returncode, said=said))
    return done.stdout.decode("utf-8", "replace")


def data(name: str) -> str:
    """The path of a file that comes with this lab (notebooks/data/NN/NAME)."""
    path = place.NOTEBOOKS / "data" / _id.split("-")[0] / name
    if not path.exists():
        raise LabError(say("this lab has no file {name} ({path})", name=name, path=path))
    return str(path)


# --- outputs ---


def _note(entry: dict[str, Any]) -> None:
    """A line for the checks; only in a run that is checked."""
    if _graded:
        with io.open(os.path.join(_place, "records.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def record(name: str, value: Any) -> None:
    """An output of an exercise, by which it is judged. JSON values: numbers, text, lists, dicts with text as keys."""
    try:
        words = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise LabError(say("{name!r} should be made of numbers, text, lists and dicts only (bytes: decode them; a set or a generator: make it a list): "
                           "{error}", name=name, error=error)) from None
    _note({"name": name, "value": value})
    if not _graded:
        print(f"{name}: {words if len(words) <= 200 else words[:200] + '...'}")


def plot(series: show.Series, title: str = "", x: str = "", y: str = "", kind: str = "lines", logx: bool = False,
         logy: bool = False, note: str = "") -> None:
    """Draws {name: [(x, y), ...]} with gnuplot. kind: lines, points, steps, or bars (then x may be words)."""
    word = texts.figure
    shown = {word(name): [(word(px) if isinstance(px, str) else px, py) for px, py in points] for name, points in series.items()}
    svg(show.plot(shown, title=word(title), x=word(x), y=word(y), kind=kind, logx=logx, logy=logy, note=word(note)))


def word(words: str) -> str:
    """Words of a figure of this lab, in the notebook's language (texts.py has them). lab.plot does it by itself."""
    return texts.figure(words)


def svg(text: str) -> None:
    """Shows an SVG: inline in a notebook, else as a file in lab.folder."""
    global _pictures, _last_svg
    _pictures += 1
    _last_svg = text
    show.display_svg(text, __getattr__("folder"), _pictures)


def last_svg() -> str:
    """The picture that was shown last."""
    if _last_svg is None:
        raise LabError(say("no picture was drawn yet: lab.plot, lab.svg, lab.draw_log"))
    return _last_svg


def draw_log(topic: str, groups: Iterable[str] = ()) -> None:
    """Draws a topic's log: a row for each partition, a box for each record with its offset and its key; with groups: where
    each of them will go on."""
    bootstrap = __getattr__("bootstrap")
    places = {group: client.committed(bootstrap, group, topic) for group in groups}
    svg(draw.log(topic, client.ends(bootstrap, topic), client.consume(bootstrap, topic), places))


def draw_group(group: str, members: Mapping[str, Sequence[int]], topic: str = "", partitions: int | None = None) -> None:
    """Draws who has which partition: members is {member: [partition, ...]}. Partitions that nobody has are drawn too when
    their number is given, or when `topic` is one of this broker."""
    if partitions is None and topic and _broker is not None and _broker.running:
        partitions = client.topics(_broker.bootstrap).get(topic)
    owned = [partition for owned in members.values() for partition in owned]
    rows = range(partitions if partitions is not None else max(owned, default=-1) + 1)
    svg(draw.group(group, topic, list(rows), members))


# --- faults and what happened: millrace chaos, millrace timeline ---


def chaos(**options: Any) -> ContextManager[str]:
    """A proxy before the broker that delays, drops and cuts by seed; the value of `with` is its address (docs/chaos.md)."""
    from millrace_labs import chaos as proxy

    return proxy.start(__getattr__("broker"), **{"seed": seed, **options})


def timeline(*words: Any, **options: Any) -> None:
    """Draws what happened in the last `with lab.chaos()`, with a lane for each client.id and broker; title=, from_s=, to_s=,
    lanes=[...], notes={nanoseconds since 1970: words}; or in a log of one's own (docs/timeline.md)."""
    from millrace_labs import timeline as lanes

    if "title" in options:
        options["title"] = texts.figure(options["title"])
    if "notes" in options:
        options["notes"] = {instant: texts.figure(words) for instant, words in options["notes"].items()}
    svg(lanes.draw(*words, **options))


# --- checks ---


def check(exercise: str, seed: int | None = None) -> bool:
    """Checks the exercise whose cell you ran last, just as the grader does: in a process and with a broker of its own."""
    from millrace_labs import run, sandbox, source

    if not _id:
        raise LabError(say("which lab is this? A notebook says it in its first cell: lab.open('01-topics')"))
    found = source.read(place.lab_source(_id))
    if exercise not in found.exercises:
        raise LabError(say("{lab} has no exercise {name} ({known})", lab=_id, name=exercise, known=", ".join(found.exercises)))
    first = found.exercises[exercise].first_line
    cell = next((cell for cell in reversed(_history()) if cell.lstrip().startswith(first)), None)
    if cell is None:
        raise LabError(say("run the cell of exercise {name} first: it begins with {first!r}", name=exercise, first=first))
    if seed is None and os.environ.get("MILLRACE_LAB_CHECK_SEED"):
        seed = int(os.environ["MILLRACE_LAB_CHECK_SEED"])
    verdict = run.exercise(found, exercise, cell, seed=seed, boxed=not sandbox.missing())
    print(*run.lines(found, exercise, verdict, texts.language()), sep="\n")
    if not run.passed(verdict):
        print(say("(seed {seed}: lab.check({name!r}, seed={seed}) does the same again)", seed=verdict["shown_seed"], name=exercise))
    if run.passed(verdict) and texts.language() in found.exercises[exercise].explain:
        show.display_markdown(found.exercises[exercise].explain[texts.language()])
    return run.passed(verdict)


def _history() -> list[str]:
    """The texts of the cells that were run, in order."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        raise LabError(say("lab.check works in a notebook; in a terminal: millrace lab-school check"))
    return list(shell.user_ns.get("In", []))
