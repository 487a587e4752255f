//! What a run found, for a person who will act on it: on the terminal and in `summary.txt`.

use std::fmt::Write as _;
use std::path::Path;

use crate::failure::Result;
use crate::manifest::Manifest;
use crate::outputs::Pending;
use crate::stages::{churn, features, ingest, offers, rules, segment};
use crate::text::{count, money, percent, plural};

/// The file's name below the output folder.
pub const FILE_NAME: &str = "summary.txt";
/// Its owner in the manifest; no stage, but the run itself.
const OWNER: &str = "summary";

/// Writes `summary.txt` and names it in the manifest.
pub fn write(manifest: &mut Manifest, out: &Path) -> Result<()> {
    let mut files = Pending::new(out, OWNER);
    files.text(
        FILE_NAME,
        "What the run found, in words",
        &findings(manifest),
    )?;
    manifest.files.retain(|file| file.stage != OWNER);
    manifest.write(out)?;
    manifest.files.extend(files.commit()?);
    manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
    manifest.write(out)
}

/// The findings, where the files are, and what to try next.
pub fn text(manifest: &Manifest, out: &Path) -> String {
    let mut text = findings(manifest);
    leaderboard(manifest, &mut text);
    let _ = writeln!(text, "FILES in {}", out.display());
    let width = manifest
        .files
        .iter()
        .filter(|file| top_level(&file.path))
        .map(|file| file.path.len())
        .max()
        .unwrap_or(0);
    for file in manifest.files.iter().filter(|file| top_level(&file.path)) {
        // A table's CSV and Parquet are one table; the CSV is the one that people open.
        let twin = file
            .path
            .strip_suffix(".parquet")
            .map(|stem| format!("{stem}.csv"));
        if twin.is_some_and(|twin| manifest.files.iter().any(|other| other.path == twin)) {
            continue;
        }
        let rows = file
            .rows
            .map(|rows| format!(" ({})", plural(rows, "row")))
            .unwrap_or_default();
        let _ = writeln!(text, "  {:width$}  {}{rows}", file.path, file.about);
    }
    let _ = writeln!(
        text,
        "  Tables are there as .csv for spreadsheets and as .parquet for pandas, polars, DuckDB and Spark."
    );
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "regulars".to_owned());
    let demo = out.join("demo").join("regulars.toml");
    let _ = writeln!(text, "\nNEXT");
    if demo.is_file() {
        let _ = writeln!(
            text,
            "  Your own history: copy {}, change its paths and columns, then",
            demo.display()
        );
        let _ = writeln!(text, "  {program} run -c regulars.toml");
    } else if manifest.stages.contains_key(churn::NAME)
        && !manifest.stages.contains_key(features::NAME)
    {
        let _ = writeln!(
            text,
            "  Customers whose outcome is not known yet: add them to the source with an empty label, then\n  {program} run -c regulars.toml"
        );
    } else {
        let _ = writeln!(
            text,
            "  See whether it would have been right: score a past date, then look at what came after."
        );
        let _ = writeln!(
            text,
            "  {program} run -c regulars.toml --as-of {} --out regulars-past",
            past_date(manifest)
        );
    }
    text
}

fn top_level(path: &str) -> bool {
    !path.contains('/') && path != FILE_NAME
}

/// A date whose outcome is known, to try next.
fn past_date(manifest: &Manifest) -> String {
    let metrics: Option<features::Metrics> = manifest.metrics(features::NAME);
    metrics
        .and_then(|metrics| metrics.test_date)
        .map_or("YYYY-MM-DD".to_owned(), |date| date.to_string())
}

