//! Instants and durations as proto3 JSON writes them: RFC 3339 ending in `Z`, and seconds ending in `s`, each with 0, 3, 6 or 9
//! digits of a second.

use std::io::Write;

/// Year 1 to year 9999, in seconds since 1970.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const DURATION_SECONDS_MAX: i64 = 315_576_000_000;
const NANOS_PER_SECOND: i32 = 1_000_000_000;

/// Writes an instant; `None` if it is out of range.
pub fn write_instant(seconds: i64, nanos: i32, out: &mut Vec<u8>) -> Option<()> {
    if !SECONDS.contains(&seconds) || !(0..NANOS_PER_SECOND).contains(&nanos) {
        return None;
    }
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    digits(year, 4, out);
    for (mark, number) in
        [(b'-', month), (b'-', day), (b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        out.push(mark);
        digits(number, 2, out);
    }
    fraction(nanos, out);
    out.push(b'Z');
    Some(())
}

/// Writes a duration; `None` if it is out of range or its two parts have different signs.
pub fn write_duration(seconds: i64, nanos: i32, out: &mut Vec<u8>) -> Option<()> {
    let mixed = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
    if mixed || seconds.unsigned_abs() > DURATION_SECONDS_MAX as u64 || nanos.unsigned_abs() >= NANOS_PER_SECOND as u32
    {
        return None;
    }
    if seconds < 0 || nanos < 0 {
        out.push(b'-');
    }
    write!(out, "{}", seconds.unsigned_abs()).expect("invariant: writing into memory cannot fail");
    fraction(nanos.abs(), out);
    out.push(b's');
    Some(())
}

/// Reads an RFC 3339 instant with `Z` or an offset.
pub fn read_instant(text: &str) -> Option<(i64, i32)> {
    let bytes = text.as_bytes();
    let at = |range: std::ops::Range<usize>| bytes.get(range).and_then(number);
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(index, mark)| bytes.get(*index) != Some(mark)) {
        return None;
    }
    let (year, month, day) = (at(0..4)?, at(5..7)?, at(8..10)?);
    let (hour, minute, second) = (at(11..13)?, at(14..16)?, at(17..19)?);
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_of(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, zone) = read_fraction(&bytes[19..])?;
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
    SECONDS.contains(&seconds).then_some((seconds, nanos))
}

/// Reads a duration: seconds with up to nine digits after the point, and `s`.
pub fn read_duration(text: &str) -> Option<(i64, i32)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
    let seconds = number(rest.as_bytes().get(..whole.min(13))?).filter(|_| whole > 0 && whole < 13)?;
    let (nanos, end) = read_fraction(&rest.as_bytes()[whole..])?;
    if end != b"s" || seconds > DURATION_SECONDS_MAX || (seconds == DURATION_SECONDS_MAX && nanos > 0) {
        return None;
    }
    Some(if negative { (-seconds, -nanos) } else { (seconds, nanos) })
}

fn digits(number: i64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut left = number;
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        left /= 10;
    }
}

fn fraction(nanos: i32, out: &mut Vec<u8>) {
    let (number, width) = match nanos {
        0 => return,
        nanos if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
        nanos if nanos % 1_000 == 0 => (nanos / 1_000, 6),
        nanos => (nanos, 9),
    };
    out.push(b'.');
    digits(i64::from(number), width, out);
}

/// Reads `.123` as nanoseconds, if it is there; answers what follows.
fn read_fraction(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let Some(rest) = bytes.strip_prefix(b".") else { return Some((0, bytes)) };
    let width = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if width == 0 || width > 9 {
        return None;
    }
    let nanos = number(&rest[..width])? * 10i64.pow(9 - width as u32);
    Some((nanos as i32, &rest[width..]))
}

fn offset(zone: &[u8]) -> Option<i64> {
    let sign = match zone {
        b"Z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    if zone.len() != 6 || zone[3] != b':' {
        return None;
    }
    let (hours, minutes) = (number(&zone[1..3])?, number(&zone[4..6])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days since 1970-01-01 as year, month and day, in the proleptic Gregorian calendar: eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * march_month + 2) / 5 + 1)
}

/// The inverse of `civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(seconds: i64, nanos: i32) -> Option<String> {
        let mut out = Vec::new();
        write_instant(seconds, nanos, &mut out)?;
        Some(String::from_utf8(out).expect("ASCII"))
    }

    #[test]
    fn instants_agree_with_a_second_calendar() {
        for seconds in (-62_135_596_800..=253_402_300_799i64).step_by(86_400 * 97 + 12_345) {
            let expected = prost_types::Timestamp { seconds, nanos: 0 }.to_string();
            assert_eq!(instant(seconds, 0).as_deref(), Some(expected.as_str()));
            assert_eq!(read_instant(&expected), Some((seconds, 0)));
        }
    }

    #[test]
    fn digits_of_a_second_come_in_threes() {
        let table = [(0, "Z"), (500_000_000, ".500Z"), (1_000, ".000001Z"), (1, ".000000001Z")];
        for (nanos, end) in table {
            let text = instant(0, nanos).expect("in range");
            assert_eq!(text, format!("1970-01-01T00:00:00{end}"));
            assert_eq!(read_instant(&text), Some((0, nanos)));
        }
    }

    #[test]
    fn offsets_are_read_and_nonsense_is_not() {
        assert_eq!(read_instant("1970-01-01T07:00:00+07:00"), Some((0, 0)));
        assert_eq!(read_instant("1969-12-31T23:30:00.25-00:30"), Some((0, 250_000_000)));
        for text in [
            "",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "0000-01-01T00:00:00Z",
            "2026-01-01T00:00:00+7",
            "2026-01-01t00:00:00Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Zx",
            "0001-01-01T00:00:00+01:00",
        ] {
            assert_eq!(read_instant(text), None, "{text}");
        }
    }

    #[test]
    fn durations_survive_both_ways() {
        for (seconds, nanos, text) in [
            (0, 0, "0s"),
            (1, 500_000_000, "1.500s"),
            (0, -1_000, "-0.000001s"),
            (-3, -1, "-3.000000001s"),
            (315_576_000_000, 0, "315576000000s"),
        ] {
            let mut out = Vec::new();
            write_duration(seconds, nanos, &mut out).expect("in range");
            assert_eq!(out, text.as_bytes());
            assert_eq!(read_duration(text), Some((seconds, nanos)));
        }
        for text in [
            "",
            "s",
            "1",
            "1.s",
            ".5s",
            "1.0000000001s",
            "315576000001s",
            "99999999999999999999s",
            "--1s",
            "1e3s",
            "-s",
        ] {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }
}
