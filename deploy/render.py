#!/usr/bin/env python3
"""Make plain manifests from the Helm chart: those of deploy/openshift, or one's own.

    render.py                             write deploy/openshift
    render.py --check                     exit code 1 if a file there is not what the chart makes, with its name
    render.py --values FILE --to FOLDER   the same with other values into another folder, for `oc apply -k FOLDER`

Needs the packages of tests/deploy/requirements.txt; no Helm, no cluster.
"""

import argparse
import sys
from pathlib import Path

import yaml
from helm_python import Chart

HERE = Path(__file__).resolve().parent
CHART = HERE / "helm" / "elnbuildsync"
EXAMPLES = HERE / "helm" / "examples"
PLAIN = HERE / "openshift"
HEAD = "# Made by deploy/render.py from the Helm chart: change its values and make it again.\n"


def example(name):
    return yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())


def render(values, name="elnbuildsync", namespace="elnbuildsync"):
    """The manifests as Helm makes them: template and text."""
    with Chart.load(CHART) as chart:
        return chart.render(values, name=name, namespace=namespace)


def objects(values, **options):
    """The same as objects."""
    texts = render(values, **options).values()
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def plain(values=None):
    """The files of deploy/openshift, or what they are with other values: name and text."""
    made = {}
    for path, text in sorted(render(values or example("openshift")).items()):
        kept = [part.strip("\n") for part in text.split("\n---\n")]
        kept = [part.removeprefix("---\n") for part in kept if yaml.safe_load(part)]
        if kept:
            body = "\n---\n".join(kept).replace("app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: kustomize")
            made[Path(path).name] = HEAD + "\n".join(line.rstrip() for line in body.splitlines()) + "\n"
    listed = "".join(f"  - {name}\n" for name in made)
    made["kustomization.yaml"] = (
        f"{HEAD}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"namespace: elnbuildsync\nresources:\n{listed}"
    )
    return made


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--values", type=Path)
    parser.add_argument("--to", type=Path, default=PLAIN)
    asked = parser.parse_args()
    if bool(asked.values) != (asked.to != PLAIN) or (asked.check and asked.values):
        parser.error("--values and --to belong together, and not with --check")
    folder = asked.to
    wanted = plain(yaml.safe_load(asked.values.read_text()) if asked.values else None)
    there = {path.name: path.read_text() for path in folder.glob("*.yaml")}
    differ = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if asked.check:
        print(*(f"deploy/openshift/{name} is not what the chart makes: run deploy/render.py" for name in differ), sep="\n")
        return 1 if differ else 0
    folder.mkdir(exist_ok=True)
    for name in differ:
        if name in wanted:
            (folder / name).write_text(wanted[name])
        elif there[name].startswith(HEAD):
            (folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
