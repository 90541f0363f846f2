"""What the workers count, and who is told of it: /status, /metrics and `weir status`."""

import json
import os
import resource
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from processes import end, start, wait_until, weir, weir_program

OK, USAGE, DATA, NO_INPUT, NO_PERMISSION = 0, 64, 65, 66, 77


def status(site):
    answer = site.request("GET", "/weir/status")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    return answer.json()


def metrics(site):
    """The samples of /metrics by name and labels, as the parser of Prometheus' own makers has them."""
    answer = site.request("GET", "/weir/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def metric(samples, name, **labels):
    """The sum over all workers."""
    return sum(
        value for (sample, *pairs), value in samples.items()
        if sample == name and labels.items() <= dict(pairs).items()
    )


def wait_for_status(site, condition):
    """The workers write their pages a few times a second; returns the status that fits."""
    return wait_until(lambda: condition(found := status(site)) and found, "the counts")


class Worker:
    """One more worker on a site's queue, which nginx does not know."""

    def __init__(self, site, name):
        self.log = site.folder / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = start(
                weir_program(), "serve", "--queue", site.queue, "--socket", site.folder / name,
                stderr=log,
            )
        wait_until(lambda: "serving" in self.log.read_text(), "the worker")


@pytest.fixture
def make_worker():
    workers = []

    def make(site, name="other.sock"):
        workers.append(Worker(site, name))
        return workers[-1]

    yield make
    for worker in workers:
        end(worker.process)


# --- What is counted ---


@pytest.mark.parametrize("loops", [1, 3])
def test_each_event_is_counted_once_for_each_subscriber(make_site, loops):
    site = make_site("--loops", loops)
    streams = [site.stream() for _ in range(7)] + [site.stream("/sse/orders") for _ in range(3)]
    site.publish_all(str(number) for number in range(40))
    site.publish_all((str(number) for number in range(10)), topic="orders")
    for stream in streams[:7]:
        stream.data(40)
    for stream in streams[7:]:
        stream.data(10)
    found = wait_for_status(site, lambda found: found["deliveries"] >= 7 * 40 + 3 * 10)
    assert found["deliveries"] == 7 * 40 + 3 * 10
    assert found["streams"] == {"open": 10, "live": 10, "behind": 0, "opened": 10, "refused": 0}
    assert found["lag_ms"]["count"] == 7 * 40 + 3 * 10
    assert found["lag_ms"]["p50"] <= found["lag_ms"]["p99"] <= found["lag_ms"]["max"]
    assert found["publishes"]["acknowledged"] == found["publishes"]["latency_us"]["count"] == 50
    assert (found["publishes"]["refused"], found["gaps"]) == (0, 0)
    assert found["replays"] == {"streams": 0, "events": 0}
    assert found["bytes"] > 310 * len("data: 0\nid: 00000000-1\n\n")
    assert (found["workers"], found["durability"]) == (1, "full")
    assert found["version"] == weir("--version").stdout.strip()
    for stream in streams:
        stream.close()
    wait_for_status(site, lambda found: found["streams"]["open"] == 0)


def test_replays_and_gaps_are_counted(site):
    ids = site.publish_all(str(number) for number in range(10))
    with site.stream(headers={"Last-Event-ID": ids[3]}) as stream:
        stream.data(6)
        found = wait_for_status(site, lambda found: found["deliveries"] >= 6)
        assert found["replays"] == {"streams": 1, "events": 6}
        assert (found["deliveries"], found["gaps"], found["lag_ms"]["count"]) == (6, 0, 0)
    with site.stream(headers={"Last-Event-ID": "nonsense"}) as stream:
        assert stream.event().type == "weir.gap"
        stream.data(10)
        found = wait_for_status(site, lambda found: found["deliveries"] >= 16)
        assert (found["replays"], found["gaps"]) == ({"streams": 2, "events": 16}, 1)
    assert metric(metrics(site), "weir_gaps_total", reason="unknown-epoch") == 1


def test_what_is_refused_is_counted_by_its_code(site):
    assert site.request("PUT", "/publish", "{", {"Content-Type": "application/json"}).status == 400
    assert site.request("PUT", "/publish", "x", {"Content-Type": "multipart/form-data"}).status == 415
    assert site.request("GET", "/sse?topic=").status == 400
    assert site.request("DELETE", "/sse").status == 405
    wait_for_status(site, lambda found: found["publishes"]["refused"] == 2)
    samples = metrics(site)
    codes = {
        code: metric(samples, "weir_problems_total", code=code)
        for code in ("malformed_json", "unsupported_media_type", "invalid_topic",
                     "method_not_allowed", "not_found")
    }
    assert codes == {"malformed_json": 1, "unsupported_media_type": 1, "invalid_topic": 1,
                     "method_not_allowed": 1, "not_found": 0}
    assert metric(samples, "weir_problems_total") == 4
    assert metric(samples, "weir_requests_total", route="stream") == 2
    assert metric(samples, "weir_requests_total", route="publish") == 2


def test_a_stream_that_falls_behind_is_counted_there_and_gets_everything(site):
    with site.stream() as slow:
        # Small enough to be sent live, and more than all sockets on the way hold.
        messages = [f"{number} " + "x" * 15_000 for number in range(1000)]
        site.publish_all(messages)
        found = wait_for_status(site, lambda found: found["streams"]["behind"] == 1)
        assert found["streams"]["live"] == 0
        assert found["deliveries"] < len(messages)
        assert slow.data(len(messages)) == messages
        found = wait_for_status(site, lambda found: found["streams"]["live"] == 1)
        assert found["deliveries"] == len(messages)
    assert metric(metrics(site), "weir_falls_total") >= 1


# --- For Prometheus ---


def test_the_metrics_say_what_the_status_says_in_the_format_of_prometheus(site):
    with site.stream() as stream:
        site.publish_all(["a", "b", "c"])
        stream.data(3)
        found = wait_for_status(site, lambda found: found["deliveries"] == 3)
        samples = metrics(site)
        for name, value in {
            "weir_streams_open": 1, "weir_streams_live": 1, "weir_streams_opened_total": 1,
            "weir_deliveries_total": 3, "weir_sent_bytes_total": found["bytes"],
            "weir_queue_events": 3, "weir_queue_bytes": found["queue"]["bytes"],
            "weir_queue_appended_events_total": 3, "weir_queue_read_only": 0, "weir_worker_up": 1,
            "weir_lag_seconds_count": 3, "weir_publish_duration_seconds_count": 3,
        }.items():
            assert metric(samples, name) == value, name
        assert metric(samples, "weir_publishes_total", result="acknowledged") == 3
        assert samples["weir_build_info", ("version", found["version"])] == 1


def test_a_histogram_is_cumulative_and_ends_with_its_count(site):
    with site.stream() as stream:
        site.publish_all(str(number) for number in range(30))
        stream.data(30)
        wait_for_status(site, lambda found: found["deliveries"] == 30)
    samples = metrics(site)
    for name in ("weir_lag_seconds", "weir_publish_duration_seconds"):
        buckets = sorted(
            (float(dict(pairs)["le"]), value)
            for (sample, *pairs), value in samples.items() if sample == f"{name}_bucket"
        )
        assert len(buckets) > 15
        counts = [count for _, count in buckets]
        assert counts == sorted(counts)
        assert buckets[-1] == (float("inf"), metric(samples, f"{name}_count")) == (float("inf"), 30)
        assert 0 <= metric(samples, f"{name}_sum") <= 30 * buckets[-2][0]


def test_each_kind_of_metric_is_described(site):
    text = site.request("GET", "/weir/metrics").body.decode()
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith("."), family.name
        assert family.type in ("counter", "gauge", "histogram"), family.name
        assert family.name.startswith("weir_")
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name


@pytest.mark.parametrize("path", ["/weir/status", "/weir/metrics"])
def test_status_and_metrics_are_read_and_not_written(site, path):
    assert site.request("HEAD", path).status == 200
    answer = site.request("POST", path)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


# --- Workers come and go ---


def test_counts_never_fall_when_a_worker_is_killed_and_gauges_begin_anew(site):
    streams = [site.stream() for _ in range(4)]
    told = 0
    for number in range(3):
        site.publish_all(["a", "b"])
        for stream in streams:
            stream.data(2)
            stream.close()
        before = wait_for_status(site, lambda found: found["deliveries"] >= told + 8)
        told = before["deliveries"]
        site.kill_weir()
        dead = json.loads(weir("status", "--queue", site.queue, "--json").stdout)
        assert dead["workers"] == dead["streams"]["open"] == dead["streams"]["live"] == 0
        assert dead["deliveries"] == told
        site.start_weir()
        streams = [site.stream() for _ in range(4)]
        found = wait_for_status(site, lambda found: found["streams"]["live"] == 4)
        assert (found["deliveries"], found["streams"]["open"]) == (told, 4)
        assert found["publishes"]["acknowledged"] == 2 * (number + 1)
    assert told == 24
    assert sorted(os.listdir(site.queue / "workers")) == ["0"]
    for stream in streams:
        stream.close()


def test_nothing_that_was_told_is_taken_back_by_a_kill(site):
    """At whatever moment a worker dies, the next one tells no less than it had told."""
    told = {}
    with_stream = site.stream()
    for _ in range(4):
        for _ in range(30):
            site.publish_all(["x"])
            told = {key: value for key, value in metrics(site).items() if "_total" in key[0]}
        site.kill_weir()
        site.start_weir()
        found = metrics(site)
        assert {key: (value, found[key]) for key, value in told.items() if found[key] < value} == {}
    with_stream.close()


def test_a_stop_in_order_leaves_the_last_counts(site):
    site.publish_all(["a", "b", "c"])
    assert end(site.weir) == OK
    found = json.loads(weir("status", "--queue", site.queue, "--json").stdout)
    assert found["publishes"]["acknowledged"] == 3
    assert found["workers"] == 0 and "uptime_seconds" not in found and "durability" not in found


def test_all_workers_on_a_queue_are_told_of_by_each(site, make_worker):
    other = make_worker(site)
    with site.stream() as stream:
        site.publish_all(["a"])
        stream.data(1)
        found = wait_for_status(site, lambda found: found["deliveries"] == 1)
        assert found["workers"] == 2
        samples = metrics(site)
        for number in "01":
            assert samples["weir_worker_up", ("worker", number)] == 1
        assert metric(samples, "weir_streams_open", worker="0") == 1
        assert metric(samples, "weir_streams_open", worker="1") == 0
        other.process.kill()
        other.process.wait()
        assert status(site)["workers"] == 1
        samples = metrics(site)
        assert samples["weir_worker_up", ("worker", "1")] == 0
        assert ("weir_streams_open", ("worker", "1")) not in samples
        assert ("weir_deliveries_total", ("worker", "1")) in samples
        make_worker(site, "third.sock")
        assert status(site)["workers"] == 2
    assert sorted(os.listdir(site.queue / "workers")) == ["0", "1"]


def test_a_worker_without_a_page_serves_and_tells_of_itself(site):
    end(site.weir)
    for page in (site.queue / "workers").iterdir():
        page.unlink()
    (site.queue / "workers").rmdir()
    (site.queue / "workers").write_text("in the way")
    site.start_weir()
    assert site.count_log("in memory only") == 1
    with site.stream() as stream:
        site.publish_all(["a"])
        assert stream.data(1) == ["a"]
        wait_for_status(site, lambda found: found["deliveries"] == found["workers"] == 1)


def test_a_page_that_cannot_be_written_for_a_while_harms_nobody(site):
    site.publish_all(["before"])
    wait_for_status(site, lambda found: found["publishes"]["acknowledged"] == 1)
    with site.stream() as stream:
        _, most = resource.prlimit(site.weir.pid, resource.RLIMIT_FSIZE)
        # One byte less than a page has; the other files are smaller.
        resource.prlimit(site.weir.pid, resource.RLIMIT_FSIZE, (4095, most))
        site.publish_all(["meanwhile"])
        assert stream.data(1) == ["meanwhile"]
        site.wait_for_log("in memory only")
        wait_for_status(site, lambda found: found["publishes"]["acknowledged"] == 2)
        resource.prlimit(site.weir.pid, resource.RLIMIT_FSIZE, (most, most))
        site.publish_all(["after"])
        assert stream.data(1) == ["after"]
        wait_until(
            lambda: json.loads(weir("status", "--queue", site.queue, "--json").stdout)
            ["publishes"]["acknowledged"] == 3, "the page")
    assert site.count_log("in memory only") == 1


# --- weir status ---


def test_the_command_says_the_same_as_the_server(site):
    with site.stream() as stream:
        site.publish_all(["a", "b"])
        stream.data(2)
        wait_for_status(site, lambda found: found["deliveries"] == 2)
        result = weir("status", "--queue", site.queue, "--json")
        assert result.returncode == OK, result.stderr
        told, said = json.loads(result.stdout), status(site)
        for volatile in ("uptime_seconds", "pace_ms", "bytes"):
            del told[volatile], said[volatile]
        assert told == said


def test_the_command_prints_a_table_for_people(site):
    with site.stream() as stream:
        ids = site.publish_all(["a", "b"])
        stream.data(2)
        wait_for_status(site, lambda found: found["deliveries"] == 2)
        lines = weir("status", "--queue", site.queue).stdout.splitlines()
    rows = {line.split()[0]: line for line in lines}
    assert len({len(line) - len(line.split(None, 1)[1]) for line in lines}) == 1, "aligned"
    assert "1, up " in rows["workers"]
    assert "1 open: 1 live, 0 behind" in rows["streams"]
    assert f"2, {ids[0]} to {ids[1]}" in rows["events"]
    assert "2 acknowledged, 0 refused" in rows["publishes"]
    end(site.weir)
    assert "none runs" in weir("status", "--queue", site.queue).stdout


def test_the_command_works_on_a_queue_that_never_had_a_worker(state):
    queue = state / "queue"
    site = start(weir_program(), "serve", "--queue", queue, "--socket", state / "s",
                 stderr=subprocess.DEVNULL)
    wait_until((state / "s").exists, "weir")
    end(site)
    for page in (queue / "workers").iterdir():
        page.unlink()
    (queue / "workers").rmdir()
    assert weir("publish", "--queue", queue, "x").returncode == OK
    found = json.loads(weir("status", "--queue", queue, "--json").stdout)
    assert (found["workers"], found["queue"]["events"], found["deliveries"]) == (0, 1, 0)
    assert not (queue / "workers").exists(), "looking makes nothing"


def test_whoever_may_only_read_a_queue_may_look_at_it(site):
    site.publish_all(["a"])
    wait_for_status(site, lambda found: found["publishes"]["acknowledged"] == 1)
    for path in [site.queue, *site.queue.rglob("*"), site.folder, site.folder.parent]:
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    # A copy: the build may lie where only its owner gets to.
    program = shutil.copy(weir_program(), site.folder / "weir")
    command = [program, "status", "--queue", site.queue, "--json"]
    if os.getuid() == 0:
        command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == OK, result.stderr
    assert json.loads(result.stdout)["publishes"]["acknowledged"] == 1


def test_failures_of_the_command_say_what_to_do(state):
    missing = weir("status", "--queue", state / "missing")
    assert missing.returncode == NO_INPUT and "check the path" in missing.stderr
    (state / "file").write_text("x")
    other = weir("status", "--queue", state / "file")
    assert other.returncode == DATA and "not a queue" in other.stderr
    assert weir("status").returncode == USAGE


def test_check_and_export_take_the_pages_as_a_part_of_the_queue(site):
    site.publish_all(["a"])
    end(site.weir)
    assert (site.queue / "workers" / "0").exists()
    result = weir("check", "--queue", site.queue)
    assert result.returncode == OK and "workers" not in result.stdout
    assert weir("check", "--queue", site.queue, "--repair").returncode == OK
    assert len(weir("export", "--queue", site.queue).stdout.splitlines()) == 1
