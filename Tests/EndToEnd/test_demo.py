"""The demo sources, and reading streams from other origins."""

import datetime
import json

import pytest

from processes import weir


def parse_time(text):
    assert "." in text and text.endswith("Z")
    return datetime.datetime.fromisoformat(text)


def test_the_time_stream_counts_and_ends_where_it_was_asked_to(demo):
    with demo.stream("/sse/time?count=100&interval=15ms") as stream:
        events = stream.rest()
    assert [event.type for event in events] == ["time"] * 100
    assert [event.id for event in events] == [str(number) for number in range(1, 101)]
    times = [parse_time(event.data) for event in events]
    assert times == sorted(times)
    assert times[0].tzinfo is not None


def test_a_time_stream_that_is_over_tells_the_browser_not_to_come_back(demo):
    answer = demo.request("GET", "/sse/time?count=3&interval=15ms", headers={"Last-Event-ID": "3"})
    assert answer.status == 204


def test_the_time_stream_goes_on_every_second_without_being_asked(demo):
    with demo.stream("/sse/time") as stream:
        first, second = (parse_time(event.data) for event in stream.events(2))
        assert 0.9 < (second - first).total_seconds() < 10


def test_the_dashboard_says_when_there_is_nothing_and_then_shows_numbers(demo):
    with demo.stream("/sse/dashboard") as stream:
        users = [json.loads(event.data) for event in stream.events(2)]
        assert stream.comments[0] == "nothing to send"
    for user in users:
        assert list(user) == ["User"]
        assert 0 <= user["User"] < 1 << 32


def test_the_default_stream_shows_the_time_and_published_events_go_before(demo):
    with demo.stream() as stream:
        clock = stream.event()
        assert clock.id.endswith("-0"), "the id that a stream of an empty queue is told"
        parse_time(clock.data)
        ids = demo.publish_all(["1", "2", "3"])
        shown = [event for event in stream.events(3)]
        assert [event.id for event in shown] == ids
        again = stream.event()
        parse_time(again.data)
        assert again.id == ids[-1], "the clock leaves the last event id alone"


@pytest.mark.parametrize("name", ["time", "dashboard"])
def test_a_demo_with_long_intervals_gets_comments_in_between(make_site, name):
    demo = make_site("--demo", "--heartbeat", "0.2")
    with demo.stream(f"/sse/{name}?interval=1h") as stream:
        lines = [stream.line() for _ in range(5)]
    assert lines[0].startswith("retry: ")
    assert lines[-3:] == [":", ":", ":"]


def test_demo_events_are_never_in_the_queue(demo):
    with demo.stream() as clock, demo.stream("/sse/time?interval=10ms") as time:
        time.events(20)
        clock.event()
    result = weir("check", "--queue", demo.queue)
    assert result.returncode == 0
    assert list(demo.queue.glob("*.sse")) == [] or not any(
        path.stat().st_size for path in demo.queue.glob("*.sse")
    )


def test_without_demo_the_names_are_topics_like_others(site):
    with site.stream("/sse/time") as stream:
        site.publish_all(["noon"], topic="time")
        assert stream.event().data == "noon"


@pytest.mark.parametrize(
    "query, field",
    [("count=0", "count"), ("count=x", "count"), ("interval=0", "interval"), ("interval=1e9", "interval")],
)
def test_a_bad_parameter_of_a_demo_is_told(demo, query, field):
    answer = demo.request("GET", f"/sse/time?{query}")
    assert (answer.status, answer.problem()["field"]) == (400, field)


ELSEWHERE = {"Origin": "https://elsewhere.example"}


def test_the_demo_lets_every_origin_read(demo):
    with demo.stream(headers=ELSEWHERE) as stream:
        assert stream.headers["Access-Control-Allow-Origin"] == "*"


def test_a_preflight_is_answered(demo):
    answer = demo.request(
        "OPTIONS", "/sse", headers=ELSEWHERE | {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "last-event-id",
        },
    )
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert "last-event-id" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_without_configuration_no_other_origin_may_read(site):
    with site.stream(headers=ELSEWHERE) as stream:
        assert "Access-Control-Allow-Origin" not in stream.headers


def test_the_named_origin_may_read_and_others_may_not(make_site):
    site = make_site("--cors-origin", "https://elsewhere.example")
    with site.stream(headers=ELSEWHERE) as stream:
        assert stream.headers["Access-Control-Allow-Origin"] == "https://elsewhere.example"
        assert "Origin" in stream.headers["Vary"]
    with site.stream(headers={"Origin": "https://other.example"}) as stream:
        assert stream.headers["Access-Control-Allow-Origin"] is None
