//! Numbers as people read them, and texts as terminals may have them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use crate::words::{self, Language};

/// 1469307 as `1,469,307`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// 0.123 as `12.3 %`.
pub fn percent(share: f64) -> String {
    let number = share * 100.0;
    match words::spoken() {
        Language::En => format!("{number:.1} %"),
        Language::Zh => format!("{number:.1}%"),
    }
}

/// The value rounded to `digits` after the point, so that files stay readable and small.
pub fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    let rounded = (value * scale).round() / scale;
    if rounded.is_finite() { rounded } else { value }
}

/// A number with thousands set apart and up to four digits after the point, fewer when it is large.
pub fn grouped(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 10.0 => 2,
        _ => 4,
    };
    let text = format!("{:.*}", digits, value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut words = String::new();
    if value < 0.0 && text.bytes().any(|byte| matches!(byte, b'1'..=b'9')) {
        words.push('-');
    }
    match whole.parse::<u64>() {
        Ok(whole) => words.push_str(&count(whole)),
        Err(_) => words.push_str(whole),
    }
    if !fraction.is_empty() {
        let _ = write!(words, ".{fraction}");
    }
    words
}

/// 1,234,567 as `1.2 M`, for places where room is short.
pub fn short(value: f64) -> String {
    let steps: &[(f64, &str)] = match words::spoken() {
        Language::En => &[(1e9, "bn"), (1e6, "M"), (1e4, "k")],
        Language::Zh => &[(1e8, "亿"), (1e4, "万")],
    };
    let step = steps.iter().find(|(least, _)| value.abs() >= *least);
    match step {
        Some((_, "k")) => format!("{:.0} k", value / 1e3),
        Some((least, name)) => format!("{:.1} {name}", value / least),
        None => grouped((value * 100.0).round() / 100.0),
    }
}

/// An amount without decimals, with its currency: `1,234 USD`.
pub fn money(amount: f64, currency: &str) -> String {
    let sign = if amount < -0.5 { "-" } else { "" };
    let number = count(amount.abs().round() as u64);
    if currency.is_empty() {
        format!("{sign}{number}")
    } else {
        format!("{sign}{number} {currency}")
    }
}

/// An amount as prices have it, with two decimals where it is not whole: `26.06 USD`, `1,200 USD`.
pub fn amount(amount: f64, currency: &str) -> String {
    let hundredths = (amount.abs() * 100.0).round() as u64;
    let whole = money((hundredths / 100) as f64, "");
    let number = match hundredths % 100 {
        0 => whole,
        rest => format!("{whole}.{rest:02}"),
    };
    let sign = if amount < 0.0 && hundredths > 0 {
        "-"
    } else {
        ""
    };
    match currency {
        "" => format!("{sign}{number}"),
        currency => format!("{sign}{number} {currency}"),
    }
}

/// Words as a line begins with them: with a capital letter.
pub fn begun(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The columns of a terminal that a text takes: a letter of an East Asian script is as wide as two others.
pub fn columns(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}');
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}

/// A text at the left of so many columns of a terminal.
pub fn left(text: &str, width: usize) -> String {
    text.to_owned() + &" ".repeat(width.saturating_sub(columns(text)))
}

/// A text at the right of so many columns of a terminal.
pub fn right(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(columns(text))) + text
}

/// `1 customer`, `2 customers`, in the language of the command.
pub fn plural(number: u64, noun: &str) -> String {
    words::counted(&count(number), noun).unwrap_or_else(|| in_english(number, noun))
}

/// The same for what stays English in every language: errors, what is going on, drafts of settings.
pub fn in_english(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{} {noun}s", count(number)),
    }
}

/// A number with up to two digits after the point, and its noun: `1 day`, `2.5 days`.
pub fn decimal(number: f64, noun: &str) -> String {
    let number = round(number, 2);
    if let Some(counted) = words::counted(&number.to_string(), noun) {
        return counted;
    }
    let many = if number == 1.0 { "" } else { "s" };
    format!("{number} {noun}{many}")
}

