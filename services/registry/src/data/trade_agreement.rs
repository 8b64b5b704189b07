//! agreements.csv and agreement_parties.csv

use std::collections::BTreeMap;

use api::registry::v1::{AgreementParty, TradeAgreement, trade_agreement};
use serde::Deserialize;

use super::{Broken, countries_of, rows, source, yes};

#[derive(Deserialize)]
struct Row {
    id: String,
    name_vi: String,
    name_en: String,
    kind: String,
    counted: String,
    parties_iso: String,
    signed: String,
    status: String,
    note: String,
    source: String,
    confidence: String,
}

#[derive(Deserialize)]
struct PartyRow {
    agreement_id: String,
    party_iso: String,
    in_force_from: String,
    provisional_from: String,
    day_unknown: String,
    source: String,
    confidence: String,
}

/// The trade agreements.
pub fn trade_agreements() -> Result<Vec<TradeAgreement>, Broken> {
    let rows: Vec<Row> = rows("agreements.csv", include_str!("../../data/agreements.csv"))?;
    let mut parties = parties()?;
    let agreements: Vec<_> = rows.into_iter().map(|row| agreement(row, &mut parties)).collect::<Result<_, _>>()?;
    match parties.keys().next() {
        Some((agreement, country)) => {
            Err(Broken(format!("agreement_parties.csv: {country} is no party to {agreement} in agreements.csv")))
        }
        None => Ok(agreements),
    }
}

type Parties = BTreeMap<(String, String), AgreementParty>;

fn parties() -> Result<Parties, Broken> {
    const FILE: &str = "agreement_parties.csv";
    let rows: Vec<PartyRow> = rows(FILE, include_str!("../../data/agreement_parties.csv"))?;
    let party = |row: PartyRow| {
        let country = format!("countries/{}", row.party_iso);
        let party = AgreementParty {
            country: country.clone(),
            provisional_date: row.provisional_from,
            in_force_date: row.in_force_from,
            in_force_day_unknown: yes(FILE, &row.day_unknown)?,
            source: source(row.source, row.confidence),
            ..AgreementParty::default()
        };
        Ok(((row.agreement_id, country), party))
    };
    rows.into_iter().map(party).collect()
}

/// Takes the agreement's parties out of `parties`; one without a row has no dates yet.
fn agreement(row: Row, parties: &mut Parties) -> Result<TradeAgreement, Broken> {
    let unknown = |column: &str, word: &str| Broken(format!("agreements.csv: no {column} {word:?}"));
    let kind = trade_agreement::Kind::from_str_name(&row.kind.to_uppercase());
    let status = trade_agreement::Status::from_str_name(&row.status.to_uppercase());
    let mut party = |country: String| {
        let dated = parties.remove(&(row.id.clone(), country.clone()));
        dated.unwrap_or_else(|| AgreementParty { country, ..AgreementParty::default() })
    };
    Ok(TradeAgreement {
        name: format!("tradeAgreements/{}", row.id.to_lowercase()),
        display_name: row.name_vi,
        english_name: row.name_en,
        parties: countries_of(&row.parties_iso).into_iter().map(&mut party).collect(),
        short_name: row.id,
        kind: kind.ok_or_else(|| unknown("kind", &row.kind))? as i32,
        status: status.ok_or_else(|| unknown("status", &row.status))? as i32,
        counted: yes("agreements.csv", &row.counted)?,
        signed_date: row.signed,
        note: row.note,
        source: source(row.source, row.confidence),
        ..TradeAgreement::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::{Application, between, check_parties};

    #[test]
    fn agreements_hold_between_two_countries_from_the_later_of_both_days() {
        let agreements = trade_agreements().expect("the files parse");
        for (country, day, holding) in [
            ("JP", "2023-01-01", "AJCEP CPTPP RCEP VJEPA"),
            ("JP", "2009-09-30", "AJCEP"),
            ("GB", "2024-12-14", "UKVFTA"),
            ("GB", "2024-12-15", "CPTPP UKVFTA"),
            ("GB", "2020-12-30", ""),
            ("GB", "2020-12-31", "UKVFTA"),
            ("PE", "2021-09-18", ""),
            ("PE", "2021-09-19", "CPTPP"),
            ("JP", "2019-01-13", "AJCEP VJEPA"),
            ("JP", "2019-01-14", "AJCEP CPTPP VJEPA"),
            ("MM", "2023-01-01", "AANZFTA ACFTA AFTA-ATIGA AHKFTA AIFTA AJCEP AKFTA"),
            ("LA", "2005-01-01", "VN-LA"),
            ("IL", "2026-01-01", "VIFTA"),
            ("CH", "2026-01-01", ""),
            ("DE", "2020-08-01", "EVFTA"),
        ] {
            let country = format!("countries/{country}");
            let holds = |it: &&TradeAgreement| between(&it.parties, &country, day) != Application::NotApplied;
            let mut names: Vec<_> = agreements.iter().filter(holds).map(|it| it.short_name.as_str()).collect();
            names.sort_unstable();
            assert_eq!(names.join(" "), holding, "{country} on {day}");
        }
    }

    #[test]
    fn seventeen_count_and_no_party_contradicts_itself() {
        let agreements = trade_agreements().expect("the files parse");
        assert_eq!(agreements.iter().filter(|it| it.counted).count(), 17);
        for agreement in &agreements {
            assert_eq!(check_parties(&agreement.parties), Ok(()), "{}", agreement.name);
        }
    }
}
