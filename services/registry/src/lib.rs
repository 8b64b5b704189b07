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
use organization::{duplicate, merge, relation};
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
    routes
        .add_service(ActionPlanMeasureServiceServer::new(action_plan_measure::ActionPlanMeasures::new(store.clone())))
        .add_service(AgencyServiceServer::new(agency::Agencies::new(store.clone())))
        .add_service(AppointmentServiceServer::new(appointment::Appointments::new(store.clone())))
        .add_service(AwardServiceServer::new(award::Awards::new(store.clone())))
        .add_service(BorderZoneServiceServer::new(border_zone::BorderZones::new(store.clone())))
        .add_service(BulkServiceServer::new(bulk::Bulk::new(store.clone())))
        .add_service(BulkTransferServiceServer::new(bulk_transfer::BulkTransfers::new(store.clone())))
        .add_service(ChannelListingServiceServer::new(channel_listing::ChannelListings::new(store.clone())))
        .add_service(ContactServiceServer::new(contact::Contacts::new(store.clone())))
        .add_service(CountryServiceServer::new(country::Countries::new(store.clone())))
        .add_service(DirectiveServiceServer::new(directive::Directives::new(store.clone())))
        .add_service(FocalPointServiceServer::new(focal_point::FocalPoints::new(store.clone())))
        .add_service(ForeignLocalityServiceServer::new(foreign_locality::ForeignLocalities::new(store.clone())))
        .add_service(FtaCommitmentServiceServer::new(fta_commitment::FtaCommitments::new(store.clone())))
        .add_service(GreenAssessmentServiceServer::new(green_assessment::GreenAssessments::new(store.clone())))
        .add_service(GreenStandardServiceServer::new(green_standard::GreenStandards::new(store.clone())))
        .add_service(HsChapterServiceServer::new(hs_chapter::HsChapters::new(store.clone())))
        .add_service(IndustrialParkServiceServer::new(industrial_park::IndustrialParks::new(store.clone())))
        .add_service(LocalityProfileServiceServer::new(locality_profile::LocalityProfiles::new(store.clone())))
        .add_service(LocalityServiceServer::new(locality::Localities::new(store.clone())))
        .add_service(MarketServiceServer::new(market::Markets::new(store.clone())))
        .add_service(MissionServiceServer::new(mission::Missions::new(store.clone())))
        .add_service(MultilateralRoleServiceServer::new(multilateral_role::MultilateralRoles::new(store.clone())))
        .add_service(OrgUnitServiceServer::new(org_unit::OrgUnits::new(store.clone())))
        .add_service(OrganizationDuplicateServiceServer::new(duplicate::OrganizationDuplicates::new(store.clone())))
        .add_service(OrganizationMergeServiceServer::new(merge::OrganizationMerges::new(store.clone())))
        .add_service(OrganizationRelationServiceServer::new(relation::OrganizationRelations::new(store.clone())))
        .add_service(OrganizationServiceServer::new(organization::Organizations::new(store.clone())))
        .add_service(PartnershipActivityServiceServer::new(partnership_activity::PartnershipActivities::new(
            store.clone(),
        )))
        .add_service(PartnershipServiceServer::new(partnership::Partnerships::new(store.clone())))
        .add_service(PersonalDataServiceServer::new(personal_data::PersonalData::new(store.clone())))
        .add_service(PlanCommentServiceServer::new(plan_comment::PlanComments::new(store.clone())))
        .add_service(PlanConsultationServiceServer::new(plan_consultation::PlanConsultations::new(store.clone())))
        .add_service(PrioritySubmissionServiceServer::new(priority_submission::PrioritySubmissions::new(store.clone())))
        .add_service(ProductServiceServer::new(product::Products::new(store.clone())))
        .add_service(PromotionAssetServiceServer::new(promotion_asset::PromotionAssets::new(store.clone())))
        .add_service(RegionServiceServer::new(region::Regions::new(store.clone())))
        .add_service(ReportingPeriodServiceServer::new(reporting_period::ReportingPeriods::new(store.clone())))
        .add_service(SearchServiceServer::new(search::Search::new(store.clone())))
        .add_service(SectorServiceServer::new(sector::Sectors::new(store.clone())))
        .add_service(SuccessionServiceServer::new(succession::Successions::new(store.clone(), host.clone())))
        .add_service(ThemeServiceServer::new(theme::Themes::new(store.clone())))
        .add_service(TradeAgreementServiceServer::new(trade_agreement::TradeAgreements::new(store.clone())))
        .add_service(UtilizationFigureServiceServer::new(utilization_figure::UtilizationFigures::new(store.clone())))
        .add_service(VerificationFileServiceServer::new(verification_file::VerificationFiles::new(store.clone())))
        .add_service(VerificationServiceServer::new(verification::Verifications::new(store.clone())))
        .add_service(WorkAreaServiceServer::new(work_area::WorkAreas::new(store.clone())))
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