/// Everything that depends on the data alone, so that the file is the same from run to run.
fn findings(manifest: &Manifest) -> String {
    let mut text = String::new();
    opening(manifest, &mut text);
    who_they_are(manifest, &mut text);
    who_is_leaving(manifest, &mut text);
    what_goes_together(manifest, &mut text);
    what_next(manifest, &mut text);
    let noticed = manifest.stages.values().flat_map(|stage| &stage.warnings);
    let warnings: Vec<&str> = noticed
        .chain(&manifest.left_out)
        .map(|warning| warning.message.as_str())
        .collect();
    if !warnings.is_empty() {
        let _ = writeln!(text, "TO KNOW");
        let mut said: Vec<&str> = Vec::new();
        for warning in warnings {
            if !said.contains(&warning) {
                let _ = writeln!(text, "  - {warning}");
                said.push(warning);
            }
        }
        text.push('\n');
    }
    text
}

fn opening(manifest: &Manifest, text: &mut String) {
    let Some(found) = manifest.metrics::<features::Metrics>(features::NAME) else {
        return;
    };
    let last = found.score_date.pred_opt().unwrap_or(found.score_date);
    let _ = write!(
        text,
        "\n{}: {} and {} until {last}",
        manifest.project,
        plural(found.customers, "customer"),
        plural(found.interactions, "interaction"),
    );
    if found.guests > 0 {
        let _ = write!(text, ", {} of them without a customer", count(found.guests));
    }
    if let Some(loaded) = manifest.metrics::<ingest::Metrics>(ingest::NAME) {
        let rejected: u64 = loaded.tables.iter().map(|table| table.rejected).sum();
        let duplicates: u64 = loaded.tables.iter().map(|table| table.duplicates).sum();
        if rejected + duplicates > 0 {
            let _ = write!(
                text,
                " ({} and {} left out, see rejects/)",
                plural(rejected, "bad row"),
                plural(duplicates, "duplicate")
            );
        }
        let left_out: u64 = loaded.tables.iter().map(|table| table.left_out).sum();
        if left_out > 0 {
            let _ = write!(text, " ({} left out by where)", plural(left_out, "row"));
        }
    }
    text.push_str("\n\n");
}

fn who_they_are(manifest: &Manifest, text: &mut String) {
    let Some(found) = manifest.metrics::<segment::Metrics>(segment::NAME) else {
        return;
    };
    let _ = writeln!(text, "WHO THEY ARE");
    let longest = found
        .segments
        .iter()
        .map(|s| s.name.chars().count())
        .chain(found.clusters.iter().map(|c| c.name.chars().count() + 3))
        .max()
        .unwrap_or(0);
    let width = longest.max(24);
    let _ = writeln!(
        text,
        "  {:<width$}  {:>9}  {:>7}  {:>8}",
        "by recency, frequency, money",
        "customers",
        "share",
        "of spend",
        width = width.max(28)
    );
    let width = width.max(28);
    let row = |text: &mut String, name: &str, customers: u64, share: f64, spend: f64| {
        let _ = writeln!(
            text,
            "  {name:<width$}  {:>9}  {:>7}  {:>8}",
            count(customers),
            percent(share),
            percent(spend)
        );
    };
    for segment in &found.segments {
        row(
            text,
            &segment.name,
            segment.customers,
            segment.share,
            segment.spend_share,
        );
    }
    if !found.clusters.is_empty() {
        let _ = writeln!(
            text,
            "\n  by behaviour (k-means, k = {} of {} to {})",
            found.clusters.len(),
            found.tried.first().map_or(0, |t| t.k),
            found.tried.last().map_or(0, |t| t.k)
        );
        for cluster in &found.clusters {
            row(
                text,
                &format!("{}. {}", cluster.number, cluster.name),
                cluster.customers,
                cluster.share,
                cluster.spend_share,
            );
        }
    }
    let _ = writeln!(
        text,
        "\n  The best tenth of the customers brings {} of the spend of {}.\n",
        percent(found.top_tenth_share),
        money(found.spend, &manifest.currency),
    );
}

