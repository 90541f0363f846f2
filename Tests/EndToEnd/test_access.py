"""Who may publish and subscribe what: every rule both ways, through nginx."""

import http.client
import json
import signal
import time

import pytest

from access_rules import bearer, grant, hash_of, write
from processes import PATIENCE_SECONDS, wait_until

GRANTS = [
    grant("ci", publish=["builds.>"], token="t-ci"),
    grant("reader", subscribe=["builds.>", "news"], token="t-reader"),
    grant("boss", publish=[">"], subscribe=[">"], token="t-boss"),
    grant("everybody", subscribe=["news"], anonymous=True),
]


@pytest.fixture
def rules(state):
    return write(state / "access.toml", *GRANTS)


@pytest.fixture
def closed(make_site, rules):
    """A site with the rules above."""
    return make_site("--access", rules)


def publish(site, topic, token=None, headers=(), **fields):
    return site.request(
        "PUT", "/publish", json.dumps({"message": "x", "topic": topic, **fields}),
        {"Content-Type": "application/json", **bearer(token), **dict(headers)})


def look(site, path, token=None, method="GET", headers=(), body=None):
    return site.request(method, path, body, {**bearer(token), **dict(headers)})


def codes(answer):
    return answer.status, answer.problem()["code"]


# --- Publishing ---


@pytest.mark.parametrize("token, topic, status, code", [
    (None, "news", 401, "token_required"),
    ("t-ci", "builds.1", 200, None),
    ("t-ci", "builds", 403, "not_allowed"),
    ("t-ci", "news", 403, "not_allowed"),
    ("t-reader", "news", 403, "not_allowed"),
    ("t-boss", "news", 200, None),
    ("T-CI", "builds.1", 401, "invalid_token"),
    ("t-ci ", "builds.1", 200, None),
])
def test_publishing_is_for_those_who_may(closed, token, topic, status, code):
    answer = publish(closed, topic, token)
    assert answer.status == status, answer.body
    if code:
        assert answer.problem()["code"] == code
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert (token or "-") not in answer.body.decode()


def test_an_event_of_several_topics_needs_all_of_them(closed):
    answer = closed.request(
        "PUT", "/publish", '{"message": "x", "topics": ["builds.1", "news"]}',
        {"Content-Type": "application/json", **bearer("t-ci")})
    assert codes(answer) == (403, "not_allowed")
    assert look(closed, "/sse/builds.1?poll=1", "t-boss", headers={"Accept": "application/json"}).json()["events"] == []


def test_a_batch_takes_the_lines_that_may_be_and_tells_of_the_others(closed):
    lines = '{"message":"1","topic":"builds.1"}\n{"message":"2","topic":"news"}\n{"message":"3"}\n'
    answer = closed.request(
        "PUT", "/publish", lines, {"Content-Type": "application/x-ndjson", **bearer("t-ci")})
    report = answer.json()
    assert (report["accepted"], report["rejected"]) == (1, 2)
    assert [(error["line"], error["code"]) for error in report["errors"]] == [(2, "not_allowed"), (3, "not_allowed")]
    answer = closed.request("PUT", "/publish/news", '{"message":"1"}\n', {"Content-Type": "application/x-ndjson"})
    assert answer.json()["errors"][0]["code"] == "token_required"


def test_keys_of_two_publishers_are_apart(closed):
    write(closed.folder.parent / "access.toml", *GRANTS, grant("other", publish=["builds.>"], token="t-other"))
    wait_until(lambda: publish(closed, "builds.1", "t-other", key="a").status == 200, "the other rules")
    first = publish(closed, "builds.1", "t-ci", key="a").json()
    assert "replayed" not in first
    assert publish(closed, "builds.1", "t-ci", key="a").json()["replayed"]


# --- Subscribing ---


