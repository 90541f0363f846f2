"""Attacks on the recipes: whoever speaks HTTP in odd ways gets no further than who speaks it well."""

import json
import signal
import socket

import pytest

from processes import PATIENCE_SECONDS, wait_until
from recipes import (
    ANNA, certificate, inner, make, programs, run_shell, session_site, tls_site, with_certificate)

SECRET = b"for-bert-only"


def raw(site, text, port=None):
    """What is answered to bytes that are sent as they are, up to the end or the first silence after a head."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port or site.port), PATIENCE_SECONDS) as connection:
        connection.sendall(text.encode("latin-1"))
        while part := connection.recv(65536):
            answer += part
            # A stream that begins does not end by itself.
            if b"\r\n\r\n" in answer and b"text/event-stream" in answer:
                break
    return answer


def heads(cookie):
    """Requests for bert's events, and publishes to him, by somebody else."""
    tail = f"Host: push.example.org\r\nConnection: close\r\n{cookie}"
    read, write = "/sse/users.bert.mail?since=all", "/publish/users.bert.mail"
    for method in ("GET", "HEAD", "OPTIONS", "get", "Get", "PUT", "POST", "TRACE", "CONNECT", "PROPFIND", "GET\t"):
        yield f"{method} {read} HTTP/1.1\r\n{tail}\r\n"
        yield f"{method} {write}?message=forged HTTP/1.1\r\nContent-Length: 6\r\n{tail}\r\nforged"
        yield f"{method} {write} HTTP/1.0\r\nContent-Length: 6\r\n{cookie}\r\nforged"
    yield f"GET {read}\r\n"
    for version in ("HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/2.0"):
        yield f"GET {read} {version}\r\n{tail}\r\n"
        yield f"GET {read} {version}\r\nHost: \r\n{cookie}\r\n"
    for more in ("Upgrade: websocket\r\nSec-WebSocket-Key: eA==", "Upgrade: h2c\r\nHTTP2-Settings: AA", "Expect: 100-continue",
                 "Range: bytes=0-9", "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT", "If-None-Match: *", "X-HTTP-Method-Override: PUT",
                 "X-Original-URL: /problems/", "X-Rewrite-URL: /problems/", "X-Accel-Redirect: /sse/users.bert.mail",
                 "X-Forwarded-User: bert", "X-User: bert", "Cookie: session=", "Cookie: session=s-", "Content-Length: 0",
                 "Transfer-Encoding: chunked", "Authorization: Basic YmVydDo=", "Host: 127.0.0.1:8081",
                 "Last-Event-ID: 00000000-1", "Content-Type: application/x-ndjson"):
        yield f"GET {read} HTTP/1.1\r\n{more}\r\n{tail}\r\n0\r\n\r\n"
        yield f"PUT {write} HTTP/1.1\r\n{more}\r\n{tail}\r\n6\r\nforged\r\n0\r\n\r\n"
    for address in (f"http://push.example.org{read}", f"http://127.0.0.1:8081{read}", f"//push.example.org{read}",
                    read.replace("/sse/", "/sse/;/"), read.replace("/sse/", "/sse/.ticket/../"), read.replace("mail", "mail;x=1"),
                    read.replace("mail", "mail#x"), read.replace("mail", "mail%23"), read.replace("mail", "mail."),
                    read.replace("mail", "mail.."), read.replace("mail", "mail%20"), read.replace("mail", "%6dail%00"),
                    read.replace("users.bert", "users%252Ebert"), read.replace("sse", "SSE"), read.replace("/sse/", "/sse\\"),
                    read.replace("/sse/", "/problems/../sse/"), read.replace("/sse/", "/problems/%2e%2e/sse/"),
                    read.replace("/sse/", "/listen.js/..%2fsse/"), read.replace("bert", "b%C3%A9rt/../bert")):
        yield f"GET {address} HTTP/1.1\r\n{tail}\r\n"
    # What is inside nginx.
    for address in ("/session", "/sse/.ticket", "/publish/.whole", "/publish/.lines", "/publish/.whole/users.bert.mail",
                    "/publish/.lines?topic=users.bert.mail", "/publish/.lines.ndjson", "/weir/problem", "/@weir_problem",
                    "/@weir_publish_again", "/sse/@weir_retry", "/publish/@weir_publish_again/users.bert.mail"):
        for method in ("GET", "POST"):
            yield (f"{method} {address} HTTP/1.1\r\nContent-Length: 44\r\nContent-Type: application/json\r\n{tail}\r\n"
                   '{"message":"forged","topic":"users.bert.mail"}')[:-2]


@pytest.mark.parametrize("cookie", ["", f"Cookie: {ANNA['Cookie']}\r\n"])
def test_no_odd_request_reads_or_publishes_what_is_berts(session_site, cookie):
    site = session_site
    inner(site, "users.bert.mail", SECRET.decode())
    for head in heads(cookie):
        answer = raw(site, head)
        assert SECRET not in answer and b"X-User" not in answer, head
        assert not answer.startswith(b"HTTP/1.1 200") or b"text/event-stream" not in answer, (head, answer)
        assert b'"id"' not in answer and b'"ticket"' not in answer, (head, answer)
    status = json.loads(run_shell(site.placed("curl http://127.0.0.1:8081/weir/status"), site.home))
    assert status["queue"]["events"] == 1


