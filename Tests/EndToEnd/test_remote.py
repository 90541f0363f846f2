"""`weir publish --url` and `weir tail --url`: what a site does to them, and what they make of it."""

import json
import os
import ssl
import subprocess

import pytest

from access_rules import grant, write
from processes import PATIENCE_SECONDS, start, wait_until, weir, weir_program
from scripted_site import ScriptedSite, answer, broken_stream, stream

OK, USAGE, DATA, NO_INPUT, UNAVAILABLE, TEMPORARY, NO_PERMISSION, SETTINGS = 0, 64, 65, 66, 69, 75, 77, 78


def lines(tail, count):
    return [tail.stdout.readline() for _ in range(count)]


# --- publish ---


def test_an_event_is_published_to_a_site_with_all_its_fields(site):
    with site.stream("/sse/orders") as events:
        result = weir(
            "publish", "--url", site.address, "--topic", "orders", "--event", "paid", "--ttl", "1h", "--retry", "700",
            "two\nlines")
        assert result.returncode == OK, result.stderr
        event = events.event()
        assert (event.type, event.data, event.id) == ("paid", "two\nlines", result.stdout.strip())
        assert events.retry == 700


def test_an_event_that_the_site_refuses_is_told_with_what_the_site_says(site):
    result = weir("publish", "--url", site.address, "--topic", "a\x01b", "x")
    assert result.returncode == USAGE
    assert "topic" in result.stderr and "control" in result.stderr


@pytest.mark.parametrize("address, advice", [
    ("localhost:8080", "http://"), ("http://h/sse/orders", "--topic"), ("http://h/publish", "without /publish"),
    ("http://h/?x=1", "'?'"), ("http://", "no host"),
])
def test_an_address_that_is_none_of_a_sites_is_refused_with_the_right_one(address, advice):
    for command in ["publish", "tail"]:
        result = weir(command, "--url", address)
        assert result.returncode == USAGE and advice in result.stderr


def test_a_site_that_comes_back_gets_the_event_once_by_its_key():
    with ScriptedSite(
        lambda connection: connection.close(), answer(503, "{}", Retry_After="1"), answer(200, '{"id": "6f2a91c4-7"}')
    ) as site:
        result = weir("publish", "--url", site.address, "x")
        assert (result.returncode, result.stdout) == (OK, "6f2a91c4-7\n")
        assert result.stderr.count("trying again") == 1
        keys = {line for head, _ in site.requests for line in head.split("\r\n") if line.startswith("Idempotency-Key")}
        assert len(site.requests) == 3 and len(keys) == 1


def test_a_key_that_is_given_is_the_one_that_is_sent():
    with ScriptedSite(answer(200, '{"id": "6f2a91c4-7"}')) as site:
        assert weir("publish", "--url", site.address, "--key", 'a "b"', "x").returncode == OK
        assert 'Idempotency-Key: "a \\"b\\""' in site.requests[0][0]


def test_a_site_that_wants_longer_than_the_patience_is_given_up_at_once():
    with ScriptedSite(answer(503, '{"detail": "the disk is full"}', Retry_After="3000")) as site:
        result = weir("publish", "--url", site.address, "x")
        assert result.returncode == TEMPORARY
        assert "the disk is full" in result.stderr and "50m" in result.stderr
        assert len(site.requests) == 1


def test_nobody_at_the_address_is_given_up_after_the_patience():
    result = weir("publish", "--url", "http://127.0.0.1:1", "--patience", "1s", "x")
    assert result.returncode == UNAVAILABLE
    assert "given up" in result.stderr


def test_a_refusal_is_not_tried_again():
    with ScriptedSite(answer(422, '{"code": "key_reused", "detail": "another content"}')) as site:
        result = weir("publish", "--url", site.address, "x")
        assert (result.returncode, result.stderr) == (USAGE, "weir: another content\n")
        assert len(site.requests) == 1


