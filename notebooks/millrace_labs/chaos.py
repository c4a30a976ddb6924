"""`with lab.chaos(...) as bootstrap:` - a proxy before the lab's broker in which things go wrong, by seed (docs/chaos.md).

    with lab.chaos(cut_response=0.05, api="Produce") as bootstrap:      5% of the acknowledgements are lost
        Producer({"bootstrap.servers": bootstrap})
    with lab.chaos(delay_ms=(0, 20), kill_at_record=500, down_ms=300):  and the broker is killed, and comes back

The options are those of `millrace chaos`, with _ for each -; a chance is a number from 0 to 1. The same seed draws the same lots.
What passes is recorded, also without any fault: lab.timeline() draws it.
"""
from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import threading
import time
from typing import Any, Iterator

from millrace_labs import place
from millrace_labs.broker import Broker, BrokerError, readable
from millrace_labs.texts import say

CHANCES = ("drop_request", "cut", "drop_response", "cut_response")
READY_S, STOP_S, LOOK_S = 10, 10, 0.01


# Of the last `with`: its log, its broker, and from when to when it was (0: it is not over).
_last: tuple[str, Broker] | None = None
_begin = _end_ns = 0
_logs = 0


class ChaosError(Exception):
    """The proxy did not do what was asked; the text has its words."""


class Address(str):
    """The proxy's address; after the `with`, `.summary` is what happened (the object of `millrace chaos --format json`)."""

    summary: dict[str, Any]


def options(seed: int, delay_ms: float | tuple[float, float] = 0, api: str = "", log: str = "", partition: str = "",
            **chances: float) -> list[str]:
    """The words of the command."""
    words = ["--seed", str(seed), "--format", "json"]
    low, high = delay_ms if isinstance(delay_ms, tuple) else (delay_ms, delay_ms)
    if high:
        words += ["--delay", f"{low:g}ms..{high:g}ms"]
    chances["drop_request"] = chances.pop("drop", chances.get("drop_request", 0))
    for name, chance in chances.items():
        if name not in CHANCES:
            raise ChaosError(say("lab.chaos has no {name}= ({known})", name=name, known=f"seed, delay_ms, {', '.join(CHANCES)}, api, partition, "
                                 "kill_at_record, kill_at_s, power_cut, torn, down_ms, log"))
        if not 0 <= chance <= 1:
            raise ChaosError(say("{name}={chance}: a chance is a number from 0 to 1", name=name, chance=chance))
        words += [f"--{name.replace('_', '-')}", f"{chance:.6f}"] if chance else []
    for name, value in (("--api", api), ("--log", log), ("--partition", partition)):
        words += [name, value] if value else []
    return words


def _bring_back(broker: Broker, pid: int | None, power_cut: bool, torn: bool, down_ms: float, seed: int,
                back: threading.Event, over: threading.Event) -> None:
    """Waits for the broker's death by chaos, and starts it again, also when it comes with the last request of all. Lives on: a
    broker dies with the thread that started it."""
    while broker.pid == pid and not over.is_set():
        time.sleep(LOOK_S)
    if broker.pid is None:
        if power_cut:
            broker.power_cut(torn=torn, seed=seed)
        time.sleep(down_ms / 1000)
        broker.start()
    back.set()
    threading.Event().wait()


def last_log() -> str:
    """The log of the last `with lab.chaos()`, or of the one that is under way."""
    if _last is None:
        raise ChaosError(say("nothing was recorded yet: what clients do inside of `with lab.chaos() as bootstrap:` is"))
    return _last[0]


def last_events() -> tuple[int, int, list[tuple[int, str, str]]]:
    """From when to when that was, and what the lab did to its broker: (time, "kill", address)."""
    return _begin, _end_ns or time.time_ns(), _last[1].events if _last else []


def _record(broker: Broker, log: str) -> str:
    global _last, _begin, _end_ns, _logs
    _logs += 1
    _last, _begin, _end_ns = (log or f"{broker.folder.rstrip('/')}-{_logs}.jsonl", broker), time.time_ns(), 0
    return _last[0]


def _recorded() -> None:
    global _end_ns
    _end_ns = time.time_ns()


@contextlib.contextmanager
def start(broker: Broker, seed: int, kill_at_record: int | None = None, kill_at_s: float | None = None, power_cut: bool = False,
          torn: bool = False, down_ms: float = 0, log: str = "", **more: Any) -> Iterator[Address]:
    """The proxy of one `with`. kill_at_record: when so many records were acknowledged the broker is killed, and started again
    after down_ms; kill_at_s: after so long; power_cut: with what a power cut takes from its files, torn: with parts of it left."""
    command = [str(place.program()), "chaos", "--listen", "127.0.0.1:0", "--to", broker.bootstrap,
               *options(seed, log=_record(broker, log), **more)]
    back, over = threading.Event(), threading.Event()
    kills = kill_at_record is not None or kill_at_s is not None
    if kills:
        command += ["--kill", str(broker.pid)]
        command += ["--at-record", str(kill_at_record)] if kill_at_record is not None else ["--at", f"{kill_at_s:.3f}s"]
        threading.Thread(target=_bring_back, daemon=True,
                         args=(broker, broker.pid, power_cut, torn, down_ms, seed, back, over)).start()
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    try:
        line = process.stdout.readline() if readable(process.stdout, READY_S) else ""
        if not line.startswith("ready "):
            process.kill()
            raise ChaosError(say("millrace chaos did not get ready: {said}", said=process.stderr.read().strip()))
        address = Address(line.split()[1])
        yield address
        _recorded()
        address.summary = _end(process)
        over.set()
        if kills and not back.wait(STOP_S):
            raise BrokerError(say("the broker did not come back"))
    finally:
        over.set()
        if not _end_ns:
            _recorded()
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def _end(process: subprocess.Popen[str]) -> dict[str, Any]:
    process.send_signal(signal.SIGTERM)
    try:
        said, complaint = process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        raise ChaosError(say("millrace chaos did not end within {seconds} s", seconds=STOP_S)) from None
    try:
        return json.loads(said)
    except ValueError:
        raise ChaosError(f"millrace chaos: {complaint.strip() or said}") from None
