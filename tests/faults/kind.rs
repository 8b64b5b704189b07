//! The kinds of records that the load writes: one of each service. Each carries a mark in a field that is anybody's words,
//! a new one with every write, by which the write is found again wherever it had an effect.

use serde_json::{Value, json};

/// One kind of record.
pub struct Kind {
    /// Which service keeps it, as a place in the list of services.
    pub service: usize,
    pub collection: &'static str,
    /// The field of the mark.
    pub field: &'static str,
    /// The table of its rows.
    pub table: &'static str,
    /// Who writes it: the organization, and the role.
    pub writer: (&'static str, &'static str),
    rest: fn(&str) -> Value,
}

pub const KINDS: [Kind; 4] = [
    Kind {
        service: 0,
        collection: "organizations",
        field: "displayName",
        table: "organization",
        writer: ("agencies/g08", "ministry-officer"),
        rest: |_| json!({"kind": "ENTERPRISE", "country": "countries/VN"}),
    },
    Kind {
        service: 1,
        collection: "opportunities",
        field: "title",
        table: "opportunity",
        writer: ("localities/quang-ninh", "locality-officer"),
        rest: |_| json!({"locality": "localities/quang-ninh"}),
    },
    Kind {
        service: 2,
        collection: "engagements",
        field: "title",
        table: "engagement",
        writer: ("missions/vn-in-emb", "mission-officer"),
        rest: |province| {
            json!({
                "kind": "CALL", "startDate": "2026-01-01", "countries": ["countries/IN"], "localities": [province],
            })
        },
    },
    Kind {
        service: 3,
        collection: "subscriptions",
        field: "description",
        table: "subscription",
        writer: ("localities/quang-ninh", "locality-officer"),
        rest: |_| json!({"inbox": true, "paused": true}),
    },
];

/// The provinces that are told of engagements, each by a webhook and in its inbox.
pub const PROVINCES: [&str; 10] = [
    "localities/quang-ninh",
    "localities/ca-mau",
    "localities/bac-ninh",
    "localities/ha-noi",
    "localities/da-nang",
    "localities/can-tho",
    "localities/lam-dong",
    "localities/nghe-an",
    "localities/thanh-hoa",
    "localities/hue",
];

impl Kind {
    /// A new record with this mark, for a province where it concerns one.
    pub fn create(&self, mark: &str, province: &str) -> Value {
        let mut record = (self.rest)(province);
        record[self.field] = mark.into();
        record
    }

    /// What changes the mark of a record of this version.
    pub fn update(&self, mark: &str, version: i64) -> Value {
        json!({self.field: mark, "etag": version.to_string()})
    }
}
