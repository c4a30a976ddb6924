"""stream.py - one case through topics: all of it, at prefixes of the log, and with kills at random moments."""

import json
import pathlib
import signal
import sqlite3
import subprocess
import time

from confluent_kafka import Consumer, Producer, TopicPartition

import changelogs
import drive
import interpret
import outputs

WAIT_S = 30  # for something that takes a tenth of a second


class Broker:
    """A broker of our own on a free port; stopped by its pid."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["listeners=PLAINTEXT://127.0.0.1:0", f"log.dirs={self.folder}/data", "group.initial.rebalance.delay.ms=0",
                   "log.flush.interval.messages=100000"]  # fmt: skip
        log = open(self.folder / "broker.log", "wb")
        self.process = subprocess.Popen([program, "broker", *(a for o in options for a in ("-o", o))], stdout=subprocess.PIPE, stderr=log)
        line = self.process.stdout.readline().decode()
        if not line.startswith("ready "):
            raise RuntimeError(f"the broker does not start: {(self.folder / 'broker.log').read_text()}")
        self.bootstrap = line.split()[1]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=WAIT_S)


class Streams:
    """Clients of the broker that serve all cases of a process."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "property", "enable.auto.commit": False,
                                  "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10})  # fmt: skip
        self.producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "all"})

    def ends(self, topic, partitions):
        """How many messages each partition has."""
        return {p: self.consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in range(partitions)}

    def messages(self, topic, partitions, headers=dict):
        """Every message of a topic: (partition, key, value, headers), in the order of each partition."""
        out, ends = [], self.ends(topic, partitions)
        self.consumer.assign([TopicPartition(topic, p, 0) for p in ends if ends[p]])
        left = sum(ends.values())
        until = time.monotonic() + WAIT_S
        while left and time.monotonic() < until:
            for m in self.consumer.consume(left, timeout=1):
                if m.error():
                    raise RuntimeError(m.error())
                out.append((m.partition(), m.key(), m.value(), headers(m.headers() or [])))
                left -= 1
        self.consumer.unassign()
        if left:
            raise RuntimeError(f"{left} messages of {topic} do not come")
        return out

    def send(self, topic, partition, message):
        _, key, value, headers = message
        self.producer.produce(topic, value=value, key=key, partition=partition, headers=list(headers.items()))

    def flush(self):
        if self.producer.flush(WAIT_S):
            raise RuntimeError("messages are not acknowledged")


class Run:
    """`millrace stream run` in the background."""

    def __init__(self, case, streams, topic, db, workers, *options):
        self.errors = open(case.folder / "run.err", "wb+")
        command = [case.program, "stream", "run", case.definition, "--db", db, "--topic", topic, "--workers", workers,
                   "--bootstrap", streams.bootstrap] + list(options)  # fmt: skip
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=self.errors, start_new_session=True)

    def kill(self):
        """The supervisor alone: what becomes of its workers is its affair."""
        self.process.kill()
        self.process.wait()
        self.errors.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        """(status, what it said)."""
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1, f"stream run does not end within {WAIT_S} s"
        self.errors.seek(0)
        return self.process.returncode, self.errors.read().decode(errors="replace")[-400:]


def identity(message):
    """(source, file, number) of a record message, None of others; names of files are UTF-8."""
    h = message[3]
    if h.get("millrace-kind"):
        return None
    number = h.get("millrace-number") or h["millrace-line"]
    return h.get("millrace-source", b"").decode(), h["millrace-file"].decode(), int(number)


def loaded_offsets(db):
    """By topic and partition."""
    return {(t, p): n for t, p, n in db.execute('SELECT topic, "partition", next FROM millrace_stream_offsets')}


def snapshot(path):
    """(offsets loaded, tables) of one moment; (None, None) while there is no warehouse yet."""
    try:
        db = drive.connect(path)
        db.execute("BEGIN")
        result = loaded_offsets(db), drive.read_tables(db)
        db.close()
        return result
    except sqlite3.OperationalError:
        return None, None


def publish_command(case, streams, topic, partitions, *options):
    return ["stream", "publish", case.definition, "--in", case.input, "--topic", topic, "--partitions", partitions, "--bootstrap",
            streams.bootstrap, *options]  # fmt: skip


