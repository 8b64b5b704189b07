//! Giving records out: those that the caller sees and the filters let through, in columns that can be imported again.

use std::collections::{BTreeMap, HashSet};

use api::registry::v1::bulk_transfer::Direction;
use api::registry::v1::*;
use api::{Method, Verb};
use chassis::context::Context;
use chassis::error::{Error, Result};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage, Value};
use sha2::{Digest, Sha256};
use store::{Store, Tx};
use tonic::Request;

use super::FILE_BYTES_MAX;
use super::collection;
use super::path::{self, Path, Step};
use super::plan::{camel, check_access, method};
use super::sheet::{Book, COLUMNS_MAX, Cell, LETTERS_MAX, write};
use super::value::{self, BETWEEN};
use crate::bulk_transfer::{self, BulkTransfers};

/// The most records of a file.
const RECORDS_MAX: usize = 10_000;

/// How many records are read at once.
const PAGE: usize = 1_000;

/// Where a column stands: field numbers and positions in lists, from the record inwards.
type Place = Vec<(u32, usize)>;

/// A record spelled out in cells.
type Spelled = BTreeMap<Place, (Path, Cell)>;

/// Gives records out.
pub async fn export(store: &Store, request: Request<ExportRecordsRequest>) -> Result<ExportRecordsResponse> {
    let asked = request.get_ref().clone();
    let collection = collection::find(&asked.collection)?;
    let listing = method(collection.name, Verb::List).ok_or_else(|| Error::internal("a resource without a list"))?;
    check_access(listing, &Context::of(&request).caller)?;
    let wanted = Wanted::of(listing, &asked)?;
    let (records, next_page_token) = read(store, &request, collection, listing, &asked).await?;
    let (rows, format) = (i32::try_from(records.len()).unwrap_or(i32::MAX), asked.format());
    let title = collection.name;
    let written = tokio::task::spawn_blocking(move || wanted.write(title, format, &records));
    let (content, personal_data) = written.await.map_err(Error::internal)??;
    let told = BulkTransfer {
        direction: Direction::Export as i32,
        collection: collection.name.to_owned(),
        format: asked.format,
        rows,
        filters: asked.filters,
        columns: asked.columns,
        personal_data,
        personal_data_purpose: asked.personal_data_purpose,
        file_sha256: hex::encode(Sha256::digest(&content)),
        ..BulkTransfer::default()
    };
    let told = store
        .write(&request, async move |tx: Tx| {
            let told = bulk_transfer::by(tx.caller(), told);
            store::insert::<BulkTransfers>(&tx, told, "").await
        })
        .await?;
    let file = super::file(format, collection.name, store.clock().today(), content);
    Ok(ExportRecordsResponse { file: Some(file), rows, personal_data, next_page_token, transfer: told.name })
}

fn too_large(limit: impl Into<String>) -> Error {
    Error::of(BulkFailure::ExportTooLarge).with("limit", limit)
}

/// All records that are wanted, or those of the page that is.
async fn read(
    store: &Store,
    request: &Request<ExportRecordsRequest>,
    collection: &collection::Collection,
    listing: &Method,
    asked: &ExportRecordsRequest,
) -> Result<(Vec<DynamicMessage>, String)> {
    let most = usize::try_from(asked.page_size).unwrap_or_default();
    let most = if most == 0 { RECORDS_MAX } else { most };
    let filters = filters(listing, &asked.filters)?;
    let (mut records, mut token) = (Vec::new(), asked.page_token.clone());
    loop {
        let mut list = filters.clone();
        let size = i32::try_from(PAGE.min(most - records.len())).unwrap_or_default();
        list.set_field_by_name("page_size", Value::I32(size));
        list.set_field_by_name("page_token", Value::String(token));
        let mut page = Request::new(list.encode_to_vec());
        *page.extensions_mut() = request.extensions().clone();
        *page.metadata_mut() = request.metadata().clone();
        let (found, next) = (collection.list)(store.clone(), page).await?.read(listing)?;
        records.extend(found);
        token = next;
        if token.is_empty() || records.len() >= most {
            break;
        }
    }
    if asked.page_size == 0 && !token.is_empty() {
        return Err(too_large(format!("{RECORDS_MAX} records")));
    }
    Ok((records, token))
}

