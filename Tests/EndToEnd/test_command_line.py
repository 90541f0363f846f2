"""The commands of weir, and how it is started."""

import concurrent.futures
import os
import signal
import socket
import subprocess

import pytest

from processes import PATIENCE_SECONDS, end, start, wait_until, weir, weir_program

OK, USAGE, DATA, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, OUTPUT, NO_PERMISSION = 0, 64, 65, 66, 69, 73, 74, 77


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
    epoch.write_text(epoch.read_text().replace("weir-queue 1", "weir-queue 3"))
    result = weir("serve", "--queue", site.queue, "--socket", site.folder / "s")
    assert result.returncode == DATA
    assert "format 3" in result.stderr


def test_a_socket_in_use_is_not_taken_over(site):
    result = weir("serve", "--queue", site.queue, "--socket", site.folder / "weir.sock")
    assert result.returncode == UNAVAILABLE
    assert "weir.sock" in result.stderr
    assert site.publish("still there").status == 200


def test_of_several_that_begin_at_one_socket_at_once_one_serves_and_the_others_say_so(state):
    for _ in range(5):
        every = [
            start(
                weir_program(), "serve", "--queue", state / f"queue {number}", "--socket",
                state / "s", stderr=subprocess.PIPE, text=True,
            )
            for number in range(3)
        ]
        losers = wait_until(
            lambda every=every: [one for one in every if one.poll() is not None][1:] and
            [one for one in every if one.poll() is not None], "two to give up"
        )
        for loser in losers:
            assert loser.returncode == UNAVAILABLE
            assert "another weir serves there" in loser.stderr.read()
        (winner,) = [one for one in every if one not in losers]
        assert end(winner) == OK
        for one in every:
            one.stderr.close()


def test_a_file_in_the_sockets_place_is_not_removed(state):
    (state / "s").write_text("precious")
    result = weir("serve", "--queue", state / "queue", "--socket", state / "s")
    assert result.returncode == CANNOT_CREATE
    assert "is no socket" in result.stderr and "name another" in result.stderr
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


@pytest.mark.parametrize("number", [0, 99])
def test_a_descriptor_that_is_no_socket_is_told_with_what_to_do(state, number):
    result = weir("serve", "--queue", state / "queue", "--fd", number, stdin="")
    assert result.returncode != OK
    assert f"descriptor {number}" in result.stderr and "--socket" in result.stderr


@pytest.mark.parametrize(
    "option, value", [("--socket", ""), ("--fd", "-1"), ("--queue", "")]
)
def test_an_option_without_meaning_is_wrong_usage(state, option, value):
    options = {"--queue": state / "queue", "--socket": state / "s"} | {option: value}
    if option == "--fd":
        del options["--socket"]
    words = [word for name, given in options.items() for word in (name, given)]
    if option == "--fd":
        words[-2:] = ["--fd=-1"]
    result = weir("serve", *words)
    assert result.returncode == USAGE
    assert option in result.stderr and " is " in result.stderr


@pytest.mark.parametrize("arguments", [[b"\xff"], [b"--topic", b"\xff", b"x"]])
def test_arguments_that_are_not_utf_8_are_told_and_not_published(site, arguments):
    result = subprocess.run(
        [weir_program(), "publish", "--queue", site.queue, *arguments], capture_output=True,
        timeout=PATIENCE_SECONDS,
    )
    assert result.returncode == USAGE
    assert b"UTF-8" in result.stderr
    assert site.publish("next").json()["id"].endswith("-1")


CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("closed", CLOSED)
def test_descriptors_that_are_closed_at_the_start_never_become_files_of_the_queue(state, closed):
    queue = state / "queue"
    site = start("bash", "-c", f'exec "$0" "$@" {closed}', weir_program(), "serve", "--queue",
                 queue, "--socket", state / "s", stderr=subprocess.DEVNULL)
    wait_until((state / "s").exists, "weir")
    published = start("bash", "-c", f'exec "$0" "$@" {closed}', weir_program(), "publish",
                      "--queue", queue, "x", stdout=subprocess.DEVNULL)
    # The event is queued, but that could not be told.
    assert published.wait(PATIENCE_SECONDS) == (OUTPUT if ">&-" in closed.split() else OK)
    assert end(site) == OK
    assert (queue / "lock").read_bytes() == b""
    result = weir("check", "--queue", queue)
    assert result.returncode == OK and "1 events" in result.stdout


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_weir_ends_with_success_when_it_is_asked_to(site, signal_number):
    with site.stream():
        assert end(site.weir, signal_number) == OK


@pytest.mark.parametrize("origin, right", [
    ("https://example.org/", "https://example.org"), ("Example.org", "https://example.org"),
    ("HTTPS://EXAMPLE.org:443/app", "https://example.org"), ("https://*.example.org", "*"),
])
def test_an_origin_that_no_browser_sends_is_refused_with_the_right_spelling(state, origin, right):
    result = weir("serve", "--queue", state / "queue", "--socket", state / "s", "--cors-origin", origin)
    assert result.returncode == USAGE
    assert "--cors-origin" in result.stderr and f"'{right}'" in result.stderr
    assert not (state / "queue").exists()
