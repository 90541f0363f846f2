"""What people do to a queue's folder: move, replace, copy, back up, restore, read as somebody else."""

import json
import os
import shutil
import subprocess
import threading
import time

import pytest

from processes import ENVIRONMENT, PATIENCE_SECONDS, end, start, wait_until, weir, weir_program

DATA, NO_QUEUE, CANNOT_CREATE, NO_PERMISSION, SYSTEM = 65, 66, 73, 77, 71
NOBODY, GROUP = 65534, 54321


def export(queue):
    """The events of a queue: id and message."""
    result = weir("export", "--queue", queue)
    assert result.returncode == 0, result.stderr
    events = [json.loads(line) for line in result.stdout.splitlines()]
    return [(event["id"], event["message"]) for event in events]


def messages(queue):
    return [message for _, message in export(queue)]


def fill(queue, texts):
    lines = "".join(json.dumps({"message": text}) + "\n" for text in texts)
    result = weir("import", "--queue", queue, stdin=lines)
    assert result.returncode == 0, result.stderr


def as_user(user, group, *command):
    """Runs a command as another user, if the tests run as root; else as who they run as."""
    words = [str(word) for word in command]
    if os.getuid() == 0:
        words = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *words]
    return subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT,
                          timeout=PATIENCE_SECONDS)


# --- While weir runs ---


def test_nothing_is_acknowledged_into_a_folder_that_was_moved_until_it_is_back(site):
    site.publish_all(["before"])
    moved = site.folder / "moved"
    site.queue.rename(moved)
    problem = site.publish("lost?").problem()
    assert (problem["status"], problem["code"]) == (503, "queue_moved")
    assert str(site.queue) in problem["detail"]
    site.wait_for_log("was moved or deleted")
    assert site.request("GET", "/weir/healthz").status == 503
    assert site.request("GET", "/weir/healthz?live").status == 200
    moved.rename(site.queue)
    site.wait_for_log("again")
    site.publish_all(["after"])
    assert messages(site.queue) == ["before", "after"]
    assert site.count_log("was moved or deleted") == 1


def test_a_worker_ends_where_another_queue_is_at_its_path_and_nothing_acknowledged_is_lost(site):
    site.publish_all(["one"])
    backup, moved = site.folder / "backup", site.folder / "moved"
    shutil.copytree(site.queue, backup)
    acknowledged, stop = [], threading.Event()

    def publish():
        while not stop.is_set():
            answer = site.publish(f"event {len(acknowledged)}")
            if answer.status == 200:
                acknowledged.append((answer.json()["id"], f"event {len(acknowledged)}"))

    publisher = threading.Thread(target=publish)
    publisher.start()
    wait_until(lambda: len(acknowledged) > 20, "publishes")
    site.queue.rename(moved)
    backup.rename(site.queue)
    assert site.weir.wait(PATIENCE_SECONDS) == SYSTEM
    site.wait_for_log("another folder is at", str(site.queue))
    before = len(acknowledged)
    site.start_weir()
    wait_until(lambda: len(acknowledged) > before + 20, "publishes after the restart")
    stop.set()
    publisher.join()
    there = dict(export(moved)) | dict(export(site.queue))
    assert len(there) == len(export(moved)) + len(export(site.queue)) - 1, "an id names one event"
    assert all(there.get(id_) == message for id_, message in acknowledged)


def test_a_deleted_page_ends_the_worker_and_the_next_one_goes_on(site):
    ids = site.publish_all(["a"])
    (site.queue / "tail").unlink()
    assert site.weir.wait(PATIENCE_SECONDS) == SYSTEM
    site.wait_for_log("was deleted")
    site.start_weir()
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        site.publish_all(["b"])
        assert stream.event().data == "b"


