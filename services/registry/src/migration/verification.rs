//! Verifications of partners, and their files.

store::migration!(
    M20261122Verification,
    "verification",
    [
        store::column("organization").text().not_null(),
        store::column("country").text().not_null(),
        store::column("handler").text().not_null(),
        store::column("status").integer().not_null(),
        store::column("conclusion").integer().not_null(),
        store::column("close_date").text().not_null(),
        store::column("valid_until").text().not_null(),
        store::column("due_date").text().not_null(),
    ],
    [["organization", "close_date", "id"], ["handler", "id"], ["valid_until", "id"], ["due_date", "id"]]
);

store::migration!(
    M20261122VerificationFile,
    "verification_file",
    [store::column("officer").text().not_null()],
    [["officer", "id"]]
);