fn who_is_leaving(manifest: &Manifest, text: &mut String) {
    let Some(found) = manifest.metrics::<churn::Metrics>(churn::NAME) else {
        return;
    };
    let _ = writeln!(text, "WHO IS LEAVING ({})", found.outcome);
    let bands: Vec<String> = found
        .bands
        .iter()
        .map(|band| format!("{} at {} risk", count(band.customers), band.band))
        .collect();
    let _ = writeln!(
        text,
        "  {} scored: {}.",
        plural(
            found.scored,
            if found.dates.is_some() {
                "active customer"
            } else {
                "customer"
            }
        ),
        bands.join(", ")
    );
    let Some(best) = found.model(&found.chosen) else {
        text.push('\n');
        return;
    };
    let on = found.validation.as_ref();
    let _ = writeln!(
        text,
        "  Scores by {} ({}{}).",
        best.title,
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
    let baseline = found
        .model(churn::BASELINE)
        .filter(|row| row.model != best.model);
    let beside = |figure: &dyn Fn(&churn::ModelRow) -> String| {
        baseline.map_or_else(String::new, |row| {
            format!(" ({} {})", row.title, figure(row))
        })
    };
    let _ = writeln!(
        text,
        "  - of one who left and one who stayed, the score tells which in {} of cases{};",
        percent(best.figures.roc_auc),
        beside(&|row| percent(row.figures.roc_auc)),
    );
    let _ = writeln!(
        text,
        "  - the tenth with the highest scores holds {:.1} times as many leavers as a tenth drawn at random;",
        best.figures.lift_top_tenth,
    );
    let _ = writeln!(
        text,
        "  - the probabilities are off by a Brier score of {:.3}{}.\n",
        found.delivered.brier,
        beside(&|row| format!("{:.3}", row.figures.brier)),
    );
}

/// The models side by side with what they took, which is not the same from run to run and so
/// is printed and not written.
fn leaderboard(manifest: &Manifest, text: &mut String) {
    let Some(found) = manifest.metrics::<churn::Metrics>(churn::NAME) else {
        return;
    };
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
}

/// With fewer rules than this people ask where the others are.
const FEW_RULES: u64 = 5;

fn what_goes_together(manifest: &Manifest, text: &mut String) {
    let Some(found) = manifest.metrics::<rules::Metrics>(rules::NAME) else {
        return;
    };
    let _ = write!(
        text,
        "WHAT GOES TOGETHER ({} by {}",
        plural(found.rules, "rule"),
        found.level
    );
    match (found.held_up_share, found.held_up_share_by_lift) {
        (Some(share), Some(by_lift)) => {
            let _ = writeln!(
                text,
                "; {} of them held up on the weeks after,\n  of as many by lift alone {})",
                percent(share),
                percent(by_lift)
            );
        }
        _ => text.push_str(")\n"),
    }
    if let Some(slice) = &found.slice {
        let _ = writeln!(text, "  Only where {slice}.");
    }
    for rule in &found.strongest {
        let _ = writeln!(text, "  - {rule}");
    }
    if found.rules < FEW_RULES {
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
    let outside = [
        (&found.giant_baskets, "basket", "different items"),
        (&found.bulk_buyers, "customer", "items in all baskets"),
    ];
    for (outside, noun, what) in outside {
        if outside.found > 0 {
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
    if found.differences > 0 {
        let _ = writeln!(
            text,
            "  {} far stronger in one of {} by {}: rules_by_group.csv.",
            match found.differences {
                1 => "1 rule is".to_owned(),
                many => format!("{} rules are", count(many)),
            },
            plural(found.groups, "group"),
            found.compare_by.as_deref().unwrap_or_default()
        );
    }
    if found.sequences > 0 {
        let _ = writeln!(
            text,
            "  {} of what follows what, with the days in between: sequences.csv.",
            plural(found.sequences, "sequence")
        );
    }
    text.push('\n');
}

fn what_next(manifest: &Manifest, text: &mut String) {
    let Some(found) = manifest.metrics::<offers::Metrics>(offers::NAME) else {
        return;
    };
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
}
