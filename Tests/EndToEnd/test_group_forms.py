"""Members of groups as programs see them: lines and pages of JSON, polls, the end of their topics, and metrics."""

import contextlib
import http.client
import json
import re
import socket

from groups import GROUP, acknowledge, group, open_members, stays, wait_for
from processes import PATIENCE_SECONDS, wait_until

LINES = {"Accept": "application/x-ndjson"}
PAGE = {"Accept": "application/json"}


def line(stream):
    """The next line that is no sign of life."""
    while True:
        text = stream.line()
        if text is None or text.strip():
            return text and json.loads(text)


def poll(site, query="", accept=PAGE):
    answer = site.request("GET", f"{GROUP}&poll=1{query}", None, accept)
    assert answer.status == 200, answer.body
    return [json.loads(text) for text in answer.body.splitlines()] if accept == LINES else answer.json()


def begin_group(site, path=GROUP):
    with site.stream(path):
        wait_for(site, members=1)
    wait_for(site, members=0)


def test_lines_say_what_a_worker_needs_large_events_and_gaps_too(site):
    large = "\n".join(["é\"\\" * 4000] * 3)
    path = f"{GROUP}&ack=1s"
    with site.stream(path, LINES) as member:
        assert member.headers["Content-Type"] == "application/x-ndjson"
        wait_for(site, members=1)
        ids = site.publish_all(["a", large], topics=["default", "other"], event="x")
        given = [line(member), line(member)]
        assert [one["id"] for one in given] == ids
        assert [one["data"] for one in given] == ["a", large]
        assert {(one["redelivered"], one["event"], *one["topics"]) for one in given} == {(0, "x", "default", "other")}
        assert acknowledge(site, ids[:1]).json()["acknowledged"] == ids[:1]
        again = line(member)
        assert again == given[1] | {"redelivered": 1}
        acknowledge(site, ids)
        wait_for(site, given=0, acknowledged=2)


def test_lines_and_event_streams_are_members_of_one_group(site):
    with contextlib.ExitStack() as stack:
        one, = open_members(site, stack, 1)
        two = stack.enter_context(site.stream(GROUP, LINES))
        wait_for(site, members=2)
        ids = site.publish_all(["a", "b"])
        assert one.event().id == ids[0] and line(two)["id"] == ids[1]


def test_a_poll_takes_what_waits_in_turn_and_has_an_end(site):
    begin_group(site)
    ids = site.publish_all(f"{number}" for number in range(3))
    assert [event["id"] for event in poll(site)["events"]] == ids
    assert poll(site) == {"events": []}
    site.publish_all(["3", "x" * 40_000])
    assert [len(event["data"]) for event in poll(site, accept=LINES)] == [1, 40_000]
    site.publish_all(["4"])
    with site.stream(f"{GROUP}&poll=1") as stream:
        assert stream.data(1) == ["4"] and stream.event() is None
    assert wait_for(site, members=0, given=0, waiting=0)["delivered"] == 6


def test_a_poll_with_acknowledgements_takes_as_many_as_its_credit(site):
    path = "&ack=1h&credit=2&since=all"
    ids = site.publish_all(f"{number}" for number in range(5))
    first = [event["id"] for event in poll(site, path)["events"]]
    assert first == ids[:2]
    wait_for(site, members=0, given=2)
    acknowledge(site, first)
    assert [event["id"] for event in poll(site, path, LINES)] == ids[2:4]
    assert [event["id"] for event in poll(site, path)["events"]] == ids[4:]
    assert poll(site, path) == {"events": []}
    wait_for(site, members=0, given=3, waiting=0)


def test_a_poll_makes_a_group_that_begins_with_everything_and_a_page_has_a_thousand(site):
    body = "".join(f'{{"message":"{number}"}}\n' for number in range(1200))
    assert site.request(
        "POST", "/publish", body, {"Content-Type": "application/x-ndjson"}).json()["accepted"] == 1200
    pages = [poll(site)["events"] for _ in range(3)]
    assert [len(page) for page in pages] == [1000, 200, 0]
    assert [event["data"] for page in pages for event in page] == [f"{number}" for number in range(1200)]
    wait_for(site, members=0, given=0, waiting=0, redelivered=0)


def test_a_page_that_is_full_of_large_events_goes_on_behind_them(site):
    """Not of a group: its cursor."""
    # Larger as JSON than a frame takes.
    data = "\\u0001" * 3000
    body = "".join(f'{{"message":"{number} {data}"}}\n' for number in range(1001))
    site.request("POST", "/publish", body, {"Content-Type": "application/x-ndjson"})
    page = site.request("GET", "/sse?poll=1&since=all", None, PAGE).json()
    assert [event["data"][:4] for event in page["events"]] == [f"{number} \1\1\1"[:4] for number in range(1000)]
    assert page["next"] == page["events"][-1]["id"]
    page = site.request("GET", f"/sse?poll=1&since={page['next']}", None, PAGE).json()
    assert [event["data"][:4] for event in page["events"]] == ["1000"]


