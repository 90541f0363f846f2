#!/usr/bin/env python3
"""Holds the sources against rules that no compiler checks; prints each breach and exits with 1."""

import collections
import pathlib
import re
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINE_COUNT_MAXIMUM = 400
FOLDER_FILE_COUNT_MAXIMUM = 35
TOP_LEVEL = {
    "Package.swift", "Sources", "Tests", "deploy", "nginx",
    "README.md", "CHANGELOG.md", "LICENSE", "ARCHITECTURE.md",
}
IGNORED = {"Package.resolved"}
# Who may import whom; every arrow points one way.
IMPORTS = {
    "Kernel": {"CLinux", "Glibc", "Synchronization", "SystemPackage"},
    "EventStream": set(),
    "JSONText": set(),
    "TOMLText": {"CTOML"},
    "Access": {"JSONText", "Kernel", "Synchronization", "SystemPackage", "TOMLText"},
    "Signatures": {"Access", "Crypto", "CryptoExtras"},
    "FileQueue": {"EventStream", "Kernel", "Synchronization", "SystemPackage"},
    "FastCGI": {"CFCGI", "Kernel", "Synchronization", "SystemPackage"},
    "Figures": {"FileQueue", "FoundationEssentials", "Kernel", "Synchronization", "SystemPackage"},
    "Streaming": {"DequeModule", "EventStream", "FastCGI", "Figures", "FileQueue", "FoundationEssentials",
                  "HeapModule", "Kernel", "Logging", "Synchronization"},
    "Hub": {"Access", "DequeModule", "EventStream", "FastCGI", "Figures", "FileQueue", "FoundationEssentials", "JSONText",
            "Kernel", "Logging", "Streaming", "Synchronization", "SystemPackage"},
    "HTTPClient": {"CCURL", "Kernel"},
    "Diagnosis": set(),
    "CLI": {"Access", "ArgumentParser", "Diagnosis", "EventStream", "FastCGI", "Figures", "FileQueue", "FoundationEssentials",
            "HTTPClient", "Hub", "JSONText", "Kernel", "Logging", "Signatures", "Synchronization", "SystemPackage", "TOMLText"},
}
# Text of protocols is UTF-8 bytes, compared as bytes. What works on Swift's characters, where a letter and
# the accent behind it are one and equal another letter, is not for these modules.
BYTE_MODULES = {"Access", "EventStream", "FastCGI", "FileQueue", "Hub", "JSONText", "Streaming", "TOMLText"}
CHARACTERS = re.compile(
    r"\bCharacter\b"
    r"|\.(?:hasPrefix|hasSuffix|lowercased|uppercased|isHexDigit|isLetter|isNumber|isWhitespace|isNewline)\b"
    r"|(?<!joined\()separator: \""  # split(separator: "x"), and what else takes a character
    r"|\.(?:contains|firstIndex|lastIndex|starts)\((?:of: |with: )?\"[^\"]*\"(?!\.utf8)"
    r"|\.(?:first|last)\??\s*[!=]=\s*\""
    r"|\.text\)?\s*(?:[!=<>]=|[<>])\s|[!=]=\s*[\w.$]+\.text\b"
    r"|[!=]= \"[^\"]*[^\x00-\x3a\x3c-\x4a\x4c-\x5f\x61-\x7f][^\"]*\""  # what equals other bytes too
    r"|\bSet<String>|\[String: ")
# These take lists and texts alike: a list is one by its name, and a text says that its bytes are meant.
ENDS = re.compile(
    r"(\w+)(?:\([^()]*\))?\??\.(?:split(?!\(separator: UInt8)|dropFirst|dropLast|prefix|suffix|popFirst|popLast"
    r"|removeFirst|removeLast|enumerated|reversed)\b")
LISTS = {
    "ahead", "all", "assigned", "before", "behind", "blocks", "body", "bytes", "cells", "claims", "content", "data", "encode",
    "entries", "free", "grants", "hungry", "indices",
    "items", "keys", "letters", "lines", "live", "named", "numbers", "order", "part", "parts", "path", "raw", "received", "resolved", "route",
    "segments", "sequences", "sources", "times", "topics", "unreviewed", "uri", "utf8", "values", "waiting", "zip",
}
UNSAFE_MODULES = {"Kernel", "FastCGI", "HTTPClient", "TOMLText"}
BINS = re.compile(r"(Util|Helper|Misc|Common|Manager|Base)", re.IGNORECASE)
UNDONE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


def breaches():
    for path in sorted(CHECKOUT.iterdir()):
        if path.name not in TOP_LEVEL | IGNORED and not path.name.startswith("."):
            yield f"{path.name}: does not belong at the top level"
    for path in sorted((CHECKOUT / "Sources").rglob("*.swift")):
        yield from breaches_of(path)
    folders = collections.Counter(
        path.parent for top in ("Sources", "Tests") for path in (CHECKOUT / top).rglob("*.swift"))
    for folder, count in sorted(folders.items()):
        if count > FOLDER_FILE_COUNT_MAXIMUM:
            yield (f"{folder.relative_to(CHECKOUT)}: {count} files; "
                   f"the limit is {FOLDER_FILE_COUNT_MAXIMUM}: give it folders by concept")
    for folder in ("Sources", "Tests", "deploy", "nginx"):
        for path in sorted((CHECKOUT / folder).rglob("*")):
            if path.suffix in {".swift", ".py", ".c", ".h", ".js", ".conf"} and path.is_file():
                for number, line in enumerate(path.read_text().splitlines(), 1):
                    if UNDONE.search(line):
                        yield f"{path.relative_to(CHECKOUT)}:{number}: left undone"


def breaches_of(path):
    name = path.relative_to(CHECKOUT)
    module = name.parts[1]
    text = path.read_text()
    lines = text.splitlines()
    if len(lines) > FILE_LINE_COUNT_MAXIMUM:
        yield f"{name}: {len(lines)} lines; the limit is {FILE_LINE_COUNT_MAXIMUM}"
    if BINS.search(path.stem):
        yield f"{name}: a name that tells nothing"
    for imported in re.findall(r"^(?:@\w+ )?(?:(?:public|package|internal|fileprivate|private) )?import (?:\w+ )?(\w+)", text, re.MULTILINE):
        if imported not in IMPORTS[module]:
            yield f"{name}: {module} must not import {imported}"
    if module not in UNSAFE_MODULES and re.search(r"^[^/]*\bunsafe\b", text, re.MULTILINE):
        yield f"{name}: unsafe code belongs in {' or '.join(sorted(UNSAFE_MODULES))}"
    if module in BYTE_MODULES:
        for number, line in enumerate(lines, 1):
            code = line.partition("// ")[0]
            found = CHARACTERS.search(code)
            lists = [match for match in ENDS.finditer(code) if match[1] not in LISTS]
            if found or lists:
                yield f"{name}:{number}: `{(found or lists[0])[0]}` works on characters: take the bytes (utf8)"
    concept = path.stem.split("+")[0]
    if not re.search(rf"\b(struct|class|enum|extension|protocol) {concept}\b", text):
        yield f"{name}: does not declare or extend {concept}"


found = list(breaches())
print("\n".join(found) if found else "nothing to mend")
sys.exit(1 if found else 0)
