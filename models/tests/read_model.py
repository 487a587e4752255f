"""Reads saved models with numpy alone, and compares with what regulars said of the same rows.

    python3 models/tests/read_model.py models/tests/fixtures/model-files
"""

import json
import pathlib
import sys

import numpy as np


def score(model, row):
    """The log-odds of a row of float32, NaN where missing."""
    total = float(model["start"])
    for tree in model["trees"]:
        column = {name: text.split() for name, text in tree.items() if name != "categories"}
        sides = {split["node"]: split for split in tree.get("categories", [])}
        node = 0
        while column["left"][node] != "0":
            value, left = row[int(column["feature"][node])], column["missing_left"][node] == "1"
            if node in sides:  # a category on neither side goes the way of missing values
                of = {float(c): side == "left" for side in ("left", "right") for c in sides[node][side].split()}
                left = of.get(float(value), left)
            elif not np.isnan(value):
                left = value <= np.float32(column["threshold"][node])
            node = int(column["left" if left else "right"][node])
        total += float(column["value"][node])
    return total


def main(folder):
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        file = json.loads(path.read_text())
        said = dict(line.split(" ", 1) for line in path.with_suffix(".txt").read_text().splitlines())
        if "scores" not in said:
            continue
        x = np.array(said["rows"].split(), float).astype(np.float32).reshape(-1, int(said["columns"]))
        theirs = np.array(said["scores"].split(), float)
        ours = np.array([score(file["model"], row) for row in x])
        assert ours.tobytes() == theirs.tobytes(), f"{path.name}: other scores"
        print(f"{file['kind']}: the same bits for {len(x)} rows")


if __name__ == "__main__":
    main(sys.argv[1])
