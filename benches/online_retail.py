"""Fetches Online Retail II, the history of a British wholesaler of gifts, where there is a network.

    pip install polars fastexcel
    python3 benches/online_retail.py FOLDER
    cd FOLDER && regulars init online_retail_II.xlsx && regulars run
    python3 benches/real_files.py target/release/regulars FOLDER

It is data set 502 of the UCI Machine Learning Repository (https://doi.org/10.24432/C5CG6D, CC BY 4.0): one workbook
with two sheets, 1,067,371 lines from December 2009 to December 2011. What was fetched is held to what is known of it:
its sheets, their rows, and how many lines are cancellations. The archive may lie there already, fetched otherwise
(FOLDER/online_retail_II.zip).
"""

import os
import sys
import urllib.error
import urllib.request
import zipfile

URL = "https://archive.ics.uci.edu/static/public/502/online+retail+ii.zip"
SHEETS = {"Year 2009-2010": 525_461, "Year 2010-2011": 541_910}


def fetch(archive: str) -> None:
    """The archive, once."""
    if os.path.exists(archive):
        return
    try:
        with urllib.request.urlopen(URL, timeout=60) as answer, open(archive + ".part", "wb") as file:
            while piece := answer.read(1 << 20):
                file.write(piece)
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"{URL} cannot be fetched: {error}\nfetch it otherwise, and put it at {archive}")
    os.replace(archive + ".part", archive)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    archive = os.path.join(folder, "online_retail_II.zip")
    fetch(archive)
    with zipfile.ZipFile(archive) as packed:
        workbooks = [name for name in packed.namelist() if name.lower().endswith(".xlsx")]
        if len(workbooks) != 1:
            sys.exit(f"{archive} holds {packed.namelist()}, where one workbook was expected")
        workbook = os.path.join(folder, "online_retail_II.xlsx")
        with packed.open(workbooks[0]) as source, open(workbook, "wb") as target:
            while piece := source.read(1 << 20):
                target.write(piece)

    import polars as pl

    cancelled = 0
    for sheet, rows in SHEETS.items():
        try:
            table = pl.read_excel(workbook, sheet_name=sheet, infer_schema_length=0)
        except ValueError as error:
            sys.exit(f"{workbook}: {error}")
        if table.height != rows:
            sys.exit(f"{workbook}: the sheet {sheet} has {table.height:,} rows, and not {rows:,}")
        cancelled += table.filter(pl.col("Invoice").str.starts_with("C")).height
    print(f"{workbook}: {sum(SHEETS.values()):,} lines, {cancelled:,} of them of numbers with a C before them")


if __name__ == "__main__":
    main()
