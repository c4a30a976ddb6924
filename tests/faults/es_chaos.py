"""es_chaos.py BOOTSTRAP TOPIC SECONDS SEED FOLDER - everybody who uses an event store at once, and what they were told.

Writers are processes `millrace es serve`; some appends are commands of their own. All are killed (-9) now and then, and ask
again with the same id. Readers fold, also at versions of the past, and make snapshots; two views follow and are killed. All
answers go into FOLDER/told.json; es_chaos_judge.py compares them with the log.
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

BOOTSTRAP, TOPIC, SECONDS, SEED, FOLDER = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
MILLRACE = os.environ["MILLRACE"]
STREAMS = [f"cart-{i}" for i in range(6)] + [f"account-{i}" for i in range(6)]
PRICES = {"a": 100, "b": 250, "c": 7}
END = time.monotonic() + SECONDS
told: list[dict[str, Any]] = []
lock = threading.Lock()
counts: dict[str, int] = {}
versions: dict[str, int] = {}


def note(kind: str, **what: Any) -> None:
    with lock:
        told.append({"kind": kind, **what})


def count(name: str) -> None:
    with lock:
        counts[name] = counts.get(name, 0) + 1


class Serve:
    """A process that is asked line by line."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; None: the process died."""
        if self.process is None:
            command = [MILLRACE, "es", "serve", "--topic", TOPIC, "--bootstrap", BOOTSTRAP]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            if not self.process.stdout.readline():
                self.die()
                return None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            self.die()
            return None

    def die(self) -> None:
        process, self.process = self.process, None
        if process:
            process.kill()
            process.wait()

    def kill(self) -> None:
        process = self.process
        if process and process.poll() is None:
            process.send_signal(signal.SIGKILL)


def draw(rng: random.Random, stream: str) -> tuple[str, dict[str, Any]]:
    """Type and data of an event that the stream's domain knows, allowed or not."""
    product = rng.choice(sorted(PRICES))
    if stream.startswith("cart"):
        kind = rng.choices(["ItemAdded", "ItemRemoved", "QuantityChanged", "CheckedOut", "CartReopened"], [10, 4, 3, 1, 3])[0]
        data = {"ItemAdded": {"product": product, "quantity": rng.randint(1, 3), "price_cents": PRICES[product]},
                "ItemRemoved": {"product": product} if rng.random() < 0.3 else {"product": product, "quantity": 1},
                "QuantityChanged": {"product": product, "quantity": rng.randint(1, 5)}}.get(kind, {})
        return kind, data
    kind = rng.choices(["AccountOpened", "MoneyDeposited", "MoneyWithdrawn", "AccountClosed"], [1, 8, 8, 0.2])[0]
    data = {"AccountOpened": {"owner": "Anna è"}, "AccountClosed": {}}.get(kind, {"amount_cents": rng.randint(1, 900)})
    return kind, data


