//! The name of a cluster in the language of the command.
//!
//! What is kept with a cluster, and told from the names of others, is in English: phrases of the catalogue, of
//! departments and of attributes behind one another. It is taken apart and said anew, so that a name which was
//! kept in one language is said in any other, and one profile is always called the same.

use crate::words::{Language, said, spoken};

/// What clusters near the average in everything are called.
const TYPICAL: &str = mark!("Typical customers");
/// What a cluster is called that buys much in a department.
const BUYERS: &str = " buyers";

/// The phrases of the catalogue, and the texts that say them.
const PHRASES: [(&str, &str); 23] = [
    ("lapsing", mark!("lapsing")),
    ("recent", mark!("recent")),
    ("long gone", mark!("long gone")),
    ("frequent", mark!("frequent")),
    ("occasional", mark!("occasional")),
    ("very frequent", mark!("very frequent")),
    ("rare", mark!("rare")),
    ("big spenders", mark!("big spenders")),
    ("small spenders", mark!("small spenders")),
    ("top spenders", mark!("top spenders")),
    ("very small spenders", mark!("very small spenders")),
    ("big-basket", mark!("big-basket")),
    ("small-basket", mark!("small-basket")),
    ("very big-basket", mark!("very big-basket")),
    ("very small-basket", mark!("very small-basket")),
    // A stage of the life cycle is called growing too.
    ("growing", mark!("buying more than before")),
    ("shrinking", mark!("buying less than before")),
    ("discount-driven", mark!("discount-driven")),
    ("full-price", mark!("full-price")),
    ("weekend shoppers", mark!("weekend shoppers")),
    ("weekday shoppers", mark!("weekday shoppers")),
    ("evening shoppers", mark!("evening shoppers")),
    ("daytime shoppers", mark!("daytime shoppers")),
];

/// A name that is kept, in the language of the command.
pub fn words(name: &str) -> String {
    match spoken() {
        Language::En => name.to_owned(),
        Language::Zh => composed(name, "、"),
    }
}

/// Names of several clusters.
pub fn column<'a>(
    names: impl IntoIterator<Item = Option<&'a str>>,
) -> impl Iterator<Item = Option<String>> {
    names.into_iter().map(|name| name.map(words))
}

/// What a name says, phrase by phrase.
///
/// - `between`: what stands between two phrases.
fn composed(name: &str, between: &str) -> String {
    if let Some(rest) = name.strip_prefix(TYPICAL) {
        let typical = said(TYPICAL);
        let told_apart = rest
            .strip_prefix(" (")
            .and_then(|rest| rest.rsplit_once(')'));
        return match told_apart {
            Some((phrases, number)) => {
                let phrases = composed(phrases, between);
                tr!(
                    "{typical} ({phrases})",
                    typical = typical,
                    phrases = phrases
                ) + number
            }
            None => format!("{typical}{rest}"),
        };
    }
    let pieces: Vec<&str> = name.split(", ").collect();
    let mut phrases: Vec<String> = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let (phrase, taken) = phrase(&pieces[at..]);
        phrases.push(phrase);
        at += taken;
    }
    phrases.join(between)
}

/// The phrase that pieces of a name begin with, and how many of them it takes: names of departments may have
/// commas in them.
fn phrase(pieces: &[&str]) -> (String, usize) {
    if let Some(phrase) = known(pieces[0]) {
        return (phrase, 1);
    }
    let up_to_the_next = pieces.iter().take_while(|piece| known(piece).is_none());
    let last = up_to_the_next.clone().position(|piece| {
        let (words, _) = numbered(piece);
        words.ends_with(BUYERS)
    });
    if let Some(last) = last {
        let whole = pieces[..=last].join(", ");
        let (words, number) = numbered(&whole);
        let department = words.trim_end_matches(BUYERS);
        let phrase = tr!("{department} buyers", department = department);
        return (phrase + number, last + 1);
    }
    // An attribute is in the words of whoever named it.
    let said = match lowered(pieces[0]).split_once(' ') {
        Some(("high", what)) => tr!("high {attribute}", attribute = what),
        Some(("low", what)) => tr!("low {attribute}", attribute = what),
        _ => pieces[0].to_owned(),
    };
    (said, 1)
}

/// A phrase of the catalogue, with a number where a cluster is told by it from another one of its name.
fn known(piece: &str) -> Option<String> {
    let of = |words: &str| {
        let words = lowered(words);
        let found = PHRASES.iter().find(|(phrase, _)| *phrase == words);
        found.map(|(_, text)| said(text))
    };
    let (words, number) = numbered(piece);
    of(words).map(|text| format!("{text}{number}"))
}

/// Words, and the number behind them with its blank, if there is one.
fn numbered(text: &str) -> (&str, &str) {
    let words = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
    match words.strip_suffix(' ') {
        Some(before) if words.len() < text.len() => (before, &text[before.len()..]),
        _ => (text, ""),
    }
}

/// A name begins with a capital letter.
fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::contract::features::Column;

    fn pieces(name: &str) -> Vec<String> {
        let parts: Vec<&str> = name.split(", ").collect();
        let (mut found, mut at) = (Vec::new(), 0);
        while at < parts.len() {
            let (phrase, taken) = phrase(&parts[at..]);
            found.push(phrase);
            at += taken;
        }
        found
    }

    #[test]
    fn names_are_taken_apart_where_their_phrases_end() {
        assert_eq!(
            pieces("Very frequent, fruit, nuts buyers, growing 2"),
            [
                "very frequent",
                "fruit, nuts buyers",
                "buying more than before 2"
            ]
        );
        assert_eq!(
            pieces("Lapsing, aisle 7 buyers 3, high income, region North 5"),
            [
                "lapsing",
                "aisle 7 buyers 3",
                "high income",
                "region North 5"
            ]
        );
        assert_eq!(composed("Typical customers 2", "; "), "Typical customers 2");
        assert_eq!(
            composed("Typical customers (rare, recent) 2", "; "),
            "Typical customers (rare; recent) 2"
        );
    }

    #[test]
    fn every_phrase_of_the_catalogue_is_known() {
        let columns = [
            "recency_days",
            "frequency",
            "monetary",
            "mean_basket",
            "spend_trend_28",
            "discount_share",
            "weekend_share",
            "evening_share",
        ];
        let mut phrases = BTreeSet::new();
        for name in columns {
            let column = Column::named(name);
            let clusters = column
                .feature()
                .and_then(|(feature, _)| feature.clusters.as_ref());
            let words = &clusters.unwrap_or_else(|| panic!("{name}")).words;
            phrases.extend([words.high, words.low, words.very_high, words.very_low]);
        }
        let known: BTreeSet<&str> = PHRASES.iter().map(|(phrase, _)| *phrase).collect();
        assert_eq!(phrases, known);
    }
}
