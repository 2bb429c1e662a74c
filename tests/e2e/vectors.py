#!/usr/bin/env python3
"""fit -> map -> index -> search -> inspect through real processes, judged by arithmetic of our own.

    tests/e2e/vectors.py build/dev/quiver/cli/quiver

Vectors are drawn around a few centres in 24 dimensions, of which 8 carry nearly everything; a projection learned by
`pca-projection` must keep their neighbours. Only Python's standard library is used.
"""

import json
import math
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SEED, ROWS, QUERIES, DIMS, KEPT = 7, 600, 40, 24, 8


def draw() -> tuple[list[list[float]], list[list[float]]]:
    generator = random.Random(SEED)
    scale = [1.0] * KEPT + [0.02] * (DIMS - KEPT)
    centres = [[generator.gauss(0, 3) * s for s in scale] for _ in range(12)]

    def point() -> list[float]:
        centre = generator.choice(centres)
        return [c + generator.gauss(0, 1) * s for c, s in zip(centre, scale)]

    return [point() for _ in range(ROWS)], [point() for _ in range(QUERIES)]


def write_fvecs(path: Path, rows: list[list[float]]) -> None:
    path.write_bytes(b"".join(struct.pack(f"<i{len(row)}f", len(row), *row) for row in rows))


def read_fvecs(path: Path) -> list[list[float]]:
    content, rows, at = path.read_bytes(), [], 0
    while at < len(content):
        (dims,) = struct.unpack_from("<i", content, at)
        rows.append(list(struct.unpack_from(f"<{dims}f", content, at + 4)))
        at += 4 + 4 * dims
    return rows


def nearest(base: list[list[float]], query: list[float], k: int) -> list[int]:
    distances = [(sum((a - b) ** 2 for a, b in zip(row, query)), number) for number, row in enumerate(base)]
    return [number for _, number in sorted(distances)[:k]]


class Quiver:
    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder

    def __call__(self, *words: str) -> dict:
        """Runs a verb with --json and returns its answer."""
        done = subprocess.run([self.program, *words, "--json", "--seed", str(SEED)], cwd=self.folder, text=True,
                              capture_output=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"quiver {' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)


def check(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(f"e2e vectors (seed {SEED}): {message}")


def main() -> None:
    program = str(Path(sys.argv[1]).resolve())
    base, queries = draw()
    with tempfile.TemporaryDirectory(prefix="quiver-e2e-") as name:
        folder = Path(name)
        quiver = Quiver(program, folder)
        write_fvecs(folder / "base.fvecs", base)
        write_fvecs(folder / "query.fvecs", queries)
        truth = [nearest(base, query, 10) for query in queries]
        (folder / "truth.ivecs").write_bytes(b"".join(struct.pack("<11i", 10, *rows) for rows in truth))

        fitted = quiver("fit", "pca-projection", "--data", "base.fvecs", "--dims", str(KEPT), "--out", "pca.qvm")
        check(fitted["card"]["recipe"] == "pca-projection", f"the card names {fitted['card']['recipe']}")
        check(fitted["card"]["measured"]["variance_kept"] > 0.99, "8 axes must keep nearly all variance")

        mapped = quiver("map", "--model", "pca.qvm", "--vectors", "base.fvecs", "--rows", str(ROWS), "--out", "base.qvr")
        check(mapped["rows"] == ROWS and mapped["dims"] == KEPT, f"mapped to {mapped['rows']} x {mapped['dims']}")
        check(mapped["space"] == fitted["id"], "mapped vectors live in the space their model founded")

        built = quiver("index", "build", "--vectors", "base.qvr", "--spec", "flat + lvq(8)", "--out", "base.qvi")
        check(built["bytes"] < ROWS * KEPT * 4, f"codes take {built['bytes']} bytes, no less than floats")

        exact = quiver("search", "--index", "base.qvi", "--model", "pca.qvm", "--queries", "query.fvecs", "-k", "10",
                       "--truth", "truth.ivecs", "--out", "hits.jsonl")
        check(exact["recall"]["mean"] > 0.9, f"recall@10 against the full vectors is {exact['recall']['mean']}")

        # The hits of the compressed index, against our own search among the mapped vectors.
        quiver("map", "--model", "pca.qvm", "--vectors", "query.fvecs", "--role", "query", "--out", "query_mapped.fvecs")
        quiver("convert", "base.qvr", "base_mapped.fvecs")
        short, asked = read_fvecs(folder / "base_mapped.fvecs"), read_fvecs(folder / "query_mapped.fvecs")
        lines = [json.loads(line) for line in (folder / "hits.jsonl").read_text().splitlines()]
        check(len(lines) == QUERIES, f"{len(lines)} lines of hits for {QUERIES} queries")
        agreed = 0
        for line, query in zip(lines, asked):
            right = nearest(short, query, 10)
            agreed += len({hit["row"] for hit in line["hits"]} & set(right))
            for hit in line["hits"]:
                distance = math.dist(short[hit["row"]], query)
                check(abs(hit["score"] - distance) < 0.05, f"row {hit['row']} scored {hit['score']}, is {distance} away")
        check(agreed > 0.95 * 10 * QUERIES, f"8-bit codes found {agreed} of {10 * QUERIES} neighbours")

        batched = quiver("search", "--index", "base.qvi", "--model", "pca.qvm", "--queries", "query.fvecs", "-k", "10",
                         "--batch", "16", "--out", "batched.jsonl")
        check(batched["batch"] == 16, "the batch is reported")
        together = [json.loads(line) for line in (folder / "batched.jsonl").read_text().splitlines()]
        for line, other in zip(lines, together, strict=True):  # mapped together, the last bit of a query may differ
            same = all(a["row"] == b["row"] and math.isclose(a["score"], b["score"], rel_tol=1e-4)
                       for a, b in zip(line["hits"], other["hits"], strict=True))
            check(same, f"query {line['query']} has other hits in a batch")

        audit = quiver("inspect", "recall", "--index", "base.qvi", "--vectors", "base.qvr", "--sample", "0")
        check(audit["queries"] == ROWS and audit["recall"]["mean"] > 0.95, f"audit found {audit['recall']}")
        check(audit["recall"]["low"] <= audit["recall"]["mean"] <= audit["recall"]["high"], "the interval holds its mean")
        check(quiver("inspect", "model", "pca.qvm")["id"] == fitted["id"], "the saved model is the one that was fitted")
        check(quiver("inspect", "index", "base.qvi")["rows"] == ROWS, "the index holds every row")
        check(quiver("inspect", "vectors", "base.qvr")["space"] == fitted["id"], "the file of vectors knows its space")

        again = quiver("fit", "pca-projection", "--data", "base.fvecs", "--dims", str(KEPT), "--out", "again.qvm")
        check(again["id"] == fitted["id"], "the same data and seed must give the same model")
    print(f"e2e vectors: recall@10 {exact['recall']['mean']:.3f} after 3:1 projection and 8-bit codes")


if __name__ == "__main__":
    main()
