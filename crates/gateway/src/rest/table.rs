//! Which endpoint serves a path: a tree of segments, words before `*` before `**`.

use std::borrow::Cow;

use api::{Segment, Template};
use http::Method;

/// Paths with more segments lead nowhere.
const SEGMENTS_MAX: usize = 32;

/// Routes to `T`.
#[derive(Debug)]
pub struct Table<T> {
    root: Node,
    targets: Vec<(Template, T)>,
}

/// Where a path leads.
#[derive(Debug)]
pub enum Found<'t, 'p, T> {
    /// To this target, with the values of the template's variables in their order.
    Target(&'t T, Vec<Cow<'p, str>>),
    /// To targets for these methods only.
    Methods(Vec<Method>),
    /// To something whose name is not UTF-8 behind its percent signs.
    Malformed,
    /// Nowhere.
    Nothing,
}

#[derive(Debug, Default)]
struct Node {
    words: Vec<(Box<str>, Node)>,
    one: Option<Box<Node>>,
    ends: Vec<End>,
    rest: Vec<End>,
}

#[derive(Debug)]
struct End {
    verb: Option<Box<str>>,
    method: Method,
    target: usize,
}

impl<T> Table<T> {
    /// A table of these routes.
    pub fn new(routes: impl IntoIterator<Item = (Method, Template, T)>) -> Self {
        let mut table = Table { root: Node::default(), targets: Vec::new() };
        for (method, template, target) in routes {
            table.add(method, &template);
            table.targets.push((template, target));
        }
        table
    }

    fn add(&mut self, method: Method, template: &Template) {
        let end = End { verb: template.verb.as_deref().map(Into::into), method, target: self.targets.len() };
        let mut node = &mut self.root;
        for segment in &template.segments {
            node = match segment {
                Segment::Rest => return node.rest.push(end),
                Segment::One => node.one.get_or_insert_default(),
                Segment::Literal(word) => match node.words.iter().position(|(known, _)| **known == **word) {
                    Some(at) => &mut node.words[at].1,
                    None => {
                        node.words.push((word.as_str().into(), Node::default()));
                        &mut node.words.last_mut().expect("invariant: just pushed").1
                    }
                },
            };
        }
        node.ends.push(end);
    }

    /// All targets, in the order in which they were given.
    pub fn targets(&self) -> impl Iterator<Item = &T> {
        self.targets.iter().map(|(_, target)| target)
    }

    /// Where `path` leads for `method`.
    pub fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'_, 'p, T> {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        // The verb is what follows the last colon behind the last slash.
        let tail = path.rfind('/').map_or(0, |at| at + 1);
        let (path, verb) = match path[tail..].rfind(':') {
            Some(colon) => (&path[..tail + colon], Some(&path[tail + colon + 1..])),
            None => (path, None),
        };
        let segments: Vec<&str> = path.split('/').take(SEGMENTS_MAX + 1).collect();
        if segments.len() > SEGMENTS_MAX {
            return Found::Nothing;
        }
        let mut search = Search { method, verb, allowed: Vec::new() };
        match search.walk(&self.root, &segments) {
            Some(at) => {
                let (template, target) = &self.targets[at];
                let values = template.variables.iter().map(|variable| value(template, variable, &segments));
                values.collect::<Option<Vec<_>>>().map_or(Found::Malformed, |values| Found::Target(target, values))
            }
            None if search.allowed.is_empty() => Found::Nothing,
            None => Found::Methods(search.allowed),
        }
    }
}

struct Search<'s> {
    method: &'s Method,
    verb: Option<&'s str>,
    allowed: Vec<Method>,
}

impl Search<'_> {
    fn walk(&mut self, node: &Node, segments: &[&str]) -> Option<usize> {
        let Some((segment, others)) = segments.split_first() else { return self.end(&node.ends) };
        if segment.is_empty() {
            return None;
        }
        let word = decoded(segment, false);
        let next = node.words.iter().find(|(known, _)| word.as_deref() == Some(&**known));
        next.and_then(|(_, next)| self.walk(next, others))
            .or_else(|| self.walk(node.one.as_deref()?, others))
            .or_else(|| self.end(&node.rest).filter(|_| segments.iter().all(|segment| !segment.is_empty())))
    }

    fn end(&mut self, ends: &[End]) -> Option<usize> {
        let mut here = ends.iter().filter(|end| end.verb.as_deref() == self.verb);
        here.clone().find(|end| end.method == *self.method).map(|end| end.target).or_else(|| {
            self.allowed.extend(here.by_ref().map(|end| end.method.clone()));
            None
        })
    }
}

