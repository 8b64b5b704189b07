//! Stands in for the load balancer before the replicas of a service: hands each new connection to a replica that is
//! well, round robin. It can also hold back what passes, for a slow network.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// How often the replicas are looked at, and how long one may take to say a word.
const LOOK: Duration = Duration::from_millis(300);
const WORD: Duration = Duration::from_millis(900);

/// What an HTTP/2 client begins with, and empty settings.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

pub struct Balancer {
    pub address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    replicas: Vec<(SocketAddr, AtomicBool)>,
    next: AtomicUsize,
    delay_micros: AtomicU64,
}

impl Balancer {
    pub async fn start(host: IpAddr, replicas: &[SocketAddr]) -> Balancer {
        let listener = TcpListener::bind((host, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let replicas = replicas.iter().map(|replica| (*replica, AtomicBool::new(false))).collect();
        let inner = Arc::new(Inner { replicas, next: AtomicUsize::new(0), delay_micros: AtomicU64::new(0) });
        let taking = inner.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(taking.clone().carry(client));
            }
        });
        for replica in 0..inner.replicas.len() {
            tokio::spawn(inner.clone().watch(replica));
        }
        Balancer { address, inner }
    }

    /// Holds everything back so long from now on, each way.
    pub fn delay(&self, time: Duration) {
        self.inner.delay_micros.store(time.as_micros() as u64, Relaxed);
    }
}

impl Inner {
    /// A process that is stopped still takes connections, so a replica has to say something to count as well.
    async fn watch(self: Arc<Self>, replica: usize) {
        let (address, well) = &self.replicas[replica];
        loop {
            well.store(timeout(WORD, greet(*address)).await.is_ok_and(|said| said), Relaxed);
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn carry(self: Arc<Self>, client: TcpStream) {
        let count = self.replicas.len();
        let first = self.next.fetch_add(1, Relaxed);
        let mut order: Vec<usize> = (0..count).map(|place| (first + place) % count).collect();
        order.sort_by_key(|replica| !self.replicas[*replica].1.load(Relaxed));
        for replica in order {
            let connect = TcpStream::connect(self.replicas[replica].0);
            if let Ok(Ok(server)) = timeout(WORD, connect).await {
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
                let up = self.clone().pump(client_in, server_out);
                let down = self.clone().pump(server_in, client_out);
                // When one side is gone the other has nobody to talk to.
                tokio::select! { () = up => {} () = down => {} }
                return;
            }
        }
    }

    async fn pump(self: Arc<Self>, mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf) {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<(Instant, Vec<u8>)>(256);
        let reading = async {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(length @ 1..) = from.read(&mut buffer).await {
                let due = Instant::now() + Duration::from_micros(self.delay_micros.load(Relaxed));
                if sender.send((due, buffer[..length].to_vec())).await.is_err() {
                    break;
                }
            }
            drop(sender);
        };
        let writing = async {
            while let Some((due, bytes)) = receiver.recv().await {
                if due > Instant::now() {
                    tokio::time::sleep_until(due).await;
                }
                if to.write_all(&bytes).await.is_err() {
                    break;
                }
            }
        };
        tokio::join!(reading, writing);
    }
}

/// Whether an HTTP/2 server answers a client's first words.
pub async fn greet(address: SocketAddr) -> bool {
    let Ok(mut socket) = TcpStream::connect(address).await else { return false };
    if socket.write_all(GREETING).await.is_err() {
        return false;
    }
    let mut said = [0; 9];
    socket.read_exact(&mut said).await.is_ok()
}
