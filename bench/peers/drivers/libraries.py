"""The Python peers: libraries.py NAME --base ... (the command line of ../README.md).

faiss-hnsw    M=16 efC=200                              effort: efSearch
faiss-flat                                              exact; effort: of no effect
faiss-ivfpq   nlist=128|256 pq=D/4|D/2 refine=RFlat kf=10   effort: nprobe; 4-bit FastScan codes, exact last order
faiss-rabitq  nlist=128|256 refine=RFlat kf=10          effort: nprobe
usearch       M=16 efC=200 dtype=f32|bf16|f16|i8        effort: expansion
voyager       M=16 efC=200                              effort: query_ef
scann         leaves=1000|600 dpb=2 reorder=100 soar=0  effort: leaves searched
svs           R=32 L=128 alpha=1.2                      effort: window; prefetches tuned on rows of the base
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from driver import Job, bytes_of, serve


class FaissHnsw:
    def __init__(self, job: Job) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        m, ef = job.option("M", 16), job.option("efC", 200)
        metric = faiss.METRIC_INNER_PRODUCT if job.metric == "dot" else faiss.METRIC_L2

        def build() -> Any:
            index = faiss.IndexHNSWFlat(job.dims, m, metric)
            index.hnsw.efConstruction = ef
            index.add(job.base)
            return index

        self.config = f"M{m}-efC{ef}"
        self.index, path, self.build_cpu_seconds = job.built(
            f"faiss-hnsw-{self.config}", build, lambda index, at: faiss.write_index(index, str(at))
        )
        self.index = self.index or faiss.read_index(str(path))
        self.bytes_per_vector = bytes_of(path) / job.rows

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        self.index.hnsw.efSearch = effort
        return self.index.search(queries, k)[1]


class FaissFlat:
    config = "exact"

    def __init__(self, job: Job) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        start = time.process_time()
        self.index = faiss.IndexFlatIP(job.dims) if job.metric == "dot" else faiss.IndexFlatL2(job.dims)
        self.index.add(job.base)
        self.build_cpu_seconds = time.process_time() - start
        self.bytes_per_vector = 4.0 * job.dims

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        return self.index.search(queries, k)[1]


class FaissInverted:
    """Inverted lists of short codes, refined by the vectors themselves."""

    def __init__(self, job: Job, name: str) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        lists = job.option("nlist", 256 if job.rows > 30_000 else 128)
        parts = job.option("pq", job.dims // 4 if job.dims > 256 else job.dims // 2)
        codes = f"PQ{parts}x4fs" if name == "faiss-ivfpq" else "RaBitQfs"
        factory = f"IVF{lists},{codes},{job.option('refine', 'RFlat')}"
        metric = faiss.METRIC_INNER_PRODUCT if job.metric == "dot" else faiss.METRIC_L2

        def build() -> Any:
            index = faiss.index_factory(job.dims, factory, metric)
            index.train(job.base)
            index.add(job.base)
            return index

        stem = factory.replace(",", "-")
        self.index, path, self.build_cpu_seconds = job.built(
            f"{name}-{stem}", build, lambda index, at: faiss.write_index(index, str(at))
        )
        self.index = self.index or faiss.read_index(str(path))
        self.lists = faiss.downcast_index(self.index.base_index)
        self.index.k_factor = float(job.option("kf", 10))
        self.config = f"{stem}-kf{job.option('kf', 10)}"
        self.bytes_per_vector = bytes_of(path) / job.rows

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        self.lists.nprobe = effort
        return self.index.search(queries, k)[1]


class Usearch:
    def __init__(self, job: Job) -> None:
        from usearch.index import Index

        m, ef, kind = job.option("M", 16), job.option("efC", 200), job.option("dtype", "f32")

        def empty() -> Any:
            return Index(
                ndim=job.dims,
                metric="ip" if job.metric == "dot" else "l2sq",
                dtype=kind,
                connectivity=m,
                expansion_add=ef,
                expansion_search=64,
            )

        def build() -> Any:
            index = empty()
            index.add(np.arange(job.rows), job.base, threads=1)
            return index

        self.config = f"M{m}-efC{ef}-{kind}"
        self.index, path, self.build_cpu_seconds = job.built(
            f"usearch-{self.config}", build, lambda index, at: index.save(str(at))
        )
        if self.index is None:
            self.index = empty()
            self.index.load(str(path))
        print("usearch uses", self.index.hardware_acceleration, file=sys.stderr)
        self.bytes_per_vector = bytes_of(path) / job.rows

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        self.index.expansion_search = effort
        return self.index.search(queries, k, threads=1).keys.astype(np.int64)


class Voyager:
    def __init__(self, job: Job) -> None:
        import voyager

        m, ef = job.option("M", 16), job.option("efC", 200)
        space = voyager.Space.InnerProduct if job.metric == "dot" else voyager.Space.Euclidean

        def build() -> Any:
            index = voyager.Index(space, num_dimensions=job.dims, M=m, ef_construction=ef, max_elements=job.rows)
            index.add_items(job.base, num_threads=1)
            return index

        self.config = f"M{m}-efC{ef}"
        self.index, path, self.build_cpu_seconds = job.built(
            f"voyager-{self.config}", build, lambda index, at: index.save(str(at))
        )
        self.index = self.index or voyager.Index.load(str(path))
        self.bytes_per_vector = bytes_of(path) / job.rows

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        return self.index.query(queries, k=k, num_threads=1, query_ef=max(effort, k))[0].astype(np.int64)


class Scann:
    def __init__(self, job: Job) -> None:
        import scann

        leaves, block = job.option("leaves", 1000 if job.dims <= 256 else 600), job.option("dpb", 2)
        reorder, soar = job.option("reorder", 100), job.option("soar", 0)
        kinds = scann.scann_ops_pybind

        def build() -> Any:
            builder = kinds.builder(job.base, job.k, "dot_product" if job.metric == "dot" else "squared_l2")
            spilled = {"soar_lambda": 1.5} if soar else {}
            builder = builder.set_n_training_threads(1).tree(
                num_leaves=leaves, num_leaves_to_search=10, training_sample_size=job.rows, **spilled
            )
            return builder.score_ah(block).reorder(reorder).build()

        def save(index: Any, at: Path) -> None:
            at.mkdir(parents=True, exist_ok=True)
            index.serialize(str(at))

        self.config = f"leaves{leaves}-ah{block}{'-soar' if soar else ''}-re{reorder}"
        self.reorder = reorder
        self.index, path, self.build_cpu_seconds = job.built(f"scann-leaves{leaves}-ah{block}-{soar}", build, save)
        self.index = self.index or kinds.load_searcher(str(path))
        self.bytes_per_vector = bytes_of(path) / job.rows

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        return self.index.search_batched(
            queries, final_num_neighbors=k, leaves_to_search=effort, pre_reorder_num_neighbors=self.reorder
        )[0].astype(np.int64)


class Svs:
    def __init__(self, job: Job) -> None:
        import svs

        degree, window = job.option("R", 32), job.option("L", 128)
        dot = job.metric == "dot"
        alpha = job.option("alpha", 0.95 if dot else 1.2)
        kind = svs.DistanceType.MIP if dot else svs.DistanceType.L2

        def build() -> Any:
            wanted = svs.VamanaBuildParameters(alpha=alpha, graph_max_degree=degree, window_size=window)
            return svs.Vamana.build(wanted, job.base, kind, num_threads=1)

        def save(index: Any, at: Path) -> None:
            at.mkdir(parents=True, exist_ok=True)
            index.save(str(at / "config"), str(at / "graph"), str(at / "data"))

        self.svs = svs
        _, path, self.build_cpu_seconds = job.built(f"svs-R{degree}-L{window}-a{alpha}", build, save)
        rows = svs.VectorDataLoader(str(path / "data"), svs.DataType.float32, dims=job.dims)
        self.index = svs.Vamana(str(path / "config"), svs.GraphLoader(str(path / "graph")), rows, kind, num_threads=1)
        self.config = f"R{degree}-L{window}-f32"
        self.bytes_per_vector = 4 * degree + 4 + 4 * job.dims
        self.prefetch = self.tuned(np.ascontiguousarray(job.base[:: max(1, job.rows // 1000)][:1000]), job.k)

    def tuned(self, queries: np.ndarray, k: int) -> tuple[int, int]:
        """Look-ahead and step of prefetches, the fastest on rows of the base."""
        best, fastest = (4, 1), 0.0
        for pair in [(ahead, step) for ahead in (0, 2, 4, 8, 16) for step in (1, 2, 4, 8)]:
            self.prefetch = pair
            for _ in range(3):
                start = time.process_time()
                self.search(queries, k, 30)
                rate = 1 / (time.process_time() - start)
                if rate > fastest:
                    best, fastest = pair, rate
        return best

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        width = max(effort, k)
        buffer = self.svs.SearchBufferConfig(width, width)
        self.index.search_parameters = self.svs.VamanaSearchParameters(buffer, False, *self.prefetch)
        return self.index.search(queries, k)[0].astype(np.int64)


PEERS = {
    "faiss-flat": FaissFlat,
    "faiss-hnsw": FaissHnsw,
    "faiss-ivfpq": lambda job: FaissInverted(job, "faiss-ivfpq"),
    "faiss-rabitq": lambda job: FaissInverted(job, "faiss-rabitq"),
    "usearch": Usearch,
    "voyager": Voyager,
    "scann": Scann,
    "svs": Svs,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PEERS:
        raise SystemExit(f"{__doc__}\nThe first word is one of: {', '.join(PEERS)}")
    serve(sys.argv[1], PEERS[sys.argv[1]], sys.argv[2:])
