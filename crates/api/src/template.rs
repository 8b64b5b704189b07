//! Path templates of `google.api.http`, such as `/v1/{name=countries/*}:retire`.

use std::fmt;

/// One place between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text.
    Literal(String),
    /// Any one segment (`*`).
    One,
    /// All segments to the end (`**`); only the last may be this.
    Rest,
}

/// A field of the request that takes its value from the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Path of the field from the request message, such as `country.name`.
    pub field: String,
    /// Index of its first segment in [`Template::segments`].
    pub start: usize,
    /// Index after its last segment.
    pub end: usize,
}

/// A parsed template: all segments in a row, and which of them make up which variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The segments, without the leading slash.
    pub segments: Vec<Segment>,
    /// The variables, in the order of their segments; they do not overlap.
    pub variables: Vec<Variable>,
    /// What stands after the colon at the end, without the colon.
    pub verb: Option<String>,
}

impl Template {
    /// Parses a template; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("path template {text:?} {why}");
        let path = text.strip_prefix('/').ok_or_else(|| wrong("does not begin with a slash"))?;
        let (path, verb) = split_verb(path);
        if verb.is_some_and(|verb| !is_literal(verb)) {
            return Err(wrong("has a verb that is not a plain word"));
        }
        let mut template = Template { segments: Vec::new(), variables: Vec::new(), verb: verb.map(str::to_owned) };
        let mut rest = path;
        loop {
            rest = template.take(rest).map_err(|why| wrong(&why))?;
            match rest.strip_prefix('/') {
                Some(more) => rest = more,
                None if rest.is_empty() => break,
                None => return Err(wrong("lacks a slash after a variable")),
            }
        }
        let last = template.segments.len() - 1;
        if template.segments.iter().take(last).any(|segment| *segment == Segment::Rest) {
            return Err(wrong("has ** before its end"));
        }
        Ok(template)
    }

    /// Takes one segment or one variable from the front of `text` and gives what is left.
    fn take<'a>(&mut self, text: &'a str) -> Result<&'a str, String> {
        let Some(inner) = text.strip_prefix('{') else {
            let end = text.find('/').unwrap_or(text.len());
            self.segments.push(segment(&text[..end])?);
            return Ok(&text[end..]);
        };
        let close = inner.find('}').ok_or("has a brace that is not closed")?;
        let (field, pattern) = inner[..close].split_once('=').unwrap_or((&inner[..close], "*"));
        if field.is_empty() || field.split('.').any(|part| !is_field(part)) {
            return Err(format!("has {field:?} where a field should be named"));
        }
        if self.variables.iter().any(|variable| variable.field == field) {
            return Err(format!("names {field} twice"));
        }
        let start = self.segments.len();
        for part in pattern.split('/') {
            self.segments.push(segment(part)?);
        }
        self.variables.push(Variable { field: field.to_owned(), start, end: self.segments.len() });
        Ok(&inner[close + 1..])
    }

    /// The template without the names of its variables: two of the same form match the same paths.
    pub fn form(&self) -> String {
        let path: Vec<String> = self.segments.iter().map(Segment::to_string).collect();
        let verb = self.verb.as_ref().map(|verb| format!(":{verb}")).unwrap_or_default();
        format!("/{}{verb}", path.join("/"))
    }
}

/// The verb is what follows the last colon after the last slash, outside braces.
fn split_verb(path: &str) -> (&str, Option<&str>) {
    let tail = path.rfind(['/', '}']).map_or(0, |at| at + 1);
    match path[tail..].rfind(':') {
        Some(colon) => (&path[..tail + colon], Some(&path[tail + colon + 1..])),
        None => (path, None),
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    match text {
        "*" => Ok(Segment::One),
        "**" => Ok(Segment::Rest),
        _ if is_literal(text) => Ok(Segment::Literal(text.to_owned())),
        "" => Err("has an empty segment".to_owned()),
        _ => Err(format!("has the segment {text:?}, which is neither a word nor * nor **")),
    }
}

fn is_literal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn is_field(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Segment::Literal(text) => text,
            Segment::One => "*",
            Segment::Rest => "**",
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            f.write_str("/")?;
            if let Some(variable) = self.variables.iter().find(|variable| variable.start == index) {
                write!(f, "{{{}=", variable.field)?;
            }
            write!(f, "{segment}")?;
            if self.variables.iter().any(|variable| variable.end == index + 1) {
                f.write_str("}")?;
            }
        }
        match &self.verb {
            Some(verb) => write!(f, ":{verb}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Segment, Template, Variable};

    #[test]
    fn a_template_is_taken_apart() {
        let template = Template::parse("/v1/{country.name=countries/*}/{rest=**}:resolve").expect("it is one");
        let literal = |text: &str| Segment::Literal(text.to_owned());
        assert_eq!(template.segments, [literal("v1"), literal("countries"), Segment::One, Segment::Rest]);
        let variable = |field: &str, start, end| Variable { field: field.to_owned(), start, end };
        assert_eq!(template.variables, [variable("country.name", 1, 3), variable("rest", 3, 4)]);
        assert_eq!(template.verb.as_deref(), Some("resolve"));
    }

    #[test]
    fn a_template_reads_as_it_was_written() {
        let cases = [
            ("/v1/countries", "/v1/countries", "/v1/countries"),
            ("/v1/{id}", "/v1/{id=*}", "/v1/*"),
            ("/v1/{name=countries/*}:retire", "/v1/{name=countries/*}:retire", "/v1/countries/*:retire"),
            ("/v1/localities:resolve", "/v1/localities:resolve", "/v1/localities:resolve"),
            ("/v1/{a=x/*/y/*}/z", "/v1/{a=x/*/y/*}/z", "/v1/x/*/y/*/z"),
            ("/**", "/**", "/**"),
        ];
        for (text, written, form) in cases {
            let template = Template::parse(text).expect(text);
            assert_eq!(template.to_string(), written);
            assert_eq!(template.form(), form);
            assert_eq!(Template::parse(written).as_ref(), Ok(&template));
        }
    }

    #[test]
    fn what_is_no_template_is_told() {
        let cases = [
            ("v1/a", "does not begin with a slash"),
            ("", "does not begin with a slash"),
            ("/", "has an empty segment"),
            ("/v1//a", "has an empty segment"),
            ("/v1/a/", "has an empty segment"),
            ("/v1/{name", "has a brace that is not closed"),
            ("/v1/{=a}", "where a field should be named"),
            ("/v1/{a.}", "where a field should be named"),
            ("/v1/{a}b", "lacks a slash after a variable"),
            ("/v1/{a}/{a}", "names a twice"),
            ("/v1/**/a", "has ** before its end"),
            ("/v1/{a=**}/b", "has ** before its end"),
            ("/v1/a b", "is neither a word nor * nor **"),
            ("/v1/a:", "has a verb that is not a plain word"),
            ("/v1/a:b c", "has a verb that is not a plain word"),
        ];
        for (text, why) in cases {
            let error = Template::parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
