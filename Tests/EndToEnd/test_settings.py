"""Settings: by the file, by variables, by flags; what is in force; what changes while weir runs."""

import json
import os
import re
import signal
import subprocess
import threading
import tomllib

import pytest

from access_rules import grant, write as write_rules
from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS, end, wait_until, weir, weir_program

OK, USAGE, NO_INPUT, SYSTEM, NO_PERMISSION, SETTINGS = 0, 64, 66, 71, 77, 78
SHIPPED = CHECKOUT / "deploy/weir.toml"
# Three values for each setting, none of them the default: for the file, a variable and a flag.
VALUES = {
    "queue": ["/a/q", "/b/q", "/c/q"],
    "socket": ["/a/s", "/b/s", '/c "s\\'],
    "socket-user": ["a", "1000", "c"],
    "socket-group": ["a", "1000", "c"],
    "socket-mode": ["0600", "0666", "0777"],
    "socket-peers": [["a"], ["b", "33"], ["0"]],
    "fd": [3, 4, 0],
    "demo": [True, False, True],
    "cors-origin": [["https://a.example"], ["https://b.example", "http://localhost:3000"], ["*"]],
    "access": ["access.toml", "/etc/weir/access.toml", "rules.toml"],
    "get-publish": [True, False, True],
    "heartbeat": [20, 0.5, 3600],
    "checkpoints": [False, True, False],
    "retry": [0, 100, 5000],
    "durability": ["none", "interval", "none"],
    "retention-bytes": ["500M", 1048576, "none"],
    "retention-age": ["12h", "30d", 60],
    "retention-count": [1000, 2000, 3000],
    "idempotency-window": ["1s", 3600, "30d"],
    "max-streams": [10, 20, 30],
    "max-streams-per-address": [1, 2, 3],
    "max-new-streams": [1, 2, 3],
    "max-stream-age": ["1h", "2h", "1s"],
    "drain": ["none", "1ms", "1d"],
    "loops": [2, 3, 64],
    "log-level": ["debug", "trace", "critical"],
}
# The one excludes the other.
PARTS = [set(VALUES) - {"fd"}, set(VALUES) - {"socket"}]


def config(*arguments, env=None):
    """What `weir config` prints: the values, and where each comes from."""
    result = weir("config", *arguments, env=env)
    assert result.returncode == OK, result.stderr
    return tomllib.loads(result.stdout), sources(result.stdout)


def sources(text):
    return dict(re.fullmatch(r"#?([a-z-]+) =.* # (.*)", line).groups() for line in text.splitlines())


def toml(value):
    return json.dumps(value, ensure_ascii=False)


def write(path, names, place):
    path.write_text("".join(f"{name} = {toml(VALUES[name][place])}\n" for name in sorted(names)))
    return path


def variables(names, place):
    def text(value):
        if isinstance(value, list):
            return ", ".join(value)
        return str(value).lower() if isinstance(value, bool) else str(value)

    return {"WEIR_" + name.upper().replace("-", "_"): text(VALUES[name][place]) for name in names}


def flags(names, place):
    words = []
    for name in names:
        value = VALUES[name][place]
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        else:
            for one in value if isinstance(value, list) else [value]:
                words += [f"--{name}", str(one)]
    return words


def options_of(command):
    """The options of a command, as the parser of the command line knows them."""
    dump = json.loads(weir(command, "--experimental-dump-help").stdout)
    names = [name["name"] for argument in dump["command"]["arguments"] for name in argument["names"] if name["kind"] == "long"]
    return {name for name in names if not name.startswith("no-")} - {"help", "version", "config", "check"}


def test_each_option_of_serve_is_a_setting_and_the_other_way_round():
    assert options_of("serve") == options_of("config") == set(VALUES)
    printed = weir("config").stdout
    assert set(sources(printed)) == set(VALUES)
    assert set(sources(printed).values()) == {"default", "not set"}


