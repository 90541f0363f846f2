"""Errors: each is problem details with a code, whoever answers, and each code has its page."""

import json
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from processes import CHECKOUT, PATIENCE_SECONDS, free_port, wait_until

PAGES = CHECKOUT / "nginx/html/problems"


def codes_of_weir():
    text = (CHECKOUT / "Sources/Figures/Labels/ProblemCode.swift").read_text()
    return set(re.findall(r'case \w+ = "(\w+)"', text))


def codes_of_nginx():
    """Those that its configuration makes itself."""
    texts = [(CHECKOUT / "nginx" / name).read_text()
             for name in ("nginx.conf", "weir-upstream.conf", "weir.conf", "weir-status.conf")]
    codes = set(re.findall(r'"code":"(\w+)"', "".join(texts)))
    for block in re.findall(r"\$weir_code \{(.*?)\n\}", "".join(texts), re.DOTALL):
        codes |= set(re.findall(r"\s(\w+);", block)) - {"volatile"}
    return codes


def test_each_code_has_a_page_and_a_row_in_the_table():
    codes = codes_of_weir() | codes_of_nginx()
    assert len(codes) > 30
    pages = {path.stem for path in PAGES.glob("*.html")} - {"index"}
    assert pages == codes, "each has a page nginx/html/problems/CODE.html, and no other does"
    rows = set(re.findall(r'<a href="(\w+)"><code>\1</code>', (PAGES / "index.html").read_text()))
    assert rows == codes, "nginx/html/problems/index.html lists them all"


def test_the_address_in_a_problem_answers_with_the_codes_own_page(site):
    titles = set()
    for code in sorted(codes_of_weir() | codes_of_nginx()):
        answer = site.request("GET", f"/problems/{code}")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html"), code
        page = answer.body.decode()
        assert f"<code>{code}</code>" in page and "What to do" in page
        titles.add(re.search("<h1>(.+)</h1>", page)[1])
    assert len(titles) == len(codes_of_weir() | codes_of_nginx()), "two pages have one title"
    assert b"<table>" in site.request("GET", "/problems/").body
    assert site.request("GET", "/problems/problem.css").headers["Content-Type"] == "text/css"
    type_ = site.publish("x", topic="a.*").problem()["type"]
    assert b"invalid_topic" in site.request("GET", type_).body
    assert site.request("GET", "/problems/", headers={"Range": "bytes=99999-"}).status == 200
    assert site.request("GET", "/problems/none").problem()["code"] == "not_found"
    assert site.request("POST", "/problems/").problem()["code"] == "method_not_allowed"


def raw_problem(site, text):
    """What nginx says of a request that is sent as it is."""
    head, _, body = site.send(text).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert headers["content-type"] == "application/problem+json", head
    problem = json.loads(body)
    assert problem["type"] == f"/problems/{problem['code']}" and problem["title"] and problem["detail"]
    assert f" {problem['status']} " in lines[0], lines[0]
    return problem["status"], problem["code"], headers.get("allow")


