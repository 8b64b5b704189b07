//! One throw-away PostgreSQL cluster for a run of the suite, where the server's programs are installed.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::{keeper, setting};

static CLUSTER: LazyLock<Option<Cluster>> = LazyLock::new(Cluster::start);

/// A running cluster; every world makes databases of its own in it.
pub struct Cluster {
    programs: PathBuf,
    port: u16,
}

/// The cluster of this run. None, after saying so once, where PostgreSQL is not installed; NGKT_REQUIRE_POSTGRES=1
/// makes that a failure.
pub fn cluster() -> Option<&'static Cluster> {
    let cluster = CLUSTER.as_ref();
    let required = setting("NGKT_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
    assert!(cluster.is_some() || !required, "NGKT_REQUIRE_POSTGRES=1, and no initdb was found");
    cluster
}

impl Cluster {
    fn start() -> Option<Cluster> {
        let Some(programs) = programs() else {
            let _ = writeln!(
                std::io::stderr(),
                "skipped on PostgreSQL: no initdb in PG_BIN, /usr/lib/postgresql/*/bin or PATH"
            );
            return None;
        };
        let folder = tempfile::Builder::new().prefix("ngkt-postgres-").tempdir().expect("a temporary folder").keep();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let data = folder.join("data");
        let initdb = programs.join("initdb");
        run(as_postgres(&initdb)
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg(&data));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        // What is tested is that services survive, not the disk: no flushing, so that hundreds of worlds fit in minutes.
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=off -c full_page_writes=off",
            folder.display()
        );
        let log = folder.join("log");
        run(as_postgres(&programs.join("pg_ctl"))
            .args(["start", "--wait", "--silent", "-o", &options, "-l"])
            .arg(&log)
            .arg("-D")
            .arg(&data));
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).expect("a running server writes its number");
        keeper::kill_at_end(pid.lines().next().and_then(|line| line.parse().ok()).expect("a process number"));
        keeper::remove_at_end(&folder);
        Some(Cluster { programs, port })
    }

    /// Makes an empty database and gives its URL.
    pub fn create_database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url(name)
    }

    /// Makes a copy of a closed database under another name and gives its URL.
    pub fn copy_database(&self, from: &str, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{from}\""));
        self.url(name)
    }

    /// Lets nobody into a database any more, and throws out whoever is connected.
    pub fn close_database(&self, name: &str) {
        self.sql("postgres", &format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false"));
        let who = format!("FROM pg_stat_activity WHERE datname = '{name}'");
        self.sql("postgres", &format!("SELECT pg_terminate_backend(pid, 5000) {who}"));
    }

    /// The URL of a database of this cluster.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// Drops a database, and throws out whoever is connected.
    pub fn drop_database(&self, name: &str) {
        self.sql("postgres", &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
    }

    /// Runs one statement in a database and gives what psql prints, unaligned.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let url = self.url(database);
        let mut psql = Command::new(self.programs.join("psql"));
        run(psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", statement]))
    }
}

/// Where the server's programs are.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = setting("PG_BIN").map(PathBuf::from).into_iter().collect();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.extend(std::env::split_paths(&setting("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("initdb").is_file())
}

/// A command that does not run as root, because the server refuses to.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program).current_dir("/");
    command
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// Runs to the end, gives what was printed, and fails with what was complained.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
