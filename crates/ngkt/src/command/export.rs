//! `ngkt export`: a collection as NDJSON or CSV, read page by page through the REST API as the bearer may see it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use api::{Method, Verb};
use clap::{Args, ValueEnum};
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::value::RawValue;

use super::remote::Remote;
use super::table;
use crate::complaint::{Complaint, While};

/// Writes all records of a collection that the bearer may see
#[derive(Args)]
pub struct Arguments {
    /// The collection, as in the REST path: countries, localities, fdiFlows, commitments …
    collection: String,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// Only records for which the list's own filter holds, such as country=countries/JP or asOf=2025-06-30
    #[arg(long = "filter", value_name = "KEY=VALUE", value_parser = parse_filter)]
    filters: Vec<(String, String)>,
    /// File to write instead of the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One JSON object a line
    Ndjson,
    /// A table with a header; cells that a spreadsheet would take for formulas are quoted
    Csv,
}

/// Reads page after page and writes each as it comes.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let list = List::of(&arguments.collection)?;
    let (destination, output) = Destination::open(arguments.output)?;
    let mut sink = Sink::new(arguments.format, output, &list.resource)?;
    let mut query = arguments.filters;
    query.push(("pageSize".into(), "500".into()));
    let mut count = 0_usize;
    let mut page_token = String::new();
    loop {
        let mut page_query = query.clone();
        page_query.push(("pageToken".into(), page_token));
        let body = arguments.remote.get(&list.path, &page_query).await?;
        let (records, next) =
            read_page(&body, &list.field).while_doing(|| format!("reading the answer of {}", list.path))?;
        count += records.len();
        records.into_iter().try_for_each(|record| sink.write(record))?;
        if next.is_empty() {
            break;
        }
        page_token = next;
    }
    sink.finish()?;
    destination.complete()?;
    eprintln!("{count} {}", arguments.collection);
    Ok(())
}

fn parse_filter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a filter has the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// How a collection is listed.
struct List {
    path: String,
    /// The JSON field of the answer that holds the records.
    field: String,
    resource: MessageDescriptor,
}

impl List {
    fn of(collection: &str) -> Result<List, Complaint> {
        let path = format!("/v1/{collection}");
        let lists = || api::contract().methods().filter(|method| method.verb == Verb::List);
        let method = lists().find(|method| paths(method).contains(&path)).ok_or_else(|| {
            let mut known: Vec<String> =
                lists().flat_map(paths).filter_map(|path| path.strip_prefix("/v1/").map(str::to_owned)).collect();
            known.sort();
            Complaint::new(format!("there is no collection {collection}; there are {}", known.join(", ")))
        })?;
        let records =
            method.output.fields().find(|field| field.is_list()).expect("invariant: a list's answer has a list");
        let Kind::Message(resource) = records.kind() else { panic!("invariant: a list's answer has resources") };
        Ok(List { path, field: records.json_name().to_owned(), resource })
    }
}

fn paths(method: &'static Method) -> Vec<String> {
    method.routes.iter().map(|route| route.template.to_string()).collect()
}

/// A page: its records still as they came, and where the next one begins.
fn read_page<'a>(body: &'a [u8], field: &str) -> Result<(Vec<&'a RawValue>, String), serde_json::Error> {
    let page: BTreeMap<&str, &RawValue> = serde_json::from_slice(body)?;
    let records = page.get(field).map_or(Ok(Vec::new()), |value| serde_json::from_str(value.get()))?;
    let next = page.get("nextPageToken").map_or(Ok(String::new()), |value| serde_json::from_str(value.get()))?;
    Ok((records, next))
}

/// Where records go, and in which form.
enum Sink {
    Ndjson(Box<dyn Write>),
    Csv { writer: Box<csv::Writer<Box<dyn Write>>>, columns: Vec<String> },
}

impl Sink {
    fn new(format: Format, output: Box<dyn Write>, resource: &MessageDescriptor) -> Result<Sink, Complaint> {
        match format {
            Format::Ndjson => Ok(Sink::Ndjson(output)),
            Format::Csv => {
                let columns = table::columns(resource);
                let mut writer = Box::new(csv::Writer::from_writer(output));
                writer.write_record(&columns)?;
                Ok(Sink::Csv { writer, columns })
            }
        }
    }

    fn write(&mut self, record: &RawValue) -> Result<(), Complaint> {
        match self {
            Sink::Ndjson(output) => writeln!(output, "{}", record.get())?,
            Sink::Csv { writer, columns } => {
                writer.write_record(table::cells(columns, &serde_json::from_str(record.get())?))?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Complaint> {
        match self {
            Sink::Ndjson(mut output) => output.flush()?,
            Sink::Csv { mut writer, .. } => writer.flush()?,
        }
        Ok(())
    }
}

/// The standard output, or a file that gets its name when it is whole.
struct Destination {
    part: Option<(PathBuf, PathBuf)>,
}

impl Destination {
    fn open(file: Option<PathBuf>) -> Result<(Destination, Box<dyn Write>), Complaint> {
        let Some(file) = file else {
            return Ok((Destination { part: None }, Box::new(BufWriter::new(io::stdout()))));
        };
        let mut name = file.clone().into_os_string();
        name.push(".part");
        let part = PathBuf::from(name);
        let writer = File::create(&part).while_doing(|| format!("writing {}", part.display()))?;
        Ok((Destination { part: Some((part, file)) }, Box::new(BufWriter::new(writer))))
    }

    fn complete(self) -> Result<(), Complaint> {
        match self.part {
            Some((part, file)) => std::fs::rename(part, &file).while_doing(|| format!("writing {}", file.display())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_records_as_they_came() {
        let body = br#"{"countries":[{"name":"countries/VN","z":1},{"name":"countries/LB"}],"nextPageToken":"t"}"#;
        let (records, next) = read_page(body, "countries").expect("a page");
        assert_eq!(records.iter().map(|r| r.get()).collect::<Vec<_>>()[0], r#"{"name":"countries/VN","z":1}"#);
        assert_eq!((records.len(), next.as_str()), (2, "t"));
        assert_eq!(read_page(br#"{"countries":[]}"#, "countries").expect("a page").1, "");
    }

    #[test]
    fn a_collection_that_is_not_there_names_those_that_are() {
        let complaint = List::of("planets").err().expect("no such collection").to_string();
        assert!(complaint.contains("countries"), "{complaint}");
    }
}
