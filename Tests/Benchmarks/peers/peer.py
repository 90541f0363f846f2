import signal


class Peer:
    """A hub that can be started behind or inside nginx, or by itself."""

    name = ""
    label = ""
    # How LoadGenerator speaks with it.
    dialect = "plain"
    is_behind_nginx = True
    # What stands before everything else in nginx.conf.
    modules = ""
    stream_path = "/sse"
    publish_path = "/publish"
    health_path = "/"
    # Whether it makes the events of a run by itself.
    makes_events = False
    # Streams are not to end one by one and politely.
    stop_signal = signal.SIGKILL

    def prepare(self, folder):
        """Installs and builds; raises a Failure where the peer can't be had."""

    def hub_command(self, site):
        """The process beside nginx, if there is one."""
        return None

    def hub_pid(self, site):
        """The process whose CPU is told."""
        return site.hub.pid

    def configuration(self, site):
        """What stands in nginx.conf's http context, and in its server context."""
        return "", ""
