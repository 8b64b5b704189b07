//! The stages of a lead: which follows on which, and what each needs. Pure.

use api::investment::v1::Lead;
use api::investment::v1::lead::Stage;

/// The stages to which a step leads. A lead may fall back by one, be lost at any time, and come back; what is won is won.
pub fn reachable(from: Stage) -> &'static [Stage] {
    match from {
        Stage::Unspecified => &[],
        Stage::New => &[Stage::Qualified, Stage::Lost],
        Stage::Qualified => &[Stage::Introduced, Stage::New, Stage::Lost],
        Stage::Introduced => &[Stage::Negotiating, Stage::Qualified, Stage::Lost],
        Stage::Negotiating => &[Stage::Won, Stage::Introduced, Stage::Lost],
        Stage::Won => &[],
        Stage::Lost => &[Stage::New],
    }
}

/// The next stage on the way to being won.
pub fn next(from: Stage) -> Stage {
    reachable(from).first().copied().unwrap_or(from)
}

/// The fields that a stage needs and that the lead lacks, by proto name. A stage needs all that the ones before it need.
pub fn missing(lead: &Lead, stage: Stage) -> Vec<&'static str> {
    let steps: &[Stage] = match stage {
        Stage::Unspecified | Stage::New | Stage::Lost => &[],
        Stage::Qualified => &[Stage::Qualified],
        Stage::Introduced => &[Stage::Qualified, Stage::Introduced],
        Stage::Negotiating => &[Stage::Qualified, Stage::Introduced, Stage::Negotiating],
        Stage::Won => &[Stage::Qualified, Stage::Introduced, Stage::Negotiating, Stage::Won],
    };
    let needs = steps.iter().flat_map(|step| needs(lead, *step));
    needs.filter(|(_, there)| !there).map(|(field, _)| field).collect()
}

/// What a stage needs besides the ones before it, and whether it is there.
fn needs(lead: &Lead, stage: Stage) -> Vec<(&'static str, bool)> {
    match stage {
        // Who, in what, how much.
        Stage::Qualified => vec![
            ("investor_name", !lead.investor_name.is_empty() || !lead.investor.is_empty()),
            ("interest", !lead.interest.is_empty()),
            ("sectors", !lead.sectors.is_empty()),
            ("capital_min_musd", lead.capital_min_musd.is_some() || lead.capital_max_musd.is_some()),
        ],
        // With whom.
        Stage::Introduced => vec![("localities", !lead.localities.is_empty())],
        // What comes next.
        Stage::Negotiating => vec![("next_step", !lead.next_step.is_empty())],
        // How much it is at most.
        Stage::Won => vec![("capital_max_musd", lead.capital_max_musd.is_some())],
        Stage::Unspecified | Stage::New | Stage::Lost => Vec::new(),
    }
}

/// The JSON name of a field.
pub fn json_name(field: &str) -> String {
    let mut parts = field.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &part[..1].to_uppercase() + &part[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(change: impl FnOnce(&mut Lead)) -> Lead {
        let mut lead = Lead {
            investor_name: "Tata".into(),
            interest: "Nhà máy pin".into(),
            sectors: vec!["VSIC2025/C".into()],
            capital_min_musd: Some(50.0),
            capital_max_musd: Some(80.0),
            localities: vec!["localities/quang-ninh".into()],
            next_step: "Khảo sát".into(),
            ..Lead::default()
        };
        change(&mut lead);
        lead
    }

    #[test]
    fn each_stage_names_what_it_needs() {
        type Change = fn(&mut Lead);
        let cases: [(Stage, Change, &[&str]); 8] = [
            (Stage::New, |lead| *lead = Lead::default(), &[]),
            (Stage::Lost, |lead| *lead = Lead::default(), &[]),
            (
                Stage::Won,
                |lead| *lead = Lead::default(),
                &[
                    "investor_name",
                    "interest",
                    "sectors",
                    "capital_min_musd",
                    "localities",
                    "next_step",
                    "capital_max_musd",
                ],
            ),
            (Stage::Won, |_| {}, &[]),
            (Stage::Qualified, |lead| lead.localities.clear(), &[]),
            (Stage::Introduced, |lead| lead.localities.clear(), &["localities"]),
            (Stage::Negotiating, |lead| lead.next_step.clear(), &["next_step"]),
            (Stage::Won, |lead| lead.capital_max_musd = None, &["capital_max_musd"]),
        ];
        for (stage, change, expected) in cases {
            assert_eq!(missing(&lead(change), stage), expected, "{stage:?}");
        }
    }

    #[test]
    fn an_investor_is_known_by_name_or_by_record() {
        let registered = lead(|lead| {
            lead.investor_name.clear();
            lead.investor = "organizations/tata".into();
        });
        assert_eq!(missing(&registered, Stage::Qualified), [""; 0]);
    }

    #[test]
    fn no_stage_is_skipped_and_every_open_one_may_be_lost() {
        let open = [Stage::New, Stage::Qualified, Stage::Introduced, Stage::Negotiating];
        for pair in open.windows(2) {
            assert_eq!(next(pair[0]), pair[1]);
        }
        assert!(open.iter().all(|stage| reachable(*stage).contains(&Stage::Lost)));
        assert!(!reachable(Stage::New).contains(&Stage::Introduced));
        assert_eq!((reachable(Stage::Won), reachable(Stage::Lost)), (&[][..], &[Stage::New][..]));
    }

    #[test]
    fn names_in_json_are_those_of_protobuf() {
        for (field, name) in
            [("investor_name", "investorName"), ("capital_min_musd", "capitalMinMusd"), ("sectors", "sectors")]
        {
            assert_eq!(json_name(field), name);
        }
    }
}
