//! A file against the contract: which columns it has, what its rows say, and the requests that they come to. Pure.

use std::collections::HashMap;

use api::{Method, ResourceInfo, Verb};
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::fault::Fault;
use super::path::{Path, prune};
use super::sheet::{Cell, Sheet};
use super::value;

/// The rpc of a resource that does this.
pub fn method(collection: &str, verb: Verb) -> Option<&'static Method> {
    let of_it = |method: &&Method| method.resource.as_ref().is_some_and(|it| it.collection == collection);
    api::contract().methods().find(|method| method.verb == verb && of_it(method))
}

/// Refuses whoever may not call a method, by the rule that stands there.
pub fn check_access(method: &Method, caller: &Caller) -> Result<()> {
    let access = &method.access;
    let by_role = caller.roles.iter().any(|role| access.roles.contains(&(*role as i32)));
    if access.public || (access.authenticated && !caller.is_anonymous()) || by_role {
        return Ok(());
    }
    Err(Error::permission_denied(format!("its role does not allow {}", method.name)))
}

/// What a column is for.
#[derive(Debug, Clone, PartialEq)]
enum Column {
    /// The record that the row is about.
    Name,
    /// The version that is meant.
    Etag,
    /// A field.
    Field(Path),
    /// Nothing: only the server sets it, or it has no name and no cells.
    Passed,
}

/// A row as it is to be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place among the records, counted from 0, and its row or line, counted from 1.
    pub row: (usize, i32),
    /// The record's name; empty for a new one that gets its name from the platform.
    pub name: String,
    pub etag: String,
    /// The fields that it sets or clears.
    set: Vec<(Path, Option<Value>)>,
}

/// A file that was read against the contract.
#[derive(Debug)]
pub struct Plan {
    pub resource: ResourceInfo,
    pub create: Option<&'static Method>,
    pub update: Option<&'static Method>,
    pub entries: Vec<Entry>,
}

