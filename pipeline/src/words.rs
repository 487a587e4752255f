//! What people read, in their language.
//!
//! English stands in the code, where it is filled in; every other language stands in PO files below `messages/`,
//! as GNU gettext has it, which any tool of translators opens. `tr!` puts a sentence into the language of the
//! command; `mark!` is for a text that stands in a table and goes through [`said`] where it is used. A test of
//! the whole program holds every language to every sentence.
//!
//! A command speaks one language, as it has one time zone: `--lang`, else `[project] language`, else English.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{LazyLock, OnceLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The languages that there are messages for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English
    #[default]
    En,
    /// Chinese, in simplified characters
    Zh,
}

impl Language {
    /// As settings name it.
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh",
        }
    }

    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh-CN",
        }
    }
}

/// The files of each language but English, by what they speak of.
const CHINESE: [&str; 11] = [
    include_str!("../messages/zh/churn.po"),
    include_str!("../messages/zh/common.po"),
    include_str!("../messages/zh/features.po"),
    include_str!("../messages/zh/lifecycle.po"),
    include_str!("../messages/zh/lists.po"),
    include_str!("../messages/zh/load.po"),
    include_str!("../messages/zh/offers.po"),
    include_str!("../messages/zh/report.po"),
    include_str!("../messages/zh/rules.po"),
    include_str!("../messages/zh/segments.po"),
    include_str!("../messages/zh/value.po"),
];

static SPOKEN: OnceLock<Language> = OnceLock::new();

/// Sets the language of this command, once: who comes first has chosen.
pub fn speak(language: Language) {
    let _ = SPOKEN.set(language);
}

thread_local! {
    /// Whether this thread writes what must be the same in every language.
    static PLAIN: Cell<bool> = const { Cell::new(false) };
}

/// The language of this command.
pub fn spoken() -> Language {
    match PLAIN.get() {
        true => Language::En,
        false => SPOKEN.get().copied().unwrap_or_default(),
    }
}

/// Makes texts in English whatever the command speaks: for files that are kept and used again by commands in
/// other languages. Only what happens in this thread.
pub fn in_english<T>(make: impl FnOnce() -> T) -> T {
    let before = PLAIN.replace(true);
    let made = make();
    PLAIN.set(before);
    made
}

/// A text as it is kept, and as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// In English.
    pub english: String,
    /// In the language of the command.
    pub said: String,
}

/// A text in English and in the language of the command.
pub fn both(make: impl Fn() -> String) -> Both {
    Both {
        english: in_english(&make),
        said: make(),
    }
}

/// English texts, and the same in Chinese.
fn chinese() -> &'static HashMap<String, String> {
    static MESSAGES: LazyLock<HashMap<String, String>> = LazyLock::new(|| catalogue(&CHINESE));
    &MESSAGES
}

fn catalogue(files: &[&str]) -> HashMap<String, String> {
    let options = polib::po_file::POParseOptions::default();
    let messages = files.iter().flat_map(|file| {
        let read = polib::po_file::parse_from_reader_with_option(file.as_bytes(), &options);
        // The files are built in, and a test reads each of them.
        read.unwrap_or_else(|error| panic!("a file of messages: {error}"))
            .messages()
            .map(|message| {
                let text = polib::message::MessageView::msgstr(message).unwrap_or_default();
                (
                    polib::message::MessageView::msgid(message).to_owned(),
                    text.to_owned(),
                )
            })
            .collect::<Vec<_>>()
    });
    messages.filter(|(_, text)| !text.is_empty()).collect()
}

fn found(text: &str) -> Option<&'static str> {
    match spoken() {
        Language::En => None,
        Language::Zh => chinese().get(text).map(String::as_str),
    }
}

/// An English text of ours in the language of this command; as it is where it is no text of ours.
pub fn said(text: &str) -> &str {
    found(text).unwrap_or(text)
}

/// A text of ours in each language that there is, English first: what was written before may be in another
/// one than this command speaks.
pub fn in_every_language(text: &'static str) -> impl Iterator<Item = &'static str> {
    let others = std::iter::once_with(move || chinese().get(text).map(String::as_str));
    std::iter::once(text).chain(others.flatten())
}

/// Whether what was written is a text of ours, in whatever language.
pub fn is(text: &'static str, written: &str) -> bool {
    // Other languages are not written in ASCII, so that most need not be looked up.
    written == text || !written.is_ascii() && in_every_language(text).any(|said| said == written)
}

/// [`said`], with `{name}` replaced by what is given under that name.
pub fn fill(text: &str, given: &[(&str, &dyn Display)]) -> String {
    let mut rest = said(text);
    let mut filled = String::with_capacity(rest.len() + 16 * given.len());
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let place = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = given.iter().find(|(given, _)| *given == name)?;
            Some((value, after))
        });
        rest = match place {
            Some((value, after)) => {
                filled.push_str(&value.to_string());
                after
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// A number of things in a language that has no plurals but words for counting, `3 位客户`; none in English.
///
/// - `number`: as it is written.
/// - `noun`: the English noun, or what the settings call a thing.
pub fn counted(number: &str, noun: &str) -> Option<String> {
    match spoken() {
        Language::En => None,
        Language::Zh => Some(match found(&format!("{{n}} {noun}")) {
            Some(text) => text.replace("{n}", number),
            None => format!("{number} {}", said(noun)),
        }),
    }
}

/// A few things in a row: `a, b and c`.
pub fn listed<S: AsRef<str>>(things: &[S]) -> String {
    let things: Vec<&str> = things.iter().map(AsRef::as_ref).collect();
    let (comma, and) = match spoken() {
        Language::En => (", ", " and "),
        Language::Zh => ("、", "和"),
    };
    match things.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{}{and}{last}", before.join(comma)),
    }
}

/// A sentence in the language of this command: `tr!("{who} left on {day}", who = name, day = date)`.
#[macro_export]
macro_rules! tr {
    ($text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::words::fill($text, &[$((stringify!($name), &$value as &dyn std::fmt::Display)),*])
    };
}

/// A text that is said somewhere else, by [`said`]: what reads messages from the code finds it here.
#[macro_export]
macro_rules! mark {
    ($text:literal) => {
        $text
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_takes_its_place_once() {
        assert_eq!(tr!("{a} and {b}", a = "{b}", b = 2), "{b} and 2");
        assert_eq!(tr!("a {brace} stays"), "a {brace} stays");
    }

    #[test]
    fn things_in_a_row_end_with_and() {
        assert_eq!(listed::<&str>(&[]), "");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn what_was_written_is_known_in_every_language() {
        let copy = "is an exact copy of an earlier line";
        let said: Vec<&str> = in_every_language(copy).collect();
        assert_eq!(said.len(), 2);
        assert!(said.iter().all(|said| is(copy, said)));
        assert!(!is(copy, "is empty") && !is(copy, "空"));
    }

    #[test]
    fn messages_are_read_as_gettext_writes_them() {
        let file = "msgid \"\"\nmsgstr \"Language: zh_CN\\n\"\n\nmsgid \"\"\n\"a \"\n\"\\\"b\\\"\"\nmsgstr \"甲\"\n";
        assert_eq!(catalogue(&[file])["a \"b\""], "甲");
    }

    #[test]
    fn every_file_of_messages_can_be_read() {
        assert!(!chinese().is_empty());
    }
}