GET = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize("text, status, code, allow", [
    ("no HTTP at all\r\n\r\n", 400, "bad_request", None),
    ("GET / HTTP/1.1\r\n\r\n", 400, "bad_request", None),
    ("GET /sse HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "bad_request", None),
    ("PUT /publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
     400, "bad_request", None),
    (f"GET /sse?{'x' * 29_000} HTTP/1.1\r\nHost: x\r\n\r\n", 414, "address_too_long", None),
    (f"{GET}Cookie: {'x' * 29_000}\r\n\r\n", 431, "header_too_large", None),
    (f"{GET}Transfer-Encoding: gzip\r\n\r\n", 501, "unsupported_http", None),
    ("GET / HTTP/7.1\r\nHost: x\r\n\r\n", 505, "unsupported_http", None),
    ("TRACE /sse HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed", "get, head, options"),
    ("TRACE /publish/x HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed", "put, post, options"),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
     405, "method_not_allowed", "get, head"),
    (f'{GET}If-Match: "x"\r\n\r\n', 412, "precondition_failed", None),
    ('GET /problems/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIf-Match: "x"\r\n\r\n', 412, "precondition_failed", None),
    ("GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "not_found", None),
    ("GET /weir/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "not_found", None),
    ("GET /sse HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413, "body_too_large", None),
    ("PUT /publish/a.html HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413, "body_too_large", None),
    ("TRACE /topics/x HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed", "get, head, delete, options"),
], ids=lambda value: str(value)[:24])
def test_what_nginx_refuses_by_itself_is_a_problem_too(site, text, status, code, allow):
    assert raw_problem(site, text) == (status, code, allow)


def test_a_body_that_is_too_large_is_a_problem_wherever_it_goes(site):
    for path, maximum in [("/weir/status", 1048576), ("/weir/healthz", 1048576), ("/weir/none", 1048576),
                          ("/topics", 1048576), ("/topics/x", 1048576), ("/none", 1048576),
                          ("/publish/x", 1048576), ("/sse", 1048576), ("/groups/g/ack", 65536)]:
        answer = site.request("POST", path, headers={"Content-Length": str(maximum + 1)})
        assert (answer.status, answer.problem()["code"]) == (413, "body_too_large"), path
        assert f" {maximum} bytes" in answer.problem()["detail"], path


def test_what_nginx_refuses_is_the_same_over_http2(make_site):
    port = free_port()
    site = make_site(configure=lambda text: text.replace(
        "backlog=4096 ;", f"backlog=4096; listen 127.0.0.1:{port} http2;"))
    # curl 7.88 loses an answer that comes before the end of the body.
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        fields = {":method": "PUT", ":path": "/publish", ":scheme": "http", ":authority": "x",
                  "content-length": "2000000"}
        head = b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                        for name, value in fields.items())
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
                           + bytes([0, 0, len(head), 1, 4, 0, 0, 0, 1]) + head)
        answer = b""
        while b"}\n" not in answer:
            answer += connection.recv(65536)
    problem = json.loads(answer[answer.index(b"{"):answer.index(b"}\n") + 1])
    assert (problem["status"], problem["code"]) == (413, "body_too_large")
    for arguments, path, status, code in [
        ([], "/none", 404, "not_found"),
        (["-X", "POST"], "/", 405, "method_not_allowed"),
        (["-X", "TRACE"], "/sse", 405, "method_not_allowed"),
        (["-H", 'If-Match: "x"'], "/", 412, "precondition_failed"),
    ]:
        result = subprocess.run(
            ["curl", "-sSi", "--http2-prior-knowledge", *arguments, f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        head, _, body = result.stdout.partition("\n\n")
        assert f"HTTP/2 {status}" in head and "application/problem+json" in head, (path, result)
        problem = json.loads(body)
        assert (problem["status"], problem["code"]) == (status, code), (path, head)
        assert site.request("GET", problem["type"]).status == 200


def test_a_weir_that_stands_still_is_a_problem_too(make_site):
    site = make_site(configure=lambda text: text.replace("fastcgi_read_timeout    30s", "fastcgi_read_timeout 300ms")
                     .replace("fastcgi_read_timeout    5s", "fastcgi_read_timeout 300ms"))
    site.weir.send_signal(signal.SIGSTOP)
    stat = pathlib.Path(f"/proc/{site.weir.pid}/stat")
    wait_until(lambda: stat.read_text().rpartition(") ")[2][0] == "T", "weir to stand still")
    try:
        for path in ("/publish", "/publish/x.ndjson", "/groups/g/ack", "/weir/healthz"):
            answer = site.request("POST", path, "{}")
            assert (answer.status, answer.problem()["code"]) == (503, "hub_unavailable"), path
            assert ("may be queued" in answer.problem()["detail"]) == path.startswith("/publish"), path
    finally:
        site.weir.send_signal(signal.SIGCONT)


def test_status_and_health_are_problems_while_weir_is_away(site):
    site.kill_weir()
    for path in ("/weir/status", "/weir/metrics", "/weir/healthz", "/weir/healthz?live"):
        answer = site.request("GET", path)
        assert (answer.status, answer.problem()["code"]) == (503, "hub_unavailable")
        assert "nothing was done" in answer.problem()["detail"]


def test_a_topic_that_ends_like_a_file_is_told_to_come_back_as_others_are(site):
    site.kill_weir()
    with site.stream("/sse/page.html") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"


def test_what_the_site_refuses_before_weir_is_asked_is_a_problem(make_site):
    site = make_site(configure=lambda text: text.replace(
        "    # Together", '    auth_basic "weir"; auth_basic_user_file /dev/null;\n    # Together').replace(
        "    fastcgi_pass   weir;\n\n    # Streams at once", "    deny all;\n    fastcgi_pass   weir;\n\n    # Streams at once"))
    answer = site.publish("x")
    assert (answer.status, answer.problem()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="weir"'
    for path, headers in [("/publish", {"Content-Type": "application/x-ndjson"}), ("/publish/.lines", {}),
                          ("/publish/x.ndjson", {}), ("/publish/.whole", {})]:
        assert site.request("PUT", path, "{}", headers).problem()["code"] == "unauthorized"
    answer = site.request("GET", "/sse")
    assert (answer.status, answer.problem()["code"]) == (403, "forbidden")


def test_a_problem_of_the_queue_says_when_to_try_again(site):
    (site.queue / "lock").unlink()
    wait_until(lambda: site.publish("x").status == 503, "a publish to be refused")
    assert site.publish("x").problem()["code"].startswith("queue_")
    assert site.request("GET", "/weir/healthz").problem()["code"].startswith("queue_")


# --- Pages of other origins ---

PAGE = {"Origin": "https://page.example"}
OTHER = {"Origin": "https://other.example"}


@pytest.fixture
def shared(make_site):
    return make_site("--cors-origin", "https://page.example", "--cors-origin", "*")


@pytest.mark.parametrize("path, method", [("/sse", "GET"), ("/sse/orders", "GET"), ("/publish", "PUT"),
                                          ("/publish/orders", "POST"), ("/topics", "GET"),
                                          ("/topics/orders", "DELETE")])
def test_a_preflight_is_answered_on_each_route(shared, path, method):
    asked = {"Access-Control-Request-Method": method,
             "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}
    answer = shared.request("OPTIONS", path, headers=PAGE | asked)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert method in answer.headers["Allow"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    for name in ("authorization", "last-event-id", "idempotency-key", "content-type", "cache-control",
                 "topic", "x-topic", "event", "ttl", "delay", "at", "x-retry"):
        assert name in allowed
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert answer.headers["Vary"] == "Origin"
    # For all others the star: streams, without cookies.
    answer = shared.request("OPTIONS", path, headers=OTHER | asked)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ("*" if path.startswith("/sse") else None)
    assert answer.headers["Access-Control-Allow-Credentials"] is None


def test_a_page_may_read_the_errors_of_what_it_may_ask_for(shared):
    for answer in (
        shared.request("GET", "/sse?topci=x", headers=PAGE),
        shared.request("PUT", "/publish", "{}", PAGE | {"Content-Type": "application/json"}),
        shared.request("PUT", "/publish", "x" * 2_000_000, PAGE | {"Content-Type": "application/json"}),
        shared.request("DELETE", "/publish", headers=PAGE),
        shared.request("GET", "/topics/none", headers=PAGE),
    ):
        assert answer.problem()["status"] >= 400
        assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    shared.kill_weir()
    answer = shared.request("PUT", "/publish", "{}", PAGE)
    assert answer.problem()["code"] == "hub_unavailable"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_page_that_sends_cookies_may_be_named_to_nginx_too(make_site):
    site = make_site("--cors-origin", "https://page.example", configure=lambda text: text.replace(
        'map $http_origin $weir_credentials {', 'map $http_origin $weir_credentials { "https://page.example" true;'))
    site.kill_weir()
    for method, path in (("GET", "/sse"), ("PUT", "/publish")):
        assert site.request(method, path, headers=PAGE).headers["Access-Control-Allow-Credentials"] == "true"
        assert site.request(method, path, headers=OTHER).headers["Access-Control-Allow-Credentials"] is None


FETCH = """
    const [address, method, headers, body, done] = arguments;
    fetch(address, {method, headers, body, credentials: "include"})
      .then(async (answer) => done([answer.status, await answer.json(), answer.headers.get("Retry-After")]))
      .catch((error) => done([0, String(error), null]));
    """


def test_a_browser_lets_a_page_of_a_named_origin_publish_listen_and_read_errors_and_no_other(browser, make_site):
    page = make_site(configure=lambda text: text.replace("""add_header Content-Security-Policy "default-src 'self'";""", ""))
    named, strange = make_site("--cors-origin", page.address), make_site("--cors-origin", "*")
    browser.get(f"{page.address}/problems/")

    def fetch(site, path, method="PUT", body='{"message":"x"}'):
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k", "X-Topic": "t"}
        return browser.execute_async_script(FETCH, f"{site.address}{path}", method, headers, body)

    status, answer, _ = fetch(named, "/publish")
    assert (status, status and answer["topic"]) == (200, "t"), (answer, browser.get_log("browser"))
    assert fetch(named, "/publish", body='{"mesage":"x"}')[1]["code"] == "unknown_field"
    browser.execute_script("""
        window.source = new EventSource(arguments[0], {withCredentials: true});
        source.onmessage = (event) => { window.got = event.data; };
        """, f"{named.address}/sse/t?last=1")
    wait_until(lambda: browser.execute_script("return window.got") == "x", "the event")
    assert fetch(strange, "/publish")[0] == 0
    assert strange.request("GET", "/weir/status").json()["queue"]["events"] == 0
