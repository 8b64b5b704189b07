//! Cells and the values of fields: numbers and days as Viet Nam writes them, where they can be read one way only. Pure.

use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, Value};
use unicode_normalization::UnicodeNormalization;

use super::path::is_moment;
use super::sheet::Cell;

/// What stands between the items of a list in one cell.
pub const BETWEEN: char = ';';

/// Beyond this, spreadsheets round whole numbers.
const EXACT_MAX: f64 = 999_999_999_999_999.0;

const YES: [&str; 6] = ["yes", "true", "có", "1", "x", "y"];
const NO: [&str; 5] = ["no", "false", "không", "0", "n"];

/// The value of a cell for a field; none for an empty cell. The error says what is wrong with it.
pub fn read(cell: &Cell, field: &FieldDescriptor, whole_list: bool) -> Result<Option<Value>, String> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Text(text) if whole_list => {
            let items = text.split(BETWEEN).map(str::trim).filter(|item| !item.is_empty());
            let items = items.map(|item| one(&Cell::Text(item.to_owned()), field)).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(Value::List(items)))
        }
        cell if whole_list => Ok(Some(Value::List(vec![one(cell, field)?]))),
        cell => one(cell, field).map(Some),
    }
}

fn one(cell: &Cell, field: &FieldDescriptor) -> Result<Value, String> {
    match field.kind() {
        Kind::String => Ok(Value::String(text(cell, &format(field))?)),
        Kind::Bool => flag(cell).map(Value::Bool),
        Kind::Enum(values) => choice(cell, &values).map(Value::EnumNumber),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            let number = whole(cell)?;
            i32::try_from(number).map(Value::I32).map_err(|_| format!("must be at most {}", i32::MAX))
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => whole(cell).map(Value::I64),
        Kind::Double => number(cell).map(Value::F64),
        Kind::Message(moment) if is_moment(&moment) => instant(cell).map(|it| {
            let mut message = DynamicMessage::new(moment);
            message.set_field_by_name("seconds", Value::I64(it.timestamp()));
            Value::Message(message)
        }),
        _ => Err("cannot be given in a file".to_owned()),
    }
}

fn format(field: &FieldDescriptor) -> String {
    let format = api::option(&field.options(), "ngkt.options.v1.format").and_then(|value| value.as_enum_number());
    let format = format.and_then(|number| api::options::v1::Format::try_from(number).ok()).unwrap_or_default();
    format.as_str_name().to_owned()
}

fn text(cell: &Cell, format: &str) -> Result<String, String> {
    let written = match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.nfc().collect(),
        Cell::Day(day) => day.clone(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Number(number) if number.fract() == 0.0 && number.abs() <= EXACT_MAX => format!("{number:.0}"),
        Cell::Number(number) if number.fract() == 0.0 => {
            return Err("is a number of more than 15 digits, which spreadsheets round; make the cell a text".to_owned());
        }
        Cell::Number(number) => number.to_string(),
    };
    match format {
        "DATE" | "PARTIAL_DATE" => Ok(date(&written)),
        _ => Ok(written),
    }
}

