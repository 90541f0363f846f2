"""The documentation as its readers follow it: what stands in a page's blocks is typed, saved and run.

* ```sh          one shell, from the first block of the page to the last, with `set -e`, beside a site
* ```sh background   another terminal: it goes on until the page ends, and has to say something
* ```sh no-run   not run; NOT_RUN of test_docs.py says why
* ```cron        the command of each line is run, too
* ```output      what the block before says, or one in another terminal: `…` is anything, ids and times are some id and time
* ```LANGUAGE name=FILE   saved as FILE, before all else
* ```nginx site    stands in the page's site
* <!-- test: weir serve OPTIONS -->   how the page's weir is started; <!-- test: workers 2 --> how many there are
"""

import os
import re
import subprocess
import sys

from markdown_it import MarkdownIt

from processes import CHECKOUT, PATIENCE_SECONDS, ENVIRONMENT, start, wait_until, weir_program

PAGES = sorted((CHECKOUT / "Sources").rglob("*.docc/**/*.md"))
TEXTS = [CHECKOUT / "README.md", CHECKOUT / "ARCHITECTURE.md", *PAGES]
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
# What ids and times of examples stand for.
STAND_INS = [
    (r"\b[0-9a-f]{8}-[0-9]+\b", r"[0-9a-f]{8}-[0-9]+"),
    (r"\b[0-9a-f]{16}\b", r"[0-9a-f]{16}"),
    (r"\b1[0-9]{12}\b", r"[0-9]{13}"),
]


class Fence:
    """A block of a page."""

    def __init__(self, token):
        self.language, *self.words = token.info.split() or [""]
        self.text = token.content
        self.line = token.map[0] + 1
        self.name = next((word.removeprefix("name=") for word in self.words if word.startswith("name=")), None)

    @property
    def is_run(self):
        return self.language == "cron" or self.language == "sh" and "no-run" not in self.words

    def command(self):
        if self.language != "cron":
            return self.text
        lines = [re.fullmatch(r"(?:[-*/0-9,]+ +){5}(.*)", line) for line in self.text.splitlines()]
        assert all(lines), f"a line of a crontab: {self.text}"
        return "\n".join(line[1] for line in lines) + "\n"


class Document:
    """A page with its blocks, and what a site needs for them."""

    def __init__(self, path):
        self.path = path
        self.place = str(path.relative_to(CHECKOUT))
        tokens = MARKDOWN.parse(path.read_text())
        self.fences = [Fence(token) for token in tokens if token.type == "fence"]
        said = [match for token in tokens if token.type == "html_block"
                for match in re.findall(r"<!-- test: (.*?) -->", token.content)]
        self.options = [word for line in said if line.startswith("weir serve ") for word in line.split()[2:]]
        self.workers = next((int(line.split()[1]) for line in said if line.startswith("workers ")), 1)

    @property
    def is_run(self):
        return any(fence.is_run for fence in self.fences)


DOCUMENTS = [Document(path) for path in TEXTS]


def expected_line(line):
    """A line of an example's output as a pattern."""
    pattern, rest = "", line.strip()
    for stand_in, meant in STAND_INS:
        rest = re.sub(stand_in, lambda _, meant=meant: f"\0{STAND_INS_BY_MEANING[meant]}\0", rest)
    for part in re.split(r"(\0\d\0|…)", rest):
        if part == "…":
            pattern += ".*"
        elif re.fullmatch(r"\0\d\0", part):
            pattern += STAND_INS[int(part[1])][1]
        else:
            pattern += re.escape(part)
    return pattern


STAND_INS_BY_MEANING = {meant: number for number, (_, meant) in enumerate(STAND_INS)}

SHELL = r"""
set -euo pipefail
stop() {
  local pid
  for pid in "${others[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  for pid in "${others[@]}"; do
    for _ in {1..20}; do kill -0 -- "-$pid" 2>/dev/null || break; sleep 0.05; done
    kill -KILL -- "-$pid" 2>/dev/null || true
  done
}
others=()
trap stop EXIT
opened() { /usr/bin/curl -s "$WEIR_TEST_STATUS" | sed -nE 's/.*"opened":([0-9]+).*/\1/p'; }
# Another terminal; it goes on when a stream is open, or something is said.
another() {
  local before out=$1
  # Counts lag a quarter of a second.
  sleep 0.3
  before=$(opened)
  setsid timeout 60 bash "$1.sh" >"$1.out" 2>&1 &
  others+=($!)
  for _ in {1..60}; do
    [ "$(opened)" = "$before" ] && [ ! -s "$out.out" ] && kill -0 "${others[-1]}" 2>/dev/null || break
    sleep 0.05
  done
}
"""


