"""Clients that no library would write: garbage, greed and crowds on the broker's socket.

raw_socket.py garbage|crowd|full_house HOST:PORT, raw_socket.py greedy|elements HOST:PORT PID
"""
import random
import socket
import struct
import sys
import time


def connect(bootstrap):
    host, port = bootstrap.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), timeout=20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def receive(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            return data
        data += part
    return data


def api_versions(s, correlation, tail=0):
    """A request, with bytes behind it that are ignored, and its answer; the seconds it took."""
    start = time.monotonic()
    body = struct.pack(">hhih", 18, 0, correlation, -1) + bytes(tail)
    s.sendall(struct.pack(">i", len(body)) + body)
    size, = struct.unpack(">i", receive(s, 4))
    answer = receive(s, size)
    assert struct.unpack(">ih", answer[:6]) == (correlation, 0), answer[:6]
    return time.monotonic() - start


def garbage(bootstrap):
    rng = random.Random(1)
    well = connect(bootstrap)
    for i in range(200):
        s = connect(bootstrap)
        n = rng.randrange(1, 2000)
        kind = i % 4
        data = rng.randbytes(n)
        if kind == 1:  # a frame of the right size with nonsense inside
            data = struct.pack(">i", n) + data
        elif kind == 2:  # a known API and version with nonsense behind
            data = struct.pack(">ihhih", n + 10, rng.choice([0, 1, 2, 3, 8, 9, 11, 19]), rng.randrange(10), i, -1) + data
        elif kind == 3:  # a size that is negative or beyond every bound
            data = struct.pack(">i", rng.choice([-1, -2**31, 2**31 - 1, 104857601])) + data
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(5)
            while s.recv(65536):
                pass
        except (ConnectionError, TimeoutError) as error:
            assert not isinstance(error, TimeoutError), f"kind {kind} left hanging"
        s.close()
        assert api_versions(well, i) < 1, "another client waited"


def memory_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return {line.split(":")[0]: int(line.split()[1]) for line in f if line.startswith(("RssAnon", "VmRSS"))}["RssAnon"]


def greedy(bootstrap, pid):
    before = memory_kib(pid)
    connections = []
    for _ in range(10):
        s = connect(bootstrap)
        s.sendall(struct.pack(">i", 90 << 20) + struct.pack(">hhih", 0, 7, 1, -1) + bytes(1000))
        connections.append(s)
    time.sleep(0.2)
    grown = memory_kib(pid) - before
    assert grown < 4096, f"ten promises of 90 MiB cost {grown} KiB"
    well = connect(bootstrap)
    for i in range(200):
        for s in connections:
            s.sendall(bytes(1000))
        took = api_versions(well, i)
        assert took < 0.5, f"another client waited {took:.3f} s"
    # more than the memory for requests: small requests still get through at once
    for s in connections:
        s.setblocking(False)
    chunk, sent, until = bytes(1 << 20), 0, time.monotonic() + 8
    while time.monotonic() < until and sent < 600 << 20:
        alive = list(connections)
        for s in alive:
            try:
                sent += s.send(chunk)
            except BlockingIOError:
                pass
            except ConnectionError:
                connections.remove(s)
        took = api_versions(well, 1000)
        assert took < 0.5, f"another client waited {took:.3f} s while memory was short"
        took = api_versions(well, 1001, 1 << 20)
        assert took < 2, f"a request of 1 MiB waited {took:.3f} s while memory was short"
    grown = memory_kib(pid) - before
    assert grown < 600 * 1024, f"{sent >> 20} MiB of unfinished requests cost {grown >> 10} MiB"
    print(f"  {sent >> 20} MiB of unfinished requests, {grown >> 10} MiB of memory, {len(connections)} of 10 connections left")


def elements(bootstrap, pid):
    """Requests of small size and great number: millions of nothing in one, and as many as are let through."""
    def frame(key, version, before, count, each):
        body = struct.pack(">hhih", key, version, 1, -1) + before + struct.pack(">i", count) + each * count
        return struct.pack(">i", len(body)) + body

    partitions_of = struct.pack(">ih1s", 1, 1, b"x")
    before = memory_kib(pid)
    well = connect(bootstrap)
    worst = 0
    for count in (49_000, 8_000_000):
        for key, version, head, each in (
                (3, 1, b"", bytes(2)),  # Metadata: topics without a name
                (2, 1, struct.pack(">i", -1) + partitions_of, bytes(12)),  # ListOffsets
                (9, 1, struct.pack(">h1s", 1, b"g") + partitions_of, bytes(4)),  # OffsetFetch
                (1, 4, struct.pack(">iiiib", -1, 0, 1, 1 << 20, 0) + partitions_of, bytes(16)),  # Fetch
                (0, 3, struct.pack(">hhi", -1, -1, 1000) + partitions_of, bytes(8))):  # Produce
            if len(each) * count > 100 << 20:
                continue
            s = connect(bootstrap)
            try:
                s.sendall(frame(key, version, head, count, each))
            except ConnectionError:
                pass
            s.setblocking(False)
            for i in range(10):
                worst = max(worst, api_versions(well, i))
                time.sleep(0.01)
            s.close()
    assert worst < 1, f"another client waited {worst:.3f} s"
    grown = memory_kib(pid) - before
    assert grown < 200 * 1024, f"millions of elements cost {grown >> 10} MiB"


def crowd(bootstrap):
    connections = [connect(bootstrap) for _ in range(1000)]
    start = time.monotonic()
    for i, s in enumerate(connections):
        api_versions(s, i)
    took = time.monotonic() - start
    assert took < 10, f"a thousand requests took {took:.1f} s"
    for s in connections:
        s.close()


def full_house(bootstrap):
    """Twice as many connections as the broker has descriptors for (128, of which segments have their share)."""
    connections = [connect(bootstrap) for _ in range(250)]
    served = 0
    for i, s in enumerate(connections[:40]):
        api_versions(s, i)
        served += 1
    topics = [f"house-{i}".encode() for i in range(30)]  # each needs segment files of its own
    for i, name in enumerate(topics):
        body = struct.pack(">hhih", 3, 1, i, -1) + struct.pack(">ih", 1, len(name)) + name
        connections[0].sendall(struct.pack(">i", len(body)) + body)
        size, = struct.unpack(">i", receive(connections[0], 4))
        answer = receive(connections[0], size)
        at = answer.index(name) - 4
        assert struct.unpack(">h", answer[at:at + 2]) == (0,), f"{name} was not made"
    for s in connections[:210]:
        s.close()
    for i, s in enumerate(connections[210:]):
        api_versions(s, i)


if __name__ == "__main__":
    {"garbage": garbage, "greedy": greedy, "elements": elements, "crowd": crowd, "full_house": full_house}[sys.argv[1]](*sys.argv[2:])
