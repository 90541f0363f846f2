"""Coming back: exactly after the last event that was seen, across kills and restarts."""

import json
import signal
import threading
import time

import pytest

from processes import end, wait_until, weir

QUERY_NAMES = ["last_event_id", "lastEventID", "lastEventId", "Last-Event-ID"]


def test_a_stream_resumes_exactly_after_the_last_event_id(site):
    ids = site.publish_all(str(number) for number in range(10))
    with site.stream(headers={"Last-Event-ID": ids[3]}) as stream:
        assert [event.id for event in stream.events(6)] == ids[4:]
        live = site.publish_all(["live"])
        assert [event.id for event in stream.events(1)] == live


@pytest.mark.parametrize("name", QUERY_NAMES)
def test_the_query_may_name_the_last_event_where_headers_cannot_be_set(site, name):
    ids = site.publish_all(["a", "b"])
    with site.stream(f"/sse?{name}={ids[0]}") as stream:
        assert stream.event().id == ids[1]


def test_the_header_goes_before_the_query(site):
    ids = site.publish_all(["a", "b", "c"])
    with site.stream(f"/sse?last_event_id={ids[0]}", {"Last-Event-ID": ids[1]}) as stream:
        assert stream.event().id == ids[2]


def test_only_events_of_the_topic_are_replayed(site):
    first = site.publish_all(["1"], topic="a")[0]
    for number in range(30):
        site.publish_all([f"b {number}"], topic="b")
    site.publish_all(["2"], topic="a")
    with site.stream("/sse/a", {"Last-Event-ID": first}) as stream:
        assert stream.event().data == "2"


def test_a_subscriber_of_another_queue_is_told_that_events_are_missing(site):
    ids = site.publish_all(["a", "b"])
    epoch = ids[0].split("-")[0]
    other = f"{(int(epoch, 16) + 1) & 0xFFFFFFFF:08x}-7"
    with site.stream(headers={"Last-Event-ID": other}) as stream:
        gap = stream.event()
        assert gap.type == "weir.gap"
        assert json.loads(gap.data)["requested"] == other
        assert stream.data(2) == ["a", "b"]


@pytest.mark.parametrize("sequence", [999, 2**63, 2**64 - 1])
def test_an_id_ahead_of_the_queue_is_told_and_goes_on_with_what_comes(site, sequence):
    (id_,) = site.publish_all(["a"])
    epoch = id_.split("-")[0]
    with site.stream(headers={"Last-Event-ID": f"{epoch}-{sequence}"}) as stream:
        assert stream.event().type == "weir.gap"
        assert json.loads(site.publish("live").body)["id"]
        events = [stream.event()]
        if events[0].data == "a":
            events.append(stream.event())
        assert events[-1].data == "live"


@pytest.mark.parametrize("id_", ["x", "7", "zzzzzzzz-1", "6F2A91C4-1", "6f2a91c4-01", "-", "🙂"])
def test_an_id_that_weir_never_gave_does_no_harm(site, id_):
    site.publish_all(["a"])
    with site.stream(headers={"Last-Event-ID": id_.encode().decode("latin-1")}) as stream:
        assert stream.status == 200
        site.publish_all(["live"])
        while stream.event().data != "live":
            pass


def test_little_of_a_long_id_is_repeated(site):
    id_ = ("e" + "\u0301" * 1000).encode().decode("latin-1")
    with site.stream(headers={"Last-Event-ID": id_}) as stream:
        gap = stream.event()
    assert gap.type == "weir.gap"
    assert 0 < len(json.loads(gap.data)["requested"].encode()) <= 64


def now():
    """The time as weir takes it for an id."""
    return f"@{time.time():.3f}"


def test_a_time_asks_for_everything_that_was_published_since_then(site):
    site.publish_all(["before"])
    time.sleep(0.01)
    since = now()
    with site.stream(headers={"Last-Event-ID": since}) as stream:
        id_ = stream.line() and stream.line().removeprefix("id: ")
        ids = site.publish_all(["a", "b"], topic="other") + site.publish_all(["c", "d"])
        assert [event.id for event in stream.events(2)] == ids[2:]
    for headers, query in [({"Last-Event-ID": since}, ""), ({}, f"?last_event_id={since}"),
                           ({"Last-Event-ID": id_}, "")]:
        with site.stream(f"/sse{query}", headers) as stream:
            assert [(event.type, event.data) for event in stream.events(2)] == [("message", "c"), ("message", "d")]
            assert stream.last_event_id == ids[3]
    time.sleep(0.01)
    with site.stream(headers={"Last-Event-ID": now()}) as stream:
        site.publish_all(["after"])
        assert stream.data(1) == ["after"]


def test_a_time_whose_events_are_gone_or_that_has_not_come_is_told_as_a_gap(make_site):
    site = make_site("--retention-count", "8")
    since = now()
    site.publish_all(str(number) for number in range(30))

    def first(id_):
        with site.stream(headers={"Last-Event-ID": id_}) as stream:
            return stream.event()

    wait_until(lambda: first(since).type == "weir.gap", "retention")
    gap = json.loads(first(since).data)
    assert (gap["requested"], gap["reason"]) == (since, "expired")
    assert first(f"@{time.time() + 60:.3f}").type == "weir.gap"
    assert json.loads(first(f"@{time.time() + 60:.3f}").data)["reason"] == "ahead"
    assert json.loads(first("@soon").data)["reason"] == "unknown-epoch"


