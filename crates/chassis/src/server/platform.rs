//! What every process serves besides its own: health and reflection.

use tonic::service::Routes;
use tonic_reflection::server::Builder;

use crate::host::Host;

/// The role that shows the whole contract, not only its own part: it is the face of all of them.
const FACE: &str = "gateway";

pub(super) fn add(routes: Routes, host: &Host, roles: &[&str]) -> Routes {
    let of_roles = |method: &&api::Method| roles.contains(&FACE) || roles.contains(&method.role.as_str());
    let mut services: Vec<_> = api::contract().methods().filter(of_roles).map(|method| &*method.service).collect();
    services.sort_unstable();
    services.dedup();
    let v1 = reflection(&services).build_v1().expect("invariant: the contract's descriptors are whole");
    let v1alpha = reflection(&services).build_v1alpha().expect("invariant: the contract's descriptors are whole");
    routes.add_service(host.health().server(roles)).add_service(v1).add_service(v1alpha)
}

fn reflection<'a>(services: &[&str]) -> Builder<'a> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(api::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    services.iter().fold(builder, |builder, service| builder.with_service_name(*service))
}
