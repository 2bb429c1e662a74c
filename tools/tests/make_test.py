"""The Makefile's help, tools/step, and what continuous integration runs."""

import re
import unittest

from lib import repo
from tests import call


class Make(unittest.TestCase):
    def test_help_is_the_default_and_speaks_to_a_newcomer_first(self) -> None:
        done = call("make", "--no-print-directory")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.splitlines()[0], r"^New here\? Type: make demo")
        for target in ("demo", "test", "check", "core", "format", "tidy", "clean"):
            self.assertRegex(done.stdout, rf"  make {target} +\S")

    def test_every_target_can_be_planned(self) -> None:
        for target in re.findall(r"^([a-z]+):", (repo.ROOT / "Makefile").read_text(), re.MULTILINE):
            done = call("make", "-n", "PRESET=ci", target)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("build/dev", done.stdout)  # the preset reaches every step

    def test_every_preset_that_is_named_exists(self) -> None:
        presets = set(re.findall(r'"name": "(\w+)"', (repo.ROOT / "CMakePresets.json").read_text()))
        makefile = (repo.ROOT / "Makefile").read_text()
        named = set(re.findall(r"call (?:build|sanitize),([a-z0-9]+)|--preset ([a-z0-9]+)", makefile))
        named = {name for pair in named for name in pair if name}
        named |= set(re.findall(r"PRESET=(\w+)", (repo.ROOT / ".ci/run").read_text()))
        self.assertGreater(len(named), 3)
        self.assertLessEqual(named, presets)


class Step(unittest.TestCase):
    def test_says_what_runs_and_how_long_it_took(self) -> None:
        done = call("tools/step", "greeting", "echo", "hello there")
        self.assertRegex(done.stdout, r"^== greeting\nhello there\n== greeting: done in \d+\.\d s\n$")

    def test_hands_the_exit_status_on(self) -> None:
        done = call("tools/step", "refusal", "bash", "-c", "exit 7")
        self.assertEqual(done.returncode, 7)
        self.assertIn("FAILED (exit status 7)", done.stdout)


class ContinuousIntegration(unittest.TestCase):
    def test_is_bash_that_stops_at_the_first_failure(self) -> None:
        script = (repo.ROOT / ".ci/run").read_text()
        self.assertIn("set -euo pipefail", script)
        self.assertEqual(call("bash", "-n", ".ci/run").returncode, 0)
        stages = re.findall(r"^stage (\w+) (.+)$", script, re.MULTILINE)
        self.assertEqual(stages, [("bootstrap", "tools/bootstrap"), ("test", "make test"), ("check", "make check")])


if __name__ == "__main__":
    unittest.main()
