//! What localities offer to investors.

use api::investment::v1::opportunity::Status;
use api::investment::v1::opportunity_service_server::OpportunityService;
use api::investment::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use store::register::{References, Within};
use store::{Desc, Order, Store, Tx, View, mention};

use crate::day::day;
use crate::money::range_fault;

store::entity!(row, "opportunity", {
    locality: String,
    status: i32,
    valid_from: String,
    valid_to: String,
});

use row::Column;

/// Serves them.
pub struct Opportunities {
    pub store: Store,
}

impl store::Resource for Opportunities {
    type Message = Opportunity;
    type List = ListOpportunitiesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Government;

    fn columns(message: &Opportunity, row: &mut row::ActiveModel) {
        row.locality = Set(message.locality.clone());
        row.status = Set(message.status);
        row.valid_from = Set(message.valid_from.clone());
        row.valid_to = Set(message.valid_to.clone());
    }

    fn filter(list: &ListOpportunitiesRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        // An open end is the empty text: it sorts before every day, and stands for none.
        let available = Condition::all()
            .add(Column::Status.eq(Status::Open as i32))
            .add(Column::ValidFrom.lte(day.as_str()))
            .add(Condition::any().add(Column::ValidTo.eq("")).add(Column::ValidTo.gte(day.as_str())));
        Condition::all()
            .add_option((!list.locality.is_empty()).then(|| Column::Locality.eq(list.locality.as_str())))
            .add_option((list.status != 0).then(|| Column::Status.eq(list.status)))
            .add_option(mention::of::<Opportunity>(Column::Id, &list.sector))
            .add_option(list.available.then_some(available))
    }

    fn search_words(message: &Opportunity) -> Vec<&str> {
        let translated = message.translations.iter().flat_map(|other| [other.title.as_str(), other.summary.as_str()]);
        [message.title.as_str(), message.summary.as_str()].into_iter().chain(translated).collect()
    }

    /// Ids are time-ordered.
    fn order() -> Order {
        Order::by(Column::Id, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&Opportunity>, after: &mut Opportunity) -> Result<()> {
        if after.status() == Status::Unspecified {
            after.set_status(Status::Draft);
        }
        after.available = false;
        refuse(after)?;
        let mut references = References::default();
        if before.is_none() {
            references.add("opportunity.locality", &after.locality, Within::instant(tx.today()));
        }
        references.check(tx).await
    }

    async fn index(tx: &Tx, message: &Opportunity) -> Result<()> {
        mention::keep(tx, message, message.sectors.iter().map(String::as_str)).await
    }

    fn view(message: &mut Opportunity, view: &View) {
        message.available = is_available(message, view.as_of);
    }

    /// A locality answers for what it offers itself; the ministry and agencies may enter it on a locality's behalf.
    fn may_own(caller: &Caller, message: &Opportunity) -> bool {
        let own = message.owner == caller.organization;
        let own_locality = !caller.is(Role::LocalityOfficer) || message.locality == caller.organization;
        let on_behalf = caller.is(Role::MinistryOfficer) || caller.is(Role::AgencyOfficer);
        let handed_over = message.name.is_empty() && message.owner == message.locality && on_behalf;
        (own && own_locality) || handed_over || caller.is(Role::Administrator) || caller.is(Role::Service)
    }
}

/// Whether it can be taken up on a day.
fn is_available(opportunity: &Opportunity, on: NaiveDate) -> bool {
    opportunity.status() == Status::Open
        && day(&opportunity.valid_from).is_none_or(|from| from <= on)
        && day(&opportunity.valid_to).is_none_or(|to| to >= on)
}

fn refuse(opportunity: &Opportunity) -> Result<()> {
    let mut faults = Vec::new();
    faults.extend(range_fault(opportunity.capital_min_musd, opportunity.capital_max_musd));
    if let (Some(from), Some(to)) = (day(&opportunity.valid_from), day(&opportunity.valid_to))
        && from > to
    {
        faults.push(("valid_to", "must not be before valid_from"));
    }
    let languages = opportunity.translations.iter().map(|other| other.language.to_lowercase());
    let mut seen = std::collections::BTreeSet::new();
    if !languages.into_iter().all(|language| seen.insert(language)) {
        faults.push(("translations", "must have each language once"));
    }
    let mut faults = faults.into_iter().map(|(field, why)| (format!("opportunity.{field}"), why));
    let Some((first, why)) = faults.next() else { return Ok(()) };
    Err(faults.fold(Error::invalid(first, why), |error, (field, why)| error.violation(field, why)))
}

store::serve!(OpportunityService for Opportunities, opportunity, opportunities);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_can_be_taken_up_while_it_is_open_and_valid() {
        for (status, from, to, available) in [
            (Status::Open, "", "", true),
            (Status::Open, "2026-11-22", "2026-11-22", true),
            (Status::Open, "2026-11-23", "", false),
            (Status::Open, "", "2026-11-21", false),
            (Status::Draft, "", "", false),
            (Status::Taken, "", "", false),
        ] {
            let offer = Opportunity {
                status: status.into(),
                valid_from: from.into(),
                valid_to: to.into(),
                ..Opportunity::default()
            };
            assert_eq!(is_available(&offer, day("2026-11-22").unwrap()), available, "{status:?} {from}..{to}");
        }
    }
}
