"""Other proxies, from Debian's packages, with their defaults."""

import http.client
import os
import shutil
import subprocess

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
{proxy}
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
