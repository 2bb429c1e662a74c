"""tools/check_licences: what may be linked, what was reviewed, and what a binary really loads."""

import unittest
from pathlib import Path

from tests import call, load

licences = load("check_licences")


class Licences(unittest.TestCase):
    def test_judges_expressions(self) -> None:
        for good in (
            "MIT",
            "LGPL-2.1-or-later",
            "BSD-3-Clause OR GPL-2.0-only",
            "GPL-3.0-or-later WITH GCC-exception-3.1",
        ):
            self.assertTrue(licences.may_link(good), good)
        for bad in (
            "GPL-2.0-only",
            "AGPL-3.0-only",
            "MIT AND GPL-3.0-or-later",
            "GPL-2.0-only OR AGPL-3.0-only",
            "GPL-2.0-only WITH other",
        ):
            self.assertFalse(licences.may_link(bad), bad)

    def test_every_reviewed_package_may_be_linked(self) -> None:
        rows = licences.reviewed(licences.TABLE.read_text())
        self.assertGreater(len(rows), 40)
        for pattern, licence in rows:
            self.assertTrue(licences.may_link(licence), pattern)

    def test_looks_up_by_pattern_and_knows_what_it_does_not_know(self) -> None:
        rows = licences.reviewed("# note\nlibfmt* | MIT | text\n")
        self.assertEqual(licences.licence_of("libfmt9", rows), "MIT")
        self.assertIsNone(licences.licence_of("libx264-164", rows))

    def test_walks_a_real_binary(self) -> None:
        ours, behind = licences.linked(Path("/bin/bash"))
        self.assertIn("libc6", licences.owners(ours)[0])
        self.assertEqual(behind, set())
        self.assertEqual(licences.owners({Path("/usr/lib/of-nobody.so")}), (set(), {Path("/usr/lib/of-nobody.so")}))

    def test_asks_for_a_build(self) -> None:
        done = call("tools/check_licences", "no-such-build")
        self.assertEqual(done.returncode, 5)
        self.assertIn("build it first", done.stderr)


if __name__ == "__main__":
    unittest.main()
