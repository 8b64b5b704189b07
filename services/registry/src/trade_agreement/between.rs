//! The agreements between two countries on a day.

use api::registry::v1::{
    AgreementBetween, FindAgreementsBetweenRequest, FindAgreementsBetweenResponse, TradeAgreement,
};
use chassis::error::{Error, Result};
use store::sea_orm::Condition;
use store::{Scope, Store};

use super::{TradeAgreements, binding};
use crate::agreement::{Application, Ties, VIET_NAM};
use crate::country::Countries;
use crate::naming::named;
use crate::visible;

/// More agreements than Viet Nam will ever have.
const AGREEMENTS_MAX: usize = 1_000;

/// Those that hold, and those that may.
pub async fn find(
    store: &Store,
    scope: &Scope,
    asked: FindAgreementsBetweenRequest,
) -> Result<FindAgreementsBetweenResponse> {
    let view = visible::view(store, &asked.as_of)?;
    let day = view.as_of.to_string();
    let country = named("countries", &asked.country);
    let other = if asked.other.is_empty() { VIET_NAM.to_owned() } else { named("countries", &asked.other) };
    if country == other {
        return Err(Error::invalid("country", format!("must be another country than {other}")));
    }
    for name in [&country, &other] {
        store::load::<Countries>(store.read(), scope, name).await?;
    }
    let both = Condition::all().add(binding(&country)).add(binding(&other));
    let found = visible::all::<TradeAgreements>(store, scope, both, &view, AGREEMENTS_MAX).await?;
    let mut answer = FindAgreementsBetweenResponse { as_of: day, ..FindAgreementsBetweenResponse::default() };
    for agreement in found {
        let party = |country: &str| agreement.parties.iter().find(|party| party.country == country).cloned();
        let Some((party, other_party)) = party(&country).zip(party(&other)) else { continue };
        let ties = Ties::between(&party, &other_party);
        match (ties.surely(&answer.as_of), ties.possibly(&answer.as_of)) {
            (Application::NotApplied, Application::NotApplied) => {}
            (Application::NotApplied, how) => {
                answer.possible_agreements.push(told(agreement, how, &ties));
            }
            (how, _) => answer.agreements.push(told(agreement, how, &ties)),
        }
    }
    (answer.country, answer.other) = (country, other);
    Ok(answer)
}

fn told(agreement: TradeAgreement, how: Application, ties: &Ties<'_>) -> AgreementBetween {
    let [party, other_party] = ties.parties().map(Clone::clone);
    AgreementBetween {
        trade_agreement: agreement.name,
        short_name: agreement.short_name,
        display_name: agreement.display_name,
        english_name: agreement.english_name,
        application: how as i32,
        applied_from: ties.applied_from(),
        in_force_from: ties.in_force_from(),
        ended_date: ties.ended_date(),
        in_force_day_unknown: ties.day_unknown(),
        note: agreement.note,
        source: agreement.source,
        party: Some(party),
        other_party: Some(other_party),
    }
}
