"""The Debian packages that peers come from."""

import os
import shutil
import subprocess

from harness.failure import Failure


def install(packages):
    """Installs packages as root or with `sudo -n`.

    Raises a Failure with the command to type where neither is possible.
    """
    words = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        raise Failure(f"there is no apt-get; install {' '.join(packages)}")
    prefix = []
    if os.getuid() != 0:
        may = shutil.which("sudo") and subprocess.run(
            ["sudo", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0
        if not may:
            raise Failure(f"install it first: sudo apt-get update && sudo {words}")
        prefix = ["sudo", "-n"]
    print(f"Installing {' '.join(packages)} ...", flush=True)
    # No service is started while packages are installed.
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
    commands = [[*prefix, "apt-get", "update", "-q"], [*prefix, *environment, *words.split()]]
    for command in commands:
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            raise Failure(f"'{' '.join(command)}' failed")
