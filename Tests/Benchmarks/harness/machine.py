"""What the figures were taken on."""

import os
import pathlib
import platform
import subprocess

from harness import CHECKOUT
from harness.programs import NGINX, WEIR


def output(*command):
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.strip()


def model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def packaged(name):
    """The version of a Debian package."""
    return output("dpkg-query", "-W", "-f", "${Version}", name).splitlines()[-1]


def describe(folder):
    """The machine as names and texts; `folder` is where queues lie."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    files = output("df", "--output=fstype,source", folder).splitlines()[-1].split()
    return {
        "processor": f"{os.cpu_count()} cores, {model()}",
        "memory": f"{memory:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "files": " ".join(files),
        "load at the start": f"{os.getloadavg()[0]:.2f}",
        "nginx": output(NGINX, "-v").rsplit(": ", 1)[-1] + ", one worker",
        "nchan": packaged("libnginx-mod-nchan"),
        "Go": packaged("golang-go"),
        "weir": f"{output(WEIR, '--version')}, commit "
        + output("git", "-C", CHECKOUT, "describe", "--always", "--dirty"),
    }


def is_memory(description):
    """Whether what is written to the folder's file system goes to no disk."""
    return description["files"].split()[0] in ("tmpfs", "ramfs")
