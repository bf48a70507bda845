#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""systemctl and journalctl, as far as the pages need them, where no systemd runs.

It reads the real unit file and does what that says of ExecStart, ExecReload, User, the
folders, Type=notify and TimeoutStopSec. Hardening is for systemd itself: `make check-units`
and the page on installing have that.
"""

import os
import pathlib
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import time

PLACES = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
          "/lib/systemd/system")
STATE = pathlib.Path("/run/standin")
SECONDS = 15


class Unit:
    def __init__(self, word):
        self.name = word.removesuffix(".service")
        stem, _, instance = self.name.partition("@")
        file = f"{stem}@.service" if "@" in self.name else f"{stem}.service"
        found = [path for place in PLACES if (path := pathlib.Path(place, file)).exists()]
        if not found:
            sys.exit(f"Unit {self.name}.service could not be found.")
        self.settings = {}
        for line in found[0].read_text().splitlines():
            key, sign, value = line.partition("=")
            if sign and not line.startswith("#"):
                self.settings[key.strip()] = value.strip().replace("%i", instance)
        self.pid_file = STATE / f"{self.name}.pid"
        self.log = STATE / f"{self.name}.log"

    def get(self, key, default=""):
        return self.settings.get(key, default)

    def pid(self):
        """Of the main process; None when it does not run."""
        try:
            pid = int(self.pid_file.read_text())
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            return None if state == "Z" else pid
        except (OSError, ValueError):
            return None

    def folders(self, owner):
        for key, parent in (("StateDirectory", "/var/lib"), ("RuntimeDirectory", "/run")):
            for name in self.get(key).split():
                path = pathlib.Path(parent, name)
                path.mkdir(exist_ok=True)
                path.chmod(int(self.get(f"{key}Mode", "755"), 8))
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def start(self):
        if self.pid():
            return
        wanted = self.get("ConditionPathExists")
        if wanted and not os.path.exists(wanted):
            return                      # as systemd does: no failure
        owner = pwd.getpwnam(self.get("User", "root"))
        self.folders(owner)
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        door = str(STATE / f"{self.name}.notify")
        pathlib.Path(door).unlink(missing_ok=True)
        ready.bind(door)
        os.chmod(door, 0o666)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}",
                 "--init-groups", *shlex.split(self.get("ExecStart"))],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "NOTIFY_SOCKET": door})
        self.pid_file.write_text(str(process.pid))
        end = time.monotonic() + SECONDS
        ready.settimeout(0.05)
        while self.get("Type") == "notify":
            try:
                if b"READY=1" in ready.recv(4096):
                    return
            except TimeoutError:
                pass
            if process.poll() is not None or time.monotonic() >= end:
                sys.exit(f"Job for {self.name}.service failed because the control process exited "
                         f"with error code.\nSee \"systemctl status {self.name}.service\" and "
                         f"\"journalctl -u {self.name}.service\" for details.")

    def stop(self):
        pid = self.pid()
        if not pid:
            return
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + SECONDS
        while self.pid():
            if time.monotonic() >= end:
                os.kill(pid, signal.SIGKILL)
                sys.exit(f"{self.name}.service did not end on SIGTERM")
            time.sleep(0.01)

    def reload(self):
        os.kill(self.pid(), signal.SIGHUP)

    def restart(self):
        self.stop()
        self.start()

    def is_active(self):
        print("active" if self.pid() else "inactive")
        sys.exit(0 if self.pid() else 3)


def systemctl(verb, *words):
    names = [word for word in words if not word.startswith("-")]
    if verb == "daemon-reload":
        return
    for name in names:
        unit = Unit(name)
        if verb in ("enable", "disable"):
            if "--now" in words:
                (unit.start if verb == "enable" else unit.stop)()
        else:
            actions = {"start": unit.start, "stop": unit.stop, "restart": unit.restart,
                       "reload": unit.reload, "is-active": unit.is_active}
            if verb not in actions:
                sys.exit(f"this stand-in for systemctl cannot {verb}")
            actions[verb]()


def journalctl(*words):
    """-u UNIT, and -n LINES if it is said."""
    words = list(words)
    lines = Unit(words[words.index("-u") + 1]).log.read_text().splitlines()
    count = int(words[words.index("-n") + 1]) if "-n" in words else len(lines)
    print("\n".join(lines[-count:]))


STATE.mkdir(exist_ok=True)
{"systemctl": systemctl, "journalctl": journalctl}[pathlib.Path(sys.argv[0]).name](*sys.argv[1:])
