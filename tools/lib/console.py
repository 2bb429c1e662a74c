"""Runs shell sessions written as text and compares what they print: the engine under run_docs and run_behaviour.

A session is a list of commands in one scratch folder. The working folder and exported variables carry over from command
to command, as at a prompt. In expected text `...` stands for anything: alone on a line for any number of lines (none
included), inside a line for any characters. Everything else, numbers included, is compared exactly; only spaces at a
line's end are ignored.
"""

import difflib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ANYTHING = "..."
# Runs the command $1; the file $2 carries folder and exported variables from one command to the next.
PROMPT = 'if [ -s "$2" ]; then . "$2"; fi; trap \'{ export -p; printf "cd %q\\n" "$PWD"; } > "$2"\' EXIT; eval "$1"'


@dataclass
class Step:
    """One command and what it must print. None for an output means: do not compare it."""

    command: str
    line: int
    stdout: list[str] | None = None
    stderr: list[str] | None = None
    status: int = 0


@dataclass
class Outcome:
    """What a command did."""

    status: int
    stdout: str
    stderr: str
    seconds: float = 0.0
    late: bool = False


@dataclass
class Session:
    """A scratch folder with an environment; use it in a with statement."""

    path: list[Path]
    limit: float = 60.0
    merged: bool = False  # whether stderr goes where stdout goes, as on a screen
    links: dict[str, Path] = field(default_factory=dict)

    def __enter__(self) -> "Session":
        self._folder = tempfile.TemporaryDirectory(prefix="quiver-session-", ignore_cleanup_errors=True)
        root = Path(self._folder.name)
        self.home, self.work, self._state = root / "home", root / "work", root / "state"
        self.home.mkdir()
        self.work.mkdir()
        for name, target in self.links.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).symlink_to(target)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(self, command: str) -> Outcome:
        """Runs one command with bash; past the limit its whole process group is ended."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LC_", "LANG", "QUIVER_", "MAKE", "MFLAGS")) or name == "QUIVER_DATA"
        }
        environment |= {
            "PATH": os.pathsep.join([*map(str, self.path), os.environ["PATH"]]),
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "COLUMNS": "120",
            "TERM": "dumb",
        }
        process = subprocess.Popen(
            ["bash", "-c", PROMPT, "bash", command, str(self._state)],
            cwd=self.work,
            env=environment,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
            stderr=subprocess.STDOUT if self.merged else subprocess.PIPE,
        )
        try:
            stdout, stderr = process.communicate(timeout=self.limit)
            return Outcome(process.returncode, stdout, stderr or "")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            return Outcome(-signal.SIGKILL, stdout, stderr or "", late=True)

    def complaints(self, step: Step) -> Iterator[str]:
        """Runs the step and says what was not as expected; nothing when all was."""
        outcome = self.run(step.command)
        if outcome.late:
            yield f"took longer than {self.limit:g} s and was ended"
            return
        if outcome.status != step.status:
            yield f"exit status {outcome.status}, expected {step.status}"
            if step.stderr is None and step.stdout is None:
                yield (outcome.stdout + outcome.stderr).rstrip()
        for name, expected, printed in (
            ("stdout", step.stdout, outcome.stdout),
            ("stderr", step.stderr, outcome.stderr),
        ):
            lines = lines_of(printed)
            if expected is not None and not matches(expected, lines):
                yield "\n".join(
                    difflib.unified_diff(expected, lines, f"expected {name}", f"printed {name}", lineterm="")
                )


def lines_of(text: str) -> list[str]:
    """Lines without trailing spaces and without blank lines at the end."""
    return [line.rstrip() for line in text.rstrip().split("\n")] if text.strip() else []


def matches(expected: list[str], printed: list[str]) -> bool:
    """Whether the printed lines are what was expected, wildcards considered."""
    pattern = []
    for line in expected:
        if line.strip() == ANYTHING:
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append(".*?".join(re.escape(part) for part in line.rstrip().split(ANYTHING)) + r"\n")
    return re.fullmatch("".join(pattern), "".join(line + "\n" for line in printed)) is not None


def with_continuations(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str, list[tuple[int, str]]]]:
    """Splits a block into (line number, command, the lines after it). A command begins with "$ " and goes on in lines
    beginning with "> " right after it, and after a line that ends in a backslash."""
    position = 0
    while position < len(lines):
        number, text = lines[position]
        position += 1
        if not text.startswith("$ "):
            raise ValueError(f"line {number}: expected a command ('$ ...'), found '{text}'")
        command = [text[2:]]
        while position < len(lines) and (
            lines[position][1].startswith("> ") or lines[position][1] == ">" or command[-1].endswith("\\")
        ):
            following = lines[position][1]
            command.append(following[2:] if following[:1] == ">" else following)
            position += 1
        end = position
        while end < len(lines) and not lines[end][1].startswith("$ "):
            end += 1
        yield number, "\n".join(command), lines[position:end]
        position = end
