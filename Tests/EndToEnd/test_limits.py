"""Limits: who is over one is told so, in a way that makes the right thing happen next."""

import contextlib
import resource
import subprocess
import time

import pytest

from processes import PATIENCE_SECONDS, end, start, wait_until, weir, weir_program

EXAMPLE = "203.0.113."


def open_streams(site, count, path="/sse", headers=None):
    """Opens streams; closes them all at the end."""
    stack = contextlib.ExitStack()
    streams = [stack.enter_context(site.stream(path, headers)) for _ in range(count)]
    for stream in streams:
        stream.line()  # `retry:`, which comes when the stream is open.
    return stack, streams


def behind_a_proxy(text):
    """nginx takes the client's address from a header, as behind a load balancer."""
    return text.replace("server_name _;", "server_name _; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;")


def test_one_over_the_total_is_told_to_come_back_and_gets_in_when_there_is_room(make_site):
    site = make_site("--max-streams", "2", "--retry", "300")
    stack, streams = open_streams(site, 2)
    with site.stream() as refused:
        assert refused.status == 200
        assert refused.headers["Content-Type"] == "text/event-stream"
        assert refused.rest() == []
        assert 300 <= refused.retry <= 450
        assert "all 2 streams are taken" in refused.comments[0]
        assert refused.headers["Retry-After"] == "1"
    assert site.request("HEAD", "/sse").status == 200
    site.publish_all(["to both"])
    assert [stream.event().data for stream in streams] == ["to both"] * 2
    stack.close()
    site.wait_for_log("stream closed", "streams=0")

    def gets_in():
        with site.stream() as stream:
            return stream.line().startswith("retry:")

    wait_until(gets_in, "a stream")


def test_who_is_told_to_come_back_misses_nothing_until_then(make_site):
    site = make_site("--max-streams", "1")
    ids = site.publish_all(["before"])
    with site.stream() as taken:
        taken.line()
        with site.stream() as refused:
            assert refused.rest() == []
            assert refused.last_event_id == ids[0]
        # An id that it has stays its own.
        for path, headers in (("/sse", {"Last-Event-ID": "@1"}), (f"/sse?last_event_id={ids[0]}", {})):
            with site.stream(path, headers) as other:
                assert other.rest() == [] and other.last_event_id == "" and other.retry
        # A library that takes the block of an id for an empty event.
        with site.stream(headers={"User-Agent": "python-httpx/0.28.1"}) as other:
            assert other.rest() == [] and other.last_event_id == "" and other.retry
    without = make_site("--max-streams", "1", "--no-checkpoints")
    with without.stream() as taken:
        taken.line()
        with without.stream() as refused:
            assert refused.rest() == [] and refused.last_event_id == "" and refused.retry


def test_whatever_way_a_stream_ends_its_place_is_free_again(make_site):
    site = make_site("--max-streams", "3", "--demo")
    for _ in range(20):
        with site.stream("/sse/time?count=1&interval=1ms") as stream:  # Ends by itself.
            assert len(stream.rest()) == 1
        with site.stream() as stream:  # The client goes.
            assert stream.line().startswith("retry:")
        assert site.request("HEAD", "/sse").status == 200
        assert site.request("GET", "/sse?topic=%FF").status == 400
        wait_until(lambda: site.count_log("stream opened") == site.count_log("stream closed"), "the end")
    stack, streams = open_streams(site, 3)
    with stack:
        with site.stream() as refused:
            assert refused.rest() == [] and "taken" in refused.comments[0]


def test_an_address_over_its_limit_gets_429_and_others_get_in(make_site):
    site = make_site("--max-streams-per-address", "2", "--retry", "3000", configure=behind_a_proxy)
    one, other = ({"X-Real-IP": EXAMPLE + last} for last in "12")
    stack, _ = open_streams(site, 2, headers=one)
    with stack:
        answer = site.request("GET", "/sse", headers=one)
        assert answer.status == 429
        assert answer.problem()["code"] == "too_many_streams"
        assert answer.headers["Retry-After"] == "3"
        with site.stream(headers=other) as stream:
            assert stream.line().startswith("retry:")
    wait_until(lambda: site.request("HEAD", "/sse", headers=one).status == 200, "room")
    stack, _ = open_streams(site, 2, headers=one)
    stack.close()


def test_a_network_of_ipv6_counts_as_one_address(make_site):
    site = make_site("--max-streams-per-address", "1", configure=behind_a_proxy)
    stack, _ = open_streams(site, 1, headers={"X-Real-IP": "2001:db8:1:2::1"})
    with stack:
        neighbour = site.request("GET", "/sse", headers={"X-Real-IP": "2001:db8:1:2:3:4:5:6"})
        assert neighbour.status == 429
        with site.stream(headers={"X-Real-IP": "2001:db8:1:3::1"}) as stream:
            assert stream.line().startswith("retry:")


def test_more_new_streams_than_a_second_lets_in_are_sent_away_one_after_the_other(make_site):
    site = make_site("--max-new-streams", "5")
    waits = []
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            stream = stack.enter_context(site.stream())
            first = stream.line()
            if first.startswith(":"):
                assert "begin at once" in first
                assert stream.rest() == []
                waits.append(stream.retry)
    assert len(waits) >= 10
    steps = [later - earlier for earlier, later in zip(waits, waits[1:])]
    # A fifth of a second and a quarter of that, less the time between the two requests.
    assert all(step <= 260 for step in steps), waits
    assert waits[-1] > waits[0] + 1000
    time.sleep(1)
    with site.stream() as stream:
        assert stream.line().startswith("retry:")


