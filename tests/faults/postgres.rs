//! A PostgreSQL cluster of the run's own, flushing to the disk as in earnest, on a volume that can be filled and slowed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::bed::{Bed, shell, told};
use crate::volume::Volume;

pub struct Cluster {
    programs: PathBuf,
    data: PathBuf,
    pub volume: Volume,
    pub address: SocketAddr,
    server: Option<Child>,
}

/// How the server is told to stop.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// At once, without writing anything down: it recovers from its log.
    Immediate,
    /// Connections are cut and everything is written down.
    Fast,
}

impl Cluster {
    pub fn start(bed: &Bed, services: &[&str]) -> Result<Cluster, String> {
        let programs = programs().ok_or("no initdb in /usr/lib/postgresql/*/bin or PATH")?;
        let volume = Volume::make(bed, "postgres", 1_500)?;
        let data = volume.folder.join("data");
        if bed.is_root {
            shell(&format!("chown postgres {}", volume.folder.display()))?;
        }
        let mut initdb = bed.command("postgres", Some("postgres"), &programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]).arg(&data);
        let output = initdb.output().map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let access = "host all all 127.0.0.1/32 trust\nhost all all 10.77.0.0/24 trust\nlocal all all trust\n";
        std::fs::write(data.join("pg_hba.conf"), access).map_err(|e| e.to_string())?;
        let address = bed.address("postgres", 5432);
        let mut cluster = Cluster { programs, data, volume, address, server: None };
        cluster.begin(bed);
        cluster.until_it_accepts(Duration::from_secs(30))?;
        for service in services {
            cluster.sql("postgres", &format!("CREATE DATABASE {service}"))?;
        }
        Ok(cluster)
    }

    /// Starts the server.
    pub fn begin(&mut self, bed: &Bed) {
        let log = std::fs::File::options().create(true).append(true).open(bed.folder.join("postgres.log"));
        let mut command = bed.command("postgres", Some("postgres"), &self.programs.join("postgres"));
        command.arg("-D").arg(&self.data).args(["-p", &self.address.port().to_string()]);
        command.args(["-k", "", "-c", &format!("listen_addresses={}", self.address.ip())]);
        command.args(["-c", "max_connections=300", "-c", "wal_recycle=off", "-c", "wal_init_zero=off"]);
        // After a crash the volume is flushed as a whole, not file by file.
        command.args(["-c", "recovery_init_sync_method=syncfs", "-c", "log_min_error_statement=panic"]);
        command.args(["-c", "min_wal_size=32MB", "-c", "max_wal_size=256MB"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log can be written"));
        self.server = Some(command.spawn().expect("the server starts"));
    }

    /// Tells the server to stop and waits until it has.
    pub fn stop(&mut self, how: Stop) {
        let signal = match how {
            Stop::Immediate => "-QUIT",
            Stop::Fast => "-INT",
        };
        if let Some(mut server) = self.server.take() {
            let _ = told("kill", &[signal, &server.id().to_string()]);
            let _ = server.wait();
        }
    }

    /// Whether the server's process runs; it ends by itself when it cannot write its log.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| matches!(server.try_wait(), Ok(None)))
    }

    pub fn pid(&self) -> u32 {
        self.server.as_ref().map_or(0, Child::id)
    }

    pub fn until_it_accepts(&self, time: Duration) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            match self.sql("postgres", "SELECT 1") {
                Ok(_) => return Ok(()),
                Err(why) if begin.elapsed() > time => return Err(format!("PostgreSQL does not accept: {why}")),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    pub fn url(&self, service: &str) -> String {
        format!("postgres://postgres@{}/{service}", self.address)
    }

    /// Runs a statement and gives what psql prints, unaligned.
    pub fn sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let psql = self.programs.join("psql").display().to_string();
        let url = format!("{}?connect_timeout=3", self.url(database));
        told(&psql, &["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", statement])
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("initdb").is_file())
}