@pytest.mark.parametrize("content, path, env, sent", [
    ("abc\n", "{file}", {}, "abc"), (" a.b-c~ \r\n\n", "{file}", {"WEIR_TOKEN": "def"}, "a.b-c~"),
    ("abc", "$CREDENTIALS_DIRECTORY/token", {}, "abc"), ("abc", "${{CREDENTIALS_DIRECTORY}}/token", {}, "abc"),
    (None, None, {"WEIR_TOKEN": "def"}, "def"), (None, None, {"WEIR_TOKEN": "def\n"}, "def"), (None, None, {}, None),
])
def test_the_token_of_a_file_or_of_the_variable_is_sent(state, content, path, env, sent):
    if content is not None:
        (state / "token").write_text(content)
    option = ["--token-file", path.format(file=state / "token")] if path else []
    with ScriptedSite(answer(200, '{"id": "6f2a91c4-7"}')) as site:
        result = weir("publish", "--url", site.address, *option, "x", env=env | {"CREDENTIALS_DIRECTORY": str(state)})
        assert result.returncode == OK, result.stderr
        head = site.requests[0][0]
        assert f"Authorization: Bearer {sent}\r\n" in head if sent else "Authorization" not in head


def test_a_token_from_a_pipe_is_sent_with_each_request(follow):
    with ScriptedSite(stream("data: a\nid: 6f2a91c4-1\n\n"), answer(200, "{}"), answer(204, "")) as site:
        read, write = os.pipe()
        os.write(write, b"abc\n")
        os.close(write)
        tail = follow("--url", site.address, "--group", "g", "--ack", "30s", "--token-file", "/dev/stdin", stdin=read)
        os.close(read)
        assert "data: a\n" in tail.stdout.read()
        assert ["Authorization: Bearer abc" in head.split("\r\n") for head, _ in site.requests] == [True] * 3


@pytest.mark.parametrize("content, code, words", [
    (None, NO_INPUT, "No such file"), ("", DATA, "is empty"), (" \n", DATA, "is empty"),
    ("Bearer abc-secret\n", DATA, "one word"), ("abc-secret\nabc-secret\n", DATA, "one word"),
    ("abc-secret\x01", DATA, "one word"), ("abc-secret-ä", DATA, "one word"), ("abc-secret" * 10000, DATA, "more than"),
])
def test_a_file_that_has_no_token_is_told_and_nothing_of_it_shown(state, content, code, words):
    if content is not None:
        (state / "token").write_text(content)
    for command in (["publish", "x"], ["tail"], ["topics"], ["groups"], ["delayed"]):
        result = weir(command[0], "--url", "http://127.0.0.1:1", "--token-file", state / "token", *command[1:])
        assert result.returncode == code and words in result.stderr and str(state / "token") in result.stderr
        assert "secret" not in result.stderr
    assert weir("topics", "--url", "http://127.0.0.1:1", "--token-file", state).returncode != OK


def test_a_token_on_the_command_line_is_refused_with_where_to_put_it(state):
    for command in (["publish", "x"], ["tail"], ["topics"], ["groups"], ["delayed", "cancel", "--all"]):
        for token in (["--token", "abc-secret"], ["--token=abc-secret"]):
            result = weir(*command, "--url", "http://127.0.0.1:1", *token)
            assert result.returncode == USAGE and "--token-file" in result.stderr and "WEIR_TOKEN" in result.stderr
            assert "secret" not in result.stderr
        assert "--token " not in weir(*command[:2 if command[0] == "delayed" else 1], "--help").stdout
    result = weir("topics", "--url", "http://127.0.0.1:1", "--token-file", "$CREDENTIALS_DIRECTORY/t")
    assert result.returncode == SETTINGS and "LoadCredential=" in result.stderr
    result = weir("topics", "--queue", state, "--token-file", "t")
    assert result.returncode == USAGE and "--url" in result.stderr


def test_who_shows_no_token_is_told_how(make_site, state):
    site = make_site("--access", write(state / "access.toml", grant("boss", publish=["a"], token="t-boss")))
    result = weir("publish", "--url", site.address, "--topic", "a", "x")
    assert result.returncode == NO_PERMISSION and "--token-file" in result.stderr
    (state / "token").write_text("t-boss")
    assert weir("publish", "--url", site.address, "--topic", "a", "--token-file", state / "token", "x").returncode == OK


def test_a_token_that_the_site_does_not_take_is_no_permission():
    with ScriptedSite(answer(401, "<html>", content_type="text/html")) as site:
        result = weir("publish", "--url", site.address, "x")
        assert result.returncode == NO_PERMISSION and "WEIR_TOKEN" in result.stderr


