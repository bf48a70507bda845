# SPDX-License-Identifier: Apache-2.0
# Boots systemd on a copy of this machine's files: support_boot.sh FOLDER BUILD SCRIPT
#
# Run as root by `unshare` in namespaces of its own. What is changed ends with them; FOLDER/out is
# seen as /mnt inside, where the script SCRIPT runs as a service with certbus installed in /usr.
# shellcheck shell=bash
set -eu
folder=$1 build=$2 script=$3
project=$(cd "$(dirname "$0")/../.." && pwd)

mount --make-rprivate /
mkdir -p "$folder/out" "$folder/machine"
cp "$script" "$folder/out/script"
mount -t tmpfs tmpfs "$folder/machine"
cd "$folder/machine"
mkdir up work root
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount -t cgroup2 cgroup2 root/sys/fs/cgroup
mount --rbind /dev root/dev
mount -t tmpfs tmpfs root/run
mount -t tmpfs tmpfs root/tmp
mount --bind "$folder/out" root/mnt

DESTDIR=$PWD/root PREFIX=/usr CERTBUS_BUILD=$build "$project/tools/install-files" install 0.1.0
# Of the services of this machine none is started, but what systemd itself needs.
rm -rf root/etc/systemd/system/*.wants root/etc/systemd/system/*.requires
cat >root/etc/systemd/system/script.service <<'UNIT'
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash /mnt/script
StandardOutput=append:/mnt/story
StandardError=inherit
ExecStopPost=/bin/kill -s RTMIN+4 1
UNIT

mkdir root/tmp/old
pivot_root root root/tmp/old
cd /
umount --lazy /tmp/old
touch /mnt/ready
export container=certbus
exec /lib/systemd/systemd --system --unit=script.service --log-target=console --log-level=notice
