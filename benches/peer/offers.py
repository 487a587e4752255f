"""What other ways to suggest reach on the data of `offers`: popularity, personal frequency with decay,
TIFU-KNN (Hu et al. 2020, SIGIR), UP-CF (Faggioli et al. 2020, UMAP), item cosine (k = 200) and EASE
(Steck 2019, WWW), a few lines each in numpy.

    datasets/complete-journey/fetch.sh
    python benches/peer/offers.py datasets/complete-journey/full

For each of the last four periods of 28 days it suggests ten product types to every household from what
was known before, and holds them against what was then bought: what is new to the household, and all.
Parameters are chosen for each of the periods on the one before it. Prints a table in Markdown.
"""

import sys
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

K, HORIZON, DATES = 10, 28, 4


def history(folder: Path):
    lines = pl.read_parquet(folder / "transactions.parquet").join(
        pl.read_parquet(folder / "products.parquet"), on="product_id"
    )
    local = pl.col("transaction_timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    lines = lines.filter(pl.col("product_type").is_not_null()).select(
        "household_id", "basket_id", item="product_type", day=local.dt.date().cast(pl.Int32)
    )
    lines = lines.unique().sort("household_id", "day", "basket_id", "item")
    _, customer = np.unique(lines["household_id"].to_numpy(), return_inverse=True)
    _, item = np.unique(lines["item"].to_numpy().astype(str), return_inverse=True)
    return customer, item, lines["day"].to_numpy(), lines["basket_id"].to_numpy()


class State:
    """What is known before a day, and what was bought in the horizon from it."""

    def __init__(self, lines, day):
        self.customer, self.item, self.days, self.baskets = lines
        self.day = day
        self.shape = (self.customer.max() + 1, self.item.max() + 1)
        self.counts = self.matrix(self.days.min(), day)
        self.owned = self.counts > 0
        self.active = self.owned.any(axis=1)
        self.after = self.matrix(day, day + HORIZON) > 0

    def matrix(self, start, end, weight=None):
        rows = (self.days >= start) & (self.days < end)
        made = np.zeros(self.shape, np.float32)
        np.add.at(made, (self.customer[rows], self.item[rows]), 1.0 if weight is None else weight[rows])
        return made

    def faded(self, days):
        return self.matrix(self.days.min(), self.day, np.exp(-(self.day - self.days) / days).astype(np.float32))


def top(scores, allowed):
    scores = np.where(allowed, scores, -np.inf)
    best = np.argpartition(-scores, K, axis=1)[:, :K]
    values = np.take_along_axis(scores, best, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    best = np.take_along_axis(best, order, 1)
    return best, np.isfinite(np.take_along_axis(values, order, 1))


def quality(state, scores, kind):
    truth = state.after & ~state.owned if kind == "new" else state.after
    known = state.owned.any(axis=0)[None, :]
    allowed = (~state.owned if kind == "new" else np.ones_like(state.owned)) & known
    lists, there = top(scores, allowed)
    who = state.active & truth.any(axis=1)
    hits = (np.take_along_axis(truth, lists, 1) & there)[who]
    discount = 1 / np.log2(np.arange(2, K + 2))
    ideal = np.cumsum(discount)[np.minimum(truth[who].sum(axis=1), K) - 1]
    return {
        "customers": int(who.sum()),
        "hit": hits.any(axis=1).mean(),
        "ndcg": ((hits * discount).sum(axis=1) / ideal).mean(),
        "catalogue": len(np.unique(lists[state.active])) / known.sum(),
    }


def filled(own, state):
    """The customer's own, and behind it what is popular of late."""
    popular = (state.matrix(state.day - 28, state.day) > 0).sum(axis=0)
    return own + 1e-6 * popular / popular.max()


def nearest(vectors, k):
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -1)
    best = np.argpartition(-alike, k, axis=1)[:, :k]
    return best, np.take_along_axis(alike, best, 1)


def popularity(state):
    return np.broadcast_to((state.matrix(state.day - 28, state.day) > 0).sum(axis=0)[None, :], state.shape)


def frequency(state, days):
    return filled(state.faded(days), state)


def tifu_knn(state, days, neighbours, alpha):
    own = state.faded(days)
    own = own / (own.max(axis=1, keepdims=True) + 1e-9)
    best, _ = nearest(own, neighbours)
    others = np.stack([own[row].mean(axis=0) for row in best])
    return filled(alpha * own + (1 - alpha) * others, state)


def up_cf(state, days, neighbours, power):
    recent = state.faded(days)
    baskets = recent / (recent.max(axis=1, keepdims=True) + 1e-9)
    best, alike = nearest(state.owned.astype(np.float32), neighbours)
    alike = np.maximum(alike, 0) ** power
    others = np.stack([(w[:, None] * baskets[row]).sum(axis=0) / (w.sum() + 1e-9) for row, w in zip(best, alike)])
    return filled(baskets + others, state)


def item_cosine(state, k):
    owned = state.owned.astype(np.float32)
    met = owned.T @ owned
    size = np.sqrt(np.diag(met)) + 1e-9
    near = met / size[:, None] / size[None, :]
    np.fill_diagonal(near, 0)
    least = np.partition(near, -k, axis=0)[-k]
    return owned @ np.where(near >= least, near, 0)


def ease(state, shrinkage):
    owned = state.owned.astype(np.float32)
    inverse = np.linalg.inv((owned.T @ owned).astype(np.float64) + shrinkage * np.eye(owned.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return owned @ weights.astype(np.float32)


WAYS = {
    "popularity, 28 days": ("new all", popularity, [{}]),
    "frequency with decay": ("all", frequency, [{"days": d} for d in (40, 100, 200)]),
    "TIFU-KNN": (
        "all",
        tifu_knn,
        [{"days": d, "neighbours": n, "alpha": a} for d, n, a in product((100, 200), (100, 300), (0.5, 0.7))],
    ),
    "UP-CF": (
        "new all",
        up_cf,
        [{"days": d, "neighbours": n, "power": p} for d, n, p in product((40, 100), (100, 300), (1, 5))],
    ),
    "item cosine": ("new", item_cosine, [{"k": 200}]),
    "EASE": ("new", ease, [{"shrinkage": s} for s in (200, 500, 2000)]),
}


def main():
    lines = history(Path(sys.argv[1]))
    end = int(lines[2].max()) + 1
    states = [State(lines, end - HORIZON * back) for back in range(1, DATES + 2)]
    print("| kind | way | from | customers | hit rate at 10 | NDCG at 10 | catalogue | parameters |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (kinds, way, grid) in WAYS.items():
        # Each setting on each state once; the best of the period before is reported on the next.
        found = {kind: [] for kind in kinds.split()}
        for state in states:
            scores = [way(state, **parameters) for parameters in grid]
            for kind in found:
                found[kind].append([quality(state, one, kind) for one in scores])
        for kind, tried in found.items():
            for back in range(DATES):
                chosen = int(np.argmax([one["ndcg"] for one in tried[back + 1]]))
                got, day = tried[back][chosen], np.datetime64(int(states[back].day), "D")
                print(
                    f"| {kind} | {name} | {day} | {got['customers']} | {got['hit']:.4f} | {got['ndcg']:.4f} "
                    f"| {got['catalogue']:.3f} | {grid[chosen]} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
