//! Lists, page by page.

use api::registry::v1::{Country, ListCountriesRequest};
use chassis::caller::{Caller, Role};
use store::Tx;

use crate::support::{Bench, Database, Ranked, country, on_each_database};

on_each_database!(
    a_walk_sees_everything_once_whatever_is_added_meanwhile,
    a_token_is_for_its_query,
    all_pages_are_as_of_the_day_of_the_first,
    a_list_comes_in_its_order,
    words_are_found_however_they_are_typed,
    ids_come_by_code_point,
);

fn ids(countries: &[Country]) -> Vec<&str> {
    countries.iter().map(|country| country.name.trim_start_matches("countries/")).collect()
}

async fn a_walk_sees_everything_once_whatever_is_added_meanwhile(database: Database) {
    let bench = Bench::open(&database).await;
    for number in (0..20).step_by(2) {
        bench.create(&format!("C{number:02}"), country("x")).await.unwrap();
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    for round in 0.. {
        let list = ListCountriesRequest { page_size: 1 + round % 3, page_token: token, ..Default::default() };
        let page = bench.list(list).await.unwrap();
        seen.extend(page.countries.iter().map(|country| country.name.clone()));
        // One before, which is not seen any more, one after, which is; and the one just seen goes.
        bench.create(&format!("A{round:02}"), country("x")).await.unwrap();
        bench.create(&format!("Z{round:02}"), country("x")).await.unwrap();
        bench.retire(ids(&page.countries).last().unwrap(), "").await.unwrap();
        token = page.next_page_token;
        if token.is_empty() || round > 8 {
            break;
        }
    }
    let old: Vec<&String> = seen.iter().filter(|name| name.starts_with("countries/C")).collect();
    assert_eq!(old.len(), 10);
    let mut once = seen.clone();
    once.dedup();
    assert_eq!(once, seen);
    assert!(seen.is_sorted() && !seen[0].starts_with("countries/A"));
    bench.stop().await;
}

async fn a_token_is_for_its_query(database: Database) {
    let bench = Bench::open(&database).await;
    for id in ["A", "B", "C"] {
        bench.create(id, country("x")).await.unwrap();
    }
    let list = ListCountriesRequest { page_size: 1, ..Default::default() };
    let token = bench.list(list.clone()).await.unwrap().next_page_token;
    let more = ListCountriesRequest { page_size: 2, page_token: token.clone(), ..Default::default() };
    assert_eq!(ids(&bench.list(more).await.unwrap().countries), ["B", "C"], "the size may change from page to page");
    for (page_token, q) in [(token.clone(), "x"), ("nonsense".into(), ""), (token[1..].to_owned(), "")] {
        let other = ListCountriesRequest { page_token, q: q.into(), ..list.clone() };
        assert_eq!(bench.list(other).await.unwrap_err().reason(), "PAGE_TOKEN_INVALID");
    }
    let negative = ListCountriesRequest { page_size: -1, ..Default::default() };
    assert_eq!(bench.list(negative).await.unwrap_err().violations()[0].field, "page_size");
    bench.stop().await;
}

async fn all_pages_are_as_of_the_day_of_the_first(database: Database) {
    let bench = Bench::open(&database).await;
    let tomorrow = bench.host.clock.today().succ_opt().unwrap().to_string();
    for (id, relations_since) in [("A", "1950-01-18"), ("B", "1992-12-22"), ("C", tomorrow.as_str())] {
        let record = Country { relations_since: relations_since.into(), ..country("x") };
        bench.create(id, record).await.unwrap();
    }
    let first = bench.list(ListCountriesRequest { page_size: 1, ..Default::default() }).await.unwrap();
    bench.host.clock.advance(std::time::Duration::from_secs(3 * 86_400));
    let rest = ListCountriesRequest { page_token: first.next_page_token, ..Default::default() };
    assert_eq!(ids(&bench.list(rest).await.unwrap().countries), ["B"]);
    assert_eq!(ids(&bench.list(ListCountriesRequest::default()).await.unwrap().countries), ["A", "B", "C"]);
    bench.stop().await;
}

async fn a_list_comes_in_its_order(database: Database) {
    let bench = Bench::open(&database).await.as_(Role::Auditor, "agencies/t01");
    let years = [("A", "1950"), ("B", "1992"), ("C", "1992"), ("D", "1973"), ("E", "")];
    let work = async move |tx: Tx| {
        for (id, relations_since) in years {
            let record =
                Country { owner: "agencies/g08".into(), relations_since: relations_since.into(), ..country("x") };
            store::insert::<Ranked>(&tx, record, id).await?;
        }
        Ok(())
    };
    bench.store.write_as(Caller::system("registry"), work).await.unwrap();
    for size in 1..=5 {
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let list = ListCountriesRequest { page_size: size, page_token, ..Default::default() };
            let request = bench.request("CountryService/ListCountries", list);
            let page = store::list::<Ranked>(&bench.store, request).await.unwrap().into_inner();
            seen.extend(ids(&page.countries).into_iter().map(str::to_owned));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, ["C", "B", "D", "A", "E"], "pages of {size}");
    }
    bench.stop().await;
}

async fn words_are_found_however_they_are_typed(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("BG", country("Bắc Giang")).await.unwrap();
    bench.create("DN", Country { english_name: "100% Dak_Nong".into(), ..country("Đắk Nông") }).await.unwrap();
    for (q, found) in [
        ("bac giang", vec!["BG"]),
        ("BẮC GIANG", vec!["BG"]),
        ("Ba\u{306}\u{301}c Giang", vec!["BG"]),
        ("giang bắc", vec!["BG"]),
        ("dak nong", vec!["DN"]),
        ("giang bac giang", vec!["BG"]),
        ("bacgiang", vec!["BG"]),
        ("gia b", vec!["BG"]),
        ("100%", vec!["DN"]),
        ("dak_no", vec!["DN"]),
        ("a_b", vec![]),
        ("100 giang", vec![]),
        (r"\", vec![]),
        ("%", vec![]),
        ("ng", vec![]),
        ("iang", vec![]),
        ("=bac", vec!["BG"]),
        ("  ", vec!["BG", "DN"]),
    ] {
        let list = ListCountriesRequest { q: q.into(), ..Default::default() };
        assert_eq!(ids(&bench.list(list).await.unwrap().countries), found, "{q}");
    }
    bench.stop().await;
}

async fn ids_come_by_code_point(database: Database) {
    let bench = Bench::open(&database).await;
    for id in ["ha-giang", "hai-phong", "Ha", "ha", "ha-noi", "đ"] {
        bench.create(id, country("x")).await.unwrap();
    }
    let list = bench.list(ListCountriesRequest::default()).await.unwrap();
    assert_eq!(ids(&list.countries), ["Ha", "ha", "ha-giang", "ha-noi", "hai-phong", "đ"]);
    bench.stop().await;
}
