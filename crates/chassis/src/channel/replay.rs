//! The body of a request that may have to be sent again: what was sent is kept, as far as it is small.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Poller, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// What is kept at most; a request larger than this is sent once.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// A body of which copies can be sent, one after the other.
pub(super) struct Replay(Arc<Mutex<Tape>>);

struct Tape {
    /// What has not been sent yet by any copy.
    rest: Body,
    sent: Vec<Bytes>,
    bytes: usize,
    /// Too much has been sent to be kept, or something that is no data.
    lost: bool,
    /// Which copy may go on; those before it are given up.
    copy: usize,
}

/// One sending of the body.
struct Copy {
    tape: Arc<Mutex<Tape>>,
    number: usize,
    position: usize,
}

impl Replay {
    pub(super) fn new(body: Body) -> Replay {
        Replay(Arc::new(Mutex::new(Tape { rest: body, sent: Vec::new(), bytes: 0, lost: false, copy: 0 })))
    }

    /// The body from its beginning; none if what was sent before is not known any more. Copies before this one end.
    pub(super) fn again(&self) -> Option<Body> {
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tape.lost {
            return None;
        }
        tape.copy += 1;
        let copy = Copy { tape: self.0.clone(), number: tape.copy, position: 0 };
        // Making a body asks it whether it has ended.
        drop(tape);
        Some(Body::new(copy))
    }
}

impl http_body::Body for Copy {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let tape = self.tape.clone();
        let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
        if self.number != tape.copy {
            return Poll::Ready(Some(Err(Status::cancelled("the request is sent anew"))));
        }
        if let Some(bytes) = tape.sent.get(self.position) {
            self.position += 1;
            return Poll::Ready(Some(Ok(Frame::data(bytes.clone()))));
        }
        let frame = std::task::ready!(http_body::Body::poll_frame(Pin::new(&mut tape.rest), poller));
        if let Some(Ok(frame)) = &frame {
            tape.keep(frame);
            self.position += 1;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        self.position >= tape.sent.len() && http_body::Body::is_end_stream(&tape.rest)
    }

    fn size_hint(&self) -> SizeHint {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: u64 = tape.sent.iter().skip(self.position).map(|bytes| bytes.len() as u64).sum();
        let rest = http_body::Body::size_hint(&tape.rest);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + kept);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + kept);
        }
        hint
    }
}

impl Tape {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        let small = frame.data_ref().filter(|bytes| self.bytes + bytes.len() <= KEPT_BYTES_MAX).cloned();
        match small.filter(|_| !self.lost) {
            Some(bytes) => {
                self.bytes += bytes.len();
                self.sent.push(bytes);
            }
            None => {
                self.lost = true;
                self.sent = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;
    use http_body_util::{BodyExt as _, StreamBody};

    fn body(chunks: &[&'static str]) -> Body {
        let frame = |chunk: &&'static str| Ok::<_, Status>(Frame::data(Bytes::from_static(chunk.as_bytes())));
        Body::new(StreamBody::new(futures::stream::iter(chunks.iter().map(frame).collect::<Vec<_>>())))
    }

    async fn next(body: &mut Body) -> Option<Result<Bytes, Status>> {
        body.frame().await.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
    }

    async fn all(body: Body) -> Vec<Bytes> {
        let frames =
            futures::stream::unfold(body, |mut body| async move { Some((next(&mut body).await?.unwrap(), body)) });
        frames.collect().await
    }

    #[tokio::test]
    async fn a_body_that_was_half_sent_is_sent_whole_again() {
        let replay = Replay::new(body(&["a", "b", "c"]));
        let mut first = replay.again().unwrap();
        assert_eq!(next(&mut first).await.unwrap().unwrap(), "a");
        let second = replay.again().unwrap();
        assert!(next(&mut first).await.unwrap().is_err(), "only one goes on");
        assert_eq!(all(second).await, ["a", "b", "c"]);
        assert_eq!(all(replay.again().unwrap()).await, ["a", "b", "c"]);
    }

    #[tokio::test]
    async fn what_is_too_large_to_be_kept_is_sent_once() {
        let large: &'static str = Box::leak("x".repeat(KEPT_BYTES_MAX).into_boxed_str());
        let replay = Replay::new(body(&["a", large, "c"]));
        assert_eq!(all(replay.again().unwrap()).await.len(), 3);
        assert!(replay.again().is_none());
    }
}
