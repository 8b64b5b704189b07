//! The contract at run time: every rpc with its routes, access rule, failures and comment.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor, Value};

use crate::comment::{comment_at, comment_of_enum_value};
use crate::options::v1::{Access, FailureRule};
use crate::shape::{self, ResourceInfo, Route, Verb, option};

/// An rpc.
#[derive(Debug, Clone)]
pub struct Method {
    /// As in gRPC: `/ngkt.registry.v1.CountryService/GetCountry`.
    pub path: String,
    /// Such as `ngkt.registry.v1`.
    pub package: String,
    /// With its package: `ngkt.registry.v1.CountryService`.
    pub service: String,
    /// The NGKT service that serves it: `registry`.
    pub role: String,
    /// Such as `GetCountry`.
    pub name: String,
    /// What it does.
    pub verb: Verb,
    /// The resource that it is about, as far as its form tells.
    pub resource: Option<ResourceInfo>,
    /// The request.
    pub input: MessageDescriptor,
    /// The answer, or one of many.
    pub output: MessageDescriptor,
    /// It answers with many messages.
    pub server_streaming: bool,
    /// It takes many messages.
    pub client_streaming: bool,
    /// How it is reached over HTTP, the foremost way first.
    pub routes: Vec<Route>,
    /// Who may call it.
    pub access: Access,
    /// Its failures besides those that every rpc can have.
    pub failures: Vec<FailureInfo>,
    /// What it writes to the change log, such as `commitment.fulfilled`; `None` if it only reads.
    pub change: Option<String>,
    /// What it does, in words.
    pub comment: String,
}

/// A failure, as the proto tells it.
#[derive(Debug, Clone)]
pub struct FailureInfo {
    /// The reason on the wire.
    pub reason: String,
    /// The canonical code.
    pub code: tonic::Code,
    /// The sentence, with words in braces.
    pub message: String,
    /// What it means.
    pub comment: String,
}

/// All rpcs and all resources.
#[derive(Debug)]
pub struct Contract {
    methods: Vec<Method>,
    by_path: HashMap<String, usize>,
    resources: Vec<ResourceInfo>,
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(crate::FILE_DESCRIPTOR_SET).expect("invariant: the build wrote it from a pool")
});
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::read(&POOL));

/// All descriptors, with options, the comments of ours, and the messages of google.rpc that travel as details.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// The contract, read once.
pub fn contract() -> &'static Contract {
    &CONTRACT
}

impl Contract {
    pub(crate) fn read(pool: &DescriptorPool) -> Self {
        let methods: Vec<Method> = pool
            .services()
            .filter(|service| service.package_name().starts_with("ngkt."))
            .flat_map(|service| service.methods().map(|method| Method::read(&method)).collect::<Vec<_>>())
            .collect();
        let by_path = methods.iter().enumerate().map(|(index, method)| (method.path.clone(), index)).collect();
        let resources = pool.all_messages().filter_map(|message| shape::resource(&message)).collect();
        Self { methods, by_path, resources }
    }

    /// All rpcs.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.iter()
    }

    /// The rpc with this gRPC path.
    pub fn method(&self, path: &str) -> Option<&Method> {
        self.by_path.get(path).map(|index| &self.methods[*index])
    }

    /// All kinds of records.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceInfo> {
        self.resources.iter()
    }

    /// The kind of record whose names begin with this.
    pub fn resource_of_collection(&self, collection: &str) -> Option<&ResourceInfo> {
        self.resources.iter().find(|resource| resource.collection == collection)
    }
}

impl Method {
    fn read(method: &MethodDescriptor) -> Self {
        let service = method.parent_service();
        let package = service.package_name().to_owned();
        let (verb, resource) = shape::verb(method);
        Self {
            path: format!("/{}/{}", service.full_name(), method.name()),
            service: service.full_name().to_owned(),
            role: package.split('.').nth(1).unwrap_or_default().to_owned(),
            name: method.name().to_owned(),
            verb,
            resource,
            input: method.input(),
            output: method.output(),
            server_streaming: method.is_server_streaming(),
            client_streaming: method.is_client_streaming(),
            routes: shape::routes(method).expect("invariant: the build read them"),
            access: access(method),
            failures: failures(method, &package),
            change: shape::change(method).expect("invariant: the build read it"),
            comment: comment_at(&method.parent_file(), method.path()).to_owned(),
            package,
        }
    }
}

fn access(method: &MethodDescriptor) -> Access {
    let Some(Value::Message(access)) = option(&method.options(), "ngkt.options.v1.access") else {
        // Nobody may call what does not say who may; the build refuses it anyway.
        return Access::default();
    };
    access.transcode_to().expect("invariant: the same proto")
}

fn failures(method: &MethodDescriptor, package: &str) -> Vec<FailureInfo> {
    let Some(Value::List(names)) = option(&method.options(), "ngkt.options.v1.failures") else { return Vec::new() };
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    names.into_iter().filter_map(|name| failure(method.parent_pool(), package, name)).collect()
}

/// The failure of this name in the package, or among those that every rpc can have.
fn failure(pool: &DescriptorPool, package: &str, name: &str) -> Option<FailureInfo> {
    let value = shape::failure(pool, package, name)?;
    let Some(Value::Message(rule)) = option(&value.options(), "ngkt.options.v1.failure") else { return None };
    let rule: FailureRule = rule.transcode_to().expect("invariant: the same proto");
    Some(FailureInfo {
        reason: name.to_owned(),
        code: tonic::Code::from_i32(rule.code),
        message: rule.message,
        comment: comment_of_enum_value(&value).to_owned(),
    })
}
