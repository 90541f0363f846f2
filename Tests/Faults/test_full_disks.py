"""Real limits: a disk that is full or read-only, a file size limit, and a hub that lives with them."""

import errno
import json
import os
import resource
import signal
import subprocess

import pytest

import processes
from expectations import complaints
from own_disk import OwnDisk
from probe import Appender, Server, append
from processes import weir
from site_under_test import Site


@pytest.fixture
def disk(state):
    """A disk of 1 MiB."""
    disk = OwnDisk(state, "1m")
    yield disk
    disk.stop()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def make_site(state):
    """Starts a weir behind an nginx; its queue is where `queue` says."""
    sites = []

    def make(*arguments, queue=None):
        site = Site(state / f"site-{len(sites)}", *arguments)
        site.queue = queue or site.queue
        sites.append(site)
        return site.start()

    yield make
    for site in sites:
        site.stop()


# --- A full disk ---


@pytest.mark.parametrize("leaving", [0, 4096, 8192, 16384, 65536])
def test_an_appender_on_a_disk_that_fills_says_so_and_loses_nothing(disk, server, leaving):
    queue = f"{disk.path}/queue"
    assert append(queue, name="before", batches=10).status == 0
    disk.fill(leaving)
    run = append(queue, name="w", batches=3000, batch_size=40, segment_bytes=30000, persist=False)
    disk.free()
    assert run.status == 1 and set(run.errors) <= {"full", "system"}, run
    assert not complaints(server.ask("verify", queue, "after", 5), run)


def test_an_appender_goes_on_when_there_is_room_again(disk, server):
    queue = f"{disk.path}/queue"
    server.ask("open", queue)
    server.ask("append", queue, "before", 5)
    disk.fill()
    refusals = [server.ask("append", queue, f"refused{number}", 200) for number in range(3)]
    disk.free()
    accepted = server.ask("append", queue, "accepted", 5)
    log = server.ask("read", queue)
    server.ask("close", queue)
    assert all(answer["error"].startswith("error full") for answer in refusals), refusals
    assert "error" not in accepted
    assert not complaints(log)
    assert not complaints(server.ask("verify", queue))


def test_a_queue_that_is_made_on_a_full_disk_is_refused_and_made_later(disk, server):
    disk.fill()
    queue = f"{disk.path}/queue"
    run = append(queue, batches=1)
    assert run.status == 1 and run.errors, f"status {run.status}: {run.output}"
    disk.free()
    later = append(queue, batches=2)
    assert later.status == 0, later
    assert not complaints(server.ask("verify", queue), later)


def test_a_queue_opens_on_a_full_disk_and_is_read(disk, server):
    queue = f"{disk.path}/queue"
    run = append(queue, batches=20)
    disk.fill()
    answer = server.ask("open", queue)
    assert "error" not in answer, answer
    assert not complaints(server.ask("read", queue), run)
    server.ask("close", queue)


def test_a_torn_queue_opens_on_a_full_disk_and_is_read(disk, server):
    """What the death of an appender leaves on the disk that killed it."""
    queue = f"{disk.path}/queue"
    run = append(queue, batches=20)
    last = max(name for name in os.listdir(queue) if name.endswith(".sse"))
    with open(f"{queue}/{last}", "ab") as segment:
        segment.write(b": 50 1732147200123 4000 00000000 topic\ndata: " + b"x" * 5000)
    disk.fill()
    answer = server.ask("open", queue)
    assert "error" not in answer, answer
    assert not complaints(server.ask("read", queue), run)
    server.ask("close", queue)
    disk.free()
    assert not complaints(server.ask("verify", queue, "after", 3), run)


def test_publishers_are_told_that_the_disk_is_full_and_go_on_when_it_is_not(disk, make_site):
    site = make_site(queue=f"{disk.path}/queue")
    ids = site.publish_all(["before"] * 3)
    disk.fill()
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        assert [event.id for event in stream.events(2)] == ids[1:]
        refusals = 0
        for number in range(200):
            answer = site.publish(f"{number} {'x' * 500}")
            if answer.status != 200:
                refusals += 1
                assert (answer.status, answer.problem()["code"]) == (507, "queue_full")
            else:
                ids.append(answer.json()["id"])
                assert stream.event().id == ids[-1]
        assert refusals > 100
        disk.free()
        ids += site.publish_all(["after"] * 3)
        assert [event.data for event in stream.events(3)] == ["after"] * 3
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        assert [event.id for event in stream.events(len(ids) - 1)] == ids[1:]
    assert weir("check", "--queue", site.queue).returncode == 0