/// The list request of these filters.
fn filters(listing: &Method, given: &[String]) -> Result<DynamicMessage> {
    let mut list = DynamicMessage::new(listing.input.clone());
    for (at, filter) in given.iter().enumerate() {
        let refused = |why: String| Error::invalid(format!("filters[{at}]"), why);
        let (name, text) = filter.split_once('=').ok_or_else(|| refused("must be field=value".to_owned()))?;
        let name = name.trim();
        let field = listing.input.get_field_by_json_name(name).or_else(|| listing.input.get_field_by_name(name));
        let own = |field: &prost_reflect::FieldDescriptor| !["page_size", "page_token"].contains(&field.name());
        let field = field.filter(|field| own(field) && path::is_simple(field)).ok_or_else(|| {
            let known = listing.input.fields().filter(own).map(|field| field.json_name().to_owned());
            refused(format!("{name} is no filter of this list; those are {}", known.collect::<Vec<_>>().join(", ")))
        })?;
        let cell = if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text.trim().to_owned()) };
        if let Some(value) = value::read(&cell, &field, field.is_list()).map_err(refused)? {
            list.set_field(&field, value);
        }
    }
    Ok(list)
}

/// What is wanted of the records.
struct Wanted {
    resource: api::ResourceInfo,
    /// The paths at or below which columns are given; all, if empty.
    columns: Vec<String>,
    personal: bool,
}

impl Wanted {
    fn of(listing: &Method, asked: &ExportRecordsRequest) -> Result<Self> {
        let resource = listing.resource.clone().ok_or_else(|| Error::internal("a list of nothing"))?;
        let columns: Vec<String> = asked.columns.iter().map(|column| camel(column.trim())).collect();
        let known = path::all(&resource.message);
        for (at, column) in columns.iter().enumerate() {
            if !known.iter().any(|path| is_below(path, column)) {
                let why = format!("{column} is no field of {}", resource.singular);
                return Err(Error::invalid(format!("columns[{at}]"), why));
            }
        }
        Ok(Self { resource, columns, personal: !asked.personal_data_purpose.trim().is_empty() })
    }

    fn gives(&self, path: &Path) -> bool {
        let named = self.columns.is_empty() || self.columns.iter().any(|column| is_below(path, column));
        (named || path.text() == "name") && (self.personal || !path.is_personal())
    }

    /// The file, and whether it holds personal data.
    fn write(&self, title: &str, format: bulk_file::Format, records: &[DynamicMessage]) -> Result<(Vec<u8>, bool)> {
        let mut separated = HashSet::new();
        records.iter().for_each(|record| find_separated(record, &mut Vec::new(), &mut separated));
        let rows: Vec<Spelled> = records.iter().map(|record| self.spell(record, &separated)).collect();
        // What stands once in a record is a column even where nobody has it; of a list as many as somebody has.
        let once = |path: &Path| path.0.iter().all(|step| step.index.is_none());
        let mut columns: BTreeMap<Place, Path> = path::all(&self.resource.message)
            .into_iter()
            .filter(|path| once(path) && self.gives(path) && !separated.contains(&numbers(&path.0)))
            .map(|path| (place(&path), path))
            .collect();
        columns.extend(rows.iter().flatten().map(|(place, (path, _))| (place.clone(), path.clone())));
        if columns.len() > COLUMNS_MAX {
            return Err(too_large(format!("{COLUMNS_MAX} columns")));
        }
        let cells = |row: &Spelled| -> Vec<Cell> {
            columns.keys().map(|place| row.get(place).map_or(Cell::Empty, |(_, cell)| cell.clone())).collect()
        };
        let book = Book {
            title,
            header: columns.values().map(Path::text).collect(),
            rows: rows.iter().map(cells).collect(),
            second: None,
        };
        let long = |cell: &Cell| matches!(cell, Cell::Text(text) if text.chars().nth(LETTERS_MAX).is_some());
        if format == bulk_file::Format::Xlsx && book.rows.iter().flatten().any(long) {
            return Err(too_large(format!("{LETTERS_MAX} letters in a cell of a workbook")));
        }
        let content = write(format, &book)?;
        if content.len() > FILE_BYTES_MAX {
            return Err(too_large(format!("{FILE_BYTES_MAX} bytes")));
        }
        let personal = rows.iter().flatten().any(|(_, (path, cell))| path.is_personal() && *cell != Cell::Empty);
        Ok((content, personal))
    }

