"""What the tests of deploy/ stand on: where things are, the programs, and pods as folders."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
INSTALLED = "/etc/elnbuildsync"
LIMIT = 30  # the longest that anything is waited for, in s
VARIANTS = ("minimal", "trial", "production", "openshift", "other-logins")
# How a program says that it was built without Kerberos, as for these tests it may be.
NO_KERBEROS = "this program was built without Kerberos"

sys.path.insert(0, str(DEPLOY))

import render  # noqa: E402  (it stands beside the chart)

# A certificate, for a file that must hold one.
CERTIFICATE = (TOP / "shared/src/certificates/tests/first.pem").read_text()


def program(name):
    """One of the programs: those of EBS_PROGRAMS, or as built for tests."""
    path = Path(os.environ.get("EBS_PROGRAMS", TOP / "target/debug")) / name
    assert path.is_file(), f"{path} is not there: cargo build -p ebs-coordinator -p ebs-worker -p ebs-ctl -p ebs-image"
    return str(path)


def only(objects, kind, part=None):
    """The one object of a kind, or of a kind and a part."""
    label = "app.kubernetes.io/component"
    found = [it for it in objects if it["kind"] == kind and part in (None, it["metadata"]["labels"].get(label))]
    assert len(found) == 1, [it["metadata"]["name"] for it in found]
    return found[0]


def check(*arguments):
    """`ebsctl config check --strict`: whether it is content, and what it says. That it cannot do Kerberos is passed over."""
    command = [program("ebsctl"), "config", "check", "--strict", "--json", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    said = [fault for file in json.loads(run.stdout)["files"] for fault in file["faults"] + file["warnings"]]
    other = [fault for fault in said if not fault["text"].startswith(NO_KERBEROS)]
    assert run.returncode == (1 if said else 0), run.stdout
    return not other, json.dumps(other, indent=1)


class Pod:
    """The files of a pod's only container, in a folder: of its ConfigMaps, and one for each item of a secret."""

    def __init__(self, objects, workload):
        self.root = Path(tempfile.mkdtemp(prefix="ebs-pod-"))
        self.spec = workload["spec"]["template"]["spec"]
        (self.container,) = self.spec["containers"]
        maps = {it["metadata"]["name"]: it["data"] for it in objects if it["kind"] == "ConfigMap"}
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            volume = volumes.pop(mount["name"])
            folder = self.root / mount["mountPath"].lstrip("/")
            folder.mkdir(parents=True)
            if "configMap" in volume:
                for name, text in maps[volume["configMap"]["name"]].items():
                    (folder / name).write_text(self.moved(text))
            for source in volume.get("projected", {}).get("sources", []):
                for item in source["secret"]["items"]:
                    (folder / item["path"]).write_text(self.secret(item["path"]))
        assert not volumes, f"mounted nowhere: {list(volumes)}"

    @staticmethod
    def secret(name):
        if name == "tokens":
            return ""
        return CERTIFICATE if name.endswith((".pem", ".crt", ".key")) else "secret\n"

    def moved(self, text):
        return text.replace(INSTALLED, str(self.root) + INSTALLED)

    def file(self, path):
        return self.root / INSTALLED.lstrip("/") / path

    def static(self):
        return yaml.safe_load(self.file("static-config/elnbuildsync.yaml").read_text())

    def command(self):
        """The command line, as the kubelet makes it."""
        words = [*self.container["command"], *self.container.get("args", [])]
        words = [self.moved(word).replace("$(POD_NAME)", "elnbuildsync-0") for word in words]
        return [program(words[0]), *words[1:]]

    def environment(self):
        given = {each["name"]: each["value"] for each in self.container["env"] if "value" in each}
        return {**given, "PATH": os.environ["PATH"]}

    def remove(self):
        shutil.rmtree(self.root)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(url):
    """The status of an address and its body; None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def until(what, look):
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        seen = look()
        if seen:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"not seen within {LIMIT} s: {what}")


@contextlib.contextmanager
def running(command, environment=None, **options):
    """A program that is ended, whatever happens; its output goes to a file."""
    with tempfile.TemporaryFile("w+") as log:
        child = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, **options)
        try:
            yield child
        except AssertionError as error:
            log.seek(0)
            raise AssertionError(f"{error}\n{log.read()[-4000:]}") from error
        finally:
            if child.poll() is None:
                child.kill()
            child.wait(timeout=LIMIT)
