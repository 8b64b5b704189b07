//! A service that runs several times: whoever calls it does not notice when one of them goes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use api::registry::v1::agency_service_client::AgencyServiceClient;
use api::registry::v1::{CreateAgencyRequest, GetAgencyRequest};
use chassis::{Error, Host, Role};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::access::a_new_agency;
use crate::registry;
use crate::world::{eventually, host, officer, serve};

/// What a network between a caller and a replica does.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    Up,
    /// Requests go through, answers do not.
    Silent,
    /// Connections break, and there are no new ones.
    Down,
}

/// A replica behind a network of its own.
struct Replica {
    server: Host,
    address: SocketAddr,
    line: watch::Sender<Line>,
    bytes: Arc<AtomicUsize>,
}

struct World {
    host: Host,
    replicas: Vec<Replica>,
    _folder: TempDir,
}

/// Two replicas; `networked` puts a network before each of them.
async fn start(networked: bool) -> World {
    let folder = tempfile::tempdir().unwrap();
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let server = host(folder.path(), &|_| {}, None);
        let stack = chassis::server::stack(registry::routes(&server), &server, &["registry"]);
        let target = serve(&server, stack).await;
        let (line, bytes) = (watch::Sender::new(Line::Up), Arc::new(AtomicUsize::new(0)));
        let address = match networked {
            true => network(&server, target, line.clone(), bytes.clone()).await,
            false => target,
        };
        replicas.push(Replica { server, address, line, bytes });
    }
    let urls: Vec<String> = replicas.iter().map(|replica| format!("http://{}", replica.address)).collect();
    let host = host(folder.path(), &|_| {}, Some(urls.join(",")));
    World { host, replicas, _folder: folder }
}

async fn network(host: &Host, target: SocketAddr, line: watch::Sender<Line>, bytes: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let spawner = host.clone();
    host.spawn("network", async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            if *line.borrow() == Line::Down {
                continue;
            }
            let (line, bytes) = (line.subscribe(), bytes.clone());
            let Ok(far) = TcpStream::connect(target).await else { continue };
            spawner.spawn("connection", async move {
                let mut down = line.clone();
                tokio::select! {
                    () = carry(near, far, line, bytes) => {}
                    _ = down.wait_for(|line| *line == Line::Down) => {}
                }
                Ok(())
            });
        }
    });
    address
}

