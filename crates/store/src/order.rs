//! In which order a list comes.

use sea_orm::{EntityTrait, IdenStatic};

/// The order of a list: by some columns, then by id, so that it is total and a page can go on where the last one ended.
#[derive(Debug, Clone, Default)]
pub struct Order {
    pub(crate) terms: Vec<(&'static str, Direction)>,
}

/// Which way a column is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}

pub use Direction::{Asc, Desc};

impl Order {
    /// By id alone.
    pub fn by_id() -> Order {
        Order::default()
    }

    /// By this column first. The column must not be nullable: databases disagree where nothing stands.
    pub fn by(column: impl IdenStatic, direction: Direction) -> Order {
        Order::default().then(column, direction)
    }

    /// And then by this one.
    pub fn then(mut self, column: impl IdenStatic, direction: Direction) -> Order {
        self.terms.push((column.as_str(), direction));
        self
    }

    /// The columns of `E`, the id last. The id goes the way of the last column, so that one index serves all.
    pub(crate) fn columns<E: EntityTrait>(&self, id: E::Column) -> Vec<(E::Column, Direction)> {
        let column =
            |name: &str| name.parse::<E::Column>().ok().expect("invariant: an order names the entity's columns");
        let mut columns: Vec<_> = self.terms.iter().map(|(name, direction)| (column(name), *direction)).collect();
        columns.push((id, columns.last().map_or(Asc, |(_, direction)| *direction)));
        columns
    }
}
