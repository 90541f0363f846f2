"""Groups: subscribers that share events, each of which goes to one of them."""

import collections
import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import time

import pytest

from groups import GROUP, acknowledge, group, open_members, stays, wait_for
from processes import wait_until, weir


@pytest.fixture
def pair(make_site):
    """A site with two workers, which nginx asks in turn."""
    return make_site("--retry", "100", workers=2)


def test_each_event_goes_to_one_member_in_turn_across_workers(pair):
    with contextlib.ExitStack() as stack:
        members = open_members(pair, stack, 3)
        ids = [pair.publish_all([f"{number}"])[0] for number in range(3)]
        assert [member.event().id for member in members] == ids
        pair.publish_all(f"{number}" for number in range(300))
        wait_for(pair, delivered=303, given=0)
        # Those that were given while one was being written to may fall to the others.
        got = collections.Counter()
        for member in members:
            member.connection.sock.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                while True:
                    got[member.event().data] += 1
        assert got == {f"{number}": 1 for number in range(300)}


def test_a_group_waits_while_nobody_is_there_also_over_a_restart_of_all(pair):
    with pair.stream(GROUP):
        wait_for(pair, members=1)
    wait_for(pair, members=0)
    pair.publish_all(["1", "2"])
    assert group(pair)["waiting"] == 2
    for worker in (0, 1):
        pair.kill_weir(worker)
    for worker in (0, 1):
        pair.start_weir(worker)
    pair.publish_all(["3"])
    with pair.stream(GROUP) as member:
        assert member.data(3) == ["1", "2", "3"]
        wait_for(pair, waiting=0, given=0, delivered=3, redelivered=0)


def test_a_group_begins_where_its_first_member_says_and_later_ones_have_no_say(site):
    ids = site.publish_all(f"{number}" for number in range(4))
    with site.stream(f"{GROUP}&since={ids[1]}") as member:
        assert member.data(2) == ["2", "3"]
        wait_for(site, given=0)
    wait_for(site, members=0)
    with site.stream(f"{GROUP}&since=all", {"Last-Event-ID": ids[0]}) as member:
        site.publish_all(["4"])
        assert member.data(1) == ["4"]


