"""es_chaos_judge.py BOOTSTRAP TOPIC FOLDER - a model of the event store against what was told and what is shown.

The model is written from docs/formats/events.md alone: records, the rule, the folds of cart and account.
"""
from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, TopicPartition

BOOTSTRAP, TOPIC, FOLDER = sys.argv[1:4]
MILLRACE = os.environ["MILLRACE"]
PARTITIONS = 3
wrong: list[str] = []


def check(condition: bool, *what: Any) -> None:
    if not condition:
        wrong.append(" ".join(str(w) for w in what)[:700])


@dataclass
class Event:
    version: int
    id: str
    type: str
    data: dict[str, Any]
    compensates: str | None
    timestamp: int


@dataclass
class Stream:
    events: list[Event] = field(default_factory=list)
    story: list[tuple[Any, ...]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)


def log() -> list[Any]:
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "judge", "enable.auto.commit": False})
    found = []
    for partition in range(PARTITIONS):
        low, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=20)
        assert low == 0
        consumer.assign([TopicPartition(TOPIC, partition, 0)])
        next = 0
        while next < end:
            message = consumer.poll(10)
            assert message is not None and not message.error(), message and message.error()
            found.append(message)
            next = message.offset() + 1
    consumer.close()
    return found


def cart(state: dict[str, Any], event: Event) -> str | None:
    """Applies; says which rule of the domain was broken, if one was."""
    items, data = state["items"], event.data
    broken = None
    if event.type == "CheckedOut":
        broken = "already" if state["status"] != "open" else None
        state["status"] = "checked_out"
    elif event.type == "CartReopened":
        state["status"] = "open"
    else:
        if state["status"] != "open":
            broken = "checked out"
        product = data["product"]
        item = items.get(product)
        if event.type == "ItemAdded":
            before = item["quantity"] if item else 0
            items[product] = {"quantity": before + data["quantity"], "price_cents": data["price_cents"]}
        elif item is None:
            broken = "not in it"
        elif event.type == "QuantityChanged":
            item["quantity"] = data["quantity"]
        else:
            n = data.get("quantity", item["quantity"])
            if n > item["quantity"]:
                broken = "more than there is"
            item["quantity"] -= n
            if item["quantity"] <= 0:
                del items[product]
    state["total_cents"] = sum(i["quantity"] * i["price_cents"] for i in items.values())
    return broken


def account(state: dict[str, Any], event: Event) -> str | None:
    broken = None
    if event.type == "AccountOpened":
        broken = "opened twice" if state["status"] != "new" else None
        state.update(status="open", owner=event.data["owner"])
        return broken
    if state["status"] != "open":
        broken = "not open"
    if event.type == "MoneyDeposited":
        state["balance_cents"] += event.data["amount_cents"]
    elif event.type == "MoneyWithdrawn":
        state["balance_cents"] -= event.data["amount_cents"]
        broken = broken or ("overdraft" if state["balance_cents"] < 0 else None)
    else:
        broken = broken or ("not empty" if state["balance_cents"] else None)
        state["status"] = "closed"
    return broken


FOLDS = {"cart": (cart, {"status": "open", "items": {}, "total_cents": 0}), "account": (account, {"status": "new", "owner": "", "balance_cents": 0})}


