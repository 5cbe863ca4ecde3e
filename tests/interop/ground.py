"""The ground everything stands on: a temporary folder, free ports, processes, bounded waits, and the list of checks.

Whatever happens, `Ground` ends what it started and removes its folder.
"""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# The account that Courant and the mailboxes run under: every Debian has it, and Postfix pipes to nothing as root.
ACCOUNT = "daemon"

PATIENCE = 240  # seconds: the daemon looks for new mail in its outbox twice a minute, and machines stand still


class Failed(Exception):
    """A check that did not hold; the part it belongs to cannot go on."""


class Ground:
    """One run: its folder, its processes, its results. Runs at the same time take their ports from ranges of their own."""

    def __init__(self, ports=range(20_000, 26_000)):
        self.ports = ports
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="courant-interop-"))
        self.folder.chmod(0o755)
        self.n_passed = 0
        self.n_failed = 0
        self._processes = []
        self._at_end = []
        self._ports = set()
        self._lock = threading.Lock()

    def __enter__(self):
        # Ended from outside (a CI's time limit), it still cleans up.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(self, *_):
        for act in reversed(self._at_end):
            try:
                act()
            except Exception as error:  # the rest must still be ended
                print(f"while ending: {error}")
        for process in reversed(self._processes):
            end(process)
        if os.environ.get("KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- checks

    def passed(self, part, what):
        with self._lock:
            self.n_passed += 1
            print(f"ok    {part}: {what}", flush=True)

    def failed(self, part, what, why):
        with self._lock:
            self.n_failed += 1
            print(f"FAIL  {part}: {what}: {why}", flush=True)

    def check(self, part, what, holds, why=""):
        """One line; a part does not go on after a failure, since what follows would only repeat it."""
        if not holds:
            raise Failed(f"{what}: {why}" if why else what)
        self.passed(part, what)

    # --- things to stand on

    def path(self, *names, own=False):
        """A folder below the run's own; `own` gives it to Courant's account."""
        path = self.folder.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        if own:
            shutil.chown(path, ACCOUNT, ACCOUNT)
        return path

    def port(self):
        """A port nobody listens on; each is given out once. It is used a while later, so it lies below those that the system
        gives to connections and to whoever asks for any port."""
        with self._lock:
            while True:
                port = random.choice(self.ports)
                if port not in self._ports and free(port):
                    self._ports.add(port)
                    return port

    def start(self, name, command, **options):
        """Starts a server that stays in the foreground, in a process group of its own, with its output in a file."""
        log = open(self.path("log") / f"{name}.log", "ab")
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
        )
        process.name = name
        with self._lock:
            self._processes.append(process)
        return process

    def at_end(self, act):
        self._at_end.append(act)

    def log(self, name):
        return (self.path("log") / f"{name}.log").read_text(errors="replace")


def end(process):
    """Asks a process group to end, and makes it after ten seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            process.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue


def wait_for(what, condition, patience=PATIENCE):
    """Looks four times a second whether something is there, and returns it; fails when it does not come."""
    until = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > until:
            raise Failed(f"{what} did not come within {patience} seconds")
        time.sleep(0.25)


def free(port):
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
        return True
    except OSError:
        return False


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def wait_for_port(name, port, process=None):
    """Waits until a server listens."""

    def there():
        if process is not None and process.poll() is not None:
            raise Failed(f"{name} ended with {process.returncode}")
        return listening(port)

    wait_for(f"{name} at port {port}", there, 120)


def run(command, **options):
    """Runs a command to its end and returns its output; a failure says what it said."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise Failed(f"`{' '.join(map(str, command))}` ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout
