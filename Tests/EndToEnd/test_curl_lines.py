"""Every curl line that the README, deploy/up and weir's own answers tell people to type is typed here, as it
stands. A configuration of curl's sends it to the site of the test, and makes an answer over 399 a failure."""

import html
import os
import random
import re
import subprocess

import pytest

from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS, end, start, weir_program

README = CHECKOUT / "README.md"


def commands_in_markdown(text):
    """The commands of the shell blocks, continued lines as one, and those in the text that name an address."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield from (line.strip() for line in block.replace("\\\n", "").splitlines())
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (code for code in re.findall(r"`([^`\n]+)`", outside))


def commands_of_up():
    text = (CHECKOUT / "deploy/up").read_text().partition("say_what_to_try() {")[2].partition("\nTXT\n")[0]
    yield from (line.strip().replace("$port", "8080") for line in text.splitlines())


def commands_of_pages():
    for path in (CHECKOUT / "nginx/html").rglob("*.html"):
        yield from map(html.unescape, re.findall("<code>(.*?)</code>", path.read_text()))


def commands_of_answers():
    """What weir and nginx themselves advise: a literal of theirs that holds a whole curl line."""
    for path in [*(CHECKOUT / "Sources").rglob("*.swift"), *(CHECKOUT / "nginx").glob("*.conf")]:
        text = re.sub(r'"\s*\+ "', "", path.read_text())
        yield from re.findall(r"`(curl [^`]*)`", text)


def lines():
    found = {}
    for place, commands in (
        ("README", commands_in_markdown(README.read_text())), ("up", commands_of_up()),
        ("page", commands_of_pages()), ("answer", commands_of_answers()),
    ):
        for command in commands:
            if re.search(r"\bcurl\b.*https?://", command) and command not in found:
                found[command] = place
    return [pytest.param(command, id=f"{place}: {command[:60]}") for command, place in found.items()]


@pytest.fixture
def typed(make_site, state):
    """Runs a command as somebody types it beside a site at http://localhost:8080."""
    # Port 8080 of this machine may be taken: of the loopback addresses one is free.
    address = f"127.{random.randrange(1, 255)}.{random.randrange(255)}.{random.randrange(1, 255)}"
    site = make_site("--demo", configure=lambda text: text.replace(
        "backlog=4096 ;", f"backlog=4096; listen {address}:8080;"))
    (state / ".curlrc").write_text(
        f'connect-to = "localhost:8080:{address}:8080"\nfail-with-body\nsilent\nshow-error\n'
        f"max-time = {PATIENCE_SECONDS}\n")
    # What lines of the README take from a folder.
    (state / "events.ndjson").write_text('{"message":"1"}\n{"message":"2"}\n')
    (state / "bin").mkdir()
    (state / "bin/weir").symlink_to(weir_program())

    environment = ENVIRONMENT | {"CURL_HOME": str(state), "PATH": f"{state}/bin:{os.environ['PATH']}"}
    # The bare /sse shows the demo's clock while nothing is published; with more said it shows what there is.
    site.publish_all(["something"], topic="orders")

    def run(command):
        return start("bash", "-c", command, cwd=state, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                     text=True, env=environment)

    return run


def test_there_are_lines_to_type():
    assert len(lines()) > 8


@pytest.mark.parametrize("command", lines())
def test_a_curl_line_does_what_it_says_as_it_stands(typed, command):
    process = typed(command)
    if "/sse" in command:
        # It may go on for ever: something of it is enough.
        said = ""
        while "data" not in said and (line := process.stdout.readline()):
            said += line
        end(process)
        assert "data" in said, said
        return
    said = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 0 and said, said
    assert '"code":' not in said
    if "/publish" in command and "delayed" not in command:
        repeated = 10 if "{1..10}" in command else 1
        assert said.count('"id":') == repeated or re.fullmatch(r"[0-9a-f]{8}-\d+\n", said), said