@pytest.mark.parametrize("harm", ["rm lock", "rm lock && touch lock", "rm lock && mkdir lock"])
def test_a_worker_without_its_lock_ends_although_nobody_publishes(site, harm):
    ids = site.publish_all(["a"])
    subprocess.run(["sh", "-c", harm], cwd=site.queue, check=True)
    assert site.weir.wait(PATIENCE_SECONDS) == SYSTEM
    site.wait_for_log("lock was deleted or replaced")
    subprocess.run(["rm", "-rf", "lock"], cwd=site.queue, check=True)
    site.start_weir()
    with site.stream(headers={"Last-Event-ID": ids[0]}) as stream:
        site.publish_all(["b"])
        assert stream.event().data == "b"


@pytest.mark.parametrize("into", ["a new folder", "a folder that is there"])
def test_a_tail_goes_on_across_restarts_and_says_that_a_queue_was_restored(site, into):
    site.publish_all(["a"])
    backup = site.folder / "backup"
    assert weir("backup", "--queue", site.queue, backup).returncode == 0
    output, errors = site.folder / "tail", site.folder / "errors"
    with open(output, "wb") as out, open(errors, "wb") as error:
        tail = start(weir_program(), "tail", "--queue", site.queue, "--from", "start", "--json",
                     stdout=out, stderr=error)
    try:
        wait_until(lambda: '"a"' in output.read_text(), "the first event")
        site.publish_all(["lost"])
        wait_until(lambda: '"lost"' in output.read_text(), "the second event")
        end(site.weir)
        site.queue.rename(site.folder / "old")
        if into == "a folder that is there":
            site.queue.mkdir()
        # It looks at what is there four times a second: first there is nothing, then a queue that is behind it.
        time.sleep(0.4)
        assert weir("restore", "--queue", site.queue, backup).returncode == 0
        time.sleep(0.4)
        assert tail.poll() is None, errors.read_text()
        site.start_weir()
        site.publish_all(["b"])
        wait_until(lambda: '"b"' in output.read_text(), "the event after the restore")
        assert "was restored" in errors.read_text()
    finally:
        end(tail)


@pytest.mark.parametrize("way", [
    "cp -a copy/. queue/", "cp -r copy/. queue/", "tar -C copy -c . | tar -C queue -x --overwrite",
    "for f in tail 00000000000000000001.sse; do cat copy/$f > queue/$f; done",
    "tar -C copy -c . | tar -C queue -x", "cp -al copy new && rm -r queue && mv new queue"])
def test_an_older_copy_that_is_put_back_at_once_gives_no_id_to_two_events(state, way):
    queue = state / "queue"
    fill(queue, ["a", "b"])
    subprocess.run(["cp", "-a", queue, state / "copy"], check=True)
    fill(queue, ["seen"])
    seen = export(queue)
    subprocess.run(["sh", "-c", way], cwd=state, check=True)
    fill(queue, ["new", "newer"])
    now = export(queue)
    assert messages(queue) == ["a", "b", "new", "newer"]
    assert len(dict(seen) | dict(now)) == 5, "an id names one event"
    assert weir("check", "--queue", queue).returncode == 0


# --- Backups ---


def test_a_subscriber_of_the_lost_time_is_told_and_gets_everything_after_it(site):
    known = site.publish_all(["a", "b"])
    backup = site.folder / "backup"
    assert weir("backup", "--queue", site.queue, backup).returncode == 0
    lost = site.publish_all(["lost", "lost too"])
    end(site.weir)
    site.queue.rename(site.folder / "old")
    assert weir("restore", "--queue", site.queue, backup).returncode == 0
    site.start_weir()
    site.wait_for_log("is a copy, or was restored: from event 3 on, ids begin with")
    new = site.publish_all(["c", "d", "e"])
    assert not set(new) & set(lost)
    for id_ in lost:
        with site.stream(headers={"Last-Event-ID": id_}) as stream:
            gap = stream.event()
            told = json.loads(gap.data)
            assert (gap.type, told["reason"], told["requested"]) == ("weir.gap", "restored", id_)
            assert told["oldest"] == new[0]
            assert [event.id for event in stream.events(3)] == new
    with site.stream(headers={"Last-Event-ID": known[0]}) as stream:
        assert [event.id for event in stream.events(4)] == [known[1], *new]


