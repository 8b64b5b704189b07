"""The gateway's faces beside Envoy's, and both beside the bare server that they stand before."""

import load
import peers
import processes
import report
import stage
from load import Target


def rest(hall, pace):
    """JSON: one record, and a list of 20."""
    if not (peers.has("wrk") and peers.has("h2load")):
        return
    it = stage.Stage(hall)
    envoy, ports = it.envoy()
    one, one_url, one_name = stage.all_in_one(hall, it.bare_port, it.keys)
    for what, path, rpc, message in (
        ("one record", "/v1/{name}", stage.GET, load.get_request(it.name)),
        (f"a list of {stage.PAGE}", f"/v1/opportunities?pageSize={stage.PAGE}", stage.LIST, load.list_request(stage.PAGE)),
    ):
        here = path.format(name=it.name)
        targets = {
            "bare": Target("bare tonic, gRPC", load.grpc(hall.folder, it.bare_port, rpc, message), [it.bare]),
            "ours": Target("gateway, before bare tonic", load.rest(it.url_to_bare + here, it.token), [it.gateway_to_bare], [it.bare]),
            "two": Target("gateway and service", load.rest(it.url + here, it.token), [it.gateway], [it.services["investment"]]),
            "one": Target("all in one process", load.rest(one_url + path.format(name=one_name), it.token), [one]),
        }
        if envoy:
            urls = {name: f"http://127.0.0.1:{port}{here}" for name, (port, _) in ports.items()}
            targets["envoy"] = Target("Envoy, before bare tonic", load.rest(urls["bare"]), [envoy], [it.bare])
            targets["envoy two"] = Target("Envoy and service", load.rest(urls["service"]), [envoy], [it.services["investment"]])
        processes.say(f"REST, {what}")
        load.rotate(list(targets.values()), pace)
        tell_rest(what, targets, single=rpc == stage.GET)
    hall.clear()


def tell_rest(what, targets, single):
    rate = {name: target.rate() for name, target in targets.items()}
    report.title(f"REST/JSON, {what}")
    if "envoy" in targets:
        least = report.at_least(2.5 if single else 4)
        report.row("gateway : Envoy, both before bare tonic", rate["ours"] / rate["envoy"], least)
        report.row("gateway : Envoy, both before our service", rate["two"] / rate["envoy two"], None)
    report.row("gateway : bare tonic", rate["ours"] / rate["bare"], report.at_least(0.70) if single else None)
    if "envoy" in targets:
        report.row("Envoy : bare tonic", rate["envoy"] / rate["bare"])
    report.row("all in one : gateway and service", rate["one"] / rate["two"], report.at_least(1.5) if single else None)
    report.row("all in one : bare tonic", rate["one"] / rate["bare"], report.at_least(1.0) if single else None)
    for name, target in targets.items():
        goal = report.at_most(40, " µs") if name == "ours" and single else None
        report.row(f"CPU a request: {target.name} ({target.own[0]})", target.cpu(target.own), goal, " µs")
        if target.others:
            report.row(f"CPU a request: {target.name} (with {target.others[0]})", target.cpu([*target.own, *target.others]), None, " µs")


def grpc(hall, pace):
    """gRPC passed through, and gRPC-Web."""
    if not (peers.has("wrk") and peers.has("h2load")):
        return
    it = stage.Stage(hall)
    envoy, ports = it.envoy()
    message = load.get_request(it.name)

    def through(name, port, own, bearer=None):
        return Target(name, load.grpc(hall.folder, port, stage.GET, message, bearer), own, [it.bare] if own != [it.bare] else [])

    port = int(it.url_to_bare.rsplit(":", 1)[1])
    targets = {
        "bare": through("bare tonic", it.bare_port, [it.bare]),
        "ours": through("gateway, gRPC", port, [it.gateway_to_bare], it.token),
    }
    script = hall.folder / "web.lua"
    body = "".join(f"\\{byte:03d}" for byte in load.frame(message))
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = "{body}"\nwrk.headers["Content-Type"] = "application/grpc-web+proto"\n'
    )
    web = load.rest(it.url_to_bare + stage.GET, it.token, script)
    targets["web"] = Target("gateway, gRPC-Web", web, [it.gateway_to_bare], [it.bare])
    if envoy:
        targets["envoy"] = through("Envoy, gRPC", ports["bare"][1], [envoy])
    processes.say("gRPC")
    load.rotate(list(targets.values()), pace)
    rate = {name: target.rate() for name, target in targets.items()}
    report.title("gRPC and gRPC-Web, one record, before bare tonic")
    if envoy:
        report.row("gateway, gRPC : Envoy, gRPC", rate["ours"] / rate["envoy"], report.at_least(1.0))
        report.row("gateway, gRPC-Web : Envoy, gRPC", rate["web"] / rate["envoy"], report.at_least(1.0))
        report.row("Envoy, gRPC : bare tonic", rate["envoy"] / rate["bare"])
    report.row("gateway, gRPC : bare tonic", rate["ours"] / rate["bare"])
    for name, target in targets.items():
        goal = report.at_most(59, " µs") if name in ("ours", "web") else None
        report.row(f"CPU a request: {target.name}", target.cpu(target.own), goal, " µs")
    hall.clear()


def paced(hall, pace):
    """At 30 % of what the slower of both can: what each adds to the tail."""
    if not peers.has("wrk"):
        return
    it = stage.Stage(hall)
    envoy, ports = it.envoy()
    if not envoy:
        return hall.clear()
    urls = {"gateway": it.url_to_bare, "Envoy": f"http://127.0.0.1:{ports['bare'][0]}"}
    capacity = min(load.rest(f"{url}/v1/{it.name}", it.token)(pace.seconds)[1] for url in urls.values())
    rate = round(0.3 * capacity)

    def words(*address):
        return ["paced", *address, "--name", it.name, "--token", it.token, "--rate", rate]

    bare = Target("bare tonic, gRPC", load.client(words("--grpc", f"http://127.0.0.1:{it.bare_port}")), [it.bare])
    ours = Target("gateway", load.client(words("--rest", urls["gateway"])), [it.gateway_to_bare], [it.bare])
    theirs = Target("Envoy", load.client(words("--rest", urls["Envoy"])), [envoy], [it.bare])
    processes.say(f"at {rate} requests a second")
    load.rotate([bare, ours, theirs], pace)
    report.title("REST/JSON at 30 % of the slower one's capacity, open loop")
    added = [target.p99() - bare.p99() for target in (ours, theirs)]
    report.row("p99 that the gateway adds : p99 that Envoy adds", added[0] / max(added[1], 0.001), report.at_most(0.5))
    for target in (bare, ours, theirs):
        report.row(f"p50 of {target.name}", target.p50(), None, " ms")
        report.row(f"p99 of {target.name}", target.p99(), None, " ms")
        report.row(f"CPU a request: {target.name}", target.cpu(target.own), None, " µs")
    hall.clear()
