#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tries the project as somebody does who has just heard of it: makes a Debian 12 that has nothing
# but git and make, clones HEAD into it, and runs tests/fresh/user.sh there. What it prints is
# the transcript. WHOLE=1 runs `make test` there too.
#
# It happens in a mount and a pid namespace of its own, which take processes and mounts along
# when they end. Only the packages come from outside, from the mirror that this machine's apt
# uses (MIRROR=URL names another). Exit code 77: it cannot run here, and the last line says why.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
release=bookworm
whole=${WHOLE:-}
limit=$([ -n "$whole" ] && echo 1200 || echo 350)

say () {
    printf '=== %s (%d s)\n' "$*" "$SECONDS"
}

skip () {
    echo "skipped: $*"
    exit 77
}

# --- Outside --------------------------------------------------------------------------------

# The first mirror of this machine that has the release, within a minute.
mirror () {
    local end=$((SECONDS + 60)) url
    while IFS= read -r url && [ $SECONDS -lt $end ]; do
        if timeout $((end - SECONDS)) wget -q --tries=2 --timeout=20 -O - \
            "${url%/}/dists/$release/InRelease" 2>/dev/null | grep -x 'Label: Debian' >/dev/null; then
            echo "$url"
            return
        fi
    done < <(if [ -n "${MIRROR:-}" ]; then
        echo "$MIRROR"
    else
        # shellcheck disable=SC2016  # apt fills it in
        apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u
    fi)
}

# apt's own proxy, for who does not ask apt
proxies () {
    local scheme url
    for scheme in http https; do
        url=$(apt-config dump "Acquire::$scheme::Proxy" --format '%v' 2>/dev/null || true)
        [ -z "$url" ] || [ "$url" = DIRECT ] || export "${scheme}_proxy=$url"
    done
}

# The namespaces end with the one process that holds them; then nothing is mounted in $work.
finish () {
    if [ -n "$running" ]; then
        kill "$running" 2>/dev/null || true
        wait "$running" || true
    fi
    rm -rf --one-file-system "$work" || { sleep 1; rm -rf --one-file-system "$work"; }
}

work=
running=
outside () {
    local from status=0
    [ "$(id -u)" = 0 ] || skip "only root can make a root: sudo make fresh"
    command -v debootstrap >/dev/null || skip "no debootstrap: apt-get install debootstrap"
    command -v apt-get >/dev/null || skip "no apt here"
    unshare --mount --pid --fork --mount-proc true 2>/dev/null ||
        skip "this machine gives no mount and pid namespaces"
    proxies
    from=$(mirror)
    [ -n "$from" ] || skip "no mirror of $release answered within 60 s"

    work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" fresh.XXXXXX)
    trap finish EXIT
    trap 'exit 130' INT TERM HUP
    [ "$(df --output=avail -k "$work" | tail -n 1)" -gt 4000000 ] ||
        skip "less than 4 GB are free in ${work%/*}"
    timeout --kill-after=5 "$limit" unshare --mount --pid --fork --kill-child --mount-proc \
        bash "$project/tests/fresh/run.sh" inside "$work" "$from" </dev/null &
    running=$!
    wait "$running" || status=$?
    running=
    [ $status != 124 ] && [ $status != 137 ] || echo "FAILED: it took more than $limit s"
    exit $((status != 0))
}

# --- Inside ---------------------------------------------------------------------------------

# Takes the place of the machine's own: what a chroot needs to be a machine.
furnish () {
    local root=$1 name
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for name in null zero full random urandom tty; do
        touch "$root/dev/$name"
        mount --bind "/dev/$name" "$root/dev/$name"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
}

inside () {
    local work=$1 from=$2 root=$1/root
    mount --make-rprivate /

    say "debootstrap: a Debian 12 with git and make"
    if ! debootstrap --variant=minbase --include=git,make,ca-certificates "$release" "$root" \
        "$from" >"$work/log" 2>&1; then
        tail -n 20 "$work/log"
        echo "FAILED: debootstrap"
        exit 1
    fi
    furnish "$root"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    apt-config dump | grep -iE '^Acquire::(https?::Proxy|Check-Date|Check-Valid-Until)' \
        >"$root/etc/apt/apt.conf.d/90machine" || true

    say "git clone"
    # Whoever owns the checkout: git would ask.
    printf '[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n' >"$work/.gitconfig"
    HOME=$work git clone -q --no-hardlinks "file://$project" "$root/root/certbus"
    git -C "$root/root/certbus" log -1 --format='%h %s'

    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb \
        WHOLE="$whole" ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
        chroot "$root" bash -c 'cd && exec bash certbus/tests/fresh/user.sh'
}

case ${1:-} in
    inside) inside "$2" "$3" ;;
    *) outside ;;
esac
