#!/usr/bin/env python3
"""Write the software bill of materials of the programs as CycloneDX 1.6 JSON: every crate, with version, hash and licence.

    sbom.py VERSION > FILE

It follows from Cargo.lock and the crates' own manifests, for all platforms, with what the programs are built with; what only
tests use is left out. The same commit gives the same bytes: its time is SOURCE_DATE_EPOCH, or that of the commit.
"""

import datetime
import json
import os
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PROGRAMS = ("ebs-coordinator", "ebs-worker", "ebs-ctl")
SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "elnbuildsync")


def printed(*command):
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout


def needed(*edges):
    """Names and versions of all crates that the programs need by these dependencies. cargo knows which features are on."""
    tree = ["cargo", "tree", "--locked", "--all-features", "--target=all", "--prefix=none", "--format={p}"]
    lines = printed(*tree, f"--edges={','.join(edges)}", *(word for name in PROGRAMS for word in ("-p", name))).splitlines()
    return {(name, version.removeprefix("v")) for name, version, *_ in (line.split() for line in lines if line)}


def licence(package):
    """What the manifest says, in the form of SPDX."""
    words = (package["license"] or "").replace("/", " OR ")
    return [{"expression": " ".join(words.split())}] if words else []


def component(package, hashes, required):
    name, version = package["name"], package["version"]
    reference = f"pkg:cargo/{name}@{version}"
    made = {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "scope": "required" if required else "excluded",
        "purl": reference,
    }
    if licences := licence(package):
        made["licenses"] = licences
    if checksum := hashes.get((name, version)):
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if (place := package["repository"]) and place.startswith("https://"):
        made["externalReferences"] = [{"type": "vcs", "url": place}]
    return made


def bill(version):
    metadata = json.loads(printed("cargo", "metadata", "--format-version=1", "--locked", "--all-features"))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    names = {package["id"]: key for key, package in packages.items()}
    lock = tomllib.loads((TOP / "Cargo.lock").read_text())["package"]
    hashes = {(each["name"], each["version"]): each["checksum"] for each in lock if "checksum" in each}
    linked, used = needed("normal"), sorted(needed("normal", "build"))
    components = [component(packages[key], hashes, key in linked) for key in used]
    reference = {key: made["bom-ref"] for key, made in zip(used, components, strict=True)}
    top = f"pkg:generic/elnbuildsync@{version}"
    depends = [{"ref": top, "dependsOn": sorted(reference[key] for key in used if key[0] in PROGRAMS)}]
    for node in metadata["resolve"]["nodes"]:
        if (key := names[node["id"]]) in reference:
            below = {reference[names[dep["pkg"]]] for dep in node["deps"] if names[dep["pkg"]] in reference}
            depends.append({"ref": reference[key], "dependsOn": sorted(below)})
    made_at = int(os.environ.get("SOURCE_DATE_EPOCH") or printed("git", "log", "-1", "--format=%ct"))
    content = json.dumps(components, sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(SPACE, f"{version} {content}").urn,
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(made_at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": top,
                "name": "elnbuildsync",
                "version": version,
                "licenses": [{"expression": "GPL-3.0-or-later"}],
            },
        },
        "components": components,
        "dependencies": depends,
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    json.dump(bill(sys.argv[1]), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
