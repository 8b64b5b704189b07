//! What makes a tariff commitment: rules without a database.

use api::registry::v1::{FtaCommitment, FtaRate, FtaRateStep};
use sha2::{Digest, Sha256};

use crate::hs;

/// A field of the record, and why it cannot be taken.
pub type Fault = (String, String);

/// Brings the code and the parties to the form in which they are kept and compared.
pub fn settle(commitment: &mut FtaCommitment) -> Result<(), Fault> {
    commitment.hs_code = hs::digits(&commitment.hs_code).map_err(|why| ("hs_code".to_owned(), why))?;
    commitment.importers.sort_unstable();
    commitment.exporters.sort_unstable();
    Ok(())
}

/// Every rate that says nothing, and quotas without an amount.
pub fn faults(commitment: &FtaCommitment) -> Vec<Fault> {
    let says = "must say a percentage or a duty in words";
    let mut faults = Vec::new();
    let mut check = |field: String, rate: Option<&FtaRate>| {
        if rate.is_some_and(|rate| rate.percent.is_none() && rate.duty.trim().is_empty()) {
            faults.push((field, says.to_owned()));
        }
    };
    check("base_rate".to_owned(), commitment.base_rate.as_ref());
    for (at, step) in commitment.steps.iter().enumerate() {
        check(format!("steps[{at}].rate"), step.rate.as_ref());
        check(format!("steps[{at}].beyond_quota"), step.beyond_quota.as_ref());
    }
    for (at, step) in commitment.steps.iter().enumerate() {
        if step.quota.is_none() && (step.beyond_quota.is_some() || !step.quota_unit.is_empty()) {
            faults.push((
                format!("steps[{at}].quota"),
                "is required where a unit or a rate beyond it is given".to_owned(),
            ));
        }
        if step.quota.is_some() && step.quota_unit.is_empty() {
            faults.push((format!("steps[{at}].quota_unit"), "is required where a quota is given".to_owned()));
        }
    }
    faults
}

/// Says what contradicts itself, or the parties of the agreement.
pub fn contradiction(commitment: &FtaCommitment, parties: &[&str]) -> Result<(), String> {
    let both = commitment.importers.iter().chain(&commitment.exporters);
    if let Some(stranger) = both.into_iter().find(|country| !parties.contains(&country.as_str())) {
        return Err(format!("{stranger} is no party to {}", commitment.trade_agreement));
    }
    if let Some(twice) = commitment.importers.iter().find(|country| commitment.exporters.contains(country)) {
        return Err(format!("{twice} is importer and exporter"));
    }
    let days: Vec<&str> = commitment.steps.iter().map(|step| step.from_date.as_str()).collect();
    match days.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(format!("the step of {} comes after that of {}", pair[1], pair[0])),
        None => Ok(()),
    }
}

/// The step that holds on a day, and the one after it.
pub fn on<'a>(steps: &'a [FtaRateStep], day: &str) -> (Option<&'a FtaRateStep>, Option<&'a FtaRateStep>) {
    let begun = steps.iter().take_while(|step| step.from_date.as_str() <= day).count();
    (begun.checked_sub(1).and_then(|at| steps.get(at)), steps.get(begun))
}

/// The identifier that follows from what a commitment is about.
pub fn id(commitment: &FtaCommitment) -> String {
    let importers = commitment.importers.join(";");
    let exporters = commitment.exporters.join(";");
    let parts = [&commitment.trade_agreement, &commitment.hs_code, &commitment.part, &importers, &exporters];
    digest(parts.map(String::as_str))
}

/// 32 hexadecimal digits made from texts, none of which runs into the next.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    hex::encode(&sha.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: &str, percent: Option<f64>) -> FtaRateStep {
        let rate = Some(FtaRate { percent, ..FtaRate::default() });
        FtaRateStep { from_date: from.into(), rate, ..FtaRateStep::default() }
    }

    fn commitment(code: &str, importers: &[&str], steps: Vec<FtaRateStep>) -> FtaCommitment {
        FtaCommitment {
            trade_agreement: "tradeAgreements/cptpp".into(),
            hs_code: code.into(),
            importers: importers.iter().map(|code| format!("countries/{code}")).collect(),
            steps,
            ..FtaCommitment::default()
        }
    }

    #[test]
    fn the_step_of_a_day_holds_until_the_next() {
        let steps = [step("2019-01-14", Some(6.0)), step("2020-01-01", Some(3.0)), step("2021-01-01", Some(0.0))];
        for (day, rate, next) in [
            ("2019-01-13", None, Some("2019-01-14")),
            ("2019-01-14", Some(6.0), Some("2020-01-01")),
            ("2019-12-31", Some(6.0), Some("2020-01-01")),
            ("2020-01-01", Some(3.0), Some("2021-01-01")),
            ("2021-01-01", Some(0.0), None),
            ("2099-01-01", Some(0.0), None),
        ] {
            let (held, after) = on(&steps, day);
            assert_eq!(held.and_then(|step| step.rate.as_ref()?.percent), rate, "{day}");
            assert_eq!(after.map(|step| step.from_date.as_str()), next, "{day}");
        }
        assert_eq!(on(&[], "2026-01-01"), (None, None));
    }

    #[test]
    fn contradictions_are_found() {
        let parties = ["countries/VN", "countries/JP", "countries/AU"];
        let good = commitment("0810", &["JP"], vec![step("2019-01-14", Some(1.0)), step("2020-01-01", Some(0.0))]);
        assert_eq!(contradiction(&good, &parties), Ok(()));
        let stranger = FtaCommitment { importers: vec!["countries/KR".into()], ..good.clone() };
        let itself = FtaCommitment { exporters: vec!["countries/JP".into()], ..good.clone() };
        let disordered = FtaCommitment { steps: vec![step("2020-01-01", None), step("2020-01-01", None)], ..good };
        for (broken, word) in [(stranger, "KR"), (itself, "importer and exporter"), (disordered, "2020-01-01")] {
            let why = contradiction(&broken, &parties).expect_err(word);
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn a_rate_says_something_and_a_quota_has_amount_and_unit() {
        let silent = commitment("08", &["JP"], vec![step("2020-01-01", None)]);
        assert_eq!(faults(&silent)[0].0, "steps[0].rate");
        let free = commitment("08", &["JP"], vec![step("2020-01-01", Some(0.0))]);
        assert_eq!(faults(&free), []);
        let mut quota = free.clone();
        quota.steps[0].quota_unit = "tấn".into();
        assert_eq!(faults(&quota)[0].0, "steps[0].quota");
        quota.steps[0].quota = Some(100.0);
        assert_eq!(faults(&quota), []);
        quota.steps[0].quota_unit = String::new();
        assert_eq!(faults(&quota)[0].0, "steps[0].quota_unit");
    }

    #[test]
    fn one_commitment_has_one_identifier_however_its_code_and_parties_are_written() {
        let mut one = commitment("0810.90.10", &["JP", "AU"], Vec::new());
        let mut other = commitment("08109010", &["AU", "JP"], Vec::new());
        settle(&mut one).expect("a code");
        settle(&mut other).expect("a code");
        assert_eq!(id(&one), id(&other));
        assert_ne!(id(&one), id(&FtaCommitment { part: "lychees".into(), ..one.clone() }));
        assert_eq!(id(&one).len(), 32);
        assert_eq!(settle(&mut commitment("7701", &["JP"], Vec::new())).expect_err("free").0, "hs_code");
    }
}
