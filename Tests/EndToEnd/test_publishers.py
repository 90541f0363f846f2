"""Whom nginx lets publish: programs of its own machine, and others where a line of the site says so."""

import json
import re
import subprocess

import pytest

from access_rules import bearer, grant, write
from processes import CHECKOUT
from recipes import OUTSIDE, Login, Programs

# The lines beside the door, by what they are for.
OPENING = re.findall(r"^#     (set \$weir_publishers .*?;)\s+# (.*)$", (CHECKOUT / "nginx/weir.conf").read_text(), re.MULTILINE)


def opened(line):
    """Puts a line of the site before the include of weir.conf; who has the header X-Client is somebody of elsewhere."""
    return lambda text: text.replace(
        "server_name _;", f"server_name _; set_real_ip_from 127.0.0.1; real_ip_header X-Client;\n{line}")


def publish(site, headers, path="/publish/a", body="x", method="POST"):
    return site.request(method, path, body, {"Content-Type": "text/plain"} | headers)


def test_nobody_publishes_from_elsewhere_unless_that_is_opened(make_site):
    site = make_site(configure=opened(""))
    lines = {"Content-Type": "application/x-ndjson"}
    for address in ("203.0.113.7", "10.0.0.1", "192.168.1.1", "128.0.0.1", "2001:db8::1", "::2"):
        for answer in (
            publish(site, {"X-Client": address}), publish(site, {"X-Client": address} | lines, body='{"message":"x"}'),
            publish(site, {"X-Client": address}, "/publish", method="PUT"),
            # What the door is built of, asked for by its name.
            publish(site, {"X-Client": address}, "/publish/.whole"), publish(site, {"X-Client": address}, "/publish/.lines"),
            publish(site, {"X-Client": address}, "/publish/.lines/a.ndjson"), publish(site, {"X-Client": address}, "/x/../publish"),
            publish(site, {"X-Client": address}, "//publish/%2Ewhole"),
            publish(site, {"X-Client": address}, "/publish/delayed", method="GET"),
            publish(site, {"X-Client": address}, "/publish/delayed/1", method="DELETE"),
            publish(site, {"X-Client": address} | bearer("any")),
        ):
            assert (answer.status, answer.problem()["code"]) == (403, "not_local"), address
            assert "Publishing in weir.conf" in answer.problem()["detail"]
    assert site.request("GET", "/weir/status").json()["queue"]["events"] == 0
    # Reading is not publishing.
    assert site.request("GET", "/sse?poll=1", headers=OUTSIDE).status == 200
    for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        assert publish(site, {"X-Client": address}).status == 200
        assert publish(site, {"X-Client": address} | lines, body='{"message":"x"}').json()["accepted"] == 1
    # A page of elsewhere can read why.
    answer = publish(site, OUTSIDE | {"Origin": "https://app.example.org"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"


def test_a_socket_file_tells_nothing_of_who_is_behind_it(make_site, state):
    """A proxy, as well as a program: it is opened by the site, or not at all."""
    site = make_site(configure=lambda text: text.replace("server_name _;", f"server_name _; listen unix:{state}/front;"))
    for path in ("publish/a", "topics", "weir/status"):
        line = ["curl", "-s", "--unix-socket", state / "front", *(["-d", "x"] if "publish" in path else []), f"http://localhost/{path}"]
        assert json.loads(subprocess.run(line, capture_output=True, timeout=20).stdout)["code"] == "not_local"


def test_publishing_is_closed_also_where_the_first_worker_is_away(make_site):
    site = make_site(workers=2, configure=opened(""))
    site.kill_weir()
    for _ in range(4):
        assert publish(site, OUTSIDE).problem()["code"] == "not_local"
        assert publish(site, {}).status == 200


def test_a_network_may_be_added(make_site):
    site = make_site(configure=lambda text: opened("")(text).replace("# 10.0.0.0/8 1;", "10.0.0.0/8 1;"))
    assert publish(site, {"X-Client": "10.1.2.3"}).status == 200
    assert publish(site, {"X-Client": "11.1.2.3"}).status == 403


@pytest.fixture
def programs():
    programs = Programs()
    programs.answers["/session"] = lambda headers: (
        (204, {"X-User": "anna"}, "") if "session=s-anna" in headers.get("Cookie", "") else (401, {}, ""))
    yield programs
    programs.stop()


def test_three_lines_stand_beside_the_door():
    assert len(OPENING) == 3
    for (_, purpose), word in zip(OPENING, ("a token", "a JSON Web Token", "nginx = true")):
        assert word in purpose


@pytest.mark.parametrize("number", range(3), ids=["token", "JSON Web Token", "auth_request"])
def test_each_of_the_three_lines_opens_it_to_those_whom_rules_allow(make_site, state, programs, number):
    line, purpose = OPENING[number]
    login = Login("https://login.example.org")
    (state / "jwks.json").write_text(login.keys())
    means, known, unknown = [
        ({"token": "t-ci"}, bearer("t-ci"), bearer("t-other")),
        ({"jwt": re.search(r"\{.*\}", purpose)[0] if number == 1 else ""}, bearer(login.token("anna")),
         bearer(Login(login.issuer).token("anna"))),
        ({"nginx": True}, {"Cookie": "session=s-anna"}, {"Cookie": "session=s-bert"}),
    ][number]
    rules = write(state / "access.toml", grant("some", publish=["a"], **means))
    location = f"location = /session {{ internal; proxy_pass http://127.0.0.1:{programs.port}; }}"
    site = make_site("--access", rules, configure=opened(line + location),
                     is_up=lambda site: site.request("GET", "/weir/healthz").status in (200, 401))
    assert publish(site, OUTSIDE | known).status == 200
    assert publish(site, OUTSIDE | known | {"Content-Type": "application/x-ndjson"}, body='{"message":"x"}').json()["accepted"] == 1
    assert publish(site, OUTSIDE | known, "/publish/b").problem()["code"] == "not_allowed"
    for who in (unknown, {}):
        # Here as elsewhere.
        for where in (OUTSIDE, {}):
            assert publish(site, where | who).status == 401


def test_an_open_door_is_closed_by_a_weir_without_rules(make_site):
    site = make_site(workers=2, configure=opened(OPENING[0][0]))
    for headers in (OUTSIDE, {}, bearer("t-ci"), {"Content-Type": "application/x-ndjson"}):
        answer = publish(site, headers)
        assert (answer.status, answer.problem()["code"]) == (503, "auth_unavailable")
        assert "--access" in answer.problem()["detail"]
    site.kill_weir()
    assert {publish(site, {}).problem()["code"] for _ in range(4)} == {"auth_unavailable"}
    assert publish(site, {}, "/publish/delayed", method="GET").problem()["code"] == "auth_unavailable"
    assert site.request("GET", "/sse?poll=1").status == 200


def test_a_site_with_checks_of_its_own_may_open_it_to_all(make_site):
    site = make_site(configure=opened("set $weir_publishers $http_x_word;"))
    assert publish(site, OUTSIDE | {"X-Word": "all"}).status == 200
    for word in ("alle", "allow", "Allowed", "on", "1", "allowed,all"):
        assert publish(site, OUTSIDE | {"X-Word": word}).problem()["code"] == "not_local", word
        assert publish(site, {"X-Word": word}).status == 200
