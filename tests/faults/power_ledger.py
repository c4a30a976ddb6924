"""Rounds of kill -9 and a power cut, and the judge of what is left.

power_ledger.py PROGRAM SCRATCH SEED MODE ROUNDS        MODE: group-commit, page-cache, interval

In each round an idempotent producer writes values 0, 1, 2, ... to each partition and a group commits what it read. At a
random moment the broker is killed and its power is cut, every other time --torn; sometimes once more while it recovers.
Then it starts again, and the log is held against what was acknowledged:

    in every mode   what is there is a prefix of what was acknowledged, at its offsets, once, in order, byte for byte;
                    nothing is gone that lies below the synced length of its file; without --torn nothing is left beyond
    group-commit    nothing acknowledged is gone, the producer goes on through all rounds, no commit went back
    the others      what is gone is counted
"""
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

PARTITIONS = 3
TOPIC = "ledger"
MODES = {
    "group-commit": "log.flush.interval.messages=1",
    "page-cache": "log.flush.interval.messages=9223372036854775807",
    "interval": "log.flush.interval.ms=60",
}
QUICK = {"reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 50, "log_level": 0, "socket.timeout.ms": 5000}


class Broker:
    def __init__(self, program, scratch, mode):
        self.program, self.dir = program, os.path.join(scratch, mode)
        self.log = open(os.path.join(scratch, "broker.log"), "a")
        self.options = [MODES[mode], f"log.dirs={self.dir}", "group.initial.rebalance.delay.ms=0",
                        "offsets.topic.num.partitions=2", "log.index.interval.bytes=200",
                        "log.flush.offset.checkpoint.interval.ms=150", "log.segment.bytes=1048576"]
        self.port = 0

    def spawn(self):
        command = [self.program, "broker", "-o", f"listeners=PLAINTEXT://127.0.0.1:{self.port}"]
        for option in self.options:
            command += ["-o", option]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def start(self):
        self.spawn()
        words = self.process.stdout.readline().split()
        assert words[:1] == ["ready"], "the broker ended before it was ready"
        self.bootstrap = words[1]
        self.port = int(self.bootstrap.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0, "the broker did not end in order"

    def dump(self):
        """What recovery left is whole for `millrace dump-log` too."""
        files = [os.path.join(folder, name) for folder, _, names in os.walk(self.dir) for name in names
                 if name.endswith((".log", ".index", ".timeindex", ".snapshot", "checkpoint"))]
        subprocess.run([self.program, "dump-log", "--batches", *files], check=True, stdout=subprocess.DEVNULL)

    def cut(self, *options):
        done = subprocess.run([self.program, "power-cut", "--format", "json", *options, self.dir],
                              stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"power-cut ended with {done.returncode}"
        return [json.loads(line) for line in done.stdout.splitlines()]


def segments(broker, partition):
    """(path below the data directory, [(base offset, last offset, end position)]) of every segment, oldest first."""
    folder = f"{TOPIC}-{partition}"
    for name in sorted(os.listdir(os.path.join(broker.dir, folder))):
        if not name.endswith(".log"):
            continue
        data, at, batches = open(os.path.join(broker.dir, folder, name), "rb").read(), 0, []
        while at + 61 <= len(data):
            base, size = struct.unpack_from(">qi", data, at)
            if size < 49 or at + 12 + size > len(data):
                break  # it was killed before it had cut what the last power cut tore
            last = base + struct.unpack_from(">i", data, at + 23)[0]
            at += 12 + size
            batches.append((base, last, at))
        yield f"{folder}/{name}", batches


def synced_end(broker, partition, losses):
    """The offset behind the last batch that is durable; `losses` are of a dry run."""
    limit = {loss["path"]: loss["synced"] for loss in losses if loss["what"] == "cut"}
    limit.update({loss["path"]: 0 for loss in losses if loss["what"] == "created"})
    end = 0
    for path, batches in segments(broker, partition):
        if f"{TOPIC}-{partition}" in limit:
            return 0
        for _, last, position in batches:
            if position > limit.get(path, position):
                return end
            end = last + 1
    return end


class Writer(threading.Thread):
    """Writes on until it is told to end; `acked[p][offset]` is the value that was acknowledged there."""

    def __init__(self, bootstrap, first, acked):
        super().__init__(daemon=True)
        self.next, self.acked, self.errors, self.ended = list(first), acked, [], False
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 1,
                                  "message.timeout.ms": 120000, "retry.backoff.ms": 10, **QUICK})
        self.start()

    def delivered(self, error, message):
        if error is None:
            self.acked[message.partition()][message.offset()] = int(message.value().split()[0])
        else:
            self.errors.append(str(error))

    def run(self):
        filler = "x" * 60
        while not self.ended:
            for p in range(PARTITIONS):
                self.producer.produce(TOPIC, f"{self.next[p]} {filler}", key=str(p), partition=p,
                                      on_delivery=self.delivered)
                self.next[p] += 1
            self.producer.poll(0.001 if len(self.producer) < 300 else 0.02)

    def end(self, wait_s):
        """What is not acknowledged by then is given up."""
        self.ended = True
        self.join()
        left = self.producer.flush(wait_s)
        self.producer.purge()
        self.producer.flush(1)
        return left


class Committer(threading.Thread):
    """Reads as a group and commits; `done` has (partition, offset) of every commit that was answered."""

    def __init__(self, bootstrap):
        super().__init__(daemon=True)
        self.done, self.ended = [], False
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "readers", "session.timeout.ms": 6000,
                                  "auto.offset.reset": "earliest", "enable.auto.commit": False, **QUICK})
        self.consumer.subscribe([TOPIC])
        self.start()

    def run(self):
        at = {}
        while not self.ended:
            for message in self.consumer.consume(200, 0.02):
                if message.error() is None:
                    at[message.partition()] = message.offset() + 1
            if not at:
                continue
            try:
                wanted = [TopicPartition(TOPIC, p, o) for p, o in at.items()]
                for t in self.consumer.commit(offsets=wanted, asynchronous=False):
                    if t.error is None:
                        self.done.append((t.partition, t.offset))
            except KafkaException:  # the broker is away, or the group is being formed anew
                pass
            at = {}
        self.consumer.close()

    def end(self):
        self.ended = True
        self.join()


