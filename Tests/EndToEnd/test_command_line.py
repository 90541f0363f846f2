"""The commands of weir, and how it is started."""

import concurrent.futures
import os
import signal
import socket
import subprocess

import pytest

from processes import PATIENCE_SECONDS, end, start, wait_until, weir, weir_program

OK, USAGE, DATA, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, NO_PERMISSION = 0, 64, 65, 66, 69, 73, 77


def follow(*arguments):
    return start(weir_program(), "tail", *arguments, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("command", [[], ["serve"], ["publish"], ["tail"], ["check"]])
def test_help_teaches(command):
    result = weir(*command, "--help")
    assert result.returncode == OK
    assert "USAGE: weir" in result.stdout
    assert "OVERVIEW: " in result.stdout


def test_the_version_is_told():
    assert weir("--version").stdout.strip().replace(".", "").isdigit()


def test_a_publish_without_a_server_gets_to_the_streams_of_a_server(site):
    with site.stream("/sse/orders") as stream:
        result = weir("publish", "--queue", site.queue, "--topic", "orders", "--event", "paid", "7")
        assert result.returncode == OK, result.stderr
        event = stream.event()
        assert (event.type, event.data, event.id) == ("paid", "7", result.stdout.strip())


def test_standard_input_is_published_less_one_newline(site):
    with site.stream() as stream:
        weir("publish", "--queue", site.queue, stdin="two\nlines\n")
        weir("publish", "--queue", site.queue, "-", stdin="")
        assert stream.data(2) == ["two\nlines", ""]


def test_processes_that_publish_at_once_lose_nothing_and_agree_on_one_order(site):
    def publish(number):
        if number % 3 == 0:
            return site.publish(str(number)).json()["id"], str(number)
        return weir("publish", "--queue", site.queue, str(number)).stdout.strip(), str(number)

    with site.stream() as stream:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            published = dict(pool.map(publish, range(120)))
        events = stream.events(120)
    assert {event.id: event.data for event in events} == published
    sequences = [int(event.id.split("-")[1]) for event in events]
    assert sequences == list(range(1, 121))
    assert weir("check", "--queue", site.queue).returncode == OK


def test_tail_prints_what_is_there_and_follows(site):
    ids = site.publish_all(["1", "2"], topic="orders.eu")
    site.publish_all(["other"], topic="bills")
    tail = follow("--queue", site.queue, "--topic", "orders.*", "--from", "start")
    try:
        expected = "".join(f"data: {number}\nid: {id_}\n\n" for number, id_ in enumerate(ids, 1))
        assert tail.stdout.read(len(expected)) == expected
        site.publish_all(["3"], topic="orders.us")
        assert tail.stdout.readline() == "data: 3\n"
    finally:
        tail.stdout.close()
        end(tail)


def test_tail_goes_on_after_an_event(site):
    ids = site.publish_all(["1", "2", "3"])
    tail = follow("--queue", site.queue, "--from", ids[1])
    try:
        assert tail.stdout.readline() == "data: 3\n"
    finally:
        tail.stdout.close()
        end(tail)


def test_check_tells_how_many_events_there_are(site):
    site.publish_all(["1", "2", "3"])
    result = weir("check", "--queue", site.queue)
    assert result.returncode == OK
    assert "3 events" in result.stdout


def test_check_tells_where_a_queue_is_damaged(site):
    site.publish_all(["first", "second", "third"])
    end(site.weir)
    segment = site.queue / "00000000000000000001.sse"
    segment.write_bytes(segment.read_bytes().replace(b"second", b"sXcond"))
    result = weir("check", "--queue", site.queue)
    assert result.returncode == DATA
    offset = segment.read_bytes().index(b": 2 ")
    assert segment.name in result.stdout
    assert str(offset) in result.stdout
    site.start_weir()
    first = f"{(site.queue / 'epoch').read_text().split()[2]}-1"
    with site.stream(headers={"Last-Event-ID": first}) as stream:
        gap, third = stream.events(2)
        assert (gap.type, third.data) == ("weir.gap", "third")


def test_failures_have_the_exit_codes_of_sysexits(state):
    missing = state / "missing"
    assert weir("publish", "--queue", missing, "x").returncode == NO_INPUT
    assert weir("tail", "--queue", missing).returncode == NO_INPUT
    assert weir("check", "--queue", missing).returncode == NO_INPUT
    assert weir("publish", "x").returncode == USAGE
    assert weir("nonsense").returncode == USAGE
    assert weir("serve", "--queue", missing).returncode == USAGE
    assert not missing.exists(), "a queue is made by serve alone"


def test_a_bad_event_is_told_by_publish(site):
    for arguments in [["--event", "a\nb"], ["--topic", "a\nb"], ["--topic", ""], ["--topic", "a.*"], ["--retry=-1"]]:
        result = weir("publish", "--queue", site.queue, *arguments, "x")
        assert result.returncode == USAGE, arguments
        assert result.stderr
    result = subprocess.run(
        [weir_program(), "publish", "--queue", site.queue], input=b"\xff", capture_output=True,
        timeout=PATIENCE_SECONDS,
    )
    assert result.returncode == DATA
    assert site.publish("next").json()["id"].endswith("-1")


def test_a_folder_that_is_no_queue_is_not_made_one(state):
    (state / "photos").mkdir()
    (state / "photos" / "me.jpg").write_bytes(b"x")
    result = weir("serve", "--queue", state / "photos", "--socket", state / "s")
    assert result.returncode == DATA
    assert str(state / "photos") in result.stderr
    assert [path.name for path in (state / "photos").iterdir()] == ["me.jpg"]


def test_a_queue_of_a_newer_format_is_left_alone(site):
    end(site.weir)
    epoch = site.queue / "epoch"
    epoch.write_text(epoch.read_text().replace("weir-queue 1", "weir-queue 2"))
    result = weir("serve", "--queue", site.queue, "--socket", site.folder / "s")
    assert result.returncode == DATA
    assert "format 2" in result.stderr


def test_a_socket_in_use_is_not_taken_over(site):
    result = weir("serve", "--queue", site.queue, "--socket", site.folder / "weir.sock")
    assert result.returncode == UNAVAILABLE
    assert "weir.sock" in result.stderr
    assert site.publish("still there").status == 200


def test_a_file_in_the_sockets_place_is_not_removed(state):
    (state / "s").write_text("precious")
    result = weir("serve", "--queue", state / "queue", "--socket", state / "s")
    assert result.returncode != OK
    assert (state / "s").read_text() == "precious"


def test_a_queue_without_permission_is_told(state):
    queue = state / "queue"
    queue.mkdir(mode=0o500)
    state.chmod(0o755)
    command = [weir_program(), "serve", "--queue", queue, "--socket", state / "s"]
    if os.getuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert result.returncode == NO_PERMISSION, result.stderr
    assert str(queue) in result.stderr


def test_weir_serves_the_socket_it_was_started_with_as_spawn_fcgi_does(make_site):
    site = make_site()
    end(site.weir)
    path = site.folder / "weir.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(128)
        with open(site.log, "ab") as log:
            site.weir = start(
                weir_program(), "serve", "--queue", site.queue, "--fd", "0",
                stdin=listener, stderr=log,
            )
    wait_until(site.is_up, "weir on descriptor 0")
    with site.stream() as stream:
        site.publish_all(["Hello"])
        assert stream.event().data == "Hello"


def test_a_descriptor_that_is_no_socket_is_told(state):
    result = weir("serve", "--queue", state / "queue", "--fd", "0", stdin="")
    assert result.returncode != OK
    assert "socket" in result.stderr


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_weir_ends_with_success_when_it_is_asked_to(site, signal_number):
    with site.stream():
        assert end(site.weir, signal_number) == OK
