"""Bodies of every type, fields beside them, and answers, with curl as people type it, through nginx."""

import json

import pytest

from test_publish import shell


def curl(site, line):
    """Types a line as it would be typed at localhost:8080; returns what it prints."""
    return shell(line.replace("http://localhost:8080", site.address))


def described(event):
    return event.type, event.data


# A line, and the type and data of the event on the topic ops.
LINES = [
    ("curl -d 'backup done' http://localhost:8080/publish/ops", ("message", "backup done")),
    ("curl -d 'a=b&c=100%25' http://localhost:8080/publish/ops", ("message", "a=b&c=100%25")),
    ("curl -d '{\"temperature\": 21.50}' http://localhost:8080/publish/ops", ("message", '{"temperature": 21.50}')),
    ("echo done | curl -T - http://localhost:8080/publish/ops", ("message", "done\n")),
    ("printf '\\357\\273\\277a\\r\\nb' | curl --data-binary @- -H 'Content-Type: text/plain' "
     "http://localhost:8080/publish/ops", ("message", "a\nb")),
    ("curl -d message=done -d topic=ops -d event=backup http://localhost:8080/publish", ("backup", "done")),
    ("curl --data-urlencode 'message=50 % & more' http://localhost:8080/publish/ops", ("message", "50 % & more")),
    ("curl -H 'Content-Type: application/json' -d '{\"data\": {\"b\": 1.10, \"a\": [ ]}}' "
     "http://localhost:8080/publish/ops", ("message", '{"b":1.10,"a":[]}')),
    ("curl -d done -H 'Topic: ops' -H 'Event: backup' -H 'TTL: 10m' http://localhost:8080/publish",
     ("backup", "done")),
    ("curl -d done -H 'X-Topic: ops' -H 'X-Event: gesichert ✓' http://localhost:8080/publish",
     ("gesichert ✓", "done")),
    ("curl -d done 'http://localhost:8080/publish?topic=ops&event=backup'", ("backup", "done")),
    ("curl -H 'Content-Type: application/json' -d '{ \"alerts\": [ ] }' 'http://localhost:8080/publish/ops?raw'",
     ("message", '{ "alerts": [ ] }')),
    ("curl -d 'payload=%7B%7D' 'http://localhost:8080/publish/ops?raw'", ("message", "payload=%7B%7D")),
    ("curl -X POST 'http://localhost:8080/publish/ops?event=ring'", ("ring", "")),
]


def test_what_curl_sends_is_published_as_it_looks(site):
    with site.stream("/sse/ops") as stream:
        for line, expected in LINES:
            answer = json.loads(curl(site, line.replace("curl ", "curl -sS ")))
            assert answer["topic"] == "ops", (line, answer)
            event = stream.event()
            assert (described(event), event.id) == (expected, answer["id"]), line


def test_a_body_is_refused_that_would_not_arrive_as_it_was_sent(site):
    for line, status, code, word in [
        ("curl -F message=done http://localhost:8080/publish/ops", 415, "unsupported_media_type", "curl -d"),
        ("printf 'ab\\351' | curl --data-binary @- http://localhost:8080/publish/ops", 400, "invalid_utf8", "byte 2"),
        ("curl -X POST http://localhost:8080/publish/ops", 400, "missing_message", "no body"),
        ("curl -d done 'http://localhost:8080/publish/ops?topic=bills'", 400, "invalid_topic", "'bills'"),
        ("curl -d done -H 'Event: a' 'http://localhost:8080/publish/ops?event=b'", 400, "contradiction", "'b'"),
        ("curl -d done 'http://localhost:8080/publish/ops?evnet=b'", 400, "invalid_parameter", "'event'"),
        ("curl -d done -H 'TTL: soon' http://localhost:8080/publish/ops", 400, "invalid_ttl", "'soon'"),
        ("curl -H 'Content-Type: application/json' -d '{\"alerts\":[]}' http://localhost:8080/publish/ops",
         400, "unknown_field", "?raw"),
    ]:
        problem = json.loads(curl(site, line.replace("curl ", "curl -sS ")))
        assert (problem["status"], problem["code"]) == (status, code), line
        assert word in problem["detail"], problem
    (after,) = site.publish_all(["after"])
    assert after.endswith("-1")


def test_an_event_of_several_topics_is_one_event(site):
    with site.stream("/sse?topic=a&topic=b") as both, site.stream("/sse/b") as one:
        answer = site.publish("x", topics=["a", "b"]).json()
        assert list(answer) == ["durable", "id", "time", "topics"] and answer["topics"] == ["a", "b"]
        answer = json.loads(curl(site, "curl -sS -d y -H 'Topics: b, a' http://localhost:8080/publish"))
        assert answer["topics"] == ["b", "a"]
        assert [event.data for event in both.events(2)] == ["x", "y"]
        assert [event.data for event in one.events(2)] == ["x", "y"]
    answer = site.publish("z", path="/publish/a", topics=["a", "b"])
    assert (answer.status, answer.problem()["code"]) == (400, "invalid_topic")


