"""weir doctor: finds what is wrong with each of the sites in doctor/, and nothing with weir's own files."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import tomllib

import pytest

from processes import CHECKOUT, PATIENCE_SECONDS, end, free_port, start, wait_until, weir, weir_program
from proxies import Proxy
from site_under_test import Site

BROKEN = {path.stem: tomllib.loads(path.read_text()) for path in sorted(CHECKOUT.glob("Tests/EndToEnd/doctor/*.toml"))}
# As Debian has it; a site is ready for its streams with what weir.conf says.
NGINX_CONF = (
    (CHECKOUT / "nginx/nginx.conf").read_text()
    .replace("worker_connections @DESCRIPTORS@;", "worker_connections 768;")
    .replace("worker_rlimit_nofile @DESCRIPTORS@;", "worker_rlimit_nofile 2048;"))
QUICK = ["--heartbeat", "1"]
# Sites whose front or arguments differ, and nothing is wrong with.
SOUND = {
    "as-it-stands": {"arguments": ["--intrusive"]},
    "behind-nginx": {"front": "nginx"},
    "behind-haproxy": {"front": "haproxy"},
    "behind-apache": {"front": "apache2",
                      "lines": "AllowEncodedSlashes NoDecode\nProxyPass / http://127.0.0.1:@SITE@/ nocanon"},
    "https": {"tls": "ssl http2"},
    "one-origin": {"serve": [*QUICK, "--cors-origin", "https://app.example.org"],
                   "arguments": ["--origin", "https://app.example.org"]},
    "all-origins": {"serve": [*QUICK, "--cors-origin", "*"]},
    "published-elsewhere": {
        "arguments": ["--outside"],
        "replace": {"weir-upstream.conf": {"    127.0.0.0/8 1;": ""},
                    "weir-status.conf": {"        allow          127.0.0.0/8;": ""}}},
    "read-only": {"arguments": ["--read-only"]},
}


class ExaminedSite(Site):
    """A site of weir's own files, in which some lines are others."""

    def __init__(self, folder, fault):
        super().__init__(folder, *fault.get("serve", QUICK), nginx_conf=NGINX_CONF)
        self.fault = fault
        self.tls_port = None

    def write_configuration(self):
        super().write_configuration()
        for name, changes in self.fault.get("replace", {}).items():
            path = self.folder / name
            text = path.read_text()
            for old, new in changes.items():
                assert old in text, f"{name} has no {old!r} any more: write the fixture anew"
                text = text.replace(old, new)
            path.write_text(text)
        if "tls" in self.fault:
            self.tls_port = free_port()
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                 "-keyout", self.folder / "site.key", "-out", self.folder / "site.crt"],
                check=True, capture_output=True)
            path = self.folder / "nginx.conf"
            listen = f"listen 127.0.0.1:{self.tls_port} {self.fault['tls']};"
            path.write_text(path.read_text().replace(
                "        server_name _;", f"        server_name _; {listen} ssl_certificate site.crt; ssl_certificate_key site.key;"))