def test_a_backup_is_whole_at_whatever_moment_it_is_made(make_site):
    site = make_site("--retention-count", "400")
    stop, acknowledged = threading.Event(), []

    def publish():
        while not stop.is_set():
            acknowledged.extend(site.publish_all([f"event {len(acknowledged)}"]))

    publisher = threading.Thread(target=publish)
    publisher.start()
    backup = site.folder / "backup"
    try:
        wait_until(lambda: len(acknowledged) > 100, "publishes")
        for number in range(8):
            before = len(acknowledged)
            result = weir("backup", "--queue", site.queue, backup)
            assert result.returncode == 0, result.stderr
            assert weir("check", "--queue", backup).returncode == 0
            ids = [id_ for id_, _ in export(backup)]
            assert ids == acknowledged[acknowledged.index(ids[0]):][:len(ids)]
            assert len(acknowledged[:acknowledged.index(ids[-1]) + 1]) >= before
            archive = subprocess.run([weir_program(), "backup", "--queue", site.queue, "-"],
                                     capture_output=True, env=ENVIRONMENT, check=True).stdout
            folder = site.folder / f"archive-{number}"
            folder.mkdir()
            subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
            result = weir("check", "--queue", folder)
            assert result.returncode == 0, result.stdout
    finally:
        stop.set()
        publisher.join()


def test_a_backup_may_be_read_without_being_changed(state):
    fill(state / "queue", ["a", "b"])
    assert weir("backup", "--queue", state / "queue", state / "backup").returncode == 0
    before = {path.name: path.read_bytes() for path in (state / "backup").iterdir()}
    assert messages(state / "backup") == ["a", "b"]
    assert weir("status", "--queue", state / "backup").returncode == 0
    assert weir("check", "--queue", state / "backup").returncode == 0
    assert {path.name: path.read_bytes() for path in (state / "backup").iterdir()} == before


@pytest.mark.parametrize("arguments", [
    "-C queue -c .", "-c queue", "-c ./queue junk", "--format=pax -c {long}", "--format=gnu -c {long}",
    "--format=ustar -c queue", "--format=v7 -c queue", "--format=oldgnu -c {long}"])
def test_an_archive_that_tar_has_made_is_restored(state, arguments):
    queue, long = state / "queue", f"{'d' * 90}/{'e' * 90}"
    fill(queue, [f"event {number}" for number in range(30)])
    segment = queue / "00000000000000000001.sse"
    content = bytearray(segment.read_bytes())
    content[500] ^= 1
    segment.write_bytes(content)
    # The quarantine has a file that is called as the segment is.
    assert weir("check", "--queue", queue, "--repair").returncode == 0
    (state / "junk").write_bytes(bytes(3000))
    (state / long).parent.mkdir(parents=True)
    shutil.copytree(queue, state / long)
    archive = subprocess.run(["tar", *arguments.format(long=long).split()], cwd=state, check=True,
                             capture_output=True).stdout
    result = subprocess.run([weir_program(), "restore", "--queue", state / "restored", "-"],
                            input=archive, capture_output=True, env=ENVIRONMENT, check=False)
    assert result.returncode == 0, result.stderr
    events = weir("export", "--queue", queue).stdout
    assert len(events.splitlines()) == 29
    assert weir("export", "--queue", state / "restored").stdout == events
    assert weir("check", "--queue", state / "restored").returncode == 0


