"""The event store from Python: a typed class over one warm process, `millrace es serve`.

    with EventStore(bootstrap, topic="events") as store:
        store.append("cart-17", "ItemAdded", {"product": "85123A", "quantity": 6, "price_cents": 255}, expected=0)
        state = store.fold("cart-17", "cart")

What an event in the topic is, and which of two appends counts, says docs/formats/events.md. A store belongs to one thread.
"""
from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, TypeVar, Union

from millrace_labs import place
from millrace_labs.texts import say

State = TypeVar("State")
Data = Mapping[str, Any]
Expected = Union[int, Literal["any", "none"]]
Instant = Union[int, str]


class EventStoreError(Exception):
    """What could not be done: no broker, a request that is wrong, an append of which nobody knows whether it arrived."""


class Refused(Exception):
    """An event that does not count: a rule of the domain, nothing to compensate, an id that is taken."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(str(answer["why"]))
        self.why: str = answer["why"]
        self.reason: str = answer["refused"]
        self.version: int = answer["version"]


class Conflict(Refused):
    """The stream had another version than was expected; `first` is the event that came first, if there is one."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(answer)
        self.expected: int = answer["expected"]
        self.first: str | None = answer.get("first")


@dataclass(frozen=True)
class Event:
    """An event that counts (version from 1), or, read with refused=True, one that does not: then version is 0."""

    stream: str
    version: int
    type: str
    id: str
    data: dict[str, Any]
    timestamp: int  # milliseconds since 1970
    partition: int
    offset: int
    schema: int = 1
    correlation: str | None = None
    causation: str | None = None
    compensates: str | None = None
    by: str | None = None
    refused: str | None = None  # "conflict" or "malformed"
    expected: int | None = None  # of a conflict
    was: int | None = None  # the version that it met
    why: str | None = None  # of a malformed one


@dataclass(frozen=True)
class Difference:
    """What one event makes of a state: see EventStore.replay."""

    without: str
    version: int
    with_state: dict[str, Any]
    without_state: dict[str, Any]
    difference: list[dict[str, Any]] = field(default_factory=list)  # {"path", "with", "without"}
    refused: list[dict[str, Any]] = field(default_factory=list)  # {"version", "type", "id", "why"}


def _event(record: Mapping[str, Any]) -> Event:
    """An event as `read` answers it."""
    optional = {key: record[key] for key in ("schema", "correlation", "causation", "compensates", "by", "refused",
                                             "expected", "why") if key in record}
    return Event(stream=record["stream"], version=record.get("version", 0), type=record.get("type", ""),
                 id=record.get("id", ""), data=record.get("data", {}), timestamp=record["timestamp"],
                 partition=record["partition"], offset=record["offset"], was=record.get("is"), **optional)


class EventStore:
    """Streams of events in one topic. The topic is made, with one partition, when it is not there."""

    def __init__(self, bootstrap: str, topic: str = "events", *, program: str | None = None) -> None:
        command = [program or str(place.program()), "es", "serve", "--bootstrap", bootstrap, "--topic", topic]
        self.topic = topic
        self._asked = 0
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                         encoding="utf-8")
        try:
            self._answer()
        except EventStoreError:
            self.close()
            raise

    def __enter__(self) -> EventStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process. Closing twice is fine."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
        self._process.wait()

    # --- asking ---

    def _answer(self) -> dict[str, Any]:
        """The next line of the process, as an object."""
        assert self._process.stdout and self._process.stderr
        line = self._process.stdout.readline()
        if not line:
            said = self._process.stderr.read().strip()
            raise EventStoreError(said or say("millrace es serve ended with status {status}", status=self._process.wait()))
        answer: dict[str, Any] = json.loads(line)
        if answer.get("request", self._asked) != self._asked:  # of one whose asker was interrupted
            return self._answer()
        if not answer["ok"]:
            raise EventStoreError(answer["error"])
        return answer

    def _ask(self, op: str, **members: Any) -> dict[str, Any]:
        """One request, one answer. Members that are None are left out."""
        assert self._process.stdin
        self._asked += 1
        request = {"op": op, "request": self._asked, **{key: value for key, value in members.items() if value is not None}}
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise EventStoreError(say("the event store is closed: {error}", error=error)) from error
        return self._answer()

    # --- writing ---

    def append(self, stream: str, type: str, data: Data, *, expected: Expected = "any", id: str | None = None,
               schema: int = 1, correlation: str | None = None, causation: str | None = None, compensates: str | None = None,
               by: str | None = None, timestamp: Instant | None = None, domain: str | None = None) -> int:
        """Appends an event; its version. Raises Conflict or Refused. A retry with the same id is harmless."""
        answer = self._ask("append", stream=stream, type=type, data=data, expected=expected, id=id, schema=schema,
                           correlation=correlation, causation=causation, compensates=compensates, by=by, timestamp=timestamp,
                           domain=domain)
        return self._verdict(answer)

    def append_all(self, stream: str, events: Iterable[tuple[str, Data]], *, expected: Expected = "any",
                   ids: Iterable[str] | None = None, by: str | None = None, timestamp: Instant | None = None,
                   domain: str | None = None) -> int:
        """Appends several events that count together or not at all; the version of the last one."""
        members: list[dict[str, Any]] = [{"type": type, "data": data} for type, data in events]
        if ids is not None:
            names = list(ids)
            if len(names) != len(members):
                raise EventStoreError(say("{events} events and {ids} ids", events=len(members), ids=len(names)))
            for member, name in zip(members, names):
                member["id"] = name
        return self._verdict(self._ask("append", stream=stream, events=members, expected=expected, by=by, timestamp=timestamp,
                                       domain=domain))

    @staticmethod
    def _verdict(answer: Mapping[str, Any]) -> int:
        if answer["accepted"]:
            return int(answer["version"])
        raise Conflict(answer) if answer["refused"] == "conflict" else Refused(answer)

    # --- reading ---

    def read(self, stream: str, *, from_version: int = 1, to_version: int | None = None, until: Instant | None = None,
             refused: bool = False) -> list[Event]:
        """The events of a stream that count, in the order of their versions; with refused=True also those that do not."""
        answer = self._ask("read", stream=stream, **{"from": from_version}, to=to_version, until=until,
                           refused=refused or None)
        return [_event(record) for record in answer["events"]]

    def streams(self) -> dict[str, int]:
        """Every stream with its version."""
        return {one["stream"]: one["version"] for one in self._ask("list")["streams"]}

    def version(self, stream: str) -> int:
        """The version of a stream; 0: it has no event."""
        return int(self._ask("read", stream=stream, **{"from": 10**15})["version"])

    def history(self, stream: str) -> str:
        """What happened, and what was refused and why, a line each."""
        return "\n".join(self._ask("history", stream=stream)["lines"])

    # --- folding ---

    def fold(self, stream: str, fold: str | Callable[[State, Event], State], *, start: State | None = None,
             version: int | None = None, until: Instant | None = None,
             snapshot: tuple[str, int] | None = None) -> Any:
        """The state: of a built-in fold ("cart"), or of a function (state, event) -> state that begins with `start`.

        With snapshot=(name, fold_version) a function's fold begins with the newest snapshot of that name and version."""
        if isinstance(fold, str):
            return self._ask("fold", stream=stream, fold=fold, version=version, until=until)["state"]
        state: Any = start
        events = None
        if snapshot:
            state, events = self._from_snapshot(stream, snapshot, start, version, until)
        if events is None:
            events = self.read(stream, to_version=version, until=until)
        for event in events:
            state = fold(state, event)
        return state

    def _from_snapshot(self, stream: str, snapshot: tuple[str, int], start: Any, version: int | None,
                       until: Instant | None) -> tuple[Any, list[Event] | None]:
        """The state of the newest snapshot and the events behind it; None: there is none that fits."""
        newest = self._ask("newest_snapshot", stream=stream, fold=snapshot[0], fold_version=snapshot[1], version=version,
                           until=until)
        if newest["version"] == 0:
            return start, None
        answer = self._ask("read", stream=stream, **{"from": newest["version"] + 1}, to=version, until=until, at=newest["at"])
        if answer["misfit"]:
            return start, None
        return newest["state"], [_event(record) for record in answer["events"]]

    def snapshot(self, stream: str, fold: str | Callable[[State, Event], State], *, start: State | None = None,
                 name: str | None = None, fold_version: int = 1, version: int | None = None) -> int:
        """Keeps the state at a version (None: the newest) for later folds; the version. A function needs a name."""
        if isinstance(fold, str):
            return int(self._ask("snapshot", stream=stream, fold=fold, version=version)["version"])
        if not name:
            raise EventStoreError(say("a snapshot of a function needs a name, and a fold_version that changes with the function"))
        events = self.read(stream, to_version=version)
        state: Any = start
        for event in events:
            state = fold(state, event)
        return int(self._ask("state_snapshot", stream=stream, fold=name, fold_version=fold_version, state=state,
                             version=events[-1].version if events else version)["version"])

    def replay(self, stream: str, fold: str, *, version: int | None = None, until: Instant | None = None,
               without: str | None = None) -> Any:
        """The state from the beginning; or, without one event, the Difference that this event makes."""
        answer = self._ask("replay", stream=stream, fold=fold, version=version, until=until, without=without)
        if without is None:
            return answer["state"]
        return Difference(without, answer["version"], answer["with_state"], answer["without_state"], answer["difference"],
                          answer["refused"])
