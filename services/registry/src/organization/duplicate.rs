//! Which organizations a body may already be.

use api::registry::v1::organization_duplicate_service_server::OrganizationDuplicateService;
use api::registry::v1::*;
use chassis::context::Context;
use chassis::error::{Error, Result};
use store::{Reply, Store, personal};
use tonic::{Request, Response};

use super::Organizations;
use super::keys;
use super::number::Number;
use super::score::{Profile, judge, site, taken_apart};
use crate::naming::named;

/// What a score must be, and how many are given, where the request does not say.
const SCORE_DEFAULT: f64 = 0.6;
const RESULTS_DEFAULT: usize = 10;

/// Finds them.
pub struct OrganizationDuplicates {
    store: Store,
}

/// What is given of what is found.
struct Wanted {
    min_score: f64,
    max_results: usize,
}

impl Wanted {
    fn of(min_score: f64, max_results: i32) -> Wanted {
        let min_score = if min_score == 0.0 { SCORE_DEFAULT } else { min_score };
        let max_results = usize::try_from(max_results).ok().filter(|max| *max > 0).unwrap_or(RESULTS_DEFAULT);
        Wanted { min_score, max_results }
    }
}

impl OrganizationDuplicates {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    async fn find(
        &self,
        context: &Context,
        asked: &Profile,
        but: &str,
        wanted: &Wanted,
    ) -> Result<Vec<OrganizationDuplicate>> {
        let ids = keys::candidates(self.store.read(), asked).await.map_err(store::database)?;
        let names: Vec<String> = ids.into_iter().map(|id| format!("organizations/{id}")).collect();
        let bodies = personal::look::<Organizations>(&self.store, context, &names, "").await?;
        let others = bodies.into_iter().filter(|body| body.name != but && body.retire_time.is_none());
        let mut found: Vec<OrganizationDuplicate> = others
            .map(|body| {
                let judged = judge(asked, &Profile::of(&body));
                OrganizationDuplicate {
                    organization: Some(body),
                    score: (judged.score * 1000.0).round() / 1000.0,
                    verdict: judged.verdict as i32,
                    grounds: judged.grounds,
                }
            })
            .filter(|duplicate| duplicate.score >= wanted.min_score)
            .collect();
        let name = |found: &OrganizationDuplicate| found.organization.as_ref().map(|body| body.name.clone());
        found.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| name(one).cmp(&name(other))));
        found.truncate(wanted.max_results);
        Ok(found)
    }
}

/// What is known of a body about to be recorded.
fn profile(request: &FindOrganizationDuplicatesRequest) -> Result<Profile> {
    let country = match request.country.as_str() {
        "" => String::new(),
        country => named("countries", country),
    };
    let names = taken_apart(std::iter::once(&request.display_name).chain(&request.other_names));
    let number = (!request.identifier.is_empty())
        .then(|| Number::new(request.identifier_type(), &request.identifier, &country, ""))
        .filter(|number| !number.value.is_empty());
    if names.is_empty() && number.is_none() {
        return Err(Error::invalid("display_name", "or an identifier is needed, with at least one letter or digit"));
    }
    let numbers = number.into_iter().collect();
    Ok(Profile { names, country, locality: request.locality.clone(), numbers, site: site(&request.website) })
}

#[tonic::async_trait]
impl OrganizationDuplicateService for OrganizationDuplicates {
    async fn find_organization_duplicates(
        &self,
        request: Request<FindOrganizationDuplicatesRequest>,
    ) -> Reply<FindOrganizationDuplicatesResponse> {
        let context = Context::of(&request);
        let request = request.into_inner();
        let wanted = Wanted::of(request.min_score, request.max_results);
        let duplicates = self.find(&context, &profile(&request)?, "", &wanted).await?;
        Ok(Response::new(FindOrganizationDuplicatesResponse { duplicates }))
    }

    async fn find_duplicates_of_organization(
        &self,
        request: Request<FindDuplicatesOfOrganizationRequest>,
    ) -> Reply<FindDuplicatesOfOrganizationResponse> {
        let context = Context::of(&request);
        let request = request.into_inner();
        let scope = store::Scope::of(&context.caller);
        let body = store::load::<Organizations>(self.store.read(), &scope, &request.name).await?;
        let wanted = Wanted::of(request.min_score, request.max_results);
        let duplicates = self.find(&context, &Profile::of(&body), &body.name, &wanted).await?;
        Ok(Response::new(FindDuplicatesOfOrganizationResponse { duplicates }))
    }
}
