//! Sections as they are written: a version and a code.

/// A section or a unit below one, of one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notation {
    /// Such as VSIC2018.
    pub version: String,
    /// Such as J.
    pub code: String,
}

impl Notation {
    /// Reads "VSIC2018/J", "VSIC2018-J" and "sectors/VSIC2018-J", in capitals or not.
    pub fn parse(written: &str) -> Option<Self> {
        let written = written.trim().to_uppercase();
        let bare = written.strip_prefix("SECTORS/").unwrap_or(&written);
        let (version, code) = bare.split_once(['/', '-'])?;
        let lettered = code.len() == 1 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let numbered = (2..=5).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        let known = is_version(version) && (lettered || numbered);
        known.then(|| Self { version: version.to_owned(), code: code.to_owned() })
    }

    /// The id of its record: VSIC2018-J.
    pub fn id(&self) -> String {
        format!("{}-{}", self.version, self.code)
    }

    /// The name of its record.
    pub fn name(&self) -> String {
        format!("sectors/{}", self.id())
    }
}

impl std::fmt::Display for Notation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.version, self.code)
    }
}

/// Whether a text has the form of a version.
pub fn is_version(text: &str) -> bool {
    let year = text.strip_prefix("VSIC");
    year.is_some_and(|year| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_known_however_it_is_written() {
        for written in ["VSIC2018/J", "vsic2018/j", "VSIC2018-J", "sectors/VSIC2018-J", " VSIC2018/J "] {
            let notation = Notation::parse(written).expect(written);
            assert_eq!((notation.to_string().as_str(), notation.id().as_str()), ("VSIC2018/J", "VSIC2018-J"));
        }
        assert_eq!(Notation::parse("VSIC2025/01110").expect("five digits").code, "01110");
        for written in
            ["", "J", "VSIC2018", "VSIC2018/", "VSIC2018/JJ", "VSIC18/J", "ISIC2018/J", "VSIC2018/1", "VSIC2018/Đ"]
        {
            assert_eq!(Notation::parse(written), None, "{written}");
        }
    }
}
