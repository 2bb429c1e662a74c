"""What the drivers of the Python peers share: the command line, the files, exact recall, clocks and the conversation of
../README.md. The twin of driver.h; a library is a Searcher in libraries.py.

All queries go to a library in one call on one thread, so configs end in "/batch"; rates are per CPU second of the
process, and the microseconds are CPU time a query. Distances are compared in double.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[name] = "1"  # before any library reads it

import numpy as np  # noqa: E402


class Searcher(Protocol):
    """One built index. config and bytes_per_vector describe it; effort is what trades speed for recall."""

    config: str
    bytes_per_vector: float
    build_cpu_seconds: float

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        """Row numbers, (queries, k); -1 where none was found."""


def read_vectors(path: str, kind: type) -> np.ndarray:
    """Rows of an .fvecs or .ivecs file."""
    dims = int(np.fromfile(path, np.int32, 1)[0])
    return np.ascontiguousarray(np.fromfile(path, kind).reshape(-1, dims + 1)[:, 1:])


def bytes_of(path: Path) -> int:
    """Of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(bytes_of(inside) for inside in path.iterdir())
    return path.stat().st_size if path.exists() else 0


class Job:
    """The command line and the files it names."""

    def __init__(self, words: list[str]) -> None:
        flags = {"--base": "", "--queries": "", "--truth": "", "--cache": "", "--data": "data", "--metric": "l2", "-k": "10"}
        self.options: dict[str, str] = {}
        self.rebuild = False
        at = 0
        while at < len(words):
            word = words[at]
            if word in flags:
                at += 1
                flags[word] = words[at]
            elif word == "--rebuild":
                self.rebuild = True
            elif "=" in word and not word.startswith("-"):
                option, value = word.split("=", 1)
                self.options[option] = value
            else:
                raise SystemExit(f"'{word}' is not understood; see README.md")
            at += 1
        if not all(flags[name] for name in ("--base", "--queries", "--truth", "--cache")):
            raise SystemExit("--base, --queries, --truth and --cache are needed; see README.md")
        self.cache, self.data, self.metric, self.k = flags["--cache"], flags["--data"], flags["--metric"], int(flags["-k"])
        if self.metric not in ("l2", "dot"):
            raise SystemExit(f"the metric is l2 or dot, not {self.metric}")
        self.base = read_vectors(flags["--base"], np.float32)
        self.queries = read_vectors(flags["--queries"], np.float32)
        self.truth = read_vectors(flags["--truth"], np.int32)
        self.rows, self.dims = self.base.shape

    def option(self, name: str, otherwise: Any) -> Any:
        """An option of the library, in the type of its default."""
        return type(otherwise)(self.options.get(name, otherwise))

    def built(self, name: str, build: Callable[[], Any], save: Callable[[Any, Path], None]) -> tuple[Any, Path, float]:
        """Builds and saves unless it is there: (fresh index or None, where it is, CPU seconds of the build)."""
        path = Path(f"{self.cache}.{name}")
        times = Path(f"{path}.cpu")
        if not self.rebuild and path.exists() and times.exists():
            return None, path, float(times.read_text())
        if path.is_dir():
            shutil.rmtree(path)
        start = time.process_time()
        index = build()
        seconds = time.process_time() - start
        save(index, path)
        times.write_text(f"{seconds:.3f}\n")
        return index, path, seconds


class Judge:
    """Recall of answers: a row counts if it is no farther than the k-th exact one, by a part in ten million."""

    def __init__(self, job: Job) -> None:
        self.job = job
        exact = [self.distances(job.truth[q, job.k - 1 : job.k], q)[0] for q in range(len(job.queries))]
        self.furthest = np.array(exact) + 1e-7 * np.abs(exact)

    def distances(self, rows: np.ndarray, query: int) -> np.ndarray:
        base, one = self.job.base[rows].astype(np.float64), self.job.queries[query].astype(np.float64)
        return -(base @ one) if self.job.metric == "dot" else ((base - one) ** 2).sum(-1)

    def recall(self, found: np.ndarray) -> float:
        hits = 0
        for query, rows in enumerate(found):
            rows = np.unique(rows[: self.job.k])
            rows = rows[(rows >= 0) & (rows < self.job.rows)]
            hits += int((self.distances(rows, query) <= self.furthest[query]).sum())
        return hits / (len(self.job.queries) * self.job.k)


def answer(job: Job, judge: Judge, peer: str, searcher: Searcher, effort: int, repeats: int) -> str:
    recall = judge.recall(np.asarray(searcher.search(job.queries, job.k, effort)))
    rates = []
    for _ in range(max(1, repeats)):
        start = time.process_time()
        searcher.search(job.queries, job.k, effort)
        rates.append(len(job.queries) / (time.process_time() - start))
    rates.sort()
    return (
        f"{peer},{searcher.config}/batch,{job.data},{effort},{recall:.5f},{rates[-1]:.1f},{rates[len(rates) // 2]:.1f},"
        f"{1e6 / rates[-1]:.2f},{searcher.build_cpu_seconds:.3f},{searcher.bytes_per_vector:.1f}"
    )


def serve(peer: str, make: Callable[[Job], Searcher], words: list[str]) -> None:
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to stderr
    job = Job(words)
    judge = Judge(job)
    searcher = make(job)
    print(
        f"READY,{peer},{searcher.config}/batch,{job.data},{searcher.build_cpu_seconds:.3f},{searcher.bytes_per_vector:.1f}",
        file=out,
        flush=True,
    )
    for line in sys.stdin:
        parts = line.split()
        if parts and parts[0] == "filter":
            print(f"NO,{peer} has no filters here", file=out, flush=True)
            continue
        if not parts or int(parts[0]) <= 0:
            break
        repeats = int(parts[1]) if len(parts) > 1 else 1
        print(answer(job, judge, peer, searcher, int(parts[0]), repeats), file=out, flush=True)
