//! The five verbs.

use api::registry::v1::{Country, ListCountriesRequest};
use api::shared::v1::{ListChangesRequest, Source};
use chassis::caller::Role;

use crate::support::{Bench, Database, country, on_each_database};

on_each_database!(
    a_record_goes_through_its_life,
    what_was_created_is_what_is_read,
    only_what_the_mask_names_changes,
    a_mask_that_names_what_cannot_change_is_refused_by_path,
    a_change_to_another_version_is_refused,
    an_update_that_changes_nothing_writes_nothing,
    an_id_is_given_once,
    an_unknown_name_is_not_found,
);

async fn a_record_goes_through_its_life(database: Database) {
    let bench = Bench::open(&database).await;
    let created = bench.create("LB", country("Li-băng")).await.unwrap();
    assert_eq!((created.name.as_str(), created.etag.as_str()), ("countries/LB", "1"));
    assert_eq!(created.owner, "agencies/g08");
    let changed = Country { display_name: "Liban".into(), ..created.clone() };
    let updated = bench.update(changed, "display_name").await.unwrap();
    assert_eq!((updated.display_name.as_str(), updated.etag.as_str()), ("Liban", "2"));
    assert_eq!(bench.get("LB").await.unwrap(), updated);

    let retired = bench.retire("LB", "2").await.unwrap();
    assert!(retired.retire_time.is_some());
    assert_eq!(bench.get("LB").await.unwrap(), retired);
    assert_eq!(bench.retire("LB", "2").await.unwrap(), retired, "retiring twice is harmless");
    assert_eq!(bench.list(ListCountriesRequest::default()).await.unwrap().countries, []);
    let all = bench.list(ListCountriesRequest { show_retired: true, ..Default::default() }).await.unwrap();
    assert_eq!(all.countries, std::slice::from_ref(&retired));
    assert_eq!(bench.update(retired, "display_name").await.unwrap_err().reason(), "RETIRED");

    let changes = bench.changes(ListChangesRequest::default()).await.unwrap().changes;
    let types: Vec<_> = changes.iter().map(|change| (change.r#type.as_str(), change.version)).collect();
    assert_eq!(types, [("country.created", 1), ("country.updated", 2), ("country.retired", 3)]);
    assert_eq!(changes[1].changed_fields, ["display_name"]);
    assert_eq!(changes[1].actor.as_ref().unwrap().organization, "agencies/g08");
    assert_eq!(changes[1].previous_hash, changes[0].hash);
    bench.stop().await;
}

async fn what_was_created_is_what_is_read(database: Database) {
    let bench = Bench::open(&database).await;
    let full = Country {
        display_name: "Cộng hòa Li-băng".into(),
        english_name: "Lebanon".into(),
        alpha3_code: "LBN".into(),
        relations_since: "1981-02-12".into(),
        source: Some(Source { citation: "MOFA".into(), confidence: "sure".into() }),
        ..Country::default()
    };
    let created = bench.create("LB", full.clone()).await.unwrap();
    assert_eq!(bench.get("LB").await.unwrap(), created);
    assert_eq!(bench.list(ListCountriesRequest::default()).await.unwrap().countries, std::slice::from_ref(&created));
    assert_eq!((created.alpha3_code, created.source), (full.alpha3_code, full.source));
    bench.stop().await;
}

async fn only_what_the_mask_names_changes(database: Database) {
    let bench = Bench::open(&database).await;
    let before = Country { english_name: "Lebanon".into(), alpha3_code: "LBN".into(), ..country("Li-băng") };
    bench.create("LB", before).await.unwrap();
    let change = Country { name: "countries/LB".into(), display_name: "Liban".into(), ..Country::default() };
    for (mask, display, english) in
        [("display_name", "Liban", "Lebanon"), ("", "Liban", "Lebanon"), ("english_name", "Liban", "")]
    {
        let after = bench.update(change.clone(), mask).await.unwrap();
        assert_eq!((after.display_name.as_str(), after.english_name.as_str()), (display, english), "{mask}");
        assert_eq!(after.alpha3_code, "LBN");
    }
    bench.stop().await;
}

async fn a_mask_that_names_what_cannot_change_is_refused_by_path(database: Database) {
    let bench = Bench::open(&database).await;
    let created = bench.create("LB", country("Li-băng")).await.unwrap();
    for (mask, field) in [
        ("nonsense", "update_mask.paths[0]"),
        ("display_name,create_time", "update_mask.paths[1]"),
        ("etag", "update_mask.paths[0]"),
        ("source.citation", "update_mask.paths[0]"),
    ] {
        let refused = bench.update(created.clone(), mask).await.unwrap_err();
        assert_eq!((refused.reason(), refused.violations()[0].field.as_str()), ("INVALID_ARGUMENT", field), "{mask}");
    }
    assert_eq!(bench.get("LB").await.unwrap(), created);
    bench.stop().await;
}

async fn a_change_to_another_version_is_refused(database: Database) {
    let bench = Bench::open(&database).await;
    let first = bench.create("LB", country("Li-băng")).await.unwrap();
    let second = bench.update(Country { display_name: "Liban".into(), ..first.clone() }, "").await.unwrap();
    let late = Country { display_name: "Lebanon".into(), ..first };
    assert_eq!(bench.update(late.clone(), "").await.unwrap_err().reason(), "ETAG_MISMATCH");
    assert_eq!(bench.retire("LB", "1").await.unwrap_err().reason(), "ETAG_MISMATCH");
    assert_eq!(bench.get("LB").await.unwrap(), second);
    bench.update(Country { etag: String::new(), ..late }, "").await.unwrap();
    bench.stop().await;
}

async fn an_update_that_changes_nothing_writes_nothing(database: Database) {
    let bench = Bench::open(&database).await;
    let created = bench.create("LB", country("Li-băng")).await.unwrap();
    assert_eq!(bench.update(created.clone(), "").await.unwrap(), created);
    assert_eq!(bench.changes(ListChangesRequest::default()).await.unwrap().changes.len(), 1);
    bench.stop().await;
}

async fn an_id_is_given_once(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("LB", country("Li-băng")).await.unwrap();
    let refused = bench.create("LB", country("Liban")).await.unwrap_err();
    assert_eq!((refused.reason(), refused.metadata()["name"].as_str()), ("ALREADY_EXISTS", "countries/LB"));
    let (one, other) = tokio::join!(bench.create("KR", country("Hàn Quốc")), bench.create("KR", country("Hàn Quốc")));
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(bench.changes(ListChangesRequest::default()).await.unwrap().changes.len(), 2);
    bench.stop().await;
}

async fn an_unknown_name_is_not_found(database: Database) {
    let bench = Bench::open(&database).await.as_(Role::Administrator, "agencies/g08");
    assert_eq!(bench.get("XX").await.unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(bench.retire("XX", "").await.unwrap_err().reason(), "NOT_FOUND");
    let other = Country { name: "missions/vn-in-emb".into(), ..country("x") };
    assert_eq!(bench.update(other, "").await.unwrap_err().reason(), "NOT_FOUND");
    bench.stop().await;
}
