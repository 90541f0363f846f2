"""What a stream is of, and where it begins: every spelling, with curl as people type it."""

import json
import subprocess
import threading
import time

import pytest

from processes import PATIENCE_SECONDS, end, wait_until, weir


def curl(site, path, *arguments, seconds=PATIENCE_SECONDS):
    """What curl prints of a stream or an answer."""
    result = subprocess.run(
        ["curl", "-sN", "--max-time", str(seconds), *arguments, f"{site.address}{path}"],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    return result.stdout


def first(site, path, count, headers=None):
    """The data of a stream's first events."""
    with site.stream(path, headers) as stream:
        return stream.data(count)


@pytest.fixture
def orders(site):
    """A site with events a1, b2, c3, a4, n5 of topics a, b, c and one with a comma, and their ids."""
    topics = ["a", "b", "c", "a", "n,m"]
    site.ids = [
        site.publish_all([f"{topic[0]}{number}"], topic=topic, event=f"e{number % 2}")[0]
        for number, topic in enumerate(topics, 1)
    ]
    return site


@pytest.mark.parametrize("path, expected", [
    ("/sse/a?since=all", ["a1", "a4"]),
    ("/sse?topic=a&topic=b&since=all", ["a1", "b2", "a4"]),
    ("/sse?topics=a,b&since=all", ["a1", "b2", "a4"]),
    ("/sse/c?topics=a,b&since=all", ["a1", "b2", "c3", "a4"]),
    ("/sse?stream=c&since=all", ["c3"]),
    ("/sse?topics=*&since=all", ["a1", "b2", "c3", "a4", "n5"]),
    ("/sse?topic=n,m&since=all", ["n5"]),
    ("/sse/n,m?since=all", ["n5"]),
    ("/sse?topic=%3E&event=e1&since=all", ["a1", "c3", "n5"]),
    ("/sse?topic=%3E&event=x,e0&since=all", ["b2", "a4"]),
    ("/sse?topic=%3E&event=e0&event=e1&since=all", ["a1", "b2", "c3", "a4", "n5"]),
])
def test_topics_and_names_choose_what_comes(orders, path, expected):
    assert first(orders, path, len(expected)) == expected
    orders.publish("live", topic="a", event="e1")
    if "event" not in path and "n,m" not in path and "stream=c" not in path:
        assert first(orders, path, len(expected) + 1) == expected + ["live"]


def test_a_name_keeps_live_events_too_and_message_is_the_name_of_those_without_one(site):
    with site.stream("/sse?event=paid,message") as stream:
        for name in ("paid", "other", None, "message", "paid"):
            site.publish(str(name), **({"event": name} if name else {}))
        assert stream.data(4) == ["paid", "None", "message", "paid"]


@pytest.mark.parametrize("form", ["id", "@", "seconds", "milliseconds", "rfc", "zone", "ago"])
def test_a_stream_begins_since_an_id_or_a_time(site, form):
    (before,) = site.publish_all(["before"])
    # A second before it, so that an age in whole seconds leaves it out.
    begin = time.time()
    time.sleep(1.05 if form in ("ago", "rfc", "zone") else 0.01)
    now = time.time()
    site.publish_all(["after"])
    whole = time.gmtime(begin + 1)
    since = {
        "id": before,
        "@": f"@{now:.3f}",
        "seconds": f"{now:.3f}",
        "milliseconds": str(int(now * 1000)),
        "rfc": time.strftime("%Y-%m-%dT%H:%M:%SZ", whole),
        # As curl sends a plus sign: a query's space.
        "zone": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", whole),
        "ago": "1s",
    }[form]
    assert first(site, f"/sse?since={since}", 1) == ["after"]


def test_all_is_what_is_there_without_a_gap(make_site):
    site = make_site("--retention-count", "8")
    site.publish_all(str(number) for number in range(30))

    def begins_later():
        with site.stream("/sse?since=all") as stream:
            oldest = stream.event()
        # One that retention removes between the look and the reading is a gap, once.
        return oldest.type == "message" and oldest.data != "0"

    wait_until(begins_later, "retention")


def test_on_a_reconnect_the_header_wins(orders):
    with orders.stream("/sse?topic=%3E&since=all") as stream:
        last = [stream.event() for _ in range(3)][-1]
    assert last.data == "c3"
    assert first(orders, "/sse?topic=%3E&since=all", 2, {"Last-Event-ID": last.id}) == ["a4", "n5"]


@pytest.mark.parametrize("query, field", [
    ("since=soon", "since"), ("since=", "since"), ("since=10", "since"), ("since=all&since=all", "since"),
    ("event=", "event"), ("topics=a,,b", "topic"), ("evnt=a", "evnt"),
])
def test_what_is_wrong_is_said(site, query, field):
    problem = site.request("GET", f"/sse?{query}").problem()
    assert problem["field"] == field and problem["status"] == 400, problem


def test_while_weir_is_away_who_asks_for_the_past_is_given_no_id(site):
    site.kill_weir()
    assert "id:" not in curl(site, "/sse?since=all")
    assert "id:" not in curl(site, "/sse?topic=a&since=10m")
    assert "id: @" in curl(site, "/sse?since=now")
    assert "id: 6f2a91c4-1\n" in curl(site, "/sse?since=all", "-H", "Last-Event-ID: 6f2a91c4-1")


# --- The last events, and polls ---


def ended(site, path, headers=None):
    """All events of a stream that ends."""
    with site.stream(path, headers) as stream:
        return stream.rest()


@pytest.mark.parametrize("path, expected", [
    ("/sse/a?last=1", ["a4"]),
    ("/sse/a?last=1000", ["a1", "a4"]),
    ("/sse?topics=a,b,none&last=1", ["b2", "a4"]),
    ("/sse?topic=*&last=2", ["a4", "n5"]),
    ("/sse?topic=*&topic=b&last=1", ["b2", "n5"]),
    ("/sse?topic=*&event=e1&last=2", ["c3", "n5"]),
    ("/sse/a?since=latest", ["a4"]),
    ("/sse/none?last=5", []),
    ("/sse/a?last=0", []),
])
def test_the_last_events_come_first(orders, path, expected):
    assert [event.data for event in ended(orders, path + "&poll=1")] == expected
    if "event" not in path:
        topic = "a" if "a" in path else "none"
        with orders.stream(path) as stream:
            assert stream.data(len(expected)) == expected
            orders.publish("live", topic="none" if "none?" in path else "a")
            assert stream.data(1) == ["live"], topic


@pytest.mark.parametrize("ending", ["poll=1", "until=now", "poll=true"])
def test_a_poll_is_all_that_is_there_and_ends(orders, ending):
    assert [event.data for event in ended(orders, f"/sse?topic=*&{ending}")] == ["a1", "b2", "c3", "a4", "n5"]
    assert [event.id for event in ended(orders, f"/sse?topic=*&{ending}", {"Last-Event-ID": orders.ids[2]})] \
        == orders.ids[3:]
    assert ended(orders, f"/sse?topic=*&{ending}&since=now") == []
    assert ended(orders, f"/sse?topic=*&{ending}&since={orders.ids[4]}") == []
    # curl takes the end for one.
    result = subprocess.run(["curl", "-sS", f"{orders.address}/sse/b?{ending}"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "") and "data: b2\n" in result.stdout


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson", "application/json"])
def test_a_poll_that_weir_is_stopped_in_does_not_end_as_a_whole_one(make_site, accept):
    site = make_site("--drain", "none")
    for _ in range(20):
        site.publish("x" * 1_000_000)
    process = subprocess.Popen(
        ["curl", "-sN", "--limit-rate", "4M", "-H", f"Accept: {accept}", f"{site.address}/sse?poll=1&signals=live"],
        stdout=subprocess.PIPE, text=True)
    try:
        site.wait_for_log("stream opened")
        end(site.weir)
        got = process.communicate(timeout=PATIENCE_SECONDS)[0]
    finally:
        process.kill()
        process.wait()
    assert len(got) < 20_000_000 and "weir.live" not in got
    if accept == "application/json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(got)


@pytest.mark.parametrize("beginning", ["since=all", "last=2"])
def test_an_eventsource_that_comes_back_goes_on_whatever_its_address_says(orders, beginning):
    path = f"/sse?topic=*&{beginning}"
    with orders.stream(path) as stream:
        count = 5 if beginning == "since=all" else 2
        assert stream.data(count)[-1] == "n5"
        last = stream.last_event_id
    orders.publish("meanwhile", topic="a")
    with orders.stream(path, {"Last-Event-ID": last}) as stream:
        assert stream.data(1) == ["meanwhile"]


# --- Signals ---


@pytest.mark.parametrize("beginning", ["since=all", "last=50", "since=now"])
def test_live_is_told_once_between_what_was_and_what_comes(site, beginning):
    site.publish_all(str(number) for number in range(100))
    done = threading.Event()
    published = [99]

    def publish():
        while not done.is_set():
            site.publish_all([str(published[0] + 1)])
            published[0] += 1

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for _ in range(8):
            with site.stream(f"/sse?{beginning}&signals=live") as stream:
                events = [stream.event()]
                while events[-1].type != "weir.live":
                    events.append(stream.event())
                events += stream.events(5)
            live = [place for place, event in enumerate(events) if event.type == "weir.live"]
            assert len(live) == 1, [event.type for event in events]
            numbers = [int(event.data) for event in events if event.type == "message"]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "none lost, none doubled"
            signal = events[live[0]]
            assert json.loads(signal.data) == {"id": signal.id}
            assert live[0] == 0 or signal.id == events[live[0] - 1].id
            follower = events[live[0] + 1]
            assert sequence(follower.id) == sequence(signal.id) + 1
    finally:
        done.set()
        publisher.join()


def sequence(id_):
    return int(id_.split("-")[1])


def test_a_heartbeat_can_be_an_event_with_the_newest_id(make_site):
    site = make_site("--heartbeat", "0.3")
    with site.stream("/sse/quiet?signals=live,heartbeat") as stream:
        live = stream.event()
        ids = site.publish_all(["a"], topic="other")
        heartbeats = [stream.event()]
        while heartbeats[-1].id != ids[0]:
            heartbeats.append(stream.event())
        heartbeat = heartbeats[-1]
        assert live.type == "weir.live" and {event.type for event in heartbeats} == {"weir.heartbeat"}
        assert json.loads(heartbeat.data) == {"id": ids[0]} and heartbeat.id == ids[0]
        assert stream.comments == []


@pytest.mark.parametrize("query, field", [
    ("last=-1", "last"), ("last=1001", "last"), ("since=all&last=1", "last"), ("poll=2", "poll"),
    ("until=later", "until"), ("signals=lve", "signals"), ("singals=live", "singals"),
])
def test_what_else_is_wrong_is_said(site, query, field):
    problem = site.request("GET", f"/sse?{query}").problem()
    assert problem["field"] == field and problem["status"] == 400, problem


# --- JSON ---

HOSTILE = [
    'plain', '"quoted" \\ back', "line\nline\n", "\r\n\r", "tab\t nul\x00 bell\x07 del\x7f", "é \u2028 🙂 \ufeff",
    "data: x\nid: 6f2a91c4-1\n\nevent: weir.live", '{"json": [1, 2.50]}', "",
]


def json_lines(site, path, headers=None):
    """What a stream of JSON lines has that ends."""
    answer = site.request("GET", path, headers={"Accept": "application/x-ndjson"} | (headers or {}))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.body.decode().split("\n") if line]


def test_lines_of_json_say_what_an_event_stream_says(site):
    site.publish("x" * 300_000 + '"\n\\' * 30_000, topic="large")
    ids = site.publish_all(HOSTILE, topic='t "1" 100%', event="n\\1")
    lines = json_lines(site, "/sse?topic=%3E&poll=1&signals=live")
    assert all(list(line) == ["id", "time", "topics", "event", "data"] for line in lines)
    events = ended(site, "/sse?topic=%3E&poll=1&signals=live")
    assert [(line["id"], line["event"], line["data"]) for line in lines] == \
        [(event.id, event.type, event.data) for event in events]
    assert [line["id"] for line in lines[1:-1]] == ids
    assert lines[-1]["event"] == "weir.live" and json.loads(lines[-1]["data"]) == {"id": ids[-1]}
    assert lines[1]["topics"] == ['t "1" 100%'] and abs(lines[1]["time"] / 1000 - time.time()) < 60
    # As people type it.
    jq = curl(site, "/sse?topic=large&poll=1", "-H", "Accept: application/x-ndjson")
    assert json.loads(jq)["data"] == lines[0]["data"]


def test_lines_of_json_go_on_live_and_break_a_silence_without_a_line(make_site):
    site = make_site("--heartbeat", "0.2")
    process = subprocess.Popen(
        ["curl", "-sN", "-H", "Accept: application/x-ndjson", f"{site.address}/sse?signals=live"],
        stdout=subprocess.PIPE)
    try:
        assert json.loads(process.stdout.readline())["event"] == "weir.live"
        time.sleep(0.7)
        ids = site.publish_all(["a", "b"])
        lines = [process.stdout.readline() for _ in range(2)]
        assert [json.loads(line)["id"] for line in lines] == ids
        assert lines[0].startswith(b"  ") and lines[1].startswith(b"{")
    finally:
        process.kill()
        process.wait()


def test_who_reads_lines_of_json_slowly_gets_them_all(site):
    process = subprocess.Popen(
        ["curl", "-sN", "--limit-rate", "4M", "-H", "Accept: application/x-ndjson",
         f"{site.address}/sse?signals=live"], stdout=subprocess.PIPE)
    try:
        assert json.loads(process.stdout.readline())["event"] == "weir.live"
        sent = [f"{number} " + '"\n' * (20_000 if number % 10 == 0 else 500) for number in range(100)]
        ids = site.publish_all(sent)
        lines = [json.loads(process.stdout.readline()) for _ in sent]
        assert [(line["id"], line["data"]) for line in lines] == list(zip(ids, sent))
    finally:
        process.kill()
        process.wait()


def test_pages_of_json_go_on_where_the_last_one_ends(site):
    weir("import", "--queue", site.queue, stdin="".join(
        json.dumps({"topic": "a", "message": str(number)}) + "\n" for number in range(2300)))
    accept = {"Accept": "application/json"}
    found, since, counts = [], "all", []
    while True:
        answer = site.request("GET", f"/sse/a?poll=1&since={since}", headers=accept)
        assert answer.headers["Content-Type"] == "application/json"
        page = answer.json()
        assert list(page) == ["events", "next"]
        counts.append(len(page["events"]))
        if not page["events"]:
            break
        found += [event["data"] for event in page["events"]]
        since = page["next"]
    assert found == [str(number) for number in range(2300)] and counts == [1000, 1000, 300, 0]
    (live,) = site.publish_all(["live"], topic="a")
    page = site.request("GET", f"/sse/a?poll=1&since={since}", headers=accept).json()
    assert [event["id"] for event in page["events"]] == [live] and page["next"] == live


def test_a_gap_is_a_line_too(site):
    site.publish_all(["a"])
    for headers, path in [({"Last-Event-ID": "00000001-7"}, "/sse?poll=1"), ({}, "/sse?poll=1&since=00000001-7")]:
        lines = json_lines(site, path, headers)
        assert [line["event"] for line in lines] == ["weir.gap", "message"]
        assert json.loads(lines[0]["data"])["reason"] == "unknown-epoch"


def test_a_stream_without_an_end_is_no_json_text(site):
    problem = site.request("GET", "/sse", headers={"Accept": "application/json"}).problem()
    assert (problem["status"], problem["code"]) == (406, "not_acceptable") and "poll=1" in problem["detail"]


def test_while_weir_is_away_who_reads_json_is_told_in_json(site):
    site.kill_weir()
    for accept in ("application/x-ndjson", "application/json"):
        answer = site.request("GET", "/sse?poll=1", headers={"Accept": accept})
        assert answer.status == 503 and answer.headers["Retry-After"]
        assert answer.problem()["code"] == "hub_unavailable"
    answer = site.request("GET", "/sse", headers={"Accept": "text/event-stream"})
    assert answer.status == 200 and b"retry: 2000" in answer.body


def test_over_the_limit_who_reads_json_is_told_in_json(make_site):
    site = make_site("--max-streams", "1")
    with site.stream():
        answer = site.request("GET", "/sse", headers={"Accept": "application/x-ndjson"})
        assert answer.status == 503 and answer.headers["Retry-After"]
        assert answer.problem()["code"] == "too_many_streams"


def test_a_time_to_come_begins_with_what_comes(site):
    site.publish("before")
    for since in (int(time.time() * 1000) + 500, int(time.time()) + 30, "2050-01-01T00:00:00Z"):
        with site.stream(f"/sse?poll=1&since={since}") as stream:
            assert stream.event() is None
