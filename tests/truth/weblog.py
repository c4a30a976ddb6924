#!/usr/bin/env python3
"""A second opinion on the truth of access logs in the combined format (with or without a virtual host).

    weblog.py INPUT_DIR TRUTH_DIR      exit 0 when every figure is the same, else 1

Written from the rules alone (RULES.md of the ground truth), with a regular expression and Python's own dates.
It shares no code with the generator, whose truth it checks, nor with the pipelines.
"""
import collections
import datetime
import hashlib
import re

import common

QUOTED = rb'"((?:[^"\\]|\\.)*)"'
LINE = re.compile(rb"(?:(\S+):\d+ )?(\S+) (\S+) (\S+) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] " + QUOTED +
                  rb" (\d{3}) (\d+|-) " + QUOTED + rb" " + QUOTED, re.DOTALL)
REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/\d+(?:\.\d+)?")
STATIC = tuple("." + e for e in ("css js mjs map png jpg jpeg gif svg ico webp woff woff2 ttf eot txt xml xbm mpg wav "
                                 "zip").split())
GAP = 1800


def text(data):
    return data.decode("utf-8", "surrogateescape")


def stamp(when):
    return datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def top(counter):
    best = sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:20]
    return [(rank + 1, text(path), hits) for rank, (path, hits) in enumerate(best)]


class Counts:
    def __init__(self):
        self.c = collections.Counter()
        self.lateness = 0
        self.paths, self.views, self.methods = (collections.Counter() for _ in range(3))
        self.status, self.hours, self.hour_bytes = (collections.Counter() for _ in range(3))
        self.days = collections.defaultdict(lambda: [0, 0, set()])
        self.clients = set()
        self.events = collections.defaultdict(list)

    def line(self, raw, site, newest):
        """Counts one line; returns its time, or None when it is malformed."""
        match = LINE.fullmatch(raw)
        if not match:
            self.c["malformed"] += 1
            return None
        vhost, client, _, _, when, request, status, size, _, agent = match.groups()
        at = int(datetime.datetime.strptime(text(when), "%d/%b/%Y:%H:%M:%S %z").timestamp())
        size = 0 if size == b"-" else int(size)
        self.c["parsed"] += 1
        self.c["bytes"] += size
        if newest is not None and at < newest:
            self.c["late"] += 1
            self.lateness = max(self.lateness, newest - at)
        self.request(request, status)
        self.status[text(status)] += 1
        hour = stamp(at)[:13].replace("T", " ") + ":00:00"
        self.hours[hour] += 1
        self.hour_bytes[hour] += size
        day = self.days[stamp(at)[:10]]
        day[0] += 1
        day[1] += size
        day[2].add(client)
        self.clients.add(client)
        self.events[text(vhost) if vhost else site, text(client), text(agent)].append((at, size))
        return at

    def request(self, request, status):
        match = REQUEST.fullmatch(request)
        if not match:
            self.c["bad_request"] += 1
            self.methods["(bad request line)"] += 1
            return
        method, path = text(match[1]), match[2].split(b"?")[0]
        self.methods[method] += 1
        self.paths[path] += 1
        if method == "GET" and status == b"200" and not text(path).lower().endswith(STATIC):
            self.views[path] += 1


def sessions(events):
    rows = []
    for key, hits in events.items():
        hits.sort(key=lambda hit: hit[0])
        for number, (at, size) in enumerate(hits):
            if number == 0 or at - last > GAP:
                rows.append([*key, at, at, 0, 0])
            row, last = rows[-1], at
            row[4] = at
            row[5] += 1
            row[6] += size
    return rows


def count(folder):
    counts, seen, skipped, files = Counts(), {}, [], 0
    times = []
    for path in sorted((p for p in folder.iterdir() if ".access.log" in p.name), key=lambda p: p.name.encode()):
        files += 1
        data = path.read_bytes()
        first = seen.setdefault(hashlib.sha256(data).hexdigest(), path.name)
        if first != path.name:
            skipped.append([path.name, f"same content as {first}"])
            continue
        lines = data.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        counts.c["lines"] += len(lines)
        counts.c["identical"] += len(lines) - len(set(lines))
        newest = None
        for raw in lines:
            at = counts.line(raw[:-1] if raw.endswith(b"\r") else raw, path.name.split(".access.log")[0], newest)
            if at is not None:
                times.append(at)
                newest = at if newest is None else max(newest, at)
    rows = sessions(counts.events)
    c = counts.c
    summary = {
        "files": files,
        "files_skipped_as_identical": skipped,
        "lines": c["lines"],
        "parsed": c["parsed"],
        "malformed": c["malformed"],
        "bad_request_line_but_parsed": c["bad_request"],
        "identical_lines_within_a_file": c["identical"],
        "rows_older_than_running_max_within_file": c["late"],
        "max_lateness_s": counts.lateness,
        "bytes_total": c["bytes"],
        "distinct_clients": len(counts.clients),
        "distinct_paths": len(counts.paths),
        "pageviews": sum(counts.views.values()),
        "distinct_pageview_paths": len(counts.views),
        "first_event_utc": stamp(min(times)),
        "last_event_utc": stamp(max(times)),
        "hours_with_hits": len(counts.hours),
        "session_keys": len(counts.events),
        "sessions_30min": len(rows),
        "sessions_with_one_hit": sum(row[5] == 1 for row in rows),
        "max_hits_in_a_session": max(row[5] for row in rows),
        "max_session_duration_s": max(row[4] - row[3] for row in rows),
        "total_session_duration_s": sum(row[4] - row[3] for row in rows),
    }
    tables = {
        "hits_per_hour_utc": [(h, n, counts.hour_bytes[h]) for h, n in counts.hours.items()],
        "hits_per_method": list(counts.methods.items()),
        "hits_per_status": list(counts.status.items()),
        "per_day_utc": [(day, hits, size, len(clients)) for day, (hits, size, clients) in counts.days.items()],
        "sessions": [(*row[:3], stamp(row[3]), stamp(row[4]), row[5], row[6], row[4] - row[3]) for row in rows],
        "top20_pageviews": top(counts.views),
        "top20_paths": top(counts.paths),
    }
    return summary, tables


if __name__ == "__main__":
    common.main(count)
