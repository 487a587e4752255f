//! Which files and which of their sheets a source names.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize, Serializer};

use super::one_or_several::one_or_several;

/// One path or URL or several; each may be a glob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths(pub Vec<String>);

/// The sheets of a spreadsheet that are read; none: the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheets(pub Vec<String>);

impl Sheets {
    /// The one sheet that is read; none where it is the first, or where there are several.
    pub fn only(&self) -> Option<&str> {
        match self.0.as_slice() {
            [name] if !Self::is_pattern(name) => Some(name),
            _ => None,
        }
    }

    /// Whether a name stands for all that fit it.
    pub fn is_pattern(name: &str) -> bool {
        name.contains(['*', '?'])
    }
}

impl Serialize for Sheets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_none(),
            [name] => serializer.serialize_str(name),
            names => serializer.collect_seq(names),
        }
    }
}

impl<'de> Deserialize<'de> for Sheets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What was recorded of settings without a sheet is null.
        let names = Option::<Paths>::deserialize(deserializer)?;
        Ok(Self(names.unwrap_or_default().0))
    }
}

/// Settings are recorded in the manifest; what is secret in a URL is not.
impl Serialize for Paths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|path| without_secrets(path)))
    }
}

/// A URL without what only its owner should know: the name and password in front of a host, and
/// the query string, where signatures are. Whatever is no URL stays as it is.
pub fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let web = ["http", "https"].contains(&scheme);
    // In the key of an object a question mark is part of a glob.
    let rest = match rest.split_once('?') {
        Some((before, query)) if web || query.contains('=') => before,
        _ => rest,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // `container@account` names a container of Azure; a colon gives a password away.
    let host = match authority.rsplit_once('@') {
        Some((user, host)) if web || user.contains(':') => host,
        _ => authority,
    };
    format!("{scheme}://{host}{path}")
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a text such as a path, a glob or a name, or a list of them";
        one_or_several(deserializer, expected).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        for (written, expected) in [
            ("sales/2024-*.csv", "sales/2024-*.csv"),
            ("s3://bucket/2024-??.csv", "s3://bucket/2024-??.csv"),
            ("s3://id:key@bucket/x", "s3://bucket/x"),
            ("az://box/x?sv=1&sig=abc", "az://box/x"),
            ("abfs://box@account/x", "abfs://box@account/x"),
            ("https://ann:p@ss@host/x?sig=a/b", "https://host/x"),
            ("https://host?token", "https://host"),
        ] {
            assert_eq!(without_secrets(written), expected, "{written}");
        }
    }
}
