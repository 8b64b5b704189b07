//! Sections of the standard industrial classification, in its versions.

mod conversion;
pub mod notation;

use api::registry::v1::sector_service_server::SectorService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Reply, Store, Tx, View};
use tonic::{Request, Response};

use self::conversion::{Found, Way};
use self::notation::{Notation, is_version};
use crate::child::{self, child, position};
use crate::period::last_day;
use crate::{reference, visible};

store::entity!(row, "sector", { classification: String, valid_from: String, valid_to: String, parent: String });
child!(successor_row, "sector_successor", { successor: String, part: String });

/// The sections.
pub struct Sectors {
    store: Store,
}

impl Sectors {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Sectors {
    type Message = Sector;
    type List = ListSectorsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(sector: &Sector, row: &mut row::ActiveModel) {
        row.classification = Set(sector.version.clone());
        row.valid_from = Set(sector.valid_from.clone());
        row.valid_to = Set(last_day(&sector.valid_to));
        row.parent = Set(sector.parent.clone());
    }

    fn filter(list: &ListSectorsRequest, view: &View) -> Condition {
        let mut wanted = Condition::all();
        if !list.version.is_empty() {
            wanted = wanted.add(row::Column::Classification.eq(list.version.as_str()));
        }
        let unnamed = list.version.is_empty() && list.parent.is_empty();
        if unnamed || !list.as_of.is_empty() {
            wanted = wanted.add(in_force(&view.as_of.to_string()));
        }
        if !list.parent.is_empty() {
            let parent = Notation::parse(&list.parent).map_or_else(|| list.parent.clone(), |parent| parent.name());
            wanted = wanted.add(row::Column::Parent.eq(parent));
        }
        wanted
    }

    fn search_words(sector: &Sector) -> Vec<&str> {
        vec![&sector.display_name, &sector.english_name, &sector.version, &sector.code]
    }

    async fn prepare(tx: &Tx, before: Option<&Sector>, after: &mut Sector) -> Result<()> {
        let known = before.into_iter().flat_map(|sector| &sector.successors).map(|it| &it.sector);
        let successors = reference::new(after.successors.iter().map(|it| &it.sector), known);
        reference::check::<Self>(tx, "sector.successors.sector", successors).await?;
        let parents = reference::new([&after.parent], before.map(|sector| &sector.parent));
        reference::check::<Self>(tx, "sector.parent", parents).await?;
        check(after).map_err(|why| Error::of(SectorFailure::SectorContradicts).with("why", why))
    }

    async fn index(tx: &Tx, sector: &Sector) -> Result<()> {
        let part = |(at, it): (usize, &SectorSuccessor)| successor_row::Model {
            parent: own(sector).id(),
            position: position(at),
            successor: Notation::parse(&it.sector).map(|notation| notation.id()).unwrap_or_default(),
            part: it.part.clone(),
        };
        let parts = sector.successors.iter().enumerate().map(part).collect();
        child::replace::<successor_row::Entity>(tx, &own(sector).id(), parts).await.map_err(store::database)
    }

    fn view(sector: &mut Sector, _: &View) {
        sector.notation = own(sector).to_string();
    }

