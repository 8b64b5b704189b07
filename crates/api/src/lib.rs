//! The contract, executable: messages, clients and servers made from `/proto`, the rules that stand there as Rust, and
//! the descriptors with our options and comments, readable at run time.

#[cfg(test)]
#[path = "../build/check/mod.rs"]
mod check;
pub mod codec;
mod comment;
mod contract;
mod failure;
mod form;
mod resource;
pub mod rule;
mod shape;
mod template;
#[cfg(test)]
mod tests;
mod validate;

/// What the build script wrote. The docs are the protos' comments.
#[allow(missing_docs, unused_imports, unused_variables, rustdoc::all, clippy::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

pub use comment::{comment_of_enum, comment_of_enum_value, comment_of_field, comment_of_message, comment_of_service};
pub use contract::{Contract, FailureInfo, Method, contract, pool};
pub use failure::{Failure, Rule};
pub use form::check as check_form;
pub use generated::google::rpc;
pub use generated::ngkt::r#type as shared;
pub use generated::ngkt::*;
pub use resource::{
    ActRequest, CreateRequest, GetRequest, ListRequest, Resource, RetireRequest, UnknownField, UpdateRequest,
};
pub use shape::{Body, ResourceInfo, Route, Verb, has_behavior, option, routes};
pub use template::{Segment, Template, Variable};
pub use validate::{Path, Validate, Violation};

/// The domain of all our failure reasons, as `google.rpc.ErrorInfo` has it.
pub const DOMAIN: &str = "ngkt.vn";

/// All protos as an encoded `google.protobuf.FileDescriptorSet`, with imports, options and the comments of ours.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
