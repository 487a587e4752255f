//! The texts that code and templates mark, and what the PO files have for them.
//!
//! Read from their text, as `imports` reads imports: a text that nobody has put into a language has to be
//! found without a run that says it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// A text of the program, where it is marked for the first time.
#[derive(Debug, PartialEq)]
pub struct Marked {
    pub text: String,
    /// The file below the repository.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// A message of a PO file.
#[derive(Debug, PartialEq)]
pub struct Message {
    pub text: String,
    pub said: String,
    pub file: String,
    pub line: usize,
}

/// A string as Rust writes it, between its quotes; `\\.` takes the end of a line that goes on as well.
const LITERAL: &str = r#""((?:[^"\\]|\\.)*)""#;

/// What marks a text in Rust. The first place in brackets is the text.
static IN_RUST: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        regex(&format!(r"(?s)\b(?:tr|mark)!\s*\(\s*{LITERAL}")),
        regex(&format!(r#"(?s)\.column\(\s*"[^"]*"\s*,\s*{LITERAL}"#)),
    ]
});
/// What marks a text in the catalogue of features.
static IN_FEATURES: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?s)\b(?:about|unit):\s*{LITERAL}")));
/// What counts things: the message is the noun behind its number.
static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?s)(?:\b(?:plural|decimal)\(\s*[^;{{}}]*?,\s*|\bit\.(?:several|about)\(){LITERAL}\s*,?\s*\)"
    ))
});
/// What marks a text in a template.
static IN_TEMPLATE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?s)\b[th]\(\s*{LITERAL}")));
/// A place of a text that something is filled into.
static PLACE: LazyLock<Regex> = LazyLock::new(|| regex(r"\{(\w+)\}"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

/// What the text between the quotes of a string stands for.
fn unescaped(literal: &str) -> String {
    let mut text = String::with_capacity(literal.len());
    let mut rest = literal.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match rest.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            // A line that goes on begins where something stands.
            Some('\n') => while rest.next_if(|letter| letter.is_whitespace()).is_some() {},
            Some('u') => {
                let number: String = rest.by_ref().take_while(|letter| *letter != '}').collect();
                let number = u32::from_str_radix(number.trim_start_matches('{'), 16);
                text.extend(number.ok().and_then(char::from_u32));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

/// The texts that a file of code marks; its tests are left out.
pub fn in_rust(code: &str, file: &str) -> Vec<Marked> {
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let mut found = Vec::new();
    let mut look_for = |pattern: &Regex, before: &str| {
        for captures in pattern.captures_iter(code) {
            let at = captures.get(0).map_or(0, |whole| whole.start());
            found.push(Marked {
                text: before.to_owned() + &unescaped(&captures[1]),
                file: file.to_owned(),
                line: line_of(code, at),
            });
        }
    };
    for pattern in IN_RUST.iter() {
        look_for(pattern, "");
    }
    if file.contains("contract/features/") {
        look_for(&IN_FEATURES, "");
    }
    look_for(&COUNTED, "{n} ");
    found
}

/// The texts that a template marks.
pub fn in_template(template: &str, file: &str) -> Vec<Marked> {
    let found = IN_TEMPLATE.captures_iter(template);
    found
        .map(|captures| Marked {
            text: unescaped(&captures[1]),
            file: file.to_owned(),
            line: line_of(template, captures.get(0).map_or(0, |whole| whole.start())),
        })
        .collect()
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// The messages of a PO file, but for its head.
pub fn in_po(po: &str, file: &str) -> Vec<Message> {
    /// A text over several lines, each in quotes of its own.
    const LINES: &str = r#"((?:"(?:[^"\\]|\\.)*"\s*)+)"#;
    let message = regex(&format!(r"(?m)^msgid {LINES}^msgstr {LINES}"));
    let line = regex(LITERAL);
    let whole = |lines: &str| -> String {
        let lines = line.captures_iter(lines);
        lines.map(|captures| unescaped(&captures[1])).collect()
    };
    let found = message.captures_iter(po).map(|captures| Message {
        text: whole(&captures[1]),
        said: whole(&captures[2]),
        file: file.to_owned(),
        line: line_of(po, captures.get(0).map_or(0, |all| all.start())),
    });
    found.filter(|message| !message.text.is_empty()).collect()
}

/// What is to be mended, a line each: where, what, and what to do.
pub fn to_mend(marked: &[Marked], messages: &[Message]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut known: BTreeMap<&str, &Message> = BTreeMap::new();
    for message in messages {
        let Message {
            text, said, file, ..
        } = message;
        let place = format!("{file}:{}", message.line);
        if said.is_empty() {
            wrong.push(format!(
                "{place}: nothing is said for {text:?}: fill its msgstr"
            ));
        }
        if places(text) != places(said) {
            wrong.push(format!(
                "{place}: {said:?} has other places in braces than {text:?}: give it the same"
            ));
        }
        match known.insert(text, message) {
            Some(other) if other.said != *said => wrong.push(format!(
                "{place}: {text:?} is {said:?} here and {:?} in {}:{}: say it in one way",
                other.said, other.file, other.line
            )),
            Some(other) if other.file == *file => wrong.push(format!(
                "{place}: {text:?} stands on line {} already: keep one of them",
                other.line
            )),
            _ => {}
        }
    }
    let mut told = BTreeSet::new();
    for Marked { text, file, line } in marked {
        if told.insert(text.as_str()) && !known.contains_key(text.as_str()) {
            wrong.push(format!(
                "{file}:{line}: no message for {text:?}: add it to a file of pipeline/messages/zh"
            ));
        }
    }
    for Message {
        text, file, line, ..
    } in messages
    {
        if !told.contains(text.as_str()) {
            wrong.push(format!(
                "{file}:{line}: nobody says {text:?} any more: take the message out"
            ));
        }
    }
    wrong
}

fn places(text: &str) -> BTreeSet<&str> {
    let places = PLACE.captures_iter(text);
    places
        .filter_map(|captures| captures.get(1).map(|place| place.as_str()))
        .collect()
}

/// The files below a folder whose names end like this, in order.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path, ending)),
            false => found.extend(path.to_string_lossy().ends_with(ending).then_some(path)),
        }
    }
    found.sort();
    found
}

/// Every text that the program marks.
pub fn of_the_program(repository: &Path) -> Vec<Marked> {
    let source = repository.join("pipeline/src");
    let mut marked = Vec::new();
    for ending in [".rs", ".html"] {
        for path in files(&source, ending) {
            let below = path.strip_prefix(repository).unwrap_or(&path);
            let name = below.to_string_lossy().replace('\\', "/");
            // Its examples are no texts of the program.
            if name == "pipeline/src/words.rs"
                || name.ends_with("tests.rs")
                || name.contains("/tests/")
            {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a file of code");
            marked.extend(match ending {
                ".rs" => in_rust(&text, &name),
                _ => in_template(&text, &name),
            });
        }
    }
    marked
}

fn texts(code: &str) -> Vec<String> {
    let marked = in_rust(code, "a.rs").into_iter();
    marked.map(|marked| marked.text).collect()
}

#[test]
fn texts_are_found_wherever_they_are_marked() {
    assert_eq!(
        texts(
            "let a = tr!(\n    \"{who} left\",\n    who = name,\n);\nmark!(\"b\"), entr!(\"no\")"
        ),
        ["{who} left", "b"]
    );
    assert_eq!(texts("t.column(\"n\", \"How many\", x)"), ["How many"]);
    assert_eq!(
        texts("plural(a.len() as u64, \"row\") + &decimal(f(1.0, 2), \"day\",)"),
        ["{n} row", "{n} day"]
    );
    assert!(texts("in_english(1, \"row\"); plural(n, noun)").is_empty());
    assert!(texts("#[cfg(test)]\nmod tests {\n tr!(\"of a test\") }").is_empty());
    let of_features = in_rust("about: \"Days\",\nunit: \"days\"", "contract/features/a.rs");
    assert_eq!(of_features.len(), 2);
    assert!(texts("about: \"Days\"").is_empty());
}

#[test]
fn escapes_and_lines_that_go_on_are_read_as_the_compiler_reads_them() {
    assert_eq!(
        texts("tr!(\"a \\\"b\\\" \\\n     c\\n\\u{2026}\\\\\")"),
        ["a \"b\" c\n\u{2026}\\"]
    );
    let found = in_rust("\n\ntr!(\"a\")", "b.rs");
    assert_eq!((found[0].line, found[0].file.as_str()), (3, "b.rs"));
}

#[test]
fn templates_are_read_as_they_are_written() {
    let template = "{{ t(\"{n} rows\", n=1) }}\n<p title=\"{{ t(\"a \\\"b\\\"\") }}\">{{ h(\"<b>c</b>\") }} cat(\"no\")";
    let found = in_template(template, "a.html").into_iter();
    let found: Vec<(String, usize)> = found.map(|m| (m.text, m.line)).collect();
    let wanted = [("{n} rows", 1), ("a \"b\"", 2), ("<b>c</b>", 2)];
    assert_eq!(found, wanted.map(|(text, line)| (text.to_owned(), line)));
}

#[test]
fn what_is_wrong_with_messages_is_named_with_its_place() {
    let po = "msgid \"\"\nmsgstr \"Language: zh\"\n\nmsgid \"a {n}\"\nmsgstr \"甲 {n}\"\n\nmsgid \"\"\n\"b \"\n\"\\\"c\\\"\"\nmsgstr \"乙\"\n";
    let messages = || in_po(po, "a.po");
    let marked = || in_rust("tr!(\"a {n}\"); mark!(\"b \\\"c\\\"\")", "a.rs");
    assert_eq!(to_mend(&marked(), &messages()), Vec::<String>::new());

    let mut more = marked();
    more.extend(in_rust("\ntr!(\"new\")", "b.rs"));
    let wrong = to_mend(&more, &messages());
    assert!(
        wrong[0].starts_with("b.rs:2: no message for \"new\""),
        "{wrong:?}"
    );
    let wrong = to_mend(&marked()[..1], &messages());
    assert!(wrong[0].starts_with("a.po:7: nobody says"), "{wrong:?}");

    let with = |other: &str| {
        let mut messages = messages();
        messages.extend(in_po(other, "b.po"));
        to_mend(&marked(), &messages)
    };
    assert!(
        with("msgid \"a {n}\"\nmsgstr \"甲 {n}\"\n").is_empty(),
        "the same in two files"
    );
    let differs = with("msgid \"a {n}\"\nmsgstr \"乙 {n}\"\n");
    assert!(
        differs[0].contains("and \"甲 {n}\" in a.po:4"),
        "{differs:?}"
    );
    let lost = with("msgid \"a {n}\"\nmsgstr \"甲\"\n");
    assert!(lost[0].contains("other places in braces"), "{lost:?}");
    let twice = in_po(
        &(po.to_owned() + "\nmsgid \"a {n}\"\nmsgstr \"甲 {n}\"\n"),
        "a.po",
    );
    assert!(to_mend(&marked(), &twice)[0].contains("stands on line 4 already"));
}
