"""Times tree models beside other libraries and prints the table as Markdown.

    cargo build --release && cargo build --release -p regulars-models --example trees
    python3 benches/trees.py --rows 200000 > /tmp/trees.md

Rows are generated: 40 columns, half normal numbers and half of 3 to 12 whole values, one value in twenty
missing; the label follows numbers, values and pairs of them with chance. A quarter as many rows again are
held out. Every library gets the same matrix of f32 and the same rows, two threads, and a process of its
own; they take turns, round after round. Fitting is timed with the binning that it needs and scoring from the
raw matrix; reading the data is not. The least time of the rounds counts. Processor seconds, of all threads,
stand beside, for machines that are shared. Memory is the peak of the process less what it held with the
data read.

`--task boost`: equal numbers of trees and leaves, rate 0.1, 255 bins, at least 20 rows a leaf, no penalty.
`--task tree`: Gini, depth 8. `--task forest`: `--trees` trees grown until leaves would have fewer than 20 rows,
six columns a node. A further task `shap` is to be added to `TASKS` here and to `run` in
`models/examples/trees.rs`: beside shap, with the largest difference of the values in place of the ROC AUC.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["numpy", "scikit-learn", "lightgbm", "xgboost"]
COLUMNS = 40

GENERATE = """
import sys
import numpy as np
rows, out = int(sys.argv[1]), sys.argv[2]
draw = np.random.default_rng(1)
x = draw.normal(size=(rows, 40)).astype(np.float32)
for column in range(20, 40):
    x[:, column] = draw.integers(0, 3 + column % 10, size=rows)
x[draw.random(x.shape, dtype=np.float32) < 0.05] = np.nan
z = np.nan_to_num(x)
score = z[:, 0] + 0.7 * z[:, 1] * z[:, 2] + np.sin(2 * z[:, 3]) + 0.4 * (z[:, 20] == 1)
score += 0.3 * z[:, 22] * (z[:, 4] > 0) - 0.5 * z[:, 30] * (z[:, 31] > 2)
y = draw.random(rows) < 1 / (1 + np.exp(1.5 - score))
x.tofile(out + "/x")
y.astype(np.uint8).tofile(out + "/y")
"""

PEER = """
import json, resource, sys, time
import numpy as np
folder, train, trees, leaves, threads, out = sys.argv[1], *map(int, sys.argv[2:6]), sys.argv[6]
x = np.fromfile(folder + "/x", dtype=np.float32).reshape(-1, 40)
y = np.fromfile(folder + "/y", dtype=np.uint8)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def compare(fit, score):
    before, cpu, started = peak(), time.process_time(), time.perf_counter()
    model = fit(x[:train], y[:train])
    fitted, fit_cpu = time.perf_counter(), time.process_time()
    scores = score(model, x[train:])
    seconds, score_cpu = time.perf_counter() - fitted, time.process_time() - fit_cpu
    np.asarray(scores, dtype=np.float64).tofile(out)
    print(json.dumps({"fit": fitted - started, "fit_cpu": fit_cpu - cpu, "score": seconds,
        "score_cpu": score_cpu, "mib_before": before, "mib": peak()}))
"""

LIGHTGBM = PEER + """
import lightgbm
settings = dict(objective="binary", num_leaves=leaves, learning_rate=0.1, max_bin=255,
    min_data_in_leaf=20, num_threads=threads, verbose=-1)
compare(lambda x, y: lightgbm.train(settings, lightgbm.Dataset(x, y, params=settings), trees),
    lambda model, x: model.predict(x, num_threads=threads))
"""

XGBOOST = PEER + """
import xgboost
settings = dict(objective="binary:logistic", tree_method="hist", grow_policy="lossguide", max_depth=0,
    max_leaves=leaves, eta=0.1, max_bin=255, reg_lambda=0.0, nthread=threads)
compare(lambda x, y: xgboost.train(settings, xgboost.QuantileDMatrix(x, y, max_bin=255, nthread=threads), trees),
    lambda model, x: model.inplace_predict(x))
"""

HISTOGRAM = PEER + """
from sklearn.ensemble import HistGradientBoostingClassifier
compare(lambda x, y: HistGradientBoostingClassifier(max_iter=trees, max_leaf_nodes=leaves, learning_rate=0.1,
        max_bins=255, min_samples_leaf=20, early_stopping=False).fit(x, y),
    lambda model, x: model.predict_proba(x)[:, 1])
