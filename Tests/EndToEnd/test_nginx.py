"""The configuration files as people put them into a site of their own."""

import os
import re
import subprocess

from processes import CHECKOUT, PATIENCE_SECONDS
from site_under_test import NGINX

SITE = """
pid "{state}/nginx.pid";
error_log "{state}/error.log";
{user}
events {{}}
http {{
    access_log off;
    include "{nginx}/weir-upstream.conf";
    server {{
        listen 127.0.0.1:1;
        server_name example.org;
        location / {{ return 200; }}
        include "{nginx}/weir.conf";
    }}
}}
"""


def check(configuration, state):
    (state / "nginx.conf").write_text(configuration)
    # -t opens the addresses too, which needs root for port 1; the syntax is checked before.
    return subprocess.run(
        [NGINX, "-t", "-c", state / "nginx.conf", "-p", state, "-e", state / "error.log"],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS,
    )


def test_the_two_files_fit_into_any_site(state):
    user = "user root;" if os.getuid() == 0 else ""
    result = check(SITE.format(state=state, nginx=CHECKOUT / "nginx", user=user), state)
    assert "syntax is ok" in result.stderr, result.stderr
    assert "warn" not in result.stderr


def test_the_complete_configuration_is_accepted(site):
    result = subprocess.run(
        [NGINX, "-t", "-c", site.folder / "nginx.conf", "-p", site.folder,
         "-e", site.folder / "error.log"],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    assert "warn" not in result.stderr


def test_the_page_is_served_by_nginx_itself(site):
    site.kill_weir()
    for path, content_type in [
        ("/", "text/html"), ("/page.js", "application/javascript"), ("/page.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
    ]:
        answer = site.request("GET", path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)
        assert answer.headers["Content-Security-Policy"] == "default-src 'self'"


def test_while_weir_is_away_a_page_of_another_origin_may_read_when_to_come_back(site):
    site.kill_weir()
    answer = site.request("GET", "/sse", headers={"Origin": "https://example.org"})
    assert (answer.status, answer.body) == (
        200, b"retry: 2000\n: weir does not answer: nginx's error log says why\n\n")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://example.org"


def test_a_stream_is_told_to_come_back_when_nginx_has_no_connection_left(make_site):
    # One of these is odd: the last client has a connection, and there is none left to weir.
    beginnings = beginnings_with(make_site, 16) + beginnings_with(make_site, 17)
    # Those of weir are jittered.
    assert "retry: 2000" in beginnings


def beginnings_with(make_site, connection_count):
    site = make_site(configure=lambda text: re.sub(
        r"worker_connections [^;]+;", f"worker_connections {connection_count};", text))
    streams, beginnings = [], []
    for _ in range(12):
        try:
            stream = site.stream()
        except OSError:
            # nginx closes what it cannot even begin; a browser tries again.
            continue
        assert stream.status == 200
        streams.append(stream)
        beginnings.append(stream.line())
    for stream in streams:
        stream.close()
    return beginnings


def test_a_reload_leaves_streams_open(site):
    with site.stream() as stream:
        site.nginx.send_signal(1)
        site.publish_all(["after the reload"])
        assert stream.event().data == "after the reload"
