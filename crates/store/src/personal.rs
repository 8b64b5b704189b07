//! Personal data: the fields of a record that the contract marks so (`ngkt.options.v1.personal`).
//!
//! They are kept sealed, together, under a key of the record's own, which is kept in a table of its own and wrapped by a
//! key in a file. Rows and change log hold nothing but the sealed bytes, in a field that no message has, so that
//! whoever reads the log reads everything else, the hashes hold, and when the key is destroyed the data is gone from all of
//! them at once, copies of the database included that are made with the key. `q` finds such records by a blind index: what
//! it keeps of a word tells nobody the word.
//!
//! In a [`Tx`](crate::Tx) records are whole. On their way out the verbs leave the fields out for whoever may not see them
//! ([`Readers`]), and log each record that they show, durably, before the answer leaves. [`load`](crate::load) outside of a
//! transaction never unseals.

mod access;
mod index;
mod key;
mod schema;
mod seal;
mod show;
mod vault;

use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;

use crate::entity::Row;
use crate::pattern;
use crate::record;
use crate::resource::Resource;
use crate::tx::Tx;
use crate::verb::save;

pub use access::{Access, accesses};
pub use index::Trait;
pub use seal::bare;
pub use show::{Past, find, history, look};

pub(crate) use access::Asking;
pub(crate) use index::{having, keep};
pub(crate) use key::check;
pub(crate) use schema::M20261122Personal;
pub(crate) use seal::{Sealed, close, fill, open};
pub(crate) use show::{shown, shown_in, write};
pub(crate) use vault::Vault;

/// Who sees the personal data of a record, besides ministry officers and administrators. Auditors, operators and services
/// see the record without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The owner, and the organizations that the record's audience names.
    Named,
    /// Every body of government that sees the record: for contacts of office.
    Government,
}

/// What becomes of the personal data of a record in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is there, if there is any.
    Shown,
    /// It is left out, because the caller may not see it.
    Hidden,
    /// It was erased.
    Erased,
}

/// Roles that do not bring what their organization may see: they look at the platform, not at people.
const BLIND: [Role; 4] = [Role::Auditor, Role::Operator, Role::Service, Role::Unspecified];

impl Readers {
    /// Whether this caller, who sees the record, sees its personal data.
    pub fn see<M: api::Resource>(self, caller: &Caller, record: &M) -> bool {
        match self.sight(caller) {
            Sight::All => true,
            Sight::None => false,
            Sight::Of(organization) => {
                let named = record.audience().map_or(&[] as &[String], |audience| &audience.organizations);
                record.owner() == organization || named.iter().any(|name| name == organization)
            }
        }
    }

    /// The same as a condition on the resource's table; `None` if it is so for no record.
    pub(crate) fn condition<R: Resource>(self, caller: &Caller) -> Option<Condition> {
        match self.sight(caller) {
            Sight::All => Some(Condition::all()),
            Sight::None => None,
            Sight::Of(organization) => {
                let named = pattern::holds(R::Row::READERS.as_column_ref(), &format!("|{organization}|"));
                Some(Condition::any().add(R::Row::OWNER.eq(organization)).add(named))
            }
        }
    }

    fn sight(self, caller: &Caller) -> Sight<'_> {
        if caller.is(Role::Service) {
            return Sight::None;
        }
        if caller.is(Role::MinistryOfficer) || caller.is(Role::Administrator) {
            return Sight::All;
        }
        if caller.roles.iter().all(|role| BLIND.contains(role)) || caller.organization.is_empty() {
            return Sight::None;
        }
        let officer = [Role::MissionOfficer, Role::LocalityOfficer, Role::AgencyOfficer].map(|role| caller.is(role));
        match self {
            Readers::Government if officer.contains(&true) => Sight::All,
            Readers::Government if caller.is(Role::System) && caller.is_government() => Sight::All,
            Readers::Government | Readers::Named => Sight::Of(&caller.organization),
        }
    }
}

enum Sight<'a> {
    All,
    Of(&'a str),
    None,
}

/// Erases the personal data of a record, in the record and in all its history, for good, and saves `after`, the record as
/// it is to be without it, under this change type. `before` was read in this transaction. Nothing personal can be put into
/// the record again.
pub async fn erase<R: Resource>(
    tx: &Tx,
    change_type: &str,
    before: R::Message,
    after: R::Message,
) -> Result<R::Message> {
    let name = api::Resource::name(&before).to_owned();
    let after = save::<R>(tx, change_type, before, bare(&after).into_owned()).await?;
    key::destroy(tx, &name).await?;
    Ok(after)
}

/// Whether the personal data of a record was erased.
pub async fn is_erased(tx: &Tx, name: &str) -> Result<bool> {
    let keys = key::of(tx, tx.vault()?, &[name.to_owned()]).await?;
    Ok(matches!(keys.get(name), Some(key::Key::Destroyed)))
}

/// The refusal of personal data for a record whose own was erased.
fn erased<R: Resource>(message: &R::Message) -> Error {
    let field = seal::present(message).first().copied().unwrap_or_default();
    let field = format!("{}.{field}", record::field::<R>());
    Error::invalid(field, "is personal data, and that of this record was erased: it takes none again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::Contact;
    use api::shared::v1::Audience;

    #[test]
    fn who_sees_the_record_does_not_see_its_personal_data_for_that_alone() {
        let audience = Audience { organizations: vec!["localities/hue".into()], ..Audience::default() };
        let contact = Contact { owner: "missions/vn-in-emb".into(), audience: Some(audience), ..Contact::default() };
        for (role, organization, named, government) in [
            (Role::MissionOfficer, "missions/vn-in-emb", true, true),
            (Role::LocalityOfficer, "localities/hue", true, true),
            (Role::LocalityOfficer, "localities/ha-noi", false, true),
            (Role::System, "localities/ha-noi", false, true),
            (Role::System, "organizations/x", false, false),
            (Role::EnterpriseUser, "organizations/x", false, false),
            (Role::MinistryOfficer, "agencies/g08", true, true),
            (Role::Administrator, "", true, true),
            (Role::Auditor, "missions/vn-in-emb", false, false),
            (Role::Operator, "missions/vn-in-emb", false, false),
            (Role::Service, "missions/vn-in-emb", false, false),
        ] {
            let caller = Caller { organization: organization.into(), roles: vec![role], ..Caller::default() };
            let seen = [Readers::Named, Readers::Government].map(|readers| readers.see(&caller, &contact));
            assert_eq!(seen, [named, government], "{role:?} of {organization}");
        }
    }
}
