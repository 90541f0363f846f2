"""The library that stands between a program and its disk, and how a program is given it."""

import errno
import subprocess

from processes import CHECKOUT

SOURCE = CHECKOUT / "Tests/Faults/faults.c"


def build(folder):
    """Compiles the library; returns its path."""
    library = folder / "faults.so"
    command = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
               "-pthread", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True)
    return library


class Faults:
    """Environments in which calls on a queue's files fail, are counted, or are recorded."""

    def __init__(self, library):
        self.library = library

    def environment(self, queue, **settings):
        """`settings` are the FAULTS_ variables of faults.c, in small letters."""
        settings = {"under": queue} | settings
        return {"LD_PRELOAD": str(self.library)} | {
            f"FAULTS_{name.upper()}": str(value) for name, value in settings.items()}


class Call:
    """One call of a program that was counted."""

    def __init__(self, number, line):
        self.number = self.place = number
        self.name, _, self.path = line.partition(" ")
        self.file = self.path.rsplit("/", 1)[-1]

    def __str__(self):
        return f"call {self.place}, {self.name} {self.file}"

    @property
    def writes(self):
        return self.name in ("write", "pwrite", "pwritev")

    @property
    def opens(self):
        return self.name in ("open", "create")

    @property
    def synchronizes(self):
        return self.name in ("fsync", "fdatasync")


def read_calls(path):
    return [Call(number, line) for number, line in enumerate(path.read_text().splitlines(), 1)]


class Action:
    """What happens at a call, and at which calls it may happen."""

    def __init__(self, what, *, at=lambda call: True, only=None):
        self.what = what
        self.at = at
        # The names of the calls that are counted: a full disk lets a file be cut.
        self.only = only

    def cases(self, calls):
        """The calls of `calls` that it may happen at, numbered as the library counts them."""
        counted = [call for call in calls if self.only is None or call.name in self.only]
        for number, call in enumerate(counted, 1):
            call.number = number
        return [call for call in counted if self.at(call)]

    def environment(self, faults, queue, call):
        """Does it at this call."""
        only = {"calls": ",".join(self.only)} if self.only else {}
        return faults.environment(queue, at=call.number, action=self.what, **only)


# By its name in the tests.
ACTIONS = {
    "a kill before it": Action("kill-before"),
    "a kill in the middle of it": Action("kill-middle", at=lambda call: call.writes),
    "a kill after it": Action("kill-after"),
    "a short write": Action("short", at=lambda call: call.writes),
    "an interruption": Action(f"fail:{errno.EINTR}"),
    "a full disk": Action(f"fail:{errno.ENOSPC}"),
    "a full quota": Action(f"fail:{errno.EDQUOT}"),
    "a disk that stays full": Action(f"fail-on:{errno.ENOSPC}", only=("write", "pwrite")),
    "an input/output error": Action(f"fail:{errno.EIO}"),
    "a disk that stays broken": Action(f"fail-on:{errno.EIO}"),
    "a disk made read-only": Action(
        f"fail-on:{errno.EROFS}",
        only=("write", "pwrite", "ftruncate", "fsync", "fdatasync", "rename", "mkdir")),
    "too many open files": Action(f"fail:{errno.EMFILE}", at=lambda call: call.opens),
}
