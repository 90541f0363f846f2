"""Everything is replaced while streams are open and events are published: weir's program, its workers in turn, nginx's
configuration and program. No publish fails, no connection is refused, every stream comes back and misses nothing.

The figures of a larger run, by hand: WEIR_UPGRADE_STREAMS=5000 WEIR_UPGRADE_PUBLISHES=500 WEIR_UPGRADE_SECONDS=5
pytest -s, where the seconds are those within which all streams have to be back.
"""

import concurrent.futures
import itertools
import os
import shutil
import signal
import subprocess
import time

import pytest

from crowd import Crowd
from processes import PATIENCE_SECONDS, end, start, wait_until, weir_program
from service import ActivatedSite
from site_under_test import NGINX
from test_storms import sequence

STREAM_COUNT = int(os.environ.get("WEIR_UPGRADE_STREAMS", 300))
PUBLISHES_A_SECOND = int(os.environ.get("WEIR_UPGRADE_PUBLISHES", 200))
BACK_SECONDS = float(os.environ.get("WEIR_UPGRADE_SECONDS", PATIENCE_SECONDS))
IS_LARGE = "WEIR_UPGRADE_STREAMS" in os.environ
PUBLISHER_COUNT = 50
# So many publishes are one of the streams' topic: more would be too much for this program, which reads the streams, too.
SHARE = 100 if IS_LARGE else 4
TOPIC = "watched"


class WatchingCrowd(Crowd):
    """Streams of one topic among others; each remembers the sequences of its events."""

    def __init__(self, port, count):
        super().__init__(port, count, f"/sse/{TOPIC}")
        self.seen = [[] for _ in range(count)]
        for listener, seen in zip(self.listeners, self.seen):
            listener.seen = seen

    def take(self, listener, line):
        known = listener.sequence
        has_data = line == b"" and any(part.startswith(b"data: ") for part in listener.block)
        # That sequences follow one another does not hold here.
        listener.sequence = 0
        super().take(listener, line)
        if has_data:
            if listener.sequence <= known:
                self.complaints.append(f"{listener.sequence} after {known}")
            listener.seen.append(listener.sequence)
        listener.sequence = max(known, listener.sequence)


class Publishing:
    """Publishes at a steady rate, each event over a connection of its own, for as long as the block lasts; a publish that
    has to wait holds up no other one but its publisher's."""

    def __init__(self, site):
        self.site = site
        self.ids, self.watched, self.failures, self.longest = [], [], [], 0.0
        self.is_stopped = False
        self.turns = itertools.count(1)
        self.pool = concurrent.futures.ThreadPoolExecutor(PUBLISHER_COUNT)

    def __enter__(self):
        self.begin = time.monotonic()
        self.runs = [self.pool.submit(self.run, number) for number in range(PUBLISHER_COUNT)]
        return self

    def __exit__(self, *_):
        self.is_stopped = True
        for run in self.runs:
            run.result()
        self.pool.shutdown()

    def run(self, number):
        pause = PUBLISHER_COUNT / PUBLISHES_A_SECOND
        due = time.monotonic() + pause * number / PUBLISHER_COUNT
        while not self.is_stopped:
            is_watched = next(self.turns) % SHARE == 0
            time.sleep(max(0, due - time.monotonic()))
            begin = time.monotonic()
            try:
                # A POST, which nginx repeats for nobody.
                answer = self.site.publish("x" * 100, method="POST", topic=TOPIC if is_watched else "other")
                if answer.status == 200:
                    id_ = answer.json()["id"]
                    self.ids.append(id_)
                    if is_watched:
                        self.watched.append(sequence(id_))
                else:
                    self.failures.append((answer.status, answer.body))
            except OSError as error:
                self.failures.append(error)
            self.longest = max(self.longest, time.monotonic() - begin)
            due = max(due + pause, time.monotonic())


