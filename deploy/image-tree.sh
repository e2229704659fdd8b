#!/usr/bin/env bash
# Makes the file tree of the image: the programs, and of this system only what they need. deploy/Containerfile runs it in its
# first stage, and so can anybody, in a clean folder; nothing else says what the image holds.
#
#     image-tree.sh TREE             builds the programs first
#     image-tree.sh TREE PROGRAMS    takes the file with all of them from the folder PROGRAMS
#
# TREE must not be there yet, or be empty. There is no shell and no package manager in it. The last lines are its size in bytes.
set -eu
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -eq 1 ] || [ $# -eq 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
tree=$1
mkdir -p "$tree"
[ -z "$(ls -A "$tree")" ] || { echo "image-tree.sh: $tree is not empty" >&2; exit 1; }
tree=$(cd "$tree" && pwd)

all="ebs-coordinator ebs-worker ebsctl"
one=elnbuildsync
if [ $# -eq 2 ]; then
    programs=$2
else
    (cd "$top" && cargo build --release --locked -p ebs-image --features gssapi)
    programs=$top/target/release
fi

# A file to the same place in the tree: what a link leads to, under the name of the link.
take() {
    local file
    for file in "$@"; do
        [ -e "$tree$file" ] && continue
        mkdir -p "$tree$(dirname "$file")"
        cp -L "$file" "$tree$file"
    done
}
# The same with all libraries that it loads.
take_program() {
    local file
    for file in "$@"; do
        take "$file"
        take $(ldd "$file" | grep -o '/[^ ]*')
    done
}
# A library by its name, and where there is none: nothing.
library() { ldconfig -p | sed -n "s|^\s*$1 .* => ||p" | head -n 1; }

# Merged as in every system of today, so that a library is there by both of its names.
mkdir -p "$tree"/usr/{bin,lib,lib64,share}
ln -s usr/bin "$tree/bin"
ln -s usr/lib "$tree/lib"
ln -s usr/lib64 "$tree/lib64"

# Ours, all of them in one file.
cp "$programs/$one" "$tree/usr/bin/$one"
strip --strip-all "$tree/usr/bin/$one"
take $(ldd "$programs/$one" | grep -o '/[^ ]*')
for name in $all; do ln -s "$one" "$tree/usr/bin/$name"; done

# git, which reads the dynamic configuration out of a repository, with its helper for https.
git=$(command -v git)
helpers=$(git --exec-path)
take_program "$git" "$helpers/git-remote-http"
[ "$git" = /usr/bin/git ] || ln -s "$git" "$tree/usr/bin/git"
ln -s git-remote-http "$tree$helpers/git-remote-https"

# Kerberos: the library of GSSAPI, and what it loads by itself.
gssapi=$(library 'libgssapi_krb5\.so\.2')
if [ -n "$gssapi" ]; then
    take_program "$gssapi"
    for plugin in "$(dirname "$gssapi")"/krb5/plugins/preauth/*.so; do
        if [ -e "$plugin" ]; then take_program "$plugin"; fi
    done
fi

# Whom to trust, and how names are found.
certificates=/etc/ssl/certs/ca-certificates.crt
for found in /etc/pki/tls/certs/ca-bundle.crt "$certificates"; do
    if [ -e "$found" ]; then bundle=$found; fi
done
mkdir -p "$tree/etc/ssl/certs"
cp -L "$bundle" "$tree$certificates"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$tree/etc/nsswitch.conf"
printf 'root:x:0:0:root:/:/sbin/nologin\nelnbuildsync:x:10001:0:ELNBuildSync:/tmp:/sbin/nologin\n' >"$tree/etc/passwd"
printf 'root:x:0:\n' >"$tree/etc/group"
printf '[libdefaults]\n  dns_lookup_kdc = true\n  dns_canonicalize_hostname = false\n  rdns = false\n' >"$tree/etc/krb5.conf"

# What the platform mounts over or writes to. Any account may run it: it is of group 0, and needs to write nothing but /tmp.
mkdir -p "$tree"/{proc,dev,sys,run,tmp} "$tree"/etc/elnbuildsync/{static-config,dynamic,secrets,tls} "$tree/var/lib/elnbuildsync"
install -D -m 644 "$top/LICENSE" "$tree/usr/share/licenses/elnbuildsync/LICENSE"
chmod -R go=u-w,a+rX "$tree"
chmod 775 "$tree/var/lib/elnbuildsync"
chmod 1777 "$tree/tmp"

du --bytes "$tree/usr/bin/$one" | sed 's/\t.*/\tthe programs, in bytes/'
du --bytes --summarize "$tree" | sed 's/\t.*/\tall of it, in bytes/'
