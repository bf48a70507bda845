# SPDX-License-Identifier: Apache-2.0
# A machine of its own, as far as files and processes go: support_machine.sh FOLDER TREE SHARED
#
# Run as root by `unshare --mount --pid`. FOLDER takes what the machine changes, TREE is what
# `make install` put there, SHARED is the stick at /media/stick. Then a shell reads commands.
# shellcheck shell=bash
set -eu
folder=$1 tree=$2 shared=$3

mount -t tmpfs -o mode=755 tmpfs "$folder"
for name in etc usr var run root home media; do
    mkdir -p "$folder/$name.new" "$folder/$name.work" "$tree/$name"
    chmod --reference="/$name" "$folder/$name.new"
    mount -t overlay overlay "/$name" -o \
        "lowerdir=$tree/$name:/$name,upperdir=$folder/$name.new,workdir=$folder/$name.work"
done
mkdir -p /media/stick
mount --bind "$shared" /media/stick

systemd-sysusers
systemd-tmpfiles --create certbus.conf
# One of that name may be on the machine that this one is made of.
getent passwd duty >/dev/null || useradd --no-create-home duty
usermod --append --groups certbus-read,certbus-act duty
chown -R duty: /home/duty

cd /root
export HOME=/root
exec bash --noprofile --norc
