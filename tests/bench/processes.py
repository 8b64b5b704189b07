"""Processes that are measured, and those that help."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
NGKT = TARGET / "release" / "ngkt"
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

SERVICES = ("registry", "investment", "events", "notification")
PEER = None


def say(text):
    print(text, file=sys.stderr, flush=True)


def build():
    """The platform as it is started from a checkout, and the other side."""
    global PEER, NGKT
    given = os.environ.get("NGKT_BINARY")
    NGKT = pathlib.Path(given).resolve() if given else NGKT
    for package in ["peer"] if given else ["ngkt", "peer"]:
        # One after the other: together they would have other features, and the platform would be built once more.
        subprocess.run(["cargo", "build", "--release", "-p", package], cwd=ROOT, check=True)
    PEER = str(TARGET / "release/peer")


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Process:
    """One process, with what it has used."""

    def __init__(self, name, words, folder, environment=None):
        self.name = name
        self.log = folder / f"{name}.log"
        with open(self.log, "ab") as log:
            self.began = time.monotonic()
            self.child = subprocess.Popen(
                [str(word) for word in words],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def cpu(self):
        """Seconds of CPU so far, user and system."""
        return cpu_of(self.child.pid)

    def memory(self):
        """MiB in memory."""
        return int(pathlib.Path(f"/proc/{self.child.pid}/statm").read_text().split()[1]) * PAGE / 2**20

    def forget_log(self):
        os.truncate(self.log, 0)

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()

    def __str__(self):
        return self.name


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Hall:
    """A folder and all processes that were started; whoever leaves switches everything off."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ngkt-bench-"))
        os.chmod(self.folder, 0o755)
        self.processes = []
        self.at_end = []
        return self

    def __exit__(self, *_):
        self.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self):
        """Ends everything, so that the next benchmark has the machine for itself."""
        for process in reversed(self.processes):
            process.stop()
        for end in self.at_end:
            end()
        self.processes, self.at_end = [], []
        for left in self.folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def start(self, name, words, environment=None):
        process = Process(name, words, self.folder, environment)
        self.processes.append(process)
        return process

    def ngkt(self, name, command, environment, data):
        """A process of the platform; its settings are the defaults, but for addresses and where metrics go."""
        environment = {"NGKT__DATA_DIR": str(data), **environment}
        return self.start(name, [NGKT, *command], environment)


def addresses():
    """A port for each service."""
    return {name: free_port() for name in SERVICES}


def settings(ports, keys, metrics):
    """How the processes of one platform find each other. Traces are sampled at 0: metrics are on, spans are not."""
    out = {"NGKT__IDENTITY__KEY_DIR": str(keys), "NGKT__TELEMETRY__SAMPLE_RATIO": "0"}
    if metrics:
        out["NGKT__TELEMETRY__OTLP_ENDPOINT"] = f"http://127.0.0.1:{metrics}"
    for name, port in ports.items():
        out[f"NGKT__{name.upper()}__LISTEN"] = f"127.0.0.1:{port}"
        out[f"NGKT__{name.upper()}__URL"] = f"http://127.0.0.1:{port}"
    return out


def token(keys, data, role="ministry-officer", organization="agencies/g08"):
    words = [NGKT, "token", "--organization", organization, "--role", role]
    environment = {**os.environ, "NGKT__IDENTITY__KEY_DIR": str(keys), "NGKT__DATA_DIR": str(data)}
    return subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def call(url, bearer=None, body=None, key=None):
    """One REST call; answers status and JSON."""
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode())
    if bearer:
        request.add_header("Authorization", f"Bearer {bearer}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Idempotency-Key", key)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def wait_for(what, holds, seconds=60):
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = holds()
            if found:
                return found
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    raise RuntimeError(f"not within {seconds} s: {what}")


def listens(port):
    def holds():
        with socket.create_connection(("127.0.0.1", port), 1):
            return True

    return holds