def model(messages: list[Any]) -> dict[str, Stream]:
    streams: dict[str, Stream] = {}
    for m in messages:
        headers = {}
        for name, value in m.headers():
            check(name not in headers, "header twice", name)
            headers[name] = value.decode()
        key, value = m.key().decode(), json.loads(m.value())
        check(zlib.crc32(m.key()) % PARTITIONS == m.partition(), "partition of", key)
        check(headers["es-partitions"] == str(PARTITIONS), "es-partitions", headers)
        expected = int(headers["es-expected"])
        if "es-count" in headers:
            check(int(headers["es-count"]) == len(value), "es-count")
            events = [(v["id"], v["type"], v["data"], v.get("compensates")) for v in value]
        else:
            events = [(headers["es-id"], headers["es-type"], value, headers.get("es-compensates"))]
        stream = streams.setdefault(key, Stream())
        is_now = len(stream.events)
        if expected == is_now:
            for id, kind, data, compensates in events:
                stream.events.append(Event(len(stream.events) + 1, id, kind, data, compensates, m.timestamp()[1]))
                stream.story.append(("v", len(stream.events), id))
        else:
            check(expected < is_now, "an append that expects more than there is was written:", key, expected, is_now)
            again = any(e.id == events[0][0] for e in stream.events)
            first = stream.events[expected].id if expected < is_now else None
            stream.story.append(("again", events[0][0]) if again else ("refused", events[0][0], expected, is_now, first))
    for key, stream in streams.items():
        ids = Counter(e.id for e in stream.events)
        check(len(ids) == len(stream.events), key, "ids that count twice", [i for i, n in ids.items() if n > 1])
        taken = Counter(e.compensates for e in stream.events if e.compensates)
        check(all(n == 1 for n in taken.values()), key, "compensated twice", taken)
        seen: set[str] = set()
        for e in stream.events:
            check(not e.compensates or e.compensates in seen, key, "compensates what is not there", e)
            seen.add(e.id)
        fold, start = FOLDS[key.split("-")[0]]
        state = json.loads(json.dumps(start))
        for e in stream.events:
            broken = fold(state, e)
            check(broken is None, key, "version", e.version, "breaks a rule:", broken)
            stream.states.append(json.loads(json.dumps(state)))
    return streams


def appends(told: list[dict[str, Any]], streams: dict[str, Stream]) -> None:
    for t in told:
        if t["kind"] not in ("append", "again"):
            continue
        r, a = t["request"], t["answer"]
        events = streams.get(r["stream"], Stream()).events
        ids = [e["id"] for e in r["events"]] if "events" in r else [r["id"]]
        places = [e.version for e in events if e.id in ids]
        if a["accepted"]:
            check(places == list(range(a["version"] - len(ids) + 1, a["version"] + 1)), "accepted", r, a, "is at", places)
            check([events[p - 1].id for p in places] == ids, "order", r, a)
            if r["expected"] != "any":
                check(a["version"] == r["expected"] + len(ids), "accepted elsewhere than expected", r, a)
        elif a["refused"] == "conflict":
            check(not places, "refused and counts", r, a, places)
            check(r["expected"] != "any" and a["version"] != r["expected"], "a conflict without one", r, a)
            if a["expected"] < a["version"]:
                check(events[a["expected"]].id == a["first"], "first", r, a, events[a["expected"]].id)
        else:
            check(not places and a["refused"] in ("rule", "compensation"), "refused and counts", r, a, places)
        if t["kind"] == "again" and a["accepted"]:
            b = t["again"]
            check(b["accepted"] and b["version"] == a["version"], "asked again it is another answer", r, a, b)


def readings(told: list[dict[str, Any]], streams: dict[str, Stream]) -> None:
    for t in told:
        if t["kind"] == "fold":
            s = streams[t["stream"]]
            check(t["answer"]["version"] == t["version"], "fold version", t)
            check(t["version"] >= t.get("at_least", 0), "a fold does not see what was acknowledged before", t)
            check(t["answer"]["state"] == s.states[t["version"] - 1], "fold", t, s.states[t["version"] - 1])
        elif t["kind"] == "read":
            s, a = streams[t["stream"]], t["answer"]
            check(a["version"] >= t["at_least"], "a reading does not see what was acknowledged before", t["stream"], t["start"], t["at_least"], a["version"])
            check([(e["version"], e["id"]) for e in a["events"]] == [(e.version, e.id) for e in s.events[t["start"] - 1 : a["version"]]], "read", t["stream"], t["start"])


def run(*words: str) -> str:
    done = subprocess.run([MILLRACE, "es", *words, "--topic", TOPIC, "--bootstrap", BOOTSTRAP], capture_output=True, text=True)
    check(done.returncode == 0, words, done.returncode, done.stderr[-300:])
    return done.stdout


