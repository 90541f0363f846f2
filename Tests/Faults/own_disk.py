"""A small disk of a test's own: tmpfs in a mount namespace, which goes when the test goes."""

import os
import subprocess

from processes import PATIENCE_SECONDS


class OwnDisk:
    """A shell in a namespace of its own with a tmpfs mounted; other processes reach the disk
    through /proc. The shell ends when its standard input does."""

    def __init__(self, folder, size):
        self.mount_point = folder / "disk"
        self.mount_point.mkdir()
        command = ["unshare", "--mount"] + ["--map-root-user"] * (os.getuid() != 0) + ["sh"]
        self.shell = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        status, said = self.run(f"mount -t tmpfs -o size={size} tmpfs {self.mount_point}")
        assert status == 0, (
            "no disk of its own for this test: it needs `unshare --mount` as root, or unprivileged "
            f"user namespaces (`unshare --map-root-user --mount`): {said}")

    @property
    def path(self):
        """Where everybody else finds it."""
        return f"/proc/{self.shell.pid}/root{self.mount_point}"

    def run(self, command):
        """Runs a command where the disk is mounted; returns its status and what it said."""
        said = []
        try:
            self.shell.stdin.write(f"({command}) 2>&1; echo status $?\n")
            self.shell.stdin.flush()
            for line in self.shell.stdout:
                if line.startswith("status "):
                    return int(line.split()[1]), "".join(said).strip()
                said.append(line)
        except BrokenPipeError:
            said.append(self.shell.stdout.read())
        return self.shell.wait(PATIENCE_SECONDS) or 1, "".join(said).strip()

    def fill(self, leaving=0):
        """Takes all the room but `leaving` bytes."""
        with open(f"{self.path}/ballast", "ab", buffering=0) as ballast:
            free = os.statvfs(self.path)
            rest = free.f_bavail * free.f_frsize - leaving
            while rest > 0:
                rest -= ballast.write(bytes(min(rest, 1 << 16)))

    def free(self):
        os.unlink(f"{self.path}/ballast")

    def stop(self):
        self.shell.stdin.close()
        self.shell.wait(PATIENCE_SECONDS)
        self.shell.stdout.close()
