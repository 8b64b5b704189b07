//! Who may call what: the access rule at the rpc, and nothing else. What has no rule is not served.

use crate::error::Error;
use crate::server::{Call, Layer, Response, refuse};
use crate::target::Called;
use api::options::v1::Failure;

pub(super) struct Access<L> {
    next: L,
    roles: Vec<String>,
}

impl<L> Access<L> {
    /// Lets through what the contract allows of the rpcs of `roles`.
    pub(super) fn new(next: L, roles: &[&str]) -> Access<L> {
        Access { next, roles: roles.iter().map(|role| role.to_string()).collect() }
    }
}

impl<L: Layer> Layer for Access<L> {
    async fn run(&self, call: Call) -> Response {
        match call.called {
            Called::Platform { .. } => {}
            Called::Rpc(target) if !self.roles.contains(&target.method.role) => return unknown(&call),
            Called::Rpc(target) if target.allows(&call.caller) => {}
            Called::Rpc(_) if call.caller.is_anonymous() => return refuse(Error::unauthenticated("none was sent")),
            Called::Rpc(target) => {
                let rpc = &target.method.name;
                return refuse(Error::permission_denied(format!("its role does not allow {rpc}")));
            }
            Called::Unknown => return unknown(&call),
        }
        self.next.run(call).await
    }
}

fn unknown(call: &Call) -> Response {
    refuse(Error::of(Failure::Unimplemented).with("path", call.request.uri().path()))
}
