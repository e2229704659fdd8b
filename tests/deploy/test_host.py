"""For machines of one's own: units, the account, and the package."""

import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml
from ground import DEPLOY, INSTALLED, TOP, VARIANTS, Pod, check, program, render

# What Fedora's own macros do, as far as they matter here: the programs are there already.
MACROS = """\
%_topdir {top}
%_sharedstatedir /var/lib
%_unitdir /usr/lib/systemd/system
%_sysusersdir /usr/lib/sysusers.d
%_tmpfilesdir /usr/lib/tmpfiles.d
%bash_completions_dir /usr/share/bash-completion/completions
%zsh_completions_dir /usr/share/zsh/site-functions
%fish_completions_dir /usr/share/fish/vendor_completions.d
%cargo_prep(v:) :
%cargo_build(-) mkdir -p target/rpm && cp {top}/programs/* target/rpm/
%cargo_license_summary :
%cargo_license echo licences
%cargo_vendor_manifest touch cargo-vendor.txt
%cargo_test(-) :
%sysusers_create_compat(-) :
%systemd_post(-) :
%systemd_preun(-) :
%systemd_postun_with_restart(-) :
%debug_package %{{nil}}
%__os_install_post %{{nil}}
%_binary_payload w0.gzdio
"""
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SPEC = DEPLOY / "rpm" / "elnbuildsync.spec"
MOST_EXPOSED = 25  # of 100, where 0 is nothing at all


def run(*command, **options):
    options = {"capture_output": True, "text": True, "timeout": 120, "check": False, "cwd": TOP} | options
    return subprocess.run([str(word) for word in command], **options)


def settings(unit):
    """What a unit sets; of what is set several times, all."""
    found = {}
    for line in unit.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def sample():
    return yaml.safe_load((DEPLOY / "config/production/elnbuildsync.yaml").read_text())["ebs"]


class Units(unittest.TestCase):
    def test_they_are_hardened(self):
        self.assertEqual([unit.name for unit in UNITS], ["ebs-coordinator.service", "ebs-worker@.service"])
        for unit in UNITS:
            said = run("systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit)
            self.assertEqual(said.returncode, 0, said.stdout)

    def test_one_without_hardening_is_refused(self):
        said = run(
            "systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager",
            self.without("ebs-coordinator.service", "SystemCallFilter", "RestrictNamespaces", "CapabilityBoundingSet"),
        )  # fmt: skip
        self.assertNotEqual(said.returncode, 0)

    def without(self, name, *keys):
        folder = Path(tempfile.mkdtemp(prefix="ebs-unit-"))
        lines = (DEPLOY / "systemd" / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(line for line in lines if not line.startswith(keys)))
        self.addCleanup(folder.rmdir)
        self.addCleanup((folder / name).unlink)
        return folder / name

    def test_nothing_in_them_is_unknown(self):
        for unit in UNITS:
            said = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
            complaints = [line for line in said.stderr.splitlines() if unit.name in line and "is not executable" not in line]
            self.assertEqual(complaints, [])

    def test_command_lines_have_options_that_the_programs_know(self):
        for unit in UNITS:
            words = shlex.split(settings(unit)["ExecStart"][0])
            name = Path(words[0]).name
            known = run(program(name), "--help").stdout
            for option in [word for word in words if word.startswith("--")]:
                self.assertIn(option, known, unit.name)

    def test_they_give_longer_than_the_program_takes_to_end_as_pods_do(self):
        grace = int(sample()["timers"]["grace"].removesuffix("s"))
        for unit in UNITS:
            stop = int(settings(unit)["TimeoutStopSec"][0].removesuffix("s"))
            self.assertGreaterEqual(stop, grace + 10, unit.name)
            for variant in VARIANTS:
                pods = [it["spec"]["template"]["spec"] for it in render.objects(render.example(variant)) if "template" in it.get("spec", {})]
                given = {pod["terminationGracePeriodSeconds"] for pod in pods if "terminationGracePeriodSeconds" in pod}
                self.assertEqual(given, {stop}, variant)

    def test_account_folders_and_files_are_one_everywhere(self):
        account = re.search(r"^u (\S+) ", (DEPLOY / "systemd/elnbuildsync.sysusers").read_text(), re.MULTILINE)[1]
        folders = re.findall(r"^d (\S+) ", (DEPLOY / "systemd/elnbuildsync.tmpfiles").read_text(), re.MULTILINE)
        tree = (DEPLOY / "image-tree.sh").read_text()
        for unit in UNITS:
            self.assertEqual(settings(unit)["User"] + settings(unit)["Group"], [account, account])
        spec = SPEC.read_text()
        named = set(re.findall(r"/etc/elnbuildsync/[\w-]+(?=/)", (DEPLOY / "config/production/elnbuildsync.yaml").read_text()))
        for folder in named:
            self.assertIn(folder, folders)
            self.assertIn(folder.replace("/etc", "%{_sysconfdir}"), spec)
            self.assertIn(Path(folder).name, re.search(r"elnbuildsync/\{(.*?)\}", tree)[1].split(","))
        default = "/etc/elnbuildsync/static-config/elnbuildsync.yaml"
        for name in ("ebs-coordinator", "ebs-worker"):
            self.assertIn(default, " ".join(run(program(name), "--help").stdout.split()))
        for unit in UNITS:
            self.assertIn(default, unit.read_text())

    def test_the_settings_file_sets_what_the_programs_and_units_read(self):
        names = re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "systemd/elnbuildsync.sysconfig").read_text(), re.MULTILINE)
        read = run(program("ebs-coordinator"), "--help").stdout + "".join(unit.read_text() for unit in UNITS)
        self.assertEqual([name for name in names if name not in read], [])


