#!/usr/bin/env bash
# Installs each package in a clean place, runs the demo from it, and removes it without a trace.
#   bash packaging/try.sh wheel deb tarball
# shellcheck source=packaging/common.sh
source "$(dirname "$0")/common.sh"
need_binary
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# What a person does first; the results must be there. Arguments: a folder, and how to call regulars.
demo() {
    local folder=$1
    shift
    (cd "$folder" && env -i PATH=/usr/bin:/bin HOME="$folder" "$@" demo --quiet)
    for file in segments.csv churn.csv value.csv rules.csv suggestions.csv summary.txt; do
        [ -s "$folder/regulars-out/$file" ] || fail "the demo left no $file"
    done
}

wheel() {
    python3 -m venv "$place/venv"
    find "$place/venv" -type f -not -path '*/__pycache__/*' | sort >"$place/before"
    "$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$packages"/regulars-"$version"-*.whl
    mkdir "$place/wheel"
    demo "$place/wheel" "$place/venv/bin/regulars"
    "$place/venv/bin/pip" uninstall --quiet --yes regulars
    find "$place/venv" -type f -not -path '*/__pycache__/*' | sort >"$place/after"
    diff "$place/before" "$place/after" || fail "pip uninstall left something behind"
}

deb() {
    local root=$place/root deb
    deb=$(echo "$packages"/regulars_"$version"-*.deb)
    mkdir "$root"
    tar --extract --file "$(bash packaging/base.sh)" --directory "$root" --exclude './dev/*'
    find "$root" -not -path "$root/var/*" | sort >"$place/before"
    cp "$deb" "$root/var/tmp/regulars.deb"
    # dpkg itself says whether all that the package depends on is there.
    chroot "$root" dpkg --install /var/tmp/regulars.deb >"$place/said" 2>&1 || { cat "$place/said" >&2; fail "dpkg --install"; }
    for file in man/man1/regulars.1.gz man/man1/regulars-run.1.gz bash-completion/completions/regulars \
        zsh/vendor-completions/_regulars fish/vendor_completions.d/regulars.fish; do
        [ -s "$root/usr/share/$file" ] || fail "the package lacks /usr/share/$file"
    done
    # /usr/share/doc is left out by the base as it is by images; the package has it all the same.
    dpkg-deb --fsys-tarfile "$deb" | tar --list | grep 'usr/share/doc/regulars/THIRD-PARTY' >/dev/null \
        || fail "the package lacks the licences of others"
    mkdir --mode=777 "$root/var/tmp/job"
    chroot --userspec=65534:65534 "$root" env -i -C /var/tmp/job PATH=/usr/bin:/bin regulars demo --quiet
    [ -s "$root/var/tmp/job/regulars-out/segments.csv" ] || fail "the demo left no segments.csv"
    chroot "$root" dpkg --purge regulars >"$place/said" 2>&1 || { cat "$place/said" >&2; fail "dpkg --purge"; }
    find "$root" -not -path "$root/var/*" | sort >"$place/after"
    diff "$place/before" "$place/after" || fail "dpkg --purge left something behind"
}

tarball() {
    local name=regulars-$version-$platform
    (cd "$packages" && sha256sum --check --quiet --strict SHA256SUMS)
    mkdir "$place/tarball"
    tar --extract --gzip --file "$packages/$name.tar.gz" --directory "$place/tarball"
    cmp "$binary" "$place/tarball/$name/regulars"
    [ -s "$place/tarball/$name/THIRD-PARTY.txt" ] || fail "the tarball lacks the licences of others"
    python3 - "$place/tarball/$name/$name.cdx.json" Cargo.lock <<'PYTHON'
import json, sys, tomllib
listed = json.load(open(sys.argv[1]))
locked = {(p["name"], p["version"]) for p in tomllib.load(open(sys.argv[2], "rb"))["package"]}
named = {(c["name"], c["version"]) for c in listed["components"]}
if listed["bomFormat"] != "CycloneDX" or not named <= locked or len(named) < 300:
    sys.exit(f"the list of crates is not that of Cargo.lock: {len(named)} named, {sorted(named - locked)[:5]} unknown")
print(f"{len(named)} crates are listed in the SBOM")
PYTHON
    demo "$place/tarball" "$place/tarball/$name/regulars"
    # The same commit makes the same bytes.
    local first
    first=$(sha256sum <"$packages/$name.tar.gz")
    bash packaging/tarball.sh >/dev/null
    [ "$first" = "$(sha256sum <"$packages/$name.tar.gz")" ] || fail "the tarball has other bytes the second time"
}

for package in "$@"; do
    case $package in
    wheel | deb | tarball) "$package" ;;
    *) fail "there is no package $package: wheel, deb, tarball" ;;
    esac
    echo "$package: installed, run and removed"
done
