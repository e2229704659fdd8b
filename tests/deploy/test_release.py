"""What a release consists of: the bill of materials is whole and in its published form, versions agree, bytes repeat."""

import hashlib
import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from ground import DEPLOY, TOP

MINUTES = 300  # s


def run(*command):
    options = {"capture_output": True, "text": True, "timeout": MINUTES, "check": False, "cwd": TOP}
    return subprocess.run([str(word) for word in command], **options)


def crates():
    """Names and versions of what is linked into one program, as cargo tells it for this machine."""
    tree = ["cargo", "tree", "--locked", "--prefix=none", "--format={p}", "--edges=normal", "-p", "ebs-coordinator"]
    said = run(*tree)
    assert said.returncode == 0, said.stderr
    return {tuple(line.split()[:2]) for line in said.stdout.splitlines() if line}


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(prefix="ebs-release-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.said = [run(DEPLOY / "release.sh", cls.root / name, "--without-vendor") for name in ("first", "second")]
        assert cls.said[0].returncode == 0, cls.said[0].stderr
        (cls.bill_file,) = (cls.root / "first").glob("*.cdx.json")
        cls.bill = json.loads(cls.bill_file.read_text())

    def test_the_bill_of_materials_has_the_published_form(self):
        validator = JsonStrictValidator(SchemaVersion.V1_6)
        self.assertIsNone(validator.validate_str(self.bill_file.read_text()))
        self.bill["components"][0]["colour"] = "blue"
        self.assertIsNotNone(validator.validate_str(json.dumps(self.bill)))

    def test_the_bill_of_materials_names_each_crate_with_hash_and_licence(self):
        parts = {(part["name"], "v" + part["version"]): part for part in self.bill["components"]}
        required = {key for key, part in parts.items() if part["scope"] == "required"}
        self.assertLessEqual(crates(), required)
        # What makes code at build time is not linked in, and what only tests use is not there.
        self.assertLess(len(required), len(parts))
        self.assertFalse({"insta", "proptest", "wiremock"} & {name for name, _ in parts})
        ours = {name for name, _ in parts if name.startswith("ebs-")}
        self.assertEqual(ours, {"ebs-coordinator", "ebs-worker", "ebs-ctl", "ebs-shared", "ebs-domain"})
        bare = [name for (name, _), part in parts.items() if name not in ours and not part.keys() >= {"hashes", "licenses"}]
        self.assertEqual(bare, [])

    def test_it_has_all_parts_and_the_same_commit_gives_the_same_bytes(self):
        sums = [(self.root / name / "SHA256SUMS").read_text() for name in ("first", "second")]
        self.assertEqual(*sums)
        listed = dict(reversed(line.split()) for line in sums[0].splitlines())
        version = self.bill["metadata"]["component"]["version"]
        name = f"elnbuildsync-{version}"
        self.assertEqual(set(listed), {f"{name}.tar.xz", f"{name}.cdx.json", f"{name}.spec"})
        for file, digest in listed.items():
            self.assertEqual(hashlib.sha256((self.root / "first" / file).read_bytes()).hexdigest(), digest)

    def test_a_folder_that_is_there_is_not_written_to(self):
        self.assertEqual(run(DEPLOY / "release.sh", self.root / "first").returncode, 1)
        self.assertEqual(run(DEPLOY / "release.sh").returncode, 2)
        self.assertEqual(run(DEPLOY / "release.sh", self.root / "other", "--with-everything").returncode, 2)


if __name__ == "__main__":
    unittest.main()