impl Plan {
    /// Reads a file. The faults are all that is wrong with it by itself.
    pub fn read(resource: &ResourceInfo, sheet: &Sheet) -> Result<Self, Vec<Fault>> {
        let columns = columns(resource, sheet)?;
        let mut faults = Vec::new();
        let mut entries = Vec::with_capacity(sheet.rows.len());
        let mut first: HashMap<String, i32> = HashMap::new();
        for (index, row) in sheet.rows.iter().enumerate() {
            let entry = entry(resource, &columns, (index, row.number), &row.cells, &mut faults);
            if !entry.name.is_empty()
                && let Some(before) = first.insert(entry.name.clone(), row.number)
            {
                faults.push(Fault::at(entry.row, "name", format!("is that of row {before} too: {}", entry.name)));
            }
            entries.push(entry);
        }
        if entries.is_empty() && faults.is_empty() {
            faults.push(Fault::of_file("has no rows below the one that names its columns"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let of = |verb: Verb| method(&resource.collection, verb);
        Ok(Self { resource: resource.clone(), create: of(Verb::Create), update: of(Verb::Update), entries })
    }

    /// Puts what a row says into a record.
    pub fn apply(&self, entry: &Entry, record: &mut DynamicMessage) {
        let mut touched: Vec<&FieldDescriptor> = entry.set.iter().map(|(path, _)| path.top()).collect();
        touched.dedup();
        // A list of parts is what the row says, not what was there before.
        for field in touched.iter().filter(|field| field.is_list()) {
            record.clear_field(field);
        }
        for (path, value) in &entry.set {
            path.set(record, value.clone());
        }
        for field in touched {
            prune(record, field);
        }
    }

    /// The request to change a record to this, in these fields.
    pub fn update(&self, record: DynamicMessage, fields: &[&str]) -> Result<DynamicMessage> {
        let method = self.update.ok_or_else(|| self.unchanging())?;
        let mut request = DynamicMessage::new(method.input.clone());
        request.set_field(&self.field(&method.input)?, Value::Message(record));
        if let Some(mask) = method.input.get_field_by_name("update_mask")
            && let Kind::Message(kind) = mask.kind()
        {
            let mut paths = DynamicMessage::new(kind);
            let named = fields.iter().map(|field| Value::String((*field).to_owned())).collect();
            paths.set_field_by_name("paths", Value::List(named));
            request.set_field(&mask, Value::Message(paths));
        }
        Ok(request)
    }

    /// The request to add this record, under the identifier that the row chose.
    pub fn create(&self, record: DynamicMessage, entry: &Entry) -> Result<DynamicMessage> {
        let method = self.create.ok_or_else(|| self.unchanging())?;
        let mut request = DynamicMessage::new(method.input.clone());
        request.set_field(&self.field(&method.input)?, Value::Message(record));
        match (entry.name.split_once('/'), id_field(method)) {
            (Some((_, id)), Some(field)) => request.set_field(&field, Value::String(id.to_owned())),
            (Some(_), None) => {
                let why = format!("{} does not exist; leave the cell empty to add a record", entry.name);
                return Err(Error::invalid("name", why));
            }
            (None, _) => {}
        }
        Ok(request)
    }

    fn unchanging(&self) -> Error {
        Error::permission_denied(format!("records of {} are not written in files", self.resource.collection))
    }

    fn field(&self, input: &MessageDescriptor) -> Result<FieldDescriptor> {
        let holds = |field: &FieldDescriptor| matches!(field.kind(), Kind::Message(it) if it == self.resource.message);
        input.fields().find(holds).ok_or_else(|| Error::internal("a standard verb without its resource"))
    }

    /// All that a refusal says of a row.
    pub fn faults(&self, entry: &Entry, error: &Error) -> Vec<Fault> {
        let fault = |field: &str, why: String| Fault::at(entry.row, self.column(field), why);
        if error.violations().is_empty() {
            let field = error.metadata().get("field").map_or("", String::as_str);
            return vec![fault(field, error.message())];
        }
        error.violations().iter().map(|it| fault(&it.field, it.description.clone())).collect()
    }

    /// The column of a field of a request: `trade_agreement.source.citation` is `source.citation`, the identifier is the name.
    fn column(&self, field: &str) -> String {
        let record = snake(&self.resource.singular);
        let inside = field.strip_prefix(&record).and_then(|rest| rest.strip_prefix('.'));
        match inside {
            Some(inside) => camel(inside),
            None if field == format!("{record}_id") || field == record => "name".to_owned(),
            None => camel(field),
        }
    }
}

/// The field of a Create with which the caller chooses the identifier.
pub fn id_field(create: &Method) -> Option<FieldDescriptor> {
    create.input.fields().find(|field| field.name().ends_with("_id") && field.kind() == Kind::String)
}

fn columns(resource: &ResourceInfo, sheet: &Sheet) -> Result<Vec<Column>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut columns: Vec<Column> = Vec::with_capacity(sheet.header.len());
    let mut seen = HashMap::new();
    for (at, name) in sheet.header.iter().enumerate() {
        if name.is_empty() {
            let filled = sheet.rows.iter().find(|row| row.cells.get(at).is_some_and(|cell| *cell != Cell::Empty));
            if let Some(row) = filled {
                faults.push(Fault::of_file(format!(
                    "has a cell in row {} whose column {} has no name",
                    row.number,
                    at + 1
                )));
            }
            columns.push(Column::Passed);
            continue;
        }
        let Some(path) = Path::parse(name, &resource.message) else {
            faults.push(Fault::of_file(format!("has a column that is no field of {}: {name}", resource.singular)));
            continue;
        };
        if let Some(before) = seen.insert(path.text(), at + 1) {
            faults.push(Fault::of_file(format!(
                "has the column {} twice: columns {before} and {}",
                path.text(),
                at + 1
            )));
        }
        columns.push(match path.text().as_str() {
            "name" => Column::Name,
            "etag" => Column::Etag,
            _ if path.is_output_only() => Column::Passed,
            _ => Column::Field(path),
        });
    }
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

fn entry(
    resource: &ResourceInfo,
    columns: &[Column],
    row: (usize, i32),
    cells: &[Cell],
    faults: &mut Vec<Fault>,
) -> Entry {
    if cells.len() > columns.len() {
        let why = format!("has {} cells where the first row names {} columns", cells.len(), columns.len());
        faults.push(Fault::at(row, "", why));
    }
    let mut entry = Entry { row, name: String::new(), etag: String::new(), set: Vec::new() };
    for (at, column) in columns.iter().enumerate() {
        let cell = cells.get(at).unwrap_or(&Cell::Empty);
        match column {
            Column::Passed => {}
            Column::Name => {
                entry.name = name(resource, cell);
                let id = entry.name.strip_prefix(&resource.collection).and_then(|rest| rest.strip_prefix('/'));
                if !entry.name.is_empty() && id.is_none_or(|id| id.is_empty() || id.contains('/')) {
                    let why = format!("must be a name of {0}, such as {0}/abc, or empty", resource.collection);
                    faults.push(Fault::at(row, "name", why));
                }
            }
            Column::Etag => entry.etag = words(cell),
            Column::Field(path) => match value::read(cell, path.field(), path.holds_list()) {
                Ok(value) => entry.set.push((path.clone(), value)),
                Err(why) => faults.push(Fault::at(row, path.text(), why)),
            },
        }
    }
    entry
}

/// The record's name, from its name or its identifier alone.
fn name(resource: &ResourceInfo, cell: &Cell) -> String {
    match words(cell) {
        id if id.is_empty() || id.contains('/') => id,
        id => format!("{}/{id}", resource.collection),
    }
}

fn words(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.trim().to_owned(),
        Cell::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// tradeAgreement as trade_agreement.
pub fn snake(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// display_name as displayName, in every step of a path.
pub fn camel(text: &str) -> String {
    let mut out = String::new();
    let mut up = false;
    for letter in text.chars() {
        match (letter, up) {
            ('_', _) => up = true,
            (letter, true) => {
                out.push(letter.to_ascii_uppercase());
                up = false;
            }
            (letter, false) => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Row;
    use super::*;

    fn resource(collection: &str) -> ResourceInfo {
        api::contract().resource_of_collection(collection).expect("it is in the contract").clone()
    }

    fn sheet(header: &[&str], rows: &[&[&str]]) -> Sheet {
        let cell = |text: &&str| if text.is_empty() { Cell::Empty } else { Cell::Text((*text).to_owned()) };
        let row =
            |(at, cells): (usize, &&[&str])| Row { number: at as i32 + 2, cells: cells.iter().map(cell).collect() };
        Sheet {
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows.iter().enumerate().map(row).collect(),
        }
    }

    fn told(collection: &str, sheet: &Sheet) -> Vec<String> {
        let faults = Plan::read(&resource(collection), sheet).expect_err("it is refused");
        super::super::fault::refused(faults)
            .violations()
            .iter()
            .map(|it| format!("{} {}", it.field, it.description))
            .collect()
    }

    #[test]
    fn faults_name_rows_and_fields() {
        let header = ["name", "displayName", "kind", "accreditations[0].validFrom", "counted"];
        let rows: [&[&str]; 3] = [
            &["vn-x-emb", "X", "EMBASY", "2020", "maybe"],
            &["missions/vn-x-emb", "Y", "EMBASSY", "", ""],
            &["vn-z-emb", "Z", "EMBASSY", "", "yes", "too much"],
        ];
        let told = told("missions", &sheet(&header, &rows));
        assert!(told[0].starts_with("rows[0].kind must be one of EMBASSY"), "{told:?}");
        assert_eq!(told[1], "rows[0].counted must be yes or no (row 2)");
        assert_eq!(told[2], "rows[1].name is that of row 2 too: missions/vn-x-emb (row 3)");
        assert_eq!(told[3], "rows[2] has 6 cells where the first row names 5 columns (row 4)");
    }

    #[test]
    fn a_name_is_one_of_the_collection() {
        for name in ["missions/vn-in-emb", "themes/", "themes/a/b"] {
            let told = told("themes", &sheet(&["name", "displayName"], &[&[name, "X"]]));
            assert!(told[0].starts_with("rows[0].name must be a name of themes"), "{told:?}");
        }
    }

    #[test]
    fn columns_are_known_and_stand_once() {
        let faults =
            told("themes", &sheet(&["name", "colour", "displayName", "display_name"], &[&["a", "b", "c", "d"]]));
        assert!(
            faults[0].contains("no field of theme: colour") && faults[1].contains("displayName twice"),
            "{faults:?}"
        );
        assert!(told("themes", &sheet(&["name"], &[]))[0].contains("no rows"));
    }

    #[test]
    fn a_row_replaces_lists_and_leaves_what_it_does_not_name() {
        let resource = resource("missions");
        let header =
            ["name", "note", "source.citation", "accreditations[0].country", "accreditations[1].country", "createTime"];
        let rows: [&[&str]; 1] = [&["vn-x-emb", "", "VOV", "", "countries/LB", "2020-01-01"]];
        let plan = Plan::read(&resource, &sheet(&header, &rows)).expect("it is in order");
        let before = api::registry::v1::Mission {
            display_name: "X".into(),
            note: "cũ".into(),
            source: Some(api::shared::v1::Source { citation: "cũ".into(), confidence: "high".into() }),
            accreditations: vec![Default::default(), Default::default(), Default::default()],
            ..Default::default()
        };
        let bytes = prost::Message::encode_to_vec(&before);
        let mut record = DynamicMessage::decode(resource.message.clone(), &*bytes).expect("the same message");
        plan.apply(&plan.entries[0], &mut record);
        let after: api::registry::v1::Mission = record.transcode_to().expect("the same message");
        assert_eq!((after.display_name.as_str(), after.note.as_str()), ("X", ""));
        let source = after.source.expect("a source");
        assert_eq!((source.citation.as_str(), source.confidence.as_str()), ("VOV", "high"));
        assert_eq!(after.accreditations.iter().map(|it| it.country.as_str()).collect::<Vec<_>>(), ["countries/LB"]);
        assert!(after.create_time.is_none());
    }

    #[test]
    fn fields_of_requests_are_columns_of_files() {
        let resource = resource("tradeAgreements");
        let plan = Plan { resource, create: None, update: None, entries: Vec::new() };
        for (field, column) in [
            ("trade_agreement.parties[0].in_force_date", "parties[0].inForceDate"),
            ("trade_agreement_id", "name"),
            ("trade_agreement", "name"),
            ("name", "name"),
        ] {
            assert_eq!(plan.column(field), column, "{field}");
        }
    }
}
