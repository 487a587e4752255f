"""Times the fit of purchase and spend models beside the package lifetimes, and prints the table as Markdown.

    cargo build --release -p regulars-models --example value_fit
    pip install Lifetimes==0.11.3 "numpy<2" "scipy<1.15" "pandas<2.3"
    python3 benches/value.py > /tmp/value.md

Both fit the same customers in turn, in one run, from the same CSV (reading it does not count); the least of `--runs`
counts. The customers are those of the CDNOW sample (models/tests/fixtures/cdnow.csv) and generated ones of the same law
with ages of 1 to 78 weeks; times are whole days, and every customer is given, not counted cells. The last column is the
largest difference of a parameter from that of lifetimes, in per cent; `purchases` are seconds for the expected purchases
of the next 39 weeks (ours come with the probability of being active, that of a purchase, and the interval of the next).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import lifetimes
import numpy as np
import pandas

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["repeats", "last", "age", "mean"]
PEERS = {
    "bg-nbd": lifetimes.BetaGeoFitter,
    "mbg-nbd": lifetimes.ModifiedBetaGeoFitter,
    "pareto-nbd": lifetimes.ParetoNBDFitter,
    "gamma-gamma": lifetimes.GammaGammaFitter,
}


def cdnow():
    rows = pandas.read_csv(ROOT / "models/tests/fixtures/cdnow.csv", comment="#")
    return rows.loc[rows.index.repeat(rows["customers"]), NAMES].reset_index(drop=True)


def generated(customers):
    """Customers of a BG/NBD model and a Gamma-Gamma model with the parameters of CDNOW, in weeks."""
    random = np.random.default_rng(1)
    rows = []
    for age in random.integers(7, 78 * 7, customers):
        rate, leaving, scale = random.gamma(0.243) / 4.414, random.beta(0.793, 2.426), random.gamma(3.74) / 15.4
        days, day = set(), 0.0
        while rate > 0:
            day += 7 * random.exponential() / rate
            if day > age:
                break
            days.add(max(1, int(day)))
            if random.random() < leaving:
                break
        repeats = len(days)
        mean = round(random.gamma(6.25 * repeats) / scale / repeats, 2) if repeats else 0.0
        rows.append((repeats, max(days, default=0) / 7, age / 7, max(mean, 0.01) if repeats else 0.0))
    return pandas.DataFrame(rows, columns=NAMES)


def by_lifetimes(model, rows):
    started = time.perf_counter()
    fitter = PEERS[model]()
    if model == "gamma-gamma":
        rows = rows[rows["repeats"] > 0]
        fitter.fit(rows["repeats"], rows["mean"])
        fitted = time.perf_counter()
        fitter.conditional_expected_average_profit(rows["repeats"], rows["mean"])
    else:
        columns = rows["repeats"], rows["last"], rows["age"]
        fitter.fit(*columns)
        fitted = time.perf_counter()
        fitter.conditional_expected_number_of_purchases_up_to_time(39, *columns)
    return fitted - started, time.perf_counter() - fitted, dict(fitter.params_)


def by_us(binary, model, file, threads):
    done = subprocess.run([binary, file, model, str(threads)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    told = json.loads(done.stdout)
    return told["fit"], told["predict"], told["parameters"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, nargs="*", default=[50_000], help="sizes of the generated customers")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "examples" / "value_fit"))
    parser.add_argument("--models", nargs="*", choices=list(PEERS), default=list(PEERS))
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")

    print("| customers | model | by | fit s | purchases s | times as fast | parameters | off % |")
    print("|---|---|---|---:|---:|---:|---|---:|")
    sets = [("CDNOW", cdnow())] + [("generated", generated(count)) for count in arguments.customers]
    for name, rows in sets:
        label = f"{name} {len(rows):,}"
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "rows.csv")
            rows.to_csv(file, index=False)
            for model in arguments.models:
                best = {}
                for _ in range(arguments.runs):
                    results = {"lifetimes": by_lifetimes(model, rows)}
                    for threads in [1, 2]:
                        results[f"regulars, {threads} threads"] = by_us(arguments.binary, model, file, threads)
                    for key, result in results.items():
                        best[key] = min(best.get(key, result), result, key=lambda result: result[0])
                peer = best["lifetimes"]
                for key, (fit, predict, parameters) in best.items():
                    off = max(abs(parameters[p] / value - 1) for p, value in peer[2].items()) * 100
                    shown = ", ".join(f"{p} {value:.4f}" for p, value in parameters.items())
                    line = f"{fit:.4f} | {predict:.4f} | {peer[0] / fit:.0f} | {shown} | {off:.3f}"
                    print(f"| {label} | {model} | {key} | {line} |", flush=True)


main()
