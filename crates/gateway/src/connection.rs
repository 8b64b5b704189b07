//! One client's connection: how long it may take over each of its parts, and how it ends.
//!
//! hyper waits without end for the first bytes, for a client that does not read and for one that is idle; so the socket
//! is wrapped. Timers are only armed while there is something to wait for: a busy connection pays nothing for them.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use chassis::config::Limits;
use chassis::tls::Socket;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

/// What every HTTP/2 client sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a client that is still sending, and has its answer, is listened to: who is cut off while sending does not read.
const LINGER: Duration = Duration::from_secs(2);

/// How long a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    head: Duration,
    /// Without a request.
    idle: Duration,
    /// Until the client takes more of what it is owed.
    take: Duration,
}

impl Times {
    /// As configured.
    pub fn of(limits: &Limits) -> Times {
        Times {
            head: Duration::from_secs(limits.header_seconds),
            idle: Duration::from_secs(limits.idle_seconds),
            take: Duration::from_secs(limits.body_seconds),
        }
    }

    /// When to look at a connection again that may stay until `end`.
    pub fn next_look(&self, end: Instant) -> Instant {
        end.min(Instant::now() + self.take)
    }
}

/// What goes on in one connection.
#[derive(Debug)]
pub struct Activity {
    opened: Instant,
    begun: AtomicU64,
    at_work: AtomicUsize,
    /// Milliseconds after `opened` at which the last request ended.
    ended: AtomicU64,
    /// Bytes of answers that are kept until the client has taken them.
    unsent: AtomicUsize,
    /// Answers that could go on if the client took more.
    owing: AtomicUsize,
    /// Milliseconds after `opened` at which the client took something, or was first owed it.
    taken: AtomicU64,
    unread: AtomicBool,
    /// Whether a request came over HTTP/2.
    http2: AtomicBool,
}

impl Activity {
    /// A connection that has just been opened.
    pub fn new() -> Arc<Activity> {
        Arc::new(Activity {
            opened: Instant::now(),
            begun: AtomicU64::new(0),
            at_work: AtomicUsize::new(0),
            ended: AtomicU64::new(0),
            unsent: AtomicUsize::new(0),
            owing: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            http2: AtomicBool::new(false),
        })
    }

    /// Counts a request until its answer has been sent, or given up.
    pub fn begin(self: &Arc<Self>, version: Version) -> AtWork {
        self.http2.fetch_or(version >= Version::HTTP_2, Relaxed);
        self.begun.fetch_add(1, Relaxed);
        self.at_work.fetch_add(1, Relaxed);
        AtWork { activity: self.clone(), owes: false }
    }

    /// Bytes of answers that the client has not taken.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Relaxed)
    }

    /// So many more.
    pub fn keep(&self, bytes: usize) {
        self.owed();
        self.unsent.fetch_add(bytes, Relaxed);
    }

    /// So many fewer.
    pub fn let_go(&self, bytes: usize) {
        self.unsent.fetch_sub(bytes, Relaxed);
        self.moved();
    }

    /// Whether the client could take something.
    pub fn is_owed(&self) -> bool {
        self.unsent.load(Relaxed) > 0 || self.owing.load(Relaxed) > 0
    }

    /// From now on the client is owed something. Whoever was owed something before does not get more time by asking for more.
    fn owed(&self) {
        if !self.is_owed() {
            self.moved();
        }
    }

    fn moved(&self) {
        self.taken.store(self.milliseconds(), Relaxed);
    }

    fn milliseconds(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64
    }

    /// Whether a request's body was given up before its end.
    pub fn has_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// Whether it is known to speak HTTP/2, whose clients can be told to go without losing a request.
    pub fn is_http2(&self) -> bool {
        self.http2.load(Relaxed)
    }

    /// When the connection is to be closed if nothing happens before; now or in the past if it is idle for long enough, or its
    /// client has not taken anything of what it is owed.
    pub fn idle_until(&self, times: Times) -> Instant {
        if self.is_owed() {
            return self.opened + Duration::from_millis(self.taken.load(Relaxed)) + times.take;
        }
        match self.at_work.load(Relaxed) {
            0 => self.opened + Duration::from_millis(self.ended.load(Relaxed)) + times.idle,
            _ => Instant::now() + times.idle,
        }
    }
}

/// A request at work.
#[derive(Debug)]
pub struct AtWork {
    activity: Arc<Activity>,
    owes: bool,
}

