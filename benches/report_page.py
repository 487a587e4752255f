"""The report of a million customers: how large, how fast made, how fast opened.

    python benches/report_page.py PROGRAM [CUSTOMERS]

PROGRAM is the built `regulars`; CUSTOMERS is a million where nothing else is said. Needs what `tests/pages.py` needs.

What is real: 2,000 generated customers go through the whole job. Then the warehouse takes in the lines of as many more
customers as are missing, six of real lines each under ids of their own, by `regulars ingest`; and `segments`, `churn`,
`value` and `suggestions` get a row, or ten, for each of them: those of the real ones again and again, under the new ids.
`regulars report` then reads a warehouse and tables of that size, as after a run of which the other stages have taken
their hours. The page says on top that stages are older than the load; that costs nothing.

Prints time and peak memory of `regulars report`, the sizes of the page and of its figures, and of the page in Chromium:
the time to its first paint, and the longest task of the script, while it opens and while every table is sorted and
filtered. The goals: under 3 MB, 10 s, 500 MB; 1 s to the first paint, no task over 200 ms.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from playwright.sync_api import sync_playwright

REAL = 2000
LINES = 6
TABLES = ["segments", "churn", "value", "suggestions"]


def run(program: Path, folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Runs the program: seconds, seconds of CPU, and MB at its peak."""
    began = time.monotonic()
    process = subprocess.Popen([program, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"regulars {' '.join(arguments)} failed")
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def more_lines(folder: Path, copies: int) -> None:
    """Six purchase lines of each real customer, again for every copy, under ids of their own."""
    lines = pl.read_parquet(folder / "interactions/*.parquet")
    lines = lines.filter((pl.col("kind") == "purchase") & pl.col("customer_id").is_not_null())
    few = lines.group_by("customer_id", maintain_order=True).head(LINES).select(lines.columns)
    places = few.with_row_index("line")
    for part in range(0, copies, 50):
        numbers = pl.DataFrame({"copy": list(range(part, min(copies, part + 50)))})
        made = places.join(numbers, how="cross").with_columns(
            customer_id=renamed("customer_id", lines), basket_id=renamed("basket_id", lines)
        )
        made.select(lines.columns).write_parquet(folder / f"interactions/more-{part:04}.parquet")


def renamed(column: str, like: pl.DataFrame) -> pl.Expr:
    """An id for each copy: numbers far from those that are there, texts with the number of the copy."""
    if like.schema[column].is_integer():
        return (pl.col(column) + (pl.col("copy") + 1) * 100_000_000).cast(like.schema[column])
    return pl.format("{}-{}", pl.col(column), pl.col("copy"))


def grown(out: Path, copies: int) -> None:
    """The tables with the rows of everybody."""
    manifest = json.loads((out / "manifest.json").read_text())
    for table in TABLES:
        path = out / f"{table}.parquet"
        rows = pl.read_parquet(path)
        numbers = pl.DataFrame({"copy": list(range(copies))})
        more = rows.join(numbers, how="cross").with_columns(customer_id=renamed("customer_id", rows))
        rows = pl.concat([rows, more.select(rows.columns)])
        rows.write_parquet(path)
        for file in manifest["files"]:
            if file["path"] == path.name:
                file["rows"], file["size"] = len(rows), path.stat().st_size
    (out / "manifest.json").write_text(json.dumps(manifest))


def opened(page: Path) -> tuple[float, float, float]:
    """Milliseconds to the first paint, and of the longest task while it opens and while its tables are used."""
    chromium = os.environ.get("REGULARS_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as programs:
        browser = programs.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1280, "height": 900})
        view.add_init_script(
            "window.tasks = []; new PerformanceObserver(list => list.getEntries().forEach(task => "
            "tasks.push([task.startTime, task.duration]))).observe({ type: 'longtask', buffered: true });"
        )
        view.goto(page.as_uri())
        view.wait_for_timeout(1500)
        paint = view.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        opening = view.evaluate("Math.max(0, ...tasks.map(task => task[1]))")
        view.evaluate("tasks.length = 0")
        view.evaluate("document.querySelectorAll('details').forEach(part => (part.open = true))")
        for button in view.locator("th button").all():
            button.evaluate("button => setTimeout(() => button.click())")
            view.wait_for_timeout(20)
        for field in view.locator(".filter input").all():
            field.fill("a")
        view.wait_for_timeout(500)
        using = view.evaluate("Math.max(0, ...tasks.map(task => task[1]))")
        browser.close()
    return paint, opening, using


def main() -> None:
    program = Path(sys.argv[1]).resolve()
    customers = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "history"
        run(program, Path(scratch), "generate", "--customers", str(REAL), "--months", "12", "--seed", "1", "--out", "history")
        run(program, folder, "run", "--quiet")
        out = folder / "regulars-out"
        there = len(pl.read_parquet(out / "segments.parquet", columns=["customer_id"]))
        copies = -(-(customers - there) // there)
        more_lines(folder, copies)
        run(program, folder, "ingest", "--quiet")
        grown(out, copies)
        print(f"{there * (copies + 1):,} customers")
        for _ in range(3):
            seconds, busy, memory = run(program, folder, "report", "--quiet")
            print(f"regulars report: {seconds:.1f} s, {busy:.1f} s of CPU, {memory:.0f} MB at the peak", flush=True)
        page = out / "report.html"
        print(f"report.html {page.stat().st_size / 1e6:.2f} MB, report.json {(out / 'report.json').stat().st_size / 1e6:.2f} MB")
        paint, opening, using = opened(page)
        print(f"first paint after {paint:.0f} ms; longest task {opening:.0f} ms while opening, {using:.0f} ms while used")


if __name__ == "__main__":
    main()
