"""How long `targets` takes, and what memory, for a million customers with quotas that overlap.

Needs Python and polars. The customers are made up: a region, an age band, a segment of their own, what they are worth and how
likely they respond, with a purchase or two each; a twentieth has said no. The lists have quotas of two columns, share a
budget, and hold a tenth back.

    python3 benches/targets.py                          # 1,000,000 customers
    python3 benches/targets.py --customers 100000 --regulars PATH

Goals: under a minute and 2 GiB.
"""

import argparse
import pathlib
import resource
import subprocess
import tempfile
import time

import polars as pl

SETTINGS = """
[project]
name = "Many customers"

[[sources]]
table = "interactions"
path = "lines.parquet"
[sources.columns]
customer_id = "customer"
occurred_at = "day"
basket_id = "basket"
product_id = "product"
amount = "amount"
kind = { constant = "purchase" }

[[sources]]
table = "products"
path = "products.parquet"
[sources.columns]
product_id = "product"
category = "category"

[[sources]]
table = "customers"
path = "customers.parquet"
[sources.columns]
customer_id = "customer"
consent = "consent"
region = "region"
age = "age"
likely = { column = "likely", type = "number" }
worth = { column = "worth", type = "number" }

[targets]
budget = BUDGET
cap = { contacts = 1, days = 28 }

[targets.spring]
who = "worth > 0"
response_rate = "likely"
value = "worth"
contact_cost = 0.8
most = MOST
control = 0.1
columns = ["region", "age", "worth"]
quota.region = { North = { least = LEAST }, South = { least = LEAST, most = 0.4 } }
quota.age = { "18-29" = 0.2, "70+" = { least = LEAST } }

[targets.letters]
who = "worth > 40"
response_rate = "likely * 1.5"
value = "worth"
contact_cost = 2.5
most = SOME
quota.region = { East = { least = LEAST }, West = { most = 0.3 } }
"""


def made(folder, customers):
    """The files of a shop, always the same."""
    n = pl.int_range(customers, eager=True).alias("n")
    ids = n.cast(pl.String).str.zfill(8)
    draw = lambda salt: (n.hash(seed=salt) % 1_000_003).cast(pl.Float64) / 1_000_003
    pick = lambda names, salt: pl.Series(names).gather((n.hash(seed=salt) % len(names)).cast(pl.UInt32))
    consent = pl.select(pl.when(draw(1) < 0.05).then(pl.lit("no")).otherwise(pl.lit("yes"))).to_series()
    pl.DataFrame({
        "customer": ids,
        "consent": consent,
        "region": pick(["North", "South", "East", "West", "Abroad"], 2),
        "age": pick(["18-29", "30-49", "50-69", "70+"], 3),
        "likely": draw(4) * 0.1,
        "worth": draw(5) * 100,
    }).write_parquet(folder / "customers.parquet")
    lines = pl.concat([
        pl.DataFrame({
            "customer": ids,
            "day": pl.select(pl.date(2023, 1, 1) + pl.duration(days=(n.hash(seed=10 + visit) % 360))).to_series(),
            "basket": n + visit * customers,
            "product": (n.hash(seed=20 + visit) % 200).cast(pl.String),
            "amount": (draw(30 + visit) * 50).round(2),
        }).filter(draw(40 + visit) < (1.0 if visit == 0 else 0.5))
        for visit in range(2)
    ])
    lines.write_parquet(folder / "lines.parquet")
    pl.DataFrame({
        "product": [str(one) for one in range(200)],
        "category": [f"Category {one % 20}" for one in range(200)],
    }).write_parquet(folder / "products.parquet")
    settings = SETTINGS
    for name, number in {"SOME": customers // 20, "BUDGET": customers // 8, "MOST": customers // 10, "LEAST": customers // 200}.items():
        settings = settings.replace(name, str(number))
    (folder / "regulars.toml").write_text(settings)


def took(command, folder):
    """Seconds and the highest memory in MiB so far."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return time.perf_counter() - began, memory, done.stdout


def measured(command, folder):
    """The same of a child of its own, so that no other command's memory is in it."""
    inside = "import resource,subprocess,sys; r=subprocess.run(sys.argv[1:]); " \
        "print('MEMORY', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024); sys.exit(r.returncode)"
    seconds, _, said = took(["python3", "-c", inside, *command], folder)
    memory = float(said.rsplit("MEMORY", 1)[1])
    return seconds, memory, said.rsplit("MEMORY", 1)[0]


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--customers", type=int, default=1_000_000)
    asked.add_argument("--regulars", default="regulars")
    asked = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        made(folder, asked.customers)
        for arguments in (["ingest", "--quiet"], ["features", "--quiet"], ["segment", "--quiet"], ["targets"], ["targets", "spring"]):
            seconds, memory, said = measured([asked.regulars, *arguments], folder)
            if arguments[0] == "targets":
                print(said)
            print(f"{' '.join(arguments):16} {seconds:7.1f} s {memory:8.0f} MiB")
        sizes = {one.name: one.stat().st_size >> 20 for one in (folder / "regulars-out" / "targets").iterdir() if one.is_file()}
        print("MiB of files:", sizes)


if __name__ == "__main__":
    main()
