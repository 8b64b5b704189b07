//! Which records a caller may see. What is outside of the scope does not exist for the caller: `NOT_FOUND`, never
//! `PERMISSION_DENIED`.

use api::options::v1::Role;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::caller::Caller;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, IntoColumnRef};

use crate::entity::Standard;
use crate::pattern;

/// What a caller may see, as a condition for queries and as a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Sight);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sight {
    Everything,
    Some { government: bool, organization: String },
}

impl Scope {
    /// What this caller may see. Auditors, administrators and services see everything; an operator, and whoever is
    /// not known, what is public; everybody else also what their organization owns or is named for, and members of the
    /// administration what is meant for it.
    pub fn of(caller: &Caller) -> Scope {
        if [Role::Auditor, Role::Administrator, Role::Service].into_iter().any(|role| caller.is(role)) {
            return Scope::everything();
        }
        let blind = caller.roles.iter().all(|role| matches!(role, Role::Operator | Role::Unspecified));
        let organization = if blind { String::new() } else { caller.organization.clone() };
        Scope(Sight::Some { government: !blind && caller.is_government(), organization })
    }

    /// Everything: for the platform itself.
    pub fn everything() -> Scope {
        Scope(Sight::Everything)
    }

    /// The condition on the columns `owner`, `audience` and `readers`.
    pub fn condition<C: IntoColumnRef>(&self, owner: C, audience: C, readers: C) -> Condition {
        let Sight::Some { government, organization } = &self.0 else { return Condition::all() };
        let mut circles = vec![Circle::Public as i32];
        if *government {
            circles.push(Circle::Government as i32);
        }
        let seen = Condition::any().add(Expr::col(audience).is_in(circles));
        if organization.is_empty() {
            return seen;
        }
        let named = pattern::holds(readers, &format!("|{organization}|"));
        seen.add(Expr::col(owner).eq(organization.as_str())).add(named)
    }

    /// Whether a record of this owner and audience is seen.
    pub fn sees(&self, owner: &str, audience: Option<&Audience>) -> bool {
        let named = |organization: &String| audience.is_some_and(|it| it.organizations.contains(organization));
        self.admits(owner, audience.map(Audience::circle).unwrap_or_default(), named)
    }

    /// Whether a row is seen: the same as [`Scope::condition`] on its columns.
    pub(crate) fn sees_row(&self, row: &Standard) -> bool {
        let named = |organization: &String| row.readers.contains(&format!("|{organization}|"));
        self.admits(row.owner, Circle::try_from(row.audience).unwrap_or_default(), named)
    }

    fn admits(&self, owner: &str, circle: Circle, named: impl FnOnce(&String) -> bool) -> bool {
        let Sight::Some { government, organization } = &self.0 else { return true };
        match circle {
            Circle::Public => return true,
            Circle::Government if *government => return true,
            Circle::Government | Circle::Owner | Circle::Unspecified => {}
        }
        !organization.is_empty() && (owner == organization || named(organization))
    }
}

/// Organizations as the column `readers` holds them: `|a|b|`, empty for none. Names cannot contain the bar.
pub(crate) fn readers(organizations: &[String]) -> String {
    if organizations.is_empty() { String::new() } else { format!("|{}|", organizations.join("|")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDIA: &str = "missions/vn-in-emb";
    const NO_ROW: Standard = Standard {
        id: "",
        owner: "",
        audience: 0,
        readers: "",
        version: 0,
        created_at: 0,
        updated_at: 0,
        retired_at: None,
        search_text: "",
        content: &[],
        change_hash: &[],
    };

    fn caller(role: Role, organization: &str) -> Caller {
        Caller { subject: "somebody".into(), organization: organization.into(), roles: vec![role], ..Caller::default() }
    }

    #[test]
    fn who_sees_what() {
        let audience = |circle: Circle, named: &[&str]| Audience {
            circle: circle.into(),
            organizations: named.iter().map(|name| (*name).to_owned()).collect(),
        };
        let public = audience(Circle::Public, &[]);
        let government = audience(Circle::Government, &[]);
        let owner = audience(Circle::Owner, &[]);
        let named = audience(Circle::Owner, &["localities/quang-ninh"]);
        for (who, organization, sees) in [
            (Role::Unspecified, "", [true, false, false, false]),
            (Role::Operator, INDIA, [true, false, false, false]),
            (Role::EnterpriseUser, "organizations/acme", [true, false, false, false]),
            (Role::LocalityOfficer, "localities/quang-ninh", [true, true, false, true]),
            (Role::LocalityOfficer, "localities/quang", [true, true, false, false]),
            (Role::MissionOfficer, INDIA, [true, true, true, true]),
            (Role::Auditor, "agencies/t01", [true, true, true, true]),
        ] {
            let scope = Scope::of(&caller(who, organization));
            let seen = [&public, &government, &owner, &named].map(|audience| scope.sees(INDIA, Some(audience)));
            assert_eq!(seen, sees, "{who:?} of {organization}");
            let rows = [&public, &government, &owner, &named].map(|audience| {
                let readers = readers(&audience.organizations);
                scope.sees_row(&Standard { owner: INDIA, audience: audience.circle, readers: &readers, ..NO_ROW })
            });
            assert_eq!(rows, sees, "{who:?} of {organization}, by the row");
        }
    }
}
