//! Who calls: established once, at the edge, and carried in a signed token from then on.

mod word;

use std::fmt;
use std::sync::{Arc, LazyLock};

pub use api::options::v1::Role;
pub use word::{check_organization, role};

use crate::context::Context;

/// Somebody who calls: a person or a system, the organization it acts for, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Caller {
    /// The person or system, as its issuer names it; empty if nobody is known.
    pub subject: String,
    /// Resource name of the organization that it acts for, such as `missions/vn-in-emb`; empty if none.
    pub organization: String,
    /// What it is.
    pub roles: Vec<Role>,
    /// Resource name of the party that the organization represents, such as an enterprise; empty if it acts for itself.
    pub represented: String,
}

static ANONYMOUS: LazyLock<Arc<Caller>> = LazyLock::new(|| Arc::new(Caller::default()));

impl Caller {
    /// Nobody that is known: sees what is public.
    pub fn anonymous() -> Arc<Caller> {
        ANONYMOUS.clone()
    }

    /// The service `name` of this platform, acting by itself.
    pub fn system(name: &str) -> Caller {
        Caller { subject: format!("services/{name}"), roles: vec![Role::Service], ..Caller::default() }
    }

    /// Whether nobody is known.
    pub fn is_anonymous(&self) -> bool {
        self.roles.is_empty()
    }

    /// Whether it has this role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it belongs to the administration of the state: a ministry, a mission, a locality or an agency. The
    /// software of such a body counts as it.
    pub fn is_government(&self) -> bool {
        let body = ["agencies/", "missions/", "localities/"].iter().any(|body| self.organization.starts_with(body));
        self.roles.iter().any(|role| match role {
            Role::MinistryOfficer | Role::MissionOfficer | Role::LocalityOfficer | Role::AgencyOfficer => true,
            Role::Auditor | Role::Administrator | Role::Service => true,
            Role::System => body,
            Role::Unspecified | Role::EnterpriseUser | Role::Operator => false,
        })
    }

    /// What it counts as: the number of its role, of several the last in the contract; 0 for nobody.
    pub(crate) fn class(&self) -> u8 {
        let last = self.roles.iter().map(|role| *role as i32).max().unwrap_or_default();
        u8::try_from(last).ok().filter(|class| usize::from(*class) < CLASSES).unwrap_or_default()
    }

    /// What it counts as in metrics: its role as the contract spells it, or `ANONYMOUS`.
    pub fn class_name(&self) -> &'static str {
        class_name(self.class())
    }

    /// The roles as bits, bit n for role number n.
    pub(crate) fn role_bits(&self) -> u32 {
        self.roles.iter().fold(0, |bits, role| bits | role_bit(*role as i32))
    }
}

/// How many kinds of callers are told apart: one for each role, and nobody.
pub(crate) const CLASSES: usize = Role::Service as usize + 1;

/// The name of a kind of caller.
pub(crate) fn class_name(class: u8) -> &'static str {
    match Role::try_from(i32::from(class)) {
        Ok(Role::Unspecified) | Err(_) => "ANONYMOUS",
        Ok(role) => role.as_str_name(),
    }
}

/// The bit of a role; none for a number that is no role.
pub(crate) fn role_bit(role: i32) -> u32 {
    match Role::try_from(role) {
        Ok(Role::Unspecified) | Err(_) => 0,
        Ok(role) => 1 << role as u32,
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_anonymous(), self.organization.is_empty()) {
            (true, _) => f.write_str("anonymous"),
            (false, true) => f.write_str(&self.subject),
            (false, false) => write!(f, "{} of {}", self.subject, self.organization),
        }
    }
}

/// The caller of a request that came through the server stack; nobody if it did not.
pub fn of(extensions: &http::Extensions) -> Arc<Caller> {
    extensions.get::<Context>().map_or_else(Caller::anonymous, |context| context.caller.clone())
}
