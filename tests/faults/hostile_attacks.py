"""The attacks: each a function of the broker that says what it expects of itself (who is dropped and when, what memory
comes back); what it returns is told. ATTACKS is their order."""
import os
import random
import socket
import struct
import time
import zlib

from hostile_wire import (Client, api_versions, batch, create, fetch, gzip_bomb, look_up, metadata, produce,
                          produced, request, text, varint, zstd_bomb)

LONG_MS = 2**31 - 1

# --- looking at the broker ---


class Broker:
    def __init__(self, bootstrap, pid, receive_s, send_s, idle_s):
        self.bootstrap, self.pid = bootstrap, pid
        self.receive_s, self.send_s, self.idle_s = receive_s, send_s, idle_s

    def client(self, **options):
        return Client(self.bootstrap, **options)

    def anonymous_kib(self):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def keepalive_s(self, client):
        """Seconds until the kernel asks whether the client is still there; None: it never will."""
        ours, theirs = client.s.getpeername()[1], client.s.getsockname()[1]
        with open("/proc/net/tcp") as f:
            for line in f.read().splitlines()[1:]:
                _, local, remote, _, _, timer, *_ = line.split()
                if (int(local[-4:], 16), int(remote[-4:], 16)) == (ours, theirs):
                    kind, left = timer.split(":")
                    return int(left, 16) / 100 if kind == "02" else None

    def descriptors_back_to(self, n, seconds=10):
        until = time.monotonic() + seconds
        while self.descriptors() > n + 5:
            assert time.monotonic() < until, f"{self.descriptors()} descriptors are open, {n} before"
            time.sleep(0.05)


def all_dropped(clients, seconds, dropped=Client.is_dropped):
    until = time.monotonic() + seconds
    while True:
        left = sum(not dropped(c) for c in clients)
        if left == 0:
            return
        assert time.monotonic() < until, f"{left} of {len(clients)} are still there after {seconds} s"
        time.sleep(0.05)


def closing(clients):
    for c in clients:
        c.close()


# --- attacks: each a function of the broker; what it returns is told ---


def quiet(b):
    time.sleep(2)


def byte_a_second(b):
    """Requests that come byte by byte, and requests that are announced and do not come."""
    clients = [b.client() for _ in range(200)]
    for i, c in enumerate(clients):
        c.s.sendall(struct.pack(">i", 1000 if i % 2 else 50 << 20)[:4 if i % 4 else 3])
    start = time.monotonic()
    while (took := time.monotonic() - start) < b.receive_s + 5 and not all(c.is_dropped() for c in clients):
        for c in clients[1::2]:
            c.pour(b"x")
        time.sleep(0.25)
    all_dropped(clients, 1)
    closing(clients)
    assert took >= b.receive_s * 0.9, f"dropped after {took:.1f} s already"
    return f"200 dropped after {took:.1f} s"


def silent(b):
    """Nothing is said at all; and one who waits for an answer of ours that long is not silent."""
    waiting = b.client()
    waiting.s.sendall(fetch("canary", [2], LONG_MS, LONG_MS))
    clients = [b.client() for _ in range(200)]
    start = time.monotonic()
    all_dropped(clients, b.idle_s + 5)
    took = time.monotonic() - start
    closing(clients)
    assert took >= b.idle_s * 0.9, f"dropped after {took:.1f} s already"
    assert not waiting.hung_up(), "a long poll was taken for silence"
    waiting.close()
    return f"200 dropped after {took:.1f} s"


def vanished(b):
    """Peers that are gone without a word (no FIN, no RST, no ACK): while they said nothing, in the middle of a request,
    with an answer under way. One with a long poll of hours stays until the kernel has asked for it in vain."""
    before = b.descriptors()
    poller = b.client()
    poller.s.sendall(fetch("canary", [2], LONG_MS, LONG_MS))
    clients = [b.client(small_window=True) for _ in range(90)]
    frames = metadata(None) * 2000
    for i, c in enumerate(clients):
        c.pour((b"", struct.pack(">i", 1000) + bytes(10), frames)[i % 3])
    time.sleep(0.2)
    for c in clients + [poller]:
        c.vanish()
    start = time.monotonic()
    b.descriptors_back_to(before + 1, b.idle_s + 5)
    took = time.monotonic() - start
    asks = b.keepalive_s(poller)
    closing(clients + [poller])
    assert asks is not None and asks <= 60, f"the poller is asked for after {asks} s"
    return f"90 dropped after {took:.1f} s; the poller is asked for in {asks:.0f} s"