def test_a_machine_without_libcurl_says_what_to_install(state):
    # Who is given a broken library instead finds none.
    (state / "libcurl.so.4").write_text("no library")
    process = start(
        weir_program(), "publish", "--url", "http://127.0.0.1:1", "x", env={"LD_LIBRARY_PATH": str(state)},
        stderr=subprocess.PIPE, text=True)
    assert process.wait(PATIENCE_SECONDS) == UNAVAILABLE
    assert "apt-get install libcurl4" in process.stderr.read()
    process.stderr.close()


def test_a_site_is_trusted_by_its_certificate_only(state):
    certificate, key = state / "certificate.pem", state / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with ScriptedSite(answer(200, '{"id": "6f2a91c4-7"}'), tls=tls) as site:
        result = weir("publish", "--url", site.address, "x")
        assert result.returncode == UNAVAILABLE and "certificate" in result.stderr
        assert site.requests == [], "nothing is sent to whom nobody vouches for"
        process = start(
            weir_program(), "publish", "--url", site.address, "x", env={"CURL_CA_BUNDLE": str(certificate)},
            stdout=subprocess.PIPE, text=True)
        assert process.stdout.read() == "6f2a91c4-7\n"
        process.stdout.close()
        assert process.wait(PATIENCE_SECONDS) == OK


# --- tail ---


def test_a_site_is_followed_across_restarts_of_weir_with_each_event_once(site, follow):
    ids = site.publish_all(["1"], topic="orders.eu")
    site.publish_all(["other"], topic="bills")
    tail = follow("--url", site.address, "--topic", "orders.*", "--since", "all", "--event", "message")
    assert lines(tail, 3) == ["data: 1\n", f"id: {ids[0]}\n", "\n"]
    for number in range(2, 3):
        site.kill_weir()
        weir("publish", "--queue", site.queue, "--topic", "orders.us", str(number))
        site.start_weir()
        assert lines(tail, 3)[0] == f"data: {number}\n"


def places(site):
    """The ways to the same events."""
    return [["--queue", site.queue], ["--url", site.address]]


def test_what_there_is_is_printed_and_then_the_end(site):
    ids = site.publish_all(["1", "2"])
    for place in places(site):
        result = weir("tail", *place, "--since", ids[0], "--poll")
        assert (result.returncode, result.stdout) == (OK, f"data: 2\nid: {ids[1]}\n\n")
        result = weir("tail", *place, "--poll")
        assert result.stdout.count("data: ") == 2, "without a place to begin it is all of it"


def test_the_last_events_of_each_topic_are_printed(site):
    site.publish_all(["1", "2", "3"], topic="a", event="n")
    site.publish_all(["4"], topic="b", event="n")
    site.publish_all(["5"], topic="b", event="other")
    for place in places(site):
        result = weir("tail", *place, "-t", "a", "-t", "b", "--last", "1", "--event", "n", "--poll", "--json")
        assert result.returncode == OK, result.stderr
        assert [json.loads(line)["data"] for line in result.stdout.splitlines()] == ["3", "4"]


def test_a_site_that_is_away_is_not_taken_for_the_end_of_what_is_there():
    live = 'event: weir.live\ndata: {"id":"6f2a91c4-2"}\nid: 6f2a91c4-2\n\n'
    with ScriptedSite(stream("retry: 1\n\n: the hub is away\n"), stream(f"data: a\nid: 6f2a91c4-2\n\n{live}")) as site:
        result = weir("tail", "--url", site.address, "--since", "all", "--poll")
        assert (result.returncode, result.stdout) == (OK, "data: a\nid: 6f2a91c4-2\n\n")
        assert len(site.requests) == 2


def test_lines_of_json_are_read_from_whoever_sends_them(follow):
    line = {"id": "6f2a91c4-1", "time": 1732147200123, "topics": ["a", "b"], "event": "message", "data": "x\ny"}
    text = json.dumps(line)
    with ScriptedSite(
        stream(f"{text[:30]}", content_type="application/x-ndjson"),
        stream(f" {text}\n ", content_type="application/x-ndjson"), answer(204, ""),
    ) as site:
        tail = follow("--url", site.address, "--since", "all", "--json")
        assert [json.loads(line) for line in tail.stdout] == [line | {"topic": "a", "message": "x\ny"}]
        assert "Accept: application/x-ndjson" in site.requests[0][0]
        assert "Last-Event-ID: 6f2a91c4-1" in site.requests[2][0]


