//! Industrial parks, economic zones and high-tech parks.

use std::collections::BTreeSet;

use api::registry::v1::industrial_park_service_server::IndustrialParkService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Reader, Scope, Store, Tx, View};

use crate::locality::{Localities, holder};
use crate::organization::Organizations;
use crate::reference;

store::entity!(row, "industrial_park", { kind: i32, locality: String });

/// The industrial parks.
pub struct IndustrialParks {
    store: Store,
}

impl IndustrialParks {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for IndustrialParks {
    type Message = IndustrialPark;
    type List = ListIndustrialParksRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(park: &IndustrialPark, row: &mut row::ActiveModel) {
        row.kind = Set(park.kind);
        row.locality = Set(park.locality.clone());
    }

    fn filter(list: &ListIndustrialParksRequest, view: &View) -> Condition {
        use row::Column;
        let mut wanted = Condition::all();
        if list.kind != industrial_park::Kind::Unspecified as i32 {
            wanted = wanted.add(Column::Kind.eq(list.kind));
        }
        if !list.locality.is_empty() {
            wanted = wanted.add(holder::lies_in(Column::Locality, &list.locality, &view.as_of.to_string()));
        }
        wanted
    }

    fn search_words(park: &IndustrialPark) -> Vec<&str> {
        let names = [&park.display_name, &park.english_name].into_iter().chain(&park.other_names);
        names.map(String::as_str).collect()
    }

    async fn prepare(tx: &Tx, before: Option<&IndustrialPark>, after: &mut IndustrialPark) -> Result<()> {
        // Told on reading only.
        after.present_locality.clear();
        show(after, "");
        check_land(after, &tx.today().to_string())?;
        let units = reference::new([&after.locality], before.map(|park| &park.locality));
        reference::check::<Localities>(tx, "industrial_park.locality", units).await?;
        let developers = reference::new([&after.developer], before.map(|park| &park.developer));
        reference::check::<Organizations>(tx, "industrial_park.developer", developers).await?;
        let board = before.map_or("", |park| &park.management_board);
        reference::check_body(tx, "industrial_park.management_board", &after.management_board, board).await
    }

    fn view(park: &mut IndustrialPark, view: &View) {
        show(park, &view.as_of.to_string());
    }

    async fn complete(from: &(impl Reader + Sync), _: &Scope, view: &View, parks: &mut [IndustrialPark]) -> Result<()> {
        let holders = holder::holders(from, &view.as_of.to_string()).await?;
        for park in parks {
            park.present_locality = holders.of(&park.locality);
        }
        Ok(())
    }
}

/// Sets the occupancy to that of the latest day up to this one.
fn show(park: &mut IndustrialPark, day: &str) {
    let known = park.occupancies.iter().filter(|it| it.date.as_str() <= day);
    let (percent, date) = match known.max_by(|a, b| a.date.cmp(&b.date)) {
        Some(latest) => (latest.percent, latest.date.clone()),
        None => (None, String::new()),
    };
    park.occupancy_percent = percent;
    park.occupancy_date = date;
}

/// Refuses more leasable land than there is, and occupancies that contradict each other or are not known yet.
fn check_land(park: &IndustrialPark, today: &str) -> Result<()> {
    if park.area_ha > 0.0 && park.leasable_area_ha > park.area_ha {
        return Err(Error::invalid("industrial_park.leasable_area_ha", "must not be more than area_ha"));
    }
    let mut days = BTreeSet::new();
    for (at, occupancy) in park.occupancies.iter().enumerate() {
        let field = format!("industrial_park.occupancies[{at}].date");
        if occupancy.date.as_str() > today {
            return Err(Error::invalid(field, "must not be in the future"));
        }
        if !days.insert(&occupancy.date) {
            return Err(Error::invalid(field, "is given for another occupancy already"));
        }
    }
    Ok(())
}

store::serve!(IndustrialParkService for IndustrialParks, industrial_park, industrial_parks);

#[cfg(test)]
mod tests {
    use super::*;

    fn park(occupancies: &[(&str, f64)]) -> IndustrialPark {
        let at = |(date, percent): &(&str, f64)| ParkOccupancy {
            date: (*date).into(),
            percent: Some(*percent),
            ..ParkOccupancy::default()
        };
        IndustrialPark { occupancies: occupancies.iter().map(at).collect(), ..IndustrialPark::default() }
    }

    #[test]
    fn the_occupancy_is_that_of_the_latest_day_up_to_the_one_asked_for() {
        let mut park = park(&[("2024-12-31", 62.0), ("2023-12-31", 0.0), ("2025-12-31", 71.5)]);
        for (day, percent, date) in [
            ("2023-12-30", None, ""),
            ("2023-12-31", Some(0.0), "2023-12-31"),
            ("2025-06-30", Some(62.0), "2024-12-31"),
            ("2026-01-01", Some(71.5), "2025-12-31"),
        ] {
            show(&mut park, day);
            assert_eq!((park.occupancy_percent, park.occupancy_date.as_str()), (percent, date), "{day}");
        }
    }

    #[test]
    fn occupancies_are_of_different_days_that_have_come() {
        for (occupancies, good) in [
            (&[("2024-12-31", 62.0), ("2025-12-31", 71.5)][..], true),
            (&[("2024-12-31", 62.0), ("2024-12-31", 71.5)], false),
            (&[("2026-01-02", 62.0)], false),
        ] {
            assert_eq!(check_land(&park(occupancies), "2026-01-01").is_ok(), good, "{occupancies:?}");
        }
        let land = IndustrialPark { area_ha: 100.0, leasable_area_ha: 100.5, ..IndustrialPark::default() };
        assert!(check_land(&land, "2026-01-01").is_err());
    }
}
