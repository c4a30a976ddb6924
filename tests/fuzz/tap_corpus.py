"""tap_corpus.py FILE.pcap OUT - packets of a capture (nanoseconds, raw IP: `millrace tap --write`) as inputs of tap_fuzz.

Each input is a part of the capture: as it is, with packets in another order, with one missing, from the middle.
"""
import pathlib
import random
import struct
import sys

PACKET_BYTES_MAX = 4095
PACKETS_MAX = 24


def packets(path):
    data = pathlib.Path(path).read_bytes()
    assert data[:4] == struct.pack("<I", 0xA1B23C4D) and struct.unpack("<I", data[20:24])[0] == 101
    at = 24
    while at < len(data):
        size = struct.unpack("<I", data[at + 8 : at + 12])[0]
        if size <= PACKET_BYTES_MAX:
            yield data[at + 16 : at + 16 + size]
        at += 16 + size


def written(some):
    return b"".join(struct.pack(">H", len(p)) + p for p in some)


capture, out = list(packets(sys.argv[1])), pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
first = capture[:PACKETS_MAX]
shuffled = first[:]
random.Random(1).shuffle(shuffled)
ethernet = b"".join(struct.pack(">H", 1 << 12 | len(p) + 14) + b"\0" * 12 + b"\x08\x00" + p for p in first)
inputs = {"as_it_was": written(first), "shuffled": written(shuffled), "one_missing": written(first[:5] + first[6:]),
          "midway": written(capture[8 : 8 + PACKETS_MAX]), "ethernet": ethernet}
for name, data in inputs.items():
    (out / name).write_bytes(data)
