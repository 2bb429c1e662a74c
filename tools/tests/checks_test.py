"""The gates: each finds what it forbids, and lets through what it allows."""

import json
import os
import re
import tempfile
import unittest
from pathlib import Path

from lib import repo

from tests import call, load

layers, lengths, words = (load(f"check_{name}") for name in ("layers", "lengths", "words"))
tidy, changelog = load("tidy"), load("changelog")


class Layers(unittest.TestCase):
    def found(self, name: str, line: str) -> str:
        return "\n".join(layers.findings_in(name, line))

    def test_a_module_sees_its_row_only(self) -> None:
        self.assertEqual(self.found("quiver/core/a.cc", '#include "quiver/simd/kernels.h"'), "")
        self.assertIn(
            "core may include simd, and quiver/data/items.h is of data",
            self.found("quiver/core/a.h", '#include "quiver/data/items.h"'),
        )
        self.assertIn("simd may include nothing", self.found("quiver/simd/a.cc", '#include "quiver/core/result.h"'))
        self.assertEqual(self.found("tests/e2e/a.cc", '#include "quiver/cli/verb.h"'), "")

    def test_an_unknown_module_is_named_with_a_hint(self) -> None:
        self.assertIn("no module is called 'vectors'; add its row", self.found("quiver/vectors/a.h", ""))
        self.assertIn("no module is called 'cores'", self.found("quiver/core/a.h", '#include "quiver/cores/a.h"'))

    def test_guests_stay_at_home(self) -> None:
        for line in ("#include <torch/torch.h>", "#include <ATen/ATen.h>"):
            self.assertIn("learn/tensor.h", self.found("quiver/learn/trainer.cc", line))
            self.assertEqual(self.found("quiver/learn/tensor.h", line), "")
        for line in ("#include <immintrin.h>", "#include <arm_neon.h>"):
            self.assertIn("intrinsics live in quiver/simd", self.found("quiver/index/flat.cc", line))
            self.assertEqual(self.found("quiver/simd/avx2.cc", line), "")
        self.assertIn("public headers stay light", self.found("quiver/core/a.h", "#include <fmt/format.h>"))
        self.assertEqual(self.found("quiver/core/a.cc", "#include <fmt/format.h>"), "")

    def test_paths_begin_at_the_root_and_internals_stay_inside(self) -> None:
        self.assertIn("write the path from the root", self.found("quiver/core/a.cc", '#include "result.h"'))
        self.assertIn("in quotes", self.found("quiver/core/a.cc", "#include <quiver/core/result.h>"))
        self.assertIn("private to core", self.found("quiver/data/a.cc", '#include "quiver/core/internal/x.h"'))
        self.assertEqual(self.found("quiver/core/a.cc", '#include "quiver/core/internal/x.h"'), "")

    def test_only_verbs_see_the_folders_beside_quiver(self) -> None:
        for name in ("bench/main.cc", "quiver/cli/bench.cc"):
            self.assertEqual(self.found(name, '#include "bench/kernels.h"'), "")
        self.assertIn("may not look outside", self.found("quiver/index/flat.cc", '#include "bench/kernels.h"'))

    def test_cmake_links_what_the_row_allows(self) -> None:
        self.assertEqual(
            list(layers.findings_in_cmake("index", "quiver_module(index DEPENDS core compress LINK fmt::fmt)")), []
        )
        self.assertEqual(
            list(layers.findings_in_cmake("index", "quiver_module(index DEPENDS core data)")),
            ["quiver/index/CMakeLists.txt: links to data, which its row does not allow"],
        )

    def test_the_table_is_the_one_in_the_book(self) -> None:
        book = (repo.ROOT / "ARCHITECTURE.md").read_text()
        above: list[str] = []
        for module, row in re.findall(r"^\| `(\w+)`[^|]*\|[^|]*\| ([^|]+?) \|$", book, re.MULTILINE):
            said = {"-": [], "all above": above, "all": above}.get(row, row.split(", "))
            known = set(layers.MODULES[module].split()) - {"align", "store", "serve"}
            self.assertEqual(known, set(said) - {"align", "store", "serve"}, module)
            above = [*above, module]
        self.assertGreater(len(above), 8)

    def test_rows_name_modules_and_have_no_cycle(self) -> None:
        seen: set[str] = set()
        for module, row in layers.MODULES.items():  # the story's order is a topological order
            self.assertLessEqual(set(row.split()), seen, module)
            seen.add(module)


class Lengths(unittest.TestCase):
    def test_verdicts(self) -> None:
        self.assertEqual(
            [lengths.verdict(n) for n in (0, 120, 400, 401, 700, 701)], ["", "", "", "note", "note", "fail"]
        )

    def test_distribution_counts_every_file_once(self) -> None:
        text = lengths.distribution([1, 60, 61, 500, 900])
        counts = [int(line.split()[2]) for line in text.splitlines()[:-1] if line.split()[1] == "lines"]
        self.assertEqual(sum(counts) + int(text.splitlines()[-2].split()[-2]), 5)
        self.assertIn("5 files, 1522 lines, median 61, longest 900", text)
        self.assertIn("0 files", lengths.distribution([]))