/// The value of a variable. An encoded slash stays encoded where the value has slashes of its own.
fn value<'p>(template: &Template, variable: &api::Variable, segments: &[&'p str]) -> Option<Cow<'p, str>> {
    let rest = template.segments.get(variable.end - 1) == Some(&Segment::Rest);
    let end = if rest { segments.len() } else { variable.end };
    match &segments[variable.start..end] {
        [single] if !rest => decoded(single, false),
        many => {
            let pieces: Option<Vec<Cow<str>>> = many.iter().map(|segment| decoded(segment, true)).collect();
            Some(Cow::Owned(pieces?.join("/")))
        }
    }
}

/// Text with its percent signs resolved; `None` if they are malformed or do not make UTF-8.
pub fn decoded(text: &str, keep_slash: bool) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let (high, low) = (char::from(*tail.first()?).to_digit(16)?, char::from(*tail.get(1)?).to_digit(16)?);
        match (high * 16 + low) as u8 {
            b'/' if keep_slash => bytes.extend_from_slice(b"%2F"),
            byte => bytes.push(byte),
        }
        rest = &tail[2..];
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<&'static str> {
        let routes = [
            (Method::GET, "/v1/countries"),
            (Method::POST, "/v1/countries"),
            (Method::GET, "/v1/{name=countries/*}"),
            (Method::PATCH, "/v1/{country.name=countries/*}"),
            (Method::POST, "/v1/{name=countries/*}:retire"),
            (Method::GET, "/v1/countries/special"),
            (Method::GET, "/v1/countries:resolve"),
            (Method::GET, "/v1/{parent=countries/*}/regions/{region}"),
            (Method::GET, "/v1/files/{path=**}"),
            (Method::GET, "/v1/{any=**}:watch"),
        ];
        Table::new(routes.map(|(method, path)| (method, Template::parse(path).expect(path), path)))
    }

    fn find(method: Method, path: &str) -> Result<(&'static str, Vec<String>), String> {
        match table().find(&method, path) {
            Found::Target(target, values) => Ok((*target, values.into_iter().map(Cow::into_owned).collect())),
            Found::Methods(methods) => Err(format!("{methods:?}")),
            Found::Malformed => Err("malformed".into()),
            Found::Nothing => Err("nothing".into()),
        }
    }

    #[test]
    fn paths_lead_to_the_most_literal_route() {
        for (path, route, values) in [
            ("/v1/countries", "/v1/countries", &[][..]),
            ("/v1/countries/LB", "/v1/{name=countries/*}", &["countries/LB"]),
            ("/v1/countries/special", "/v1/countries/special", &[]),
            ("/v1/countries:resolve", "/v1/countries:resolve", &[]),
            ("/v1/countries/L%42", "/v1/{name=countries/*}", &["countries/LB"]),
            ("/v1/countr%69es/LB", "/v1/{name=countries/*}", &["countries/LB"]),
            ("/v1/countries/a%2Fb", "/v1/{name=countries/*}", &["countries/a%2Fb"]),
            ("/v1/countries/%C4%90%E1%BA%AFk", "/v1/{name=countries/*}", &["countries/Đắk"]),
            ("/v1/countries/LB/regions/a%2fb", "/v1/{parent=countries/*}/regions/{region}", &["countries/LB", "a/b"]),
            ("/v1/files/a/b%2Fc/d", "/v1/files/{path=**}", &["a/b%2Fc/d"]),
            ("/v1/x/y/z:watch", "/v1/{any=**}:watch", &["x/y/z"]),
        ] {
            assert_eq!(find(Method::GET, path), Ok((route, values.iter().map(|v| v.to_string()).collect())), "{path}");
        }
        assert_eq!(
            find(Method::POST, "/v1/countries/LB:retire"),
            Ok(("/v1/{name=countries/*}:retire", vec!["countries/LB".into()]))
        );
    }

    #[test]
    fn a_path_of_other_methods_tells_them() {
        assert_eq!(find(Method::DELETE, "/v1/countries"), Err("[GET, POST]".into()));
        assert_eq!(find(Method::GET, "/v1/countries/LB:retire"), Err("[POST]".into()));
        assert_eq!(find(Method::POST, "/v1/countries/special"), Err("[GET, GET, PATCH]".into()));
        // The word is tried first, but the variable has the method.
        assert_eq!(
            find(Method::PATCH, "/v1/countries/special").map(|found| found.0),
            Ok("/v1/{country.name=countries/*}")
        );
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for path in [
            "",
            "/",
            "/v1",
            "/v1/countries/",
            "/v1//countries",
            "/v1/countries/LB:nope",
            "/v1/countries/LB/x",
            "v1/countries",
            "/v1/files/",
            "/v1/files/a//b",
        ] {
            assert_eq!(find(Method::GET, path), Err("nothing".into()), "{path}");
        }
        assert_eq!(find(Method::GET, &"/x".repeat(10_000)), Err("nothing".into()));
        for path in ["/v1/countries/%", "/v1/countries/%4", "/v1/countries/%zz", "/v1/countries/%ff"] {
            assert_eq!(find(Method::GET, path), Err("malformed".into()), "{path}");
        }
    }
}
