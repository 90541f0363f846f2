"""Another proxy in front of weir's nginx, from Debian's packages, with its defaults: the stream flows."""

import zlib

import pytest

from proxies import Proxy


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
