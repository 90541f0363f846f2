"""The Debian package: what is in it, and its life on a clean Debian 12: installed, upgraded, removed, purged."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from debian_tree import DebianTree
from processes import CHECKOUT, wait_until, weir

INSTALLED_KIB_MAXIMUM = 20 * 1024
STREAMS = 20
EVENTS = 200


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200, **options)


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="weir-package-") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


@pytest.fixture(scope="module")
def package(folder):
    result = run(CHECKOUT / "deploy/build-deb", folder)
    assert result.returncode == 0, result.stdout[-3000:]
    (path,) = folder.glob("weir_*.deb")
    assert result.stdout.endswith(f"sudo apt install {path}\n"), result.stdout[-300:]
    return path


@pytest.fixture(scope="module")
def content(package, folder):
    """The files of the package, and in DEBIAN what it says of itself."""
    target = folder / "content"
    assert run("dpkg-deb", "-R", package, target).returncode == 0
    return target


@pytest.fixture(scope="module")
def tree():
    reason = DebianTree.missing()
    if reason:
        pytest.skip(reason)
    tree = DebianTree(tempfile.mkdtemp(prefix="weir-tree-"))
    os.chmod(tree.folder, 0o755)
    try:
        tree.make()
        yield tree
    finally:
        tree.remove()


def field(package, name):
    return run("dpkg-deb", "-f", package, name).stdout.strip()


def test_the_package_has_weirs_version_and_takes_little_room(package):
    version = weir("--version").stdout.strip()
    assert field(package, "Version") == version
    assert package.name == f"weir_{version}_{field(package, 'Architecture')}.deb"
    assert int(field(package, "Installed-Size")) <= INSTALLED_KIB_MAXIMUM


def test_the_program_in_it_needs_no_swift(content):
    dynamic = run("readelf", "-d", content / "usr/bin/weir").stdout
    assert "NEEDED" in dynamic and "BIND_NOW" in dynamic
    assert not re.search(r"RUNPATH|RPATH|swift|Foundation", dynamic), dynamic
    assert ".symtab" not in run("readelf", "-S", content / "usr/bin/weir").stdout
    assert str(CHECKOUT).encode() not in (content / "usr/bin/weir").read_bytes()


def test_all_that_an_administrator_looks_for_is_in_it(content):
    for path in (
        "lib/systemd/system/weir.socket", "lib/systemd/system/weir@.service", "usr/lib/sysusers.d/weir.conf",
        "usr/lib/tmpfiles.d/weir.conf", "etc/weir/weir.toml", "etc/weir/access.toml", "etc/nginx/snippets/weir.conf",
        "etc/nginx/snippets/weir-status.conf", "etc/nginx/snippets/weir-upstream.conf",
        "etc/nginx/sites-available/weir", "etc/nginx/sites-available/weir-tls", "usr/share/man/man1/weir-serve.1.gz",
        "usr/share/man/man5/weir.toml.5.gz", "usr/share/bash-completion/completions/weir",
        "usr/share/zsh/vendor-completions/_weir", "usr/share/fish/vendor_completions.d/weir.fish",
        "usr/share/weir/html/index.html", "usr/share/weir/html/problems/not_found.html",
        "usr/share/weir/html/docs/index.html", "usr/share/doc/weir/copyright", "usr/share/doc/weir/changelog.gz",
    ):
        assert (content / path).is_file(), path
    conffiles = (content / "DEBIAN/conffiles").read_text().split()
    assert sorted(conffiles) == sorted("/" + str(path.relative_to(content))
                                       for path in (content / "etc").rglob("*") if path.is_file())
    # What is logged goes to the journal, which keeps it short.
    assert not (content / "etc/logrotate.d").exists()


def test_lintian_finds_nothing_wrong_with_it(package):
    if os.getuid() != 0 and not shutil.which("lintian"):
        pytest.skip("lintian is missing: sudo apt-get install lintian")
    result = run("lintian", "--pedantic", "--fail-on", "error,warning,pedantic", "--allow-root", package)
    assert result.returncode == 0 and result.stdout == "", result.stdout


def test_the_same_program_gives_the_same_package(package, folder):
    again = folder / "again"
    result = run(CHECKOUT / "deploy/build-deb", again)
    assert result.returncode == 0, result.stdout[-3000:]
    (path,) = again.glob("*.deb")
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()


def test_the_shipped_settings_are_right_and_its_access_rules_let_nobody_in_once_they_are_on(content):
    assert weir("config", "--check", content / "etc/weir/weir.toml").returncode == 0
    rules = content / "etc/weir/access.toml"
    listed = weir("token", "list", "--access", rules)
    assert listed.returncode == 0, listed.stderr
    assert weir("token", "try", "everybody", "subscribe", "news.today", "--access", rules).returncode != 0


def test_a_life_on_a_clean_debian(tree, package, folder):
    shutil.copy(package, tree.folder / "srv/weir.deb")
    version = field(package, "Version")
    install = "apt-get install -qy /srv/weir.deb"

    # Where systemd does not run, nothing is started, and nothing fails.
    result = tree.chroot("sh", "-c", install)
    assert result.returncode == 0, result.stdout
    assert "weir is not started" in result.stdout
    assert tree.chroot("weir", "--version").stdout.strip() == version
    result = tree.chroot("apt-get", "purge", "-qy", "weir")
    assert result.returncode == 0, result.stdout
    for path in ("etc/weir", "var/lib/weir", "run/weir", "etc/systemd/system/multi-user.target.wants/weir@1.service"):
        assert not os.path.lexists(tree.folder / path), path

    obstacle = tree.boot()
    if obstacle:
        pytest.skip(obstacle)

    # Installed beside an nginx that runs: the package's own last words lead to the first event.
    words = tree.says(install)
    commands = re.findall(r"(?m)^  (.+)$", words.partition("Three commands")[2])
    assert len(commands) == 3, words
    answers = [tree.says(command.replace("sudo ", "")) for command in commands]
    assert json.loads(answers[1].splitlines()[-1])["durable"] == "full", answers
    assert "data: Hello" in answers[2]
    assert "<title>weir</title>" in tree.says("curl -fsS http://localhost:8080/")
    assert tree.says("curl -fsS http://localhost:8080/docs/")
    assert tree.says("systemctl is-active weir.socket weir@1").split() == ["active"] * 2
    assert tree.says("systemctl is-enabled weir.socket weir@1").split() == ["enabled"] * 2
    assert tree.says("stat -c '%a %U %G' /etc/weir/access.toml").split() == ["640", "root", "weir"]
    assert tree.says("stat -c '%a %U %G' /var/lib/weir").split() == ["700", "weir", "weir"]
    assert tree.run("setpriv --reuid www-data --regid www-data --init-groups ls /var/lib/weir/queue").returncode != 0
    assert tree.says("systemctl --failed --no-legend").strip() == ""

    upgrade(tree, package, folder)

    # Removed: the queue and the settings stay, and nginx starts with its site.
    tree.says("echo '# mine' >>/etc/weir/weir.toml; apt-get remove -qy weir; nginx -t -q")
    assert not os.path.lexists(tree.folder / "run/weir/weir.sock")
    assert tree.says("systemctl list-units --no-legend --state=active 'weir*'") == ""
    assert (tree.folder / "var/lib/weir/queue").is_dir()
    # And it goes on where it was.
    tree.says(install)
    assert "data: Hello" in tree.says("curl -fsS 'http://localhost:8080/sse?poll=1'")
    assert tree.says("tail -n 1 /etc/weir/weir.toml") == "# mine\n"

    # Purged: nothing is left, and nginx serves its other sites.
    tree.says("apt-get purge -qy weir </dev/null && nginx -t -q && curl -fsS http://localhost/")
    left = tree.says("find / -xdev -name '*weir*' -not -path '/proc/*' -not -path '/srv/*' -not -path '/var/log/*' "
                     "-not -path '/tmp/*' -not -path '/var/cache/*'")
    assert left == ""
    assert tree.says("systemctl --failed --no-legend").strip() == ""


def upgrade(tree, package, folder):
    """Installs a newer package while streams are open, at two workers, and events are published: none is lost."""
    newer = folder / "newer"
    assert run("dpkg-deb", "-R", package, newer).returncode == 0
    control = newer / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+1", control.read_text()))
    assert run("dpkg-deb", "--root-owner-group", "-b", newer, tree.folder / "srv/newer.deb").returncode == 0

    tree.says("systemctl start weir@2")
    tails = [
        subprocess.Popen(
            tree.command(f"exec weir tail --url http://localhost:8080 --topic up --json >/srv/tail.{number}"),
            env=tree.environment, stderr=subprocess.DEVNULL)
        for number in range(STREAMS)
    ]
    try:
        status = "curl -fsS http://localhost:8080/weir/status"
        wait_until(lambda: json.loads(tree.says(status))["streams"]["open"] >= STREAMS, "streams")
        publisher = subprocess.Popen(
            tree.command(
                f"for i in $(seq {EVENTS}); do curl -fsS -d $i http://localhost:8080/publish/up || exit 1; done; "
                "curl -fsS -d end 'http://localhost:8080/publish/up?end=true'"),
            env=tree.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        before = tree.says("systemctl show -P MainPID weir@1 weir@2").split()
        words = tree.says("apt-get install -qy /srv/newer.deb")
        assert "Three commands" not in words
        said, _ = publisher.communicate(timeout=120)
        assert publisher.returncode == 0, said
        assert not set(before) & set(tree.says("systemctl show -P MainPID weir@1 weir@2").split())
        # The topic has ended, and so have the streams, with all of it.
        for number, tail in enumerate(tails):
            assert tail.wait(60) == 0
            lines = (tree.folder / f"srv/tail.{number}").read_text().splitlines()
            assert [json.loads(line)["data"] for line in lines] == [*map(str, range(1, EVENTS + 1)), "end"]
    finally:
        for tail in tails:
            tail.kill()
            tail.wait()
