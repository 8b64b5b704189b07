"""A platform with records in it, as the benchmarks need it: each role in a process of its own, or all in one."""

import load
import peers
import processes

SERVICE = "ngkt.investment.v1.OpportunityService"
GET = f"/{SERVICE}/GetOpportunity"
LIST = f"/{SERVICE}/ListOpportunities"
PAGE = 20

# About 0.9 KB in protobuf and 1.3 KB in JSON.
RECORD = {
    "title": "Tổ hợp sản xuất linh kiện bán dẫn và trung tâm thử nghiệm tại khu công nghiệp Yên Phong",
    "summary": "Địa phương dành 42 ha đất sạch, điện 110 kV hai nguồn, nước công nghiệp và đường nối cao tốc; "
    "miễn tiền thuê đất 11 năm và hỗ trợ đào tạo 1.200 kỹ sư cùng ba trường đại học.",
    "translations": [
        {
            "language": "en",
            "title": "Semiconductor components and a test centre in Yên Phong industrial park",
            "summary": "42 ha of cleared land, two 110 kV sources, industrial water and a motorway link; no land rent for 11 years.",
        },
        {"language": "ko", "title": "옌퐁 산업단지 반도체 부품 생산 및 시험 센터"},
    ],
    "sectors": ["VSIC2025/C", "VSIC2025/N"],
    "capitalMinMusd": 120,
    "capitalMaxMusd": 450.5,
    "status": "OPEN",
    "validFrom": "2026-01-01",
    "validTo": "2028-12-31",
    "source": {"citation": "Danh mục dự án kêu gọi đầu tư 2026", "confidence": "chính thức"},
    "audience": {"circle": "PUBLIC"},
}


class Stage:
    """Registry and investment in processes of their own, a gateway before them, a bare server with the same record, and
    a gateway before that. What is not needed is not started."""

    def __init__(self, hall, database=None):
        self.hall, self.database = hall, database or {}
        self.keys, self.data = hall.folder / "keys", hall.folder / "data"
        self.ports = processes.addresses()
        self.bare_port = processes.free_port()
        self.settings = processes.settings(self.ports, self.keys, self.bare_port)
        self.token = processes.token(self.keys, self.data)
        self.services = {}
        for role in ("registry", "investment"):
            environment = {**self.settings, **self.database}
            self.services[role] = hall.ngkt(role, ["serve", role], environment, self.data)
        self.gateway, self.url = self.start_gateway("gateway", {})
        for role in ("registry", "investment"):
            processes.wait_for(f"{role} listens", processes.listens(self.ports[role]))
        self.name = add_records(self.url, self.token)
        self.file = hall.folder / "record.bin"
        fetch = ["fetch", "--from", self.url, "--name", self.name, "--token", self.token, "--file", self.file]
        load.run([processes.PEER, *fetch], 10)
        self.seen = hall.folder / "seen"
        serve = ["serve", "--listen", f"127.0.0.1:{self.bare_port}", "--file", self.file, "--seen", self.seen]
        self.bare = hall.start("bare", [processes.PEER, *serve])
        processes.wait_for("the bare server listens", processes.listens(self.bare_port))
        bare = {"NGKT__INVESTMENT__URL": f"http://127.0.0.1:{self.bare_port}"}
        self.gateway_to_bare, self.url_to_bare = self.start_gateway("gateway-to-bare", bare)

    def start_gateway(self, name, changes):
        port = processes.free_port()
        listen = {"NGKT__GATEWAY__LISTEN": f"127.0.0.1:{port}"}
        process = self.hall.ngkt(name, ["serve", "gateway"], {**self.settings, **listen, **changes}, self.data)
        processes.wait_for(f"{name} listens", processes.listens(port))
        return process, f"http://127.0.0.1:{port}"

    def inside(self):
        """A token that services take, fresh enough for a turn: what the gateway shows the bare server."""
        status, _ = processes.call(f"{self.url_to_bare}/v1/{self.name}", self.token)
        assert status == 200, status
        return self.seen.read_text().removeprefix("Bearer ")

    def envoy(self):
        """Envoy before the service and before the bare server: the process, and its REST and gRPC ports for each."""
        backends = {"service": self.ports["investment"], "bare": self.bare_port}
        return peers.start_envoy(self.hall, SERVICE, backends)


def all_in_one(hall, metrics, keys):
    """The whole platform in one process: the process, its address, and a record's name in it."""
    port, data = processes.free_port(), hall.folder / "all"
    environment = processes.settings({}, keys, metrics)
    environment["NGKT__GATEWAY__LISTEN"] = f"127.0.0.1:{port}"
    process = hall.ngkt("all-in-one", ["up"], environment, data)
    url = f"http://127.0.0.1:{port}"
    processes.wait_for("the platform listens", processes.listens(port))
    return process, url, add_records(url, processes.token(keys, data))


def add_records(url, token):
    """Adds a page of records; answers the name of one."""

    def added():
        # Investment may not know the registry's localities yet.
        status, body = processes.call(f"{url}/v1/opportunities", token, {**RECORD, "locality": "localities/bac-ninh"})
        added.last = body
        return body["name"] if status == 200 else None

    try:
        name = processes.wait_for("a record can be added", added)
    except RuntimeError as error:
        raise RuntimeError(f"{error}: {added.last}") from None
    for _ in range(PAGE - 1):
        assert added()
    return name
