"""What a service manager does for weir: a listening socket that stays, and an ear for what weir says."""

import ctypes
import os
import pathlib
import socket
import threading

from processes import start, wait_until, weir_program
from site_under_test import Site


def hand_over(listeners, *command, names=None, process="$$", count=None, **options):
    """Starts a program with sockets from descriptor 3 on, as sd_listen_fds(3) has it; `process` is whom the variable
    says that they are meant for."""
    numbers = [listener.fileno() for listener in listeners]
    # First out of the way of the numbers that they are to have.
    redirections = " ".join(f"{20 + place}<&{number}" for place, number in enumerate(numbers))
    moves = " ".join(f"{3 + place}<&{20 + place}" for place in range(len(numbers)))
    closes = " ".join(f"{20 + place}<&-" for place in range(len(numbers)))
    script = (f"exec {redirections}; exec {moves} {closes}; " if numbers else "") + f'LISTEN_PID={process} exec "$@"'
    env = {"LISTEN_FDS": str(len(numbers) if count is None else count)} | options.pop("env", {})
    if names is not None:
        env["LISTEN_FDNAMES"] = names
    return start("bash", "-c", script, "bash", *command, pass_fds=numbers, env=env, **options)


def listening(path, backlog=4096):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(backlog)
    return listener


class ActivatedSite(Site):
    """A site whose workers share one listening socket, which stays open whatever becomes of them."""

    program = None

    def socket_name(self, worker):
        return "weir.sock"

    def start(self):
        self.folder.mkdir()
        self.listener = listening(self.folder / "weir.sock")
        return super().start()

    def start_weir(self, worker=0):
        with open(self.log, "ab") as log:
            served = self.count_log("serving")
            process = self.weirs[worker] = hand_over(
                [self.listener], self.program or weir_program(), "serve", "--queue", self.queue, *self.arguments,
                stderr=log)
        wait_until(lambda: self.count_log("serving") > served or process.poll() is not None, "weir")
        assert process.poll() is None, self.log.read_text()

    def stop(self):
        super().stop()
        self.listener.close()


class Manager(threading.Thread):
    """Hears what weir tells its service manager (sd_notify(3))."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.name_of_socket = name
        self.notices = []
        self.start()

    def run(self):
        while notice := self.socket.recv(65536).decode():
            self.notices.append(dict(line.split("=", 1) for line in notice.splitlines()))

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.join()
        self.socket.close()

    def wait_for(self, name, value=None, after=0):
        """Waits for a notice that assigns to a name; returns its place."""

        def found():
            for place in range(after, len(self.notices)):
                given = self.notices[place].get(name)
                if given is not None and value in (None, given):
                    return place + 1
            return None

        return wait_until(found, f"{name}={value}") - 1


class HeldThread:
    """Holds one thread of a process up, as a fault in it would, until the block ends (ptrace(2))."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17

    def __init__(self, pid, name):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            if (task / "comm").read_text().strip() == name:
                self.number = int(task.name)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def call(self, request):
        if self.libc.ptrace(ctypes.c_long(request), ctypes.c_int(self.number), None, None) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def __enter__(self):
        self.call(self.SEIZE)
        self.call(self.INTERRUPT)
        os.waitpid(self.number, 0x40000000)  # __WALL
        return self

    def __exit__(self, *_):
        self.call(self.DETACH)
