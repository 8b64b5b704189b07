//! JSON text, token by token, and nothing that RFC 8259 does not allow.

use std::borrow::Cow;

/// Objects and lists inside one another, at most.
pub const DEPTH_MAX: usize = 32;

/// Why the text is not JSON; nothing after it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(pub String);

/// The beginning of a value. Of objects and lists, only the bracket has been read.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    Object,
    List,
    Text(Cow<'a, str>),
    Number(&'a str),
    Truth(bool),
    Null,
}

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Text<'a> {
    /// The beginning of `bytes`, which need not be UTF-8 yet.
    pub fn new(bytes: &'a [u8]) -> Self {
        Text { bytes, at: 0, depth: 0 }
    }

    /// Reads the beginning of the next value.
    pub fn value(&mut self) -> Result<Token<'a>, Broken> {
        match self.peek() {
            Some(b'{') => self.open().map(|()| Token::Object),
            Some(b'[') => self.open().map(|()| Token::List),
            Some(b'"') => self.string().map(Token::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Token::Number),
            Some(b't') => self.word("true", Token::Truth(true)),
            Some(b'f') => self.word("false", Token::Truth(false)),
            Some(b'n') => self.word("null", Token::Null),
            Some(_) => Err(self.unexpected("a value")),
            None => Err(Broken("the JSON ends where a value should stand".into())),
        }
    }

    /// Reads the next member's name and colon, or the brace that closes the object. `first` tells whether none came before.
    pub fn member(&mut self, first: &mut bool) -> Result<Option<Cow<'a, str>>, Broken> {
        if !self.more(b'}', first, "a comma or }")? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a member's name in quotes"));
        }
        let name = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("a colon"));
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Whether another element follows; reads the bracket that closes the list otherwise.
    pub fn element(&mut self, first: &mut bool) -> Result<bool, Broken> {
        self.more(b']', first, "a comma or ]")
    }

    /// Reads the rest of the value that began with `token`.
    pub fn skip(&mut self, token: Token<'a>) -> Result<(), Broken> {
        let mut first = true;
        match token {
            Token::Object => {
                while self.member(&mut first)?.is_some() {
                    let inner = self.value()?;
                    self.skip(inner)?;
                }
            }
            Token::List => {
                while self.element(&mut first)? {
                    let inner = self.value()?;
                    self.skip(inner)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes sure that nothing but white space is left.
    pub fn end(&mut self) -> Result<(), Broken> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Broken(format!("something follows the JSON value, at byte {}", self.at))),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn open(&mut self) -> Result<(), Broken> {
        if self.depth == DEPTH_MAX {
            return Err(Broken(format!("it is nested more than {DEPTH_MAX} deep")));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn more(&mut self, close: u8, first: &mut bool, expected: &str) -> Result<bool, Broken> {
        let begun = !std::mem::take(first);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(b',') if begun => {
                self.at += 1;
                if self.peek() == Some(close) {
                    return Err(self.unexpected("another one after the comma"));
                }
                Ok(true)
            }
            Some(_) if !begun => Ok(true),
            Some(_) => Err(self.unexpected(expected)),
            None => Err(Broken(format!("the JSON ends where {expected} should stand"))),
        }
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, Broken> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(token)
    }

    fn number(&mut self) -> Result<&'a str, Broken> {
        let bytes = &self.bytes[self.at..];
        let length =
            bytes.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let text = std::str::from_utf8(&bytes[..length]).expect("invariant: digits and signs are ASCII");
        if !is_number(text) {
            return Err(Broken(format!("the number at byte {} is not one of JSON", self.at)));
        }
        self.at += length;
        Ok(text)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Broken> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let text = utf8(&self.bytes[start..self.at], start)?;
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => return self.escaped(start).map(Cow::Owned),
                Some(0..=0x1f) => return Err(self.control()),
                Some(_) => self.at += 1,
                None => return Err(Broken("the JSON ends inside a string".into())),
            }
        }
    }

    /// The rest of a string that began at `start` and has escapes from here on.
    fn escaped(&mut self, start: usize) -> Result<String, Broken> {
        let mut text = utf8(&self.bytes[start..self.at], start)?.to_owned();
        loop {
            let run = self.at;
            while self.bytes.get(self.at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            text.push_str(utf8(&self.bytes[run..self.at], run)?);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.control()),
                None => return Err(Broken("the JSON ends inside a string".into())),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Broken> {
        let letter = self.bytes.get(self.at + 1).copied();
        self.at += 2;
        Ok(match letter {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'u') => return self.unicode(),
            _ => return Err(Broken(format!("the escape at byte {} is not one of JSON", self.at - 2))),
        })
    }

    /// `\u` and four digits, or two of them for a character beyond the first plane.
    fn unicode(&mut self) -> Result<char, Broken> {
        let place = self.at - 2;
        let lone = || Broken(format!("the escape at byte {place} is half of a surrogate pair"));
        let first = self.four_digits()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(lone);
        }
        if first >= 0xdc00 || self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return Err(lone());
        }
        self.at += 2;
        let second = self.four_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(lone)
    }

    fn four_digits(&mut self) -> Result<u32, Broken> {
        let digits = self.bytes.get(self.at..self.at + 4).filter(|four| four.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|four| std::str::from_utf8(four).ok());
        let code = digits.and_then(|four| u32::from_str_radix(four, 16).ok());
        self.at += 4;
        code.ok_or_else(|| Broken(format!("the escape at byte {} is not one of JSON", self.at - 6)))
    }

    fn control(&self) -> Broken {
        Broken(format!("the string has a control character at byte {}", self.at))
    }

    fn unexpected(&self, expected: &str) -> Broken {
        match self.bytes.get(self.at) {
            Some(byte) if byte.is_ascii_graphic() => {
                Broken(format!("not JSON at byte {}: {} where {expected} should stand", self.at, char::from(*byte)))
            }
            _ => Broken(format!("not JSON at byte {}: {expected} should stand there", self.at)),
        }
    }
}