@pytest.mark.parametrize("command", ["backup", "restore", "restore -"])
def test_a_folder_that_was_made_for_it_keeps_its_owner_and_mode(state, command):
    queue, backup, target = state / "queue", state / "backup", state / "target"
    fill(queue, ["a", "b"])
    assert weir("backup", "--queue", queue, backup).returncode == 0
    (target / "lost+found").mkdir(parents=True)
    (target / ".gitkeep").touch()
    if os.getuid() == 0:
        os.chown(target, NOBODY, GROUP)
    target.chmod(0o2770)
    inode, owner = target.stat().st_ino, target.stat().st_uid
    (state / "link").symlink_to("target")
    words = {"backup": f"backup --queue {queue} link", "restore": f"restore --queue link {backup}",
             "restore -": f"backup --queue {queue} - | {weir_program()} restore --queue link -"}
    subprocess.run(f"{weir_program()} {words[command]}", shell=True, cwd=state, env=ENVIRONMENT,
                   check=True)
    assert messages(target) == ["a", "b"]
    status = target.stat()
    assert (status.st_ino, status.st_mode & 0o7777) == (inode, 0o2770)
    for path in target.glob("[0-9et]*"):
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (owner, 0o660), path
    assert "unfinished" not in os.listdir(target)
    assert sorted(os.listdir(state)) == ["backup", "link", "queue", "target"]


@pytest.mark.parametrize("target", ["queue", "queue/", "./queue/../queue", "link", "queue/backup",
                                    "link/backup"])
def test_a_queue_is_not_copied_into_itself(state, target):
    fill(state / "queue", ["a"])
    (state / "link").symlink_to("queue")
    before = {path.name: path.read_bytes() for path in (state / "queue").iterdir()}
    for queue in ("queue", "link"):
        result = subprocess.run([weir_program(), "backup", "--queue", queue, target], cwd=state,
                                capture_output=True, text=True, env=ENVIRONMENT, check=False)
        assert result.returncode == CANNOT_CREATE, result.stderr
        assert "is the queue that is copied, or in it" in result.stderr
    assert {path.name: path.read_bytes() for path in (state / "queue").iterdir()} == before


def test_a_backup_keeps_what_the_queue_has_lost(state):
    queue, backup = state / "queue", state / "backup"
    large = ["x" * 1_000_000 + str(number) for number in range(70)]
    fill(queue, large)
    assert weir("backup", "--queue", queue, backup).returncode == 0
    (queue / "00000000000000000001.sse").unlink()
    assert weir("check", "--queue", queue).returncode == DATA
    assert weir("backup", "--queue", queue, state / "other").returncode == DATA
    assert weir("backup", "--queue", queue, backup).returncode == 0
    assert messages(backup) == large


def test_what_cannot_be_backed_up_or_restored_is_refused_in_words(state):
    fill(state / "queue", ["a"])
    fill(state / "other", ["b"])
    for arguments, status, words in [
        (("backup", "--queue", state / "none", state / "backup"), NO_QUEUE, "no queue at"),
        (("backup", "--queue", state / "queue", state / "other"), CANNOT_CREATE, "another queue"),
        (("restore", "--queue", state / "other", state / "queue"), CANNOT_CREATE, "is in it"),
        (("restore", "--queue", state / "new", state / "none"), NO_QUEUE, "no backup at"),
        (("restore", "--queue", state / "new", "-"), DATA, "no tar archive"),
        (("backup", "--queue", state / "queue", ""), 64, "empty"),
    ]:
        result = weir(*arguments, stdin="x" * 2000)
        assert result.returncode == status, (arguments, result.stderr)
        assert words in result.stderr
    assert messages(state / "other") == ["b"]
    assert sorted(path.name for path in state.iterdir()) == ["other", "queue"]


@pytest.mark.parametrize("harm", [
    "truncate -s -10 {}", ": > {}", "sed -i 's/$/\\r/' {}", "rm {}",
    "truncate -s -100 {0} && truncate -s +100 {0}"])
