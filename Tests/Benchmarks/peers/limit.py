import pathlib
import shutil

from harness.debian_packages import install
from harness.programs import run
from peers.peer import Peer
from peers.weir import fastcgi_configuration


class Limit(Peer):
    """The bare C program over libfcgi, with weir's nginx configuration: the least that it takes."""

    name = "limit"
    label = "C, libfcgi"
    dialect = "weir"
    stream_path = "/sse/{topic}"
    publish_path = "/publish/{topic}"
    health_path = "/weir/healthz"
    makes_events = True

    def prepare(self, folder):
        missing = [] if shutil.which("cc") else ["gcc", "libc6-dev"]
        if not pathlib.Path("/usr/include/fcgiapp.h").exists():
            missing.append("libfcgi-dev")
        if missing:
            install(missing)
        self.program = folder / "limit"
        source = pathlib.Path(__file__).with_name("limit.c")
        run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", self.program, source, "-lfcgi"])

    def hub_command(self, site):
        return [self.program, site.folder / "limit.sock"]

    def configuration(self, site):
        return fastcgi_configuration(site.folder / "limit.sock")