    fn spell(&self, record: &DynamicMessage, separated: &HashSet<Vec<u32>>) -> Spelled {
        let mut spelled = Spelled::new();
        self.spell_within(record, separated, &mut Vec::new(), &mut spelled);
        spelled
    }

    fn spell_within(
        &self,
        message: &DynamicMessage,
        separated: &HashSet<Vec<u32>>,
        way: &mut Vec<Step>,
        spelled: &mut Spelled,
    ) {
        for (field, value) in message.fields() {
            let mut steps = vec![Step { field: field.clone(), index: None }];
            let mut values = vec![value];
            match value {
                Value::Map(_) => continue,
                Value::List(items) if path::is_simple(&field) && !separated.contains(&through(way, &field)) => {
                    let texts = items.iter().filter_map(|item| text(&value::written(item, &field)));
                    let cell = Cell::Text(texts.collect::<Vec<_>>().join(&format!("{BETWEEN} ")));
                    self.put(way, steps.remove(0), cell, spelled);
                    continue;
                }
                Value::List(items) => {
                    steps = (0..items.len()).map(|at| Step { field: field.clone(), index: Some(at) }).collect();
                    values = items.iter().collect();
                }
                _ => {}
            }
            for (step, value) in steps.into_iter().zip(values) {
                match value {
                    Value::Message(inner) if !path::is_moment(&inner.descriptor()) => {
                        way.push(step);
                        self.spell_within(inner, separated, way, spelled);
                        way.pop();
                    }
                    value => {
                        let cell = value::written(value, &step.field);
                        self.put(way, step, cell, spelled);
                    }
                }
            }
        }
    }

    fn put(&self, way: &[Step], last: Step, cell: Cell, spelled: &mut Spelled) {
        let path = Path(way.iter().cloned().chain([last]).collect());
        if path::is_cell(path.field()) && self.gives(&path) {
            spelled.insert(place(&path), (path, cell));
        }
    }
}

/// The lists of which some text holds what stands between items: in such a file all of their items have cells of their own.
fn find_separated(message: &DynamicMessage, way: &mut Vec<u32>, found: &mut HashSet<Vec<u32>>) {
    for (field, value) in message.fields() {
        way.push(field.number());
        match value {
            Value::List(items) => {
                if items.iter().any(|item| item.as_str().is_some_and(|text| text.contains(BETWEEN))) {
                    found.insert(way.clone());
                }
                items.iter().filter_map(Value::as_message).for_each(|inner| find_separated(inner, way, found));
            }
            Value::Message(inner) => find_separated(inner, way, found),
            _ => {}
        }
        way.pop();
    }
}

fn numbers(steps: &[Step]) -> Vec<u32> {
    steps.iter().map(|step| step.field.number()).collect()
}

fn through(way: &[Step], field: &FieldDescriptor) -> Vec<u32> {
    way.iter().map(|step| step.field.number()).chain([field.number()]).collect()
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Empty => None,
        Cell::Text(text) | Cell::Day(text) => Some(text.clone()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Flag(flag) => Some(flag.to_string()),
    }
}

fn place(path: &Path) -> Place {
    path.0.iter().map(|step| (step.field.number(), step.index.map_or(0, |index| index + 1))).collect()
}

