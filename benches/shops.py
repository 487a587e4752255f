"""Every kind of shop that can be generated, and the bundled sample: what a run finds, beside what is true.

    cargo build --release
    python3 benches/shops.py > /tmp/shops.md
    python3 benches/shops.py --binary target/release/regulars --customers 3000 --months 24 --seed 42 --kinds mail-order

For each kind the script generates a shop, runs everything, and asks `regulars compare` for the truth; the bundled sample of
The Complete Journey has no truth, so there the columns of the truth stay empty. It prints three tables: rules, suggestions,
and churn. `--dates 6` adds how well the probabilities of leaving fit on the firsts of so many months before the end, which the
models of that month had not seen: the rate that was said beside the one that came, and the one by the law.

One history decides little about suggestions to a few hundred customers: `--more-seeds 1 2 3 4 5 6 7` makes suggestions for as
many more shops of each kind, and prints them beside the baselines, with the mean difference and its standard error.

Nothing here is timed. Goals that are missed stand in the last column.
"""

import argparse
import csv
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

KINDS = ["grocery", "mail-order", "subscription", "restaurant", "wholesale"]
SAMPLE = "Complete Journey"
#: The goals: the largest calibration error where a season was seen once, and on the Complete Journey; planted pairs found.
CALIBRATION, OF_SAMPLE, FOUND, FALSE = 0.05, 0.02, 0.95, 0.05


