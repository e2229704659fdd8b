#!/usr/bin/env python3
"""Fail on a circle between modules of a crate, and on an arrow between crates that points up.

    circles.py [ROOT]        check the workspace at ROOT (default: the checkout this file is in)
    circles.py --show CRATE  print the arrows between the modules of one crate
    circles.py --self-test   check the check

A module is a file. An arrow goes from a file to the file whose item it names: by `use`, or by a path such as
`crate::a::b`, `super::b`, or `child::f` below a `mod child;`. A name that a module only re-exports counts for the file
that has it, so a `mod.rs` or `lib.rs`, which hold declarations and re-exports only, stands in no circle by that.
An arrow also goes to the file that has a method's body: from `self.f()` or `Self::f()` within an `impl` of the type, from
`Type::f()`, and from `value.f()` in a file that names the type, if no other type or trait of the crate has an `f` and its
`impl` stands apart from its type. Crates below tests/ are spared this: what they play is one knot of causes and effects.
Tests are left out.
The text is lexed, not parsed: a name that a macro makes, or a private glob brings in, is not seen; nor a method call by a
value, where several types have a method of that name.
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
    "ebs-image": {"ebs-worker", "ebs-coordinator", "ebs-ctl"},
}
USE = re.compile(r"\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])([a-z_]\w*)((?:\s*::\s*\w+)+)")
MODULE = re.compile(r"\bmod\s+(\w+)\s*;")
DEFINES = r"(?:struct|enum|union|trait|fn|type|const|static|mod|macro_rules!)"
WORD = re.compile(r"\w+|::|[{},*]")
IMPL = re.compile(r"^[ \t]*impl\b([^{;]*)\{", re.MULTILINE)
TYPE = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|union)\s+(\w+)", re.MULTILINE)
TRAIT = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?trait\s+\w+[^{;]*\{", re.MULTILINE)
FUNCTION = re.compile(r"\bfn\s+(\w+)")
CALL = re.compile(r"(?:(?:\b(self)\s*)?\.|\b([A-Z]\w*)\s*::)\s*([a-z_]\w*)\s*(?:::\s*<[^()]*>\s*)?\(")
# Methods of the standard library that our types have too: a call by a value says nothing.
STANDARD = set(
    "as_bytes as_mut as_ref as_str by_ref chars clone cmp drain entry eq extend filter find first flush fmt get get_mut insert"
    " into is_empty iter iter_mut join keys last len lines map max min new next ok parse pop push read remove retain send set"
    " sort split take then to_string trim values wait write".split()
)


class Crate:
    """The modules of one crate and the arrows between them."""

    def __init__(self, folder, methods=True):
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
        for module, target, name in calls_of(self.files) if methods else []:
            self.arrows[module].setdefault(target, name)

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


def impls_of(code):
    """(type, start, end) of each inherent `impl` block."""
    for match in IMPL.finditer(code):
        head = match[1].replace("->", "").strip()
        if head.startswith("<"):
            head = head[style_stats.matching(head, 0, "<", ">") :].strip()
        if re.search(r"\bfor\b", head):
            continue
        named = re.match(r"(?:\w+\s*::\s*)*(\w+)", head)
        if named:
            yield named[1], match.end(), style_stats.matching(code, match.end() - 1, "{", "}")


def calls_of(files):
    """(module, module that has the body, text) of each call of a method whose body is in another file."""
    homes, bodies, traits = {}, {}, set()
    for module, code in files.items():
        for match in TYPE.finditer(code):
            homes.setdefault(match[1], set()).add(module)
        for match in TRAIT.finditer(code):
            end = style_stats.matching(code, match.end() - 1, "{", "}")
            traits.update(FUNCTION.findall(code[match.end() : end]))
    # A name that two types share says nothing.
    homes = {name: found.pop() for name, found in homes.items() if len(found) == 1}
    blocks = {module: [b for b in impls_of(code) if b[0] in homes] for module, code in files.items()}
    for module, found in blocks.items():
        for name, start, end in found:
            for method in FUNCTION.findall(files[module][start:end]):
                bodies.setdefault(method, {}).setdefault(name, module)
    for module, code in files.items():
        for match in CALL.finditer(code):
            receiver, method = match[1] or match[2], match[3]
            of_type = bodies.get(method, {})
            if receiver in ("self", "Self"):
                within = [name for name, start, end in blocks[module] if start <= match.start() < end]
                target = of_type.get(within[-1]) if within else None
            elif receiver:
                target = of_type.get(receiver)
            else:
                apart = {body for name, body in of_type.items() if body != homes[name]}
                known = len(of_type) == 1 and method not in traits and method not in STANDARD
                named = any(re.search(rf"\b{name}\b", code) for name in of_type)
                target = apart.pop() if known and apart and named else None
            if target is not None and target != module:
                yield module, target, f"{receiver or '_'}.{method}()"


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
        shipped = "tests" not in folder.relative_to(root).parts
        if shipped:
            for other in sorted(leans_on - ALLOWED.get(name, set())):
                yield f"arrow up: {name} must not depend on {other}"
        crate = Crate(folder, methods=shipped)
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
    pair = "pub struct Pair;\nimpl Pair {\n    fn far(&self) { self.near() }\n}\n"
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
        "a circle by a path to a child": (
            {"domain/src/b.rs": "mod c;\nfn f() { c::g() }\n", "domain/src/b/c.rs": "use super::Two;\n"},
            1,
        ),
        "a circle by methods of one type in two files": (
            {
                "domain/src/a.rs": "use crate::b::Pair;\nimpl Pair {\n    fn near(&self) { self.far() }\n}\n",
                "domain/src/b.rs": pair,
            },
            1,
        ),
        "the same called by value": (
            {
                "domain/src/a.rs": "use crate::b::Pair;\nimpl<T: Fn() -> u8> Pair<T> {\n    fn near(&self) {}\n}\n",
                "domain/src/b.rs": "pub struct Pair<T>(T);\nfn f(pair: &Pair) { pair.near() }\n",
            },
            1,
        ),
        "a method that another type has too": (
            {
                "domain/src/a.rs": "use crate::b::Pair;\nimpl Pair {\n    fn near(&self) {}\n}\nstruct Other;\n"
                "impl Other {\n    fn near(&self) {}\n}\n",
                "domain/src/b.rs": "pub struct Pair;\nfn f(pair: &Pair) { pair.near() }\n",
            },
            0,
        ),
        "a trait's method": (
            {
                "domain/src/a.rs": "use crate::b::Pair;\nimpl Near for Pair {\n    fn near(&self) {}\n}\n",
                "domain/src/b.rs": pair,
            },
            0,
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
