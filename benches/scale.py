"""How time and memory grow with the history: generation and every stage, at several sizes.

    cargo build --release
    python3 benches/scale.py --lines 1 10 50

Generates histories of 24 months with about so many million purchase lines, and runs every stage on
each as a process of its own, so that each has its own peak memory. Needs no packages. The largest
of the sizes above needs a few gigabytes of disk below --work.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
from pathlib import Path

from measure import LINES_OF_A_CUSTOMER, measured

STAGES = ["ingest", "features", "segment", "churn", "value", "classes", "rules", "offers"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=float, nargs="+", default=[1, 10, 50], help="million purchase lines")
    parser.add_argument("--binary", default="target/release/regulars")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=None, help="folder for the histories; removed afterwards")
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    threads = ["--threads", str(options.threads)]
    columns = []
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        for million in options.lines:
            customers = round(million * 1e6 / LINES_OF_A_CUSTOMER)
            shop, out = Path(work) / "shop", Path(work) / "out"
            generate = [binary, "generate", "--customers", str(customers), "--out", str(shop), *threads]
            figures = {"generate": measured(generate)}
            truth = json.loads((shop / "truth" / "generator.json").read_text())
            for stage in STAGES:
                command = [binary, stage, "-c", str(shop / "regulars.toml"), "--out", str(out), *threads]
                figures[stage] = measured(command)
            columns.append((customers, truth["lines"], figures))
            print(f"{truth['lines']:,} lines: {({k: tuple(round(x, 1) for x in v) for k, v in figures.items()})}", flush=True)
            shutil.rmtree(shop)
            shutil.rmtree(out)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, {platform.system()}; {options.threads} threads; each stage a process\n")
    print("| | " + " | ".join(f"{lines / 1e6:.1f} million lines" for _, lines, _ in columns) + " | growth of lines and of time |")
    print("|---|" + "---|" * (len(columns) + 1))
    print("| customers | " + " | ".join(f"{customers:,}" for customers, _, _ in columns) + " | |")
    first, last = columns[0], columns[-1]
    for name in ["generate", *STAGES]:
        cells = [f"{wall:.1f} s, CPU {cpu:.1f} s, {peak:.0f} MiB" for wall, cpu, peak in (c[2][name] for c in columns)]
        growth = f"{last[1] / first[1]:.0f} and {last[2][name][0] / first[2][name][0]:.0f} times"
        print(f"| {name} | " + " | ".join(cells) + f" | {growth} |")
    rates = [f"{lines / figures['generate'][0] / 1e6:.2f}" for _, lines, figures in columns]
    print("| generated, million lines a second | " + " | ".join(rates) + " | |")


if __name__ == "__main__":
    main()
