//! Numbers as files write them: 4.046,5 in Viet Nam, 4,046.5 in English. A style is settled for a whole file, by the cells
//! that can only be read one way; a lone "1.234" never settles anything and is never guessed at.

use std::fmt;

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// 4.046,5
    Comma,
    /// 4,046.5
    Point,
}

impl Style {
    fn decimal(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Point => '.',
        }
    }

    fn grouping(self) -> char {
        match self {
            Self::Comma => '.',
            Self::Point => ',',
        }
    }

    fn with_decimal(mark: char) -> Self {
        if mark == ',' { Self::Comma } else { Self::Point }
    }

    fn with_grouping(mark: char) -> Self {
        if mark == ',' { Self::Point } else { Self::Comma }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comma => "a decimal comma (4.046,5)",
            Self::Point => "a decimal point (4,046.5)",
        })
    }
}

/// What a cell says about the style of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing: no mark in it, or no number at all.
    None,
    /// One mark with three digits after it: thousands or thousandths.
    Either,
    /// It can only be read so.
    Only(Style),
}

/// What a cell says. In a column of counts a mark with three digits after it groups thousands.
pub fn evidence(cell: &str, counts: bool) -> Evidence {
    let (digits, _) = exponent(unsigned(cell));
    let marks: Vec<(usize, char)> = digits.char_indices().filter(|(_, mark)| matches!(mark, '.' | ',')).collect();
    let Some(&(at, last)) = marks.last() else { return Evidence::None };
    if marks.iter().any(|&(_, mark)| mark != last) {
        return Evidence::Only(Style::with_decimal(last));
    }
    if marks.len() > 1 {
        return Evidence::Only(Style::with_grouping(last));
    }
    let (before, after) = (&digits[..at], &digits[at + 1..]);
    let may_group = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    match (may_group, counts) {
        (false, _) => Evidence::Only(Style::with_decimal(last)),
        (true, true) => Evidence::Only(Style::with_grouping(last)),
        (true, false) => Evidence::Either,
    }
}

/// A count: a whole number, not negative.
pub fn count(cell: &str, style: Style) -> Result<i32, String> {
    let (negative, whole, fraction) = split(cell, style)?;
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err(format!("must be a whole number, not {cell}"));
    }
    if negative {
        return Err(format!("must not be negative, and is {cell}"));
    }
    whole.parse().map_err(|_| format!("must be at most {}, and is {cell}", i32::MAX))
}

/// An amount in millions, as millionths: whole dollars, if it is in millions of dollars. Spreadsheets and statistics programs
/// write very small amounts with an exponent (3e-05), which the published tables took over.
pub fn millionths(cell: &str, style: Style) -> Result<i64, String> {
    const MOST: i64 = 10_000_000_000_000;
    let (mantissa, exponent) = exponent(cell.trim());
    let (negative, whole, fraction) = split(mantissa, style)?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    // How many places the digits have to be moved to stand for millionths.
    let places = exponent + 6 - i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let (kept, cut) = match usize::try_from(-places) {
        Ok(finer) => digits.split_at(digits.len().saturating_sub(finer)),
        Err(_) => (digits, ""),
    };
    if cut.bytes().any(|digit| digit != b'0') {
        return Err(format!("must not be finer than one US dollar (six decimals), and is {cell}"));
    }
    let zeros = if kept.is_empty() { 0 } else { usize::try_from(places).unwrap_or_default() };
    let value = match kept.len() + zeros {
        0 => 0,
        1..=18 => format!("{kept}{}", "0".repeat(zeros)).parse().unwrap_or(i64::MAX),
        _ => i64::MAX,
    };
    if value > MOST {
        return Err(format!("must be at most 10 million millions, and is {cell}"));
    }
    Ok(if negative { -value } else { value })
}

/// What stands before an exponent, and the exponent; the whole and 0, where there is none.
fn exponent(digits: &str) -> (&str, i32) {
    let parts = digits.split_once(['e', 'E']);
    let read = parts.and_then(|(mantissa, exponent)| Some((mantissa, exponent.parse::<i16>().ok()?)));
    read.map_or((digits, 0), |(mantissa, exponent)| (mantissa, i32::from(exponent)))
}

