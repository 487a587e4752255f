"""Reads what `--mlflow` has logged with MLflow's own client, and says what is there.

read_mlflow.py URI EXPERIMENT
"""

import os
import sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

from mlflow.tracking import MlflowClient  # noqa: E402

client = MlflowClient(tracking_uri=sys.argv[1])
experiment = client.get_experiment_by_name(sys.argv[2])
assert experiment is not None, [other.name for other in client.search_experiments()]
runs = client.search_runs([experiment.experiment_id])
run = max(runs, key=lambda run: run.info.start_time)
assert run.info.status == "FINISHED", run.info.status
assert run.info.end_time >= run.info.start_time
assert run.data.params["churn.horizon_days"] == "28", run.data.params
assert run.data.params["seed"], run.data.params
low, value, high = (run.data.metrics["roc_auc" + end] for end in ("_low", "", "_high"))
assert 0.5 < low <= value <= high <= 1.0, run.data.metrics
assert run.data.metrics["single-feature/log_loss"] > 0.0
files = {file.path for file in client.list_artifacts(run.info.run_id)}
assert {"card.md", "model.json", "tested.json", "features.json", "reference.json"} <= files, files
card = open(client.download_artifacts(run.info.run_id, "card.md"), encoding="utf-8").read()
assert card.startswith("# Who is leaving: "), card
assert run.data.tags["mlflow.note.content"][:500] == card[:500]
print(f"{len(runs)} runs, version {run.data.tags.get('regulars.version')}, {run.info.run_name}")
