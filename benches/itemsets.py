"""Times the miner of itemsets beside pyfim and rusket and prints the table as Markdown.

    cargo build --release && cargo build --release -p regulars-models --example itemsets
    python3 benches/itemsets.py > /tmp/itemsets.md

Data sets: generated ones (`regulars generate --baskets`), and the full Complete Journey by product,
type and category where `datasets/complete-journey/fetch.sh` has put it. Every miner gets the same
baskets in memory and a process of its own, in turn; only its mining call is timed, and the least of
the runs counts. pyfim (Borgelt's programs, one thread) counts itemsets without listing them
(`report="#"`), and so does regulars (`count`); rusket has no such mode and is called at its Rust
functions with compressed rows, so that no table is made of the result. Beside them stands what
regulars takes to keep all itemsets and put them in order (`fit`).

Memory is the peak of the process less what it held before the call.
`--only NAME` takes one data set, `--runs N` sets the number of runs, `--slow S` leaves a miner out of
further runs once it took longer.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FULL = ROOT / "datasets" / "complete-journey" / "full"
PACKAGES = ["pyfim==6.28", "rusket==0.1.101", "numpy", "pyarrow"]

# Name, support as a number of baskets.
GENERATED = [("T10I4D100K", 10), ("T10I4D100KN16K", 10), ("C23N119D8K", 400)]
REAL = [("product", 15), ("type", 100), ("category", 300)]

READ = """
import json, resource, sys, time
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
path, support, algorithm = sys.argv[1], int(sys.argv[2]), sys.argv[3]
baskets = [[int(code) for code in line.split()] for line in open(path)]
def report(itemsets, seconds, before):
    print(json.dumps({"itemsets": int(itemsets), "seconds": seconds, "mib_before": before, "mib": peak()}))
"""

PYFIM = READ + """
import fim
before, started = peak(), time.perf_counter()
spectrum = getattr(fim, algorithm)(baskets, target="s", supp=-support, zmin=1, report="#")
report(sum(spectrum.values()), time.perf_counter() - started, before)
"""

RUSKET = READ + """
import numpy as np
from rusket import _rusket
indices = np.fromiter((code for basket in baskets for code in basket), dtype=np.int32)
indptr = np.zeros(len(baskets) + 1, dtype=np.int32)
np.cumsum([len(basket) for basket in baskets], out=indptr[1:])
del baskets
n_items = int(indices.max()) + 1
mine = getattr(_rusket, algorithm + "_from_csr")
before, started = peak(), time.perf_counter()
counts = mine(indptr, indices, n_items, support, None)[0]
report(len(counts), time.perf_counter() - started, before)
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, help="folder of the builds; default: that of this clone")
    parser.add_argument("--binary", type=Path, help="`regulars`, for the generated data; default: in the target folder")
    parser.add_argument("--python", type=Path, help=f"an interpreter that has {', '.join(PACKAGES)}; default: a new one")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slow", type=float, default=10.0, help="seconds; a run is ended after six times as long")
    parser.add_argument("--only", help="name of one data set")
    return parser.parse_args()


def interpreter(options: argparse.Namespace, scratch: Path) -> Path:
    if options.python:
        return options.python
    venv.create(scratch / "venv", with_pip=True)
    python = scratch / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def generated(name: str, binary: Path, scratch: Path) -> Path:
    folder = scratch / name
    subprocess.run([binary, "generate", "--quiet", "--baskets", name, "--out", folder], check=True)
    return next(folder.glob("*.dat"))


SHELVES = """
import sys
import pyarrow.parquet as parquet
folder, out = sys.argv[1:]
products = parquet.read_table(folder + "/products.parquet").to_pydict()
lines = parquet.read_table(folder + "/transactions.parquet", columns=["basket_id", "product_id"]).to_pydict()
for level in ["product", "type", "category"]:
    column = "product_id" if level == "product" else "product_" + level
    name_of = dict(zip(products["product_id"], products[column]))
    codes = {name: code for code, name in enumerate(sorted(set(filter(None, name_of.values()))))}
    baskets = {}
    for basket, product in zip(lines["basket_id"], lines["product_id"]):
        name = product if level == "product" else name_of.get(product)
        if name is not None:
            code = codes.setdefault(name, len(codes))
            baskets.setdefault(basket, set()).add(code)
    with open(f"{out}/{level}.dat", "w") as file:
        file.writelines(" ".join(map(str, sorted(basket))) + "\\n" for basket in baskets.values())
"""