/// Without its sign. Both the hyphen and the minus of typography are one.
fn unsigned(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix(['-', '\u{2212}', '+']).unwrap_or(cell)
}

/// Whether it is negative, the digits before the decimal mark, and those after it.
fn split(cell: &str, style: Style) -> Result<(bool, String, &str), String> {
    let refused = || format!("is not a number with {style}: {cell}");
    let digits = unsigned(cell);
    let negative = cell.trim().starts_with(['-', '\u{2212}']);
    let (whole, fraction) = match digits.split_once(style.decimal()) {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(refused()),
        None => (digits, ""),
    };
    let groups: Vec<&str> = whole.split(style.grouping()).collect();
    let grouped =
        groups.len() == 1 || ((1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3));
    let all_digits =
        groups.iter().copied().chain([fraction]).all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if whole.is_empty() || !grouped || !all_digits {
        return Err(refused());
    }
    Ok((negative, groups.concat(), fraction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Evidence::{Either, None as Nothing, Only};
    use Style::{Comma, Point};

    #[test]
    fn cells_that_can_only_be_read_one_way_say_how_the_file_writes_numbers() {
        for (cell, of_capital, of_counts) in [
            ("4.046,5", Only(Comma), Only(Comma)),
            ("4,046.5", Only(Point), Only(Point)),
            ("4,46", Only(Comma), Only(Comma)),
            ("149.6", Only(Point), Only(Point)),
            ("-10,04", Only(Comma), Only(Comma)),
            ("0.234", Only(Point), Only(Point)),
            ("2678.517", Only(Point), Only(Point)),
            ("1.234.567", Only(Comma), Only(Comma)),
            ("1,234,567.89", Only(Point), Only(Point)),
            ("1.234", Either, Only(Comma)),
            ("1,234", Either, Only(Point)),
            ("1234", Nothing, Nothing),
            ("3e-05", Nothing, Nothing),
            ("1,5e-05", Only(Comma), Only(Comma)),
            ("", Nothing, Nothing),
        ] {
            assert_eq!((evidence(cell, false), evidence(cell, true)), (of_capital, of_counts), "{cell}");
        }
    }

    #[test]
    fn amounts_are_exact_to_the_dollar() {
        for (cell, style, expected) in [
            ("4.046,5", Comma, Ok(4_046_500_000)),
            ("4,46", Comma, Ok(4_460_000)),
            ("4,046.5", Point, Ok(4_046_500_000)),
            ("1.234", Comma, Ok(1_234_000_000)),
            ("1.234", Point, Ok(1_234_000)),
            ("-36.1", Point, Ok(-36_100_000)),
            ("\u{2212}8,3", Comma, Ok(-8_300_000)),
            ("0", Point, Ok(0)),
            ("0.000001", Point, Ok(1)),
            ("22757.30000000", Point, Ok(22_757_300_000)),
            ("10000000", Point, Ok(10_000_000_000_000)),
            ("3e-05", Point, Ok(30)),
            ("3e-05", Comma, Ok(30)),
            ("-1,5E-5", Comma, Ok(-15)),
            ("1.5e3", Point, Ok(1_500_000_000)),
            ("0e99", Point, Ok(0)),
        ] {
            assert_eq!(millionths(cell, style), expected, "{cell}");
        }
        for (cell, style) in [
            ("149.6", Comma),
            ("4,46", Point),
            ("12.34.56", Comma),
            ("1.2345.678", Comma),
            (",5", Comma),
            ("5,", Comma),
            ("1 234", Comma),
            ("1e-7", Point),
            ("1e30000", Point),
            ("1e", Point),
            ("e5", Point),
            ("1e99999", Point),
            ("--1", Point),
            ("n/a", Point),
            ("0.0000001", Point),
            ("10000000.000001", Point),
            ("99999999999999999999", Point),
        ] {
            assert!(millionths(cell, style).is_err(), "{cell}");
        }
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        for (cell, style, expected) in
            [("133", Point, Some(133)), ("2.013", Comma, Some(2013)), ("133.0", Point, Some(133))]
        {
            assert_eq!(count(cell, style).ok(), expected, "{cell}");
        }
        for cell in ["1.5", "-1", "4000000000", "x"] {
            assert!(count(cell, Point).is_err(), "{cell}");
        }
    }
}
