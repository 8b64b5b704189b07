//! What goes wrong, as one value: a reason that the contract declares, what it is about, and, for our log only, the cause.

mod wire;

pub use wire::name_of;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use api::options::v1::Failure;
use tonic::Code;

pub use api::{DOMAIN, Violation};

/// The cause of an error: anything that can tell what went wrong.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What may go wrong, goes wrong as [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: reason, code and message as the contract declares them, metadata, broken fields, and the cause.
/// It crosses the wire as a status and comes back as the same value; only the cause stays behind, in the log.
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    reason: Cow<'static, str>,
    domain: Cow<'static, str>,
    message: Message,
    metadata: BTreeMap<String, String>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    /// Details of kinds that are not ours, kept as they came.
    others: Vec<prost_types::Any>,
    source: Option<BoxError>,
}

enum Message {
    /// From the contract; `{words}` stand for metadata.
    Rule(api::Rule),
    /// As it came over the wire.
    Told(String),
}

impl Error {
    /// The failure that the contract declares.
    pub fn of(failure: impl api::Failure) -> Self {
        let rule = failure.rule();
        Self(Box::new(Inner {
            code: rule.code,
            reason: Cow::Borrowed(rule.reason),
            domain: Cow::Borrowed(DOMAIN),
            message: Message::Rule(rule),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            retry_after: None,
            others: Vec::new(),
            source: None,
        }))
    }

    /// No such record, or none that this caller may see.
    pub fn not_found(name: impl Into<String>) -> Self {
        Self::of(Failure::NotFound).with("name", name)
    }

    /// The name is taken.
    pub fn already_exists(name: impl Into<String>) -> Self {
        Self::of(Failure::AlreadyExists).with("name", name)
    }

    /// One field is not as it must be. More can be added with [`Error::violation`].
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::of(Failure::InvalidArgument).violation(field, description)
    }

    /// The caller's role or organization may not do this.
    pub fn permission_denied(why: impl Into<String>) -> Self {
        Self::of(Failure::PermissionDenied).with("why", why)
    }

    /// No token, or one that is not valid.
    pub fn unauthenticated(why: impl Into<String>) -> Self {
        Self::of(Failure::Unauthenticated).with("why", why)
    }

    /// A fault of ours. The caller learns nothing of the cause; the log does.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::of(Failure::Internal).because(source)
    }

    /// A service, or its database, cannot be reached just now. Says to try again in a second.
    pub fn unavailable(service: impl Into<String>) -> Self {
        Self::of(Failure::Unavailable).with("service", service).retry_in(Duration::from_secs(1))
    }

    /// Adds to the metadata, which fills the `{words}` of the message and goes to the caller.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.into(), value.into());
        self
    }

    /// Keeps the cause, for the log only.
    pub fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds a field that is not as it must be.
    pub fn violation(mut self, field: impl Into<String>, description: impl Into<String>) -> Self {
        self.0.violations.push(Violation { field: field.into(), description: description.into() });
        self
    }

    /// Says when to try again.
    pub fn retry_in(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The canonical code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The reason: the name of the failure's value in the contract, such as `ETAG_MISMATCH`.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Whether this is `failure`.
    pub fn is(&self, failure: impl api::Failure) -> bool {
        self.0.reason == failure.rule().reason && self.0.domain == DOMAIN
    }

    /// What the failure is about.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.0.metadata
    }

    /// The fields that are not as they must be.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// When to try again, if that may help.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self.0.code, Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::DeadlineExceeded)
    }

    /// The sentence for the caller.
    pub fn message(&self) -> String {
        match &self.0.message {
            Message::Told(text) => text.clone(),
            Message::Rule(rule) => rule.sentence(|word| match (word, self.0.metadata.get(word)) {
                ("summary", None) => Some(self.summary()),
                (_, value) => Some(value.cloned().unwrap_or_default()),
            }),
        }
    }

    fn summary(&self) -> String {
        let told = self.0.violations.iter().map(|broken| format!("{} {}", broken.field, broken.description));
        told.collect::<Vec<_>>().join("; ")
    }

    /// The cause, if this process knows it.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// Writes the cause to the log, once; nothing if there is none or it was logged before.
    pub fn log(&mut self) {
        let Some(source) = self.0.source.take() else { return };
        let (reason, cause) = (self.reason(), Chain(&*source));
        match self.0.code {
            Code::Internal | Code::Unknown | Code::DataLoss => tracing::error!(reason, %cause, "{}", self.message()),
            Code::Unavailable => tracing::warn!(reason, %cause, "{}", self.message()),
            _ => tracing::debug!(reason, %cause, "{}", self.message()),
        }
    }
}

/// An error and its causes in one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !told.contains(&text) {
                write!(f, ": {text}")?;
            }
            told = text;
            next = cause.source();
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason(), self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Error");
        text.field("code", &self.0.code).field("reason", &self.0.reason).field("message", &self.message());
        text.field("metadata", &self.0.metadata).field("violations", &self.0.violations);
        text.field("source", &self.0.source).finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Two errors are the same if a caller cannot tell them apart.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (&self.0, &other.0);
        (one.code, &one.reason, &one.domain) == (two.code, &two.reason, &two.domain)
            && self.message() == other.message()
            && one.metadata == two.metadata
            && one.violations == two.violations
            && one.retry_after == two.retry_after
            && one.others == two.others
    }
}
