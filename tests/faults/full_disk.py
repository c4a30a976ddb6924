"""A disk that is full, and one whose syncs fail: what clients are told, what stays, and that it goes on.

full_disk.py file-system PROGRAM SCRATCH DIR       DIR lies on a small file system of its own
full_disk.py shim PROGRAM SCRATCH SHIM             SHIM: disk_faults.so
full_disk.py sync PROGRAM SCRATCH SHIM
"""
import os
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from hostile_wire import Client, request, text

STORAGE = KafkaError.KAFKA_STORAGE_ERROR if hasattr(KafkaError, "KAFKA_STORAGE_ERROR") else 56
NOT_COORDINATOR = 16
FILLER = "x" * 900
TOPICS = ("one", "two")


class Broker:
    started = []

    def __init__(self, program, scratch, directory, shim=None, *options):
        self.program, self.dir, self.port = program, directory, 0
        self.log_path, self.faults_path = os.path.join(scratch, "broker.log"), os.path.join(scratch, "faults")
        self.env = dict(os.environ)
        if shim:
            self.env.update(LD_PRELOAD=shim, DISK_FAULTS=self.faults_path)
        self.options = ["group.initial.rebalance.delay.ms=0", "offsets.topic.num.partitions=1",
                        "log.flush.offset.checkpoint.interval.ms=100", "log.index.interval.bytes=500",
                        "replica.high.watermark.checkpoint.interval.ms=100",
                        "log.retention.check.interval.ms=100", *options]

    def start(self):
        command = [self.program, "broker", "-o", f"listeners=PLAINTEXT://127.0.0.1:{self.port}",
                   "-o", f"log.dirs={self.dir}"]
        for option in self.options:
            command += ["-o", option]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=open(self.log_path, "a"), text=True,
                                        env=self.env)
        Broker.started.append(self.process)
        words = self.process.stdout.readline().split()
        assert words[:1] == ["ready"], f"the broker did not start: {self.log()[-300:]}"
        self.bootstrap = words[1]
        self.port = int(self.bootstrap.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0, "the broker did not end in order"

    def faults(self, *lines):
        with open(self.faults_path + ".new", "w") as out:
            out.write("".join(line + "\n" for line in lines))
        os.rename(self.faults_path + ".new", self.faults_path)

    def log(self):
        return open(self.log_path).read()

    def wait_for(self, text, since=0):
        until = time.monotonic() + 10
        while text not in self.log()[since:]:
            assert time.monotonic() < until, f"the broker did not say \"{text}\": {self.log()[-500:]}"
            time.sleep(0.02)


class Ledger:
    """What was acknowledged in each topic: offset -> value; and the last commit that was, for "one"."""

    def __init__(self, broker):
        self.broker, self.acked, self.made, self.committed = broker, {t: {} for t in TOPICS}, 0, -1

    def connect(self, patience_ms=10000):
        at = {"bootstrap.servers": self.broker.bootstrap, "log_level": 0, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 50}
        self.admin = AdminClient(at)
        self.producer = Producer({**at, "acks": "all", "retries": 0, "linger.ms": 0, "batch.num.messages": 4, "message.timeout.ms": patience_ms})
        self.reader = Consumer({**at, "group.id": "readers", "enable.auto.commit": False, "check.crcs": True})

    def create(self, topic):
        """The error's code, 0 for none."""
        try:
            self.admin.create_topics([NewTopic(topic, 1, 1, config={"internal.segment.bytes": "30000"})],
                                     request_timeout=1.5)[topic].result()
            return 0
        except KafkaException as e:
            return e.args[0].code()

    def produce(self, topic, count=1):
        """The codes of the errors of `count` records."""
        codes = []

        def done(error, message):
            if error is None:
                self.acked[topic][message.offset()] = message.value().decode()
            codes.append(0 if error is None else error.code())

        for _ in range(count):
            self.made += 1
            self.producer.produce(topic, f"{self.made} {FILLER}", on_delivery=done)
        self.producer.flush(15)
        assert len(codes) == count, "a record was never answered"
        return codes

    def expect(self, topic, code, count=3):
        got = self.produce(topic, count)
        assert got == [code] * count, f"{topic}: {got}, not {code}"

    def refused(self, topic, count=2):
        """Said to be refused, or not even sent, for metadata say that there is no leader."""
        got = self.produce(topic, count)
        assert set(got) <= {STORAGE, KafkaError._MSG_TIMED_OUT}, f"{topic}: {got}"

    def commit(self, offset):
        """By the client, which asks again and again as long as there is no coordinator."""
        codes = []
        c = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": "readers", "log_level": 0,
                      "enable.auto.commit": False,
                      "on_commit": lambda e, parts: codes.append(max(x.code() if x else 0 for x in (e, parts[0].error)))})
        c.commit(offsets=[TopicPartition("one", 0, offset)], asynchronous=True)
        until = time.monotonic() + 10
        while not codes and time.monotonic() < until:
            c.poll(0.02)
        threading.Thread(target=c.close, daemon=True).start()
        assert codes == [0], f"a commit: {codes}"
        self.committed = offset

    def commit_once(self, offset):
        """The code of the broker's answer (OffsetCommit 2), which must come, to one question: nobody asks again later."""
        c = Client(self.broker.bootstrap, timeout=10)
        partition = struct.pack(">iiq", 1, 0, offset) + text("")
        answer = c.ask(request(8, 2, text("readers") + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, 1)
                               + text("one") + partition))
        c.close()
        code, = struct.unpack(">h", answer[-2:])
        if code == 0:
            self.committed = offset
        return code

    def check_committed(self):
        """The last commit that was acknowledged counts: none before it, and none that was refused."""
        found = self.reader.committed([TopicPartition("one", 0)], timeout=10)[0]
        assert found.error is None and found.offset == self.committed, f"{found} is committed, not {self.committed}"

    def check(self, topic):
        """Everything that was acknowledged is there, at its offset, and offsets have no holes."""
        end = self.reader.get_watermark_offsets(TopicPartition(topic, 0), 10)[1]
        assert end >= max(self.acked[topic], default=-1) + 1, f"{topic} ends at {end}"
        self.reader.assign([TopicPartition(topic, 0, 0)])
        at, until = 0, time.monotonic() + 15
        while at < end:
            message = self.reader.poll(0.2)
            assert time.monotonic() < until, f"{topic} can be read up to {at} of {end} only"
            if message is None:
                continue
            assert message.error() is None, f"{topic}: {message.error()}"
            assert message.offset() == at, f"{topic}: {message.offset()} follows {at - 1}"
            number, filler = message.value().decode().split()
            want = self.acked[topic].get(at)
            assert filler == FILLER and want in (None, message.value().decode()), f"{topic} at {at}: other bytes"
            at += 1

    def extent(self):
        return sum(map(len, self.acked.values())), self.committed

    def check_all(self):
        for topic in TOPICS:
            self.check(topic)


def begin(broker, *topics):
    ledger = Ledger(broker)
    broker.start()
    ledger.connect()
    for topic in topics or TOPICS:
        assert ledger.create(topic) == 0
        ledger.expect(topic, 0, 20)
    ledger.commit(5)
    return ledger


# --- a file system that is full ---

def fill(directory):
    """Takes every byte that is left, and every inode's worth of small ones."""
    with open(os.path.join(directory, "filler"), "ab", buffering=0) as out:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    out.write(b"\0" * size)
            except OSError:
                pass


def file_system(program, scratch, directory):
    data = os.path.join(directory, "data")
    for mode in ("log.flush.interval.messages=9223372036854775807", "log.flush.interval.messages=1"):
        subprocess.run(["rm", "-rf", data], check=True)
        broker = Broker(program, scratch, data, None, mode)
        ledger = begin(broker)
        for round_ in range(3):
            fill(directory)
            since, extent = len(broker.log()), ledger.extent()
            # what is left of the last page still takes some
            for topic in TOPICS:
                while 0 in ledger.produce(topic):
                    pass
                ledger.expect(topic, STORAGE, 5)
            broker.wait_for("cannot append: ERR_NOSPACE", since)
            ledger.check_all()
            assert ledger.create(f"no-room-{round_}") != 0, "a topic was made on a full disk"
            for i in range(200):
                code = ledger.commit_once(100 + i)
                if code != 0:
                    break
            assert code == NOT_COORDINATOR, f"a commit on a full disk: {code}"
            if ledger.extent() != extent:  # a new high watermark, whose checkpoint finds no room either
                broker.wait_for("offset-checkpoint: ERR_NOSPACE", since)
            assert broker.process.poll() is None, "the broker ended"
            ledger.check_all()
            if round_ == 1:
                broker.kill()
            os.remove(os.path.join(directory, "filler"))
            if round_ == 1:
                broker.start()
                ledger.connect()
            for topic in TOPICS:
                ledger.expect(topic, 0, 40)
            ledger.check_all()
            ledger.check_committed()
            assert ledger.create(f"room-{round_}") == 0
            ledger.commit(7 + round_)
        fill(directory)
        broker.process.terminate()
        status = broker.process.wait(20)
        assert status == 0, f"SIGTERM on a full disk: status {status}"
        os.remove(os.path.join(directory, "filler"))
        broker.start()
        ledger.connect()
        ledger.check_all()
        ledger.check_committed()
        ledger.commit(10)
        broker.stop()
        print(f"  {mode.split('=')[1][:6]}: {sum(map(len, ledger.acked.values()))} acknowledged, all there")


