//! What clusters are made of: the features that the catalogue gives them, customer by customer.

use ndarray::{Array1, Array2};
use regulars_models::clustering::{Feature, FeatureWords};
use regulars_models::format::DrawnShare;

use super::attributes::{Attribute, Kind};
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
    /// Its values, where it is an attribute and no feature.
    attribute: Option<Vec<f64>>,
}

/// How much an attribute decides: two customers of different categories are so far apart, squared, and
/// numbers count as much as when and how often a customer comes.
const OWN: f64 = 1.0;

/// The features that clusters are made of, and those that only describe them; attributes behind
/// them.
///
/// - `saved`: the names of those that an earlier segmenter is made of, where one is gone on from:
///   which departments are the largest changes from month to month, and what clusters are made of
///   does not.
pub fn behaviours(
    snapshot: &Snapshot,
    attributes: &[Attribute],
    saved: Option<&[String]>,
) -> Vec<Behaviour> {
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
            _ if saved.is_some() && clusters.weight > 0.0 => {
                saved.is_some_and(|saved| saved.contains(name))
            }
            Which::All => true,
            Which::First(most) => taken.iter().filter(same).count() < most,
            Which::Only(one) => place.is(one),
        };
        if takes_part {
            taken.push((clusters.rank, Behaviour::new(name, clusters, place)));
        }
    }
    taken.sort_by_key(|(rank, _)| *rank);
    let taken = taken.into_iter().map(|(_, behaviour)| behaviour);
    taken
        .chain(attributes.iter().flat_map(Behaviour::of_attribute))
        .collect()
}

/// Customers by behaviours, as clusters see them: without lines that are far out, shares drawn
/// towards the usual, in the way that stands beside them.
pub fn seen(
    snapshot: &Snapshot,
    far_out: &FarOut,
    behaviours: &[Behaviour],
) -> Result<(Array2<f64>, Vec<DrawnShare>)> {
    let mut shares = Vec::new();
    for (place, behaviour) in behaviours.iter().enumerate() {
        shares.extend(behaviour.share(place, snapshot, far_out)?);
    }
    let seen = matrix(snapshot, behaviours, |behaviour| {
        let mut values = behaviour.values(snapshot, far_out)?;
        let drawn = |share: &&DrawnShare| behaviours[share.feature].name == behaviour.name;
        if let Some(share) = shares.iter().find(drawn) {
            let known = far_out.without(snapshot, &share.by, None)?;
            for (value, known) in values.iter_mut().zip(known) {
                *value = share.apply(*value, known);
            }
        }
        Ok(values)
    })?;
    Ok((seen, shares))
}

/// The columns that a saved segmenter takes, without lines that are far out.
pub fn inputs(
    snapshot: &Snapshot,
    far_out: &FarOut,
    behaviours: &[Behaviour],
    names: &[&str],
) -> Result<Array2<f64>> {
    let mut matrix = Array2::zeros((snapshot.len(), names.len()));
    for (place, name) in names.iter().enumerate() {
        let known = behaviours.iter().find(|behaviour| behaviour.name == *name);
        let values = match known {
            Some(behaviour) => behaviour.values(snapshot, far_out)?,
            None => far_out.without(snapshot, name, None)?,
        };
        matrix.column_mut(place).assign(&Array1::from_vec(values));
    }
    Ok(matrix)
}

/// The same as the features have it.
pub fn real(snapshot: &Snapshot, behaviours: &[Behaviour]) -> Result<Array2<f64>> {
    matrix(snapshot, behaviours, |behaviour| {
        match &behaviour.attribute {
            Some(values) => Ok(values.clone()),
            None => snapshot.vector(&behaviour.name),
        }
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
        // Names that are kept are in English, whatever the language of the command.
        let department = place.in_words("DEPARTMENT");
        let [high, low, very_high, very_low] =
            [words.high, words.low, words.very_high, words.very_low]
                .map(|word| word.replace("DEPARTMENT", &department));
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
            attribute: None,
        }
    }

    /// An attribute of the customers: itself where it is a number, one for each of its categories
    /// otherwise, which together count as much.
    fn of_attribute(attribute: &Attribute) -> Vec<Self> {
        let one = |name: String, feature: Feature, high: &str, low: &str, values: Vec<f64>| Self {
            name,
            feature,
            decides: true,
            words: FeatureWords::new(high, low, &attribute.name),
            drawn: None,
            department: None,
            attribute: Some(values),
        };
        let said = attribute.name.replace('_', " ");
        match &attribute.kind {
            Kind::Number(values) => vec![one(
                attribute.name.clone(),
                Feature::default().weight(OWN),
                &format!("high {said}"),
                &format!("low {said}"),
                values.clone(),
            )],
            Kind::Categories(categories) => categories
                .iter()
                .map(|(category, values)| {
                    one(
                        format!("{} = {category}", attribute.name),
                        Feature::indicator().weight(OWN / 2.0),
                        &format!("{said} {category}"),
                        "",
                        values.clone(),
                    )
                })
                .collect(),
        }
    }

    /// Whether it is one category of an attribute.
    pub fn is_category(&self) -> bool {
        self.attribute.is_some() && self.name.contains(" = ")
    }

    /// Its values without lines that are far out.
    fn values(&self, snapshot: &Snapshot, far_out: &FarOut) -> Result<Vec<f64>> {
        match &self.attribute {
            Some(values) => Ok(values.clone()),
            None => far_out.without(snapshot, &self.name, self.department.as_deref()),
        }
    }

    /// How it is drawn towards the usual by how little is known, where it is a share.
    fn share(
        &self,
        place: usize,
        snapshot: &Snapshot,
        far_out: &FarOut,
    ) -> Result<Option<DrawnShare>> {
        let by = match self.drawn {
            None => return Ok(None),
            Some(Drawn::Baskets) => "frequency",
            Some(Drawn::Spend) => "monetary",
        };
        let values = self.values(snapshot, far_out)?;
        let known = far_out.without(snapshot, by, None)?;
        let known: Vec<f64> = known.into_iter().map(|known| known.max(0.0)).collect();
        let prior = match self.drawn {
            Some(Drawn::Spend) => PRIOR_SPEND * median(&known),
            _ => PRIOR_BASKETS,
        };
        let pairs = || {
            values
                .iter()
                .zip(&known)
                .filter(|(value, _)| !value.is_nan())
        };
        let total: f64 = pairs().map(|(_, known)| known).sum();
        let usual = pairs().map(|(value, known)| value * known).sum::<f64>() / total;
        Ok((total > 0.0).then(|| DrawnShare {
            feature: place,
            by: by.to_owned(),
            usual: usual.clamp(-1.0, 1.0),
            prior,
        }))
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
