//! Who may be contacted: what `consent` and `consent_CHANNEL` of the customers and the interactions of
//! the kind `consent` say, read in one place, so that every list and every file keeps to the same answer.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
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

/// What the answers over time are called beside the columns.
pub const HISTORY: &str = "status of the interactions of the kind consent";

/// What customers have said over time: interactions of the kind `consent`.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// The customer, the channel or nothing for all of them, the answer in words, and when it was given
    /// as a whole number; a row each.
    pub rows: &'a RecordBatch,
    /// Whether a no counts alone: of what is known by now, a list of an earlier date keeps to whoever has
    /// said no since, and to nothing else.
    pub only_no: bool,
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
///
/// `answers` are what customers have said over time, each for itself; see [`Answers`]. What somebody said
/// last counts as another answer beside those of the columns.
pub fn may_contact(
    customers: &RecordBatch,
    answers: &[Answers<'_>],
    channel: Option<&str>,
    unasked: Unasked,
) -> MayContact {
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
    for answers in answers {
        known.hear(customers, answers, channel);
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
            *before = before.and(now);
        }
    }

    /// Takes in what customers have said over time: of what speaks of every channel or of this one, the
    /// last.
    fn hear(&mut self, customers: &RecordBatch, answers: &Answers<'_>, channel: Option<&str>) {
        let [ids, channels, texts, times] = [0, 1, 2, 3].map(|at| answers.rows.column(at));
        let (Some(ids), Some(times)) = (texts_of(ids), times.as_primitive_opt::<Int64Type>())
        else {
            return;
        };
        let (Some(channels), Some(texts)) = (texts_of(channels), texts_of(texts)) else {
            return;
        };
        let Some(customers) = texts_of(customers.column(0)) else {
            return;
        };
        let customers = customers.as_string::<i32>();
        let rows: HashMap<&str, usize> = (0..customers.len())
            .filter(|row| customers.is_valid(*row))
            .map(|row| (customers.value(row), row))
            .collect();
        let (ids, channels, texts) = (
            ids.as_string::<i32>(),
            channels.as_string::<i32>(),
            texts.as_string::<i32>(),
        );
        let asked = channel.map(column_of);
        let mut last: BTreeMap<usize, (i64, Consent)> = BTreeMap::new();
        for answer in 0..ids.len() {
            let of = (channels.is_valid(answer)).then(|| channels.value(answer).trim());
            let of = of.filter(|channel| !channel.is_empty()).map(column_of);
            if of.is_some() && of != asked || ids.is_null(answer) {
                continue;
            }
            let Some(&row) = rows.get(ids.value(answer)) else {
                continue;
            };
            let text = (texts.is_valid(answer)).then(|| texts.value(answer));
            let now = said(text.unwrap_or_default()).unwrap_or_else(|| {
                if !answers.only_no {
                    let odd = text.unwrap_or_default().to_owned();
                    *self.odd.entry(odd).or_default() += 1;
                }
                Consent::No
            });
            if now == Consent::Unknown {
                continue;
            }
            let time = times.value(answer);
            let said = last.entry(row).or_insert((time, now));
            *said = match time.cmp(&said.0) {
                std::cmp::Ordering::Less => *said,
                // Two answers of one moment: a no is a no.
                std::cmp::Ordering::Equal => (time, said.1.and(now)),
                std::cmp::Ordering::Greater => (time, now),
            };
        }
        if !last.is_empty() && !answers.only_no {
            self.columns.push(HISTORY.to_owned());
        }
        for (row, (_, now)) in last {
            if now == Consent::No || !answers.only_no {
                self.said[row] = self.said[row].and(now);
            }
        }
    }
}

impl Consent {
    /// Both answers together: a no in either is a no, otherwise a yes in either is a yes.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }
}

