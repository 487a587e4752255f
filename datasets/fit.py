"""How a generated history compares with The Complete Journey: the table in README.md.

    datasets/complete-journey/fetch.sh
    regulars generate --customers 5000 --months 12 --out shop
    python3 datasets/fit.py datasets/complete-journey/full shop

Needs polars. A generated history has customers who join, leave, or come once; the households of
the study were chosen because they shop. So the history is shown twice: all of it, and only those
who were customers when it began.
"""

import datetime
import sys
from pathlib import Path

import polars as pl

HORIZON = datetime.timedelta(days=28)
ACTIVE = datetime.timedelta(days=56)


def complete_journey(folder: Path) -> pl.DataFrame:
    """Purchase lines of the study; its clock is UTC, its shops are in the east of the USA."""
    local = (
        pl.col("transaction_timestamp")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone("America/New_York")
        .dt.replace_time_zone(None)
    )
    return pl.read_parquet(folder / "transactions.parquet").select(
        customer="household_id",
        basket="basket_id",
        product="product_id",
        amount="sales_value",
        off=pl.col("retail_disc") + pl.col("coupon_match_disc"),
        at=local,
    )


def generated(folder: Path) -> pl.DataFrame:
    """Purchase lines of a generated history."""
    lines = pl.scan_parquet(folder / "interactions" / "*.parquet")
    return (
        lines.filter(pl.col("kind") == "purchase")
        .select(
            customer="customer_id",
            basket="basket_id",
            product="product_id",
            amount=pl.col("amount").cast(pl.Float64),
            off=pl.col("discount").cast(pl.Float64),
            at="occurred_at",
        )
        .collect()
    )


def there_at_start(folder: Path, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of those who had joined before the first day."""
    joined = pl.read_parquet(folder / "customers.parquet").select(
        customer="customer_id", joined="joined_at"
    )
    first = lines["at"].min().date()
    old = joined.filter(pl.col("joined") < first).select("customer")
    return lines.join(old, on="customer", how="semi")


def figures(lines: pl.DataFrame) -> dict[str, str]:
    baskets = lines.group_by("customer", "basket").agg(
        lines=pl.len(), spend=pl.col("amount").sum(), at=pl.col("at").min()
    )
    baskets = baskets.with_columns(day=pl.col("at").dt.date())
    customers = baskets.group_by("customer").agg(
        trips=pl.len(), days=pl.col("day").n_unique(), spend=pl.col("spend").sum()
    )
    spend = customers["spend"].sort(descending=True)
    days = baskets.select("customer", "day").unique().sort("customer", "day")
    gaps = days.with_columns(
        gap=pl.col("day").diff().over("customer").dt.total_days()
    ).drop_nulls()
    rhythm = (
        gaps.group_by("customer")
        .agg(mean=pl.col("gap").mean(), sd=pl.col("gap").std(), n=pl.len())
        .filter(pl.col("n") >= 10)
    )
    as_of = baskets["day"].max() + datetime.timedelta(days=1) - HORIZON
    before = baskets.filter(pl.col("day") < as_of).group_by("customer")
    scored = before.agg(n=pl.len(), last=pl.col("day").max()).filter(
        (pl.col("n") >= 2) & (pl.col("last") >= as_of - ACTIVE)
    )
    later = baskets.filter(pl.col("day") >= as_of).select("customer").unique()
    stayed = scored.join(later, on="customer", how="semi").height
    weekend = baskets.filter(pl.col("at").dt.weekday() >= 6).height
    evening = baskets.filter(pl.col("at").dt.hour() >= 18).height
    bought = lines.group_by("product").len().sort("len", descending=True)["len"]

    def spread(values: pl.Series, digits: int = 0) -> str:
        parts = [values.quantile(q) for q in (0.1, 0.5, 0.9, 0.99)]
        return f"{values.mean():.1f} ({', '.join(f'{part:.{digits}f}' for part in parts)})"

    def share(part: float, whole: float) -> str:
        return f"{100 * part / whole:.1f} %"

    return {
        "customers": f"{customers.height:,}",
        "trips of a customer in the year": spread(customers["trips"]),
        "lines of a basket": spread(baskets["lines"]),
        "spend of a basket": spread(baskets["spend"]),
        "share of spend of the top tenth": share(spend[: len(spend) // 10].sum(), spend.sum()),
        "share of spend of the top fifth": share(spend[: len(spend) // 5].sum(), spend.sum()),
        "mean days between shopping days": spread(rhythm["mean"], 1),
        "their coefficient of variation": spread(rhythm["sd"] / rhythm["mean"], 1),
        "baskets at the weekend": share(weekend, baskets.height),
        "baskets from 18 o'clock": share(evening, baskets.height),
        "second baskets of a day": share(baskets.height - customers["days"].sum(), baskets.height),
        "lines with a discount": share(lines.filter(pl.col("off") > 0).height, lines.height),
        "discounts over full prices": share(
            lines["off"].sum(), lines["off"].sum() + lines["amount"].sum()
        ),
        "lines of the top tenth of products": share(bought[: len(bought) // 10].sum(), lines.height),
        "churn in 28 days among the active": share(scored.height - stayed, scored.height),
    }


def main() -> None:
    study, history = Path(sys.argv[1]), Path(sys.argv[2])
    lines = generated(history)
    columns = [
        figures(complete_journey(study)),
        figures(there_at_start(history, lines)),
        figures(lines),
    ]
    print("| | Complete Journey | generated, there at the start | generated, all |")
    print("|---|---|---|---|")
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")


if __name__ == "__main__":
    main()
