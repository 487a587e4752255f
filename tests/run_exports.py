"""Runs what `regulars models export` wrote, and says by how much it differs at most.

run_exports.py sql FILE             FILE in DuckDB over FILE.rows.csv
run_exports.py onnx FILE            FILE in onnxruntime over FILE.rows.csv
run_exports.py features SCRIPT SQL FEATURES.parquet SCORES.csv
    SCRIPT and then SQL in DuckDB; the features against those of the stage, the scores against SCORES.csv;
    with - in its place the features alone
"""

import csv
import json
import sys

import duckdb


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def number(text):
    return float(text) if text else float("nan")


def is_text(header, rows, place):
    try:
        for row in rows:
            number(row[place])
    except ValueError:
        return True
    return False


def told(name, apart):
    worst = max(apart)
    # NaN is no number that could be small.
    if not worst <= 1e-6:
        sys.exit(f"{name} is {worst} apart")
    print(f"{len(apart)} rows, {worst:.1e} apart at most")


def sql(path):
    header, rows = read(path + ".rows.csv")
    db = duckdb.connect()
    kinds = ["VARCHAR" if is_text(header, rows, place) else "DOUBLE" for place in range(len(header))]
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(header, kinds))
    db.execute(f"CREATE TABLE features ({columns})")
    db.executemany(
        "INSERT INTO features VALUES (" + ", ".join("?" * len(header)) + ")",
        [[(cell or None) if kind == "VARCHAR" else (number(cell) if cell else None) for cell, kind in zip(row, kinds)] for row in rows],
    )
    found = dict(db.execute(open(path, encoding="utf-8").read()).fetchall())
    told(path, [abs(found[float(row[0])] - float(row[-1])) for row in rows])


def onnx(path):
    import numpy as np
    import onnxruntime as ort

    header, rows = read(path + ".rows.csv")
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    order = json.loads(session.get_modelmeta().custom_metadata_map["features"])
    given = {}
    for wanted in session.get_inputs():
        if wanted.name == "features":
            with np.errstate(over="ignore"):
                numbers = np.array([[number(row[header.index(name)]) for name in order] for row in rows])
                given["features"] = numbers.astype(np.float32)
        else:
            place = header.index(wanted.name)
            given[wanted.name] = np.array([[row[place]] for row in rows], dtype=object)
    found = session.run(["churn_probability"], given)[0]
    told(path, [abs(score - float(row[-1])) for score, row in zip(found, rows, strict=True)])


def features(script, statement, parquet, scores):
    db = duckdb.connect()
    db.execute(open(script, encoding="utf-8").read())
    # Attributes of the customers are of no snapshot: the scores say whether they are as they should be.
    of_stage = {row[0] for row in db.execute(f"DESCRIBE SELECT * FROM '{parquet}'").fetchall()}
    all_names = [row[0] for row in db.execute("DESCRIBE features").fetchall()]
    names = [name for name in all_names if name in of_stage]
    made = ", ".join(f'"{name}"' for name in names)
    made = db.execute(f"SELECT {made} FROM features ORDER BY customer_id").fetchall()
    listed = ", ".join(f'"{name}"' for name in names)
    stage = {row[0]: row for row in db.execute(f"SELECT {listed} FROM '{parquet}'").fetchall()}
    apart = [0.0]
    for row in made:
        for name, ours, theirs in zip(names[1:], row[1:], stage[row[0]][1:]):
            if ours is None or theirs is None:
                assert ours is None and theirs is None, (row[0], name, ours, theirs)
            else:
                apart.append(abs(ours - theirs) / max(1.0, abs(theirs)))
                assert apart[-1] <= 1e-9, (row[0], name, ours, theirs)
    print(f"{len(names) - 1} features and {len(all_names) - len(names)} attributes of {len(made)} customers, {max(apart):.1e} apart at most")
    if scores == "-":
        return
    header, rows = read(scores)
    column = header.index("churn_probability")
    wanted = {row[0]: float(row[column]) for row in rows if row[column]}
    found = {str(who): score for who, score in db.execute(open(statement, encoding="utf-8").read()).fetchall()}
    assert set(found) == set(wanted), set(found) ^ set(wanted)
    # The file has six digits.
    told(statement, [max(0.0, abs(found[who] - wanted[who]) - 5e-7) for who in wanted])


{"sql": sql, "onnx": onnx, "features": features}[sys.argv[1]](*sys.argv[2:])
