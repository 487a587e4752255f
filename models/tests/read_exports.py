"""Scores rows.tsv of a folder by every NAME.sql (DuckDB) and NAME.onnx (onnxruntime) in it, and holds
the probabilities against NAME.want. Called by exports.rs."""

import json
import pathlib
import sys

import duckdb
import numpy as np
import onnxruntime as ort

folder = pathlib.Path(sys.argv[1])
lines = [line.split("\t") for line in (folder / "rows.tsv").read_text().rstrip("\n").split("\n")]
header, rows = lines[0], lines[1:]
texts = {"contract", "place"}
db = duckdb.connect()
kind = {name: "VARCHAR" if name in texts else "DOUBLE" for name in header}
kind["customer_id"] = "BIGINT"
db.execute("CREATE TABLE features (" + ", ".join(f'"{name}" {kind[name]}' for name in header) + ")")


def cell(name, text, row):
    if name == "customer_id":
        return int(text)
    if name in texts:
        return text or None
    # A missing number is NULL in one half of the rows, NaN in the other.
    return float(text) if text else (None if row % 2 else float("nan"))


table = [[cell(name, text, row) for name, text in zip(header, line)] for row, line in enumerate(rows)]
# A list a column: row by row it takes seconds.
columns = [list(values) for values in zip(*table)]
db.execute("INSERT INTO features SELECT " + ", ".join(["unnest(?)"] * len(header)), columns)


def column(name, missing):
    place = header.index(name)
    return [missing if row[place] is None else row[place] for row in table]


worst = {"sql": 0.0, "onnx": 0.0}
models = sorted(path.stem for path in folder.glob("*.sql"))
for model in models:
    want = np.array([float(text) for text in (folder / f"{model}.want").read_text().split()])
    said = dict(db.execute((folder / f"{model}.sql").read_text()).fetchall())
    got = {"sql": np.array([said[row] for row in range(len(rows))], dtype=float)}
    session = ort.InferenceSession(str(folder / f"{model}.onnx"), providers=["CPUExecutionProvider"])
    order = json.loads(session.get_modelmeta().custom_metadata_map["features"])
    with np.errstate(over="ignore"):
        numbers = np.array([column(name, np.nan) for name in order], dtype=np.float64).T.astype(np.float32)
    given = {"features": numbers}
    for name in texts:
        given[name] = np.array(column(name, ""), dtype=object).reshape(-1, 1)
    got["onnx"] = session.run(["churn_probability"], given)[0]
    for how, scores in got.items():
        assert scores.shape == want.shape, (model, how, scores.shape)
        apart = np.abs(scores - want)
        row = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
        worst[how] = max(worst[how], apart[row])
        assert apart[row] <= 1e-9, (model, how, row, table[row], scores[row], want[row])
print(f"{len(models)} models: SQL {worst['sql']:.1e}, ONNX {worst['onnx']:.1e} apart at most")
