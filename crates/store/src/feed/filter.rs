//! Which entries a reader wants, and which it may see: as a condition for the database and as a test.

use api::shared::v1 as pb;
use chassis::error::{Error, Result};
use sea_orm::sea_query::{Condition, Expr, ExprTrait};

use crate::pattern;
use crate::schema::Change;
use crate::scope::Scope;

/// The most types that one reader may name.
const TYPES_MAX: usize = 100;

#[derive(Debug, Clone)]
pub(super) struct Filter {
    scope: Scope,
    resource: String,
    /// Empty means all.
    types: Vec<Type>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Type {
    Exact(String),
    /// What stands before `.*`, with the dot.
    Begins(String),
}

impl Filter {
    pub fn new(scope: Scope, resource: &str, types: &[String]) -> Result<Filter> {
        if types.len() > TYPES_MAX {
            return Err(Error::invalid("types", format!("must be at most {TYPES_MAX}")));
        }
        let all = types.iter().any(|name| name == "*");
        let types = types.iter().filter(|_| !all).map(|name| match name.strip_suffix('*') {
            Some(start) if start.ends_with('.') => Type::Begins(start.to_owned()),
            _ => Type::Exact(name.clone()),
        });
        Ok(Filter { scope, resource: resource.to_owned(), types: types.collect() })
    }

    pub fn condition(&self) -> Condition {
        let mut all = Condition::all().add(self.scope.condition(Change::Owner, Change::Audience, Change::Readers));
        if !self.resource.is_empty() {
            all = all.add(Expr::col(Change::Resource).eq(self.resource.as_str()));
        }
        if self.types.is_empty() {
            return all;
        }
        let mut any = Condition::any();
        for wanted in &self.types {
            any = any.add(match wanted {
                Type::Exact(name) => Expr::col(Change::Type).eq(name.as_str()),
                Type::Begins(start) => pattern::begins(Change::Type, start),
            });
        }
        all.add(any)
    }

    pub fn lets(&self, change: &pb::Change) -> bool {
        (self.resource.is_empty() || self.resource == change.resource)
            && (self.types.is_empty() || self.types.iter().any(|wanted| wanted.is(&change.r#type)))
            && self.scope.sees(&change.owner, change.audience.as_ref())
    }
}

impl Type {
    fn is(&self, name: &str) -> bool {
        match self {
            Type::Exact(wanted) => wanted == name,
            Type::Begins(start) => name.starts_with(start.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_exact_or_all_of_a_resource() {
        for (types, kind, wanted) in [
            (vec![], "country.created", true),
            (vec!["*"], "country.created", true),
            (vec!["country.created"], "country.created", true),
            (vec!["country.created"], "country.updated", false),
            (vec!["country.*", "mission.created"], "country.updated", true),
            (vec!["country.*"], "countryside.updated", false),
            (vec!["country*"], "country.updated", false),
        ] {
            let types: Vec<String> = types.into_iter().map(str::to_owned).collect();
            let filter = Filter::new(Scope::everything(), "", &types).unwrap();
            let change = pb::Change { r#type: kind.to_owned(), ..pb::Change::default() };
            assert_eq!(filter.lets(&change), wanted, "{types:?} {kind}");
        }
    }
}
