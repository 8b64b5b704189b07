//! Contacts: what is found of them besides their personal data, which the store keeps sealed.

use store::column;

store::migration!(
    M20261122Contact,
    "contact",
    [
        column("organization").text().not_null(),
        column("retention_until").text().not_null(),
        column("withdrawn_date").text().not_null(),
        column("erased").boolean().not_null(),
    ],
    [["organization", "id"], ["erased", "retention_until", "id"]]
);
