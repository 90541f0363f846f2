"""Another proxy in front of weir's nginx, from Debian's packages, with its defaults: the stream flows."""

import http.client
import os
import shutil
import subprocess
import zlib

import pytest

from event_streams import Stream
from processes import PATIENCE_SECONDS, end, free_port, start, wait_until
from site_under_test import NGINX, Answer

HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
APACHE = shutil.which("apache2") or "/usr/sbin/apache2"
USER = "user root;" if os.getuid() == 0 else ""

NGINX_CONF = """
daemon off; {user} pid "{folder}/pid"; error_log "{folder}/error.log";
events {{}}
http {{
    access_log off;
    client_body_temp_path "{folder}/1"; fastcgi_temp_path "{folder}/2"; proxy_temp_path "{folder}/3";
    uwsgi_temp_path "{folder}/4"; scgi_temp_path "{folder}/5";
    {compression}
    server {{ listen 127.0.0.1:{port}; {proxy} location / {{ proxy_pass http://127.0.0.1:{site}; }} }}
}}
"""
HAPROXY_CONF = """
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
listen front
    bind 127.0.0.1:{port}
    {proxy}
    {compression}
    server site 127.0.0.1:{site}
"""
APACHE_CONF = """
ServerName localhost
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
{user}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule filter_module /usr/lib/apache2/modules/mod_filter.so
LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
{compression}
ProxyPass / http://127.0.0.1:{site}/
"""
APACHE_USER = "User www-data\nGroup www-data" if os.getuid() == 0 else ""


class Proxy:
    """A proxy in front of a site."""

    def __init__(self, kind, site, folder, compresses=False, proxy=""):
        folder.mkdir(mode=0o755)
        self.port = free_port()
        path = folder / "front.conf"
        values = {"folder": folder, "port": self.port, "site": site.port, "user": USER,
                  "proxy": proxy, "compression": ""}
        if kind == "nginx":
            if compresses:
                values["compression"] = "gzip on; gzip_types *; gzip_proxied any; gzip_http_version 1.0;"
            path.write_text(NGINX_CONF.format(**values))
            command = [NGINX, "-c", path, "-p", folder, "-e", folder / "error.log"]
        elif kind == "haproxy":
            if compresses:
                values["compression"] = "compression algo gzip\n    compression type text/event-stream"
            path.write_text(HAPROXY_CONF.format(**values))
            command = [HAPROXY, "-db", "-q", "-f", path]
        else:
            if compresses:
                values["compression"] = "SetOutputFilter DEFLATE"
            path.write_text(APACHE_CONF.format(**values | {"user": APACHE_USER}))
            command = [APACHE, "-D", "FOREGROUND", "-f", path]
        self.process = start(*command, stderr=subprocess.DEVNULL)
        wait_until(self.is_up, kind)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)

    def is_up(self):
        assert self.process.poll() is None, "the proxy does not start"
        try:
            return self.request("GET", "/weir/healthz").status == 200
        except OSError:
            return False

    def stream(self, path="/sse", headers=None):
        return Stream(self.port, path, headers)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()


@pytest.fixture
def site(make_site):
    """Apache sees that a client has gone when it writes to it, and waits for that when it stops."""
    return make_site("--heartbeat", "0.5")


KINDS = pytest.mark.parametrize("kind", ["nginx", "haproxy", "apache2"])


@KINDS
def test_a_stream_flows_through_another_proxy(site, state, kind):
    with Proxy(kind, site, state / "front") as proxy, proxy.stream() as stream:
        # Each event is read before the next one is published: nothing waits for more.
        for number in range(5):
            body = b'{"message":"%d"}' % number
            answer = proxy.request("PUT", "/publish", body, {"Content-Type": "application/json"})
            assert answer.status == 200
            event = stream.event()
            assert (event.data, event.id) == (str(number), answer.json()["id"])


@KINDS
def test_a_stream_flows_through_a_proxy_that_compresses_it(site, state, kind):
    with Proxy(kind, site, state / "front", compresses=True) as proxy:
        with proxy.stream(headers={"Accept-Encoding": "gzip"}) as stream:
            encoding = stream.headers["Content-Encoding"]
            decompress = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress if encoding else bytes
            text = b""
            for number in range(5):
                site.publish_all([f"event {number}"])
                # Fails after a time of silence.
                while f"data: event {number}\n".encode() not in text:
                    text += decompress(stream.response.read1())


@KINDS
def test_streams_are_told_to_come_back_through_another_proxy_too(site, state, kind):
    with Proxy(kind, site, state / "front") as proxy:
        site.kill_weir()
        with proxy.stream() as stream:
            assert stream.status == 200
            assert stream.headers["Content-Type"] == "text/event-stream"
            assert stream.rest() == [] and stream.retry == 2000
        answer = proxy.request("PUT", "/publish", b'{"message":"x"}', {"Content-Type": "application/json"})
        assert answer.problem()["code"] == "hub_unavailable"


@pytest.mark.parametrize("kind, setting", [
    ("nginx", ""), ("nginx", "proxy_http_version 1.1; proxy_set_header X-Forwarded-For $remote_addr;"),
    ("nginx", "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;"),
    ("nginx", "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $http_host;"),
    ("haproxy", ""), ("haproxy", "option forwardfor"), ("apache2", ""),
])
def test_status_and_metrics_are_not_told_through_a_proxy_on_this_machine(site, state, kind, setting):
    with Proxy(kind, site, state / "front", proxy=setting) as proxy:
        for path in ("/weir/status", "/weir/metrics"):
            assert site.request("GET", path).status == 200
            assert proxy.request("GET", path).problem()["code"] == "not_local"


def test_the_lines_for_real_addresses_tell_clients_behind_a_proxy_apart(make_site, state):
    lines = ("set_real_ip_from", "real_ip_header", "real_ip_recursive")

    def configure(text):
        for line in lines:
            text = text.replace(f"#     {line}", line)
        return text.replace("192.0.2.10;", "127.0.0.1;")

    site = make_site("--max-streams-per-address", "1", configure=configure)
    proxy_lines = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    with Proxy("nginx", site, state / "front", proxy=proxy_lines) as proxy:
        one, other = ({"X-Forwarded-For": f"203.0.113.{last}"} for last in "12")
        # The proxy adds 127.0.0.1, which is itself and is passed over.
        with proxy.stream(headers=one) as stream:
            assert stream.line().startswith("retry:")
            assert proxy.request("GET", "/sse", headers=one).status == 429
            with proxy.stream(headers=other) as second:
                assert second.line().startswith("retry:")
        site.wait_for_log("stream opened", "remote=203.0.113.2")
