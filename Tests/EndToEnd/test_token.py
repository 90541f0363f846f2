"""weir token: makes, lists, revokes and tries grants, in a file that weir reads meanwhile."""

import json
import os
import subprocess

import pytest

from access_rules import bearer, hash_of
from processes import wait_until, weir_program


def token(*arguments):
    return subprocess.run([weir_program(), "token", *map(str, arguments)], capture_output=True, text=True, timeout=20)


@pytest.fixture
def rules(state):
    path = state / "access.toml"
    path.write_text("# everybody\n[[grant]]\nname = 'all'\nanonymous = true\nsubscribe = ['news']\n")
    path.chmod(0o604)
    return path


def test_a_token_that_is_made_publishes_until_it_is_revoked(make_site, rules):
    site = make_site("--access", rules)
    made = token("make", "ci", "--publish", "builds.>", "--access", rules)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert made.stdout == secret + "\n" and len(secret) > 40 and secret.startswith("weir_")
    text = rules.read_text()
    assert secret not in text and hash_of(secret) in text and text.startswith("# everybody\n")
    assert rules.stat().st_mode & 0o777 == 0o604

    def publish():
        return site.request("PUT", "/publish/builds.1", "x", bearer(secret)).status

    wait_until(lambda: publish() == 200, "the new grant")
    assert token("revoke", "ci", "--access", rules).returncode == 0
    wait_until(lambda: publish() == 401, "the end of the grant")
    assert rules.read_text().rstrip() + "\n" == text[:text.index("[[grant]]\nname = \"ci\"")].rstrip() + "\n"


def test_the_curl_line_that_is_told_works_as_it_stands(make_site, state):
    rules = state / "new.toml"
    made = token("make", "me", "--publish", "to.{user}.>", "--subscribe", "to.{user}.>", "--access", rules)
    site = make_site("--access", rules)
    publish, listen = [line.strip() for line in made.stderr.splitlines() if line.startswith("  curl")]
    for line in (publish, listen.replace("sse?", "sse?poll=1&")):
        done = subprocess.run(
            line.replace("https://HOST", site.address).replace("curl", "curl -sS -f", 1), shell=True,
            capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, (line, done.stderr)
    assert "data: hello" in done.stdout
    # The same, with the token in a file and in no list of processes.
    (state / "token").write_text(made.stdout)
    publish, listen = [line.strip() for line in made.stderr.splitlines() if line.startswith("  sed")]
    for line in (publish, listen.replace("sse?", "sse?poll=1&")):
        assert made.stdout.strip() not in line
        line = line.replace("https://HOST", site.address).replace("FILE", str(state / "token"))
        done = subprocess.run(
            line.replace("curl", "curl -sS -f", 1), shell=True, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, (line, done.stderr)
    assert done.stdout.count("data: hello") == 2


def test_grants_are_listed_and_tried(rules):
    assert token("make", "ci", "--publish", "a.*", "--expires", "1h", "--access", rules).returncode == 0
    grants = [json.loads(line) for line in token("list", "--json", "--access", rules).stdout.splitlines()]
    assert [grant["name"] for grant in grants] == ["all", "ci"]
    assert grants[1]["publish"] == ["a.*"] and grants[1]["expires"]
    for words, answer, code in (
        (("ci", "publish", "a.b"), "yes\n", 0), (("ci", "publish", "a.b.c"), "no\n", 1),
        (("ci", "subscribe", "news"), "yes\n", 0), (("all", "publish", "news"), "no\n", 1),
        (("nobody", "publish", "a"), "", 66), (("ci", "publish", "a.*"), "", 64),
    ):
        tried = token("try", *words, "--access", rules)
        assert (tried.stdout, tried.returncode) == (answer, code), words


@pytest.mark.parametrize("arguments, code, text", [
    (("make", "all", "--publish", "a"), 78, "'all' names another grant already"),
    (("make", "a.b", "--publish", "a"), 78, "without dots"),
    (("make", "x", "--publish", ">.a"), 78, "no pattern"),
    (("make", "x"), 64, "opens nothing"),
    (("make", "x", "--publish", "a", "--expires", "soon"), 64, "it is a time"),
    (("revoke", "x"), 66, "no grant 'x'"),
])
def test_what_cannot_be_is_said_and_changes_nothing(rules, arguments, code, text):
    before = rules.read_text()
    done = token(*arguments, "--access", rules)
    assert done.returncode == code and text in done.stderr, done.stderr
    assert rules.read_text() == before and os.listdir(rules.parent) == [rules.name]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of other users")
def test_owner_and_group_stay_or_nothing_is_changed(state):
    def make(name, *as_whom):
        return subprocess.run(
            ["setpriv", *as_whom, weir_program(), "token", "make", name, "--publish", "a", "--access", path],
            capture_output=True, text=True, timeout=20)

    alice = ["--reuid", "65001", "--regid", "65001", "--groups", "65002"]
    folder = state / "etc"
    folder.mkdir()
    os.chmod(state, 0o755)
    os.chown(folder, 65001, 65002)
    path = folder / "access.toml"
    # What root makes is for whom the folder is for.
    assert make("root", "--reuid", "0").returncode == 0
    assert (path.stat().st_uid, path.stat().st_gid) == (65001, 65002)
    path.chmod(0o640)
    assert make("alice", *alice).returncode == 0
    assert make("again", "--reuid", "0").returncode == 0
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (65001, 65002, 0o640)
    os.chown(path, 65003, 65002)
    before = path.read_bytes()
    done = make("more", *alice)
    assert done.returncode == 77 and "change its owner" in done.stderr and done.stdout == ""
    assert path.read_bytes() == before and os.listdir(folder) == ["access.toml"]


def test_a_link_stays_a_link_and_a_faulty_file_as_it_is(rules):
    link = rules.with_name("link.toml")
    link.symlink_to(rules)
    assert token("make", "ci", "--publish", "a", "--access", link).returncode == 0
    assert link.is_symlink() and "ci" in rules.read_text()
    rules.write_text("[[grant]\n")
    done = token("make", "x", "--publish", "a", "--access", rules)
    assert done.returncode == 78 and "access.toml:1:" in done.stderr
    assert rules.read_text() == "[[grant]\n"
