"""Load: 32 clients without pause, by wrk over HTTP/1.1 and by h2load over HTTP/2."""

import dataclasses
import json
import re
import statistics
import struct
import subprocess

import processes

CLIENTS = 32


@dataclasses.dataclass
class Sample:
    """What one turn found."""

    rate: float
    # Microseconds of CPU a request, by process.
    cpu: dict
    p50: float = 0.0
    p99: float = 0.0


class Target:
    """Something to load: how, and whose CPU it takes. The first process is the one that is compared."""

    def __init__(self, name, shoot, own, others=()):
        self.name, self.shoot, self.own, self.others = name, shoot, own, others
        self.samples = []

    def turn(self, seconds):
        watched = [*self.own, *self.others]
        for process in watched:
            if hasattr(process, "forget_log"):
                process.forget_log()
        before = [process.cpu() for process in watched]
        requests, rate, p50, p99 = self.shoot(seconds)
        cpu = {p: (p.cpu() - b) * 1e6 / requests for p, b in zip(watched, before)}
        self.samples.append(Sample(rate, cpu, p50, p99))

    def rate(self):
        return statistics.median(sample.rate for sample in self.samples)

    def p99(self):
        return statistics.median(sample.p99 for sample in self.samples)

    def p50(self):
        return statistics.median(sample.p50 for sample in self.samples)

    def cpu(self, which):
        return statistics.median(sum(sample.cpu[p] for p in which) for sample in self.samples)


def rotate(targets, pace):
    """Each target in each rotation, beginning with another one each time; one round before that does not count."""
    for target in targets:
        target.turn(pace.seconds / 2)
        target.samples.clear()
    for rotation in range(pace.rotations):
        at = rotation % len(targets)
        for target in targets[at:] + targets[:at]:
            processes.say(f"  {rotation + 1}/{pace.rotations} {target.name}")
            target.turn(pace.seconds)


def run(words, seconds):
    out = subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds + 60
    )
    if out.returncode:
        raise RuntimeError(f"{words[0]}: {out.stdout[-2000:]}")
    return out.stdout


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def rest(url, bearer=None, script=None):
    """wrk on one URL."""

    def shoot(seconds):
        words = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{max(1, round(seconds))}s", "--latency"]
        words += ["-H", f"Authorization: Bearer {bearer}"] if bearer else []
        words += ["-s", script] if script else []
        out = run([*words, url], seconds)
        if "Non-2xx" in out or "Socket errors" in out:
            raise RuntimeError(f"{url}: {out}")
        requests, took = re.search(r"(\d+) requests in ([\d.]+m?s)", out).groups()
        p50, p99 = (milliseconds(re.search(rf"\s{share}%\s+(\S+)", out)[1]) for share in (50, 99))
        return int(requests), int(requests) / (milliseconds(took) / 1000), p50, p99

    return shoot


def frame(message):
    """A message as gRPC sends it."""
    return struct.pack(">BI", 0, len(message)) + message


def get_request(name):
    return b"\x0a" + bytes([len(name)]) + name.encode()


def list_request(size):
    return b"\x08" + bytes([size])


def grpc(folder, port, path, message, bearer=None, least=500):
    """h2load on one rpc; an answer of fewer bytes than `least` is a failure, for h2load does not read its status."""
    body = folder / f"{port}-{path.rsplit('/', 1)[1]}.bin"
    body.write_bytes(frame(message))

    def shoot(seconds):
        words = ["h2load", "-t1", f"-c{CLIENTS}", "-m1", "-D", max(1, round(seconds)), "-d", body]
        words += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        token = bearer() if callable(bearer) else bearer
        words += ["-H", f"authorization: Bearer {token}"] if token else []
        out = run([*words, f"http://127.0.0.1:{port}{path}"], seconds)
        rate = float(re.search(r"finished in [\d.]+\w+, ([\d.]+) req/s", out)[1])
        done, failed = (int(n) for n in re.search(r"(\d+) succeeded, (\d+) failed", out).groups())
        data = int(re.search(r"\((\d+)\) data", out)[1])
        if failed or done == 0 or data / done < least:
            raise RuntimeError(f"{path} at {port}: {out}")
        return done, rate, 0.0, 0.0

    return shoot


def client(words):
    """A client of our own, which reports as JSON."""

    def shoot(seconds):
        given = words(seconds) if callable(words) else words
        report = json.loads(run([processes.PEER, *given, "--seconds", seconds], seconds).splitlines()[-1])
        if report["failed"]:
            raise RuntimeError(f"{report['failed']} of {report['requests']} failed: {report['why']}")
        return report["requests"], report["requests"] / report["seconds"], report["p50"] / 1000, report["p99"] / 1000

    return shoot
