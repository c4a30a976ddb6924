"""Attacks on a broker, and the canary that must not notice.

hostile.py HOST:PORT PID RECEIVE_S SEND_S IDLE_S FOLDER [ATTACK...]

The canary is a process of its own: over one connection it produces a plain batch, a compressed one, fetches what it
wrote and looks it up by its time, over and over; each answer's time goes to a file. Each attack (hostile_attacks.py)
runs beside it for a few seconds; then the slowest answer of that span stands in a table beside the quiet one, and
BOUND_S decides.

The last three of the five are the broker's patience: millrace.receive.timeout.ms, millrace.send.timeout.ms,
connections.max.idle.ms, in seconds.
"""
import multiprocessing
import os
import resource
import struct
import sys
import time
import zlib

from hostile_attacks import ATTACKS, Broker, quiet
from hostile_wire import Client, api_versions, batch, create, fetch, look_up, produce, produced, record

BOUND_S = 2.0
KINDS = ("plain", "packed", "fetch", "time")  # what the canary asks

# --- the canary ---


def canary(bootstrap, path):
    c = Client(bootstrap, timeout=120)
    payload = record(b"a small song " * 8)
    plain = produce([("canary", 0, batch(payload))])
    squeezer = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = produce([("canary", 1, batch(squeezer.compress(payload) + squeezer.flush(), codec=1))])
    by_time = look_up("canary", [0])
    with open(path, "w", buffering=1) as out:
        while True:
            offset = 0
            for kind in KINDS:
                frame = {"plain": plain, "packed": packed, "time": by_time}.get(kind)
                start = time.monotonic()
                answer = c.ask(frame or fetch("canary", [0], offset=offset))
                out.write(f"{start} {time.monotonic() - start} {kind}\n")
                if kind == "fetch":
                    assert len(answer) > 150, "the canary fetched nothing"
                elif kind == "time":
                    error, _, at = struct.unpack(">hqq", answer[-18:])
                    assert (error, at) == (0, 0), f"the canary found {at} with error {error}"
                else:
                    error, at = produced(answer, "canary")
                    assert error == 0, f"the canary's {kind} batch got error {error}"
                    offset = at if kind == "plain" else offset
            time.sleep(0.01)


class Watch:
    """What the canary wrote: its slowest answers over a span of time."""

    def __init__(self, path, process):
        self.path, self.process = path, process

    def lines(self):
        with open(self.path) as f:
            return [(float(a), float(b), kind) for a, b, kind in
                    (line.split() for line in f.read().rpartition("\n")[0].splitlines())]

    def slowest(self, start, end):
        until = time.monotonic() + 60
        while not (lines := self.lines()) or lines[-1][0] < end:
            assert self.process.is_alive(), "the canary is dead"
            assert time.monotonic() < until, "the canary waits for more than a minute"
            time.sleep(0.02)
        worst = {kind: max((t for a, t, k in lines if k == kind and a + t >= start and a <= end), default=0)
                 for kind in KINDS}
        return worst


# --- one attack after the other ---


def prepare(b):
    c = b.client()
    for topic, partitions in (("canary", 3), ("wide", 1000)):
        c.ask(create(topic, partitions))
    for topic, p in [("canary", p) for p in range(3)] + [("wide", 999)]:
        for _ in range(500):
            if produced(c.ask(produce([(topic, p, batch(record(b"the first")))])), topic)[0] == 0:
                break
            time.sleep(0.02)
    c.close()


def main(bootstrap, pid, receive_s, send_s, idle_s, folder, *names):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    b = Broker(bootstrap, int(pid), float(receive_s), float(send_s), float(idle_s))
    prepare(b)
    path = os.path.join(folder, "canary")
    process = multiprocessing.Process(target=canary, args=(bootstrap, path), daemon=True)
    process.start()
    watch, failures, calm = Watch(path, process), 0, 0
    print(f"  {'attack':16} " + " ".join(f"{kind:>8}" for kind in KINDS) + "   the canary's slowest answers, in ms")
    for attack in ATTACKS:
        if names and attack.__name__ not in names and attack is not quiet:
            continue
        start, said, wrong = time.monotonic(), None, None
        try:
            said = attack(b)
        except (AssertionError, OSError) as error:
            wrong = f"{type(error).__name__}: {error}"
        worst = watch.slowest(start, time.monotonic())
        slowest = max(worst.values())
        print(f"  {attack.__name__:16} " + " ".join(f"{worst[k] * 1000:8.1f}" for k in worst) + f"   {said or ''}",
              flush=True)
        if slowest > BOUND_S:
            wrong = f"{wrong + '; ' if wrong else ''}the canary waited {slowest:.1f} s"
        if wrong:
            print(f"  FAIL {attack.__name__}: {wrong}", flush=True)
            failures += 1
        if b.client().ask(api_versions(5))[:6] != struct.pack(">ih", 5, 0):
            print("  FAIL the broker does not answer any more")
            failures += 1
    process.terminate()
    return failures


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
