//! The model card: a version in plain words, for whoever decides whether to use it.

use std::fmt::Write as _;

use ndarray::Array1;

use crate::failure::Result;
use crate::learning::choice::said_again;
use crate::registry::{CARD, Figure, KeptFeatures, Record, Version};
use crate::stages::churn::{self, meaning};
use crate::text::{count, percent, plural};
use crate::words::{Language, said, spoken};

/// As many features are named.
const NAMED: usize = 12;

/// The card of a version. Markdown; no time in it, so that the same model has the same card.
///
/// - `importance`: how much the model leans on each feature, where it tells.
/// - `project`: what it is called.
pub fn card(
    record: &Record,
    kept: &KeptFeatures,
    importance: Option<&Array1<f64>>,
    project: &str,
) -> String {
    let title = tr!(
        "# Who is leaving: {model}",
        model = churn::title(&record.model.title)
    );
    let mut text = title + "\n\n";
    text += &purpose(record, project);
    text += &learned(record);
    text += &quality(record);
    text += &looks_at(kept, importance);
    text += &limits(record);
    text
}

/// The card of a version that is kept, in the language of the command; it is kept in English.
///
/// # Errors
/// Its files are not what was stored.
pub fn of_version(version: &Version) -> Result<String> {
    let kept = version.text(CARD)?;
    if spoken() == Language::En {
        return Ok(kept);
    }
    let model = version.model()?;
    let importance = model.model().classifier().and_then(|one| one.importance());
    let project = model.facts().get("project");
    let features = version.features()?;
    Ok(card(
        &version.record,
        &features,
        importance.as_ref(),
        project.map_or("", String::as_str),
    ))
}

fn purpose(record: &Record, project: &str) -> String {
    let definition = &record.definition;
    let does = match &definition.label {
        Some(label) => tr!(
            "leaves, as the column `{label}` of the customers' table says",
            label = label
        ),
        None => tr!(
            "buys nothing in the next {days}",
            days = plural(definition.horizon_days.into(), "day")
        ),
    };
    let mut text = format!(
        "{}\n\n{}\n\n",
        tr!("## What it predicts"),
        tr!(
            "For each customer of {project} the probability of one who {does}.",
            project = project,
            does = does
        )
    );
    if definition.label.is_none() {
        let _ = writeln!(
            text,
            "{}\n",
            tr!(
                "Scored is who has bought at least {baskets}, the last time at most {days} before the date. Days are those of {timezone}.",
                baskets = plural(definition.min_baskets.into(), "basket"),
                days = plural(definition.active_days.into(), "day"),
                timezone = definition.timezone
            )
        );
    }
    text
}

fn learned(record: &Record) -> String {
    let (training, data) = (&record.training, &record.data);
    let mut text = tr!("## From what it was learned") + "\n\n";
    let _ = writeln!(
        text,
        "- {}",
        tr!(
            "{rows}, of whom {left} left.",
            rows = plural(training.rows, "row"),
            left = count(training.left)
        )
    );
    if let (Some(first), Some(last), Some(until)) = (
        training.dates.first(),
        training.dates.last(),
        training.seen_until,
    ) {
        let _ = writeln!(
            text,
            "- {}",
            tr!(
                "{dates} from {first} to {last}; it has seen what happened before {until}, and nothing after.",
                dates = plural(training.dates.len() as u64, "date"),
                first = first,
                last = last,
                until = until
            )
        );
    }
    let _ = writeln!(
        text,
        "- {}",
        tr!(
            "The warehouse after load {load} (version {version} of the table `interactions`){as_of}{known_at}.",
            load = data.load,
            version = data.version,
            as_of = given("--as-of", data.as_of_asked.as_ref()),
            known_at = given("--known-at", data.known_at.as_ref())
        )
    );
    let _ = writeln!(
        text,
        "- {}\n",
        tr!(
            "Model: `{model}`, chosen because: {why}. Calibration: {calibration}. Seed: {seed}.",
            model = record.model.name,
            why = said_again(&record.model.why),
            calibration = record.model.calibration,
            seed = record.seed
        )
    );
    text
}

fn given(option: &str, value: Option<&String>) -> String {
    value.map_or_else(String::new, |value| {
        tr!(", {option} {value}", option = option, value = value)
    })
}

