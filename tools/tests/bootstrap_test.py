"""tools/bootstrap: its list agrees with CMake's, it installs nothing twice, and it gives up in words."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib import repo

from tests import call

BOOTSTRAP = str(repo.ROOT / "tools/bootstrap")


def rows() -> list[list[str]]:
    return [line.split("|") for line in call(BOOTSTRAP, "--list").stdout.splitlines()]


def cmake_names(text: str) -> set[str]:
    """What cmake/QuiverDependencies.cmake looks for, by the names it gives them. Threads is the C library's."""
    text = re.sub(r"#.*", "", text)
    names = set(re.findall(r"find_package\((\w+)", text)) | set(re.findall(r"pkg_check_modules\((\w+)", text))
    names |= {match.removeprefix("QUIVER_") for match in re.findall(r"find_library\((\w+)", text)}
    return names - {"Threads"}


class OtherMachine(unittest.TestCase):
    """A PATH on which only chosen commands exist, so that other systems can be acted."""

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name in ("bash", "env", "sed", "cut", "sort", "grep", "tr", "awk", "cat"):
            os.symlink(
                next(Path(part, name) for part in ("/usr/bin", "/bin") if Path(part, name).exists()),
                Path(self.folder.name, name),
            )

    def fake(self, name: str, script: str) -> None:
        file = Path(self.folder.name, name)
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    def run_here(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return call("/bin/bash", BOOTSTRAP, *arguments, env={"PATH": self.folder.name}, stdin=subprocess.DEVNULL)


class List(unittest.TestCase):
    def test_names_what_cmake_looks_for_and_nothing_else(self) -> None:
        wanted = cmake_names((repo.ROOT / "cmake/QuiverDependencies.cmake").read_text())
        listed = {row[2] for row in rows() if row[2]}
        self.assertGreater(len(wanted), 10)
        self.assertEqual(wanted, listed)

    def test_gives_every_package_once_with_a_set_and_a_reason(self) -> None:
        packages = [row[0] for row in rows()]
        self.assertEqual(len(packages), len(set(packages)))
        for package, group, _, reason in rows():
            self.assertRegex(package, r"^[a-z0-9][a-z0-9.+-]+$")
            self.assertIn(group, ("core", "learn", "demo", "test", "bench", "check"))
            self.assertGreater(len(reason), 8, package)

    def test_core_needs_no_torch(self) -> None:
        self.assertNotIn("libtorch-dev", [row[0] for row in rows() if row[1] == "core"])


class Behaviour(OtherMachine):
    def test_installs_only_what_is_missing_without_questions(self) -> None:
        self.fake("dpkg-query", 'shift 3; for p in "$@"; do [ "$p" = git ] || echo "$p installed"; done')
        self.fake("apt-get", 'echo "apt-get $* ($DEBIAN_FRONTEND)"')
        self.fake("id", "echo 0")
        done = self.run_here("--only", "core")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("update (noninteractive)", done.stdout)
        self.assertIn("install -y --no-install-recommends git (noninteractive)", done.stdout)

    def test_does_nothing_when_nothing_is_missing(self) -> None:
        self.fake("dpkg-query", 'shift 3; for p in "$@"; do echo "$p installed"; done')
        self.fake("apt-get", "echo must not run; exit 9")
        done = self.run_here()
        self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 1))
        self.assertIn("nothing is missing", done.stdout)

    def test_dry_run_lists_packages_with_their_reasons(self) -> None:
        self.fake("dpkg-query", "exit 1")
        self.fake("apt-get", "echo must not run; exit 9")
        done = self.run_here("--dry-run", "--only=learn,demo")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"libtorch-dev +autograd")
        self.assertIn("would install 2 of 2", done.stdout)

    def test_uses_sudo_when_not_root(self) -> None:
        self.fake("dpkg-query", "exit 1")
        self.fake("apt-get", 'echo "apt-get $*"')
        self.fake("id", "echo 1000")
        self.fake("sudo", '[ "$1" != -n ] || exit 0; echo "sudo $*"')
        self.assertIn("sudo env DEBIAN_FRONTEND=noninteractive apt-get", self.run_here("--only", "demo").stdout)

    def test_stops_with_5_and_the_list_when_it_may_not_install(self) -> None:
        self.fake("dpkg-query", "exit 1")
        self.fake("apt-get", "exit 9")
        self.fake("id", "echo 1000")
        done = self.run_here("--only", "demo")
        self.assertEqual(done.returncode, 5)
        self.assertIn("sudo is not here", done.stderr)
        self.assertIn("apt-get install --no-install-recommends wordnet-base", done.stderr)
        self.fake("sudo", "exit 1")
        done = self.run_here("--only", "demo")
        self.assertEqual(done.returncode, 5)
        self.assertIn("no terminal to ask on", done.stderr)

    def test_stops_with_5_away_from_debian(self) -> None:
        done = self.run_here("--only", "core")
        self.assertEqual(done.returncode, 5)
        self.assertIn("not a Debian system (dpkg-query is not here)", done.stderr)
        self.assertIn("libfmt-dev", done.stderr)

    def test_refuses_what_it_does_not_know(self) -> None:
        for arguments, words in (
            (["--ony", "core"], "unknown option --ony"),
            (["--only", "cores"], "no set is called cores"),
        ):
            done = self.run_here(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