fn utf8(bytes: &[u8], start: usize) -> Result<&str, Broken> {
    std::str::from_utf8(bytes)
        .map_err(|e| Broken(format!("the string is not UTF-8 at byte {}", start + e.valid_up_to())))
}

/// Whether `text` is a number as JSON writes it.
pub fn is_number(text: &str) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(json: &[u8]) -> Result<(), Broken> {
        let mut text = Text::new(json);
        let token = text.value()?;
        text.skip(token)?;
        text.end()
    }

    #[test]
    fn what_json_allows_is_read() {
        for json in [
            r#"{}"#,
            r#" [ ] "#,
            r#"{"a":[1,-0.5e+3,true,false,null,{"b":"\u00e9\ud83d\ude00\n"}]}"#,
            "\"Đắk Nông\"",
            "0",
            "-1E5",
        ] {
            assert_eq!(whole(json.as_bytes()), Ok(()), "{json}");
        }
    }

    #[test]
    fn what_json_does_not_allow_is_not() {
        for json in [
            "",
            "{",
            "[",
            "{]",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "{\"a\" 1}",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "nul",
            "truex",
            "NaN",
            "[1 2]",
            "{} x",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"",
            "// {}",
            "\u{feff}{}",
            "[,1]",
            "{,}",
            "--1",
        ] {
            assert!(whole(json.as_bytes()).is_err(), "{json}");
        }
        assert!(whole(b"\"\xff\"").is_err());
        assert!(whole(b"\"\\n\xc3\"").is_err());
    }

    #[test]
    fn escapes_become_their_characters() {
        let mut text = Text::new(br#""a\"\\\/\b\f\n\r\t\u0110\ud83d\ude00z""#);
        assert_eq!(text.value(), Ok(Token::Text("a\"\\/\u{8}\u{c}\n\r\tĐ😀z".into())));
    }

    #[test]
    fn depth_has_a_limit() {
        let nest = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert_eq!(whole(&nest(DEPTH_MAX)), Ok(()));
        assert!(whole(&nest(DEPTH_MAX + 1)).is_err());
        assert!(whole(&vec![b'['; 1_000_000]).is_err());
    }
}