@pytest.mark.parametrize("names", PARTS, ids=["socket", "fd"])
def test_each_setting_is_had_by_the_file_a_variable_and_a_flag_the_later_ones_first(state, names):
    path = write(state / "weir.toml", names, 0)
    arguments = ["--config", path]
    for place, env in enumerate([{}, variables(names, 1), variables(names, 1)]):
        if place == 2:
            arguments += flags(names, 2)
        values, source = config(*arguments, env=env)
        for number, name in enumerate(sorted(names), 1):
            assert values[name] == VALUES[name][place], name
            variable = "WEIR_" + name.upper().replace("-", "_")
            assert source[name] == [f"{path}:{number}", f"environment {variable}", f"flag --{name}"][place]


def test_what_is_printed_is_a_settings_file(state):
    path = write(state / "one.toml", PARTS[0], 2)
    printed = weir("config", "--config", path).stdout
    (state / "two.toml").write_text(printed)
    assert weir("config", "--check", state / "two.toml").returncode == OK
    assert config("--config", state / "two.toml")[0] == tomllib.loads(printed) == tomllib.loads(path.read_text())


def test_the_shipped_file_has_each_setting_with_its_default():
    lines = SHIPPED.read_text().splitlines()
    names = [match[1] for line in lines if (match := re.match(r"#?([a-z-]+) = ", line))]
    assert sorted(names) == sorted(VALUES), "each once"
    active = [line for line in lines if re.match(r"[a-z]", line)]
    assert [line.split(" = ")[0] for line in active] == ["queue", "socket"], "what has no default"
    defaults, _ = config()
    shipped = tomllib.loads("\n".join(line.removeprefix("#") for line in lines if re.match(r"#?[a-z-]+ = ", line)))
    assert {name: shipped[name] for name in defaults} == defaults
    assert shipped["fd"] == 0 and len(shipped) == len(VALUES)
    # Before each setting stands what it is for, and with a live one that it is.
    for place, line in enumerate(lines):
        if re.match(r"#?[a-z-]+ = ", line):
            assert lines[place - 1].startswith("# "), line
    assert weir("config", "--check", SHIPPED).returncode == OK


@pytest.mark.parametrize("text, place, words", [
    ('queue = "q"\nretention_bytes = "1G"\n', "2:1", ["'retention_bytes'", "did you mean 'retention-bytes'?"]),
    ("colour = 1\n", "1:1", ["there is no setting 'colour'", "retention-bytes"]),
    ("[streams]\n", "1:2", ["there is no setting 'streams'"]),
    ('\n  retention-bytes = "1 GB"\n', "2:21", ['retention-bytes is "1 GB"', "from 4K to 1024T, or none"]),
    ("heartbeat = 0\n", "1:13", ["heartbeat is 0", "from 0.1 to 3600"]),
    ("retry = true\n", "1:9", ["retry is true or false", "it has to be a number"]),
    ('demo = "true"\n', "1:8", ["demo is a text", "it has to be true or false, without quotes"]),
    ("socket = 7\n", "1:10", ["socket is an integer", "a text in quotes"]),
    ('socket = ""\n', "1:10", ["it is empty: name a path"]),
    ('cors-origin = ["https://a.example", 1]\n', "1:37", ["cors-origin is an integer", "a list of texts"]),
    ('cors-origin = ["https://a.example/"]\n', "1:15", ["browsers write it as 'https://a.example'"]),
    ('durability = "half"\n', "1:14", ["it is full, interval or none"]),
    ("socket = /run/weir.sock\n", "1:10", ["a text stands in quotes"]),
    ("retry = 1\nretry = 2\n", "2:", ["cannot redefine"]),
    ('socket = "s"\nfd = 0\n', "", ["socket", ":1)", "fd", ":2)"]),
    (f'queue = "{"q" * 5000}\\u0000"\n', "1:9", ["it has a NUL byte", "…"]),
])
def test_what_is_wrong_in_a_file_is_told_with_its_place(state, text, place, words):
    path = state / "weir.toml"
    path.write_text(text)
    for arguments in [["--check", path], ["--config", path]]:
        result = weir("config", *arguments)
        assert result.returncode == SETTINGS
        assert result.stdout == ""
        assert f"{path}:{place}" in result.stderr if place else str(path) in result.stderr
        for word in words:
            assert word in result.stderr, result.stderr
        assert len(result.stderr) < 1000 + len(str(path))
    result = weir("serve", "--config", path, "--queue", state / "queue")
    assert result.returncode == SETTINGS
    assert not (state / "queue").exists()


