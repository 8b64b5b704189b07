//! Appointments, with the days on which they hold perhaps and for sure.

store::migration!(
    M20261122Appointment,
    "appointment",
    [
        store::column("mission").text().not_null(),
        store::column("kind").integer().not_null(),
        store::column("valid_from").text().not_null(),
        store::column("valid_to").text().not_null(),
        store::column("surely_from").text().not_null(),
        store::column("surely_to").text().not_null(),
        store::column("prepared").boolean().not_null()
    ],
    [["mission", "valid_from", "id"], ["kind", "mission"]]
);
