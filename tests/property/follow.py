"""follow.py - one case through `stream publish --follow`: its files come line by line, are rotated, and the publisher is killed.

What comes at once (documents, what is compressed, tables) is copied before. Files of lines are appended to, in pieces that
end anywhere; of some the first part is renamed away under its publisher, perhaps while it grows, and the name begins again
with the rest. The warehouse must be that of a batch over a folder with each content under its name (docs/formats/stream.md,
"Files that are followed").
"""

import fnmatch
import pathlib
import shutil
import signal
import subprocess
import time

import drive
import interpret
import outputs
import records
import stream

KNOWN_BY = 4096  # bytes by which a file of lines is known


def like(a, b):
    """Whether a publisher could take one for the beginning of the other."""
    n = min(len(a), len(b), KNOWN_BY)
    return a[:n] == b[:n]


def apart(a, b):
    """How many bytes it takes to tell them apart."""
    return next(i for i, (x, y) in enumerate(zip(a, b)) if x != y) + 1


class Content:
    """What a file will be: bytes; `text` is what they say when they are compressed; `name` in the warehouse; `ends` of whole
    records, where it may be put aside (what is no whole line there counts as the last one)."""

    def __init__(self, name, data, grows, ends=()):
        self.name, self.data, self.grows, self.ends = name, data, grows, ends
        try:
            self.text = interpret.unzipped(data)
        except records.RunFails:
            self.text = data


class Folder:
    def __init__(self, case, rng):
        self.case, self.rng = case, rng
        self.there, self.seen = case.folder / "followed", case.folder / "followed-as-batch"
        for folder in (self.there, self.seen):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        self.contents, self.bases, self.rotated = [], [], {}
        for source in interpret.sources_of(case.read()):
            self.choose(records.with_dialect(source))
        for c in self.contents:
            (self.seen / c.name).write_bytes(c.data)

    def choose(self, source):
        for path in interpret.list_files(self.case.input, source["glob"]):
            if source["format"] == "sqlite":
                if not any(fnmatch.fnmatchcase(b.name, source["glob"]) for b in self.bases):
                    self.bases.append(path)
                    shutil.copy(path, self.seen)
                continue
            data = path.read_bytes()
            lines = source["format"] in ("csv", "ndjson", "access_log") and data[:2] != b"\x1f\x8b"
            aside = f"{path.stem}-old{path.suffix}"
            free = fnmatch.fnmatchcase(aside, source["glob"])  # else a publisher that is begun again would not find it
            self.add(path.name, *(self.parts(source, data, free) if lines else [data]), aside=aside, grows=lines)

    def add(self, name, data, rest=None, ends=(), aside=None, grows=False):
        first = Content(name, data, grows, ends)
        if not data or any(like(first.text, c.text) for c in self.contents):
            return
        self.contents.append(first)
        second = Content(name + ";000002", rest, True) if rest else None
        if second and not any(like(rest, c.text) for c in self.contents):
            self.contents.append(second)
            self.rotated[name] = aside

    def parts(self, source, data, free):
        """What of a file of lines will ever be whole records, perhaps in two parts, each with the header."""
        ends, lines = [], records.Lines(data, source.get("encoding", "utf-8"))
        if source["format"] == "csv":
            dialect = records.CsvDialect(source)
            begins = []
            for at, end, _ in records.raw_records(lines, source, dialect):
                if dialect.unfinished(lines, at, end):
                    data = data[:at]
                    break
                begins.append(at)
        data = data[: data.rfind(b"\n") + 1]
        if source["format"] == "csv":
            head = (begins[1] if len(begins) > 1 else 0) if source.get("header", True) else begins[0] if begins else 0
            ends = [at for at in begins[2:] if at < len(data)] if source.get("dialect") != "w3c" else []
        else:
            head, ends = 0, [i + 1 for i in lines.line_ends[:-1] if i + 1 < len(data)][source.get("skip_lines", 0) :]
        if not ends or not free or self.rng.random() < 0.4:
            return [data]
        at = self.rng.choice(ends)
        return [data[:at], data[:head] + data[at:], [e for e in ends if e <= at]]

    def actions(self, name):
        """What is done with the file of a name, in order: functions."""
        mine = [c for c in self.contents if c.name.partition(";")[0] == name]
        out, path, aside = [], self.there / name, self.there / self.rotated.get(name, name)
        if not mine[0].grows:
            return [lambda: path.write_bytes(mine[0].data)]
        for i, c in enumerate(mine):
            pieces = self.pieces(c)
            moved = self.rng.randint(1, len(pieces)) if len(mine) > 1 and i == 0 else None
            for k, piece in enumerate(pieces):
                if k == moved:
                    out.append(lambda: path.rename(aside))
                target = aside if moved is not None and k >= moved else path
                out.append(lambda target=target, piece=piece: append(target, piece))
            if moved == len(pieces):
                out.append(lambda: path.rename(aside))
        return out

    def pieces(self, c):
        """The first one is enough to know it by."""
        least = max([1, *(apart(c.data, other.data) for other in self.contents if other is not c and not like(c.data, other.data))])
        least = c.data.find(b"\n", least - 1) + 1
        cuts = {len(c.data), least, *(self.rng.randint(least, len(c.data)) for _ in range(self.rng.randint(0, 3)))}
        if c.name in self.rotated:
            cuts = {min((e for e in c.ends if e >= cut), default=len(c.data)) for cut in cuts}
        cuts = sorted(cuts)
        return [c.data[a:b] for a, b in zip([0, *cuts], cuts)]


