//! Numbers under which registers know bodies, in the form in which they are compared.

use api::registry::v1::OrganizationIdentifier;
use api::registry::v1::organization_identifier::Type;

use crate::naming::agency_code;

const VIET_NAM: &str = "countries/VN";

/// A number of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Which register's; `None` if that is not said.
    pub register: Option<Register>,
    /// Without signs: capitals and digits.
    pub value: String,
    /// As it was written.
    pub written: String,
}

/// Whose numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Register {
    /// A country's taxes. In Viet Nam the number of the business register is the tax code.
    Tax(String),
    /// A country's business register.
    Business(String),
    /// Legal entity identifiers.
    Lei,
    /// D-U-N-S numbers.
    Duns,
    /// Agency codes of Viet Nam.
    Agency,
    /// Any other, by its issuer.
    Other(String),
}

impl Number {
    /// A recorded number of a body that is seated in `country`.
    pub fn of(identifier: &OrganizationIdentifier, country: &str) -> Number {
        let country = if identifier.country.is_empty() { country } else { &identifier.country };
        Number::new(identifier.r#type(), &identifier.value, country, &identifier.issuer)
    }

    /// A number of this kind.
    pub fn new(kind: Type, written: &str, country: &str, issuer: &str) -> Number {
        let register = match kind {
            Type::Unspecified => None,
            Type::TaxCode => Some(Register::Tax(country.to_owned())),
            Type::RegistrationNumber if country == VIET_NAM => Some(Register::Tax(country.to_owned())),
            Type::RegistrationNumber => Some(Register::Business(country.to_owned())),
            Type::Lei => Some(Register::Lei),
            Type::Duns => Some(Register::Duns),
            Type::AgencyCode => Some(Register::Agency),
            Type::Other => Some(Register::Other(store::fold::fold(issuer))),
        };
        let value = match &register {
            Some(Register::Agency) => agency_code(written),
            Some(Register::Tax(country)) if country == VIET_NAM => tax_code(written),
            _ => bare(written),
        };
        Number { register, value, written: written.to_owned() }
    }

    /// The forms under which it may be recorded.
    pub fn forms(&self) -> Vec<String> {
        let mut forms = vec![self.value.clone()];
        if self.register.is_none() {
            forms.extend([tax_code(&self.written), agency_code(&self.written)]);
        }
        forms.retain(|form| !form.is_empty());
        forms.sort_unstable();
        forms.dedup();
        forms
    }

    /// Whether both are one body's number. A number of a register that is not said is taken for any.
    pub fn is_same(&self, other: &Number) -> bool {
        match (&self.register, &other.register) {
            (Some(Register::Other(issuer)), Some(Register::Other(_))) if issuer.is_empty() => false,
            (Some(one), Some(another)) => one == another && self.value == other.value,
            (None, None) => self.value == other.value,
            (None, Some(_)) => self.forms().contains(&other.value),
            (Some(_), None) => other.forms().contains(&self.value),
        }
    }

    /// Whether they show that two bodies are two: different numbers of one register that gives each body one.
    pub fn differs(&self, other: &Number) -> bool {
        let one_each = matches!(&self.register, Some(Register::Tax(_) | Register::Lei | Register::Agency));
        one_each && self.register == other.register && self.value != other.value
    }
}

/// Capitals and digits alone.
fn bare(written: &str) -> String {
    written.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// The digits of a tax code of Viet Nam: "MST: 0100109106", "VN 0100 109 106" and "0100109106" are one. The three digits behind
/// a hyphen are a dependent unit's, which is another body.
fn tax_code(written: &str) -> String {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    if digits.len() >= 8 { digits } else { bare(written) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let vn = "countries/VN";
        for (kind, country, one, other, same, differs) in [
            (Type::TaxCode, vn, "0100109106", "01001 09106", true, false),
            (Type::TaxCode, vn, "0100109106", "MST: 0100.109.106", true, false),
            (Type::TaxCode, vn, "0100109106", "0100109106-001", false, true),
            (Type::TaxCode, vn, "0100109106", "0312345678", false, true),
            (Type::TaxCode, "countries/DE", "DE 123456789", "de123456789", true, false),
            (Type::AgencyCode, "", "G08", "000.00.00.G08", true, false),
            (Type::AgencyCode, "", "g12.18", "000.00.18.G12", true, false),
            (Type::AgencyCode, "", "G08", "G22", false, true),
            (Type::Lei, "", "529900T8BM49AURSDO55", "5299 00T8 BM49 AURS DO55", true, false),
            (Type::RegistrationNumber, "countries/JP", "12-34", "1234", true, false),
            (Type::RegistrationNumber, "countries/JP", "12-34", "1235", false, false),
            (Type::Other, "", "77", "77", false, false),
        ] {
            let (one, other) = (Number::new(kind, one, country, ""), Number::new(kind, other, country, ""));
            assert_eq!((one.is_same(&other), one.differs(&other)), (same, differs), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_number_of_no_said_register_is_looked_for_in_all() {
        let asked = |written: &str| Number::new(Type::Unspecified, written, "", "");
        let tax = Number::new(Type::TaxCode, "0100109106", "countries/VN", "");
        let business = Number::new(Type::RegistrationNumber, "0100109106", "countries/VN", "");
        let agency = Number::new(Type::AgencyCode, "G08", "", "");
        assert!(asked("MST 0100-109-106").is_same(&tax) && tax.is_same(&business));
        assert!(asked("000.00.00.G08").is_same(&agency) && !asked("G22").is_same(&agency));
        assert!(!asked("0312345678").differs(&tax));
    }
}
