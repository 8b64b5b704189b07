"""Reads and writes of a service, beside the bare server and beside pgbench with the very statements of ours."""

import re

import load
import peers
import processes
import report
import stage
from load import Target

# Of the writers; pgbench has as many.
WRITERS = 32
SQLITE_WRITERS = 64


def reads(hall, pace):
    """By name, from PostgreSQL, through everything that a service has."""
    if not (peers.Postgres.is_here() and peers.has("h2load")):
        return
    server = peers.Postgres(hall)
    database = databases(server, "registry", "investment")
    it = stage.Stage(hall, database)
    bare_port = processes.free_port()
    serve = ["serve", "--listen", f"127.0.0.1:{bare_port}", "--file", it.file]
    reader = hall.start("bare-reader", [processes.PEER, *serve, "--database", server.url("investment")])
    processes.wait_for("it listens", processes.listens(bare_port))
    message = load.get_request(it.name)

    def target(name, port, own, others, bearer=None):
        return Target(name, load.grpc(hall.folder, port, stage.GET, message, bearer), own, others)

    memory = target("bare tonic, from memory", it.bare_port, [it.bare], [])
    bare = target("bare tonic, one statement", bare_port, [reader], [server])
    ours = target("service", it.ports["investment"], [it.services["investment"]], [server], it.inside)
    processes.say("reads")
    load.rotate([memory, bare, ours], pace)
    report.title("Reads by name on PostgreSQL, gRPC")
    report.row("service : bare tonic with one statement", ours.rate() / bare.rate(), report.at_least(0.65))
    report.row("service : bare tonic from memory", ours.rate() / memory.rate())
    for one in (memory, bare, ours):
        report.row(f"CPU a request: {one.name}", one.cpu(one.own), None, " µs")
    for one in (bare, ours):
        report.row(f"CPU a request: {one.name} (PostgreSQL)", one.cpu([server]), None, " µs")
    hall.clear()


def writes(hall, pace):
    """New records on PostgreSQL with fsync: row, words, change record and idempotency record."""
    if not peers.Postgres.is_here():
        return
    server, registry, token, port = service(hall, True)
    script = statements(hall, server, token, port)
    server.sql("postgres", "CREATE DATABASE pgbench TEMPLATE template0")
    copy_schema(server, "pgbench")
    ours = Target("service", load.client(writing(port, token, WRITERS)), [registry], [server])
    theirs = Target("pgbench", pgbench(server, "pgbench", script), [server])
    processes.say("writes")
    load.rotate([ours, theirs], pace)
    report.title(f"Writes on PostgreSQL, fsync on, {WRITERS} clients")
    report.row("service : pgbench, the same statements", ours.rate() / theirs.rate(), report.at_least(0.85))
    report.row("p99: service : pgbench", ours.p99() / theirs.p99(), report.at_most(1.5))
    report.row("CPU a write: service", ours.cpu([registry]), None, " µs")
    report.row("CPU a write: PostgreSQL, below the service", ours.cpu([server]), None, " µs")
    report.row("CPU a write: PostgreSQL, below pgbench", theirs.cpu([server]), None, " µs")
    hall.clear()


def feed(hall, pace):
    """What the order of the change log costs: the same statements on the same tables without it."""
    if not peers.Postgres.is_here():
        return
    server, _, token, port = service(hall, True)
    script = statements(hall, server, token, port)
    for database in ("ordered", "naive"):
        server.sql("postgres", f"CREATE DATABASE {database} TEMPLATE template0")
        copy_schema(server, database)
    # What is left is the primary key, by which a naive feed would read.
    server.sql("naive", "ALTER TABLE change DROP COLUMN xid")
    ordered = Target("ordered", pgbench(server, "ordered", script), [server])
    naive = Target("naive", pgbench(server, "naive", script), [server])
    processes.say("feed order")
    load.rotate([ordered, naive], pace)
    report.title("Order of the change log on PostgreSQL, pgbench")
    report.row("cost of the order", (1 - ordered.rate() / naive.rate()) * 100, report.at_most(15, " %"), " %")
    for one in (ordered, naive):
        report.row(f"CPU a write: {one.name}", one.cpu([server]), None, " µs")
    hall.clear()


