"""weir as a service: sockets that are handed over, what the service manager is told, who may connect."""

import grp
import os
import pwd
import signal
import socket
import stat
import time

import pytest

from processes import ENVIRONMENT, PATIENCE_SECONDS, end, start, wait_until, weir, weir_program
from service import ActivatedSite, HeldThread, Manager, hand_over, listening

OK, USAGE, SYSTEM, NO_PERMISSION, SETTINGS = 0, 64, 71, 77, 78
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root gives a socket away")


@pytest.fixture
def make_activated(state):
    """Starts sites whose weirs are started with their listening socket."""
    sites = []

    def make(*arguments, **options):
        site = ActivatedSite(state / str(len(sites)), *arguments, **options)
        sites.append(site)
        return site.start()

    yield make
    for site in sites:
        site.stop()


# --- Sockets that are handed over ---


def test_a_socket_that_is_handed_over_is_served_before_the_one_that_is_named_and_stays(make_activated, state):
    named = state / "named.sock"
    site = make_activated("--socket", named)
    assert site.wait_for_log("serving", f"at={site.folder}/weir.sock")
    assert site.wait_for_log("socket (flag --socket) has no effect", f"{site.folder}/weir.sock")
    site.publish_all(["x"])
    end(site.weir)
    assert not named.exists()
    # Who asks while there is no weir waits for the next one.
    with socket.socket() as waiting:
        waiting.connect(("127.0.0.1", site.port))
        waiting.sendall(b"GET /sse?poll=1&since=all HTTP/1.0\r\nHost: localhost\r\n\r\n")
        waiting.settimeout(0.3)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        site.start_weir()
        waiting.settimeout(PATIENCE_SECONDS)
        assert waiting.recv(65536).startswith(b"HTTP/1.1 200")


def test_two_weirs_share_one_socket_and_either_carries_on_alone(make_activated):
    site = make_activated(workers=2)
    for worker in [0, 1]:
        site.kill_weir(worker)
        ids = site.publish_all(str(number) for number in range(20))
        assert len(set(ids)) == 20
        site.start_weir(worker)


@pytest.mark.parametrize("options, words", [
    ({"process": "1"}, ["--socket", "WEIR_SOCKET"]),
    ({"count": "0"}, ["--socket", "WEIR_SOCKET"]),
])
def test_sockets_that_were_meant_for_another_process_are_none_of_weirs(state, options, words):
    with listening(state / "s") as listener:
        process = hand_over([listener], weir_program(), "serve", "-q", state / "q", stderr=-1, text=True, **options)
        errors = process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert process.returncode == USAGE
    assert all(word in errors for word in words), errors


def test_of_several_sockets_one_has_to_be_named(state):
    log = state / "log"
    with listening(state / "a") as one, listening(state / "b") as other:
        process = hand_over(
            [one, other], weir_program(), "serve", "-q", state / "q", names="web:backup", stderr=-1, text=True)
        errors = process.communicate(timeout=PATIENCE_SECONDS)[1]
        assert process.returncode == SETTINGS
        assert "hands over 2 sockets, 3 (web), 4 (backup)" in errors and "--fd" in errors
        with open(log, "wb") as output:
            process = hand_over([one, other], weir_program(), "serve", "-q", state / "q", "--fd", "4", stderr=output)
        wait_until(lambda: f"at={state}/b" in log.read_text(), "weir")
        assert end(process) == OK


def made(kind, state):
    if kind == "datagram":
        one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        one.bind(str(state / "s"))
        return one
    if kind == "deaf":
        one = socket.socket(socket.AF_UNIX)
        one.bind(str(state / "s"))
        return one
    return open(state / "file", "w+b")


@pytest.mark.parametrize("kind, words", [
    ("datagram", "a socket, but not one for streams"), ("deaf", "a socket that does not listen"), ("file", "no socket"),
])
def test_what_cannot_be_listened_at_is_told(state, kind, words):
    with made(kind, state) as one:
        process = hand_over([one], weir_program(), "serve", "-q", state / "q", stderr=-1, text=True)
        errors = process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert process.returncode == SYSTEM
    assert f"descriptor 3 (which is {words})" in errors and "start weir with a listening socket there" in errors
    assert not (state / "q").exists()


