"""Events that are published later: at their time, once, by whichever worker runs then."""

import concurrent.futures
import datetime
import json
import time

import pytest

from processes import wait_until, weir


@pytest.fixture
def pair(make_site):
    """A site with two workers."""
    return make_site(workers=2)


def delay(site, message, after="300ms", **fields):
    """Publishes an event later; returns the answer's fields."""
    answer = site.publish(message, delay=after, **fields)
    assert answer.status == 202, answer.body
    return answer.json()


def waiting(site, query=""):
    answer = site.request("GET", f"/publish/delayed{query}")
    assert answer.status == 200, answer.body
    return answer.json()


def published(site, count, path="/sse"):
    """The data of all events so far, once there are so many, and no more come for a while."""
    with site.stream(f"{path}?since=all") as stream:
        found = stream.data(count)
    time.sleep(0.3)
    with site.stream(f"{path}?since=all&poll=1") as stream:
        assert stream.data(count) == found and stream.event() is None
    return found


def test_an_event_is_published_at_its_time_and_waits_until_then(site):
    with site.stream("/sse/orders") as stream:
        before = time.time()
        receipt = delay(site, "later", "500ms", topic="orders", event="paid", retry=7)
        assert list(receipt) == ["delayed", "due", "durable", "topic"]
        assert receipt["durable"] == "full" and receipt["topic"] == "orders"
        assert before + 0.5 - 0.002 <= receipt["due"] / 1000 <= time.time() + 0.5
        entry = {"data": "later", "delayed": receipt["delayed"], "due": receipt["due"], "event": "paid",
                 "retry": 7, "topic": "orders"}
        assert waiting(site) == {"count": 1, "delayed": [entry]}
        assert site.request("GET", f"/publish/delayed/{receipt['delayed']}").json() == entry
        event = stream.event()
        assert 0 <= time.time() - receipt["due"] / 1000 < 1
        assert (event.type, event.data, stream.retry) == ("paid", "later", 7)
    wait_until(lambda: waiting(site) == {"count": 0, "delayed": []}, "the end of waiting")
    assert published(site, 1, "/sse/orders") == ["later"]


@pytest.mark.parametrize("written", ["unix", "rfc3339", "past"])
def test_an_event_is_published_at_a_moment_or_at_once_where_that_has_passed(site, written):
    moment = time.time() + (-60 if written == "past" else 0.4)
    at = moment
    if written == "rfc3339":
        at = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat()
    with site.stream() as stream:
        asked = time.time()
        answer = site.publish("at", at=at)
        assert answer.status == 202, answer.body
        assert abs(answer.json()["due"] / 1000 - moment) < 0.002
        assert stream.event().data == "at"
        assert -0.002 <= time.time() - max(moment, asked) < 1


def test_query_headers_and_plain_answers_do_as_fields_do(site):
    with site.stream("/sse/a") as stream:
        answers = [
            site.request("POST", "/publish/a?delay=200ms", "by query", {"Accept": "text/plain"}),
            site.request("PUT", "/publish/a", "by header", {"Delay": "200ms", "Accept": "text/plain"}),
            site.request("POST", "/publish/a", "by header too", {"X-At": f"{time.time() + 0.2}"}),
        ]
        assert [answer.status for answer in answers] == [202] * 3
        plain = answers[0].body.decode()
        assert plain.endswith("\n") and len(plain) == 17 and plain[:16] == plain[:16].lower()
        assert sorted(stream.data(3)) == ["by header", "by header too", "by query"]


def test_an_event_of_several_topics_is_one_event_and_lives_from_when_it_is_published(site):
    receipt = delay(site, "both", "1s", topics=["a", "b"], ttl="600ms")
    assert receipt["topics"] == ["a", "b"]
    assert waiting(site)["delayed"][0]["ttl"] == 0.6
    with site.stream("/sse?topic=a&topic=b") as stream:
        assert stream.event().data == "both"
        marker = site.publish("marker", topic="a").json()["id"]
        assert stream.event().id == marker
    time.sleep(0.7)
    with site.stream("/sse/b?since=all&poll=1") as stream:
        assert stream.rest() == []


def test_an_event_that_is_cancelled_is_not_published(site):
    kept, gone = delay(site, "kept"), delay(site, "gone")
    address = f"/publish/delayed/{gone['delayed']}"
    answer = site.request("DELETE", address)
    assert (answer.status, answer.json()) == (200, {"cancelled": gone["delayed"]})
    for method in ("DELETE", "GET"):
        answer = site.request(method, address)
        assert (answer.status, answer.problem()["code"]) == (404, "delayed_not_found")
    assert [entry["delayed"] for entry in waiting(site)["delayed"]] == [kept["delayed"]]
    assert published(site, 1) == ["kept"]
    answer = site.request("DELETE", f"/publish/delayed/{kept['delayed']}")
    assert answer.problem()["code"] == "delayed_not_found"


