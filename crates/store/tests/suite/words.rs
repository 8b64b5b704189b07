//! The index of words: right after every write, right among many, and asked as it is meant to be.

use api::registry::v1::{Country, ListCountriesRequest};
use chassis::caller::{Caller, Role};
use store::sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use store::{Asked, Scope, Tx};

use crate::support::{Bench, Countries, Database, Ranked, country, on_each_database, row};

on_each_database!(
    only_what_differs_is_written,
    pages_by_words_have_each_record_once,
    a_list_in_another_order_finds_the_same,
    words_that_are_never_together_are_not_found_together,
    the_best_names_are_among_what_is_found,
    a_database_from_before_is_indexed,
    statements_begin_at_their_place_in_the_index,
    writes_that_are_refused_leave_no_words,
);

const ENTRIES: &str = "SELECT count(*) FROM word";

async fn found(bench: &Bench, q: &str) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let list = ListCountriesRequest { q: q.into(), page_size: 7, page_token, ..Default::default() };
        let page = bench.list(list).await.unwrap();
        names.extend(page.countries.iter().map(|country| country.name.trim_start_matches("countries/").to_owned()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

async fn only_what_differs_is_written(database: Database) {
    let bench = Bench::open(&database).await;
    let made = bench.create("BG", Country { english_name: "Bac Giang".into(), ..country("Bắc Giang") }).await.unwrap();
    assert_eq!(database.number(ENTRIES).await, 4, "bac, giang, bacgiang, and the whole name, once");
    let renamed = Country { display_name: "Bắc Ninh".into(), ..made };
    let made = bench.update(renamed, "display_name").await.unwrap();
    assert_eq!(database.number(ENTRIES).await, 7);
    for (q, finds) in [("ninh", true), ("giang bac", true), ("bac ninh giang", true), ("bacninh", true), ("hue", false)]
    {
        assert_eq!(!found(&bench, q).await.is_empty(), finds, "{q}");
    }
    let renamed = Country { english_name: "Bac Ninh".into(), ..made };
    bench.update(renamed, "english_name").await.unwrap();
    assert_eq!(database.number(ENTRIES).await, 4);
    assert!(found(&bench, "giang").await.is_empty());
    bench.retire("BG", "").await.unwrap();
    assert!(found(&bench, "ninh").await.is_empty());
    let list = ListCountriesRequest { q: "ninh".into(), show_retired: true, ..Default::default() };
    assert_eq!(bench.list(list).await.unwrap().countries.len(), 1);
    bench.stop().await;
}

/// Companies: one word in all, one in every third, one in every fiftieth, and a number of its own for each.
async fn companies(bench: &Bench, count: usize) -> Vec<(String, String)> {
    let made: Vec<(String, String)> = (0..count)
        .map(|number| {
            let third = if number % 3 == 0 { " Thương mại" } else { " Dịch vụ" };
            let rare = if number % 50 == 0 { " Hạ Long" } else { "" };
            (format!("C{number:05}"), format!("Công ty{third}{rare} số {number:05}"))
        })
        .collect();
    for chunk in made.chunks(200) {
        let chunk = chunk.to_vec();
        let work = async move |tx: Tx| {
            for (id, name) in chunk {
                store::insert::<Countries>(&tx, Country { owner: "agencies/g08".into(), ..country(&name) }, &id)
                    .await?;
                let ranked = Country { relations_since: "1990".into(), ..country(&name) };
                let ranked = Country { owner: "agencies/g08".into(), ..ranked };
                store::insert::<Ranked>(&tx, ranked, &id.replace('C', "R")).await?;
            }
            Ok(())
        };
        bench.store.write_as(Caller::system("registry"), work).await.unwrap();
    }
    made
}

async fn pages_by_words_have_each_record_once(database: Database) {
    let bench = Bench::open(&database).await;
    let made = companies(&bench, 700).await;
    let fitting = |fits: &dyn Fn(usize) -> bool| -> Vec<String> {
        made.iter().enumerate().filter(|(number, _)| fits(*number)).map(|(_, (id, _))| id.clone()).collect()
    };
    for (q, expected) in [
        ("cong ty", fitting(&|_| true)),
        ("thương", fitting(&|number| number % 3 == 0)),
        ("LONG thuong", fitting(&|number| number % 150 == 0)),
        ("c t", fitting(&|_| true)),
        ("0", fitting(&|_| true)),
        ("000", fitting(&|number| number < 100)),
        ("0012 cong", fitting(&|number| (120..130).contains(&number))),
        ("so 00650", vec!["C00650".to_owned()]),
        ("so 99999", vec![]),
    ] {
        assert_eq!(found(&bench, q).await, expected, "{q}");
    }
    bench.stop().await;
}

async fn a_list_in_another_order_finds_the_same(database: Database) {
    let bench = Bench::open(&database).await.as_(Role::Auditor, "agencies/t01");
    companies(&bench, 60).await;
    for (q, count) in [("ha long", 2), ("ty", 60), ("thuong cong", 20), ("hue", 0)] {
        let (mut names, mut page_token) = (Vec::new(), String::new());
        loop {
            let list = ListCountriesRequest { q: q.into(), page_size: 7, page_token, ..Default::default() };
            let request = bench.request("CountryService/ListCountries", list);
            let page = store::list::<Ranked>(&bench.store, request).await.unwrap().into_inner();
            names.extend(page.countries.into_iter().map(|country| country.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(names.len(), count, "{q}");
        assert!(names.windows(2).all(|pair| pair[0] > pair[1]), "{q}: {names:?}");
    }
    bench.stop().await;
}

async fn words_that_are_never_together_are_not_found_together(database: Database) {
    let bench = Bench::open(&database).await;
    companies(&bench, 700).await;
    assert!(found(&bench, "thuong dich").await.is_empty());
    assert!(found(&bench, "mai vu ty").await.is_empty());
    bench.stop().await;
}

async fn the_best_names_are_among_what_is_found(database: Database) {
    let bench = Bench::open(&database).await;
    companies(&bench, 700).await;
    let last = Country { owner: "agencies/g08".into(), ..country("Công ty Thương mại") };
    let private = Country { audience: Some(owner_only()), ..last.clone() };
    bench.create("Z1", last).await.unwrap();
    bench.create("Z2", private).await.unwrap();
    bench.create("Z3", country("Công ty Thương mại")).await.unwrap();
    bench.retire("Z3", "").await.unwrap();
    let asked = Asked::of("Công ty thuong mai").unwrap();
    let scope = Scope::of(&Caller::anonymous());
    let found = store::search::<Countries>(&bench.store, &scope, &asked, 20).await.unwrap();
    let names: Vec<&str> = found.records.iter().map(|country| country.name.as_str()).collect();
    assert!(names.contains(&"countries/Z1") && !names.contains(&"countries/Z2") && !names.contains(&"countries/Z3"));
    assert!(found.more && names.is_sorted(), "{names:?}");
    let tables =
        store::tables_with(&bench.store, &["country", "nothing"], &Asked::of("cong t").unwrap()).await.unwrap();
    assert_eq!(tables.into_iter().collect::<Vec<_>>(), ["country"]);
    assert!(store::tables_with(&bench.store, &["country"], &Asked::of("cong x").unwrap()).await.unwrap().is_empty());
    bench.stop().await;
}

fn owner_only() -> api::shared::v1::Audience {
    let circle = api::shared::v1::audience::Circle::Owner.into();
    api::shared::v1::Audience { circle, organizations: Vec::new() }
}

async fn a_database_from_before_is_indexed(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("BG", Country { english_name: "21/NQ-CP".into(), ..country("Bắc Giang") }).await.unwrap();
    let asked = Asked::of("21nqcp").unwrap();
    bench.stop().await;
    database.tamper("DROP TABLE word").await;
    database.tamper("DELETE FROM seaql_migrations WHERE version = 'M20261122Words'").await;
    database.tamper("UPDATE country SET search_text = 'bac giang 21/nq-cp'").await;
    let bench = Bench::open(&database).await;
    for q in ["giang", "nq 21", "21nqcp"] {
        assert_eq!(found(&bench, q).await, ["BG"], "{q}");
    }
    store::refill::<Countries>(&bench.store).await.unwrap();
    let whole = "SELECT count(*) FROM word WHERE word IN ('=bac giang', '=21 nq cp')";
    assert_eq!(database.number(whole).await, 2);
    assert_eq!(database.number(ENTRIES).await, 9, "nothing of before is left");
    let everything = Scope::everything();
    assert_eq!(store::search::<Countries>(&bench.store, &everything, &asked, 5).await.unwrap().records.len(), 1);
    store::refill::<Countries>(&bench.store).await.unwrap();
    bench.stop().await;
}

async fn statements_begin_at_their_place_in_the_index(database: Database) {
    let bench = Bench::open(&database).await;
    companies(&bench, 1_000).await;
    bench.stop().await;
    if database.is_postgres() {
        database.tamper("ANALYZE").await;
    }
    for (types, statement) in store::statements() {
        let plan = plan(&database, types, &statement).await;
        let (by_index, sorts) = match database.is_postgres() {
            true => (plan.contains("word_pkey"), plan.contains("Sort")),
            false => (plan.contains("USING PRIMARY KEY (kind=? AND word"), plan.contains("TEMP B-TREE")),
        };
        let whole = plan.contains("Seq Scan on word") || plan.contains("SCAN word");
        assert!(by_index && !sorts && !whole, "{statement}:\n{plan}");
    }
    let backend = if database.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let ids = ["C00001".to_owned(), "C00002".to_owned()];
    let rows = row::Entity::find()
        .filter(row::Column::Audience.is_in([1, 2]))
        .filter(row::Column::RetiredAt.is_null())
        .filter(store::among::<row::Entity>(&ids, backend))
        .order_by_asc(row::Column::Id)
        .limit(51);
    let plan = plan(&database, "", &rows.build(backend).to_string()).await;
    let by_id = if database.is_postgres() { "Index Cond: (id = ANY" } else { "(id=?)" };
    assert!(plan.contains(by_id), "{plan}");
}

/// How the database answers a statement that it knows without its values, if it has any.
async fn plan(database: &Database, types: &str, statement: &str) -> String {
    if !database.is_postgres() {
        return database.lines(&[&format!("EXPLAIN QUERY PLAN {statement}")], 3).await;
    }
    if types.is_empty() {
        return database.lines(&[&format!("EXPLAIN {statement}")], 0).await;
    }
    let values: Vec<&str> = types.split(", ").map(|kind| if kind == "text" { "'cong'" } else { "7" }).collect();
    let generic = "SET plan_cache_mode = force_generic_plan";
    let prepare = format!("PREPARE asked ({types}) AS {statement}");
    database.lines(&[generic, &prepare, &format!("EXPLAIN EXECUTE asked ({})", values.join(", "))], 0).await
}

async fn writes_that_are_refused_leave_no_words(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("A", country("Hà Nội")).await.unwrap();
    assert!(bench.create("A", country("Hải Phòng")).await.is_err());
    assert!(bench.create("B", country("refused")).await.is_err());
    assert_eq!(database.number("SELECT count(*) FROM word WHERE word IN ('hai', 'refused')").await, 0);
    let all =
        (0..40).map(|number| {
            let bench = bench.clone();
            async move {
                bench.create(&format!("N{:02}", number % 20), country(&format!("Tỉnh số {number}"))).await.is_ok()
            }
        });
    let done = futures::future::join_all(all).await.into_iter().filter(|done| *done).count();
    assert_eq!(done, 20);
    assert_eq!(found(&bench, "tinh so").await.len(), 20);
    assert_eq!(database.number("SELECT count(*) FROM word WHERE word = 'tinh'").await, 20);
    bench.stop().await;
}
