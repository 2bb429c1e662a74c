"""bench/peers/prepare: the table of searchers, and what it says of them. Nothing is fetched or built here."""

import ast
import importlib.machinery
import importlib.util
import json
import sys
import tempfile
import unittest
from pathlib import Path

from lib import repo
from tests import call

PEERS = repo.ROOT / "bench" / "peers"
loader = importlib.machinery.SourceFileLoader("prepare", str(PEERS / "prepare"))
prepare = importlib.util.module_from_spec(importlib.util.spec_from_loader("prepare", loader))
sys.modules["prepare"] = prepare
loader.exec_module(prepare)


class Prepare(unittest.TestCase):
    def test_every_peer_has_a_library_and_every_library_a_driver(self) -> None:
        for name, peer in prepare.PEERS.items():
            self.assertIn(peer.library, {**prepare.SOURCES, **prepare.PACKAGES}, name)
            self.assertEqual(peer.efforts, sorted(set(peer.efforts)), name)
        for source in prepare.SOURCES.values():
            self.assertTrue((PEERS / "drivers" / f"{source.driver}.cc").exists(), source.driver)
            self.assertRegex(source.commit, "^[0-9a-f]{40}$")

    def test_entries_are_what_the_roster_reads(self) -> None:
        entry = prepare.entry("hnswlib")
        self.assertEqual(entry["command"], ["bin/hnswlib"])
        self.assertEqual(entry["metrics"], ["l2", "dot"])
        entry = prepare.entry("usearch")
        self.assertEqual(entry["command"], ["venv/bin/python", "python/libraries.py", "usearch"])
        self.assertIn("usearch 2", entry["source"])
        json.dumps(entry)

    def test_python_peers_are_those_of_the_table(self) -> None:
        tree = ast.parse((PEERS / "drivers" / "libraries.py").read_text())
        [table] = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PEERS"
        ]
        names = {key.value for key in table.keys}
        self.assertEqual(names, {name for name, peer in prepare.PEERS.items() if peer.library in prepare.PACKAGES})
        for script in ("drivers/driver.py", "sets"):
            ast.parse((PEERS / script).read_text())

    def test_what_fails_is_said_with_its_log(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder)
            source = prepare.Source("file:///no/such/place", "0" * 40, "hnswlib", [])
            before = prepare.SOURCES["hnswlib"]
            prepare.SOURCES["hnswlib"] = source
            try:
                ready, failed = prepare.prepare(where, ["hnswlib"])
            finally:
                prepare.SOURCES["hnswlib"] = before
            self.assertEqual(ready, [])
            self.assertIn("git fetch", failed["hnswlib"].read_text())
            self.assertTrue((where / "python" / "driver.py").exists())

    def test_a_mistaken_name_is_answered_with_those_there_are(self) -> None:
        done = call(sys.executable, str(PEERS / "prepare"), "x", "--only", "nosuch")
        self.assertEqual(done.returncode, 2)
        self.assertIn("hnswlib", done.stderr)
        listed = call(sys.executable, str(PEERS / "prepare"), "x", "--list", "--only", "hnswlib,svs")
        self.assertEqual(len(listed.stdout.splitlines()), 2, listed.stdout)


if __name__ == "__main__":
    unittest.main()
