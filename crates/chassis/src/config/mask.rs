//! Settings as text that may be shown.

use super::Config;
use toml::{Table, Value};

const MASK: &str = "********";

pub(super) fn printable(config: &Config) -> String {
    let mut table = Table::try_from(config).expect("invariant: settings are TOML");
    mask_table(&mut table);
    toml::to_string(&table).expect("invariant: settings are TOML")
}

fn mask_table(table: &mut Table) {
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => mask_table(inner),
            Value::String(text) if !text.is_empty() && is_secret(key) => *text = MASK.into(),
            Value::String(text) => mask_password(text),
            Value::Array(items) => items.iter_mut().for_each(|item| {
                if let Value::String(text) = item {
                    mask_password(text);
                }
            }),
            _ => {}
        }
    }
}

fn is_secret(key: &str) -> bool {
    ["password", "secret", "token", "private_key", "api_key"].iter().any(|word| key.contains(word))
}

/// Masks the password of `scheme://user:password@host` and the value of `password=` in a query.
fn mask_password(text: &mut String) {
    let Some(start) = text.find("://").map(|at| at + 3) else { return };
    let end = text[start..].find(['/', '?']).map_or(text.len(), |at| start + at);
    if let Some(at) = text[start..end].rfind('@').map(|at| start + at)
        && let Some(colon) = text[start..at].find(':').map(|colon| start + colon)
    {
        text.replace_range(colon + 1..at, MASK);
    }
    if let Some(value) = text.find("password=").map(|at| at + "password=".len()) {
        let end = text[value..].find('&').map_or(text.len(), |at| value + at);
        text.replace_range(value..end, MASK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_and_nothing_else() {
        let mut config = Config::default();
        config.registry.database.url = "postgres://ngkt:hunter2@db:5432/registry?password=hunter3&x=1".into();
        config.events.database.url = "postgres://db/events".into();
        let text = config.printable();
        assert!(!text.contains("hunter"), "{text}");
        assert!(text.contains("postgres://ngkt:********@db:5432/registry?password=********&x=1"), "{text}");
        assert!(text.contains("postgres://db/events"));
    }
}