# --- one file that is full ---

# What finds no room, whether appends to "one" go on meanwhile, and what the operator reads.
FILES = [
    ("one-0/00000000000000000000.log", False, "one-0: cannot append: ERR_NOSPACE"),
    ("torn one-0/", False, "one-0: cannot append: ERR_NOSPACE"),
    (".index", True, "log-roll: ERR_NOSPACE"),
    (".timeindex", True, "log-roll: ERR_NOSPACE"),
    ("snapshot", True, "log-roll: ERR_NOSPACE"),
    ("leader-epoch-checkpoint", True, None),
    ("recovery-point-offset-checkpoint", True, "cannot write"),
    ("replication-offset-checkpoint", True, "cannot write"),
    ("log-start-offset-checkpoint", True, "cannot write"),
    ("__cluster_metadata-0", True, None),
    ("__consumer_offsets-0", True, None),
    ("partition.metadata", True, None),
    ("millrace.power.loss.journal", True, None),
]


def shim_story(broker, ledger, what, goes_on, said):
    since = len(broker.log())
    broker.faults(what if what.startswith("torn ") else f"full {what}")
    if goes_on:
        ledger.expect("one", 0, 60)  # two segments
    else:
        ledger.expect("one", STORAGE)
        ledger.expect("two", 0)
    if "consumer_offsets" in what:
        code = ledger.commit_once(1)
        assert code == NOT_COORDINATOR, f"a commit without room: {code}"
    if "cluster_metadata" in what or "partition.metadata" in what:
        ledger.create("meanwhile-" + str(ledger.made))
        ledger.expect("two", 0)
    if said:
        broker.wait_for(said, since)
    ledger.check_all()
    assert broker.process.poll() is None, "the broker ended"
    broker.faults()
    ledger.expect("one", 0, 60)
    ledger.expect("two", 0)
    ledger.check_committed()
    ledger.commit(2)
    ledger.check_all()


def shim_rolls(broker, ledger):
    """The next segment's file cannot be made; what fits into this one goes on."""
    end = max(ledger.acked["one"]) + 1
    names = [n for n in os.listdir(os.path.join(broker.dir, "one-0")) if n.endswith(".log")]
    broker.faults("make one-0/0")
    codes = [ledger.produce("one")[0] for _ in range(40)]
    assert STORAGE in codes, f"{max(names)} up to {end}: no roll in {codes}"
    ledger.check_all()
    broker.faults()
    ledger.expect("one", 0, 40)


