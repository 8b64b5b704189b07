//! Answers that have been worked out and not been taken by their clients: how much memory they may hold. A client that does
//! not read must cost others nothing, neither room nor the connections on which services answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use api::options::v1::Failure;
use bytes::Bytes;
use chassis::config::Limits;
use chassis::{Error, Result};
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;

use crate::activity::Activity;
use crate::pass::refuse;

/// All answers together.
const ROOM_KIB: usize = 128 << 10;
/// Those of one connection.
const CONNECTION_MAX: usize = 16 << 20;
/// What is smaller is not worth counting: an open stream takes as much by itself.
const SMALL: usize = 4 << 10;
/// How much is handed out at a time.
const PIECE: usize = 16 << 10;

/// Room for answers.
pub struct Answers {
    room: Arc<Semaphore>,
    /// How long a service may take to send an answer that it has begun.
    time: Duration,
}

impl Answers {
    /// As configured.
    pub fn new(limits: &Limits) -> Answers {
        Answers { room: Arc::new(Semaphore::new(ROOM_KIB)), time: limits.timeout_max() }
    }

    /// The answer, which takes room until `client` has taken it. Fails if there is none left, but for what was done: a write's
    /// answer is given in any case, and is small.
    pub fn keep(&self, bytes: Bytes, client: &Arc<Activity>, reads: bool) -> Result<Bytes> {
        if bytes.len() < SMALL {
            return Ok(bytes);
        }
        match self.kept(bytes.clone(), client) {
            Err(_) if !reads => Ok(bytes),
            kept => kept,
        }
    }

    fn kept(&self, bytes: Bytes, client: &Arc<Activity>) -> Result<Bytes> {
        let full = || Error::of(Failure::ResourceExhausted).retry_in(Duration::from_secs(1));
        let kib = u32::try_from(bytes.len().div_ceil(1024)).map_err(Error::internal)?;
        let room = self.room.clone().try_acquire_many_owned(kib).map_err(|_| full())?;
        // One by itself is given however large it is: asked for again, it would be no smaller.
        let unsent = client.unsent();
        if unsent > 0 && unsent + bytes.len() > CONNECTION_MAX {
            return Err(full());
        }
        client.keep(bytes.len());
        Ok(Bytes::from_owner(Kept { bytes, client: client.clone(), _room: room }))
    }

    /// Reads an answer of one message whole, so that its service is done with it.
    pub async fn gather(&self, response: Response<Body>, client: &Arc<Activity>, reads: bool) -> Response<Body> {
        let (head, body) = response.into_parts();
        if http_body::Body::is_end_stream(&body) {
            return Response::from_parts(head, body);
        }
        let collected = match tokio::time::timeout(self.time, body.collect()).await {
            Ok(Ok(collected)) => collected,
            Ok(Err(status)) => return refuse(Error::from(status)),
            Err(_) => return refuse(Error::of(Failure::DeadlineExceeded)),
        };
        let trailers = collected.trailers().cloned();
        match self.keep(collected.to_bytes(), client, reads) {
            Ok(data) => Response::from_parts(head, Body::new(Gathered { data, trailers })),
            Err(error) => refuse(error),
        }
    }
}

/// Bytes that take room as long as anybody has them.
struct Kept {
    bytes: Bytes,
    client: Arc<Activity>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.client.let_go(self.bytes.len());
    }
}

/// Takes the next piece, if any is left: whoever takes one has room for it.
pub fn piece(bytes: &mut Bytes) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| bytes.split_to(bytes.len().min(PIECE)))
}

/// The whole body of a gRPC answer.
struct Gathered {
    data: Bytes,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Gathered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(piece) = piece(&mut self.data) {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(kib: usize) -> Answers {
        Answers { room: Arc::new(Semaphore::new(kib)), time: Duration::from_secs(1) }
    }

    #[test]
    fn answers_take_room_until_they_are_taken() {
        let (answers, client) = (answers(16), Activity::new());
        let first = answers.keep(vec![7; 10 << 10].into(), &client, true).expect("there is room");
        assert_eq!((client.unsent(), answers.room.available_permits()), (10 << 10, 6));
        answers.keep(vec![7; 10 << 10].into(), &client, true).expect_err("there is none");
        answers.keep(vec![7; 10 << 10].into(), &client, false).expect("what was done is told");
        answers.keep(vec![7; 100].into(), &client, true).expect("small ones are not counted");
        let mut rest = first.clone();
        drop(first);
        let piece = piece(&mut rest).expect("all of it");
        assert_eq!((piece.len(), rest.len(), client.unsent()), (10 << 10, 0, 10 << 10));
        drop((piece, rest));
        assert_eq!((client.unsent(), answers.room.available_permits()), (0, 16));
    }

    #[test]
    fn one_connection_has_no_more_than_its_part() {
        let (answers, client) = (answers(ROOM_KIB), Activity::new());
        let big = || Bytes::from(vec![7; CONNECTION_MAX / 2 + 1]);
        let _kept = answers.keep(big(), &client, true).expect("the first");
        answers.keep(big(), &client, true).expect_err("one too many");
        answers.keep(big(), &Activity::new(), true).expect("another's");
        answers.keep(vec![7; CONNECTION_MAX + 1].into(), &Activity::new(), true).expect("a very large one by itself");
    }
}
