//! Trees that rank, tested on later days beside simpler ways, and whether they are used.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, RecordBatch, UInt32Array};
use regulars_models::cross_sell::{
    CrossSellValidParams, Gain, History, OfferKind, OfferTest, Ranking, Way,
};
use serde::{Deserialize, Serialize};

use crate::config::offers::{By, Kind};
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::purchases::day_number;
use crate::stages::Context;
use crate::words::said;

/// What was learned, and what is used of it.
pub struct Ranked {
    /// What the trees have learned, with the tests.
    pub ranking: Ranking,
    /// Whether the trees say what is new to a customer.
    pub new: Chosen,
}

/// Which of two ways is used, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chosen {
    /// Whether it is the trees.
    pub trees: bool,
    /// Why, in words.
    pub why: String,
}

/// Learns and tests; none where the settings do without, or the history is too short.
pub fn learn(
    context: &Context<'_>,
    params: &CrossSellValidParams,
    history: &History<'_>,
) -> Result<Option<Ranked>> {
    let settings = &context.settings.config.offers;
    let new_alone = settings.kinds.iter().all(|kind| *kind == Kind::New);
    if settings.model == By::Affinity && new_alone {
        return Ok(None);
    }
    context.progress.step("learning to rank, and testing it");
    let end = day_number(context.warehouse()?.end);
    let Some(ranking) = params.learn_to_rank(history, end, settings.test_dates) else {
        return Ok(None);
    };
    let new = chosen(&ranking, settings.model);
    Ok(Some(Ranked { ranking, new }))
}

/// The trees where they are better beyond noise on the days before the last that was tested.
fn chosen(ranking: &Ranking, by: By) -> Chosen {
    let made = |trees, why: String| Chosen { trees, why };
    if !ranking.has_learned().0 {
        let why = tr!("too little was bought for the first time to learn from");
        return made(false, why);
    }
    if by == By::Affinity {
        return made(false, tr!("the settings ask for the affinity"));
    }
    if by == By::Trees {
        return made(true, tr!("the settings ask for the trees"));
    }
    let gains = &ranking.new_gains;
    let earlier: Vec<Gain> = gains.iter().rev().skip(1).map(|(_, gain)| *gain).collect();
    let Some(pooled) = pooled(&earlier) else {
        let why = tr!("the history is too short to choose on an earlier date than is reported");
        return made(false, why);
    };
    let dates = match earlier.len() {
        1 => tr!("the date before the one that is reported"),
        many => tr!("the {n} dates before the one that is reported", n = many),
    };
    let found = tr!(
        "on {dates} the NDCG of the trees was {gain} against the affinity, with a standard error of {error}",
        dates = dates,
        gain = format!("{:+.4}", pooled.mean),
        error = format!("{:.4}", pooled.error)
    );
    match pooled.beyond_noise() {
        true => made(true, found),
        false => made(false, tr!("{found}: no more than noise", found = found)),
    }
}

/// The mean over several days.
fn pooled(gains: &[Gain]) -> Option<Gain> {
    let n = gains.len() as f64;
    (!gains.is_empty()).then(|| Gain {
        mean: gains.iter().map(|gain| gain.mean).sum::<f64>() / n,
        error: gains
            .iter()
            .map(|gain| gain.error.powi(2))
            .sum::<f64>()
            .sqrt()
            / n,
    })
}

impl Ranked {
    /// The trees' figures on what is new, on the last day that was tested.
    pub fn reported(&self) -> Option<&OfferTest> {
        let is = |test: &&OfferTest| test.kind == OfferKind::New && test.way == Way::Trees;
        self.ranking.tests.iter().rev().find(is)
    }

    /// Every way on every day.
    pub fn table(&self) -> Result<RecordBatch> {
        let tests = &self.ranking.tests;
        let last = tests.iter().map(|test| test.day).max();
        let all = || tests.iter();
        let number = |of: fn(&OfferTest) -> f64| numbers(all().map(of), 6);
        let flags = |of: &dyn Fn(&OfferTest) -> bool| -> ArrayRef {
            Arc::new(all().map(|test| Some(of(test))).collect::<BooleanArray>())
        };
        let days: Date32Array = all().map(|test| Some(test.day)).collect();
        let customers: UInt32Array = all().map(|test| test.quality.customers as u32).collect();
        let used = |test: &OfferTest| match (test.kind, test.way) {
            (OfferKind::New | OfferKind::All, Way::Trees) => self.new.trees,
            (OfferKind::New, Way::Affinity) => !self.new.trees,
            (_, Way::Trees) => true,
            _ => false,
        };
        let table = TableBuilder::new()
            .column(
                "test_date",
                "Nothing on or after this day was known",
                Arc::new(days),
            )
            .column(
                "kind",
                "new: not bought before by the customer; again: bought before; all: both together",
                text(all().map(|test| kind(test.kind))),
            );
        table
            .in_words("kind", all().map(|test| Some(said(kind_words(test.kind)))))
            .column("way", "How the lists were made", text(all().map(|test| way(test.way).0)))
            .column("title", "What people call it", text(all().map(|test| said(way(test.way).1))))
            .column("used", "Whether offers of the kind are made this way", flags(&used))
            .column(
                "decided",
                "Whether it is a date on which the choice for what is new is made; the other is what it then reached",
                flags(&|test| Some(test.day) != last),
            )
            .column(
                "customers",
                "Customers who then bought something of the kind: the means are over them",
                Arc::new(customers),
            )
            .column("hit_rate", "Share of them who bought one of theirs", number(|t| t.quality.hit_rate))
            .column("recall", "Mean share of what they bought that was on their list", number(|t| t.quality.recall))
            .column("precision", "Share of the places that were bought", number(|t| t.quality.precision))
            .column("ndcg", "Normalised discounted cumulative gain", number(|t| t.quality.ndcg))
            .column("map", "Mean average precision", number(|t| t.quality.map))
            .column(
                "catalogue",
                "Share of what can be offered that was offered to somebody",
                number(|t| t.catalogue),
            )
            .column(
                "calibration_error",
                "Mean distance between what the scores said and what happened, over ten parts by score",
                number(|t| t.calibration_error.unwrap_or(f64::NAN)),
            )
            .build()
    }
}

fn kind(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::New => "new",
        OfferKind::Again => "again",
        OfferKind::All => "all",
    }
}

fn kind_words(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::New => mark!("new to them"),
        OfferKind::Again => mark!("bought before"),
        OfferKind::All => mark!("new and bought before"),
    }
}

fn way(way: Way) -> (&'static str, &'static str) {
    match way {
        Way::PopularLately => (
            "popular_lately",
            mark!("what most bought in the days before"),
        ),
        Way::PopularEver => ("popular_ever", mark!("what most have ever bought")),
        Way::ItemCosine => ("item_cosine", mark!("item-to-item neighbours by cosine")),
        Way::Frequency => ("frequency", mark!("the customer's own baskets")),
        Way::FadedFrequency => (
            "faded_frequency",
            mark!("the customer's own baskets, fading with time"),
        ),
        Way::Affinity => ("affinity", mark!("ridge regression and calibration")),
        Way::Trees => (
            "trees",
            mark!("boosted trees over the candidates of all ways"),
        ),
    }
}