def test_events_of_a_group_are_acknowledged_when_they_are_printed(follow):
    with ScriptedSite(
        stream("data: a\nid: 6f2a91c4-1\n\ndata: b\nid: 6f2a91c4-2\n\n"), answer(200, "{}"), answer(204, "")
    ) as site:
        tail = follow("--url", site.address, "--topic", "jobs", "--group", "my workers", "--ack", "30s")
        assert tail.stdout.read().count("data: ") == 2
        assert "/sse?topic=jobs&group=my%20workers&ack=30s " in site.requests[0][0]
        head, body = site.requests[1]
        assert head.startswith("POST /groups/my%20workers/ack ")
        assert json.loads(body) == {"ids": ["6f2a91c4-1", "6f2a91c4-2"]}


def test_a_poll_of_a_group_is_over_when_its_stream_is(follow):
    text = '{"id":"6f2a91c4-1","time":1,"redelivered":2,"topics":["jobs"],"event":"message","data":"a"}\n'
    later = answer(200, ": busy\nretry: 1\n\n", "text/event-stream", Retry_After=1)
    with ScriptedSite(later, stream(text, content_type="application/x-ndjson")) as site:
        tail = follow("--url", site.address, "--topic", "jobs", "--group", "g", "--poll", "--json")
        assert [json.loads(line)["redelivered"] for line in tail.stdout] == [2]
        assert tail.wait(PATIENCE_SECONDS) == OK
        assert "/sse?topic=jobs&poll=1&group=g " in site.requests[0][0]


def test_a_connection_that_breaks_goes_on_behind_the_last_whole_event(follow):
    with ScriptedSite(
        broken_stream("retry: 10\nid: 6f2a91c4-1\ndata: a\n\nid: 6f2a91c4-2\ndata: cut"),
        stream("id: 6f2a91c4-2\nevent: e\ndata: b\ndata: c\n\n"), answer(204, ""),
    ) as site:
        tail = follow("--url", site.address, "--since", "all")
        assert tail.stdout.read() == "data: a\nid: 6f2a91c4-1\n\nevent: e\ndata: b\ndata: c\nid: 6f2a91c4-2\n\n"
        assert tail.wait(PATIENCE_SECONDS) == OK, "204 ends it"
        seen = [[line for line in head.split("\r\n") if line.startswith("Last-Event-ID")] for head, _ in site.requests]
        assert seen == [[], ["Last-Event-ID: 6f2a91c4-1"], ["Last-Event-ID: 6f2a91c4-2"]]
        assert all("/sse?topic=%3E&since=all " in head for head, _ in site.requests)


def test_a_site_that_refuses_ends_it_and_one_that_is_busy_does_not():
    with ScriptedSite(
        answer(503, '{"detail": "busy"}'), stream("retry: 1\ndata: a\n\n"),
        answer(400, '{"code": "invalid_parameter", "detail": "no such thing"}'),
    ) as site:
        result = weir("tail", "--url", site.address)
        assert (result.returncode, result.stdout) == (USAGE, "data: a\n\n")
        assert result.stderr == (
            "weir: the site answers 503 (busy): what is behind it does not answer now: trying again\nweir: no such thing\n")


def test_what_is_no_event_stream_is_told():
    with ScriptedSite(answer(200, "<html>", content_type="text/html")) as site:
        result = weir("tail", "--url", site.address)
        assert result.returncode == UNAVAILABLE and "text/html" in result.stderr


def test_a_gap_is_told_on_standard_error(follow):
    with ScriptedSite(
        stream('event: weir.gap\ndata: {"reason":"expired"}\nid: 6f2a91c4-5\n\ndata: x\nid: 6f2a91c4-6\n\n'), answer(204, "")
    ) as site:
        tail = follow("--url", site.address, "--since", "6f2a91c4-1")
        assert tail.stdout.read() == "data: x\nid: 6f2a91c4-6\n\n"
        assert "missing" in tail.stderr.read()


