"""The image's file tree: made by its script, it runs as any account on a read-only root, with git, without a shell."""

import http.server
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import tomllib
import unittest
from pathlib import Path

import yaml
from ground import DEPLOY, LIMIT, TOP, ask, free_port, program, running, until

ACCOUNT = 1000680000  # as OpenShift gives them
DYNAMIC = "configuration:\n  control: {pause: true, trigger_tag: f45}\ncomponents:\n  overrides: {bash: {}}\n"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
FINAL = CONTAINERFILE.split("FROM scratch")[1]
MOST_MB = 60  # of all of it, in a release


def instruction(name):
    """What a line of the last stage says."""
    return re.search(rf"^{name} (.*)$", FINAL, re.MULTILINE)[1]


class Repository(http.server.BaseHTTPRequestHandler):
    """A git repository over HTTP, by git's own program for that."""

    root = None

    def do_GET(self):
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(length),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
        }
        body = self.rfile.read(length)
        run = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, timeout=LIMIT, check=True
        )
        head, _, body = run.stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        self.send_response(int(dict(lines).get("Status", "200").split()[0]))
        for key, value in lines:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Tree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(prefix="ebs-image-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        # An account that is nobody must get to it.
        cls.root.chmod(0o755)
        cls.tree = cls.root / "tree"
        programs = Path(program("elnbuildsync")).parent
        run = subprocess.run(
            [DEPLOY / "image-tree.sh", cls.tree, programs], capture_output=True, text=True, timeout=300, check=False
        )
        assert run.returncode == 0, run.stderr
        cls.size = {what: int(count) for count, what in re.findall(r"^(\d+)\t(.*), in bytes$", run.stdout, re.MULTILINE)}
        cls.released = programs.name == "release"

    def served(self):
        """A repository with a dynamic configuration; its address."""
        work, bare = self.root / "work", self.root / "served" / "config.git"
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(bare, ignore_errors=True)
        work.mkdir()
        (work / "elnbuildsync_dynamic.yaml").write_text(DYNAMIC)
        who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgSign=false"]
        for words in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "."],
            [*who, "commit", "--quiet", "--message=first"],
            ["clone", "--quiet", "--bare", ".", str(bare)],
        ):
            subprocess.run(["git", *words], cwd=work, timeout=LIMIT, check=True)
        handler = type("Served", (Repository,), {"root": bare.parent})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}/config.git#main"

    def configured(self):
        """A folder that is mounted as the configuration, and the ports of coordinator and worker."""
        folder = self.root / "etc"
        (folder / "static-config").mkdir(parents=True, exist_ok=True)
        ports = free_port(), free_port()
        koji = {"profile": "sim", "build_target": "eln", "stable_tag": "eln", "scratch_build": False, "fail_fast": True}
        upstream = {"koji": koji, "bodhi": {"staging": False}, "open_id_connect": False, "email": False}
        ours = {
            "koji": {"hub_url": "http://127.0.0.1:1/kojihub"},
            "bodhi": {"url": "http://127.0.0.1:1/"},
            "database": {"url": "sqlite:/tmp/ebs.sqlite"},
            "redis": {"url": "redis://127.0.0.1:1/"},
            "http": {"listen": f"127.0.0.1:{ports[0]}"},
            "worker": {"metrics_listen": f"127.0.0.1:{ports[1]}"},
            "timers": {"grace": "3s"},
        }
        file = folder / "static-config" / "elnbuildsync.yaml"
        file.write_text(yaml.safe_dump({"configuration": upstream, "ebs": ours}))
        return folder, *ports

    def inside(self, command, environment=()):
        """The command line that runs this in the tree: read-only, but for /tmp, as an account that nothing knows."""
        given = dict(re.findall(r"(\w+)=(\S+)", instruction("ENV"))) | dict(environment)
        tree, root = self.tree, os.getuid() == 0
        mounts = (
            f"--bind {tree} {tree}",
            f"-o remount,bind,ro {tree}",
            f"-t tmpfs -o mode=1777 tmpfs {tree}/tmp",
            f"--rbind /proc {tree}/proc",
            f"--rbind /dev {tree}/dev",
            f"--bind {self.root}/etc {tree}/etc/elnbuildsync",
        )
        account = f"--userspec={ACCOUNT if root else 0}:0"
        words = ["env", "-i", *(f"{key}={value}" for key, value in given.items()), shutil.which("chroot"), account]
        words += ["--groups=0", str(tree), *command]
        script = "".join(f"mount {mount} && " for mount in mounts) + f"exec {shlex.join(words)}"
        return ["unshare", *([] if root else ["--user", "--map-root-user"]), "--mount", "sh", "-c", script]

    def test_the_coordinator_runs_as_any_account_on_a_read_only_root_and_reads_its_configuration_by_git(self):
        _, port, _ = self.configured()
        url = f"http://127.0.0.1:{port}"
        environment = {"EBS_DYNAMIC_CONFIG_URL": self.served(), "EBS_URL": url}
        with running(self.inside(["ebs-coordinator", "--instance", "ebs-0"], environment.items())) as child:
            until("an answer", lambda: ask(f"{url}/alive"))

            def snapshot():
                status, body = ask(f"{url}/status.json")
                configuration = json.loads(body)["configuration"] if status == 200 else {}
                return configuration if configuration.get("snapshot") else None

            self.assertIn("config.git", until("a configuration by git", snapshot)["origin"])
            status = Path(f"/proc/{child.pid}/status").read_text()
            if os.getuid() == 0:
                self.assertRegex(status, rf"Uid:\t{ACCOUNT}\t{ACCOUNT}\t")
            self.assertIn("ebs-coordinator", Path(f"/proc/{child.pid}/cmdline").read_text())
            # What the image says of its health.
            check = json.loads(instruction("HEALTHCHECK").split("CMD ")[1])
            healthy = subprocess.run(
                self.inside(check, {"EBS_URL": url}.items()), capture_output=True, text=True, timeout=LIMIT, check=False
            )
            self.assertEqual((healthy.returncode, healthy.stdout), (0, "alive\n"), healthy.stderr)
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(timeout=LIMIT), 0)

    def test_the_worker_does_too(self):
        _, _, port = self.configured()
        url = f"http://127.0.0.1:{port}"
        with running(self.inside(["ebs-worker"])) as child:
            self.assertEqual(until("an answer", lambda: ask(f"{url}/alive"))[0], 200)
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(timeout=LIMIT), 0)

    def test_called_by_another_name_it_says_by_which_ones(self):
        self.configured()
        run = subprocess.run(
            self.inside(["elnbuildsync", "alive"]), capture_output=True, text=True, timeout=LIMIT, check=False
        )
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("ebs-coordinator, ebs-worker, ebsctl; it was called elnbuildsync", run.stderr)

    def test_nothing_is_there_that_could_run_something_else_or_gain_rights(self):
        names = set()
        for folder, _, files in os.walk(self.tree):
            for file in files:
                path = Path(folder, file)
                if path.is_symlink():
                    self.assertTrue((self.tree / os.readlink(path).lstrip("/")).exists() or path.exists(), path)
                    continue
                mode = path.stat().st_mode
                self.assertFalse(mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), path)
                if mode & stat.S_IXUSR and "/lib" not in str(path.relative_to(self.tree).parent):
                    names.add(file)
        self.assertEqual(names, {"elnbuildsync", "git"})

    def test_it_is_as_small_as_it_should_be(self):
        others = self.size["all of it"] - self.size["the programs"]
        self.assertLess(others, 30_000_000)
        if self.released:
            self.assertLess(self.size["all of it"], MOST_MB * 1_000_000)
        told = ", ".join(f"{what} {size / 1e6:.1f} MB" for what, size in self.size.items())
        print(f"\nimage: {told}, {'release' if self.released else 'as built for tests'}", flush=True)