def test_a_publish_that_is_sent_again_with_its_key_is_answered_with_the_first_id(site):
    with site.stream() as stream:
        first = site.publish("a", key="k 1").json()
        assert "replayed" not in first
        for line in [
            "curl -sSi -d a -H 'Idempotency-Key: \"k 1\"' -H 'TTL: 5m' http://localhost:8080/publish",
            "curl -sSi -d a -H 'X-Idempotency-Key: k 1' http://localhost:8080/publish",
            "curl -sSi -d message=a -d 'key=k 1' http://localhost:8080/publish",
            "curl -sSi -d a 'http://localhost:8080/publish?key=k+1'",
        ]:
            head, body = curl(site, line).split("\n\n")
            assert "\nIdempotency-Replayed: true\n" in head, line
            again = json.loads(body)
            assert list(again) == ["durable", "id", "replayed", "time", "topic"]
            assert again == first | {"replayed": True}, line
        answer = site.publish("b", key="k 1")
        assert (answer.status, answer.problem()["code"]) == (422, "key_reused")
        site.publish("next")
        assert [event.data for event in stream.events(2)] == ["a", "next"]


def test_a_text_is_its_topics_last_one_by_a_header_or_a_parameter(site):
    for line in [
        "curl -sS -d done -H 'End: true' http://localhost:8080/publish/a",
        "curl -sS -d done 'http://localhost:8080/publish/b?end'",
        "curl -sS -d message=done -d end=on http://localhost:8080/publish/c",
        "curl -sS -d done -H 'X-End: 1' -H 'Idempotency-Key: 7' http://localhost:8080/publish/d",
    ]:
        assert json.loads(curl(site, line))["id"], line
        problem = json.loads(curl(site, line.replace("done", "more").replace(": 7", ": 8")))
        assert (problem["status"], problem["code"]) == (409, "topic_ended"), line
    # It is known by its key, ended or not.
    assert json.loads(curl(site, line))["replayed"] is True


@pytest.mark.parametrize("accept, is_text", [
    ("text/plain", True), ("text/plain, */*;q=0.5", True), ("*/*", False),
    ("application/json, text/plain", False), ("text/plain;q=0.1, application/json", False),
])
def test_the_answer_is_the_id_alone_where_a_text_is_wanted(site, accept, is_text):
    answer = site.request("POST", "/publish", "a", {"Accept": accept})
    assert answer.headers["Content-Type"] == ("text/plain" if is_text else "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    newest = site.request("GET", "/weir/status").json()["queue"]["newest"]
    assert (answer.body.decode() if is_text else f"{answer.json()['id']}\n") == f"{newest}\n"


def test_get_publishes_only_where_it_is_switched_on(make_site):
    off = make_site()
    answer = off.request("GET", "/publish?message=a")
    assert (answer.status, answer.headers["Allow"]) == (405, "PUT, POST, OPTIONS")
    assert "--get-publish" in answer.problem()["detail"]

    site = make_site("--get-publish")
    with site.stream("/sse/ops") as stream:
        answer = site.request("GET", "/publish/ops?message=backup+done&event=backup")
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert described(stream.event()) == ("backup", "backup done")
        for method, path, headers, status in [
            ("HEAD", "/publish/ops?message=a", {}, 405), ("GET", "/publish/ops", {}, 400),
            ("GET", "/publish/ops?message=a", {"Sec-Purpose": "prefetch;prerender"}, 403),
            ("GET", "/publish/ops?message=a", {"Purpose": "prefetch"}, 403),
            ("GET", "/publish/ops?message=a", {"X-Moz": "prefetch"}, 403),
            ("GET", "/publish/ops?message=a", {"Sec-Fetch-Site": "cross-site"}, 403),
        ]:
            assert site.request(method, path, headers=headers).status == status, (method, headers)
        assert site.request("DELETE", "/publish").headers["Allow"] == "GET, PUT, POST, OPTIONS"
        site.publish("next", path="/publish/ops")
        assert stream.event().data == "next"


def test_a_page_of_another_site_cannot_have_a_browser_publish(make_site):
    site = make_site("--cors-origin", "https://app.example.org")
    for headers, status in [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": site.address}, 200), ({}, 200),
        ({"Origin": "https://app.example.org", "Sec-Fetch-Site": "cross-site"}, 200),
    ]:
        answer = site.request("POST", "/publish", "a", {"Content-Type": "text/plain"} | headers)
        assert answer.status == status, headers
        if status == 403:
            assert answer.problem()["code"] == "browser_refused"


def test_files_of_before_that_pass_no_headers_on_take_json_as_before(make_site):
    site = make_site(configure=lambda text: "\n".join(
        line for line in text.splitlines() if " HTTP_HOST " not in line))
    assert site.publish("a").status == 200
    answer = site.request("POST", "/publish", "a", {"Content-Type": "text/plain"})
    assert (answer.status, answer.problem()["code"]) == (415, "unsupported_media_type")
    assert "weir.conf" in answer.problem()["detail"]


def test_a_program_of_old_publishes_without_naming_a_host(site):
    for head in ("POST /publish HTTP/1.0\r\nContent-Length: 1\r\n\r\na", "PUT /publish HTTP/1.0\r\nContent-Length: 1\r\n\r\na"):
        answer = site.send(head)
        assert answer.startswith(b"HTTP/1.1 200 ") and b'"id":' in answer, answer
    answer = site.send("POST /publish HTTP/1.0\r\nOrigin: http://evil.example\r\nContent-Length: 1\r\n\r\na")
    assert answer.startswith(b"HTTP/1.1 403 ") and b"browser_refused" in answer, answer


def test_headers_reach_the_next_worker_where_the_first_is_away(make_site):
    site = make_site(workers=2)
    site.kill_weir(0)
    with site.stream("/sse/ops") as stream:
        for _ in range(4):
            answer = site.request("POST", "/publish", "a", {
                "Topic": "ops", "X-Event": "e", "Accept": "text/plain"})
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
            assert described(stream.event()) == ("e", "a")
