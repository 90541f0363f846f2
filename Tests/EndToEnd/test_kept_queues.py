"""Queues of older weirs go on in this one; a queue of a newer weir is left as it is."""

import hashlib
import json
import tarfile
import time

import pytest

from groups import group, wait_for
from kept_queues import BYTE_COUNT_MAXIMUM, FOLDER, KEPT, exported
from processes import ENVIRONMENT, PATIENCE_SECONDS, wait_until, weir
from site_under_test import Site
from test_clocks import Clock

DATA_ERROR = 65


@pytest.fixture(params=KEPT)
def kept(request, state):
    """The queue of a version in a folder of the test's, and what it has."""
    archive = FOLDER / f"{request.param}.tar.gz"
    assert archive.stat().st_size < BYTE_COUNT_MAXIMUM
    with tarfile.open(archive) as tar:
        tar.extractall(state, filter="data")
    return state / "queue", json.loads((FOLDER / f"{request.param}.json").read_text())


def test_there_is_one():
    assert KEPT


def test_every_event_of_an_older_queue_is_read_and_nothing_is_found_wrong(kept):
    queue, told = kept
    assert exported(queue) == told["events"]
    result = weir("check", "--queue", queue)
    assert result.returncode == 0, result.stdout + result.stderr
    delayed = json.loads(weir("delayed", "--queue", queue, "--json").stdout.splitlines()[0])
    assert delayed["delayed"] == told["delayed"][0]["delayed"]


def test_an_older_queue_goes_on(kept, state, monkeypatch, tmp_path):
    """Two hours after it was made: keys are still known, the group has waited long enough, and of the delayed events the
    first is due."""
    queue, told = kept
    clock = Clock(tmp_path)
    clock.set(told["made"] + 7200 - int(time.time()))
    for name, value in clock.environment.items():
        monkeypatch.setitem(ENVIRONMENT, name, value)
    site = Site(state / "site", "--retention-age", "none")
    site.folder.mkdir()
    queue.rename(site.queue)
    try:
        site.start()
        # An id from before, and one of the epoch before that.
        for last, count in [(told["resume"], 2), (told["events"][10]["id"], len(told["events"]) - 11)]:
            with site.stream("/sse?topic=%3E&poll=1", headers={"Last-Event-ID": last}) as stream:
                after = [event["id"] for event in told["events"]]
                wanted = after[after.index(last) + 1:]
                assert len(wanted) == count
                got = []
                while (event := stream.event()) is not None:
                    got.append(event.id)
                hidden = [event["id"] for event in told["events"] if event.get("topic") == "deleted"]
                assert [id_ for id_ in got if id_ in after] == [id_ for id_ in wanted if id_ not in hidden]
        # A key that was used.
        answer = site.publish("with a key", key="invoice 7", topic="keys").json()
        assert answer["replayed"] is True and answer["id"] == told["key"]
        # An ended topic.
        assert site.publish("more", topic="ended").problem()["code"] == "topic_ended"
        # An event of several topics by each of them.
        for topic in "abc":
            with site.stream(f"/sse/{topic}?since=all&poll=1") as stream:
                assert [stream.event().id, stream.event()] == [told["several"], None]
        # A group: what was given and not acknowledged is given again.
        assert group(site)["waiting"] >= 2
        with site.stream("/sse/jobs?group=g&ack=1s&credit=2") as member:
            wait_for(site, members=1)
            assert sorted(member.event().id for _ in range(2)) == sorted(told["group"]["again"])
        # What was due meanwhile, once; the rest waits.
        with site.stream("/sse/later?since=all") as stream:
            assert stream.event().data == "soon"
        wait_until(lambda: site.request("GET", "/publish/delayed").json()["count"] == 1, "the rest")
        (new,) = site.publish_all(["new"])
        assert new not in {event["id"] for event in told["events"]}
    finally:
        site.stop()


# --- A queue of a newer weir ---


def digest(folder):
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
        for path in sorted(folder.rglob("*")) if path.is_file()}


COMMANDS = [
    ["serve", "--socket", "@/s"], ["publish", "x"], ["tail", "--poll", "--since", "all"], ["status"], ["check"],
    ["check", "--repair"], ["backup", "@/backup"], ["export"], ["import"], ["delayed"], ["delayed", "cancel", "--all"],
    ["topics"], ["groups"], ["groups", "remove", "g"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_queue_of_a_newer_weir_is_refused_by_its_number_and_left_as_it_is(kept, state, command):
    queue, _ = kept
    epoch = (queue / "epoch").read_text()
    number = int(epoch.split()[1])
    assert number == 2
    (queue / "epoch").write_text(epoch.replace("weir-queue 2", "weir-queue 3", 1))
    before = digest(queue)
    command = [word.replace("@", str(state)) for word in command]
    place = 2 if command[0] in ("delayed", "groups") and command[1:] else 1
    result = weir(*command[:place], "--queue", queue, *command[place:], stdin='{"message":"x"}\n')
    assert result.returncode == DATA_ERROR, result.stdout + result.stderr
    assert f"the queue at {queue} has format 3" in result.stderr
    assert "this weir knows formats 1 and 2: use the weir that made it" in result.stderr
    assert digest(queue) == before
    assert not (state / "backup").exists() or not any((state / "backup").iterdir())
