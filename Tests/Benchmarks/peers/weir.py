from harness import CHECKOUT
from harness.programs import WEIR
from peers.peer import Peer


def fastcgi_configuration(socket):
    """The configuration that people get, with this socket and for as many streams as nginx takes."""
    http = (CHECKOUT / "nginx/weir-upstream.conf").read_text()
    server = "".join((CHECKOUT / "nginx" / name).read_text() for name in ("weir.conf", "weir-status.conf"))
    server = server.replace("limit_conn weir_streams 300;", "")
    return http.replace("unix:/run/weir/weir.sock", f"unix:{socket}"), server


class Weir(Peer):
    """The hub itself, as `deploy/up` starts it but without the demo."""

    name = "weir"
    label = "weir"
    dialect = "weir"
    stream_path = "/sse/{topic}"
    publish_path = "/publish/{topic}"
    health_path = "/weir/healthz"

    def hub_command(self, site):
        return [WEIR, "serve", "--queue", site.queue, "--socket", site.folder / "weir.sock"]

    def configuration(self, site):
        return fastcgi_configuration(site.folder / "weir.sock")
