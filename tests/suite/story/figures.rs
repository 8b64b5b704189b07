//! Published figures of foreign direct investment: three breakdowns that agree, units that merged, each figure once.

use serde_json::Value;

use crate::world::{World, claims};

/// Registered capital of each year in millions of US dollars, as published.
const TOTALS: [(i64, f64); 6] =
    [(2015, 22_757.0), (2016, 24_373.0), (2017, 35_602.0), (2018, 35_466.0), (2019, 38_019.0), (2020, 28_530.0)];

claims! {
    async fn the_three_breakdowns_agree_with_each_other_and_with_the_national_totals(world: &World) {
        for breakdown in ["LOCALITY", "PARTNER", "SECTOR"] {
            let sums = summarize(world, &format!("breakdown={breakdown}&groupBy=YEAR&fromYear=2015&toYear=2020")).await;
            let rows = sums["rows"].as_array().expect("rows");
            assert_eq!(rows.len(), TOTALS.len(), "{breakdown}: {sums}");
            for (row, (year, total)) in rows.iter().zip(TOTALS) {
                assert_eq!(row["year"], year, "{breakdown}");
                let published = row["capitalTotalMusd"].as_f64().expect("a total");
                assert!((published - total).abs() <= 1.0, "{breakdown} {year}: {published}, not {total}");
            }
        }
    }

    async fn figures_of_merged_units_are_counted_once(world: &World) {
        for (query, total) in [
            ("view=ROLLED_UP&locality=localities/bac-ninh&fromYear=2015&toYear=2020", Some(16_373.5)),
            ("view=AS_REPORTED&locality=localities/bac-ninh-2025&fromYear=2015&toYear=2020", Some(11_562.1)),
            ("view=AS_REPORTED&locality=localities/bac-giang&fromYear=2015&toYear=2020", Some(4_811.4)),
            ("view=AS_REPORTED&locality=localities/bac-ninh&fromYear=2015&toYear=2020", None),
        ] {
            let sums = summarize(world, &format!("breakdown=LOCALITY&{query}")).await;
            let sum = sums["total"]["capitalTotalMusd"].as_f64();
            assert_eq!(sum.map(|n| (n * 10.0).round() / 10.0), total, "{query}: {sums}");
            if total.is_none() {
                assert_eq!(sums["rows"], serde_json::json!([]), "{query}");
            }
        }
    }

    async fn both_views_give_the_same_national_total(world: &World) {
        let mut totals = Vec::new();
        for view in ["AS_REPORTED", "ROLLED_UP"] {
            let sums = summarize(world, &format!("breakdown=LOCALITY&view={view}&groupBy=SUBJECT&fromYear=2015&toYear=2020")).await;
            totals.push(sums["total"]["capitalTotalMusd"].as_f64().expect("a total"));
        }
        assert_eq!(totals[0], totals[1]);
    }

    async fn a_row_of_no_place_keeps_its_name_and_counts(world: &World) {
        let sums = summarize(world, "breakdown=LOCALITY&groupBy=SUBJECT&fromYear=2016&toYear=2016").await;
        let rows = sums["rows"].as_array().expect("rows");
        let offshore = rows.iter().find(|row| row["displayName"] == "Dầu khí").unwrap_or_else(|| panic!("{sums}"));
        assert!(offshore["subject"].is_null() || offshore["subject"] == "", "{offshore}");
    }

    async fn negative_amounts_are_taken_as_published(world: &World) {
        let figures = world.nobody().all("fdiFlows", "").await;
        let negative = |figure: &&Value| {
            ["capitalNewMusd", "capitalAdjustedMusd", "maCapitalMusd", "capitalTotalMusd"]
                .iter()
                .any(|key| figure[*key].as_f64().is_some_and(|amount| amount < 0.0))
        };
        assert_eq!(figures.len(), 1_086);
        assert_eq!(figures.iter().filter(negative).count(), negative_rows_of_the_file());
    }
}

async fn summarize(world: &crate::world::World, query: &str) -> Value {
    world.nobody().get(&format!("/v1/fdiFlows:summarize?{query}")).await.ok()
}

/// How many rows of the published file hold a negative amount.
fn negative_rows_of_the_file() -> usize {
    let text = crate::tidy::text("services/investment/data/fdi_flows_2015_2020.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let amounts: Vec<usize> = (0..header.len()).filter(|index| header[*index].ends_with("_musd")).collect();
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.filter(|row| amounts.iter().any(|index| row[*index].starts_with('-'))).count()
}
