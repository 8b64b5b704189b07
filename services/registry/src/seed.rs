//! Brings the reference data into the database, at every start; a record comes after those that it refers to.

use chassis::error::{Error, Result};
use store::Store;

use crate::action_plan_measure::ActionPlanMeasures;
use crate::agency::Agencies;
use crate::country::Countries;
use crate::data;
use crate::directive::Directives;
use crate::foreign_locality::ForeignLocalities;
use crate::hs_chapter::HsChapters;
use crate::locality::Localities;
use crate::market::Markets;
use crate::mission::Missions;
use crate::multilateral_role::MultilateralRoles;
use crate::org_unit::OrgUnits;
use crate::partnership::Partnerships;
use crate::product::Products;
use crate::promotion_asset::PromotionAssets;
use crate::region::Regions;
use crate::sector::Sectors;
use crate::succession::Successions;
use crate::theme::Themes;
use crate::trade_agreement::TradeAgreements;
use crate::work_area::WorkAreas;

/// Adds what is missing, and brings what nobody has changed up to the files.
pub async fn load(store: &Store) -> Result<()> {
    let localities = data::localities().map_err(Error::internal)?;
    let regions = data::regions(&localities).map_err(Error::internal)?;
    let successions = data::successions(&localities);
    let agencies = data::agencies(&localities).map_err(Error::internal)?;
    let foreign = data::foreign_localities().map_err(Error::internal)?;
    let partnerships = data::partnerships(&localities, &foreign).map_err(Error::internal)?;
    store::seed::<Countries>(store, data::countries().map_err(Error::internal)?).await?;
    store::seed::<Themes>(store, data::themes().map_err(Error::internal)?).await?;
    store::seed::<WorkAreas>(store, data::work_areas().map_err(Error::internal)?).await?;
    store::seed::<Localities>(store, localities).await?;
    store::seed::<Regions>(store, regions).await?;
    store::seed::<Successions>(store, successions).await?;
    store::seed::<Agencies>(store, agencies).await?;
    store::seed::<Missions>(store, data::missions().map_err(Error::internal)?).await?;
    store::seed::<OrgUnits>(store, data::org_units().map_err(Error::internal)?).await?;
    store::seed::<TradeAgreements>(store, data::trade_agreements().map_err(Error::internal)?).await?;
    store::seed::<Directives>(store, data::directives().map_err(Error::internal)?).await?;
    let measures = data::action_plan_measures().map_err(Error::internal)?;
    store::seed::<ActionPlanMeasures>(store, measures).await?;
    store::seed::<MultilateralRoles>(store, data::multilateral_roles().map_err(Error::internal)?).await?;
    store::seed::<Sectors>(store, data::sectors().map_err(Error::internal)?).await?;
    store::seed::<HsChapters>(store, data::hs_chapters().map_err(Error::internal)?).await?;
    store::seed::<ForeignLocalities>(store, foreign).await?;
    store::seed::<Partnerships>(store, partnerships).await?;
    let products = data::products().map_err(Error::internal)?;
    let assets = data::promotion_assets(&products).map_err(Error::internal)?;
    store::seed::<Markets>(store, data::markets().map_err(Error::internal)?).await?;
    store::seed::<Products>(store, products).await?;
    store::seed::<PromotionAssets>(store, assets).await?;
    Ok(())
}