def sqlite(hall, pace):
    """New records on SQLite, durable when they are answered: many share a commit."""
    _, registry, token, port = service(hall, False)
    targets = {n: Target(f"{n} clients", load.client(writing(port, token, n)), [registry]) for n in (1, SQLITE_WRITERS)}
    processes.say("writes on SQLite")
    load.rotate(list(targets.values()), pace)
    many, one = targets[SQLITE_WRITERS], targets[1]
    report.title("Writes on SQLite, synchronous = FULL")
    report.row(f"writes a second, {many.name}", many.rate(), report.at_least(10_000))
    report.row(f"{many.name} : one", many.rate() / one.rate())
    report.row(f"CPU a write, {many.name}", many.cpu([registry]), None, " µs")
    report.row(f"p99, {many.name}", many.p99(), None, " ms")
    hall.clear()


def databases(server, *names):
    """Empty databases, and the settings that lead to them."""
    for name in names:
        server.sql("postgres", f"CREATE DATABASE {name}")
    # Two of three connections are for requests: as many as there are writers.
    most = {f"NGKT__{name.upper()}__DATABASE__CONNECTIONS_MAX": str(WRITERS * 3 // 2) for name in names}
    return {**most, **{f"NGKT__{name.upper()}__DATABASE__URL": server.url(name) for name in names}}


def service(hall, on_postgres):
    """The registry, alone: PostgreSQL if it is on it, the process, a token that it takes, its port."""
    server = peers.Postgres(hall) if on_postgres else None
    database = databases(server, "registry") if server else {}
    keys, data, ports, metrics = hall.folder / "keys", hall.folder / "data", processes.addresses(), processes.free_port()
    environment = {**processes.settings(ports, keys, metrics), **database}
    registry = hall.ngkt("registry", ["serve", "registry"], environment, data)
    # The bare server stands where investment would be: it takes the metrics, and sees the token that the gateway makes.
    record, seen, port = hall.folder / "empty.bin", hall.folder / "seen", processes.free_port()
    record.write_bytes(b"")
    serve = ["serve", "--listen", f"127.0.0.1:{metrics}", "--file", record, "--seen", seen]
    hall.start("bare", [processes.PEER, *serve])
    gateway = {**environment, "NGKT__GATEWAY__LISTEN": f"127.0.0.1:{port}"}
    gateway["NGKT__INVESTMENT__URL"] = f"http://127.0.0.1:{metrics}"
    hall.ngkt("gateway", ["serve", "gateway"], gateway, data)
    for waited in (ports["registry"], metrics, port):
        processes.wait_for("all listen", processes.listens(waited))
    outside = processes.token(keys, data)

    def inside():
        processes.call(f"http://127.0.0.1:{port}/v1/opportunities/x", outside)
        return seen.read_text().removeprefix("Bearer ")

    return server, registry, inside, ports["registry"]


SERIES = iter(range(10**6))


def writing(port, token, clients):
    def words(_):
        to = ["write", "--to", f"http://127.0.0.1:{port}", "--token", token(), "--clients", clients]
        return [*to, "--series", f"s{next(SERIES)}"]

    return words


def statements(hall, server, token, port):
    """What one write sends to PostgreSQL, taken from its log, as a script for pgbench that adds another record each time."""
    settings = {"log_statement": "all", "log_line_prefix": "%p|"}
    for name, value in settings.items():
        server.sql("postgres", f"ALTER SYSTEM SET {name} = '{value}'")
    server.sql("postgres", "SELECT pg_reload_conf()")
    log = server.folder / "log"
    processes.wait_for("it logs", lambda: server.sql("postgres", "SHOW log_statement").strip() == "all")
    words = ["write", "--to", f"http://127.0.0.1:{port}", "--token", token(), "--clients", 1, "--series", "sample"]
    load.run([processes.PEER, *words, "--seconds", 1], 5)
    for name in settings:
        server.sql("postgres", f"ALTER SYSTEM RESET {name}")
    server.sql("postgres", "SELECT pg_reload_conf()")
    found = transaction(log.read_text(errors="replace"), "sample-0000000-000")
    script = hall.folder / "write.sql"
    text = "\n".join(found)
    kept = ["theme", "change", "idempotency", "word"]
    missing = [table for table in kept if not re.search(rf'INSERT INTO "?{table}"?\b', text)]
    if missing:
        raise RuntimeError(f"a write that does not insert into {missing}: {text[:2000]}")
    script.write_text("\\set i :i + 1\n\\set n :i * 1000 + :client_id\n" + text + "\n")
    return script


LOGGED = re.compile(r"^(\d+)\|LOG:  (?:execute [^:]+|statement): (.*)\n\1\|DETAIL:  parameters: (.*)$", re.M)
PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")


def transaction(log, record):
    """The one statement that writes `record`, with its values in it. A write of ours is no more than that."""
    for match in LOGGED.finditer(log):
        process, sql, parameters = match.groups()
        if f"'{record}'" in parameters and "INSERT INTO" in sql:
            before = [line for line in log[: match.start()].splitlines() if line.startswith(f"{process}|LOG")]
            if before and "BEGIN" in before[-1]:
                raise RuntimeError("a write has become several statements: this benchmark takes one")
            values = {int(number): value for number, value in PARAMETER.findall(parameters)}
            return [fill(sql, values, record) + ";"]
    raise RuntimeError(f"the log has no statement that writes {record}")


def fill(sql, values, record):
    """A statement with its values, of which those that must differ from one record to the next do."""
    scope = re.search(r'INSERT INTO "?idempotency"? \([^)]*\) VALUES \(\$(\d+)', sql)
    scope = int(scope[1]) if scope else None

    def literal(match):
        number = int(match[1])
        if number == scope:
            return "sha256((:n)::text::bytea)"
        value = values[number]
        if value == "NULL":
            return value
        # pgbench takes a colon for the beginning of a variable.
        parts = [part.replace("\\", "\\\\").replace(":", "\\x3a") for part in value[1:-1].split(record)]
        return "(" + " || :n || ".join(f"E'{part}'" for part in parts) + ")" if len(parts) > 1 else f"E'{parts[0]}'"

    filled = re.sub(r"\$(\d+)", literal, sql)
    return re.sub(r"(?<!:):(?![:n])", "\\:", filled)


def pgbench(server, database, script):
    """pgbench with as many clients, on prepared statements."""

    def shoot(seconds):
        words = ["pgbench", "-n", "-M", "prepared", "-c", WRITERS, "-j", "1", "-T", max(1, round(seconds))]
        transactions = server.folder.parent / "pgbench"
        transactions.mkdir(exist_ok=True)
        for old in transactions.glob("*"):
            old.unlink()
        # Names rise with time, and none comes twice.
        words += ["-D", f"i={10**9 + next(SERIES) * 10**6}", "-f", script, "--log", f"--log-prefix={transactions}/log", server.url(database)]
        out = load.run(words, seconds)
        count = int(re.search(r"number of transactions actually processed: (\d+)", out)[1])
        failed = re.search(r"number of failed transactions: (\d+)", out)
        if (failed and int(failed[1])) or "ERROR" in out:
            raise RuntimeError(out)
        rate = float(re.search(r"tps = ([\d.]+)", out)[1])
        took = sorted(int(line.split()[2]) for file in transactions.glob("log*") for line in file.read_text().splitlines())
        return count, rate, took[len(took) // 2] / 1000, took[int(len(took) * 0.99)] / 1000

    return shoot


def copy_schema(server, database):
    """The registry's tables, empty, in another database."""
    programs = server.programs
    dump = load.run([programs / "pg_dump", "--schema-only", "--no-owner", server.url("registry")], 30)
    file = server.folder.parent / "schema.sql"
    file.write_text(dump)
    load.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", file, server.url(database)], 30)
