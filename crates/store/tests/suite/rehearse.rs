//! Rehearsals: what a write would do, and nothing of it stays.

use api::registry::v1::Country;
use api::registry::v1::{GetCountryRequest, ListCountriesRequest};
use api::shared::v1::ListChangesRequest;
use prost::Message;
use store::{Scope, Tx};

use crate::support::{Bench, Countries, Database, country, on_each_database};

on_each_database!(
    a_rehearsal_tells_what_it_wrote_and_leaves_nothing,
    a_rehearsal_meets_the_refusals_of_the_database,
    a_rehearsal_among_writes_takes_none_with_it,
);

async fn a_rehearsal_tells_what_it_wrote_and_leaves_nothing(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("LB", country("Li-băng")).await.unwrap();
    let request = bench.request("CountryService/GetCountry", GetCountryRequest::default());
    let work = async |tx: Tx| {
        let before = store::load::<Countries>(&tx, &Scope::everything(), "countries/LB").await?;
        let after = Country { alpha3_code: "LBN".into(), ..before.clone() };
        store::save::<Countries>(&tx, "country.updated", before, after).await?;
        store::insert::<Countries>(&tx, Country { owner: "agencies/g08".into(), ..country("Ai Cập") }, "EG").await?;
        Ok(tx.written())
    };
    let written = bench.store.rehearse(&request, work).await.unwrap();
    let told: Vec<_> = written.iter().map(|it| (it.change_type.as_str(), it.name.as_str())).collect();
    assert_eq!(told, [("country.updated", "countries/LB"), ("country.created", "countries/EG")]);
    let before = written[0].before.as_deref().map(Country::decode).unwrap().unwrap();
    assert_eq!((before.name.as_str(), before.alpha3_code.as_str()), ("countries/LB", ""));
    assert_eq!(Country::decode(&written[0].after[..]).unwrap().alpha3_code, "LBN");
    assert_eq!(written[1].before, None);

    let list = bench.list(ListCountriesRequest::default()).await.unwrap();
    assert_eq!((list.countries.len(), list.countries[0].alpha3_code.as_str()), (1, ""));
    assert_eq!(bench.changes(ListChangesRequest::default()).await.unwrap().changes.len(), 1);
    bench.stop().await;
}

async fn a_rehearsal_meets_the_refusals_of_the_database(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("LB", country("Li-băng")).await.unwrap();
    let request = bench.request("CountryService/GetCountry", GetCountryRequest::default());
    let taken = async |tx: Tx| store::insert::<Countries>(&tx, country("Li-băng"), "LB").await;
    assert_eq!(bench.store.rehearse(&request, taken).await.unwrap_err().reason(), "ALREADY_EXISTS");
    bench.stop().await;
}

async fn a_rehearsal_among_writes_takes_none_with_it(database: Database) {
    let bench = Bench::open(&database).await;
    let rehearse = async |number: usize| {
        let request = bench.request("CountryService/GetCountry", GetCountryRequest::default());
        let id = format!("R{number:02}");
        let work = async move |tx: Tx| store::insert::<Countries>(&tx, country("rehearsed"), &id).await;
        bench.store.rehearse(&request, work).await
    };
    let create = async |number: usize| bench.create(&format!("C{number:02}"), country("kept")).await;
    let both = async |number: usize| futures::join!(rehearse(number), create(number));
    for (rehearsed, kept) in futures::future::join_all((0..40).map(both)).await {
        rehearsed.unwrap();
        kept.unwrap();
    }
    let list = bench.list(ListCountriesRequest { page_size: 1000, ..Default::default() }).await.unwrap();
    assert_eq!(list.countries.len(), 40);
    assert!(list.countries.iter().all(|it| it.display_name == "kept"));
    bench.stop().await;
}
