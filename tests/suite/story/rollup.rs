//! The sums of published figures, kept with every write: always what a fresh count gives, and nothing counted twice.

use serde_json::{Value, json};

use crate::world::{World, stories};

stories! {
    async fn the_sums_are_what_a_fresh_count_gives(world: &World) {
        let ministry = world.ministry();
        let mut dice = Dice(20_261_122);
        let mut recorded: Vec<String> = Vec::new();
        for _ in 0..150 {
            match dice.roll(6) {
                0..4 => {
                    let answer = ministry.post("/v1/fdiFlows", figure(&mut dice)).await;
                    match answer.status {
                        200 => recorded.push(answer.ok()["name"].as_str().expect("a name").to_owned()),
                        _ => assert_eq!(answer.reason(409), "ALREADY_EXISTS"),
                    }
                }
                4 if !recorded.is_empty() => {
                    let name = &recorded[dice.roll(recorded.len())];
                    let change = json!({"capitalNewMusd": amount(&mut dice), "capitalAdjustedMusd": amount(&mut dice)});
                    let mask = ["capitalNewMusd", "capitalAdjustedMusd", "projectsNew", "capitalNewMusd,projectsNew"][dice.roll(4)];
                    ministry.patch(&format!("/v1/{name}?updateMask={mask}"), change).await.ok();
                }
                5 if !recorded.is_empty() => {
                    let name = recorded.swap_remove(dice.roll(recorded.len()));
                    ministry.post(&format!("/v1/{name}:retire"), json!({})).await.ok();
                }
                _ => {}
            }
        }
        let figures = ministry.all("fdiFlows", "series=trial").await;
        assert!(figures.len() > 20, "{}", figures.len());
        for breakdown in ["LOCALITY", "PARTNER", "SECTOR", "NATIONAL"] {
            let rows: Vec<&Value> = figures.iter().filter(|figure| figure["dimension"] == breakdown).collect();
            for group in ["NONE", "YEAR", "SUBJECT", "SUBJECT_AND_YEAR"] {
                let query = format!("breakdown={breakdown}&series=trial&groupBy={group}");
                let told = ministry.get(&format!("/v1/fdiFlows:summarize?{query}")).await.ok();
                let mut sums: Vec<Sum> = told["rows"].as_array().expect("rows").iter().map(Sum::told).collect();
                let mut counted = Sum::counted(&rows, group);
                sums.sort();
                counted.sort();
                assert_eq!(sums, counted, "{query}");
            }
        }
    }

    async fn a_figure_is_recorded_once_and_periods_do_not_overlap(world: &World) {
        let (ministry, finance) = (world.ministry(), world.actor("agencies/g12", &["agency-officer"]));
        let figure = |from: &str, to: &str| json!({
            "dimension": "LOCALITY", "publishedName": "Hà Nội", "locality": "localities/ha-noi", "series": "overlap",
            "periodFrom": from, "periodTo": to, "capitalTotalMusd": 1.5, "source": {"citation": "FIA"},
        });
        let recorded = finance.post("/v1/fdiFlows", figure("2026-01-01", "2026-06-30")).await.ok();
        assert_eq!(recorded["owner"], "agencies/g12", "{recorded}");
        assert_eq!(ministry.post("/v1/fdiFlows", figure("2026-01-01", "2026-06-30")).await.reason(409), "ALREADY_EXISTS");
        let overlapping = ministry.post("/v1/fdiFlows", figure("2026-06-30", "2026-12-31")).await;
        assert_eq!(overlapping.reason(400), "PERIOD_OVERLAPS");
        assert_eq!(overlapping.json()["metadata"]["other"], recorded["name"], "{overlapping}");
        ministry.post("/v1/fdiFlows", figure("2026-07-01", "2026-12-31")).await.ok();
        let sums = world.nobody().get("/v1/fdiFlows:summarize?breakdown=LOCALITY&series=overlap&groupBy=YEAR").await.ok();
        assert_eq!((&sums["rows"][0]["flows"], &sums["total"]["capitalTotalMusd"]), (&json!(2), &json!(3)), "{sums}");
        assert_eq!(finance.patch(&format!("/v1/{}", recorded["name"].as_str().expect("a name")), json!({"seris": "x"})).await.status, 400);
        let moved = finance.patch(&format!("/v1/{}?updateMask=series", recorded["name"].as_str().expect("a name")), json!({"series": "other"})).await;
        assert_eq!(moved.reason(400), "INVALID_ARGUMENT", "what identifies a figure stays");
    }

    async fn a_unit_is_one_of_its_time(world: &World) {
        let ministry = world.ministry();
        for (locality, from, to, taken) in [
            ("localities/bac-ninh", "2015-01-01", "2015-12-31", false),
            ("localities/bac-ninh-2025", "2014-01-01", "2014-12-31", true),
            ("localities/bac-giang", "2026-01-01", "2026-12-31", false),
            ("localities/atlantis", "2014-01-01", "2014-12-31", false),
        ] {
            let answer = ministry.post("/v1/fdiFlows", json!({
                "dimension": "LOCALITY", "publishedName": "x", "locality": locality, "series": "time",
                "periodFrom": from, "periodTo": to, "source": {"citation": "FIA"},
            })).await;
            match taken {
                true => assert_eq!(answer.ok()["locality"], locality),
                false => assert_eq!(answer.reason(400), "REFERENCE_NOT_FOUND", "{answer}"),
            }
        }
    }
}

