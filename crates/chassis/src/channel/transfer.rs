//! Bodies on their way through an HTTP/2 connection, within the room that the other side gives.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context as Poller, Poll, ready};

use bytes::Bytes;
use futures::future::{Either, select};
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use http_body::{Body as _, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use super::line::{Lost, Reach};
use crate::error::{BoxError, Error};

/// What is given to the connection without waiting for room, once for each stream: it goes out in one piece with the head
/// then. There is no room for a stream before its head has gone, and whoever waits for it is woken twice.
const AT_ONCE_MAX: usize = 16 << 10;

/// Sends a body until the answer begins, and what is left of it while the answer is read.
pub(super) async fn exchange(
    answer: ResponseFuture,
    stream: SendStream<Bytes>,
    body: Body,
    lost: impl Fn(h2::Error) -> Lost,
) -> Result<http::Response<RecvStream>, Lost> {
    // The body first: mostly it is there as a whole, and then the request goes out in one piece.
    match select(Box::pin(send(stream, body)), answer).await {
        Either::Left((Ok(()), answer)) => answer.await.map_err(lost),
        Either::Left((Err(Unsent::Body(cause)), _)) => Err(Lost::new(Reach::Broken, cause)),
        // Why nothing can be sent any more, the answer tells.
        Either::Left((Err(Unsent::Stream(cause)), answer)) => match answer.await {
            Ok(response) => Ok(response),
            Err(told) if told.reason().is_some() => Err(lost(told)),
            Err(_) => Err(lost(cause)),
        },
        Either::Right((answer, sending)) => {
            let response = answer.map_err(lost)?;
            #[allow(clippy::disallowed_methods)] // it ends with its stream
            tokio::spawn(sending);
            Ok(response)
        }
    }
}

/// Why a body was not sent to its end.
enum Unsent {
    /// It broke off itself.
    Body(Status),
    /// The other side takes no more of it.
    Stream(h2::Error),
}

async fn send(mut stream: SendStream<Bytes>, body: Body) -> Result<(), Unsent> {
    let mut body = pin!(body);
    let mut first = true;
    loop {
        // Whoever wants nothing more says so by a reset, also while there is nothing to send.
        let frame = poll_fn(|poller| match body.as_mut().poll_frame(poller) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending => stream.poll_reset(poller).map(Err),
        });
        let frame = match frame.await {
            Ok(frame) => frame,
            Err(reset) => return Err(Unsent::Stream(reset.map_or_else(|cause| cause, h2::Error::from))),
        };
        match frame {
            None => return stream.send_data(Bytes::new(), true).map_err(Unsent::Stream),
            Some(Err(cause)) => {
                stream.send_reset(Reason::CANCEL);
                return Err(Unsent::Body(cause));
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let last = body.is_end_stream();
                    match std::mem::take(&mut first) && data.len() <= AT_ONCE_MAX {
                        true => stream.send_data(data, last).map_err(Unsent::Stream)?,
                        false => send_data(&mut stream, data, last).await.map_err(Unsent::Stream)?,
                    }
                    if last {
                        return Ok(());
                    }
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return stream.send_trailers(trailers).map_err(Unsent::Stream);
                }
            },
        }
    }
}

/// Sends data, as much at a time as there is room for.
async fn send_data(stream: &mut SendStream<Bytes>, mut data: Bytes, last: bool) -> Result<(), h2::Error> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let room = match stream.capacity() {
            0 => poll_fn(|poller| stream.poll_capacity(poller)).await.unwrap_or(Err(Reason::CANCEL.into()))?,
            room => room,
        };
        let part = data.split_to(room.min(data.len()));
        let end = last && data.is_empty();
        stream.send_data(part, end)?;
        if end {
            return Ok(());
        }
    }
    if last { stream.send_data(Bytes::new(), true) } else { Ok(()) }
}

/// An answer that ends before its end: its connection broke, or the other side gave it up.
fn broken_off(cause: h2::Error) -> Status {
    match cause.is_io() || cause.is_go_away() {
        true => Error::unavailable("the service that was answering").because(cause).into(),
        false => Status::from_error(BoxError::from(cause)),
    }
}

/// The body of an answer, which makes room for more as it is read.
pub(super) struct Incoming {
    stream: RecvStream,
    data: bool,
}

impl Incoming {
    pub(super) fn new(stream: RecvStream) -> Incoming {
        Incoming { stream, data: true }
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let broken = |cause: h2::Error| Some(Err(broken_off(cause)));
        while self.data {
            match ready!(self.stream.poll_data(poller)) {
                Some(Ok(data)) => {
                    let read = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(read.map_or_else(broken, |()| Some(Ok(Frame::data(data)))));
                }
                Some(Err(cause)) => return Poll::Ready(broken(cause)),
                None => self.data = false,
            }
        }
        match ready!(self.stream.poll_trailers(poller)) {
            Ok(trailers) => Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers)))),
            Err(cause) => Poll::Ready(broken(cause)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
