//! What is missing of a period on a day.

use api::registry::v1::{ListMissingSubmissionsResponse, MissingSubmission, PrioritySubmission};
use chrono::NaiveDate;

use super::life;

/// Tells it of these submissions, the latest first.
pub fn missing(submissions: &[PrioritySubmission], day: NaiveDate) -> ListMissingSubmissionsResponse {
    let mut told = ListMissingSubmissionsResponse { as_of: day.to_string(), ..Default::default() };
    for submission in submissions {
        let Some(standing) = life::on(submission, day) else { continue };
        told.requested_count += 1;
        if !standing.is_missing() {
            told.submitted_count += 1;
            continue;
        }
        let reminded = submission.reminder_date.as_str() <= told.as_of.as_str();
        told.missing.push(MissingSubmission {
            priority_submission: submission.name.clone(),
            locality: submission.locality.clone(),
            answering: life::answering(submission, &told.as_of),
            due_date: standing.due_date.to_owned(),
            days_late: days_late(standing.due_date, day),
            status: standing.status.into(),
            reminder_count: if reminded { submission.reminder_count } else { 0 },
            reminder_date: if reminded { submission.reminder_date.clone() } else { String::new() },
        });
    }
    told.missing.sort_by(|a, b| (b.days_late, &a.locality).cmp(&(a.days_late, &b.locality)));
    told
}

fn days_late(due_date: &str, day: NaiveDate) -> i32 {
    let late = due_date.parse().map_or(0, |due: NaiveDate| (day - due).num_days());
    i32::try_from(late.max(0)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::priority_submission::{Status, Step};

    fn submission(locality: &str, due_date: &str, steps: &[(Status, &str)]) -> PrioritySubmission {
        let step = |(status, day): &(Status, &str)| {
            let noon = day.parse::<NaiveDate>().expect("a day").and_hms_opt(5, 0, 0).expect("a time").and_utc();
            Step {
                status: (*status).into(),
                time: Some(std::time::SystemTime::from(noon).into()),
                due_date: due_date.into(),
                ..Step::default()
            }
        };
        PrioritySubmission {
            locality: locality.into(),
            steps: steps.iter().map(step).collect(),
            ..PrioritySubmission::default()
        }
    }

    #[test]
    fn the_latest_stands_first_and_what_was_submitted_is_not_missing() {
        let submissions = [
            submission("a", "2026-03-31", &[(Status::Requested, "2026-03-01")]),
            submission("b", "2026-03-20", &[(Status::Requested, "2026-03-01")]),
            submission("c", "2026-03-31", &[(Status::Requested, "2026-03-01"), (Status::Submitted, "2026-04-02")]),
            submission("d", "2026-06-30", &[(Status::Requested, "2026-05-01")]),
        ];
        for (day, missing_then, requested, submitted) in [
            ("2026-02-01", vec![], 0, 0),
            ("2026-04-01", vec![("b", 12), ("a", 1), ("c", 1)], 3, 0),
            ("2026-04-02", vec![("b", 13), ("a", 2)], 3, 1),
            ("2026-05-01", vec![("b", 42), ("a", 31), ("d", 0)], 4, 1),
        ] {
            let told = missing(&submissions, day.parse().expect("a day"));
            let named: Vec<(&str, i32)> = told.missing.iter().map(|it| (it.locality.as_str(), it.days_late)).collect();
            assert_eq!(named, missing_then, "{day}");
            assert_eq!((told.requested_count, told.submitted_count), (requested, submitted), "{day}");
        }
    }
}