def does_not_read(b):
    """Thousands of requests with large answers in a pipeline, and none of them is read."""
    before = b.anonymous_kib()
    clients = [b.client(small_window=True) for _ in range(10)]
    frames = metadata(None) * 20000
    sent = sum(c.pour(frames) for c in clients)
    time.sleep(0.5)
    grown = b.anonymous_kib() - before
    assert grown < 350 * 1024, f"unread answers cost {grown >> 10} MiB"
    start = time.monotonic()
    all_dropped(clients, b.send_s + 10, Client.hung_up)
    closing(clients)
    return f"{sent >> 10} KiB of requests cost {grown >> 10} MiB; dropped after {time.monotonic() - start:.1f} s"


def small_requests(b):
    """A few connections that never stop asking for the cheapest thing there is, and read."""
    until, asked = time.monotonic() + 2, 0
    clients = [b.client() for _ in range(8)]
    frames = api_versions() * 4096
    size = None
    for c in clients:
        size = len(c.ask(api_versions()))
    while time.monotonic() < until:
        for c in clients:
            c.pour(frames)
            c.is_dropped()
            asked += 1
    closing(clients)
    return f"{asked} times {len(frames) >> 10} KiB of them, answers of {size} bytes"


def nonsense(b):
    """Bytes that are no Kafka: noise, other protocols, frames of nonsense."""
    rng = random.Random(7)
    hello = bytes.fromhex("1603010200010001fc0303") + rng.randbytes(501)
    http = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"
    tags = b"\x01\xff\xff\xff\xff\x0f" + b"".join(b"\x01" + bytes([i & 127 | 128, 1 + (i >> 7)]) for i in range(9000))
    clients = []
    for i in range(600):
        c = b.client()
        n = rng.randrange(1, 3000)
        kind = i % 6
        data = [rng.randbytes(n), hello, http, struct.pack(">i", n) + rng.randbytes(n),
                request(rng.choice([0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18, 19, 20, 22]), rng.randrange(16),
                        rng.randbytes(n)),
                request(18, 3, tags)][kind]
        c.pour(data)
        try:
            c.s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        clients.append(c)
    all_dropped(clients, 10)
    closing(clients)
    return "600 connections closed"


def many_elements(b):
    """Requests of little size and great number."""
    one = text("canary") + struct.pack(">i", 45000)
    frames = {
        "metadata": metadata(["t"] * 45000),
        "metadata, one large topic": metadata(["wide"] * 45000),
        "list offsets": request(2, 1, struct.pack(">ii", -1, 1) + one + struct.pack(">iq", 0, -1) * 45000),
        "list offsets by time": request(2, 1, struct.pack(">ii", -1, 1) + one + struct.pack(">iq", 0, 1) * 45000),
        "offset fetch": request(9, 1, text("g") + struct.pack(">i", 1) + one + bytes(4) * 45000),
        "fetch": fetch("canary", [0] * 45000, 0, 1),
        "produce": request(0, 3, struct.pack(">hhi", -1, -1, 1000) + struct.pack(">i", 1) + one + bytes(8) * 45000),
        "too many": request(3, 1, struct.pack(">i", 8000000) + bytes(16000000)),
    }
    worst, before = {}, b.anonymous_kib()
    for name, frame in frames.items():
        c = b.client()
        start = time.monotonic()
        try:
            c.s.sendall(frame * 3)
            for _ in range(3):
                c.answer()
        except ConnectionError:
            assert name == "too many", f"{name} was refused"
        worst[name] = time.monotonic() - start
        c.close()
    slow = max(worst, key=worst.get)
    grown = b.anonymous_kib() - before
    assert grown < 200 * 1024, f"it cost {grown >> 10} MiB"
    return f"the slowest, {slow}: {worst[slow]:.2f} s"


