"""What every tool needs of the checkout: where it is, which files it holds, and how findings are reported."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]


def files(*patterns: str, root: Path = ROOT) -> list[Path]:
    """The files matching git patterns such as "*.h": tracked ones, and new ones that git does not ignore."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted({root / name for name in found.split("\0") if name and (root / name).is_file()})


def relative(path: Path, root: Path = ROOT) -> str:
    return path.resolve().relative_to(root.resolve()).as_posix()


def finish(tool: str, findings: Iterable[str], clean: str) -> NoReturn:
    """Prints the findings and exits 1, or prints the one line that says what is clean and exits 0."""
    listed = list(findings)
    for finding in listed:
        print(finding)
    if listed:
        print(f"{tool}: {len(listed)} to mend", file=sys.stderr)
        sys.exit(1)
    print(f"{tool}: {clean}")
    sys.exit(0)


def stop(tool: str, message: str, status: int = 2) -> NoReturn:
    print(f"{tool}: {message}", file=sys.stderr)
    sys.exit(status)
