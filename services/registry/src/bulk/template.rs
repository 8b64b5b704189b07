//! The file to fill in: a column for every field that can be given, and what each means, from the contract's own words.

use api::registry::v1::*;
use api::{ResourceInfo, Verb, comment_of_enum_value, comment_of_field, has_behavior, option};
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use prost_reflect::{FieldDescriptor, Kind};

use super::collection::Collection;
use super::path::{self, Path, is_personal};
use super::plan::{id_field, method};
use super::sheet::{Book, Cell, REMARK, write};
use super::value::{BETWEEN, choices};

/// The template of a collection.
pub fn template(of: &Collection, format: bulk_file::Format, today: NaiveDate) -> Result<GetImportTemplateResponse> {
    let resource = api::contract().resource_of_collection(of.name);
    let resource = resource.ok_or_else(|| Error::internal("a collection that is not in the contract"))?;
    let columns = columns(resource);
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    let explained = |column: &BulkColumn| {
        let marks =
            [(column.required, "required"), (column.immutable, "never changes"), (column.personal, "personal data")];
        let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect::<Vec<_>>().join(", ");
        [column.path.clone(), column.content.clone(), marks, column.description.clone()]
    };
    let mut rows = Vec::new();
    let mut second = None;
    if format == bulk_file::Format::Csv {
        let one = |(at, column): (usize, &BulkColumn)| {
            let [_, content, marks, description] = explained(column);
            let parts: Vec<String> = [content, marks, description].into_iter().filter(|it| !it.is_empty()).collect();
            let remark = if at == 0 { format!("{REMARK} ") } else { String::new() };
            Cell::Text(format!("{remark}{}", parts.join(" · ")))
        };
        rows.push(columns.iter().enumerate().map(one).collect());
    } else {
        let head = ["Column", "Cell", "", "Meaning"].map(text).to_vec();
        let told = columns.iter().map(|column| explained(column).iter().map(|it| text(it)).collect());
        second = Some(("columns", std::iter::once(head).chain(told).collect()));
    }
    let header = columns.iter().map(|column| column.path.clone()).collect();
    let content = write(format, &Book { title: of.name, header, rows, second })?;
    Ok(GetImportTemplateResponse { file: Some(super::file(format, of.name, today, content)), columns })
}

/// The columns that a file of this resource may have.
fn columns(resource: &ResourceInfo) -> Vec<BulkColumn> {
    let given = |path: &Path| !path.is_output_only() && path.text() != "etag";
    path::all(&resource.message).iter().filter(|path| given(path)).map(|path| column(resource, path)).collect()
}

fn column(resource: &ResourceInfo, path: &Path) -> BulkColumn {
    let field = path.field();
    let chosen = method(&resource.collection, Verb::Create).and_then(id_field);
    let is_name = path.text() == "name";
    let description = match (&chosen, is_name) {
        (Some(id), true) => format!("{} Or the name of a record that is there, to change it.", told(id)),
        (None, true) => "The name of a record that is there, to change it; empty for a new one.".to_owned(),
        _ => told(field),
    };
    BulkColumn {
        path: path.text(),
        description,
        content: content(field, path.holds_list()),
        required: if is_name { chosen.is_some() } else { is_required(path) },
        immutable: !is_name && path.0.iter().any(|step| has_behavior(&step.field, "IMMUTABLE")),
        personal: path.0.iter().any(|step| is_personal(&step.field)),
    }
}

/// The comment of a field, in one line, with those of the values that it may have.
fn told(field: &FieldDescriptor) -> String {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut told = line(comment_of_field(field));
    if let Kind::Enum(values) = field.kind() {
        for value in values.values().filter(|value| value.number() != 0) {
            told.push_str(&format!(" {}: {}", value.name(), line(comment_of_enum_value(&value))));
        }
    }
    told
}

fn content(field: &FieldDescriptor, list: bool) -> String {
    let format = option(&field.options(), "ngkt.options.v1.format").and_then(|value| value.as_enum_number());
    let format = format.and_then(|number| api::options::v1::Format::try_from(number).ok()).unwrap_or_default();
    let one = match field.kind() {
        Kind::Enum(values) => choices(&values).join("|"),
        Kind::Bool => "YES_NO".to_owned(),
        Kind::Message(_) => "DATE".to_owned(),
        Kind::String => match format {
            api::options::v1::Format::Date | api::options::v1::Format::PartialDate => "DATE".to_owned(),
            _ => "TEXT".to_owned(),
        },
        _ => "NUMBER".to_owned(),
    };
    if list { format!("{one}, several with {BETWEEN} between them") } else { one }
}

/// Whether a record must have it: also the message that it is in, for a part may be left out as a whole.
fn is_required(path: &Path) -> bool {
    path.0.iter().all(|step| {
        let rules = option(&step.field.options(), "buf.validate.field");
        let required =
            rules.as_ref().and_then(|value| value.as_message()).and_then(|it| it.get_field_by_name("required"));
        required.and_then(|value| value.as_bool()).unwrap_or(false)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{collection, sheet};
    use super::*;

    #[test]
    fn a_template_names_every_column_and_is_itself_an_empty_file() {
        let missions = collection::find("missions").expect("a collection");
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day");
        for format in [bulk_file::Format::Csv, bulk_file::Format::Xlsx] {
            let made = template(missions, format, day).expect("it is made");
            let file = made.file.expect("a file");
            let sheet = sheet::read(format, &file.content, |name| name == "displayName").expect("it is read");
            assert_eq!(sheet.header, made.columns.iter().map(|column| column.path.clone()).collect::<Vec<_>>());
            assert!(sheet.rows.is_empty(), "remarks are passed over: {:?}", sheet.rows);
            assert!(file.file_name.starts_with("missions-20261122."), "{}", file.file_name);
            let column =
                |path: &str| made.columns.iter().find(|column| column.path == path).cloned().unwrap_or_default();
            assert!(column("name").required && column("displayName").required && !column("note").required);
            assert_eq!(column("openedDate").content, "DATE");
            assert!(
                column("kind").content.starts_with("EMBASSY|") && column("kind").description.contains("đại sứ quán")
            );
            assert!(!column("accreditations[0].country").description.is_empty());
            assert_eq!((column("etag").path, column("createTime").path), (String::new(), String::new()));
        }
    }
}
