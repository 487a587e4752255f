"""Opens everything that a run wrote, with two programs that are not ours.

    python -m pip install -r tests/requirements.txt
    python tests/open_files.py regulars-out

Each Parquet and CSV file below the folder is read whole by polars and by DuckDB,
which must agree on columns, rows and, for Parquet, on the values present in each
column. A CSV must have the columns and rows of the Parquet file of its name. Each
Delta table is read by polars and by DuckDB: through DuckDB's Delta extension
where that is installed, else through the files that the table's log calls active.
Each file that manifest.json names must be there with those rows and that hash.
Folders and files whose names begin with a dot are left out.

Prints one line for each file or table and a count. Exit status: 0 all well, 1 any
problem (also: nothing to open, or no manifest).
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import duckdb
import polars as pl


@dataclass
class Opened:
    """What a file or table turned out to hold; `files` counts what was opened for it."""

    columns: list[str]
    rows: int
    files: int = 1


class Problem(Exception):
    """Something that a person who opens the output would stumble over."""


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    return connection


DUCK = connect()


def has_delta_extension() -> bool:
    try:
        DUCK.execute("LOAD delta")
        return True
    except duckdb.Error:
        return False


def agree(what: str, polars_says, duckdb_says) -> None:
    if polars_says != duckdb_says:
        raise Problem(f"{what}: polars reads {polars_says}, DuckDB reads {duckdb_says}")


# One kind of file each ---------------------------------------------------------


def duck_literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def duck_present(source: str) -> tuple[dict[str, int], int]:
    """How many values each column has that are not null, and the rows."""
    names = [row[0] for row in DUCK.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    counts = "".join(', count("{}")'.format(name.replace('"', '""')) for name in names)
    rows, *present = DUCK.execute(f"SELECT count(*){counts} FROM {source}").fetchall()[0]
    return dict(zip(names, present)), rows


def open_parquet(path: Path) -> Opened:
    frame = pl.read_parquet(path, hive_partitioning=False, glob=False)
    present, rows = duck_present(f"read_parquet({duck_literal(path)}, hive_partitioning = false)")
    agree("columns", frame.columns, list(present))
    agree("rows", frame.height, rows)
    agree("values in each column", {name: frame.height - frame[name].null_count() for name in frame.columns}, present)
    return Opened(frame.columns, frame.height)


def open_csv(path: Path) -> Opened:
    frame = pl.read_csv(path, infer_schema=False, glob=False)
    options = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"'"
    present, rows = duck_present(f"read_csv({duck_literal(path)}, {options})")
    agree("columns", frame.columns, list(present))
    agree("rows", frame.height, rows)
    return Opened(frame.columns, frame.height)


# Delta tables --------------------------------------------------------------------


def checkpoint_of(log: Path) -> tuple[int, list[Path]]:
    """The version that the last checkpoint holds, and its files; -1 without one."""
    pointer = log / "_last_checkpoint"
    if not pointer.exists():
        return -1, []
    version = json.loads(pointer.read_text())["version"]
    parts = sorted(log.glob(f"{version:020}.checkpoint*.parquet"))
    if not parts:
        raise Problem(f"_last_checkpoint names version {version}, which has no checkpoint file")
    return version, parts


def active_files(table: Path) -> list[Path]:
    """The data files of the latest version, by the table's log (checkpoint, then commits)."""
    log = table / "_delta_log"
    version, parts = checkpoint_of(log)
    adds = {}
    for part in parts:
        checkpoint = pl.read_parquet(part, glob=False)["add"].drop_nulls().to_list()
        adds.update({add["path"]: add for add in checkpoint if add["path"] is not None})
    for commit in sorted(log.glob("*.json")):
        if not commit.stem.isdigit() or int(commit.stem) <= version:
            continue
        for line in commit.read_text(encoding="utf-8").splitlines():
            action = json.loads(line)
            if "add" in action:
                adds[action["add"]["path"]] = action["add"]
            elif "remove" in action:
                adds.pop(action["remove"]["path"], None)
    if any(add.get("deletionVector") for add in adds.values()):
        raise Problem("has deletion vectors, which only DuckDB's Delta extension can apply; install it")
    return [table / unquote(path) for path in sorted(adds)]


