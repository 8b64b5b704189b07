//! Consultations on plans.

use store::column;

store::migration!(
    M20261122PlanConsultation,
    "plan_consultation",
    [
        column("plan_kind").integer().not_null(),
        column("stage").integer().not_null(),
        column("status").integer().not_null(),
        column("due_date").text().not_null(),
    ],
    [["due_date", "id"], ["status", "due_date", "id"]]
);