def test_a_list_is_read_in_parts(pair):
    ids = [delay(pair, f"{number}", f"{3600 + number % 5}s")["delayed"] for number in range(25)]
    found, query = [], "?limit=10"
    while query:
        part = waiting(pair, query)
        assert part["count"] == 25
        found += part["delayed"]
        query = f"?limit=10&after={part['next']}" if "next" in part else None
    assert {entry["delayed"] for entry in found} == set(ids) and len(found) == 25
    assert [entry["due"] for entry in found] == sorted(entry["due"] for entry in found)


def test_the_topic_delayed_is_published_to_as_before(site):
    for path, topic in [("/publish/delayed", "delayed"), ("/publish/delayed/x", "delayed/x")]:
        for method in ("PUT", "POST"):
            assert site.publish("now", path, method).json()["topic"] == topic
    with site.stream("/sse?topic=delayed&topic=delayed/x&since=all") as stream:
        assert stream.data(4) == ["now"] * 4


@pytest.mark.parametrize("fields, code", [
    ({"delay": "31d"}, "invalid_delay"), ({"delay": 0}, "invalid_delay"), ({"delay": "soon"}, "invalid_delay"),
    ({"at": "2000-01-01T00:00:00Z"}, "invalid_delay"), ({"at": 30}, "invalid_delay"),
    ({"at": time.time() + 31 * 86400}, "invalid_delay"), ({"delay": "1s", "at": time.time()}, "contradiction"),
    ({"delay": []}, "wrong_type"), ({"dellay": "1s"}, "unknown_field"),
])
def test_a_delay_that_is_none_is_refused_and_nothing_published(site, fields, code):
    answer = site.publish("x", **fields)
    assert answer.status == 400, answer.body
    problem = answer.problem()
    assert problem["code"] == code and problem["field"] in (*fields, "at")
    assert waiting(site)["count"] == 0


@pytest.mark.parametrize("path, methods", [
    ("/publish/delayed", {"GET", "HEAD", "PUT", "POST", "OPTIONS"}),
    ("/publish/delayed/0123456789abcdef", {"GET", "HEAD", "DELETE", "PUT", "POST", "OPTIONS"}),
    ("/publish/delay", {"PUT", "POST", "OPTIONS"}),
])
def test_it_is_told_what_may_be_asked_for(site, path, methods):
    for method in ("OPTIONS", "PATCH"):
        assert set(site.request(method, path).headers["Allow"].split(", ")) == methods


@pytest.mark.parametrize("method, path, status, code", [
    ("DELETE", "/publish/delayed", 405, "method_not_allowed"),
    ("DELETE", "/publish/other", 405, "method_not_allowed"),
    ("PATCH", "/publish/delayed/0123456789abcdef", 405, "method_not_allowed"),
    ("GET", "/publish/delayed/nonsense", 404, "delayed_not_found"),
    ("GET", "/publish/delayed?limit=0", 400, "invalid_parameter"),
    ("GET", "/publish/delayed?limti=1", 400, "invalid_parameter"),
    ("GET", "/publish/delayed?after=1", 400, "invalid_parameter"),
])
def test_what_is_asked_wrongly_of_delayed_events_is_told(site, method, path, status, code):
    answer = site.request(method, path)
    assert (answer.status, answer.problem()["code"]) == (status, code)


def test_the_same_key_is_the_same_event_while_it_waits_and_after_it_was_published(pair):
    first = delay(pair, "once", key="k")
    for _ in range(3):
        again = pair.publish("once", delay="1h", key="k")
        assert again.status == 202
        assert again.json() == first | {"replayed": True}
        assert again.headers["Idempotency-Replayed"] == "true"
    refused = pair.publish("other", delay="1h", key="k")
    assert (refused.status, refused.problem()["code"]) == (422, "key_reused")
    with pair.stream("/sse?since=all") as stream:
        id_ = stream.event().id
    after = [pair.publish("once", delay="1h", key="k"), pair.publish("once", key="k")]
    assert [answer.status for answer in after] == [200, 200]
    assert all(answer.json()["id"] == id_ and answer.json()["replayed"] for answer in after)
    assert published(pair, 1) == ["once"]