def open_delta(table: Path) -> Opened:
    frame = pl.read_delta(str(table))
    files = active_files(table)
    if has_delta_extension():
        ((rows,),) = DUCK.execute(f"SELECT count(*) FROM delta_scan({duck_literal(table)})").fetchall()
    elif files:
        names = ", ".join(duck_literal(file) for file in files)
        _, rows = duck_present(f"read_parquet([{names}], hive_partitioning = false, union_by_name = true)")
    else:
        rows = 0
    agree("rows", frame.height, rows)
    return Opened(frame.columns, frame.height, len(files))


# The folder ----------------------------------------------------------------------


def is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def to_open(root: Path) -> list[tuple[Path, object]]:
    """Every table and file in order of its path, with the function that opens it."""
    tables = [log.parent for log in root.rglob("_delta_log") if log.is_dir() and not is_hidden(log, root)]
    found = [(table, open_delta) for table in tables]
    for suffix, how in [(".parquet", open_parquet), (".csv", open_csv)]:
        found += [
            (path, how)
            for path in root.rglob(f"*{suffix}")
            if path.is_file() and not is_hidden(path, root) and not any(table in path.parents for table in tables)
        ]
    return sorted(found, key=lambda item: item[0].as_posix())


def check_pair(path: Path, opened: dict[Path, Opened]) -> None:
    """A CSV and the Parquet file of its name say the same."""
    parquet = opened.get(path.with_suffix(".parquet"))
    if path.suffix != ".csv" or parquet is None:
        return
    csv = opened[path]
    if csv.columns != parquet.columns:
        raise Problem(f"columns are {csv.columns}, those of {path.stem}.parquet are {parquet.columns}")
    if csv.rows != parquet.rows:
        raise Problem(f"has {csv.rows:,} rows, {path.stem}.parquet has {parquet.rows:,}")


def check_entry(folder: Path, entry: dict, opened: dict[Path, Opened]) -> None:
    """A file is as the manifest says."""
    path = folder / entry["path"]
    if not path.exists():
        raise Problem("is named in manifest.json but is not there")
    if entry.get("sha256") is not None:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != entry["sha256"]:
            raise Problem(f"its sha256 is {found}, manifest.json says {entry['sha256']}")
    if entry.get("rows") is not None and path in opened and opened[path].rows != entry["rows"]:
        raise Problem(f"has {opened[path].rows:,} rows, manifest.json says {entry['rows']:,}")


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("usage: open_files.py OUT_DIR, a folder that a run wrote", file=sys.stderr)
        return 1
    root = Path(sys.argv[1]).resolve()
    opened: dict[Path, Opened] = {}
    problems = 0

    def attempt(name: str, work) -> object:
        nonlocal problems
        try:
            return work()
        except Exception as error:  # a reader may fail in any way; each way is a problem
            problems += 1
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            print(f"PROBLEM {name}: {first}")
            return None

    found = to_open(root)
    if not found:
        attempt(str(root), lambda: fail("holds no Parquet, CSV or Delta table"))
    for path, how in found:
        name = path.relative_to(root).as_posix()
        result = attempt(name, lambda: how(path))
        if result is None:
            continue
        opened[path] = result
        note = f", Delta table of {result.files:,} files" if how is open_delta else ""
        print(f"{name}: {result.rows:,} rows, {len(result.columns)} columns{note}")
    for path in opened:
        attempt(path.relative_to(root).as_posix(), lambda: check_pair(path, opened))

    manifest = root / "manifest.json"
    entries = attempt("manifest.json", lambda: json.loads(manifest.read_text(encoding="utf-8"))["files"])
    for entry in entries or []:
        attempt(entry["path"], lambda: check_entry(root, entry, opened))
    if entries is not None:
        print(f"manifest.json: {len(entries)} files named")

    files = sum(result.files for result in opened.values())
    print(f"{files} files opened, {problems} problem{'' if problems == 1 else 's'}")
    return 1 if problems else 0


def fail(message: str) -> None:
    raise Problem(message)


if __name__ == "__main__":
    sys.exit(main())
