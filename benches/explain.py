"""Times exact explanations of one model beside the shap package and LightGBM, and prints the table as Markdown.

    cargo build --release -p regulars-models --example shap
    pip install shap==0.51.0 lightgbm==4.7.0 numpy==2.4.6
    python3 benches/explain.py > /tmp/shap.md

LightGBM grows the trees (`--trees`, `--leaves`) on generated rows: 40 columns, half numeric and half few-valued, a
tenth missing. All explain the same nodes and the same rows, in turn, in one run; the least of `--runs` counts, and
making a model ready counts too. The shap package gets the nodes as a dictionary, so that its own C extension works
(one thread; for a LightGBM model it would ask LightGBM). LightGBM's `pred_contrib` is C++ on as many threads as ours.
The last column is the largest difference from what the shap package says.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
import shap

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 40


def rows_of(random, count):
    x = np.empty((count, COLUMNS), dtype=np.float32)
    half = COLUMNS // 2
    x[:, :half] = random.normal(size=(count, half))
    x[:, half:] = random.integers(0, 8, size=(count, COLUMNS - half))
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + (x[:, half] > 4) * x[:, 3] + 0.5 * (x[:, half + 1] % 3)
    for column in range(4, COLUMNS):
        y = y + 0.1 * x[:, column] * x[:, (column * 7) % COLUMNS]
    x[random.random(x.shape) < 0.1] = np.nan
    return x, y > np.median(y)


def round_down(threshold):
    with np.errstate(over="ignore"):
        single = np.float32(threshold)
    return float(single if float(single) <= threshold else np.nextafter(single, np.float32(-np.inf)))


def columns_of(root):
    """A tree of LightGBM's `dump_model` as columns, parents before their children."""
    names = ["feature", "threshold", "missing_left", "left", "right", "value", "rows"]
    columns = {name: [] for name in names}

    def put(node):
        here = len(columns["feature"])
        split = "split_index" in node
        values = [0, 0.0, False, 0, 0, node.get("leaf_value", 0.0), node.get("leaf_count", 0)]
        if split:
            threshold = round_down(node["threshold"])
            values = [node["split_feature"], threshold, node["default_left"], 0, 0, 0.0, node["internal_count"]]
        for name, value in zip(names, values):
            columns[name].append(value)
        if split:
            columns["left"][here] = put(node["left_child"])
            columns["right"][here] = put(node["right_child"])
        return here

    put(root)
    return columns


def shap_tree(columns):
    left, right = np.array(columns["left"]), np.array(columns["right"])
    leaf = left == 0
    left, right = np.where(leaf, -1, left), np.where(leaf, -1, right)
    return {
        "children_left": left,
        "children_right": right,
        "children_default": np.where(columns["missing_left"], left, right),
        "features": np.array(columns["feature"]),
        "thresholds": np.array(columns["threshold"]),
        "values": np.array(columns["value"]).reshape(-1, 1),
        "node_sample_weight": np.array(columns["rows"], dtype=float),
    }


def timed(call):
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000, help="rows to explain (path-dependent)")
    parser.add_argument("--few", type=int, default=500, help="rows to explain against a background, or with interactions")
    parser.add_argument("--background", type=int, default=100, help="background rows")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "examples" / "shap"))
    parser.add_argument("--only", choices=["path", "background", "interactions"])
    arguments = parser.parse_args()

    random = np.random.default_rng(1)
    x, y = rows_of(random, 20_000)
    explained, _ = rows_of(random, arguments.rows)
    background = x[: arguments.background]
    settings = {"objective": "binary", "num_leaves": arguments.leaves, "verbose": -1, "num_threads": 2, "seed": 1}
    model = lightgbm.train(settings, lightgbm.Dataset(x, y), arguments.trees)
    trees = [columns_of(tree["tree_structure"]) for tree in model.dump_model()["tree_info"]]
    games = ["path", "background", "interactions"]
    # A dictionary each, because a background is counted into the arrays that it is given.
    for_shap = {game: {"trees": [shap_tree(columns) for columns in trees]} for game in games}

    def by_shap(game, rows):
        rows = rows.astype(np.float64)
        if game == "background":
            against = {"data": background.astype(np.float64), "feature_perturbation": "interventional"}
            return shap.TreeExplainer(for_shap[game], **against).shap_values(rows, check_additivity=False)
        explainer = shap.TreeExplainer(for_shap[game], feature_perturbation="tree_path_dependent")
        if game == "interactions":
            return explainer.shap_interaction_values(rows)
        return explainer.shap_values(rows, check_additivity=False)

    with tempfile.TemporaryDirectory() as folder:
        files = {name: os.path.join(folder, name) for name in ["model", "rows", "few", "background", "out"]}
        Path(files["model"]).write_text(json.dumps({"features": COLUMNS, "trees": trees}))
        explained.tofile(files["rows"])
        explained[: arguments.few].tofile(files["few"])
        background.tofile(files["background"])

        def by_us(game, threads):
            rows = files["rows" if game == "path" else "few"]
            command = [arguments.binary, files["model"], rows, files["background"], game, str(threads), files["out"]]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            told = json.loads(done.stdout)
            return told["ready"] + told["seconds"], np.fromfile(files["out"])

        print(f"{arguments.trees} trees of {arguments.leaves} leaves, {COLUMNS} columns; least of {arguments.runs} runs.")
        print("\n| values | rows | by | threads | seconds | ratio to shap | largest difference |")
        print("|---|---:|---|---:|---:|---:|---:|")
        for game in games:
            if arguments.only not in (None, game):
                continue
            rows = explained if game == "path" else explained[: arguments.few]
            best = {}
            for _ in range(arguments.runs):
                results = {("shap", 1): timed(lambda: by_shap(game, rows))}
                if game == "path":
                    results["LightGBM", 2] = timed(lambda: model.predict(rows, pred_contrib=True, num_threads=2)[:, :-1])
                for threads in [1, 2]:
                    results["regulars", threads] = by_us(game, threads)
                for key, (seconds, values) in results.items():
                    if key[0] == "regulars":
                        width = COLUMNS if game == "interactions" else COLUMNS + 1
                        values = values.reshape(len(rows), -1, width)[..., :COLUMNS]
                    values = values.reshape(len(rows), -1)
                    off = np.abs(values - results["shap", 1][1].reshape(len(rows), -1)).max()
                    best[key] = min(best.get(key, (np.inf, 0)), (seconds, off))
            label = {"path": "path-dependent", "background": f"against {arguments.background} rows"}.get(game, game)
            for (name, threads), (seconds, off) in best.items():
                ratio = seconds / best["shap", 1][0]
                print(f"| {label} | {len(rows)} | {name} | {threads} | {seconds:.3f} | {ratio:.4f} | {off:.1e} |")


main()