def run(command: list, threads: int, slow: float) -> dict | None:
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    try:
        done = subprocess.run(
            [str(part) for part in command], env=environment, text=True, capture_output=True, timeout=6 * slow
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        sys.exit(f"failed: {command[:1]} {command[-3:]}\n{done.stderr}")
    return json.loads(done.stdout)


def compare(name: str, path: Path, support: int, options: argparse.Namespace, python: Path, example: Path) -> None:
    miners = {
        ("pyfim fpgrowth", 1): [python, "-c", PYFIM, path, support, "fpgrowth"],
        ("pyfim eclat", 1): [python, "-c", PYFIM, path, support, "eclat"],
        ("rusket fpgrowth", 2): [python, "-c", RUSKET, path, support, "fpgrowth"],
        ("rusket eclat", 2): [python, "-c", RUSKET, path, support, "eclat"],
        ("count", 1): [example, path, support, "count", 1],
        ("count", 2): [example, path, support, "count", 2],
        ("fit", 2): [example, path, support, "fit", 2],
    }
    runs: dict = {miner: [] for miner in miners}
    left_out = set()
    for _ in range(options.runs):
        for miner, command in miners.items():
            if miner in left_out:
                continue
            result = run(command, miner[1], options.slow)
            if result:
                runs[miner].append(result)
            if result is None or result["seconds"] > options.slow:
                left_out.add(miner)
            if result and miner[0] == "count" and result["itemsets"] > 5_000_000:
                left_out.add(("fit", 2))  # takes gigabytes
    least = {miner: min(run["seconds"] for run in of) if of else None for miner, of in runs.items()}
    more = {miner: max(run["mib"] - run["mib_before"] for run in of) if of else None for miner, of in runs.items()}
    counted = {run["itemsets"] for of in runs.values() for run in of}
    if len(counted) != 1:
        print(f"{name}: miners disagree: { {miner: of[0]['itemsets'] for miner, of in runs.items() if of} }", file=sys.stderr)

    def cell(miner: tuple) -> str:
        if least[miner] is None:
            return f"over {6 * options.slow:.0f}" if miner in left_out and miner[0] != "fit" else "-"
        return f"{least[miner]:.3f} ({more[miner]:.0f} MiB)"

    def ratio(peers: list[str], miner: tuple) -> str:
        times = [least[peer] for peer in least if peer[0].split()[0] in peers and least[peer] is not None]
        return f"{min(times) / least[miner]:.1f}" if times else "-"

    cells = [cell(miner) for miner in miners]
    itemsets = ", ".join(f"{number:,}" for number in sorted(counted))
    cells += [ratio(["pyfim"], ("count", 1)), ratio(["pyfim", "rusket"], ("count", 2))]
    print(f"| {name} | {support:,} | {itemsets} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    options = arguments()
    target = options.target or Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = options.binary or target / "release" / "regulars"
    example = target / "release" / "examples" / "itemsets"
    for file in [binary, example]:
        if not file.is_file():
            sys.exit(f"there is no {file}; build it first, see {Path(__file__).name} --help")
    with tempfile.TemporaryDirectory(prefix="regulars-itemsets-") as folder:
        scratch = Path(folder)
        python = interpreter(options, scratch)
        print("| baskets | support | itemsets | pyfim fpgrowth, s | pyfim eclat, s | rusket fpgrowth, 2 threads, s | rusket eclat, 2 threads, s | regulars, 1 thread, s | regulars, 2 threads, s | regulars, 2 threads, all kept in order, s | fastest pyfim over regulars, 1 thread | fastest peer over regulars, 2 threads |")
        print("|---|---|---|---|---|---|---|---|---|---|---|---|")
        for name, support in GENERATED:
            if options.only in (None, name):
                compare(name, generated(name, binary, scratch), support, options, python, example)
        if (FULL / "transactions.parquet").is_file():
            subprocess.run([python, "-c", SHELVES, FULL, scratch], check=True)
            for name, support in REAL:
                if options.only in (None, name):
                    compare(f"Complete Journey, {name}", scratch / f"{name}.dat", support, options, python, example)
        else:
            print(f"no {FULL}; datasets/complete-journey/fetch.sh fetches it", file=sys.stderr)


main()
