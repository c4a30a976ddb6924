"""batches.py - one case through batches: to its end, killed at a random moment, and two at once on one database."""

import random
import subprocess
import time

import drive
import outputs


def once(case, expected, seed):
    """Run to its end: the differences to the reference; now and then the digests too."""
    ran, db = case.batch()
    if not fits(ran.returncode, expected):
        return [f"status {ran.returncode}, expected {expected.status} {expected.why}: {ran.stderr[-300:]}"]
    found = state(db, expected)
    if found or expected.status or expected.explained or seed % 5:
        return found
    return [] if drive.digests(case, db) == drive.digests_by_formula(expected.tables) else ["the digests are not those of the formula"]


def fits(status, expected):
    """What ends a run first is a matter of order: a broken rule of severity fail, or a file that cannot be read."""
    return status == expected.status or (expected.status == 2 and status == 1 and expected.may_fail)


def state(db, expected, perhaps_nothing=False):
    """A database holds all of it, or nothing when that may be or the run failed."""
    tables = drive.read_warehouse(db, "rw") if db.exists() else {}
    if not tables and (perhaps_nothing or expected.status):
        return outputs.differences(expected, db.parent) if not perhaps_nothing else []
    if expected.status:
        return ["a database is left behind"]
    found = drive.differences(tables, expected)
    return found if found or perhaps_nothing else outputs.differences(expected, db.parent)


def start(case, db, definition=None, folder=None, *more):
    command = [case.program, "etl", "run", definition or case.definition, "--in", folder or case.input, "--db", db, *more]
    return subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def killed(case, expected, seed):
    """Three runs that are killed, perhaps before they begin or after they have ended; after each all or nothing; then one more."""
    rng, db = random.Random(seed), case.folder / "killed.db"
    for _ in range(3):
        run = start(case, db)
        time.sleep(rng.random() * 0.04)
        run.kill()
        run.wait()
        found = state(db, expected, perhaps_nothing=True)
        if found:
            return [f"after a kill: {f}" for f in found]
    status = start(case, db).wait(60)
    return state(db, expected) if fits(status, expected) else [f"status {status} after kills, expected {expected.status}"]


def limited(case, expected, seed):
    """--dry-run writes nothing; --max-rejects N and N% refuse exactly what has more."""
    rng, db = random.Random(seed), case.folder / "limited.db"
    if expected.status:
        return []
    columns, rows = expected.tables["records"]
    read, rejected = (sum(r[columns.index(c)] for r in rows) for c in ("read", "rejected"))
    dry = case.run("etl", "run", case.definition, "--in", case.input, "--dry-run")
    if dry.returncode:
        return [f"status {dry.returncode} of --dry-run: {dry.stderr[-200:]}"]
    share = rng.randint(0, 99)
    for limit, refused in ((max(0, rejected + rng.randint(-1, 1)), None), (f"{share}%", 100 * rejected > share * read)):
        refused = rejected > limit if refused is None else refused
        ran = case.run("etl", "run", case.definition, "--in", case.input, "--db", db, "--max-rejects", limit)
        if ran.returncode != int(refused):
            return [f"status {ran.returncode} of --max-rejects {limit} with {rejected} of {read}: {ran.stderr[-200:]}"]
        found = ["a database is left behind"] if refused and db.exists() else [] if refused else state(db, expected)
        db.unlink(missing_ok=True)
        if found:
            return found
    return []


def both(case, expected, _seed):
    """Two runs at once: each does it or is refused, and what is there is right."""
    db = case.folder / "both.db"
    runs = [start(case, db) for _ in range(2)]
    statuses = [r.wait(60) for r in runs]
    if any(not fits(s, expected) and s != 2 for s in statuses) or not any(fits(s, expected) for s in statuses):
        return [f"statuses {statuses} of two runs at once, expected {expected.status}"]
    return state(db, expected)
