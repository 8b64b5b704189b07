//! The kinds of record that are searched, and what is told of each.

use api::Resource as _;
use api::registry::v1::{Directive, SearchHit};
use chassis::error::Result;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use store::sea_orm::EntityName;
use store::{Resource, Store};

use super::rank::Rank;
use super::{Candidate, RANKED_MAX, Sought};
use crate::action_plan_measure::ActionPlanMeasures;
use crate::agency::Agencies;
use crate::award::Awards;
use crate::border_zone::BorderZones;
use crate::country::Countries;
use crate::directive::{Directives, kind_words};
use crate::foreign_locality::ForeignLocalities;
use crate::green_standard::GreenStandards;
use crate::hs_chapter::HsChapters;
use crate::industrial_park::IndustrialParks;
use crate::locality::Localities;
use crate::mission::Missions;
use crate::multilateral_role::MultilateralRoles;
use crate::org_unit::OrgUnits;
use crate::organization::Organizations;
use crate::partnership::Partnerships;
use crate::period::Span;
use crate::plan_consultation::PlanConsultations;
use crate::product::Products;
use crate::promotion_asset::PromotionAssets;
use crate::region::Regions;
use crate::sector::Sectors;
use crate::theme::Themes;
use crate::trade_agreement::TradeAgreements;
use crate::work_area::WorkAreas;

/// Gives the records of a kind that fit, and whether more may.
type Find = for<'a> fn(&'a Store, &'a Sought) -> BoxFuture<'a, Result<(Vec<Candidate>, bool)>>;

/// A kind of record that is searched.
pub struct Kind {
    pub collection: &'static str,
    pub table: fn() -> &'static str,
    pub find: Find,
    pub refill: for<'a> fn(&'a Store) -> BoxFuture<'a, Result<()>>,
}

/// What is told of a record: its name, the one in English, and the first and last day of what it is about.
type Shown<'a> = [&'a str; 4];

trait Searched: Resource {
    /// How well known records of this kind are: the least number the best.
    const FAME: i32;

    fn shown(record: &Self::Message) -> Shown<'_>;

    /// What it is called besides its own names, put together of them.
    fn called(_record: &Self::Message) -> Vec<String> {
        Vec::new()
    }
}

/// Each kind with its fame and what is told of a record.
macro_rules! searched {
    ($($resource:ty: $fame:literal, |$it:ident| $shown:expr $(, called $called:path)?;)*) => {
        $(impl Searched for $resource {
            const FAME: i32 = $fame;

            fn shown($it: &Self::Message) -> Shown<'_> {
                $shown
            }

            $(fn called(record: &Self::Message) -> Vec<String> {
                $called(record)
            })?
        })*

        /// All of them.
        pub static KINDS: &[Kind] = &[$(kind::<$resource>()),*];
    };
}

searched! {
    Countries: 0, |it| [&it.display_name, &it.english_name, "", ""];
    Localities: 0, |it| [&it.display_name, &it.english_name, &it.valid_from, &it.valid_to];
    Regions: 1, |it| [&it.display_name, &it.english_name, "", ""];
    Agencies: 1, |it| [&it.display_name, &it.english_name, &it.valid_from, &it.valid_to];
    Missions: 1, |it| [&it.display_name, &it.english_name, &it.opened_date, &it.closed_date];
    TradeAgreements: 1, |it| [&it.display_name, &it.english_name, "", ""];
    OrgUnits: 1, |it| [&it.display_name, &it.english_name, &it.valid_from, &it.valid_to];
    Directives: 1, |it| [&it.title, &it.english_title, &it.valid_from, &it.valid_to], called act;
    ForeignLocalities: 2, |it| [&it.display_name, &it.english_name, "", ""];
    Partnerships: 2, |it| [&it.display_name, &it.english_name, "", &it.end_date];
    BorderZones: 2, |it| [&it.display_name, &it.english_name, "", ""];
    Themes: 2, |it| [&it.display_name, &it.english_name, "", ""];
    WorkAreas: 2, |it| [&it.display_name, &it.english_name, "", ""];
    Sectors: 2, |it| [&it.display_name, &it.english_name, &it.valid_from, &it.valid_to];
    HsChapters: 2, |it| [&it.display_name, &it.english_name, "", ""];
    Awards: 2, |it| [&it.display_name, &it.english_name, "", ""];
    MultilateralRoles: 2, |it| [&it.display_name, &it.english_name, &it.valid_from, &it.valid_to];
    ActionPlanMeasures: 2, |it| [&it.title, &it.english_title, "", ""];
    PlanConsultations: 2, |it| [&it.title, "", "", ""];
    IndustrialParks: 2, |it| [&it.display_name, &it.english_name, "", ""];
    GreenStandards: 2, |it| [&it.display_name, &it.english_name, &it.valid_from, &it.valid_to];
    Products: 2, |it| [&it.display_name, &it.english_name, "", ""];
    PromotionAssets: 2, |it| [&it.title, "", "", ""];
    Organizations: 3, |it| [&it.display_name, &it.english_name, &it.founded_date, &it.dissolved_date];
}

const fn kind<R: Searched>() -> Kind {
    Kind {
        collection: R::Message::COLLECTION,
        table: || R::Row::default().table_name(),
        find: |store, sought| find::<R>(store, sought).boxed(),
        refill: |store| store::refill::<R>(store).boxed(),
    }
}

/// "Nghị quyết 21/NQ-CP": an act is called by its kind and number.
fn act(directive: &Directive) -> Vec<String> {
    let number = Some(&directive.number).filter(|number| !number.is_empty());
    let kinds = kind_words(directive.kind());
    number.into_iter().flat_map(|number| kinds.iter().map(move |kind| format!("{kind} {number}"))).collect()
}

/// The records of a kind that fit, and whether more may.
async fn find<R: Searched>(store: &Store, sought: &Sought) -> Result<(Vec<Candidate>, bool)> {
    let found = store::search::<R>(store, &sought.scope, &sought.asked, RANKED_MAX).await?;
    let candidates = found.records.into_iter().filter_map(|record| candidate::<R>(record, sought)).collect();
    Ok((candidates, found.more))
}

fn candidate<R: Searched>(mut record: R::Message, sought: &Sought) -> Option<Candidate> {
    R::view(&mut record, &sought.view);
    let [display_name, english_name, valid_from, valid_to] = R::shown(&record);
    let current = Span::of(valid_from, valid_to).contains(&sought.view.as_of.to_string());
    if sought.only_current && !current {
        return None;
    }
    let called = R::called(&record);
    let names: Vec<&str> = R::search_words(&record).into_iter().chain(called.iter().map(String::as_str)).collect();
    let best = sought.query.best(&names);
    let told = best.name == display_name || best.name == english_name;
    let hit = SearchHit {
        name: record.name().to_owned(),
        kind: R::Message::COLLECTION.to_owned(),
        display_name: display_name.to_owned(),
        english_name: english_name.to_owned(),
        matched_name: if told { String::new() } else { best.name.to_owned() },
        fit: best.fit.into(),
        valid_from: valid_from.to_owned(),
        valid_to: valid_to.to_owned(),
        current,
    };
    Some(Candidate { rank: Rank::new(&best, !current, R::FAME, record.name()), hit })
}