def test_events_of_a_killed_worker_go_to_the_members_of_the_others(pair):
    with contextlib.ExitStack() as stack:
        members = open_members(pair, stack, 4)
        pair.publish_all(f"{number}" for number in range(4))
        for member in members:
            member.event()
        wait_for(pair, given=0)
        # It is asleep when it is given its share, and dies with it.
        pair.weirs[1].send_signal(signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            answers = [pool.submit(pair.publish, f"{number}") for number in range(4, 40)]
            wait_until(lambda: sum(answer.done() for answer in answers) >= 18, "the other worker")
            pair.kill_weir(1)
            accepted = {
                answer.result().json()["id"] for answer in answers if answer.result().status == 200}
        got = collections.Counter()
        for member in members:
            member.connection.sock.settimeout(1)
            with contextlib.suppress(TimeoutError):
                while event := member.event():
                    got[event.id] += 1
        assert accepted <= set(got)
        assert set(got.values()) == {1}
        wait_for(pair, members=2, given=0, waiting=0)


def test_an_event_whose_stream_broke_off_in_the_middle_goes_to_another(site):
    large = "x" * 900_000
    with contextlib.closing(socket.socket()) as stalled:
        # A client that takes little and reads nothing.
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", site.port))
        stalled.sendall(f"GET {GROUP} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_for(site, members=1)
        ids = []
        # Until something stays: sockets take in more than one.
        while not stays(lambda: group(site)["given"] > 0):
            ids += site.publish_all([f"{len(ids)} {large}"])
            assert len(ids) < 40
        stuck = group(site)["given"]
        with site.stream(GROUP) as member:
            wait_for(site, members=2)
            stalled.close()
            events = member.events(stuck)
            assert [event.id for event in events] == ids[-stuck:]
            assert events[0].data == f"{len(ids) - stuck} {large}"
            wait_for(site, members=1, given=0)


def test_what_is_not_acknowledged_in_time_is_given_again_and_counted(pair):
    path = f"{GROUP}&ack=1s"
    with contextlib.ExitStack() as stack:
        one, two = open_members(pair, stack, 2, path)
        ids = pair.publish_all(["a", "b"])
        assert [one.event().data, two.event().data] == ["a", "b"]
        assert wait_for(pair, given=2)["waiting"] == 0
        answer = acknowledge(pair, [ids[0], "6f2a91c4-1", "?"])
        assert answer.json() == {"acknowledged": [ids[0]], "unknown": ["6f2a91c4-1", "?"]}
        begin = time.monotonic()
        again = one.event()
        assert 0.5 < time.monotonic() - begin < 5
        assert (again.id, again.data) == (ids[1], "b")
        assert one.comments[-1] == "redelivered 1"
        assert wait_for(pair, redelivered=1)["given"] == 1
        # Whoever has the id may say so, at any worker.
        assert acknowledge(pair, [ids[1]]).json()["acknowledged"] == [ids[1]]
        assert wait_for(pair, given=0, acknowledged=2)["delivered"] == 3
        assert acknowledge(pair, ids).json()["unknown"] == ids


def test_a_member_has_no_more_than_its_credit(site):
    path = f"{GROUP}&ack=1h&credit=1"
    with contextlib.ExitStack() as stack:
        one, two = open_members(site, stack, 2, path)
        ids = site.publish_all(["a", "b", "c", "d"])
        assert [one.event().data, two.event().data] == ["a", "b"]
        assert wait_for(site, given=2)["waiting"] == 2
        acknowledge(site, [ids[1]])
        assert two.event().data == "c"
        acknowledge(site, [ids[0]])
        assert one.event().data == "d"


def test_acknowledgements_outlive_all_workers(site):
    path = f"{GROUP}&ack=1h"
    with site.stream(path) as member:
        wait_for(site, members=1)
        ids = site.publish_all(["a", "b"])
        member.events(2)
        wait_for(site, given=2, delivered=2)
        acknowledge(site, [ids[0]])
    site.kill_weir()
    site.start_weir()
    state = group(site)
    assert (state["given"], state["acknowledged"]) == (1, 1)
    assert acknowledge(site, ids).json() == {"acknowledged": [ids[1]], "unknown": [ids[0]]}


def test_members_ask_for_the_same_and_are_told_what_that_is(site):
    with site.stream(f"{GROUP}&topic=a&event=x") as member:
        assert member.status == 200
        wait_for(site, members=1)
        for path in (GROUP, f"{GROUP}&topic=a", f"{GROUP}&topic=a&event=x&ack=1s"):
            answer = site.request("GET", path)
            assert answer.status == 409
            problem = answer.problem()
            assert problem["code"] == "group_mismatch"
            assert "topics=a, event=x, no ack" in problem["detail"]
        assert site.request("HEAD", f"{GROUP}&topic=a&event=x").status == 200
        answer = site.request("DELETE", "/groups/g")
        assert (answer.status, answer.problem()["code"]) == (409, "group_in_use")
    wait_for(site, members=0)
    assert site.request("DELETE", "/groups/g").status == 204
    assert group(site) is None
    with site.stream(GROUP) as member:
        site.publish_all(["a"], topic="other")
        wait_for(site, members=1)
        site.publish_all(["b"])
        assert member.data(1) == ["b"]


def test_only_wanted_events_are_given_and_what_has_expired_to_nobody(site):
    with site.stream(f"{GROUP}&topic=a&event=x"):
        wait_for(site, members=1)
    wait_for(site, members=0)
    site.publish_all(["1"], topic="a", event="y")
    site.publish_all(["2"], topic="b", event="x")
    site.publish_all(["3"], topic="a", event="x", ttl="1s")
    site.publish_all(["4"], topic="a", event="x")
    time.sleep(1.1)
    with site.stream(f"{GROUP}&topic=a&event=x") as member:
        assert member.data(1) == ["4"]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), [
    ("GET", "/sse?group=a/b", None, 400, "invalid_parameter"),
    ("GET", "/sse?group=.", None, 400, "invalid_parameter"),
    ("GET", "/sse?group=..", None, 400, "invalid_parameter"),
    ("GET", "/sse?ack=1s", None, 400, "invalid_parameter"),
    ("GET", "/sse?group=g&ack=1ms", None, 400, "invalid_parameter"),
    ("GET", "/groups/a%20b", None, 400, "invalid_parameter"),
    ("GET", "/groups/a/b", None, 404, "not_found"),
    ("PUT", "/groups", None, 405, "method_not_allowed"),
    ("GET", "/groups/g/ack", None, 405, "method_not_allowed"),
    ("POST", "/groups/g/ack", '{"ids": ["6f2a91c4-1"]}', 404, "group_not_found"),
    ("POST", "/groups/g/ack", '{"ids": []}', 400, "invalid_ids"),
    ("POST", "/groups/g/ack", "[", 400, "malformed_json"),
    ("DELETE", "/groups/g", None, 404, "group_not_found"),
])
def test_what_is_wrong_is_told(site, method, path, body, status, code):
    answer = site.request(method, path, body, {"Content-Type": "application/json"})
    assert (answer.status, answer.problem()["code"]) == (status, code)
    if status == 405:
        assert answer.headers["Allow"]


