//! Who is leaving: how many, what they are worth, and whether the scores can be relied on.

use serde::{Deserialize, Serialize};

use super::left::{Left, Section, share, total};
use super::small::{Group, LEAST, OTHERS, merged};
use crate::contract::features::Column;
use crate::failure::Result;
use crate::outputs::table::round;
use crate::words;

/// Features that are shown.
const FEATURES: usize = 10;
/// Bands in their order; those of another name come behind.
const BANDS: [&str; 4] = ["high", "medium", "low", mark!("without a score")];

/// Who is leaving.
#[derive(Serialize)]
pub struct Churn {
    /// Whose probability the scores are, in words: a customer who does this.
    pub outcome: String,
    /// Customers with a probability.
    pub scored: u64,
    /// Customers at high risk; none where they are too few to be told.
    pub high: Option<Band>,
    /// How many are in each band, and what they bring.
    pub bands: Vec<Band>,
    /// Whether there are amounts to a band.
    pub has_spend: bool,
    /// Whether there is a lifetime value to a band.
    pub has_worth: bool,
    /// What the models were tested on.
    pub test: Option<Test>,
    /// Models, best first.
    pub models: Vec<Model>,
    /// What was said beside what happened, by groups of customers of the test, likeliest first.
    pub calibration: Vec<Bin>,
    /// What the scores look at, most important first.
    pub features: Vec<Feature>,
    /// How the probability moves with the first of them.
    pub curves: Vec<Moves>,
    /// What a campaign would have earned on the test, by the share contacted.
    pub profit: Vec<Earned>,
    /// The campaign that would have earned most, in words.
    pub campaign: Option<String>,
}

/// How the mean probability moves with one feature.
#[derive(Serialize)]
pub struct Moves {
    /// What it is, in words.
    pub words: String,
    /// Customers that it is the mean over.
    pub customers: u64,
    /// Its values from the least to the largest; the one of those who have none last.
    pub points: Vec<Moved>,
}

/// A point of it.
#[derive(Serialize)]
pub struct Moved {
    /// The value with its unit.
    pub words: String,
    /// Whether it is that of having none.
    pub missing: bool,
    /// The mean probability.
    pub probability: f64,
    /// What a tenth of the customers are below, and a tenth above.
    pub between: [f64; 2],
}

/// What a campaign of one size would have earned.
#[derive(Deserialize, Serialize)]
pub struct Earned {
    /// Share of the customers of the test who are contacted.
    pub share: f64,
    /// How many that is.
    pub contacted: u64,
    /// For each customer of the test.
    pub earns_per_customer: f64,
    /// The same for as many drawn at random.
    pub earns_at_random: f64,
}

/// A band of risk.
#[derive(Clone, Deserialize, Serialize)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// Money that they have spent.
    pub spend: Option<f64>,
    /// What they are expected to bring.
    pub worth: Option<f64>,
    /// Of all customers in the file.
    #[serde(default)]
    pub share: f64,
    /// Of the spend of all customers in the file.
    pub spend_share: Option<f64>,
}

impl Group for Band {
    fn customers(&self) -> u64 {
        self.customers
    }

    fn lose_name(&mut self) {
        OTHERS.clone_into(&mut self.name);
    }

    fn take_in(&mut self, other: Self) {
        self.customers += other.customers;
        self.spend = self.spend.zip(other.spend).map(|(a, b)| a + b);
        self.worth = self.worth.zip(other.worth).map(|(a, b)| a + b);
    }
}

/// The date, or the customers, that no model had seen.
#[derive(Serialize)]
pub struct Test {
    /// Which.
    pub on: String,
    /// Customers.
    pub customers: u64,
    /// Those of them who left.
    pub left: u64,
}

/// What a model reaches.
#[derive(Deserialize, Serialize)]
pub struct Model {
    /// What people call it.
    pub title: String,
    /// Whether it gives the scores.
    pub chosen: bool,
    /// Log loss on the test.
    pub log_loss: Option<f64>,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Leavers in the top tenth over those in one drawn at random.
    pub lift_top_tenth: Option<f64>,
    /// How far the probabilities are from what happened.
    pub calibration_error: Option<f64>,
}

