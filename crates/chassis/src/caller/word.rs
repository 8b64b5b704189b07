//! Roles and organizations as operators write them: on the command line and in the files of issuers.

use api::check_form;
use api::options::v1::Role;
use api::rule::Form;

/// The role of a word, such as `mission-officer`. Otherwise says which there are.
pub fn role(word: &str) -> Result<Role, String> {
    let known = roles();
    known.iter().find(|(name, _)| name == word).map(|(_, role)| *role).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        format!("no such role; there are {}", names.join(", "))
    })
}

/// Every role that somebody outside can have, by its word.
fn roles() -> Vec<(String, Role)> {
    let role = api::pool().get_enum_by_name("ngkt.options.v1.Role").expect("invariant: the contract has roles");
    role.values()
        .filter_map(|value| Role::try_from(value.number()).ok())
        .filter(|role| !matches!(role, Role::Unspecified | Role::Service))
        .map(|role| (role.as_str_name().to_lowercase().replace('_', "-"), role))
        .collect()
}

/// Whether `name` may be that of an organization, such as `missions/vn-in-emb`. Otherwise says what it must be.
pub fn check_organization(name: &str) -> Result<(), String> {
    check_form(name, Form::Organization).map_err(|why| format!("{why}, such as missions/vn-in-emb"))?;
    let id = name.split_once('/').map_or("", |(_, id)| id);
    check_form(id, Form::Slug).map_err(|why| format!("what stands after the slash {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_spelled_with_hyphens_and_services_are_not_among_them() {
        let names: Vec<String> = roles().into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"mission-officer".to_owned()));
        assert!(names.contains(&"auditor".to_owned()));
        assert!(!names.contains(&"service".to_owned()));
        assert!(role("service").is_err());
        let complaint = role("ambassador").expect_err("no such role");
        assert!(complaint.contains("mission-officer") && complaint.contains("administrator"), "{complaint}");
    }

    #[test]
    fn organizations_have_the_form_of_resource_names() {
        for good in ["missions/vn-in-emb", "localities/bac-ninh-2025", "agencies/g08", "organizations/0193"] {
            assert!(check_organization(good).is_ok(), "{good}");
        }
        for bad in ["vn-in-emb", "missions/", "countries/LB", "missions/VN-IN", "missions/a/b", ""] {
            assert!(check_organization(bad).is_err(), "{bad}");
        }
    }
}