def test_a_stream_that_is_too_old_ends_and_who_comes_back_misses_nothing(make_site):
    site = make_site("--max-stream-age", "1s")
    ids = site.publish_all(["first"])
    published, seen = ids[:], ids[:]
    begin = time.monotonic()
    ends = 0
    while time.monotonic() - begin < 4:
        with site.stream(headers={"Last-Event-ID": seen[-1]}) as stream:
            opened = time.monotonic()
            while time.monotonic() - opened < 0.7:
                published += site.publish_all([f"{len(published)}"])
            # http.client raises where the last chunk is missing.
            seen += [event.id for event in stream.rest()]
            assert 0.7 < time.monotonic() - opened < 5
            ends += 1
        published += site.publish_all(["while nobody listens"])
    assert ends >= 3
    with site.stream(headers={"Last-Event-ID": seen[-1]}) as stream:
        while seen[-1] != published[-1]:
            seen.append(stream.event().id)
    assert seen == published


def test_with_all_streams_taken_everything_else_is_still_answered(state, make_site):
    site = make_site()
    end(site.weir)
    with open(site.log, "ab") as log:
        site.weir = start(
            weir_program(), "serve", "--queue", site.queue, "--socket", site.folder / "weir.sock",
            stderr=log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400)),
        )
    site.wait_for_log("serving", "streams=at most 200")
    wait_until(site.is_up, "weir")
    stack, streams = open_streams(site, 200)
    with stack:
        with site.stream() as refused:
            assert refused.rest() == [] and "all 200 streams" in refused.comments[0]
        assert site.request("GET", "/weir/healthz").status == 200
        def status():
            return site.request("GET", "/weir/status").json()

        assert status()["queue"]["events"] == 0
        wait_until(lambda: status()["streams"]["refused"] == 1, "the count of the refused")
        site.publish_all(f"{number}" for number in range(20))
        for stream in streams:
            assert stream.data(20) == [f"{number}" for number in range(20)]
    assert site.count_log("connections wait") == 0


def test_more_streams_than_descriptors_is_refused_at_the_start(state):
    process = subprocess.run(
        [weir_program(), "serve", "--queue", state / "q", "--socket", state / "s", "--max-streams", "900"],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000)),
    )
    assert process.returncode == 71
    assert "max-streams is 900" in process.stderr and "ulimit -Hn" in process.stderr


def test_the_soft_limit_of_descriptors_is_raised_to_the_hard_one(state):
    with open(state / "log", "wb") as log:
        process = start(
            weir_program(), "serve", "--queue", state / "q", "--socket", state / "s", stderr=log,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4000)),
        )
    try:
        wait_until(lambda: "serving" in (state / "log").read_text(), "weir")
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (4000, 4000)
    finally:
        assert end(process) == 0


@pytest.mark.parametrize(
    "option, value, words",
    [
        ("--max-streams", "0", "from 1"), ("--max-streams", str(2**64), "from 1 to"),
        ("--max-streams-per-address", "0", "from 1"), ("--max-new-streams", "-1", "from 1 to 1000000"),
        ("--max-new-streams", "2000000", "1000000"), ("--max-stream-age", "soon", "from 1s to 365d"),
        ("--max-stream-age", "999999999d", "from 1s to 365d"), ("--max-stream-age", "1ms", "from 1s to 365d"),
        ("--drain", "x", "from 1ms to 1d"), ("--drain", "9223372036854775807s", "from 1ms to 1d"),
        ("--drain", "106751991167d", "from 1ms to 1d"), ("--drain", "-1", "from 1ms to 1d"),
        ("--heartbeat", "nan", "from 0.1 to 3600"), ("--heartbeat", "inf", "from 0.1 to 3600"),
        ("--heartbeat", "1e308", "from 0.1 to 3600"), ("--heartbeat", "0", "from 0.1 to 3600"),
        ("--retry", "-1", "from 0 to 86400000"), ("--retry", str(2**63 - 1), "from 0 to 86400000"),
        ("--loops", "0", "from 1 to 64"), ("--loops", "65", "from 1 to 64"),
        ("--fd", "99999999999", "from 0 to"), ("--retention-bytes", "1", "from 4K"),
        ("--retention-bytes", "8388608T", "from 4K"), ("--retention-age", "0", "from 1s"),
        ("--retention-age", "106751991167d", "to 36500d"), ("--retention-count", "0", "from 1"),
        ("--retention-count", str(2**63), "from 1"),
    ],
)
def test_a_limit_that_is_none_is_told(state, option, value, words):
    result = weir("serve", "--queue", state / "q", "--socket", state / "s", f"{option}={value}")
    assert result.returncode == 64
    assert option in result.stderr and words in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--retention-bytes", "4K", "--retention-count", "1", "--retention-age", "1s"],
        ["--retention-bytes", "1024T", "--retention-count", "1000000000000", "--retention-age", "36500d",
         "--max-stream-age", "365d", "--drain", "1d", "--heartbeat", "3600", "--retry", "86400000",
         "--max-new-streams", "1000000", "--max-streams-per-address", "100000000", "--loops", "64"],
        ["--drain", "1ms", "--max-stream-age", "1s", "--heartbeat", "0.1", "--retry", "0"],
    ],
)
def test_with_the_least_and_the_greatest_of_everything_weir_serves_and_ends(make_site, words):
    site = make_site(*words)
    with site.stream() as stream:
        site.publish_all(["a"])
        assert stream.data(1) == ["a"]
    assert end(site.weir) == 0
