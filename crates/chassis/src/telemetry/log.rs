//! Log lines as JSON: one flat object a line, with the trace that it belongs to.

use std::fmt;
use std::io::Write as _;

use chrono::SecondsFormat;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::telemetry::trace;

/// Writes events as `{"time":…,"level":…,"role":…,"target":…,"trace_id":…,"message":…,…}`. The time is the real one,
/// also where tests have moved the clock: logs of several machines are read side by side.
pub(super) struct Json {
    role: String,
    clock: Clock,
}

impl Json {
    pub(super) fn new(role: &str) -> Json {
        Json { role: role.to_owned(), clock: Clock::system() }
    }

    fn line(&self, event: &Event<'_>) -> String {
        let metadata = event.metadata();
        let mut line = Line(Vec::with_capacity(512));
        line.put("time", &self.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true));
        line.put("level", metadata.level().as_str());
        line.put("role", &self.role);
        line.put("target", metadata.target());
        if let Some(id) = trace::current_id() {
            line.put("trace_id", &format!("{id:032x}"));
        }
        event.record(&mut line);
        line.0.push(b'}');
        String::from_utf8(line.0).expect("invariant: JSON is UTF-8")
    }
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        to.write_str(&self.line(event))?;
        to.write_char('\n')
    }
}

/// A JSON object that is being written.
struct Line(Vec<u8>);

impl Line {
    fn key(&mut self, key: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        self.text(key);
        self.0.push(b':');
    }

    fn put(&mut self, key: &str, value: &str) {
        self.key(key);
        self.text(value);
    }

    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.key(field.name());
        write!(self.0, "{value}").expect("invariant: writing to memory does not fail");
    }

    fn text(&mut self, text: &str) {
        serde_json::to_writer(&mut self.0, text).expect("invariant: any text is a JSON string");
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match value.is_finite() {
            true => self.bare(field, value),
            false => self.put(field.name(), &value.to_string()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_json_object_whatever_is_in_it() {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber =
            tracing_subscriber::fmt().event_format(Json::new("registry")).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let cause = "a \"quoted\"\nline";
            tracing::info!(cause, count = 3, ratio = 0.5, nothing = f64::NAN, well = true, "Bộ Ngoại giao\u{1}");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "Bộ Ngoại giao\u{1}");
        assert_eq!(line["cause"], "a \"quoted\"\nline");
        assert_eq!((&line["role"], &line["count"], &line["ratio"]), (&"registry".into(), &3.into(), &0.5.into()));
        assert!(text.starts_with("{\"time\":\""), "{text}");
    }
}
