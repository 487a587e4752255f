//! What goes together, as the summary tells it.

use std::fmt::Write as _;

use super::again::{SEASON, Told};
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
        let _ = writeln!(text, "  Only where {slice}.");
    }
    for rule in &found.strongest {
        let _ = writeln!(text, "  - {rule}");
    }
    if found.no_pairs {
        let _ = writeln!(text, "  No basket holds two items.");
    } else if found.rules < FEW_RULES {
        where_candidates_fell(&found, &mut text);
    }
    if found.rules_of_part > 0 {
        let _ = writeln!(
            text,
            "  {} of items that were not always, or not everywhere, on sale: counted in the time and the places in which they were.",
            match found.rules_of_part {
                1 => "1 rule is".to_owned(),
                many => format!("{} rules are", count(many)),
            },
        );
    }
    if found.rules > 0 && found.held_up_against == SEASON {
        let _ = writeln!(
            text,
            "  What was no more than chance later is held against the same weeks of the year before."
        );
    }
    far_outside(&found, &mut text);
    if found.differences > 0 {
        let _ = writeln!(
            text,
            "  {} far stronger in one of {} by {}: rules_by_group.csv{}.",
            match found.differences {
                1 => "1 rule is".to_owned(),
                many => format!("{} rules are", count(many)),
            },
            plural(found.groups, "group"),
            found.compare_by.as_deref().unwrap_or_default(),
            again(&found, &found.differences_held_up),
        );
    }
    if found.sequences > 0 {
        let _ = writeln!(
            text,
            "  {} of what follows what, with the days in between: sequences.csv{}.",
            plural(found.sequences, "sequence"),
            again(&found, &found.sequences_held_up),
        );
    }
    text.push('\n');
    Some(text)
}

/// How many rules there are, and how many of them held up.
fn title(found: &Metrics) -> String {
    let rules = plural(found.rules, "rule");
    let told = &found.held_up;
    let by_lift = found
        .held_up_share_by_lift
        .map_or_else(String::new, |share| {
            format!("; of as many by lift alone {} held up", percent(share))
        });
    let held_up = match found.later_baskets > 0 && found.rules > 0 {
        true => format!(
            "; on the weeks after {} held up, {} did not,\n  of {} there were too few baskets to tell{by_lift}",
            count(told.yes),
            count(told.no),
            count(told.too_few),
        ),
        false => String::new(),
    };
    format!("WHAT GOES TOGETHER ({rules} by {}{held_up})\n", found.level)
}

/// Whether what was found held up later, in three answers; nothing where there was nothing later.
fn again(found: &Metrics, told: &Told) -> String {
    if found.later_baskets == 0 {
        return String::new();
    }
    format!(
        ";\n  later {} held up, {} did not, of {} there was too little to tell",
        count(told.yes),
        count(told.no),
        count(told.too_few)
    )
}

fn where_candidates_fell(found: &Metrics, text: &mut String) {
    let _ = writeln!(
        text,
        "  {} tested, and those that fell, each at the first step it fell at:",
        match found.candidates {
            1 => "1 candidate was".to_owned(),
            many => format!("{} candidates were", count(many)),
        }
    );
    for (fell, why) in found.funnel.steps() {
        let _ = writeln!(text, "  {:>9}  {why}", count(fell));
    }
}

/// Giant baskets and bulk buyers, and what became of them.
fn far_outside(found: &Metrics, text: &mut String) {
    let outside = [
        (&found.giant_baskets, "basket", "different items"),
        (&found.bulk_buyers, "customer", "items in all baskets"),
    ];
    for (outside, noun, what) in outside.into_iter().filter(|(of, ..)| of.found > 0) {
        let done = match outside.action.as_str() {
            "leave_out" => "left out",
            "cut" => "cut",
            _ => "kept",
        };
        let _ = writeln!(
            text,
            "  {} of more than {} {what}: {done}.",
            plural(outside.found, noun),
            count(outside.above)
        );
    }
}