@pytest.mark.parametrize("count, words", [("1", "descriptor 3"), ("x", "LISTEN_FDS is 'x'"), ("-1", "LISTEN_FDS is '-1'")])
def test_sockets_that_are_not_there_are_told(state, count, words):
    process = hand_over([], weir_program(), "serve", "-q", state / "q", count=count, stderr=-1, text=True)
    errors = process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert process.returncode == SYSTEM
    assert words in errors
    assert not (state / "q").exists()


# --- What the service manager is told ---


@pytest.fixture
def manager(state):
    one = Manager(str(state / "notify"))
    yield one
    one.close()


@pytest.fixture
def managed(state):
    """Starts a weir that tells a manager how it is."""
    processes = []

    def begin(manager, *arguments, env=None, number=0):
        log = state / f"log.{number}"
        with open(log, "ab") as output:
            process = start(
                weir_program(), "serve", "-q", state / "q", "--socket", state / f"s.{number}", *arguments, stderr=output,
                env={"NOTIFY_SOCKET": manager.name_of_socket} | (env or {}))
        process.log = log
        processes.append(process)
        return process

    yield begin
    for process in processes:
        end(process)


def test_the_service_manager_is_told_of_the_start_a_reload_and_the_end(state, manager, managed):
    (state / "weir.toml").write_text("")
    weir_process = managed(manager, "--config", state / "weir.toml")
    ready = manager.wait_for("READY", "1")
    assert "serving" in weir_process.log.read_text()
    status = manager.wait_for("STATUS", "Serving")
    assert status >= ready
    weir_process.send_signal(signal.SIGHUP)
    reloading = manager.wait_for("RELOADING", "1", after=ready + 1)
    told = int(manager.notices[reloading]["MONOTONIC_USEC"])
    assert abs(told - time.monotonic_ns() // 1000) < PATIENCE_SECONDS * 1_000_000
    manager.wait_for("READY", "1", after=reloading + 1)
    assert "read again" in weir_process.log.read_text()
    assert end(weir_process) == OK
    stopping = manager.wait_for("STOPPING", "1", after=reloading)
    assert int(manager.notices[manager.wait_for("EXTEND_TIMEOUT_USEC", after=stopping)]["EXTEND_TIMEOUT_USEC"]) > 5_000_000
    assert not any("WATCHDOG" in notice for notice in manager.notices)


def test_a_drain_that_takes_long_asks_for_time_again_and_tells_of_the_streams(make_site, manager, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "NOTIFY_SOCKET", manager.name_of_socket)
    site = make_site("--drain", "4s")
    streams = [site.stream() for _ in range(3)]
    site.weir.terminate()
    first = manager.wait_for("EXTEND_TIMEOUT_USEC")
    # The first one ends at once.
    status = manager.notices[manager.wait_for("STATUS", after=first + 1)]["STATUS"]
    assert status in ("Stopping, 3 streams to end", "Stopping, 2 streams to end")
    manager.wait_for("EXTEND_TIMEOUT_USEC", after=first + 1)
    end(site.weir)
    for stream in streams:
        stream.close()


def test_a_manager_at_an_abstract_address_is_told(state, managed):
    manager = Manager(f"@weir-{os.getpid()}-{state.name}")
    managed(manager)
    manager.wait_for("READY", "1")
    manager.close()


@pytest.mark.parametrize("name", ["gone", "x" * 200, "relative", "@"])
def test_a_manager_that_is_not_there_is_no_error(make_site, state, monkeypatch, name):
    monkeypatch.setitem(ENVIRONMENT, "NOTIFY_SOCKET", str(state / name) if name == "gone" else name)
    site = make_site()
    site.publish_all(["x"])
    assert end(site.weir) == OK


def test_a_front_or_a_stream_loop_that_stands_still_does_not_feed_the_watchdog(state):
    """Half of the watchdog's time is what they may stand still for."""
    names = ["front-0", "stream-loop-0", "stream-loop-1"]
    managers = [Manager(str(state / f"notify.{name}")) for name in names]
    processes = []
    for name, manager in zip(names, managers):
        with open(state / f"log.{name}", "wb") as log:
            processes.append(start(
                weir_program(), "serve", "-q", state / f"q.{name}", "--socket", state / f"s.{name}", "--loops", "2",
                stderr=log, env={"NOTIFY_SOCKET": manager.name_of_socket, "WATCHDOG_USEC": "4000000"}))
    try:
        for name, manager, process in zip(names, managers, processes):
            fed = manager.wait_for("WATCHDOG", "1")
            manager.wait_for("WATCHDOG", "1", after=fed + 1)
            log = state / f"log.{name}"
            with HeldThread(process.pid, name):
                wait_until(lambda: "a thread stands still" in log.read_text(), "the word of it")
                assert f"thread={name}" in log.read_text()
                known = len(manager.notices)
                time.sleep(1.5)
                assert len(manager.notices) == known
            manager.wait_for("WATCHDOG", "1", after=known)
    finally:
        for manager, process in zip(managers, processes):
            assert end(process) == OK
            manager.close()


def test_a_watchdog_that_waits_for_another_process_is_not_fed(manager, managed):
    weir_process = managed(manager, env={"WATCHDOG_USEC": "600000", "WATCHDOG_PID": "1"})
    manager.wait_for("READY", "1")
    time.sleep(0.5)
    assert end(weir_process) == OK
    assert not any("WATCHDOG" in notice for notice in manager.notices)


# --- Who may connect ---


def answer(path):
    """What is answered to the question which values there are: nothing, where the connection is closed."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE_SECONDS)
        peer.connect(str(path))
        try:
            peer.sendall(b"\x01\x09\0\0\0\0\0\0")
            return peer.recv(100)
        except OSError:
            return b""


@pytest.fixture
def served(state):
    """Starts a weir at a path and waits until it serves."""
    processes = []

    def begin(*arguments):
        log = state / "log"
        with open(log, "wb") as output:
            processes.append(start(
                weir_program(), "serve", "-q", state / "q", "--socket", state / "s", *arguments, stderr=output))
        wait_until(lambda: "serving" in log.read_text(), "weir")
        return state / "s"

    yield begin
    for process in processes:
        end(process)


@pytest.mark.parametrize("mode", ["0660", "600", "0666"])
def test_a_socket_has_the_mode_that_is_wanted(served, mode):
    path = served(*(["--socket-mode", mode] if mode != "0660" else []))
    assert stat.S_IMODE(path.stat().st_mode) == int(mode, 8)


@AS_ROOT
def test_a_socket_is_given_to_the_user_and_the_group_that_are_wanted(served):
    path = served("--socket-user", "nobody", "--socket-group", "www-data")
    assert path.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert path.stat().st_gid == grp.getgrnam("www-data").gr_gid


@pytest.mark.parametrize("setting", ["socket-user", "socket-group", "socket-peers"])
def test_a_user_that_there_is_not_is_told_and_nothing_is_listened_at(state, setting):
    result = weir("serve", "-q", state / "q", "--socket", state / "s", f"--{setting}", "nobody-of-that-name")
    assert result.returncode == SETTINGS
    assert f"{setting} is 'nobody-of-that-name'" in result.stderr
    assert not (state / "s").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may")
def test_a_socket_that_cannot_be_given_away_is_told(state):
    result = weir("serve", "-q", state / "q", "--socket", state / "s", "--socket-user", "root")
    assert result.returncode == NO_PERMISSION
    assert "by root only" in result.stderr
    assert list(state.glob("s*")) in ([], [state / "s.lock"])


@pytest.mark.parametrize("peers, may", [
    ([], True), (["--socket-peers", str(os.getuid())], True), (["--socket-peers", "4242"], False),
    (["--socket-peers", "4242", "--socket-peers", pwd.getpwuid(os.getuid()).pw_name], True),
])
def test_users_that_are_not_named_are_turned_away_and_the_log_says_who_they_are(served, state, peers, may):
    path = served(*peers)
    assert (answer(path) != b"") == may

    def is_told():
        return f"user {os.getuid()} has connected to the socket, and is none of socket-peers" in (state / "log").read_text()

    # The log has a thread of its own.
    assert not is_told() if may else wait_until(is_told, "the log")


def test_peers_of_a_socket_that_was_handed_over_are_looked_at_too(make_activated, state):
    site = make_activated("--socket-peers", str(os.getuid()), "--socket-mode", "0600")
    assert site.wait_for_log("socket-mode (flag --socket-mode) has no effect")
    with listening(state / "s") as listener, open(state / "log", "wb") as log:
        process = hand_over(
            [listener], weir_program(), "serve", "-q", state / "q", "--socket-peers", "4242", stderr=log)
        assert answer(state / "s") == b""
        assert end(process) == OK
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = hand_over(
            [listener], weir_program(), "serve", "-q", state / "q", "--socket-peers", "4242", stderr=-1, text=True)
        assert "users are known at unix sockets only" in process.communicate(timeout=PATIENCE_SECONDS)[1]
        assert process.returncode == SYSTEM
