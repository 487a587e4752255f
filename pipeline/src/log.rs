//! What is said on standard error while a command works: words for people, or a line of JSON an event for machines.

use std::io::Write as _;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::text::visible;

/// For whom standard error is written. There is one such stream in a process, so this is said once, at its start.
static MACHINES: OnceLock<()> = OnceLock::new();

/// From here on for machines.
pub fn for_machines() {
    let _ = MACHINES.set(());
}

/// Whether machines read standard error.
pub fn is_for_machines() -> bool {
    MACHINES.get().is_some()
}

/// What happened: `regulars: ` and a message for people, the event and its facts for machines.
pub fn say(event: &str, message: &str, facts: Value) {
    if is_for_machines() {
        write(event, message, facts);
    } else {
        let _ = writeln!(std::io::stderr(), "regulars: {}", visible(message));
    }
}

/// A line for machines: when, the event, the message where there is one, and the facts of an object.
pub fn write(event: &str, message: &str, facts: Value) {
    let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let _ = writeln!(std::io::stderr(), "{}", line(&at, event, message, facts));
}

fn line(at: &str, event: &str, message: &str, facts: Value) -> Value {
    let mut line = Map::new();
    line.insert("at".to_owned(), json!(at));
    line.insert("event".to_owned(), json!(event));
    if !message.is_empty() {
        line.insert("message".to_owned(), json!(message));
    }
    if let Value::Object(facts) = facts {
        line.extend(facts);
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_whatever_the_message_holds() {
        let written = line(
            "2026-01-01T00:00:00.000Z",
            "warning",
            "a \"b\"\nc",
            json!({"code": "x"}),
        )
        .to_string();
        assert!(!written.contains('\n'));
        let read: Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(read["message"], "a \"b\"\nc");
        assert_eq!(read["code"], "x");
        assert!(line("t", "e", "", Value::Null).get("message").is_none());
    }
}
