//! What other services hold of the units that change. Asked as this service, because whatever is there moves; and once more
//! as the caller, who is told the names of what it sees.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use api::events::v1::commitment_service_client::CommitmentServiceClient;
use api::events::v1::engagement_service_client::EngagementServiceClient;
use api::events::v1::{ListCommitmentsRequest, ListEngagementsRequest};
use api::investment::v1::lead_service_client::LeadServiceClient;
use api::investment::v1::opportunity_service_client::OpportunityServiceClient;
use api::investment::v1::{ListLeadsRequest, ListOpportunitiesRequest};
use api::notification::v1::ListSubscriptionsRequest;
use api::notification::v1::subscription_service_client::SubscriptionServiceClient;
use api::registry::v1::SuccessionMentions;
use chassis::caller::Caller;
use chassis::channel::CallAs;
use chassis::error::{Error, Result};
use chassis::host::Host;
use tonic::Request;

/// How long one question may take: a service that is silent must not keep the others' answers.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest page.
pub const PAGE: i32 = 1000;
/// The most names that are told.
const NAMES: usize = 100;

/// The other services, for one caller.
pub struct Peers<'a> {
    pub host: &'a Host,
    pub caller: Arc<Caller>,
}

/// Names of one collection.
#[derive(Default)]
struct Found {
    names: BTreeSet<String>,
    more: bool,
}

/// A question about one unit, to be put in somebody's name.
trait Ask: Fn(CallAs, String) -> Self::Answer {
    type Answer: Future<Output = Result<(Vec<String>, bool), tonic::Status>>;
}

impl<F, A> Ask for F
where
    F: Fn(CallAs, String) -> A,
    A: Future<Output = Result<(Vec<String>, bool), tonic::Status>>,
{
    type Answer = A;
}

/// A question with a bound on the time of its answer.
pub fn patiently<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

/// Makes the question of a collection: its client, its rpc, its request, and the field of units.
macro_rules! ask {
    ($client:ident . $list:ident ($request:ident, $unit:ident) -> $records:ident) => {
        |peer: CallAs, unit: String| async move {
            let request = $request { page_size: PAGE, $unit: unit, ..$request::default() };
            let page = $client::new(peer).$list(patiently(request)).await?.into_inner();
            let names = page.$records.into_iter().map(|record| record.name).collect();
            Ok((names, !page.next_page_token.is_empty()))
        }
    };
}

impl Peers<'_> {
    /// This platform's own question to a service.
    pub fn service(&self, name: &str) -> CallAs {
        self.host.peers.client_as(name, self.host.system("registry"))
    }

    /// The records elsewhere that name one of the units, by collection.
    pub async fn mentions(&self, units: &[String]) -> Vec<SuccessionMentions> {
        let subscriptions =
            ask!(SubscriptionServiceClient.list_subscriptions(ListSubscriptionsRequest, locality) -> subscriptions);
        let opportunities =
            ask!(OpportunityServiceClient.list_opportunities(ListOpportunitiesRequest, locality) -> opportunities);
        let leads = ask!(LeadServiceClient.list_leads(ListLeadsRequest, locality) -> leads);
        let engagements =
            ask!(EngagementServiceClient.list_engagements(ListEngagementsRequest, locality) -> engagements);
        let commitments = ask!(CommitmentServiceClient.list_commitments(ListCommitmentsRequest, owner) -> commitments);
        let (one, two, three, four, five) = futures::join!(
            self.mention("notification", "subscriptions", units, subscriptions),
            self.mention("investment", "opportunities", units, opportunities),
            self.mention("investment", "leads", units, leads),
            self.mention("events", "engagements", units, engagements),
            self.mention("events", "commitments", units, commitments),
        );
        vec![one, two, three, four, five]
    }

    async fn mention(&self, service: &str, collection: &str, units: &[String], ask: impl Ask) -> SuccessionMentions {
        let mut mentions = SuccessionMentions { collection: collection.to_owned(), ..SuccessionMentions::default() };
        let all = self.service(service);
        let seen = all.in_name_of(self.caller.clone());
        match futures::join!(found(&all, units, &ask), found(&seen, units, &ask)) {
            (Ok(all), Ok(seen)) => {
                mentions.count = i32::try_from(all.names.len()).unwrap_or(i32::MAX);
                mentions.more = all.more;
                mentions.names = seen.names.into_iter().take(NAMES).collect();
            }
            (Err(error), _) | (_, Err(error)) => mentions.unanswered = why(service, &error),
        }
        mentions
    }
}

async fn found(peer: &CallAs, units: &[String], ask: &impl Ask) -> Result<Found> {
    let mut found = Found::default();
    for unit in units {
        let (names, more) = ask(peer.clone(), unit.clone()).await?;
        found.names.extend(names);
        found.more |= more;
    }
    Ok(found)
}

/// Why a service did not answer, for a reader.
pub fn why(service: &str, error: &Error) -> String {
    format!("{service} did not answer: {error}")
}