/// Customers of the test with similar probabilities.
#[derive(Serialize)]
pub struct Bin {
    /// Mean probability.
    pub said: f64,
    /// The share that left.
    pub happened: f64,
    /// The ends of its 95 % interval.
    pub interval: [f64; 2],
    /// How many customers.
    pub customers: u64,
    /// Share of the tested customers in this group and those before it.
    pub reached: f64,
    /// Share of the leavers that are among them.
    pub found: f64,
    /// How many times that of as many drawn at random.
    pub lift: f64,
}

/// What the scores look at.
#[derive(Serialize)]
pub struct Feature {
    /// What it is, in words.
    pub words: String,
    /// Its column in the files.
    pub feature: String,
    /// Its share of what the model leans on.
    pub importance: f64,
    /// The width of its bar, in percent.
    pub width: f64,
}

#[derive(Deserialize)]
struct Reliability {
    scores: String,
    said: f64,
    happened: f64,
    happened_low: f64,
    happened_high: f64,
    customers: u64,
    left: u64,
}

#[derive(Deserialize)]
struct Leaning {
    feature: String,
    importance: f64,
    meaning: String,
}

#[derive(Deserialize)]
struct Point {
    feature: String,
    meaning: String,
    value: Option<f64>,
    value_in_words: String,
    probability: f64,
    probability_low: f64,
    probability_high: f64,
    customers: u64,
}

#[derive(Deserialize)]
struct Campaign {
    words: String,
}

#[derive(Deserialize)]
struct Scored {
    scored: u64,
}

/// What the manifest says of the models.
#[derive(Deserialize)]
struct Noted {
    outcome: String,
    tested_on: String,
    test_rows: u64,
    test_churned: u64,
    campaign: Option<Campaign>,
}

/// Reads the scores and how the models did.
pub fn look(left: &Left<'_>) -> Result<Section<Churn>> {
    if !left.has("churn") {
        return Ok(Section::missing(left.why("churn")));
    }
    let sql = "SELECT count(churn_probability) AS scored FROM churn";
    let scored: Vec<Scored> = left.ask(sql)?;
    let bands = bands(left)?;
    let noted: Option<Noted> = left.manifest.metrics("churn");
    let found = Churn {
        outcome: noted
            .as_ref()
            .map_or_else(String::new, |noted| noted.outcome.clone()),
        scored: scored.first().map_or(0, |row| row.scored),
        high: bands.iter().find(|band| band.name == "high").cloned(),
        has_spend: bands.iter().any(|band| band.spend.is_some()),
        has_worth: bands.iter().any(|band| band.worth.is_some()),
        bands,
        campaign: noted
            .as_ref()
            .and_then(|noted| Some(noted.campaign.as_ref()?.words.clone())),
        test: noted.map(|noted| Test {
            on: noted.tested_on,
            customers: noted.test_rows,
            left: noted.test_churned,
        }),
        models: left.small("churn_models")?,
        calibration: calibration(left.small("churn_calibration")?),
        features: features(left.small("churn_features")?),
        curves: curves(left.small("churn_dependence")?),
        profit: left.small("churn_profit")?,
    };
    Ok(Section::found(left.as_of("churn"), found))
}

fn bands(left: &Left<'_>) -> Result<Vec<Band>> {
    let (mut sums, mut joins) = (String::new(), String::new());
    if left.has("segments") {
        sums += &format!(", {} AS spend", total("s.monetary", 2));
        joins += " LEFT JOIN segments s ON c.customer_id = s.customer_id";
    }
    if left.has("value") {
        sums += &format!(", {} AS worth", total("v.lifetime_value", 4));
        joins += " LEFT JOIN value v ON c.customer_id = v.customer_id";
    }
    let mut found: Vec<Band> = left.ask(&format!(
        "SELECT CASE WHEN c.band IN ('lapsed', 'new') THEN '{}' ELSE c.band END AS name, count(*) AS customers{sums} FROM churn c{joins} GROUP BY 1 ORDER BY 1",
        BANDS[3]
    ))?;
    let place = |band: &Band| BANDS.iter().position(|name| *name == band.name);
    found.sort_by_key(|band| place(band).unwrap_or(BANDS.len()));
    let mut found = merged(found);
    let customers: u64 = found.iter().map(|band| band.customers).sum();
    let spend: f64 = found.iter().filter_map(|band| band.spend).sum();
    for band in &mut found {
        band.share = round(share(band.customers as f64, customers as f64), 6);
        band.spend_share = band.spend.map(|of| round(share(of, spend), 6));
        // Even together they may be few.
        let told = band.customers >= LEAST;
        band.spend = band.spend.filter(|_| told);
        band.worth = band.worth.filter(|_| told);
    }
    Ok(found)
}