def test_check_misses_nothing_that_is_gone_from_the_end(state, harm):
    queue = state / "queue"
    fill(queue, [f"m{number}" for number in range(50)])
    subprocess.run(["sh", "-c", harm.format(queue / "00000000000000000001.sse")], check=True)
    result = weir("check", "--queue", queue)
    assert result.returncode == DATA, result.stdout
    assert weir("publish", "--queue", queue, "x").stdout.endswith("-51\n")
    assert weir("check", "--queue", queue).returncode == DATA


@pytest.mark.parametrize("command", [
    ("check",), ("export",), ("status",), ("publish", "x"), ("tail", "--from", "start"),
    ("backup", "-"), ("check", "--repair")])
def test_nobody_takes_a_queue_with_another_ones_epoch_for_an_empty_one(state, command):
    for name in ("queue", "other"):
        fill(state / name, ["a", "b"])
    shutil.copy(state / "other" / "epoch", state / "queue" / "epoch")
    text = (state / "queue" / "00000000000000000001.sse").read_bytes()
    result = weir(command[0], "--queue", state / "queue", *command[1:])
    assert result.returncode == DATA, result.stdout
    assert "is another queue's" in result.stderr
    assert (state / "queue" / "00000000000000000001.sse").read_bytes() == text


# --- Other users ---


@pytest.fixture
def owned(state):
    """A queue that belongs to nobody, and to a group, where the tests run as root."""
    state.chmod(0o755)
    folder = state / "var"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, NOBODY, GROUP)
    folder.chmod(0o750)
    queue = folder / "queue"
    result = as_user(NOBODY, GROUP, weir_program(), "import", "--queue", queue)
    assert result.returncode == 0, result.stderr
    return queue


def test_what_root_makes_belongs_to_the_owner_of_the_queue(owned):
    large = json.dumps({"message": "r" * 900_000}) + "\n"
    assert weir("import", "--queue", owned, stdin=large * 80).returncode == 0
    assert weir("publish", "--queue", owned, "root's").returncode == 0
    assert weir("check", "--queue", owned, "--repair").returncode == 0
    assert len(list(owned.glob("*.sse"))) > 1
    folder = owned.stat()
    for path in [owned, *owned.rglob("*")]:
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (folder.st_uid, folder.st_gid), path
        wanted = folder.st_mode if path.is_dir() else folder.st_mode & 0o666
        assert status.st_mode & 0o777 == wanted & 0o777, path
    result = as_user(NOBODY, GROUP, weir_program(), "publish", "--queue", owned, "the owner's")
    assert result.returncode == 0, result.stderr


def test_a_queue_that_root_makes_or_restores_belongs_to_the_owner_of_the_folder_around_it(owned):
    new, backup, restored = (owned.parent / name for name in ("new", "backup", "restored"))
    fill(new, ["a"])
    assert weir("backup", "--queue", new, backup).returncode == 0
    assert weir("restore", "--queue", restored, backup).returncode == 0
    for queue in (new, restored):
        result = as_user(NOBODY, GROUP, weir_program(), "publish", "--queue", queue, "b")
        assert result.returncode == 0, result.stderr
    assert messages(restored) == ["a", "b"]


@pytest.mark.parametrize("name", ["lock", "tail", "00000000000000000001.sse"])
def test_root_gives_nothing_away_that_a_link_in_a_queue_leads_to(owned, name):
    secret = owned.parent.parent / "secret"
    secret.write_text("root's")
    before = secret.stat()
    (owned / name).unlink()
    (owned / name).symlink_to(secret)
    result = weir("publish", "--queue", owned, "x")
    assert result.returncode == CANNOT_CREATE, result.stderr
    assert "symbolic link" in result.stderr
    after = secret.stat()
    assert secret.read_text() == "root's"
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