/// A column as texts.
fn texts_of(column: &ArrayRef) -> Option<ArrayRef> {
    cast(column, &DataType::Utf8).ok()
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
        let asked = |channel, unasked| may_contact(&customers, &[], channel, unasked).allowed;
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
        let known = may_contact(&customers, &[], Some("email"), Unasked::OnlyYes);
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
            let known = may_contact(
                &table(vec![("consent", column)]),
                &[],
                None,
                Unasked::OnlyYes,
            );
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
        let known = may_contact(&customers, &[], Some("email"), Unasked::MayBeContacted);
        assert_eq!((known.allowed, known.columns.len()), (vec![true; 2], 0));
    }

    /// Answers in the order given: customer, channel, words, time.
    fn answers(all: &[(i64, Option<&str>, &str, i64)]) -> RecordBatch {
        let ids: Int64Array = all.iter().map(|answer| answer.0).collect();
        let channels: StringArray = all.iter().map(|answer| answer.1).collect();
        let words: StringArray = all.iter().map(|answer| Some(answer.2)).collect();
        let times: Int64Array = all.iter().map(|answer| answer.3).collect();
        table(vec![
            ("customer_id", Arc::new(ids) as ArrayRef),
            ("channel", Arc::new(channels)),
            ("status", Arc::new(words)),
            ("at", Arc::new(times)),
        ])
    }

    #[test]
    fn of_what_was_said_over_time_the_last_counts() {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=9));
        let said: ArrayRef = Arc::new(StringArray::from(vec![
            None,
            None,
            None,
            None,
            None,
            None,
            Some("no"),
            Some("yes"),
            None,
        ]));
        let customers = table(vec![("customer_id", ids), ("consent", said)]);
        let history = answers(&[
            (1, None, "yes", 5), // a yes that was taken back
            (1, None, "withdrawn", 9),
            (2, None, "no", 5), // a later yes, which stands first in the file
            (2, None, "opt-in", 9),
            (3, Some("E-Mail"), "no", 5), // of one channel alone
            (4, None, "no", 5),           // and of one channel later
            (4, Some("e mail"), "yes", 6),
            (5, Some("email"), "yes", 4), // before a no to everything
            (5, None, "no", 6),
            (6, None, "yes", 5), // at one moment
            (6, None, "no", 5),
            (7, None, "yes", 99),              // the table says no
            (8, Some("e_mail"), "refused", 1), // the table says yes
            (9, None, "perhaps", 1),           // neither
            (77, None, "no", 1),               // nobody
        ]);
        let of = |channel, unasked| {
            let answers = [Answers {
                rows: &history,
                only_no: false,
            }];
            may_contact(&customers, &answers, channel, unasked)
        };
        let all = of(None, Unasked::MayBeContacted);
        assert_eq!(
            all.allowed,
            [false, true, true, false, false, false, false, true, false]
        );
        assert_eq!(all.odd, BTreeMap::from([("perhaps".to_owned(), 1)]));
        assert_eq!(all.columns, ["consent", HISTORY]);
        let strict = of(None, Unasked::OnlyYes);
        assert_eq!(
            strict.allowed,
            [false, true, false, false, false, false, false, true, false]
        );
        let mail = of(Some("e-mail"), Unasked::OnlyYes);
        assert_eq!(
            mail.allowed,
            [false, true, false, true, false, false, false, false, false]
        );
    }

    #[test]
    fn a_no_since_then_keeps_to_itself() {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=3));
        let customers = table(vec![("customer_id", ids)]);
        let then = answers(&[(1, None, "yes", 1), (2, None, "no", 1)]);
        let now = answers(&[
            (1, None, "yes", 1),
            (2, None, "no", 1),
            (1, None, "no", 8),  // said no since
            (2, None, "yes", 8), // had not said yes then
            (3, None, "yes", 8),
        ]);
        let answers =
            [(&then, false), (&now, true)].map(|(rows, only_no)| Answers { rows, only_no });
        let known = may_contact(&customers, &answers, None, Unasked::OnlyYes);
        assert_eq!(known.allowed, [false, false, false]);
        let known = may_contact(&customers, &answers, None, Unasked::MayBeContacted);
        assert_eq!(known.allowed, [false, false, true]);
    }
}
