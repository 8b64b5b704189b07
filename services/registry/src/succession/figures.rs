//! Published figures of the units that change, by lineage: asked of investment, which keeps them.

use std::collections::BTreeSet;

use api::investment::v1::fdi_flow::Dimension;
use api::investment::v1::fdi_flow_service_client::FdiFlowServiceClient;
use api::investment::v1::summarize_fdi_flows_request::{GroupBy, View};
use api::investment::v1::{ListFdiFlowsRequest, SummarizeFdiFlowsRequest};
use api::registry::v1::{Succession, SuccessionFigure, SuccessionFigures, succession};
use chassis::channel::CallAs;
use chassis::error::Result;

use super::peers::{PAGE, Peers, patiently, why};
use crate::period::day_before;

/// The service that keeps figures.
const SERVICE: &str = "investment";
/// The most pages of one unit's figures that are looked through for their series.
const PAGES: usize = 10;

impl Peers<'_> {
    /// What the predecessors have, and what the view ROLLED_UP of the successor of a merger will include. `family` are the
    /// predecessors and all that was merged into them before.
    pub async fn figures(&self, change: &Succession, family: &BTreeSet<String>) -> SuccessionFigures {
        self.summarized(change, family).await.unwrap_or_else(|error| SuccessionFigures {
            unanswered: why(SERVICE, &error),
            ..SuccessionFigures::default()
        })
    }

    async fn summarized(&self, change: &Succession, family: &BTreeSet<String>) -> Result<SuccessionFigures> {
        let peer = self.service(SERVICE);
        let eve = day_before(&change.effective_date).unwrap_or_default();
        let mut figures = SuccessionFigures::default();
        for series in series(&peer, family).await? {
            let mut sums = Vec::new();
            for unit in &change.predecessors {
                sums.extend(sum(&peer, unit, &series, &eve).await?);
            }
            if change.kind() == succession::Kind::Merge && !sums.is_empty() {
                figures.successor.push(together(&change.successors[0].locality, &series, &sums));
            }
            figures.predecessors.extend(sums);
        }
        Ok(figures)
    }
}

/// The series in which any of these units has a figure.
async fn series(peer: &CallAs, units: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let mut series = BTreeSet::new();
    for unit in units {
        let mut page_token = String::new();
        for _ in 0..PAGES {
            let request = ListFdiFlowsRequest {
                page_size: PAGE,
                page_token,
                dimension: Dimension::Locality as i32,
                locality: unit.clone(),
                ..ListFdiFlowsRequest::default()
            };
            let page = FdiFlowServiceClient::new(peer.clone()).list_fdi_flows(patiently(request)).await?.into_inner();
            series.extend(page.fdi_flows.into_iter().map(|flow| flow.series));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
    }
    Ok(series)
}

/// What a unit has of a series, with whatever was merged into it by that day; nothing, if nothing was published.
async fn sum(peer: &CallAs, unit: &str, series: &str, as_of: &str) -> Result<Option<SuccessionFigure>> {
    let request = SummarizeFdiFlowsRequest {
        breakdown: Dimension::Locality as i32,
        group_by: GroupBy::Year as i32,
        locality: unit.to_owned(),
        view: View::RolledUp as i32,
        as_of: as_of.to_owned(),
        series: series.to_owned(),
        ..SummarizeFdiFlowsRequest::default()
    };
    let answer = FdiFlowServiceClient::new(peer.clone()).summarize_fdi_flows(patiently(request)).await?.into_inner();
    let years = || answer.rows.iter().map(|row| row.year);
    let (Some(total), Some(from_year), Some(to_year)) = (&answer.total, years().min(), years().max()) else {
        return Ok(None);
    };
    Ok(Some(SuccessionFigure {
        locality: unit.to_owned(),
        series: series.to_owned(),
        flows: total.flows,
        from_year,
        to_year,
        projects_new: total.projects_new,
        capital_new_musd: total.capital_new_musd,
        capital_adjusted_musd: total.capital_adjusted_musd,
        ma_capital_musd: total.ma_capital_musd,
        capital_total_musd: total.capital_total_musd,
        capital_realised_musd: total.capital_realised_musd,
    }))
}

/// The sums of several units in one, each kind of capital by itself.
fn together(unit: &str, series: &str, sums: &[SuccessionFigure]) -> SuccessionFigure {
    let capital = |of: fn(&SuccessionFigure) -> Option<f64>| {
        let known: Vec<f64> = sums.iter().filter_map(of).collect();
        // Figures are whole dollars: what adding binary fractions leaves over is not.
        (!known.is_empty()).then(|| (known.iter().sum::<f64>() * 1e6).round() / 1e6)
    };
    let projects: Vec<i32> = sums.iter().filter_map(|sum| sum.projects_new).collect();
    SuccessionFigure {
        locality: unit.to_owned(),
        series: series.to_owned(),
        flows: sums.iter().map(|sum| sum.flows).sum(),
        from_year: sums.iter().map(|sum| sum.from_year).min().unwrap_or_default(),
        to_year: sums.iter().map(|sum| sum.to_year).max().unwrap_or_default(),
        projects_new: (!projects.is_empty()).then(|| projects.iter().sum()),
        capital_new_musd: capital(|sum| sum.capital_new_musd),
        capital_adjusted_musd: capital(|sum| sum.capital_adjusted_musd),
        ma_capital_musd: capital(|sum| sum.ma_capital_musd),
        capital_total_musd: capital(|sum| sum.capital_total_musd),
        capital_realised_musd: capital(|sum| sum.capital_realised_musd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stay_apart_and_what_nobody_published_stays_unknown() {
        let sum = |new: Option<f64>, total: f64, year: i32| SuccessionFigure {
            flows: 2,
            from_year: year,
            to_year: year + 1,
            capital_new_musd: new,
            capital_total_musd: Some(total),
            ..SuccessionFigure::default()
        };
        let both = together("localities/c", "annual_flow", &[sum(Some(0.1), 0.3, 2015), sum(None, 0.6, 2018)]);
        assert_eq!((both.flows, both.from_year, both.to_year), (4, 2015, 2019));
        assert_eq!((both.capital_new_musd, both.capital_total_musd), (Some(0.1), Some(0.9)));
        assert_eq!((both.capital_realised_musd, both.projects_new), (None, None));
    }
}
