//! What the values of a label mean: yes, no, or nothing that can be known.

use std::collections::BTreeMap;

use arrow::array::StringArray;

use crate::text::count;

/// Texts that mean yes, in small letters, when the settings do not say which do.
const YES: &[&str] = &[
    "yes",
    "y",
    "true",
    "t",
    "1",
    "churn",
    "churned",
    "left",
    "exited",
    "gone",
    "lost",
    "cancelled",
    "canceled",
    "attrited",
    "attrited customer",
    "ja",
    "oui",
    "si",
    "sí",
    "sim",
    "是",
    "はい",
    "예",
];
/// Texts that mean no.
const NO: &[&str] = &[
    "no",
    "n",
    "false",
    "f",
    "0",
    "-1",
    "stayed",
    "stays",
    "active",
    "retained",
    "existing",
    "existing customer",
    "current",
    "nein",
    "non",
    "não",
    "nao",
    "nee",
    "否",
    "いいえ",
    "아니요",
];

/// Why a label cannot be read, the setting that would mend it, and how.
#[derive(Debug)]
pub struct Unclear {
    /// The setting.
    pub key: &'static str,
    /// What is unclear.
    pub message: String,
    /// What would mend it.
    pub hint: String,
}

/// A value of a label as it is compared: without blanks around it, case, and a point behind it. A
/// column of numbers says `1.0` where its source and the settings say `1`.
fn folded(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
    number.map_or_else(
        || text.trim_end_matches('.').to_owned(),
        |number| number.to_string(),
    )
}

/// Whether a text says that somebody churned, where it is known to say either.
pub fn meaning(text: &str) -> Option<bool> {
    let text = folded(text);
    let known = |words: &[&str]| words.contains(&text.as_str());
    known(YES).then_some(true).or(known(NO).then_some(false))
}

/// Whether each value of the label says that the customer churned.
pub fn outcomes(
    label: &str,
    texts: &StringArray,
    positive: &[String],
) -> Result<Vec<Option<bool>>, Unclear> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for text in texts.iter().flatten() {
        *counts.entry(folded(text)).or_default() += 1;
    }
    counts.remove("");
    let listed = || {
        let mut most: Vec<(&String, &u64)> = counts.iter().collect();
        most.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let values: Vec<String> = most
            .iter()
            .take(5)
            .map(|(text, number)| format!("`{text}` ({})", count(**number)))
            .collect();
        let more = if most.len() > 5 { ", ..." } else { "" };
        format!("{}{more}", values.join(", "))
    };
    let asked: Vec<String> = positive.iter().map(|text| folded(text)).collect();
    if let Some((text, _)) = positive
        .iter()
        .zip(&asked)
        .find(|(_, folded)| !counts.contains_key(*folded))
    {
        return Err(Unclear {
            key: "positive",
            message: format!("no customer has `{text}` as {label}"),
            hint: format!("its values are {}", listed()),
        });
    }
    let meaning = |text: &str| match asked.as_slice() {
        [] => meaning(text),
        asked => Some(asked.iter().any(|positive| positive == text)),
    };
    if let Some(text) = counts.keys().find(|text| meaning(text).is_none()) {
        return Err(Unclear {
            key: "label",
            message: format!("`{text}` as {label} may mean that a customer left, or not"),
            hint: format!(
                "its values are {}; say which mean left: positive = [\"...\"] under [churn]",
                listed()
            ),
        });
    }
    Ok(texts.iter().map(|text| meaning(&folded(text?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_yes_and_no_are_known_and_others_must_be_named() {
        let texts = StringArray::from(vec![Some("Yes"), Some("no "), None, Some(""), Some("YES")]);
        assert_eq!(
            outcomes("churn", &texts, &[]).unwrap(),
            [Some(true), Some(false), None, None, Some(true)]
        );

        let texts = StringArray::from(vec!["gold", "none", "none"]);
        let unclear = outcomes("tier", &texts, &[]).unwrap_err();
        assert_eq!(unclear.key, "label");
        assert!(
            unclear.hint.contains("`none` (2), `gold` (1)"),
            "{}",
            unclear.hint
        );
        assert_eq!(
            outcomes("tier", &texts, &["None".to_owned()]).unwrap(),
            [Some(false), Some(true), Some(true)]
        );
        let numbers = StringArray::from(vec!["1.0", "0.0", "2.0"]);
        let positive = ["1".to_owned(), "2".to_owned()];
        assert_eq!(
            outcomes("left", &numbers, &positive).unwrap(),
            [Some(true), Some(false), Some(true)]
        );
        let unclear = outcomes("tier", &texts, &["silver".to_owned()]).unwrap_err();
        assert_eq!(
            (unclear.key, unclear.message.as_str()),
            ("positive", "no customer has `silver` as tier")
        );
    }
}