class Writer(threading.Thread):
    """Appends to any stream: with any version, the one it knows, an old one, a later one; several at once; the contrary."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.number, self.serve, self.rng = number, Serve(), random.Random(SEED * 100 + number)
        self.known: dict[str, int] = {}
        self.deposits: list[tuple[str, str, int]] = []

    def request(self, n: int) -> dict[str, Any]:
        rng, stream = self.rng, self.rng.choice(STREAMS)
        name = f"w{self.number}-{n}"
        request: dict[str, Any] = {"op": "append", "stream": stream, "by": f"w{self.number}", "domain": stream.split("-")[0]}
        version = self.known.get(stream, 0)
        request["expected"] = rng.choice(["any", "any", version, version, max(0, version - 2), version + 1])
        if self.deposits and rng.random() < 0.1:
            stream, id, amount = rng.choice(self.deposits)
            return {**request, "stream": stream, "domain": "account", "expected": "any", "id": name, "type": "MoneyWithdrawn",
                    "data": {"amount_cents": amount}, "compensates": id}
        if rng.random() < 0.2:
            events = []
            for i in range(rng.randint(2, 4)):
                kind, data = draw(rng, stream)
                events.append({"type": kind, "data": data, "id": f"{name}-{i}"})
            return {**request, "events": events}
        kind, data = draw(rng, stream)
        return {**request, "type": kind, "data": data, "id": name}

    def by_command(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """A process for one append, which may be killed in the middle."""
        words = [MILLRACE, "es", "append", request["stream"], request["type"], json.dumps(request["data"]), "--id", request["id"],
                 "--expected", str(request["expected"]), "--domain", request["domain"], "--by", request["by"], "--topic", TOPIC, "--bootstrap", BOOTSTRAP,
                 "--format", "json"]
        if "compensates" in request:
            words += ["--compensates", request["compensates"]]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if self.rng.random() < 0.3:
            time.sleep(self.rng.uniform(0.0, 0.15))
            process.kill()
            count("commands killed")
        out = process.communicate()[0]
        if process.returncode not in (0, 1):
            return None
        return {"ok": True, **json.loads(out)}

    def run(self) -> None:
        n = 0
        while time.monotonic() < END:
            n += 1
            request = self.request(n)
            alone = "events" not in request and self.rng.random() < 0.1
            tries = 0
            while True:
                tries += 1
                answer = self.by_command(request) if alone and tries < 4 else self.serve.ask(request)
                if answer is not None and answer.get("ok"):
                    break
                count("retries")
                if answer is not None:
                    note("error", error=answer["error"])
                time.sleep(0.02)
            note("append", request=request, answer=answer, tries=tries)
            self.known[request["stream"]] = answer.get("version", 0)
            if answer["accepted"]:
                count("accepted")
                with lock:
                    versions[request["stream"]] = max(versions.get(request["stream"], 0), answer["version"])
                if request.get("type") == "MoneyDeposited":
                    self.deposits = self.deposits[-5:] + [(request["stream"], request["id"], request["data"]["amount_cents"])]
            else:
                count(answer["refused"])
            if self.rng.random() < 0.02:  # the same again, much later in the stream: the same answer
                again = self.serve.ask(request)
                if again and again.get("ok"):
                    note("again", request=request, answer=answer, again=again)
        self.serve.die()


class Reader(threading.Thread):
    """Folds and reads what is known to be there, and makes snapshots."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.serve, self.rng = Serve(), random.Random(SEED * 1000 + number)

    def run(self) -> None:
        while time.monotonic() < END:
            stream = self.rng.choice(STREAMS)
            version = versions.get(stream, 0)
            fold = stream.split("-")[0]
            if version == 0:
                time.sleep(0.1)
                continue
            at = self.rng.randint(1, version)
            what = self.rng.random()
            if what < 0.15:
                answer = self.serve.ask({"op": "snapshot", "stream": stream, "fold": fold, "version": at})
                count("snapshots")
            elif what < 0.6:
                answer = self.serve.ask({"op": "fold", "stream": stream, "fold": fold, "version": at, "snapshot": self.rng.random() < 0.7})
                if answer and answer["ok"]:
                    note("fold", stream=stream, version=at, answer=answer)
                    count("folds")
            elif what < 0.8:
                answer = self.serve.ask({"op": "fold", "stream": stream, "fold": fold, "snapshot": True})
                if answer and answer["ok"]:
                    note("fold", stream=stream, version=answer["version"], at_least=version, answer=answer)
                    count("folds")
            else:
                answer = self.serve.ask({"op": "read", "stream": stream, "from": at})
                if answer and answer["ok"]:
                    note("read", stream=stream, start=at, at_least=version, answer=answer)
                    count("reads")
            if answer is not None and not answer["ok"]:
                note("error", error=answer["error"])
            time.sleep(self.rng.uniform(0, 0.1))
        self.serve.die()


class View(threading.Thread):
    """`es project --follow`, killed again and again."""

    def __init__(self, fold: str, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.fold, self.rng = fold, rng

    def run(self) -> None:
        while time.monotonic() < END:
            process = subprocess.Popen([MILLRACE, "es", "project", "--db", f"{FOLDER}/{self.fold}.db", "--fold", self.fold, "--follow", "--topic", TOPIC,
                                        "--bootstrap", BOOTSTRAP], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                process.wait(self.rng.uniform(0.3, 6))
                note("error", error="view: " + process.stderr.read().strip().splitlines()[-1])
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                count("views killed")


def main() -> None:
    rng = random.Random(SEED)
    writers, readers = [Writer(i) for i in range(5)], [Reader(i) for i in range(2)]
    everybody = [*writers, *readers, View("cart", random.Random(SEED + 1)), View("account", random.Random(SEED + 2))]
    for one in everybody:
        one.start()
    while any(one.is_alive() for one in everybody):
        time.sleep(rng.uniform(0.2, 1.2))
        if time.monotonic() < END and rng.random() < 0.5:
            rng.choice([*writers, *readers]).serve.kill()
            count("serves killed")
    with open(f"{FOLDER}/told.json", "w", encoding="utf-8") as file:
        json.dump(told, file)
    print(", ".join(f"{n} {name}" for name, n in sorted(counts.items())))


main()