/// A day as we write it: 1/7/2025 and 01-07-2025 are 2025-07-01, 7/2025 is 2025-07. What is no such day stays as it is, and the
/// rules of the field say what is wrong with it.
fn date(text: &str) -> String {
    let parts: Vec<&str> = text.split(['/', '-', '.']).map(str::trim).collect();
    let digits = |part: &&str, most: usize| {
        !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match parts.as_slice() {
        [day, month, year] if digits(day, 2) && digits(month, 2) && year.len() == 4 && digits(year, 4) => {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        [month, year] if digits(month, 2) && year.len() == 4 && digits(year, 4) => format!("{year}-{month:0>2}"),
        _ => text.to_owned(),
    }
}

fn instant(cell: &Cell) -> Result<chrono::DateTime<chrono::Utc>, String> {
    let text = text(cell, "DATE")?;
    let midnight = || text.parse::<chrono::NaiveDate>().ok().map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
    let read = chrono::DateTime::parse_from_rfc3339(&text).ok().map(|it| it.to_utc()).or_else(midnight);
    read.ok_or_else(|| "must be an instant such as 2026-01-10T09:30:00Z".to_owned())
}

fn flag(cell: &Cell) -> Result<bool, String> {
    let word = match cell {
        Cell::Flag(flag) => return Ok(*flag),
        cell => text(cell, "")?.to_lowercase(),
    };
    match word.as_str() {
        word if YES.contains(&word) => Ok(true),
        word if NO.contains(&word) => Ok(false),
        _ => Err("must be yes or no".to_owned()),
    }
}

fn choice(cell: &Cell, of: &EnumDescriptor) -> Result<i32, String> {
    let word = text(cell, "")?;
    let wanted = word.trim().to_uppercase().replace([' ', '-'], "_");
    let found = of.values().find(|value| value.name() == wanted);
    found.map(|value| value.number()).ok_or_else(|| format!("must be one of {}, and is {word}", choices(of).join(", ")))
}

/// The names that a cell of this enum may hold.
pub fn choices(of: &EnumDescriptor) -> Vec<String> {
    of.values().filter(|value| value.number() != 0).map(|value| value.name().to_owned()).collect()
}

fn whole(cell: &Cell) -> Result<i64, String> {
    let number = match cell {
        Cell::Number(number) => *number,
        // A lone mark before three digits can only group in a whole number.
        cell => decimal(&text(cell, "")?, true)?,
    };
    if number.fract() != 0.0 || number.abs() > EXACT_MAX {
        return Err(format!("must be a whole number, and is {number}"));
    }
    Ok(number as i64)
}

fn number(cell: &Cell) -> Result<f64, String> {
    match cell {
        Cell::Number(number) => Ok(*number),
        cell => decimal(&text(cell, "")?, false),
    }
}

/// A number as Viet Nam (4.046,5) or English (4,046.5) writes it, where it can be read one way only.
fn decimal(text: &str, groups_only: bool) -> Result<f64, String> {
    let refused = || format!("is not a number: {text}");
    let bare: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let bare = bare.replace('\u{2212}', "-");
    let (sign, digits) = match bare.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, bare.strip_prefix('+').unwrap_or(&bare)),
    };
    let marks: Vec<(usize, char)> = digits.char_indices().filter(|(_, mark)| matches!(mark, '.' | ',')).collect();
    let several_kinds = marks.iter().any(|(_, mark)| *mark != marks[0].1);
    let point = match marks.as_slice() {
        [] => None,
        [.., (at, _)] if several_kinds => Some(*at),
        [(at, mark)] => match (&digits[..*at], &digits[at + 1..]) {
            (before, after) if after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0') => {
                if !groups_only {
                    let whole = format!("{before}{after}");
                    return Err(format!("may be {whole} or {before}{mark}{after}0; write it as one of these"));
                }
                None
            }
            _ => Some(*at),
        },
        _ => None,
    };
    let (whole, fraction) = point.map_or((digits, ""), |at| (&digits[..at], &digits[at + 1..]));
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let grouped =
        groups.len() == 1 || ((1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3));
    let mixed = whole.contains('.') && whole.contains(',');
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let good = grouped && !mixed && !groups[0].is_empty() && groups.iter().all(|group| all_digits(group));
    if !good || !all_digits(fraction) || (point.is_some() && fraction.is_empty()) {
        return Err(refused());
    }
    let number: f64 = format!("{}.{fraction}0", groups.concat()).parse().map_err(|_| refused())?;
    Ok(sign * number)
}

