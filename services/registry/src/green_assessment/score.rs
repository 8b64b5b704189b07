//! What the scores of an assessment come to, and what stands against certifying it: rules without a database.

use std::collections::BTreeMap;

use api::registry::v1::green_shortfall::Kind;
use api::registry::v1::{GreenCriterion, GreenScore, GreenShortfall, GreenStandard};

/// Says what does not fit the standard: no such criterion, two scores for one, or more than its greatest.
pub fn check_fit(standard: &GreenStandard, scores: &[GreenScore]) -> Result<(), String> {
    let criteria: BTreeMap<&str, &GreenCriterion> = standard.criteria.iter().map(|it| (it.code.as_str(), it)).collect();
    let mut scored = BTreeMap::new();
    for score in scores {
        let Some(criterion) = criteria.get(score.criterion.as_str()) else {
            return Err(format!("it has no criterion {}", score.criterion));
        };
        if scored.insert(&score.criterion, score).is_some() {
            return Err(format!("{} is scored twice", score.criterion));
        }
        if score.score() > criterion.max_score {
            return Err(format!("{} scores {}, more than {}", score.criterion, score.score(), criterion.max_score));
        }
    }
    Ok(())
}

/// The total in hundredths of the greatest possible one, to two places. A criterion without a score counts 0.
pub fn total(standard: &GreenStandard, scores: &[GreenScore]) -> f64 {
    let weights: f64 = standard.criteria.iter().map(|criterion| criterion.weight).sum();
    let reached: f64 = standard
        .criteria
        .iter()
        .map(|criterion| criterion.weight * of(scores, criterion).map_or(0.0, GreenScore::score) / criterion.max_score)
        .sum();
    if weights > 0.0 { (reached / weights * 10_000.0).round() / 100.0 } else { 0.0 }
}

/// What stands against certifying, in the order of the criteria, and last the total.
pub fn shortfalls(standard: &GreenStandard, scores: &[GreenScore]) -> Vec<GreenShortfall> {
    let mut found: Vec<GreenShortfall> = standard.criteria.iter().flat_map(|it| short_of(it, of(scores, it))).collect();
    let total = total(standard, scores);
    if total < standard.pass_mark {
        found.push(GreenShortfall {
            kind: Kind::BelowPassMark as i32,
            criterion: String::new(),
            given: Some(total),
            needed: Some(standard.pass_mark),
        });
    }
    found
}

fn of<'a>(scores: &'a [GreenScore], criterion: &GreenCriterion) -> Option<&'a GreenScore> {
    scores.iter().find(|score| score.criterion == criterion.code)
}

fn short_of(criterion: &GreenCriterion, score: Option<&GreenScore>) -> Vec<GreenShortfall> {
    let short = |kind: Kind, given, needed| GreenShortfall {
        kind: kind as i32,
        criterion: criterion.code.clone(),
        given,
        needed,
    };
    let Some(score) = score else { return vec![short(Kind::ScoreMissing, None, None)] };
    let mut found = Vec::new();
    if score.score() < criterion.mandatory_minimum {
        found.push(short(Kind::BelowMinimum, score.score, Some(criterion.mandatory_minimum)));
    }
    if criterion.evidence_required && score.evidence.is_empty() {
        found.push(short(Kind::EvidenceMissing, None, None));
    }
    found
}

/// The same in words, for a refusal.
pub fn told(shortfalls: &[GreenShortfall]) -> String {
    let one = |it: &GreenShortfall| {
        let GreenShortfall { criterion, .. } = it;
        match it.kind() {
            Kind::ScoreMissing => format!("{criterion} has no score"),
            Kind::BelowMinimum => format!("{criterion} scores {}, below its minimum of {}", it.given(), it.needed()),
            Kind::EvidenceMissing => format!("{criterion} has no evidence"),
            Kind::BelowPassMark | Kind::Unspecified => {
                format!("the total of {} is below the pass mark of {}", it.given(), it.needed())
            }
        }
    };
    shortfalls.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::GreenEvidence;

    /// Emissions count twice as much as helmets, which need 5 of 10 and evidence.
    fn standard() -> GreenStandard {
        let emissions =
            GreenCriterion { code: "MT.01".into(), weight: 2.0, max_score: 100.0, ..GreenCriterion::default() };
        let helmets = GreenCriterion {
            code: "AT.01".into(),
            weight: 1.0,
            max_score: 10.0,
            mandatory_minimum: 5.0,
            evidence_required: true,
            ..GreenCriterion::default()
        };
        GreenStandard { criteria: vec![emissions, helmets], pass_mark: 70.0, ..GreenStandard::default() }
    }

    fn score(criterion: &str, score: f64, evidence: usize) -> GreenScore {
        let evidence = vec![GreenEvidence { description: "Biên bản".into(), ..GreenEvidence::default() }; evidence];
        GreenScore { criterion: criterion.into(), score: Some(score), evidence, ..GreenScore::default() }
    }

    #[test]
    fn the_total_is_weighted_and_what_is_missing_is_listed() {
        for (scores, sum, missing) in [
            (vec![score("MT.01", 80.0, 0), score("AT.01", 8.0, 1)], 80.0, ""),
            (vec![score("MT.01", 55.0, 0), score("AT.01", 10.0, 1)], 70.0, ""),
            (
                vec![score("MT.01", 54.9, 0), score("AT.01", 10.0, 1)],
                69.93,
                "the total of 69.93 is below the pass mark of 70",
            ),
            (
                vec![score("MT.01", 100.0, 0), score("AT.01", 4.0, 0)],
                80.0,
                "AT.01 scores 4, below its minimum of 5; AT.01 has no evidence",
            ),
            (vec![], 0.0, "MT.01 has no score; AT.01 has no score; the total of 0 is below the pass mark of 70"),
        ] {
            assert_eq!(total(&standard(), &scores), sum, "{scores:?}");
            assert_eq!(told(&shortfalls(&standard(), &scores)), missing, "{scores:?}");
        }
    }

    #[test]
    fn scores_fit_the_standard() {
        for (scores, good) in [
            (vec![score("MT.01", 100.0, 0)], true),
            (vec![score("MT.02", 1.0, 0)], false),
            (vec![score("MT.01", 100.5, 0)], false),
            (vec![score("AT.01", 1.0, 0), score("AT.01", 2.0, 0)], false),
        ] {
            assert_eq!(check_fit(&standard(), &scores).is_ok(), good, "{scores:?}");
        }
    }
}
