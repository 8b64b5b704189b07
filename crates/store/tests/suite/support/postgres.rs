//! Throw-away PostgreSQL clusters. A cluster ends with the process that started it, however that ends: a shell waits
//! for the end of its standard input, which this process holds open.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static SHARED: LazyLock<Option<Cluster>> = LazyLock::new(Cluster::start);

/// A running cluster.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    keeper: Child,
    _input: std::process::ChildStdin,
}

impl Cluster {
    /// The one that tests share; `None` where PostgreSQL is not installed, unless it is a must.
    pub fn shared() -> Option<&'static Cluster> {
        SHARED.as_ref()
    }

    /// One of its own, for a test that stops it.
    pub fn start() -> Option<Cluster> {
        let Some(programs) = programs() else {
            assert!(setting("NGKT_REQUIRE_POSTGRES") != "1", "PostgreSQL is a must, and no initdb was found");
            eprintln!("skipped: no initdb in PG_BIN, /usr/lib/postgresql/*/bin or PATH");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("store-pg-").tempdir().unwrap().keep();
        if let Some((user, group)) = unprivileged() {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
        }
        let data = folder.join("data");
        let options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"];
        run(command(&programs.join("initdb")).args(options).arg(&data));
        let script = r#"cat >/dev/null; "$0" stop -m immediate -D "$1/data" >/dev/null 2>&1; rm -rf "$1""#;
        let mut keeper = command(Path::new("sh"))
            .args(["-c", script])
            .args([&programs.join("pg_ctl"), &folder])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let input = keeper.stdin.take().unwrap();
        let cluster = Cluster { programs, folder, keeper, _input: input };
        cluster.go();
        Some(cluster)
    }

    /// Starts the server, and waits until it answers.
    pub fn go(&self) {
        let options = format!(
            "-k {} -c listen_addresses= -c max_connections=300 -c fsync=off -c autovacuum=off",
            self.folder.display()
        );
        self.control(&["start", "-w", "-s", "-o", &options, "-l", &self.folder.join("log").display().to_string()]);
    }

    /// Stops the server at once, as a crash does.
    pub fn crash(&self) {
        self.control(&["stop", "-s", "-m", "immediate"]);
    }

    fn control(&self, what: &[&str]) {
        run(command(&self.programs.join("pg_ctl")).args(what).arg("-D").arg(self.folder.join("data")));
    }

    /// The URL of a new, empty database.
    pub fn create(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://postgres@localhost/{name}?host={}", self.folder.display())
    }

    /// Runs statements and gives what psql prints.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let psql = self.programs.join("psql");
        let options = ["-qAtX", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", self.folder.to_str().unwrap(), "-d"];
        run(Command::new(psql).args(options).args([database, "-c", statements]))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.control(&["stop", "-s", "-m", "immediate"]);
        let end = Instant::now() + Duration::from_secs(5);
        let _ = self.keeper.kill();
        while self.keeper.try_wait().unwrap().is_none() && Instant::now() < end {
            std::thread::yield_now();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[allow(clippy::disallowed_methods)] // where programs are, is a matter of the machine that tests
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = vec![setting("PG_BIN").into()];
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.extend(std::env::split_paths(&setting("PATH")));
    folders.into_iter().find(|folder| folder.join("initdb").is_file())
}

/// Somebody to run the server as, if this is root: the server refuses to run as root.
fn unprivileged() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| run(Command::new("id").args(arguments)).trim().parse::<u32>().unwrap();
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = unprivileged() {
        command.uid(user).gid(group).current_dir("/");
    }
    command
}

fn run(command: &mut Command) -> String {
    // Not by pipes: a server that is started keeps them open.
    let (out, log) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let (told, complained) = (out.try_clone().unwrap(), log.try_clone().unwrap());
    let status = command.stdin(Stdio::null()).stdout(told).stderr(complained).status().unwrap();
    assert!(status.success(), "{command:?}: {}", read(log));
    read(out)
}

fn read(mut file: std::fs::File) -> String {
    use std::io::{Read, Seek};
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}
