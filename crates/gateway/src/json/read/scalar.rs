//! Requests: one value of a kind, from JSON, from a query parameter or from a path.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::text::is_number;
use crate::json::plan::{EnumPlan, Plans, ValueKind};
use crate::json::wire;

/// A value as it was given.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// A JSON string.
    Text(&'a str),
    /// A JSON number.
    Number(&'a str),
    /// A JSON truth value.
    Truth(bool),
    /// Out of an address, where everything is text.
    Address(&'a str),
}

/// Appends the value, without tag; says what it must be if it is not.
pub fn put(plans: &Plans, kind: ValueKind, given: Given, out: &mut Vec<u8>) -> Result<(), String> {
    match kind {
        ValueKind::String => put_text(text(given).ok_or("must be a string")?.as_bytes(), out),
        ValueKind::Bytes => put_text(&base64(given)?, out),
        ValueKind::Bool => out.push(u8::from(truth(given)?)),
        ValueKind::Enum(id) => wire::put_varint(out, enumeration(plans.enumeration(id), given)? as i64 as u64),
        ValueKind::Int32 => wire::put_varint(out, integer::<i32>(given)? as i64 as u64),
        ValueKind::Int64 => wire::put_varint(out, integer::<i64>(given)? as u64),
        ValueKind::Uint32 => wire::put_varint(out, u64::from(integer::<u32>(given)?)),
        ValueKind::Uint64 => wire::put_varint(out, integer::<u64>(given)?),
        ValueKind::Sint32 => wire::put_varint(out, zigzag(i64::from(integer::<i32>(given)?))),
        ValueKind::Sint64 => wire::put_varint(out, zigzag(integer::<i64>(given)?)),
        ValueKind::Fixed32 => out.extend_from_slice(&integer::<u32>(given)?.to_le_bytes()),
        ValueKind::Fixed64 => out.extend_from_slice(&integer::<u64>(given)?.to_le_bytes()),
        ValueKind::Sfixed32 => out.extend_from_slice(&integer::<i32>(given)?.to_le_bytes()),
        ValueKind::Sfixed64 => out.extend_from_slice(&integer::<i64>(given)?.to_le_bytes()),
        ValueKind::Double => out.extend_from_slice(&double(given)?.to_le_bytes()),
        ValueKind::Float => out.extend_from_slice(&float(given)?.to_le_bytes()),
        ValueKind::Message(_) => return Err("must be an object".into()),
    }
    Ok(())
}

fn put_text(bytes: &[u8], out: &mut Vec<u8>) {
    wire::put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn text(given: Given<'_>) -> Option<&str> {
    match given {
        Given::Text(text) | Given::Address(text) => Some(text),
        _ => None,
    }
}

fn truth(given: Given) -> Result<bool, String> {
    match given {
        Given::Truth(truth) => Ok(truth),
        Given::Address("true") => Ok(true),
        Given::Address("false") => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

fn enumeration(plan: &EnumPlan, given: Given) -> Result<i32, String> {
    let by_number = |text: &str| whole(text)?.try_into().ok().filter(|number| plan.name_of(*number).is_some());
    let number = match given {
        Given::Text(name) => plan.number_of(name),
        Given::Number(text) => by_number(text),
        Given::Address(text) => plan.number_of(text).or_else(|| by_number(text)),
        Given::Truth(_) => None,
    };
    number.ok_or_else(|| format!("must be one of {}", names(plan)))
}

/// The names that one may use; the zero value, which stands for none, is left out.
fn names(plan: &EnumPlan) -> String {
    let named: Vec<&str> = plan.values.iter().filter(|(_, number)| *number != 0).map(|(name, _)| &**name).collect();
    match named.split_at_checked(NAMES_MAX) {
        Some((some, rest)) if !rest.is_empty() => {
            format!("{} and {} others of {}", some.join(", "), rest.len(), plan.name)
        }
        _ => named.join(", "),
    }
}

const NAMES_MAX: usize = 30;

/// Integers that the wire has.
trait Integer: TryFrom<i128> + std::fmt::Display {
    const MIN: Self;
    const MAX: Self;
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl Integer for $kind {
            const MIN: Self = <$kind>::MIN;
            const MAX: Self = <$kind>::MAX;
        }
    )*};
}

integers!(i32, i64, u32, u64);

fn integer<I: Integer>(given: Given) -> Result<I, String> {
    let number = match given {
        Given::Number(text) | Given::Text(text) | Given::Address(text) => whole(text),
        Given::Truth(_) => None,
    };
    let number = number.and_then(|number| I::try_from(number).ok());
    number.ok_or_else(|| format!("must be a whole number from {} to {}", I::MIN, I::MAX))
}

/// The whole number that `text` writes, also as `1.0` or `1e3`.
fn whole(text: &str) -> Option<i128> {
    if !is_number(text) {
        return None;
    }
    if !text.contains(['.', 'e', 'E']) {
        return text.parse().ok();
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{after}");
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches(['-', '0']).is_empty() {
        return Some(0);
    }
    let zeros = exponent.checked_sub(after.len() as i64)?.checked_add((digits.len() - significant.len()) as i64)?;
    let zeros = u32::try_from(zeros).ok().filter(|zeros| *zeros < 30)?;
    significant.parse::<i128>().ok()?.checked_mul(10i128.pow(zeros))
}

fn double(given: Given) -> Result<f64, String> {
    real(given, str::parse::<f64>, f64::is_finite, [f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
}

fn float(given: Given) -> Result<f32, String> {
    real(given, str::parse::<f32>, f32::is_finite, [f32::NAN, f32::INFINITY, f32::NEG_INFINITY])
}

fn real<F: Copy, E>(
    given: Given,
    parse: impl Fn(&str) -> Result<F, E>,
    finite: impl Fn(F) -> bool,
    special: [F; 3],
) -> Result<F, String> {
    let number = match given {
        Given::Text("NaN") | Given::Address("NaN") => Some(special[0]),
        Given::Text("Infinity") | Given::Address("Infinity") => Some(special[1]),
        Given::Text("-Infinity") | Given::Address("-Infinity") => Some(special[2]),
        Given::Text(text) | Given::Address(text) if !is_number(text) => None,
        Given::Number(text) | Given::Text(text) | Given::Address(text) => {
            parse(text).ok().filter(|number| finite(*number))
        }
        Given::Truth(_) => None,
    };
    number.ok_or_else(|| "must be a number within the range of its kind".into())
}

fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(false);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Base64 of either alphabet, with or without padding.
fn base64(given: Given) -> Result<Vec<u8>, String> {
    let text = text(given).ok_or("must be a string of base64")?;
    let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    engine.decode(text).map_err(|_| "must be base64".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_exact_however_they_are_written() {
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0e9", 0),
            ("12.0", 12),
            ("1.5e1", 15),
            ("120e-1", 12),
            ("-2E3", -2000),
            ("9223372036854775807", i128::from(i64::MAX)),
            ("18446744073709551615", i128::from(u64::MAX)),
            ("0e999999999", 0),
        ] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in
            ["", "1.5", "1e-1", "1e999999999999999999999", "1e40", "01", "+1", " 1", "1 ", "0x1", "1_000", "NaN"]
        {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn base64_is_read_in_each_of_its_spellings() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(base64(Given::Text(text)), Ok(vec![0xfb, 0xff]), "{text}");
        }
        for text in ["+/9=", "a", "+_8=", "a b="] {
            assert!(base64(Given::Text(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_beyond_their_kind_are_refused() {
        assert!(double(Given::Number("1e400")).is_err());
        assert!(float(Given::Number("1e39")).is_err());
        assert_eq!(float(Given::Number("1e38")), Ok(1e38));
        assert!(integer::<i32>(Given::Number("2147483648")).is_err());
        assert_eq!(integer::<u64>(Given::Text("18446744073709551615")), Ok(u64::MAX));
    }
}
