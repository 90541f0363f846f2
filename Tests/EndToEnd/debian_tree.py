"""A clean Debian 12 in a folder, in which packages are installed, and which boots with systemd. Needs root."""

import os
import pathlib
import shutil
import subprocess
import time

BOOT_SECONDS_MAXIMUM = 120
# What weir depends on and recommends, so that nothing is fetched while it is installed.
CONTENT = "systemd-sysv,dbus,nginx,curl,libcurl4,libfcgi0ldbl,libgcc-s1,libstdc++6"


class DebianTree:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.container = None
        self.init = None

    @staticmethod
    def missing():
        """Why there can be none here; empty where there can."""
        if os.getuid() != 0:
            return "a clean Debian is made and booted by root only: sudo Tests/run e2e"
        if not pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
            return "a clean Debian is made on Debian only"
        return ""

    def make(self):
        subprocess.run(
            ["mmdebstrap", "-q", "--variant=apt", f"--include={CONTENT}", "bookworm", self.folder], check=True,
            capture_output=True, text=True, timeout=600)

    def chroot(self, *command):
        """Runs a command in it while it does not run; it has /proc, and nothing of this machine else."""
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--mount-proc=" + str(self.folder / "proc"),
             "chroot", self.folder, *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, env=self.environment)

    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

    def boot(self):
        """Boots it, with a network of its own; returns what stands in the way, or an empty text."""
        log = self.folder / "var/log/boot"
        with log.open("w") as output:
            self.container = subprocess.Popen(
                ["systemd-nspawn", "-q", "-D", self.folder, "--register=no", "--keep-unit", "--boot", "--console=pipe",
                 "--private-network"], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        end = time.monotonic() + BOOT_SECONDS_MAXIMUM
        while time.monotonic() < end:
            if self.container.poll() is not None:
                return f"systemd-nspawn cannot boot here: {log.read_text()[-500:]}"
            children = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
            self.init = children[0] if children else None
            if self.init and self.run("systemctl is-system-running").stdout.strip() in ("running", "degraded"):
                return ""
            time.sleep(0.2)
        return f"systemd is not up after {BOOT_SECONDS_MAXIMUM} s: {log.read_text()[-500:]}"

    def run(self, script, timeout=120):
        """Runs a shell script in it while it runs."""
        return subprocess.run(self.command(script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=timeout, env=self.environment)

    def says(self, script):
        """What a script prints, which has to succeed."""
        result = self.run(script)
        assert result.returncode == 0, f"{script}\n{result.stdout}"
        return result.stdout

    def command(self, script):
        return ["nsenter", "-t", self.init, "-m", "-u", "-i", "-n", "-p", "-r", "-w", "bash", "-c", script]

    def remove(self):
        if self.container:
            if self.init and self.container.poll() is None:
                self.run("systemctl poweroff --force --force")
            try:
                self.container.wait(10)
            except subprocess.TimeoutExpired:
                self.container.terminate()
                self.container.wait(30)
        shutil.rmtree(self.folder)
