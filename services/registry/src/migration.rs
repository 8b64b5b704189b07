//! The registry's schema, one migration a resource, in the order in which they came.

mod action_plan_measure;
mod agency;
mod appointment;
mod award;
mod border_zone;
mod bulk_transfer;
mod channel_listing;
mod contact;
mod country;
mod country_relations;
mod directive;
mod focal_point;
mod foreign_locality;
mod fta_commitment;
mod green_assessment;
mod green_standard;
mod hs_chapter;
mod industrial_park;
mod locality;
mod locality_profile;
mod market;
mod mission;
mod multilateral_role;
mod org_unit;
mod organization;
mod organization_bodies;
mod organization_merge;
mod partnership;
mod plan_comment;
mod plan_consultation;
mod priority_submission;
mod product;
mod promotion_asset;
mod region;
mod reporting_period;
mod sector;
mod succession;
mod theme;
mod trade_agreement;
mod utilization_figure;
mod verification;
mod work_area;

use store::sea_orm_migration::MigrationTrait;

/// All of them.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(country::M20261122Country),
        Box::new(locality::M20261122Locality),
        Box::new(region::M20261122Region),
        Box::new(mission::M20261122Mission),
        Box::new(trade_agreement::M20261122TradeAgreement),
        Box::new(agency::M20261122Agency),
        Box::new(organization::M20261122Organization),
        Box::new(theme::M20261122Theme),
        Box::new(succession::M20261122Succession),
        Box::new(directive::M20261122Directive),
        Box::new(action_plan_measure::M20261122ActionPlanMeasure),
        Box::new(organization_bodies::M20261122OrganizationBodies),
        Box::new(organization_merge::M20261122OrganizationMerge),
        Box::new(contact::M20261122Contact),
        Box::new(store::mention::M20261122Mention),
        Box::new(reporting_period::M20261122ReportingPeriod),
        Box::new(locality_profile::M20261122LocalityProfile),
        Box::new(priority_submission::M20261122PrioritySubmission),
        Box::new(focal_point::M20261122FocalPoint),
        Box::new(plan_consultation::M20261122PlanConsultation),
        Box::new(plan_comment::M20261122PlanComment),
        Box::new(work_area::M20261122WorkArea),
        Box::new(hs_chapter::M20261122HsChapter),
        Box::new(sector::M20261122Sector),
        Box::new(award::M20261122Award),
        Box::new(multilateral_role::M20261122MultilateralRole),
        Box::new(fta_commitment::M20261122FtaCommitment),
        Box::new(utilization_figure::M20261122UtilizationFigure),
        Box::new(country_relations::M20261122CountryRelations),
        Box::new(foreign_locality::M20261122ForeignLocality),
        Box::new(partnership::M20261122Partnership),
        Box::new(partnership::M20261122PartnershipActivity),
        Box::new(border_zone::M20261122BorderZone),
        Box::new(verification::M20261122Verification),
        Box::new(verification::M20261122VerificationFile),
        Box::new(industrial_park::M20261122IndustrialPark),
        Box::new(green_standard::M20261122GreenStandard),
        Box::new(green_assessment::M20261122GreenAssessment),
        Box::new(market::M20261122Market),
        Box::new(product::M20261122Product),
        Box::new(promotion_asset::M20261122PromotionAsset),
        Box::new(channel_listing::M20261122ChannelListing),
        Box::new(appointment::M20261122Appointment),
        Box::new(country::M20261122CountryRegion),
        Box::new(org_unit::M20261122OrgUnit),
        Box::new(bulk_transfer::M20261122BulkTransfer),
        Box::new(reporting_period::M20261128ReportingPeriodGate),
    ]
}
