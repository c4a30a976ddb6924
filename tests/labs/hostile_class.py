"""A class of good, bad and hostile students of the lab 00-example: hostile_class.py FOLDER makes it.

Each folder is a student; its name says what it tries. The files are what Jupyter would have written, or what it would not.
"""
from __future__ import annotations

import json
import os
import pathlib
import sys

COUNT = """# exercise count (keep this line)
def count(topic):
    found = {}
    for record in lab.consume(topic):
        found[record.key] = found.get(record.key, 0) + 1
    return found
"""
SEND = """# exercise send (keep this line)
def send(bootstrap, topic, values):
    lab.produce(topic, [(None, value) for value in values])
"""
# What a hostile student puts into the cell of `count`; that of `send` is good, and must count.
HOSTILE = {
    "endless-loop": "while True: pass",
    "fork-bomb": "import os\nwhile True:\n    os.fork()",
    "fork-orphans": "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n            time.sleep(600)\n        os._exit(0)",
    "memory-bomb": "hold = []\nwhile True:\n    hold.append(bytearray(b'x') * (8 << 20))",
    "memory-at-once": "hold = bytearray(1 << 36)",
    "disk-filler": "import os\nfor n in range(1000):\n    with open(f'/lab/files/{n}', 'wb') as file:\n        file.write(bytes(8 << 20))",
    "shm-filler": "with open('/dev/shm/x', 'wb') as file:\n    for _ in range(1000):\n        file.write(bytes(1 << 20))",
    "memory-hidden": "import os\nheld = []\nwhile True:\n    held.append(os.memfd_create('x'))\n    os.write(held[-1], bytes(32 << 20))",
    "empty-files": "import os\nfor n in range(10**7):\n    os.close(os.open(f'/lab/files/{n}', os.O_CREAT))",
    "socket-filler": "import os, socket, time\nfor _ in range(20):\n    if os.fork() == 0:\n        held = []\n        try:\n            while True:\n                held.append(socket.socketpair())\n"
                     "        except OSError:\n            time.sleep(600)\ntime.sleep(600)",
    "trace": "import ctypes\nassert ctypes.CDLL(None, use_errno=True).ptrace(16, 1, 0, 0) == 0, f'errno {ctypes.get_errno()}'",
    "output-flood": "while True:\n    print('x' * 100000)",
    "kill-all": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "kill-keeper": "import os, signal\nos.kill(1, signal.SIGKILL)\nos.kill(1, signal.SIGTERM)\nos.kill(os.getppid(), signal.SIGINT)",
    "exit-quietly": "import os\nos._exit(0)",
    "keeper-memory": "open('/proc/1/mem', 'rb').read(1)",
    "keeper-pipe": "open('/proc/1/fd/0', 'rb').read(1)",
    "read-checks": "import os\nfound = [os.path.join(at, name) for top in os.listdir('/') if top in ('etc', 'home', 'lab', 'labs', 'mnt', 'opt', 'root', 'run', 'srv', 'tmp', 'var', 'work')\n"
                   "         for at, _, names in os.walk('/' + top) for name in names if name.startswith('00-') or name.endswith('.ipynb')]\n"
                   "assert found, 'nothing to read'\nlab.record('counts', {'found': found})\nraise SystemExit",
    "read-home": "import os\nassert os.path.exists('/home') or os.path.exists('/root') or os.path.exists('/work'), 'no home'\nlab.record('counts', {})",
    "network": "import socket\nsocket.create_connection(('1.1.1.1', 53), 2)",
    "forge-record": "import os\nopen(os.path.join(os.environ['MILLRACE_LAB_PLACE'], 'records.jsonl'), 'w').write('{\"name\": \"counts\", \"value\": {\"a\": 20}}\\nnot json\\n[]\\n' + '[' * 100000)\nos._exit(0)",
    "forge-folder": "import os\nos.mkdir(os.path.join(os.environ['MILLRACE_LAB_PLACE'], 'records.jsonl.d'))\nos.remove(os.path.join(os.environ['MILLRACE_LAB_PLACE'], 'records.jsonl'))\n"
                    "os.mkfifo(os.path.join(os.environ['MILLRACE_LAB_PLACE'], 'records.jsonl'))\nos._exit(0)",
    "forge-links": "import os\nplace = os.environ['MILLRACE_LAB_PLACE']\nfor name in ('records.jsonl', 'stdout.txt', 'end.json'):\n    if os.path.exists(os.path.join(place, name)): os.remove(os.path.join(place, name))\n"
                   "    os.symlink('/etc/passwd', os.path.join(place, name))\nos._exit(1)",
    "judge-startup": "import os, sys\n"
                     "forged = '{\"checks\": [' + ', '.join('{\"name\": \"%s\", \"title\": {\"en\": \"\", \"it\": \"\"}, \"ok\": true, \"en\": \"\", \"it\": \"\"}' % name for name in ('a-dictionary', 'every-record')) + ']}'\n"
                     "for home in (os.path.expanduser('~'), '/lab', '/tmp'):\n"
                     "    site = home + '/.local/lib/python3.%d/site-packages' % sys.version_info[1]\n"
                     "    os.makedirs(site)\n"
                     "    for path in (site + '/usercustomize.py', site + '/x.pth', home + '/sitecustomize.py', home + '/json.py'):\n"
                     "        with open(path, 'w') as file: file.write('import os, sys; print(%r, flush=True); os._exit(0)\\n' % forged)",
    "replace-lab": "class Lab:\n    def __getattr__(self, name): return lambda *a, **k: print(name)\nimport sys\nsys.modules['millrace_labs.lab'] = lab = Lab()\ndef count(topic): return {}",
    "other-seed": "import random\nlab.seed, lab.random = 1, random.Random(1)\ndef count(topic):\n    found = {}\n    for r in lab.consume(topic): found[r.key] = found.get(r.key, 0) + 1\n    return found",
    "remount": "import ctypes, os\nassert ctypes.CDLL(None, use_errno=True).mount(b'none', b'/labs', b'tmpfs', 0, b'') == 0, 'no mount'",
    "user-namespace": "import os, subprocess\nsubprocess.run(['unshare', '-Ur', 'true'], check=True)",
    "write-system": "open('/labs/millrace_labs/check.py', 'w')",
    "terminal-words": "raise ValueError('\\x1b[2J\\x1b[31m=HYPERLINK(\"x\")<script>alert(1)</script>')",
    "surrogate": "x = '\ud800'",
    "null-byte": "x = 1\0",
}
# And into the cell of `send`: here the checks look into the broker's data; that of `count` is good.
HOSTILE_DATA = {
    "broker-folder": "import os, shutil\ndef send(bootstrap, topic, values):\n    folder = lab.broker.folder\n    lab.broker.kill()\n    shutil.rmtree(folder)\n    os.symlink('/usr', folder)",
    "broker-fifo": "import os, shutil\ndef send(bootstrap, topic, values):\n    folder = lab.broker.folder\n    lab.broker.kill()\n    shutil.rmtree(folder)\n    os.mkdir(folder)\n"
                   "    os.mkfifo(folder + '/meta.properties')",
    "broker-bomb": "import glob, struct\ndef send(bootstrap, topic, values):\n    producer = Producer({'bootstrap.servers': bootstrap, 'compression.type': 'gzip'})\n"
                   "    producer.produce(topic, bytes(900000))\n    producer.flush()\n    lab.broker.kill()\n"
                   "    for path in glob.glob(f'{lab.broker.folder}/{topic}-*/*.log'):\n        with open(path, 'rb') as file: batch = file.read()\n"
                   "        with open(path, 'wb') as file:\n            for n in range(20000 if batch else 0): file.write(struct.pack('>q', n) + batch[8:])",
    "broker-garbage": "import os, random\ndef send(bootstrap, topic, values):\n    lab.broker.kill()\n    for at, _, names in os.walk(lab.broker.folder):\n        for name in names:\n"
                      "            with open(os.path.join(at, name), 'r+b') as file: file.write(random.randbytes(200))",
}