@pytest.mark.parametrize("status, body, code, words", [
    # Of a weir's what it says, of others what to do.
    (400, '{"code": "invalid_ttl", "detail": "too long"}', USAGE, "weir: too long\n"),
    (409, '{"code": "topic_ended", "detail": "over"}', USAGE, "weir: over\n"),
    (413, '{"code": "body_too_large", "detail": "large"}', USAGE, "weir: large\n"),
    (403, '{"code": "forbidden", "detail": "no"}', NO_PERMISSION, "weir: no\n"),
    (404, '{"code": "not_found", "detail": "nothing"}', NO_INPUT, "weir: nothing\n"),
    (302, "", UNAVAILABLE, "302: it leads elsewhere"), (400, "<html>", USAGE, "400: is that a weir's? check --url"),
    (401, '{"title": "Who?"}', NO_PERMISSION, "401 (Who?): name a token"), (404, '{"detail": "Not Found"}', UNAVAILABLE, "404 (Not Found): no weir"),
    (404, '{"detail": ["a"]}', UNAVAILABLE, "404: no weir is at that address, check --url"), (405, "", UNAVAILABLE, "no weir"),
    (407, "", USAGE, "https_proxy"), (413, "", USAGE, "takes less"), (429, "", TEMPORARY, "too often"), (500, "", UNAVAILABLE, "its log"),
    (503, "", TEMPORARY, "does not answer now: given up; check --url, or try later"), (501, "", UNAVAILABLE, "its log"),
    (200, "<html>", UNAVAILABLE, "not what a weir does: check --url"), (200, "{}", UNAVAILABLE, "check --url"),
])
def test_what_a_site_refuses_is_told_with_what_to_do(status, body, code, words):
    with ScriptedSite(answer(status, body)) as site:
        result = weir("publish", "--url", site.address, "--patience", "0", "x")
        assert (result.returncode, result.stdout) == (code, "")
        assert words in result.stderr


@pytest.mark.parametrize("command", [
    ["delayed"], ["delayed", "cancel", "0123456789abcdef"], ["delayed", "cancel", "--all"], ["topics"], ["topics", "--delete", "a"],
    ["groups"], ["groups", "remove", "g"],
])
def test_what_is_asked_once_is_told_at_once_where_it_fails(command):
    for reply, code, words in [
        (lambda connection: connection.close(), UNAVAILABLE, "Empty reply"),
        (answer(503, '{"code": "queue_busy", "detail": "busy"}', Retry_After="30"), TEMPORARY, "weir: busy\n"),
        (answer(401, ""), NO_PERMISSION, "WEIR_TOKEN"), (answer(200, "<html>"), UNAVAILABLE, "check --url"),
    ]:
        with ScriptedSite(reply) as site:
            result = weir(*command, "--url", site.address)
            assert (result.returncode, result.stdout) == (code, ""), result.stderr
            assert words in result.stderr and "trying again" not in result.stderr
            assert len(site.requests) == 1
    result = weir(*command, "--url", "http://127.0.0.1:1")
    assert result.returncode == UNAVAILABLE and "connect" in result.stderr


@pytest.mark.parametrize("address, code, words", [
    ("http://127.0.0.1:x", USAGE, "check the address"), ("http://a\x01b", USAGE, "control character"),
    ("http://nowhere.invalid", UNAVAILABLE, "resolve host: nowhere.invalid"),
])
def test_an_address_that_leads_nowhere_is_told(address, code, words):
    result = weir("publish", "--url", address, "--patience", "0", "x")
    assert result.returncode == code and words in result.stderr


def test_a_site_that_speaks_no_tls_is_told_by_a_question(site):
    result = weir("publish", "--url", site.address.replace("http:", "https:"), "--patience", "0", "x")
    assert result.returncode == UNAVAILABLE and "does the site speak https" in result.stderr


def test_what_a_site_says_moves_no_cursor():
    with ScriptedSite(answer(400, '{"code": "x", "detail": "a\\u001b]0;title\\u0007b\\u009bc"}')) as site:
        assert weir("tail", "--url", site.address).stderr == "weir: a]0;titlebc\n"


def test_a_reader_that_has_enough_ends_the_tail_of_a_site(site, follow):
    site.publish_all(["1"])
    tail = follow("--url", site.address, "--since", "all")
    lines(tail, 1)
    tail.stdout.close()
    assert tail.wait(PATIENCE_SECONDS) == OK
    assert tail.stderr.read() == ""
    tail.stdout = open("/dev/null")


def test_redirections_are_followed_with_the_body():
    with ScriptedSite(answer(200, '{"id": "6f2a91c4-7"}')) as real:
        with ScriptedSite(answer(301, "", Location=f"{real.address}/publish")) as site:
            assert weir("publish", "--url", site.address, "x").stdout == "6f2a91c4-7\n"
        head, body = real.requests[0]
        assert head.startswith("POST ") and json.loads(body) == {"message": "x"}
