"""deploy/up, the command that people begin with."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.request

import pytest

from event_streams import Stream
from processes import (
    CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS, commands_with, end, free_port, has_ended, start, wait_until, weir,
)

UP = CHECKOUT / "deploy/up"
BUILD_SECONDS = 1200


class Up:
    """A running deploy/up."""

    def __init__(self, state, port, environment, arguments=()):
        self.state = state
        self.port = port
        self.output = state.parent / f"up-{port}.out"
        with open(self.output, "ab") as output:
            # A group of its own, as a terminal gives it one: Ctrl-C goes to all in it.
            self.process = subprocess.Popen(
                [UP, "--port", str(port), "--state", state, *arguments], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, env=ENVIRONMENT | environment,
                start_new_session=True,
            )

    def said(self, text):
        return text in self.output.read_text()

    def wait_until_up(self):
        def settled():
            return self.said("weir is up") or self.process.poll() is not None

        for _ in range(BUILD_SECONDS // PATIENCE_SECONDS):
            try:
                wait_until(settled, "deploy/up")
                break
            except AssertionError:
                continue
        assert self.said("weir is up"), self.output.read_text()
        return self

    def publish(self, message):
        request = urllib.request.Request(
            f"http://localhost:{self.port}/publish", b'{"message":"%s"}' % message.encode(),
            {"Content-Type": "application/json"}, method="PUT",
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.read().decode().split('"id":"')[1].split('"')[0]

    def worker_count(self):
        """How many workers are there, by what one of them says."""
        with urllib.request.urlopen(
            f"http://localhost:{self.port}/weir/status", timeout=PATIENCE_SECONDS
        ) as answer:
            return json.load(answer)["workers"]

    def weir_pid(self, worker=0):
        """The process id of a worker that runs on this state."""
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/weir") and str(self.state / f"weir.{worker}.sock").encode() in words:
                return int(entry.parent.name)
        return None


@pytest.fixture
def make_up(state):
    """Starts deploy/up: make_up(folder's name, *arguments)."""
    ups = []

    def make(name="state", *arguments, **environment):
        ups.append(Up(state / name, free_port(), environment, arguments))
        return ups[-1]

    yield make
    for up in ups:
        end(up.process)
    for up in ups:
        wait_until(lambda up=up: not commands_with(up.state), "everything to be gone")


def run_up(*arguments, **environment):
    """Runs a deploy/up that is to fail; returns its status and what it said."""
    result = subprocess.run(
        [UP, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env=ENVIRONMENT | environment, timeout=BUILD_SECONDS,
    )
    return result.returncode, result.stderr


def test_it_starts_all_keeps_the_events_and_leaves_nothing_behind(make_up):
    up = make_up("a state").wait_until_up()
    first = up.publish("one")
    assert f"http://localhost:{up.port}" in up.output.read_text()
    with urllib.request.urlopen(f"http://localhost:{up.port}/") as page:
        assert b"EventSource" in page.read()
    for path, text in (("problems/topic_ended", b"topic_ended"), ("openapi.json", b"openapi")):
        with urllib.request.urlopen(f"http://localhost:{up.port}/{path}") as page:
            assert text in page.read()
    # Ctrl-C: the signal goes to the whole group.
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(PATIENCE_SECONDS) == 0, up.output.read_text()
    assert up.said("Stopped")
    assert commands_with(up.state) == []

    again = make_up("a state").wait_until_up()
    second = again.publish("two")
    assert int(second.split("-")[1]) == int(first.split("-")[1]) + 1
    with Stream(again.port, "/sse", {"Last-Event-ID": first}) as stream:
        assert stream.event().data == "two"


def test_sigterm_stops_it_like_ctrl_c_and_the_doctor_finds_nothing_wrong_before(make_up):
    up = make_up().wait_until_up()
    examined = weir("doctor", "--long", "1s", "--intrusive", f"http://localhost:{up.port}")
    assert (examined.returncode, examined.stderr) == (0, ""), examined.stdout
    assert "0 findings" in examined.stdout
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(PATIENCE_SECONDS) == 0, up.output.read_text()
    assert up.said("Stopped")
    assert commands_with(up.state) == []


@pytest.mark.parametrize("child", ["setsid", "tail"])
def test_a_signal_right_after_a_child_is_started_stops_that_too(make_up, state, child):
    # bash reads this first; its trap runs before each command of the script.
    strike = state / "strike.sh"
    strike.write_text(
        "trap '[[ ${previous-} != \"start_child $STRIKE_AT\"* ]] || { trap - DEBUG; kill -TERM $$; };"
        " previous=$BASH_COMMAND' DEBUG\n"
    )
    up = make_up(BASH_ENV=str(strike), STRIKE_AT=child)
    wait_until(lambda: up.said("Stopping"), "the signal to be seen")
    assert up.process.wait(PATIENCE_SECONDS) == 0, up.output.read_text()
    assert up.said("Stopped")
    assert commands_with(up.state) == []


def test_killed_itself_it_leaves_nothing_behind(make_up):
    up = make_up().wait_until_up()
    up.process.kill()
    up.process.wait()
    wait_until(lambda: not commands_with(up.state), "nginx and weir to end")


def nginx_processes(up):
    """The process ids of the master and its workers."""
    master = int((up.state / "nginx.pid").read_text())
    workers = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return master, [int(pid) for pid in workers]


def test_nginx_has_as_many_workers_as_there_are_cores_if_nothing_else_is_asked_for(make_up):
    up = make_up().wait_until_up()
    assert len(nginx_processes(up)[1]) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("is_killed_too", [False, True])
def test_a_master_of_nginx_that_is_killed_leaves_no_workers_behind(make_up, is_killed_too):
    up = make_up().wait_until_up()
    master, workers = nginx_processes(up)
    # Workers that somebody listens at do not end by themselves.
    with Stream(up.port):
        if is_killed_too:
            up.process.kill()
        os.kill(master, signal.SIGKILL)
        assert up.process.wait(PATIENCE_SECONDS) == (-signal.SIGKILL if is_killed_too else 1)
        for pid in (master, *workers):
            wait_until(lambda pid=pid: has_ended(pid), "nginx to be gone")
    wait_until(lambda: not commands_with(up.state), "everything to be gone")
    assert is_killed_too or up.said("nginx has ended")
    with socket.create_server(("127.0.0.1", up.port), reuse_port=False):
        pass


def test_a_weir_that_dies_is_started_again(make_up):
    up = make_up().wait_until_up()
    (first,) = [up.publish("one")]
    old = up.weir_pid()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: up.weir_pid() not in (None, old), "a new weir")
    with Stream(up.port, "/sse", {"Last-Event-ID": first}) as stream:
        if stream.headers["X-Accel-Buffering"] is None and stream.line() == "retry: 2000":
            return
        assert stream.status == 200


def test_several_workers_are_each_started_again(make_up):
    up = make_up("state", "--workers=2", "--nginx-workers", "2").wait_until_up()
    ids = [up.publish("one")]
    for worker in (0, 1):
        old = up.weir_pid(worker)
        os.kill(old, signal.SIGKILL)
        # Until then it may still take a publish, and die of it.
        wait_until(lambda old=old: has_ended(old), "the death of a weir")
        # The other one answers meanwhile.
        ids += [up.publish("another") for _ in range(4)]
        wait_until(
            lambda worker=worker, old=old: up.weir_pid(worker) not in (None, old), "a new weir"
        )
        wait_until(lambda: up.worker_count() == 2, "both to be there")
        wait_until(lambda: up.said(f"weir {worker} has ended (status 137)"), "the word of it")
    assert len(set(ids)) == len(ids)
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(PATIENCE_SECONDS) == 0, up.output.read_text()
    assert commands_with(up.state) == []


def test_two_on_one_state_are_refused(make_up):
    up = make_up().wait_until_up()
    status, said = run_up("--port", free_port(), "--state", up.state)
    assert status == 1
    assert "another deploy/up runs on" in said
    assert up.publish("still here")


def test_a_busy_port_is_told(state):
    with socket.create_server(("127.0.0.1", 0)) as server:
        status, said = run_up("--port", server.getsockname()[1], "--state", state / "state")
    assert status == 1
    assert "is in use" in said and "--port" in said


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--port", "x"], "number from 1 to 65535"),
        (["--port", "70000"], "number from 1 to 65535"),
        (["--port"], "needs a value"),
        (["--prot", "1"], "unknown argument '--prot'"),
        (["--prot=1"], "unknown argument '--prot'"),
        (["--workers", "0"], "--workers is '0'; it is a number from 1 to 64"),
        (["--nginx-workers", "65"], "--nginx-workers is '65'; it is a number from 1 to 64"),
        (["--state", "/proc/weir"], "cannot make the state folder /proc/weir"),
        (["--state", "/tmp/" + "x" * 120], "too long for a unix socket"),
        (["--state", "/tmp/weir-*"], "a character that nginx gives a meaning"),
        (["--state", "/tmp/weir-?"], "a character that nginx gives a meaning"),
        (["--state", "/tmp/weir-[x]"], "a character that nginx gives a meaning"),
    ],
)
def test_a_wrong_argument_is_told(arguments, words):
    try:
        status, said = run_up(*arguments, *(["--port", free_port()] * (arguments[0] == "--state")))
        assert status == 1
        assert words in said
    finally:
        if arguments[-1].startswith("/tmp/"):
            shutil.rmtree(arguments[-1], ignore_errors=True)