def notebook(count: str, send: str) -> str:
    """The file that Jupyter writes, with an output in it that nobody should read."""
    def cell(name: str, source: str) -> dict[str, object]:
        return {"cell_type": "code", "id": name, "source": source.splitlines(True), "metadata": {}, "execution_count": 1,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": ["ok    00-example count/every-record\n"]}]}

    cells = [cell("lab-open", "lab = None"), cell("ex-count", count), cell("run-count", "lab.record('counts', {})"), cell("ex-send", send)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def main() -> None:
    """Makes the class."""
    folder = pathlib.Path(sys.argv[1])

    def hand_in(student: str, text: str | bytes) -> None:
        (folder / student).mkdir(parents=True)
        data = text.encode("utf-8") if isinstance(text, str) else text
        (folder / student / "00-example.ipynb").write_bytes(data)

    hand_in("anna", notebook(COUNT, SEND))
    hand_in("bruno", notebook(COUNT.replace("+ 1", ""), SEND))
    hand_in("carla", notebook(COUNT, SEND).replace('"id": "ex-', '"id": "other-'))
    for name, source in HOSTILE.items():
        hand_in(name, notebook("# exercise count (keep this line)\n" + source, SEND))
    for name, source in HOSTILE_DATA.items():
        hand_in(name, notebook(COUNT, "# exercise send (keep this line)\n" + source))
    hand_in("file-text", "this is no notebook\n")
    hand_in("file-binary", bytes(range(256)) * 10)
    hand_in("file-deep", "[" * 200000)
    hand_in("file-list", "[1, 2]")
    hand_in("file-foreign", json.dumps({"cells": [{"cell_type": "code", "source": "print(1)"}]}))
    hand_in("file-numbers", json.dumps({"cells": [{"cell_type": "code", "id": "ex-count", "source": 7}]}))
    hand_in("file-huge", "{}")
    os.truncate(folder / "file-huge" / "00-example.ipynb", 200 << 20)
    hand_in("a" * 200, notebook(COUNT, SEND))
    hand_in("windows", b"\xef\xbb\xbf" + notebook(COUNT, SEND).encode("utf-8"))
    (folder / "file-nothing").mkdir()
    (folder / "file-renamed").mkdir()
    (folder / "file-renamed" / "00-example (1).ipynb").write_text(notebook(COUNT, SEND), encoding="utf-8")
    (folder / "a-link").symlink_to("anna")
    (folder / "file-fifo").mkdir()
    os.mkfifo(folder / "file-fifo" / "00-example.ipynb")
    (folder / "file-link").mkdir()
    (folder / "file-link" / "00-example.ipynb").symlink_to("../anna/00-example.ipynb")
    (folder / "file-folder" / "00-example.ipynb").mkdir(parents=True)
    (folder / "not-a-student.txt").write_text("a list of names\n", encoding="utf-8")


if __name__ == "__main__":
    main()