class Samples(unittest.TestCase):
    def test_they_can_be_used_as_they_would_be_installed(self):
        for folder in ("production", "staging"):
            root = Path(tempfile.mkdtemp(prefix="ebs-sample-"))
            self.addCleanup(shutil.rmtree, root)
            installed = root / INSTALLED.lstrip("/") / "static-config"
            installed.mkdir(parents=True)
            # The static file first: it names the others, which are then written whole.
            for file in sorted((DEPLOY / "config" / folder).iterdir(), key=lambda it: it.name != "elnbuildsync.yaml"):
                text = file.read_text()
                for path in re.findall(rf"{INSTALLED}/[\w/.-]+\w", text):
                    secret = root / path.lstrip("/")
                    secret.parent.mkdir(parents=True, exist_ok=True)
                    secret.write_text(Pod.secret(secret.name))
                (installed / file.name).write_text(text.replace(INSTALLED, f"{root}{INSTALLED}"))
            content, said = check(*sorted(installed.glob("*.yaml")))
            self.assertTrue(content, said)


class Package(unittest.TestCase):
    def test_the_spec_can_be_read_by_rpm(self):
        said = run("rpmspec", "--parse", SPEC)
        self.assertEqual((said.returncode, said.stderr), (0, ""))

    def test_rpmlint_has_nothing_to_tell(self):
        said = run("rpmlint", "--config", SPEC.with_suffix(".rpmlintrc.toml"), SPEC)
        self.assertEqual(said.returncode, 0, said.stdout)
        self.assertIn("0 errors, 0 warnings", said.stdout)

    def test_packages_are_built_of_it_that_hold_all_that_is_installed(self):
        """Without Fedora's macros and without compiling: what is installed must be listed, or rpm refuses it."""
        top = Path(tempfile.mkdtemp(prefix="ebs-rpm-"))
        self.addCleanup(shutil.rmtree, top)
        for folder in ("SOURCES", "programs", "vendor"):
            (top / folder).mkdir()
        for name in ("ebs-coordinator", "ebs-worker", "ebsctl"):
            subprocess.run(["strip", "-o", top / "programs" / name, program(name)], timeout=120, check=True)
        (top / "macros").write_text(MACROS.format(top=top))
        name = re.search(r"^Version: +(.*)$", SPEC.read_text(), re.MULTILINE)[1]
        sources = top / "SOURCES" / f"elnbuildsync-{name}"
        kept = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", ":!tests").stdout.split()
        kept = [path for path in kept if (TOP / path).exists()]
        prefix = f"--transform=s,^,elnbuildsync-{name}/,"
        for command in (
            ["tar", "-C", TOP, "-cJf", f"{sources}.tar.xz", prefix, *kept],
            ["tar", "-C", top, "-cJf", f"{sources}-vendor.tar.xz", "vendor"],
        ):
            subprocess.run(command, timeout=120, check=True)
        built = run("rpmbuild", "--load", top / "macros", "--nodeps", "-bb", SPEC)
        self.assertEqual(built.returncode, 0, built.stderr[-4000:])
        holds = {}
        for package in (top / "RPMS").rglob("*.rpm"):
            name = package.name.removeprefix("elnbuildsync-").split("-")[0]
            holds[name] = set(run("rpm", "-qpl", package).stdout.split())
        self.assertEqual(set(holds), {"common", "coordinator", "worker", "ctl"})
        self.assertLessEqual({"/usr/bin/ebs-coordinator", "/usr/lib/systemd/system/ebs-coordinator.service"}, holds["coordinator"])
        self.assertLessEqual({"/usr/bin/ebs-worker", "/usr/lib/systemd/system/ebs-worker@.service"}, holds["worker"])
        self.assertLessEqual({"/usr/bin/ebsctl", "/usr/share/man/man1/ebsctl.1"}, holds["ctl"])
        self.assertLessEqual({"/usr/lib/sysusers.d/elnbuildsync.conf", "/etc/elnbuildsync/secrets"}, holds["common"])

    def test_every_file_that_it_installs_is_there_and_listed(self):
        spec = SPEC.read_text()
        for path in re.findall(r"\bdeploy/[\w@./-]*\w", spec):
            self.assertTrue((TOP / path).exists(), path)
        installed = {path.name for path in (DEPLOY / "systemd").iterdir()}
        self.assertEqual([name for name in installed if f"deploy/systemd/{name}" not in spec], [])
        for name in ("ebs-coordinator", "ebs-worker", "ebsctl"):
            self.assertIn(f"target/rpm/{name}", spec)
            self.assertIn(f"%{{_bindir}}/{name}", spec)
        for shell in re.search(r"for shell in (.*);", spec)[1].split():
            self.assertEqual(run(program("ebsctl"), "completion", shell).returncode, 0)

    def test_its_licence_is_that_of_all_that_is_linked_in(self):
        tree = ["cargo", "tree", "--locked", "--edges=no-build,no-dev,no-proc-macro", "--target=all", "--prefix=none", "--format={l}"]
        programs = ["-p", "ebs-coordinator", "-p", "ebs-worker", "-p", "ebs-ctl"]
        said = run(*tree, *programs)
        self.assertEqual(said.returncode, 0, said.stderr)
        parts = set()
        for line in filter(None, (line.removesuffix(" (*)").strip() for line in said.stdout.splitlines())):
            for part in line.split(" AND "):
                ways = sorted(part.strip("()").replace("/", " OR ").replace("  ", " ").split(" OR "), key=str.strip)
                words = " OR ".join(way.strip() for way in ways)
                parts.add(f"({words})" if len(ways) > 1 else words)
        ours = "GPL-3.0-or-later"
        wanted = " AND ".join([ours, *sorted(parts - {ours})])
        self.assertEqual(re.search(r"^License: +(.*)$", SPEC.read_text(), re.MULTILINE)[1], wanted)


if __name__ == "__main__":
    unittest.main()