class Containerfile(unittest.TestCase):
    def test_the_last_stage_only_takes_the_tree_and_runs_nothing(self):
        said = set(re.findall(r"^([A-Z]+) ", FINAL, re.MULTILINE))
        self.assertLessEqual({"COPY", "USER", "HEALTHCHECK", "STOPSIGNAL"}, said)
        self.assertFalse({"RUN", "ADD"} & said)
        self.assertEqual(re.findall(r"^COPY (.*)$", FINAL, re.MULTILINE), ["--from=build /tree /"])
        self.assertIn("RUN deploy/image-tree.sh /tree\n", CONTAINERFILE)
        self.assertEqual(instruction("STOPSIGNAL"), "SIGTERM")

    def test_its_account_is_a_number_in_group_0_and_known_to_the_tree_and_the_chart(self):
        account, group = instruction("USER").split(":")
        self.assertEqual(group, "0")
        self.assertIn(f"elnbuildsync:x:{account}:0:", (DEPLOY / "image-tree.sh").read_text())
        self.assertIn(f"runAsUser: {account}\n", (DEPLOY / "helm/elnbuildsync/templates/_helpers.tpl").read_text())

    def test_the_ports_are_those_of_the_sample_configuration(self):
        sample = yaml.safe_load((DEPLOY / "config/production/elnbuildsync.yaml").read_text())["ebs"]
        listens = [sample["http"]["listen"], sample["worker"]["metrics_listen"]]
        self.assertEqual(instruction("EXPOSE").split(), [listen.rsplit(":", 1)[1] for listen in listens])

    def test_rust_is_new_enough(self):
        wanted = tomllib.loads((TOP / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
        self.assertIn(f"FROM rust:{wanted}-", CONTAINERFILE)

    def test_it_is_built_with_the_feature_that_the_packages_have_and_holds_every_program_of_theirs(self):
        script, spec = (DEPLOY / "image-tree.sh").read_text(), (DEPLOY / "rpm/elnbuildsync.spec").read_text()
        manifest = tomllib.loads((DEPLOY / "image/Cargo.toml").read_text())
        feature = re.search(r"-p ebs-image --features (\S+)\)", script)[1]
        packed = re.search(r"^%global features --features (\S+)$", spec, re.MULTILINE)[1]
        self.assertEqual(sorted(manifest["features"][feature]), sorted(packed.split(",")))
        links = set(re.search(r'^all="(.*)"$', script, re.MULTILINE)[1].split())
        self.assertEqual(links, set(re.findall(r"target/rpm/(ebs\S+) ?", spec.split("%install")[1].split("%{buildroot}%{_unitdir}")[0])))
        named = set(re.findall(r'^    \("(\S+)", ebs_', (DEPLOY / "image/src/main.rs").read_text(), re.MULTILINE))
        self.assertEqual(named, links)


if __name__ == "__main__":
    unittest.main()