def path_with(state, **programs):
    """A PATH with the usual commands, without swift, and with small programs instead."""
    folder = state / "bin"
    folder.mkdir()
    for name in os.listdir("/usr/bin"):
        if not name.startswith("swift"):
            (folder / name).symlink_to(f"/usr/bin/{name}")
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_a_missing_swift_is_told(state):
    status, said = run_up("--state", state / "state", PATH=path_with(state))
    assert status == 1
    assert "Swift toolchain is missing" in said and "https://www.swift.org/install" in said


@pytest.mark.parametrize("version, is_old", [("5.10.1", True), ("6.1", True), ("6.10", False)])
def test_a_swift_that_is_too_old_is_told(state, version, is_old):
    path = path_with(state, swift=f"echo 'Swift version {version} (swift-{version}-RELEASE)'")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        status, said = run_up("--state", state / "state", "--port", port, PATH=path)
    assert status == 1
    assert ("too old" in said) == is_old


def test_a_failed_build_is_told(state):
    path = path_with(state, swift='[ "$1" = --version ] && echo "Swift version 6.3" || exit 1')
    status, said = run_up("--state", state / "state", "--port", free_port(), PATH=path)
    assert status == 1
    assert "the build failed" in said


def test_stopping_during_the_build_ends_the_build(state):
    marker = f"3{os.getpid()}{os.urandom(2).hex()}"
    text = f'[ "$1" = --version ] && echo "Swift version 6.3" || exec tail -f /dev/null --pid=1 -s {int(marker, 16)}'
    path = path_with(state, swift=text)
    with open(state / "up.out", "wb") as output:
        process = start(
            UP, "--state", state / "state", "--port", free_port(), env={"PATH": path}, stdout=output
        )
    build = str(int(marker, 16))
    wait_until(lambda: commands_with(build), "the build")
    assert end(process) == 0
    assert commands_with(build) == []
    said = (state / "up.out").read_text()
    assert "Stopped." in said
    assert "events are kept" not in said, "there are none yet"


