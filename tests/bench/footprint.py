"""What an idle process takes, how large the program is, how soon it is ready."""

import time

import processes
import report

# Everything of the start has settled by then.
IDLE_SECONDS = 5


def run(hall, pace):
    report.title("Footprint")
    report.row("program", processes.NGKT.stat().st_size / 2**20, None, " MiB")
    for again in (False, True):
        data = hall.folder / "all"
        port = processes.free_port()
        environment = {"NGKT__GATEWAY__LISTEN": f"127.0.0.1:{port}"}
        process = hall.ngkt("all-in-one", ["up"], environment, data)
        ready(port)
        took = time.monotonic() - process.began
        report.row(f"all in one: ready, {'again' if again else 'at the first start'}", took, None, " s")
        if again:
            time.sleep(IDLE_SECONDS)
            report.row("all in one: idle memory", process.memory(), None, " MiB")
            before, begin = process.cpu(), time.monotonic()
            time.sleep(IDLE_SECONDS)
            share = (process.cpu() - before) / (time.monotonic() - begin)
            report.row("all in one: CPU when idle", share * 100, None, " % of a core")
        hall.clear()
    keys, data, ports = hall.folder / "keys", hall.folder / "data", processes.addresses()
    port = processes.free_port()
    environment = processes.settings(ports, keys, None)
    environment["NGKT__GATEWAY__LISTEN"] = f"127.0.0.1:{port}"
    roles = {role: hall.ngkt(role, ["serve", role], environment, data) for role in (*processes.SERVICES, "gateway")}
    ready(port)
    time.sleep(IDLE_SECONDS)
    for role, process in roles.items():
        report.row(f"{role} alone: idle memory", process.memory(), None, " MiB")
    hall.clear()


def ready(port):
    processes.wait_for("it is ready", lambda: processes.call(f"http://127.0.0.1:{port}/readyz")[0] == 200)
