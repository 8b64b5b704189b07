//! Comments on plans.

use store::column;

store::migration!(
    M20261122PlanComment,
    "plan_comment",
    [
        column("plan_consultation").text().not_null(),
        column("decision").integer().not_null(),
        column("late").boolean().not_null(),
    ],
    [["plan_consultation", "created_at", "id"], ["plan_consultation", "decision", "id"], ["created_at", "id"]]
);
