//! Pages: one file each, with nothing from elsewhere.
//!
//! Every page extends `base.html`, which brings head, style sheet and the one script, `tables.js`, and says only
//! what is its own. Whatever comes from the data goes through the escaping of the template; beyond that the head
//! forbids the browser to load anything and to run any script but that one, which it knows by its hash.

pub mod plot;

use std::fmt::{Display, Write as _};

use base64::Engine as _;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, HtmlEscape, UndefinedBehavior, Value};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};
use crate::text::{count, grouped, percent, short};
use crate::words::{self, Language};

/// What pages extend and import.
const SHARED: [(&str, &str); 3] = [
    ("base.html", include_str!("base.html")),
    ("style.css", include_str!("style.css")),
    ("plots.html", include_str!("plots.html")),
];

/// What sorts and filters tables. A page says the same without it.
const SCRIPT: &str = include_str!("tables.js");

/// Templates with the filters that every page needs.
pub fn environment() -> Result<Environment<'static>> {
    let mut page = Environment::new();
    page.set_auto_escape_callback(|_| AutoEscape::Html);
    page.set_undefined_behavior(UndefinedBehavior::Strict);
    let blocks_leave_no_lines = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    page.set_syntax(blocks_leave_no_lines.map_err(|error| fault(&error.to_string()))?);
    for (name, template) in SHARED {
        page.add_template(name, template)
            .map_err(|error| fault(&format!("{error:#}")))?;
    }
    page.add_function("t", sentence);
    page.add_function("h", marked_up);
    page.add_filter("ticked", |text: &str| Value::from_safe_string(ticked(text)));
    page.add_function("lang", || words::spoken().tag());
    page.add_global("gap", gap());
    page.add_function("script", || Value::from_safe_string(SCRIPT.to_owned()));
    page.add_function("script_hash", script_hash);
    page.add_filter("said", |code: &str| words::said(code).to_owned());
    page.add_filter("whole", |number: u64| count(number));
    page.add_filter("part", part);
    page.add_filter("number", grouped);
    page.add_filter("short", short);
    page.add_filter("fix", |value: f64| format!("{value:.2}"));
    Ok(page)
}

/// `t("{n} customers left", n=5)`: a text in the language of the page. What is a code in the files is said by
/// the filter of that name: `{{ band | said }}`.
fn sentence(text: &str, given: Kwargs) -> std::result::Result<String, minijinja::Error> {
    filled(text, &given, |value| value.to_string())
}

/// `h("<b>{who}</b> left", who=name)`: the same where the text has markup; what is given is escaped.
fn marked_up(text: &str, given: Kwargs) -> std::result::Result<Value, minijinja::Error> {
    let escaped = |value: &Value| match value.is_safe() {
        true => value.to_string(),
        false => HtmlEscape(&value.to_string()).to_string(),
    };
    filled(text, &given, escaped).map(Value::from_safe_string)
}

fn filled(
    text: &str,
    given: &Kwargs,
    written: impl Fn(&Value) -> String,
) -> std::result::Result<String, minijinja::Error> {
    let given: Vec<(&str, String)> = given
        .args()
        .map(|name| Ok((name, written(&given.get::<Value>(name)?))))
        .collect::<std::result::Result<_, minijinja::Error>>()?;
    let given: Vec<(&str, &dyn Display)> = given
        .iter()
        .map(|(name, value)| (*name, value as &dyn Display))
        .collect();
    Ok(words::fill(text, &given))
}

/// What stands between two sentences: in Chinese the full stop has the room within it.
fn gap() -> &'static str {
    match words::spoken() {
        Language::En => " ",
        Language::Zh => "",
    }
}

/// A sentence that a terminal shows as well, as HTML: what stands between backticks is code.
fn ticked(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    for (place, part) in parts.into_iter().enumerate() {
        let escaped = HtmlEscape(part);
        // The last one, opened and never closed, is a backtick.
        let _ = match place % 2 == 1 {
            true if place < last => write!(html, "<code>{escaped}</code>"),
            true => write!(html, "`{escaped}"),
            false => write!(html, "{escaped}"),
        };
    }
    html
}

/// The script as a content security policy names it.
fn script_hash() -> Value {
    let digest = Sha256::digest(SCRIPT.as_bytes());
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    Value::from_safe_string(format!("sha256-{digest}"))
}

/// Puts values into a template.
pub fn render(
    page: &Environment<'_>,
    name: &str,
    template: &str,
    context: Value,
) -> Result<String> {
    page.render_named_str(name, template, context)
        .map_err(|error| fault(&format!("{error:#}")))
}

/// Anything as the template sees it.
pub fn value_of(data: &impl serde::Serialize) -> Result<Value> {
    let data = serde_json::to_value(data).map_err(|error| fault(&error.to_string()))?;
    Ok(template_value(&data))
}

fn fault(error: &str) -> Failure {
    Failure::machine(format!(
        "this is a fault of regulars, please report it: {error}"
    ))
}

/// JSON as the template sees it.
fn template_value(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole),
            (None, float) => Value::from(float),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(list) => list.iter().map(template_value).collect(),
        serde_json::Value::Object(map) => Value::from_pairs(
            map.iter()
                .map(|(name, value)| (name.as_str(), template_value(value))),
        ),
    }
}

/// A share as a percentage, also when it is small.
pub fn part(share: f64) -> String {
    if share > 0.0 && share < 0.0005 {
        return "< 0.1 %".to_owned();
    }
    percent(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_still_escaped() {
        assert_eq!(ticked("`a<b` in <c>"), "<code>a&lt;b</code> in &lt;c&gt;");
        assert_eq!(ticked("one ` alone"), "one ` alone");
    }

    #[test]
    fn small_shares_are_told_from_none() {
        assert_eq!(
            [0.0, 0.0001, 0.12].map(part),
            ["0.0 %", "< 0.1 %", "12.0 %"]
        );
    }
}
