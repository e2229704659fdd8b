#!/usr/bin/env python3
"""Make the plain manifests of deploy/openshift from the Helm chart and the example for OpenShift, or check that they are.

    render.py           write them
    render.py --check   exit code 1 if one differs, with its name

Needs the packages of tests/deploy/requirements.txt; no Helm, no cluster.
"""

import sys
from pathlib import Path

import yaml
from helm_python import Chart

HERE = Path(__file__).resolve().parent
CHART = HERE / "helm" / "elnbuildsync"
EXAMPLES = HERE / "helm" / "examples"
PLAIN = HERE / "openshift"
HEAD = "# Made by deploy/render.py from the Helm chart and its example for OpenShift: change those.\n"


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


def plain():
    """The files of deploy/openshift: name and text."""
    made = {}
    for path, text in sorted(render(example("openshift")).items()):
        kept = [part.strip("\n") for part in text.split("\n---\n")]
        kept = [part.removeprefix("---\n") for part in kept if yaml.safe_load(part)]
        if kept:
            body = "\n---\n".join(kept).replace("app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: kustomize")
            made[Path(path).name] = HEAD + "\n".join(line.rstrip() for line in body.splitlines()) + "\n"
    listed = "".join(f"  - {name}\n" for name in made)
    made["kustomization.yaml"] = (
        f"{HEAD}# oc apply -k deploy/openshift\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"namespace: elnbuildsync\nresources:\n{listed}"
    )
    return made


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    wanted = plain()
    there = {path.name: path.read_text() for path in PLAIN.glob("*.yaml")}
    differ = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if check:
        print(*(f"deploy/openshift/{name} is not what the chart makes: run deploy/render.py" for name in differ), sep="\n")
        return 1 if differ else 0
    PLAIN.mkdir(exist_ok=True)
    for name in differ:
        if name in wanted:
            (PLAIN / name).write_text(wanted[name])
        else:
            (PLAIN / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
