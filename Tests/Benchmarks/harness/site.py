"""One hub, behind one nginx with one worker, in a folder of its own."""

import contextlib
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from processes import end, free_port, start, wait_until

from harness import CHECKOUT
from harness.failure import Failure
from harness.programs import NGINX


class Site:
    """A running peer; `with peer.site(parent) as site:` ends all of it."""

    def __init__(self, peer, folder):
        self.peer = peer
        self.folder = folder
        self.hub = None
        self.nginx = None
        self.port = None
        self.hub_port = None

    @property
    def address(self):
        port = self.port if self.peer.is_behind_nginx else self.hub_port
        return f"http://127.0.0.1:{port}"

    def stream_url(self, topic="load"):
        return self.address + self.peer.stream_path.format(topic=topic)

    def publish_url(self, topic="load"):
        return self.address + self.peer.publish_path.format(topic=topic)

    @property
    def queue(self):
        return self.folder / "queue"

    @property
    def worker_pid(self):
        """nginx's worker."""
        path = pathlib.Path(f"/proc/{self.nginx.pid}/task/{self.nginx.pid}/children")
        children = [int(word) for word in path.read_text().split()]
        workers = [
            pid for pid in children
            if b"worker process" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
        if len(workers) != 1:
            raise Failure(f"nginx has {len(workers)} workers; one is measured")
        return workers[0]

    @property
    def pids(self):
        """The processes that do the work, by what they are."""
        found = {}
        if self.hub:
            found["hub"] = self.peer.hub_pid(self)
        if self.nginx:
            found["nginx"] = self.worker_pid
        return found

    def start(self):
        # Sockets' paths are short, so the folder is a short one too.
        (self.folder / "temp").mkdir()
        self.hub_port = free_port()
        command = self.peer.hub_command(self)
        if command:
            with open(self.folder / "hub.log", "ab") as log:
                self.hub = start(*command, stdout=log, stderr=log)
        if self.peer.is_behind_nginx:
            self.start_nginx()
        wait_until(self.is_up, f"{self.peer.label} (see {self.folder})")

    def start_nginx(self):
        for _ in range(5):
            # Somebody else may take the free port before nginx does.
            self.port = free_port()
            self.write_configuration()
            self.nginx = start(
                NGINX, "-c", self.folder / "nginx.conf", "-p", self.folder,
                "-e", self.folder / "nginx-error.log", stderr=subprocess.DEVNULL)
            pid_file = self.folder / "nginx.pid"
            wait_until(
                lambda: pid_file.exists() and pid_file.read_text().strip() == str(self.nginx.pid)
                or self.nginx.poll() is not None, "nginx")
            if self.nginx.poll() is None:
                return
        log = self.folder / "nginx-error.log"
        raise Failure(f"nginx does not start: {log.read_text()[-500:] if log.exists() else ''}")

    def write_configuration(self):
        """nginx.conf of the checkout, as deploy/up uses it; only what it includes is the peer's."""
        descriptors = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)
        http, server = self.peer.configuration(self)
        (self.folder / "weir-upstream.conf").write_text(http)
        (self.folder / "weir.conf").write_text(server)
        (self.folder / "weir-status.conf").write_text("")
        # The log's own format is in weir's part of the configuration.
        text = (CHECKOUT / "nginx/nginx.conf").read_text().replace(" weir buffer", " combined buffer")
        values = {
            "@STATE@": str(self.folder),
            "@CHECKOUT@": str(CHECKOUT),
            "@USER@": "user root;" if os.getuid() == 0 else "",
            "@PROCESSES@": "1",
            "@DESCRIPTORS@": str(descriptors),
            "@LISTEN@": f"listen 127.0.0.1:{self.port} so_keepalive=30s:10s:3 backlog=4096;",
        }
        for word, value in values.items():
            text = text.replace(word, value)
        (self.folder / "nginx.conf").write_text(self.peer.modules + text)

    def is_up(self):
        for process in (self.hub, self.nginx):
            if process and process.poll() is not None:
                raise Failure(f"{self.peer.label} has ended:\n{self.log()}")
        try:
            with urllib.request.urlopen(self.address + self.peer.health_path, timeout=2):
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    def log(self):
        """The ends of the logs."""
        texts = []
        for name in ("hub.log", "nginx-error.log"):
            path = self.folder / name
            if path.exists():
                texts.append(f"{name}: {path.read_text(errors='replace')[-1000:]}")
        return "\n".join(texts)

    def stop(self):
        for process in (self.nginx, self.hub):
            if process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    end(process, signal.SIGTERM if process is self.nginx else self.peer.stop_signal)


@contextlib.contextmanager
def running(peer, parent):
    """A site of the peer, fresh, which is removed in the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="s", dir=parent))
    site = Site(peer, folder)
    try:
        site.start()
        yield site
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)
