//! What an attempt makes of a delivery: pure rules.

use api::notification::v1::{
    Delivery,
    delivery::{Attempt, State},
};
use chrono::{DateTime, Utc};

use crate::schedule;
use crate::wire_time::timestamp;

/// How many attempts a delivery remembers.
const ATTEMPTS_KEPT: usize = 50;

/// What came back from an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 2xx: it has the message.
    Taken { status: u16 },
    /// 410: it wants no more messages, ever.
    Gone,
    /// Any other status.
    Refused { status: u16, retry_after: Option<DateTime<Utc>> },
    /// None: it did not answer in time, could not be reached, or may not be.
    Silence { why: String },
}

/// One attempt that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: i32,
    /// What came of it.
    pub answer: Answer,
}

/// How failures are taken.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts before a delivery is given up.
    pub attempts_max: u32,
    /// 0.0..1.0: where in the jitter's range the next wait falls.
    pub spread: f64,
}

/// Writes the attempt down in the delivery and says what becomes of it.
pub fn conclude(delivery: &mut Delivery, made: &Made, now: DateTime<Utc>, patience: Patience) {
    let (http_status, error) = made.answer.told();
    let attempt = Attempt { time: Some(timestamp(made.at)), http_status, error, duration_ms: made.duration_ms };
    delivery.attempts.push(attempt);
    let surplus = delivery.attempts.len().saturating_sub(ATTEMPTS_KEPT);
    delivery.attempts.drain(..surplus);
    delivery.attempt_count += 1;
    let failed = delivery.attempt_count.unsigned_abs();
    let (state, next) = match &made.answer {
        Answer::Taken { .. } => (State::Delivered, None),
        // It was cancelled while it was on its way, and did not arrive.
        _ if delivery.state() == State::Cancelled => (State::Cancelled, None),
        Answer::Gone => (State::Failed, None),
        Answer::Refused { .. } | Answer::Silence { .. } => {
            let asked = made.answer.retry_after();
            match schedule::next_attempt(failed, patience.attempts_max, now, patience.spread, asked) {
                Some(at) => (State::Pending, Some(timestamp(at))),
                None => (State::Failed, None),
            }
        }
    };
    delivery.set_state(state);
    delivery.next_attempt_time = next;
}

/// Puts the delivery on its way again from the beginning of the schedule; what was tried stays on record.
pub fn renew(delivery: &mut Delivery, now: DateTime<Utc>) {
    delivery.set_state(State::Pending);
    delivery.attempt_count = 0;
    delivery.next_attempt_time = Some(timestamp(now));
}

impl Answer {
    /// Whether the endpoint has the message.
    pub fn is_success(&self) -> bool {
        matches!(self, Answer::Taken { .. })
    }

    fn told(&self) -> (i32, String) {
        match self {
            Answer::Taken { status } => ((*status).into(), String::new()),
            Answer::Gone => (410, "the endpoint is gone".to_owned()),
            Answer::Refused { status, .. } => ((*status).into(), format!("the endpoint answered {status}")),
            Answer::Silence { why } => (0, why.clone()),
        }
    }

    fn retry_after(&self) -> Option<DateTime<Utc>> {
        match self {
            Answer::Refused { retry_after, .. } => *retry_after,
            Answer::Taken { .. } | Answer::Gone | Answer::Silence { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    fn noon() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().expect("a time")
    }

    fn pending() -> Delivery {
        let mut delivery = Delivery::default();
        renew(&mut delivery, noon());
        delivery
    }

    fn try_once(delivery: &mut Delivery, answer: Answer) {
        let made = Made { at: noon(), duration_ms: 20, answer };
        conclude(delivery, &made, noon(), Patience { attempts_max: 3, spread: 0.0 });
    }

    fn refused(status: u16) -> Answer {
        Answer::Refused { status, retry_after: None }
    }

    #[test]
    fn an_answer_decides_what_becomes_of_a_delivery() {
        let asked = Some(noon() + Duration::seconds(60));
        for (answer, state, wait, status) in [
            (Answer::Taken { status: 204 }, State::Delivered, None, 204),
            (Answer::Gone, State::Failed, None, 410),
            (refused(500), State::Pending, Some(5), 500),
            (refused(301), State::Pending, Some(5), 301),
            (Answer::Refused { status: 429, retry_after: asked }, State::Pending, Some(60), 429),
            (Answer::Silence { why: "no answer within 15 s".into() }, State::Pending, Some(5), 0),
        ] {
            let mut delivery = pending();
            try_once(&mut delivery, answer.clone());
            let next = delivery.next_attempt_time.map(|at| at.seconds - noon().timestamp());
            assert_eq!((delivery.state(), next), (state, wait), "{answer:?}");
            assert_eq!(delivery.attempts[0].http_status, status);
            assert_eq!(delivery.attempts[0].error.is_empty(), answer.is_success());
        }
    }

    #[test]
    fn the_last_attempt_gives_up_and_sending_again_begins_anew() {
        let mut delivery = pending();
        (0..3).for_each(|_| try_once(&mut delivery, refused(500)));
        assert_eq!((delivery.state(), delivery.attempt_count), (State::Failed, 3));
        renew(&mut delivery, noon());
        assert_eq!((delivery.state(), delivery.attempt_count, delivery.attempts.len()), (State::Pending, 0, 3));
        try_once(&mut delivery, Answer::Taken { status: 200 });
        assert_eq!((delivery.state(), delivery.attempts.len()), (State::Delivered, 4));
    }

    #[test]
    fn what_was_cancelled_on_its_way_is_not_tried_again() {
        for (answer, state) in [(refused(500), State::Cancelled), (Answer::Taken { status: 200 }, State::Delivered)] {
            let mut delivery = Delivery { state: State::Cancelled.into(), ..pending() };
            try_once(&mut delivery, answer);
            assert_eq!((delivery.state(), delivery.next_attempt_time), (state, None));
        }
    }

    #[test]
    fn a_delivery_does_not_grow_for_ever() {
        let mut delivery = pending();
        (0..60).for_each(|_| {
            try_once(&mut delivery, refused(500));
            renew(&mut delivery, noon());
        });
        assert_eq!(delivery.attempts.len(), 50);
    }
}
