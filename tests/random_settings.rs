//! Settings that somebody mistyped in any way give one message with its place, and never a panic.

use regulars::config::Settings;

use crate::util::SETTINGS;

/// Parts that mean something in settings, to be put where they do not belong.
const PARTS: [&str; 32] = [
    "[",
    "]",
    "[[sources]]",
    "{",
    "}",
    "=",
    "\"",
    "'",
    "\"\"\"",
    "\n",
    ",",
    ".",
    "#",
    "-1",
    "0",
    "1e999",
    "nan",
    "99999999999999999999",
    "2017-13-45",
    "true",
    "\\",
    "\\u12",
    "\u{feff}",
    "é",
    "sources",
    "columns",
    "constant",
    "type = \"integer\"",
    "time_format = []",
    "fields = [{}]",
    "quote = \"\"",
    "encoding = \"gbk\"",
];

#[test]
fn mistyped_settings_give_a_message_with_a_place() {
    let mut state = 3u64;
    let mut next = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for _ in 0..4_000 {
        let mut text: Vec<char> = SETTINGS.chars().collect();
        for _ in 0..=next(3) {
            let at = next(text.len());
            let until = (at + next(12)).min(text.len());
            match next(4) {
                0 => drop(text.drain(at..until)),
                1 => {
                    let again = text[at..until].to_vec();
                    text.splice(at..at, again);
                }
                2 => {
                    let part = PARTS[next(PARTS.len())];
                    text.splice(at..until, part.chars());
                }
                _ => {
                    let part = format!("\n{}\n", PARTS[next(PARTS.len())]);
                    text.splice(at..at, part.chars());
                }
            }
        }
        let text: String = text.into_iter().collect();
        if let Err(failure) = Settings::from_text(text.clone(), "regulars.toml".into(), ".".into())
        {
            refused += 1;
            assert!(
                failure.message.starts_with("regulars.toml:"),
                "{failure} for\n{text}"
            );
        }
    }
    assert!(refused > 1_000, "{refused} of 4,000 were refused");
}
