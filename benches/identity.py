"""Do clusters stay who they are over twelve monthly refits? Prints the table as Markdown.

    cargo build --release
    python3 benches/identity.py --customers 20000

A history is generated, loaded once, and segmented at the end of each of its last thirteen months into one
output folder, so that every month goes on from the one before. Unchanged customers are those whom the clusters of the
month before, applied to today's data, have where they were; the share of them that keeps its cluster_id is counted from
segments.csv, not taken from what the run says. The goal is 95 % every month.
"""

import argparse
import csv
import json
import subprocess
import tempfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=26)
    parser.add_argument("--attributes", nargs="*", default=[])
    parser.add_argument("--binary", default=str(ROOT / "target/release/regulars"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"

        def regulars(*words: str) -> None:
            subprocess.run([args.binary, *words, "--quiet"], check=True)

        regulars("generate", "--customers", str(args.customers), "--months", str(args.months), "--out", str(shop))
        settings = shop / "regulars.toml"
        if args.attributes:
            listed = json.dumps(args.attributes)
            settings.write_text(settings.read_text() + f"\n[segment]\nattributes = {listed}\n")
        common = ["-c", str(settings), "--out", str(shop / "out")]
        regulars("ingest", *common)
        print("| as of | customers | clusters | kept | new | moved themselves | unchanged | of them kept | agreement |")
        print("|---|---|---|---|---|---|---|---|---|")
        ends = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1)]
        worst = 1.0
        for end in ends:
            for stage in ["features", "segment"]:
                regulars(stage, *common, "--as-of", str(end))
            with open(shop / "out/segments.csv", newline="") as file:
                rows = list(csv.DictReader(file))
            found = json.loads((shop / "out/manifest.json").read_text())["stages"]["segment"]["metrics"]
            clusters = len({row["cluster_id"] for row in rows})
            identity = found["identity"]
            if identity is None:
                print(f"| {end} | {len(rows):,} | {clusters} | | | | | | |")
                continue
            unchanged = [row for row in rows if row["cluster_change"] in ("stayed", "model moved")]
            kept = sum(row["cluster_id"] == row["cluster_id_before"] for row in unchanged) / len(unchanged)
            moved = sum(row["cluster_change"] in ("customer moved", "both moved") for row in rows) / len(rows)
            worst = min(worst, kept)
            print(f"| {end} | {len(rows):,} | {clusters} | {identity['kept']} | {identity['new']} | {100 * moved:.1f} % |"
                  f" {len(unchanged):,} | {100 * kept:.2f} % | {identity['agreement']:.3f} |")
        print(f"\nWorst month: {100 * worst:.2f} % of the unchanged customers kept their cluster_id.")


if __name__ == "__main__":
    main()
