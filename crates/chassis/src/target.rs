//! What a request's path calls, looked up in a table made once from the contract.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::caller::{Caller, role_bit};
use crate::telemetry::rpc;

/// What a path calls.
#[derive(Clone, Copy)]
pub(crate) enum Called {
    /// An rpc of the contract.
    Rpc(&'static Target),
    /// Health or reflection, which every process serves to everybody.
    Platform {
        /// Whether it streams.
        stream: bool,
    },
    /// Nothing that we know.
    Unknown,
}

/// An rpc of the contract, with what the stack needs of it at hand.
pub(crate) struct Target {
    pub(crate) method: &'static api::Method,
    /// Whether it streams, either way.
    pub(crate) stream: bool,
    /// Whether it only reads: HTTP's word for it is GET.
    safe: bool,
    public: bool,
    authenticated: bool,
    roles: u32,
    /// The labels of its metrics when it goes well.
    pub(crate) labels: rpc::Labels,
}

static TARGETS: LazyLock<HashMap<&'static str, Target>> =
    LazyLock::new(|| api::contract().methods().map(|method| (method.path.as_str(), Target::new(method))).collect());

impl Target {
    fn new(method: &'static api::Method) -> Target {
        Target {
            method,
            stream: method.server_streaming || method.client_streaming,
            safe: method.routes.first().is_some_and(|route| route.http == http::Method::GET),
            public: method.access.public,
            authenticated: method.access.authenticated,
            roles: method.access.roles.iter().fold(0, |bits, role| bits | role_bit(*role)),
            labels: rpc::Labels::default(),
        }
    }

    /// Whether the access rule of the contract lets `caller` in. What no rule allows is denied.
    pub(crate) fn allows(&self, caller: &Caller) -> bool {
        self.public || (self.authenticated && !caller.is_anonymous()) || self.roles & caller.role_bits() != 0
    }
}

impl Called {
    /// What `path`, such as `/ngkt.registry.v1.CountryService/GetCountry`, calls.
    pub(crate) fn of(path: &str) -> Called {
        if let Some(target) = TARGETS.get(path) {
            return Called::Rpc(target);
        }
        match path {
            "/grpc.health.v1.Health/Check" | "/grpc.health.v1.Health/List" => Called::Platform { stream: false },
            "/grpc.health.v1.Health/Watch"
            | "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
            | "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" => Called::Platform { stream: true },
            _ => Called::Unknown,
        }
    }

    /// What it is called in metrics and logs: paths that nobody serves would be as many as anybody likes.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Called::Rpc(target) => target.method.path.trim_start_matches('/'),
            Called::Platform { .. } | Called::Unknown => "_OTHER",
        }
    }

    /// Whether it may be done twice as well as once, because it only reads.
    pub(crate) fn is_safe(&self) -> bool {
        match self {
            Called::Rpc(target) => target.safe,
            Called::Platform { stream } => !stream,
            Called::Unknown => false,
        }
    }

    /// Whether it streams, either way.
    pub(crate) fn is_stream(&self) -> bool {
        match self {
            Called::Rpc(target) => target.stream,
            Called::Platform { stream } => *stream,
            Called::Unknown => false,
        }
    }
}
