//! Which agreements hold between two countries, what they oblige to, and how they are used.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::{World, claims, stories};

/// The short names in one of the answer's lists.
fn names(answer: &Value, list: &str) -> String {
    let names = answer[list].as_array().into_iter().flatten();
    names.map(|it| it["shortName"].as_str().expect("a short name")).collect::<Vec<_>>().join(" ")
}

async fn between(actor: &Actor, country: &str, day: &str) -> Value {
    actor.get(&format!("/v1/tradeAgreements:between?country={country}&asOf={day}")).await.ok()
}

claims! {
    async fn agreements_between_two_countries_are_those_that_hold_for_both(world: &World) {
        let nobody = world.nobody();
        for (country, day, expected) in [
            ("JP", "2023-01-01", "AJCEP CPTPP RCEP VJEPA"),
            ("countries/JP", "2023-01-01", "AJCEP CPTPP RCEP VJEPA"),
            ("jp", "2019-01-13", "AJCEP VJEPA"),
            ("JP", "2019-01-14", "AJCEP CPTPP VJEPA"),
            ("GB", "2020-12-30", ""),
            ("GB", "2020-12-31", "UKVFTA"),
            ("GB", "2024-12-14", "UKVFTA"),
            ("GB", "2024-12-15", "CPTPP UKVFTA"),
            ("PE", "2021-09-18", ""),
            ("PE", "2021-09-19", "CPTPP"),
            ("MY", "2022-11-28", "AANZFTA ACFTA AFTA-ATIGA AHKFTA AIFTA AJCEP AKFTA RCEP"),
            ("MY", "2022-11-29", "AANZFTA ACFTA AFTA-ATIGA AHKFTA AIFTA AJCEP AKFTA CPTPP RCEP"),
            ("BN", "2023-07-11", "AANZFTA ACFTA AFTA-ATIGA AHKFTA AIFTA AJCEP AKFTA RCEP"),
            ("BN", "2023-07-12", "AANZFTA ACFTA AFTA-ATIGA AHKFTA AIFTA AJCEP AKFTA CPTPP RCEP"),
            ("CH", "2026-01-01", ""),
        ] {
            let answer = between(&nobody, country, day).await;
            assert_eq!(names(&answer, "agreements"), expected, "{country} on {day}: {answer}");
            assert_eq!(answer["asOf"], day, "{answer}");
        }
    }

    async fn five_parties_joined_the_agreement_with_hong_kong_later(world: &World) {
        for (country, before, day) in [
            ("MY", "2019-10-12", "2019-10-13"),
            ("PH", "2020-05-11", "2020-05-12"),
            ("ID", "2020-07-03", "2020-07-04"),
            ("BN", "2020-10-19", "2020-10-20"),
            ("KH", "2021-02-11", "2021-02-12"),
        ] {
            for (asked, holds) in [(before, false), (day, true)] {
                let answer = between(&world.nobody(), country, asked).await;
                let found = names(&answer, "agreements").split(' ').any(|name| name == "AHKFTA");
                assert_eq!(found, holds, "{country} on {asked}: {answer}");
            }
        }
    }

    async fn the_answer_says_on_which_days_it_rests(world: &World) {
        let answer = between(&world.nobody(), "GB", "2024-12-15").await;
        let cptpp = &answer["agreements"][0];
        assert_eq!(cptpp["tradeAgreement"], "tradeAgreements/cptpp", "{answer}");
        assert_eq!((&cptpp["application"], &cptpp["inForceFrom"]), (&json!("FULL"), &json!("2024-12-15")));
        assert_eq!((&cptpp["party"]["country"], &cptpp["party"]["inForceDate"]), (&json!("countries/GB"), &json!("2024-12-15")));
        assert_eq!(cptpp["otherParty"]["inForceDate"], "2019-01-14");
        assert!(cptpp["party"]["source"]["citation"].is_string(), "{cptpp}");
        let ukvfta = &answer["agreements"][1];
        assert_eq!((&ukvfta["appliedFrom"], &ukvfta["inForceFrom"]), (&json!("2020-12-31"), &json!("2021-05-01")));

        let early = between(&world.nobody(), "GB", "2021-04-30").await;
        assert_eq!(early["agreements"][0]["application"], "PROVISIONAL", "{early}");
        assert!(early["agreements"][0]["note"].as_str().is_some_and(|note| note.contains("23:00")), "{early}");
        let laos = between(&world.nobody(), "LA", "1995-01-01").await;
        assert_eq!(names(&laos, "agreements"), "VN-LA");
        assert_eq!(laos["agreements"][0]["inForceDayUnknown"], true, "{laos}");
        let others = world.nobody().get("/v1/tradeAgreements:between?country=JP&other=AU&asOf=2018-12-30").await.ok();
        assert_eq!(names(&others, "agreements"), "CPTPP", "the two were bound before Viet Nam was");
    }

    async fn what_is_no_country_is_said_so(world: &World) {
        let nobody = world.nobody();
        for (query, status, reason) in [
            ("", 400, "INVALID_ARGUMENT"),
            ("country=QQ", 404, "NOT_FOUND"),
            ("country=JP&other=QQ", 404, "NOT_FOUND"),
            ("country=VN", 400, "INVALID_ARGUMENT"),
            ("country=JP&other=jp", 400, "INVALID_ARGUMENT"),
            ("country=JP&asOf=2023-02-29", 400, "INVALID_ARGUMENT"),
            ("country=JP&asOf=2023", 400, "INVALID_ARGUMENT"),
        ] {
            let answer = nobody.get(&format!("/v1/tradeAgreements:between?{query}")).await;
            assert_eq!(answer.reason(status), reason, "{answer}");
        }
    }
}

