"""Subscribing with GET /sse, through nginx."""

import http.client

import pytest

from processes import PATIENCE_SECONDS, weir


def test_a_stream_is_answered_at_once_and_unbuffered(site):
    with site.stream() as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        # Each event is read before the next one is published: nothing waits for more.
        for number in range(5):
            site.publish_all([f"event {number}"])
            assert stream.event().data == f"event {number}"


def test_a_proxy_in_front_of_nginx_is_asked_not_to_buffer(site):
    with site.stream() as stream:
        assert stream.headers.get_all("X-Accel-Buffering") == ["no"]


def test_a_stream_begins_with_what_is_published_after_it(site):
    site.publish_all(["before"])
    with site.stream() as stream:
        site.publish_all(["after"])
        assert stream.event().data == "after"
        assert 2000 <= stream.retry <= 3000


def test_every_subscriber_gets_every_event_in_publish_order(site):
    streams = [site.stream() for _ in range(20)]
    ids = site.publish_all(str(number) for number in range(50))
    for stream in streams:
        assert [event.id for event in stream.events(50)] == ids
        stream.close()


def test_topics_keep_streams_apart_in_all_three_spellings(site):
    spellings = ["/sse/orders", "/sse?topic=orders", "/sse?stream=orders", "/sse/?topic=orders"]
    streams = [site.stream(path) for path in spellings]
    with site.stream() as default:
        site.publish_all(["not for orders"])
        site.publish_all(["for orders"], topic="orders")
        site.publish_all(["end"])
        for stream in streams:
            assert stream.event().data == "for orders"
            stream.close()
        assert default.data(2) == ["not for orders", "end"]


def test_one_stream_may_carry_several_topics_and_patterns(site):
    with site.stream("/sse?topic=a&topic=b.*") as stream:
        for topic in ["a", "c", "b", "b.x", "b.x.y", "a.x", "b.%20 ü"]:
            site.publish_all([topic], topic=topic)
        site.publish_all(["end"], topic="a")
        assert stream.data(4) == ["a", "b.x", "b.%20 ü", "end"]


@pytest.mark.parametrize("path", ["/sse/%0A", "/sse?topic=", "/sse/" + "x" * 300, "/sse?topic=%ff"])
def test_a_bad_topic_is_told(site, path):
    answer = site.request("GET", path)
    assert answer.status == 400
    assert answer.problem()["code"] in ("invalid_topic", "invalid_utf8")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_told_which_ones_are_taken(site, method):
    answer = site.request(method, "/sse")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.problem()["code"] == "method_not_allowed"


def test_head_gets_the_headers_alone(site):
    answer = site.request("HEAD", "/sse")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream"


def test_a_silent_stream_gets_comments(make_site):
    site = make_site("--heartbeat", "0.2")
    with site.stream() as stream:
        # The first line is the retry field; a comment can come before any event.
        assert stream.line().startswith("retry: ")
        while stream.line() != ":":
            pass
        site.publish_all(["Hello"])
        assert stream.event().data == "Hello"


def test_a_stream_is_told_an_id_at_once_so_that_it_misses_nothing_whenever_it_breaks(make_site):
    site = make_site("--heartbeat", "0.2")
    site.publish_all(["before"])
    with site.stream() as stream:
        lines = [stream.line() for _ in range(6)]
    assert lines[0].startswith("retry: ") and lines[2:] == ["", ":", ":", ":"]
    id_ = lines[1].removeprefix("id: ")
    site.publish_all(["while it was away"])
    with site.stream(headers={"Last-Event-ID": id_}) as stream:
        event = stream.event()
        assert (event.type, event.data) == ("message", "while it was away")
        assert stream.retry and stream.comments == []


def test_a_quiet_topic_is_told_a_new_id_when_a_thousand_other_events_have_passed(make_site):
    site = make_site("--heartbeat", "0.2")
    with site.stream("/sse/quiet") as stream:
        site.publish_all(["x"], topic="quiet")
        first = stream.event().id
        lines = [stream.line() for _ in range(3)]
        assert lines == [":", ":", ":"], "nothing has passed: a checkpoint would spare nothing"
        lines = "".join('{"message": "y", "topic": "busy"}\n' for _ in range(1000))
        assert weir("import", "-q", site.queue, stdin=lines).returncode == 0
        line = stream.line()
        while line == ":":
            line = stream.line()
        assert line == f"id: {first.split('-')[0]}-1001"


