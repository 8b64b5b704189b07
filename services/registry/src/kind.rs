//! The kinds of record that people add and change: the one list from which files, merges and routes are made.

/// Hands the list to a macro: `records => Message`, for each kind that has the standard verbs. A test of the suite finds what the
/// contract has and this list has not.
macro_rules! kinds {
    ($use:ident) => {
        $use! {
            crate::action_plan_measure::ActionPlanMeasures => ActionPlanMeasure,
            crate::agency::Agencies => Agency,
            crate::appointment::Appointments => Appointment,
            crate::award::Awards => Award,
            crate::border_zone::BorderZones => BorderZone,
            crate::channel_listing::ChannelListings => ChannelListing,
            crate::contact::Contacts => Contact,
            crate::country::Countries => Country,
            crate::directive::Directives => Directive,
            crate::focal_point::FocalPoints => FocalPoint,
            crate::foreign_locality::ForeignLocalities => ForeignLocality,
            crate::fta_commitment::FtaCommitments => FtaCommitment,
            crate::green_assessment::GreenAssessments => GreenAssessment,
            crate::green_standard::GreenStandards => GreenStandard,
            crate::industrial_park::IndustrialParks => IndustrialPark,
            crate::locality::Localities => Locality,
            crate::locality_profile::LocalityProfiles => LocalityProfile,
            crate::mission::Missions => Mission,
            crate::multilateral_role::MultilateralRoles => MultilateralRole,
            crate::org_unit::OrgUnits => OrgUnit,
            crate::organization::Organizations => Organization,
            crate::organization::relation::OrganizationRelations => OrganizationRelation,
            crate::partnership::Partnerships => Partnership,
            crate::partnership_activity::PartnershipActivities => PartnershipActivity,
            crate::plan_consultation::PlanConsultations => PlanConsultation,
            crate::product::Products => Product,
            crate::promotion_asset::PromotionAssets => PromotionAsset,
            crate::region::Regions => Region,
            crate::sector::Sectors => Sector,
            crate::theme::Themes => Theme,
            crate::trade_agreement::TradeAgreements => TradeAgreement,
            crate::utilization_figure::UtilizationFigures => UtilizationFigure,
            crate::verification::Verifications => Verification,
            crate::work_area::WorkAreas => WorkArea,
        }
    };
}
pub(crate) use kinds;
