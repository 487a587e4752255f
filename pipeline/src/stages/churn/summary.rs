//! Who is leaving, and how the models did, as the summary tells it.

use std::fmt::Write as _;

use super::season::Correction;
use super::{BASELINE, BandRow, Metrics, ModelRow, NAME};
use crate::outputs::manifest::Manifest;
use crate::text::{count, money, percent, plural};
use crate::words::said;

/// The paragraph of the summary; none when the stage has not run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}",
        tr!("WHO IS LEAVING ({outcome})", outcome = found.outcome)
    );
    let bands: Vec<String> = found.customers.bands.iter().map(BandRow::words).collect();
    let scored = match found.dates.is_some() {
        true => plural(found.scored, "active customer"),
        false => plural(found.scored, "customer"),
    };
    let _ = writeln!(
        text,
        "  {}",
        tr!(
            "{customers} scored: {bands}.",
            customers = scored,
            bands = bands.join(&tr!(", "))
        )
    );
    for band in found
        .customers
        .unscored
        .iter()
        .filter(|band| band.customers > 0)
    {
        let _ = writeln!(
            text,
            "  {}",
            tr!(
                "{customers} {band} and not scored: {why}; {money} spent so far.",
                customers = count(band.customers),
                band = said(&band.band),
                why = band.why,
                money = money(band.spend, &manifest.currency)
            )
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
        "  {}",
        match on {
            Some(on) => tr!(
                "Scores by {model} ({why}; chosen on {on}).",
                model = chosen.title,
                why = found.why,
                on = on
            ),
            None => tr!(
                "Scores by {model} ({why}).",
                model = chosen.title,
                why = found.why
            ),
        }
    );
    let _ = writeln!(
        text,
        "  {}",
        tr!(
            "Tested on {test}, which no model had seen ({left} of {customers} customers left):",
            test = found.tested_on,
            left = count(found.test_churned),
            customers = count(found.test_rows)
        )
    );
    text + &by_figures(found, chosen)
}

/// How good it is, beside what one column alone reaches.
fn by_figures(found: &Metrics, chosen: &ModelRow) -> String {
    let mut text = String::new();
    let baseline = found.model(BASELINE);
    let baseline = baseline.filter(|row| row.model != chosen.model);
    let beside = |figure: &dyn Fn(&ModelRow) -> String| {
        baseline.map_or_else(String::new, |row| {
            tr!(
                " ({model} {figure})",
                model = row.title,
                figure = figure(row)
            )
        })
    };
    let _ = writeln!(
        text,
        "  - {}",
        tr!(
            "of one who left and one who stayed, the score tells which in {share} of cases{beside};",
            share = percent(chosen.figures.roc_auc),
            beside = beside(&|row| percent(row.figures.roc_auc))
        )
    );
    let _ = writeln!(
        text,
        "  - {}",
        tr!(
            "the tenth with the highest scores holds {times} times as many leavers as a tenth drawn at random;",
            times = format!("{:.1}", chosen.figures.lift_top_tenth)
        )
    );
    let _ = writeln!(
        text,
        "  - {}",
        tr!(
            "the probabilities are off by a Brier score of {brier}{beside}.",
            brier = format!("{:.3}", found.delivered.brier),
            beside = beside(&|row| format!("{:.3}", row.figures.brier))
        )
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
        "{}",
        tr!(
            "MODELS OF WHO IS LEAVING (on {test}, best first)",
            test = found.tested_on
        )
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
        let figures = tr!(
            "log loss {loss} ({low} to {high})  ROC AUC {auc}  learned in {fit} s, scored in {score} s",
            loss = format!("{:.4}", figures.log_loss),
            low = format!("{:.4}", ranges.log_loss_range.low),
            high = format!("{:.4}", ranges.log_loss_range.high),
            auc = format!("{:.4}", figures.roc_auc),
            fit = format!("{:.2}", row.fit_seconds),
            score = format!("{:.2}", row.score_seconds)
        );
        let _ = writeln!(text, "  {chosen} {:width$}  {figures}{memory}", row.title);
    }
    let _ = writeln!(
        text,
        "  {}\n",
        tr!("* gives the scores; more in churn_models.csv")
    );
    Some(text)
}