/// What a row of an answer says, in whole dollars, without the order of rows.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sum {
    year: i64,
    subject: String,
    flows: i64,
    figures: Vec<Option<i64>>,
}

const FIGURES: [&str; 5] =
    ["projectsNew", "capitalNewMusd", "capitalAdjustedMusd", "capitalTotalMusd", "capitalRealisedMusd"];

impl Sum {
    fn told(row: &Value) -> Sum {
        let subject = [&row["subject"], &row["displayName"]].into_iter().find_map(Value::as_str).unwrap_or_default();
        Sum {
            year: row["year"].as_i64().unwrap_or_default(),
            subject: subject.to_owned(),
            flows: row["flows"].as_i64().expect("a count"),
            figures: FIGURES.map(|figure| dollars(&row[figure])).to_vec(),
        }
    }

    fn counted(figures: &[&Value], group: &str) -> Vec<Sum> {
        let mut sums: Vec<Sum> = Vec::new();
        for figure in figures {
            let year = figure["periodTo"].as_str().expect("a day")[..4].parse().expect("a year");
            let of =
                ["locality", "country", "sector", "publishedName"].into_iter().find_map(|field| figure[field].as_str());
            let subject = if group.starts_with("SUBJECT") { of.unwrap_or_default().to_owned() } else { String::new() };
            let year = if group.ends_with("YEAR") { year } else { 0 };
            let place = sums.iter().position(|sum| sum.year == year && sum.subject == subject);
            let place = place.unwrap_or_else(|| {
                sums.push(Sum { year, subject, flows: 0, figures: vec![None; FIGURES.len()] });
                sums.len() - 1
            });
            sums[place].flows += 1;
            for (sum, name) in sums[place].figures.iter_mut().zip(FIGURES) {
                *sum = match (*sum, dollars(&figure[name])) {
                    (Some(sum), Some(more)) => Some(sum + more),
                    (one, other) => one.or(other),
                };
            }
        }
        sums
    }
}

fn dollars(musd: &Value) -> Option<i64> {
    musd.as_f64().map(|musd| (musd * 1e6).round() as i64)
}

/// A figure of some subject and month; some of its amounts are not published.
fn figure(dice: &mut Dice) -> Value {
    let (year, month) = (2016 + dice.roll(3), 1 + dice.roll(12));
    let mut figure = json!({
        "series": "trial", "periodFrom": format!("{year}-{month:02}-01"), "periodTo": format!("{year}-{month:02}-28"),
        "source": {"citation": "một bảng"}, "capitalTotalMusd": amount(dice),
    });
    let (dimension, field, subjects, names): (&str, &str, &[&str], &[&str]) = match dice.roll(4) {
        0 => {
            ("LOCALITY", "locality", &["localities/bac-giang", "localities/hue", ""], &["Bắc Giang", "Huế", "Dầu khí"])
        }
        1 => ("PARTNER", "country", &["countries/LT", "countries/LT", ""], &["Litva", "Lithuania", "British Isles"]),
        2 => ("SECTOR", "sector", &["VSIC2018/C", "VSIC2025/C"], &["Chế biến", "Chế tạo"]),
        _ => ("NATIONAL", "", &[""], &["Cả nước"]),
    };
    let which = dice.roll(subjects.len());
    figure["dimension"] = dimension.into();
    figure["publishedName"] = names[which].into();
    if !subjects[which].is_empty() {
        figure[field] = subjects[which].into();
    }
    for field in ["capitalNewMusd", "capitalRealisedMusd"] {
        if dice.roll(2) == 0 {
            figure[field] = amount(dice).into();
        }
    }
    if dice.roll(2) == 0 {
        figure["projectsNew"] = dice.roll(100).into();
    }
    figure
}

fn amount(dice: &mut Dice) -> f64 {
    (dice.roll(2_000_000) as f64 - 500_000.0) / 1_000.0
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}
