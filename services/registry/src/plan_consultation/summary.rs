//! The comments on a consultation, counted. Pure.

use std::collections::BTreeMap;

use api::registry::v1::SummarizePlanConsultationResponse;
use api::registry::v1::plan_comment::Decision;
use api::registry::v1::summarize_plan_consultation_response::{Counts, OfBody};

use crate::plan_comment::Tally;

/// Counts them by body and answer.
pub fn of(invited: &[String], tallies: &[Tally]) -> SummarizePlanConsultationResponse {
    let mut total = Counts::default();
    let mut bodies: BTreeMap<&str, Counts> = BTreeMap::new();
    for tally in tallies {
        add(&mut total, tally);
        add(bodies.entry(&tally.owner).or_default(), tally);
    }
    let mut silent: Vec<String> = invited.iter().filter(|body| !bodies.contains_key(body.as_str())).cloned().collect();
    silent.sort_unstable();
    let taken = total.accepted + total.accepted_in_part;
    let answered = taken + total.rejected;
    let share = (answered > 0).then(|| f64::from(taken) / f64::from(answered));
    SummarizePlanConsultationResponse {
        total: Some(total),
        bodies: bodies
            .into_iter()
            .map(|(organization, counts)| OfBody { organization: organization.to_owned(), counts: Some(counts) })
            .collect(),
        silent,
        accepted_share: share,
        insufficient: share.is_none(),
    }
}

fn add(counts: &mut Counts, tally: &Tally) {
    let number = i32::try_from(tally.number).unwrap_or(i32::MAX);
    counts.comments += number;
    if tally.late {
        counts.late += number;
    }
    match Decision::try_from(tally.decision).unwrap_or_default() {
        Decision::Accepted => counts.accepted += number,
        Decision::AcceptedInPart => counts.accepted_in_part += number,
        Decision::Rejected => counts.rejected += number,
        Decision::Unanswered | Decision::Unspecified => counts.unanswered += number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(owner: &str, decision: Decision, late: bool, number: i64) -> Tally {
        Tally { owner: owner.into(), decision: decision.into(), late, number }
    }

    #[test]
    fn without_answers_nothing_can_be_said_of_the_share() {
        let invited = ["agencies/g08".to_owned(), "agencies/g12".to_owned()];
        let none = of(&invited, &[]);
        assert_eq!((none.accepted_share, none.insufficient, none.silent.len()), (None, true, 2));
        let open = of(&invited, &[tally("agencies/g08", Decision::Unanswered, false, 3)]);
        assert_eq!((open.accepted_share, open.insufficient, open.silent.len()), (None, true, 1));
        let rejected = of(&invited, &[tally("agencies/g08", Decision::Rejected, false, 1)]);
        assert_eq!((rejected.accepted_share, rejected.insufficient), (Some(0.0), false));
    }

    #[test]
    fn comments_are_counted_by_body_and_answer() {
        let invited = ["agencies/g08".to_owned()];
        let told = of(
            &invited,
            &[
                tally("agencies/g08", Decision::Accepted, false, 2),
                tally("agencies/g08", Decision::AcceptedInPart, true, 1),
                tally("agencies/g12", Decision::Rejected, false, 1),
                tally("agencies/g12", Decision::Unanswered, true, 1),
            ],
        );
        let total = told.total.expect("counted");
        assert_eq!((total.comments, total.accepted, total.rejected, total.unanswered, total.late), (5, 2, 1, 1, 2));
        assert_eq!(told.accepted_share, Some(0.75));
        let of_body: Vec<(&str, i32)> = told
            .bodies
            .iter()
            .map(|it| (it.organization.as_str(), it.counts.as_ref().map_or(0, |it| it.comments)))
            .collect();
        assert_eq!(of_body, [("agencies/g08", 3), ("agencies/g12", 2)]);
        assert!(told.silent.is_empty());
    }
}
