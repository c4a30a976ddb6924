#!/usr/bin/env bash
# stream_follow.sh [SEED] [kill] - logs that are written, renamed, cut, compressed and removed while a publisher follows
# them and workers load; publisher and workers are killed when asked for. At the end the warehouse is that of a batch
# over every content that the writer ever wrote, each once.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
. tests/e2e/lib_follow.sh
RANDOM=${1:-11}
kills=$((${2:+1} + 0))
mkdir "$scratch/written"
cat >"$follow" <<'JSON'
{"version": 1, "pipeline": "site", "sources": [
  {"name": "hits", "format": "access_log", "layout": "common", "glob": "access.log*", "time": "time",
   "in_file": {"repeats": true, "lateness": true},
   "derive": [{"name": "day", "expr": "date(time)"}, {"name": "again", "expr": "_repeated"}, {"name": "late", "expr": "_late_s"}]},
  {"name": "orders", "format": "csv", "glob": "orders-*.csv*", "optional": true,
   "columns": [{"name": "id", "type": "integer"}, {"name": "note", "type": "text"}, {"name": "amount", "type": "decimal", "scale": 2}],
   "rules": [{"name": "positive", "rule": "range", "column": "amount", "min": "0", "severity": "reject"}]}],
 "tables": [
  {"name": "visits", "from": "hits", "columns": ["client", "time", "day", "status", "bytes", "target", "again", "late"]},
  {"name": "sold", "from": "orders", "columns": ["id", "note", "amount"]},
  {"name": "by_status", "aggregate": "visits", "by": ["status"],
   "columns": {"n": "count()", "bytes": "sum(bytes)", "first": "min(time)", "clients": "count_distinct(client)"}},
  {"name": "sold_total", "aggregate": "sold", "by": [], "columns": {"n": "count()", "amount": "sum(amount)"}}]}
JSON

broker_start
cat >"$scratch/writer.py" <<'PYTHON'
# Writes, and keeps what it wrote: one file in WRITTEN for each content. A step is a rotation in one of the usual ways.
import gzip, os, random, shutil, sys, time
into, written, seed, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(seed)
at = lambda name: os.path.join(into, name)
contents = 0
class Log:
    def __init__(self, name, header=b""):
        self.name, self.header, self.clock, self.lines = name, header, 0, 0
        self.begin()
    def begin(self):
        global contents
        contents += 1
        self.copy = open(os.path.join(written, "%s.%d" % (self.name, contents)), "wb")
        self.file = open(at(self.name), "ab")
        self.put(self.header)
    def put(self, data):
        for out in self.copy, self.file:
            out.write(data)
            out.flush()
    def write(self, count):
        data = b"".join(self.line() for _ in range(count))
        cut = chance.randrange(len(data) + 1) # anywhere, also within a line
        self.put(data[:cut])
        time.sleep(chance.choice((0, 0, 0.03)))
        self.put(data[cut:])
    def end(self):
        self.copy.close()
        self.file.close()
class Access(Log):
    last = b""
    def line(self):
        self.clock += chance.choice((0, 1, 1, 5, -3))
        kind = chance.random()
        if kind < 0.02: return b"not a line of a log \xff\n"
        if kind < 0.05 and self.last: return self.last
        self.last = b'10.0.0.%d - - [%02d/Mar/2026:%02d:%02d:%02d +0000] "GET /%d HTTP/1.1" %d %d\n' % (
            chance.randrange(50), 1 + self.clock // 86400 % 28, 10, self.clock // 60 % 60, self.clock % 60,
            chance.randrange(1 << 30), chance.choice((200, 200, 304, 404)), chance.randrange(100000))
        return self.last
class Orders(Log):
    def line(self):
        self.lines += 1
        return b'%d,"%s",%d.%02d\r\n' % (chance.randrange(1 << 30), chance.choice((b"plain", b"two\nlines", b'a ""word""')),
                                      chance.randrange(-5, 500), chance.randrange(100))
log, orders = Access("access.log"), Orders("orders-1.csv", b"id,note,amount\r\n")
def shift(): # access.log.2.gz makes room, .1 becomes .2 and is compressed, in the order of logrotate; nothing is removed,
    # since a publisher that is down, or has no processor for seconds, could not have seen it
    if os.path.exists(at("access.log.2.gz")): os.rename(at("access.log.2.gz"), at("access.log.%d.gz" % (10 + contents)))
    if os.path.exists(at("access.log.1")):
        os.rename(at("access.log.1"), at("access.log.2"))
        with open(at("access.log.2"), "rb") as a, gzip.open(at("access.log.2.gz"), "wb") as b: shutil.copyfileobj(a, b)
        shutil.copystat(at("access.log.2"), at("access.log.2.gz"))
        os.remove(at("access.log.2"))
