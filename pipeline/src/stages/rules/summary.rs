//! What goes together, as the summary tells it.

use std::fmt::Write as _;

use super::again::{SEASON, Told};
use super::words::level;
use super::{Metrics, NAME};
use crate::outputs::manifest::Manifest;
use crate::text::{count, percent, plural};

/// With fewer rules than this people ask where the others are.
const FEW_RULES: u64 = 5;

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = title(&found);
    if let Some(slice) = &found.slice {
        let _ = writeln!(
            text,
            "  {}",
            tr!("Only where {condition}.", condition = slice)
        );
    }
    for rule in &found.strongest {
        let _ = writeln!(text, "  - {rule}");
    }
    if found.no_pairs {
        let _ = writeln!(text, "  {}", tr!("No basket holds two items."));
    } else if found.rules < FEW_RULES {
        where_candidates_fell(&found, &mut text);
    }
    if found.rules_of_part > 0 {
        let _ = writeln!(
            text,
            "  {}",
            match found.rules_of_part {
                1 => tr!(
                    "1 rule is of items that were not always, or not everywhere, on sale: counted in the time and the places in which they were."
                ),
                many => tr!(
                    "{n} rules are of items that were not always, or not everywhere, on sale: counted in the time and the places in which they were.",
                    n = count(many)
                ),
            },
        );
    }
    if found.rules > 0 && found.held_up_against == SEASON {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "What was no more than chance later is held against the same weeks of the year before."
            )
        );
    }
    far_outside(&found, &mut text);
    if found.differences > 0 {
        let _ = writeln!(text, "  {}", stronger(&found));
    }
    if found.sequences > 0 {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{sequences} of what follows what, with the days in between: {file}{later}.",
                sequences = plural(found.sequences, "sequence"),
                file = "sequences.csv",
                later = again(&found, &found.sequences_held_up)
            )
        );
    }
    text.push('\n');
    Some(text)
}

/// What is far stronger in one group.
fn stronger(found: &Metrics) -> String {
    let groups = plural(found.groups, "group");
    let column = found.compare_by.as_deref().unwrap_or_default();
    let (file, later) = (
        "rules_by_group.csv",
        again(found, &found.differences_held_up),
    );
    match found.differences {
        1 => tr!(
            "1 rule is far stronger in one of {groups} by {column}: {file}{later}.",
            groups = groups,
            column = column,
            file = file,
            later = later
        ),
        many => tr!(
            "{n} rules are far stronger in one of {groups} by {column}: {file}{later}.",
            n = count(many),
            groups = groups,
            column = column,
            file = file,
            later = later
        ),
    }
}

/// How many rules there are, and how many of them held up.
fn title(found: &Metrics) -> String {
    let rules = plural(found.rules, "rule");
    let level = level(&found.level);
    let told = &found.held_up;
    if found.later_baskets == 0 || found.rules == 0 {
        let title = tr!(
            "WHAT GOES TOGETHER ({rules} by {level})",
            rules = rules,
            level = level
        );
        return format!("{title}\n");
    }
    let by_lift = found
        .held_up_share_by_lift
        .map_or_else(String::new, |share| {
            tr!(
                "; of as many by lift alone {share} held up",
                share = percent(share)
            )
        });
    let title = tr!(
        "WHAT GOES TOGETHER ({rules} by {level}; on the weeks after {held} held up, {fell} did not,\n  of {few} there were too few baskets to tell{by_lift})",
        rules = rules,
        level = level,
        held = count(told.yes),
        fell = count(told.no),
        few = count(told.too_few),
        by_lift = by_lift
    );
    format!("{title}\n")
}

/// Whether what was found held up later, in three answers; nothing where there was nothing later.
fn again(found: &Metrics, told: &Told) -> String {
    if found.later_baskets == 0 {
        return String::new();
    }
    tr!(
        ";\n  later {held} held up, {fell} did not, of {few} there was too little to tell",
        held = count(told.yes),
        fell = count(told.no),
        few = count(told.too_few)
    )
}

fn where_candidates_fell(found: &Metrics, text: &mut String) {
    let _ = writeln!(
        text,
        "  {}",
        match found.candidates {
            1 => tr!(
                "1 candidate was tested, and those that fell, each at the first step it fell at:"
            ),
            many => tr!(
                "{n} candidates were tested, and those that fell, each at the first step it fell at:",
                n = count(many)
            ),
        }
    );
    for (fell, why) in found.funnel.steps() {
        let _ = writeln!(text, "  {:>9}  {why}", count(fell));
    }
}

/// Giant baskets and bulk buyers, and what became of them.
fn far_outside(found: &Metrics, text: &mut String) {
    let done = |action: &str| match action {
        "leave_out" => tr!("left out"),
        "cut" => tr!("cut"),
        _ => tr!("kept"),
    };
    let (giants, bulk) = (&found.giant_baskets, &found.bulk_buyers);
    if giants.found > 0 {
        let line = tr!(
            "{baskets} of more than {n} different items: {done}.",
            baskets = plural(giants.found, "basket"),
            n = count(giants.above),
            done = done(&giants.action)
        );
        let _ = writeln!(text, "  {line}");
    }
    if bulk.found > 0 {
        let line = tr!(
            "{customers} of more than {n} items in all baskets: {done}.",
            customers = plural(bulk.found, "customer"),
            n = count(bulk.above),
            done = done(&bulk.action)
        );
        let _ = writeln!(text, "  {line}");
    }
}
