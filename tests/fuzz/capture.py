"""Makes corpora for the fuzzers out of what real clients and this broker say to each other.

capture.py MILLRACE OUT CLIENT_COMMAND...     HOST:PORT replaces {} in the command; OUT/NAME_fuzz/... gets the inputs

A proxy stands between the clients and a broker of its own. From what passes it keeps, each once and only if it is small:

    node_fuzz       the bytes of a connection, from the client, cut after some requests
    request_fuzz    a request frame for each API, version and client
    response_fuzz   key and version as a byte each, then the frame that answers it
    batch_fuzz      batches that were produced, each codec's
    compression_fuzz    their payloads behind a byte that names the codec

What then goes into tests/fuzz/corpus is what each fuzzer's `-merge=1` finds worth keeping.
"""
import asyncio
import hashlib
import os
import shlex
import struct
import subprocess
import sys
import tempfile

INPUT_BYTES_MAX = 3000
STREAM_FRAMES_MAX = 24


class Kept:
    def __init__(self, out):
        self.out, self.seen = out, set()

    def __call__(self, fuzzer, label, data, once=None):
        if not data or len(data) > INPUT_BYTES_MAX or (once and (fuzzer, once) in self.seen):
            return
        self.seen.add((fuzzer, once))
        folder = os.path.join(self.out, fuzzer)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{label}_{hashlib.sha1(data).hexdigest()[:8]}"), "wb") as f:
            f.write(data)


def frames_of(buffer):
    """Takes complete frames off a bytearray."""
    while len(buffer) >= 4:
        size, = struct.unpack(">i", buffer[:4])
        if len(buffer) < 4 + size:
            return
        frame = bytes(buffer[4:4 + size])
        del buffer[:4 + size]
        yield frame


def batches_of(frame):
    """Batches of magic 2 in a Produce request: found by their shape, the description is not needed."""
    at = 0
    while (at := frame.find(b"\x02", at + 1)) >= 0:
        start = at - 16
        if start < 4 or start + 61 > len(frame):
            continue
        length, = struct.unpack(">i", frame[start + 8:start + 12])
        if 49 <= length <= len(frame) - start - 12 and frame[start:start + 8] == bytes(8):
            yield frame[start:start + 12 + length]


class Proxy:
    def __init__(self, kept):
        self.kept, self.broker, self.name = kept, None, "client"

    def request(self, frame, asked, stream):
        key, version, correlation = struct.unpack(">hhi", frame[:8])
        asked[correlation] = (key, version)
        self.kept("request_fuzz", f"{self.name}_{key}_{version}", frame, (self.name, key, version))
        if len(stream) < STREAM_FRAMES_MAX:
            stream.append(struct.pack(">i", len(frame)) + frame)
        if key == 0:
            for batch in batches_of(frame):
                codec = struct.unpack(">h", batch[21:23])[0] & 7
                self.kept("batch_fuzz", f"{self.name}_{codec}", batch, (self.name, codec, len(batch) // 200))
                self.kept("compression_fuzz", f"{self.name}_{codec}", bytes([codec]) + batch[61:], (self.name, codec, len(batch) // 200))

    def response(self, frame, asked):
        key, version = asked.pop(struct.unpack(">i", frame[:4])[0], (None, None))
        if key is not None:
            self.kept("response_fuzz", f"{self.name}_{key}_{version}", bytes([key, version]) + frame, (self.name, key, version))

    async def pump(self, reader, writer, each):
        buffer = bytearray()
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
            buffer += data
            for frame in frames_of(buffer):
                each(frame)
        writer.close()

    async def accept(self, reader, writer):
        asked, stream, name = {}, [], self.name
        up_reader, up_writer = await asyncio.open_connection(*self.broker)
        try:
            await asyncio.gather(self.pump(reader, up_writer, lambda f: self.request(f, asked, stream)),
                                 self.pump(up_reader, writer, lambda f: self.response(f, asked)))
        except ConnectionError:
            pass
        while stream and sum(map(len, stream)) > INPUT_BYTES_MAX:
            stream.pop()
        self.kept("node_fuzz", name, b"".join(stream))


async def main(millrace, out, *commands):
    proxy = Proxy(Kept(out))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        broker = subprocess.Popen(
            [millrace, "broker", "-o", "listeners=PLAINTEXT://127.0.0.1:0", "-o", f"log.dirs={folder}/data",
             "-o", f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}", "-o", "group.initial.rebalance.delay.ms=0"],
            stdout=subprocess.PIPE, text=True)
        host, _, own = broker.stdout.readline().split()[1].rpartition(":")
        proxy.broker = (host, int(own))
        failed = 0
        for i, command in enumerate(commands):
            words = shlex.split(command)
            proxy.name = f"{i}_" + "".join(c for c in os.path.basename(words[0]) if c.isalnum())
            client = await asyncio.create_subprocess_shell(command.replace("{}", f"127.0.0.1:{port}"))
            failed += await client.wait() != 0
        broker.terminate()
        broker.wait()
    return failed


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