def swift_that_has_built():
    """A swift that says that all is built, for tests that are not about building."""
    return f"""case "$*" in
--version) echo "Swift version 6.3" ;;
*show-bin-path*) echo {CHECKOUT / ".build/release"} ;;
esac"""


def test_a_port_that_another_process_takes_meanwhile_is_told(state):
    # Bound but not listening: nobody answers there, and nginx cannot have it.
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        status, said = run_up(
            "--port", taker.getsockname()[1], "--state", state / "state",
            PATH=path_with(state, swift=swift_that_has_built()),
        )
    assert status == 1
    assert "nginx has ended" in said and "Address already in use" in said


def test_an_ordinary_user_can_start_it(state):
    if os.getuid() != 0:
        return  # every other test here has shown it
    state.chmod(0o777)
    home = state / "home"
    home.mkdir()
    # The build belongs to root here; what the user starts is the program that is built.
    os.chown(home, 65534, 65534)
    port = free_port()
    with open(state / "up.out", "wb") as output:
        process = start(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", UP,
            "--port", port, "--state", home / "state", stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, env={"PATH": path_with(state, swift=swift_that_has_built()), "HOME": str(home)},
        )
    try:
        wait_until(
            lambda: "weir is up" in (state / "up.out").read_text() or process.poll() is not None,
            "deploy/up",
        )
        with urllib.request.urlopen(f"http://localhost:{port}/") as page:
            assert page.status == 200
    finally:
        end(process)
    wait_until(lambda: not commands_with(home), "everything to be gone")
