"""The programs that are measured and that measure, built from the checkout."""

import shutil
import subprocess

from harness import CHECKOUT
from harness.failure import Failure

RELEASE = CHECKOUT / ".build/release"
WEIR = RELEASE / "weir"
LOAD_GENERATOR = RELEASE / "LoadGenerator"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def build():
    """Builds weir, as its package has it, and the load generator."""
    if not shutil.which("swift"):
        raise Failure("the Swift toolchain is missing: install it from https://www.swift.org/install")
    for product in ("weir", "LoadGenerator"):
        run([CHECKOUT / "deploy/build", product])


def run(command, **options):
    """Runs a command whose output is of interest only where it fails."""
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise Failure(f"'{' '.join(map(str, command))}' failed:\n{done.stdout[-2000:]}")
    return done.stdout
