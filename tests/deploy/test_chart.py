"""The Helm chart: it renders, what it makes is valid, each value does something, and what must agree with the programs does."""

import copy
import json
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml
from ground import DEPLOY, INSTALLED, LIMIT, TOP, VARIANTS, Pod, ask, check, free_port, only, program, render, running, until
from helm_python import chart as helm
from helm_python.errors import HelmError

SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (TOP / "tests/deploy/schemas").glob("*.json")}
OLDEST = "1.27"  # of the versions that Chart.yaml allows
NEWEST = "1.37"
PART = "app.kubernetes.io/component"


def merged(values):
    with helm.Chart.load(render.CHART) as chart:
        return chart.merge_values(values)


def leaves(values, path=()):
    """Where each value stands that is no mapping with keys; secrets and the blocks of the configuration count as one."""
    for key, value in values.items():
        if isinstance(value, dict) and value and (*path, key) != ("config", "configuration"):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def at(values, path):
    for key in path:
        values = values[key]
    return values


def changed(values, path):
    """The same values with another one at this place."""
    values = copy.deepcopy(values)
    holder, key = at(values, path[:-1]), path[-1]
    holder[key] = other(path, holder[key])
    return values


def other(path, value):
    """A value that is as good and not the same."""
    special = {
        ("worker", "autoscaling", "kind"): "hpa",
        ("image", "pullPolicy"): "Always",
        ("serviceMonitor", "interval"): "45s",
        ("dynamic", "file"): {"other": {}},
        ("networkPolicy", "pagesFrom"): [{"podSelector": {}}],
        ("networkPolicy", "metricsFrom"): [{"podSelector": {}}],
        ("database", "url"): "postgres://other@example.org/other",
        ("redis", "url"): "redis://other.example.org/1",
        ("coordinator", "tolerations"): [{"key": "other"}],
        ("worker", "tolerations"): [{"key": "other"}],
    }
    if path in special:
        return special[path]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [value[0] + 1] if value and isinstance(value[0], int) else ["other"]
    if isinstance(value, dict):
        return {**value, "other": "other"}
    return f"{value}other"


def alive(url):
    """The exit code of `ebsctl alive`."""
    command = [program("ebsctl"), "alive", "--url", url]
    return subprocess.run(command, capture_output=True, timeout=LIMIT, check=False).returncode


class Rendered(unittest.TestCase):
    def test_what_each_variant_makes_is_valid_for_the_oldest_and_the_newest_kubernetes(self):
        variants = {variant: render.example(variant) for variant in VARIANTS}
        variants["hpa"] = {**variants["minimal"], "worker": {"autoscaling": {"kind": "hpa"}}}
        variants["trial on openshift"] = {**variants["trial"], "openshift": True}
        for variant, values in variants.items():
            for each in render.objects(values):
                with self.subTest(variant=variant, kind=each["kind"], name=each["metadata"]["name"]):
                    if each["kind"] in SCHEMAS:
                        jsonschema.validate(each, SCHEMAS[each["kind"]])
                        continue
                    for version in (OLDEST, NEWEST):
                        kubernetes_validate.validate(each, version, strict=True)

    def test_a_field_that_nobody_knows_is_refused(self):
        objects = render.objects(render.example("openshift"))
        for kind in ("Route", "ServiceMonitor"):
            each = only(objects, kind)
            each["spec"]["tsl"] = {}
            self.assertRaises(jsonschema.ValidationError, jsonschema.validate, each, SCHEMAS[kind])
        each = only(objects, "StatefulSet")
        each["spec"]["replcas"] = 1
        refused = kubernetes_validate.ValidationError
        self.assertRaises(refused, kubernetes_validate.validate, each, NEWEST, strict=True)

    def test_helm_finds_nothing_to_complain_of(self):
        for variant in VARIANTS:
            report = helm.lint(render.CHART, render.example(variant), strict=True)
            worst = [message for message in report["messages"] if message["severity"] > 1]
            self.assertEqual((worst, report["errors"]), ([], []), variant)

    def test_names_are_unique_and_selectors_find_pods(self):
        for variant in VARIANTS:
            objects = render.objects(render.example(variant))
            names = [(it["kind"], it["metadata"]["name"]) for it in objects]
            self.assertEqual(len(names), len(set(names)), variant)
            pods = [it["spec"]["template"]["metadata"]["labels"] for it in objects if "template" in it.get("spec", {})]
            for each in objects:
                if each["kind"] == "Service":
                    wanted = each["spec"]["selector"].items()
                    self.assertTrue(any(wanted <= pod.items() for pod in pods), each["metadata"]["name"])

    def test_the_plain_manifests_are_what_the_chart_makes(self):
        for name, text in render.plain().items():
            kept = DEPLOY / "openshift" / name
            self.assertTrue(kept.is_file() and kept.read_text() == text, f"{name}: run deploy/render.py")
        self.assertEqual({it.name for it in (DEPLOY / "openshift").iterdir()}, set(render.plain()))

    def test_manifests_with_values_of_ones_own_go_into_a_folder_of_ones_own(self):
        with tempfile.TemporaryDirectory() as folder:
            values = Path(folder) / "values"
            values.write_text((DEPLOY / "helm/examples/minimal.yaml").read_text().replace("database.example", "mine.example"))
            command = [sys.executable, DEPLOY / "render.py", "--values", values, "--to", folder]
            subprocess.run(command, timeout=LIMIT, check=True)
            self.assertIn("mine.example.org", (Path(folder) / "configuration.yaml").read_text())
            listed = yaml.safe_load((Path(folder) / "kustomization.yaml").read_text())["resources"]
            self.assertTrue(values.is_file() and all((Path(folder) / name).is_file() for name in listed))
            alone = subprocess.run(command[:4], timeout=LIMIT, capture_output=True, check=False)
            self.assertEqual(alone.returncode, 2)

    def test_no_pod_runs_as_root_writes_its_root_or_has_a_token(self):
        for variant in VARIANTS:
            for each in render.objects(render.example(variant)):
                if "template" not in each.get("spec", {}):
                    continue
                pod = each["spec"]["template"]["spec"]
                self.assertFalse(pod["automountServiceAccountToken"])
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                self.assertEqual("runAsUser" in pod["securityContext"], variant != "openshift")
                for container in pod["containers"]:
                    security = container["securityContext"]
                    self.assertTrue(security["readOnlyRootFilesystem"])
                    self.assertFalse(security["allowPrivilegeEscalation"])
                    self.assertEqual(security["capabilities"], {"drop": ["ALL"]})

    def test_no_secret_is_made_or_stands_anywhere(self):
        for variant in VARIANTS:
            self.assertNotIn("Secret", {it["kind"] for it in render.objects(render.example(variant))})


