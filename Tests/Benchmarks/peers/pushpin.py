import pathlib
import shutil
import signal

from processes import free_port

from harness.debian_packages import install
from peers.peer import Peer

CONFIGURATION = """
[global]
include={{libdir}}/internal.conf
rundir={folder}
ipc_prefix=p-
[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:{port}
logdir={folder}
log_level=1
client_buffer_size=8192
client_maxconn=12000
condure_bin=condure
zurl_bin=zurl
[proxy]
routesfile={folder}/routes
zurl_out_specs=ipc://{{rundir}}/{{ipc_prefix}}zurl-in
zurl_out_stream_specs=ipc://{{rundir}}/{{ipc_prefix}}zurl-in-stream
zurl_in_specs=ipc://{{rundir}}/{{ipc_prefix}}zurl-out
[handler]
push_in_http_addr=127.0.0.1
push_in_http_port={push_port}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
push_in_spec=ipc://{{rundir}}/{{ipc_prefix}}push
push_in_sub_specs=ipc://{{rundir}}/{{ipc_prefix}}sub
command_spec=ipc://{{rundir}}/{{ipc_prefix}}command
message_rate=1000000
message_hwm=2000000
message_block_size=0
message_wait=5000
"""


class Pushpin(Peer):
    """Pushpin behind nginx, which is its backend too; it keeps nothing.

    Its own limit of 2,500 messages a second is lifted.
    """

    name = "pushpin"
    label = "Pushpin"
    dialect = "pushpin"
    stream_path = "/sse/{topic}"
    publish_path = "/publish/{topic}"
    # Through all of it, because nginx is there first.
    health_path = "/sse/health"
    # Its runner ends the four processes that do the work.
    stop_signal = signal.SIGTERM

    def prepare(self, folder):
        if not shutil.which("pushpin"):
            install(["pushpin"])

    def hub_command(self, site):
        self.push_port, self.backend_port = free_port(), free_port()
        (site.folder / "routes").write_text(f"* 127.0.0.1:{self.backend_port}\n")
        (site.folder / "pushpin.conf").write_text(CONFIGURATION.format(
            folder=site.folder, port=site.hub_port, push_port=self.push_port))
        return ["pushpin", f"--config={site.folder / 'pushpin.conf'}"]

    def hub_pid(self, site):
        """The process that sends events."""
        return int(pathlib.Path(site.folder / "pushpin-handler.pid").read_text())

    def configuration(self, site):
        return (
            f"""
            upstream pushpin {{ server 127.0.0.1:{site.hub_port} max_fails=0; keepalive 64; }}
            upstream push {{ server 127.0.0.1:{self.push_port} max_fails=0; keepalive 64; }}
            server {{
                listen 127.0.0.1:{self.backend_port} backlog=4096;
                location ~ ^/sse/(.+)$ {{
                    default_type text/event-stream;
                    add_header   Grip-Hold stream;
                    add_header   Grip-Channel $1;
                    return       200 ":\\n\\n";
                }}
            }}
            """,
            """
            location /sse/ {
                proxy_pass         http://pushpin;
                proxy_http_version 1.1;
                proxy_set_header   Connection "";
                proxy_buffering    off;
                proxy_read_timeout 75s;
            }
            location /publish/ {
                rewrite            ^ /publish/ break;
                proxy_pass         http://push;
                proxy_http_version 1.1;
                proxy_set_header   Connection "";
            }
            """,
        )
