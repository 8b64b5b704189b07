//! Who sees what, and who may change it.

use api::registry::v1::{Country, ListCountriesRequest};
use api::shared::v1::audience::Circle;
use api::shared::v1::{Audience, ListChangesRequest};
use chassis::caller::Role;

use crate::support::{Bench, Database, country, on_each_database};

on_each_database!(
    what_a_caller_may_not_see_does_not_exist,
    whoever_sees_without_owning_may_not_change,
    an_audience_that_grows_lets_in_and_one_that_shrinks_shuts_out,
    a_record_is_given_away_only_by_whoever_owns_both,
    a_wildcard_in_a_name_is_a_letter,
);

fn private(names: &[&str]) -> Option<Audience> {
    let organizations = names.iter().map(|name| (*name).to_owned()).collect();
    Some(Audience { circle: Circle::Owner.into(), organizations })
}

async fn what_a_caller_may_not_see_does_not_exist(database: Database) {
    let owner = Bench::open(&database).await;
    let record = Country { audience: private(&["localities/quang-ninh"]), ..country("Li-băng") };
    let record = owner.create("LB", record).await.unwrap();
    for (who, sees) in [
        (owner.as_anonymous(), false),
        (owner.as_(Role::LocalityOfficer, "localities/hue"), false),
        (owner.as_(Role::LocalityOfficer, "localities/quang"), false),
        (owner.as_(Role::Operator, "agencies/g08"), false),
        (owner.as_(Role::LocalityOfficer, "localities/quang-ninh"), true),
        (owner.as_(Role::Auditor, "agencies/t01"), true),
        (owner.clone(), true),
    ] {
        let found = who.get("LB").await;
        let listed = who.list(ListCountriesRequest::default()).await.unwrap().countries;
        let changes = who.changes(ListChangesRequest::default()).await.unwrap().changes;
        assert_eq!((found.is_ok(), listed.len(), changes.len()), (sees, usize::from(sees), usize::from(sees)));
        if !sees {
            assert_eq!(found.unwrap_err().reason(), "NOT_FOUND");
            assert_eq!(who.update(record.clone(), "display_name").await.unwrap_err().reason(), "NOT_FOUND");
            assert_eq!(who.retire("LB", "").await.unwrap_err().reason(), "NOT_FOUND");
        }
    }
    owner.stop().await;
}

async fn whoever_sees_without_owning_may_not_change(database: Database) {
    let owner = Bench::open(&database).await;
    let record = owner.create("LB", country("Li-băng")).await.unwrap();
    let stranger = owner.as_(Role::MinistryOfficer, "agencies/g12");
    assert_eq!(stranger.get("LB").await.unwrap(), record);
    assert_eq!(stranger.update(record.clone(), "display_name").await.unwrap_err().reason(), "PERMISSION_DENIED");
    assert_eq!(stranger.retire("LB", "").await.unwrap_err().reason(), "PERMISSION_DENIED");
    let theirs = Country { owner: "agencies/g08".into(), ..country("Hàn Quốc") };
    assert_eq!(stranger.create("KR", theirs.clone()).await.unwrap_err().reason(), "PERMISSION_DENIED");
    let administrator = owner.as_(Role::Administrator, "agencies/g12");
    assert_eq!(administrator.create("KR", theirs).await.unwrap().owner, "agencies/g08");
    owner.stop().await;
}

async fn an_audience_that_grows_lets_in_and_one_that_shrinks_shuts_out(database: Database) {
    let owner = Bench::open(&database).await;
    let hue = owner.as_(Role::LocalityOfficer, "localities/hue");
    let record = owner.create("LB", Country { audience: private(&[]), ..country("Li-băng") }).await.unwrap();
    assert!(hue.get("LB").await.is_err());
    let wide = Country { audience: private(&["localities/hue"]), ..record.clone() };
    let wide = owner.update(wide, "audience").await.unwrap();
    assert_eq!(hue.get("LB").await.unwrap(), wide);
    owner.update(Country { audience: private(&[]), ..wide }, "audience").await.unwrap();
    assert!(hue.get("LB").await.is_err());
    let seen = hue.changes(ListChangesRequest::default()).await.unwrap().changes;
    assert_eq!(
        seen.iter().map(|change| change.version).collect::<Vec<_>>(),
        [2],
        "an entry is seen by its own audience"
    );
    owner.stop().await;
}

async fn a_record_is_given_away_only_by_whoever_owns_both(database: Database) {
    let owner = Bench::open(&database).await;
    let record = owner.create("LB", country("Li-băng")).await.unwrap();
    let given = Country { owner: "agencies/g12".into(), ..record };
    assert_eq!(owner.update(given.clone(), "owner").await.unwrap_err().reason(), "PERMISSION_DENIED");
    let administrator = owner.as_(Role::Administrator, "agencies/g01");
    assert_eq!(administrator.update(given, "owner").await.unwrap().owner, "agencies/g12");
    owner.stop().await;
}

async fn a_wildcard_in_a_name_is_a_letter(database: Database) {
    let owner = Bench::open(&database).await;
    let record = Country { audience: private(&["localities/quangxninh"]), ..country("Li-băng") };
    owner.create("LB", record).await.unwrap();
    assert!(owner.as_(Role::LocalityOfficer, "localities/quang_ninh").get("LB").await.is_err());
    let broken = Country { audience: private(&["localities/a|localities/b"]), ..country("Hàn Quốc") };
    assert_eq!(owner.create("KR", broken).await.unwrap_err().reason(), "INVALID_ARGUMENT");
    owner.stop().await;
}