    fn new_id(sector: &Sector) -> Result<String> {
        Ok(own(sector).id())
    }
}

fn own(sector: &Sector) -> Notation {
    Notation { version: sector.version.clone(), code: sector.code.clone() }
}

fn in_force(day: &str) -> Condition {
    Condition::all().add(row::Column::ValidFrom.lte(day)).add(row::Column::ValidTo.gte(day))
}

/// Says what contradicts itself: days in the wrong order, a parent of another version or level, a successor of the same version
/// or named twice.
fn check(sector: &Sector) -> Result<(), String> {
    if !sector.valid_to.is_empty() && sector.valid_to < sector.valid_from {
        return Err(format!("it ends on {} before it begins on {}", sector.valid_to, sector.valid_from));
    }
    let lettered = sector.code.starts_with(|first: char| first.is_ascii_uppercase());
    if lettered && !sector.parent.is_empty() {
        return Err("a section is a part of none".to_owned());
    }
    if let Some(parent) = Notation::parse(&sector.parent) {
        let above = parent.code.len() < sector.code.len();
        let within =
            sector.code.starts_with(&parent.code) || parent.code.starts_with(|first: char| first.is_ascii_uppercase());
        if parent.version != sector.version || !above || !within {
            return Err(format!("{} is no part of {parent}", own(sector)));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for successor in &sector.successors {
        let same = Notation::parse(&successor.sector).is_some_and(|it| it.version == sector.version);
        if same {
            return Err(format!("{} is of the same version", successor.sector));
        }
        if !seen.insert(&successor.sector) {
            return Err(format!("{} stands twice", successor.sector));
        }
    }
    Ok(())
}

/// A version and the first day on which it is in force.
type Version = (String, String);

impl Sectors {
    /// All versions, the oldest first.
    async fn versions(&self, scope: &store::Scope) -> Result<Vec<Version>> {
        let versions: Vec<Version> = row::Entity::find()
            .select_only()
            .column(row::Column::Classification)
            .column_as(row::Column::ValidFrom.min(), "first")
            .filter(row::Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
            .group_by(row::Column::Classification)
            .order_by_asc(row::Column::ValidFrom.min())
            .into_tuple()
            .all(self.store.read())
            .await
            .map_err(store::database)?;
        Ok(versions)
    }

    /// The version in force on a day.
    async fn version_on(&self, scope: &store::Scope, day: &str) -> Result<String> {
        let found: Option<String> = row::Entity::find()
            .select_only()
            .column(row::Column::Classification)
            .filter(in_force(day))
            .filter(row::Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
            .order_by_desc(row::Column::ValidFrom)
            .limit(1)
            .into_tuple()
            .one(self.store.read())
            .await
            .map_err(store::database)?;
        found.ok_or_else(|| Error::invalid("as_of", format!("no version is recorded that is in force on {day}")))
    }

    /// The section that is meant; the error names the field and says what there is.
    async fn meant(&self, scope: &store::Scope, versions: &[Version], written: &str, view: &View) -> Result<Sector> {
        let why = format!("{written:?} is no section: a version and a code are wanted, such as VSIC2018/J");
        let notation = Notation::parse(written).ok_or_else(|| Error::invalid("from", why))?;
        known(versions, "from", &notation.version)?;
        match visible::get::<Self>(&self.store, scope, &notation.name(), view).await {
            Err(error) if error.is(api::options::v1::Failure::NotFound) => {
                let why = format!("{} has no section {}", notation.version, notation.code);
                Err(Error::invalid("from", why))
            }
            found => found,
        }
    }
}

/// The first day of a version; refuses one that nobody has recorded.
fn known<'a>(versions: &'a [Version], field: &str, version: &str) -> Result<&'a str> {
    let found = versions.iter().find(|(known, _)| known == version);
    found.map(|(_, first)| first.as_str()).ok_or_else(|| {
        let all: Vec<&str> = versions.iter().map(|(version, _)| version.as_str()).collect();
        Error::invalid(field, format!("there is no version {version:?}; there are {}", all.join(", ")))
    })
}

fn told(sector: Sector, found: Found) -> SectorConversion {
    SectorConversion {
        notation: sector.notation,
        sector: sector.name,
        display_name: sector.display_name,
        english_name: sector.english_name,
        coverage: found.coverage as i32,
        part: found.part,
    }
}

store::serve!(SectorService for Sectors, sector, sectors, {
    async fn convert_sector(&self, request: Request<ConvertSectorRequest>) -> Reply<ConvertSectorResponse> {
        let scope = visible::scope(&request);
        let asked = request.into_inner();
        let view = visible::view(&self.store, &asked.as_of)?;
        let versions = self.versions(&scope).await?;
        let from = self.meant(&scope, &versions, &asked.from, &view).await?;
        let to = match asked.to.trim().to_uppercase() {
            none if none.is_empty() => self.version_on(&scope, &view.as_of.to_string()).await?,
            version if is_version(&version) => version,
            _ => return Err(Error::invalid("to", "must be a version, such as VSIC2025").into()),
        };
        let (first, last) = (known(&versions, "from", &from.version)?, known(&versions, "to", &to)?);
        let found = match (from.version == to, first < last) {
            (true, _) => vec![Found { id: own(&from).id(), coverage: sector_conversion::Coverage::Same, part: String::new() }],
            (false, true) => conversion::convert(&self.store, &scope, &own(&from), &to, Way::Forward).await?,
            (false, false) => conversion::convert(&self.store, &scope, &own(&from), &to, Way::Back).await?,
        };
        let mut sectors = Vec::new();
        for found in found {
            let sector = visible::get::<Self>(&self.store, &scope, &format!("sectors/{}", found.id), &view).await?;
            sectors.push(told(sector, found));
        }
        Ok(Response::new(ConvertSectorResponse { from: Some(from), to, sectors }))
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    fn sector(version: &str, code: &str) -> Sector {
        let (version, code) = (version.to_owned(), code.to_owned());
        Sector { version, code, valid_from: "2018-08-20".into(), ..Sector::default() }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let successor = |name: &str| SectorSuccessor { sector: name.into(), ..SectorSuccessor::default() };
        let letter = sector("VSIC2018", "J");
        assert_eq!(check(&letter), Ok(()));
        assert_eq!(check(&Sector { parent: "sectors/VSIC2018-J".into(), ..sector("VSIC2018", "62") }), Ok(()));
        assert_eq!(check(&Sector { parent: "sectors/VSIC2018-62".into(), ..sector("VSIC2018", "620") }), Ok(()));
        for (broken, word) in [
            (Sector { valid_to: "2018-08-19".into(), ..letter.clone() }, "before it begins"),
            (Sector { parent: "sectors/VSIC2018-A".into(), ..letter.clone() }, "part of none"),
            (Sector { parent: "sectors/VSIC2025-J".into(), ..sector("VSIC2018", "62") }, "no part"),
            (Sector { parent: "sectors/VSIC2018-62".into(), ..sector("VSIC2018", "631") }, "no part"),
            (Sector { parent: "sectors/VSIC2018-631".into(), ..sector("VSIC2018", "63") }, "no part"),
            (Sector { successors: vec![successor("sectors/VSIC2018-K")], ..letter.clone() }, "same version"),
            (Sector { successors: vec![successor("sectors/VSIC2025-K"); 2], ..letter.clone() }, "twice"),
        ] {
            let why = check(&broken).expect_err(word);
            assert!(why.contains(word), "{why}");
        }
    }
}
