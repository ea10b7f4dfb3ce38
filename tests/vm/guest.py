# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Boot one guest, of either tier, and read its report channel.

A guest reports on its own channel (see guest/tests.sh), which is the standard
output of the emulator process; the kernel's console goes to a file. The
process is ours alone: its own session, ended as a group, by id.
"""

import atexit
import ctypes
import fcntl
import mmap
import os
import select
import shutil
import signal
import subprocess
import sys
import time

VM = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(VM))
BUILD = os.path.join(ROOT, "build")

# Instruction counts instead of time: one guest nanosecond is one instruction,
# and what else this machine does has no influence. erms and fsrm are off,
# because string moves are then counted word by word.
ICOUNT = ["-icount", "shift=0,sleep=off"]
# The emulator's cmpxchg16b leaves garbage in the flags register; an interrupt
# right behind it saves that and the kernel dies of what is restored (seen as
# double faults and single-step traps). Kernels do without the instruction.
EMULATED_CPU = "max,-cx16"
ICOUNT_CPU = "max,-erms,-fsrm,-cx16"
VIRTUAL = ["time-travel=inf-cpu"]
# Each CPU is a thread here; several need the newer way of running processes. A
# busy host may keep them waiting for long: that is no lockup and no stall.
SMP = ["ncpus=2", "seccomp=on", "watchdog_thresh=60", "rcupdate.rcu_cpu_stall_timeout=120"]

# Reports of kernel code that is not ours need room, too (see guest/tests.sh). A guest
# that is emulated makes few accesses, so more of them than one in 4000 are watched.
KCSAN = ["log_buf_len=8M", "kcsan.skip_watch=1000",
         "watchdog_thresh=60", "rcupdate.rcu_cpu_stall_timeout=120"]


def claim_build():
    """Take this checkout's build directory for ourselves; return the lock.

    Two runs in one checkout would rebuild each other's guests under way.
    """
    os.makedirs(BUILD, exist_ok=True)
    lock = open(os.path.join(BUILD, "dev.lock"), "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("dev: waiting for another ./dev in this checkout", file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock.fileno(), False)
    return lock


def end_on_signals():
    """Let an interrupted run end its guests: signals become SystemExit."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))


# Found before any thread is started: a new child can look for nothing.
PRCTL = ctypes.CDLL(None).prctl


def die_with_parent():
    """In a new child: end it when the thread that started it ends, even by SIGKILL."""
    PRCTL(1, signal.SIGKILL)      # PR_SET_PDEATHSIG


def script(name, *args):
    """Run a helper script; its last line of output is the answer."""
    out = subprocess.run([os.path.join(VM, name), *args], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return out.strip().splitlines()[-1]


def add_file_to_initramfs(base, out, files):
    """Append a second cpio archive holding `files` {path: text} to `base`."""
    stage = out + ".stage"
    shutil.rmtree(stage, ignore_errors=True)
    for path, text in files.items():
        full = os.path.join(stage, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
    archive = subprocess.run(
        "find . -mindepth 1 | busybox cpio -o -H newc 2>/dev/null", shell=True,
        cwd=stage, check=True, stdout=subprocess.PIPE).stdout
    with open(out, "wb") as f:
        with open(base, "rb") as b:
            shutil.copyfileobj(b, f)
        f.write(b"\0" * (-f.tell() % 512))
        f.write(archive)
    shutil.rmtree(stage)


class Guest:
    """One running virtual machine."""

    def __init__(self, command, console, env=None):
        self.console = console
        fd = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        # The debug kernel's console is descriptor 4 (see uml_command).
        command = [c.replace("@CONSOLE@", "4").replace("@CONSOLE_FILE@", console)
                   for c in command]
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 4>&2 2>"$0.emulator"', console, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=fd,
            start_new_session=True, env=env, preexec_fn=die_with_parent)
        os.close(fd)
        atexit.register(self.stop)
        self.fd = self.process.stdout.fileno()
        self.pending = b""

    def line(self, deadline):
        """The next report line; None at end of file, "" when out of time."""
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return ""
            data = os.read(self.fd, 65536)
            if not data:
                return None
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode("utf-8", "replace").rstrip("\r") or " "

    def starved(self):
        """How long its threads ran on this machine, and waited for a processor.

        What looks like a lockup inside may be that (docs/testing.md).
        """
        ran = waited = 0
        tasks = "/proc/%d/task" % self.process.pid
        try:
            for task in os.listdir(tasks):
                with open("%s/%s/schedstat" % (tasks, task), encoding="ascii") as f:
                    times = f.read().split()
                ran += int(times[0])
                waited += int(times[1])
        except (OSError, ValueError, IndexError):
            return "host: the guest has ended, or this machine does not count its time"
        return "host: the guest's threads ran for %d s and waited for a processor for %d s" % (
            ran // 10 ** 9, waited // 10 ** 9)

    def stop(self):
        """End the guest, whatever state it is in."""
        if self.process.returncode is not None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close()

    def console_tail(self, lines=40):
        """The last lines of the kernel's console."""
        text = ""
        for name in (self.console, self.console + ".emulator"):
            try:
                with open(name, encoding="utf-8", errors="replace") as f:
                    text += "".join(f.readlines()[-lines:])
            except OSError:
                pass
        return text


def tsc_khz():
    """Frequency of this processor's time-stamp counter.

    An emulated guest reads the same counter. Left to itself it measures the
    counter against an emulated timer, and on a busy machine its clock then ran
    five times too fast.
    """
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # rdtsc; shl $32, %rdx; or %rdx, %rax; ret
    code.write(b"\x0f\x31\x48\xc1\xe2\x20\x48\x09\xd0\xc3")
    rdtsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(code)))

    def both():
        # Of some pairs the one whose two clocks were read closest together.
        pairs = []
        for _ in range(50):
            before = time.monotonic_ns()
            ticks = rdtsc()
            after = time.monotonic_ns()
            pairs.append((after - before, before, ticks))
        return min(pairs)[1:]

    start_ns, start = both()
    time.sleep(0.1)
    end_ns, end = both()
    return (end - start) * 1000000 // (end_ns - start_ns)