def test_all_that_is_wrong_is_told_at_once(state):
    path = state / "weir.toml"
    path.write_text('heartbeat = 0\nretri = 1\ndemo = 1\nqueue = "fine"\n')
    lines = weir("config", "--check", path).stderr.splitlines()
    assert [line.split(":")[2] for line in lines] == ["1", "2", "3"], lines
    env = {"WEIR_HEARTBEAT": "0", "WEIR_DEMO": "yes"}
    result = weir("config", env=env)
    assert result.returncode == SETTINGS
    assert "WEIR_DEMO is 'yes': it is true or false" in result.stderr
    assert "WEIR_HEARTBEAT is '0': it is a number of seconds" in result.stderr


def test_a_file_that_is_named_has_to_be_there(state):
    missing = state / "missing.toml"
    for command in [["config", "--check", missing], ["config", "--config", missing], ["serve", "--config", missing]]:
        result = weir(*command)
        assert result.returncode == NO_INPUT
        assert str(missing) in result.stderr
    assert weir("config", env={"WEIR_CONFIG": str(missing)}).returncode == NO_INPUT
    assert weir("config", "--config", "none", env={"WEIR_CONFIG": str(missing)}).returncode == OK
    assert weir("config", "--check", state).returncode != OK
    assert weir("config", "--check", missing, "--demo").returncode == USAGE


def test_the_standard_file_is_read_where_no_other_is_named(state):
    def run(script):
        # A folder /etc of its own.
        command = ["unshare", "--mount"] + ["--map-root-user"] * (os.getuid() != 0)
        command += ["sh", "-c", f"mount -t tmpfs none /etc && mkdir /etc/weir && {script}", weir_program()]
        env = {name: value for name, value in ENVIRONMENT.items() if name != "WEIR_CONFIG"}
        return subprocess.run(command, capture_output=True, text=True, env=env, timeout=PATIENCE_SECONDS)

    if run("true").returncode != 0:
        pytest.skip("no folder /etc of its own for this test: it needs unprivileged user namespaces")
    write_it = "printf 'retry = 7\\n' > /etc/weir/weir.toml && "
    assert sources(run('"$0" config').stdout)["retry"] == "default"
    assert sources(run(write_it + '"$0" config').stdout)["retry"] == "/etc/weir/weir.toml:1"
    assert sources(run(write_it + '"$0" config --config none').stdout)["retry"] == "default"
    assert sources(run(write_it + 'WEIR_CONFIG=none "$0" config').stdout)["retry"] == "default"
    # Where it goes away, its settings stay in force.
    log = run(write_it + '''
        "$0" serve --queue /etc/queue --socket /etc/socket 2> /etc/log & weir=$!
        wait_for() { until grep -q "$1" /etc/log; do kill -0 $weir || exit 1; sleep .02; done; }
        wait_for serving; rm /etc/weir/weir.toml; kill -HUP $weir; wait_for refused; kill $weir; wait; cat /etc/log''').stdout
    assert "/etc/weir/weir.toml is not there any more" in log and "read again" not in log


def test_a_socket_and_a_descriptor_exclude_each_other_and_the_later_one_wins(state):
    path = state / "weir.toml"
    path.write_text('socket = "/a/s"\n')
    values, source = config("--config", path, "--fd", 0)
    assert values["fd"] == 0 and source["socket"] == "not set"
    values, source = config("--config", path, env={"WEIR_FD": "0"})
    assert values["fd"] == 0 and "socket" not in values
    for arguments, env in [(["--fd", 0, "--socket", "s"], {}), ([], {"WEIR_FD": "0", "WEIR_SOCKET": "s"})]:
        result = weir("config", *arguments, env=env)
        assert result.returncode == SETTINGS and "say one of them" in result.stderr


def test_what_serve_needs_is_asked_for_by_all_its_names(state):
    result = weir("serve", "--socket", state / "s")
    assert result.returncode == USAGE
    assert "--queue" in result.stderr and "WEIR_QUEUE" in result.stderr
    result = weir("serve", "--queue", state / "queue")
    assert result.returncode == USAGE
    assert "--socket" in result.stderr and "WEIR_SOCKET" in result.stderr
    assert not (state / "queue").exists()


