"""Publishing with PUT and POST, through nginx."""

import concurrent.futures
import gzip
import json
import socket
import subprocess
import threading
import time

import pytest

from processes import PATIENCE_SECONDS, weir


def shell(command):
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    ).stdout


def test_the_curl_loop_as_people_type_it_arrives_in_its_order(site):
    with site.stream() as stream:
        shell(
            "for i in {1..10}; do curl -X PUT -H 'Content-type: application/json' "
            """--data "{\\"message\\":\\"SSE TEST $i\\"}" http://localhost:8080/publish; done""".replace(
                "localhost:8080", f"127.0.0.1:{site.port}"
            )
        )
        assert stream.data(10) == [f"SSE TEST {number}" for number in range(1, 11)]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_publish_is_answered_with_the_id_that_subscribers_see(site, method):
    with site.stream() as stream:
        answer = site.publish("Hello", method=method)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        acknowledgement = answer.json()
        assert list(acknowledgement) == ["durable", "id", "time", "topic"]
        assert (acknowledgement["durable"], acknowledgement["topic"]) == ("full", "default")
        assert abs(acknowledgement["time"] - time.time() * 1000) < 60_000
        event = stream.event()
        assert (event.type, event.data, event.id) == ("message", "Hello", acknowledgement["id"])


def test_event_topic_and_retry_get_to_the_subscriber(site):
    with site.stream("/sse/orders") as stream:
        answer = site.publish("7", event="paid", topic="orders", retry=1234)
        assert answer.json()["topic"] == "orders"
        event = stream.event()
        assert (event.type, event.data) == ("paid", "7")
        assert stream.retry == 1234


@pytest.mark.parametrize(
    "message, shown",
    [
        ("", ""),
        (" leading space", " leading space"),
        ("two\nlines", "two\nlines"),
        ("two\r\nlines", "two\nlines"),
        ("two\rlines", "two\nlines"),
        ("ends with a line\n", "ends with a line\n"),
        ("\n\nid: 7\n\nevent: x", "\n\nid: 7\n\nevent: x"),
        ("data: not a field", "data: not a field"),
        (": not a comment", ": not a comment"),
        ("Grüße, 世界 👋🏽 \u2028 end", "Grüße, 世界 👋🏽 \u2028 end"),
        ("\ufefftext", "\ufefftext"),
    ],
)
def test_a_message_is_shown_as_it_was_published(site, message, shown):
    with site.stream() as stream:
        site.publish_all([message, "next"])
        event = stream.event()
        assert (event.type, event.data) == ("message", shown)
        assert stream.event().data == "next"


@pytest.mark.parametrize("size", [8_000, 70_000, 1_000_000])
def test_a_large_message_arrives_whole(site, size):
    message = "".join(chr(ord("a") + number % 26) for number in range(size))
    with site.stream() as stream:
        assert site.publish(message).status == 200
        assert stream.event().data == message


def test_a_body_without_a_length_is_taken_too(site):
    with site.stream() as stream:
        shell(
            "curl -sS -X POST -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' "
            f"""--data '{{"message":"chunked"}}' {site.address}/publish"""
        )
        assert stream.event().data == "chunked"