def fuzz_environment():
    """How long fuzzers and the soak run and with which seed goes on to the guests."""
    return ["%s=%d" % (name, int(value)) for name, value in sorted(os.environ.items())
            if name.startswith(("HOMA_FUZZ_", "HOMA_SOAK_"))]


def uml_command(tier, kernel, boot, mode, plan, extra=()):
    """Command line of a kernel that is User-Mode Linux; `boot` holds the files of this boot."""
    out = os.path.join(boot, "out")
    os.makedirs(out, exist_ok=True)
    base = os.path.join(BUILD, "guest")
    return [
        os.path.join(kernel, "linux"), "mem=1G", "root=none",
        "rootfstype=hostfs", "rootflags=/", "ro",
        "init=" + os.path.join(base, "guest/init"),
        "con=null", "con0=null,fd:@CONSOLE@", "con1=null,fd:1", "noreboot",
        "uml_dir=" + boot, "umid=guest",
        *{"uml": VIRTUAL, "net": VIRTUAL, "smp": SMP}.get(tier, []),
        "kmemleak=on", "panic=-1", "oops=panic",
        "HOMA_TIER=" + tier, "HOMA_MODE=" + mode, "HOMA_ROOT=" + ROOT,
        "HOMA_BASE=" + base, "HOMA_PLAN=" + plan, "HOMA_OUTDIR=" + out,
        "HOMA_KO=" + os.path.join(BUILD, "kmod-%s/homa.ko" % tier), *fuzz_environment(),
        *extra]


def qemu_command(kernel, initramfs, mode, accel, vm=None, link=None,
                 cpu=EMULATED_CPU, machine=(), append=(), cpus=2, tier="stock"):
    """Command line of the stock tiers and of kcsan.

    `vm` is 1 or 2 in a two-machine run; `link` is then the directory that
    holds the two sockets of the virtual cable.
    """
    cmd = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
        "-monitor", "none", "-no-reboot", "-accel", accel, "-cpu", cpu,
        "-smp", str(cpus), "-m", "1024", *machine,
        "-kernel", os.path.join(kernel, "boot/vmlinuz"), "-initrd", initramfs,
        "-chardev", "file,id=console,path=@CONSOLE_FILE@", "-serial", "chardev:console",
        "-device", "virtio-serial-pci",
        "-chardev", "file,id=results,path=/dev/fd/1",
        "-device", "virtserialport,chardev=results,name=homa.results",
    ]
    # (A stdio chardev counts as closed when stdin ends, and the guest blocks.)
    if link:
        me, other = (1, 2) if vm == 1 else (2, 1)
        cmd += [
            "-netdev", "dgram,id=wire,local.type=unix,local.path=%s/vm%d,"
                       "remote.type=unix,remote.path=%s/vm%d" % (link, me, link, other),
            "-device", "virtio-net-pci,netdev=wire,mac=02:00:00:00:00:0%d" % me,
        ]
    # In wall time the emulated TSC is good and cheap; a read of the HPET stops
    # the whole machine. When instructions are counted it is the other way round.
    tsc = ""
    if accel == "tcg":
        tsc = "tsc=unstable" if machine else "tsc=reliable tsc_early_khz=%d" % tsc_khz()
    words = ["console=ttyS0", "panic=-1", "oops=panic", "rdinit=/init", "quiet",
             "loglevel=4", "mitigations=off", tsc,
             *(KCSAN if tier == "kcsan" else ()),
             "HOMA_TIER=" + tier, "HOMA_MODE=" + mode, "HOMA_BASE=/homa",
             "HOMA_KO=/homa/homa.ko", "HOMA_VM=%d" % vm if vm else "", *fuzz_environment(),
             *append]
    return cmd + ["-append", " ".join(w for w in words if w)]