# --- While weir is away ---


def retry_block(site, path="/sse", headers=None):
    """The fields of the stream that nginx makes up."""
    answer = site.request("GET", path, headers=headers or {})
    assert answer.status == 200 and answer.body.endswith(b"\n\n") and answer.body.count(b"\n\n") == 1
    return [line for line in answer.body.decode().splitlines() if line and not line.startswith(":")]


def test_while_weir_is_away_a_stream_without_an_id_is_given_the_time(site):
    site.publish_all(["before"])
    site.kill_weir()
    time.sleep(0.01)
    begin = time.time()
    retry, id_ = retry_block(site)
    assert retry == "retry: 2000"
    assert begin - 0.5 < float(id_.removeprefix("id: @")) <= time.time()
    weir("publish", "--queue", site.queue, "while weir is away")
    site.start_weir()
    site.publish_all(["before it is back"])
    with site.stream(headers={"Last-Event-ID": id_.removeprefix("id: ")}) as stream:
        assert stream.data(2) == ["while weir is away", "before it is back"]


ID = "6f2a91c4-42"


@pytest.mark.parametrize("header, query, expected", [
    (ID, "", ID), ("@1732147200.123", "", "@1732147200.123"), (ID, "?last_event_id=6f2a91c4-7", ID),
    *[(None, f"?{name}={ID}", ID) for name in QUERY_NAMES],
    (None, f"?topic=a&last_event_id={ID}&topic=b", ID),
    (None, f"?last_event_id=6f2a91c4-7&last_event_id={ID}", ID),
    (None, "?last_event_id=@1732147200.123", "@1732147200.123"),
    (None, "?last_event_id=%401732147200.123", "@1732147200.123"),
    # What can be no id of weir is left as the client has it, and never repeated.
    *[(bad, "", None) for bad in ("x", "1\tid: 7", "6f2a91c4-42 data: x", "6F2A91C4-42", "@", "@1.2\\n\\ndata: x")],
    *[(None, f"?{query}", None) for query in (
        "last_event_id=x", "last_event_id=6f2a91c4-42%0Adata:%20x", "last%5Fevent%5Fid=6f2a91c4-42",
        "last_event_id=6f2a91c4-42%0A%0Adata:x", "lastEventId=%0d%0adata:x")],
    # An empty one is none.
    ("", "?last_event_id=", "time"), (None, "?topic=last_event_id", "time"),
    (None, "?topic=last_event_id=6f2a91c4-42", "time"),
])
def test_while_weir_is_away_an_id_stays_what_it_is(site, header, query, expected):
    site.kill_weir()
    lines = retry_block(site, f"/sse{query}", {} if header is None else {"Last-Event-ID": header})
    assert lines[0] == "retry: 2000"
    if expected == "time":
        assert len(lines) == 2 and lines[1].startswith("id: @")
    else:
        assert lines[1:] == ([f"id: {expected}"] if expected else [])


def test_everything_acknowledged_outlives_a_kill(site):
    ids = site.publish_all(str(number) for number in range(20))
    site.kill_weir()
    site.start_weir()
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        assert [event.id for event in stream.events(19)] == ids[1:]
    (after,) = site.publish_all(["after"])
    assert int(after.split("-")[1]) == 21


def test_while_weir_is_away_a_stream_is_told_to_come_back(site):
    site.kill_weir()
    with site.stream() as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.rest() == []
        assert stream.retry == 2000


def test_a_stop_ends_streams_cleanly(site):
    with site.stream() as stream:
        site.publish_all(["a"])
        assert end(site.weir, signal.SIGTERM) == 0
        # http.client raises where the last chunk is missing.
        assert [event.data for event in stream.rest()] == ["a"]
    assert "stopped" in site.log.read_text().splitlines()[-1]


def test_nothing_is_lost_or_seen_twice_while_weir_is_killed_and_started_again(site):
    acknowledged = []
    done = threading.Event()

    def publish():
        number = 0
        while not done.is_set():
            try:
                answer = site.publish(str(number))
            except OSError:
                continue
            if answer.status == 200:
                acknowledged.append(answer.json()["id"])
                number += 1

    publisher = threading.Thread(target=publish)
    seen = []
    stream = site.stream()
    publisher.start()
    try:
        for _ in range(4):
            wait_until(lambda count=len(acknowledged): len(acknowledged) > count + 20, "publishes")
            site.kill_weir()
            time.sleep(0.05)
            site.start_weir()
    finally:
        done.set()
        publisher.join()
    (last,) = site.publish_all(["last"])
    while not seen or seen[-1].id != last:
        try:
            event = stream.event()
        except (OSError, ValueError, AssertionError):
            event = None
        if event is None:
            stream.close()
            known = {"Last-Event-ID": seen[-1].id} if seen else {}
            stream = site.stream(headers=known)
            continue
        seen.append(event)
    stream.close()
    ids = [event.id for event in seen]
    assert not [event for event in seen if event.type != "message"]
    sequences = [int(id_.split("-")[1]) for id_ in ids]
    assert sequences == list(range(sequences[0], sequences[-1] + 1)), "in order, once, no gap"
    assert set(acknowledged) <= set(ids)
