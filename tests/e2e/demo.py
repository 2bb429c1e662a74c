#!/usr/bin/env python3
"""The demo through its own door: interrupted while it learns, taken up again, then run once more with everything kept.

    tests/e2e/demo.py build/dev/quiver/cli/quiver

Needs WordNet (Debian's wordnet-base) and a build with training; without WordNet it is skipped (exit status 77).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

WORDNET = Path("/usr/share/wordnet")
FILES = ("model.qvm", "vectors.qvr", "index.qvi", "demo.json", "report.html", "steps.json")


def check(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(f"e2e demo: {message}")


def interrupted(command: list[str], folder: Path) -> None:
    """Runs the demo until training has begun, interrupts it, and checks how it ends."""
    process = subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = []
    for line in process.stderr:
        lines.append(line)
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("stage") == "learn" and event.get("done", 0) > 0:
            process.send_signal(signal.SIGINT)
            break
    output, rest = process.communicate(timeout=120)
    log = "".join(lines) + rest
    check(process.returncode == 130, f"an interrupted demo ends with {process.returncode}, not 130\n{log}")
    check(output == "", f"an interrupted demo answered {output!r}")
    error = json.loads(rest.strip().splitlines()[-1])["error"]
    check(error["code"] == "cancelled" and "run the same command again" in error["message"], f"it said {error}")


def finished(command: list[str], folder: Path) -> tuple[dict, str]:
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=600)
    check(done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout), done.stderr


def main() -> None:
    program = str(Path(sys.argv[1]).resolve())
    if not (WORDNET / "data.noun").exists():
        print(f"skipped: {WORDNET} holds no WordNet")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="quiver-demo-") as name:
        folder = Path(name)
        os.environ["QUIVER_CACHE"] = str(folder / "cache")  # checkpoints of other runs must not help
        command = [program, "demo", "--quick", "--out", "out", "--json", "--progress", "json"]
        interrupted(command, folder)
        document, log = finished(command, folder)
        check("going on after step" in log, f"the second run must say that it goes on from a checkpoint\n{log}")
        out = folder / "out"
        for file in FILES:
            check((out / file).stat().st_size > 0, f"{file} is empty")
        check((out / "report.html").stat().st_size <= 5 << 20, "the report is larger than 5 MB")
        arms = document["task"]["arms"]
        check(document["task"]["entries"] == 117_659, f"{document['task']['entries']} entries")
        check(arms["encoder"]["mrr@10"]["mean"] > arms["bm25"]["mrr@10"]["mean"], f"the encoder loses to BM25: {arms}")
        check(document["compression"]["recall@10"]["low"] > 0.98, f"8-bit codes keep {document['compression']['recall@10']}")
        check(document["graph"]["recall@10"]["low"] > 0.97, f"asked for .99, the graph finds {document['graph']['recall@10']}")
        check(len(document["samples"]) == 5 and all(len(s["hits"]) == 3 for s in document["samples"]), "five samples of three hits")

        words = subprocess.run([program, *document["command"].split(" --text ")[0].split()[1:], "--text", "a large wild cat", "--json"],
                               cwd=folder, text=True, capture_output=True, timeout=120)
        check(words.returncode == 0, f"the command it recommends fails\n{words.stderr}")
        check(any("cat" in hit["label"] for hit in json.loads(words.stdout)["hits"]), f"no cat in {words.stdout}")

        before = {file: (out / file).read_bytes() for file in FILES if file != "demo.json"}
        again, log = finished(command, folder)
        for step in ("learn", "encode", "index", "measure", "report"):
            check(again["seconds"][step]["kept"], f"the third run made {step} again\n{log}")
        check(again["task"] == document["task"], "numbers changed without any work")
        for file, content in before.items():
            check((out / file).read_bytes() == content, f"{file} was written again")
    print(f"e2e demo: encoder {arms['encoder']['mrr@10']['mean']:.3f} MRR@10 after a few seconds of training")


if __name__ == "__main__":
    main()