async fn carry(near: TcpStream, far: TcpStream, mut line: watch::Receiver<Line>, bytes: Arc<AtomicUsize>) {
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.into_split(), far.into_split());
    let there = async {
        let _ = tokio::io::copy(&mut from_near, &mut to_far).await;
    };
    let back = async {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from_far.read(&mut buffer).await {
            // Of a line that breaks while it is silent nothing comes any more.
            line.wait_for(|line| *line == Line::Up).await.unwrap();
            bytes.fetch_add(read, Ordering::Relaxed);
            if to_near.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! { () = there => {}, () = back => {} }
}

impl World {
    /// Reads without pause on several lines until `stop`; gives how many answers there were, and all failures.
    async fn read(&self, stop: &AtomicBool) -> (usize, Vec<Error>) {
        let readers = (0..8).map(|_| async {
            let (mut answers, mut failures) = (0, Vec::new());
            while !stop.load(Ordering::Relaxed) {
                let mut client = AgencyServiceClient::new(self.host.peers.client_as("registry", Default::default()));
                match client.get_agency(GetAgencyRequest { name: "agencies/told".into() }).await {
                    Ok(_) => answers += 1,
                    Err(status) => failures.push(Error::from(status)),
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            (answers, failures)
        });
        let all = futures::future::join_all(readers).await;
        all.into_iter().fold((0, Vec::new()), |(count, failed), (more, also)| {
            (count + more, failed.into_iter().chain(also).collect())
        })
    }

    /// Waits until calls go to this replica again: it has been asked, and has said that it is well.
    async fn until_used(&self, replica: &Replica) {
        let used = eventually(|| async {
            let before = replica.bytes.load(Ordering::Relaxed);
            for _ in 0..8 {
                self.create(None).await.unwrap();
            }
            // More than an answer to a probe.
            replica.bytes.load(Ordering::Relaxed) > before + 300
        });
        assert!(used.await);
    }

    async fn create(&self, key: Option<&str>) -> Result<(), Error> {
        let caller = Arc::new(officer(Role::Administrator));
        let mut client = AgencyServiceClient::new(self.host.peers.client_as("registry", caller));
        let mut request: tonic::Request<CreateAgencyRequest> = tonic::Request::new(a_new_agency());
        if let Some(key) = key {
            request.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        }
        client.create_agency(request).await.map(drop).map_err(Error::from)
    }
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

#[tokio::test]
async fn a_replica_that_breaks_down_costs_no_read_and_is_used_again_when_it_is_back() {
    let world = start(true).await;
    let stop = AtomicBool::new(false);
    let story = async {
        pause(300).await;
        for replica in &world.replicas {
            assert!(replica.bytes.load(Ordering::Relaxed) > 1_000, "both are used");
        }
        for replica in &world.replicas {
            replica.line.send_replace(Line::Silent);
            pause(100).await;
            replica.line.send_replace(Line::Down);
            pause(300).await;
            replica.line.send_replace(Line::Up);
            world.until_used(replica).await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    let ((answers, failures), ()) = futures::join!(world.read(&stop), story);
    assert!(failures.is_empty(), "{} of {answers}: {:?}", failures.len(), failures[0]);
    assert!(answers > 500, "{answers}");
}

#[tokio::test]
async fn a_replica_that_stops_sends_its_callers_to_another() {
    let world = start(false).await;
    let stop = AtomicBool::new(false);
    let story = async {
        pause(300).await;
        let writes = async {
            let mut failures = Vec::new();
            for _ in 0..100 {
                failures.extend(world.create(None).await.err());
                pause(2).await;
            }
            failures
        };
        let stopping = async {
            pause(50).await;
            world.replicas[0].server.stop().await;
        };
        let (failures, ()) = futures::join!(writes, stopping);
        stop.store(true, Ordering::Relaxed);
        failures
    };
    let ((_, reads), writes) = futures::join!(world.read(&stop), story);
    assert!(reads.is_empty(), "{reads:?}");
    assert!(writes.is_empty(), "{writes:?}");
}

#[tokio::test]
async fn a_write_that_was_perhaps_done_is_sent_again_only_under_a_key() {
    let world = start(true).await;
    for key in [Some("7b9e"), None] {
        world.create(None).await.unwrap();
        let broken = &world.replicas[0].line;
        broken.send_replace(Line::Silent);
        let breaking = async {
            pause(200).await;
            broken.send_replace(Line::Down);
        };
        let writes = futures::future::join_all((0..8).map(|_| world.create(key)));
        let (outcomes, ()) = futures::join!(writes, breaking);
        let failures: Vec<Error> = outcomes.into_iter().filter_map(Result::err).collect();
        match key {
            Some(_) => assert!(failures.is_empty(), "{failures:?}"),
            None => {
                assert!(failures.len() >= 2 && failures.iter().all(|f| f.reason() == "UNAVAILABLE"), "{failures:?}")
            }
        }
        broken.send_replace(Line::Up);
        world.until_used(&world.replicas[0]).await;
    }
}

#[tokio::test]
async fn a_replica_that_is_not_well_is_left_out() {
    let world = start(true).await;
    world.create(None).await.unwrap();
    world.replicas[0].server.health().probe("registry", || async { Err(Error::unavailable("the database")) });
    pause(2_500).await;
    let before = world.replicas[0].bytes.load(Ordering::Relaxed);
    for _ in 0..50 {
        world.create(None).await.unwrap();
    }
    let after = world.replicas[0].bytes.load(Ordering::Relaxed);
    assert!(after - before < 1_000, "{} bytes came from it", after - before);
    assert!(world.host.peers.get("registry").ready().await.is_ok(), "the other will do");
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_to_come_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path(), &|_| {}, Some(format!("http://{}", listener.local_addr().unwrap())));
    host.spawn("half an answer", async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut connection) = h2::server::handshake(socket).await else { continue };
            if let Some(Ok((_, mut respond))) = connection.accept().await {
                let head = http::Response::builder().header("content-type", "application/grpc").body(()).unwrap();
                let mut body = respond.send_response(head, false).unwrap();
                body.send_data(bytes::Bytes::from_static(&[0, 0, 0, 1, 0, 7]), false).unwrap();
                // What was said goes out, and then the process is gone.
                let _ = tokio::time::timeout(Duration::from_millis(200), connection.accept()).await;
            }
        }
        Ok(())
    });
    let mut client = AgencyServiceClient::new(host.peers.client_as("registry", Default::default()));
    let refused = client.get_agency(GetAgencyRequest { name: "agencies/told".into() }).await.unwrap_err();
    let refused = Error::from(refused);
    assert_eq!((refused.reason(), refused.retry_after().is_some()), ("UNAVAILABLE", true), "{refused}");
}
