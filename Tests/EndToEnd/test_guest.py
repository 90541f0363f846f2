"""weir as a guest in a site that somebody else has made: it takes what is its own and nothing else,
and what goes wrong elsewhere is not told as weir's."""

import concurrent.futures
import contextlib
import http.client
import re

import pytest

from processes import free_port, wait_until

# Debian's own nginx.conf in what matters, with a site in it.
SITE = """
daemon off;
@USER@
worker_processes @PROCESSES@;
pid "@STATE@/nginx.pid";
error_log "@STATE@/nginx-error.log" warn;
events { worker_connections 768; }
http {
    sendfile on;
    gzip on;
    default_type application/octet-stream;
    client_body_temp_path "@STATE@/temp/body";
    fastcgi_temp_path     "@STATE@/temp/fastcgi";
    proxy_temp_path       "@STATE@/temp/proxy";
    uwsgi_temp_path       "@STATE@/temp/uwsgi";
    scgi_temp_path        "@STATE@/temp/scgi";
    include "@STATE@/weir-upstream.conf";
    access_log "@STATE@/nginx-access.log" weir;
    #HTTP
    server {
        @LISTEN@
        server_name example.org;
        include "@STATE@/weir.conf";
        include "@STATE@/weir-status.conf";
        #SERVER
        location / { return 200 "the site's own $uri"; }
    }
}
"""


def guest(server="", http="", connections=768):
    return SITE.replace("#SERVER", server).replace("#HTTP", http).replace(
        "worker_connections 768", f"worker_connections {connections}")


def outcomes(site):
    """The requests that were logged, and what happened to them."""
    lines = (site.folder / "nginx-access.log").read_text().splitlines()
    return [(re.search(r'"\w+ (\S+) HTTP', line).group(1), line.rpartition(" ")[2]) for line in lines]


def wait_for_outcomes(site, expected):
    """Waits until the log ends with these: a request is logged after it was answered."""
    with contextlib.suppress(AssertionError):
        wait_until(lambda: outcomes(site)[-len(expected):] == expected, "the log")
    assert outcomes(site)[-len(expected):] == expected


def retry_stream(site, path="/sse", headers=None):
    """A stream that is to come back, and why."""
    with site.stream(path, headers) as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.rest() == []
        assert stream.retry
        return stream.comments[0]


# --- Whose addresses are whose ---


def test_the_sites_own_pages_stay_its_own(make_site):
    site = make_site(nginx_conf=guest(r"""
        location = /healthz { return 200 "well"; }
        location /status { return 200 "its status"; }
        location ~ ^/(sse|publish|weir) { return 200 "a regular expression"; }
        location ~ \.php$ { return 200 "php"; }
    """))
    for path, body in [
        ("/healthz", b"well"), ("/status", b"its status"), ("/metrics", b"the site's own /metrics"),
        ("/", b"the site's own /"), ("/index.php", b"php"), ("/sse.html", b"a regular expression"),
        ("/ssefoo", b"a regular expression"), ("/publisher", b"a regular expression"),
        ("/weird", b"a regular expression"),
    ]:
        assert site.request("GET", path).body == body, path
    # And weir's stay weir's, whatever a topic's name looks like.
    for path in ("/publish", "/publish/", "/publish/a.php", "/publish/a/b.php"):
        topic = site.publish("x", path).json()["topic"]
        assert topic == path.removeprefix("/publish").removeprefix("/") or topic == "default"
    with site.stream("/sse/a.php") as stream:
        site.publish_all(["to a.php"], topic="a.php")
        assert stream.event().data == "to a.php"
    assert site.request("GET", "/weir/status").json()["queue"]["events"] == 5
    assert site.request("GET", "/weir/healthz").status == 200
    assert site.request("GET", "/weir/other").status == 404


