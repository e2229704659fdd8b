#!/usr/bin/env python3
"""Plants faults, and sees whether the simulation finds them.

Each tests/simulation/mutants/N.patch is applied to a copy of the tree, alone; the copy is built and run, seed after seed, until
an invariant breaks. A fault that no seed finds means that the simulation lacks a fault or an invariant. Exit codes: 0 all were
found, 1 one was not, or does not apply, or does not build; 2 usage.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
PATCHES = TOP / "tests/simulation/mutants"
COPY = TOP / "target/mutants/tree"
# The registry's packages are the same for tree and copy, so they share what is built of them.
BUILT = TOP / "target"
CONFIG = "tests/simulation/optimised.toml"
BUILD = ["cargo", "build", "--quiet", "--config", CONFIG, "--workspace", "--bin", "ebs-simulate"]


def lines_of(*command):
    """What a command of git prints about the tree, line by line."""
    done = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def renew_copy():
    """Makes the copy the same as the tree. What is the same already keeps its date, so only changes are built again."""
    files = set(lines_of("git", "ls-files", "--cached", "--others", "--exclude-standard"))
    for old in [path for path in COPY.rglob("*") if path.is_file()]:
        if str(old.relative_to(COPY)) not in files:
            old.unlink()
    for name in files:
        source, copy = TOP / name, COPY / name
        if not source.is_file():
            copy.unlink(missing_ok=True)
        elif not copy.is_file() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def apply(patch, *options):
    """Applies a patch to the copy; whether it could be."""
    command = ["git", "apply", f"--directory={COPY.relative_to(TOP)}", *options, str(patch)]
    return subprocess.run(command, cwd=TOP).returncode == 0


def title(patch):
    return patch.read_text().splitlines()[0]


def try_one(patch, seeds):
    """Plants one fault; whether it was found, and how that went."""
    if not apply(patch):
        return False, "does not apply"
    try:
        begun = time.monotonic()
        environment = {**os.environ, "CARGO_TARGET_DIR": str(BUILT)}
        if subprocess.run(BUILD, cwd=COPY, env=environment).returncode != 0:
            return False, "does not build"
        program = BUILT / "mutants" / "ebs-simulate"
        shutil.copy2(BUILT / "debug/ebs-simulate", program)
        built = time.monotonic()
        run = subprocess.run([program, "--seeds", str(seeds), "--no-shrink"], capture_output=True, text=True)
        took = time.monotonic() - built
    finally:
        apply(patch, "--reverse")
    how = f"built in {built - begun:.0f} s, run for {took:.1f} s"
    seed = re.search(r"^seed (\d+): ", run.stdout, re.MULTILINE)
    broken = re.search(r"^BROKEN (\w+)", run.stdout, re.MULTILINE)
    if run.returncode == 0 or not seed or not broken:
        return False, f"NOT FOUND in {seeds} seeds, {how}"
    return True, f"found at seed {seed.group(1)} by {broken.group(1)}, {how}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="?", default="", help="which, separated by commas; all if left out")
    parser.add_argument("--seeds", type=int, default=2000, help="most seeds that are run for each")
    parser.add_argument("--check", action="store_true", help="only see whether all apply")
    arguments = parser.parse_args()
    patches = {int(path.stem): path for path in PATCHES.glob("*.patch")}
    wanted = [int(number) for number in arguments.numbers.split(",") if number] or sorted(patches)
    if any(number not in patches for number in wanted):
        parser.error(f"there are {sorted(patches)}")
    renew_copy()
    lost = []
    for number in wanted:
        if arguments.check:
            found, how = apply(patches[number], "--check"), "applies"
        else:
            found, how = try_one(patches[number], arguments.seeds)
        print(f"{number:>3}  {title(patches[number])}\n     {how if found or not arguments.check else 'does not apply'}", flush=True)
        if not found:
            lost.append(number)
    print(f"planted faults: {len(wanted) - len(lost)} of {len(wanted)} " + ("apply" if arguments.check else "found"))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
