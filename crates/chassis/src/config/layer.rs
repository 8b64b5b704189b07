//! One source of settings, in which values may come from files: `password_file` names the file of `password`.

use config::{ConfigError as Broken, Map, Source, Value, ValueKind};

use super::load::{ConfigError, bad};

/// What stands at the end of a key whose value is the path of a file that holds the value.
const SUFFIX: &str = "_file";

/// The settings of one source, as a source again.
#[derive(Debug, Clone)]
pub(super) struct Layer(pub(super) Value);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, Broken> {
        self.0.clone().into_table()
    }
}

/// The value at a dotted key.
pub(super) fn find<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(schema, |at, name| match &at.kind {
        ValueKind::Table(table) => table.get(name),
        _ => None,
    })
}

/// Replaces each `key_file` in nested sections by `key` with what the file holds.
pub(super) fn read_files(schema: &Value, layer: &mut Value, key: &str, origin: &str) -> Result<(), ConfigError> {
    let ValueKind::Table(settings) = &mut layer.kind else { return Ok(()) };
    for name in settings.keys().cloned().collect::<Vec<_>>() {
        let path = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        match settings.get_mut(&name) {
            Some(section) if matches!(section.kind, ValueKind::Table(_)) => {
                read_files(schema, section, &path, origin)?;
            }
            _ => drop(replace(schema, settings, name, &path, origin)?),
        }
    }
    Ok(())
}

/// The same for one dotted key of a source without sections. Gives the key that stands there now.
pub(super) fn read_file(
    schema: &Value,
    settings: &mut Map<String, Value>,
    key: String,
    origin: &str,
) -> Result<String, ConfigError> {
    let path = key.clone();
    replace(schema, settings, key, &path, origin)
}

/// `name` is where the setting stands in `settings`, `key` what it is called from the root.
fn replace(
    schema: &Value,
    settings: &mut Map<String, Value>,
    name: String,
    key: &str,
    origin: &str,
) -> Result<String, ConfigError> {
    let is_text = |key: &str| find(schema, key).is_some_and(|value| matches!(value.kind, ValueKind::String(_)));
    let (Some(stem), Some(target)) = (name.strip_suffix(SUFFIX), key.strip_suffix(SUFFIX)) else { return Ok(name) };
    if find(schema, key).is_some() || !is_text(target) {
        return Ok(name);
    }
    if settings.contains_key(stem) {
        return Err(bad(key, origin, format!("{target} is set as well")));
    }
    let file = settings.remove(&name).map(Value::into_string).transpose()?.unwrap_or_default();
    let text = std::fs::read_to_string(&file).map_err(|cause| bad(key, origin, format!("{file}: {cause}")))?;
    let value = Value::new(None, text.trim_end_matches(['\n', '\r']));
    settings.insert(stem.to_owned(), value);
    Ok(stem.to_owned())
}