SET_FOR_OTHERS = """
    fastcgi_index index.php;
    fastcgi_intercept_errors on;
    fastcgi_request_buffering off;
    fastcgi_next_upstream error timeout http_503 http_429;
    fastcgi_cache_path "@STATE@/cache" keys_zone=cache:1m;
    fastcgi_cache cache;
    fastcgi_cache_key $uri;
    fastcgi_cache_valid any 1m;
    fastcgi_cache_methods GET HEAD POST;
    fastcgi_ignore_headers Cache-Control X-Accel-Buffering;
    fastcgi_buffers 16 8k;
    fastcgi_buffer_size 8k;
    fastcgi_busy_buffers_size 64k;
    fastcgi_temp_file_write_size 8k;
    fastcgi_max_temp_file_size 8k;
    fastcgi_ignore_client_abort on;
    expires 30d;
    client_max_body_size 1k;
    error_page 400 404 413 429 500 502 503 504 /maintenance.html;
"""


def test_what_the_site_has_set_for_others_changes_nothing(make_site):
    site = make_site("--max-streams-per-address", "1", nginx_conf=guest(http=SET_FOR_OTHERS))
    for path in ("/publish", "/publish/default"):
        assert site.publish("x" * 100_000, path).json()["topic"] == "default"
        assert site.publish("x" * (1 << 20), path).problem()["code"] == "body_too_large"
        assert site.publish("x", path, topic="a.*").problem()["code"] == "invalid_topic"
    assert site.publish("x").headers["Cache-Control"] == "no-store"
    with site.stream("/sse/") as stream:
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.line().startswith("retry:")
        assert site.request("GET", "/sse").problem()["code"] == "too_many_streams"
        site.publish_all(["at once"])
        assert stream.event().data == "at once"
    for path in ("/weir/healthz", "/weir/status"):
        answer = site.request("GET", path)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    before = site.request("GET", "/weir/status").json()["queue"]["events"]
    ids = {site.publish("another", method="POST").json()["id"] for _ in range(3)}
    assert len(ids) == 3
    assert site.request("GET", "/weir/status").json()["queue"]["events"] == before + 3
    # A client that goes is noticed, though none of the site's own is.
    site.wait_for_log("stream closed")
    # Its own 503 is weir's to tell.
    (site.queue / "lock").unlink()
    assert site.publish("x").problem()["code"].startswith("queue_")


def test_a_cache_of_the_site_keeps_no_stream(make_site):
    # What is cached goes on to the cache when the client has gone, until something is written.
    site = make_site("--max-streams", "1", "--heartbeat", "60", nginx_conf=guest(http=SET_FOR_OTHERS))
    with site.stream() as stream:
        stream.line()
        assert "taken" in retry_stream(site)
    site.wait_for_log("stream closed")
    with site.stream() as stream:
        assert stream.line().startswith("retry:")
        site.publish_all(["here"])
        assert stream.event().data == "here"


def test_a_publish_reaches_the_next_worker_whole_whatever_the_site_has_set(make_site):
    site = make_site(workers=2, nginx_conf=guest(http=SET_FOR_OTHERS))
    site.kill_weir()
    for number in range(8):
        assert site.publish("x" * 30_000, f"/publish/{number}").json()["topic"] == str(number)


def test_one_line_moves_status_to_another_prefix(make_site):
    site = make_site(nginx_conf=guest(), configure=lambda text: text.replace(
        "location ^~ /weir/ {", "location ^~ /ops/hub/ { location = /ops/hub/mine { return 200 mine; }"))
    assert site.nginx.poll() is None


def test_status_is_told_to_this_machine_and_not_through_a_proxy_on_it(site):
    for path in ("/weir/status", "/weir/metrics"):
        assert site.request("GET", path).status == 200
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            answer = site.request("GET", path, headers={header: "203.0.113.7"})
            assert answer.status == 403
            assert answer.problem()["code"] == "not_local"
        # nginx asks the next server so, with no word of whom it asks for.
        assert b" 403 " in site.send(f"GET {path} HTTP/1.0\r\n\r\n").splitlines()[0]
        # Most others pass on the name that they were asked for, or have one of their own.
        for host in ("example.org", "localhost", "127.0.0.1", "localhost:1", f"example.org:{site.port}", "127.0.0.1:"):
            assert site.request("GET", path, headers={"Host": host}).problem()["code"] == "not_local"
        for host in ("localhost", "127.0.0.1", "127.0.1.1", "[::1]"):
            assert site.request("GET", path, headers={"Host": f"{host}:{site.port}"}).status == 200
    assert site.request("GET", "/weir/healthz", headers={"X-Forwarded-For": "203.0.113.7"}).status == 200


