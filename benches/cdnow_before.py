"""Whether the total that models miss on the second 39 weeks of CDNOW could have been foretold from the first 39.

    pip install Lifetimes==0.11.3 "numpy<2" "scipy<1.15" "pandas<2.3"
    python3 benches/cdnow_before.py

Each model of the package lifetimes is fitted to the first weeks and asked for those up to week 39, from several weeks
on, and then, as the literature does, fitted to 39 and asked for the next 39. A correction learned from the former
would be worth something if they missed as much as the latter.
"""

import warnings
from pathlib import Path

import lifetimes
import numpy as np
import pandas

MODELS = {
    "BG/NBD": lifetimes.BetaGeoFitter,
    "MBG/NBD": lifetimes.ModifiedBetaGeoFitter,
    "Pareto/NBD": lifetimes.ParetoNBDFitter,
}


def purchases():
    """Customer and time of each day with a purchase, in weeks since the first of January 1997."""
    file = Path(lifetimes.__file__).parent / "datasets" / "CDNOW_sample.txt"
    names = ["row", "customer", "day", "units", "paid"]
    rows = pandas.read_csv(file, sep=r"\s+", header=None, names=names, dtype={"day": str})
    rows["week"] = (pandas.to_datetime(rows["day"]) - pandas.Timestamp("1997-01-01")).dt.days / 7
    return rows[["customer", "week"]].drop_duplicates()


def main():
    warnings.filterwarnings("ignore")
    rows = purchases()
    print("| model | fitted to weeks | predicted until week | predicted | came | total |\n|---|---|---|---|---|---|")
    for name, model in MODELS.items():
        for until, end in [(20, 39), (26, 39), (30, 39), (33, 39), (39, 78)]:
            seen = rows[rows["week"] < until].groupby("customer")["week"].agg(["min", "max", "count"])
            history = seen["count"] - 1, seen["max"] - seen["min"], until - seen["min"]
            fitter = model()
            fitter.fit(*history)
            ahead = fitter.conditional_expected_number_of_purchases_up_to_time(end - until, *history)
            predicted = np.nan_to_num(np.asarray(ahead)).sum()
            came = ((rows["week"] >= until) & (rows["week"] < end) & rows["customer"].isin(seen.index)).sum()
            print(f"| {name} | {until} | {end} | {predicted:,.0f} | {came:,} | {predicted / came - 1:+.1%} |")


if __name__ == "__main__":
    main()
