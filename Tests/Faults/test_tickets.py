"""Tickets, which are small files in the queue's folder: what fails is told, nothing half made is a ticket, and none goes
with a copy."""

import pathlib
import subprocess

import pytest

from access_rules import bearer, grant, write
from faults import ACTIONS, read_calls
from own_disk import OwnDisk
from processes import ENVIRONMENT, weir, weir_program
from site_under_test import Site

# Without the sync of the folder above, which is the queue's.
CALLS = "open,create,write,pwrite,rename,unlink,mkdir"
GRANTS = [grant("reader", subscribe=["news"], publish=["news"], token="t-reader")]


@pytest.fixture
def make_site(state, monkeypatch):
    """Starts a weir with access rules: make_site(queue=…, environment=…), the latter for weir and nginx."""
    sites = []

    def make(queue=None, environment=None):
        for name, value in (environment or {}).items():
            monkeypatch.setitem(ENVIRONMENT, name, value)
        rules = write(state / "access.toml", *GRANTS)
        site = Site(state / f"site-{len(sites)}", "--access", rules)
        site.queue = queue or site.queue
        sites.append(site)
        site.start()
        for name in environment or {}:
            monkeypatch.delitem(ENVIRONMENT, name)
        return site

    yield make
    for site in sites:
        site.stop()


def ask(site):
    return site.request("POST", "/sse/ticket", None, bearer("t-reader"))


def use(site, ticket):
    return site.request("GET", f"/sse/news?poll=1&ticket={ticket}").status


def files(site):
    return list((site.queue / "tickets").iterdir())


def test_who_asks_for_a_ticket_is_told_that_the_disk_is_full(state, make_site):
    disk = OwnDisk(state, "1m")
    try:
        site = make_site(queue=pathlib.Path(disk.path) / "queue")
        assert use(site, ask(site).json()["ticket"]) == 200
        disk.fill()
        for _ in range(20):
            answer = ask(site)
            if answer.status != 200:
                break
        assert (answer.status, answer.problem()["code"]) == (507, "queue_full")
        assert int(answer.headers["Retry-After"]) > 0
        left = len(files(site))
        assert ask(site).status == 507 and len(files(site)) == left, "nothing is left behind"
        disk.free()
        assert use(site, ask(site).json()["ticket"]) == 200
        site.stop()
    finally:
        disk.stop()


@pytest.mark.parametrize("name", [
    "a full disk", "an input/output error", "a short write", "an interruption", "a kill in the middle of it", "a kill after it"])
def test_at_each_call_for_a_ticket_it_is_one_or_refused_after(name, state, make_site, faults):
    queue = state / "counted"
    counted = state / "count"
    site = make_site(queue=queue, environment=faults.environment(queue / "tickets", count=counted, calls=CALLS))
    assert ask(site).status == 200
    site.stop()
    calls = read_calls(counted)
    assert any(call.writes for call in calls), calls
    for call in filter(ACTIONS[name].at, calls):
        queue = state / f"queue-{call.number}"
        site = make_site(queue=queue, environment=faults.environment(
            queue / "tickets", at=call.number, action=ACTIONS[name].what, calls=CALLS))
        answers = [ask(site)]
        if name.startswith("a kill"):
            site.weir.wait()
            site.start_weir()
        answers.append(ask(site))
        assert {answer.status for answer in answers} <= {200, 503, 504, 507, 502}, (call, answers)
        if "kill" not in name and answers[0].status != 200:
            assert answers[0].problem()["code"] in ("queue_full", "queue_error")
        assert answers[1].status == 200
        for answer in answers:
            if answer.status == 200:
                assert use(site, answer.json()["ticket"]) == 200
        # What a death has left is no ticket: nobody was told of it.
        assert len(files(site)) <= (1 if name.startswith("a kill") else 0)
        site.stop()


def test_a_copy_knows_no_ticket_of_before(state, make_site):
    site = make_site()
    assert site.request("PUT", "/publish/news", "x", bearer("t-reader")).status == 200
    used, kept = (ask(site).json()["ticket"] for _ in range(2))
    copy = state / "copy"
    subprocess.run(["cp", "-a", site.queue, copy], check=True)
    assert len(list((copy / "tickets").iterdir())) == 2
    assert weir("check", "--queue", copy).returncode == 0
    assert weir("backup", "--queue", site.queue, state / "backup").returncode == 0
    archive = subprocess.run(["tar", "-c", "-C", copy, "."], capture_output=True, check=True).stdout
    (state / "tar").write_bytes(archive)
    with open(state / "tar", "rb") as stdin:
        subprocess.run([weir_program(), "restore", "--queue", state / "restored", "-"], stdin=stdin, check=True, capture_output=True)
    for folder in (state / "backup", state / "restored"):
        assert not (folder / "tickets").exists()
    other = make_site(queue=copy)
    for ticket in (used, kept):
        assert use(other, ticket) == 401
    assert use(other, ask(other).json()["ticket"]) == 200
    assert use(site, used) == 200 and use(site, used) == 401
