//! What clusters are made of: the features that the catalogue gives them, customer by customer.

use ndarray::{Array1, Array2};
use regulars_models::clustering::{Feature, FeatureWords};

use super::far_out::FarOut;
use crate::contract::features::{Clusters, Column, Drawn, Place, Which};
use crate::failure::Result;
use crate::timeline::snapshot::Snapshot;

/// A share of spend is drawn towards that of all customers as if this part of the median
/// customer's spend had gone the usual way: the shares of customers with two baskets are noise.
const PRIOR_SPEND: f64 = 0.1;
/// The same for shares of baskets, in baskets.
const PRIOR_BASKETS: f64 = 5.0;

/// How a feature takes part in clusters.
pub struct Behaviour {
    pub name: String,
    pub feature: Feature,
    /// Whether it decides who is in which cluster, or only describes them.
    pub decides: bool,
    pub words: FeatureWords,
    drawn: Option<Drawn>,
    /// The department whose share of the spend it is, as columns name it.
    department: Option<String>,
}

/// The features that clusters are made of, and those that only describe them.
pub fn behaviours(snapshot: &Snapshot) -> Vec<Behaviour> {
    let mut taken: Vec<(u8, Behaviour)> = Vec::new();
    for name in &snapshot.names {
        let column = Column::named(name);
        let Some((feature, place)) = column.feature() else {
            continue;
        };
        let Some(clusters) = &feature.clusters else {
            continue;
        };
        let same = |(rank, _): &&(u8, Behaviour)| *rank == clusters.rank;
        let takes_part = match clusters.which {
            Which::All => true,
            Which::First(most) => taken.iter().filter(same).count() < most,
            Which::Only(one) => place.is(one),
        };
        if takes_part {
            taken.push((clusters.rank, Behaviour::new(name, clusters, place)));
        }
    }
    taken.sort_by_key(|(rank, _)| *rank);
    taken.into_iter().map(|(_, behaviour)| behaviour).collect()
}

/// Customers by behaviours, as clusters see them: without lines that are far out, shares drawn
/// towards the usual.
pub fn seen(
    snapshot: &Snapshot,
    far_out: &FarOut,
    behaviours: &[Behaviour],
) -> Result<Array2<f64>> {
    matrix(snapshot, behaviours, |behaviour| {
        behaviour.values(snapshot, far_out)
    })
}

/// The same as the features have it.
pub fn real(snapshot: &Snapshot, behaviours: &[Behaviour]) -> Result<Array2<f64>> {
    matrix(snapshot, behaviours, |behaviour| {
        snapshot.vector(&behaviour.name)
    })
}

fn matrix(
    snapshot: &Snapshot,
    behaviours: &[Behaviour],
    values: impl Fn(&Behaviour) -> Result<Vec<f64>>,
) -> Result<Array2<f64>> {
    let mut matrix = Array2::zeros((snapshot.len(), behaviours.len()));
    for (place, behaviour) in behaviours.iter().enumerate() {
        let values = Array1::from_vec(values(behaviour)?);
        matrix.column_mut(place).assign(&values);
    }
    Ok(matrix)
}

impl Behaviour {
    fn new(name: &str, clusters: &Clusters, place: &Place) -> Self {
        let feature = match clusters.log {
            true => Feature::log(),
            false => Feature::default(),
        };
        let decides = clusters.weight > 0.0;
        let words = &clusters.words;
        let [high, low, very_high, very_low] =
            [words.high, words.low, words.very_high, words.very_low]
                .map(|word| place.in_words(word));
        Self {
            name: name.to_owned(),
            // The segmenter knows no weight of 0: such a feature is not given to it.
            feature: match decides {
                true => feature.weight(clusters.weight),
                false => feature,
            },
            decides,
            words: FeatureWords::new(&high, &low, words.theme).extreme(&very_high, &very_low),
            drawn: clusters.drawn,
            department: place.department().map(str::to_owned),
        }
    }

    /// Its values: shares are drawn towards the usual by how little is known.
    fn values(&self, snapshot: &Snapshot, far_out: &FarOut) -> Result<Vec<f64>> {
        let values = far_out.without(snapshot, &self.name, self.department.as_deref())?;
        let (known, prior) = match self.drawn {
            None => return Ok(values),
            Some(Drawn::Baskets) => (snapshot.vector("frequency")?, PRIOR_BASKETS),
            Some(Drawn::Spend) => {
                let spend = far_out.without(snapshot, "monetary", None)?.into_iter();
                let spend: Vec<f64> = spend.map(|spend| spend.max(0.0)).collect();
                let prior = PRIOR_SPEND * median(&spend);
                (spend, prior)
            }
        };
        let pairs = || {
            values
                .iter()
                .zip(&known)
                .filter(|(value, _)| !value.is_nan())
        };
        let total: f64 = pairs().map(|(_, known)| known).sum();
        let usual = pairs().map(|(value, known)| value * known).sum::<f64>() / total;
        let drawn = |(value, known): (&f64, &f64)| {
            if total > 0.0 && known + prior > 0.0 {
                (value * known + usual * prior) / (known + prior)
            } else {
                *value
            }
        };
        Ok(values.iter().zip(&known).map(drawn).collect())
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
