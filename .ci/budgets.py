#!/usr/bin/env python3
"""Fail if the tree is over the house's budgets, measured by style_stats.py beside this file.

    budgets.py [ROOT]   print the numbers, then each number outside of its bounds

Upper bounds go to style_stats.py as its own limits; lower bounds and sums, which it does not know, are checked here.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MOST = {
    "file_median": 200,
    "file_max": 500,
    "fn_p90": 40,
    "fn_over_60": 0,
    "undocumented": 0,
    "stops_per_kloc": 1,
    "comment_pct": 20,
    "deps_locked": 700,
    "unsafe": 0,
    "test_hooks": 0,
    "lint_silenced": 10,
}
LEAST = {"comment_pct": 12, "test_ratio": 0.9}
DIRECT = 65  # dependencies of ours, dev included
NUMBERED = re.compile(r"TODO\(#\d+\)")


def stats(root, *options):
    command = [sys.executable, str(HERE / "style_stats.py"), str(root), "--skip", "target", "--skip", ".run", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent).resolve()
    run = stats(root, "--top", "5", *(f"--limit={name}={most}" for name, most in MOST.items()))
    print(run.stdout)
    over = run.stderr.splitlines()
    if run.returncode and not over:
        over = [f"style_stats.py ended with {run.returncode}"]
    numbers = next(iter(json.loads(stats(root, "--json").stdout).values()))
    for name, least in LEAST.items():
        if numbers[name] < least:
            over.append(f"under the limit: {name} is {numbers[name]}, at least {least}")
    direct = (numbers["deps_direct"] or 0) + (numbers["deps_dev_only"] or 0)
    if direct > DIRECT:
        over.append(f"over the limit: direct dependencies are {direct}, limit {DIRECT}")
    todo = [line for line in stats(root, "--list", "todo").stdout.splitlines() if not NUMBERED.search(line)]
    over.extend(f"without an issue's number: {line}" for line in todo)
    print(*(over or ["budgets: kept"]), sep="\n")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
