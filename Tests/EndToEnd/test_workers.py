"""Several workers on one queue behind one nginx: what holds for one holds for all of them."""

import concurrent.futures
import contextlib
import signal
import time

import pytest

from crowd import Crowd
from processes import PATIENCE_SECONDS, wait_until, weir
from test_storms import Publisher, sequence, settle


@pytest.fixture
def pair(make_site):
    """A site with two workers."""
    return make_site("--retry", "300", workers=2)


def test_an_event_published_to_any_worker_reaches_the_streams_of_all(make_site):
    site = make_site(workers=3)
    with contextlib.ExitStack() as stack:
        # nginx asks the workers in turn.
        streams = [stack.enter_context(site.stream()) for _ in range(9)]
        for stream in streams:
            stream.line()
        ids = site.publish_all(f"{number}" for number in range(30))
        for stream in streams:
            assert [event.id for event in stream.events(30)] == ids
        for worker in (0, 1):
            site.kill_weir(worker)
        site.publish_all(["to the last worker"])
        assert sum(stream.event() is not None for stream in streams) == 3


def test_subscribers_of_a_killed_worker_go_on_with_another_and_miss_nothing(pair):
    with Crowd(pair.port, 300) as crowd:
        crowd.wait_until_open()
        first = pair.publish_all(["first"])[0]
        crowd.wait_for(sequence(first))
        with Publisher(pair) as publisher:
            for worker in (0, 1, 0):
                time.sleep(0.3)
                pair.kill_weir(worker)
                time.sleep(0.8)
                pair.start_weir(worker)
        settle(pair, crowd, publisher)
        assert publisher.statuses <= {200, 503}
        # Half of them moved each time, and found a worker at once.
        assert crowd.opened_count >= 300 + 3 * 100
    result = weir("check", "--queue", pair.queue)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_publish_whose_worker_is_not_there_goes_to_another_once(pair, method):
    pair.kill_weir(1)
    answers = [pair.publish(f"{number}", method=method) for number in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 20
    assert pair.request("GET", "/weir/status").json()["queue"]["events"] == 20


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_publish_whose_worker_dies_of_it_is_not_sent_to_another(pair, method):
    # A stopped worker takes no request, but nginx has sent it.
    pair.weirs[0].send_signal(signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = [pool.submit(pair.publish, "once", method=method) for _ in range(8)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 4, "the other worker")
        time.sleep(0.2)
        pair.kill_weir(0)
        answers = [answer.result(PATIENCE_SECONDS) for answer in answers]
    assert sorted(answer.status for answer in answers) == [200] * 4 + [503] * 4
    refused = next(answer for answer in answers if answer.status == 503)
    assert refused.problem()["code"] == "hub_unavailable"
    assert pair.request("GET", "/weir/status").json()["queue"]["events"] == 4


def test_while_no_worker_is_there_a_publish_gets_503(pair):
    for worker in (0, 1):
        pair.kill_weir(worker)
    for method in ("PUT", "POST"):
        answer = pair.publish("nobody", method=method)
        assert answer.status == 503
        assert answer.problem()["code"] == "hub_unavailable"
        assert answer.headers["Retry-After"] == "1"


def test_while_a_worker_ends_its_streams_others_are_served_at_once(make_site):
    site = make_site("--drain", "1h", workers=2)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(site.stream()) for _ in range(6)]
        for stream in streams:
            stream.line()
        site.weirs[0].terminate()
        site.wait_for_log("stopping")
        begin = time.monotonic()
        ids = site.publish_all(f"{number}" for number in range(10))
        for _ in range(6):
            with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
                assert stream.event().id == ids[1]
        assert time.monotonic() - begin < 10
        # Two that are not yet ended, and three of the other worker.
        live = [stream for stream in streams if stream.event() is not None]
        assert len(live) == 5
        assert all(stream.data(9) == [f"{number}" for number in range(1, 10)] for stream in live)
        # A new worker takes the place of the one that ends, which it would not do at once by itself.
        old = site.weirs[0]
        site.start_weir(0)
        assert old.poll() is None
        old.terminate()
        assert old.wait(PATIENCE_SECONDS) == 0
