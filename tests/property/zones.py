"""zones.py - time zones by their names. Part of the reference interpreter: Python's zoneinfo, which reads the same database."""

import datetime
import zoneinfo

EPOCH = datetime.datetime(1970, 1, 1)
CYCLE = 146097 * 86400  # 400 years; long ago and far ahead clocks go as they do then
EARLY, LATE = -62135596800 + CYCLE, 253402300799 - CYCLE


def offset_of_wall(seconds, zone, fold):
    """Seconds east of UTC of a wall clock; `fold` 1 is the second time that it is there."""
    while seconds < EARLY:
        seconds += CYCLE
    while seconds > LATE:
        seconds -= CYCLE
    wall = (EPOCH + datetime.timedelta(seconds=seconds)).replace(tzinfo=zone, fold=fold)
    return int(wall.utcoffset().total_seconds())


def in_zone(seconds, name):
    """The wall clock in a zone at a time of UTC."""
    zone, shift = zoneinfo.ZoneInfo(name), 0
    while seconds + shift < EARLY:
        shift += CYCLE
    while seconds + shift > LATE:
        shift -= CYCLE
    utc = (EPOCH + datetime.timedelta(seconds=seconds + shift)).replace(tzinfo=datetime.timezone.utc)
    return seconds + int(utc.astimezone(zone).utcoffset().total_seconds())


def to_utc(seconds, name, ambiguous="reject"):
    """UTC of a wall clock, or None when there is none or more than one and that is to be rejected."""
    zone = zoneinfo.ZoneInfo(name)
    candidates = {seconds - offset_of_wall(seconds, zone, fold) for fold in (0, 1)}
    real = sorted(u for u in candidates if in_zone(u, name) == seconds)
    if len(real) == 1:
        return real[0]
    if ambiguous == "reject":
        return None
    if not real:  # skipped: as if the clocks had not been put forward
        return seconds - offset_of_wall(seconds, zone, 0)
    return real[0] if ambiguous == "earlier" else real[-1]
