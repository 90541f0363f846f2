"""What a disk may hold after a power cut, made from a trace that faults.c has recorded.

The rules are those of POSIX, no file system's own: what was written is on disk when a sync of that
file has ended, a name when a sync of its folder has. All else may be there, in part, or not.
"""

import dataclasses
import hashlib
import pathlib

SECTOR_BYTES = (512, 4096)


@dataclasses.dataclass
class Entry:
    """One line of a trace: what was done, to which paths or offsets, and the bytes of it."""

    what: str
    words: list
    bytes: bytes


def read_trace(path):
    content = path.read_bytes()
    entries, place = [], 0
    while place < len(content):
        end = content.index(b"\n", place)
        what, *words = content[place:end].decode().split(" ")
        count = int(words.pop())
        entries.append(Entry(what, words, content[end + 1:end + 1 + count]))
        place = end + 1 + count + 1
    return entries


class File:
    """A file's bytes on disk, and the writes and truncations that no sync has covered yet."""

    def __init__(self):
        self.durable = b""
        self.pending = []

    def synchronize(self):
        content = bytearray(self.durable)
        for operation in self.pending:
            apply(content, operation)
        self.durable, self.pending = bytes(content), []

    def after_cut(self, luck):
        content = bytearray(self.durable)
        for operation in self.pending:
            luck.apply(content, operation)
        return bytes(content)


def apply(content, operation):
    offset, data = operation
    if data is None:
        truncate(content, offset)
        return
    if len(content) < offset:
        truncate(content, offset)
    content[offset:offset + len(data)] = data


def truncate(content, length):
    content.extend(bytes(max(0, length - len(content))))
    del content[length:]


class Nothing:
    """Nothing that was not synced is there."""

    def apply(self, content, operation):
        pass

    def keeps(self):
        return False

    def tail(self, pages, is_synced):
        return pages[0] if is_synced else None


class Everything:
    """All is there."""

    apply = staticmethod(apply)

    def keeps(self):
        return True

    def tail(self, pages, is_synced):
        return pages[-1] if pages else None


class OlderPage(Everything):
    """All is there, but the page `tail` as it was at some moment since it was synced."""

    def __init__(self, random):
        self.random = random

    def tail(self, pages, is_synced):
        return self.random.choice(pages) if pages else None


class Chance:
    """Any part of it is there."""

    def __init__(self, random):
        self.random = random

    def keeps(self):
        return self.random.random() < 0.6

    def tail(self, pages, is_synced):
        """The page `tail`: any content that it has had since it was synced; absent or zeros if it never was."""
        if is_synced:
            return self.random.choice(pages)
        kind = self.random.randrange(6)
        if kind == 0 or not pages:
            return None
        return bytes(len(pages[-1])) if kind == 1 else self.random.choice(pages)

    def apply(self, content, operation):
        offset, data = operation
        kind = self.random.randrange(10)
        if kind < 4:
            apply(content, operation)
        elif data is None or kind < 6:
            pass
        elif kind == 6:  # The new size got to the disk, the bytes did not.
            truncate(content, max(len(content), offset + len(data)))
        else:
            self.tear(content, offset, data)

    def tear(self, content, offset, data):
        """Some sectors are there; the others hold what they held, zeros behind the old end."""
        sector = self.random.choice(SECTOR_BYTES)
        first, last = offset // sector, (offset + len(data) - 1) // sector
        edge = self.random.randint(first, last + 1)
        kept = self.random.choice([
            lambda number: number < edge, lambda number: number >= edge,
            lambda number: self.random.random() < 0.5])
        before = len(content)
        for number in range(first, last + 1):
            start, end = max(offset, number * sector), min(offset + len(data), (number + 1) * sector)
            if kept(number):
                apply(content, (start, data[start - offset:end - offset]))
        if self.random.random() < 0.5:
            truncate(content, max(before, offset + len(data)))


class Disk:
    """A queue's folder, as memory and as the disk see it, along a trace."""

    def __init__(self, root):
        self.root = str(root)
        self.folders = {self.root}
        # What a name stands for: a file, or None for a folder.
        self.names = {}
        self.durable_names = {}
        self.pending_names = []
        self.pages = []
        self.has_page = False
        self.is_durable = False

    def begin(self, files):
        """Files that were on disk, by their names, before the trace begins."""
        for name, content in files.items():
            file = File()
            file.durable = content
            self.names[f"{self.root}/{name}"] = self.durable_names[f"{self.root}/{name}"] = file
            if name == "tail":
                self.pages.append(content)

    def follow(self, entry):
        """Takes in the next entry of the trace."""
        step = getattr(self, f"follow_{entry.what}", None)
        if step:
            step(entry, *entry.words)

    def follow_mkdir(self, entry, path):
        if path != self.root:
            self.folders.add(path)
            self.change_name(path, None)

    def follow_create(self, entry, path):
        self.change_name(path, File())

    def follow_rename(self, entry, path, new_path):
        file = self.names.pop(path)
        self.names[new_path] = file
        self.pending_names.append((path, new_path, file))

    def follow_unlink(self, entry, path):
        self.names.pop(path)
        self.pending_names.append((path, None, None))

    def follow_write(self, entry, path, offset):
        self.names[path].pending.append((int(offset), entry.bytes))

    def follow_truncate(self, entry, path, length):
        self.names[path].pending.append((int(length), None))

    def follow_tail(self, entry):
        self.pages.append(entry.bytes)

    def follow_sync(self, entry, path):
        if path == f"{self.root}/tail":
            # No content that it had before is on disk any more.
            self.pages, self.has_page = self.pages[-1:], True
        if path == self.root.rpartition("/")[0]:
            self.is_durable = True
        elif path in self.folders:
            self.keep_names(path)
        else:
            self.names[path].synchronize()

    def change_name(self, path, file):
        self.names[path] = file
        self.pending_names.append((None, path, file))

    def keep_names(self, folder):
        """A folder was synced: the names in it are on disk."""
        rest = []
        for change in self.pending_names:
            path = change[1] or change[0]
            if path.rpartition("/")[0] == folder:
                change_names(self.durable_names, change)
            else:
                rest.append(change)
        self.pending_names = rest

    def after_cut(self, luck):
        """A state that the disk may be in: bytes by path, None for a folder; no state at all where
        the queue's own name is not there."""
        if not self.is_durable and not luck.keeps():
            return {}
        names = dict(self.durable_names)
        for change in self.pending_names:
            if luck.keeps():
                change_names(names, change)
        tail = f"{self.root}/tail"
        state = {
            path: file and file.after_cut(luck) for path, file in names.items() if path != tail}
        # It is written through memory as well, whenever the kernel likes.
        page = luck.tail(self.pages, self.has_page)
        if tail in self.names and page is not None:
            state[tail] = page
        # What is in a folder that is not there is not there either.
        return {path: content for path, content in state.items()
                if path.rpartition("/")[0] in state or path.rpartition("/")[0] == self.root}


def change_names(names, change):
    old, new, file = change
    if old is not None:
        names.pop(old, None)
    if new is not None:
        names[new] = file


def fingerprint(state):
    digest = hashlib.sha1()
    for path in sorted(state):
        digest.update(path.encode() + b"\0" + (state[path] or b"") + b"\0")
    return digest.digest()


def write_state(state, root, folder):
    """Puts a state into `folder`; returns the queue's path in it."""
    queue = folder / "queue"
    queue.mkdir()
    for path in sorted(state):
        place = queue / pathlib.Path(path).relative_to(root)
        if state[path] is None:
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(state[path])
    return queue
