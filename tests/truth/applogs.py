#!/usr/bin/env python3
"""A second opinion on the truth of application logs.

    applogs.py INPUT_DIR TRUTH_DIR      exit 0 when every figure is the same, else 1

Written from the rules alone (RULES.md of the ground truth), with Python's json, gzip and regular expressions. It shares
no code with the generator, whose truth it checks, nor with the pipelines.
"""
import calendar
import collections
import gzip
import json
import re
import time

import common

ENTRY = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} (\S+) \[[^]]*\] \[([^]]*)\] (\S+) - .*")
EXCEPTION = re.compile(r"([A-Za-z.]+Exception): ")
LEVELS = {
    "TRACE": "DEBUG", "FINE": "DEBUG", "20": "DEBUG", "NOTICE": "INFO", "INFORMATION": "INFO", "30": "INFO",
    "WARNING": "WARN", "WRN": "WARN", "40": "WARN", "SEVERE": "ERROR", "FATAL": "ERROR", "50": "ERROR",
    "DEBUG": "DEBUG", "INFO": "INFO", "WARN": "WARN", "ERROR": "ERROR",
}


def stamp(at):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def lines(path):
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()


class Logs:
    def __init__(self):
        self.fates = {"text": collections.Counter(), "json": collections.Counter()}
        self.stack_lines, self.exceptions, self.levels = (collections.Counter() for _ in range(3))
        self.windows = collections.defaultdict(collections.Counter)
        self.loggers = collections.defaultdict(list)
        self.requests = collections.defaultdict(list)

    def entry(self, service, at, level, logger, request):
        self.levels[service, level] += 1
        self.windows[service, stamp(at - at % 300)][level] += 1
        self.loggers[logger].append((at, level))
        if request not in ("-", None):
            self.requests[request].append((at, level, service))

    def text_line(self, service, line):
        match = ENTRY.fullmatch(line)
        if match:
            level = LEVELS.get(match[2].upper())
            if level:
                self.entry(service, calendar.timegm(time.strptime(match[1], "%Y-%m-%d %H:%M:%S")), level, match[4], match[3])
            return None if level else "unknown_level"
        exception = EXCEPTION.match(line)
        if exception:
            self.exceptions[exception[1]] += 1
        elif not line.startswith(("\t", "Caused by: ")):
            return "not_understood"
        self.stack_lines[service] += 1
        return None

    def json_line(self, line):
        try:
            o = json.loads(line)
        except ValueError:
            return "format"
        try:
            at = calendar.timegm(time.strptime(o["time"][:19] + o["time"][-1:], "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            return "bad_time"
        level = LEVELS.get(str(o["level"]).upper())
        if not level:
            return "unknown_level"
        if o["stack"]:
            self.exceptions[EXCEPTION.match(o["stack"])[1]] += 1
        self.entry(o["service"], at, level, o["logger"], o["request"])
        return None


def count(folder):
    logs = Logs()
    for path in folder.iterdir():
        if ".log" in path.name:
            for line in lines(path):
                logs.fates["text"][logs.text_line(path.name.split(".log")[0], line)] += 1
        elif path.suffix == ".json":
            for line in lines(path):
                logs.fates["json"][logs.json_line(line)] += 1
    requests = collections.defaultdict(lambda: [0, 0, 0])
    seconds = []
    for seen in logs.requests.values():
        group = requests[len({service for _, _, service in seen})]
        group[0] += 1
        group[1] += any(level == "ERROR" for _, level, _ in seen)
        group[2] += len(seen)
        seconds.append(max(at for at, _, _ in seen) - min(at for at, _, _ in seen))
    summary = {
        "entries": sum(logs.levels.values()),
        "errors": sum(n for (_, level), n in logs.levels.items() if level == "ERROR"),
        "stack_lines": sum(logs.stack_lines.values()),
        "requests": len(logs.requests),
        "failed_requests": sum(group[1] for group in requests.values()),
        "longest_request_s": max(seconds, default=0),
        "total_request_s": sum(seconds),
    }
    tables = {
        "records_by_source": [(source, sum(f.values()), f[None], sum(f.values()) - f[None]) for source, f in logs.fates.items()],
        "rejected_by_rule": [(source, rule, n) for source, f in logs.fates.items() for rule, n in f.items() if rule],
        "levels": [(*key, n) for key, n in logs.levels.items()],
        "errors_per_window": [(*key, sum(c.values()), c["ERROR"]) for key, c in logs.windows.items()],
        "exceptions": list(logs.exceptions.items()),
        "loggers": [(logger, len(seen), sum(level == "ERROR" for _, level in seen), stamp(min(seen)[0]), stamp(max(seen)[0]))
                    for logger, seen in logs.loggers.items()],
        "requests_by_services": [(n, *group) for n, group in requests.items()],
        "stack_lines": list(logs.stack_lines.items()),
    }
    return summary, tables


if __name__ == "__main__":
    common.main(count)
