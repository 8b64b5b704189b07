//! One client's connection: how long it may take over each of its parts, and how it ends.
//!
//! hyper waits without end for the first bytes, for a client that does not read and for one that is idle; so the socket
//! is wrapped. Timers are only armed while there is something to wait for: a busy connection pays nothing for them.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use chassis::tls::Socket;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::activity::{Activity, Times};

/// What every HTTP/2 client sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a client that is still sending, and has its answer, is listened to: who is cut off while sending does not read.
const LINGER: Duration = Duration::from_secs(2);

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
        if self.head.is_none() && self.activity.at_work() == 0 {
            self.head = Some((Instant::now(), self.activity.begun()));
        }
    }

    /// When the bytes that are waited for must have come. A connection of HTTP/2 that has said so may be without requests.
    fn head_until(&mut self) -> Option<Instant> {
        let begun = self.activity.begun();
        self.head = self.head.filter(|(_, before)| *before == begun);
        match self.head {
            _ if self.activity.at_work() > 0 || self.is_http2() => None,
            Some((since, _)) => Some(since + self.times.head),
            None if begun == 0 => Some(self.activity.opened() + self.times.head),
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
            self.activity.leave_unread();
        }
    }
}