@pytest.mark.parametrize("path", [
    "/sse/builds.1", "/sse?topic=builds.1", "/sse?topics=news,builds.1", "/sse?stream=builds.1", "/sse?topic=%3E",
    "/sse?topic=builds.*", "/sse?topic=builds.%3E", "/sse?topic=*", "/sse/news?topic=builds.1", "/sse",
    "/sse/builds.1?poll=1&since=all", "/sse/builds.1?last=1", "/sse/builds.1?since=all", "/sse?topic=news.%3E",
    "/sse/builds.1?last_event_id=earliest", "/sse/builds.1?group=g", "/sse/builds.1?group=g&ack=30s",
    "/sse/%62uilds.1", "/sse//builds.1", "/sse/builds%2E1", "/sse?topic=news&topic=%3e",
])
def test_nobody_reads_what_is_not_for_everybody_by_any_spelling(closed, path):
    assert publish(closed, "builds.1", "t-boss").status == 200
    for accept in ("text/event-stream", "application/x-ndjson", "application/json"):
        for method in ("GET", "HEAD"):
            answer = look(closed, path, method=method, headers={"Accept": accept})
            assert answer.status in (401, 406), (accept, answer.body)
            assert answer.status == 406 or answer.headers["WWW-Authenticate"] == 'Bearer realm="weir"'
    assert codes(look(closed, path, "t-ci")) == (403, "not_allowed")


def test_who_may_reads_live_and_past_by_topic_and_pattern(closed):
    assert publish(closed, "builds.1", "t-ci").status == 200
    with closed.stream("/sse?topic=builds.*&topic=news&since=all", bearer("t-reader")) as stream:
        assert stream.status == 200
        assert publish(closed, "builds.2", "t-ci").status == 200
        assert publish(closed, "news", "t-boss").status == 200
        assert stream.data(3) == ["x", "x", "x"]
    with closed.stream("/sse/news?since=all") as stream:
        assert stream.data(1) == ["x"]


def test_a_wrong_token_is_told_apart_from_none(closed):
    assert codes(look(closed, "/sse/news", "nonsense")) == (401, "invalid_token")
    assert look(closed, "/sse/news?poll=1", headers={"Authorization": "Basic YTpi"}).status == 200
    for header in ("Bearer", "Bearer a b", "bearer  "):
        assert codes(look(closed, "/sse/news", headers={"Authorization": header})) == (401, "invalid_token")


def test_json_does_not_name_the_topics_that_one_may_not_read(closed):
    answer = closed.request(
        "PUT", "/publish", '{"message": "x", "topics": ["news", "secret.plan"]}',
        {"Content-Type": "application/json", **bearer("t-boss")})
    assert answer.status == 200
    page = look(closed, "/sse/news?poll=1", headers={"Accept": "application/json"}).json()
    assert page["events"][0]["topics"] == ["news"]
    lines = look(closed, "/sse/news?poll=1", headers={"Accept": "application/x-ndjson"}).body
    assert b"secret" not in lines
    page = look(closed, "/sse/news?poll=1", "t-boss", headers={"Accept": "application/json"}).json()
    assert page["events"][0]["topics"] == ["news", "secret.plan"]


# --- What tells of topics ---


def test_topics_groups_and_status_show_only_what_one_may_read(closed):
    for topic in ("builds.1", "news", "secret"):
        assert publish(closed, topic, "t-boss").status == 200
    with closed.stream("/sse/secret?group=hidden&since=all", bearer("t-boss")) as one, \
         closed.stream("/sse/builds.1?group=seen&ack=30s&since=all", bearer("t-reader")) as other:
        one.event(), other.event()

        def seen(token):
            topics = look(closed, "/topics", token)
            groups = look(closed, "/groups", token).json()["groups"]
            status = look(closed, "/weir/status", token).json()["groups"]
            assert [entry["group"] for entry in groups] == [entry["group"] for entry in status]
            metrics = look(closed, "/weir/metrics", token).body
            assert b"secret" not in metrics
            return [entry["topic"] for entry in topics.json()["topics"]], [entry["group"] for entry in groups]

        assert seen(None) == (["news"], [])
        assert seen("t-reader") == (["builds.1", "news"], ["seen"])
        assert seen("t-boss") == (["builds.1", "news", "secret"], ["hidden", "seen"])
        assert b"secret" not in look(closed, "/topics?prefix=se").body
        assert codes(look(closed, "/topics?topic=secret")) == (401, "token_required")
        assert codes(look(closed, "/topics/secret", "t-reader")) == (403, "not_allowed")
        assert codes(look(closed, "/groups/hidden", "t-reader")) == (404, "group_not_found")
        assert codes(look(closed, "/groups/hidden", "t-reader", "DELETE")) == (404, "group_not_found")
        ids = json.dumps({"ids": ["00000000-1"]})
        for token, status in (("t-reader", 404), ("t-boss", 409)):
            answer = look(closed, "/groups/hidden/ack", token, "POST", {"Content-Type": "application/json"}, ids)
            assert answer.status == status
        assert codes(look(closed, "/sse/news?group=hidden", "t-reader")) == (409, "group_mismatch")
        assert b"secret" not in look(closed, "/sse/news?group=hidden", "t-reader").body