/// Whether a path is the one that a column names, or leads into it; positions in lists do not matter where the column names none.
fn is_below(path: &Path, column: &str) -> bool {
    let bare = |text: &str| -> String {
        let parts = text.replace('[', ".").replace(']', "");
        parts.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
    };
    let (path, column) = (bare(&path.text()), bare(column));
    path == column || path.strip_prefix(&column).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::sheet;
    use super::*;
    use api::registry::v1::bulk_file::Format;
    use api::shared::v1::Source;

    fn record(mission: &Mission) -> DynamicMessage {
        let descriptor = api::pool().get_message_by_name("ngkt.registry.v1.Mission").expect("in the contract");
        DynamicMessage::decode(descriptor, &*mission.encode_to_vec()).expect("the same message")
    }

    fn wanted(columns: &[&str]) -> Wanted {
        let resource = api::contract().resource_of_collection("missions").expect("in the contract").clone();
        Wanted { resource, columns: columns.iter().map(|it| (*it).to_owned()).collect(), personal: false }
    }

    #[test]
    fn records_of_different_shapes_share_their_columns() {
        let accreditation = |country: &str| Accreditation { country: country.into(), ..Default::default() };
        let one = Mission {
            name: "missions/a".into(),
            display_name: "=A".into(),
            counted: true,
            accreditations: vec![accreditation("countries/LB"), accreditation("countries/JO")],
            ..Default::default()
        };
        let source = Some(Source { citation: "VOV".into(), confidence: String::new() });
        let two = Mission { name: "missions/b".into(), source, ..Default::default() };
        let records = [record(&one), record(&two)];
        let (content, personal) = wanted(&[]).write("missions", Format::Csv, &records).expect("written");
        assert!(!personal);
        let sheet = sheet::read(Format::Csv, &content, |_| true).expect("read");
        let cell = |row: usize, column: &str| {
            let at =
                sheet.header.iter().position(|name| name == column).unwrap_or_else(|| panic!("{:?}", sheet.header));
            sheet.rows[row].cells.get(at).cloned().unwrap_or_default()
        };
        let text = |text: &str| Cell::Text(text.into());
        assert_eq!((cell(0, "name"), cell(1, "name")), (text("missions/a"), text("missions/b")));
        assert_eq!((cell(0, "displayName"), cell(0, "counted")), (text("=A"), text("yes")));
        assert_eq!(
            (cell(0, "accreditations[1].country"), cell(1, "accreditations[1].country")),
            (text("countries/JO"), Cell::Empty)
        );
        assert_eq!((cell(0, "source.citation"), cell(1, "source.citation")), (Cell::Empty, text("VOV")));
        assert_eq!(sheet.header[0], "name");

        let (content, _) =
            wanted(&["accreditations.country"]).write("missions", Format::Csv, &records).expect("written");
        let sheet = sheet::read(Format::Csv, &content, |_| true).expect("read");
        assert_eq!(sheet.header, ["name", "accreditations[0].country", "accreditations[1].country"]);
    }

    #[test]
    fn a_list_whose_texts_hold_the_separator_is_spelled_out_for_all() {
        let organization = |name: &str, others: &[&str]| {
            let message = Organization {
                name: name.into(),
                other_names: others.iter().map(|it| (*it).to_owned()).collect(),
                ..Default::default()
            };
            let descriptor = api::pool().get_message_by_name("ngkt.registry.v1.Organization").expect("in the contract");
            DynamicMessage::decode(descriptor, &*message.encode_to_vec()).expect("the same message")
        };
        let resource = api::contract().resource_of_collection("organizations").expect("in the contract").clone();
        let wanted = Wanted { resource, columns: vec!["otherNames".into()], personal: false };
        let header = |records: &[DynamicMessage]| {
            let (content, _) = wanted.write("organizations", Format::Csv, records).expect("written");
            sheet::read(Format::Csv, &content, |_| true).expect("read")
        };
        let joined = header(&[organization("organizations/a", &["A", "B"])]);
        assert_eq!((joined.header.len(), &joined.rows[0].cells[1]), (2, &Cell::Text("A; B".into())));
        let split = header(&[organization("organizations/a", &["A", "B"]), organization("organizations/b", &["C; D"])]);
        assert_eq!(split.header, ["name", "otherNames[0]", "otherNames[1]"]);
        assert_eq!(
            (&split.rows[0].cells[2], &split.rows[1].cells[1]),
            (&Cell::Text("B".into()), &Cell::Text("C; D".into()))
        );
    }

    #[test]
    fn filters_are_those_of_the_list() {
        let listing = method("missions", Verb::List).expect("a list");
        let list = filters(listing, &["kind=EMBASSY".into(), "asOf=10/01/2026".into(), "show_retired=có".into()]);
        let list: ListMissionsRequest = list.expect("filters").transcode_to().expect("the same message");
        assert_eq!((list.kind(), list.as_of.as_str(), list.show_retired), (mission::Kind::Embassy, "2026-01-10", true));
        for (filter, told) in
            [("colour=red", "hostCountry"), ("pageSize=5", "no filter"), ("kind", "field=value"), ("kind=X", "EMBASSY")]
        {
            let error = filters(listing, &[filter.to_owned()]).expect_err(filter);
            let violation = &error.violations()[0];
            assert!(violation.field == "filters[0]" && violation.description.contains(told), "{error:?}");
        }
    }
}
