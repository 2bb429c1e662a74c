"""The session engine, and the two runners on it."""

import tempfile
import unittest
from pathlib import Path

from lib import repo
from lib.console import Session, Step, lines_of, matches, with_continuations

from tests import call, load

behaviour = load("run_behaviour")
docs = load("run_docs")


def numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.splitlines(), 1))


class Matching(unittest.TestCase):
    def test_compares_every_character_but_trailing_spaces(self) -> None:
        self.assertTrue(matches(["recall 0.914"], lines_of("recall 0.914  \n\n")))
        self.assertFalse(matches(["recall 0.914"], lines_of("recall 0.915\n")))
        self.assertFalse(matches(["a.b"], ["axb"]))

    def test_three_dots_stand_for_lines_or_characters(self) -> None:
        self.assertTrue(matches(["first", "...", "last"], ["first", "last"]))
        self.assertTrue(matches(["first", "...", "last"], ["first", "1", "2", "last"]))
        self.assertFalse(matches(["first", "...", "last"], ["first", "1", "2"]))
        self.assertTrue(matches(["took ... s, recall 0.9"], ["took 1.27 s, recall 0.9"]))
        self.assertFalse(matches(["took ... s"], ["took 1", "2 s"]))

    def test_nothing_matches_only_nothing(self) -> None:
        self.assertTrue(matches([], lines_of("\n")))
        self.assertFalse(matches([], ["x"]))


class Parsing(unittest.TestCase):
    def test_joins_continuations(self) -> None:
        found = list(with_continuations(numbered("$ a \\\n  b\n$ cat <<E\n> x\n>\n> E\nx\n")))
        self.assertEqual([(line, command) for line, command, _ in found], [(1, "a \\\n  b"), (3, "cat <<E\nx\n\nE")])
        self.assertEqual(found[1][2], [(7, "x")])

    def test_wants_a_command_first(self) -> None:
        with self.assertRaisesRegex(ValueError, "line 1: expected a command"):
            list(with_continuations(numbered("output\n$ ls")))


class Running(unittest.TestCase):
    def test_carries_folder_and_exports_over(self) -> None:
        with Session([]) as session:
            session.run("mkdir a && cd a && export WORD='two words' && false")
            self.assertEqual(session.run('basename "$PWD"; echo "$WORD"').stdout, "a\ntwo words\n")

    def test_hides_the_caller_s_settings(self) -> None:
        with Session([]) as session:
            self.assertEqual(session.run("echo $LC_ALL $NO_COLOR; ls ~").stdout, "C.UTF-8 1\n")

    def test_ends_a_command_that_takes_too_long(self) -> None:
        with Session([], limit=0.3) as session:
            self.assertEqual(
                list(session.complaints(Step("sleep 60 & sleep 60", 1))), ["took longer than 0.3 s and was ended"]
            )

    def test_says_how_the_output_differs(self) -> None:
        with Session([]) as session:
            status, difference = session.complaints(Step("echo 2; exit 3", 1, stdout=["1"]))
        self.assertEqual(status, "exit status 3, expected 0")
        self.assertIn("-1\n+2", difference)


class Behaviour(unittest.TestCase):
    def test_reads_all_marks(self) -> None:
        (step,) = behaviour.steps("# why\n\n$ cat <<E\n> # kept\n> E\n| out\n|\n! err\n? 2\n")
        self.assertEqual(step, Step("cat <<E\n# kept\nE", 3, stdout=["out", ""], stderr=["err"], status=2))

    def test_names_the_line_it_does_not_understand(self) -> None:
        with self.assertRaisesRegex(ValueError, "line 2: 'out' begins with none"):
            behaviour.steps("$ ls\nout\n")

    def test_an_unexpected_line_on_stderr_fails(self) -> None:
        with Session([]) as session:
            self.assertEqual(list(session.complaints(behaviour.steps("$ true")[0])), [])
            self.assertTrue(list(session.complaints(behaviour.steps("$ echo oops >&2")[0])))


class Docs(unittest.TestCase):
    PAGE = """text
```console
$ echo 1
1

$ ls missing
...
[exit 2]
```
```sh
$ no
```
<!-- no-run: takes an hour -->
```console
$ sleep 3600
```
"""

    def run_page(self, page: str) -> tuple[int, str]:
        (repo.ROOT / "build").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=repo.ROOT / "build") as folder:
            file = Path(folder, "page.md")
            file.write_text(page)
            done = call("tools/run_docs", "--limit", "5", str(file))
            return done.returncode, done.stdout

    def test_runs_console_blocks_and_reports_skipped_ones(self) -> None:
        status, printed = self.run_page(self.PAGE)
        self.assertIn("docs: 2 passed, 0 failed, 1 skipped", printed)
        self.assertIn("skipped: takes an hour", printed)
        self.assertEqual(status, 0)

    def test_a_wrong_number_fails_with_its_place(self) -> None:
        status, printed = self.run_page(self.PAGE.replace("echo 1\n1", "echo 1\n2"))
        self.assertIn("page.md:3: $ echo 1", printed)
        self.assertEqual(status, 1)

    def test_a_block_is_skipped_only_with_a_reason(self) -> None:
        status, printed = self.run_page(self.PAGE.replace(": takes an hour", ""))
        self.assertIn("say why the block is not run", printed)
        self.assertEqual(status, 1)

    def test_a_needed_path_is_linked_or_the_block_skipped(self) -> None:
        block = "<!-- needs: {} -->\n```console\n$ {}\n```\n"
        page = block.format("tools/step", "test -x tools/step") + block.format("no-such-folder", "false")
        self.assertIn("docs: 1 passed, 0 failed, 1 skipped", self.run_page(page)[1])

    def test_indented_blocks_lose_their_indent(self) -> None:
        (block,) = docs.blocks("1. do\n   ```console\n   $ echo a\n   a\n   ```\n")
        self.assertEqual(list(block.steps()), [Step("echo a", 3, stdout=["a"])])


if __name__ == "__main__":
    unittest.main()
