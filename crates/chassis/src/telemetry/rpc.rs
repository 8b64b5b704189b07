//! Rate, errors and duration of every rpc, by the semantic conventions of OpenTelemetry.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use tonic::Code;

use super::{catalogue, metric};
use crate::caller::{CLASSES, Caller, class_name};
use crate::target::Called;

/// Who called, as a layer far below finds out. Nothing unless somebody counts.
#[derive(Clone)]
pub(crate) struct Seen(Option<Arc<AtomicU8>>);

impl Seen {
    /// Nobody was seen yet.
    pub(crate) fn nobody() -> Seen {
        Seen(metric::on().then(Default::default))
    }

    /// Notes who calls.
    pub(crate) fn note(&self, caller: &Caller) {
        if let Some(class) = &self.0 {
            class.store(caller.class(), Ordering::Relaxed);
        }
    }

    fn class(&self) -> u8 {
        self.0.as_ref().map_or(0, |class| class.load(Ordering::Relaxed))
    }
}

/// The labels of an rpc that goes well, by the class of its caller: made once.
#[derive(Default)]
pub(crate) struct Labels([OnceLock<Vec<KeyValue>>; CLASSES]);

/// Whether anybody counts.
pub(crate) fn on() -> bool {
    metric::on()
}

/// Counts one request that was answered with `code`.
pub(crate) fn record(called: &Called, seen: &Seen, code: Code, time: Duration) {
    if !metric::on() {
        return;
    }
    let class = seen.class();
    let labels = || {
        let outcome = crate::error::name_of(code);
        catalogue::RPC_DURATION.labelled([
            "grpc".into(),
            called.name().into(),
            outcome.into(),
            class_name(class).into(),
        ])
    };
    match (called, code) {
        (Called::Rpc(target), Code::Ok) => {
            let known = &target.labels.0[usize::from(class)];
            catalogue::RPC_DURATION.record_as(time.as_secs_f64(), known.get_or_init(labels));
        }
        _ => catalogue::RPC_DURATION.record_as(time.as_secs_f64(), &labels()),
    }
}
