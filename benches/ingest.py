"""How fast CSV becomes the warehouse, beside DuckDB turning the same CSV into Parquet.

    cargo build --release
    python3 -m venv venv && venv/bin/pip install duckdb
    venv/bin/python benches/ingest.py --lines 5 10 20

Generates histories of 24 months with about so many million purchase lines, as CSV and as Parquet. In turn,
several times, in one run: `regulars ingest` of the CSV (every table, typed, checked, deduplicated, sorted by
customer and time within each month), DuckDB reading the same files of interactions, sorting them by customer and
time and writing Parquet with zstd, and `regulars ingest` of the Parquet. Each is a process of its own, so
that each has its own peak memory. The largest size above needs some ten gigabytes of disk below --work.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measure import LINES_OF_A_CUSTOMER, measured

DUCKDB = """
import duckdb, sys
source, target, threads = sys.argv[1:]
db = duckdb.connect()
db.execute(f"SET threads TO {threads}; SET memory_limit = '8GB'; SET preserve_insertion_order = false")
db.execute(f"COPY (SELECT * FROM read_csv('{source}') ORDER BY customer_id, occurred_at) "
           f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=float, nargs="+", default=[5, 10, 20], help="million purchase lines")
    parser.add_argument("--binary", default="target/release/regulars")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=None, help="folder for the histories; removed afterwards")
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    threads = str(options.threads)
    rows = []
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        for million in options.lines:
            customers = str(round(million * 1e6 / LINES_OF_A_CUSTOMER))
            shops = {form: Path(work) / form for form in ("csv", "parquet")}
            for form, shop in shops.items():
                measured([binary, "generate", "--customers", customers, "--format", form, "--out", str(shop), "--threads", threads])
            truth = json.loads((shops["csv"] / "truth" / "generator.json").read_text())
            source = str(shops["csv"] / "interactions" / "*.csv")
            size = sum(file.stat().st_size for file in shops["csv"].rglob("*.csv"))
            figures: dict[str, list[tuple[float, float, float]]] = {"csv": [], "duckdb": [], "parquet": []}
            for _ in range(options.rounds):
                for name in figures:
                    out = Path(work) / "out"
                    if name == "duckdb":
                        command = [sys.executable, "-c", DUCKDB, source, str(Path(work) / "out.parquet"), threads]
                    else:
                        command = [binary, "ingest", "-c", str(shops[name] / "regulars.toml"), "--out", str(out), "--threads", threads]
                    figures[name].append(measured(command))
                    shutil.rmtree(out, ignore_errors=True)
            middle = {
                name: tuple(statistics.median(run[part] for run in runs) for part in range(3))
                for name, runs in figures.items()
            }
            ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in zip(figures["csv"], figures["duckdb"]))
            rows.append((truth["lines"], size, middle, ratio))
            print(f"{truth['lines']:,} lines: {middle}, {ratio:.2f} times DuckDB", flush=True)
            for shop in shops.values():
                shutil.rmtree(shop)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, {platform.system()}; {threads} threads, {options.rounds} rounds, medians\n")
    print("| million lines | CSV | ingest of CSV | DuckDB, CSV to sorted Parquet | ratio | ingest of Parquet |")
    print("|---|---|---|---|---|---|")
    for lines, size, middle, ratio in rows:
        cell = {name: "{:.1f} s, CPU {:.1f} s, {:.0f} MiB".format(*figures) for name, figures in middle.items()}
        print(f"| {lines / 1e6:.1f} | {size / 1e6:.0f} MB | {cell['csv']} | {cell['duckdb']} | {ratio:.2f} | {cell['parquet']} |")


if __name__ == "__main__":
    main()
