# SPDX-License-Identifier: Apache-2.0
"""Machines with certbus installed, for pages: files and processes of their own, one network.

Each is a mount and a process namespace in which `make install` has been done and systemd's
part is played by support_systemctl.py. When its shell ends, all that it started ends.
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from support import BUILD, PROJECT, Failed, Skip, need, until
from support_pages import BASH, Shell

HERE = pathlib.Path(__file__).resolve().parent
UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
TOOLS = ("unshare", "nsenter", "setpriv", "useradd", "systemd-sysusers", "systemd-tmpfiles")

# The machines that can stand at the beginning of a page: party, title, role, address, parent.
STATIONS = {
    "pk": ("pk", "National CERT", "national", 10, None),
    "sindh": ("pk.sindh", "Sindh CERT", "provincial", 20, "pk"),
    "kpt": ("pk.sindh.kpt", "Karachi Port Trust", "organisation", 30, "sindh"),
    "cabinet": ("pk.cabinet", "Cabinet Division", "observer", 40, "pk"),
}


def possible():
    """Ends the scenario by name where no machines can be made."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise Skip(f"no {missing[0]} here")
    if os.geteuid() != 0:
        raise Skip("machines with users of their own need root")
    done = subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skip("no mount namespace can be made here")


def installed():
    """A tree with what `make install` installs, and the stand-in for systemctl."""
    tree = pathlib.Path("installed").resolve()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-s", "-C", str(PROJECT), f"BUILD={BUILD}", f"DESTDIR={tree}", "PREFIX=/usr",
         "install"], env=plain, capture_output=True, text=True, check=False)
    need(done.returncode == 0, f"make install: {done.stdout}{done.stderr}")
    for name in ("systemctl", "journalctl"):
        shutil.copy(HERE / "support_systemctl.py", tree / "usr/bin" / name)
        (tree / "usr/bin" / name).chmod(0o755)
    # What an officer who cloned the project finds in the home folder; not make's scratch.
    shutil.copytree(PROJECT / "docs/examples", tree / "home/duty/certbus/docs/examples")
    return tree


class Machine:
    """One machine: a shell of root, and one of the officer `duty`."""

    def __init__(self, tree, shared):
        folder = tempfile.mkdtemp(prefix="machine.", dir=".")
        self.root = Shell([*UNSHARE, "bash", str(HERE / "support_machine.sh"),
                           str(pathlib.Path(folder).resolve()), str(tree), str(shared)], ".")
        try:
            said, code = self.root.run("id -u duty && id -g duty")
            need(code == 0, f"no machine: {said}")
            uid, gid = map(int, said.split()[-2:])
            # Its root, too: the one of the mount namespace is another where this is a chroot.
            self.officer = Shell(["nsenter", f"--target={self._inside()}", "--mount", "--pid",
                                  "--root", "setpriv", f"--reuid={uid}", f"--regid={gid}",
                                  "--init-groups", "env", "HOME=/home/duty", *BASH], ".", uid)
            self.officer.run("cd")
        except BaseException:
            self.root.end()
            raise

    def _inside(self):
        """The machine's first process, as it is numbered out here."""
        pid = self.root.process.pid
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]

    def do(self, command):
        """As root, before the page begins; must succeed."""
        said, code = self.root.run(command)
        if code:
            raise Failed(f"before the page: {command}: exit code {code}\n{said}")
        return said

    def end(self):
        self.officer.end()
        self.root.end()


def stand(run):
    """Makes the machines that a page names in `<!-- stands: ... -->`: those of STATIONS with
    their brokers connected, `new NAME` with nothing but the programs, `small NAME` with a disk
    of 80 MB that something has filled, `old NAME` with a home of the first journal's format
    and its broker stopped. Without the comment: one, new."""
    possible()
    tree = installed()
    shared = pathlib.Path("stick").resolve()
    shared.mkdir()
    shared.chmod(0o777)
    how, full = "", []
    for word in run.page.stands.split() or ["new", ""]:
        if word in ("new", "small", "old"):
            how = word
            continue
        machine = run.stand(word or None, Machine(tree, shared))
        if how == "small":
            machine.do("mount -t tmpfs -o mode=711,size=80m tmpfs /var/lib/certbus && "
                       "systemd-tmpfiles --create certbus.conf")
            full.append(machine)
        if how == "old":
            _older(machine)
        elif how != "new":
            _station(run, word, machine)
        how = ""
    for machine in full:
        machine.do("truncate -s 0 /var/lib/certbus/copy-of-june.tar && "
                   "head -c 25M /dev/zero > /var/lib/certbus/copy-of-june.tar")
    for path in shared.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _station(run, name, machine):
    """Enrolled by the machine that it hangs below, and running."""
    need(name in STATIONS, f"{run.page.name}: there is no station {name}; there are "
                           f"{', '.join(STATIONS)}")
    party, title, role, address, parent = STATIONS[name]
    listen = run.examples.command(f"tcp://192.0.2.{address}:7801")
    stick = "/media/stick"
    machine.do(f"certbus init {party} --title '{title}' --listen {listen} "
               f"--out {stick}/{party}.request")
    if parent is None:
        machine.do(f"certbus root create {stick}/root")
        machine.do(f"certbus root enrol {stick}/root {stick}/{party}.request --yes --policy "
                   f"/usr/share/certbus/config/cert-rules-2023.cfg --out {stick}/{party}.credential")
    else:
        run.machines[parent].do(f"certbus enrol {stick}/{party}.request --role {role} --yes "
                                f"--out {stick}/{party}.credential")
    machine.do(f"certbus join {stick}/{party}.credential --root {stick}/root/root")
    if parent is None:
        machine.do(f"cp -r {stick}/root /root/root")
    machine.do("systemctl enable --now certbusd")
    if parent is not None:
        until(lambda: "OPEN" in machine.do("certbus --json status || true"), f"{party} is connected")


def _older(machine):
    machine.do(f"tar -xJf {PROJECT / 'tests/fixtures/format-1.tar.xz'} -C /root pk.sindh")
    machine.do("cd /root/pk.sindh && rm -rf run certbus.conf && cp -r . /var/lib/certbus && "
               "chown -R --no-dereference certbus:certbus /var/lib/certbus && cd && "
               "rm -r pk.sindh && touch /etc/certbus/certbus.conf")