"""

TREE = PEER + """
from sklearn.tree import DecisionTreeClassifier
compare(lambda x, y: DecisionTreeClassifier(max_depth=8, random_state=0).fit(x, y),
    lambda model, x: model.predict_proba(x)[:, 1])
"""

FOREST = PEER + """
from sklearn.ensemble import RandomForestClassifier
compare(lambda x, y: RandomForestClassifier(trees, min_samples_leaf=20, max_features="sqrt", n_jobs=threads,
        random_state=0).fit(x, y),
    lambda model, x: model.predict_proba(x)[:, 1])
"""

QUALITY = """
import json, sys
import numpy as np
from sklearn.metrics import roc_auc_score
y = np.fromfile(sys.argv[1], dtype=np.uint8)[int(sys.argv[2]):]
print(json.dumps(roc_auc_score(y, np.fromfile(sys.argv[3], dtype=np.float64))))
"""

TASKS = {
    "boost": {"LightGBM": LIGHTGBM, "XGBoost": XGBOOST, "scikit-learn (hist)": HISTOGRAM},
    "tree": {"scikit-learn": TREE},
    "forest": {"scikit-learn": FOREST},
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, help="folder of the builds; default: that of this clone")
    parser.add_argument("--example", type=Path, help="the built example; default: in the target folder")
    parser.add_argument("--python", type=Path, help=f"an interpreter that has {', '.join(PACKAGES)}; default: a new one")
    parser.add_argument("--task", choices=TASKS, default="boost")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="one peer, by name")
    return parser.parse_args()


def interpreter(options: argparse.Namespace, scratch: Path) -> Path:
    if options.python:
        return options.python
    venv.create(scratch / "venv", with_pip=True)
    python = scratch / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def run(command: list, threads: int) -> dict:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([str(part) for part in command], env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"failed: {command[:1]} {command[-3:]}\n{done.stderr}")
    return json.loads(done.stdout)


def main() -> None:
    options = arguments()
    example = options.example or (options.target or ROOT / "target") / "release" / "examples" / "trees"
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        python = interpreter(options, scratch)
        held_out = options.rows // 4
        subprocess.run([python, "-c", GENERATE, str(options.rows + held_out), folder], check=True)
        sizes = [options.trees, options.leaves, options.threads]
        out = scratch / "scores"
        ours = [example, options.task, scratch / "x", scratch / "y", COLUMNS, options.rows, *sizes, out]
        systems = {"regulars": ours}
        for name, script in TASKS[options.task].items():
            if options.only in (None, name):
                systems[name] = [python, "-c", script, folder, options.rows, *sizes, out]
        runs: dict = {name: [] for name in systems}
        quality = {}
        for _ in range(options.rounds):
            for name, command in systems.items():
                runs[name].append(run(command, options.threads))
                quality[name] = run([python, "-c", QUALITY, scratch / "y", options.rows, out], 1)
    least = {
        name: {key: min(each[key] for each in results) for key in results[0]} for name, results in runs.items()
    }
    print(
        f"{options.task}: {options.rows:,} x {COLUMNS} rows, {held_out:,} scored, {options.trees} trees of "
        f"{options.leaves} leaves, {options.threads} threads, least of {options.rounds} rounds\n"
    )
    print("| | fit, s | processor, s | regulars' share | score, s | processor, s | regulars' share | MiB | ROC AUC |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    first = least["regulars"]
    for name, one in least.items():
        # The clock of processor time may be too coarse for a short scoring.
        share = lambda key: f"{first[key] / one[key]:.2f}" if one[key] else "-"  # noqa: E731
        memory = max(each["mib"] - each["mib_before"] for each in runs[name])
        print(
            f"| {name} | {one['fit']:.2f} | {one['fit_cpu']:.2f} | {share('fit')} ({share('fit_cpu')}) "
            f"| {one['score']:.3f} | {one['score_cpu']:.3f} | {share('score')} ({share('score_cpu')}) "
            f"| {memory:.0f} | {quality[name]:.4f} |"
        )


if __name__ == "__main__":
    main()
