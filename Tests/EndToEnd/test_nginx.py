"""The configuration files as people put them into a site of their own."""

import os
import re
import socket
import struct
import subprocess

import pytest

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
        include "{nginx}/weir-status.conf";
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


@pytest.mark.parametrize("uncommented", [False, True])
def test_the_three_files_fit_into_any_site(state, uncommented):
    folder = state / "weir"
    folder.mkdir()
    for name in ("weir-upstream.conf", "weir.conf", "weir-status.conf"):
        text = (CHECKOUT / "nginx" / name).read_text()
        if uncommented:
            text = re.sub(r"^#     (?=set_real_ip|real_ip|access_log )", "", text, flags=re.MULTILINE)
        (folder / name).write_text(text.replace("/var/log/nginx", str(state)))
    user = "user root;" if os.getuid() == 0 else ""
    result = check(SITE.format(state=state, nginx=folder, user=user), state)
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
    assert answer.status == 200
    assert answer.body.startswith(b"retry: 2000\n: weir does not answer: nginx's error log says why\nid: @")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://example.org"
    assert answer.headers["Access-Control-Allow-Credentials"] is None


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


def test_a_client_that_says_it_sends_no_more_gets_its_publish_answered(make_site):
    site = make_site(workers=2)
    body = '{"message":"x"}'
    request = (f"PUT /publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}")
    for _ in range(20):
        answer = site.send(request)
        assert b"200 OK" in answer and b'"id":' in answer, answer
    # Also where the first worker that nginx asks is not there.
    site.kill_weir()
    for _ in range(20):
        assert b'"id":' in site.send(request)
    assert site.request("GET", "/weir/status").json()["queue"]["events"] == 40


def fastcgi(type_, content=b""):
    """A record of request 1."""
    return struct.pack(">BBHHBB", 1, type_, 1, len(content), 0, 0) + content


@pytest.mark.parametrize("keeps", [0, 1])
def test_weir_answers_a_web_server_that_has_sent_all_and_says_so(site, keeps):
    body = b'{"message":"x"}'
    parameters = {"REQUEST_METHOD": "PUT", "SCRIPT_NAME": "/publish", "CONTENT_TYPE": "application/json",
                  "CONTENT_LENGTH": str(len(body))}
    pairs = b"".join(struct.pack("BB", len(name), len(value)) + (name + value).encode()
                     for name, value in parameters.items())
    request = (fastcgi(1, struct.pack(">HB5x", 1, keeps)) + fastcgi(4, pairs) + fastcgi(4)
               + fastcgi(5, body) + fastcgi(5))
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(PATIENCE_SECONDS)
            server.connect(str(site.folder / "weir.sock"))
            server.sendall(request)
            server.shutdown(socket.SHUT_WR)
            answer = b""
            while part := server.recv(65536):
                answer += part
        assert b'"id":' in answer, answer


def test_a_stream_may_ask_for_a_hundred_of_the_longest_topics(site):
    query = "&".join(f"topic={number:03}{'x' * 252}" for number in range(100))
    with site.stream(f"/sse?{query}") as stream:
        assert stream.status == 200
        site.publish_all(["to the last"], topic=f"099{'x' * 252}")
        assert stream.event().data == "to the last"
    # As long as nginx takes it weir gets it, or says why not.
    for length in range(28_500, 28_700, 8):
        answer = site.request("HEAD", f"/sse?topic={'x' * length}")
        assert answer.status in (400, 414), length
    for path in ("/sse", "/publish", "/"):
        answer = site.request("GET", f"{path}?{query}{query}")
        assert answer.status == 414
        assert answer.problem()["code"] == "address_too_long"


def test_a_reload_leaves_streams_open(site):
    with site.stream() as stream:
        site.nginx.send_signal(1)
        site.publish_all(["after the reload"])
        assert stream.event().data == "after the reload"


@pytest.mark.parametrize("query", ["", "?live", "?live=1&_=2"])
def test_health_is_told_to_whoever_asks_for_life_or_readiness(site, query):
    answer = site.request("GET", f"/weir/healthz{query}")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_health_is_asked_for_with_what_load_balancers_use_and_nothing_else(site):
    for method in ("GET", "HEAD", "OPTIONS"):
        assert site.request(method, "/weir/healthz").status == 200
    answer = site.request("POST", "/weir/healthz")
    assert (answer.problem()["code"], answer.headers["Allow"]) == ("method_not_allowed", "GET, HEAD, OPTIONS")
