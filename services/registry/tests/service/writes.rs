//! What is written, and what is refused.

use api::registry::v1::organization_identifier::Type as Number;
use api::registry::v1::*;
use chassis::Role;

use crate::{Registry, reason};
use api::registry::v1::locality_service_client::LocalityServiceClient;
use api::registry::v1::mission_service_client::MissionServiceClient;

fn period(from: &str, to: &str) -> LocalityPeriod {
    LocalityPeriod {
        valid_from: from.into(),
        valid_to: to.into(),
        r#type: locality::Type::Province as i32,
        display_name: "Thử Nghiệm".into(),
        slug: "thu-nghiem".into(),
        ..LocalityPeriod::default()
    }
}

fn unit(periods: Vec<LocalityPeriod>, predecessors: &[(&str, &str)]) -> CreateLocalityRequest {
    let step = |(locality, date): &(&str, &str)| LocalitySuccession {
        effective_date: (*date).into(),
        locality: format!("localities/{locality}"),
        kind: locality_succession::Kind::Merge as i32,
        ..LocalitySuccession::default()
    };
    let predecessors = predecessors.iter().map(step).collect();
    let locality = Some(Locality { periods, predecessors, ..Locality::default() });
    CreateLocalityRequest { locality, locality_id: "thu-nghiem".into() }
}

#[tokio::test]
async fn a_locality_keeps_the_rules_of_succession() {
    let registry = Registry::start().await;
    let mut localities = LocalityServiceClient::new(registry.ministry());
    for (request, why) in [
        (unit(vec![period("2026-01-01", ""), period("2027-01-01", "")], &[]), "LOCALITY_PERIODS_BROKEN"),
        (unit(vec![period("2026-01-01", "2025-01-01")], &[]), "LOCALITY_PERIODS_BROKEN"),
        (unit(vec![period("2027-01-01", "")], &[("ha-noi", "2027-01-01")]), "LOCALITY_SUCCESSION_BROKEN"),
        (unit(vec![period("2027-01-01", "")], &[("thu-nghiem", "2027-01-01")]), "LOCALITY_SUCCESSION_BROKEN"),
        (unit(vec![period("2027-01-01", "")], &[("atlantis", "2027-01-01")]), "REFERENCE_NOT_FOUND"),
    ] {
        assert_eq!(reason(localities.create_locality(request).await), why);
    }
    let made = localities.create_locality(unit(vec![period("2027-01-01", "")], &[])).await.expect("made").into_inner();
    assert_eq!((made.display_name.as_str(), made.slug.as_str()), ("Thử Nghiệm", "thu-nghiem"));
    assert_eq!(made.owner, "agencies/g08");
    let request = ListLocalitiesRequest { as_of: "2027-01-01".into(), page_size: 1000, ..Default::default() };
    assert_eq!(localities.list_localities(request).await.expect("a list").into_inner().localities.len(), 35);
    let request = RetireLocalityRequest { name: made.name.clone(), ..Default::default() };
    localities.retire_locality(request).await.expect("retired");
    let request = ResolveLocalityRequest { slug: "thu-nghiem".into(), ..Default::default() };
    assert_eq!(reason(localities.resolve_locality(request).await), "LOCALITY_UNKNOWN");
}

#[tokio::test]
async fn a_closed_mission_no_longer_answers() {
    let registry = Registry::start().await;
    let mut missions = MissionServiceClient::new(registry.ministry());
    let change = |closed: &str| UpdateMissionRequest {
        mission: Some(Mission { name: "missions/vn-eg-emb".into(), closed_date: closed.into(), ..Mission::default() }),
        update_mask: None,
    };
    let changed = missions.update_mission(change("2026-06")).await.expect("closed").into_inner();
    assert_eq!(changed.accreditations.len(), 6, "what the mask does not name stays");
    let resolve = |day: &str| ResolveMissionRequest { name: "countries/LB".into(), as_of: day.into() };
    assert!(registry.countries().resolve_mission(resolve("2026-06-30")).await.is_ok());
    assert_eq!(reason(registry.countries().resolve_mission(resolve("2026-07-01")).await), "COUNTRY_NOT_COVERED");
    let mut stranger = MissionServiceClient::new(registry.call_as("missions/vn-eg-emb", &[Role::MissionOfficer]));
    assert_eq!(reason(stranger.update_mission(change("")).await), "PERMISSION_DENIED");
}

