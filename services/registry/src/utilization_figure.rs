//! Published figures of how much of trade uses an agreement's preferences.

use api::registry::v1::utilization_figure::{Direction, Qualifier};
use api::registry::v1::utilization_figure_service_server::UtilizationFigureService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::Expr;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Desc, Order, Reply, Store, Tx, View};
use tonic::{Request, Response};

use crate::agreement::VIET_NAM;
use crate::country::Countries;
use crate::fta_commitment::digest;
use crate::naming::named;
use crate::trade_agreement::TradeAgreements;
use crate::{reference, visible};

store::entity!(row, "utilization_figure", {
    trade_agreement: String,
    country: String,
    direction: i32,
    year: i32,
});

/// The most figures that one answer tells.
const TOLD_MAX: usize = 2_000;
/// No figure is of an earlier year.
const EARLIEST: i32 = 1990;
/// Percentages that differ by more than this differ by more than rounding.
const ROUNDING: f64 = 0.5;

/// The figures.
pub struct UtilizationFigures {
    store: Store,
}

impl UtilizationFigures {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for UtilizationFigures {
    type Message = UtilizationFigure;
    type List = ListUtilizationFiguresRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(figure: &UtilizationFigure, row: &mut row::ActiveModel) {
        row.trade_agreement = Set(figure.trade_agreement.clone());
        row.country = Set(figure.country.clone());
        row.direction = Set(figure.direction);
        row.year = Set(figure.year);
    }

    fn filter(list: &ListUtilizationFiguresRequest, _: &View) -> Condition {
        let agreement = (!list.agreement.is_empty()).then(|| named("tradeAgreements", &list.agreement));
        wanted(agreement, &list.country, list.direction, list.from_year, list.to_year)
    }

    fn search_words(figure: &UtilizationFigure) -> Vec<&str> {
        let citation = figure.source.as_ref().map(|source| source.citation.as_str());
        [figure.basis.as_str()].into_iter().chain(citation).collect()
    }