JSON = "application/json"
BAD = {
    "no JSON": (b"Hello", JSON, 400, "malformed_json", None),
    "nothing": (b"", JSON, 400, "malformed_json", None),
    "half of it": (b'{"message":"a"', JSON, 400, "malformed_json", None),
    "more behind it": (b'{"message":"a"}}', JSON, 400, "malformed_json", None),
    "no object": (b'["a"]', JSON, 400, "wrong_type", None),
    "no message": (b"{}", JSON, 400, "missing_message", "message"),
    "a number": (b'{"message":1}', JSON, 400, "wrong_type", "message"),
    "null": (b'{"message":null}', JSON, 400, "wrong_type", "message"),
    "an unknown field": (b'{"message":"a","mesage":"b"}', JSON, 400, "unknown_field", "mesage"),
    "retry as text": (b'{"message":"a","retry":"1"}', JSON, 400, "wrong_type", "retry"),
    "retry below zero": (b'{"message":"a","retry":-1}', JSON, 400, "invalid_retry", "retry"),
    "bad UTF-8": (b'{"message":"\xff"}', JSON, 400, "invalid_utf8", None),
    "LF in event": (b'{"message":"a","event":"a\\nb"}', JSON, 400, "invalid_event", "event"),
    "CR in event": (b'{"message":"a","event":"a\\rb"}', JSON, 400, "invalid_event", "event"),
    "NUL in event": (b'{"message":"a","event":"a\\u0000b"}', JSON, 400, "invalid_event", "event"),
    "a bad topic": (b'{"message":"a","topic":"a\\nb"}', JSON, 400, "invalid_topic", "topic"),
    "a form in parts": (b"message=a", "multipart/form-data; boundary=x", 415, "unsupported_media_type", "Content-Type"),
    "no text": (b"a\xff", None, 400, "invalid_utf8", None),
    "a form of other fields": (b"message=a&colour=red", "application/x-www-form-urlencoded", 400, "unknown_field", "colour"),
    "nothing and no type": (b"", None, 400, "missing_message", "message"),
    "message and data": (b'{"message":"a","data":1}', JSON, 400, "contradiction", "data"),
    "a key without text": (b'{"message":"a","key":""}', JSON, 400, "invalid_key", "key"),
    "too long": (b'{"message":"' + b"a" * (1 << 20) + b'"}', JSON, 413, "body_too_large", None),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_and_nothing_is_queued(site, name):
    body, content_type, status, code, field = BAD[name]
    (before,) = site.publish_all(["before"])
    headers = {"Content-Type": content_type} if content_type else {}
    answer = site.request("POST", "/publish", body, headers)
    problem = answer.problem()
    assert (answer.status, problem["code"], problem.get("field")) == (status, code, field)
    assert answer.headers["Cache-Control"] == "no-store"
    (after,) = site.publish_all(["after"])
    epoch, sequence = before.split("-")
    assert after == f"{epoch}-{int(sequence) + 1}"


def test_a_body_over_weirs_own_limit_is_refused_where_nginx_lets_it_pass(make_site):
    site = make_site(
        configure=lambda text: text.replace("client_max_body_size 1m", "client_max_body_size 9m")
    )
    answer = site.publish("a" * (2 << 20))
    assert (answer.status, answer.problem()["code"]) == (413, "body_too_large")
    assert site.publish("next").json()["id"].endswith("-1")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH"])
def test_other_methods_are_told_which_ones_are_taken(site, method):
    answer = site.request(method, "/publish")
    assert (answer.status, answer.headers["Allow"]) == (405, "PUT, POST, OPTIONS")


def test_many_publishers_at_once_get_one_order_that_every_subscriber_sees(site):
    with site.stream() as one, site.stream() as other:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            ids = dict(
                pool.map(lambda n: (site.publish(str(n)).json()["id"], str(n)), range(400))
            )
        assert len(ids) == 400
        events = one.events(400)
        assert [event.id for event in events] == sorted(ids, key=lambda id_: int(id_.split("-")[1]))
        assert all(ids[event.id] == event.data for event in events)
        assert other.events(400) == events


def test_publishing_while_weir_is_away_is_told_as_a_problem(site):
    site.kill_weir()
    answer = site.publish("lost?")
    assert (answer.status, answer.problem()["code"]) == (503, "hub_unavailable")
    assert answer.headers["Retry-After"] == "1"
    site.start_weir()
    assert site.publish("now").json()["id"].endswith("-1")


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_publish_that_a_worker_dies_of_is_not_sent_to_the_next_one(make_site, state, method):
    with socket.socket(socket.AF_UNIX) as dying:
        dying.bind(str(state / "dying.sock"))
        dying.listen()
        dying.settimeout(PATIENCE_SECONDS)
        swallowed = []

        def take_requests_and_die():
            while True:
                try:
                    connection, _ = dying.accept()
                except OSError:
                    return
                with connection:
                    if b"/publish" in connection.recv(1 << 16):
                        swallowed.append(connection)

        threading.Thread(target=take_requests_and_die, daemon=True).start()
        site = make_site(
            configure=lambda text: text.replace(
                "keepalive 64;", f"server unix:{state}/dying.sock max_fails=0; keepalive 64;"
            )
        )
        answers = [site.publish(str(number), method=method) for number in range(10)]
        dying.shutdown(socket.SHUT_RDWR)
    failed = [answer for answer in answers if answer.status == 503]
    assert len(failed) == len(swallowed) > 0
    assert {answer.problem()["code"] for answer in failed} == {"hub_unavailable"}
    result = weir("check", "--queue", site.queue)
    assert f"{10 - len(failed)} events" in result.stdout


def test_what_was_published_is_in_the_queue_as_json_said(site):
    site.publish_all(["a", "b"])
    result = weir("check", "--queue", site.queue)
    assert result.returncode == 0, result.stderr
    text = (site.queue / "00000000000000000001.sse").read_text()
    assert [line for line in text.splitlines() if line.startswith("data")] == ["data: a", "data: b"]


@pytest.mark.parametrize("name", ["topic", "stream"])
def test_the_query_names_the_topic_as_it_does_for_streams(site, name):
    with site.stream(f"/sse?{name}=orders") as stream:
        assert site.publish("1", path=f"/publish?{name}=orders").json()["topic"] == "orders"
        assert stream.event().data == "1"
    answer = site.publish("2", path=f"/publish/orders?{name}=bills")
    assert (answer.status, answer.problem()["code"]) == (400, "invalid_topic")


@pytest.mark.parametrize("body, headers, status, words", [
    (gzip.compress(b'{"message":"a"}'), {}, 415, ["gzip"]),
    (gzip.compress(b'{"message":"a"}'), {"Content-Encoding": "gzip"}, 415, ["Content-Encoding", "gzip"]),
    (b"\x8b\x03\x80", {"Content-Encoding": "br"}, 415, ["'br'"]),
    ("{\"message\":\"a\"}".encode("utf-16"), {}, 400, ["UTF-16"]),
    (b'{"message":"\xff"}', {}, 400, ["byte 12", "UTF-8"]),
    (b'{"message":"a\nb"}', {}, 400, ["a raw newline", "byte 13"]),
    (b'{"message":"a\0b"}', {}, 400, ["a NUL byte", "byte 13"]),
    (b'{"message":"\\udead"}', {}, 400, ["half of a surrogate pair", "byte 12"]),
    (b'{"message":"a","message":"b"}', {}, 400, ["'message' stands there twice", "byte 15"]),
    (b'{\n  "message": "a",\n  "topic": "b",\n}', {}, 400, ["a comma", "line 3, column 15"]),
])
def test_a_body_that_is_no_json_is_told_what_it_is(site, body, headers, status, words):
    answer = site.request("PUT", "/publish", body, {"Content-Type": "application/json"} | headers)
    problem = answer.problem()
    assert answer.status == status
    assert all(word in problem["detail"] for word in words), problem["detail"]


def test_an_event_of_weirs_own_cannot_be_published(site):
    answer = site.publish("x", event="weir.gap")
    assert (answer.status, answer.problem()["code"], answer.problem()["field"]) == (
        400, "invalid_event", "event")
    assert site.publish("x", event="weirdo").status == 200
    result = weir("publish", "--queue", site.queue, "--event", "weir.gap", "x")
    assert result.returncode == 64 and "weir." in result.stderr
    result = weir("import", "--queue", site.queue, stdin='{"message":"x","event":"weir.live"}\n')
    assert result.returncode == 65 and "line 1" in result.stderr and "weir." in result.stderr
    stream = "event: weir.gap\ndata: {}\n\ndata: a\n\n"
    result = weir("import", "--queue", site.queue, "--format", "event-stream", stdin=stream)
    assert (result.returncode, result.stdout) == (0, "1 events imported\n")
    assert "1 events were passed over" in result.stderr


def test_a_query_that_means_nothing_is_told(site):
    answer = site.publish("1", path="/publish?topci=orders")
    problem = answer.problem()
    assert (answer.status, problem["code"], problem["field"]) == (400, "invalid_parameter", "topci")


@pytest.mark.parametrize("path", ["/publish/%FF", "/publish?topic=%FF"])
def test_a_topic_that_is_not_utf_8_is_told(site, path):
    answer = site.publish("1", path=path)
    assert answer.status == 400
    assert answer.problem()["code"] in ("invalid_topic", "invalid_utf8")
    assert site.publish("next").json()["id"].endswith("-1")


def test_the_path_names_the_topic_and_may_not_contradict_the_body(site):
    with site.stream("/sse/orders") as stream:
        assert site.publish("1", path="/publish/orders").json()["topic"] == "orders"
        assert stream.event().data == "1"
    answer = site.publish("2", path="/publish/orders", topic="bills")
    assert answer.problem()["code"] == "invalid_topic"
    assert json.loads(answer.body)["field"] == "topic"
