"""es_writers.py BOOTSTRAP SEED - writers on one stream, killed and started again; then what they were told against the log.

Each writer is a process `millrace es serve`. Even ones append with any version, odd ones with the version they know. A
writer that dies, or is told that nobody knows, asks again with the same id. The judge reads the topic with another client
and its own few lines of the rule.
"""
from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from confluent_kafka import Consumer, TopicPartition

WRITERS, TASKS, STREAM, TOPIC = 5, 24, "cart-1", "writers"
BOOTSTRAP, SEED = sys.argv[1], int(sys.argv[2])


class Writer(threading.Thread):
    """A process that is asked line by line, and what it answered."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.process: subprocess.Popen[str] | None = None
        self.answers: list[tuple[str, int | str, dict[str, Any]]] = []  # id, expected, answer
        self.done = self.retries = 0

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; None: the process died, or does not know."""
        if self.process is None:
            command = [os.environ["MILLRACE"], "es", "serve", "--topic", TOPIC, "--bootstrap", BOOTSTRAP]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.process.stdout.readline()  # ready
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            self.process.kill()
            self.process.wait()
            self.process = None
            return None
        return answer if answer["ok"] else None

    def decide(self, id: str, expected: int | str) -> dict[str, Any]:
        """Asks until there is an answer."""
        data = {"product": id, "quantity": 1, "price_cents": 1}
        request = {"op": "append", "stream": STREAM, "type": "ItemAdded", "data": data, "id": id, "expected": expected}
        while (answer := self.ask(request)) is None:
            self.retries += 1
            time.sleep(0.02)
        self.answers.append((id, expected, answer))
        return answer

    def run(self) -> None:
        known, attempt = 0, 0
        while self.done < TASKS:
            expected = "any" if self.number % 2 == 0 else known
            answer = self.decide(f"w{self.number}-{self.done}-{attempt}", expected)
            known, attempt = answer["version"], attempt + 1
            if answer["accepted"]:
                self.done, attempt = self.done + 1, 0
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def log() -> list[tuple[str, int]]:
    """Id and expected version of every record, in the order of the log."""
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "judge", "enable.auto.commit": False})
    _, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=10)
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    found = []
    while len(found) < end:
        message = consumer.poll(10)
        assert message is not None and not message.error(), message and message.error()
        headers = dict(message.headers())
        found.append((headers["es-id"].decode(), int(headers["es-expected"])))
    consumer.close()
    return found


def judge(writers: list[Writer]) -> str:
    """Fails where an answer and the log disagree."""
    records, counted = log(), []
    for id, expected in records:
        if expected == len(counted):
            counted.append(id)
    assert len(set(counted)) == len(counted) == WRITERS * TASKS, (len(set(counted)), len(counted))
    for writer in writers:
        for id, expected, answer in writer.answers:
            if answer["accepted"]:
                assert counted[answer["version"] - 1] == id, (id, answer)
            else:
                assert answer["refused"] == "conflict" and id not in counted, (id, expected, answer)
                assert counted[expected] == answer["first"], (id, expected, answer)
    command = [os.environ["MILLRACE"], "es", "read", STREAM, "--topic", TOPIC, "--bootstrap", BOOTSTRAP, "--format", "json"]
    shown = [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    assert [(e["version"], e["id"]) for e in shown] == list(enumerate(counted, 1)), "es read shows something else"
    refused = sum(not answer["accepted"] for w in writers for _, _, answer in w.answers)
    return f"{len(records)} records, {len(counted)} count; {refused} conflicts told, {sum(w.retries for w in writers)} retries"


def main() -> None:
    rng = random.Random(SEED)
    writers = [Writer(i) for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    kills = 0
    while any(w.is_alive() for w in writers):
        time.sleep(rng.uniform(0.02, 0.15))
        victim = rng.choice(writers).process
        if victim and kills < 10 and victim.poll() is None:
            victim.send_signal(signal.SIGKILL)
            kills += 1
        print(sum(w.done for w in writers), flush=True)  # how far they are
    print(f"{judge(writers)}; {kills} writers killed", flush=True)


main()
