"""A real weir behind a real nginx, with the configuration files of the checkout."""

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess

from event_streams import Stream
from processes import CHECKOUT, PATIENCE_SECONDS, end, free_port, start, wait_until, weir_program

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Answer:
    """What an HTTP request got."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The answer as problem details (RFC 9457), whose status has to be the answer's."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        problem = self.json()
        assert problem["status"] == self.status
        assert problem["title"] and problem["detail"]
        assert problem["type"] == f"/problems/{problem['code']}"
        if problem["status"] in (429, 503, 507):
            assert int(self.headers["Retry-After"]) > 0
        if problem["status"] == 405:
            assert self.headers["Allow"]
        return problem


class Site:
    """A weir, or several on one queue, and an nginx, in a folder of their own, on a free port."""

    def __init__(
        self, folder, *arguments, workers=1, nginx_workers=1, configure=lambda text: text,
        nginx_conf=None, is_up=None,
    ):
        """`nginx_conf`: somebody's own instead of the checkout's, with weir's other files as they are;
        `is_up` tells whether it serves."""
        self.folder = folder
        self.arguments = arguments
        self.configure = configure
        self.nginx_conf = nginx_conf
        self.looks_up = is_up or (lambda site: site.request("GET", "/weir/healthz").status == 200)
        self.queue = folder / "queue"
        self.log = folder / "weir.log"
        self.weirs = [None] * workers
        self.nginx_workers = nginx_workers
        self.nginx = None

    def start(self):
        self.folder.mkdir(exist_ok=True)
        for worker in range(len(self.weirs)):
            self.start_weir(worker)
        for _ in range(5):
            # Somebody else may take the free port before nginx does.
            self.port = free_port()
            self.write_configuration()
            self.nginx = start(
                NGINX, "-c", self.folder / "nginx.conf", "-p", self.folder,
                "-e", self.folder / "nginx-error.log", stderr=subprocess.DEVNULL,
            )
            if wait_until(lambda: self.is_up() or self.nginx.poll() is not None, "nginx") is True:
                # One in the background has ended well.
                if self.nginx.poll() in (None, 0):
                    return self
        raise AssertionError((self.folder / "nginx-error.log").read_text())

    def stop(self):
        if self.nginx:
            end(self.nginx, signal.SIGTERM)
        for process in self.weirs:
            if process:
                end(process, signal.SIGTERM)

    # --- weir ---

    @property
    def weir(self):
        """The first worker."""
        return self.weirs[0]

    @weir.setter
    def weir(self, process):
        self.weirs[0] = process

    def socket_name(self, worker):
        return f"weir.{worker}.sock" if worker else "weir.sock"

    def start_weir(self, worker=0):
        """Starts a worker and waits until its socket answers."""
        with open(self.log, "ab") as log:
            served = self.count_log("serving")
            process = self.weirs[worker] = start(
                weir_program(), "serve", "--queue", self.queue,
                "--socket", self.folder / self.socket_name(worker), *self.arguments, stderr=log,
            )
        wait_until(
            lambda: self.count_log("serving") > served or process.poll() is not None, "weir"
        )
        assert process.poll() is None, self.log.read_text()

    def kill_weir(self, worker=0):
        """Ends a worker as a crash does: SIGKILL."""
        self.weirs[worker].kill()
        self.weirs[worker].wait()

    def count_log(self, text):
        return self.log.read_text().count(text) if self.log.exists() else 0

    def wait_for_log(self, *texts):
        """Waits for a line of weir's log with all the texts in it, and returns it."""

        def line():
            for line in self.log.read_text().splitlines():
                if all(text in line for text in texts):
                    return line
            return None

        return wait_until(line, f"a log line with {texts}")

    # --- nginx ---

    def write_configuration(self):
        (self.folder / "temp").mkdir(exist_ok=True)
        descriptors = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 32768)
        shared = "reuseport" if self.nginx_workers > 1 else ""
        values = {
            "@STATE@": str(self.folder),
            "@CHECKOUT@": str(CHECKOUT),
            "@PROCESSES@": str(self.nginx_workers),
            "@USER@": "user root;" if os.getuid() == 0 else "",
            "@DESCRIPTORS@": str(descriptors),
            "@LISTEN@": f"listen 127.0.0.1:{self.port} backlog=4096 {shared};",
            "server unix:/run/weir/weir.sock max_fails=0;": "\n".join(
                f"server unix:{self.folder}/{self.socket_name(worker)} max_fails=0;"
                for worker in range(len(self.weirs))
                if worker == 0 or self.socket_name(worker) != self.socket_name(0)
            ),
        }
        values["root       /usr/share/weir/html;"] = f'root "{CHECKOUT}/nginx/html";'
        if self.nginx_conf is None:
            values["limit_conn weir_streams 300;"] = f"limit_conn weir_streams {descriptors * self.nginx_workers // 2};"
        for name in ("nginx.conf", "weir-upstream.conf", "weir.conf", "weir-status.conf"):
            text = (CHECKOUT / "nginx" / name).read_text()
            if name == "nginx.conf":
                text = self.nginx_conf or text
            for word, value in values.items():
                text = text.replace(word, value)
            (self.folder / name).write_text(self.configure(text))

    def is_up(self):
        try:
            return self.looks_up(self)
        except OSError:
            return False

    # --- What its users do ---

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def send(self, text):
        """What is answered to a request that is sent as it is, by a client that then sends no more."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as connection:
            connection.sendall(text.encode())
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return answer

    def publish(self, message, path="/publish", method="PUT", **fields):
        """Publishes one event; returns the answer."""
        body = json.dumps({"message": message, **fields})
        return self.request(method, path, body, {"Content-Type": "application/json"})

    def publish_all(self, messages, **fields):
        """Publishes events one after the other; returns their ids."""
        answers = [self.publish(message, **fields) for message in messages]
        assert {answer.status for answer in answers} <= {200}, [answer.body for answer in answers]
        return [answer.json()["id"] for answer in answers]

    def stream(self, path="/sse", headers=None):
        """Opens a stream and waits for its response's head."""
        return Stream(self.port, path, headers)
