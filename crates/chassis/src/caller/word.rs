//! Roles and organizations as operators write them: on the command line and in the files of issuers.

use api::options::v1::Role;

/// The collections whose members people and systems act for.
const ORGANIZATIONS: [&str; 4] = ["agencies", "missions", "localities", "organizations"];

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

/// Whether `name` may be that of an organization, such as `missions/vn-in-emb`. Otherwise says why not.
pub fn check_organization(name: &str) -> Result<(), String> {
    let form = "an organization is one of agencies/…, missions/…, localities/… or organizations/…";
    let refuse = |why: &str| Err(format!("{why}; {form}, such as missions/vn-in-emb"));
    let Some((collection, id)) = name.split_once('/') else { return refuse("not a resource name") };
    if !ORGANIZATIONS.contains(&collection) {
        return refuse("not a collection of organizations");
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(fits) {
        return refuse("the identifier has lower-case letters, digits and hyphens only");
    }
    Ok(())
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
