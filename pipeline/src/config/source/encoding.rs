//! Character encodings by the names that people use.

use std::fmt;

use encoding_rs::UTF_8;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::failure::nearest;

/// A character encoding, written by any of its usual names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(pub &'static encoding_rs::Encoding);

impl Encoding {
    /// Whether text needs no decoding.
    pub fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }
}

/// Names that are offered when one is mistyped.
const ENCODINGS: &[&str] = &[
    "utf-8",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "gbk",
    "gb18030",
    "gb2312",
    "big5",
    "shift_jis",
    "euc-jp",
    "iso-2022-jp",
    "euc-kr",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-7",
    "iso-8859-15",
    "latin1",
    "ascii",
    "koi8-r",
    "koi8-u",
    "macintosh",
];

/// Names by which others call an encoding that the web standard calls otherwise.
const ALIASES: &[(&str, &str)] = &[
    ("utf8-sig", "utf-8"),
    ("utf-8-sig", "utf-8"),
    ("utf_8", "utf-8"),
    ("utf16", "utf-16"),
    ("utf-16-le", "utf-16le"),
    ("utf-16-be", "utf-16be"),
    ("cp936", "gbk"),
    ("cp932", "shift_jis"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("cp874", "windows-874"),
    ("latin-1", "windows-1252"),
];

impl std::str::FromStr for Encoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let folded = name.trim().to_ascii_lowercase();
        let label = ALIASES
            .iter()
            .find(|(alias, _)| *alias == folded)
            .map_or(folded.as_str(), |(_, label)| label);
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())
            .map(Encoding)
            .ok_or_else(|| match nearest(&folded, ENCODINGS.iter().copied()) {
                Some(near) => format!("there is no encoding \"{name}\"; did you mean \"{near}\"?"),
                None => format!(
                    "there is no encoding \"{name}\"; known: {}",
                    ENCODINGS.join(", ")
                ),
            })
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name().to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_the_names_that_people_use() {
        for (name, expected) in [
            ("GBK", "gbk"),
            ("cp936", "gbk"),
            ("latin1", "windows-1252"),
            ("Shift-JIS", "shift_jis"),
            ("utf-8-sig", "utf-8"),
            ("UTF-16", "utf-16le"),
        ] {
            assert_eq!(name.parse::<Encoding>().unwrap().to_string(), expected);
        }
        let error = "gb1803".parse::<Encoding>().unwrap_err();
        assert!(error.contains("did you mean \"gb18030\"?"), "{error}");
        for name in ENCODINGS {
            assert!(name.parse::<Encoding>().is_ok(), "{name} is offered");
        }
    }
}
