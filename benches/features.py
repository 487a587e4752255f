"""Features beside DuckDB: the same columns of the same dates, from the same Parquet files, in the same run.

    cargo build --release
    pip install -r tests/requirements.txt
    python3 benches/features.py --lines 20

Generates a history of 24 months with about so many million purchase lines, loads it, and takes the snapshots of every date
with `regulars features`. The queries are those that `models export --features` writes for DuckDB: the history is folded once, and
every date is answered from that. DuckDB gets the same dates, threads and memory, and writes each snapshot to Parquet too. Each side is a
process of its own, from its start to its end, in turn, as often as `--rounds` says; what both found at the last date is compared.
Ours runs from nothing, and once more over what it has kept of the months, as it does after every load that adds a month.

Polars cannot take part: its SQL has no join on `d < as_of`, which is what a snapshot is.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measure import LINES_OF_A_CUSTOMER, measured


def called(command: list[str]) -> None:
    """A command that must succeed, unmeasured."""
    measured(command)


def of_all_dates(exported: str, dates: list[str], threads: int, memory: str, spill: Path, out: Path) -> str:
    """The exported script for several dates at once, its snapshots written to Parquet."""
    days = " UNION ALL ".join(f"SELECT CAST(date_diff('day', DATE '1970-01-01', DATE '{date}') AS INTEGER) AS as_of" for date in dates)
    script, found = re.subn(
        r"CREATE OR REPLACE TEMP TABLE as_of_dates AS [^;]*;", lambda _: f"CREATE OR REPLACE TEMP TABLE as_of_dates AS {days};", exported
    )
    assert found == 1, "the exported SQL names its date in another way"
    # The last statement picks whom a model speaks of; a snapshot has everybody.
    folds, last = script.rsplit("-- Those whom the model speaks of", 1)
    snapshots = re.search(r"FROM \((.*)\) AS snapshot", last, re.DOTALL)
    assert snapshots, "the exported SQL ends in another way"
    out.mkdir()
    return (
        f"SET threads = {threads}; SET memory_limit = '{memory}'; SET temp_directory = '{spill}';\n{folds}\n"
        f"CREATE OR REPLACE TEMP TABLE snapshots AS {snapshots.group(1)};\n"
        + "".join(
            f"COPY (SELECT * EXCLUDE (as_of) FROM snapshots WHERE as_of = date_diff('day', DATE '1970-01-01', DATE '{date}')"
            f" ORDER BY customer_id) TO '{out / date}.parquet' (FORMAT parquet, COMPRESSION zstd);\n"
            for date in dates
        )
    )


def largest_difference(ours: Path, theirs: Path) -> tuple[float, int, int]:
    """The largest relative difference of any number, rows and columns compared."""
    import polars as pl

    a, b = (pl.read_parquet(path).sort("customer_id") for path in (ours, theirs))
    assert a["customer_id"].cast(str).to_list() == b["customer_id"].cast(str).to_list(), "other customers"
    shared = [name for name in b.columns if name in a.columns and name != "customer_id"]
    worst = 0.0
    for name in shared:
        x, y = a[name].cast(pl.Float64), b[name].cast(pl.Float64)
        assert (x.is_null() == y.is_null()).all(), f"{name}: empty for others"
        scale = pl.max_horizontal(x.abs(), y.abs(), pl.lit(1.0))
        worst = max(worst, pl.select(((x - y).abs() / scale).max()).item() or 0.0)
    return worst, a.height, len(shared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=float, default=20, help="million purchase lines")
    parser.add_argument("--binary", default="target/release/regulars")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GiB", help="what DuckDB may take; ours has the settings' default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=None, help="folder for the history; removed afterwards")
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    threads = ["--threads", str(options.threads)]
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        work = Path(work)
        shop, out = work / "shop", work / "out"
        customers = round(options.lines * 1e6 / LINES_OF_A_CUSTOMER)
        called([binary, "generate", "--customers", str(customers), "--months", "24", "--out", str(shop), *threads])
        run = ["-c", str(shop / "regulars.toml"), "--out", str(out), *threads, "--quiet"]
        called([binary, "ingest", *run])
        called([binary, "features", *run])
        # A model must be there for its features to be exported; which one it is makes no difference here.
        called([binary, "train", *run])
        called([binary, "models", "promote", "latest", *run, "--force", "--why", "a benchmark"])
        sql = work / "features.sql"
        called([binary, "models", "export", "--to", "sql", "--features", "--file", str(sql), *run])
        dates = sorted(path.stem for path in (out / "features").glob("*.parquet"))
        script = work / "duckdb.sql"
        script.write_text(of_all_dates(sql.read_text(), dates, options.threads, options.memory, work / "spill", work / "theirs"))
        duckdb = [sys.executable, "-c", "import duckdb, sys; duckdb.connect().execute(open(sys.argv[1]).read())", str(script)]
        ours, again, theirs = [], [], []
        for _ in range(options.rounds):
            shutil.rmtree(out / "warehouse" / "folds")
            ours.append(measured([binary, "features", *run]))
            again.append(measured([binary, "features", *run]))
            theirs.append(measured(duckdb))
        lines = json.loads((shop / "truth" / "generator.json").read_text())["lines"]
        worst, rows, columns = largest_difference(out / "features" / f"{dates[-1]}.parquet", work / "theirs" / f"{dates[-1]}.parquet")
    print(
        f"{lines:,} lines of {customers:,} customers, {len(dates)} dates; {platform.machine()}, {os.cpu_count()} cores, "
        f"{options.threads} threads; median of {options.rounds} rounds in turn\n"
    )
    print("| | regulars | DuckDB | ratio | regulars with the months kept | ratio |")
    print("|---|---|---|---|---|---|")
    for part, name in enumerate(["wall, s", "CPU, s", "peak memory, MiB"]):
        a, b, c = (statistics.median(figures[part] for figures in side) for side in (ours, theirs, again))
        print(f"| {name} | {a:.1f} | {b:.1f} | {a / b:.2f} | {c:.1f} | {c / b:.2f} |")
    print(f"\nAt {dates[-1]}, {rows:,} customers, {columns} columns in both: the largest relative difference of a number is {worst:.1e}.")


if __name__ == "__main__":
    main()