class Values(unittest.TestCase):
    def everything(self):
        """Values with which all that there is is rendered, and a variant for what excludes others."""
        base = merged(render.example("production"))
        for part in ("route", "ingress", "serviceMonitor"):
            base[part]["enabled"] = True
        base["route"]["host"] = "elnbuildsync.example.org"
        alone = copy.deepcopy(base)
        alone["dynamic"] = {"url": "", "urlSecret": {"name": "", "key": "url"}, "file": {"components": {}}}
        told = copy.deepcopy(alone)
        told["dynamic"] |= {"url": "https://example.org/config.git", "file": {}}
        several = copy.deepcopy(base)
        several["worker"]["autoscaling"]["kind"] = "none"
        hpa = copy.deepcopy(base)
        hpa["worker"]["autoscaling"]["kind"] = "hpa"
        account = copy.deepcopy(base)
        account["serviceAccount"] = {"create": False, "name": "other"}
        trial = merged(render.example("trial"))
        logins = merged(render.example("other-logins"))
        logins["secrets"]["kojiPassword"]["name"] = "koji"
        return [base, alone, told, several, hpa, account, trial, logins]

    def test_each_value_changes_what_is_made(self):
        bases = [(values, render.render(values)) for values in self.everything()]
        unused = []
        for path in leaves(bases[0][0]):
            if not any(self.differs(values, made, path) for values, made in bases):
                unused.append(".".join(path))
        # It excludes the addresses of servers, so it never changes alone.
        self.assertEqual(unused, ["trial.enabled"])
        self.assertIn("database", {it["metadata"]["labels"].get(PART) for it in render.objects(render.example("trial"))})

    def differs(self, values, made, path):
        try:
            if not at(values, path) and path[-1] == "key":
                return False
            return render.render(changed(values, path)) != made
        except (HelmError, KeyError):
            # What contradicts another value is refused, which is no use of it; it is shown by another base.
            return False

    def test_each_value_that_a_template_names_is_in_the_values_file(self):
        values = yaml.safe_load((render.CHART / "values.yaml").read_text())
        for template in (render.CHART / "templates").iterdir():
            for path in re.findall(r"\.Values((?:\.\w+)+)", template.read_text()):
                there = values
                for key in path.strip(".").split("."):
                    self.assertIn(key, there, f"{template.name}: {path}")
                    there = there[key]

    def test_the_schema_knows_the_same_keys_as_the_values_file(self):
        def keys(schema):
            return {key: keys(it) for key, it in schema.get("properties", {}).items()}

        def same(values, known, path):
            self.assertEqual(set(values), set(known), path)
            for key, value in values.items():
                if isinstance(value, dict) and known[key]:
                    same(value, known[key], f"{path}.{key}")

        schema = json.loads((render.CHART / "values.schema.json").read_text())
        same(yaml.safe_load((render.CHART / "values.yaml").read_text()), keys(schema), "")

    def refused(self, values, words):
        with self.assertRaises(HelmError) as refusal:
            render.render({**render.example("minimal"), **values})
        self.assertIn(words, str(refusal.exception))

    def test_what_cannot_be_meant_is_refused_with_the_value_to_change(self):
        self.refused({"databse": {}}, "databse")
        self.refused({"database": {"url": ""}}, "database.url")
        self.refused({"redis": {"url": ""}}, "redis.url")
        self.refused({"dynamic": {"url": ""}}, "dynamic.url")
        self.refused({"dynamic": {"url": "https://example.org/", "file": {"components": {}}}}, "exactly one")
        self.refused({"config": {"ebs": {"http": {"listen": "0.0.0.0:1"}}}}, "config.ebs.http")
        self.refused({"config": {"ebs": {"timers": {"grace": "1s"}}}}, "graceSeconds")
        self.refused({"bus": {"enabled": True}}, "bus.queue")
        bus = {"enabled": True, "queue": "one"}
        self.refused({"bus": bus, "tls": {"busKey": {"name": "one"}}}, "belong together")
        self.refused({"serviceAccount": {"create": False}}, "serviceAccount.name")
        self.refused({"worker": {"autoscaling": {"kind": "keda"}}}, "autoscaling.prometheus")
        self.refused({"worker": {"autoscaling": {"kind": "vpa"}}}, "kind")
        self.refused({"trial": {"enabled": True}}, "exclude each other")