def test_who_publishes_another_event_with_the_key_of_one_that_waits_does_not_take_its_place(pair):
    delay(pair, "promised", after="1s", key="k", topic="a", event="late", end=True)
    assert pair.publish("other", key="k", topic="a").status == 200
    delay(pair, "same", after="1s", key="l", topic="b")
    assert pair.publish("same", key="l", topic="b").status == 200
    pair.wait_for_log("without its key 'k'")
    assert published(pair, 2, "/sse/a") == ["other", "promised"]
    assert pair.publish("more", topic="a").status == 409
    pages = pair.request("GET", "/sse/b?poll=1&since=all", headers={"Accept": "application/json"}).json()
    assert [event["data"] for event in pages["events"]] == ["same"]


def test_what_came_due_while_nothing_ran_is_published_at_once_and_the_rest_at_its_time(site):
    delay(site, "due", "50ms")
    soon = delay(site, "soon", "1500ms")
    site.kill_weir()
    time.sleep(0.2)
    assert weir("delayed", "--queue", site.queue).stdout.count("\n") in (2, 3)
    site.start_weir()
    with site.stream("/sse?since=all") as stream:
        assert stream.event().data == "due"
        assert time.time() < soon["due"] / 1000
        assert stream.event().data == "soon"
        assert 0 <= time.time() - soon["due"] / 1000 < 1


def test_when_the_worker_that_publishes_dies_another_one_does_within_a_second(pair):
    receipts = [delay(pair, f"{number}", f"{600 + 150 * number}ms") for number in range(8)]
    late = []
    with pair.stream("/sse?since=all") as stream:
        time.sleep(0.5)
        pair.kill_weir(0)
        for _ in range(4):
            stream.event()
            late.append(time.time())
        pair.start_weir(0)
        pair.kill_weir(1)
    with pair.stream("/sse?since=all") as stream:
        assert stream.data(8) == [f"{number}" for number in range(8)]
    assert all(moment - receipt["due"] / 1000 < 1 for moment, receipt in zip(late, receipts))
    assert published(pair, 8) == [f"{number}" for number in range(8)]


def test_the_command_line_tells_of_delayed_events_and_cancels_them(site):
    assert weir("delayed", "--queue", site.queue).stdout == "no event waits\n"
    first, second = delay(site, "first\nline", "1h", topic="a"), delay(site, "second", "30m", topics=["b", "c"])
    lines = weir("delayed", "--queue", site.queue).stdout.splitlines()
    assert len(lines) == 3 and lines[1].endswith(f"Z  {second['delayed']}  b,c  second")
    assert lines[2].endswith(f"  {first['delayed']}  a  first…")
    listed = weir("delayed", "list", "--queue", site.queue, "--json").stdout.splitlines()
    assert [json.loads(line) for line in listed] == waiting(site)["delayed"]
    cancelled = weir("delayed", "cancel", "--queue", site.queue, second["delayed"], "0" * 16)
    assert (cancelled.returncode, cancelled.stdout) == (66, f"{second['delayed']}\n")
    assert f"no event waits with the id {'0' * 16}" in cancelled.stderr
    assert waiting(site)["count"] == 1
    assert weir("delayed", "cancel", "--queue", site.queue, "--all").stdout == f"{first['delayed']}\n"
    assert waiting(site)["count"] == 0
    assert weir("delayed", "cancel", "--queue", site.queue, "x").returncode == 64
    assert weir("check", "--queue", site.queue).returncode == 0


def test_a_restored_copy_goes_on_with_what_waits_unless_that_is_cancelled_there(site, make_site, state):
    delay(site, "waits", "1h")
    assert weir("backup", "--queue", site.queue, state / "backup").returncode == 0
    for name in ("copy", "silent"):
        assert weir("restore", "--queue", state / name, state / "backup").returncode == 0
    assert len(weir("delayed", "cancel", "--queue", state / "silent", "--all").stdout) == 17
    listed = [weir("delayed", "--queue", state / name, "--json").stdout for name in ("copy", "silent")]
    assert json.loads(listed[0]) == waiting(site)["delayed"][0] and listed[1] == ""
    assert waiting(site)["count"] == 1


def test_an_event_whose_topic_has_ended_meanwhile_is_dropped_and_logged(site):
    receipt = delay(site, "late", "400ms", topic="job")
    site.publish("last", topic="job", end=True)
    line = site.wait_for_log("publishing delayed events failed", receipt["delayed"])
    assert "its topic 'job' has ended" in line
    wait_until(lambda: waiting(site)["count"] == 0, "the end of waiting")
    assert published(site, 1, "/sse/job") == ["last"]
    wait_until(lambda: told(site)["dropped"] == 1, "the count")
    assert b"\nweir_delayed_dropped_total{worker=\"0\"} 1\n" in site.request("GET", "/weir/metrics").body
    assert "none waits; 1 dropped" in weir("status", "--queue", site.queue).stdout