impl AtWork {
    /// What goes on in its connection.
    pub fn client(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Whether its answer waits for the client to take more, and not the other way round.
    pub fn owes(&mut self, owes: bool) {
        match (self.owes, owes) {
            (false, true) => {
                self.activity.owed();
                self.activity.owing.fetch_add(1, Relaxed);
            }
            (true, false) => drop(self.activity.owing.fetch_sub(1, Relaxed)),
            _ => {}
        }
        self.owes = owes;
    }

    /// The client has taken something.
    pub fn moved(&self) {
        self.activity.moved();
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.owes(false);
        self.activity.ended.store(self.activity.milliseconds(), Relaxed);
        self.activity.at_work.fetch_sub(1, Relaxed);
    }
}

/// A place where the socket is left when the protocol is done with it.
pub type Left = Arc<Mutex<Option<Socket>>>;

/// A socket with its timers.
pub struct Guarded {
    socket: Option<Socket>,
    left: Left,
    activity: Arc<Activity>,
    times: Times,
    /// How much of the preface of HTTP/2 has come; nothing any more if it was something else.
    preface: Option<usize>,
    /// When the head of the next request began, and how many requests there had been.
    head: Option<(Instant, u64)>,
    reading: Timer,
    writing: Timer,
}

impl Guarded {
    /// Guards a socket; it is left in `left` at the end.
    pub fn new(socket: Socket, activity: Arc<Activity>, times: Times, left: Left) -> Guarded {
        let (reading, writing) = (Timer::default(), Timer::default());
        Guarded { socket: Some(socket), left, activity, times, preface: Some(0), head: None, reading, writing }
    }

    fn is_http2(&self) -> bool {
        self.preface == Some(PREFACE.len())
    }

    /// Looks at what has come in.
    fn came(&mut self, bytes: &[u8]) {
        if let Some(seen) = self.preface.filter(|seen| *seen < PREFACE.len()) {
            let more = bytes.len().min(PREFACE.len() - seen);
            self.preface = (bytes[..more] == PREFACE[seen..seen + more]).then_some(seen + more);
        }
        if self.head.is_none() && self.activity.at_work.load(Relaxed) == 0 {
            self.head = Some((Instant::now(), self.activity.begun.load(Relaxed)));
        }
    }

    /// When the bytes that are waited for must have come. A connection of HTTP/2 that has said so may be without requests.
    fn head_until(&mut self) -> Option<Instant> {
        let begun = self.activity.begun.load(Relaxed);
        self.head = self.head.filter(|(_, before)| *before == begun);
        match self.head {
            _ if self.activity.at_work.load(Relaxed) > 0 || self.is_http2() => None,
            Some((since, _)) => Some(since + self.times.head),
            None if begun == 0 => Some(self.activity.opened + self.times.head),
            None => None,
        }
    }

    fn socket(&mut self) -> io::Result<Pin<&mut Socket>> {
        self.socket.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Waits for a client that does not read, but not for long.
    fn written<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.writing.stop();
            return poll;
        }
        let idle = self.times.idle;
        self.writing.wait(|| Instant::now() + idle, context).map(Err)
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(outcome) = self.socket()?.poll_read(context, buffer) {
            self.reading.stop();
            self.came(&buffer.filled()[before..]);
            return Poll::Ready(outcome);
        }
        match self.head_until() {
            Some(end) => self.reading.wait(|| end, context).map(Err),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = self.socket()?.poll_write(context, bytes);
        self.written(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = self.socket()?.poll_write_vectored(context, slices);
        self.written(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = self.socket()?.poll_flush(context);
        self.written(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket()?.poll_shutdown(context)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = self.socket.take();
    }
}

/// A timer that exists only while it is waited for.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn stop(&mut self) {
        self.0 = None;
    }

    fn wait(&mut self, end: impl FnOnce() -> Instant, context: &mut Context<'_>) -> Poll<io::Error> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(end())));
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the client took too long"))
    }
}

/// Ends a connection whose client may still be sending: closed at once, it would not get to read its answer.
pub async fn finish(left: &Left, activity: &Activity) {
    let socket = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut socket) = socket.filter(|_| activity.has_unread()) else { return };
    let listen = async {
        let mut unread = vec![0; 64 << 10];
        let _ = socket.shutdown().await;
        while matches!(socket.read(&mut unread).await, Ok(1..)) {}
    };
    let _ = timeout(LINGER, listen).await;
}

/// The body of a request, which notes if it is given up before its end.
pub struct Arrival {
    body: Incoming,
    ended: bool,
    activity: Arc<Activity>,
}

impl Arrival {
    /// The body of a request of this connection.
    pub fn new(body: Incoming, activity: Arc<Activity>) -> Arrival {
        Arrival { body, ended: false, activity }
    }
}

impl Body for Arrival {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let poll = Pin::new(&mut self.body).poll_frame(context);
        self.ended |= matches!(poll, Poll::Ready(None));
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if !self.is_end_stream() {
            self.activity.unread.store(true, Relaxed);
        }
    }
}