def test_serve_works_by_the_file_alone_and_says_which(make_site, state):
    path = state / "weir.toml"
    path.write_text("retry = 1234\ncheckpoints = false\n")
    site = make_site("--config", path)
    assert site.wait_for_log("serving", f"settings={path}")
    with site.stream() as stream:
        site.publish_all(["x"])
        assert stream.data(1) == ["x"]
        assert 1234 <= stream.retry <= 1234 * 1.5


def test_a_misspelled_variable_is_told_in_the_log(make_site, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "WEIR_RETENTION_BYTE", "1G")
    monkeypatch.setitem(ENVIRONMENT, "WEIR_PORT", "tcp://10.0.0.1:80")
    site = make_site()
    assert site.wait_for_log("WEIR_RETENTION_BYTE is no setting", "did you mean WEIR_RETENTION_BYTES?")
    assert site.count_log("WEIR_PORT") == 0


# --- While weir runs ---


class Reloaded:
    """A site with a settings file that is written and read again."""

    def __init__(self, make_site, state, text):
        self.path = state / "weir.toml"
        self.path.write_text(text)
        self.site = make_site("--config", self.path)

    def reload(self, text, *words):
        """Writes the file, and returns the line that the log tells of it."""
        known = self.site.log.read_text().count("\n")
        self.path.write_text(text)
        self.site.weir.send_signal(signal.SIGHUP)

        def line():
            for line in self.site.log.read_text().splitlines()[known:]:
                if all(word in line for word in words):
                    return line
            return None

        return wait_until(line, f"a log line with {words}")


@pytest.fixture
def reloaded(make_site, state):
    return lambda text="": Reloaded(make_site, state, text)


def test_a_changed_heartbeat_reaches_streams_that_are_open(reloaded):
    one = reloaded("heartbeat = 3600\n")
    with one.site.stream("/sse?signals=heartbeat") as stream:
        one.site.publish_all(["x"])
        assert stream.data(1) == ["x"]
        assert "changed=heartbeat from 3600 to 0.1" in one.reload("heartbeat = 0.1\n", "read again")
        assert [stream.event().type for _ in range(3)] == ["weir.heartbeat"] * 3


def test_a_changed_age_ends_streams_that_are_open(reloaded):
    one = reloaded()
    with one.site.stream() as stream:
        one.site.publish_all(["x"])
        assert stream.data(1) == ["x"]
        one.reload('max-stream-age = "1s"\n', "read again", "max-stream-age from none to 1s")
        assert stream.event() is None
    one.reload("", "read again", "max-stream-age from 1s to none")


def test_changed_limits_hold_for_the_next_stream(reloaded):
    one = reloaded("max-streams = 1\n")
    with one.site.stream() as stream:
        with one.site.stream() as other:
            assert other.event() is None
            assert "all 1 streams are taken" in " ".join(other.comments)
        one.reload("max-streams = 2\n", "read again")
        with one.site.stream() as other:
            one.site.publish_all(["x"])
            assert stream.data(1) == other.data(1) == ["x"]
    one.reload("max-streams-per-address = 1\n", "read again")
    with one.site.stream() as stream:
        assert one.site.request("GET", "/sse?poll=1").status == 429


def test_a_changed_retention_removes_what_it_does_not_keep(reloaded):
    one = reloaded('log-level = "info"\nretention-count = 100\n')
    one.site.publish_all([str(number) for number in range(60)])
    assert len(list(one.site.queue.glob("*.sse"))) > 2
    one.reload("retention-count = 1\n", "read again", "retention-count from 100 to 1")
    wait_until(lambda: len(list(one.site.queue.glob("*.sse"))) <= 2, "the upkeep")


def test_a_changed_log_level_is_that_of_all_parts(reloaded):
    one = reloaded()
    one.reload('log-level = "error"\n', "read again", "log-level from info to error")
    line = one.reload('log-level = "error"\nretry = "x"\n', "refused", "retry is")
    assert f"{one.path}:2:9" in line
    one.reload('log-level = "info"\n', "read again", "log-level from error to info")
    assert one.site.count_log("read again") == 2