/// A text as a terminal may have it: what would move its cursor, change its colours or the order of
/// its letters is written as `\u001b`. Lines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    let harms = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(harms) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match harms(c) {
            true => {
                let _ = write!(safe, "\\u{:04x}", u32::from(c));
            }
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Prints to standard output what a terminal may have. Whoever closes the pipe early has seen
/// enough.
pub fn print(text: &str) {
    let _ = std::io::stdout().write_all(visible(text).as_bytes());
}

/// `PASTA SAUCE` as `pasta sauce`: names of shelves are shouted, sentences are not. Names that
/// are not all capitals stay as they are, and so do words with digits, which are numbers of something.
pub fn calm(name: &str) -> String {
    if name.chars().any(char::is_lowercase) {
        return name.to_owned();
    }
    let word = |word: &str| match word.chars().any(|letter| letter.is_ascii_digit()) {
        true => word.to_owned(),
        false => word.to_lowercase(),
    };
    name.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@+%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

static SETTINGS_FILE: OnceLock<String> = OnceLock::new();

/// Notes which settings file was given, for whatever names a command to type next.
pub fn note_settings_file(path: &Path) {
    let _ = SETTINGS_FILE.set(shell_word(&path.to_string_lossy()));
}

/// The settings file that was given, as a shell takes it.
pub fn settings_file() -> &'static str {
    SETTINGS_FILE.get().map_or("regulars.toml", String::as_str)
}

/// Text as XML 1.0 has it: what is markup is written as a name, and control characters, which it
/// cannot hold in any form, as a backslash and their number.
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            '\t' | '\n' => escaped.push(letter),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(control));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [count(0), count(999), count(1000), count(1_469_307)],
            ["0", "999", "1,000", "1,469,307"]
        );
        assert_eq!(money(1234.4, "USD"), "1,234 USD");
        assert_eq!(
            [
                amount(26.056, "USD"),
                amount(1200.0, ""),
                amount(-0.5, "USD")
            ],
            ["26.06 USD", "1,200", "-0.50 USD"]
        );
        assert_eq!(plural(1, "rule"), "1 rule");
        assert_eq!(
            [decimal(1.0, "day"), decimal(14.504, "day")],
            ["1 day", "14.5 days"]
        );
    }

    #[test]
    fn numbers_are_shown_with_the_digits_that_say_something() {
        let words = [0.0, 2.5, -0.12345, 12.345, 1234.5, -1e6, 0.00001].map(grouped);
        assert_eq!(
            words,
            ["0", "2.5", "-0.1235", "12.35", "1,234", "-1,000,000", "0"]
        );
    }

    #[test]
    fn large_numbers_fit_small_places() {
        let texts = [999.0, 1234.0, 12_345.0, 1_234_567.0, 2e9].map(short);
        assert_eq!(texts, ["999", "1,234", "12 k", "1.2 M", "2.0 bn"]);
    }

    #[test]
    fn texts_line_up_in_every_script() {
        assert_eq!([left("ab", 4), right("ab", 4)], ["ab  ", "  ab"]);
        assert_eq!([left("客户", 5), right("客户，", 7)], ["客户 ", " 客户，"]);
        assert_eq!(left("longer", 3), "longer");
    }

    #[test]
    fn nothing_moves_the_cursor_of_a_terminal() {
        assert_eq!(visible("a\n\tb ä"), "a\n\tb ä");
        assert_eq!(
            visible("\u{1b}[2J\r\u{9b}x\u{202e}"),
            "\\u001b[2J\\u000d\\u009bx\\u202e"
        );
    }

    #[test]
    fn shouted_names_are_calmed_and_numbers_of_things_are_not() {
        assert_eq!(calm("PASTA SAUCE + 20024A"), "pasta sauce + 20024A");
        assert_eq!(calm("Käse Nr. 5"), "Käse Nr. 5");
    }
}
