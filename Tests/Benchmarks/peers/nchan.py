import pathlib

from harness.debian_packages import install
from peers.peer import Peer

MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so")


class Nchan(Peer):
    """nchan in nginx's worker, which keeps its events in memory.

    The buffer holds what a subscriber may be behind: shorter ones lose events under load.
    """

    name = "nchan"
    label = "nchan"
    modules = f"load_module {MODULE};\n"
    stream_path = "/subscribe/{topic}"
    publish_path = "/publish/{topic}"

    def prepare(self, folder):
        if not MODULE.exists():
            install(["libnginx-mod-nchan"])

    def configuration(self, site):
        return (
            "nchan_shared_memory_size 1024m;\n",
            """
            location ~ ^/subscribe/(.+)$ {
                nchan_subscriber               eventsource;
                nchan_channel_id               $1;
                nchan_subscriber_first_message newest;
            }
            location ~ ^/publish/(.+)$ {
                nchan_publisher             http;
                nchan_channel_id            $1;
                nchan_message_buffer_length 20000;
                nchan_message_timeout       20s;
            }
            """,
        )