def repeated_groups(b):
    """One group, asked for its every offset thousands of times in one request."""
    c = b.client()
    c.ask(request(10, 0, text("wide")))
    parts = b"".join(struct.pack(">iqh", i, 1, -1) for i in range(1000))
    for _ in range(50):
        answer = c.ask(request(8, 2, text("wide") + struct.pack(">ih", -1, 0) + struct.pack(">qi", -1, 1) + text("wide")
                               + struct.pack(">i", 1000) + parts))
        if answer.endswith(b"\0\0"):
            break
        time.sleep(0.1)
    before = b.anonymous_kib()
    group = b"\x05wide\0\0"
    frame = struct.pack(">hhihb", 9, 8, 1, -1, 0) + bytes([(20001 & 127) | 128, 20001 >> 7 & 127 | 128, 20001 >> 14]) \
        + group * 20000 + b"\0\0"
    start = time.monotonic()
    c.s.sendall(struct.pack(">i", len(frame)) + frame)
    size, = struct.unpack(">i", c.receive(4))
    took = time.monotonic() - start
    c.close()
    grown = b.anonymous_kib() - before
    assert size < 64 << 20, f"{len(frame) >> 10} KiB of request got an answer of {size >> 20} MiB"
    return f"{len(frame) >> 10} KiB asked, {size >> 10} KiB answered after {took:.2f} s, {grown >> 10} MiB"


def administration(b):
    """What administrators ask, a hundred thousand times in a request: the configs of one topic, one group with a member
    whose metadata is a mebibyte, records to delete from one partition. All of it is within docs/limits.md: each is
    answered."""
    c = b.client()
    for _ in range(100):  # __consumer_offsets is made at the first question
        if c.ask(request(10, 0, text("fat")))[4:6] == bytes(2):
            break
        time.sleep(0.05)
    member = text("") + text("consumer") + struct.pack(">i", 1) + text("range") + struct.pack(">i", 1 << 20) + bytes(1 << 20)
    c.ask(request(11, 0, text("fat") + struct.pack(">i", 30000) + member))
    before = b.anonymous_kib()
    one = b"\x02" + text("canary") + struct.pack(">i", -1)
    frames = {
        "describe configs": request(32, 1, struct.pack(">i", 45000) + one * 45000 + b"\x01"),
        "describe groups": request(15, 0, struct.pack(">i", 45000) + text("fat") * 45000),
        "list groups": request(16, 0, b"") * 2000,
        "delete records": request(21, 0, struct.pack(">i", 1) + text("wide") + struct.pack(">i", 45000)
                                  + struct.pack(">iq", 5, 0) * 45000 + struct.pack(">i", 1000)),
    }
    told = []
    for name, frame in frames.items():
        c, start = b.client(), time.monotonic()
        try:
            c.s.sendall(frame)
            size = len(c.answer())
        except ConnectionError as error:
            raise AssertionError(f"{name} was refused") from error
        told.append(f"{name}: {size >> 10} KiB in {time.monotonic() - start:.2f} s")
        assert size < 64 << 20, f"{name}: an answer of {size >> 20} MiB"
        c.close()
    grown = b.anonymous_kib() - before
    assert grown < 200 * 1024, f"it cost {grown >> 10} MiB"
    return "; ".join(told)


def same_protocols(b):
    """JoinGroup with thousands of equal protocol names, over and over (T50)."""
    c = b.client()
    protocols = text("range") + struct.pack(">i", 0)
    body = text("g") + struct.pack(">i", 10000) + text("") + text("consumer") + struct.pack(">i", 9000) + protocols * 9000
    until, asked = time.monotonic() + 2, 0
    while time.monotonic() < until:
        c.ask(request(11, 0, body))
        asked += 1
    c.close()
    return f"{asked} joins"


def watchers(b):
    """Long polls of hours, each naming the canary's partition tens of thousands of times."""
    before = b.anonymous_kib()
    clients = [b.client() for _ in range(80)]
    frame = fetch("canary", [0] * 45000, LONG_MS, LONG_MS, offset=2**62)
    empty = fetch("canary", [2] * 45000 + [0], LONG_MS, LONG_MS)
    for c in clients:
        c.pour(empty)
        c.pour(frame)
    time.sleep(2)
    grown = b.anonymous_kib() - before
    closing(clients)
    assert grown < 700 * 1024, f"they cost {grown >> 10} MiB"
    return f"{grown >> 10} MiB"


def dead_pollers(b):
    """Long polls of hours whose clients are gone, with a pipeline full of them and without (T50)."""
    before = b.descriptors()
    clients = [b.client() for _ in range(300)]
    poll = fetch("canary", [2], LONG_MS, LONG_MS)
    for i, c in enumerate(clients):
        c.pour(poll * (64 if i % 2 else 1))
    time.sleep(0.5)
    closing(clients)
    b.descriptors_back_to(before)


