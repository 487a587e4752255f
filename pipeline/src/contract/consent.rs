//! Who may be contacted: what `consent` and `consent_CHANNEL` of the customers say, read in one
//! place, so that every list and every file keeps to the same answer.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The column that speaks of every channel; `consent_email` speaks of one.
pub const CONSENT: &str = "consent";

/// What somebody has said of being contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// They agreed.
    Yes,
    /// They declined, or took it back.
    No,
    /// They were not asked, or nobody noted the answer.
    Unknown,
}

/// Whether those may be contacted of whom no answer is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Unasked {
    /// All but those who said no.
    #[default]
    #[serde(rename = "unknown may be contacted")]
    MayBeContacted,
    /// Nobody but those who said yes.
    #[serde(rename = "only yes")]
    OnlyYes,
}

/// The answer for every customer, and what it rests on.
#[derive(Debug)]
pub struct MayContact {
    /// By row: whether the customer may be contacted.
    pub allowed: Vec<bool>,
    /// By row: what they said.
    pub said: Vec<Consent>,
    /// The columns that were read; none means that nobody's answer is known.
    pub columns: Vec<String>,
    /// Values that are neither yes nor no, with their number. They count as no: whoever wrote them
    /// meant something, and it was not clearly yes.
    pub odd: BTreeMap<String, u64>,
}

const YES: [&str; 19] = [
    "true",
    "t",
    "yes",
    "y",
    "1",
    "optin",
    "optedin",
    "granted",
    "given",
    "accepted",
    "agreed",
    "subscribed",
    "allowed",
    "ja",
    "oui",
    "si",
    "sí",
    "同意",
    "是",
];

const NO: [&str; 25] = [
    "false",
    "f",
    "no",
    "n",
    "0",
    "optout",
    "optedout",
    "denied",
    "declined",
    "refused",
    "rejected",
    "withdrawn",
    "revoked",
    "unsubscribed",
    "disallowed",
    "never",
    "nein",
    "non",
    "拒绝",
    "不同意",
    "否",
    "撤回",
    "已撤回",
    "拒否",
    "退订",
];

const UNKNOWN: [&str; 8] = [
    "",
    "unknown",
    "notasked",
    "pending",
    "null",
    "na",
    "未知",
    "未回答",
];

/// What a value says; none where it is neither yes nor no nor empty.
///
/// Case, blanks, hyphens and underscores do not matter: `Opt-in`, `opt in` and `OPT_IN` are one.
pub fn said(value: &str) -> Option<Consent> {
    let folded: String = value
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '/' | '.'))
        .flat_map(char::to_lowercase)
        .collect();
    let among = |words: &[&str]| words.contains(&folded.as_str());
    match (among(&YES), among(&NO), among(&UNKNOWN)) {
        (true, ..) => Some(Consent::Yes),
        (_, true, _) => Some(Consent::No),
        (.., true) => Some(Consent::Unknown),
        _ => None,
    }
}

/// The name of the column that speaks of a channel: `E-mail` is that of `consent_e_mail`.
pub fn column_of(channel: &str) -> String {
    let word: String = channel
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    format!("{CONSENT}_{word}")
}

/// Who of the customers of a table may be contacted, through a channel if one is named.
///
/// `customers` has a row for each customer; of its columns only `consent` and that of the channel
/// are read, and neither has to be there. A no in either of them is a no; otherwise a yes in either
/// is a yes; otherwise no answer is known, and `unasked` decides.
pub fn may_contact(customers: &RecordBatch, channel: Option<&str>, unasked: Unasked) -> MayContact {
    let mut known = MayContact {
        allowed: Vec::new(),
        said: vec![Consent::Unknown; customers.num_rows()],
        columns: Vec::new(),
        odd: BTreeMap::new(),
    };
    for name in [CONSENT.to_owned()]
        .into_iter()
        .chain(channel.map(column_of))
    {
        known.read(customers, &name);
    }
    let allowed = |said: &Consent| match said {
        Consent::Yes => true,
        Consent::No => false,
        Consent::Unknown => unasked == Unasked::MayBeContacted,
    };
    known.allowed = known.said.iter().map(allowed).collect();
    known
}

