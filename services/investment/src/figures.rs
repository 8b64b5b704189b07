//! The figures of a published row that may be summed over rows. Each is kept apart, and not published is not 0.

use api::investment::v1::{FdiFlow, FdiSum};

use crate::money::{dollars, musd};

/// How many figures there are.
pub const COUNT: usize = 8;

/// Their names, which are also their columns: three counts, then amounts.
pub const NAMES: [&str; COUNT] = [
    "projects_new",
    "adjustments",
    "ma_deals",
    "capital_new",
    "capital_adjusted",
    "ma_capital",
    "capital_total",
    "capital_realised",
];

/// A figure summed over rows: its sum (projects, deals or whole dollars), and how many of the rows published it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figure {
    pub sum: i64,
    pub published: i64,
}

impl Figure {
    fn get(self) -> Option<i64> {
        (self.published > 0).then_some(self.sum)
    }
}

/// All figures of some rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many rows.
    pub flows: i64,
    /// In the order of `NAMES`.
    pub values: [Figure; COUNT],
}

impl Figures {
    /// Those of one row. Amounts finer than a dollar were refused before.
    pub fn of(flow: &FdiFlow) -> Self {
        let count = |count: Option<i32>| count.map(i64::from);
        let amount = |amount: Option<f64>| amount.and_then(dollars);
        let published = [
            count(flow.projects_new),
            count(flow.adjustments),
            count(flow.ma_deals),
            amount(flow.capital_new_musd),
            amount(flow.capital_adjusted_musd),
            amount(flow.ma_capital_musd),
            amount(flow.capital_total_musd),
            amount(flow.capital_realised_musd),
        ];
        let figure = |value: Option<i64>| Figure { sum: value.unwrap_or_default(), published: value.is_some().into() };
        Self { flows: 1, values: published.map(figure) }
    }

    /// Adds those of other rows.
    pub fn add(&mut self, other: &Self) {
        self.merge(other, 1);
    }

    /// Takes away those of rows that were added before.
    pub fn subtract(&mut self, other: &Self) {
        self.merge(other, -1);
    }

    fn merge(&mut self, other: &Self, sign: i64) {
        self.flows += sign * other.flows;
        for (mine, theirs) in self.values.iter_mut().zip(&other.values) {
            mine.sum += sign * theirs.sum;
            mine.published += sign * theirs.published;
        }
    }

    /// Whether adding them changes nothing.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// Registered capital in all, in whole dollars; the least there is where none was published, for sorting.
    pub fn capital_total(&self) -> i64 {
        self.values[6].get().unwrap_or(i64::MIN)
    }

    /// As a row of an answer.
    pub fn sum(&self, year: i32, subject: String, display_name: String) -> FdiSum {
        let count = |figure: usize| self.values[figure].get().map(|count| i32::try_from(count).unwrap_or(i32::MAX));
        let amount = |figure: usize| self.values[figure].get().map(musd);
        FdiSum {
            year,
            subject,
            display_name,
            flows: i32::try_from(self.flows).unwrap_or(i32::MAX),
            projects_new: count(0),
            adjustments: count(1),
            ma_deals: count(2),
            capital_new_musd: amount(3),
            capital_adjusted_musd: amount(4),
            ma_capital_musd: amount(5),
            capital_total_musd: amount(6),
            capital_realised_musd: amount(7),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(capital_new: Option<f64>, total: Option<f64>) -> FdiFlow {
        FdiFlow { capital_new_musd: capital_new, capital_total_musd: total, ..FdiFlow::default() }
    }

    #[test]
    fn a_figure_that_no_row_published_is_absent_and_not_zero() {
        let mut figures = Figures::of(&flow(None, Some(1.5)));
        figures.add(&Figures::of(&flow(None, Some(-0.5))));
        let sum = figures.sum(2016, String::new(), String::new());
        assert_eq!((sum.flows, sum.capital_new_musd, sum.capital_total_musd), (2, None, Some(1.0)));
    }

    #[test]
    fn a_published_zero_is_a_zero() {
        assert_eq!(
            Figures::of(&flow(Some(0.0), None)).sum(0, String::new(), String::new()).capital_new_musd,
            Some(0.0)
        );
    }

    #[test]
    fn what_was_added_can_be_taken_away_without_a_trace() {
        let (one, two) = (Figures::of(&flow(Some(0.1), Some(0.3))), Figures::of(&flow(None, Some(0.6))));
        let mut figures = one;
        figures.add(&two);
        figures.subtract(&one);
        assert_eq!(figures, two);
        figures.subtract(&two);
        assert!(figures.is_zero());
    }
}
