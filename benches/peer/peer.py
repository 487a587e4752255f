"""The same job with the usual Python libraries, for comparison.

    python peer.py ../../datasets/complete-journey/full OUT_DIR [--threads 2]

From purchase lines to segments, churn scores, rules and suggestions, as a
careful data scientist would write it with polars, scikit-learn, LightGBM and
pyfim: features at fixed dates in time, models tested on later data than they
were fitted on, every output as Parquet and CSV. Prints the metrics, the time
of each part, the processor time and the peak memory as JSON.
"""

import argparse
import json
import os
import platform
import resource
import time
from datetime import datetime, timedelta
from pathlib import Path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with transactions.parquet and products.parquet")
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


ARGS = arguments()
# These are read when the libraries are loaded, so they come before the imports.
for variable in ["POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
    os.environ[variable] = str(ARGS.threads)
# Waiting threads sleep: they take no processor time from what else runs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import fim  # noqa: E402
import lightgbm as lgb  # noqa: E402
import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from scipy import sparse  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.impute import SimpleImputer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score, silhouette_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer, StandardScaler  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402

ZONE = "America/New_York"
END = datetime(2018, 1, 1)  # local midnight after the last line
HORIZON = timedelta(days=28)
TEST = END - HORIZON  # 2017-12-04: the last date whose label is seen
AS_OF = [END - i * HORIZON for i in range(13)]  # back to 2017-01-30
ACTIVE = timedelta(days=56)
WINDOWS = [28, 56, 84, 168]
DEPARTMENTS = 8
SEED = 42
K = 10

# Rows R 5..1, columns FM 1..5.
RFM_NAMES = {
    5: ["New Customers", "Potential Loyalists", "Potential Loyalists", "Champions", "Champions"],
    4: ["Promising", "Potential Loyalists", "Potential Loyalists", "Loyal Customers", "Champions"],
    3: ["About To Sleep", "About To Sleep", "Needing Attention", "Loyal Customers", "Loyal Customers"],
    2: ["Hibernating", "Hibernating", "At Risk", "At Risk", "At Risk"],
    1: ["Lost", "Hibernating", "At Risk", "Can't Lose Them", "Can't Lose Them"],
}


# Reading ---------------------------------------------------------------------


def read(folder: Path) -> pl.DataFrame:
    """Purchase lines with their product's place in the range and the local time."""
    products = pl.scan_parquet(folder / "products.parquet").select(
        "product_id", "department", "brand", category="product_category", type="product_type"
    )
    return (
        pl.scan_parquet(folder / "transactions.parquet")
        .join(products, on="product_id", how="left")
        .select(
            "product_id",
            "basket_id",
            "store_id",
            "department",
            "category",
            "type",
            customer_id="household_id",
            at=pl.col("transaction_timestamp")
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone(ZONE)
            .dt.replace_time_zone(None),
            amount="sales_value",
            discount=pl.col("retail_disc") + pl.col("coupon_match_disc"),
            private=(pl.col("brand") == "Private").fill_null(False),
        )
        .sort("customer_id", "at", "basket_id", "product_id")
        .collect()
    )


# Features --------------------------------------------------------------------


def ratio(over: pl.Expr, under: pl.Expr) -> pl.Expr:
    return pl.when(under > 0).then(over / under)


def days(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_seconds() / 86_400


def to_baskets(lines: pl.DataFrame) -> pl.DataFrame:
    return (
        lines.group_by("customer_id", "basket_id", "at", "store_id")
        .agg(pl.col("amount", "discount").sum())
        .sort("customer_id", "at", "basket_id")
        .with_columns(
            gap=days(pl.col("at").diff().over("customer_id")),
            weekend=pl.col("at").dt.weekday() >= 6,
            evening=pl.col("at").dt.hour() >= 18,
        )
    )


def snapshot(lines: pl.DataFrame, baskets: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """One row for each customer with a purchase before `as_of`; nothing later is seen."""
    before = lines.lazy().filter(pl.col("at") < as_of)
    trips = baskets.lazy().filter(pl.col("at") < as_of)

    def within(length: int) -> pl.Expr:
        return pl.col("at") >= as_of - timedelta(days=length)

    of_trips = trips.group_by("customer_id").agg(
        recency=days(as_of - pl.col("at").max()),
        tenure=days(as_of - pl.col("at").min()),
        frequency=pl.len(),
        monetary=pl.col("amount").sum(),
        discounts=pl.col("discount").sum(),
        gap_mean=pl.col("gap").mean(),
        gap_sd=pl.col("gap").std(),
        weekend_share=pl.col("weekend").mean(),
        evening_share=pl.col("evening").mean(),
        stores=pl.col("store_id").n_unique(),
        **{f"spend_{w}": pl.col("amount").filter(within(w)).sum() for w in WINDOWS},
        **{f"trips_{w}": within(w).sum() for w in WINDOWS},
    )
    largest = (
        before.group_by("department").agg(pl.col("amount").sum()).drop_nulls().sort("amount", descending=True)
    ).collect()["department"][:DEPARTMENTS]
    of_lines = before.group_by("customer_id").agg(
        products=pl.col("product_id").n_unique(),
        categories=pl.col("category").n_unique(),
        types=pl.col("type").n_unique(),
        private_share=ratio(pl.col("amount").filter("private").sum(), pl.col("amount").sum()),
        **{
            # Named by rank, so that the columns are the same at every date.
            f"department_{i}_share": ratio(
                pl.col("amount").filter(pl.col("department") == name).sum(), pl.col("amount").sum()
            )
            for i, name in enumerate(largest, start=1)
        },
    )
    return (
        of_trips.join(of_lines, on="customer_id")
        .with_columns(
            as_of=pl.lit(as_of),
            basket_mean=pl.col("monetary") / pl.col("frequency"),
            discount_share=ratio(pl.col("discounts"), pl.col("discounts") + pl.col("monetary")),
            recency_in_gaps=ratio(pl.col("recency"), pl.col("gap_mean")),
            trips_per_week=ratio(pl.col("frequency") * 7.0, pl.col("tenure")),
            spend_trend=ratio(2.0 * pl.col("spend_28"), pl.col("spend_84") - pl.col("spend_28")),
            trips_trend=ratio(2.0 * pl.col("trips_28"), 1.0 * pl.col("trips_84") - pl.col("trips_28")),
            spend_half=ratio(pl.col("spend_84"), 1.0 * pl.col("spend_168")),
        )
        .drop("discounts")
        .sort("customer_id")
        .collect()
    )


def label(frame: pl.DataFrame, baskets: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Eligible customers, with `churned`: no purchase in the 28 days from `as_of` on."""
    stayed = baskets.filter((pl.col("at") >= as_of) & (pl.col("at") < as_of + HORIZON))["customer_id"].unique()
    return eligible(frame).with_columns(churned=~pl.col("customer_id").is_in(stayed.implode()))


def eligible(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter((pl.col("frequency") >= 2) & (pl.col("recency") <= ACTIVE.days))


# Segments --------------------------------------------------------------------


def quintile(values: np.ndarray) -> np.ndarray:
    """1 to 5 by mid-rank, so that equal values get equal scores."""
    ordered = np.sort(values)
    low = np.searchsorted(ordered, values, "left")
    high = np.searchsorted(ordered, values, "right")
    return np.minimum(5, 1 + np.floor(5 * (low + high) / 2 / len(values))).astype(int)


def segment(now: pl.DataFrame) -> tuple[pl.DataFrame, dict]:
    r, f, m = (quintile(now[c].to_numpy() * sign) for c, sign in [("recency", -1), ("frequency", 1), ("monetary", 1)])
    fm = np.floor((f + m) / 2 + 0.5).astype(int)
    names = [RFM_NAMES[a][b - 1] for a, b in zip(r, fm)]

    columns = ["recency", "frequency", "monetary", "basket_mean", "tenure", "categories", "spend_56"]
    shares = ["discount_share", "weekend_share", "evening_share", "private_share"]
    matrix = np.hstack([np.log1p(now.select(columns).to_numpy()), now.select(shares).fill_null(0).to_numpy()])
    matrix = StandardScaler().fit_transform(matrix)
    fits = {k: KMeans(k, n_init=10, random_state=SEED).fit(matrix) for k in range(3, 9)}
    silhouettes = {k: float(silhouette_score(matrix, fit.labels_)) for k, fit in fits.items()}
    best = max(silhouettes, key=silhouettes.get)
    table = now.select(
        "customer_id", "recency", "frequency", "monetary",
        r_score=r, f_score=f, m_score=m, rfm_segment=pl.Series(names), cluster=fits[best].labels_,
    )  # fmt: skip
    report = {
        "customers": now.height,
        "rfm_segments": {name: names.count(name) for name in sorted(set(names))},
        "k": best,
        "silhouette": silhouettes,
        "inertia": {k: float(fit.inertia_) for k, fit in fits.items()},
    }
    return table, report


# Churn -----------------------------------------------------------------------


def judge(truth: np.ndarray, probability: np.ndarray) -> dict:
    top = np.argsort(-probability, kind="stable")[: round(len(truth) / 10)]
    return {
        "roc_auc": float(roc_auc_score(truth, probability)),
        "average_precision": float(average_precision_score(truth, probability)),
        "lift_top_tenth": float(truth[top].mean() / truth.mean()),
        "brier": float(brier_score_loss(truth, probability)),
        "log_loss": float(log_loss(truth, probability)),
    }


def boosted(trees: int) -> lgb.LGBMClassifier:
    return lgb.LGBMClassifier(
        n_estimators=trees, learning_rate=0.03, num_leaves=15, min_child_samples=40, subsample=0.8,
        subsample_freq=1, colsample_bytree=0.7, reg_lambda=1.0, random_state=SEED, n_jobs=ARGS.threads,
        deterministic=True, force_row_wise=True, verbose=-1,
    )  # fmt: skip


def best_number_of_trees(train: pl.DataFrame, names: list[str]) -> int:
    """By early stopping on the latest training snapshot, fitted on those whose horizon ended by then."""
    last = train["as_of"].max()
    early = train.filter(pl.col("as_of") + HORIZON <= last)
    late = train.filter(pl.col("as_of") == last)
    model = boosted(2000).fit(
        early.select(names).to_numpy(), early["churned"].to_numpy(),
        eval_X=late.select(names).to_numpy(), eval_y=late["churned"].to_numpy(),
        eval_metric="binary_logloss", callbacks=[lgb.early_stopping(50, verbose=False)],
    )  # fmt: skip
    return model.best_iteration_


def churn(snapshots: dict[datetime, pl.DataFrame], baskets: pl.DataFrame) -> tuple[pl.DataFrame, dict]:
    labelled = pl.concat([label(snapshots[day], baskets, day) for day in AS_OF if day + HORIZON <= END])
    names = [c for c in labelled.columns if c not in ("customer_id", "as_of", "churned")]
    train = labelled.filter(pl.col("as_of") + HORIZON <= TEST)
    test = labelled.filter(pl.col("as_of") == TEST)
    x, y = train.select(names).to_numpy(), train["churned"].to_numpy()
    x_test, y_test = test.select(names).to_numpy(), test["churned"].to_numpy()

    trees = best_number_of_trees(train, names)
    signed_log = FunctionTransformer(lambda v: np.sign(v) * np.log1p(np.abs(v)))
    models = {
        "lightgbm": boosted(trees),
        "decision_tree": DecisionTreeClassifier(max_depth=6, min_samples_leaf=100, random_state=SEED),
        "logistic_regression": make_pipeline(
            SimpleImputer(strategy="median"), signed_log, StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)
        ),
    }
    report = {
        "train": {"rows": train.height, "snapshots": train["as_of"].n_unique(), "churn_rate": float(y.mean())},
        "test": {"rows": test.height, "as_of": str(TEST.date()), "churn_rate": float(y_test.mean())},
        "features": len(names),
        "trees": trees,
    }
    for name, model in models.items():
        report[name] = judge(y_test, model.fit(x, y).predict_proba(x_test)[:, 1])
    alone = make_pipeline(signed_log, LogisticRegression())
    alone.fit(train.select("recency").to_numpy(), y)
    report["recency_alone"] = judge(y_test, alone.predict_proba(test.select("recency").to_numpy())[:, 1])

    # What is handed out is fitted on everything that has a label by now.
    final = boosted(trees).fit(labelled.select(names).to_numpy(), labelled["churned"].to_numpy())
    now = eligible(snapshots[END])
    scores = now.select("customer_id", churn_probability=final.predict_proba(now.select(names).to_numpy())[:, 1])
    scores = scores.sort(["churn_probability", "customer_id"], descending=[True, False])
    return scores.with_columns(rank=pl.int_range(1, pl.len() + 1)), report


# Rules -----------------------------------------------------------------------


def rules(lines: pl.DataFrame) -> tuple[pl.DataFrame, dict]:
    """Rules with one consequent: support from 1 %, confidence from 10 %, up to 4 items."""
    baskets = (
        lines.lazy().drop_nulls("type").group_by("basket_id").agg(pl.col("type").unique()).collect()["type"].to_list()
    )
    n = len(baskets)
    sets = fim.fpgrowth(baskets, target="s", supp=1, zmin=1, zmax=4, report="a")
    # Mode "o": support is that of the whole rule, not of its antecedent alone.
    found = fim.fpgrowth(baskets, target="r", supp=1, conf=10, zmin=2, zmax=4, report="abh", mode="o")
    table = (
        pl.DataFrame(
            [(" + ".join(sorted(body)), head, both, b, h) for head, body, both, b, h in found],
            schema=["antecedent", "consequent", "count", "antecedent_count", "consequent_count"],
            orient="row",
        )
        .with_columns(
            support=pl.col("count") / n,
            confidence=pl.col("count") / pl.col("antecedent_count"),
            lift=pl.col("count") * n / (pl.col("antecedent_count") * pl.col("consequent_count")),
        )
        .sort(["lift", "antecedent", "consequent"], descending=[True, False, False])
    )
    return table, {"baskets": n, "itemsets": len(sets), "rules": table.height}


# Suggestions -----------------------------------------------------------------


def matrix_of(pairs: pl.DataFrame, customers: list, types: list) -> sparse.csr_matrix:
    """Which customer (row) bought which type (column) at least once."""
    row = pairs["customer_id"].replace_strict(customers, range(len(customers)), return_dtype=pl.Int64).to_numpy()
    column = pairs["type"].replace_strict(types, range(len(types)), return_dtype=pl.Int64).to_numpy()
    ones = np.ones(len(row), dtype=np.float32)
    return sparse.csr_matrix((ones, (row, column)), shape=(len(customers), len(types)))


def cosine_scores(bought: sparse.csr_matrix) -> np.ndarray:
    together = (bought.T @ bought).toarray()
    norm = np.sqrt(np.maximum(np.diag(together), 1))
    alike = together / norm[:, None] / norm[None, :]
    np.fill_diagonal(alike, 0)
    return bought @ alike


def popularity_scores(bought: sparse.csr_matrix) -> np.ndarray:
    return np.repeat(np.asarray(bought.sum(axis=0)), bought.shape[0], axis=0)


def best_new(scores: np.ndarray, bought: sparse.csr_matrix) -> np.ndarray:
    """The K best columns that the customer never bought; ties by column."""
    scores = scores.astype(np.float64)
    scores[bought.nonzero()] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def judge_lists(lists: np.ndarray, truth: sparse.csr_matrix) -> dict:
    """Means over the customers who bought something new to them."""
    truth = truth.toarray() > 0
    who = truth.any(axis=1)
    hits = np.take_along_axis(truth[who], lists[who], axis=1)
    wanted = truth[who].sum(axis=1)
    gain = 1 / np.log2(np.arange(2, K + 2))
    ideal = np.cumsum(gain)[np.minimum(wanted, K) - 1]
    return {
        "hit_rate": float(hits.any(axis=1).mean()),
        "recall": float((hits.sum(axis=1) / wanted).mean()),
        "ndcg": float((hits @ gain / ideal).mean()),
        "customers": int(who.sum()),
    }


def suggest(lines: pl.DataFrame) -> tuple[pl.DataFrame, dict]:
    bought = lines.lazy().drop_nulls("type").group_by("customer_id", "type").agg(first=pl.col("at").min()).collect()
    customers, types = sorted(bought["customer_id"].unique()), sorted(bought["type"].unique())

    before = matrix_of(bought.filter(pl.col("first") < TEST), customers, types)
    # A first purchase on or after TEST is a purchase of something new.
    new = matrix_of(bought.filter(pl.col("first") >= TEST), customers, types)
    known = np.asarray(before.sum(axis=1)).ravel() > 0
    report = {
        name: judge_lists(best_new(score(before[known]), before[known]), new[known])
        for name, score in [("cosine", cosine_scores), ("popularity", popularity_scores)]
    }

    history = matrix_of(bought, customers, types)
    scores = cosine_scores(history)
    lists = best_new(scores, history)
    table = pl.DataFrame(
        {
            "customer_id": np.repeat(customers, K),
            "rank": np.tile(np.arange(1, K + 1), len(customers)),
            "type": np.asarray(types)[lists.ravel()],
            "score": np.take_along_axis(scores, lists, axis=1).ravel(),
        }
    )
    return table, report


# The run ---------------------------------------------------------------------


def write(table: pl.DataFrame, name: str) -> None:
    table.write_parquet(ARGS.out / f"{name}.parquet")
    table.write_csv(ARGS.out / f"{name}.csv")


def main() -> None:
    ARGS.out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    report: dict = {"seconds": {}, "cpu_seconds": {}}

    def timed(name: str, work):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        result = work()
        report["seconds"][name] = round(time.perf_counter() - begun, 2)
        report["cpu_seconds"][name] = round(time.process_time() - begun_cpu, 2)
        return result

    lines = timed("read", lambda: read(ARGS.data))
    baskets = to_baskets(lines)
    snapshots = timed("features", lambda: {day: snapshot(lines, baskets, day) for day in AS_OF})
    report["lines"], report["baskets"] = lines.height, baskets.height
    report["snapshot_rows"] = sum(frame.height for frame in snapshots.values())
    segments, report["segment"] = timed("segment", lambda: segment(snapshots[END]))
    scores, report["churn"] = timed("churn", lambda: churn(snapshots, baskets))
    found, report["rules"] = timed("rules", lambda: rules(lines))
    suggestions, report["suggestions"] = timed("suggestions", lambda: suggest(lines))

    def write_all():
        write(pl.concat(snapshots.values()), "features")
        for name, table in [("segments", segments), ("churn", scores), ("rules", found), ("suggestions", suggestions)]:
            write(table, name)

    timed("write", write_all)
    used = resource.getrusage(resource.RUSAGE_SELF)
    report["seconds"]["all"] = round(time.perf_counter() - started, 2)
    # With the imports, which the parts above leave out.
    report["cpu_seconds"]["all"] = round(used.ru_utime + used.ru_stime, 2)
    # Bytes on macOS, KiB elsewhere.
    unit = 2**20 if platform.system() == "Darwin" else 2**10
    report["peak_rss_mib"] = round(used.ru_maxrss / unit)
    report["threads"] = ARGS.threads
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
