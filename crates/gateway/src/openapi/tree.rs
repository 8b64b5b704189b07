//! JSON whose members stay in the order in which they were put: the order of the protos, which people read.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Node {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
    List(Vec<Node>),
    Object(Object),
}

/// A JSON object.
#[derive(Debug, Clone, Default)]
pub struct Object(Vec<(String, Node)>);

impl Object {
    /// Without members.
    pub fn new() -> Object {
        Object::default()
    }

    /// With one member more.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Node>) -> Object {
        self.put(name, value);
        self
    }

    /// With one member more, if there is something to put.
    pub fn with_some(self, name: &str, value: Option<impl Into<Node>>) -> Object {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a text more, unless it is empty.
    pub fn with_text(self, name: &str, text: &str) -> Object {
        self.with_some(name, Some(text).filter(|text| !text.is_empty()))
    }

    /// Puts a member at the end.
    pub fn put(&mut self, name: impl Into<String>, value: impl Into<Node>) {
        self.0.push((name.into(), value.into()));
    }

    /// The object under `name`, which is put at the end if there is none.
    pub fn object(&mut self, name: &str) -> &mut Object {
        let at = self.0.iter().position(|(known, value)| known == name && matches!(value, Node::Object(_)));
        let at = at.unwrap_or_else(|| {
            self.put(name, Object::new());
            self.0.len() - 1
        });
        match &mut self.0[at].1 {
            Node::Object(object) => object,
            _ => unreachable!("invariant: an object was looked for"),
        }
    }

    /// Adds the members of another object.
    pub fn extend(&mut self, other: Object) {
        self.0.extend(other.0);
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Text(text) => text.serialize(serializer),
            Node::Number(number) => number.serialize(serializer),
            Node::Truth(truth) => truth.serialize(serializer),
            Node::List(nodes) => nodes.serialize(serializer),
            Node::Object(object) => object.serialize(serializer),
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Node {
        Node::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Node {
        Node::Text(text)
    }
}

impl From<bool> for Node {
    fn from(truth: bool) -> Node {
        Node::Truth(truth)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Node {
        Node::Number(number.into())
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Node {
        Node::Number(number.into())
    }
}

impl From<f64> for Node {
    /// What is no number in JSON becomes text.
    fn from(number: f64) -> Node {
        match serde_json::Number::from_f64(number) {
            _ if number.fract() == 0.0 && number.abs() < 1e15 => Node::Number((number as i64).into()),
            Some(number) => Node::Number(number),
            None => Node::Text(number.to_string()),
        }
    }
}

impl From<Object> for Node {
    fn from(object: Object) -> Node {
        Node::Object(object)
    }
}

impl<N: Into<Node>> From<Vec<N>> for Node {
    fn from(nodes: Vec<N>) -> Node {
        Node::List(nodes.into_iter().map(Into::into).collect())
    }
}