@pytest.mark.parametrize("mode", [0o777, 0o2775, 0o1777])
def test_in_a_folder_of_roots_the_queue_stays_with_the_user_who_made_it(state, mode):
    state.chmod(0o755)
    queue = state / "volume"
    queue.mkdir()
    maker = NOBODY if os.getuid() == 0 else os.getuid()
    if os.getuid() == 0:
        os.chown(queue, 0, GROUP)
    queue.chmod(mode)
    nobody = (NOBODY, GROUP, weir_program())
    assert as_user(*nobody, "import", "--queue", queue).returncode == 0
    assert as_user(*nobody, "publish", "--queue", queue, "one").returncode == 0
    (queue / "tail").unlink()  # The next event begins an epoch, as after a start of the machine.
    assert weir("publish", "--queue", queue, "root's").returncode == 0
    large = json.dumps({"message": "r" * 900_000}) + "\n"
    assert weir("import", "--queue", queue, stdin=large * 80).returncode == 0
    assert weir("check", "--queue", queue, "--repair").returncode == 0
    for path in queue.iterdir():
        assert path.stat().st_uid == maker, path
    result = as_user(*nobody, "publish", "--queue", queue, "two")
    assert result.returncode == 0, result.stderr


def test_what_the_owner_makes_with_another_group_is_for_the_folders_group(owned):
    words = [weir_program(), "import", "--queue", owned]
    if os.getuid() == 0:
        words = ["setpriv", f"--reuid={NOBODY}", "--regid=12345", f"--groups={GROUP}", *words]
    large = json.dumps({"message": "r" * 900_000}) + "\n"
    result = subprocess.run([str(word) for word in words], input=large * 80, text=True,
                            capture_output=True, env=ENVIRONMENT, timeout=PATIENCE_SECONDS)
    assert result.returncode == 0, result.stderr
    assert len(list(owned.glob("*.sse"))) > 1
    assert {path.stat().st_gid for path in owned.iterdir()} == {owned.stat().st_gid}


@pytest.mark.parametrize("command", [
    ("tail", "--from", "start"), ("export",), ("status",), ("check",), ("backup", "-")])
def test_a_member_of_the_group_may_read_and_nobody_else(owned, command):
    assert weir("publish", "--queue", owned, "hello").returncode == 0
    name, *rest = command
    words = [weir_program(), name, "--queue", owned, *rest]
    if name == "tail":
        words = ["sh", "-c", "\"$@\" | head -n 2", "sh", *words]
    before = sorted((path.name, path.stat().st_mtime_ns) for path in owned.iterdir())
    if name == "backup":
        words = ["sh", "-c", "\"$@\" | tar -t", "sh", *words]
    result = as_user(12345, GROUP, *words)
    assert result.returncode == 0 and result.stdout, result.stderr
    assert sorted((path.name, path.stat().st_mtime_ns) for path in owned.iterdir()) == before
    if os.getuid() == 0 and "sh" not in words:
        assert as_user(12345, 12345, *words).returncode == NO_PERMISSION


@pytest.mark.parametrize("command", [("publish", "x"), ("import",), ("check", "--repair")])
def test_who_could_give_nothing_to_the_owner_changes_nothing(owned, command):
    if os.getuid() == 0:
        for path in [owned, *owned.rglob("*")]:
            path.chmod(0o777 if path.is_dir() else 0o666)
    else:
        owned.chmod(0o500)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in owned.iterdir())
    name, *rest = command
    result = as_user(12345, GROUP, weir_program(), name, "--queue", owned, *rest)
    after = sorted((path.name, path.stat().st_mtime_ns) for path in owned.iterdir())
    owned.chmod(0o750)
    if os.getuid() == 0:
        assert result.returncode == NO_PERMISSION, result.stderr
        assert f"sudo -u '#{NOBODY}'" in result.stderr
        assert before == after


def test_readiness_fails_where_a_publish_would(site):
    assert site.request("GET", "/weir/healthz").body == b"ok\n"
    segment = site.queue / "00000000000000000001.sse"
    segment.unlink()
    assert site.publish("x").status == 503
    assert site.request("GET", "/weir/healthz").problem()["status"] == 503
    assert site.request("GET", "/weir/healthz?live").status == 200
