//! Failures: values of proto enums that say how they are told.

/// How a failure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The reason on the wire, such as `ETAG_MISMATCH`.
    pub reason: &'static str,
    /// The canonical code.
    pub code: tonic::Code,
    /// The sentence; words in braces are filled from the failure's metadata.
    pub message: &'static str,
}

impl Rule {
    /// What a failure without a rule of its own is: a fault of ours.
    pub const INTERNAL: Self =
        Self { reason: "INTERNAL", code: tonic::Code::Internal, message: "An internal error; it has been logged" };

    /// The sentence with its words in braces filled by `value`; one that has no value stays as it is.
    pub fn sentence<V: AsRef<str>>(&self, value: impl Fn(&str) -> Option<V>) -> String {
        let mut sentence = String::with_capacity(self.message.len());
        let mut rest = self.message;
        while let Some((before, after)) = rest.split_once('{') {
            sentence.push_str(before);
            let Some((word, behind)) = after.split_once('}') else {
                rest = &rest[before.len()..];
                break;
            };
            match value(word) {
                Some(text) => sentence.push_str(text.as_ref()),
                None => sentence.push_str(&rest[before.len()..=before.len() + word.len() + 1]),
            }
            rest = behind;
        }
        sentence + rest
    }
}

/// A value of a failure enum.
pub trait Failure: Copy + Send + Sync + 'static {
    /// How it is told.
    fn rule(&self) -> Rule;
}
