#!/usr/bin/python3
"""run.py - equal, always: random definitions and files, through batch, streams and the reference interpreter.

    run.py [--seconds 60] [--seed 1] [--cases N] [--program build/millrace] [--keep build/property]
           [--jobs 3] [--only batch|kill|both|limits|load|topics|stream|prefix|follow] [--rows 2000] [--first] [--quiet]

Case N is drawn from seed N. Every case: batch = reference, row by row, and now and then the digests; every fourth: a
stream over random partitions, workers and order; every eighth: the warehouse at ten random prefixes of the log, with
messages twice, in any order, through any partition, and kills; now and then batches that are killed, two at once,
and with limits; folders that grow under a load mode; and files that are followed while they grow and are rotated. Where a definition has outputs, their files are compared too;
topics of tables are added to batches (every sixteenth), loads and streams, and the last message of each key compared. Goes on until the
seconds are over or `cases` have run. A failure prints its seed, leaves the folder KEEP/SEED (definition.json, in/) and a smaller case that fails in
the same way in KEEP/SEED-small. Exit status: 0 all equal, 1 a difference.
"""

import argparse
import collections
import itertools
import json
import multiprocessing
import pathlib
import random
import re
import shutil
import sys
import time
import traceback

import batches
import changelogs
import dirt
import draw
import drive
import follow
import interpret
import language
import loads
import outputs
import shrink
import stream

BATCHES = {"batch": batches.once, "kill": batches.killed, "both": batches.both, "limits": batches.limited, "load": loads.grown, "topics": changelogs.batch}
SMALL, LARGE = [3, 10, 40, 120, 250], 2000


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--cases", type=int, default=10**9)
    p.add_argument("--program", default="build/millrace")
    p.add_argument("--keep", default="build/property")
    p.add_argument("--jobs", type=int, default=3)
    p.add_argument("--only", choices=[*BATCHES, "stream", "prefix", "follow"])
    p.add_argument("--want", help="only cases whose definition has this, a regular expression on its JSON")
    p.add_argument("--rows", type=int, default=LARGE)
    p.add_argument("--first", action="store_true", help="end at the first failure, which stays as it is")
    p.add_argument("--quiet", action="store_true", help="no coverage")
    return p.parse_args()


class Tester:
    """Draws and judges cases, one after the other."""

    def __init__(self, options, broker):
        self.options, self.keep = options, pathlib.Path(options.keep)
        self.program = str(pathlib.Path(options.program).resolve())
        self.streams = stream.Streams(broker.bootstrap) if broker else None
        self.covered, self.failures = collections.Counter(), []

    def cover(self, kind, name):
        self.covered[kind, name] += 1

    def ways(self, seed):
        if self.options.only:
            return [self.options.only]
        often = {"stream": (4, 0), "prefix": (8, 1), "kill": (8, 3), "both": (16, 7), "limits": (8, 6), "load": (8, 2), "topics": (16, 5), "follow": (16, 11)}
        return ["batch"] + [way for way, (of, rest) in often.items() if seed % of == rest]

    def make(self, seed):
        rng = random.Random(seed)
        folder = self.keep / str(seed)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "in").mkdir(parents=True)
        definition, beside = draw.draw_definition(rng, self.cover, changing=seed % 4 < 2)
        for name, text in beside.items():
            (folder / name).write_text(text)
        if "stream" in self.ways(seed) and rng.random() < 0.5:
            drive.own_topics(definition, rng, seed)
        (folder / "definition.json").write_text(json.dumps(definition, indent=1, ensure_ascii=False))
        self.covered.update(("has " + context, name) for context, name in language.used(definition))
        wide = any(t.get("match") in ("all", "interval") for t in definition["tables"])
        rows = self.options.rows if not wide and rng.random() < 0.02 else rng.choice(SMALL[2:] if seed % 4 < 2 else SMALL)
        dirt.write_files(rng, definition, folder / "in", min(rows, self.options.rows))
        return drive.Case(folder, self.program)

    def case(self, seed):
        case = self.make(seed)
        expected = interpret.interpret(case.read(), case.input)
        self.cover("status", str(expected.status))
        for way in self.ways(seed):
            self.cover("way", way)
            found = self.judge(way, case, expected, seed)
            if found:
                self.failed(seed, way, case, found)
                return
        shutil.rmtree(case.folder)

    def judge(self, way, case, expected, seed):
        """The differences of one way to the reference. A sum that is too large on the way ends what goes row by row."""
        found = self.differences(way, case, expected, seed)
        passing = way in ("stream", "prefix", "load", "follow") and found and "does not fit 64 bits" in found[0]
        return [] if passing and expected.far else found

    def differences(self, way, case, expected, seed):
        outputs.clear(case.read(), case.folder)
        case.streams = self.streams
        try:
            if way in BATCHES and not (way == "load" and depends_on_order(case.read())):
                return BATCHES[way](case, expected, seed)
            if depends_on_order(case.read()):
                return []
            rng = random.Random(seed)
            topic = f"{way}-{seed}-{time.monotonic_ns()}"
            if way == "follow":
                return follow.followed(case, self.streams, topic, rng)
            if way == "stream":
                return stream.whole(case, self.streams, topic, rng, expected)
            return self.prefixes(case, topic, rng, expected)
        except Exception:
            return ["exception: " + traceback.format_exc()[-1500:]]

    def prefixes(self, case, topic, rng, expected):
        if rng.random() < 0.4:
            case = changelogs.with_topics(case, rng)
        status, said = stream.publish(case, self.streams, topic + "-all", 1)
        if status or expected.status == 2:
            return []  # judged by the other ways
        messages = self.streams.messages(topic + "-all", 1)
        prefixes = stream.Prefixes(case, self.streams, topic, rng)
        found = prefixes.run(messages, 10, rng.random() < 0.5)
        self.covered["way", "kill -9"] += prefixes.kills
        return found

    def failed(self, seed, way, case, found):
        print(f"FAIL seed {seed}, {way}, {case.folder}:", *found[:8], sep="\n    ", flush=True)
        self.failures.append(seed)

        def fails(smaller):
            expected = interpret.interpret(smaller.read(), smaller.input)
            again = self.judge(way, smaller, expected, seed)
            return bool(again) and shrink.kind_of(again) == shrink.kind_of(found)

        if self.options.first:
            return
        small = shrink.shrink(case, fails, 20 if way == "batch" else 40)
        print(f"    smaller: {small.folder}: {shrink.size(small)}", flush=True)