def append(path, piece):
    with open(path, "ab") as f:
        f.write(piece)


class Publisher:
    def __init__(self, case, streams, topic, folder, partitions):
        self.case, self.streams, self.topic = case, streams, topic
        state = case.folder / "follow.state"
        state.unlink(missing_ok=True)
        self.command = [case.program, "stream", "publish", case.definition, "--in", folder, "--follow", "--poll-ms", 10, "--state", state, "--topic", topic,
                        "--partitions", partitions, "--bootstrap", streams.bootstrap]  # fmt: skip
        self.start()

    def start(self):
        self.errors = open(self.case.folder / "publish.err", "wb+")
        self.process = subprocess.Popen([str(c) for c in self.command], stdout=subprocess.DEVNULL, stderr=self.errors)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def handles_signals(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        return int(caught, 16) >> (signal.SIGTERM - 1) & 1

    def stop(self):
        """(status, what it said)."""
        until = time.monotonic() + stream.WAIT_S
        while self.process.poll() is None and not self.handles_signals() and time.monotonic() < until:
            time.sleep(0.01)
        self.process.terminate()
        self.process.wait(stream.WAIT_S)
        self.errors.seek(0)
        return self.process.returncode, self.errors.read().decode(errors="replace")[-400:]

    def said(self, name):
        """Waits until the state file knows a name: only then it may be renamed."""
        state, until = self.case.folder / "follow.state", time.monotonic() + stream.WAIT_S
        while self.process.poll() is None and time.monotonic() < until:
            if state.exists() and name.encode() in state.read_bytes():
                return
            time.sleep(0.01)


def followed(case, streams, topic, rng):
    """The differences to a batch over what the files were. UTF-16 is left out: where its lines end is not what is asked here; and
    tables of which nobody says how they change are refused."""
    sources = interpret.sources_of(case.read())
    if any(s.get("encoding", "").startswith("utf-16") or s["format"] == "sqlite" and not {"watermark", "deletes"} & set(s) for s in sources):
        return []
    folder = Folder(case, rng)
    expected = interpret.interpret(case.read(), folder.seen)
    if expected.status == 2:
        return []  # a publisher ends there: judged by the other ways
    for path in folder.bases:
        shutil.copy(path, folder.there)
    partitions = rng.randint(1, 4)
    publisher = Publisher(case, streams, topic, folder.there, partitions)
    try:
        do_all(folder, publisher, rng)
        if folder.bases or any(not c.grows for c in folder.contents):
            time.sleep(1.5)  # what comes as a whole is let alone for a second
        status, said = publisher.stop()
    finally:
        if publisher.process.poll() is None:
            publisher.kill()
    if status:
        return [f"publish --follow: status {status}: {said}"]
    late = stream.Late(case, folder.seen)
    if late.times:
        for m in streams.messages(topic, partitions):
            late.see(topic, m[0], m)
        expected = interpret.interpret(case.read(), folder.seen, late=late.found)
    db = case.folder / "follow.db"
    db.unlink(missing_ok=True)
    status, said = stream.Run(case, streams, topic, db, rng.randint(1, 2), *stream.backfill(rng, 0.2)).wait()
    if status != expected.status:
        return [f"stream run: status {status}, expected {expected.status}: {said}"]
    return [] if status else drive.differences(drive.read_warehouse(db), expected) or outputs.differences(expected, db.parent)


def do_all(folder, publisher, rng):
    """The actions of all files in a random order; between them the publisher is killed or stopped and begins again."""
    queues = {name: folder.actions(name) for name in sorted({c.name.partition(";")[0] for c in folder.contents})}
    drive.cover("command", "stream publish --follow" + (" with rotation" if folder.rotated else ""))
    while queues:
        name = rng.choice(list(queues))
        queues[name].pop(0)()
        if not queues[name]:
            del queues[name]
        if name in folder.rotated:
            publisher.said(name)
        if rng.random() < 0.5:
            time.sleep(rng.random() * 0.05)
        if rng.random() < 0.1:
            publisher.kill()
            drive.cover("command", "stream publish --follow, killed")
            publisher.start()
        elif rng.random() < 0.05:
            publisher.stop()
            drive.cover("command", "stream publish --follow, stopped and begun again")
            publisher.start()