def test_who_has_sent_all_and_said_so_is_still_told_how_weir_is(site):
    for path in ("/weir/status", "/weir/metrics", "/weir/healthz"):
        answer = site.send(f"GET {path} HTTP/1.1\r\nHost: localhost:{site.port}\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 "), path


def test_status_is_not_told_to_other_machines(make_site):
    site = make_site(nginx_conf=guest(http="set_real_ip_from 127.0.0.1; real_ip_header X-Client;"))
    for path in ("/weir/status", "/weir/metrics"):
        assert site.request("GET", path, headers={"X-Client": "127.0.0.2"}).status == 200
        assert site.request("GET", path, headers={"X-Client": "::1"}).status == 200
        for address in ("203.0.113.7", "10.0.0.1", "2001:db8::1"):
            answer = site.request("GET", path, headers={"X-Client": address})
            assert answer.problem()["code"] == "not_local"


def test_status_may_have_a_listener_of_its_own(make_site):
    port = free_port()
    site = make_site(nginx_conf=SITE.replace('include "@STATE@/weir-status.conf";', "").replace(
        "#HTTP", f'server {{ listen 127.0.0.1:{port}; include "@STATE@/weir-status.conf"; }}'
    ), is_up=lambda site: site.request("GET", "/").status == 200)
    assert site.request("GET", "/weir/status").body == b"the site's own /weir/status"
    site.port = port
    assert site.request("GET", "/weir/status").json()["workers"] == 1


# --- Whose fault is whose ---


def test_a_limit_of_requests_is_called_by_its_name(make_site):
    for status in ("", "limit_req_status 429;", "limit_req_status 444;"):
        site = make_site(nginx_conf=guest(f"limit_req zone=few burst=1 nodelay; {status}",
                                          "limit_req_zone few zone=few:32k rate=1r/m;"),
                         is_up=lambda site: site.request("GET", "/").status > 0)
        for _ in range(3):
            site.request("HEAD", "/sse")
        assert "limit_req" in retry_stream(site)
        answer = site.publish("x")
        assert answer.status == 429
        assert answer.headers["Retry-After"]
        assert answer.problem()["code"] == "rate_limited"
        assert "limit_req" in answer.problem()["detail"] and "not queued" in answer.problem()["detail"]
        wait_for_outcomes(site, [("/sse", "limited"), ("/publish", "limited")])


def test_a_limit_of_connections_is_called_by_its_name(make_site):
    site = make_site(
        nginx_conf=guest(http="limit_conn_zone one zone=one:32k; limit_conn_status 420;"),
        configure=lambda text: text.replace("limit_conn weir_streams 300;", "limit_conn one 1;").replace(
            "    # Together", "    limit_conn one 1;\n    # Together"))
    with site.stream():
        assert "limit_conn" in retry_stream(site)
        answer = site.publish("x")
        assert answer.status == 429
        assert answer.problem()["code"] == "too_many_connections"
        assert "limit_conn" in answer.problem()["detail"]
        wait_for_outcomes(site, [("/sse", "limited"), ("/publish", "limited")])
    wait_until(lambda: site.publish("x").status == 200, "room")


