"""Other people's clients, unchanged: event types, several lines, resuming, gaps, signals, the end of a topic."""

import itertools
import json
import types

import pytest

from clients import ALL, BY_THEMSELVES
from processes import free_port, wait_until


@pytest.fixture
def make_both(make_site):
    """A site whose nginx speaks HTTP/1.1 at one port and HTTP/2 at another."""
    def make(*arguments):
        port = free_port()
        site = make_site("--retry", "100", *arguments, configure=lambda text: text.replace(
            "backlog=4096 ;", f"backlog=4096; listen 127.0.0.1:{port} http2;"))
        site.over_http2 = types.SimpleNamespace(address=f"http://127.0.0.1:{port}")
        return site

    return make


@pytest.fixture
def both(make_both):
    return make_both()


def take(events, count):
    return list(itertools.islice(events, count))


@pytest.mark.parametrize("name", ALL)
def test_a_client_gets_types_lines_and_ids_and_resumes_behind_any_of_them(both, name):
    first = both.publish_all(["before"])[0]
    with ALL[name](both, "/sse", first) as events:
        ids = both.publish_all(["one", "two\nlines", "", "Grüße 世界 👋🏽"])
        ids += both.publish_all(["42"], event="paid")
        published = list(zip(
            ["message"] * 4 + ["paid"], ["one", "two\nlines", "", "Grüße 世界 👋🏽", "42"], ids))
        assert take(events, 5) == published
    with ALL[name](both, "/sse", ids[2]) as events:
        assert take(events, 2) == published[3:]
        ids += both.publish_all(["live again"])
        assert take(events, 1) == [("message", "live again", ids[-1])]


@pytest.mark.parametrize("name", ALL)
def test_a_client_is_told_of_a_gap(both, name):
    newest = both.publish_all(["a", "b"])[1]
    with ALL[name](both, "/sse", "00000000-7") as events:
        type_, data, _ = next(events)
        assert (type_, json.loads(data)["reason"]) == ("weir.gap", "unknown-epoch")
        assert take(events, 2)[-1] == ("message", "b", newest)


@pytest.mark.parametrize("name", ALL)
def test_a_client_is_told_when_the_past_is_told_and_that_a_silent_stream_lives(make_both, name):
    site = make_both("--heartbeat", "0.3")
    (newest,) = site.publish_all(["a"])
    with ALL[name](site, "/sse?last=1&signals=live,heartbeat", None) as events:
        told = take(events, 3)
    assert [type_ for type_, _, _ in told] == ["message", "weir.live", "weir.heartbeat"]
    assert [json.loads(data) for _, data, _ in told[1:]] == [{"id": newest}] * 2


@pytest.mark.parametrize("name", BY_THEMSELVES)
def test_a_client_that_reconnects_by_itself_misses_nothing_and_gets_nothing_twice(both, name):
    ids = both.publish_all(["0"])
    with BY_THEMSELVES[name](both, "/sse", ids[0]) as events:
        ids += both.publish_all(["1"])
        assert take(events, 1) == [("message", "1", ids[1])]
        both.kill_weir()
        both.start_weir()
        ids += both.publish_all(["2", "3"])
        assert take(events, 2) == [("message", "2", ids[2]), ("message", "3", ids[3])]


@pytest.mark.parametrize("name", ALL)
def test_a_client_gets_a_topic_to_its_end_and_stops(both, name):
    (first,) = both.publish_all(["one"], topic="answer")
    with ALL[name](both, "/sse/answer", first) as events:
        ids = both.publish_all(["two"], topic="answer") + both.publish_all(
            ["all"], topic="answer", event="paid", end=True)
        # Those that come back by themselves do, get 204, and give up.
        assert list(events) == [("message", "two", ids[0]), ("paid", "all", ids[1])]


class Page:
    """Chromium's EventSource on a page of the site."""

    def __init__(self, browser, site, path):
        self.browser = browser
        browser.get(f"{site.address}/problems/")
        browser.execute_script("""
            window.got = [];
            window.source = new EventSource(arguments[0]);
            for (const type of ["message", "paid", "weir.gap", "weir.live", "weir.heartbeat"])
              source.addEventListener(type, (e) => got.push([e.type, e.data, e.lastEventId]));
            """, path)

    def wait_for(self, count):
        wait_until(lambda: len(self.got()) >= count, f"{count} events")
        return self.got()

    def got(self):
        return [tuple(event) for event in self.browser.execute_script("return got")]

    def wait_for_state(self, state):
        wait_until(lambda: self.browser.execute_script("return source.readyState") == state, "the state")


def test_chromium_gets_types_lines_and_ids_and_resumes_over_restarts(browser, both):
    first = both.publish_all(["before"])[0]
    page = Page(browser, both, f"/sse?last_event_id={first}")
    ids = both.publish_all(["one", "two\nlines", ""]) + both.publish_all(["42"], event="paid")
    expected = list(zip(["message"] * 3 + ["paid"], ["one", "two\nlines", "", "42"], ids))
    assert page.wait_for(4) == expected
    for round_ in range(2):
        both.kill_weir()
        page.wait_for_state(0)
        both.start_weir()
        ids += both.publish_all([f"after {round_}"])
        expected.append(("message", f"after {round_}", ids[-1]))
        assert page.wait_for(len(expected)) == expected


def test_chromium_is_told_when_the_past_is_told_and_that_a_silent_stream_lives(browser, make_both):
    site = make_both("--heartbeat", "0.3")
    (newest,) = site.publish_all(["a"])
    told = Page(browser, site, "/sse?last=1&signals=live,heartbeat").wait_for(3)[:3]
    assert [type_ for type_, _, _ in told] == ["message", "weir.live", "weir.heartbeat"]
    assert [json.loads(data) for _, data, _ in told[1:]] == [{"id": newest}] * 2


def test_chromium_gets_a_topic_to_its_end_and_stops(browser, both):
    (first,) = both.publish_all(["one"], topic="answer")
    page = Page(browser, both, f"/sse/answer?last_event_id={first}")
    ids = both.publish_all(["two"], topic="answer") + both.publish_all(
        ["all"], topic="answer", event="paid", end=True)
    page.wait_for_state(2)
    assert page.got() == [("message", "two", ids[0]), ("paid", "all", ids[1])]


def test_chromium_is_told_of_a_gap(browser, both):
    both.publish_all(["a"])
    (type_, data, _), event = Page(browser, both, "/sse?last_event_id=00000000-7").wait_for(2)
    assert (type_, json.loads(data)["reason"], event[1]) == ("weir.gap", "unknown-epoch", "a")