def test_a_topic_is_deleted_by_those_who_may_publish_to_it(closed):
    assert publish(closed, "builds.1", "t-ci", end=True).status == 200
    assert codes(look(closed, "/topics/builds.1", None, "DELETE")) == (401, "token_required")
    assert codes(look(closed, "/topics/builds.1", "t-reader", "DELETE")) == (403, "not_allowed")
    assert look(closed, "/topics/builds.1", "t-ci", "DELETE").status == 200


def test_delayed_events_are_seen_and_cancelled_by_those_who_may_publish_them(closed):
    def later(topic, token):
        return publish(closed, topic, token, delay="1h").json()["delayed"]

    assert codes(publish(closed, "builds.1", "t-reader", delay="1h")) == (403, "not_allowed")
    one, other = later("builds.1", "t-ci"), later("secret", "t-boss")

    def listed(token):
        return {entry["delayed"] for entry in look(closed, "/publish/delayed", token).json()["delayed"]}

    assert listed("t-ci") == {one} and listed("t-boss") == {one, other} and listed(None) == set()
    assert look(closed, f"/publish/delayed/{one}", "t-ci").status == 200
    for method in ("GET", "DELETE"):
        assert codes(look(closed, f"/publish/delayed/{other}", "t-ci", method)) == (404, "delayed_not_found")
        assert codes(look(closed, f"/publish/delayed/{one}", None, method)) == (404, "delayed_not_found")
    assert look(closed, f"/publish/delayed/{one}", "t-ci", "DELETE").status == 200
    assert listed("t-boss") == {other}


# --- Cookies and tickets ---


def test_a_cookie_reads_and_publishes_only_from_pages_that_may(make_site, rules):
    site = make_site("--access", rules, "--cors-origin", "https://app.example.org")
    cookie = {"Cookie": "weir=t-boss; other=1"}
    assert look(site, "/sse/secret?poll=1", headers=cookie).status == 200
    for origin, status in (
        (None, 403), ("https://evil.example.org", 403), ("null", 403), ("https://app.example.org", 200),
        (site.address, 200),
    ):
        headers = {**cookie, **({"Origin": origin} if origin else {})}
        assert publish(site, "secret", headers=headers).status == status, origin
        answer = look(site, "/sse/ticket", method="POST", headers=headers)
        assert answer.status == status, origin
        answer = look(site, "/groups/none", method="DELETE", headers=headers)
        assert answer.status == (404 if status == 200 else 403), origin
    # A browser sends an old cookie with everything: what needs none is not refused for it.
    assert look(site, "/sse/news?poll=1", headers={"Cookie": "weir=old"}).status == 200
    assert codes(look(site, "/sse/secret", headers={"Cookie": "weir=old"})) == (401, "invalid_token")


def ticket(site, token, **headers):
    answer = look(site, "/sse/ticket", token, "POST", headers)
    assert answer.status == 200, answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def test_a_ticket_is_good_for_one_stream_on_any_worker(make_site, rules):
    site = make_site("--access", rules, workers=2)
    made = ticket(site, "t-reader")
    assert 55_000 < made["expires"] - time.time() * 1000 <= 60_000
    path = f"/sse/builds.1?since=all&ticket={made['ticket']}"
    assert publish(site, "builds.1", "t-ci").status == 200
    with site.stream(path) as stream:
        assert stream.data(1) == ["x"]
        for _ in range(4):
            assert codes(look(site, path)) == (401, "invalid_ticket")
    # The other worker takes it as well.
    for _ in range(8):
        assert look(site, f"/sse/news?poll=1&ticket={ticket(site, 't-reader')['ticket']}").status == 200
    for path in ("/sse/news?ticket=", "/sse/news?ticket=..%2Faccess.toml", "/sse/news?ticket=a&ticket=b"):
        assert look(site, path).status in (400, 401)
    assert not list((site.queue / "tickets").iterdir())


