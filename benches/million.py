"""One million customers through `segment` and `value`, each a process of its own: time and memory.

    cargo build --release
    python3 benches/million.py

The history is drawn here: customers who come at rates of their own, until they leave, over two years; the law of
the BG/NBD model with more purchases than CDNOW has. It is loaded and made into features first, with as many threads,
which is told beside. Needs NumPy, and 3 GB of disk below --work.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path

import numpy as np

from measure import measured

SETTINGS = """
[project]
name = "Million"
currency = "EUR"

[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "day"
kind = { constant = "purchase" }
amount = "paid"
"""
DAYS = 730


def lines(customers, seed):
    """Customer, day and amount of every purchase, by day."""
    draw = np.random.default_rng(seed)
    first = draw.integers(0, DAYS - 30, customers)
    rate, leaving = draw.gamma(0.8, 1 / 40.0, customers), draw.beta(0.8, 5.0, customers)
    scale = draw.gamma(6.0, 5.0, customers)
    who, day, here = [np.arange(customers)], [first], np.arange(customers)
    at = first.astype(float)
    while len(here):
        at = at + draw.exponential(1.0, len(here)) / np.maximum(rate[here], 1e-9)
        stays = at < DAYS
        here, at = here[stays], at[stays]
        who.append(here)
        day.append(at.astype(int))
        stays = draw.random(len(here)) >= leaving[here]
        here, at = here[stays], at[stays]
    who, day = np.concatenate(who), np.concatenate(day)
    paid = np.round(draw.gamma(2.0, scale[who] / 2.0) + 1.0, 2)
    order = np.argsort(day, kind="stable")
    return who[order], day[order], paid[order]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--binary", default="target/release/regulars")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--work", default=None, help="folder for the history; removed afterwards")
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    who, day, paid = lines(options.customers, 7)
    days = np.datetime_as_string(np.datetime64("2023-01-01") + np.arange(DAYS))
    print(f"{options.customers:,} customers, {len(who):,} purchases; {platform.machine()}, {os.cpu_count()} cores\n")
    print("| stage | wall, s | CPU, s | peak memory, MiB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        work = Path(work)
        (work / "regulars.toml").write_text(SETTINGS)
        with open(work / "lines.csv", "w") as file:
            file.write("customer,day,paid\n")
            for at in range(0, len(who), 500_000):
                part = slice(at, at + 500_000)
                rows = zip(who[part].tolist(), days[day[part]].tolist(), paid[part].tolist())
                file.write("".join(f"{customer},{on},{amount}\n" for customer, on, amount in rows))
        for stage, rounds in [("ingest", 1), ("features", 1), ("segment", options.rounds), ("value", options.rounds)]:
            for _ in range(rounds):
                command = [binary, stage, "-c", str(work / "regulars.toml"), "--out", str(work / "out"),
                           "--threads", str(options.threads), "--quiet"]
                wall, cpu, peak = measured(command)
                print(f"| {stage} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