def shim_file(program, scratch, library, i):
    what, goes_on, said = FILES[i]
    mode = ("log.flush.interval.messages=9223372036854775807", "log.flush.interval.messages=1")[i % 2]
    scratch = os.path.join(scratch, str(i))
    os.mkdir(scratch)
    broker = Broker(program, scratch, os.path.join(scratch, "data"), library, mode)
    broker.faults()
    ledger = begin(broker)
    try:
        shim_story(broker, ledger, what, goes_on, said)
        shim_rolls(broker, ledger)
        broker.kill()
        broker.start()
        ledger.connect()
        ledger.check_all()
        ledger.check_committed()
        ledger.expect("one", 0)
        broker.stop()
    except AssertionError as e:
        raise AssertionError(f"{what}, {mode}: {e}") from e


def shim(program, scratch, library):
    """Four at a time: most of a story is waiting for what clients and brokers do by the clock."""
    with ThreadPoolExecutor(4) as pool:
        for story in [pool.submit(shim_file, program, scratch, library, i) for i in range(len(FILES))]:
            story.result()
    print(f"  {len(FILES)} files without room, each in a broker of its own: it went on with all")


# --- a sync that fails ---

def syncs_seen(broker):
    path = broker.faults_path + ".seen"
    return open(path).read().splitlines() if os.path.exists(path) else []


def sync(program, scratch, library):
    data = os.path.join(scratch, "sync")
    broker = Broker(program, scratch, data, library, "log.flush.interval.messages=1")
    broker.faults()
    ledger = begin(broker)
    before = {t: dict(a) for t, a in ledger.acked.items()}
    broker.faults(f"sync {data}/")
    ledger.expect("one", STORAGE, 1)
    broker.wait_for("is offline until the broker is started again")
    ledger.connect(700)
    for topic in TOPICS:  # the whole directory, not just the partition
        ledger.refused(topic)
    code = ledger.commit_once(6)
    assert code == NOT_COORDINATOR, f"a commit on a disk that does not sync: {code}"
    assert ledger.create("later") != 0, "a topic was made on a disk that does not sync"
    ledger.reader.assign([TopicPartition("one", 0, 0)])
    message, until = None, time.monotonic() + 3
    while time.monotonic() < until and message is None:
        message = ledger.reader.poll(0.1)
    assert message is None or message.error() is not None, "an offline directory served a record"
    assert set(ledger.admin.list_topics(timeout=5).topics) >= set(TOPICS), "metadata is not answered any more"
    broker.faults(f"note {data}/")  # the disk is well again: nobody asks it
    for topic in TOPICS:
        ledger.refused(topic)
    asked = [line for line in syncs_seen(broker) if line.startswith("well ")]
    assert not asked, f"a disk that had failed was asked again: {asked}"
    broker.process.terminate()
    assert broker.process.wait(20) == 0
    seen = syncs_seen(broker)
    failed = [line for line in seen if line.startswith("failed ") and not line.endswith(".tmp")]  # those are written anew
    assert len(set(failed)) == len(failed), f"a failed sync was tried again: {failed}"
    assert any("one-0" in line for line in failed), f"{failed}"
    asked = [line for line in seen if line.startswith("well ") and "-0/" in line]  # the last checkpoints are new files
    assert not asked, f"the stop trusts a log whose sync had failed: {asked}"
    broker.faults()
    assert not os.path.exists(os.path.join(data, ".kafka_cleanshutdown")), "a failed disk was called clean"
    broker.start()
    ledger.connect()
    assert ledger.acked == before
    ledger.check_all()
    ledger.check_committed()
    for topic in TOPICS:
        ledger.expect(topic, 0)
    ledger.check_all()
    broker.stop()
    print(f"  {len(failed)} failed sync: offline until the start, never tried again, nothing acknowledged was lost")


if __name__ == "__main__":
    try:
        {"file-system": file_system, "shim": shim, "sync": sync}[sys.argv[1]](*sys.argv[2:])
    finally:
        for process in Broker.started:
            process.kill()