def call(binary: Path, *words: str) -> None:
    """One command; its output goes away, its errors do not."""
    done = subprocess.run([binary, *words, "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"regulars {' '.join(words)}: exit code {done.returncode}\n{done.stderr}")


def compared(binary: Path, results: Path, truth: Path) -> dict[str, tuple[float, float | None, str]]:
    """What `compare` says: the run's figure, the best or true one, and the note, by measure."""
    done = subprocess.run([binary, "compare", results, truth], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"regulars compare: exit code {done.returncode}\n{done.stderr}")
    with open(results / "comparison.csv", newline="", encoding="utf-8") as file:
        return {
            row["measure"]: (float(row["run"]), float(row["best"]) if row["best"] else None, row["note"])
            for row in csv.DictReader(file)
        }


def firsts(until: datetime.date, months: int) -> list[str]:
    """The firsts of so many months before a date, the latest first."""
    dates = []
    at = until.replace(day=1)
    for _ in range(months):
        at = (at - datetime.timedelta(days=1)).replace(day=1)
        dates.append(at.isoformat())
    return dates


class Shop:
    """One shop that was run."""

    def __init__(self, name: str, results: Path, found: dict):
        self.name = name
        self.found = found
        manifest = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
        self.stages = {name: stage.get("metrics") or {} for name, stage in manifest["stages"].items()}
        self.failed = [name for name, stage in manifest["stages"].items() if not stage.get("metrics")]
        self.months: list[tuple[str, float, float, float, float]] = []

    def of(self, measure: str) -> tuple[float, float | None, str]:
        return self.found.get(measure, (float("nan"), None, ""))


def cell(value: float | None, digits: int = 3) -> str:
    if value is None or value != value:
        return ""
    return f"{value:,.{digits}f}"


def rules(shop: Shop) -> tuple[list[str], list[str]]:
    metrics = shop.stages.get("rules", {})
    held = metrics.get("held_up", {})
    found, planted, _ = shop.of("planted associations found")
    real, *_ = shop.of("share of rules that are real")
    shown = metrics.get("rules", 0)
    false = round((1 - real) * shown) if real == real else None
    apart, *_ = shop.of("substitutes that were never on sale together")
    substitutes, of_substitutes, _ = shop.of("planted substitutes found")
    missed = []
    if planted and found < FOUND * planted:
        missed.append(f"{found:.0f} of {planted:.0f} planted pairs found")
    if false and false > FALSE * shown:
        missed.append(f"{false} of {shown} rules are not real")
    if apart and apart > 0:
        missed.append(f"{apart:.0f} substitutes never on sale together")
    return [
        f"{metrics.get('baskets', 0):,}",
        f"{found:.0f} of {planted:.0f}" if planted else "",
        f"{shown:,}",
        "" if false is None else f"{false}",
        f"{held.get('yes', 0)}, {held.get('no', 0)}, {held.get('too_few', 0)}",
        f"{substitutes:.0f} of {of_substitutes:.0f}" if of_substitutes else "",
        f"{metrics.get('substitutes', 0):,}" + (f", {apart:.0f}" if apart == apart else ""),
    ], missed


def offers(shop: Shop) -> tuple[list[str], list[str]]:
    metrics = shop.stages.get("offers", {})
    test = metrics.get("test") or {}
    model, popular = test.get("model"), test.get("popularity")
    off, *_ = shop.of("share of suggestions off sale or out of season")
    no, *_ = shop.of("suggestions to customers who said no")
    missed = []
    if model and popular and model["hit_rate"] < popular["hit_rate"]:
        missed.append("below what was popular")
    if off == off and off > 0:
        missed.append(f"{off:.1%} of the suggestions off sale or out of season")
    if no == no and no > 0:
        missed.append(f"{no:.0f} suggestions to who said no")
    both = lambda of: f"{of['hit_rate']:.3f}, {of['ndcg']:.3f}" if of else ""
    others = [f"{both(other)} ({other['time'].replace('_', ' ')})" for other in test.get("other_baselines", [])]
    return [
        f"{test.get('customers', 0):,}",
        both(model),
        f"{both(popular)} ({popular['time'].replace('_', ' ')})" if popular else "",
        "; ".join(others),
        f"{metrics.get('suggestions', 0):,}",
        "" if off != off else f"{off:.1%}",
        "" if no != no else f"{no:.0f}",
    ], missed


def churn(shop: Shop) -> tuple[list[str], list[str]]:
    metrics = shop.stages.get("churn", {})
    if not metrics:
        return [""] * 8, ["no scores"]
    models = {model["model"]: model for model in metrics["models"]}
    chosen = models[metrics["chosen"]]
    _, best, _ = shop.found.get(f"test date, ROC AUC, {chosen['title']} (chosen)", (0, None, ""))
    test = metrics["delivered"]["calibration_error"]
    later, best_later, _ = shop.of("scores, calibration error on what came next")
    row, everybody, _ = shop.of("customers with a row")
    reason, *_ = shop.of("customers with a row and a reason")
    said, left, _ = shop.of("scores, share said to leave")
    horizon, law, _ = shop.of("horizon proposed, days")
    goal = OF_SAMPLE if shop.name == SAMPLE else CALIBRATION
    missed = [f"calibration error {test:.3f} on the test date"] if test > goal else []
    if later == later and later > goal:
        missed.append(f"calibration error {later:.3f} on what came next")
    if everybody and (row < everybody or reason < everybody):
        missed.append(f"{everybody - min(row, reason):.0f} customers without a row or a reason")
    return [
        f"{metrics['horizon_days']}",
        "" if law is None else f"{horizon:.0f} ({law:.0f})",
        f"{chosen['roc_auc']:.3f}" + (f" ({best:.3f})" if best else ""),
        f"{test:.3f}",
        "" if later != later else f"{later:.3f} ({best_later:.3f})",
        "" if left is None else f"{said:.3f}, {left:.3f}",
        f"{metrics['scored']:,}",
        f"{row:,.0f}, {reason:,.0f} of {everybody:,.0f}" if everybody else "",
    ], missed


def suggested(args, kind: str, seed: int, folder: Path) -> dict:
    """The hold-out test of the suggestions of one shop, of which nothing else is run."""
    shop, results = folder / f"{kind}-{seed}", folder / f"{kind}-{seed}-results"
    sizes = ["--customers", str(args.customers), "--months", str(args.months), "--seed", str(seed)]
    call(args.binary, "generate", "--kind", kind, *sizes, "--out", str(shop))
    for stage in ("ingest", "offers"):
        call(args.binary, stage, "-c", str(shop / "regulars.toml"), "--out", str(results))
    manifest = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
    return manifest["stages"]["offers"]["metrics"]["test"]


def by_seed(args, folder: Path) -> None:
    print("\n**Suggestions of several histories: hit rate, NDCG**\n")
    print("| shop | seed | customers tested | suggestions | the last 28 days | the better of all baselines |")
    print("|---|---|---|---|---|---|")
    both = lambda of: f"{of['hit_rate']:.3f}, {of['ndcg']:.3f}"
    for kind in args.kinds:
        above = []
        for seed in [args.seed, *args.more_seeds]:
            test = suggested(args, kind, seed, folder)
            baselines = [test["popularity"], *test["other_baselines"]]
            recent = next(one for one in baselines if one["time"] == "last_28_days")
            print(f"| {kind} | {seed} | {test['customers']:,} | {both(test['model'])} | {both(recent)} | {both(test['popularity'])} |")
            above.append([test["model"][figure] - recent[figure] for figure in ("hit_rate", "ndcg")])
        means = [statistics.mean(column) for column in zip(*above)]
        errors = [statistics.stdev(column) / len(column) ** 0.5 for column in zip(*above)]
        said = ", ".join(f"{mean:+.4f} ({error:.4f})" for mean, error in zip(means, errors))
        print(f"| {kind} | mean over the last 28 days, in brackets its standard error | | {said} | | |")


def table(title: str, columns: list[str], shops: list[Shop], of) -> None:
    print(f"\n**{title}**\n")
    print("| shop | " + " | ".join(columns) + " | misses |")
    print("|---" * (len(columns) + 2) + "|")
    for shop in shops:
        cells, missed = of(shop)
        print(f"| {shop.name} | " + " | ".join(cells) + f" | {'; '.join(missed) or 'nothing'} |")


def by_month(shops: list[Shop]) -> None:
    print("\n**Probabilities of leaving by month: said, came, by the law; calibration error**\n")
    print("| shop | as of | said | came | by the law | error |")
    print("|---|---|---|---|---|---|")
    for shop in shops:
        for date, said, came, law, error in shop.months:
            late = " (above)" if error > CALIBRATION else ""
            print(f"| {shop.name} | {date} | {said:.3f} | {came:.3f} | {law:.3f} | {error:.3f}{late} |")


def generated(args, kind: str, folder: Path) -> Shop:
    shop, results = folder / kind, folder / f"{kind}-results"
    sizes = ["--customers", str(args.customers), "--months", str(args.months), "--seed", str(args.seed)]
    call(args.binary, "generate", "--kind", kind, *sizes, "--out", str(shop))
    call(args.binary, "run", "-c", str(shop / "regulars.toml"), "--out", str(results))
    done = Shop(kind, results, compared(args.binary, results, shop / "truth"))
    for date in firsts(datetime.date(2026, 1, 1), args.dates):
        aside = folder / f"{kind}-{date}"
        call(args.binary, "ingest", "-c", str(shop / "regulars.toml"), "--out", str(aside))
        for stage in ("features", "churn"):
            call(args.binary, stage, "-c", str(shop / "regulars.toml"), "--out", str(aside), "--as-of", date)
        found = compared(args.binary, aside, shop / "truth")
        said, came, _ = found["scores, share said to leave"]
        error, *_ = found["scores, calibration error on what came next"]
        _, law, _ = found["scores, share said to leave by the law"]
        done.months.append((date, said, came, law, error))
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/regulars"))
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--dates", type=int, default=0, help="months before the end at which probabilities are tried")
    parser.add_argument("--more-seeds", nargs="*", type=int, default=[], help="further histories for suggestions alone")
    parser.add_argument("--no-sample", action="store_true", help="leave out the bundled sample")
    parser.add_argument("--folder", type=Path, help="where shops and results are kept")
    args = parser.parse_args()
    if not args.binary.is_file():
        sys.exit(f"{args.binary} is not there: cargo build --release, or --binary")
    args.binary = args.binary.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        shops = []
        for kind in args.kinds:
            print(f"{kind} ...", file=sys.stderr, flush=True)
            shops.append(generated(args, kind, folder))
        if args.more_seeds:
            by_seed(args, folder)
        if not args.no_sample:
            print("sample ...", file=sys.stderr, flush=True)
            call(args.binary, "demo", "--out", str(folder / "sample-results"))
            shops.append(Shop(SAMPLE, folder / "sample-results", {}))
    print(f"{args.customers:,} customers, {args.months} months, seed {args.seed}; {os.cpu_count()} threads.")
    table(
        "Rules",
        ["baskets", "planted pairs found", "rules", "not real", "held up: yes, no, too few", "planted substitutes", "substitutes, never on sale together"],
        shops,
        rules,
    )
    table(
        "Suggestions: hit rate, NDCG",
        ["customers tested", "suggestions", "best baseline", "others", "made", "off sale or season", "to who said no"],
        shops,
        offers,
    )
    table(
        "Churn; in brackets the best possible, or the law's",
        ["horizon", "proposed", "ROC AUC", "calibration error, test", "on what came next", "said, came", "scored", "rows, reasons"],
        shops,
        churn,
    )
    if any(shop.months for shop in shops):
        by_month(shops)


if __name__ == "__main__":
    main()
