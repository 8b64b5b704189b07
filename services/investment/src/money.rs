//! Amounts: millions of US dollars in the contract, whole dollars in the database, so that sums are exact.

const DOLLARS_A_MILLION: f64 = 1_000_000.0;

/// How far a product with a million may be from a whole number through binary rounding alone. Amounts are bounded by the
/// contract at 10^13 dollars, where neighbouring doubles are 0.002 apart.
const ROUNDING: f64 = 0.005;

/// Whole dollars; none if the amount is finer than one dollar.
pub fn dollars(musd: f64) -> Option<i64> {
    let exact = musd * DOLLARS_A_MILLION;
    let whole = exact.round();
    ((exact - whole).abs() < ROUNDING).then_some(whole as i64)
}

/// Millions of dollars.
pub fn musd(dollars: i64) -> f64 {
    dollars as f64 / DOLLARS_A_MILLION
}

/// What is wrong with a range of capital, with the field.
pub fn range_fault(min: Option<f64>, max: Option<f64>) -> Option<(&'static str, &'static str)> {
    let upside_down = min.zip(max).is_some_and(|(min, max)| min > max);
    upside_down.then_some(("capital_max_musd", "must not be less than capital_min_musd"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_amounts_come_back_as_they_were() {
        for amount in
            [0.0, 0.04, -8.3, 149.6, 2_678.517, 4_046.5, 22_757.303, 0.000_001, -9_999_999.999_999, 10_000_000.0]
        {
            assert_eq!(dollars(amount).map(musd), Some(amount), "{amount}");
        }
    }

    #[test]
    fn nothing_finer_than_a_dollar_is_an_amount() {
        for amount in [0.000_000_1, 1.234_567_8, -0.000_000_5] {
            assert_eq!(dollars(amount), None, "{amount}");
        }
    }
}
