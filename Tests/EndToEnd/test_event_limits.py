"""What an event's fields may be: whatever comes in at a door is refused there, or can be read for ever."""

import json
import os
import random
import time

import pytest

from processes import end, start, weir, weir_program

OK, DATA = 0, 65
TIME_MAXIMUM = 253_402_300_799_999
EDGES = [-2**63, -1, 0, 1, 86_400_000, 86_400_001, 999_999_999, 10**9, 10**11 - 1, 10**11, 1_732_147_200_123,
         TIME_MAXIMUM, TIME_MAXIMUM + 1, 10**17, 2**63 // 100, 2**63 // 100 + 1, 10**18, 2**63 - 1]


def imported(state, line):
    return weir("import", "-q", state / "q", stdin=json.dumps(line) + "\n")


def exported(queue):
    return [json.loads(line) for line in weir("export", "-q", queue).stdout.splitlines()]


def now_ms():
    return time.time_ns() // 1_000_000


def crc32c(data):
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def record(epoch, sequence, milliseconds):
    """A record as any weir writes it, of a time that this one would not."""
    body = f"data: {sequence}\nid: {epoch}-{sequence}\n\n"
    front, rest = f": {sequence} {milliseconds} {len(body)} ", f" default\n{body}"
    return f"{front}{crc32c((front + rest).encode()):08x}{rest}".encode()


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("retry", -1, "retry is -1; it is a number of milliseconds from 0 to 86400000"),
        ("retry", 86_400_001, "from 0 to 86400000"),
        ("time", 1_732_147_200, "looks like seconds"),
        ("time", 1_732_147_200_123_456, "looks like microseconds"),
        ("time", 1_732_147_200_123_456_789, "looks like nanoseconds"),
        ("time", -1, "milliseconds since 1970"),
        ("expires", 1_732_147_200, "looks like seconds"),
        ("expires", 2**63 - 2, "looks like nanoseconds"),
        ("expires", -1, "milliseconds since 1970"),
        ("time", 10**30, "'time'"),
        ("retry", 1.5, "'retry'"),
        ("topic", "%" * 256, "the limit is 255"),
        ("event", "x" * 256, "the limit is 255"),
        ("event", "a\nb", "LF"),
    ],
)
def test_an_import_tells_the_line_and_the_range_of_a_field_that_is_none(state, field, value, words):
    lines = [{"message": "one"}, {"message": "two"}, {"message": "three", field: value}]
    result = weir("import", "-q", state / "q", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert result.returncode == DATA
    assert "line 3" in result.stderr and words in result.stderr
    assert "2 events before it are in the queue" in result.stderr
    assert [event["message"] for event in exported(state / "q")] == ["one", "two"]


def test_what_an_import_takes_comes_back_and_stops_nothing(state):
    """Random and extreme values of every field: each line is refused, or exported as it was."""
    seed = int(os.environ.get("WEIR_SEED", random.randrange(2**32)))
    print(f"WEIR_SEED={seed}")
    draw = random.Random(seed)
    texts = ["", "a", " ", "%", "é", "\u0301", "😀", "x" * 300, "line\n: 1 2 3 00000000 t\n", "\r\n", "\0", "id: 1\n\n"]
    taken = []
    for _ in range(120):
        line = {"message": "".join(draw.choices(texts, k=draw.randrange(4)))}
        for field in ("retry", "time", "expires"):
            if draw.random() < 0.4:
                line[field] = draw.choice(EDGES) + draw.randrange(-1, 2)
        for field in ("topic", "event"):
            if draw.random() < 0.4:
                line[field] = "".join(draw.choices(texts[1:7], k=draw.randrange(1, 90)))
        result = imported(state, line)
        assert result.returncode in (OK, DATA), (line, result.stderr)
        if result.returncode == OK:
            taken.append(line)
    before = now_ms()
    assert weir("publish", "-q", state / "q", "after").returncode == OK
    found = exported(state / "q")
    assert len(found) == len(taken) + 1
    last = 0
    for line, event in zip(taken, found):
        message = line["message"].replace("\r\n", "\n").replace("\r", "\n")
        assert event["message"] == message
        for field in ("retry", "expires"):
            assert event.get(field) == line.get(field), line
        assert event["topic"] == line.get("topic", "default")
        assert event.get("event") == line.get("event")
        assert last <= event["time"] <= now_ms()
        if last < line.get("time", 0) <= before:
            assert event["time"] == line["time"]
        last = event["time"]
    assert before <= found[-1]["time"] <= now_ms()
    assert weir("check", "-q", state / "q").returncode == OK


def test_times_in_the_future_become_now_and_the_import_says_how_many(state):
    times = [now_ms() - 5000, now_ms() + 3_600_000, now_ms() + 3_600_000, None]
    lines = [{"message": "x"} | ({} if time_ is None else {"time": time_}) for time_ in times]
    result = weir("import", "-q", state / "q", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert result.returncode == OK
    assert result.stdout == "4 events imported\n"
    assert "2 events have times in the future" in result.stderr
    first, *others = [event["time"] for event in exported(state / "q")]
    assert first == times[0]
    assert all(now_ms() - 20_000 < other <= now_ms() for other in others)


def test_an_older_queue_with_times_in_the_future_gets_well(state):
    """As a weir before wrote them: a month ahead, and nanoseconds, which it could not read any more."""
    month_ahead = now_ms() + 30 * 86_400_000
    queue = state / "q"
    assert weir("import", "-q", queue, stdin='{"message": "first"}\n').returncode == OK
    epoch = (queue / "epoch").read_text().split()[2]
    with open(queue / f"{1:020}.sse", "ab") as segment:
        segment.write(record(epoch, 2, month_ahead))
        segment.write(record(epoch, 3, time.time_ns()))
    serve = start(
        weir_program(), "serve", "-q", queue, "--socket", state / "s", "--retention-age", "2s")
    try:
        deadline = time.monotonic() + 30
        published = 0
        while True:
            result = weir("publish", "-q", queue, "new")
            assert result.returncode == OK, result.stderr
            published += 1
            events = exported(queue)
            assert events[-1]["message"] == "new"
            if published == 1:
                assert [event["message"] for event in events] == ["first", "2", "3", "new"]
            assert abs(now_ms() - events[-1]["time"]) < 10_000
            if all(event["message"] == "new" for event in events):
                break
            assert time.monotonic() < deadline, "retention by age stands still"
            time.sleep(0.2)
    finally:
        end(serve)