def history(stream: str) -> list[tuple[Any, ...]]:
    story: list[tuple[Any, ...]] = []
    for line in run("history", stream).splitlines():
        if m := re.match(r"v(\d+) .*?  \S+ .*\[([^\]]+)\]", line.split(" by ")[0]):
            story.append(("v", int(m[1]), m[2]))
        elif m := re.search(r"again: \S+ \[([^\]]+)\]", line):
            story.append(("again", m[1]))
        elif m := re.search(r"refused: \S+ \[([^\]]+)\].*: expected (\d+), was (\d+)(?: \(event (\S+) came first\))?", line):
            story.append(("refused", m[1], int(m[2]), int(m[3]), m[4]))
        else:
            story.append(("?", line))
    return story


def shown(streams: dict[str, Stream]) -> None:
    listed = {o["stream"]: o["version"] for o in map(json.loads, run("list", "--format", "json").splitlines()) if "stream" in o}
    check(listed == {k: len(s.events) for k, s in streams.items() if s.story}, "list", listed)
    for key, s in streams.items():
        events = [json.loads(line) for line in run("read", key, "--format", "json").splitlines()]
        check([(e["version"], e["id"], e["type"], e["data"], e.get("compensates"), e["timestamp"]) for e in events] ==
              [(e.version, e.id, e.type, e.data, e.compensates, e.timestamp) for e in s.events], "es read", key)
        for more in ([], ["--no-snapshot"]):
            check(json.loads(run("fold", key, "--format", "json", *more))["state"] == s.states[-1], "es fold", key, more)
        told = history(key)
        check(told == s.story, "es history", key, next(((a, b) for a, b in zip(told, s.story) if a != b), (len(told), len(s.story))))
        if len(s.events) > 3:
            middle = s.events[len(s.events) // 2]
            check(json.loads(run("replay", key, "--version", str(middle.version), "--format", "json"))["state"] == s.states[middle.version - 1], "replay", key)


def views(streams: dict[str, Stream]) -> None:
    for fold in FOLDS:
        path = f"{FOLDER}/{fold}.db"
        run("project", "--db", path, "--fold", fold)
        db = sqlite3.connect(path)
        last = {k: (len(s.events), s.states[-1]) for k, s in streams.items() if k.startswith(fold + "-")}
        if fold == "cart":
            rows = {r[0]: r[1:] for r in db.execute("SELECT stream, version, status, total_cents FROM cart")}
            check(rows == {k: (v, s["status"], s["total_cents"]) for k, (v, s) in last.items()}, "view", rows)
            items = sorted(db.execute("SELECT stream, product, quantity, price_cents FROM cart_items"))
            check(items == sorted((k, p, i["quantity"], i["price_cents"]) for k, (_, s) in last.items() for p, i in s["items"].items()), "view of items")
        else:
            rows = {r[0]: r[1:] for r in db.execute("SELECT stream, version, status, owner, balance_cents FROM account")}
            check(rows == {k: (v, s["status"], s["owner"], s["balance_cents"]) for k, (v, s) in last.items()}, "view", rows)


def main() -> None:
    with open(f"{FOLDER}/told.json", encoding="utf-8") as file:
        told = json.load(file)
    messages = log()
    streams = model(messages)
    appends(told, streams)
    readings(told, streams)
    shown(streams)
    views(streams)
    errors = Counter(re.sub(r"w\d+-\d+(-\d+)?|\d+", "N", t["error"]) for t in told if t["kind"] == "error")
    for error, n in errors.most_common(12):
        print(f"  told {n} times: {error}")
    for w in wrong[:20]:
        print("WRONG", w)
    records = sum(len(s.story) for s in streams.values())
    print(f"{len(messages)} records, {sum(len(s.events) for s in streams.values())} events count, {records} lines of history; {len(wrong)} wrong")
    sys.exit(bool(wrong))


main()