    fn order() -> Order {
        Order::by(row::Column::Year, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&UtilizationFigure>, after: &mut UtilizationFigure) -> Result<()> {
        let agreements = reference::new([&after.trade_agreement], before.map(|it| &it.trade_agreement));
        reference::check::<TradeAgreements>(tx, "utilization_figure.trade_agreement", agreements).await?;
        let countries = reference::new([&after.country], before.map(|it| &it.country));
        reference::check::<Countries>(tx, "utilization_figure.country", countries).await?;
        if cited(after).is_empty() {
            return Err(Error::invalid("utilization_figure.source.citation", "is required: a figure has a source"));
        }
        let agreement = store::load::<TradeAgreements>(tx, &tx.scope(), &after.trade_agreement).await?;
        check(after, &agreement)
            .map_err(|why| Error::of(UtilizationFigureFailure::UtilizationContradicts).with("why", why))
    }

    fn view(figure: &mut UtilizationFigure, _: &View) {
        figure.computed_percent = computed(figure.preference_musd, figure.total_musd);
    }

    fn new_id(figure: &UtilizationFigure) -> Result<String> {
        let (direction, year) = (figure.direction.to_string(), figure.year.to_string());
        let parts = [&figure.trade_agreement, &figure.country, &direction, &year, &figure.until_date];
        Ok(digest(parts.into_iter().map(String::as_str).chain([cited(figure)])))
    }
}

fn cited(figure: &UtilizationFigure) -> &str {
    figure.source.as_ref().map_or("", |source| source.citation.trim())
}

fn wanted(agreement: Option<String>, country: &str, direction: i32, from_year: i32, to_year: i32) -> Condition {
    use row::Column;
    let year = |year: i32, condition: fn(&Column, i32) -> Expr| (year != 0).then(|| condition(&Column::Year, year));
    Condition::all()
        .add_option(agreement.map(|agreement| Column::TradeAgreement.eq(agreement)))
        .add_option((!country.is_empty()).then(|| Column::Country.eq(named("countries", country))))
        .add_option((direction != Direction::Unspecified as i32).then(|| Column::Direction.eq(direction)))
        .add_option(year(from_year, |column, year| column.gte(year)))
        .add_option(year(to_year, |column, year| column.lte(year)))
}

/// Says what contradicts itself, or the agreement.
fn check(figure: &UtilizationFigure, agreement: &TradeAgreement) -> Result<(), String> {
    let party = |country: &str| agreement.parties.iter().any(|party| party.country == country);
    if figure.country == VIET_NAM {
        return Err("the partner is not Viet Nam itself".to_owned());
    }
    if !figure.country.is_empty() && !party(&figure.country) {
        return Err(format!("{} is no party to {}", figure.country, figure.trade_agreement));
    }
    if figure.preference_musd.is_none() && figure.total_musd.is_none() && figure.utilization_percent.is_none() {
        return Err("it says no number".to_owned());
    }
    if let (Some(used), Some(all)) = (figure.preference_musd, figure.total_musd)
        && used > all
    {
        return Err(format!("{used} of {all} million US dollars would use preferences"));
    }
    if figure.qualifier != Qualifier::Unspecified as i32 && figure.utilization_percent.is_none() {
        return Err("a qualifier is of a published percentage".to_owned());
    }
    if !figure.until_date.is_empty() && !figure.until_date.starts_with(&format!("{:04}-", figure.year)) {
        return Err(format!("{} is no day of {}", figure.until_date, figure.year));
    }
    Ok(())
}

/// What the amounts give, in percent with two decimals.
fn computed(used: Option<f64>, all: Option<f64>) -> Option<f64> {
    let (used, all) = (used?, all?);
    (all > 0.0).then(|| (used / all * 10_000.0).round() / 100.0)
}

/// One row of an answer.
fn told(figure: UtilizationFigure) -> AgreementUtilization {
    let differs = figure.utilization_percent.zip(figure.computed_percent);
    AgreementUtilization {
        utilization_figure: figure.name,
        year: figure.year,
        until_date: figure.until_date,
        direction: figure.direction,
        country: figure.country,
        published_percent: figure.utilization_percent,
        qualifier: figure.qualifier,
        computed_percent: figure.computed_percent,
        differs: differs.is_some_and(|(published, computed)| (published - computed).abs() > ROUNDING),
        preference_musd: figure.preference_musd,
        total_musd: figure.total_musd,
        source: figure.source,
    }
}

/// The years from the first to the last, asked for or told, of which nothing is told.
fn missing(rows: &[AgreementUtilization], from_year: i32, to_year: i32) -> Vec<i32> {
    let told = || rows.iter().map(|row| row.year);
    let given = |year: i32| (year != 0).then_some(year);
    let (Some(first), Some(last)) = (given(from_year).or(told().min()), given(to_year).or(told().max())) else {
        return Vec::new();
    };
    (first.max(EARLIEST)..=last).filter(|year| !told().any(|told| told == *year)).collect()
}

store::serve!(UtilizationFigureService for UtilizationFigures, utilization_figure, utilization_figures, {
    async fn tell_utilization(&self, request: Request<TellUtilizationRequest>) -> Reply<TellUtilizationResponse> {
        let scope = visible::scope(&request);
        let asked = request.into_inner();
        if asked.to_year != 0 && asked.to_year < asked.from_year {
            return Err(Error::invalid("to_year", "must not be before from_year").into());
        }
        store::load::<TradeAgreements>(self.store.read(), &scope, &asked.name).await?;
        let view = visible::view(&self.store, "")?;
        let wanted =
            wanted(Some(asked.name.clone()), &asked.country, asked.direction, asked.from_year, asked.to_year);
        let figures = visible::all::<Self>(&self.store, &scope, wanted, &view, TOLD_MAX + 1).await?;
        if figures.len() > TOLD_MAX {
            let why = format!("there are more than {TOLD_MAX} figures: ask for fewer years, or one country");
            return Err(Error::invalid("from_year", why).into());
        }
        let mut rows: Vec<AgreementUtilization> = figures.into_iter().map(told).collect();
        let key = |row: &AgreementUtilization| {
            (row.year, row.direction, row.country.clone(), row.until_date.clone(), row.utilization_figure.clone())
        };
        rows.sort_by_cached_key(key);
        let missing_years = missing(&rows, asked.from_year, asked.to_year);
        Ok(Response::new(TellUtilizationResponse { trade_agreement: asked.name, rows, missing_years }))
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_computed_only_from_both_amounts() {
        for (used, all, percent) in [
            (Some(12.5), Some(50.0), Some(25.0)),
            (Some(1.0), Some(3.0), Some(33.33)),
            (Some(0.0), Some(3.0), Some(0.0)),
            (Some(0.0), Some(0.0), None),
            (None, Some(3.0), None),
            (Some(1.0), None, None),
        ] {
            assert_eq!(computed(used, all), percent, "{used:?} of {all:?}");
        }
    }

    #[test]
    fn a_published_percentage_differs_when_rounding_does_not_explain_it() {
        let row = |published: f64| {
            told(UtilizationFigure {
                utilization_percent: Some(published),
                computed_percent: Some(26.2),
                ..UtilizationFigure::default()
            })
        };
        assert!(!row(26.0).differs && !row(26.7).differs && row(25.6).differs && row(30.0).differs);
    }

    #[test]
    fn years_without_a_figure_are_named() {
        let rows: Vec<_> = [2020, 2022]
            .into_iter()
            .map(|year| AgreementUtilization { year, ..AgreementUtilization::default() })
            .collect();
        assert_eq!(missing(&rows, 0, 0), [2021]);
        assert_eq!(missing(&rows, 2019, 2023), [2019, 2021, 2023]);
        assert!(missing(&[], 0, 0).is_empty());
        assert_eq!(missing(&[], 2020, 2021), [2020, 2021]);
    }

    #[test]
    fn contradicting_figures_are_refused() {
        let parties = vec![AgreementParty { country: "countries/DE".into(), ..AgreementParty::default() }];
        let evfta = TradeAgreement { parties, ..TradeAgreement::default() };
        let good = UtilizationFigure {
            country: "countries/DE".into(),
            year: 2022,
            utilization_percent: Some(26.0),
            ..UtilizationFigure::default()
        };
        assert_eq!(check(&good, &evfta), Ok(()));
        for (figure, word) in [
            (UtilizationFigure { country: "countries/JP".into(), ..good.clone() }, "no party"),
            (UtilizationFigure { country: VIET_NAM.into(), ..good.clone() }, "Viet Nam"),
            (UtilizationFigure { utilization_percent: None, ..good.clone() }, "no number"),
            (UtilizationFigure { preference_musd: Some(2.0), total_musd: Some(1.0), ..good.clone() }, "2 of 1"),
            (UtilizationFigure { until_date: "2023-06-30".into(), ..good.clone() }, "no day of 2022"),
        ] {
            let why = check(&figure, &evfta).expect_err(word);
            assert!(why.contains(word), "{why}");
        }
    }
}
