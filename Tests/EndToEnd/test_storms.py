"""Very many streams at once lose weir, and all come back: no 5xx, nothing lost, nothing twice."""

import http.client
import signal
import threading
import time

import pytest

from crowd import Crowd
from processes import PATIENCE_SECONDS, end

STREAM_COUNT = 1500


class Publisher(threading.Thread):
    """Publishes all the time, whatever the answer, and remembers what was acknowledged."""

    def __init__(self, site, pause_seconds=0.02):
        super().__init__(daemon=True)
        self.site = site
        self.pause_seconds = pause_seconds
        self.acknowledged = []
        self.statuses = set()
        self.is_stopped = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_stopped.set()
        self.join()

    def run(self):
        while not self.is_stopped.wait(self.pause_seconds):
            try:
                answer = self.site.publish("x" * 100)
            except (OSError, http.client.HTTPException):
                continue
            self.statuses.add(answer.status)
            if answer.status == 200:
                self.acknowledged.append(answer.json()["id"])


def sequence(id_):
    return int(id_.split("-")[1])


def settle(site, crowd, publisher):
    """Ends a storm: everybody has to have everything."""
    (last,) = site.publish_all(["last"])
    crowd.wait_for(sequence(last), seconds=60)
    assert crowd.complaints == []
    assert len(publisher.acknowledged) == len(set(publisher.acknowledged))
    assert publisher.acknowledged


def test_after_a_kill_all_streams_come_back_and_miss_nothing(make_site):
    site = make_site("--retry", "300")
    with Crowd(site.port, STREAM_COUNT) as crowd:
        crowd.wait_until_open()
        first = site.publish_all(["first"])[0]
        crowd.wait_for(sequence(first))
        with Publisher(site) as publisher:
            time.sleep(0.5)
            site.kill_weir()
            time.sleep(0.5)
            site.start_weir()
            time.sleep(0.5)
        settle(site, crowd, publisher)
        assert publisher.statuses <= {200, 503}
        assert crowd.opened_count >= 2 * STREAM_COUNT


@pytest.mark.parametrize("drain", ["none", "1s"])
def test_a_restart_under_load_ends_all_streams_cleanly_and_they_miss_nothing(make_site, drain):
    site = make_site("--retry", "300", "--drain", drain)
    with Crowd(site.port, STREAM_COUNT) as crowd:
        crowd.wait_until_open()
        first = site.publish_all(["first"])[0]
        crowd.wait_for(sequence(first))
        with Publisher(site) as publisher:
            time.sleep(0.5)
            assert end(site.weir, signal.SIGTERM) == 0
            site.start_weir()
            time.sleep(0.5)
        settle(site, crowd, publisher)
        assert publisher.statuses <= {200, 503}


def test_a_stop_spreads_the_ends_of_streams_over_the_time_of_the_drain(make_site):
    site = make_site("--drain", "3s")
    with Crowd(site.port, 300) as crowd:
        crowd.wait_until_open()
        first = site.publish_all(["first"])[0]
        crowd.wait_for(sequence(first))
        site.weir.terminate()
        time.sleep(1.5)
        assert 75 < crowd.open_count < 225
        assert site.weir.wait(PATIENCE_SECONDS) == 0
        assert crowd.complaints == []


def test_a_second_signal_ends_all_streams_at_once(make_site):
    site = make_site("--drain", "1h")
    with site.stream() as one, site.stream() as other:
        site.publish_all(["first"])
        assert one.event().data == other.event().data == "first"
        site.weir.terminate()
        site.wait_for_log("stopping")
        begin = time.monotonic()
        assert end(site.weir) == 0
        assert time.monotonic() - begin < 10
        assert one.rest() == other.rest() == []
    assert site.count_log("stopping at once") == 1
