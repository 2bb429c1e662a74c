"""tools/instructions: what it calls a regression, what a gain, and how it writes its record."""

import json
import unittest

from lib import repo
from tests import call, load

instructions = load("instructions")


def row(count: int, recall: float = 0.95) -> dict[str, object]:
    return {"instructions": count, "recall": recall, "compiler": "12.2.0"}


class Compare(unittest.TestCase):
    def found(self, before: dict[str, object], now: dict[str, object]) -> tuple[str, str]:
        findings, gains = instructions.compare({"graph": before}, {"graph": now})
        return "\n".join(findings), "\n".join(gains)

    def test_the_same_within_the_tolerance_is_fine(self) -> None:
        for count in (9501, 10000, 10499):
            self.assertEqual(self.found(row(10000), row(count)), ("", ""))

    def test_more_instructions_are_named_with_the_part(self) -> None:
        findings, gains = self.found(row(10000), row(10600))
        self.assertIn("graph: 10600 instructions a query, +6.0% of 10000", findings)
        self.assertEqual(gains, "")

    def test_fewer_instructions_are_a_gain_to_record(self) -> None:
        findings, gains = self.found(row(10000), row(9000))
        self.assertEqual(findings, "")
        self.assertIn("-10.0% of 10000; record the gain", gains)

    def test_cheaper_by_finding_less_is_no_gain(self) -> None:
        self.assertIn("recall is 0.9, 0.95 on record", self.found(row(10000), row(9000, 0.9))[0])
        self.assertEqual(self.found(row(10000), row(10000, 0.949))[0], "")

    def test_a_search_that_only_one_side_knows_is_named(self) -> None:
        findings, _ = instructions.compare({"old": row(1)}, {"new": row(1)})
        self.assertIn("new: counts.json does not have it", findings[0])
        self.assertIn("old: tests/instructions/instructions.cc does not have it", findings[1])


class Record(unittest.TestCase):
    def test_is_json_that_compare_reads(self) -> None:
        counted = {"flat": row(5), "graph": row(7)}
        known = json.loads(instructions.record(counted))
        self.assertEqual(known["compiler"], "12.2.0")
        self.assertEqual(instructions.compare(known["a query"], counted), ([], []))

    def test_the_one_in_the_tree_has_the_rows_of_the_program(self) -> None:
        known = json.loads(instructions.RECORD.read_text())["a query"]
        source = (repo.ROOT / "tests/instructions/instructions.cc").read_text()
        for name, counted in known.items():
            self.assertIn(f'Subject{{"{name}"', source)
            self.assertGreater(counted["instructions"], 1000)

    def test_a_build_that_is_missing_is_said(self) -> None:
        done = call("tools/instructions", "build/none")
        self.assertEqual(done.returncode, 5)
        self.assertIn("build it first", done.stderr)


if __name__ == "__main__":
    unittest.main()
