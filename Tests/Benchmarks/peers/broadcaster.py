import os
import pathlib
import shutil

from harness.debian_packages import install
from harness.programs import run
from peers.peer import Peer


class Broadcaster(Peer):
    """A Go net/http server in the way of the well-known examples; it keeps nothing."""

    name = "go"
    label = "Go"
    is_behind_nginx = False

    def prepare(self, folder):
        if not shutil.which("go"):
            install(["golang-go"])
        self.program = folder / "broadcaster"
        source = pathlib.Path(__file__).with_name("broadcaster.go")
        run(
            ["go", "build", "-o", self.program, source],
            env=os.environ | {"GOCACHE": str(folder / "go-cache"), "GO111MODULE": "off"})

    def hub_command(self, site):
        return [self.program, f"127.0.0.1:{site.hub_port}"]


class BroadcasterBehindNginx(Broadcaster):
    name = "go-nginx"
    label = "Go, nginx"
    is_behind_nginx = True

    def configuration(self, site):
        return (
            f"upstream broadcaster {{ server 127.0.0.1:{site.hub_port} max_fails=0; keepalive 64; }}\n",
            """
            location = /sse {
                proxy_pass         http://broadcaster;
                proxy_http_version 1.1;
                proxy_set_header   Connection "";
                proxy_buffering    off;
                proxy_read_timeout 75s;
            }
            location = /publish {
                proxy_pass         http://broadcaster;
                proxy_http_version 1.1;
                proxy_set_header   Connection "";
            }
            """,
        )