def test_who_is_not_let_in_is_nobody_whatever_the_program_says_besides(session_site, programs):
    site = session_site
    inner(site, "users.bert.mail", SECRET.decode())
    for status, headers in (
        (401, {"X-User": "bert"}), (403, {"X-User": "bert"}), (500, {"X-User": "bert"}), (304, {"X-User": "bert"}),
        (302, {"X-User": "bert", "Location": "/"}), (404, {"X-User": "bert"}), (204, {}), (204, {"X-User": ""}),
        (200, {"X-Users": "bert"}), (204, {"X-Accel-Redirect": "/sse/users.bert.mail"}), (None, {}),
    ):
        if status:
            programs.answers["/session"] = lambda _: (status, headers, "")
        else:
            programs.stop()
        for method, path, body in (
            ("GET", "/sse/users.bert.mail?poll=1&since=all", None), ("PUT", "/publish/users.bert.mail", "forged"),
            ("POST", "/sse/ticket", None), ("GET", "/topics", None), ("GET", "/groups", None),
        ):
            for more in ({}, {"X-User": "bert"}, {"Accept": "application/json"}):
                answer = site.request(method, path, body, ANNA | more)
                assert SECRET not in answer.body and b'"ticket"' not in answer.body
                # Where nobody can say who it is, a browser is told to come back.
                assert (answer.status in (401, 403, 503) or b"retry: 2000" in answer.body
                        or answer.json() == {"groups": []}), (status, headers, path, answer.body)
    told = json.loads(run_shell(site.placed("curl http://127.0.0.1:8081/weir/status"), site.home))
    assert told["queue"]["events"] == 1


def test_a_publish_that_goes_to_another_worker_is_of_the_same_user(session_site, programs):
    """One worker is not there: nginx asks the next one, by another location."""
    site = session_site
    path = site.folder / "weir-upstream.conf"
    line = f"server unix:{site.folder}/weir.sock max_fails=0;"
    path.write_text(path.read_text().replace(line, line.replace("weir.sock", "dead.sock") + line))
    site.nginx.send_signal(signal.SIGHUP)

    def publish():
        answer = site.request("PUT", "/publish/users.bert.mail", "forged", ANNA)
        assert (answer.status, answer.problem()["code"]) == (403, "not_allowed")
        return b"dead.sock" in (site.folder / "nginx-error.log").read_bytes()

    wait_until(publish, "the other worker")
    for _ in range(4):
        publish()


# --- Client certificates ---


def test_mutual_tls_takes_no_certificate_of_the_authority_of_another_site_at_the_same_address(make):
    """Who names no host in TLS (SNI) is held against the first site's authority, and then asks for another site."""
    ca = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"

    def prepare(site):
        for words in ("openssl req -x509", "openssl req -newkey", "openssl x509"):
            site.run(words)
        run_shell(f"{ca} -subj '/CN=customers of example.org' -keyout other-ca.key -out other-ca.crt", site.home)
        certificate(site, "other", "/O=Example/CN=web-1", "other-ca")
        write = site.write_configuration

        def write_configuration():
            write()
            path = site.folder / "nginx.conf"
            text, names = path.read_text(), "server_name login.example.org"
            assert text.count(names) == 1
            path.write_text(text.replace(
                names, f"ssl_client_certificate {site.home}/other-ca.crt; ssl_verify_client on; {names}"))

        site.write_configuration = write_configuration

    site = make("mutual-tls", prepare=prepare)
    site.run("-d 'up'")
    line = "curl --cert other.crt --key other.key -H 'Host: push.example.org' -k -d x"
    assert site.fails(f"{line} https://127.0.0.1:{site.tls_port}/publish/machines.web-1.state") == "token_required"
    assert site.fails(with_certificate("other") + ".web-1.state") == "unauthorized"


def test_mutual_tls_knows_no_name_by_half(tls_site):
    site = tls_site
    for subject in (
        "/CN=web-1/CN=x.y", r"/CN=x\,CN=web-1", "/CN=web-1,CN=x y", r"/CN=web-1\+CN=x", "/CN= web-1", "/CN=web-1 ",
        "/CN=#web-1", '/CN="web-1"', "/CN=wéb-1", "/commonName=x/serialNumber=CN=web-1", "/UID=web-1", "/CN=web-1/UID=x",
        "/CN=SUCCESS CN=web-1", "/CN=x CN=web-1", "/DC=CN=web-1,DC=x", "/O=CN=publishers of example.org CN=web-1",
    ):
        certificate(site, "odd", subject)
        assert site.fails(with_certificate("odd") + ".web-1.state") == "token_required", subject
    # A machine is no authority.
    run_shell("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=web-2' -keyout sub.key -out sub.csr\n"
              "openssl x509 -req -in sub.csr -CA web-1.crt -CAkey web-1.key -CAcreateserial -days 2 -out leaf.crt\n"
              "cat leaf.crt web-1.crt > sub.crt", site.home)
    assert site.fails(with_certificate("sub") + ".web-2.state") == "unauthorized"