def depends_on_order(definition):
    """A `unique` that fails: whether a stream meets two rows in that state depends on when the rows come that free them."""
    sources = definition.get("sources") or [definition]
    return any(r["rule"] == "unique" and r.get("severity") == "fail" for s in sources for r in s.get("rules", []))


def wanted(pattern, seed):
    definition, _ = draw.draw_definition(random.Random(seed), lambda *_: None, changing=seed % 4 < 2)
    return re.search(pattern, json.dumps(definition, ensure_ascii=False), re.S)


def work(options, broker, job, results, stop):
    tester = Tester(options, broker)
    until = time.monotonic() + options.seconds
    ran = 0
    for seed in itertools.count(options.seed + job, options.jobs):
        if time.monotonic() > until or seed >= options.seed + options.cases or len(tester.failures) >= 5:
            break
        if options.first and stop.is_set():
            break
        if options.only in ("stream", "prefix") and seed % 4 > 1:
            continue
        try:
            if options.want and not wanted(options.want, seed):
                continue
            tester.case(seed)
        except Exception:
            print(f"FAIL seed {seed}: {traceback.format_exc()}", flush=True)
            tester.failures.append(seed)
        ran += 1
        if tester.failures:
            stop.set()
    results.put((ran, tester.failures, tester.covered + drive.COVERED))


def report(covered):
    kinds = collections.defaultdict(list)
    for (kind, name), n in sorted(covered.items(), key=str):
        kinds[kind].append(f"{name} {n}")
    for kind, names in kinds.items():
        print(f"- {kind}: {', '.join(names)}")
    print("- in no definition:", ", ".join(language.never({n: covered["has " + n[0], n[1]] for n in language.names()})))


def main():
    options = arguments()
    keep = pathlib.Path(options.keep)
    shutil.rmtree(keep, ignore_errors=True)
    broker = None if options.only in BATCHES and options.only not in ("load", "topics") else stream.Broker(options.program, keep / "broker")
    results = multiprocessing.Queue()
    stop = multiprocessing.Event()
    workers = [multiprocessing.Process(target=work, args=(options, broker, j, results, stop)) for j in range(options.jobs)]
    for w in workers:
        w.start()
    ran, failures, covered = 0, [], collections.Counter()
    for _ in workers:
        r, f, c = results.get()
        ran, failures = ran + r, failures + f
        covered.update(c)
    for w in workers:
        w.join()
    if broker:
        broker.stop()
        shutil.rmtree(broker.folder)
    if not options.quiet:
        report(covered)
    print(f"{ran - len(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures or not ran else 0)


if __name__ == "__main__":
    main()
