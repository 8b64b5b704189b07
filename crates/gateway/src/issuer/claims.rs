//! What a token of an issuer outside says of its bearer, and what of it counts here.

use chassis::{Caller, Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::file::{ActsFor, Settings};

/// As long as OpenID Connect lets the name of a bearer be.
const SUBJECT_MAX: usize = 255;

/// All that a token says.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// From when to when it is good, in seconds since 1970. Issuers may give fractions.
    pub fn validity(&self) -> Result<[i64; 2]> {
        let second = |name: &str| match self.0.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64().map(|second| second as i64)),
            Some(_) => Err(Error::unauthenticated(format!("its {name} is not a number"))),
        };
        let to = second("exp")?.ok_or_else(|| Error::unauthenticated("it lacks a claim"))?;
        Ok([second("nbf")?.unwrap_or(i64::MIN), to])
    }

    /// Its bearer.
    pub fn caller(&self, issuer: &Settings) -> Result<Caller> {
        let said = self.words(&issuer.roles_claim);
        let mut roles: Vec<_> = said.iter().filter_map(|word| issuer.roles.get(*word).copied()).collect();
        roles.sort_by_key(|role| *role as i32);
        roles.dedup();
        if roles.is_empty() {
            let why = format!("its {} names no role that its issuer may give here", issuer.roles_claim);
            return Err(Error::unauthenticated(why));
        }
        Ok(Caller {
            // Two issuers may give the same name to two people.
            subject: format!("{}:{}", issuer.name, self.subject(&issuer.subject_claim)?),
            organization: self.organization(&issuer.acts_for)?,
            roles,
            represented: String::new(),
        })
    }

    fn subject(&self, claim: &str) -> Result<&str> {
        let subject = self.find(claim).and_then(Value::as_str).unwrap_or_default();
        let fits = !subject.is_empty() && subject.len() <= SUBJECT_MAX && !subject.chars().any(char::is_control);
        fits.then_some(subject).ok_or_else(|| {
            Error::unauthenticated(format!("its {claim} must name the bearer, in at most {SUBJECT_MAX} bytes"))
        })
    }

    fn organization(&self, acts_for: &ActsFor) -> Result<String> {
        let (claim, name) = match acts_for {
            ActsFor::One(name) => return Ok(name.clone()),
            ActsFor::Claim(claim, names) => (claim, self.find_word(claim).and_then(|word| names.get(word)).cloned()),
            ActsFor::Any(claim) => {
                let named = self.find_word(claim).filter(|name| chassis::caller::check_organization(name).is_ok());
                (claim, named.map(str::to_owned))
            }
        };
        let refused = || format!("its {claim} names no organization for which its issuer may speak here");
        name.ok_or_else(|| Error::unauthenticated(refused()))
    }

    /// The words of a claim: a list of them, or one text with spaces between them.
    fn words(&self, claim: &str) -> Vec<&str> {
        match self.find(claim) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => text.split(' ').filter(|word| !word.is_empty()).collect(),
            _ => Vec::new(),
        }
    }

    /// The one word of a claim, which may be a list of one.
    fn find_word(&self, claim: &str) -> Option<&str> {
        match self.find(claim)? {
            Value::String(word) => Some(word),
            Value::Array(list) if list.len() == 1 => list[0].as_str(),
            _ => None,
        }
    }

    /// The claim of this name, which may have dots in it; otherwise dots lead to claims within claims.
    fn find(&self, claim: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(claim) {
            return Some(value);
        }
        let mut names = claim.split('.');
        let first = self.0.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chassis::caller::Role;
    use serde_json::json;

    use super::*;

    fn settings(roles_claim: &str, acts_for: ActsFor) -> Settings {
        Settings {
            name: "mofa".into(),
            url: "https://id.example.vn".into(),
            audience: "ngkt".into(),
            keys_url: String::new(),
            authorities: Vec::new(),
            networks: Vec::new(),
            subject_claim: "sub".into(),
            roles_claim: roles_claim.into(),
            roles: BTreeMap::from([
                ("officer".into(), Role::MissionOfficer),
                ("clerk".into(), Role::MissionOfficer),
                ("audit".into(), Role::Auditor),
            ]),
            acts_for,
        }
    }

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn a_role_is_one_that_the_issuer_may_give_wherever_it_stands() {
        let nobody = || ActsFor::One(String::new());
        for (claim, token) in [
            ("roles", json!({"sub": "4711", "roles": ["officer", "ADMINISTRATOR", "clerk", 7]})),
            ("scope", json!({"sub": "4711", "scope": "openid officer"})),
            ("realm_access.roles", json!({"sub": "4711", "realm_access": {"roles": ["clerk"]}})),
            ("https://ngkt.vn/roles", json!({"sub": "4711", "https://ngkt.vn/roles": ["officer"]})),
        ] {
            let caller = claims(token).caller(&settings(claim, nobody())).expect(claim);
            assert_eq!(
                (caller.subject.as_str(), &caller.roles[..]),
                ("mofa:4711", &[Role::MissionOfficer][..]),
                "{claim}"
            );
        }
        for token in [
            json!({"sub": "4711"}),
            json!({"sub": "4711", "roles": []}),
            json!({"sub": "4711", "roles": ["MISSION_OFFICER"]}),
            json!({"sub": "4711", "roles": {"officer": true}}),
            json!({"roles": ["officer"]}),
            json!({"sub": 4711, "roles": ["officer"]}),
            json!({"sub": "47\n11", "roles": ["officer"]}),
            json!({"sub": "4".repeat(256), "roles": ["officer"]}),
        ] {
            claims(token).caller(&settings("roles", nobody())).expect_err("no bearer");
        }
    }

    #[test]
    fn an_issuer_speaks_only_for_those_for_whom_it_may() {
        let of = |organization: Value, acts_for: ActsFor| {
            let token = json!({"sub": "4711", "roles": ["officer"], "org": organization});
            claims(token).caller(&settings("roles", acts_for)).map(|caller| caller.organization)
        };
        let some = || ActsFor::Claim("org".into(), BTreeMap::from([("IN".into(), "missions/vn-in-emb".into())]));
        let any = || ActsFor::Any("org".into());
        assert_eq!(of(json!("missions/vn-lb-emb"), ActsFor::One("agencies/g08".into())).expect("one"), "agencies/g08");
        assert_eq!(of(json!("IN"), some()).expect("known"), "missions/vn-in-emb");
        assert_eq!(of(json!(["IN"]), some()).expect("known"), "missions/vn-in-emb");
        assert_eq!(of(json!("missions/vn-lb-emb"), any()).expect("any"), "missions/vn-lb-emb");
        for organization in [json!("missions/vn-in-emb"), json!(["IN", "LB"]), json!(null), json!("")] {
            assert!(of(organization, some()).expect_err("none of its").message().contains("org"));
        }
        for organization in [json!("IN"), json!("missions/VN"), json!(["missions/a", "missions/b"]), json!(7)] {
            of(organization, any()).expect_err("no organization");
        }
    }

    #[test]
    fn times_are_numbers_and_may_have_fractions() {
        assert_eq!(claims(json!({"exp": 5.9, "nbf": 3})).validity().expect("times"), [3, 5]);
        assert_eq!(claims(json!({"exp": 1e300})).validity().expect("times"), [i64::MIN, i64::MAX]);
        for token in [json!({}), json!({"exp": "5"}), json!({"exp": 5, "nbf": "now"})] {
            claims(token).validity().expect_err("no time");
        }
    }
}
