"""What a stream is of, and where it begins: every spelling, with curl as people type it."""

import subprocess
import time

import pytest

from processes import PATIENCE_SECONDS, wait_until


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

    def oldest():
        with site.stream("/sse?since=all") as stream:
            return stream.event()

    wait_until(lambda: oldest().data != "0", "retention")
    assert oldest().type == "message"


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
