#!/usr/bin/env python3
"""A second opinion on the truth of the whole clickstream: access logs of both layouts and front-end events.

    clicks.py INPUT_DIR TRUTH_DIR      exit 0 when every figure is the same, else 1

Written from the rules alone (RULES.md of the ground truth), with Python's json, gzip and datetime. It shares no code
with the generator, whose truth it checks, nor with the pipelines.
"""
import calendar
import collections
import csv
import gzip
import hashlib
import json
import time

import common
from weblog import LINE, stamp

EVENTS = ("page_viewed", "link_clicked", "searched", "video_viewed", "item_added_to_cart", "checkout_started",
          "order_placed")
RULES = ("format", "no_visitor", "bad_time", "bot", "negative_watch", "duplicate")
GAP, LATE = 1800, 60


def instant(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def sql_time(at):
    return stamp(at)[:19].replace("T", " ")


def read(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def lines_of(paths):
    """Lines of all files, those with the bytes of an earlier one left out."""
    seen = set()
    for path in sorted(paths, key=lambda p: p.name.encode()):
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest in seen:
            continue
        seen.add(digest)
        yield from ((path.name, line) for line in read(path).split(b"\n")[:-1])


class Logs:
    def __init__(self):
        self.read, self.bad = collections.Counter(), collections.Counter()
        self.sites = collections.defaultdict(lambda: [0, 0])
        self.hours = collections.defaultdict(lambda: [0, 0])

    def add(self, source, paths, offset):
        for name, line in lines_of(paths):
            self.read[source] += 1
            match = LINE.fullmatch(line)
            if not match or (source == "hosted") != (match[1] is not None):
                self.bad[source] += 1
                continue
            size = 0 if match[8] == b"-" else int(match[8])
            site = match[1].decode() if match[1] else name.split(".access.log")[0]
            self.sites[site][0] += 1
            self.sites[site][1] += size
            if source == "hosted":
                at = self.time(match[5].decode()) - offset
                hour = self.hours[sql_time(at - at % 3600)]
                hour[0] += 1
                hour[1] += size

    @staticmethod
    def time(text):
        """18/Dec/2025:13:11:22 +0100"""
        zone = int(text[-4:-2]) * 3600 + int(text[-2:]) * 60
        local = calendar.timegm(time.strptime(text[:-6], "%d/%b/%Y:%H:%M:%S"))
        return local + zone if text[-5] == "-" else local - zone


def fate(line, seen):
    """The first rule that the event breaks (or None), and the event."""
    try:
        event = json.loads(line)
    except ValueError:
        return "format", None
    if event.get("visitor") is None:
        return "no_visitor", None
    try:
        occurred = instant(event["occurred_at"])
    except ValueError:
        return "bad_time", None
    if event["client"] != "browser":
        return "bot", None
    if int(event.get("watched_s", 0)) < 0:
        return "negative_watch", None
    if event["event_id"] in seen:
        return "duplicate", None
    seen.add(event["event_id"])
    received = instant(event["received_at"])
    event["skew"] = instant(event["sent_at"]) - received
    event["at"] = occurred - event["skew"]
    event["late"] = received - event["at"]
    return None, event


def visits(events):
    keys = collections.defaultdict(list)
    for event in events:
        keys[event["site"], event["visitor"]].append(event)
    for key, list_ in keys.items():
        list_.sort(key=lambda event: event["at"])
        start = 0
        for i in range(1, len(list_) + 1):
            if i == len(list_) or list_[i]["at"] - list_[i - 1]["at"] > GAP:
                yield key, list_[start:i]
                start = i


def steps(visit):
    firsts = [[e["at"] for e in visit if e["event"] == name and (name != "page_viewed" or e["page"].startswith("/product/"))]
              for name in ("page_viewed", "item_added_to_cart", "checkout_started", "order_placed")]
    reached = 0
    for i, times in enumerate(firsts):
        if not times or (i and times[0] < firsts[i - 1][0]):
            break
        reached = i + 1
    return reached


def top(counter):
    best = sorted(counter.items(), key=lambda item: (-item[1], item[0].encode()))[:20]
    return [(rank + 1, name, n) for rank, (name, n) in enumerate(best)]


def cents(number):
    return round(number * 100)


def money(value):
    return f"{value // 100}.{value % 100:02d}"


def windows(views):
    at = collections.defaultdict(lambda: [0, set()])
    for event in views:
        newest = event["at"] - event["at"] % 900
        for start in range(newest - 2700, newest + 1, 900):
            at[start][0] += 1
            at[start][1].add(event["visitor"])
    return [(sql_time(start), n, len(who)) for start, (n, who) in at.items()]


def videos(views):
    by = collections.defaultdict(collections.Counter)
    declined = collections.Counter()
    for event in views:
        by[event["video"]][event["visitor"]] += event["viewed"] == "yes"
        declined[event["video"]] += event["viewed"] == "no"
    table = [(v, sum(c.values()), sum(n > 0 for n in c.values()), max(c.values()), declined[v]) for v, c in by.items()]
    frequency = collections.Counter(n for c in by.values() for n in c.values() if n)
    return table, list(frequency.items())


def count(folder):
    logs = Logs()
    clocks = dict(list(csv.reader((folder / "clocks.csv").open()))[1:])
    logs.add("web", [p for p in folder.iterdir() if ".access.log-" in p.name], 0)
    logs.add("hosted", folder.glob("hosted_access.log*"), int(clocks["hosted"]))
    records = [(s, logs.read[s], logs.read[s] - logs.bad[s], logs.bad[s]) for s in ("web", "hosted")]
    rejected = [(s, "format", n) for s, n in logs.bad.items() if n]
    accepted, of = [], {}
    for name in EVENTS:
        seen, fates, of[name] = set(), collections.Counter(), []
        for _, line in lines_of(folder.glob(f"{name}-*.ndjson")):
            why, event = fate(line, seen)
            fates[why] += 1
            if event:
                event["event"] = name
                of[name].append(event)
        accepted += of[name]
        records.append((name, sum(fates.values()), fates[None], sum(fates.values()) - fates[None]))
        rejected += [(name, rule, fates[rule]) for rule in RULES if fates[rule]]
    hours = collections.defaultdict(lambda: [0, set()])
    for event in accepted:
        hour = hours[event["event"], sql_time(event["at"] - event["at"] % 3600)]
        hour[0] += 1
        hour[1].add(event["visitor"])
    sessions = list(visits(accepted))
    reached = collections.Counter(steps(visit) for _, visit in sessions)
    days = collections.defaultdict(list)
    for event in of["order_placed"]:
        days[stamp(event["at"])[:10]].append(cents(event["total"]))
    video_table, frequency = videos(of["video_viewed"])
    rows = []
    for (site, visitor), visit in sessions:
        kinds = collections.Counter(event["event"] for event in visit)
        rows.append((site, visitor, sql_time(visit[0]["at"]), sql_time(visit[-1]["at"]), len(visit),
                     *(kinds[name] for name in EVENTS), visit[-1]["at"] - visit[0]["at"]))
    summary = {
        "events_accepted": len(accepted),
        "events_rejected": sum(row[3] for row in records[2:]),
        "late_events": sum(event["late"] > LATE for event in accepted),
        "late_s_max": max((event["late"] for event in accepted), default=0),
        "visitors": len({event["visitor"] for event in accepted}),
        "visitors_with_a_wrong_clock": len({event["visitor"] for event in accepted if event["skew"]}),
        "sessions": len(sessions),
        "session_keys": len({key for key, _ in sessions}),
        "revenue": money(sum(sum(day) for day in days.values())),
        "hosted_clock_offset_s": clocks["hosted"],
    }
    tables = {
        "records_by_source": records,
        "rejected_by_rule": rejected,
        "hits_by_site": [(site, *values) for site, values in logs.sites.items()],
        "hosted_per_hour": [(hour, *values) for hour, values in logs.hours.items()],
        "events_per_hour": [(*key, n, len(who)) for key, (n, who) in hours.items()],
        "views_per_window": windows(of["page_viewed"]),
        "visits": rows,
        "funnel": [(i + 1, ("product_viewed", *EVENTS[4:])[i], sum(n for step, n in reached.items() if step > i))
                   for i in range(4)],
        "top20_pages": top(collections.Counter(event["page"] for event in of["page_viewed"])),
        "top20_searches": top(collections.Counter(event["query"] for event in of["searched"])),
        "videos": video_table,
        "video_frequency": frequency,
        "orders_per_day": [(day, len(totals), money(sum(totals))) for day, totals in days.items()],
    }
    return summary, tables


if __name__ == "__main__":
    common.main(count)