fn quality(record: &Record) -> String {
    let found = &record.quality;
    let mut text = format!(
        "{}\n\n{}\n\n{}\n|---|---|---|\n",
        tr!("## How good it is"),
        tr!(
            "Tested on {test}, of which it had seen nothing: {customers}, of whom {left} left.",
            test = said(&found.tested_on),
            customers = plural(found.rows, "customer"),
            left = count(found.left)
        ),
        tr!("| figure | value | 95 % interval |")
    );
    for (name, Figure { value, low, high }) in [
        (tr!("log loss (lower is better)"), found.log_loss),
        (tr!("ROC AUC (0.5 is chance)"), found.roc_auc),
        (tr!("average precision"), found.average_precision),
    ] {
        let (low, high) = (format!("{low:.4}"), format!("{high:.4}"));
        let range = tr!("{low} to {high}", low = low, high = high);
        let _ = writeln!(text, "| {name} | {value:.4} | {range} |");
    }
    let _ = writeln!(
        text,
        "| {} | {:.2} | |\n| {} | {:.4} | |\n| {} | {:.4} | |\n",
        tr!("lift of the top tenth"),
        found.lift_top_tenth,
        tr!("Brier score"),
        found.brier,
        tr!("calibration error"),
        found.calibration_error
    );
    text + &figures_explained(record)
}

/// What the figures mean, beside what one column alone reaches.
fn figures_explained(record: &Record) -> String {
    let found = &record.quality;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}",
        tr!(
            "Of one who left and one who stayed, the score tells which in {share} of cases.",
            share = percent(found.roc_auc.value)
        )
    );
    if let Some(solo) = &found.baseline {
        let _ = writeln!(
            text,
            "{}",
            tr!(
                "For scale, {model}: ROC AUC {auc}, log loss {loss}.",
                model = churn::title(&solo.title),
                auc = format!("{:.4}", solo.roc_auc),
                loss = format!("{:.4}", solo.log_loss)
            )
        );
    }
    if let Some(season) = record.season.filter(|season| season.applied) {
        let _ = writeln!(
            text,
            "{}",
            tr!(
                "Its probabilities are corrected for the season by the same weeks of the year before: on the test that brought a mean of {before} to {after}, and {left} left.",
                before = percent(season.as_learned),
                after = percent(season.expected),
                left = percent(season.happened)
            )
        );
    }
    text.push('\n');
    text
}

fn looks_at(kept: &KeptFeatures, importance: Option<&Array1<f64>>) -> String {
    let features = &kept.features;
    let mut text = format!(
        "{}\n\n{}",
        tr!("## What it looks at"),
        tr!(
            "{features}, each with its definition in `features.json`.",
            features = plural(features.len() as u64, "feature")
        )
    );
    let importance = importance.map_or(&[][..], |found| found.as_slice().unwrap_or_default());
    let total: f64 = importance.iter().sum();
    if total <= 0.0 {
        return text + &tr!(" This model does not say which of them it leans on.") + "\n\n";
    }
    let mut order: Vec<usize> = (0..importance.len().min(features.len())).collect();
    order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]).then(a.cmp(b)));
    let most = tr!(" Those that it leans on most:");
    let head = tr!("| feature | share | what it is |");
    let _ = writeln!(text, "{most}\n\n{head}\n|---|---|---|");
    for place in order.into_iter().take(NAMED) {
        let feature = &features[place];
        let share = percent(importance[place] / total);
        let about = meaning(&feature.name, &feature.about).replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {share} | {about} |", feature.name);
    }
    text.push('\n');
    text
}

fn limits(record: &Record) -> String {
    let mut text = tr!("## Limits") + "\n\n";
    let mut lines = match record.definition.label {
        Some(_) => vec![tr!("It knows customers as they were when it was learned.")],
        None => vec![
            tr!("It knows the times that it was learned from."),
            tr!("Whoever is too new or too long away is not scored."),
        ],
    };
    lines.extend([
        tr!(
            "A probability tells who leaves, not whom a campaign would keep: that takes a control group."
        ),
        tr!(
            "What raises or lowers a score is what goes along with leaving, and need not be its cause."
        ),
        tr!(
            "It is refused where a feature, the horizon or the label means something else than when it was learned."
        ),
    ]);
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
    text
}