def examine(fault):
    """The site's address, and what the doctor says of it."""
    with contextlib.ExitStack() as stack:
        state = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-")))
        site = ExaminedSite(state / "0", fault)
        stack.callback(site.stop)
        site.start()
        address = f"https://localhost:{site.tls_port}" if site.tls_port else site.address
        if "front" in fault:
            lines = fault.get("lines", "").replace("@SITE@", str(site.port))
            address = f"http://127.0.0.1:{stack.enter_context(Proxy(fault['front'], site, state / 'front', proxy=lines)).port}"
        if fault.get("is_away"):
            site.kill_weir()
        environment = {"CURL_CA_BUNDLE": str(site.folder / "site.crt")} if site.tls_port else {}
        if "clock" in fault:
            library = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))[0]
            environment |= {"LD_PRELOAD": str(library), "FAKETIME": fault["clock"]}
        # libfaketime moves the environment of the first program, in which Swift looks for the arguments: that is setpriv.
        doctor = start(weir_program(), "doctor", "--json", *fault.get("arguments", []), address, env=environment,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        stack.callback(end, doctor)
        out, error = doctor.communicate(timeout=PATIENCE_SECONDS)
        return subprocess.CompletedProcess(doctor.args, doctor.returncode, out, error)


class Examined(dict):
    """What is said of sites, by their names; one is examined when it is asked for."""

    def __missing__(self, name):
        self[name] = examine((BROKEN | SOUND)[name])
        return self[name]


@pytest.fixture(scope="module")
def examined(request):
    """All sites that this process has tests of, several of which are examined at once where it is the only one."""
    examined = Examined()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        asked = {item.callspec.params["name"] for item in request.session.items
                 if item.path == request.path and "examined" in item.fixturenames}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            examined.update(zip(asked, pool.map(lambda name: examine((BROKEN | SOUND)[name]), asked)))
    return examined


def verdicts(result, word):
    return [line for line in json.loads(result.stdout)["checks"] if line["verdict"] == word]


@pytest.mark.parametrize("name", BROKEN)
def test_the_doctor_finds_what_is_broken_and_says_what_to_write_where(examined, name):
    result = examined[name]
    assert result.stdout, result.stderr
    found = verdicts(result, "finding")
    assert [line["check"] for line in found] == BROKEN[name]["finds"], result.stdout + result.stderr
    assert result.returncode == 78 and result.stderr == ""
    assert all(line["text"] and line["file"] and line["line"] and line["why"] for line in found)


@pytest.mark.parametrize("name", SOUND)
def test_the_doctor_finds_nothing_wrong_with_weirs_own_files(examined, name):
    result = examined[name]
    assert verdicts(result, "finding") == [] and result.returncode == 0, result.stdout + result.stderr
    assert len(verdicts(result, "ok")) >= 12, result.stdout


def test_there_are_at_least_twenty_broken_sites():
    assert len(BROKEN) >= 20


def test_the_doctor_says_what_it_does_and_leaves_little_behind(site):
    result = weir("doctor", "--long", "1s", site.address)
    announced, *lines = result.stdout.splitlines()
    topic = announced.partition("topic '")[2].partition("'")[0]
    assert topic.startswith("weir-doctor.") and "up to 4 small events" in announced
    assert "from 127.0.0.1 to 127.0.0.1" in lines
    assert any(line.startswith("ok             buffering     an event arrived") for line in lines)
    assert any(line.startswith("could not tell timeouts      no heartbeat came in") for line in lines)

    def status():
        return site.request("GET", "/weir/status").json()

    wait_until(lambda: status()["streams"]["open"] == 0, "the streams' end")
    told = status()
    assert told["queue"]["events"] == 2
    # weir has seen no topic but that one, and no stream that was refused.
    assert told["streams"]["refused"] == 0 and told["streams"]["opened"] <= 30


def test_the_doctor_publishes_nothing_where_it_is_told_so(site):
    result = weir("doctor", "--long", "1s", "--read-only", site.address)
    assert result.stdout.startswith(f"weir doctor looks at {site.address}: it publishes nothing")
    assert site.request("GET", "/weir/status").json()["queue"]["events"] == 0


def test_a_token_opens_to_the_doctor_what_it_opens_to_others(make_site, state):
    made = weir("token", "make", "--access", state / "access.toml", "probe", "--publish", "p", "--subscribe", "p")
    token = made.stdout.split()[0]
    site = make_site("--access", state / "access.toml")
    refused = weir("doctor", "--json", "--long", "1s", "--topic", "p", site.address)
    assert refused.returncode == 0
    assert "--token-file" in verdicts(refused, "unknown")[0]["text"]
    (state / "token").write_text(token + "\n")
    (state / "token").chmod(0o600)
    result = weir("doctor", "--json", "--long", "1s", "--topic", "p", "--token-file", state / "token", site.address)
    checks = {line["check"]: line["text"] for line in verdicts(result, "ok")}
    assert "event arrived" in checks["buffering"] and "(401)" in checks["publishing"], result.stdout
    # Nobody without it can publish, and weir looks at the event before it looks at who sends it.
    outside = weir("doctor", "--json", "--long", "1s", "--topic", "p", "--outside", "--read-only", site.address)
    assert [line["check"] for line in verdicts(outside, "finding")] == ["status"]
    assert token not in result.stdout


def test_who_is_no_weir_is_told_apart_from_one_that_is_ill(site):
    port = free_port()
    result = weir("doctor", f"http://127.0.0.1:{port}")
    assert result.returncode == 69 and "does not answer" in result.stderr
    result = weir("doctor", f"{site.address}/elsewhere")
    assert result.returncode == 69 and "no weir is at" in result.stderr
    assert weir("doctor", "example.org").returncode == 64
    assert weir("doctor").returncode == 64


def test_a_stream_is_held_for_as_long_as_asked(make_site):
    site = make_site("--heartbeat", "0.5", "--max-stream-age", "2s")
    result = weir("doctor", "--json", "--long", "20s", site.address)
    # weir has ended it at 80 to 100 % of that age.
    (line,) = [line for line in verdicts(result, "unknown") if line["check"] == "timeouts"]
    assert "as a whole one: --max-stream-age" in line["text"] and result.returncode == 0
