"""tools/recipe_table and tools/quick_recipes: rows from pages and results, and which recipes run."""

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tests import call, load

table = load("recipe_table")
quick = load("quick_recipes")

PAGE = "---\nbars:\n  - m[a] > 1\n---\n# A *method*\n\n**In one line.** It gives a | b,\nin one line.\n\n## When to use\n"


class RecipeTable(unittest.TestCase):
    def test_reads_title_and_promise_in_both_forms(self) -> None:
        self.assertEqual(table.title(PAGE), "A *method*")
        self.assertEqual(table.one_line(PAGE), "It gives a \\| b, in one line")
        headed = "---\n---\n# T\n\n## In one line\nShort.\n\n## When to use\n"
        self.assertEqual(table.one_line(headed), "Short")
        with self.assertRaisesRegex(ValueError, "In one line"):
            table.one_line("---\n---\n# T\n")

    def test_counts_the_bars_that_were_judged(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder, "soft-vq.json")
            self.assertEqual(table.measured(results), "not reproduced yet")
            bars = [("pass", "m[a] > 1"), ("miss", "m[b] > 1"), ("shown", "m[c] | report"), ("miss", "m[d] > 1 | stretch")]
            results.write_text(
                json.dumps({"seeds": [1, 2], "bars": [{"verdict": verdict, "text": text} for verdict, text in bars]})
            )
            self.assertEqual(table.measured(results), "[1 of 2 bars](docs/results/soft-vq.md), 2 seeds")

    def test_replaces_what_stands_between_the_markers(self) -> None:
        before = f"head\n{table.BEGIN}\nold\n{table.END}\ntail\n"
        self.assertEqual(table.with_table(before, "new"), f"head\n{table.BEGIN}\nnew\n{table.END}\ntail\n")

    def test_the_readme_is_what_it_writes(self) -> None:
        done = call("tools/recipe_table", "--check")
        self.assertEqual(done.returncode, 0, done.stdout)


class QuickRecipes(unittest.TestCase):
    def test_finds_the_file_of_a_recipe(self) -> None:
        self.assertEqual(quick.source_of("leanvec").name, "leanvec.cc")
        self.assertEqual(quick.source_of("pca-projection").parent.name, "bases")
        self.assertIsNone(quick.source_of("no-such-recipe"))

    def test_runs_what_changed_and_one_more_in_turn(self) -> None:
        with mock.patch.object(quick, "why_changed", lambda slug: "no results yet" if slug == "b" else ""):
            self.assertEqual(quick.chosen(["a", "b", "c"], 4), {"b": "no results yet", "a": "its turn"})
            self.assertEqual(quick.chosen(["a", "b", "c"], 5), {"b": "no results yet", "c": "its turn"})
            self.assertEqual(quick.chosen(["b"], 5), {"b": "no results yet"})

    def test_says_when_there_is_no_build(self) -> None:
        done = call("tools/quick_recipes", "--build", "no/such/folder", "--list")
        self.assertEqual(done.returncode, 3)
        self.assertIn("there is no", done.stderr)


if __name__ == "__main__":
    unittest.main()