def publish(case, streams, topic, partitions, *options):
    r = case.run(*publish_command(case, streams, topic, partitions, *options))
    return r.returncode, r.stderr[-300:]


def killed_publish(case, streams, topic, partitions, rng, *options):
    command = [case.program, *publish_command(case, streams, topic, partitions, *options)]
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.random() * 0.1)
    process.kill()
    process.wait()


def whole(case, streams, topic, rng, expected):
    """Published and loaded to the end: the differences to the reference."""
    if rng.random() < 0.4:
        case = changelogs.with_topics(case, rng, loose=True)
    partitions, workers = rng.randint(1, 8), rng.randint(1, 3)
    options = ["--shuffle", rng.randint(1, 10**6)] if rng.random() < 0.8 else []
    drive.cover("command", f"stream publish{' --shuffle' if options else ''}")
    if rng.random() < 0.3:  # a publisher that is killed begins again
        killed_publish(case, streams, topic, partitions, rng, *options)
    status, said = publish(case, streams, topic, partitions, *options)
    if status:
        return [f"publish: status {status}, expected {expected.status}: {said}"] if status != expected.status else []
    late = Late(case)
    if late.times:
        topics = {s.get("topic", topic) for s in interpret.sources_of(case.read())}
        for t in sorted(topics):
            for m in streams.messages(t, partitions):
                late.see(t, m[0], m)
        expected = interpret.interpret(case.read(), case.input, late=late.found)
    db = case.folder / "stream.db"
    db.unlink(missing_ok=True)
    right = expected.status or int(changelogs.broken_key(case.read(), expected))
    limit, refused = max_rejects(rng, expected) if not right and rng.random() < 0.3 else ([], False)
    status, said = Run(case, streams, topic, db, workers, *backfill(rng, 0.3), *limit).wait()
    if is_whole(db):
        drive.cover("command", "stream run --backfill, as a whole")
    if status != (right or int(refused)):
        return [f"stream run {limit}: status {status}, expected {right or int(refused)}: {said}"]
    if refused:
        left = [o["file"] for o in outputs.outputs_of(case.read()) if (case.folder / o["file"]).exists()]
        return drive.differences(drive.read_warehouse(db), expected) + [f"outputs of a run with too many rejects: {left}"] * bool(left)
    if status:
        return []
    return drive.differences(drive.read_warehouse(db), expected) or outputs.differences(expected, db.parent) or changelogs.differences(case, expected)


def is_whole(path):
    """A batch's engine has filled the warehouse."""
    try:
        return bool(drive.connect(path).execute("SELECT count(*) FROM millrace_warehouse WHERE key = 'whole'").fetchone()[0])
    except sqlite3.OperationalError:
        return False


def backfill(rng, p):
    if rng.random() >= p:
        return []
    drive.cover("command", "stream run --backfill")
    return ["--backfill"]


def max_rejects(rng, expected):
    """(the option, whether the warehouse has more): what is loaded stays, and there are no outputs."""
    columns, rows = expected.tables["records"]
    read, rejected = (sum(r[columns.index(c)] for r in rows) for c in ("read", "rejected"))
    if rng.random() < 0.5:
        limit, share = max(0, rejected + rng.randint(-1, 1)), None
    else:
        share = rng.randint(0, 99)
        limit = f"{share}%"
    refused = rejected > limit if share is None else 100 * rejected > share * read
    drive.cover("command", f"stream run --max-rejects {'N' if share is None else 'N%'}: {'too many' if refused else 'right'}")
    return ["--max-rejects", limit], refused


class Late:
    """Which records came too late, by the order of each partition: `found` has them with the seconds."""

    def __init__(self, case, folder=None):
        self.times = interpret.clocks(case.read(), folder or case.input)
        self.newest, self.found, self.seen = {}, {}, set()

    def see(self, topic, partition, message):
        record = identity(message)
        if record is None or record not in self.times or record in self.seen:
            return
        self.seen.add(record)
        at, allowed = self.times[record]
        clock = topic, partition, record[0]
        newest = self.newest.get(clock, at)
        self.newest[clock] = max(newest, at)
        if newest - at > allowed:
            self.found[record] = newest - at


