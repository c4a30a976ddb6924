"""What every Python client is asked to do; the client's script says how.

A driver gives: create(topic, partitions), delete(topic), produce(topic, records, codec) with records of
(partition, key, value, headers), consume(topic, group, count) -> list of (partition, offset, key, value,
headers) after which the group's offsets are committed, ends(topic) -> {partition: (first, end)}.
"""
import sys
import time


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def round_trip(driver, codec):
    topic = f"trip-{codec or 'plain'}"
    driver.create(topic, 3)
    sent = [(n % 3, b"key-%d" % n, b"value-%d-" % n + b"x" * (n % 50), [("n", b"%d" % n)]) for n in range(300)]
    driver.produce(topic, sent, codec)
    got = driver.consume(topic, f"group-{topic}", len(sent))
    expect(len(got) == len(sent), f"{topic}: {len(got)} records instead of {len(sent)}")
    for partition in range(3):
        mine = [g for g in got if g[0] == partition]
        expect([g[1] for g in mine] == list(range(100)), f"{topic}: offsets of partition {partition} are dense")
        want = [(r[1], r[2], r[3]) for r in sent if r[0] == partition]
        expect([(g[2], g[3], g[4]) for g in mine] == want, f"{topic}: key, value, headers in order")


def resume(driver):
    topic, group = "resume", "group-resume"
    driver.create(topic, 1)
    driver.produce(topic, [(0, None, b"first-%d" % n, []) for n in range(10)], None)
    expect(len(driver.consume(topic, group, 10)) == 10, "resume: the first ten")
    driver.produce(topic, [(0, None, b"second-%d" % n, []) for n in range(5)], None)
    again = driver.consume(topic, group, 5)
    expect([g[3] for g in again] == [b"second-%d" % n for n in range(5)], f"resume: only what is new, got {again}")


def bounds(driver):
    topic = "bounds"
    driver.create(topic, 2)
    driver.produce(topic, [(1, None, b"x", [])] * 7, None)
    expect(driver.ends(topic) == {0: (0, 0), 1: (0, 7)}, f"bounds: {driver.ends(topic)}")


def create_twice_and_delete(driver):
    driver.create("twice", 1)
    try:
        driver.create("twice", 1)
    except Exception as error:  # each client has its own class for it
        expect("exist" in (type(error).__name__ + str(error)).lower(), f"create twice: {error!r}")
    else:
        raise AssertionError("creating a topic twice must fail")
    driver.delete("twice")
    for _ in range(50):
        if "twice" not in driver.topics():
            break
        time.sleep(0.1)
    expect("twice" not in driver.topics(), "a deleted topic is gone")


def main(make_driver):
    bootstrap, name = sys.argv[1], sys.argv[2]
    driver = make_driver(bootstrap)
    for codec in driver.codecs:
        round_trip(driver, codec)
        print(f"  {name}: round trip with {codec or 'no'} compression")
    for story in (resume, bounds, create_twice_and_delete):
        story(driver)
        print(f"  {name}: {story.__name__.replace('_', ' ')}")
    if hasattr(driver, "own_stories"):
        driver.own_stories(expect)
        print(f"  {name}: {driver.own}")
    driver.close()