impl MayContact {
    fn read(&mut self, customers: &RecordBatch, name: &str) {
        let Some(column) = customers.column_by_name(name) else {
            return;
        };
        self.columns.push(name.to_owned());
        // Flags, numbers and texts are told apart by how they are written: `true`, `1`, `1.0`.
        let Ok(texts) = cast(column, &DataType::Utf8) else {
            let odd = format!("{name} is of a type that says neither yes nor no");
            *self.odd.entry(odd).or_default() += self.said.len() as u64;
            self.said.fill(Consent::No);
            return;
        };
        let number = column.data_type().is_numeric();
        let texts = texts.as_string::<i32>();
        for (row, before) in self.said.iter_mut().enumerate() {
            if texts.is_null(row) {
                continue;
            }
            let text = texts.value(row);
            let text = match text.split_once('.') {
                Some((whole, zeros)) if number && zeros.bytes().all(|b| b == b'0') => whole,
                _ => text,
            };
            let now = said(text).unwrap_or_else(|| {
                *self.odd.entry(text.to_owned()).or_default() += 1;
                Consent::No
            });
            *before = match (*before, now) {
                (Consent::No, _) | (_, Consent::No) => Consent::No,
                (Consent::Yes, _) | (_, Consent::Yes) => Consent::Yes,
                _ => Consent::Unknown,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Int64Array, StringArray};

    use super::*;

    fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(
            columns
                .into_iter()
                .map(|(name, column)| (name, column, true)),
        )
        .unwrap()
    }

    #[test]
    fn words_in_several_languages_say_yes_no_or_nothing() {
        for yes in [
            "true", "Yes", " y ", "1", "Opt-in", "OPT_IN", "granted", "同意",
        ] {
            assert_eq!(said(yes), Some(Consent::Yes), "{yes}");
        }
        for no in [
            "FALSE",
            "no",
            "N",
            "0",
            "opt out",
            "denied",
            "withdrawn",
            "拒绝",
            "不同意",
        ] {
            assert_eq!(said(no), Some(Consent::No), "{no}");
        }
        for unknown in ["", "  ", "unknown", "n/a"] {
            assert_eq!(said(unknown), Some(Consent::Unknown), "{unknown}");
        }
        assert_eq!(said("maybe"), None);
    }

    #[test]
    fn a_no_anywhere_is_a_no_and_the_unknown_are_up_to_the_settings() {
        let general: ArrayRef = Arc::new(BooleanArray::from(vec![
            Some(true),
            Some(true),
            Some(false),
            None,
            None,
            None,
        ]));
        let email: ArrayRef = Arc::new(StringArray::from(vec![
            None,
            Some("withdrawn"),
            Some("granted"),
            Some("granted"),
            None,
            Some("maybe"),
        ]));
        let customers = table(vec![("consent", general), ("consent_email", email)]);
        let asked = |channel, unasked| may_contact(&customers, channel, unasked).allowed;
        assert_eq!(
            asked(Some("Email"), Unasked::MayBeContacted),
            [true, false, false, true, true, false]
        );
        assert_eq!(
            asked(Some("email"), Unasked::OnlyYes),
            [true, false, false, true, false, false]
        );
        assert_eq!(
            asked(Some("post"), Unasked::OnlyYes),
            [true, true, false, false, false, false]
        );
        let known = may_contact(&customers, Some("email"), Unasked::OnlyYes);
        assert_eq!(known.columns, ["consent", "consent_email"]);
        assert_eq!(known.odd, BTreeMap::from([("maybe".to_owned(), 1)]));
    }

    #[test]
    fn numbers_are_read_as_numbers() {
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(0), Some(2), None]));
        let exact = Decimal128Array::from(vec![Some(10_000), Some(0), Some(15_000), None])
            .with_precision_and_scale(18, 4)
            .unwrap();
        for column in [whole, Arc::new(exact) as ArrayRef] {
            let known = may_contact(&table(vec![("consent", column)]), None, Unasked::OnlyYes);
            assert_eq!(known.allowed, [true, false, false, false]);
            assert_eq!(known.odd.len(), 1);
        }
    }

    #[test]
    fn without_a_column_nobody_has_answered() {
        let customers = table(vec![(
            "customer_id",
            Arc::new(Int64Array::from(vec![1, 2])),
        )]);
        let known = may_contact(&customers, Some("email"), Unasked::MayBeContacted);
        assert_eq!((known.allowed, known.columns.len()), (vec![true; 2], 0));
    }
}
