#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""One guest for people: ./dev demo, ./dev shell."""

import argparse
import base64
import io
import os
import shutil
import subprocess
import sys
import tarfile
import time

from guest import (BUILD, ICOUNT, ICOUNT_CPU, ROOT, Guest, claim_build, end_on_signals,
                   qemu_command, script, uml_command)

def prepare(tier, staged=False):
    """Build everything; return (kernel directory, initramfs or None).

    `staged`: user space is ready, and guests may be using it.
    """
    if not staged:
        script("userspace.sh")
        script("stage.sh")
    ko = script("module.sh", tier)
    if tier in ("uml", "net"):
        return script("build-kernel.sh", tier), None
    kernel = script("stock.sh", tier)
    image = os.path.join(BUILD, "initramfs-%s.cpio.gz" % tier)
    subprocess.run([os.path.join(ROOT, "tests/vm/initramfs.sh"), kernel, ko, image], check=True)
    return kernel, image


def boot_dir(name):
    """A fresh directory for the files of this boot."""
    path = os.path.join(BUILD, "boot", name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def watch(guest, limit_s):
    """Show what the guest says; return (exit status, artefacts {name: bytes})."""
    deadline = time.monotonic() + limit_s
    encoded = []
    while True:
        line = guest.line(deadline)
        if not line:
            why = "ran out of time" if line == "" else "died"
            print(guest.console_tail(), file=sys.stderr)
            print("dev: the guest %s" % why, file=sys.stderr)
            return 1, {}
        if line.startswith("| "):
            print(line[2:], flush=True)
        elif line.startswith("k| "):
            print("kernel: " + line[3:], flush=True)
        elif line.startswith("f| "):
            encoded.append(line[3:])
        elif line.startswith("@fatal"):
            print("dev:" + line[6:], file=sys.stderr)
            return 1, {}
        elif line.startswith("@result"):
            files = {}
            if encoded:
                data = base64.b64decode("".join(encoded))
                with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                    files = {os.path.basename(m.name): tar.extractfile(m).read()
                             for m in tar.getmembers() if m.isfile()}
            return int(line.split()[2]), files


def run(mode, limit_s, accel, append=(), staged=False):
    """Run one script in stock 6.12; return (exit status, artefacts {name: bytes})."""
    kernel, image = prepare("6.12", staged)
    if accel == "tcg":
        # Emulated time says nothing; instructions can be compared.
        command = qemu_command(kernel, image, mode, accel, cpu=ICOUNT_CPU, machine=ICOUNT,
                               append=append)
    else:
        command = qemu_command(kernel, image, mode, accel, append=append)
    print("dev: booting %s in a virtual machine" %
          os.path.basename(kernel).replace("stock-", "Linux "), file=sys.stderr, flush=True)
    return run_guest(command, boot_dir(mode), limit_s)


def run_guest(command, boot, limit_s):
    """Start a guest and show what it says; return (exit status, artefacts)."""
    guest = Guest(command, os.path.join(boot, "console.log"))
    try:
        return watch(guest, limit_s)
    finally:
        guest.stop()


def shell(tier, lock):
    """An interactive guest; its console is this terminal."""
    kernel, image = prepare(tier)
    boot = boot_dir("shell-%d" % os.getpid())
    size = shutil.get_terminal_size()
    words = ["HOMA_ROWS=%d" % size.lines, "HOMA_COLS=%d" % size.columns]
    if tier == "uml":
        # Real time: in virtual time an idle prompt would race through years.
        command = uml_command(tier, kernel, boot, "shell", os.devnull, words)
        command = [c for c in command if not c.startswith(("time-travel", "con"))]
        command += ["con=null", "con0=fd:0,fd:1", "quiet"]
    else:
        command = qemu_command(kernel, image, "shell", script("accel.sh"), append=words)
        command = [c.replace("file,id=console,path=@CONSOLE_FILE@", "stdio,id=console,signal=off")
                   .replace("path=/dev/fd/1", "path=" + os.devnull) for c in command]
        # With an image of its own the shell does not keep the tests waiting.
        shutil.copy(image, boot)
        command[command.index("-initrd") + 1] = os.path.join(boot, os.path.basename(image))
        lock.close()
    saved = subprocess.run(["stty", "-g"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           text=True, check=False).stdout.strip()
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        if saved:
            subprocess.run(["stty", saved], check=False)
        shutil.rmtree(boot, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev", description=__doc__)
    parser.add_argument("mode", choices=["demo", "shell"])
    parser.add_argument("--uml", action="store_true", help="shell: in the debug kernel")
    parser.add_argument("--kernel", default="6.12", choices=["6.1", "6.12"],
                        help="shell: which one")
    args = parser.parse_args()
    end_on_signals()
    lock = claim_build()
    if args.mode == "shell":
        return shell("uml" if args.uml else args.kernel, lock)
    return run("demo", 300, script("accel.sh"))[0]


if __name__ == "__main__":
    sys.exit(main())