def storms(b):
    """Look-ups by time and of offsets, from many connections with full pipelines."""
    clients = [b.client() for _ in range(32)]
    by_time = look_up("canary", range(3))
    offsets = request(9, 1, text("wide") + struct.pack(">i", 1) + text("wide") + struct.pack(">i", 1000)
                      + b"".join(struct.pack(">i", p) for p in range(1000)))
    until, rounds = time.monotonic() + 2, 0
    while time.monotonic() < until:
        for c in clients:
            c.pour(by_time * 64 + offsets * 16)
            c.is_dropped()
        rounds += 1
    closing(clients)
    return f"{rounds} rounds"


def bombs(b):
    """Batches that swell a thousandfold and more: from one client to every partition, from many clients, and to the
    partitions that the canary writes to."""
    gzip, members = batch(gzip_bomb(120 << 20), codec=1), batch(gzip_bomb(4 << 20) * 40, codec=1)
    zstd = batch(zstd_bomb(4 << 30), codec=4)
    before = b.anonymous_kib()
    clients = [b.client() for _ in range(12)]
    for c in clients[:2]:
        c.pour(produce([("wide", p, gzip) for p in range(60)]) * 3)
    for i, c in enumerate(clients[2:]):
        frame = request(0, 7, produce([("canary", i % 2, (gzip, members, zstd)[i % 3])])[14:])
        c.pour(frame * 60)
    peak, until = 0, time.monotonic() + 5
    while time.monotonic() < until:
        peak = max(peak, b.anonymous_kib() - before)
        time.sleep(0.02)
    closing(clients)
    assert peak < 600 * 1024, f"they cost {peak >> 10} MiB"
    return f"{peak >> 10} MiB at most"


def look_ups(b):
    """One client looks up times in batches that swell a thousandfold, with a full pipeline."""
    body = b"\0\0\0" + varint(-1) + varint(100 << 20)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    swollen = squeezer.compress(varint(len(body) + (100 << 20) + 1) + body)
    swollen += b"".join(squeezer.compress(bytes(1 << 20)) for _ in range(100)) + squeezer.compress(b"\0") + squeezer.flush()
    c = b.client()
    c.ask(create("swollen", 4))
    for p in range(4):
        for _ in range(50):
            error, _ = produced(c.ask(produce([("swollen", p, batch(swollen, codec=1))])), "swollen")
            if error == 0:
                break
            time.sleep(0.05)
        assert error == 0, f"a valid batch of 100 MiB got error {error}"
    start = time.monotonic()
    assert c.ask(look_up("swollen", [0]))[-18:] == struct.pack(">hqq", 0, 1000, 0), "it was not found"
    took = time.monotonic() - start
    c.pour(look_up("swollen", range(4)) * 1000)
    time.sleep(4)
    c.close()
    return f"one takes {took * 1000:.0f} ms"


def churn(b):
    """Connections that come and go as fast as they can, some of them in the middle of something."""
    b.client().close()
    before, memory, count = b.descriptors(), b.anonymous_kib(), 0
    until = time.monotonic() + 6
    parting = [b"", api_versions(), api_versions()[:9], struct.pack(">i", 1 << 20) + bytes(5000), fetch("canary", [2], LONG_MS, LONG_MS)]
    reset = struct.pack("ii", 1, 0)
    while time.monotonic() < until:
        c = b.client()
        c.pour(parting[count % len(parting)])
        if count % 3:  # no TIME_WAIT: there are only so many ports
            c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        c.close()
        count += 1
    b.descriptors_back_to(before)
    grown = b.anonymous_kib() - memory
    assert grown < 4096, f"{count} connections left {grown} KiB behind"
    return f"{count} connections, {grown} KiB"


def crowd(b):
    """Ten thousand connections at once, each of which has asked something and now says nothing."""
    count = 10000
    before, start = b.anonymous_kib(), time.monotonic()
    clients = [b.client() for _ in range(count)]
    for c in clients:
        c.s.sendall(api_versions())
    for c in clients:
        c.answer()
    took = time.monotonic() - start
    each = (b.anonymous_kib() - before) * 1024 / count
    start = time.monotonic()
    for c in clients:
        c.s.sendall(metadata(["canary"]))
    for c in clients:
        c.answer()
    again = time.monotonic() - start
    closing(clients)
    assert each <= 4096, f"an idle connection costs {each:.0f} bytes"
    return f"{each:.0f} bytes each; {took:.1f} s to come, {again:.1f} s to ask once more"


ATTACKS = (quiet, crowd, churn, byte_a_second, silent, vanished, does_not_read, small_requests, nonsense, many_elements, repeated_groups, administration,
           same_protocols, watchers, dead_pollers, storms, look_ups, bombs)