fn body(name: &str, kind: Number, value: &str) -> CreateOrganizationRequest {
    let identifier = OrganizationIdentifier { r#type: kind as i32, value: value.into(), ..Default::default() };
    CreateOrganizationRequest {
        organization: Some(Organization {
            display_name: name.into(),
            kind: organization::Kind::Enterprise as i32,
            country: "countries/VN".into(),
            identifiers: vec![identifier],
            ..Organization::default()
        }),
    }
}

#[tokio::test]
async fn a_tax_code_belongs_to_one_organization() {
    let registry = Registry::start().await;
    let officer = registry.call_as("localities/quang-ninh", &[Role::LocalityOfficer]);
    let mut organizations = registry.organizations(officer);
    let made = organizations
        .create_organization(body("Một", Number::TaxCode, "5700 100 256"))
        .await
        .expect("made")
        .into_inner();
    assert_eq!(made.owner, "localities/quang-ninh");
    let again = organizations.create_organization(body("Hai", Number::TaxCode, "5700100256")).await;
    assert_eq!(reason(again), "IDENTIFIER_TAKEN");
    for _ in 0..2 {
        organizations.create_organization(body("Ba", Number::RegistrationNumber, "7")).await.expect("registers differ");
    }
    let request = ListOrganizationsRequest { identifier: "5700100256".into(), ..Default::default() };
    assert_eq!(
        organizations.list_organizations(request).await.expect("a list").into_inner().organizations,
        std::slice::from_ref(&made)
    );
    let request = RetireOrganizationRequest { name: made.name, ..Default::default() };
    organizations.retire_organization(request).await.expect("retired");
    organizations
        .create_organization(body("Hai", Number::TaxCode, "5700100256"))
        .await
        .expect("nobody claims it any more");
}

#[tokio::test]
async fn organizations_are_seen_by_the_administration_and_stand_in_a_tree() {
    let registry = Registry::start().await;
    let mut organizations = registry.organizations(registry.call_as("missions/vn-jp-emb", &[Role::MissionOfficer]));
    let above =
        organizations.create_organization(body("Tập đoàn", Number::Lei, "X1")).await.expect("made").into_inner();
    let mut request = body("Công ty con", Number::Lei, "X2");
    request.organization.as_mut().expect("one").parent.clone_from(&above.name);
    let below = organizations.create_organization(request).await.expect("made").into_inner();
    let parent = |name: &str, parent: &str| UpdateOrganizationRequest {
        organization: Some(Organization { name: name.into(), parent: parent.into(), ..Organization::default() }),
        update_mask: None,
    };
    assert_eq!(reason(organizations.update_organization(parent(&above.name, &below.name)).await), "PARENT_CYCLE");
    let unknown = organizations.update_organization(parent(&above.name, "organizations/nobody")).await;
    assert_eq!(reason(unknown), "REFERENCE_NOT_FOUND");
    organizations.update_organization(parent(&above.name, "missions/vn-jp-emb")).await.expect("any body may be above");
    let request = ListOrganizationsRequest { parent: above.name.clone(), ..Default::default() };
    assert_eq!(organizations.list_organizations(request).await.expect("a list").into_inner().organizations.len(), 1);
    let get = GetOrganizationRequest { name: above.name, ..Default::default() };
    let mut officer = registry.organizations(registry.call_as("localities/ha-noi", &[Role::LocalityOfficer]));
    assert!(officer.get_organization(get.clone()).await.is_ok());
    let mut firm = registry.organizations(registry.call_as("organizations/other", &[Role::EnterpriseUser]));
    assert_eq!(reason(firm.get_organization(get.clone()).await), "NOT_FOUND");
    assert_eq!(reason(registry.organizations(registry.nobody()).get_organization(get).await), "UNAUTHENTICATED");
}