class Words(unittest.TestCase):
    def test_finds_unfinished_work_and_private_paths(self) -> None:
        bad = [
            "x  // TODO: later",  # words: ok
            "return not_found; // Not implemented",  # words: ok
            "see /home/ann/file",  # words: ok
            "a placeholder",  # words: ok
            "<<<<<<< ours",
        ]  # words: ok
        for line in bad:
            self.assertEqual(len(list(words.findings_in("a.cc", line))), 1, line)

    def test_lets_ordinary_text_through(self) -> None:
        for line in (
            "a method of todo lists",
            "docs/work/plan.md",
            "${HOME}/work/x",
            "/usr/share/wordnet",
            "the home of intrinsics",
        ):
            self.assertEqual(list(words.findings_in("a.md", line)), [], line)


class Skips(unittest.TestCase):
    REPORT = """<testsuites><testsuite name="A">
      <testcase name="Runs" classname="A" status="run" result="completed"/>
      <testcase name="Skips" classname="A" status="run" result="skipped"><skipped message="a.cc:2&#x0A;{}"/></testcase>
    </testsuite></testsuites>"""

    def check(self, reason: str, **environment: str) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.xml").write_text(self.REPORT.format(reason))
            done = call("tools/check_skips", folder, env={"PATH": os.environ["PATH"], **environment})
            return done.returncode, done.stdout

    def test_counts_what_ran_and_says_what_did_not(self) -> None:
        status, printed = self.check("this CPU has no avx512")
        self.assertEqual(status, 0)
        self.assertIn("skipped: A.Skips: this CPU has no avx512", printed)
        self.assertIn("1 unit tests run, 1 skipped", printed)

    def test_a_skip_for_want_of_data_fails_where_the_data_are(self) -> None:
        reason = "no glove in QUIVER_DATA"
        self.assertEqual(self.check(reason)[0], 0)
        self.assertEqual(self.check("this CPU has no avx512", QUIVER_DATA="data")[0], 0)
        status, printed = self.check(reason, QUIVER_DATA="data")
        self.assertEqual(status, 1)
        self.assertIn("A.Skips: skipped for want of data", printed)


class Tidy(unittest.TestCase):
    def test_leaves_torch_and_tests_out(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            for name, text in {
                "core/a.cc": "",
                "core/a_test.cc": "",
                "learn/t.cc": "",
                "cli/b.cc": '#include "quiver/cli/b.h"\n',
                "cli/b.h": '#include "quiver/learn/tensor.h"\n',
                "cli/c.cc": "",
            }.items():
                (root / "quiver" / name).parent.mkdir(parents=True, exist_ok=True)
                (root / "quiver" / name).write_text(text)
            entries = [
                {"directory": folder, "file": f"quiver/{name}"}
                for name in ("core/a.cc", "core/a_test.cc", "learn/t.cc", "cli/b.cc", "cli/c.cc")
            ]
            names = [
                path.relative_to(root).as_posix() for path in tidy.chosen(json.loads(json.dumps(entries)), [], root)
            ]
            self.assertEqual(names, ["quiver/cli/c.cc", "quiver/core/a.cc"])
            self.assertEqual(len(tidy.chosen(entries, ["core"], root)), 1)


class Changelog(unittest.TestCase):
    def test_assembles_by_release_and_kind(self) -> None:
        notes = [
            changelog.parse("0001-a.md", "release: 0.9.0\n## Fixed\n- old\n"),
            changelog.parse("0002-b.md", "release: 0.10.0\n## Added\n- newer\n  still\n"),
            changelog.parse("0003-c.md", "## Added\n- newest\n"),
        ]
        text = changelog.assemble(notes)
        self.assertLess(text.index("## Unreleased"), text.index("## 0.10.0"))
        self.assertLess(text.index("## 0.10.0"), text.index("## 0.9.0"))
        self.assertIn("- newer\n  still\n", text)

    def test_says_what_is_wrong_with_a_note(self) -> None:
        for name, text, message in (
            ("note.md", "", "is called NNNN"),
            ("0001-a.md", "## New\n- x", "'New' is none of Added"),
            ("0001-a.md", "words", "line 1: expected"),
            ("0001-a.md", "## Added\n", "says nothing"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                changelog.parse(name, text)

    def test_the_project_s_notes_are_assembled(self) -> None:
        done = call("tools/changelog", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)


class Help(unittest.TestCase):
    def test_every_tool_explains_itself(self) -> None:
        tools = [
            path
            for path in (repo.ROOT / "tools").iterdir()
            if path.is_file() and path.suffix == "" and path.name != "step"
        ]
        self.assertGreater(len(tools), 9)
        for tool in tools:
            done = call(str(tool), "--help")
            self.assertEqual(done.returncode, 0, tool.name)
            self.assertIn(f"tools/{tool.name}" if tool.name == "bootstrap" else tool.name, done.stdout)


if __name__ == "__main__":
    unittest.main()
