//! Protobuf wire format, read in place and written by the byte.

/// Why bytes are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a valid protobuf message: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Wire type 0: a variable-length integer.
pub const VARINT: u8 = 0;
/// Wire type 1: eight bytes, little end first.
pub const FIXED64: u8 = 1;
/// Wire type 2: bytes with their length before them.
pub const LENGTH: u8 = 2;
/// Wire type 5: four bytes, little end first.
pub const FIXED32: u8 = 5;
const GROUP_START: u8 = 3;
const GROUP_END: u8 = 4;
/// Groups are only ever skipped; nothing of ours has them.
const GROUP_DEPTH_MAX: usize = 32;

/// The value of one field occurrence, not yet interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Raw<'a> {
    /// The payload of a string, bytes, message or packed field.
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Raw::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed("wire type is not of the declared type")),
        }
    }
}

/// Takes the next known-shaped field off the front of `rest`; `None` at the end. Groups are skipped.
pub fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<(u32, Raw<'a>)>, Malformed> {
    while !rest.is_empty() {
        let tag = varint(rest)?;
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed("field number out of range"))?;
        if number == 0 {
            return Err(Malformed("field number 0"));
        }
        match (tag & 7) as u8 {
            GROUP_START => skip_group(rest, number, 0)?,
            GROUP_END => return Err(Malformed("end of a group that was not begun")),
            kind => return Ok(Some((number, raw(rest, kind)?))),
        }
    }
    Ok(None)
}

/// Takes one value of wire type `kind` off the front of `rest`.
pub fn raw<'a>(rest: &mut &'a [u8], kind: u8) -> Result<Raw<'a>, Malformed> {
    match kind {
        VARINT => Ok(Raw::Varint(varint(rest)?)),
        FIXED64 => {
            let (head, tail) = rest.split_first_chunk::<8>().ok_or(Malformed("it ends inside a number"))?;
            *rest = tail;
            Ok(Raw::Fixed64(u64::from_le_bytes(*head)))
        }
        LENGTH => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Malformed("length out of range"))?;
            let (head, tail) = rest.split_at_checked(length).ok_or(Malformed("it ends inside a field"))?;
            *rest = tail;
            Ok(Raw::Bytes(head))
        }
        FIXED32 => {
            let (head, tail) = rest.split_first_chunk::<4>().ok_or(Malformed("it ends inside a number"))?;
            *rest = tail;
            Ok(Raw::Fixed32(u32::from_le_bytes(*head)))
        }
        _ => Err(Malformed("unknown wire type")),
    }
}

/// Takes a variable-length integer off the front of `rest`.
pub fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    if let Some((&first, tail)) = rest.split_first()
        && first < 0x80
    {
        *rest = tail;
        return Ok(u64::from(first));
    }
    let mut value = 0u64;
    for (index, &byte) in rest.iter().enumerate().take(10) {
        if index == 9 && byte > 1 {
            return Err(Malformed("number out of range"));
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *rest = &rest[index + 1..];
            return Ok(value);
        }
    }
    Err(Malformed("it ends inside a number"))
}

fn skip_group(rest: &mut &[u8], number: u32, depth: usize) -> Result<(), Malformed> {
    if depth > GROUP_DEPTH_MAX {
        return Err(Malformed("groups are nested too deeply"));
    }
    while !rest.is_empty() {
        let tag = varint(rest)?;
        let inner = u32::try_from(tag >> 3).map_err(|_| Malformed("field number out of range"))?;
        match (tag & 7) as u8 {
            GROUP_START => skip_group(rest, inner, depth + 1)?,
            GROUP_END if inner == number => return Ok(()),
            GROUP_END => return Err(Malformed("end of another group")),
            kind => drop(raw(rest, kind)?),
        }
    }
    Err(Malformed("it ends inside a group"))
}

/// The last string, bytes or message of field `number` at the top of `message`, if it is there and the bytes are sound.
pub fn last_bytes(message: &[u8], number: u32) -> Option<&[u8]> {
    let (mut rest, mut found) = (message, None);
    while let Ok(Some((at, value))) = next(&mut rest) {
        if at == number {
            found = value.bytes().ok();
        }
    }
    found
}

/// Appends a variable-length integer.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the tag of field `number` with wire type `kind`.
pub fn put_tag(out: &mut Vec<u8>, number: u32, kind: u8) {
    put_varint(out, u64::from(number) << 3 | u64::from(kind));
}

/// Appends a string, bytes or message field whole.
pub fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, LENGTH);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends whatever `fill` appends, with its length before it. One byte is kept for the length; longer content is moved up.
pub fn put_sized<T>(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let start = out.len();
    out.push(0);
    let answer = fill(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
    } else {
        let mut head = Vec::with_capacity(5);
        put_varint(&mut head, length as u64);
        out.splice(start..=start, head);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut rest = out.as_slice();
            assert_eq!(varint(&mut rest), Ok(value));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn long_content_gets_a_long_length() {
        let mut out = vec![9];
        put_sized(&mut out, |out| out.extend_from_slice(&[7; 300]));
        assert_eq!(out[..3], [9, 0xac, 0x02]);
        assert_eq!(out.len(), 303);
    }

    #[test]
    fn groups_are_skipped_and_broken_ones_refused() {
        // Group 1 holding field 2 = 5, then field 3 = 1.
        let mut rest: &[u8] = &[0x0b, 0x10, 5, 0x0c, 0x18, 1];
        assert_eq!(next(&mut rest), Ok(Some((3, Raw::Varint(1)))));
        for broken in [&[0x0b, 0x10, 5][..], &[0x0c], &[0x0b, 0x14], &[0x08], &[0x0a, 5, 1], &[0x00], &[0x0f]] {
            let mut rest = broken;
            assert!(next(&mut rest).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_number_longer_than_64_bits_is_refused() {
        let mut rest: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(varint(&mut rest).is_err());
    }
}
