"""How generated shops of the kinds beside a grocer's compare with public figures: the table in README.md.

    for kind in mail-order subscription restaurant wholesale; do
        regulars generate --kind $kind --customers 5000 --months 24 --out $kind
    done
    python3 datasets/fit_kinds.py .

Needs polars. The public figures are written down here with their sources, because not all of the data may be passed on.
"""

import sys
from pathlib import Path

import polars as pl

#: Daqing Chen, Online Retail II, UCI Machine Learning Repository 502 (2019): 1 December 2009 to 9 December 2011. 1,067,371 lines in
#: 53,628 invoices, 8,292 of these cancellations, with 19,494 lines; 243,007 lines have no customer. What is left when these, cancellations and lines
#: without a price are taken away: 805,549 lines in 36,969 orders of 5,881 customers.
RETAIL = "Online Retail II"
#: Tony Chen, Ken Fenyo, Sylvia Yang, Jessica Zhang: Thinking inside the subscription box, McKinsey, February 2018.
MCKINSEY = "McKinsey 2018"
#: The Bread Basket, a bakery in Edinburgh, October 2016 to April 2017: 20,507 items in 9,465 transactions (Kaggle).
BAKERY = "The Bread Basket"
#: Margarida Cardoso, Wholesale customers, UCI Machine Learning Repository 292 (2014): yearly spend of 440 customers of a
#: distributor in Portugal, means 12,000 fresh, 7,951 grocery, 5,796 milk, 3,072 frozen, 2,881 detergents and paper, 1,525
#: delicatessen.
WHOLESALE = "Wholesale customers"
DEPARTMENTS = {
    "Fresh": 12000.3,
    "Grocery": 7951.28,
    "Milk": 5796.27,
    "Frozen": 3071.93,
    "Detergents and paper": 2881.49,
    "Delicatessen": 1524.87,
}


def rows(folder: Path) -> pl.DataFrame:
    """Purchase lines with cancellations as the shop exports them, and guests."""
    lines = pl.scan_parquet(folder / "interactions" / "*.parquet")
    return lines.filter(pl.col("kind") == "purchase").collect()


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %"


def mail_order(folder: Path):
    everything = rows(folder)
    cancelled = everything.filter(pl.col("basket_id").str.starts_with("C"))
    bought = everything.filter(~pl.col("basket_id").str.starts_with("C"))
    known = bought.filter(pl.col("customer_id") != 0)
    orders = known.group_by("customer_id").agg(orders=pl.col("basket_id").n_unique())["orders"]
    months = bought.filter(pl.col("occurred_at").dt.year() == 2025).group_by(month=pl.col("occurred_at").dt.month()).len()
    november = months.filter(pl.col("month") == 11)["len"].item()
    size = known.height / known["basket_id"].n_unique()
    guests = bought.filter(pl.col("customer_id") == 0).height
    quartiles = [orders.quantile(q) for q in (0.25, 0.5, 0.75)]
    numbers = everything["basket_id"].n_unique()
    yield "orders of a customer", "6.29 (1, 3, 7)", f"{orders.mean():.2f} ({', '.join(f'{q:.0f}' for q in quartiles)})"
    yield "lines of an order", "21.8", f"{size:.1f}"
    yield "lines without a customer", percent(243_007, 1_067_371), percent(guests, everything.height)
    yield "order numbers that are cancellations", percent(8_292, 53_628), percent(cancelled["basket_id"].n_unique(), numbers)
    lines = cancelled.height / cancelled["basket_id"].n_unique()
    yield "lines of a cancellation", "2.35", f"{lines:.2f}"
    yield "lines of November beside those of a mean month (Online Retail, 2011)", "1.97", f"{november / months['len'].mean():.2f}"
    yield "lines on Saturdays (Online Retail)", "0.0 %", percent(bought.filter(pl.col("occurred_at").dt.weekday() == 6).height, bought.height)


def subscription(folder: Path):
    people = pl.read_parquet(folder / "truth" / "customers.parquet")
    first = people.filter(pl.col("joined_on") >= pl.date(2024, 1, 1))["joined_on"].min()
    # Half a year has to lie behind them within the history.
    new = people.filter((pl.col("joined_on") >= first) & (pl.col("joined_on") < pl.date(2025, 7, 1)))
    gone = lambda days: new.filter((pl.col("left_on") - pl.col("joined_on")).dt.total_days() < days).height
    yield "joiners gone within three months", "more than a third", percent(gone(91), new.height)
    yield "joiners gone within six months", "more than half", percent(gone(182), new.height)


def restaurant(folder: Path):
    bought = rows(folder).filter(~pl.col("basket_id").str.starts_with("C"))
    products = pl.read_parquet(folder / "products.parquet")
    lines = bought.join(products.select("product_id", "category", "type"), on="product_id")
    baskets = lines["basket_id"].n_unique()
    coffee = lines.filter(pl.col("category") == "Coffee")["basket_id"].n_unique()
    yield "lines of a basket", "2.17", f"{lines.height / baskets:.2f}"
    yield "different items", "94", f"{lines['type'].n_unique()}"
    yield "baskets with coffee", "47.8 %", percent(coffee, baskets)


def wholesale(folder: Path):
    bought = rows(folder).filter(~pl.col("basket_id").str.starts_with("C"))
    products = pl.read_parquet(folder / "products.parquet").select("product_id", "department")
    spend = bought.join(products, on="product_id").group_by("department").agg(spend=pl.col("amount").cast(pl.Float64).sum())
    of = dict(spend.iter_rows())
    for department, mean in DEPARTMENTS.items():
        yield f"spend on {department.lower()}", percent(mean, sum(DEPARTMENTS.values())), percent(of[department], sum(of.values()))


KINDS = {
    "mail-order": (RETAIL, mail_order),
    "subscription": (MCKINSEY, subscription),
    "restaurant": (BAKERY, restaurant),
    "wholesale": (WHOLESALE, wholesale),
}


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("| kind | | public figure | generated | source |\n|---|---|---|---|---|")
    for kind, (source, of) in KINDS.items():
        for name, public, found in of(root / kind):
            print(f"| {kind} | {name} | {public} | {found} | {source} |")


if __name__ == "__main__":
    main()
