//! Periods for which localities report, and which of them are frozen: what is reported for those stays as it is.

mod gate;

use std::time::SystemTime;

use api::options::v1::Failure;
use api::registry::v1::reporting_period_service_server::ReportingPeriodService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Asc, Order, Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::period::{Span, first_day, last_day};
use crate::{locality_profile, priority_submission};

store::entity!(row, "reporting_period", { first_day: String, frozen: bool });

/// The reporting periods.
pub struct ReportingPeriods {
    store: Store,
}

impl ReportingPeriods {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

/// The days of a period: of a year (2026), a half-year (2026-H1) or a quarter (2026-Q3). None if it is none of them.
pub fn days(period: &str) -> Option<Span> {
    let (year, part) = period.split_once('-').map_or((period, None), |(year, part)| (year, Some(part.as_bytes())));
    let (first, months) = match part {
        None => (1, 12),
        Some([b'H', n @ b'1'..=b'2']) => ((n - b'1') * 6 + 1, 6),
        Some([b'Q', n @ b'1'..=b'4']) => ((n - b'1') * 3 + 1, 3),
        _ => return None,
    };
    let is_year = year.len() == 4 && year.bytes().all(|digit| digit.is_ascii_digit());
    let month = |month: u8| format!("{year}-{month:02}");
    is_year.then(|| Span { from: first_day(&month(first)), to: last_day(&month(first + months - 1)) })
}

/// Refuses with `PERIOD_FROZEN` if nothing may be changed any more that is reported for this period.
pub async fn check_open(tx: &Tx, period: &str) -> Result<()> {
    if gate::is_open(tx, period).await? {
        return Ok(());
    }
    Err(frozen(&store::load::<ReportingPeriods>(tx, &Scope::everything(), &name_of(period)).await?))
}

fn name_of(period: &str) -> String {
    format!("reportingPeriods/{}", period.to_lowercase())
}

fn frozen(period: &ReportingPeriod) -> Error {
    let since = period.decision_time.as_ref().map(|time| time.to_string()).unwrap_or_default();
    Error::of(ReportingPeriodFailure::PeriodFrozen).with("period", &period.period).with("since", since)
}

impl store::Resource for ReportingPeriods {
    type Message = ReportingPeriod;
    type List = ListReportingPeriodsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(period: &ReportingPeriod, row: &mut row::ActiveModel) {
        row.first_day = Set(period.first_day.clone());
        row.frozen = Set(period.frozen);
    }

    fn filter(list: &ListReportingPeriodsRequest, _: &View) -> Condition {
        Condition::all().add_option(list.frozen.then(|| row::Column::Frozen.eq(true)))
    }

    fn search_words(period: &ReportingPeriod) -> Vec<&str> {
        vec![&period.period, &period.reason]
    }

    fn order() -> Order {
        Order::by(row::Column::FirstDay, Asc)
    }

    async fn prepare(_: &Tx, before: Option<&ReportingPeriod>, after: &mut ReportingPeriod) -> Result<()> {
        let retiring = after.retire_time.is_some() && before.is_some_and(|before| before.retire_time.is_none());
        if retiring && after.frozen {
            return Err(frozen(after));
        }
        Ok(())
    }

    /// The ministry's officers, whatever desk they act for.
    fn may_own(caller: &Caller, _: &ReportingPeriod) -> bool {
        [Role::MinistryOfficer, Role::Administrator, Role::Service].into_iter().any(|role| caller.is(role))
    }
}

/// Decided now, by the transaction's caller.
fn decided(tx: &Tx, before: &ReportingPeriod, frozen: bool, reason: String) -> ReportingPeriod {
    ReportingPeriod {
        frozen,
        decision_time: Some(SystemTime::from(tx.now()).into()),
        decided_by: tx.caller().subject.clone(),
        reason,
        ..before.clone()
    }
}

async fn freeze(tx: &Tx, request: FreezeReportingPeriodRequest) -> Result<ReportingPeriod> {
    let FreezeReportingPeriodRequest { period, reason } = request;
    let days = days(&period).ok_or_else(|| Error::invalid("period", "must be a year, a half-year or a quarter"))?;
    if days.to >= tx.today().to_string() {
        let error = Error::of(ReportingPeriodFailure::PeriodNotOver);
        return Err(error.with("period", period).with("last_day", days.to));
    }
    gate::turn(tx, &period, true).await?;
    let mut waiting = locality_profile::waiting(tx, &period).await?;
    waiting.extend(priority_submission::waiting(tx, &period).await?);
    if !waiting.is_empty() {
        let error = Error::of(ReportingPeriodFailure::PeriodReviewsPending);
        return Err(error.with("period", period).with("waiting", waiting.join(", ")));
    }
    let name = name_of(&period);
    let before = match store::load_for::<ReportingPeriods>(tx, &name, |_, _| true).await {
        Err(error) if error.is(Failure::NotFound) => {
            let new = ReportingPeriod {
                period: period.clone(),
                first_day: days.from,
                last_day: days.to,
                owner: tx.caller().organization.clone(),
                ..ReportingPeriod::default()
            };
            store::insert::<ReportingPeriods>(tx, new, &period.to_lowercase()).await?
        }
        kept => kept?,
    };
    if before.frozen {
        return Ok(before);
    }
    let after = decided(tx, &before, true, reason);
    store::save::<ReportingPeriods>(tx, &tx.context().change_type, before, after).await
}

#[tonic::async_trait]
impl ReportingPeriodService for ReportingPeriods {
    async fn get_reporting_period(&self, request: Request<GetReportingPeriodRequest>) -> Reply<ReportingPeriod> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_reporting_periods(
        &self,
        request: Request<ListReportingPeriodsRequest>,
    ) -> Reply<ListReportingPeriodsResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn retire_reporting_period(&self, request: Request<RetireReportingPeriodRequest>) -> Reply<ReportingPeriod> {
        store::retire::<Self>(&self.store, request).await
    }

    async fn freeze_reporting_period(&self, request: Request<FreezeReportingPeriodRequest>) -> Reply<ReportingPeriod> {
        let asked = request.get_ref().clone();
        let done = self.store.write(&request, async move |tx: Tx| freeze(&tx, asked).await);
        Ok(Response::new(done.await?))
    }

    async fn reopen_reporting_period(&self, request: Request<ReopenReportingPeriodRequest>) -> Reply<ReportingPeriod> {
        store::act::<Self, _, _>(
            &self.store,
            request,
            async |tx: Tx, request: ReopenReportingPeriodRequest, period: ReportingPeriod| {
                if !period.frozen {
                    return Err(Error::of(ReportingPeriodFailure::PeriodNotFrozen).with("period", period.period));
                }
                gate::turn(&tx, &period.period, false).await?;
                Ok(decided(&tx, &period, false, request.reason))
            },
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_a_first_and_a_last_day() {
        for (period, from, to) in [
            ("2026", "2026-01-01", "2026-12-31"),
            ("2026-H1", "2026-01-01", "2026-06-30"),
            ("2026-H2", "2026-07-01", "2026-12-31"),
            ("2024-Q1", "2024-01-01", "2024-03-31"),
            ("2026-Q4", "2026-10-01", "2026-12-31"),
        ] {
            assert_eq!(days(period), Some(Span { from: from.into(), to: to.into() }), "{period}");
        }
        for period in ["", "26", "2026-", "2026-H3", "2026-Q0", "2026-H12", "năm 2026"] {
            assert_eq!(days(period), None, "{period}");
        }
    }
}