def test_a_ticket_opens_no_more_than_its_token_and_nothing_else_than_streams(closed):
    text = ticket(closed, "t-reader")["ticket"]
    assert codes(look(closed, f"/sse/secret?ticket={text}")) == (403, "not_allowed")
    assert codes(look(closed, f"/sse/builds.1?ticket={text}")) == (401, "invalid_ticket")
    text = ticket(closed, "t-boss")["ticket"]
    assert codes(publish(closed, "news", text)) == (401, "invalid_token")
    assert closed.request("PUT", f"/publish/news?ticket={text}", "x").status in (400, 401)
    assert codes(look(closed, "/sse/ticket", method="POST")) == (401, "token_required")
    assert look(closed, "/sse/ticket?poll=1", "t-boss").status == 200, "a topic of that name"


def test_a_request_for_a_ticket_cannot_fill_nginxs_disk(closed):
    assert closed.request("POST", "/sse/ticket", "{}", {"Content-Type": "application/json"} | bearer("t-reader")).status == 200
    answer = closed.request("POST", "/sse/ticket", (b"x" * 65536 for _ in range(32)), bearer("t-reader"))
    assert codes(answer) == (413, "body_too_large")


def test_a_ticket_is_worth_nothing_when_its_token_is_taken_away(closed, rules):
    text = ticket(closed, "t-reader")["ticket"]
    write(rules, *[text for text in GRANTS if "reader" not in text])
    closed.wait_for_log("other access rules")
    assert look(closed, f"/sse/builds.1?ticket={text}").status == 401


# --- What nginx says ---


def test_what_nginx_says_gives_each_user_a_tree_of_its_own(make_site, state):
    """The user's name comes from a cookie here, as a login service would tell it."""
    rules = write(state / "access.toml", grant("site", subscribe=["users.{user}.>", "news"], nginx=True),
                  grant("boss", publish=[">"], token="t-boss"))

    def configure(text):
        return text.replace(
            'map "" $weir_user {', 'map $cookie_session $weir_user {\n    "~^s-(?<name>.*)$" $name;')

    site = make_site("--access", rules, configure=configure)

    def poll(path, user, **headers):
        cookies = {"Cookie": f"session=s-{user}"} if user else {}
        return look(site, path, headers={**cookies, **headers})

    for user in ("anna", "bert"):
        assert publish(site, f"users.{user}.mail", "t-boss").status == 200
        assert poll(f"/sse/users.{user}.mail?poll=1", user).status == 200
        assert poll(f"/sse?topic=users.{user}.%3E&poll=1", user).body.count(b"data: x") == 1
    for path in ("/sse/users.bert.mail", "/sse?topic=users.*.mail", "/sse?topic=%3E", "/sse?topic=users.%3E",
                 "/sse?topics=users.anna.mail,users.bert.mail", "/sse/users.anna", "/sse/users.bert.%3E"):
        assert codes(poll(path, "anna")) == (403, "not_allowed")
    for name in ("*", ">", "a.b", "anna.mail"):
        assert poll(f"/sse/users.{name.replace('>', '%3E')}.x", name).status in (400, 403)
        assert poll("/sse/users.anna.mail", name).status == 403
        assert poll("/sse/news?poll=1", name).status == 200
    assert "cannot stand for {user}" in poll("/sse/users.a.b.x", "a.b").problem()["detail"]
    # Who tries to be nginx.
    for header in ("Weir-User", "WEIR_USER", "X-Weir-User", "Weir-Subscribe", "WEIR-SUBSCRIBE", "HTTP_WEIR_USER"):
        assert poll("/sse/users.anna.mail", None, **{header: "anna"}).status == 401
        assert poll("/sse/users.bert.mail", "anna", **{header: "bert"}).status == 403


# --- Changes ---


def test_a_stream_ends_when_its_grant_is_taken_away_and_others_go_on(closed, rules):
    with closed.stream("/sse/builds.1", bearer("t-reader")) as reader, \
         closed.stream("/sse/news", bearer("t-reader")) as news, closed.stream("/sse/builds.1", bearer("t-boss")) as boss:
        write(rules, *[text for text in GRANTS if "reader" not in text])
        assert reader.rest() == []
        assert publish(closed, "builds.1", "t-ci").status == 200
        assert boss.data(1) == ["x"]
        assert publish(closed, "news", "t-boss").status == 200
        # What everybody may read, it may go on reading.
        assert news.data(1) == ["x"]
    assert codes(look(closed, "/sse/builds.1", "t-reader")) == (401, "invalid_token")