/// The delivered probabilities beside what happened. Groups that are too small are not told.
fn calibration(rows: Vec<Reliability>) -> Vec<Bin> {
    let calibrated = rows.iter().any(|row| row.scores == "calibrated");
    let mut rows = rows;
    rows.retain(|row| !calibrated || row.scores == "calibrated");
    rows.sort_by(|a, b| b.said.total_cmp(&a.said));
    let customers: u64 = rows.iter().map(|row| row.customers).sum();
    let left: u64 = rows.iter().map(|row| row.left).sum();
    let (mut reached, mut found) = (0, 0);
    let bin = |row: Reliability| {
        reached += row.customers;
        found += row.left;
        let (reached, found) = (
            share(reached as f64, customers as f64),
            share(found as f64, left as f64),
        );
        let bin = Bin {
            said: row.said,
            happened: row.happened,
            interval: [row.happened_low, row.happened_high],
            customers: row.customers,
            reached: round(reached, 4),
            found: round(found, 4),
            lift: round(share(found, reached), 3),
        };
        (row.customers >= LEAST).then_some(bin)
    };
    rows.into_iter().filter_map(bin).collect()
}

/// The points of each feature together. A mean over few customers is not told.
fn curves(points: Vec<Point>) -> Vec<Moves> {
    let mut found: Vec<(String, Moves)> = Vec::new();
    for point in points.into_iter().filter(|point| point.customers >= LEAST) {
        if found
            .last()
            .is_none_or(|(feature, _)| *feature != point.feature)
        {
            let moves = Moves {
                words: point.meaning.clone(),
                customers: point.customers,
                points: Vec::new(),
            };
            found.push((point.feature.clone(), moves));
        }
        if let Some((_, moves)) = found.last_mut() {
            moves.points.push(Moved {
                words: point.value_in_words,
                missing: point.value.is_none(),
                probability: point.probability,
                between: [point.probability_low, point.probability_high],
            });
        }
    }
    found.into_iter().map(|(_, moves)| moves).collect()
}

fn features(rows: Vec<Leaning>) -> Vec<Feature> {
    let most = rows.first().map_or(1.0, |row| row.importance);
    let feature = |row: Leaning| {
        let column = Column::named(&row.feature);
        let words = match (column.feature(), row.meaning.as_str()) {
            (Some((feature, place)), _) => place.in_words(words::said(feature.about)),
            (None, "") => row.feature.replace('_', " "),
            (None, meaning) => meaning.to_owned(),
        };
        Feature {
            words,
            importance: row.importance,
            width: round(100.0 * share(row.importance, most), 1),
            feature: row.feature,
        }
    };
    let used = rows.into_iter().filter(|row| row.importance > 0.0);
    used.take(FEATURES).map(feature).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(scores: &str, said: f64, customers: u64, left: u64) -> Reliability {
        Reliability {
            scores: scores.to_owned(),
            said,
            happened: left as f64 / customers as f64,
            happened_low: 0.0,
            happened_high: 1.0,
            customers,
            left,
        }
    }

    #[test]
    fn the_likeliest_come_first_and_their_lift_is_that_of_the_leavers_found() {
        let rows = vec![
            row("as learned", 0.9, 100, 90),
            row("calibrated", 0.1, 50, 5),
            row("calibrated", 0.6, 50, 30),
            row("calibrated", 0.05, 9, 0),
        ];
        let bins = calibration(rows);
        assert_eq!(bins.len(), 2, "the bin of nine is not told");
        assert_eq!((bins[0].said, bins[0].found), (0.6, 0.8571));
        // 30 of 35 leavers among 50 of 109 customers.
        assert_eq!(bins[0].lift, 1.869);
        assert_eq!(bins[1].found, 1.0);
    }
}
