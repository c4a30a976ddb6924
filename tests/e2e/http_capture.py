"""http_capture.py OUT - talks to a web server and writes what went over the wire as packets: OUT/web.pcap, OUT/lossy.pcap, and
OUT/truth.csv with what the server says of each request (method, target, status, bytes of the body, agent).

The server is Python's; the bytes are those of its sockets, cut into packets here: the second of each two comes first,
some come twice, and in lossy.pcap some are missing."""

import http.server
import pathlib
import socket
import struct
import sys
import threading
import time

TRUTH = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        taken = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind, _, n = self.path[1:].partition("?")[0].partition("/")
        body = bytes(i % 251 for i in range(int(n or 0)))
        status = {"missing": 404, "moved": 301, "same": 304}.get(kind, 200)
        self.send_response(status)
        if kind == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif kind == "close":
            self.send_header("Connection", "close")
        elif status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sends = self.command != "HEAD" and status != 304
        if sends and kind == "chunked":
            for at in range(0, len(body), 700):
                part = body[at : at + 700]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        elif sends:
            self.wfile.write(body)
        TRUTH.append((self.command, self.path, status, len(body) if sends else 0, self.headers["User-Agent"], len(taken)))

    do_GET = do_POST = do_HEAD = answer

    def log_message(self, *_):
        pass


def request(method, path, body=b"", agent="e2e"):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: {agent}\r\n{length}\r\n".encode() + body


def talk(address, requests, ends):
    """(time, direction, bytes) of one connection; all requests are sent at once."""
    said = []
    with socket.create_connection(address) as s:
        said.append((time.time_ns(), 0, b"".join(requests)))
        s.sendall(said[0][2])
        if not ends:
            s.shutdown(socket.SHUT_WR)
        while data := s.recv(65536):
            said.append((time.time_ns(), 1, data))
    return said


def packet(number, direction, sequence, acknowledged, flags, payload):
    ports = (40000 + number, 80) if direction == 0 else (80, 40000 + number)
    hosts = [bytes([10, 0, 0, 7]), bytes([10, 0, 0, 1])]
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence % 2**32, acknowledged % 2**32, 5 << 4, flags, 65535, 0, 0)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, hosts[direction], hosts[1 - direction])
    return ip + tcp + payload


def packets(number, said):
    """Of one connection, in an order that a network might have made of it."""
    at = said[0][0]
    next_ = [2**32 - 300, 77]  # the first one wraps
    yield at, packet(number, 0, next_[0], 0, 2, b"")
    yield at, packet(number, 1, next_[1], next_[0] + 1, 18, b"")
    next_ = [n + 1 for n in next_]
    for at, direction, data in said:
        made = []
        for i in range(0, len(data), 1400):
            made.append((at, packet(number, direction, next_[direction] + i, next_[1 - direction], 24, data[i : i + 1400])))
        next_[direction] += len(data)
        for i in range(0, len(made) - 1, 2):
            made[i], made[i + 1] = made[i + 1], made[i]
        yield from made
        yield made[-1]  # twice
    for direction in (1, 0):
        yield at, packet(number, direction, next_[direction], next_[1 - direction], 17, b"")


def write(path, all_packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101))
        for at, data in all_packets:
            f.write(struct.pack("<IIII", at // 10**9, at % 10**9, len(data), len(data)) + data)


def main():
    out = pathlib.Path(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connections = [[request("GET", "/page/5000?q=a%20b"), request("HEAD", "/page/900"), request("GET", "/chunked/9000", agent="Mozilla/5.0 (X11)")],
                   [request("POST", "/form/10", b"x" * 3000), request("GET", "/missing/0"), request("GET", "/same/5")],
                   [request("GET", "/close/4321")]]  # fmt: skip
    said = [talk(server.server_address, requests, ends=False) for requests in connections]
    server.shutdown()
    made = [list(packets(n, s)) for n, s in enumerate(said)]
    start = said[0][0][0]
    tls = [(start, 0, b"\x16\x03\x01\x02\x00\x01"), (start, 1, b"\x16\x03\x03")]
    write(out / "web.pcap", sorted((p for m in [*made, list(packets(9, tls))] for p in m), key=lambda p: p[0]))
    big = max((p for p in made[0]), key=lambda p: len(p[1]))  # the first of the largest: in the body of /page
    write(out / "lossy.pcap", [p for p in made[0] if p[1] != big[1]])
    with open(out / "truth.csv", "w") as f:
        f.write("method,target,status,bytes,agent,bytes_in\n")
        f.writelines(",".join(map(str, row)) + "\n" for row in TRUTH)


main()
