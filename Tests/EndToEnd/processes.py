"""Processes that end with the test, even where the test is killed."""

import concurrent.futures
import itertools
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
# The settings of this machine are not those of a test.
ENVIRONMENT = os.environ | {"SWIFT_BACKTRACE": "enable=no", "WEIR_CONFIG": "none"}
PATIENCE_SECONDS = 30
# The signal of prctl(2) comes when the thread ends that has started a process, so one does it that lives as long as all
# tests: the one of a test that starts some and ends would take them along.
STARTER = concurrent.futures.ThreadPoolExecutor(1)

# Those of another process that runs tests beside this one (pytest-xdist) are others; below those that the kernel gives
# to clients, which would be taken between the look and the use.
PORTS = itertools.cycle(random.sample(
    range(10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]), 30_000, 8), 2_500))


def weir_program():
    """The release build, which Tests/run makes before."""
    return CHECKOUT / ".build/release/weir"


def start(*command, **options):
    """Starts a process that gets SIGTERM when the test process dies."""
    command = ["setpriv", "--pdeathsig", "TERM", *map(str, command)]
    environment = ENVIRONMENT | options.pop("env", {})
    return STARTER.submit(subprocess.Popen, command, env=environment, **options).result()


def end(process, signal_number=signal.SIGTERM):
    """Ends a process and returns its status; kills it where it does not end."""
    if process.poll() is None:
        process.send_signal(signal_number)
    try:
        return process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def weir(*arguments, stdin=None, env=None):
    """Runs a command of weir to its end."""
    return subprocess.run(
        [weir_program(), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env=ENVIRONMENT | (env or {}),
        timeout=PATIENCE_SECONDS,
    )


def free_port():
    """A port of this machine that nobody listens at, and that no test beside this one is given."""
    while True:
        port = next(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_until(condition, what):
    """Waits for something that happens by itself; returns what it gave."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s in vain for {what}"
        time.sleep(0.01)


def has_ended(pid):
    """Whether all threads of a process are dead, by whomever it is still to be waited for."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z" and len(os.listdir(f"/proc/{pid}/task")) == 1
    except OSError:
        return True


def commands_with(text):
    """The command lines of all processes that mention a text."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(text) in line and int(entry.parent.name) != os.getpid():
            found.append(line)
    return found
