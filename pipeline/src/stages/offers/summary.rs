//! What each customer would buy next, as the summary tells it.

use std::fmt::Write as _;

use super::{Metrics, NAME};
use crate::outputs::manifest::Manifest;
use crate::text::{percent, plural};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(text, "WHAT EACH WOULD BUY NEXT");
    let _ = writeln!(
        text,
        "  {} for {}, each of a {} not bought before, with the reason.",
        plural(found.suggestions, "suggestion"),
        plural(found.customers, "customer"),
        found.level,
    );
    if let Some(test) = &found.test {
        let _ = writeln!(
            text,
            "  Tested on {} held-out days: of {} who then bought something new, {} bought one of their {}\n  (the most popular items: {}).",
            test.days,
            plural(test.customers, "customer"),
            percent(test.model.hit_rate),
            found.per_customer,
            percent(test.popularity.hit_rate),
        );
    }
    text.push('\n');
    Some(text)
}
