//! How long the code waits for connections to the database: the pools tell each wait as an event, which is counted here.

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::catalogue;

/// Under which the pools tell of connections that were waited for.
const TARGET: &str = "sqlx::pool::acquire";
/// The field that says how long, in seconds.
const FIELD: &str = "acquired_after_secs";

/// Counts waits.
pub(super) struct Waits;

/// Whether an event is one that [`Waits`] counts.
pub(super) fn is_wait(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target() == TARGET
}

impl<S: Subscriber> Layer<S> for Waits {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Wait);
    }
}

struct Wait;

impl Visit for Wait {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == FIELD {
            catalogue::POOL_WAIT.record(value, []);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