class Programs(unittest.TestCase):
    """What the chart says of the programs is true."""

    def pods(self, variant):
        objects = render.objects(render.example(variant))
        for kind, part in (("StatefulSet", "coordinator"), ("Deployment", "worker")):
            pod = Pod(objects, only(objects, kind, part))
            self.addCleanup(pod.remove)
            yield pod

    def test_the_configuration_in_each_pod_can_be_used_and_draws_no_warning(self):
        for variant in VARIANTS:
            for pod in self.pods(variant):
                files = list(pod.file("static-config").glob("*.yaml")) + list(pod.file("dynamic").glob("*.yaml"))
                content, said = check(*files)
                self.assertTrue(content, f"{variant}: {said}")

    def test_each_file_that_the_configuration_can_name_is_one_that_the_chart_can_give(self):
        sample = (DEPLOY / "config/production/elnbuildsync.yaml").read_text()
        whole = yaml.safe_load(re.sub(r"(?m)^( *)#([a-z])", r"\1\2", sample))

        def files(block, path=""):
            for key, value in block.items():
                if isinstance(value, dict):
                    yield from files(value, f"{path}{key}.")
                elif INSTALLED in str(value):
                    yield path + key

        named = set(files(whole))
        self.assertGreater(len(named), 5)
        # Some exclude each other, so it takes several.
        given = {key for variant in VARIANTS for pod in self.pods(variant) for key in files(pod.static())}
        objects = render.objects({**render.example("minimal"), "secrets": {"kojiPassword": {"name": "koji"}}})
        pod = Pod(objects, only(objects, "Deployment", "worker"))
        self.addCleanup(pod.remove)
        given |= set(files(pod.static()))
        self.assertEqual(named - given, set())

    def test_a_worker_is_given_nothing_that_only_a_coordinator_logs_in_with(self):
        of_coordinator = {"database-password", "tokens", "oidc-client-secret", "bus.key", "bus.crt"}
        seen = set()
        for variant in VARIANTS:
            for pod in self.pods(variant):
                held = {path.name for path in pod.root.rglob("*") if path.is_file()} & of_coordinator
                if pod.container["name"] == "worker":
                    self.assertEqual(held, set(), variant)
                    text = pod.file("static-config/elnbuildsync.yaml").read_text()
                    self.assertEqual([name for name in of_coordinator if f"/{name}" in text], [], variant)
                seen |= held
        self.assertEqual(seen, of_coordinator)

    def test_a_file_that_is_not_mounted_is_noticed(self):
        for pod in self.pods("production"):
            pod.file("secrets/redis-password").unlink()
            self.assertFalse(check(pod.file("static-config/elnbuildsync.yaml"))[0])

    def test_each_pod_is_given_longer_than_its_program_takes_to_end(self):
        for variant in VARIANTS:
            for pod in self.pods(variant):
                grace = pod.static()["ebs"]["timers"]["grace"]
                self.assertGreaterEqual(pod.spec["terminationGracePeriodSeconds"], int(grace.removesuffix("s")) + 10)

    def test_ports_are_those_of_the_configuration(self):
        values = {**render.example("minimal"), "coordinator": {"port": 18080}, "worker": {"port": 19090}}
        objects = render.objects(values)
        for kind, part, place in (
            ("StatefulSet", "coordinator", ("http", "listen")),
            ("Deployment", "worker", ("worker", "metrics_listen")),
        ):
            pod = Pod(objects, only(objects, kind, part))
            self.addCleanup(pod.remove)
            (port,) = pod.container["ports"]
            self.assertEqual(at(pod.static()["ebs"], place), f"0.0.0.0:{port['containerPort']}")
            self.assertEqual(pod.environment()["EBS_URL"], f"http://127.0.0.1:{port['containerPort']}")
            (service,) = only(objects, "Service", part)["spec"]["ports"]
            self.assertEqual((service["port"], service["targetPort"]), (port["containerPort"], port["name"]))

    def test_the_servers_ports_may_be_reached_and_the_database_by_a_coordinator_only(self):
        policies = [it for it in render.objects(render.example("production")) if it["kind"] == "NetworkPolicy"]

        def ports(name):
            (policy,) = [it for it in policies if it["metadata"]["name"] == f"elnbuildsync-{name}"]
            return {port["port"] for rule in policy["spec"].get("egress", []) for port in rule["ports"]}

        self.assertLessEqual({6380, 443, 5671, 53}, ports("out"))
        self.assertEqual([ports("coordinator"), 5433 in ports("out") | ports("worker")], [{5433}, False])

    def test_metrics_that_are_asked_for_are_there(self):
        asked = set()
        for kind in ("keda", "hpa"):
            scaling = {"kind": kind, "prometheus": "http://prometheus"}
            text = "".join(render.render({**render.example("minimal"), "worker": {"autoscaling": scaling}}).values())
            asked |= set(re.findall(r"\bebs_\w+", text))
        self.assertEqual(asked, {"ebs_queue_oldest_seconds"})
        # That page is made from the programs.
        page = (TOP / "docs/METRICS.md").read_text()
        labels = dict(re.findall(r"^\| `(ebs_\w+)` \| \w+ \| (.*?) \|", page, re.MULTILINE))
        self.assertLessEqual(asked, set(labels))
        self.assertIn("`lane`", labels["ebs_queue_oldest_seconds"])

    def test_lanes_that_are_asked_for_are_the_queues(self):
        scaling = {"worker": {"autoscaling": {"kind": "hpa"}}}
        hpa = only(render.objects({**render.example("minimal"), **scaling}), "HorizontalPodAutoscaler")
        asked = {it["external"]["metric"]["selector"]["matchLabels"]["lane"] for it in hpa["spec"]["metrics"]}
        source = (TOP / "shared/src/queue/contract.rs").read_text()
        lanes = set(re.findall(r'Self::\w+ => "(submit|watch)"', source))
        self.assertEqual(asked, lanes)

    def started(self, pod):
        """The pod's own command line on free ports, with nothing that is elsewhere."""
        file, port = pod.file("static-config/elnbuildsync.yaml"), free_port()
        static = pod.static()
        static["ebs"]["database"] = {"url": f"sqlite:{pod.root}/ebs.sqlite"}
        static["ebs"]["http"]["listen"] = f"127.0.0.1:{port}"
        static["ebs"]["worker"]["metrics_listen"] = f"127.0.0.1:{port}"
        static["ebs"]["koji"]["hub_url"] = "http://127.0.0.1:1/kojihub"
        static["ebs"]["bodhi"]["url"] = "http://127.0.0.1:1/"
        static["ebs"]["redis"] = {"url": "redis://127.0.0.1:1/0"}
        static["ebs"]["timers"]["grace"] = "5s"
        file.write_text(yaml.safe_dump(static))
        return pod.command(), f"http://127.0.0.1:{port}"

    def test_the_programs_start_by_the_pods_command_lines_answer_its_probes_and_end_in_time(self):
        for pod in self.pods("trial"):
            command, url = self.started(pod)
            with running(command, pod.environment()) as child:
                until("an answer", lambda: ask(f"{url}/alive"))
                for probe in ("livenessProbe", "readinessProbe"):
                    status, said = ask(url + pod.container[probe]["httpGet"]["path"])
                    self.assertIn(status, (200, 503), said)
                self.assertEqual(ask(url + pod.container["livenessProbe"]["httpGet"]["path"])[0], 200)
                path = only(render.objects(render.example("production")), "ServiceMonitor")["spec"]["endpoints"][0]["path"]
                status, said = ask(url + path)
                self.assertEqual(status, 200)
                self.assertRegex(said, r"(?m)^ebs_\w+ ")
                self.assertEqual(alive(url), 0)
                child.send_signal(signal.SIGTERM)
                self.assertEqual(child.wait(timeout=10), 0)
                self.assertEqual(alive(url), 3)


if __name__ == "__main__":
    unittest.main()