@pytest.mark.parametrize("token, code", [("t", "invalid_token"), (None, "token_required")])
def test_a_stream_ends_when_its_grant_does(make_site, state, token, code):
    soon = time.gmtime(time.time() + 4)
    means = {"token": token} if token else {"anonymous": True}
    rules = write(state / "access.toml", grant(
        "guest", subscribe=["a"], expires=time.strftime("%Y-%m-%dT%H:%M:%SZ", soon), **means))
    site = make_site("--access", rules)
    with site.stream("/sse/a", bearer(token)) as stream:
        stream.rest()
    assert codes(look(site, "/sse/a", token)) == (401, code)


def test_a_batch_publishes_no_longer_than_its_grant_lasts(closed, rules):
    connection = http.client.HTTPConnection("127.0.0.1", closed.port, timeout=PATIENCE_SECONDS)
    connection.putrequest("PUT", "/publish/builds.1")
    for name, value in {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked", **bearer("t-ci")}.items():
        connection.putheader(name, value)
    connection.endheaders()

    def line(text):
        connection.send(b"%x\r\n%s\r\n" % (len(text), text))

    with closed.stream("/sse/builds.1", bearer("t-boss")) as stream:
        line(b'{"message":"before"}\n')
        assert stream.data(1) == ["before"]
        write(rules, *GRANTS[1:])
        closed.wait_for_log("other access rules")
        line(b'{"message":"after"}\n')
        connection.send(b"0\r\n\r\n")
        report = json.loads(connection.getresponse().read())
    connection.close()
    assert (report["accepted"], report["rejected"]) == (1, 1)
    assert report["errors"][0]["code"] == "token_required"


def test_a_key_file_that_is_mended_is_noticed(closed, rules):
    keys = rules.with_name("secret")
    write(rules, *GRANTS, grant("login", jwt='{ keys = "secret", algorithms = ["HS256"] }'))
    closed.wait_for_log("stay in force", "secret")
    keys.write_text("0123456789abcdef0123456789abcdef")
    keys.chmod(0o600)
    closed.wait_for_log("other access rules", f"grants={len(GRANTS) + 1}")
    assert closed.count_log("stay in force") <= 3, "a fault is told once"


@pytest.mark.parametrize("fault", ["[[grant]", "[[grant]]\nname = 'x'\ntoken = 'plain-secret'\n", None])
def test_a_faulty_file_is_refused_whole_and_said(closed, rules, fault):
    if fault is None:
        rules.unlink()
    else:
        write(rules, *GRANTS[:1], fault)
    closed.wait_for_log("stay in force")
    status = look(closed, "/weir/status").json()["access"]
    assert "access.toml" in status["fault"] and status["grants"] == len(GRANTS)
    assert publish(closed, "news", "t-boss").status == 200
    assert "plain-secret" not in closed.log.read_text() + json.dumps(status)
    write(rules, *GRANTS)
    wait_until(lambda: "fault" not in look(closed, "/weir/status").json()["access"], "the mended file")


def test_sighup_has_the_file_read_again(closed):
    closed.weir.send_signal(signal.SIGHUP)
    closed.wait_for_log("other access rules", f"grants={len(GRANTS)}")


def test_weir_does_not_start_with_a_faulty_file(make_site, state):
    rules = write(state / "access.toml", "[[grant]]\nname = 1\n")
    with pytest.raises(AssertionError, match="access.toml:2:8: name is no text"):
        make_site("--access", rules)


def test_no_token_stands_in_a_log_or_an_answer(closed):
    for path in ("/sse/builds.1", "/sse/news?poll=1", "/topics", "/groups"):
        look(closed, path, "s3cret-token")
        look(closed, path, headers={"Cookie": "weir=s3cret-token"})
    text = ticket(closed, "t-reader")["ticket"]
    look(closed, f"/sse/news?poll=1&ticket={text}")
    for file in (closed.log, closed.folder / "nginx-error.log"):
        assert "s3cret" not in file.read_text() and text not in file.read_text()
    assert b"s3cret" not in look(closed, "/weir/metrics").body
    kept = ticket(closed, "t-reader")["ticket"]
    (file,) = (closed.queue / "tickets").iterdir()
    assert kept not in file.name and kept not in file.read_text() and "t-reader" not in file.read_text()
