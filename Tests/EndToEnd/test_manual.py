"""Manual pages and completions, which deploy/manual makes of the commands."""

import json
import os
import re
import subprocess

import pytest

from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS, weir, weir_program


def run(*command, **options):
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE_SECONDS, **options)


@pytest.fixture(scope="module")
def share(tmp_path_factory):
    folder = tmp_path_factory.mktemp("share")
    result = run(CHECKOUT / "deploy/manual", folder, env=ENVIRONMENT | {"SOURCE_DATE_EPOCH": "1795608000"})
    assert result.returncode == 0, result.stderr
    return folder


def commands():
    """Each command by its words, as the parser of the command line knows it."""
    def walk(command, words):
        yield words, command
        for child in command.get("subcommands", []):
            if child["shouldDisplay"] and child["commandName"] != "help":
                yield from walk(child, [*words, child["commandName"]])

    return list(walk(json.loads(weir("--experimental-dump-help").stdout)["command"], ["weir"]))


def page_text(path):
    """A page as a terminal shows it; groff warns of nothing."""
    result = run("groff", "-man", "-Tascii", "-P-cbou", "-rLL=1000n", "-wall", path)
    assert result.stderr == ""
    return result.stdout


def test_each_command_has_a_page_with_each_of_its_options(share):
    found = commands()
    assert {path.name for path in (share / "man/man1").iterdir()} == {f"{'-'.join(words)}.1" for words, _ in found}
    for words, command in found:
        text = page_text(share / f"man/man1/{'-'.join(words)}.1")
        sections = re.findall(r"^([A-Z ]+)$", text, re.MULTILINE)
        assert sections[:2] == ["NAME", "SYNOPSIS"] and sections[-2:] == ["EXIT STATUS", "SEE ALSO"], words
        options = text[text.index("\nOPTIONS\n"):]
        for argument in filter(lambda argument: argument["shouldDisplay"], command["arguments"]):
            for name in argument["names"] if argument["kind"] != "positional" else []:
                dashed = ("-" if name["kind"] == "short" else "--") + name["name"]
                assert re.search(rf"^ +(.*, )?{re.escape(dashed)}( |,|$)", options, re.MULTILINE), (words, dashed)
            abstract = (argument.get("abstract") or "").partition("…")[0][:40]
            assert " ".join(abstract.split()) in " ".join(options.split()), (words, abstract)


def test_the_pages_tell_the_exit_codes_and_whom_to_ask(share):
    text = page_text(share / "man/man1/weir.1")
    codes = re.findall(r"^ +(\d\d) ", text[text.index("EXIT STATUS"):], re.MULTILINE)
    assert codes == ["64", "65", "66", "69", "71", "73", "74", "75", "77", "78"]
    assert "weir-serve(1)" in text
    assert "weir.toml(5)" in page_text(share / "man/man1/weir-serve.1")


def test_the_page_of_the_settings_file_has_each_setting(share):
    text = page_text(share / "man/man5/weir.toml.5")
    for line in weir("config").stdout.splitlines():
        name = re.match(r"#?([a-z-]+) =", line)[1]
        assert re.search(rf"^ +{name} = ", text, re.MULTILINE), name
    assert 'retention-bytes = "1G"' in text


def test_the_pages_are_the_same_at_the_same_date(share, tmp_path):
    env = ENVIRONMENT | {"SOURCE_DATE_EPOCH": "1795608000"}
    assert run(CHECKOUT / "deploy/manual", tmp_path, env=env).returncode == 0
    assert run("diff", "-r", share, tmp_path).stdout == ""
    assert '"2026-11-25"' in (share / "man/man1/weir.1").read_text()


def test_a_program_that_is_not_there_is_told(tmp_path):
    result = run(CHECKOUT / "deploy/manual", "--weir", tmp_path / "none", tmp_path)
    assert result.returncode == 66 and "--weir" in result.stderr
    assert run(CHECKOUT / "deploy/manual").returncode == 64


def test_bash_completes_commands_options_and_values(share):
    script = r'''
      source "$1"; shift
      COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
      $(complete -p weir | sed 's/.*-F \([^ ]*\) .*/\1/') weir "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\n' "${COMPREPLY[@]}"
    '''

    def completed(*words):
        result = run("bash", "-c", script, "bash", share / "bash-completion/completions/weir", *words)
        assert result.returncode == 0 and result.stderr == "", result.stderr
        return {word.strip() for word in result.stdout.splitlines()}

    assert completed("weir", "se") == {"serve"}
    assert {"serve", "publish", "config"} <= completed("weir", "")
    assert completed("weir", "serve", "--retention-") == {f"--retention-{part}" for part in ("bytes", "age", "count")}
    assert completed("weir", "serve", "--durability", "") == {"full", "interval", "none"}


def test_fish_completes_commands_options_and_values(share):
    def completed(line):
        script = f"source {share}/fish/vendor_completions.d/weir.fish; complete -C '{line}'"
        # The script asks the program for what stands on the line.
        path = f"{weir_program().parent}:{os.environ['PATH']}"
        result = run("fish", "--no-config", "-c", script, env=ENVIRONMENT | {"PATH": path, "HOME": str(share)})
        assert result.returncode == 0 and result.stderr == "", result.stderr
        return {line.split("\t")[0] for line in result.stdout.splitlines()}

    assert completed("weir se") == {"serve"}
    assert completed("weir serve --retention-") == {f"--retention-{part}" for part in ("bytes", "age", "count")}
    assert completed("weir serve --durability ") == {"full", "interval", "none"}


def test_zsh_takes_the_completions(share):
    folder = share / "zsh/site-functions"
    assert run("zsh", "-n", folder / "_weir").stderr == ""
    script = f"fpath=({folder} $fpath); autoload -Uz compinit && compinit -u -d {share}/dump && print $_comps[weir]"
    assert run("zsh", "-fc", script, env=ENVIRONMENT | {"HOME": str(share)}).stdout == "_weir\n"
    text = (folder / "_weir").read_text()
    for name in ("serve", "publish", "--retention-bytes", "--durability"):
        assert name in text