def rename():
    shift()
    os.rename(at("access.log"), at("access.log.1"))
    log.write(3) # the server has not heard of it yet
    log.end()
    log.begin()
def copytruncate(): # what is written between the two would be lost, so nothing is
    shift()
    time.sleep(0.15)
    shutil.copyfile(at("access.log"), at("access.log.1"))
    log.end()
    os.truncate(at("access.log"), 0)
    log.begin()
def new_orders():
    global orders
    orders.end()
    orders = Orders("orders-%d.csv" % (contents + 1), b"id,note,amount\r\n")
for step in range(steps):
    for _ in range(chance.randrange(3, 8)):
        log.write(chance.randrange(1, 40))
        orders.write(chance.randrange(1, 10))
        time.sleep(chance.choice((0, 0.01, 0.05)))
    time.sleep(0.25) # nobody could follow what is there for no time at all
    (rename, copytruncate, new_orders)[step % 3 if step < 3 else chance.randrange(3)]()
log.write(20)
orders.write(3)
log.end(), orders.end()
PYTHON
for _ in 1 2 3; do printf '10.0.0.1 - - [01/Mar/2026:00:00:0%d +0000] "GET /old HTTP/1.0" 200 5\n' $_; done >"$in/access.log.9"
cp "$in/access.log.9" "$scratch/written/access.log.9.0"
publisher_start
run_start
python3 "$scratch/writer.py" "$in" "$scratch/written" "$RANDOM" "$((kills ? 8 : 9))" 2>"$scratch/writer.err" &
writer=$!
while alive $writer; do
    if ((kills)); then
        sleep 0.$((RANDOM % 60 + 20))
        followers_kill
    else
        sleep 0.1
    fi
    followers_check
done
wait $writer || die "writer: $(cat "$scratch/writer.err")"
((kills)) && story "killed ${killed:-0} times"
sleep 0.3
followers_stop
story "what is left, without --follow: it ends by itself"
run_rest

story "the publisher goes on behind its ends, and a run that was complete does, too"
python3 - "$in/access.log" "$scratch/written" <<'PYTHON' || fail "no content is that of access.log"
import pathlib, sys
log = pathlib.Path(sys.argv[1])
same = [p for p in pathlib.Path(sys.argv[2]).iterdir() if p.read_bytes() == log.read_bytes()]
for path in log, *same:
    with open(path, "ab") as f: f.write(b'10.0.0.1 - - [09/Mar/2026:00:00:00 +0000] "GET /new HTTP/1.1" 200 1\n' * 3)
sys.exit(len(same) != 1)
PYTHON
publisher_start
sleep 0.5
publisher_stop
run_rest

story "each content once, under one name: a batch over all of them"
# Which name a content got depends on when the publisher looked: the warehouse says so, by its digest.
python3 - "$db" "$scratch/written" "$scratch/all" "$in" <<'PYTHON' || fail "contents"
import gzip, hashlib, os, pathlib, shutil, sqlite3, sys
db, written, to, folder = sys.argv[1:]
sha = lambda data: hashlib.sha256(data).hexdigest()
os.mkdir(to)
files = sqlite3.connect(db).execute("SELECT digest, file FROM files").fetchall()
contents = {sha(p.read_bytes()): p for p in pathlib.Path(written).iterdir()}
for packed in pathlib.Path(folder).glob("*.gz"): # a log that was compressed before anybody saw it
    if sha(packed.read_bytes()) in dict(files):
        del contents[sha(gzip.decompress(packed.read_bytes()))]
        contents[sha(packed.read_bytes())] = packed
names = dict(files)
print("contents:", len(contents), "names:", *sorted(name for _, name in files))
for digest, path in contents.items():
    if digest not in names:
        print("no row in files for", path.name, path.stat().st_size)
        continue
    shutil.copy(path, os.path.join(to, names[digest]))
sys.exit(not (len(files) == len(names) == len(contents) and set(names) == set(contents)))
PYTHON
batch_equal "$scratch/all"
grep -v "INFO\|^publish site" "$scratch/publish.err"
broker_stop
done_testing
