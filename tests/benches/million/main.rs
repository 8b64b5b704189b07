//! The registry with one million organizations: what search, lists, deep pages, the search for duplicates and writes take, and how
//! that grows with the number of records. `cargo bench --workspace --bench million` takes everything; sizes and databases may
//! be named: `cargo bench --workspace --bench million -- 10000 100000 sqlite`. Figures are told as they come, and together at
//! the end. It claims nothing by itself: see BENCHMARKS.md.

// It stands outside the platform as the suite does, and uses the suite's world.
// The platform in this process is one future of many layers, which an optimised build lays out whole.
#![recursion_limit = "512"]
#![allow(clippy::disallowed_methods, dead_code, missing_docs, unused_imports, unused_macros)]

mod cases;
mod names;
mod table;
#[path = "../../suite/world/mod.rs"]
mod world;

use std::time::{Duration, Instant};

use api::registry::v1::organization_service_client::OrganizationServiceClient;
use api::registry::v1::{CreateOrganizationRequest, Organization, OrganizationIdentifier, organization};
use futures::stream::{self, StreamExt};

use cases::{CASES, Case};
use names::{Firm, firm};
use table::Table;
use tonic::Code;
use world::actor::{Actor, Wire};
use world::{Backend, World, block_on, postgres};

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// Whoever writes at the same time.
const WRITERS: usize = 64;

/// How often a create is tried that the platform was too busy for, and how long between.
const TRIES: usize = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// After so many creates it is told how far they are.
const TOLD_EVERY: u64 = 50_000;

/// How often each case is asked, beginning with a round that does not count.
const ROUNDS: usize = 5;

/// Records of a page in the walks through everything.
const PAGE: usize = 500;

fn main() {
    let told: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut sizes: Vec<u64> = told.iter().filter_map(|word| word.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = SIZES.to_vec();
    }
    sizes.sort_unstable();
    let wanted = |name: &str| !told.iter().any(|word| word.parse::<u64>().is_err()) || told.iter().any(|it| it == name);
    block_on(async {
        if wanted("sqlite") {
            measure(Backend::Sqlite, &sizes).await;
        }
        if wanted("postgres") && postgres::cluster().is_some() {
            measure(Backend::Postgres, &sizes).await;
        }
    });
}

async fn measure(backend: Backend, sizes: &[u64]) {
    let world = World::start(backend).await;
    let mut table = Table::new(backend, sizes);
    let mut loaded = 0;
    for (column, size) in sizes.iter().enumerate() {
        let begin = Instant::now();
        load(&world, loaded..*size).await;
        let rate = (size - loaded) as f64 / begin.elapsed().as_secs_f64();
        table.put("creates a second while loading", column, rate);
        loaded = *size;
        eprintln!("{backend:?}: {loaded} organizations, {rate:.0} creates a second");
        settle(&world, backend);
        let ministry = world.ministry();
        for case in CASES {
            match ask(&ministry, case).await {
                Some(took) => table.put(case.name, column, millis(took)),
                None => eprintln!("{}: not served", case.name),
            }
        }
        for (name, query) in [("q=cong ty", "q=cong%20ty"), ("country=VN", "country=VN"), ("everything", "")] {
            for (page, took) in walk(&ministry, query).await {
                table.put(&format!("organizations, {name}, page {page}"), column, millis(took));
            }
        }
    }
    table.print();
    world.stop().await;
}

/// Adds organizations as an embassy's system does: over gRPC, through the gateway.
async fn load(world: &World, numbers: std::ops::Range<u64>) {
    let (client, begin) = (OrganizationServiceClient::new(world.ministry().wire()), Instant::now());
    stream::iter(numbers)
        .for_each_concurrent(WRITERS, |number| {
            let client = client.clone();
            async move {
                create(client, number).await;
                if number % TOLD_EVERY == 0 {
                    eprintln!("organization {number}, after {:.0} s", begin.elapsed().as_secs_f64());
                }
            }
        })
        .await;
}

/// Half an hour of creates is not lost to a second in which the database was busy.
async fn create(mut client: OrganizationServiceClient<Wire>, number: u64) {
    for _ in 0..TRIES {
        let request = CreateOrganizationRequest { organization: Some(organization(firm(number))) };
        match client.create_organization(request).await {
            Ok(_) => return,
            Err(status)
                if [Code::Unavailable, Code::DeadlineExceeded, Code::ResourceExhausted].contains(&status.code()) =>
            {
                eprintln!("{number}: {status:?}");
                tokio::time::sleep(PAUSE).await;
            }
            Err(status) => panic!("{number}: {status:?}"),
        }
    }
    panic!("{number}: not after {TRIES} tries");
}

fn organization(firm: Firm) -> Organization {
    let code = OrganizationIdentifier {
        r#type: api::registry::v1::organization_identifier::Type::TaxCode.into(),
        value: firm.tax_code,
        ..Default::default()
    };
    Organization {
        display_name: firm.display_name,
        short_name: firm.short_name,
        kind: organization::Kind::Enterprise.into(),
        country: format!("countries/{}", firm.country),
        identifiers: vec![code],
        ..Default::default()
    }
}

/// What an installation does by itself in the background is done before measuring.
fn settle(world: &World, backend: Backend) {
    if backend.is_postgres() {
        let url = world.running().database_url("registry");
        let database = url.rsplit('/').next().expect("invariant: a URL of a database");
        postgres::cluster().expect("invariant: it has the database").sql(database, "VACUUM ANALYZE");
    }
}

/// The median of some calls; none if the platform does not serve this.
async fn ask(actor: &Actor, case: &Case) -> Option<Duration> {
    let paths = (case.paths)();
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        for path in &paths {
            let begin = Instant::now();
            let answer = actor.get(path).await;
            if [404, 501].contains(&answer.status) {
                return None;
            }
            let found = answer.ok()[case.list].as_array().map_or(0, Vec::len);
            // Told, not more: what took half an hour to fill is not given up for it.
            if (found > 0) != case.finds {
                eprintln!("{path}: found {found}");
            }
            if round > 0 {
                took.push(begin.elapsed());
            }
        }
    }
    took.sort_unstable();
    took.get(took.len() / 2).copied()
}

/// How long the first, tenth, hundredth, thousandth and last full page took. Each is the median of the five around it.
async fn walk(actor: &Actor, query: &str) -> Vec<(String, Duration)> {
    let (mut took, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/organizations?pageSize={PAGE}&pageToken={token}&{query}");
        let begin = Instant::now();
        let page = actor.get(&path).await.ok();
        let elapsed = begin.elapsed();
        let full = page["organizations"].as_array().is_some_and(|list| list.len() == PAGE);
        if full || took.is_empty() {
            took.push(elapsed);
        }
        token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            break;
        }
    }
    let median = |around: usize| {
        let mut near = took[around.saturating_sub(2)..(around + 3).min(took.len())].to_vec();
        near.sort_unstable();
        near[near.len() / 2]
    };
    let marks = [1, 10, 100, 1_000].into_iter().filter(|page| *page <= took.len());
    let mut told: Vec<_> = marks.map(|page| (page.to_string(), median(page - 1))).collect();
    told.push(("last".to_owned(), median(took.len() - 1)));
    told
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}
