#!/usr/bin/env bash
# Makes what a release consists of, out of the commit that is checked out, into a folder that is not there yet:
#
#     release.sh FOLDER [--without-vendor]
#
#   elnbuildsync-VERSION.tar.xz           the sources
#   elnbuildsync-VERSION-vendor.tar.xz    all crates, for a build without network (not with --without-vendor)
#   elnbuildsync-VERSION.cdx.json         the software bill of materials
#   elnbuildsync-VERSION.spec             the RPM spec
#   SHA256SUMS                            of all of them
#
# VERSION is that of Cargo.toml, which the spec and the Helm chart must have too. The same commit gives the same bytes.
set -eu
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
vendor=true
if [ "${2:-}" = --without-vendor ]; then vendor=false; fi
if [ $# -lt 1 ] || [ $# -gt 2 ] || { [ $# -eq 2 ] && $vendor; }; then sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2; fi
[ ! -e "$1" ] || { echo "release.sh: $1 is there already" >&2; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$top"

version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
for place in "deploy/helm/elnbuildsync/Chart.yaml:^version: $version\$" "deploy/helm/elnbuildsync/Chart.yaml:^appVersion: \"$version\"\$" \
    "deploy/rpm/elnbuildsync.spec:^Version: *$version\$"; do
    grep -q "${place#*:}" "${place%%:*}" || { echo "release.sh: ${place%%:*} has another version than $version" >&2; exit 1; }
done
name=elnbuildsync-$version
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
# The same bytes for the same files: in order, of nobody, at the time of the commit.
packed() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$1" -c "$2" | xz -T1 -6 >"$3"; }

git archive --prefix="$name/" HEAD | xz -T1 -6 >"$out/$name.tar.xz"
if $vendor; then
    held=$(mktemp -d)
    trap 'rm -rf "$held"' EXIT
    cargo vendor --quiet --locked --versioned-dirs "$held/vendor" >/dev/null
    packed "$held" vendor "$out/$name-vendor.tar.xz"
fi
python3 deploy/sbom.py "$version" >"$out/$name.cdx.json"
cp deploy/rpm/elnbuildsync.spec "$out/$name.spec"
(cd "$out" && sha256sum elnbuildsync-* >SHA256SUMS)
ls -l "$out"
