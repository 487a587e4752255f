"""The licences of everything that is linked into the binary, as one text.

    python3 packaging/licences.py > THIRD-PARTY.txt

Takes the crates from `cargo metadata` (what is used at build time or by tests alone is left out) and
the texts from the sources that Cargo has fetched. Equal texts are printed once, below the crates that
come under them. A crate that brings no text of its own gets that of its neighbours in the same repository,
or the standard one of its licence; where neither is to be had that is an error.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
NAMED = re.compile(r"^(un)?licen[cs]es?([-_. ].*)?$|^(copying|copyright|notice)([-_.].*)?$", re.IGNORECASE)
NO_TEXT = {".rs", ".py", ".sh", ".c", ".h", ".json", ".toml", ".html", ".svg"}


def host():
    """The platform that Cargo builds for when it is not told."""
    said = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"^host: (.*)$", said, re.MULTILINE).group(1)


def linked(target):
    """The packages that reach the binary, by walking what it depends on when it runs."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    ours = set(metadata["workspace_members"])
    waiting = [key for key in ours if packages[key]["name"] == "regulars"]
    seen = set(waiting)
    while waiting:
        for edge in nodes[waiting.pop()]["deps"]:
            if edge["pkg"] not in seen and any(kind["kind"] is None for kind in edge["dep_kinds"]):
                seen.add(edge["pkg"])
                waiting.append(edge["pkg"])
    return [packages[key] for key in seen - ours]


def texts(package):
    """The licence files of a package, those of C sources that it bundles included."""
    root = pathlib.Path(package["manifest_path"]).parent
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        named = NAMED.match(path.name) or any(part.lower() in ("license", "licenses") for part in inside.parts[:-1])
        if named and path.is_file() and path.suffix.lower() not in NO_TEXT:
            yield path.read_text(encoding="utf-8", errors="replace").strip()


def standard(package):
    """A text for a crate that names its licence and does not bring it along."""
    if "Apache-2.0" in package["license"]:
        return [(HERE / "LICENSE-APACHE").read_text(encoding="utf-8").strip()]
    if "MIT" in package["license"]:
        mit = (HERE / "LICENSE-MIT").read_text(encoding="utf-8").strip()
        holders = ", ".join(package["authors"]) or f"the authors of {package['name']}"
        return [re.sub(r"^Copyright .*$", f"Copyright (c) {holders}", mit, count=1, flags=re.MULTILINE)]
    return []


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--target", metavar="TRIPLE", help="what the binary runs on [default: what it is built on]")
    arguments = options.parse_args()
    packages = sorted(linked(arguments.target or host()), key=lambda package: (package["name"], package["version"]))
    own = {package["id"]: list(texts(package)) for package in packages}
    neighbours = collections.defaultdict(list)
    for package in packages:
        neighbours[package["repository"]] += own[package["id"]]
    crates = collections.defaultdict(list)
    without = []
    for package in packages:
        name = f"{package['name']} {package['version']} ({package['license']})"
        found = own[package["id"]] or (package["repository"] and neighbours[package["repository"]]) or standard(package)
        for text in dict.fromkeys(found):
            crates[text].append(name)
        if not found:
            without.append(name)
    if without:
        sys.exit("no licence text for " + ", ".join(without))
    count = len({name for names in crates.values() for name in names})
    print(f"regulars holds {count} crates of others. Here are their licences, each below the crates it is of.")
    rule = "=" * 100
    for text, names in sorted(crates.items(), key=lambda entry: (-len(entry[1]), entry[1])):
        print(f"\n{rule}\n" + "\n".join(names) + f"\n{rule}\n\n{text}")


if __name__ == "__main__":
    main()
