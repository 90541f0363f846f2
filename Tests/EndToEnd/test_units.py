"""The units for systemd: they are right, they lock weir in, and weir runs so as far as can be tried here."""

import os
import re
import shutil
import subprocess

import pytest

from processes import CHECKOUT, end, start, wait_until, weir_program

UNITS = CHECKOUT / "deploy/systemd"
EXPOSURE_MAXIMUM = 1.0

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")


def test_the_sandbox_is_as_tight_as_is_said():
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", UNITS / "weir@.service"], capture_output=True, text=True)
    exposure = float(re.search(r"Overall exposure level for weir@\S+: ([0-9.]+)", result.stdout)[1])
    assert exposure <= EXPOSURE_MAXIMUM
    assert f"says {exposure}\n" in (CHECKOUT / "Sources/CLI/CLI.docc/HowTo/Service.md").read_text()


def test_the_units_say_nothing_that_systemd_does_not_know(state):
    for name in ["weir.socket", "weir@.service"]:
        text = (UNITS / name).read_text()
        (state / name).write_text(text.replace("/usr/bin/weir", "/bin/true"))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", state / "weir.socket", state / "weir@1.service"],
        capture_output=True, text=True)
    found = [line for line in result.stderr.splitlines() if str(state) in line or "weir" in line]
    assert found == []


def calls_of(group):
    """The system calls of a group, and of those in it."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True).stdout
    calls = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= calls_of(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace")
def test_weir_makes_no_system_call_that_the_unit_forbids(make_site, state):
    """Of those that it makes while it starts, serves, publishes, reloads and ends."""
    allowed = set()
    for line in (UNITS / "weir@.service").read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.partition("=")[2]
            for word in words.lstrip("~").split():
                allowed = allowed - calls_of(word) if words.startswith("~") else allowed | calls_of(word)
    assert "openat" in allowed and "chroot" not in allowed
    site = make_site()
    end(site.weir)
    trace = state / "trace"
    with open(site.log, "ab") as log:
        site.weir = start(
            "strace", "-f", "-qq", "-o", trace, weir_program(), "serve", "--queue", site.queue, "--socket",
            site.folder / "weir.sock", stderr=log)
    wait_until(lambda: site.count_log("serving") == 2, "weir")
    with site.stream("/sse/x?group=g&ack=1s") as stream:
        site.publish_all(["x"], topic="x")
        assert stream.event().data == "x"
    site.publish("later", delay="100ms")
    site.request("DELETE", "/topics/x")
    assert site.request("GET", "/weir/metrics").status == 200
    (child,) = (int(word) for word in open(f"/proc/{site.weir.pid}/task/{site.weir.pid}/children").read().split())
    subprocess.run(["kill", "-HUP", str(child)], check=True)
    site.wait_for_log("read again")
    subprocess.run(["kill", "-TERM", str(child)], check=True)
    assert site.weir.wait(30) == 0
    made = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", trace.read_text(), re.MULTILINE)) - {"execve"}
    if os.getuid() == 0:
        # Only root gives files away.
        made -= {"fchown", "lchown"}
    assert made and made <= allowed, made - allowed
