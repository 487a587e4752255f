//! The model card: a version in plain words, for whoever decides whether to use it.

use std::fmt::Write as _;

use crate::registry::{Figure, KeptFeatures, Record};
use crate::stages::Context;
use crate::stages::churn::Taught;
use crate::text::{count, percent, plural};

/// As many features are named.
const NAMED: usize = 12;

/// The card of a version. Markdown; no time in it, so that the same model has the same card.
pub fn card(
    record: &Record,
    kept: &KeptFeatures,
    taught: &Taught,
    context: &Context<'_>,
) -> String {
    let mut text = format!("# Who is leaving: {}\n\n", record.model.title);
    text += &purpose(record, context);
    text += &learned(record);
    text += &quality(record);
    text += &looks_at(kept, taught);
    text += &limits(record);
    text
}

fn purpose(record: &Record, context: &Context<'_>) -> String {
    let definition = &record.definition;
    let project = &context.settings.config.project.name;
    let mut text = format!(
        "## What it predicts\n\nFor each customer of {project} the probability of one who {}.\n\n",
        match &definition.label {
            Some(label) => format!("leaves, as the column `{label}` of the customers' table says"),
            None => record.outcome.clone(),
        }
    );
    if definition.label.is_none() {
        let _ = writeln!(
            text,
            "Scored is who has bought at least {}, the last time at most {} before the date. Days are those of {}.\n",
            plural(definition.min_baskets.into(), "basket"),
            plural(definition.active_days.into(), "day"),
            definition.timezone
        );
    }
    text
}

fn learned(record: &Record) -> String {
    let (training, data) = (&record.training, &record.data);
    let mut text = "## From what it was learned\n\n".to_owned();
    let _ = writeln!(
        text,
        "- {}, of whom {} left.",
        plural(training.rows, "row"),
        count(training.left)
    );
    if let (Some(first), Some(last), Some(until)) = (
        training.dates.first(),
        training.dates.last(),
        training.seen_until,
    ) {
        let _ = writeln!(
            text,
            "- {} from {first} to {last}; it has seen what happened before {until}, and nothing after.",
            plural(training.dates.len() as u64, "date")
        );
    }
    let _ = writeln!(
        text,
        "- The warehouse after load {} (version {} of the table `interactions`){}{}.",
        data.load,
        data.version,
        given("--as-of", data.as_of_asked.as_ref()),
        given("--known-at", data.known_at.as_ref())
    );
    let _ = writeln!(
        text,
        "- Model: `{}`, chosen because: {}. Calibration: {}. Seed: {}.\n",
        record.model.name, record.model.why, record.model.calibration, record.seed
    );
    text
}

fn given(option: &str, value: Option<&String>) -> String {
    value.map_or_else(String::new, |value| format!(", {option} {value}"))
}

fn quality(record: &Record) -> String {
    let found = &record.quality;
    let mut text = format!(
        "## How good it is\n\nTested on {}, of which it had seen nothing: {}, of whom {} left.\n\n\
         | figure | value | 95 % interval |\n|---|---|---|\n",
        found.tested_on,
        plural(found.rows, "customer"),
        count(found.left)
    );
    for (name, Figure { value, low, high }) in [
        ("log loss (lower is better)", found.log_loss),
        ("ROC AUC (0.5 is chance)", found.roc_auc),
        ("average precision", found.average_precision),
    ] {
        let _ = writeln!(text, "| {name} | {value:.4} | {low:.4} to {high:.4} |");
    }
    let _ = writeln!(
        text,
        "| lift of the top tenth | {:.2} | |\n| Brier score | {:.4} | |\n| calibration error | {:.4} | |\n",
        found.lift_top_tenth, found.brier, found.calibration_error
    );
    let _ = writeln!(
        text,
        "Of one who left and one who stayed, the score tells which in {} of cases.",
        percent(found.roc_auc.value)
    );
    if let Some(solo) = &found.baseline {
        let _ = writeln!(
            text,
            "For scale, {}: ROC AUC {:.4}, log loss {:.4}.",
            solo.title, solo.roc_auc, solo.log_loss
        );
    }
    if let Some(season) = record.season.filter(|season| season.applied) {
        let _ = writeln!(
            text,
            "Its probabilities are corrected for the season by the same weeks of the year before: on the test that brought a mean of {} to {}, and {} left.",
            percent(season.as_learned),
            percent(season.expected),
            percent(season.happened)
        );
    }
    text.push('\n');
    text
}

fn looks_at(kept: &KeptFeatures, taught: &Taught) -> String {
    let features = &kept.features;
    let mut text = format!(
        "## What it looks at\n\n{}, each with its definition in `features.json`.",
        plural(features.len() as u64, "feature")
    );
    let importance = taught.learned.importance().unwrap_or_default();
    let total: f64 = importance.iter().sum();
    if total <= 0.0 {
        return text + " This model does not say which of them it leans on.\n\n";
    }
    let mut order: Vec<usize> = (0..importance.len().min(features.len())).collect();
    order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]).then(a.cmp(b)));
    text += " Those that it leans on most:\n\n| feature | share | what it is |\n|---|---|---|\n";
    for place in order.into_iter().take(NAMED) {
        let feature = &features[place];
        let share = percent(importance[place] / total);
        let about = feature.about.replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {share} | {about} |", feature.name);
    }
    text.push('\n');
    text
}

fn limits(record: &Record) -> String {
    let mut text = "## Limits\n\n".to_owned();
    text += match record.definition.label {
        Some(_) => "- It knows customers as they were when it was learned.\n",
        None => {
            "- It knows the times that it was learned from.\n- Whoever is too new or too long away is not scored.\n"
        }
    };
    text += "- A probability tells who leaves, not whom a campaign would keep: that takes a control group.\n\
             - What raises or lowers a score is what goes along with leaving, and need not be its cause.\n\
             - It is refused where a feature, the horizon or the label means something else than when it was learned.\n";
    text
}