def told(site):
    """What the status tells of delayed events."""
    return site.request("GET", "/weir/status").json()["delayed"]


def test_nothing_is_taken_in_under_a_topic_that_has_ended_until_that_is_deleted(pair):
    last = {"topic": "job", "end": True, "key": "end"}
    first = pair.publish("last", **last).json()
    for fields in ({"topic": "job"}, {"topics": ["other", "job"], "key": "k"}):
        answer = pair.publish("late", delay="1h", **fields)
        assert (answer.status, answer.problem()["code"]) == (409, "topic_ended")
    assert "has ended" in weir("publish", "-q", pair.queue, "--topic", "job", "--delay", "1h", "late").stderr
    assert waiting(pair)["count"] == 0
    again = pair.publish("last", delay="1h", **last)
    assert again.status == 200 and again.json() == first | {"replayed": True}
    assert pair.request("DELETE", "/topics/job").status == 200
    assert pair.publish("late", delay="1h", topic="job").status == 202


def test_a_topic_that_is_deleted_keeps_its_keys_and_what_waits(site):
    first = site.publish("past", topic="job", key="k").json()
    delay(site, "to come", "500ms", topic="job")
    assert site.request("DELETE", "/topics/job").status == 200
    again = site.publish("past", topic="job", key="k")
    assert again.json() == first | {"replayed": True}
    assert published(site, 1, "/sse/job") == ["to come"]


def test_it_is_told_how_many_wait_and_when_the_next_one_is_due(pair):
    assert told(pair) == {"waiting": 0, "dropped": 0}
    delay(pair, "late", "2h")
    due = delay(pair, "soon", "1h")["due"]
    wait_until(lambda: told(pair) == {"waiting": 2, "next_due": due, "dropped": 0}, "the count")
    metrics = pair.request("GET", "/weir/metrics").body.decode().splitlines()
    assert "weir_delayed_waiting 2" in metrics
    assert f"weir_delayed_next_due_seconds {due / 1000}" in [
        line for line in metrics if line.startswith("weir_delayed_next")]
    assert "2 wait, the next is due in " in weir("status", "--queue", pair.queue).stdout
    for worker in (0, 1):
        pair.kill_weir(worker)
    found = json.loads(weir("status", "--queue", pair.queue, "--json").stdout)
    assert found["delayed"] == {"waiting": 2, "next_due": due, "dropped": 0}


def test_an_event_is_taken_in_or_published_once_whoever_is_asked_at_once(pair):
    """Eight at a time send the same event with one key, later and now, to both workers."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for number in range(12):
            fields = [{"key": f"k{number}"} | ({"delay": "1ms"} if place % 4 else {}) for place in range(8)]
            answers = list(pool.map(lambda one: pair.publish(f"{number}", **one), fields))
            assert {answer.status for answer in answers} <= {200, 202}, [answer.body for answer in answers]
            taken = {answer.json()["delayed"] for answer in answers if answer.status == 202}
            assert len(taken) <= 1
    assert sorted(published(pair, 12), key=int) == [f"{number}" for number in range(12)]


def test_the_last_event_of_a_topic_may_be_one_that_is_published_later(site):
    delay(site, "last", "200ms", topic="job", end=True)
    with site.stream("/sse/job") as stream:
        assert stream.data(1) == ["last"] and stream.event() is None


def test_the_command_line_publishes_later_also_where_no_worker_runs(site, state):
    site.kill_weir()
    first = weir("publish", "--queue", site.queue, "--topic", "a", "--delay", "1h", "--key", "k", "later")
    again = weir("publish", "--queue", site.queue, "--topic", "a", "--delay", "2h", "--key", "k", "later")
    assert first.returncode == 0 and len(first.stdout) == 17 and again.stdout == first.stdout
    lines = weir("publish", "--queue", site.queue, "--lines", "--delay", "100ms", stdin="one\ntwo\nthree\n")
    assert lines.returncode == 0, lines
    time.sleep(0.2)
    site.start_weir()
    assert published(site, 3) == ["one", "two", "three"]
    assert [entry["data"] for entry in waiting(site)["delayed"]] == ["later"]
    remote = weir("publish", "--url", site.address, "--delay", "1h", "from afar")
    assert remote.returncode == 0 and waiting(site)["count"] == 2, remote
    for option in (("--delay", "31d"), ("--at", "soon"), ("--delay", "1s", "--at", f"{time.time()}")):
        assert weir("publish", "--queue", site.queue, *option, "x").returncode == 64
