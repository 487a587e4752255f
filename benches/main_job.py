"""Measures the main job on the full Complete Journey data and prints the table of docs/results.md.

    cargo build --release
    python3 benches/main_job.py > /tmp/results.md

Fetches the data if it is not there, runs `regulars run` on it with one thread and with two, compares
every data file, and runs the same job in polars, scikit-learn, LightGBM and pyfim (benches/peer) in
turn with it. Every run of either starts from an empty folder, so it reads the source files; the run
after it, in the same folder with nothing new to load, has a line of its own. Figures are of whole
processes, as the operating system accounts them; medians of the runs. `--no-peer` leaves the peer out,
`--runs N` sets the number of runs.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "datasets" / "complete-journey"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, help="default: the release build of this clone")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true")
    return parser.parse_args()


def measure(command: list[str]) -> dict:
    """Runs a command; wall, CPU seconds and peak memory as the system counts them."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        output.seek(0)
        text = output.read().decode(errors="replace")
    if status != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{text}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mib": usage.ru_maxrss / 1024, "text": text}


def fresh(command: list[str], out: Path) -> dict:
    """The same from an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    return measure(command)


def median(runs: list[dict], figure: str) -> float:
    return statistics.median(run[figure] for run in runs)


def spread(runs: list[dict], figure: str, digits: int) -> str:
    values = [run[figure] for run in runs]
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def hashes(out: Path) -> dict:
    manifest = json.loads((out / "manifest.json").read_text())
    return {file["path"]: file["sha256"] for file in manifest["files"]}


def main() -> None:
    options = arguments()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = options.binary or target / "release" / "regulars"
    if not binary.is_file():
        sys.exit(f"there is no {binary}; build it first: cargo build --release")
    subprocess.run([DATA / "fetch.sh"], check=True, stdout=subprocess.DEVNULL)
    scratch = Path(tempfile.mkdtemp(prefix="regulars-bench-"))
    try:
        report(options, binary, scratch)
    finally:
        shutil.rmtree(scratch)


def report(options: argparse.Namespace, binary: Path, scratch: Path) -> None:
    settings = DATA / "full" / "regulars.toml"
    ours_command = [binary, "run", "--quiet", "--config", settings, "--threads", "2", "--out", scratch / "two"]
    one_command = [binary, "run", "--quiet", "--config", settings, "--threads", "1", "--out", scratch / "one"]
    peer_command = None
    if not options.no_peer:
        subprocess.run([sys.executable, "-m", "venv", scratch / "venv"], check=True)
        python = scratch / "venv" / "bin" / "python"
        requirements = ROOT / "benches" / "peer" / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements], check=True)
        peer = ROOT / "benches" / "peer" / "peer.py"
        peer_command = [python, peer, DATA / "full", scratch / "peer", "--threads", "2"]
    ours, again, one, peers = [], [], [], []
    fresh(ours_command, scratch / "two")  # reads the files once, so that the system has them at hand
    first = hashes(scratch / "two")
    same_again = True
    for _ in range(options.runs):
        ours.append(fresh(ours_command, scratch / "two"))
        manifest = json.loads((scratch / "two" / "manifest.json").read_text())
        same_again &= hashes(scratch / "two") == first
        again.append(measure(ours_command))
        if peer_command:
            peers.append(fresh(peer_command, scratch / "peer"))
    one.append(fresh(one_command, scratch / "one"))
    same = hashes(scratch / "one") == first

    print(f"Machine: {platform.machine()}, {os.cpu_count()} cores, {platform.system()}; {options.runs} runs in turn, medians (least to most).\n")
    print("| the whole job, one process | wall, s | CPU, s | peak memory, MiB |")
    print("|---|---|---|---|")
    for name, runs in [("regulars, 2 threads", ours), ("regulars, 1 thread", one), ("regulars, 2 threads, run again with nothing new", again), ("polars + scikit-learn + LightGBM + pyfim, 2 threads", peers)]:
        if runs:
            print(f"| {name} | {spread(runs, 'wall', 1)} | {spread(runs, 'cpu', 1)} | {spread(runs, 'mib', 0)} |")
    if peers:
        print(
            f"\nPeer over regulars: {median(peers, 'wall') / median(ours, 'wall'):.1f} times the wall time, "
            f"{median(peers, 'cpu') / median(ours, 'cpu'):.1f} times the CPU time, "
            f"{median(peers, 'mib') / median(ours, 'mib'):.1f} times the memory."
        )
    print(f"\nEvery data file has the same bytes with 1 thread and with 2: {'yes' if same else 'NO'}; from run to run: {'yes' if same_again else 'NO'}.\n")

    print("| stage | rows in | rows out | wall, s | CPU, s |")
    print("|---|---|---|---|---|")
    for name in ["ingest", "features", "segment", "churn", "value", "classes", "rules", "offers"]:
        stage = manifest["stages"][name]
        print(f"| {name} | {stage['rows_in']:,} | {stage['rows_out']:,} | {stage['seconds']:.2f} | {stage['cpu_seconds']:.2f} |")

    churn = manifest["stages"]["churn"]["metrics"]
    print(f"\nChurn on {churn['test_date']}: {churn['test_churned']:,} of {churn['test_rows']:,} left; learned from {churn['train_rows']:,} customers at {len(churn['train_dates'])} dates.\n")
    print("| model | ROC AUC | average precision | lift, top tenth | Brier | log loss |")
    print("|---|---|---|---|---|---|")
    for model in churn["models"]:
        print(f"| {model['title']} | {model['roc_auc']:.4f} | {model['average_precision']:.4f} | {model['lift_top_tenth']:.2f} | {model['brier']:.4f} | {model['log_loss']:.4f} |")

    offers = manifest["stages"]["offers"]["metrics"]
    test = offers["test"]
    print(f"\nSuggestions of a new {offers['level']}, last {test['days']} days held out, {test['customers']:,} customers who bought something new.\n")
    print("| at 10 | hit rate | recall | NDCG |")
    print("|---|---|---|---|")
    lists = [("model", test["model"])]
    lists += [(f"popular, {popular['time'].replace('_', ' ')}", popular) for popular in [test["popularity"], *test["other_baselines"]]]
    for name, quality in lists:
        print(f"| {name} | {quality['hit_rate']:.4f} | {quality['recall']:.4f} | {quality['ndcg']:.4f} |")

    rules = manifest["stages"]["rules"]["metrics"]
    print(
        f"\nRules: {rules['itemsets']:,} itemsets in {rules['baskets']:,} baskets, {rules['candidates']:,} candidates tested, "
        f"{rules['rules']:,} kept; {rules['held_up_share']:.1%} held up on {rules['later_baskets']:,} later baskets."
    )
    if peers:
        print("\nThe peer's own figures, as it printed them:\n")
        print("```json")
        print(peers[-1]["text"].strip())
        print("```")


main()
