#!/usr/bin/env python3
"""A second opinion on the truth of sensor readings.

    sensors.py INPUT_DIR TRUTH_DIR      exit 0 when every figure is the same, else 1

Written from the rules alone (RULES.md of the ground truth), with Python's csv, json and Decimal. It shares no code with
the generator, whose truth it checks, nor with the pipelines.
"""
import calendar
import collections
import csv
import json
import re
import time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import common

RULES = ("format", "bad_device", "clock_reset", "bad_value", "no_value", "unknown_unit", "spike", "duplicate")
UNITS = {"C": "C", "celsius": "C", "\u00b0C": "C", "F": "F", "\u00b0F": "F", "%": "%", "pct": "%", "kW": "kW"}
LIMITS = {"C": (-40, 60), "F": (-40, 60), "%": (0, 100), "kW": (0, 20000)}
NUMBER = re.compile(r"-?\d+(\.\d+)?")
YEAR_2020 = 1577836800


def stamp(at):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def north(fields):
    at = calendar.timegm(time.strptime(fields[2], "%Y-%m-%dT%H:%M:%SZ"))
    return fields[0], fields[1], at, fields[3], fields[4]


def south(fields):
    at = calendar.timegm(time.strptime(fields[2], "%d.%m.%Y %H:%M:%S")) - 3600
    return fields[0], fields[1], at, fields[3].replace(",", "."), fields[4]


def west(line):
    o = json.loads(line)
    value = "" if o["value"] is None else str(o["value"])
    return o["device"], str(o["seq"]), o["ts"], value, o["unit"]


def csv_lines(path, encoding, delimiter):
    for fields in list(csv.reader(path.read_text(encoding=encoding).splitlines(), delimiter=delimiter))[1:]:
        yield fields if len(fields) == 6 else None


def readings(folder, gateway):
    """(device, seq, at, value, unit), or None for a line that is none."""
    for path in sorted(folder.glob(f"{gateway}-*"), key=lambda p: p.name.encode()):
        if gateway == "north":
            yield from (f and north(f) for f in csv_lines(path, "utf-8", ","))
        elif gateway == "south":
            yield from (f and south(f) for f in csv_lines(path, "windows-1252", ";"))
        else:
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    yield west(line)
                except ValueError:
                    yield None


def normal(value, unit):
    if unit == "F":
        value = (value - 32) * 5 / 9
    elif unit == "kW":
        value *= 1000
    return value.quantize(Decimal("0.001"), ROUND_HALF_UP)


def fate(reading, seen):
    """The first rule that the reading breaks (or None), and (device, at, value)."""
    if reading is None:
        return "format", None
    device, seq, at, text, unit = reading
    if not re.fullmatch(r"s-\d{3}", device):
        return "bad_device", None
    if at < YEAR_2020:
        return "clock_reset", None
    if text == "":
        return "no_value", None
    if not NUMBER.fullmatch(text):
        return "bad_value", None
    if unit not in UNITS:
        return "unknown_unit", None
    value = normal(Decimal(text), UNITS[unit])
    low, high = LIMITS[UNITS[unit]]
    if not low <= value <= high:
        return "spike", None
    if (device, seq) in seen:
        return "duplicate", None
    seen.add((device, seq))
    return None, (device, at, value)


def measured(list_):
    values = [value for _, value in list_]
    return len(values), min(values), max(values), sum(values)


def stretches(list_):
    start = 0
    for i in range(1, len(list_) + 1):
        if i == len(list_) or list_[i][0] - list_[i - 1][0] > 1500:
            yield list_[start:i]
            start = i


def count(folder):
    devices = {row["device"]: row for row in csv.DictReader((folder / "devices.csv").open())}
    by_device, hours, windows = (collections.defaultdict(list) for _ in range(3))
    records, rejected = [], []
    for gateway in ("north", "south", "west"):
        seen, fates = set(), collections.Counter()
        for reading in readings(folder, gateway):
            why, good = fate(reading, seen)
            fates[why] += 1
            if not good:
                continue
            device, at, value = good
            by_device[device].append((at, value))
            hours[device, stamp(at - at % 3600)].append((at, value))
            if devices[device]["metric"] == "temperature":
                for start in range(at - at % 900 - 2700, at + 1, 900):
                    windows[devices[device]["room"], stamp(start)].append((at, value))
        total = sum(fates.values())
        records.append((gateway, total, fates[None], total - fates[None]))
        rejected += [(gateway, rule, fates[rule]) for rule in RULES if fates[rule]]
    for list_ in by_device.values():
        list_.sort()
    runs = [(device, run) for device, list_ in by_device.items() for run in stretches(list_)]
    summary = {
        "readings": sum(row[2] for row in records),
        "rejected": sum(row[3] for row in records),
        "devices": len(by_device),
        "stretches": len(runs),
        "gaps": len(runs) - len(by_device),
        "longest_stretch_s": max(run[-1][0] - run[0][0] for _, run in runs),
    }
    tables = {
        "records_by_source": records,
        "rejected_by_rule": rejected,
        "per_device": [(device, *measured(list_), stamp(list_[0][0]), stamp(list_[-1][0]), list_[-1][1])
                       for device, list_ in by_device.items()],
        "per_device_hour": [(*key, *measured(list_)) for key, list_ in hours.items()],
        "room_windows": [(*key, *measured(list_)) for key, list_ in windows.items()],
        "stretches": [(device, stamp(run[0][0]), stamp(run[-1][0]), len(run), run[-1][0] - run[0][0])
                      for device, run in runs],
    }
    return summary, tables


if __name__ == "__main__":
    common.main(count)
