"""tools/pixels: files that quiver reads as vectors, and refusals in words."""

import struct
import tempfile
import unittest
from pathlib import Path

from tests import call, load

pixels = load("pixels")


class Pixels(unittest.TestCase):
    def test_a_file_is_a_numpy_array_of_bytes(self) -> None:
        content = pixels.npy([b"abc", b"def"], 3)
        self.assertEqual(content[:8], b"\x93NUMPY\x01\x00")
        (length,) = struct.unpack("<H", content[8:10])
        self.assertEqual((10 + length) % 64, 0)  # as the format asks
        self.assertIn(b"'shape': (2, 3)", content[10 : 10 + length])
        self.assertEqual(content[10 + length :], b"abcdef")

    def test_pictures_of_a_folder_are_named_from_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "set/train/cat").mkdir(parents=True)
            Path(folder, "set/train/cat/1.jpg").write_bytes(b"x")
            Path(folder, "set/readme.txt").write_text("no picture")
            self.assertEqual(list(pixels.files_of(Path(folder, "set"))), [("set/train/cat/1.jpg", b"x")])

    def test_says_what_is_missing(self) -> None:
        done = call("tools/pixels", "/none.tar", "--out", "/tmp")
        self.assertIn(done.returncode, (3, 5))
        self.assertRegex(done.stderr, "there is no /none.tar|Pillow is missing")


if __name__ == "__main__":
    unittest.main()
