"""tools/new_recipe: three files, named and filled from the slug, and refusals in words."""

import tempfile
import unittest
from pathlib import Path

from tests import call, load

new_recipe = load("new_recipe")
words = load("check_words")


class NewRecipe(unittest.TestCase):
    WORDS = new_recipe.words_for("soft-vq-2", "Soft Vectors", "2401.00001", "codes without cliffs", "compress")

    def test_writes_three_files_named_after_the_slug(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            written = [path.relative_to(folder).as_posix() for path in new_recipe.write(self.WORDS, Path(folder))]
            self.assertEqual(
                written,
                ["quiver/recipes/soft_vq_2.cc", "quiver/recipes/soft_vq_2_test.cc", "docs/recipes/soft-vq-2.md"],
            )
            source = Path(folder, written[0]).read_text()
            self.assertTrue(source.endswith("QUIVER_RECIPE(soft_vq_2)\n"))
            self.assertIn('.slug = "soft-vq-2"', source)
            self.assertIn("Stage::Compress", source)
            test = Path(folder, written[1]).read_text()
            self.assertIn("TEST(SoftVq2Recipe, ", test)
            self.assertNotRegex(test, r"(?m)^ +Run ")  # in a test's body that is testing::Test::Run

    def test_a_paper_of_several_methods_has_a_folder(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            given = new_recipe.words_for("word-doc/rcnn", "", "", "a claim", "learn")
            written = [path.relative_to(folder).as_posix() for path in new_recipe.write(given, Path(folder))]
            self.assertEqual(
                written,
                [
                    "quiver/recipes/word_doc/rcnn.cc",
                    "quiver/recipes/word_doc/rcnn_test.cc",
                    "docs/recipes/word-doc-rcnn.md",
                ],
            )
            self.assertIn("QUIVER_RECIPE(word_doc_rcnn)", Path(folder, written[0]).read_text())

    def test_every_file_tells_the_author_what_to_write_and_the_gate_waits_for_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for path in new_recipe.write(self.WORDS, Path(folder)):
                self.assertTrue(list(words.findings_in(path.name, path.read_text())), path.name)

    def test_writes_nothing_over_a_recipe_that_exists(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "docs/recipes").mkdir(parents=True)
            Path(folder, "docs/recipes/soft-vq-2.md").write_text("kept")
            with self.assertRaises(FileExistsError):
                new_recipe.write(self.WORDS, Path(folder))
            self.assertFalse(Path(folder, "quiver").exists())

    def test_refuses_names_that_are_none(self) -> None:
        for arguments, message in ((["Soft_VQ"], "no slug"), (["a/b/c"], "no slug"), (["soft-vq", "--arxiv", "24.1"], "no arXiv number")):
            done = call("tools/new_recipe", *arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
