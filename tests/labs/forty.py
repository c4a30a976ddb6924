"""Forty students' brokers at once on this machine: all answer, each with its own data, and what memory they take.

forty.py FOLDER [COUNT]
"""
from __future__ import annotations

import pathlib
import sys

from millrace_labs import client
from millrace_labs.broker import Broker

MEGABYTES_MAX = 16  # of one broker with a topic, records and a reader
RECORDS = 20


def megabytes(pid: int) -> float:
    """The memory of a process that it shares with no other, and its part of what it shares."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no Pss of {pid}")


def main() -> int:
    """0 when all answered, each with what was written to it."""
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40
    brokers = [Broker(folder / f"student-{n:02}" / "broker") for n in range(count)]
    wrong = 0
    try:
        for broker in brokers:
            broker.start()
        for n, broker in enumerate(brokers):
            client.create_topic(broker.bootstrap, "orders", 3)
            client.produce(broker.bootstrap, "orders", [(f"key-{m}", f"student {n}, record {m}") for m in range(RECORDS)])
        for n, broker in enumerate(brokers):
            came = sorted(record.value for record in client.consume(broker.bootstrap, "orders"))
            if came != sorted(f"student {n}, record {m}" for m in range(RECORDS)):
                print(f"FAIL the broker of student {n} has {came[:3]} ...")
                wrong += 1
        sizes = sorted(megabytes(broker.pid) for broker in brokers)
        print(f"{count} brokers at once: {sum(sizes):.0f} MB in all, from {sizes[0]:.1f} to {sizes[-1]:.1f} MB each")
        if sizes[-1] > MEGABYTES_MAX:
            print(f"FAIL a broker takes more than {MEGABYTES_MAX} MB")
            wrong += 1
    finally:
        for broker in brokers:
            broker.kill()
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