class Reader:
    """Somebody who follows a page, in a folder of their own beside a site."""

    def __init__(self, document, make_site, state):
        self.document = document
        self.state = state
        self.home = state / "home"
        self.etc = state / "etc"
        for folder in (self.home, self.etc, state / "bin", state / "backups"):
            folder.mkdir()
        for fence in document.fences:
            if fence.name:
                path = self.home / fence.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(fence.text)
        options = [str(self.home / word) if (self.home / word).is_file() else word for word in document.options]
        lines = "\n".join(fence.text for fence in document.fences if fence.language == "nginx" and "site" in fence.words)
        lines = lines.replace("include snippets/weir.conf;", "")
        self.site = make_site(*options, workers=document.workers, configure=lambda text: re.sub(
            r'(include ".*/weir\.conf";)', lambda match: f"{lines}\n{match[1]}", text))
        self.port = self.site.port
        for fence in document.fences:
            if fence.name:
                path = self.home / fence.name
                path.write_text(self.placed(path.read_text()))
        (self.home / ".weir").symlink_to(self.site.folder)
        (state / "bin/weir").symlink_to(weir_program())
        sudo = state / "bin/sudo"
        sudo.write_text('#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift 2; done\nexec "$@"\n')
        sudo.chmod(0o755)
        (self.home / ".curlrc").write_text(f"silent\nshow-error\nmax-time = {PATIENCE_SECONDS}\n")

    def placed(self, text):
        """A text with the folders and the port of this site."""
        for said, meant in [
            ("https://push.example.org", self.site.address), ("localhost:8080", f"127.0.0.1:{self.port}"),
            ("/var/lib/weir/queue", str(self.site.queue)), ("/var/backups/weir", f"{self.state}/backups/weir"),
            ("/etc/weir/", f"{self.etc}/"),
        ]:
            text = text.replace(said, meant)
        return text

    def follow(self):
        script, expected, waiting = SHELL, {}, []
        number = None
        for place, fence in enumerate(self.document.fences):
            if fence.language == "output":
                assert number is not None, f"line {fence.line}: of what is this the output?"
                expected.setdefault(number, []).extend(filter(str.strip, fence.text.splitlines()))
            if not fence.is_run:
                continue
            number = place
            text = self.placed(fence.command())
            if "background" in fence.words:
                (self.state / f"{place}.sh").write_text(text)
                waiting.append(place)
                script += f"another '{self.state}/{place}'\n"
            else:
                script += f"printf '\\036%s\\036' {place}\n{text}\n"
        script += "printf '\\036end\\036'\nread -r _ || true\n"
        (self.state / "page.sh").write_text(script)
        out = self.state / "page.out"
        bin_of_python = os.path.dirname(sys.executable)
        environment = ENVIRONMENT | {
            "HOME": str(self.home), "CURL_HOME": str(self.home), "PATH": f"{self.state}/bin:{bin_of_python}:{os.environ['PATH']}",
            "WEIR_TEST_STATUS": f"{self.site.address}/weir/status",
        }
        with open(out, "wb") as file:
            process = start("bash", self.state / "page.sh", cwd=self.home, env=environment, stdin=subprocess.PIPE,
                            stdout=file, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: process.poll() is not None or "\x1eend\x1e" in out.read_text(errors="replace"), "the page")
            said = self.said(out)
            assert "end" in said, self.failure(said)
            for place, lines in expected.items():
                for line in lines:
                    wait_until(lambda: re.search(expected_line(line), said.get(place, "") + self.others(waiting)),
                               f"{line!r} of {self.document.place}; it said {said.get(place)!r}, {self.others(waiting)!r}")
            for place, text in said.items():
                told = "\n".join(expected.get(place, []))
                assert '"code":"' not in text or '"code":"' in told, (self.document.place, text)
            for place in waiting:
                wait_until(lambda: (self.state / f"{place}.out").read_text(),
                           f"something in another terminal: {(self.state / f'{place}.sh').read_text()}")
        finally:
            process.stdin.close()
            process.wait(PATIENCE_SECONDS)

    def others(self, waiting):
        return "".join(f"\n{(self.state / f'{place}.out').read_text(errors='replace')}" for place in waiting)

    def said(self, out):
        parts = out.read_text(errors="replace").split("\x1e")[1:]
        return {(part if part == "end" else int(part)): text for part, text in zip(parts[::2], parts[1::2])}

    def failure(self, said):
        last = max(said, default=None)
        fence = self.document.fences[last] if last is not None else None
        return (f"{self.document.place}:{fence.line if fence else '?'}: {fence.text if fence else ''}\n"
                f"{said.get(last)}\n{self.others([])}")
