//! What a run stands on: a folder, network namespaces, and the list of everything that has to be undone at the end.
//!
//! Each role and PostgreSQL have a network namespace of their own, joined by a bridge, so that the way between two of
//! them can be cut without anybody's noticing but them. Where that is not allowed, all of them share the loopback
//! interface, and the faults that need a network are skipped.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Those that have a namespace of their own.
pub const PLACES: [&str; 6] = ["gateway", "registry", "investment", "events", "notification", "postgres"];

const BRIDGE: &str = "ngktfault";
const NETWORK: [u8; 3] = [10, 77, 0];

/// The list of what has to be undone, one shell command a line, in the folder of the run. `run` works it off as well,
/// should this process not come to it.
const UNDO: &str = "undo";

pub struct Bed {
    pub folder: PathBuf,
    /// The platform's program.
    pub binary: String,
    pub has_network: bool,
    pub is_root: bool,
    undo: Mutex<std::fs::File>,
}

impl Bed {
    pub fn prepare(folder: PathBuf, binary: String) -> Bed {
        std::fs::create_dir_all(&folder).expect("the folder of the run can be made");
        let undo =
            std::fs::File::options().create(true).append(true).open(folder.join(UNDO)).expect("a list of undoing");
        let is_root = told("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
        let mut bed = Bed { folder, binary, has_network: false, is_root, undo: Mutex::new(undo) };
        bed.has_network =
            is_root && bed.lay_network().inspect_err(|why| eprintln!("no network namespaces: {why}")).is_ok();
        bed
    }

    /// Says how to undo what is about to be done. The last is undone first.
    pub fn undo_by(&self, command: &str) {
        let mut undo = self.undo.lock().expect("no holder panics");
        writeln!(undo, "{command}").expect("the list of undoing can be written");
    }

    fn lay_network(&self) -> Result<(), String> {
        self.undo_by(&format!("ip link del {BRIDGE}"));
        shell(&format!(
            "ip link add {BRIDGE} type bridge && ip addr add {}/24 dev {BRIDGE} && ip link set {BRIDGE} up",
            self.bridge()
        ))?;
        for place in PLACES {
            let (space, address) = (space(place), own_address(place));
            let wire = format!("ngktf{}", address.octets()[3]);
            self.undo_by(&format!("ip netns pids {space} | xargs -r kill -9; sleep 0.1; ip netns del {space}"));
            shell(&format!(
                "ip netns add {space} && ip link add {wire} type veth peer name eth0 netns {space} && \
                 ip link set {wire} master {BRIDGE} up && \
                 ip netns exec {space} sh -c 'ip addr add {address}/24 dev eth0 && ip link set eth0 up && ip link set lo up'"
            ))?;
        }
        // Packets between the namespaces are the bridge's business and nobody else's.
        let _ = std::fs::write("/proc/sys/net/bridge/bridge-nf-call-iptables", "0");
        shell(&format!("ip netns exec {} iptables -L -n", space("gateway"))).map(drop)
    }

    fn bridge(&self) -> Ipv4Addr {
        Ipv4Addr::new(NETWORK[0], NETWORK[1], NETWORK[2], 1)
    }

    /// The address of this process, as the roles see it.
    pub fn here(&self) -> IpAddr {
        if self.has_network { self.bridge().into() } else { Ipv4Addr::LOCALHOST.into() }
    }

    /// An address for a server of this place that nobody uses.
    pub fn address(&self, place: &str, port: u16) -> SocketAddr {
        match self.has_network {
            true => SocketAddr::new(own_address(place).into(), port),
            false => free_port(),
        }
    }

    /// Where webhooks may go to, as a setting.
    pub fn network(&self) -> &'static str {
        if self.has_network { "10.77.0.0/24" } else { "127.0.0.0/8" }
    }

    /// A command that runs in this place, and not longer than this process.
    pub fn command(&self, place: &str, user: Option<&str>, program: &Path) -> Command {
        let mut words: Vec<String> = Vec::new();
        if self.has_network {
            words.extend(["ip", "netns", "exec", &space(place)].map(str::to_owned));
        }
        words.extend(["setpriv", "--pdeathsig", "KILL"].map(str::to_owned));
        if let Some(user) = user.filter(|_| self.is_root) {
            words.extend([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
        }
        words.extend(["--".to_owned(), program.display().to_string()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir("/");
        command
    }

    /// Adds a rule to a place's packet filter, such as `-A INPUT -p tcp --dport 5432 -j DROP`.
    pub fn filter(&self, place: &str, rule: &str) {
        shell(&format!("ip netns exec {} iptables {rule}", space(place))).expect("a packet filter takes the rule");
    }

    /// Takes all rules of a place's packet filter away.
    pub fn clear_filter(&self, place: &str) {
        self.filter(place, "-F");
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let list = std::fs::read_to_string(self.folder.join(UNDO)).unwrap_or_default();
        for command in list.lines().rev() {
            let _ = shell(command);
        }
        let _ = std::fs::write(self.folder.join(UNDO), "");
    }
}

fn space(place: &str) -> String {
    format!("ngktfault-{place}")
}

fn own_address(place: &str) -> Ipv4Addr {
    let number = PLACES.iter().position(|known| *known == place).expect("invariant: one of the places");
    Ipv4Addr::new(NETWORK[0], NETWORK[1], NETWORK[2], 10 + number as u8)
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// Runs a line of shell to its end.
pub fn shell(line: &str) -> Result<String, String> {
    told("sh", &["-c", line])
}

/// Runs a program to its end and gives what it printed, or what it complained of.
pub fn told(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