/// A commitment of Japan under CPTPP on this code, from these days and rates.
fn commitment(code: &str, steps: &[(&str, f64)]) -> Value {
    let step = |(day, percent): &(&str, f64)| json!({"fromDate": day, "rate": {"percent": percent}});
    json!({
        "tradeAgreement": "tradeAgreements/cptpp",
        "hsCode": code,
        "importers": ["countries/JP"],
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
        "source": {"citation": "an example, not a schedule", "confidence": "none"}
    })
}

stories! {
    async fn a_month_without_a_day_leaves_its_days_open(world: &World) {
        let ministry = world.ministry();
        let agreement = json!({
            "displayName": "Hiệp định thử", "shortName": "TRY", "kind": "BILATERAL", "status": "IN_FORCE",
            "parties": [
                {"country": "countries/VN", "inForceDate": "2023-01-01"},
                {"country": "countries/CH", "inForceDate": "2024-02", "endedDate": "2030"}
            ]
        });
        ministry.post("/v1/tradeAgreements?tradeAgreementId=try", agreement).await.ok();
        for (day, sure, possible) in [
            ("2024-01-31", "", ""),
            ("2024-02-01", "", "TRY"),
            ("2024-02-28", "", "TRY"),
            ("2024-02-29", "TRY", ""),
            ("2030-01-01", "TRY", ""),
            ("2030-12-31", "", "TRY"),
            ("2031-01-01", "", ""),
        ] {
            let answer = between(&world.nobody(), "CH", day).await;
            assert_eq!((names(&answer, "agreements"), names(&answer, "possibleAgreements")), (sure.into(), possible.into()), "{day}");
        }
        ministry.post("/v1/tradeAgreements/try:retire", json!({})).await.ok();
        let retired = between(&world.nobody(), "CH", "2024-03-01").await;
        assert_eq!(retired["agreements"], json!([]), "{retired}");
    }

    async fn the_rate_that_holds_on_a_day_is_found_by_any_form_of_the_code(world: &World) {
        let ministry = world.ministry();
        let chapter = ministry.post("/v1/ftaCommitments", commitment("08", &[("2018-12-30", 12.0)])).await.ok();
        let heading = commitment("0810.90", &[("2018-12-30", 6.0), ("2020-04-01", 3.0), ("2021-04-01", 0.0)]);
        let heading = ministry.post("/v1/ftaCommitments", heading).await.ok();
        let line = ministry.post("/v1/ftaCommitments", commitment("0810 90 10", &[("2018-12-30", 1.5)])).await.ok();
        ministry.post("/v1/ftaCommitments", commitment("0811", &[("2018-12-30", 9.0)])).await.ok();
        assert_eq!((&heading["hsCode"], &line["hsCode"]), (&json!("081090"), &json!("08109010")));

        let found = async |query: &str| {
            let found = world.nobody().all("ftaCommitments", query).await;
            let told = |it: &Value| format!("{} {}", it["hsCode"].as_str().expect("a code"), it["current"]["rate"]["percent"]);
            found.iter().map(told).collect::<Vec<_>>().join(", ")
        };
        for (query, expected) in [
            ("hs=0810&country=JP&agreement=CPTPP&asOf=2020-03-31", "08109010 1.5, 081090 6, 08 12"),
            ("hs=08.10.90&country=countries/JP&agreement=cptpp&asOf=2020-04-01", "08109010 1.5, 081090 3, 08 12"),
            ("hs=0810.90.99&asOf=2021-04-01", "081090 0, 08 12"),
            ("hs=0810901099&asOf=2021-04-01", "08109010 1.5, 081090 0, 08 12"),
            ("hs=0810&country=JP&asOf=2019-01-13", ""),
            ("hs=0810&country=AU&asOf=2020-04-01", ""),
            ("hs=0810&agreement=rcep&asOf=2020-04-01", ""),
            ("hs=0810&exporter=VN&asOf=2020-04-01", "08109010 1.5, 081090 3, 08 12"),
            ("hs=0810&exporter=PE&asOf=2020-04-01", ""),
            ("hs=0810&exporter=JP&asOf=2020-04-01", ""),
            ("hs=09&asOf=2020-04-01", ""),
        ] {
            assert_eq!(found(query).await, expected, "{query}");
        }
        let name = heading["name"].as_str().expect("a name");
        for (day, percent, next) in [("2020-03-31", json!(6.0), json!("2020-04-01")), ("2026-01-01", json!(0.0), Value::Null)] {
            let got = world.nobody().get(&format!("/v1/{name}?asOf={day}")).await.ok();
            assert_eq!((got["current"]["rate"]["percent"].as_f64(), &got["nextDate"]), (percent.as_f64(), &next), "{got}");
        }
        let early = world.nobody().get(&format!("/v1/{name}?asOf=2019-01-13")).await.ok();
        assert_eq!(early["current"], Value::Null, "it was not in force for Viet Nam yet: {early}");

        let again = ministry.post("/v1/ftaCommitments", commitment("08", &[("2019-01-14", 1.0)])).await;
        assert_eq!(again.reason(409), "ALREADY_EXISTS");
        let moved = ministry.patch(&format!("/v1/{}", chapter["name"].as_str().expect("a name")), json!({"hsCode": "09"})).await;
        assert_eq!(moved.reason(400), "INVALID_ARGUMENT");
    }

    async fn commitments_that_contradict_themselves_are_refused(world: &World) {
        let ministry = world.ministry();
        let step = ("2019-01-14", 1.0);
        let mut stranger = commitment("0810", &[step]);
        stranger["importers"] = json!(["countries/KR"]);
        let disordered = commitment("0810", &[("2020-01-01", 1.0), ("2019-01-14", 2.0)]);
        for broken in [stranger, disordered] {
            assert_eq!(ministry.post("/v1/ftaCommitments", broken).await.reason(400), "COMMITMENT_CONTRADICTS");
        }
        let mut silent = commitment("0810", &[step]);
        silent["steps"][0]["rate"] = json!({});
        let mut none = commitment("0810", &[step]);
        none["source"] = Value::Null;
        let mut mission = commitment("0810", &[step]);
        mission["importers"] = json!([]);
        let codes = ["7701", "081", "0", "00", "0810901", "08/10"].map(|code| commitment(code, &[step]));
        for broken in codes.into_iter().chain([silent, none, mission, commitment("0810", &[])]) {
            let answer = ministry.post("/v1/ftaCommitments", broken.clone()).await;
            assert_eq!(answer.reason(400), "INVALID_ARGUMENT", "{broken}");
            assert!(answer.to_string().contains("ftaCommitment."), "{answer}");
        }
        assert_eq!(world.nobody().get("/v1/ftaCommitments?hs=8.1&country=JP").await.reason(400), "INVALID_ARGUMENT");
        let mut lost = commitment("0810", &[step]);
        lost["tradeAgreement"] = json!("tradeAgreements/nowhere");
        assert_eq!(ministry.post("/v1/ftaCommitments", lost).await.reason(400), "REFERENCE_NOT_FOUND");
        let province = world.province("quang-ninh");
        assert_eq!(province.post("/v1/ftaCommitments", commitment("0810", &[step])).await.reason(403), "PERMISSION_DENIED");
    }

    async fn a_duty_in_words_and_a_quota_are_told_as_the_schedule_says(world: &World) {
        let mut rice = commitment("1006", &[("2018-12-30", 0.0)]);
        rice["importers"] = json!(["countries/MX", "countries/CA"]);
        rice["exporters"] = json!(["countries/VN"]);
        rice["steps"][0] = json!({
            "fromDate": "2018-12-30", "rate": {"percent": 0}, "quota": 75000, "quotaUnit": "tấn",
            "beyondQuota": {"duty": "0.25 USD/kg"}
        });
        world.ministry().post("/v1/ftaCommitments", rice).await.ok();
        let found = world.nobody().all("ftaCommitments", "hs=1006.30&country=CA&exporter=VN&asOf=2020-01-01").await;
        let current = &found[0]["current"];
        assert_eq!((&current["rate"]["percent"], &current["beyondQuota"]["duty"]), (&json!(0), &json!("0.25 USD/kg")), "{current}");
        assert!(world.nobody().all("ftaCommitments", "hs=1006&exporter=AU&asOf=2020-01-01").await.is_empty());
    }

    async fn utilization_keeps_what_was_published_apart_from_what_is_computed(world: &World) {
        let ministry = world.ministry();
        let figure = |year: i32, percent: f64, citation: &str| json!({
            "tradeAgreement": "tradeAgreements/evfta", "direction": "EXPORT", "year": year,
            "utilizationPercent": percent, "qualifier": "ABOUT",
            "source": {"citation": citation, "confidence": "an example"}
        });
        let mut amounts = figure(2021, 20.2, "one report");
        (amounts["preferenceMusd"], amounts["totalMusd"]) = (json!(8000.0), json!(40000.0));
        let kept = ministry.post("/v1/utilizationFigures", amounts.clone()).await.ok();
        assert_eq!((&kept["utilizationPercent"], &kept["computedPercent"]), (&json!(20.2), &json!(20)));
        ministry.post("/v1/utilizationFigures", figure(2021, 25.9, "another report")).await.ok();
        let mut off = figure(2023, 35.0, "one report");
        (off["preferenceMusd"], off["totalMusd"]) = (json!(1.0), json!(4.0));
        ministry.post("/v1/utilizationFigures", off).await.ok();
        assert_eq!(ministry.post("/v1/utilizationFigures", amounts).await.reason(409), "ALREADY_EXISTS");

        let told = world.nobody().get("/v1/tradeAgreements/evfta:utilization?fromYear=2020&toYear=2023").await.ok();
        let rows = told["rows"].as_array().expect("rows");
        let row = |row: &Value| (row["year"].clone(), row["publishedPercent"].clone(), row["computedPercent"].clone(), row["differs"] == true);
        let mut rows: Vec<_> = rows.iter().map(row).collect();
        rows.sort_by_key(|row| row.1.to_string());
        assert_eq!(rows, [
            (json!(2021), json!(20.2), json!(20), false),
            (json!(2021), json!(25.9), Value::Null, false),
            (json!(2023), json!(35), json!(25), true),
        ]);
        assert_eq!(told["missingYears"], json!([2020, 2022]));
        let imports = world.nobody().get("/v1/tradeAgreements/evfta:utilization?direction=IMPORT").await.ok();
        assert_eq!(imports["rows"], json!([]), "{imports}");
        assert_eq!(world.nobody().all("utilizationFigures", "agreement=evfta&fromYear=2022").await.len(), 1);

        let withdrawn = kept["name"].as_str().expect("a name");
        ministry.post(&format!("/v1/{withdrawn}:retire"), json!({})).await.ok();
        let told = world.nobody().get("/v1/tradeAgreements/evfta:utilization").await.ok();
        assert_eq!(told["rows"].as_array().map(Vec::len), Some(2), "{told}");
    }

    async fn figures_that_contradict_themselves_are_refused(world: &World) {
        let ministry = world.ministry();
        let good = json!({
            "tradeAgreement": "tradeAgreements/evfta", "direction": "EXPORT", "year": 2022, "utilizationPercent": 26.0,
            "source": {"citation": "an example"}
        });
        let with = |field: &str, value: Value| {
            let mut figure = good.clone();
            figure[field] = value;
            figure
        };
        for (broken, reason) in [
            (with("country", json!("countries/JP")), "UTILIZATION_CONTRADICTS"),
            (with("utilizationPercent", Value::Null), "UTILIZATION_CONTRADICTS"),
            (with("untilDate", json!("2023-06-30")), "UTILIZATION_CONTRADICTS"),
            (with("source", json!({"confidence": "high"})), "INVALID_ARGUMENT"),
            (with("source", Value::Null), "INVALID_ARGUMENT"),
            (with("utilizationPercent", json!(101)), "INVALID_ARGUMENT"),
            (with("year", json!(22)), "INVALID_ARGUMENT"),
            (with("direction", Value::Null), "INVALID_ARGUMENT"),
        ] {
            assert_eq!(ministry.post("/v1/utilizationFigures", broken.clone()).await.reason(400), reason, "{broken}");
        }
        let backwards = "/v1/tradeAgreements/evfta:utilization?fromYear=2023&toYear=2020";
        assert_eq!(world.nobody().get(backwards).await.reason(400), "INVALID_ARGUMENT");
        assert_eq!(world.nobody().get("/v1/tradeAgreements/nowhere:utilization").await.reason(404), "NOT_FOUND");
    }
}
