#!/usr/bin/env python3
"""Fail on a circle between modules of a crate, and on an arrow between crates that points up.

    circles.py [ROOT]        check the workspace at ROOT (default: the checkout this file is in)
    circles.py --show CRATE  print the arrows between the modules of one crate
    circles.py --self-test   check the check

A module is a file. An arrow goes from a file to the file whose item it names: by `use`, or by a path such as
`crate::a::b` or `super::b` in the code. A name that a module only re-exports counts for the file that has it, so a
`mod.rs` or `lib.rs`, which hold declarations and re-exports only, stands in no circle by that. Tests are left out.
The text is lexed, not parsed: a name that a macro makes, or a private glob brings in, is not seen.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

sys.dont_write_bytecode = True
import style_stats  # noqa: E402  the lexer beside this file

# What a crate may lean on, besides crates outside the workspace. Crates below tests/ may lean on all.
ALLOWED = {
    "ebs-domain": set(),
    "ebs-shared": {"ebs-domain"},
    "ebs-worker": {"ebs-domain", "ebs-shared"},
    "ebs-coordinator": {"ebs-domain", "ebs-shared", "ebs-worker"},
    "ebs-ctl": {"ebs-shared"},
}
USE = re.compile(r"\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])(crate|self|super)((?:\s*::\s*\w+)+)")
MODULE = re.compile(r"\bmod\s+(\w+)\s*;")
DEFINES = r"(?:struct|enum|union|trait|fn|type|const|static|mod|macro_rules!)"
WORD = re.compile(r"\w+|::|[{},*]")


class Crate:
    """The modules of one crate and the arrows between them."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}  # module path (tuple of names) -> Source
        self.reexports = {}  # module path -> {name: path as tuple}
        for root in ("lib.rs", "main.rs"):
            if (folder / "src" / root).is_file():
                self.read(folder / "src" / root, () if root == "lib.rs" else ("main.rs",))
        self.globs = {}  # module path -> paths that it re-exports whole
        self.arrows = {module: {} for module in self.files}
        uses = {module: list(uses_of(code)) for module, code in self.files.items()}
        for module, found in uses.items():
            self.reexports[module] = {
                path[-1] if alias is None else alias: self.absolute(module, path)
                for public, path, alias in found
                if public and path[-1] != "*"
            }
            self.globs[module] = [self.absolute(module, path[:-1]) for public, path, _ in found if public and path[-1] == "*"]
        for module, found in uses.items():
            for public, path, _ in found:
                if not (public and self.is_facade(module)):
                    self.point(module, path)
            for path in paths_of(self.files[module]):
                self.point(module, path)

    def read(self, path, module):
        source = style_stats.lex(path, path.read_text(encoding="utf-8"))
        style_stats.mark_tests(source)
        lines = source.code.split("\n")
        self.files[module] = "\n".join("" if n in source.test_lines else line for n, line in enumerate(lines))
        base = () if module == ("main.rs",) else module
        for match in MODULE.finditer(self.files[module]):
            plain, folder = style_stats.module_files(source, match[1])
            for candidate in (plain, folder / "mod.rs"):
                if candidate.is_file():
                    self.read(candidate, (*base, match[1]))

    def is_facade(self, module):
        """Whether the module's file is a `lib.rs` or a `mod.rs`."""
        return module == () or (self.folder / "src" / Path(*module) / "mod.rs").is_file()

    def absolute(self, module, path):
        """The path from the root of the crate, or None when it leads out of it."""
        here = () if module == ("main.rs",) else module
        first, rest = path[0], path[1:]
        if first == "crate":
            return rest
        while first in ("self", "super"):
            here = here if first == "self" else here[:-1]
            if not rest or rest[0] not in ("super", "self"):
                return (*here, *rest)
            first, rest = rest[0], rest[1:]
        return (*here, *path) if (*here, first) in self.files else None

    def resolve(self, path, depth=0):
        """The module whose file holds what the path names."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.files:
                break
        module, rest = path[:length], path[length:]
        named = self.reexports.get(module, {}).get(rest[0]) if rest else None
        if named is not None and depth < 20:
            return self.resolve((*named, *rest[1:]), depth + 1)
        for glob in self.globs.get(module, []) if rest and depth < 20 else []:
            target = self.resolve((*glob, rest[0]), depth + 1) if glob is not None else module
            if target != module and re.search(rf"\b{DEFINES}\s+{rest[0]}\b", self.files[target]):
                return target
        return module

    def point(self, module, path):
        target = self.absolute(module, path)
        if target is None:
            return
        target = self.resolve(target)
        if target != module and not (target == () and self.is_facade(())):
            self.arrows[module].setdefault(target, "::".join(path))


def uses_of(code):
    """(public, path, alias) of each name that a `use` brings in."""
    for match in USE.finditer(code):
        words = WORD.findall(match[2])
        yield from ((bool(match[1]), path, alias) for path, alias in tree(words, ()))


def tree(words, prefix):
    """The paths of a use tree; `words` is consumed from the front."""
    path, alias = list(prefix), None
    while words and words[0] not in (",", "}"):
        word = words.pop(0)
        if word == "::":
            continue
        if word == "{":
            inside = []
            while words and words[0] != "}":
                inside.extend(tree(words, tuple(path)))
                if words and words[0] == ",":
                    words.pop(0)
            if words:
                words.pop(0)
            return inside
        if word == "as":
            alias = words.pop(0) if words else None
            continue
        if word == "self" and path:
            continue
        path.append(word)
    return [(tuple(path), alias)] if path else []


def paths_of(code):
    """Qualified paths outside of `use`."""
    for match in PATH.finditer(USE.sub(lambda m: " " * len(m[0]), code)):
        yield (match[1], *re.findall(r"\w+", match[2]))


def circles(arrows):
    """Strongly connected groups of more than one module (Tarjan's way)."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on.add(node)
        for target in sorted(arrows.get(node, {})):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in on:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = []
            while not group or group[-1] != node:
                group.append(stack.pop())
                on.discard(group[-1])
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found


def shown(module):
    return "::".join(module) or "the root"


def members(root):
    """(package name, folder, names of workspace crates it leans on)."""
    listed = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["members"]
    manifests = {m: tomllib.loads((root / m / "Cargo.toml").read_text(encoding="utf-8")) for m in listed}
    ours = {manifest["package"]["name"] for manifest in manifests.values()}
    for member, manifest in manifests.items():
        tables = [manifest.get(t, {}) for t in ("dependencies", "build-dependencies", "dev-dependencies")]
        yield manifest["package"]["name"], root / member, {n for table in tables for n in table} & ours


def faults(root):
    """Every fault, as a line of text."""
    for name, folder, leans_on in members(root):
        if "tests" not in folder.relative_to(root).parts:
            for other in sorted(leans_on - ALLOWED.get(name, set())):
                yield f"arrow up: {name} must not depend on {other}"
        crate = Crate(folder)
        for group in circles(crate.arrows):
            yield f"circle in {name}:"
            for module in group:
                for target, path in sorted(crate.arrows[module].items()):
                    if target in group:
                        yield f"    {shown(module)} -> {shown(target)}   by {path}"


def self_test():
    """Small trees with known faults."""
    import tempfile

    base = {
        "Cargo.toml": '[workspace]\nmembers = ["domain", "shared"]\n',
        "domain/Cargo.toml": '[package]\nname = "ebs-domain"\n',
        "shared/Cargo.toml": '[package]\nname = "ebs-shared"\n[dependencies]\nebs-domain = {}\n',
        "shared/src/lib.rs": "//! Root.\n",
        "domain/src/lib.rs": "//! Root.\npub mod a;\npub mod b;\npub mod q;\n",
        "domain/src/a.rs": "use crate::b::{self, Two};\n#[cfg(test)]\nmod tests;\n",
        "domain/src/a/tests.rs": "use super::super::b::back;\n",
        "domain/src/b.rs": "// crate::a::One\nconst T: &str = \"crate::a::One\";\n",
        "domain/src/q/mod.rs": "mod one;\nmod two;\npub use one::One;\npub use two::Two;\n",
        "domain/src/q/one.rs": "pub struct One;\n",
        "domain/src/q/two.rs": "use super::One;\npub struct Two(crate::q::One);\n",
    }
    cases = {
        "a tree without a fault": ({}, 0),
        "a circle by use": ({"domain/src/b.rs": "use crate::a::One;\n"}, 1),
        "a circle by a path in the code": ({"domain/src/b.rs": "fn f() { super::a::go() }\n"}, 1),
        "a circle through a nested tree": ({"domain/src/b.rs": "use crate::{q::{One, Two as T}, a};\n"}, 1),
        "a circle behind re-exports": ({"domain/src/q/one.rs": "use crate::q::Two;\npub struct One;\n"}, 1),
        "a child that names its parent, which names it": (
            {"domain/src/b.rs": "mod c;\nuse c::C;\n", "domain/src/b/c.rs": "use super::Two;\n"},
            1,
        ),
        "a circle behind a glob": (
            {
                "domain/src/q/mod.rs": "mod one;\nmod two;\npub use one::*;\npub use two::Two;\n",
                "domain/src/q/one.rs": "use super::Two;\npub struct One;\n",
            },
            1,
        ),
        "an arrow up between crates": (
            {"domain/Cargo.toml": '[package]\nname = "ebs-domain"\n[dependencies]\nebs-shared = {}\n'},
            1,
        ),
        "a test that names its neighbours": (
            {"domain/src/b.rs": "#[cfg(test)]\nmod tests {\n    use crate::a::One;\n}\n"},
            0,
        ),
    }
    wrong = 0
    for name, (changed, want) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            for path, text in (base | changed).items():
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            found = [line for line in faults(Path(folder)) if not line.startswith(" ")]
        if len(found) != want:
            wrong += 1
            print(f"self-test: {name}: wanted {want}, found {found}")
    print("self-test:", "ok" if not wrong else f"{wrong} wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="No circle between modules, no arrow up between crates.")
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--show", metavar="CRATE")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    root = options.root.resolve()
    if options.show:
        for name, folder, _ in members(root):
            if name == options.show:
                for module, targets in sorted(Crate(folder).arrows.items()):
                    print(shown(module), "->", ", ".join(map(shown, sorted(targets))) or "nothing")
        return 0
    found = list(faults(root))
    print(*found, sep="\n", end="\n" if found else "")
    if not found:
        print("circles: none")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
