//! What is read.

use api::registry::v1::locality::Type;
use api::registry::v1::trade_agreement::Application;
use api::registry::v1::*;

use crate::{Registry, reason};

#[tokio::test]
async fn localities_are_listed_as_of_a_day() {
    let registry = Registry::start().await;
    let ask = |as_of: &str, fill: &dyn Fn(&mut ListLocalitiesRequest)| {
        let mut request = ListLocalitiesRequest { as_of: as_of.into(), page_size: 1000, ..Default::default() };
        fill(&mut request);
        let mut client = registry.localities();
        async move { client.list_localities(request).await.expect("a list").into_inner().localities }
    };
    for (day, count, cities) in [
        ("2025-06-30", 63, 6),
        ("2025-07-01", 34, 6),
        ("2026-04-30", 34, 7),
        ("2026-09-01", 34, 8),
        ("2026-09-20", 34, 9),
    ] {
        assert_eq!(ask(day, &|_| ()).await.len(), count, "{day}");
        assert_eq!(ask(day, &|it| it.r#type = Type::City as i32).await.len(), cities, "{day}");
    }
    for (region, before, after) in
        [("DBSH", 11, 6), ("regions/dnb", 6, 3), ("tn", 5, 0), ("ntbtn", 0, 6), ("nowhere", 0, 0)]
    {
        assert_eq!(ask("2025-06-30", &|it| it.region = region.into()).await.len(), before, "{region}");
        assert_eq!(ask("2025-07-01", &|it| it.region = region.into()).await.len(), after, "{region}");
    }
    for (country, before, after) in [("CN", 7, 7), ("countries/LA", 10, 9), ("kh", 10, 8)] {
        assert_eq!(ask("2025-06-30", &|it| it.border_country = country.into()).await.len(), before, "{country}");
        assert_eq!(ask("2025-07-01", &|it| it.border_country = country.into()).await.len(), after, "{country}");
    }
    let hue = ask("2024-12-31", &|it| it.code = "46".into()).await.remove(0);
    assert_eq!(
        (hue.name.as_str(), hue.display_name.as_str(), hue.r#type()),
        ("localities/hue", "Thừa Thiên Huế", Type::Province)
    );
    assert_eq!(hue.region, "regions/btbdhmt");
    let old = ask("", &|it| it.q = "BẮC GIANG tỉnh".into()).await;
    assert_eq!(old.len(), 1, "a search without a day finds the past");
    assert_eq!(
        (old[0].valid_to.as_str(), old[0].successors[0].locality.as_str()),
        ("2025-06-30", "localities/bac-ninh")
    );
    assert!(ask("2026-01-01", &|it| it.q = "bac giang".into()).await.is_empty());
    assert_eq!(ask("", &|it| it.q = "TP. Hồ Chí Minh".into()).await.len(), 2, "before and after the merger");
}

#[tokio::test]
async fn a_locality_is_shown_as_of_a_day() {
    let registry = Registry::start().await;
    for (id, as_of, name, kind, region) in [
        ("dong-nai", "2026-04-29", "Đồng Nai", Type::Province, "regions/dnb"),
        ("dong-nai", "2026-04-30", "Đồng Nai", Type::City, "regions/dnb"),
        ("hue", "2024-12-31", "Thừa Thiên Huế", Type::Province, "regions/btbdhmt"),
        ("hue", "2025-07-01", "Huế", Type::City, "regions/btb"),
        ("bac-giang", "2026-01-01", "Bắc Giang", Type::Province, ""),
    ] {
        let request = GetLocalityRequest { name: format!("localities/{id}"), as_of: as_of.into() };
        let unit = registry.localities().get_locality(request).await.expect("it is there").into_inner();
        let shown = (unit.display_name.as_str(), unit.r#type(), unit.region.as_str());
        assert_eq!(shown, (name, kind, region), "{id} {as_of}");
    }
}

#[tokio::test]
async fn a_locality_is_found_by_what_it_bore() {
    let registry = Registry::start().await;
    let ask = |q: &str, code: &str, slug: &str, agency_code: &str, as_of: &str| {
        let [q, code, slug, agency_code, as_of] = [q, code, slug, agency_code, as_of].map(str::to_owned);
        let mut client = registry.localities();
        async move { client.resolve_locality(ResolveLocalityRequest { q, code, slug, agency_code, as_of }).await }
    };
    for (q, code, slug, agency, as_of, name) in [
        ("", "24", "", "", "2023-12-31", "bac-giang"),
        ("", "24", "", "", "2026-01-01", "bac-ninh"),
        ("bac giang", "", "", "", "", "bac-giang"),
        ("Ba\u{306}\u{301}c Giang", "", "", "", "", "bac-giang"),
        ("dak nong", "", "", "", "", "dak-nong"),
        ("TP. Hồ Chí Minh", "", "", "", "", "ho-chi-minh"),
        ("", "", "bac-ninh", "", "2020-01-01", "bac-ninh-2025"),
        ("", "", "", "000.00.00.H05", "", "bac-ninh"),
    ] {
        let found = ask(q, code, slug, agency, as_of).await.expect(name).into_inner();
        assert_eq!(found.name, format!("localities/{name}"), "{q} {code} {slug} {agency} {as_of}");
    }
    assert_eq!(reason(ask("", "00", "", "", "").await), "LOCALITY_UNKNOWN");
    assert_eq!(reason(ask("", "", "", "", "").await), "INVALID_ARGUMENT");
    let several = ask("ninh", "", "", "", "2026-01-01").await.expect_err("several");
    assert!(several.message().contains("localities/bac-ninh, localities/ninh-binh"), "{}", several.message());
    let elsewhen = ask("Bắc Giang", "", "", "", "2026-01-01").await.expect_err("none on that day");
    assert_eq!(elsewhen.message(), "No locality answers to \"Bắc Giang\" on 2026-01-01");
    assert_eq!(chassis::Error::from(elsewhen).metadata()["at_other_times"], "localities/bac-giang");
}

#[tokio::test]
async fn lineage_names_both_sides() {
    let registry = Registry::start().await;
    let lineage = |id: &str| {
        let name = format!("localities/{id}");
        let mut client = registry.localities();
        async move { client.trace_lineage(TraceLineageRequest { name }).await }
    };
    let found = lineage("bac-ninh").await.expect("a lineage").into_inner();
    let names: Vec<_> = found.predecessors.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["localities/bac-giang", "localities/bac-ninh-2025"]);
    assert_eq!(found.predecessors[0].display_name, "Bắc Giang");
    assert_eq!((found.successors.len(), found.steps.len()), (0, 2));
    let found = lineage("bac-giang").await.expect("a lineage").into_inner();
    assert_eq!(found.successors[0].name, "localities/bac-ninh");
    assert_eq!(found.steps[0].legal_basis, "Resolution 202/2025/QH15; QD 19/2025/QD-TTg");
    assert_eq!(reason(lineage("atlantis").await), "NOT_FOUND");
}

#[tokio::test]
async fn regions_have_the_members_of_the_day() {
    let registry = Registry::start().await;
    for (day, counts) in [
        ("2025-06-30", "btbdhmt 14 dbscl 13 dbsh 11 dnb 6 tdmnpb 14 tn 5"),
        ("2025-07-01", "btb 5 dbscl 5 dbsh 6 dnb 3 ntbtn 6 tdmnpb 9"),
    ] {
        let request = ListRegionsRequest { as_of: day.into(), ..Default::default() };
        let regions = registry.regions().list_regions(request).await.expect("a list").into_inner().regions;
        let told =
            |region: &Region| format!("{} {}", region.name.trim_start_matches("regions/"), region.locality_count);
        assert_eq!(regions.iter().map(told).collect::<Vec<_>>().join(" "), counts, "{day}");
    }
    let request = ListRegionsRequest { locality: "localities/hue".into(), ..Default::default() };
    let of_hue = registry.regions().list_regions(request).await.expect("a list").into_inner().regions;
    assert_eq!(of_hue[0].name, "regions/btb");
}

#[tokio::test]
async fn missions_answer_for_countries_and_are_counted() {
    let registry = Registry::start().await;
    let ask = |country: &str| {
        let request = ResolveMissionRequest { name: format!("countries/{country}"), as_of: "2026-01-10".into() };
        let mut client = registry.countries();
        async move { client.resolve_mission(request).await }
    };
    for (country, city, kind, unverified) in [
        ("LB", "Cairo", accreditation::Kind::Concurrent, false),
        ("KR", "Seoul", accreditation::Kind::Resident, false),
        ("SY", "Cairo", accreditation::Kind::Concurrent, true),
        ("HK", "Hồng Kông (Hong Kong)", accreditation::Kind::Resident, false),
    ] {
        let answer = ask(country).await.expect(country).into_inner();
        let accreditation = answer.accreditation.clone().expect("what it rests on");
        assert_eq!((answer.kind(), accreditation.unverified), (kind, unverified), "{country}");
        assert_eq!(accreditation.country, format!("countries/{country}"));
        assert_eq!(answer.details.expect("the mission").city, city);
    }
    assert_eq!(reason(ask("PA").await), "COUNTRY_NOT_COVERED");
    assert_eq!(reason(ask("QQ").await), "NOT_FOUND");
    for (day, count) in [("2023-03-09", 94), ("2026-01-10", 98)] {
        let request = CountMissionsRequest { as_of: day.into() };
        let counted = registry.missions().count_missions(request).await.expect("a count").into_inner();
        assert_eq!((counted.count, counted.uncounted), (count, 1), "{day}");
        assert_eq!(counted.kinds.iter().map(|it| it.count).sum::<i32>(), count);
    }
    let request = ListMissionsRequest { country: "LB".into(), ..Default::default() };
    let covering = registry.missions().list_missions(request).await.expect("a list").into_inner().missions;
    assert_eq!(covering.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["missions/vn-eg-emb"]);
    let request = ListMissionsRequest { host_country: "JP".into(), ..Default::default() };
    assert_eq!(registry.missions().list_missions(request).await.expect("a list").into_inner().missions.len(), 3);
}

#[tokio::test]
async fn agreements_hold_for_both_sides() {
    let registry = Registry::start().await;
    let ask = |country: &str, as_of: &str| {
        let request = ListTradeAgreementsRequest { country: country.into(), as_of: as_of.into(), ..Default::default() };
        let mut client = registry.agreements();
        async move { client.list_trade_agreements(request).await.expect("a list").into_inner().trade_agreements }
    };
    for (country, day, names) in [
        ("JP", "2023-01-01", "AJCEP CPTPP RCEP VJEPA"),
        ("countries/GB", "2024-12-14", "UKVFTA"),
        ("GB", "2024-12-15", "CPTPP UKVFTA"),
        ("LA", "2005-01-01", "VN-LA"),
        ("CH", "2026-01-01", ""),
    ] {
        let found = ask(country, day).await;
        assert_eq!(
            found.iter().map(|it| it.short_name.as_str()).collect::<Vec<_>>().join(" "),
            names,
            "{country} {day}"
        );
        assert!(found.iter().all(|it| it.application() == Application::Full), "{country} {day}");
    }
    assert_eq!(ask("GB", "2021-01-15").await[0].application(), Application::Provisional);
    assert_eq!(ask("", "").await.len(), 21);
}

#[tokio::test]
async fn countries_are_found_by_other_names_and_a_second_start_adds_nothing() {
    let registry = Registry::start().await.restart().await;
    for (q, name) in [("libang", "LB"), ("han quoc", "KR"), ("Hoa Kỳ", "US"), ("swaziland", "SZ")] {
        let request = ListCountriesRequest { q: q.into(), ..Default::default() };
        let found = registry.countries().list_countries(request).await.expect("a list").into_inner().countries;
        let country = found.iter().find(|country| country.name == format!("countries/{name}")).expect(q);
        assert_eq!(country.etag, "1", "nothing changed it at the second start");
    }
}
