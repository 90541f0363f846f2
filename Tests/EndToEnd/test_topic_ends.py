"""Topics that end, and are deleted: streams of a language model's tokens, of job logs, of progress."""

import http.client
import json
import os
import random
import threading
import urllib.parse

import pytest

from processes import PATIENCE_SECONDS, wait_until, weir

LONG_COUNT = 2000
# What a page does with a stream that has an end.
FOLLOW = """
  window.followed = new EventSource(arguments[0]);
  followed.got = [];
  followed.onmessage = (event) => followed.got.push(event.data);
  followed.onerror = () => followed.got.push("error");
"""


def publish(site, message, topic, **fields):
    return site.publish(message, topic=topic, **fields)


def publish_tokens(site, topic, count=20):
    """Publishes that many tokens and an end; returns the ids."""
    ids = site.publish_all([f"t{number}" for number in range(count)], topic=topic)
    return ids + site.publish_all(["done"], topic=topic, end=True)


def delete(site, topic):
    answer = site.request("DELETE", f"/topics/{urllib.parse.quote(topic, safe='')}")
    assert answer.status == 200, answer.body
    return answer.json()


def read_all(site, path, headers=None):
    """Status and events of a stream up to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE_SECONDS)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, [line[6:] for line in text.splitlines() if line.startswith("data: ")]


TOKENS = [f"t{number}" for number in range(20)] + ["done"]


def test_a_stream_ends_with_its_topic_and_who_comes_later_gets_what_it_has_not_seen(site):
    with site.stream("/sse/job.1") as stream, site.stream("/sse?topic=job.1&topic=other") as both, \
         site.stream("/sse?topic=job.*") as pattern:
        ids = publish_tokens(site, "job.1")
        assert stream.data(21) == TOKENS
        assert stream.event() is None, "the stream is over"
        assert both.data(21) == pattern.data(21) == TOKENS
        assert publish(site, "x", "other").status == 200
        assert both.data(1) == ["x"]
        site.publish_all(["y"], topic="other", end=True)
        assert both.data(1) == ["y"] and both.event() is None
        assert publish(site, "z", "job.2").status == 200
        assert pattern.data(1) == ["z"], "more may come for a pattern"
    assert read_all(site, "/sse/job.1", {"Last-Event-ID": ids[-1]}) == (204, [])
    assert read_all(site, "/sse/job.1") == (204, []), "nothing will ever come"
    assert read_all(site, "/sse/job.1", {"Last-Event-ID": ids[4]}) == (200, TOKENS[5:])
    assert read_all(site, "/sse/job.1?since=all") == (200, TOKENS)
    assert read_all(site, "/sse?topic=job.1&topic=other", {"Last-Event-ID": ids[-1]}) == (200, ["x", "y"])
    assert site.request("HEAD", "/sse/job.1").status == 204
    refused = publish(site, "x", "job.1")
    assert refused.status == 409 and refused.problem()["code"] == "topic_ended"
    assert "DELETE /topics/" in refused.problem()["detail"]


def test_a_browser_stops_by_itself(site, browser):
    browser.get(site.address)
    browser.execute_script(FOLLOW, "/sse/answer")
    wait_until(lambda: browser.execute_script("return followed.readyState") == 1, "the stream")
    publish_tokens(site, "answer")
    wait_until(lambda: browser.execute_script("return followed.readyState") == 2, "the end of it")
    assert browser.execute_script("return followed.got") == TOKENS + ["error", "error"], \
        "one error for the end, one for 204"
    browser.execute_script(FOLLOW, "/sse/answer?since=all")
    wait_until(lambda: browser.execute_script("return followed.readyState") == 2, "the end for a late comer")
    assert browser.execute_script("return followed.got")[:21] == TOKENS


def test_a_deleted_topic_begins_anew(site):
    ids = publish_tokens(site, "a b/c", 3)
    site.publish_all(["both"], topics=["a b/d", "x"])
    assert delete(site, "a b/c") == {"topic": "a b/c", "hidden_through": ids[0].split("-")[0] + "-5"}
    with site.stream("/sse/a%20b%2Fc") as stream:
        new = site.publish_all(["new"], topic="a b/c")
        assert stream.data(1) == ["new"]
    with site.stream("/sse?topic=%3E&since=all") as stream:
        assert stream.data(2) == ["both", "new"]
    with site.stream("/sse/a%20b%2Fc", {"Last-Event-ID": ids[0]}) as stream:
        assert stream.data(1) == ["new"]
    assert site.publish_all(["end"], topic="a b/c", end=True)[0] > new[0]
    delete(site, "a b/d")
    with site.stream("/sse?topic=x&since=all") as stream:
        assert stream.data(1) == ["both"]
    tail = weir("export", "--queue", site.queue).stdout
    assert [json.loads(line)["message"] for line in tail.splitlines()] == ["both", "new", "end"]


def test_what_a_late_comer_cannot_get_any_more_is_204_too(site):
    first = site.publish_all(["1"], topic="short", ttl=1)[0]
    site.publish_all(["2"], topic="short", ttl=1, end=True)
    wait_until(lambda: read_all(site, "/sse/short", {"Last-Event-ID": first}) == (204, []), "the end of its time")
    assert read_all(site, "/sse/short?since=all") == (204, [])


def test_an_end_that_is_published_again_with_its_key_is_known(site):
    first = site.publish("bye", topic="keyed", end=True, key="k").json()
    again = site.publish("bye", topic="keyed", end=True, key="k").json()
    assert again["id"] == first["id"] and again["replayed"] is True
    assert site.publish("other", topic="keyed", key="l").status == 409


def test_ends_and_deletions_hold_for_all_workers(make_site):
    site = make_site(workers=2)
    for number in range(10):
        topic = f"job-{number}"
        with site.stream(f"/sse/{topic}") as one, site.stream(f"/sse/{topic}") as other:
            publish_tokens(site, topic, 2)
            for stream in (one, other):
                assert stream.data(3) == ["t0", "t1", "done"] and stream.event() is None
        assert {publish(site, "x", topic).status for _ in range(4)} == {409}
        assert {read_all(site, f"/sse/{topic}")[0] for _ in range(4)} == {204}
        delete(site, topic)
        assert {publish(site, "x", topic).status for _ in range(4)} == {200}


def test_an_acknowledged_end_is_never_forgotten_while_workers_are_killed(make_site):
    seed = int(os.environ.get("WEIR_SEED") or random.SystemRandom().getrandbits(63))
    print(f"WEIR_SEED={seed}")
    dice = random.Random(seed)
    site = make_site(workers=2)
    is_over = threading.Event()

    def kill_and_restart():
        while not is_over.wait(dice.uniform(0.02, 0.2)):
            worker = dice.randrange(2)
            site.kill_weir(worker)
            site.start_weir(worker)

    killer = threading.Thread(target=kill_and_restart)
    killer.start()
    ended, deleted = {}, set()
    try:
        for number in range(LONG_COUNT if os.environ.get("LONG") == "1" else 60):
            topic = f"job-{number}"
            try:
                answer = site.publish("end", topic=topic, end=True)
                if answer.status == 200:
                    ended[topic] = answer.json()["id"]
                if number % 3 == 0 and site.request("DELETE", f"/topics/{topic}").status == 200:
                    deleted.add(topic)
            except (OSError, http.client.HTTPException):
                pass
    finally:
        is_over.set()
        killer.join()
    # Of both workers each may have been started a moment ago.
    wait_until(lambda: all(publish(site, "up", "up").status == 200 for _ in range(8)), "the workers")
    assert len(ended) > 20 and deleted
    for topic, id_ in ended.items():
        if topic in deleted:
            assert publish(site, "x", topic).status == 200
        elif int(topic[4:]) % 3:
            assert publish(site, "x", topic).status == 409, topic
            assert read_all(site, f"/sse/{topic}", {"Last-Event-ID": id_}) == (204, [])
    assert weir("check", "--queue", site.queue).returncode == 0


def test_all_of_it_outlives_a_crash(site):
    ids = publish_tokens(site, "ended", 2)
    publish_tokens(site, "deleted", 2)
    delete(site, "deleted")
    site.kill_weir()
    site.start_weir()
    assert publish(site, "x", "ended").status == 409
    assert read_all(site, "/sse/ended", {"Last-Event-ID": ids[0]}) == (200, ["t1", "done"])
    assert publish(site, "x", "deleted").status == 200
    with site.stream("/sse/deleted?since=all") as stream:
        assert stream.data(1) == ["x"]
    assert weir("check", "--queue", site.queue).returncode == 0


def test_topics_are_told_of(site):
    ids = site.publish_all(["1", "22", "333"], topic="b")
    site.publish_all(["x"], topics=["a", "c d"])
    end = publish_tokens(site, "job.1", 1)[-1]
    answer = site.request("GET", "/topics")
    assert answer.headers["Content-Type"] == "application/json"
    topics = answer.json()
    assert [topic["topic"] for topic in topics["topics"]] == ["a", "b", "c d", "job.1"] and "next" not in topics
    told = site.request("GET", "/topics/b").json()
    assert told == topics["topics"][1]
    size = len((site.queue / "00000000000000000001.sse").read_bytes().split(b"\n\n")[0]) + 2
    assert told == {"topic": "b", "newest": ids[-1], "events": 3, "bytes": 3 * size + 3,
                    "events_last_minute": 3, "ended": False}
    assert site.request("GET", "/topics?topic=job.1").json() | {"bytes": 0} == {
        "topic": "job.1", "newest": end, "events": 2, "bytes": 0, "events_last_minute": 2, "ended": True}
    page = site.request("GET", "/topics?limit=2&after=a").json()
    assert [topic["topic"] for topic in page["topics"]] == ["b", "c d"] and page["next"] == "c d"
    page = site.request("GET", "/topics?prefix=c%20").json()
    assert [topic["topic"] for topic in page["topics"]] == ["c d"]
    printed = weir("topics", "--queue", site.queue, "--json").stdout
    assert json.loads(printed) == topics
    table = weir("topics", "--queue", site.queue, "--sort", "events", "job.>", "b").stdout.splitlines()
    assert [line.split()[:1] for line in table] == [["topic"], ["b"], ["job.1"]]
    assert table[2].endswith("ended")


@pytest.mark.parametrize("method, path, status, code", [
    ("GET", "/topics/none", 404, "not_found"), ("DELETE", "/topics", 400, "invalid_topic"),
    ("GET", "/topics?limit=0", 400, "invalid_parameter"), ("GET", "/topics?limit=1001", 400, "invalid_parameter"),
    ("GET", "/topics?prefx=a", 400, "invalid_parameter"), ("DELETE", "/topics/a.*", 400, "invalid_topic"),
    ("POST", "/topics/a", 405, "method_not_allowed"), ("DELETE", "//topics/a", 400, "invalid_topic"),
])
def test_what_is_asked_wrongly_is_told(site, method, path, status, code):
    answer = site.request(method, path)
    assert (answer.status, answer.problem()["code"]) == (status, code)


def test_topics_are_for_programs_of_this_machine(site):
    for headers in ({"Host": "example.org"}, {"X-Forwarded-For": "192.0.2.1"}):
        for method in ("GET", "DELETE"):
            answer = site.request(method, "/topics/a", headers=headers)
            assert answer.status == 403 and answer.problem()["code"] == "not_local"


def test_a_topic_is_deleted_from_the_command_line(site):
    ids = publish_tokens(site, "job", 1)
    assert weir("topics", "--queue", site.queue, "--delete", "job").stdout == ids[-1] + "\n"
    assert publish(site, "x", "job").status == 200
