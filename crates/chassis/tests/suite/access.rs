//! Who may call what: by the contract alone, whichever way the request comes.

use api::registry::v1::{Agency, CreateAgencyRequest};
use chassis::{Caller, Role};
use tonic::Code;

use crate::world::{WAYS, World, officer};

pub fn a_new_agency() -> CreateAgencyRequest {
    let agency = Agency { display_name: "Bộ Ngoại giao".into(), code: "G08".into(), level: 1, ..Agency::default() };
    CreateAgencyRequest { agency: Some(agency), agency_id: "g08".into() }
}

#[tokio::test]
async fn only_the_roles_of_the_contract_get_in() {
    for way in WAYS {
        let world = World::start(way).await;
        for (caller, expected) in [
            (Caller::default(), Code::Unauthenticated),
            (officer(Role::MissionOfficer), Code::PermissionDenied),
            (officer(Role::Operator), Code::PermissionDenied),
            (Caller::system("events"), Code::PermissionDenied),
            (officer(Role::MinistryOfficer), Code::Ok),
            (officer(Role::Administrator), Code::Ok),
        ] {
            let answer = world.agencies(&caller).create_agency(a_new_agency()).await;
            let code = answer.as_ref().map_or_else(|status| status.code(), |_| Code::Ok);
            assert_eq!(code, expected, "{way:?} {caller}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn what_is_public_needs_no_token_and_a_bad_one_is_still_refused() {
    for way in WAYS {
        let world = World::start(way).await;
        assert_eq!(world.get(&Caller::default(), "told").await.unwrap().display_name, "anonymous");
        let peer = world.host.peers.get("registry");
        let mut client = api::registry::v1::agency_service_client::AgencyServiceClient::new(peer);
        for header in ["Bearer nonsense", "Basic bGFuOmxhbg==", "nonsense"] {
            let mut request = tonic::Request::new(api::registry::v1::GetAgencyRequest { name: "agencies/told".into() });
            request.metadata_mut().insert("authorization", header.parse().unwrap());
            assert_eq!(client.get_agency(request).await.unwrap_err().code(), Code::Unauthenticated, "{way:?} {header}");
        }
    }
}

#[tokio::test]
async fn what_is_open_to_all_who_are_known_is_closed_to_nobody_in_particular() {
    for way in WAYS {
        let world = World::start(way).await;
        let request = api::shared::v1::ListChangesRequest::default;
        let refused = world.changes(&Caller::default()).list_changes(request()).await;
        assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
        world.changes(&officer(Role::EnterpriseUser)).list_changes(request()).await.unwrap();
    }
}

#[tokio::test]
async fn headers_that_claim_an_identity_are_nothing() {
    for way in WAYS {
        let world = World::start(way).await;
        let mut request = tonic::Request::new(a_new_agency());
        for name in ["x-ngkt-subject", "x-ngkt-roles", "x-ngkt-organization"] {
            request.metadata_mut().insert(name, "ADMINISTRATOR".parse().unwrap());
        }
        // Not even a token that the request brought itself: the caller is the one of the channel.
        let forged = world.host.identity.internal.for_caller(&officer(Role::Administrator)).unwrap();
        request.metadata_mut().insert("authorization", format!("Bearer {forged}").parse().unwrap());
        let refused = world.agencies(&Caller::default()).create_agency(request).await;
        assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated, "{way:?}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_in_the_contract_or_not_served_here_is_unimplemented() {
    for way in WAYS {
        let world = World::start(way).await;
        for path in [
            "/ngkt.registry.v1.AgencyService/DropAgencies",
            "/ngkt.registry.v1.AgencyService/",
            "/ngkt.events.v1.ChangeService/ListChanges",
            "/",
        ] {
            let request = http::Request::post(path).body(tonic::body::Body::empty()).unwrap();
            let answer = world.host.peers.get("registry").answer(request).await;
            let status = tonic::Status::from_header_map(answer.headers()).unwrap();
            assert_eq!(status.code(), Code::Unimplemented, "{way:?} {path}: {status:?}");
            assert_eq!(chassis::Error::from(status).metadata()["path"], path);
        }
    }
}