class Prefixes:
    """Feeds a topic in random portions, in any order, some messages twice; after each the warehouse must be that of the
    records that came so far. The run may be killed before it has loaded them, and is started again."""

    def __init__(self, case, streams, topic, rng):
        self.case, self.streams, self.topic, self.rng = case, streams, topic, rng
        self.partitions, self.workers = rng.randint(1, 4), rng.randint(1, 3)
        self.db = case.folder / "prefix.db"
        self.sent = {p: 0 for p in range(self.partitions)}
        self.records, self.files, self.kills, self.outstanding = set(), set(), 0, False
        # of a record that comes twice through two partitions nobody could say which one is the first
        self.late, self.places = Late(case), {}

    def run(self, messages, portions, kill):
        self.db.unlink(missing_ok=True)
        self.case.run("topic", "create", self.topic, "--partitions", self.partitions, "--bootstrap", self.streams.bootstrap)
        content = [m for m in messages if m[3].get("millrace-kind") != b"end"]
        twice = [self.rng.choice(content) for _ in range(len(content) // 20)]
        content += twice
        self.rng.shuffle(content)
        running = self.start()
        try:
            for portion in cut(self.rng, content, portions):
                self.feed(portion)
                if kill and self.rng.random() < 0.5:
                    time.sleep(self.rng.random() * 0.25)
                    running.kill()
                    self.kills += 1
                    running = self.start()
                found = self.compare(running)
                if running.process.poll() is not None:
                    return found
                if found:
                    return [f"after {sum(self.sent.values())} messages, {len(self.records)} records, {self.kills} kills: {f}" for f in found]
            outputs.clear(self.case.read(), self.db.parent)
            status, said = running.stop()
            found = self.told(status, said)
            if found:
                return found
            # one that was just started may not have come to its signals yet
            right = (0, -signal.SIGTERM, int(self.outstanding))
            early = status == 2 and "stopped before it had begun" in said
            return [f"stream run --follow: status {status}: {said}"] if status not in right and not early else []
        finally:
            if running.process.poll() is None:
                running.kill()

    def told(self, status, said):
        """The differences of outputs. A run that was stopped before it had begun says nothing of them."""
        found = []
        if status == 0 and " outputs, " in said:
            found = outputs.differences(self.expected, self.db.parent)
        if status == 0 and " messages of changelogs\n" in said:
            found = found or changelogs.differences(self.case, self.expected)
        return found

    def start(self):
        return Run(self.case, self.streams, self.topic, self.db, self.workers, "--follow", *backfill(self.rng, 0.2))

    def feed(self, portion):
        for m in portion:
            partition = self.rng.randrange(self.partitions)
            if self.late.times:
                partition = self.places.setdefault(m[1], partition)
                self.late.see(self.topic, partition, m)
            self.streams.send(self.topic, partition, m)
            self.sent[partition] += 1
            if m[3].get("millrace-kind") == b"file":
                self.files.add((m[3].get("millrace-source", b"").decode(), json.loads(m[2])["file"]))
            else:
                self.records.add(identity(m))
        self.streams.flush()

    def compare(self, running):
        expected = interpret.interpret(self.case.read(), self.case.input, self.records, self.files, late=self.late.found)
        self.outstanding, self.expected = expected.outstanding, expected
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            if running.process.poll() is not None:
                status, said = running.wait()
                return [] if status == expected.status == 1 else [f"status {status}, expected {expected.status}: {said}"]
            offsets, tables = snapshot(self.db)
            if offsets is not None and sum(max(n, 0) for n in offsets.values()) == sum(self.sent.values()):
                break
            time.sleep(0.02)
        else:
            return [f"not loaded within {WAIT_S} s: {offsets} of {self.sent}"]
        return drive.differences(tables, expected) if expected.status == 0 else [f"expected status {expected.status}: {expected.why}"]


def cut(rng, items, portions):
    """The items in so many portions of random sizes, none empty."""
    portions = max(1, min(portions, len(items)))
    places = sorted(rng.sample(range(1, len(items)), portions - 1)) if len(items) > 1 else []
    return [items[a:b] for a, b in zip([0, *places], [*places, len(items)])]
