"""A broker of one's own: `millrace broker` on a free port of this machine, with its data in a folder that is kept or not.

It ends with the process that started it, however that ends. It can be killed, paused, or lose its power on purpose.
"""
from __future__ import annotations

import os
import pathlib
import select
import shutil
import signal
import subprocess
import time
from typing import IO

from millrace_labs import place
from millrace_labs.texts import say

DURABILITY = {
    "group-commit": {"log.flush.interval.messages": "1"},
    "page-cache": {"log.flush.interval.messages": "9223372036854775807"},
    "interval": {"log.flush.interval.messages": "9223372036854775807", "log.flush.interval.ms": "60"},
}
# A lab is small and a student does not wait: no pause before a group's first assignment, few partitions of offsets.
SMALL = {"group.initial.rebalance.delay.ms": "0", "offsets.topic.num.partitions": "4"}
READY_S, STOP_S = 10, 10


class BrokerError(Exception):
    """The broker did not do what was asked; the text has the end of its log."""


class Broker:
    """One broker. `start` and `stop` any number of times: it keeps its port and its folder."""

    def __init__(self, folder: str | os.PathLike[str], durability: str = "page-cache", **properties: object) -> None:
        if durability not in DURABILITY:
            raise BrokerError(say("durability={value!r}: one of {known}", value=durability, known=", ".join(DURABILITY)))
        self.folder = str(folder)
        self.durability = durability
        self.properties = {**SMALL, **DURABILITY[durability],
                           **{key.replace("_", "."): _value(value) for key, value in properties.items()}}
        self.log = self.folder.rstrip("/") + ".log"
        self.port = 0
        self.events: list[tuple[int, str, str]] = []  # when, "ready", "stop" or "kill", the address: for lab.timeline
        self._process: subprocess.Popen[str] | None = None

    def __repr__(self) -> str:
        return f"<a broker at {self.bootstrap}, {self.durability}>" if self.running else "<a broker that does not run>"

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Of the running process, or None."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Broker:
        """Starts it, on the port it had before; waits until it answers."""
        if self.running:
            return self
        pathlib.Path(self.folder).parent.mkdir(parents=True, exist_ok=True)
        command = ["setpriv", "--pdeathsig", "KILL", "--", str(place.program()), "broker",
                   "-o", f"listeners=PLAINTEXT://127.0.0.1:{self.port}", "-o", f"log.dirs={self.folder}"]
        for key, value in self.properties.items():
            command += ["-o", f"{key}={value}"]
        with open(self.log, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        out = self._process.stdout
        line = out.readline() if out and readable(out, READY_S) else ""
        if not line.startswith("ready "):
            self.kill()
            raise BrokerError(say("the broker did not get ready: {log}", log=self.log_end()))
        self.port = int(line.rsplit(":", 1)[1])
        self._note("ready")
        return self

    def stop(self) -> None:
        """Ends it as an administrator would: it writes what it still has."""
        if self._process is None or not self.running:
            return
        self._note("stop")
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            status = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerError(say("the broker did not end within {seconds} s: {log}", seconds=STOP_S, log=self.log_end())) from None
        self._forget()
        if status:
            raise BrokerError(say("the broker ended with status {status}: {log}", status=status, log=self.log_end()))

    def kill(self) -> None:
        """Ends it at once, as a crash would (SIGKILL). What it wrote is in the operating system's cache, and is not lost."""
        if self.running:
            self._note("kill")
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._forget()

    def power_cut(self, torn: bool = False, seed: int | None = None) -> str:
        """Kills it and takes from its files what a power cut would have taken: all that was not synced. Tells what went.

        torn: some of what was not synced stays, by lot, up to any byte."""
        self.kill()
        command = [str(place.program()), "power-cut"] + (["--torn"] if torn else [])
        command += ["--seed", str(seed)] if seed is not None else []
        done = subprocess.run([*command, self.folder], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BrokerError(f"millrace power-cut: {done.stderr.strip()}")
        return done.stdout

    def pause(self) -> None:
        """It stands still, as a machine that hangs: connections stay, nothing is answered."""
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on after `pause`."""
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Kills it and removes its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        pathlib.Path(self.log).unlink(missing_ok=True)

    def log_end(self, lines: int = 5) -> str:
        """The last lines of what the broker wrote about itself."""
        try:
            text = pathlib.Path(self.log).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            return str(error)
        return " | ".join(text.strip().splitlines()[-lines:]) or "it wrote nothing"

    def _note(self, what: str) -> None:
        self.events.append((time.time_ns(), what, self.bootstrap))

    def _forget(self) -> None:
        if self._process is not None and self._process.stdout:
            self._process.stdout.close()
        self._process = None


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def readable(stream: IO[str], seconds: float) -> bool:
    """Whether something can be read from it, or it has ended, within so many seconds."""
    ready, _, _ = select.select([stream], [], [], seconds)
    return bool(ready)