def test_what_was_given_before_a_large_event_that_broke_off_is_marked(site):
    begin_group(site)
    small = site.publish_all(f"{number} {'x' * 15_000}" for number in range(3))
    # More than sockets take in.
    body = json.dumps({"message": "y" * 4_000_000}) + "\n"
    large = site.request("POST", "/publish", body, {"Content-Type": "application/x-ndjson"}).json()["first"]
    with contextlib.closing(socket.socket()) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", site.port))
        stalled.sendall(f"GET {GROUP} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_for(site, members=1)
        assert stays(lambda: group(site)["given"] > 0)
        left = group(site)["given"]
    with site.stream(GROUP) as member:
        events = member.events(left)
        assert [event.id for event in events] == [*small, large][-left:]
        # nginx may have been seen to have read the others; the one that broke off is surely not whole.
        assert len(member.comments) == left - 1


def status_of(site, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read().decode().count("data: ")


def test_members_streams_end_with_their_topics_once_all_is_done_with(make_site):
    site = make_site(workers=2)
    path = "/sse/job?group=g&ack=1h"
    with contextlib.ExitStack() as stack:
        members = open_members(site, stack, 3, path)
        ids = site.publish_all(["1"], topic="job") + site.publish_all(["done"], topic="job", end=True)
        assert [members[0].event().data, members[1].event().data] == ["1", "done"]
        acknowledge(site, ids[1:])
        late = stack.enter_context(site.stream(path))
        assert late.status == 200
        wait_for(site, members=4, given=1)
        acknowledge(site, ids[:1])
        for member in [*members, late]:
            assert member.event() is None
    assert status_of(site, path) == (204, None, 0)
    assert site.request("HEAD", path).status == 204
    assert poll(site, "&topic=job&ack=1h") == {"events": []}
    # A new group has what is there, unless it asks for what comes.
    assert status_of(site, "/sse/job?group=h") == (204, None, 0)
    assert group(site, "h") is None
    assert status_of(site, "/sse/job?group=h&since=all") == (200, "text/event-stream", 2)
    wait_until(lambda: status_of(site, "/sse/job?group=h")[0] == 204, "the end of the other group")
    assert site.request("DELETE", "/topics/job").status == 200
    with site.stream("/sse/job?group=h") as member:
        site.publish_all(["anew"], topic="job")
        assert member.data(1) == ["anew"]


def test_a_group_of_ended_topics_whose_rest_has_expired_ends_and_is_204_then(site):
    begin_group(site, "/sse/job?group=g")
    site.publish_all(["1"], topic="job", ttl="1s")
    site.publish_all(["2"], topic="job", ttl="1s", end=True)
    wait_until(lambda: status_of(site, "/sse/job?since=all&poll=1")[2] == 0, "the end of their time")
    assert status_of(site, "/sse/job?group=g") == (200, "text/event-stream", 0)
    assert status_of(site, "/sse/job?group=g") == (204, None, 0)


def test_what_was_deleted_is_given_to_nobody(site):
    path = "/sse?topic=a&topic=b&group=g&ack=1s"
    with site.stream(path) as member:
        wait_for(site, members=1)
        site.publish_all(["1"], topic="a")
        assert member.data(1) == ["1"]
        wait_for(site, given=1, delivered=1)
    assert site.request("DELETE", "/topics/a").status == 200
    site.publish_all(["2"], topic="b")
    wait_for(site, members=0)
    with site.stream(path) as member:
        assert member.data(1) == ["2"]
        acknowledge(site, [member.last_event_id])
        wait_for(site, given=0, waiting=0)
    assert member.comments == []


def metrics(site):
    text = site.request("GET", "/weir/metrics").body.decode()
    return {name: float(value) for name, value in re.findall(r'^(weir_groups?[^ ]*) ([^ ]+)$', text, re.MULTILINE)}


def test_metrics_tell_of_groups_so_many_by_their_names(site):
    assert metrics(site) == {"weir_groups": 0}
    with site.stream(f"{GROUP}&ack=1s&credit=1") as member:
        wait_for(site, members=1)
        ids = site.publish_all(["a", "b", "c"])
        member.events(2)
        wait_for(site, redelivered=1)
        acknowledge(site, ids[:1])
        wait_for(site, acknowledged=1, given=1)

        def told():
            state, found = group(site), metrics(site)
            return found if group(site) == state and found == {"weir_groups": 1} | {
                f'weir_group_{name}{{group="g"}}': state[name.split("_")[0]] for name in (
                    "members", "waiting_events", "given_events", "delivered_events_total",
                    "redelivered_events_total", "acknowledged_events_total")} else None

        found = wait_until(told, "the same figures")
        assert found['weir_group_waiting_events{group="g"}'] == 1
        assert found['weir_group_redelivered_events_total{group="g"}'] >= 1
    file = (site.queue / "groups/g.group").read_bytes()
    for number in range(120):
        (site.queue / f"groups/a{number:03}.group").write_bytes(file)
    found = metrics(site)
    assert found["weir_groups"] == 121 and len(found) == 1 + 6 * 100
    assert not [name for name in found if '"g"' in name]
