//! Calls of any rpc by its descriptor, over gRPC and over REST, without generated code.

use api::{Body, Method, Route};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Response, Status};

use super::actor::Actor;
use super::answer::Answer;

impl Actor {
    /// Calls a unary rpc over gRPC.
    pub async fn call(&self, method: &Method, message: DynamicMessage) -> Result<DynamicMessage, Status> {
        self.call_with(method, Request::new(message)).await.map(Response::into_inner)
    }

    /// Calls a unary rpc over gRPC with metadata of one's own, and keeps the answer's.
    pub async fn call_with(
        &self,
        method: &Method,
        request: Request<DynamicMessage>,
    ) -> Result<Response<DynamicMessage>, Status> {
        let mut grpc = tonic::client::Grpc::new(self.wire());
        grpc.ready().await.map_err(|e| Status::unavailable(e.to_string()))?;
        let path = method.path.parse().expect("invariant: an rpc's path is a URI path");
        grpc.unary(request, path, Dynamic { output: method.output.clone() }).await
    }

    /// Calls the same rpc over REST, by its first route.
    pub async fn rest(&self, method: &Method, message: &DynamicMessage) -> Answer {
        let route = method.routes.first().expect("invariant: every rpc has a route");
        let (path, query, body) = rest_request(route, message);
        let path =
            reqwest::Url::parse_with_params(&format!("http://gateway{path}"), &query).expect("a well-formed path");
        let path_and_query = path.as_str().trim_start_matches("http://gateway").trim_end_matches('?');
        let mut request = self.request(route.http.clone(), path_and_query);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }
}

/// Path, query and body of a request, as `google.api.http` distributes the message.
fn rest_request(route: &Route, message: &DynamicMessage) -> (String, Vec<(String, String)>, Option<Value>) {
    let mut rest = json(message);
    let mut path = String::new();
    let template = route.template.to_string();
    let mut parts = template.split('{');
    path.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (variable, after) = part.split_once('}').expect("invariant: braces are closed");
        let field = variable.split_once('=').map_or(variable, |(field, _)| field);
        let pointer: String = field.split('.').map(|name| format!("/{}", json_name(name))).collect();
        let value = rest.pointer_mut(&pointer).map(Value::take).unwrap_or_default();
        path.push_str(value.as_str().unwrap_or_default());
        path.push_str(after);
    }
    remove_nulls(&mut rest);
    match &route.body {
        Body::None => (path, query(&rest), None),
        Body::Whole => (path, Vec::new(), Some(rest)),
        Body::Field(field) => {
            let body = rest.as_object_mut().and_then(|fields| fields.remove(&json_name(field)));
            (path, query(&rest), Some(body.unwrap_or_else(|| Value::Object(Default::default()))))
        }
    }
}

fn query(rest: &Value) -> Vec<(String, String)> {
    fn add(prefix: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                let dot = if prefix.is_empty() { "" } else { "." };
                fields.iter().for_each(|(key, value)| add(&format!("{prefix}{dot}{key}"), value, pairs));
            }
            Value::Array(items) => items.iter().for_each(|item| add(prefix, item, pairs)),
            Value::String(text) => pairs.push((prefix.to_owned(), text.clone())),
            other => pairs.push((prefix.to_owned(), other.to_string())),
        }
    }
    let mut pairs = Vec::new();
    add("", rest, &mut pairs);
    pairs
}

fn remove_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(remove_nulls);
    }
}

/// A field's name as it stands in JSON.
pub fn json_name(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut joined, word| {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
        joined
    })
}

/// A message in proto3 JSON, by an implementation that is not the gateway's.
pub fn json(message: &DynamicMessage) -> Value {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    message.serialize_with_options(&mut serializer, &SerializeOptions::new()).expect("a message has a JSON form");
    serde_json::from_slice(&bytes).expect("invariant: written a line above")
}

/// A message from proto3 JSON.
pub fn from_json(descriptor: &MessageDescriptor, value: &Value) -> DynamicMessage {
    DynamicMessage::deserialize(descriptor.clone(), value)
        .unwrap_or_else(|e| panic!("{}: {e}: {value}", descriptor.name()))
}

/// Encodes and decodes by descriptor.
struct Dynamic {
    output: MessageDescriptor,
}

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = DynamicEncoder;
    type Decoder = DynamicDecoder;

    fn encoder(&mut self) -> DynamicEncoder {
        DynamicEncoder
    }

    fn decoder(&mut self) -> DynamicDecoder {
        DynamicDecoder(self.output.clone())
    }
}

struct DynamicEncoder;

impl Encoder for DynamicEncoder {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|e| Status::internal(e.to_string()))
    }
}

struct DynamicDecoder(MessageDescriptor);

impl Decoder for DynamicDecoder {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        DynamicMessage::decode(self.0.clone(), buffer).map(Some).map_err(|e| Status::internal(e.to_string()))
    }
}
