//! Submissions of priorities.

use store::column;

store::migration!(
    M20261122PrioritySubmission,
    "priority_submission",
    [
        column("locality").text().not_null(),
        column("period").text().not_null(),
        column("status").integer().not_null(),
        column("due_date").text().not_null(),
    ],
    [["due_date", "id"], ["period", "due_date", "id"], ["status", "due_date", "id"]]
);