def test_who_is_told_to_remove_a_group_is_told_how_where_he_is(site):
    with site.stream(GROUP):
        wait_for(site, members=1)
    wait_for(site, members=0)
    (file,) = (site.queue / "groups").glob("*.group")
    file.write_bytes(bytes(file.stat().st_size))
    answer = acknowledge(site, ["6f2a91c4-1"])
    assert (answer.status, answer.problem()["code"]) == (503, "group_damaged")
    assert f"DELETE /groups/{file.stem}" in answer.problem()["detail"]
    result = weir("groups", "ack", "--queue", site.queue, file.stem, "6f2a91c4-1")
    assert result.returncode == 65
    assert f"weir groups remove {file.stem}" in result.stderr and "DELETE" not in result.stderr
    assert weir("groups", "remove", "--queue", site.queue, file.stem).returncode == 0


def test_a_group_without_acknowledgements_says_so(site):
    with site.stream(GROUP):
        wait_for(site, members=1)
        answer = acknowledge(site, ["6f2a91c4-1"])
    assert (answer.status, answer.problem()["code"]) == (409, "group_mismatch")


def test_groups_are_shown_by_http_and_on_the_command_line(site):
    assert weir("groups", "--queue", site.queue).stdout.split() == [
        "group", "topics", "place", "waiting", "given", "members", "redelivered"]
    with site.stream(f"{GROUP}&ack=1h&credit=1") as member:
        wait_for(site, members=1)
        ids = site.publish_all(["a", "b"])
        member.event()
        wait_for(site, given=1, waiting=1, delivered=1)
        listed = site.request("GET", "/groups").json()["groups"]
        assert listed == [group(site)]
        assert listed[0] == {
            "group": "g", "topics": ["default"], "ack_ms": 3_600_000, "place": ids[0], "waiting": 1,
            "given": 1, "members": 1, "delivered": 1, "redelivered": 0, "acknowledged": 0}
        assert json.loads(weir("groups", "--json", "--queue", site.queue).stdout)["groups"] == listed
        assert site.request("GET", "/weir/status").json()["groups"] == listed
        lines = weir("groups", "--queue", site.queue).stdout.splitlines()
        assert lines[1].split() == ["g", "default", ids[0], "1", "1", "1", "0"]
        status = weir("status", "--queue", site.queue).stdout
        assert "1: 1 members, 1 events waiting, 1 given" in status
    assert os.listdir(site.queue / "groups") == [".lock", "g.group"] or sorted(
        os.listdir(site.queue / "groups")) == [".lock", "g.group"]


def test_members_hear_comments_while_nothing_is_given(make_site):
    site = make_site("--heartbeat", "0.2")
    with site.stream(GROUP) as member:
        while len(member.comments) < 2:
            line = member.line()
            if line.startswith(":"):
                member.comments.append(line)
        site.publish_all(["a"])
        assert member.data(1) == ["a"]


def test_a_worker_that_stops_gives_its_members_and_what_they_had_back(pair):
    with contextlib.ExitStack() as stack:
        members = open_members(pair, stack, 4)
        pair.publish_all(f"{number}" for number in range(8))
        for member in members:
            member.events(2)
        wait_for(pair, given=0)
        pair.weirs[0].terminate()
        assert pair.weirs[0].wait(30) == 0
        wait_for(pair, members=2)
        pair.publish_all(f"{number}" for number in range(8, 12))
        wait_for(pair, delivered=12, redelivered=0, given=0)


def test_a_copied_queue_goes_on_with_its_groups(site, make_site):
    with site.stream(GROUP) as member:
        wait_for(site, members=1)
        site.publish_all(["1"])
        member.event()
        wait_for(site, given=0)
    site.publish_all(["2"])
    backup = site.folder / "backup"
    assert weir("backup", "--queue", site.queue, backup).returncode == 0
    site.publish_all(["3"])
    with site.stream(GROUP) as member:
        assert member.data(2) == ["2", "3"]
    site.kill_weir()
    site.queue.rename(site.folder / "old")
    assert weir("restore", "--queue", site.queue, backup).returncode == 0
    site.start_weir()
    site.publish_all(["4"])
    with site.stream(GROUP) as member:
        assert member.data(2) == ["2", "4"]
