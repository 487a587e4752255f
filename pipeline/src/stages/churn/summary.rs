//! Who is leaving, and how the models did, as the summary tells it.

use std::fmt::Write as _;

use super::season::Correction;
use super::{BASELINE, Metrics, ModelRow, NAME};
use crate::outputs::manifest::Manifest;
use crate::text::{count, money, percent, plural};

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(text, "WHO IS LEAVING ({})", found.outcome);
    let bands: Vec<String> = found
        .customers
        .bands
        .iter()
        .map(|band| format!("{} at {} risk", count(band.customers), band.band))
        .collect();
    let scored = if found.dates.is_some() {
        "active customer"
    } else {
        "customer"
    };
    let _ = writeln!(
        text,
        "  {} scored: {}.",
        plural(found.scored, scored),
        bands.join(", ")
    );
    for band in found
        .customers
        .unscored
        .iter()
        .filter(|band| band.customers > 0)
    {
        let _ = writeln!(
            text,
            "  {} {} and not scored: {}; {} spent so far.",
            count(band.customers),
            band.band,
            band.why,
            money(band.spend, &manifest.currency)
        );
    }
    if let Some(chosen) = found.model(&found.chosen) {
        text += &by_model(&found, chosen);
    }
    if let Some(season) = found.season.as_ref().and_then(Correction::sentence) {
        let _ = writeln!(text, "  {season}");
    }
    if let Some(campaign) = &found.customers.campaign {
        let _ = writeln!(text, "  {}", campaign.words);
    }
    text.push('\n');
    Some(text)
}

/// Which model gives the scores, and how good it is.
fn by_model(found: &Metrics, chosen: &ModelRow) -> String {
    let mut text = String::new();
    let on = found.validation.as_ref();
    let _ = writeln!(
        text,
        "  Scores by {} ({}{}).",
        chosen.title,
        found.why,
        on.map_or_else(String::new, |on| format!("; chosen on {on}"))
    );
    let _ = writeln!(
        text,
        "  Tested on {}, which no model had seen ({} of {} customers left):",
        found.tested_on,
        count(found.test_churned),
        count(found.test_rows),
    );
    let baseline = found.model(BASELINE);
    let baseline = baseline.filter(|row| row.model != chosen.model);
    let beside = |figure: &dyn Fn(&ModelRow) -> String| {
        baseline.map_or_else(String::new, |row| {
            format!(" ({} {})", row.title, figure(row))
        })
    };
    let _ = writeln!(
        text,
        "  - of one who left and one who stayed, the score tells which in {} of cases{};",
        percent(chosen.figures.roc_auc),
        beside(&|row| percent(row.figures.roc_auc)),
    );
    let _ = writeln!(
        text,
        "  - the tenth with the highest scores holds {:.1} times as many leavers as a tenth drawn at random;",
        chosen.figures.lift_top_tenth,
    );
    let _ = writeln!(
        text,
        "  - the probabilities are off by a Brier score of {:.3}{}.",
        found.delivered.brier,
        beside(&|row| format!("{:.3}", row.figures.brier)),
    );
    text
}

/// The models side by side with what they took, which is not the same from run to run and so
/// is printed and not written.
pub fn leaderboard(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "MODELS OF WHO IS LEAVING (on {}, best first)",
        found.tested_on
    );
    let titles = found.models.iter().map(|row| row.title.chars().count());
    let width = titles.max().unwrap_or(0);
    for row in &found.models {
        let memory = row
            .peak_memory_bytes
            .map_or_else(String::new, |bytes| format!(", {} MiB", bytes >> 20));
        let chosen = if row.chosen { "*" } else { " " };
        let figures = &row.figures;
        let ranges = &row.ranges;
        let _ = writeln!(
            text,
            "  {chosen} {:width$}  log loss {:.4} ({:.4} to {:.4})  ROC AUC {:.4}  learned in {:.2} s, scored in {:.2} s{memory}",
            row.title,
            figures.log_loss,
            ranges.log_loss_range.low,
            ranges.log_loss_range.high,
            figures.roc_auc,
            row.fit_seconds,
            row.score_seconds,
        );
    }
    let _ = writeln!(text, "  * gives the scores; more in churn_models.csv\n");
    Some(text)
}
