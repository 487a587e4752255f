"""k-means beside scikit-learn's, from the same centres, and prints the table as Markdown.

    cargo build --release -p regulars-models --example kmeans
    python3 benches/kmeans.py --rows 1000000 5000000

Rows are drawn around 8 centres that overlap, in 12 columns; the first centres are 8 of the rows. Both take
Lloyd's iterations until no label changes (tol=0, at most 300), two threads, f64, a process of its own each, in
turn; reading the data is not in the times. Processor seconds of all threads stand beside, for machines that
are shared: there they are what can be compared. Memory is the peak of the process less what it held with
the data read; whole is the peak itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

GENERATE = """
import sys
import numpy as np
rows, folder = int(sys.argv[1]), sys.argv[2]
draw = np.random.default_rng(7)
centres = draw.normal(scale=1.2, size=(8, 12))
x = centres[draw.integers(0, 8, size=rows)] + draw.normal(size=(rows, 12))
x.tofile(folder + "/x")
x[draw.choice(rows, 8, replace=False)].tofile(folder + "/c")
"""

PEER = """
import json, resource, sys, time
import numpy as np
from sklearn.cluster import KMeans
x = np.fromfile(sys.argv[1]).reshape(-1, 12)
c = np.fromfile(sys.argv[2]).reshape(-1, 12)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def now():
    return next(float(l.split()[1]) / 1024 for l in open("/proc/self/status") if l.startswith("VmRSS"))
before = now()
cpu, started = time.process_time(), time.perf_counter()
model = KMeans(n_clusters=8, init=c, n_init=1, max_iter=300, tol=0, algorithm="lloyd").fit(x)
print(json.dumps({"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu,
                  "inertia": model.inertia_, "before": before, "peak": peak(), "iterations": model.n_iter_}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--example", default=str(ROOT / "target/release/examples/kmeans"))
    args = parser.parse_args()
    threads = str(args.threads)
    peers = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    print("| rows | library | seconds | processor seconds | MiB beside the data | MiB whole | inertia |")
    print("|---|---|---|---|---|---|---|")
    for rows in args.rows:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-c", GENERATE, str(rows), folder], check=True)
            x, c = folder + "/x", folder + "/c"
            commands = {
                "regulars": ([args.example, x, c, "12", threads], os.environ),
                "scikit-learn": ([sys.executable, "-c", PEER, x, c], peers),
            }
            best: dict[str, dict] = {}
            for _ in range(args.rounds):
                for name, (command, environment) in commands.items():
                    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
                    got = json.loads(done.stdout)
                    if name not in best or got["cpu"] < best[name]["cpu"]:
                        best[name] = got
            for name, got in best.items():
                beside = got["peak"] - got["before"]
                print(f"| {rows:,} | {name} | {got['seconds']:.2f} | {got['cpu']:.2f} | {beside:.0f} |"
                      f" {got['peak']:.0f} | {got['inertia']:.1f} |")
            ours, theirs = best["regulars"], best["scikit-learn"]
            print(f"| {rows:,} | ratio | {ours['seconds'] / theirs['seconds']:.2f} | {ours['cpu'] / theirs['cpu']:.2f} |"
                  f" | {ours['peak'] / theirs['peak']:.2f} | {ours['inertia'] / theirs['inertia']:.6f} |")


if __name__ == "__main__":
    main()