def test_a_dead_auth_request_is_not_taken_for_a_dead_weir_and_its_refusal_stays(make_site):
    site = make_site(nginx_conf=guest(f"""
        auth_request /auth;
        location = /auth {{
            internal;
            if ($request_uri ~ /anna) {{ return 204; }}
            if ($request_uri ~ /otto) {{ return 401; }}
            if ($request_uri ~ /eve) {{ return 403; }}
            proxy_pass http://127.0.0.1:{free_port()};
        }}
    """), is_up=lambda site: site.request("GET", "/").status == 200)
    assert "auth_request" in retry_stream(site)
    answer = site.publish("x")
    assert answer.status == 503
    assert answer.problem()["code"] == "auth_unavailable"
    assert "auth_request" in answer.problem()["detail"] and "not queued" in answer.problem()["detail"]
    for path in ("/sse", "/publish"):
        for who, status in (("otto", 401), ("eve", 403)):
            assert site.request("GET", f"{path}/{who}").status == status
    assert site.publish("x", "/publish/anna").status == 200
    site.kill_weir()
    assert "weir does not answer" in retry_stream(site, "/sse/anna")
    assert site.publish("x", "/publish/anna").problem()["code"] == "hub_unavailable"
    wait_for_outcomes(site, [
        ("/sse", "retry"), ("/publish", "unavailable"), ("/sse/otto", "refused"),
        ("/sse/eve", "refused"), ("/publish/otto", "refused"), ("/publish/eve", "refused"),
        ("/publish/anna", "ok"), ("/sse/anna", "retry"), ("/publish/anna", "unavailable")])


def test_a_publish_is_told_when_nginx_has_no_connection_left(make_site):
    told = []
    # One of these is odd: the last client has a connection, and there is none left to weir.
    for count in (16, 17):
        site = make_site(nginx_conf=guest(connections=count))
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError, http.client.HTTPException):
                while stack.enter_context(site.stream()).headers["X-Accel-Buffering"]:
                    pass
            with contextlib.suppress(OSError, http.client.HTTPException):
                told.append(site.publish("x"))
            assert {outcome for _, outcome in outcomes(site)} <= {"ok", "limited"}
    assert [answer.status for answer in told] == [503] * len(told) and told
    for answer in told:
        assert answer.problem()["code"] == "too_many_connections"
        assert "worker_connections" in answer.problem()["detail"]


def test_what_happened_stands_in_the_access_log(make_site):
    site = make_site("--max-streams", "1", nginx_conf=guest())
    with site.stream() as stream:
        stream.line()
        retry_stream(site)
    site.publish("x")
    site.publish("x", topic="a.*")
    site.request("GET", "/sse?topic=%FF")
    site.request("GET", "/page")
    site.request("GET", "/weir/healthy")
    site.kill_weir()
    retry_stream(site)
    site.publish("x")
    wait_until(lambda: ("/sse", "ok") in outcomes(site), "the end of the first stream")
    wait_for_outcomes(site, [("/sse", "retry"), ("/publish", "unavailable")])
    assert [entry for entry in outcomes(site) if entry != ("/sse", "ok")] == [
        ("/sse", "limited"), ("/publish", "ok"), ("/publish", "refused"), ("/sse?topic=%FF", "refused"),
        ("/page", "-"), ("/weir/healthy", "refused"), ("/sse", "retry"), ("/publish", "unavailable")]


# --- Room for the site itself ---


def test_so_many_streams_as_come_the_sites_own_pages_are_still_answered(make_site):
    site = make_site(nginx_conf=guest())
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(site.stream()) for _ in range(500)]
        # weir's own have the header; nginx's are those that it turned away.
        refused = [stream for stream in streams if not stream.headers["X-Accel-Buffering"]]
        for stream in refused:
            assert stream.rest() == [] and stream.retry and "limit_conn" in stream.comments[0]
        assert len(refused) == 200
        for _ in range(50):
            assert site.request("GET", "/page").body == b"the site's own /page"
        assert site.publish("to all").status == 200
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = pool.map(lambda _: site.request("GET", "/").status, range(200))
            assert set(answers) == {200}
        assert "limit_conn" in retry_stream(site)
    # When they are gone, who comes back gets in.
    def gets_in():
        with site.stream() as stream:
            return bool(stream.headers["X-Accel-Buffering"])

    wait_until(gets_in, "a stream")