def test_no_checkpoints_are_sent_where_they_are_switched_off(make_site):
    site = make_site("--heartbeat", "0.2", "--no-checkpoints")
    with site.stream() as stream:
        assert stream.line().startswith("retry: ")
        assert [stream.line() for _ in range(3)] == [":", ":", ":"]


def test_large_and_small_events_come_in_order_and_whole(site):
    sizes = [10, 16_000, 17_000, 200_000, 5, 900_000, 64_000, 32_768, 1, 65_536]
    messages = [f"{number} " + "x" * size for number, size in enumerate(sizes)]
    with site.stream() as one, site.stream() as two:
        ids = site.publish_all(messages)
        assert one.data(len(messages)) == messages
        assert two.data(len(messages)) == messages
        site.publish_all(["and on"])
        assert one.event().data == "and on"
    with site.stream(headers={"Last-Event-ID": ids[0]}) as late:
        assert late.data(len(messages) - 1) == messages[1:]


def test_subscribers_are_logged_as_they_come_and_go(site):
    stream = site.stream("/sse/orders")
    assert "orders" in site.wait_for_log("stream opened", "remote=127.0.0.1")
    assert site.count_log("stream closed") == 0
    stream.close()
    assert "orders" in site.wait_for_log("stream closed", "remote=127.0.0.1")


def test_a_subscriber_that_leaves_while_events_flow_harms_nobody(site):
    leaving = [site.stream() for _ in range(10)]
    with site.stream() as staying:
        for number, stream in enumerate(leaving):
            site.publish_all([str(number)])
            stream.close()
        assert staying.data(10) == [str(number) for number in range(10)]
    for number in range(10):
        site.wait_for_log("stream closed")


def test_a_subscriber_that_does_not_read_holds_nobody_up_and_gets_everything_later(site):
    with site.stream() as slow, site.stream() as quick:
        messages = [f"{number} " + "x" * 100_000 for number in range(150)]
        for message in messages:
            site.publish_all([message])
            assert quick.event().data == message
        assert slow.data(len(messages)) == messages


def test_a_path_that_is_no_stream_is_not_found(site):
    answer = site.request("GET", "/ssex")
    assert answer.status == 404


def test_a_stream_works_for_a_client_of_http_1_0(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE_SECONDS)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    connection.request("GET", "/sse")
    response = connection.getresponse()
    site.publish_all(["old"])
    lines = [response.readline() for _ in range(4)]
    assert lines[3] == b"data: old\n"
    response.close()
    connection.close()


@pytest.mark.parametrize("query, words", [
    ("topc=a", ["'topc'", "did you mean 'topic'?"]), ("topcs=a", ["did you mean 'topics'?"]),
    ("lasteventid=x", ["did you mean 'last_event_id'?"]), ("count=1", ["a stream takes"]),
    ("orders", ["'orders'", "a stream takes"]),
])
def test_a_parameter_that_there_is_not_is_refused_with_the_nearest(site, query, words):
    answer = site.request("GET", f"/sse?{query}")
    problem = answer.problem()
    assert (answer.status, problem["code"]) == (400, "invalid_parameter")
    assert all(word in problem["detail"] for word in words), problem["detail"]


def test_parameters_for_caches_and_whoever_stands_in_front_are_passed_over(site):
    with site.stream("/sse?topic=a&_=1732147200123&access_token=x") as stream:
        assert site.publish("hit", path="/publish/a?_=1&authorization=y").status == 200
        assert stream.data(1) == ["hit"]


@pytest.mark.parametrize("size", [10, 20_000, 300_000])
def test_the_retry_of_an_event_of_the_past_is_not_replayed(site, size):
    own = (2000, 3000)  # what weir itself says at a stream's begin, jittered
    message = "x" * size
    first = site.publish("first").json()["id"]
    with site.stream() as live:
        site.publish(message, event="paid", retry=86_000_000)
        assert live.event().data == message and live.retry == 86_000_000
        with site.stream(headers={"Last-Event-ID": first}) as late:
            event = late.event()
            assert (event.type, event.data) == ("paid", message)
            assert own[0] <= late.retry <= own[1]
            site.publish(message, retry=85_000_000)
            assert late.event().data == message and late.retry == 85_000_000
