//! Writes the Rust of the contract, and the descriptors that are read at run time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::path::Path;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use prost_types::FileDescriptorSet;

use crate::resources::{self, Standard};
use crate::{naming, rules, shape};

/// The one file from elsewhere of which we use the Rust: failures have a `google.rpc.Code`.
const CODES: &str = "google/rpc/code.proto";
/// The fixture of this crate's tests: made like all others, but no part of the contract.
const SAMPLE: &str = "ngkt/sample/";

/// Writes everything into `out`.
pub fn write(pool: &DescriptorPool, out: &Path) -> Result<(), String> {
    let bytes = descriptors(pool, |_| true);
    let mut set = FileDescriptorSet::decode(bytes.as_slice()).map_err(|error| error.to_string())?;
    put(out, "descriptors.bin", descriptors(pool, |file| !file.starts_with(SAMPLE)))?;
    put(out, "descriptors.sample.bin", &bytes)?;
    // Of google.protobuf no Rust comes out, but prost looks into it: prost-types has its messages.
    set.file.retain(|file| is_ours(file.name()) || file.name() == CODES || file.package() == "google.protobuf");
    let packages: BTreeSet<String> =
        set.file.iter().map(|file| file.package().to_owned()).filter(|name| name != "google.protobuf").collect();
    messages(set, out)?;
    for (package, code) in traits(pool) {
        let code = code + &servers(pool, &package);
        put(out, &format!("{package}.traits.rs"), &code)?;
    }
    put(out, "modules.rs", modules(&packages))
}

fn is_ours(file: &str) -> bool {
    file.starts_with("ngkt/")
}

fn put(out: &Path, name: &str, code: impl AsRef<[u8]>) -> Result<(), String> {
    std::fs::write(out.join(name), code).map_err(|error| format!("{name}: {error}"))
}

/// All files as one descriptor set. What is not ours loses its comments, ours keeps nothing but them: places in the
/// source are of no use at run time.
fn descriptors(pool: &DescriptorPool, wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let described = prost_types::FileDescriptorProto::default().descriptor();
    for file in pool.files().filter(|file| wanted(file.name())) {
        let mut message = DynamicMessage::decode(described.clone(), file.encode_to_vec().as_slice())
            .expect("invariant: encoded by the pool itself");
        if !is_ours(file.name()) {
            message.clear_field_by_name("source_code_info");
        } else if let Some(Value::Message(info)) = message.get_field_by_name_mut("source_code_info")
            && let Some(Value::List(places)) = info.get_field_by_name_mut("location")
        {
            places.retain(|place| place.as_message().is_some_and(|place| place.has_field_by_name("leading_comments")));
        }
        prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut bytes);
        message.encode_length_delimited(&mut bytes).expect("invariant: a vector grows");
    }
    bytes
}

/// Messages, clients and servers, by prost and tonic.
fn messages(set: FileDescriptorSet, out: &Path) -> Result<(), String> {
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names().type_name_domain(["."], "type.googleapis.com");
    tonic_prost_build::configure()
        .out_dir(out)
        .codec_path("crate::codec::Codec")
        .btree_map(".")
        .bytes(".")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(set, config)
        .map_err(|error| error.to_string())
}

/// The impls of our traits, package by package.
fn traits(pool: &DescriptorPool) -> BTreeMap<String, String> {
    let mut code: BTreeMap<String, String> = BTreeMap::new();
    let methods: Vec<_> = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    let requests: HashSet<String> = methods.iter().map(|method| method.input().full_name().to_owned()).collect();
    let standard: HashMap<String, Standard> = methods
        .iter()
        .filter_map(Standard::of)
        .map(|standard| (standard.input.full_name().to_owned(), standard))
        .collect();
    for message in
        pool.all_messages().filter(|message| is_ours(message.parent_file().name()) && !message.is_map_entry())
    {
        let out = code.entry(message.package_name().to_owned()).or_default();
        let name = message.full_name();
        out.push_str(&rules::message(&message, requests.contains(name), standard.get(name)));
        out.push_str(&of_message(&message, standard.get(name)));
        if requests.contains(name) && !standard.contains_key(name) {
            out.push_str(&resources::act(&message));
        }
    }
    for found in pool.all_enums().filter(|found| is_ours(found.parent_file().name())) {
        code.entry(found.package_name().to_owned()).or_default().push_str(&resources::failure(&found));
    }
    code
}

/// The servers of a package's rpcs under one roof, so that a service that serves one more needs not say where it is.
fn servers(pool: &DescriptorPool, package: &str) -> String {
    let mut code = String::new();
    for service in pool.services().filter(|service| service.package_name() == package) {
        let _ = writeln!(code, "pub use super::{}_server::{}Server;", naming::snake(service.name()), service.name());
    }
    match code.is_empty() {
        true => code,
        false => format!("/// The servers of this package's rpcs.\npub mod servers {{\n{code}}}\n"),
    }
}

fn of_message(message: &MessageDescriptor, standard: Option<&Standard>) -> String {
    let mut out = String::new();
    if let Some(resource) = shape::resource(message) {
        out.push_str(&resources::resource(&resource));
    }
    if let Some(standard) = standard {
        out.push_str(&resources::request(standard));
    }
    out
}

/// The tree of modules: a package is one, and so is each word of its name.
fn modules(packages: &BTreeSet<String>) -> String {
    let mut code = String::new();
    let mut open: Vec<&str> = Vec::new();
    for package in packages {
        let parts: Vec<&str> = package.split('.').collect();
        let shared = open.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        code.push_str(&"}\n".repeat(open.len() - shared));
        for part in &parts[shared..] {
            if *part == "sample" {
                code.push_str("#[cfg(test)]\n");
            }
            let _ = writeln!(code, "pub mod {} {{", naming::snake(part));
        }
        // prost's file bears the names as Rust writes them, r# and all.
        let file: Vec<String> = parts.iter().map(|part| naming::snake(part)).collect();
        let _ = writeln!(code, "include!(concat!(env!(\"OUT_DIR\"), \"/{}.rs\"));", file.join("."));
        if package.starts_with("ngkt.") {
            let _ = writeln!(code, "include!(concat!(env!(\"OUT_DIR\"), \"/{package}.traits.rs\"));");
        }
        open = parts;
    }
    code.push_str(&"}\n".repeat(open.len()));
    code
}