def test_what_needs_a_restart_is_named_and_stays(reloaded):
    one = reloaded("retry = 1000\n")
    for _ in range(2):
        line = one.reload("retry = 90000\nloops = 3\nheartbeat = 5\n", "need a restart")
        assert "settings=retry, loops" in line
    with one.site.stream() as stream:
        one.site.publish_all(["x"])
        assert stream.data(1) == ["x"]
        assert 1000 <= stream.retry <= 1500
    one.reload("retry = 1000\n", "read again", "heartbeat from 5 to 15")
    assert one.site.count_log("need a restart") == 2


LIVE = {
    "heartbeat", "retention-bytes", "retention-age", "retention-count", "max-streams", "max-streams-per-address",
    "max-new-streams", "max-stream-age", "drain", "log-level",
}


@pytest.mark.parametrize("access", [True, False], ids=["with rules", "without"])
def test_each_setting_that_is_changed_is_in_force_or_named(reloaded, state, access):
    rules = write_rules(state / "rules.toml", grant("all", ["a"], ["a"], anonymous=True))
    one = reloaded(f"access = {toml(str(rules))}\n" if access else "")
    names = set(VALUES) - {"queue", "socket", "fd"}
    text = "".join(f"{name} = {toml(VALUES[name][0])}\n" for name in names)
    line = one.reload(text, "need a restart")
    assert set(re.search(r'settings="?([a-z, -]*)', line)[1].strip().split(", ")) == names - LIVE
    line = one.reload(text, "read again", "changed=nothing")
    (line,) = [line for line in one.site.log.read_text().splitlines() if "read again" in line and "nothing" not in line]
    assert set(re.findall(r"([a-z-]+) from ", line)) == LIVE
    assert f"retention-age from 7d to {VALUES['retention-age'][0]}" in line
    assert one.site.publish("x", path="/publish/a") if access else one.site.publish("x")


def test_a_pipe_is_read_at_the_start_and_refused_afterwards(make_site, state):
    path = state / "weir.toml"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("max-streams-per-address = 1\nretention-count = 1000\n"))
    writer.start()
    site = make_site("--config", path)
    writer.join()
    for number in range(1, 3):
        site.weir.send_signal(signal.SIGHUP)
        site.wait_for_log("refused", "is no regular file")
        with site.stream():
            assert site.request("GET", "/sse?poll=1").status == 429
        wait_until(lambda: site.count_log("stream closed") == number, "the end of the only stream")
    path.unlink()
    path.write_text("max-streams-per-address = 2\n")
    site.weir.send_signal(signal.SIGHUP)
    site.wait_for_log("read again", "max-streams-per-address from 1 to 2")


@pytest.mark.parametrize("way", ["a flag", "a file"])
def test_rules_may_be_among_the_credentials_of_the_service(make_site, state, monkeypatch, way):
    (state / "credentials").mkdir()
    write_rules(state / "credentials/access.toml", grant("all", ["a"], anonymous=True))
    name = "$CREDENTIALS_DIRECTORY/access.toml"
    (state / "weir.toml").write_text(f"access = {toml(name)}\n")
    arguments = ["--access", name] if way == "a flag" else ["--config", state / "weir.toml"]
    result = weir("serve", "--queue", state / "queue", "--socket", state / "s", *arguments)
    assert result.returncode == SETTINGS and "LoadCredential=" in result.stderr
    assert weir("config", *arguments).stdout.count(name) == 1
    monkeypatch.setitem(ENVIRONMENT, "CREDENTIALS_DIRECTORY", str(state / "credentials"))
    site = make_site(*arguments)
    assert site.request("PUT", "/publish/a", "x").status == 200
    assert site.request("PUT", "/publish/b", "x").status == 401


def test_a_file_that_is_wrong_changes_nothing(reloaded):
    one = reloaded("max-streams-per-address = 1\n")
    for text, words in [
        ("max-streams-per-address = 0\n", ["max-streams-per-address is 0"]),
        ("max-streams-per-address = 2\nretri = 1\n", ["did you mean 'retry'?"]),
        ("max-streams = 100000000\n", ["limit of descriptors"]),
        ("x", [":1:2:"]),
    ]:
        one.reload(text, "refused", *words)
        with one.site.stream():
            assert one.site.request("GET", "/sse?poll=1").status == 429
    one.path.unlink()
    one.site.weir.send_signal(signal.SIGHUP)
    one.site.wait_for_log("refused", "No such file")
    assert end(one.site.weir) == OK