class Upgrade:
    """A crowd of streams and many publishers at a site, of which something is replaced meanwhile."""

    def __init__(self, site):
        self.site = site

    def run(self, replace, name):
        """`replace` gives the moment at which the streams began to end."""
        site = self.site
        with WatchingCrowd(site.port, STREAM_COUNT) as crowd:
            crowd.wait_until_open()
            (first,) = site.publish_all(["first"], topic=TOPIC)
            crowd.wait_for(sequence(first))
            with Publishing(site) as publishing:
                time.sleep(0.5)
                begin = replace()
                opened = crowd.opened_count
                left = BACK_SECONDS - (time.monotonic() - begin)
                deadline = time.monotonic() + left
                while crowd.open_count < STREAM_COUNT or not self.is_replaced(crowd):
                    assert time.monotonic() < deadline, (crowd.open_count, opened, crowd.failure)
                    time.sleep(0.005)
                back = time.monotonic() - begin
                time.sleep(0.3)
            (last,) = site.publish_all(["last"], topic=TOPIC)
            crowd.wait_for(sequence(last), seconds=60)
            assert crowd.complaints == []
            assert crowd.turned_away_count == 0
        if publishing.failures:
            print((site.folder / "nginx-error.log").read_text())
        assert publishing.failures == [], publishing.failures[:3]
        count = len(publishing.ids)
        assert count == len(set(publishing.ids))
        # Each stream got what was acknowledged, once, and what was acknowledged is what the queue has.
        wanted = [sequence(first), *sorted(publishing.watched), sequence(last)]
        assert len(wanted) > 4
        assert all(seen == wanted for seen in crowd.seen)
        assert sequence(last) - sequence(first) == count + 1
        print(f"\n{name}: {STREAM_COUNT} streams, all back after {back:.2f} s; {count} publishes, the longest "
              f"{publishing.longest:.2f} s")

    def is_replaced(self, crowd):
        return crowd.opened_count >= 2 * STREAM_COUNT


@pytest.fixture
def upgrade(state):
    """Makes an upgrade of a site, with a program of its own in place of the build's."""
    sites = []

    def make(**options):
        program = state / "weir"
        shutil.copy(weir_program(), program)
        retry = [] if IS_LARGE else ["--retry", "300"]
        site = ActivatedSite(state / "site", *retry, **options)
        site.program = program
        sites.append(site)
        return Upgrade(site.start())

    yield make
    for site in sites:
        site.stop()


def install(program):
    """Puts a program in the place of one that runs, as a package does."""
    new = program.with_suffix(".new")
    shutil.copy(weir_program(), new)
    new.rename(program)


def test_a_new_program_behind_the_same_socket_costs_no_publish_and_no_event(upgrade):
    one = upgrade()

    def replace():
        install(one.site.program)
        begin = time.monotonic()
        assert end(one.site.weir) == 0
        one.site.start_weir()
        return begin

    one.run(replace, "a new program")


def test_of_two_workers_one_after_the_other_is_replaced_at_no_cost(upgrade):
    one = upgrade(workers=2)

    def replace():
        install(one.site.program)
        for worker in [0, 1]:
            begin = time.monotonic()
            assert end(one.site.weirs[worker]) == 0
            one.site.start_weir(worker)
        return begin

    # Told from when the second one is stopped, to which streams of the first may have come back.
    one.run(replace, "two workers in turn")


def shorten(text):
    """nginx ends the streams of workers that are to go after this."""
    return text.replace("worker_shutdown_timeout 10s;", "worker_shutdown_timeout 1s;")


def test_a_reload_of_nginx_costs_no_publish_and_no_event(upgrade):
    one = upgrade(configure=shorten)

    def replace():
        one.site.nginx.send_signal(signal.SIGHUP)
        time.sleep(1)
        return time.monotonic()

    one.run(replace, "a reload of nginx")


def pid_of(path):
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def test_a_new_program_of_nginx_costs_no_publish_and_no_event(upgrade):
    """As nginx's manual has it: USR2, WINCH, QUIT."""
    one = upgrade(configure=lambda text: shorten(text).replace("daemon       off;", "daemon on;"))
    site = one.site
    path = site.folder / "nginx.pid"
    old_path = site.folder / "nginx.pid.oldbin"

    def replace():
        old = pid_of(path)
        os.kill(old, signal.SIGUSR2)
        wait_until(lambda: pid_of(old_path) == old and pid_of(path) not in (None, old), "a second nginx")
        time.sleep(0.3)
        os.kill(old, signal.SIGWINCH)
        time.sleep(1)
        begin = time.monotonic()
        os.kill(old, signal.SIGQUIT)
        wait_until(lambda: not old_path.exists(), "the end of the first nginx")
        return begin

    try:
        one.run(replace, "a new program of nginx")
    finally:
        for pid in filter(None, [pid_of(path), pid_of(old_path)]):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not path.exists() and not old_path.exists(), "the end of nginx")
