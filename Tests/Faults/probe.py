"""QueueProbe, as tests use it: appenders that come and go, and a server that stays."""

import json
import selectors
import signal
import subprocess

from processes import CHECKOUT, ENVIRONMENT, PATIENCE_SECONDS

PROGRAM = CHECKOUT / ".build/release/QueueProbe"
ANSWER_SECONDS = 5


def data_of(writer, number):
    """The data of a writer's event, as QueueProbe makes it up."""
    lure = "\n: 1 1732147200123 4 00000000 a\n\n" if number % 5 == 4 else ""
    return f"{writer}-{number} {lure}{'x' * (number * 37 % 200)}"


def is_of_deleted_topic(number):
    """Whether a writer's event is under the topic that it deletes now and then."""
    return number % 7 == 3


def batch_size(batch, size_maximum):
    """How many events a batch has, as QueueProbe makes them."""
    return 1 + batch * 7 % size_maximum


class Appended:
    """What an appender said until it ended."""

    def __init__(self, name, size_maximum, status, output):
        self.name = name
        self.status = status
        self.output = output
        lines = [line.split(" ", 2) for line in output.splitlines()]
        self.acknowledged = [(int(words[1]), int(words[2])) for words in lines if words[0] == "ack"]
        # Of its topic that is deleted, the events before this sequence are hidden.
        self.hidden_before = max([int(words[1]) for words in lines if words[0] == "hid"], default=0)
        self.errors = [words[1].rstrip(":") for words in lines if words[0] == "error"]
        self.last_word = lines[-1][0] if lines else ""
        self.count = sum(after - first for first, after in self.acknowledged)
        self.next_batch_size = batch_size(len(self.acknowledged), size_maximum)

    @property
    def was_killed(self):
        return self.status == -signal.SIGKILL

    def __str__(self):
        said = [line for line in self.output.splitlines() if not line.startswith("ack")]
        return f"{self.name}: status {self.status}, {self.count} acknowledged, said {said[:5]}"


class Appender:
    """A QueueProbe that appends; started at once."""

    def __init__(self, queue, *, name="w", batches=12, batch_size=4, segment_bytes=2000,
                 persist=True, keep=None, keys=False, environment=None, output=None, restore_signals=True,
                 prepare=None):
        self.name = name
        self.size_maximum = batch_size
        command = [PROGRAM, "append", "--queue", queue, "--name", name, "--batches", batches,
                   "--batch-size", batch_size, "--segment-bytes", segment_bytes]
        if keys:
            command += ["--keys"]
        if keep is not None:
            command += ["--keep", keep]
        self.process = subprocess.Popen(
            [str(word) for word in command + ["--persist"] * persist],
            env=ENVIRONMENT | (environment or {}), stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, restore_signals=restore_signals, preexec_fn=prepare)

    def wait(self):
        """Waits for its end and tells what it said."""
        try:
            output, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return Appended(self.name, self.size_maximum, self.process.returncode, output or "")


def append(queue, **options):
    """Runs an appender to its end."""
    return Appender(queue, **options).wait()


class Server:
    """A QueueProbe that opens, reads, appends and checks as it is told."""

    def __init__(self):
        self.process = None

    def ask(self, *words):
        """One line; the answer is an object with a member `error` where it failed."""
        line = " ".join(map(str, words))
        if self.process is None:
            self.start()
        self.process.stdin.write(line.encode() + b"\n")
        answer = self.wait_for_line()
        if answer is not None:
            return json.loads(answer)
        self.process.kill()
        status = self.process.wait()
        self.close()
        return {"error": "QueueProbe " + (
            f"gave no answer in {ANSWER_SECONDS} s" if status == -signal.SIGKILL
            else f"died with status {status}") + f" at: {line}"}

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAM, "serve"], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0)
        self.answers = selectors.DefaultSelector()
        self.answers.register(self.process.stdout, selectors.EVENT_READ)

    def wait_for_line(self):
        """The next line; None where there is none in time, or none any more."""
        line = b""
        while not line.endswith(b"\n"):
            if not self.answers.select(ANSWER_SECONDS):
                return None
            piece = self.process.stdout.read(1 << 16)
            if not piece:
                self.process.wait(PATIENCE_SECONDS)
                return None
            line += piece
        return line

    def close(self):
        self.answers.close()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    def stop(self):
        """Ends it; its answers have been read."""
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait(PATIENCE_SECONDS)
            self.close()
