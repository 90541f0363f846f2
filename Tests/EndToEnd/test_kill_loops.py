"""Writers and readers of one queue are killed at random, again and again: nothing acknowledged is
lost, nothing comes twice, and all readers see one order without a gap. The members of a group get
everything together, each event once, but for those that they are told may have come before.

20 rounds, 200 with LONG=1. The seed of the kills is told where the test fails; WEIR_SEED=N takes it
again, though the processes' own timing stays their own.
"""

import http.client
import os
import random
import subprocess
import threading
import time

import pytest

from event_streams import Event
from processes import ENVIRONMENT, end, start, wait_until, weir, weir_program
from site_under_test import Site

ROUND_COUNT = 200 if os.environ.get("LONG") == "1" else 20
KILL = 9


class Worker(threading.Thread):
    """A thread that does one step after another until it is told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.is_stopped = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.is_stopped.is_set():
                self.step()
        except BaseException as failure:  # Told by the test, which would not see it otherwise.
            self.failure = failure

    def stop(self):
        self.is_stopped.set()
        self.join()


class Writer(Worker):
    """Publishes texts of its own, none of them twice, and keeps what was acknowledged."""

    def __init__(self, name):
        super().__init__()
        self.prefix = name
        self.count = 0
        self.acknowledged = {}

    def step(self):
        self.count += 1
        text = f"{self.prefix} {self.count}"
        id_ = self.publish(text)
        if id_ is not None:
            assert id_ not in self.acknowledged, f"{id_} was acknowledged twice"
            self.acknowledged[id_] = text


class WebWriter(Writer):
    """Publishes over HTTP, through nginx and a weir that holds the queue open."""

    def __init__(self, name, site):
        super().__init__(name)
        self.site = site

    def publish(self, text):
        try:
            answer = self.site.publish(text, topic=self.prefix)
        except (OSError, http.client.HTTPException):
            return None
        if answer.status != 200:
            time.sleep(0.01)
            return None
        return answer.json()["id"]


class KeyedWriter(Writer):
    """Publishes each text with a key until it is acknowledged, by one weir and the other in turn."""

    def __init__(self, name, sites):
        super().__init__(name)
        self.sites = sites
        self.replayed_count = 0

    def publish(self, text):
        tries = 0
        while not self.is_stopped.is_set():
            tries += 1
            try:
                answer = self.sites[tries % 2].publish(text, topic=self.prefix, key=text)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 200:
                self.replayed_count += answer.json().get("replayed", False)
                return answer.json()["id"]
            time.sleep(0.01)
        return None


class CommandWriter(Writer):
    """Publishes with `weir publish`, each text with a process of its own, that may be killed."""

    def __init__(self, name, queue):
        super().__init__(name)
        self.queue = queue
        self.process = None

    def publish(self, text):
        self.process = start(
            weir_program(), "publish", "--queue", self.queue, "--topic", self.prefix, text,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        output, errors = self.process.communicate()
        assert self.process.returncode in (0, -KILL), errors
        # An id that was printed is an acknowledgement, however the process ended.
        return output.strip() if output.endswith("\n") else None

    def kill(self):
        if self.process:
            self.process.kill()


class Reader(Worker):
    """Reads from the start, and after each end from the last event that it has."""

    def __init__(self):
        super().__init__()
        self.events = []

    @property
    def last_id(self):
        return self.events[-1].id if self.events else None


class WebReader(Reader):
    """Reads a stream through nginx."""

    def __init__(self, site, begin):
        super().__init__()
        self.site = site
        self.begin = begin

    def step(self):
        try:
            with self.site.stream("/sse?topic=>", {"Last-Event-ID": self.last_id or self.begin}) as stream:
                while not self.is_stopped.is_set():
                    event = stream.event()
                    if event is None:
                        break
                    self.events.append(event)
        except (OSError, ValueError, http.client.HTTPException, AssertionError):
            pass
        time.sleep(0.02)


class MemberReader(Reader):
    """A member of a group that all members share; each of its events comes with whether it is marked as
    given before."""

    def __init__(self, site):
        super().__init__()
        self.site = site

    def step(self):
        try:
            with self.site.stream("/sse?topic=>&group=g&since=all") as stream:
                while not self.is_stopped.is_set():
                    stream.comments.clear()
                    event = stream.event()
                    if event is None:
                        break
                    is_marked = any(text.startswith("redelivered") for text in stream.comments)
                    self.events.append((event, is_marked))
        except (OSError, ValueError, http.client.HTTPException, AssertionError):
            pass
        time.sleep(0.02)


class TailReader(Reader):
    """Reads with `weir tail`, which may be killed in the middle of an event."""

    def __init__(self, queue):
        super().__init__()
        self.queue = queue
        self.process = None
        self.complaints = ""

    def step(self):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", weir_program(), "tail", "--queue", self.queue,
             "--from", self.last_id or "start"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
        )
        block = {}
        for line in self.process.stdout:
            if line == "\n":
                self.events.append(Event("message", block["data"], block["id"]))
                block = {}
            elif line.endswith("\n"):
                field, _, value = line[:-1].partition(": ")
                block[field] = value
        self.complaints += self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()

    def kill(self):
        if self.process:
            self.process.kill()


@pytest.fixture
def sites(state):
    """Two sites, each with a weir of its own, on one queue."""
    sites = [Site(state / "0"), Site(state / "1")]
    sites[1].queue = sites[0].queue
    try:
        yield [site.start() for site in sites]
    finally:
        for site in sites:
            site.stop()


def kill_and_restart(dice, sites, victims):
    """Kills some of those who have the queue open, or all of them at once, and starts them again."""
    is_blackout = dice.random() < 0.25
    chosen = [site for site in sites if is_blackout or dice.random() < 0.5]
    for site in chosen:
        site.weir.kill()
    for victim in victims:
        if is_blackout or dice.random() < 0.3:
            victim.kill()
    for site in chosen:
        site.weir.wait()
    time.sleep(dice.uniform(0, 0.1))
    for site in chosen:
        site.start_weir()


def test_nothing_is_lost_or_seen_twice_while_everybody_is_killed_at_random(sites):
    seed = int(os.environ.get("WEIR_SEED") or random.SystemRandom().getrandbits(63))
    print(f"WEIR_SEED={seed}")
    dice = random.Random(seed)
    queue = sites[0].queue
    first = sites[0].publish("first").json()["id"]
    writers = [WebWriter("w0", sites[0]), WebWriter("w1", sites[1]),
               CommandWriter("c0", queue), CommandWriter("c1", queue), KeyedWriter("k0", sites)]
    before = f"{first.split('-')[0]}-0"
    readers = [WebReader(sites[0], before), WebReader(sites[1], before),
               TailReader(queue), TailReader(queue)]
    members = [MemberReader(site) for site in (*sites, sites[0])]
    victims = [worker for worker in writers + readers if hasattr(worker, "kill")]
    for worker in writers + readers + members:
        worker.start()
    try:
        for _ in range(ROUND_COUNT):
            time.sleep(dice.uniform(0.05, 0.4))
            kill_and_restart(dice, sites, victims)
        for writer in writers:
            writer.stop()
        last = sites[0].publish("last").json()["id"]
        wait_until(
            lambda: all(reader.last_id == last or reader.failure for reader in readers),
            "the last event at every reader",
        )
        wait_until(
            lambda: len(given_ids(members)) >= len(readers[0].events), "every event at a member")
    finally:
        for worker in writers + readers + members:
            worker.is_stopped.set()
        for victim in victims:
            victim.kill()
        for site in sites:
            end(site.weir)
        for worker in writers + readers + members:
            worker.join()
    check(writers, readers, first, last)
    check_members(members, readers[0])
    result = weir("check", "--queue", queue)
    assert result.returncode == 0, result.stdout


def given_ids(members):
    return {event.id for member in members for event, _ in list(member.events)}


def check_members(members, reader):
    assert [member.failure for member in members] == [None] * len(members)
    assert given_ids(members) == {event.id for event in reader.events}, "each went to a member"
    unmarked = [event.id for member in members for event, is_marked in member.events if not is_marked]
    assert len(set(unmarked)) == len(unmarked), "what may have come before is marked"
    assert all(member.events for member in members), "all have a part in it"


def check(writers, readers, first, last):
    assert [worker.failure for worker in writers + readers] == [None] * 9
    assert [reader.complaints for reader in readers if isinstance(reader, TailReader)] == ["", ""]
    epoch, count = first.split("-")[0], int(last.split("-")[1])
    for reader in readers:
        assert {event.type for event in reader.events} == {"message"}, "no gap was told"
        ids = [event.id for event in reader.events]
        assert ids == [f"{epoch}-{number}" for number in range(1, count + 1)], "each once, in order"
        assert reader.events == readers[0].events
    texts = {event.id: event.data for event in readers[0].events}
    assert len(set(texts.values())) == len(texts), "no text came twice"
    for writer in writers:
        assert len(writer.acknowledged) > ROUND_COUNT, "the writer got something through"
        lost = {id_: text for id_, text in writer.acknowledged.items() if texts.get(id_) != text}
        assert not lost, f"acknowledged by {writer.prefix} and gone or changed"
