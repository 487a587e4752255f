"""Says which files of two output folders differ, byte by byte.

    python3 benches/same_bytes.py BEFORE AFTER

Everything below the folders is compared but `manifest.json`, which holds times and paths, and the warehouse,
which holds the time of each load. Ends with 1 where a file differs or is there once only, and prints a line for
each: what a change does to data files is what this prints.
"""

import hashlib
import pathlib
import sys

LEFT_OUT = {"manifest.json", "warehouse"}


def hashes(folder):
    """The SHA-256 of each file by its place below the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and not LEFT_OUT.intersection(place.parts):
            found[place.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differences(before, after):
    """A line for each file that is not the same in both."""
    lines = [f"only before: {place}" for place in sorted(before.keys() - after.keys())]
    lines += [f"only after: {place}" for place in sorted(after.keys() - before.keys())]
    both = sorted(before.keys() & after.keys())
    return lines + [f"differs: {place}" for place in both if before[place] != after[place]]


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    folders = [pathlib.Path(argument) for argument in arguments]
    for folder in folders:
        if not folder.is_dir():
            sys.exit(f"{folder} is no folder; give two folders that regulars has written")
    before, after = map(hashes, folders)
    if not before or not after:
        sys.exit("a folder without files says nothing; give two folders that regulars has written")
    lines = differences(before, after)
    print("\n".join(lines) if lines else f"the same bytes in {len(before)} files")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