def test_keys_of_events_that_are_published_outlive_a_publish_that_finds_the_disk_full(disk, make_site):
    site = make_site(queue=f"{disk.path}/queue")
    first = site.publish("a", key="k").json()
    disk.fill()
    # Without a key, so that it looks up none.
    assert site.publish("x" * 200_000).status == 507
    disk.free()
    again = site.publish("a", key="k").json()
    assert (again["id"], again.get("replayed")) == (first["id"], True)
    site.kill_weir()
    site.start_weir()
    again = site.publish("a", key="k").json()
    assert (again["id"], again.get("replayed")) == (first["id"], True)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_a_batch_that_fills_the_disk_tells_what_is_in_the_queue_and_from_where_on_nothing_is(
    disk, make_site, accept
):
    site = make_site(queue=f"{disk.path}/queue")
    disk.fill(300_000)
    body = "".join(f'{{"message":"{number:0100}"}}\n' for number in range(20_000))
    headers = {"Content-Type": "application/x-ndjson", "Accept": accept}
    run = subprocess.run(
        ["curl", "-sS", "-T", "-", "-o", "-", "-w", "\n%{http_code}", f"{site.address}/publish"]
        + [part for header in headers.items() for part in ("-H", ": ".join(header))],
        input=body, capture_output=True, text=True, timeout=processes.PATIENCE_SECONDS,
    )
    text, _, status = run.stdout.rpartition("\n")
    assert status == "507", run
    replies = [json.loads(line) for line in text.splitlines()]
    count, last = (replies[0].get("accepted"), replies[0]) if len(replies) == 1 else (
        len(replies) - 1, replies[-1])
    stop = last.get("stopped_at_line", last.get("line"))
    assert (last["code"], stop) == ("queue_full", count + 1) and count > 0
    disk.free()
    events = weir("export", "--queue", site.queue).stdout.splitlines()
    assert [json.loads(event)["message"] for event in events] == [
        f"{number:0100}" for number in range(count)
    ]
    answer = site.request("PUT", "/publish", '{"message":"after"}\n', headers | {"Accept": "*/*"})
    assert (answer.status, answer.json()["accepted"]) == (200, 1)
    assert weir("check", "--queue", site.queue).returncode == 0


# --- A file size limit ---


def test_a_file_size_limit_is_a_full_disk_to_an_appender(state, server):
    queue = state / "queue"

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    run = Appender(queue, batches=200, segment_bytes=1_000_000, prepare=limit,
                   restore_signals=False).wait()
    assert run.status == 1 and set(run.errors) == {"full"}, run
    assert run.count > 20
    assert not complaints(server.ask("verify", queue, "after", 3), run)


def test_weir_outlives_a_file_size_limit(state, make_site):
    site = make_site()
    _, most = resource.prlimit(site.weir.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(site.weir.pid, resource.RLIMIT_FSIZE, (10_000, most))
    answers = [site.publish("x" * 500) for _ in range(40)]
    assert site.weir.poll() is None, f"weir died of signal {-site.weir.returncode}"
    refused = {(answer.status, answer.problem()["code"]) for answer in answers[25:]}
    assert refused == {(507, "queue_full")}
    resource.prlimit(site.weir.pid, resource.RLIMIT_FSIZE, (most, most))
    ids = [answer.json()["id"] for answer in answers if answer.status == 200]
    ids += site.publish_all(["after"])
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        assert [event.id for event in stream.events(len(ids) - 1)] == ids[1:]


def test_publish_from_the_command_line_outlives_a_file_size_limit(state):
    queue = state / "queue"
    assert append(queue, batches=1).status == 0

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    answer = subprocess.run(
        [processes.weir_program(), "publish", "--queue", queue, "x" * 6000], preexec_fn=limit,
        capture_output=True, text=True, env=processes.ENVIRONMENT)
    assert answer.returncode == 75, answer
    assert weir("publish", "--queue", queue, "x").returncode == 0


# --- A disk that turns read-only, or breaks ---


def test_a_queue_on_a_read_only_disk_is_refused_with_advice_and_can_be_checked(disk, server):
    queue = f"{disk.path}/queue"
    run = append(queue, batches=10)
    assert disk.run(f"mount -o remount,ro tmpfs {disk.mount_point}") == (0, "")
    refused = weir("publish", "--queue", queue, "x")
    assert refused.returncode == 77 and "Read-only" in refused.stderr, refused
    assert weir("check", "--queue", queue).returncode == 0
    assert disk.run(f"mount -o remount,rw tmpfs {disk.mount_point}") == (0, "")
    assert not complaints(server.ask("verify", queue, "after", 3), run)


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS])
def test_publishers_are_told_of_a_broken_disk_and_subscribers_read_on(
        call, number, faults, state, make_site, monkeypatch):
    queue = state / "queue"
    environment = faults.environment(
        queue, calls=call, file="*.sse", at=6, action=f"fail:{number}")
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setitem(processes.ENVIRONMENT, name, value)
        site = make_site(queue=queue)
    ids = site.publish_all(["before"] * 4)
    answers = [site.publish("x") for _ in range(10)]
    ids += [answer.json()["id"] for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status != 200]
    assert refused and answers[-len(refused):] == refused, "acknowledged after a failure"
    assert {(answer.status, answer.problem()["code"]) for answer in refused} == {
        (503, "queue_read_only")}
    site.wait_for_log("the queue's upkeep failed", "takes no events since a write failed")
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        assert [event.id for event in stream.events(len(ids) - 1)] == ids[1:]
    site.kill_weir()
    site.start_weir()
    after = site.publish_all(["after"])
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        assert [event.id for event in stream.events(len(ids) - 1)] == ids[1:]
        while stream.event().id != after[0]:
            pass