/// The cell of a value.
pub fn written(value: &Value, field: &FieldDescriptor) -> Cell {
    let text = |text: String| if text.is_empty() { Cell::Empty } else { Cell::Text(text) };
    match (value, field.kind()) {
        (Value::String(words), _) => text(words.clone()),
        (Value::Bool(flag), _) => {
            if *flag || field.supports_presence() {
                Cell::Flag(*flag)
            } else {
                Cell::Empty
            }
        }
        (Value::EnumNumber(0), _) => Cell::Empty,
        (Value::EnumNumber(number), Kind::Enum(values)) => {
            let name = values.get_value(*number).map(|value| value.name().to_owned());
            text(name.unwrap_or_else(|| number.to_string()))
        }
        (Value::I32(number), _) => number_cell(f64::from(*number), field),
        (Value::I64(number), _) if number.unsigned_abs() as f64 > EXACT_MAX => text(number.to_string()),
        (Value::I64(number), _) => number_cell(*number as f64, field),
        (Value::F64(number), _) => number_cell(*number, field),
        (Value::Message(moment), _) => moment_cell(moment),
        _ => Cell::Empty,
    }
}

fn number_cell(number: f64, field: &FieldDescriptor) -> Cell {
    if number == 0.0 && !field.supports_presence() { Cell::Empty } else { Cell::Number(number) }
}

fn moment_cell(moment: &DynamicMessage) -> Cell {
    let seconds = moment.get_field_by_name("seconds").and_then(|value| value.as_i64()).unwrap_or_default();
    let instant = chrono::DateTime::from_timestamp(seconds, 0);
    instant.map_or(Cell::Empty, |it| Cell::Text(it.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_where_they_can_be_read_one_way_only() {
        for (text, expected) in [
            ("4,46", Some(4.46)),
            ("4.046,5", Some(4046.5)),
            ("4,046.5", Some(4046.5)),
            ("1.234.567", Some(1_234_567.0)),
            ("1 234 567,8", Some(1_234_567.8)),
            ("149.6", Some(149.6)),
            ("0,234", Some(0.234)),
            ("-8,3", Some(-8.3)),
            ("\u{2212}8.3", Some(-8.3)),
            ("12", Some(12.0)),
            ("1.234", None),
            ("1,234", None),
            ("12.34.56", None),
            ("1.2345,6", None),
            ("1,234.567,8", None),
            (",5", None),
            ("5,", None),
            ("1e5", None),
            ("n/a", None),
        ] {
            assert_eq!(decimal(text, false).ok(), expected, "{text}");
        }
        assert_eq!(whole(&Cell::Text("1.234".into())), Ok(1234));
        assert!(whole(&Cell::Text("1,5".into())).is_err() && whole(&Cell::Number(1.5)).is_err());
        assert!(decimal("1.234", false).expect_err("two meanings").contains("1234 or 1.2340"));
    }

    #[test]
    fn days_are_read_as_viet_nam_writes_them() {
        for (text, day) in [
            ("1/7/2025", "2025-07-01"),
            ("01-07-2025", "2025-07-01"),
            ("31.12.2025", "2025-12-31"),
            ("2025-07-01", "2025-07-01"),
            ("7/2025", "2025-07"),
            ("2025-07", "2025-07"),
            ("2025", "2025"),
            ("12/31/2025", "2025-31-12"),
            ("hôm qua", "hôm qua"),
        ] {
            assert_eq!(date(text), day, "{text}");
        }
    }

    #[test]
    fn flags_and_texts_of_numbers() {
        for (cell, expected) in [
            (Cell::Text("Có".into()), Some(true)),
            (Cell::Text("NO".into()), Some(false)),
            (Cell::Flag(true), Some(true)),
            (Cell::Number(0.0), Some(false)),
            (Cell::Text("maybe".into()), None),
        ] {
            assert_eq!(flag(&cell).ok(), expected, "{cell:?}");
        }
        assert_eq!(text(&Cell::Number(100_109_106.0), ""), Ok("100109106".into()));
        assert!(text(&Cell::Number(1e17), "").is_err());
        assert_eq!(text(&Cell::Number(2025.0), "PARTIAL_DATE"), Ok("2025".into()));
    }
}