def watermarks(reader):
    return [reader.get_watermark_offsets(TopicPartition(TOPIC, p), 10)[1] for p in range(PARTITIONS)]


def committed(reader):
    until = time.monotonic() + 10
    while True:
        try:
            answer = reader.committed([TopicPartition(TOPIC, p) for p in range(PARTITIONS)], 5)
            if all(t.error is None for t in answer):
                return [max(t.offset, 0) for t in answer]
        except KafkaException:
            pass
        assert time.monotonic() < until, "the group's offsets cannot be read"


def read(bootstrap, begin, end):
    """The values of offsets begin[p] .. end[p] of each partition; every offset must be there, and whole."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "judge", "check.crcs": True,
                       "enable.auto.commit": False, **QUICK})
    wanted = {p for p in range(PARTITIONS) if begin[p] < end[p]}
    values, until = [[] for _ in range(PARTITIONS)], time.monotonic() + 20
    reader.assign([TopicPartition(TOPIC, p, begin[p]) for p in wanted])
    while wanted:
        for message in reader.consume(1000, 0.1):
            assert message.error() is None, f"partition {message.partition()}: {message.error()}"
            p = message.partition()
            at = begin[p] + len(values[p])
            if message.offset() >= end[p]:
                continue
            assert message.offset() == at, f"partition {p}: offset {message.offset()} follows {at - 1}"
            number, filler = message.value().split()
            assert filler == b"x" * 60 and message.key() == str(p).encode(), f"partition {p}, offset {at}: other bytes"
            values[p].append(int(number))
            if at + 1 == end[p]:
                wanted.discard(p)
        assert time.monotonic() < until, f"partitions {wanted} cannot be read to {end}"
    reader.close()
    return values


class Judge:
    def __init__(self, broker, mode):
        self.broker, self.mode = broker, mode
        self.acked = [{} for _ in range(PARTITIONS)]
        self.lost = self.lost_rounds = self.commits = self.commits_back = self.acks = self.cut_bytes = 0
        self.unsynced = 0  # records that were acknowledged and not durable when the power went
        self.checked = [0] * PARTITIONS

    def off(self, durable):
        """While the broker is down: what group-commit acknowledged was synced before."""
        for p in range(PARTITIONS):
            early = [o for o in list(self.acked[p]) if o >= durable[p]]
            assert not early or self.mode != "group-commit", \
                f"partition {p}: {early[:3]} were acknowledged, the files were synced up to offset {durable[p]}"

    def look(self, reader, durable, torn, commits):
        """After a restart. `durable[p]`: the offset up to which files were synced."""
        acked = [list(a) for a in self.acked]  # a writer that survived goes on meanwhile
        ends = watermarks(reader)
        for p in range(PARTITIONS):
            top = max(acked[p], default=-1) + 1
            assert ends[p] >= durable[p], f"partition {p} ends at {ends[p]}, and was synced up to {durable[p]}"
            if self.mode != "group-commit":
                assert torn or ends[p] == durable[p], f"partition {p} ends at {ends[p]}, not at {durable[p]}"
            gone = [o for o in acked[p] if o >= ends[p]]
            if self.mode != "group-commit":
                self.unsynced += sum(o >= durable[p] for o in acked[p])
            assert not gone or self.mode != "group-commit", f"partition {p} ends at {ends[p]}, {top} were acknowledged"
            self.lost += len(gone)
            for o in gone:
                del self.acked[p][o]
        now = committed(reader)
        best = [0] * PARTITIONS
        for p, offset in commits:
            best[p] = max(best[p], offset)
        back = sum(now[p] < best[p] for p in range(PARTITIONS))
        assert not back or self.mode != "group-commit", f"{best} were committed, the group is at {now}"
        self.commits_back += back
        return ends

    def compare(self, begin, values):
        for p in range(PARTITIONS):
            for i, value in enumerate(values[p]):
                acked = self.acked[p].get(begin[p] + i, value)
                assert acked == value, f"partition {p}, offset {begin[p] + i}: {value}, {acked} was acknowledged"


def power_off(broker, chance):
    """kill -9 and the cut; the offsets that had to survive, and whether it was torn."""
    broker.kill()
    losses = broker.cut("--dry-run")
    durable = [synced_end(broker, p, losses) for p in range(PARTITIONS)]
    torn = chance.random() < 0.5
    done = broker.cut("--seed", str(chance.randrange(1 << 40)), *(["--torn"] if torn else []))
    return durable, torn, done[-1]["bytes"]


def power_off_and_on(broker, judge, chance):
    durable, torn, lost_bytes = power_off(broker, chance)
    judge.off(durable)
    if chance.random() < 0.25:  # and again, while it recovers
        broker.spawn()
        time.sleep(chance.random() * 0.02)
        power_off(broker, chance)
    broker.start()
    return durable, torn, lost_bytes


def commits_of(committers):
    return [commit for c in committers for commit in c.done]


def run_surviving(broker, judge, chance, rounds):
    """group-commit: the same clients through all rounds."""
    writer, committer = Writer(broker.bootstrap, [0] * PARTITIONS, judge.acked), Committer(broker.bootstrap)
    reader = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "readers", **QUICK})
    for _ in range(rounds):
        time.sleep(0.1 + chance.random() * 0.5)
        durable, torn, lost_bytes = power_off_and_on(broker, judge, chance)
        judge.cut_bytes += lost_bytes
        judge.look(reader, durable, torn, list(committer.done))
    time.sleep(1)
    committer.end()
    left = writer.end(30)
    assert left == 0 and not writer.errors, f"{left} records never answered, errors {writer.errors[:3]}"
    ends = judge.look(reader, [0] * PARTITIONS, True, committer.done)
    values = read(broker.bootstrap, [0] * PARTITIONS, ends)
    judge.compare([0] * PARTITIONS, values)
    for p in range(PARTITIONS):
        assert values[p] == list(range(writer.next[p])), f"partition {p}: not every record once and in order"
    judge.acks, judge.commits = sum(map(len, judge.acked)), len(committer.done)
    reader.close()


def run_losing(broker, judge, chance, rounds):
    """The others: a producer for each round, for what it had acknowledged may be gone."""
    committer = Committer(broker.bootstrap)
    reader = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "readers", **QUICK})
    ends, first = [0] * PARTITIONS, [0] * PARTITIONS
    for _ in range(rounds):
        before = sum(map(len, judge.acked))
        known = len(committer.done)
        writer = Writer(broker.bootstrap, first, judge.acked)
        time.sleep(0.1 + chance.random() * 0.4)
        writer.ended = True
        writer.join()
        writer.producer.poll(0)
        broker.kill()
        writer.end(0.05)
        judge.acks += sum(map(len, judge.acked)) - before
        durable, torn, lost_bytes = power_off_and_on(broker, judge, chance)
        judge.cut_bytes += lost_bytes
        commits = committer.done[known:]
        lost = judge.lost
        begin, ends = ends, judge.look(reader, durable, torn, commits)
        judge.lost_rounds += judge.lost > lost
        begin = [min(b, e) for b, e in zip(begin, ends)]
        values = read(broker.bootstrap, begin, ends)
        judge.compare(begin, values)
        for p in range(PARTITIONS):
            assert values[p] == sorted(set(values[p])), f"partition {p}: not once and in order: {values[p]}"
        first = [n for n in writer.next]
    committer.end()
    judge.commits = len(committer.done)
    reader.close()


def main(program, scratch, seed, mode, rounds):
    chance = random.Random(f"{seed} {mode}")
    broker = Broker(program, scratch, mode)
    broker.start()
    judge = Judge(broker, mode)
    try:
        subprocess.run([program, "topic", "create", TOPIC, "--partitions", str(PARTITIONS), "-c",
                        "internal.segment.bytes=30000", "--bootstrap", broker.bootstrap], check=True,
                       stdout=subprocess.DEVNULL)
        run = run_surviving if mode == "group-commit" else run_losing
        run(broker, judge, chance, int(rounds))
        broker.stop()
        broker.dump()
        losses = broker.cut()
        assert losses[-1]["files"] == losses[-1]["names"] == 0, f"a clean stop left {losses}"
    finally:
        if broker.process.poll() is None:
            broker.kill()
    print(f"  {mode}: {rounds} power cuts took {judge.cut_bytes} bytes; of {judge.acks} acknowledged records "
          f"{judge.lost} were lost, in {judge.lost_rounds} rounds, {judge.unsynced} were not synced by then; of "
          f"{judge.commits} commits {judge.commits_back} went back")
    assert judge.acks > 20 * int(rounds) and judge.commits > int(rounds), "too little happened to judge"
    if mode == "page-cache":
        assert judge.lost > 0, "a cut that takes nothing shows nothing"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main(*sys.argv[1:])
