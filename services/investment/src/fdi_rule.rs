//! What holds for every published row, and what makes two rows the same. Pure.

use api::investment::v1::FdiFlow;
use api::investment::v1::fdi_flow::Dimension;
use chrono::Datelike;
use sha2::{Digest, Sha256};
use store::fold::fold;

use crate::day::day;
use crate::money::dollars;

/// How far a published total may be from its three parts: each of the four may be rounded to a tenth of a million.
const ROUNDING_DOLLARS: i64 = 200_000;

/// A field that is not as it must be, by proto name, and what is wrong with it.
pub type Fault = (&'static str, String);

/// All that is wrong with a row taken by itself.
pub fn faults(flow: &FdiFlow) -> Vec<Fault> {
    let mut faults = Vec::new();
    period(flow, &mut faults);
    subject(flow, &mut faults);
    for (field, amount) in amounts(flow) {
        if amount.is_some_and(|amount| dollars(amount).is_none()) {
            faults.push((field, "must not be finer than one US dollar (six decimals)".into()));
        }
    }
    let parts = [flow.capital_new_musd, flow.capital_adjusted_musd, flow.ma_capital_musd];
    if parts.iter().all(Option::is_some) {
        total(flow, &mut faults);
    }
    faults
}

/// Besides, for a row of a table in which a part that is left empty stands for nothing: the total is there and adds up.
pub fn table_faults(flow: &FdiFlow) -> Vec<Fault> {
    let mut faults = Vec::new();
    let parts = [flow.capital_new_musd, flow.capital_adjusted_musd, flow.ma_capital_musd];
    match (flow.capital_total_musd, parts.iter().any(Option::is_some)) {
        (None, true) => faults.push(("capital_total_musd", "is missing, though a part of it is there".into())),
        (Some(_), true) => total(flow, &mut faults),
        (_, false) => {}
    }
    faults
}

fn amounts(flow: &FdiFlow) -> [(&'static str, Option<f64>); 6] {
    [
        ("capital_new_musd", flow.capital_new_musd),
        ("capital_adjusted_musd", flow.capital_adjusted_musd),
        ("ma_capital_musd", flow.ma_capital_musd),
        ("capital_total_musd", flow.capital_total_musd),
        ("capital_realised_musd", flow.capital_realised_musd),
        ("capital_stock_musd", flow.capital_stock_musd),
    ]
}

fn period(flow: &FdiFlow, faults: &mut Vec<Fault>) {
    let (Some(from), Some(to)) = (day(&flow.period_from), day(&flow.period_to)) else { return };
    if from > to {
        faults.push(("period_to", format!("must not be before period_from, {from}")));
    } else if from.year() != to.year() {
        // A figure over several years belongs to none of them, and a summary by year could not place it.
        faults.push(("period_to", format!("must be in the calendar year of period_from, {}", from.year())));
    }
}

fn subject(flow: &FdiFlow, faults: &mut Vec<Fault>) {
    let dimension = flow.dimension();
    let fields = [
        ("locality", &flow.locality, Dimension::Locality),
        ("country", &flow.country, Dimension::Partner),
        ("sector", &flow.sector, Dimension::Sector),
    ];
    for (field, value, of) in fields {
        if !value.is_empty() && of != dimension {
            faults.push((field, format!("must be empty in a row of the dimension {}", dimension.as_str_name())));
        }
    }
    if dimension == Dimension::Sector && flow.sector.is_empty() {
        faults.push(("sector", "is required in a row of the dimension SECTOR".into()));
    }
}

fn total(flow: &FdiFlow, faults: &mut Vec<Fault>) {
    let parts = [flow.capital_new_musd, flow.capital_adjusted_musd, flow.ma_capital_musd];
    // An amount that is too fine is named by itself.
    let sum: Option<i64> = parts.into_iter().flatten().map(dollars).sum();
    let (Some(sum), Some(total)) = (sum, flow.capital_total_musd.and_then(dollars)) else { return };
    if (sum - total).abs() > ROUNDING_DOLLARS {
        let sum = crate::money::musd(sum);
        faults.push(("capital_total_musd", format!("must be the sum of new, adjusted and contributed capital, {sum}")));
    }
}

/// What names a row's subject within its dimension, series and period. A table has a locality or a sector once; but it may have
/// a country twice, under two spellings (Lithuania and Litva in 2019), so a partner goes by its name as published.
pub fn identity(flow: &FdiFlow) -> String {
    match flow.dimension() {
        Dimension::Locality if !flow.locality.is_empty() => flow.locality.clone(),
        Dimension::Sector => flow.sector.clone(),
        Dimension::National => String::new(),
        _ => format!("~{}", fold(&flow.published_name)),
    }
}

/// Under what a row is summed: the locality, country or sector, or else its name as published.
pub fn summed_under(flow: &FdiFlow) -> String {
    match flow.dimension() {
        Dimension::Partner if !flow.country.is_empty() => flow.country.clone(),
        _ => identity(flow),
    }
}

/// The identifier of a row: the same for the same series, period, dimension and subject, so that no row is recorded twice.
pub fn id(flow: &FdiFlow) -> String {
    let parts = [&flow.series, &flow.period_from, &flow.period_to, flow.dimension().as_str_name(), &identity(flow)];
    let digest = Sha256::digest(parts.join("\n"));
    hex::encode(&digest[..16])
}

/// The year to which a row counts.
pub fn year(flow: &FdiFlow) -> i32 {
    day(&flow.period_to).map_or(0, |day| day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(change: impl FnOnce(&mut FdiFlow)) -> FdiFlow {
        let mut flow = FdiFlow {
            dimension: Dimension::Locality.into(),
            published_name: "Bắc Ninh".into(),
            locality: "localities/bac-ninh-2025".into(),
            series: "annual_flow".into(),
            period_from: "2015-01-01".into(),
            period_to: "2015-12-31".into(),
            capital_new_musd: Some(149.6),
            capital_adjusted_musd: Some(3500.2),
            capital_total_musd: Some(3649.8),
            ..FdiFlow::default()
        };
        change(&mut flow);
        flow
    }

    fn fields(flow: &FdiFlow) -> Vec<&'static str> {
        faults(flow).into_iter().chain(table_faults(flow)).map(|(field, _)| field).collect()
    }

    #[test]
    fn a_published_row_is_taken_as_it_is() {
        assert_eq!(faults(&row(|_| {})), []);
        assert_eq!(table_faults(&row(|_| {})), []);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        type Change = fn(&mut FdiFlow);
        let cases: [(&str, Change); 8] = [
            ("period_to", |flow| flow.period_to = "2014-12-31".into()),
            ("period_to", |flow| flow.period_to = "2016-12-31".into()),
            ("country", |flow| flow.country = "countries/KR".into()),
            ("sector", |flow| flow.sector = "VSIC2018/C".into()),
            ("capital_new_musd", |flow| flow.capital_new_musd = Some(149.600_000_1)),
            ("capital_total_musd", |flow| flow.capital_total_musd = Some(3650.1)),
            ("capital_total_musd", |flow| flow.capital_total_musd = None),
            ("capital_realised_musd", |flow| flow.capital_realised_musd = Some(0.000_000_1)),
        ];
        for (field, change) in cases {
            assert_eq!(fields(&row(change)), [field]);
        }
    }

    #[test]
    fn a_total_may_be_rounded_and_a_part_need_not_be_published() {
        assert_eq!(fields(&row(|flow| flow.capital_total_musd = Some(3650.0))), [""; 0]);
        let partly = row(|flow| {
            flow.capital_adjusted_musd = None;
            flow.capital_total_musd = Some(3649.8);
        });
        assert_eq!(faults(&partly), []);
    }

    #[test]
    fn a_sector_row_names_its_sector() {
        let sector = row(|flow| {
            flow.set_dimension(Dimension::Sector);
            flow.locality.clear();
        });
        assert_eq!(fields(&sector), ["sector"]);
    }

    #[test]
    fn rows_are_the_same_by_series_period_dimension_and_subject() {
        let base = id(&row(|_| {}));
        let same: [fn(&mut FdiFlow); 2] =
            [|flow| flow.published_name = "Tỉnh Bắc Ninh".into(), |flow| flow.capital_new_musd = Some(1.0)];
        let other: [fn(&mut FdiFlow); 4] = [
            |flow| flow.series = "monthly_flow".into(),
            |flow| flow.period_from = "2015-02-01".into(),
            |flow| flow.locality = "localities/bac-giang".into(),
            |flow| flow.locality.clear(),
        ];
        assert!(same.into_iter().all(|change| id(&row(change)) == base));
        assert!(other.into_iter().all(|change| id(&row(change)) != base));
    }

    #[test]
    fn two_spellings_of_a_country_are_two_rows_and_one_sum() {
        let partner = |name: &str| {
            row(|flow| {
                flow.set_dimension(Dimension::Partner);
                flow.locality.clear();
                flow.country = "countries/LT".into();
                flow.published_name = name.into();
            })
        };
        let (one, two) = (partner("Lithuania"), partner("Litva"));
        assert_ne!(id(&one), id(&two));
        assert_eq!(summed_under(&one), summed_under(&two));
        assert_eq!(id(&one), id(&partner("  LITHUANIA")));
    }
}
