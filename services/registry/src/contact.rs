//! Persons at the bodies that economic diplomacy deals with.

use api::registry::v1::contact::{LegalBasis, PersonalDataState};
use api::registry::v1::contact_service_server::ContactService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use store::calendar::Passing;
use store::personal::State;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Reply, Store, Tx, View};
use tonic::Request;

use crate::period::Span;
use crate::reference;

store::entity!(row, "contact", {
    organization: String,
    retention_until: String,
    withdrawn_date: String,
    erased: bool,
});

/// The contacts.
pub struct Contacts {
    store: Store,
}

impl Contacts {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Contacts {
    type Message = Contact;
    type List = ListContactsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(contact: &Contact, row: &mut row::ActiveModel) {
        row.organization = Set(contact.organization.clone());
        row.retention_until = Set(contact.retention_until.clone());
        row.withdrawn_date = Set(withdrawn(contact).to_owned());
        row.erased = Set(contact.erasure.is_some());
    }

    fn filter(list: &ListContactsRequest, view: &View) -> Condition {
        use row::Column;
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let today = view.today.to_string();
        let withdrawn =
            Condition::all().add(Column::WithdrawnDate.ne("")).add(Column::WithdrawnDate.lte(today.as_str()));
        let over = Condition::any().add(Column::RetentionUntil.lt(today.as_str())).add(withdrawn);
        let passed = Condition::all().add(Column::Erased.eq(false)).add(over);
        Condition::all()
            .add_option(text(Column::Organization, &list.organization))
            .add_option(text(Column::Owner, &list.owner))
            .add_option(list.retention_passed.then_some(passed))
    }

    fn search_words(contact: &Contact) -> Vec<&str> {
        vec![&contact.department]
    }

    fn calendar(contact: &Contact) -> Vec<Passing> {
        let day = contact.retention_until.parse::<NaiveDate>().ok().filter(|_| contact.erasure.is_none());
        day.map(|day| Passing { day, tells: "contact.retentionPassed" }).into_iter().collect()
    }

    async fn prepare(tx: &Tx, before: Option<&Contact>, after: &mut Contact) -> Result<()> {
        // Told in answers alone.
        after.retention_passed = false;
        after.personal_data = PersonalDataState::Unspecified as i32;
        if after.erasure.is_some() && !after.display_name.is_empty() {
            return Err(Error::of(PersonalDataFailure::PersonalDataErased).with("name", &after.name));
        }
        if Span::of(&after.valid_from, &after.valid_to).is_broken() {
            return Err(Error::invalid("contact.valid_to", "must not be before valid_from"));
        }
        check_consent(after)?;
        let organization = before.map_or("", |contact| contact.organization.as_str());
        reference::check_body(tx, "contact.organization", &after.organization, organization).await
    }

    fn view(contact: &mut Contact, view: &View) {
        let today = view.today.to_string();
        let withdrawn = withdrawn(contact);
        let over = contact.retention_until < today || (!withdrawn.is_empty() && withdrawn <= today.as_str());
        contact.retention_passed = over && contact.erasure.is_none();
    }

    fn tell_personal(contact: &mut Contact, state: State) {
        contact.set_personal_data(match state {
            State::Shown => PersonalDataState::Shown,
            State::Hidden => PersonalDataState::Hidden,
            State::Erased => PersonalDataState::Erased,
        });
    }
}

fn withdrawn(contact: &Contact) -> &str {
    contact.consent.as_ref().map_or("", |consent| &consent.withdrawn_date)
}

/// Consent is what it rests on only if it was given, and ends no earlier than it began.
fn check_consent(contact: &Contact) -> Result<()> {
    let Some(consent) = &contact.consent else {
        return match contact.legal_basis() {
            LegalBasis::Consent => Err(Error::invalid("contact.consent", "is required where consent is the ground")),
            _ => Ok(()),
        };
    };
    if !consent.withdrawn_date.is_empty() && consent.withdrawn_date < consent.given_date {
        return Err(Error::invalid("contact.consent.withdrawn_date", "must not be before given_date"));
    }
    Ok(())
}

#[tonic::async_trait]
impl ContactService for Contacts {
    async fn get_contact(&self, request: Request<GetContactRequest>) -> Reply<Contact> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_contacts(&self, mut request: Request<ListContactsRequest>) -> Reply<ListContactsResponse> {
        // What is to be erased is to be erased, retired or not.
        let list = request.get_mut();
        list.show_retired |= list.retention_passed;
        store::list::<Self>(&self.store, request).await
    }

    async fn create_contact(&self, request: Request<CreateContactRequest>) -> Reply<Contact> {
        store::create::<Self>(&self.store, request).await
    }

    async fn update_contact(&self, request: Request<UpdateContactRequest>) -> Reply<Contact> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_contact(&self, request: Request<RetireContactRequest>) -> Reply<Contact> {
        store::retire::<Self>(&self.store, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_told_where_it_is_the_ground_and_ends_after_it_began() {
        let consent = |given: &str, withdrawn: &str| {
            Some(ContactConsent { given_date: given.into(), withdrawn_date: withdrawn.into(), ..Default::default() })
        };
        for (basis, consent, right) in [
            (LegalBasis::Consent, None, false),
            (LegalBasis::StateFunction, None, true),
            (LegalBasis::Consent, consent("2026-01-02", ""), true),
            (LegalBasis::Consent, consent("2026-01-02", "2026-01-02"), true),
            (LegalBasis::Consent, consent("2026-01-02", "2026-01-01"), false),
        ] {
            let contact = Contact { legal_basis: basis as i32, consent, ..Contact::default() };
            assert_eq!(check_consent(&contact).is_ok(), right, "{contact:?}");
        }
    }
}
