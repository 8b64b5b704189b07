//! The registry: who and where, dated. Countries, regions and localities; missions, agencies and organizations; trade
//! agreements. Every other service refers to these records and follows this service's change log.

mod accreditation;
mod action_plan_measure;
mod agency;
mod agreement;
mod appointment;
mod award;
mod border_zone;
mod bulk;
mod bulk_transfer;
mod channel_listing;
mod child;
mod contact;
mod country;
mod data;
mod descent;
mod desk;
mod directive;
mod focal_point;
mod foreign_locality;
mod fta_commitment;
mod green_assessment;
mod green_standard;
mod hs;
mod hs_chapter;
mod industrial_park;
mod kind;
mod locality;
mod locality_profile;
mod market;
mod migration;
mod mission;
mod multilateral_role;
mod naming;
mod org_unit;
mod organization;
mod partnership;
mod partnership_activity;
mod period;
mod personal_data;
mod plan_comment;
mod plan_consultation;
mod post;
mod priority_submission;
mod product;
mod promotion_asset;
mod reference;
mod region;
mod reporting_period;
mod resolution;
mod search;
mod sector;
mod seed;
mod succession;
mod theme;
mod trade_agreement;
mod utilization_figure;
mod verification;
mod verification_file;
mod visible;
mod work_area;

use api::registry::v1::servers::*;
use chassis::error::Result;
use futures::future::{BoxFuture, FutureExt};
use kind::kinds;
use organization::{duplicate, merge};
use store::calendar::Teller;
use store::{Service, Start, calendar};
use tonic::service::Routes;

/// The registry.
pub const SERVICE: Service = Service {
    name: "registry",
    migrations: migration::all,
    start: |start| -> BoxFuture<'static, _> { serve(start).boxed() },
};

/// The Ministry of Foreign Affairs, under its identification code: it reviews what localities submit.
const MINISTRY: &str = "agencies/g08";

store::change_service!(api::registry::v1);

async fn serve(Start { host, store }: Start) -> Result<Routes> {
    seed::load(&store).await?;
    calendar::keep(&host, &store, tellers());
    organization::catch_up::start(&host, &store);
    search::keep(&host, &store);
    let mut routes = Routes::builder();
    macro_rules! standard {
        ($($records:path => $one:ident),* $(,)?) => {
            store::pastey::paste! {
                $(routes.add_service([<$one ServiceServer>]::new(<$records>::new(store.clone())));)*
            }
        };
    }
    kinds!(standard);
    routes
        .add_service(BulkServiceServer::new(bulk::Bulk::new(store.clone())))
        .add_service(BulkTransferServiceServer::new(bulk_transfer::BulkTransfers::new(store.clone())))
        .add_service(HsChapterServiceServer::new(hs_chapter::HsChapters::new(store.clone())))
        .add_service(MarketServiceServer::new(market::Markets::new(store.clone())))
        .add_service(OrganizationDuplicateServiceServer::new(duplicate::OrganizationDuplicates::new(store.clone())))
        .add_service(OrganizationMergeServiceServer::new(merge::OrganizationMerges::new(store.clone())))
        .add_service(PersonalDataServiceServer::new(personal_data::PersonalData::new(store.clone())))
        .add_service(PlanCommentServiceServer::new(plan_comment::PlanComments::new(store.clone())))
        .add_service(PrioritySubmissionServiceServer::new(priority_submission::PrioritySubmissions::new(store.clone())))
        .add_service(ReportingPeriodServiceServer::new(reporting_period::ReportingPeriods::new(store.clone())))
        .add_service(SearchServiceServer::new(search::Search::new(store.clone())))
        .add_service(SuccessionServiceServer::new(succession::Successions::new(store.clone(), host.clone())))
        .add_service(VerificationFileServiceServer::new(verification_file::VerificationFiles::new(store.clone())))
        .add_service(Changes::server(&store));
    Ok(routes.routes())
}

/// The kinds of record of which days are told as they pass.
fn tellers() -> Vec<Teller> {
    vec![
        calendar::teller::<contact::Contacts>(),
        calendar::teller::<partnership::Partnerships>(),
        calendar::teller::<green_assessment::GreenAssessments>(),
        calendar::teller::<plan_consultation::PlanConsultations>(),
        calendar::teller::<priority_submission::PrioritySubmissions>(),
        calendar::teller::<verification::Verifications>(),
    ]
}
