//! Clusters of the customers: found by their behaviour, described and named, and the same ones from
//! month to month.

mod choice;
mod earlier;
mod guide;
mod identity;
mod margin;
mod name;
mod outliers;
mod plane;
mod rule;
mod tables;

use arrow::array::RecordBatch;
use ndarray::{Array2, Axis};
use regulars_models::ParamGuard;
use regulars_models::clustering::{
    Assignment, ClusterName, ClusterProfile, ClusteringError, Feature, FeatureWords,
    KMeansSegmenter, NamingParams, profile_clusters,
};
use regulars_models::format::{DrawnShare, SavedSegmenter};

use self::identity::{Change, Ids, Lineage, nearest};
use self::outliers::Outliers;
use self::plane::Plane;
use self::rule::{Rule, rules};
use self::tables::ID;
use super::attributes;
use super::behaviours::{Behaviour, behaviours, inputs, real, seen};
use super::far_out::FarOut;
use super::methods::{Search, method, tried};
use super::{ClusterRow, Context, IdentityRow, TriedRow, share_of};
use crate::contract::features::Shop;
use crate::failure::{Failure, Result};
use crate::text::plural;
use crate::timeline::snapshot::Snapshot;
use crate::warning::{CLUSTER_DRIFT, SMALL_CLUSTER, Warning};
use crate::words::{Language, spoken};

use self::choice::choice_table;
pub use self::earlier::Earlier;
pub use self::plane::PlaneRow;
pub use self::tables::with_clusters;

/// The file of the segments, and that of those that they go on from.
pub const FILE: &str = "segmenter.json";
/// See [`FILE`].
pub const BEFORE: &str = "segmenter_before.json";
/// The customers' table, which says who was where.
const TABLE: &str = "segments.parquet";
/// What files say of their date, and of that which they go on from.
pub const AS_OF: &str = "as_of";
/// See [`AS_OF`].
pub const EARLIER_AS_OF: &str = "clusters_before_as_of";

/// Quantiles at which values are cut before clusters are sought, so that one giant customer does
/// not become a cluster.
const WINSOR: (f64, f64) = (0.01, 0.99);
/// Fewer customers than this for each cluster that may be tried say nothing about behaviour.
const LEAST_PER_CLUSTER: usize = 10;

/// Clusters of the customers.
pub struct Clusters {
    behaviours: Vec<Behaviour>,
    assignment: Assignment,
    /// What sets each apart, as clusters see it.
    profiles: Vec<ClusterProfile>,
    /// What the customers in each are, as the features have it.
    described: Vec<ClusterProfile>,
    /// What today's profiles would be called.
    said: Vec<ClusterName>,
    names: Vec<String>,
    ids: Ids,
    rules: Vec<Rule>,
    lineage: Option<Lineage>,
    /// What each customer has brought beyond what it cost, where that is known.
    margins: Option<Vec<f64>>,
    /// Who is like nobody else, where that is asked for.
    outliers: Option<Outliers>,
    /// Customers on a plane.
    plane: Option<Plane>,
    /// The segments as they are saved.
    pub saved: SavedSegmenter,
    /// How they were found, in words.
    pub method: &'static str,
    /// Whether customers were put into saved ones.
    assigned: bool,
    /// What was measured for every number of clusters.
    pub tried: Vec<TriedRow>,
}

/// What clusters are made of.
struct Made {
    behaviours: Vec<Behaviour>,
    /// Customers by all of them.
    matrix: Array2<f64>,
    /// How shares among them are drawn.
    shares: Vec<DrawnShare>,
    /// Those that decide who is in which cluster.
    deciding: Vec<usize>,
}

/// Finds clusters, or puts customers into those that were saved, or says why there are none.
///
/// Who is in which cluster, what sets it apart and what it is called come from what clusters see;
/// means and medians are those of the features.
pub fn find(
    context: &Context<'_>,
    snapshot: &Snapshot,
    far_out: &FarOut,
    earlier: Option<&Earlier>,
) -> Result<Result<Clusters, String>> {
    let settings = &context.settings.config.segment;
    let least = settings.min_clusters * LEAST_PER_CLUSTER;
    if settings.refit && snapshot.len() < least {
        let message = tr!(
            "there are no clusters: they need at least {least} customers, and the history has {customers}",
            least = least,
            customers = plural(snapshot.len() as u64, "customer")
        );
        return Ok(Err(message));
    }
    let made = Made::of(context, snapshot, far_out, earlier)?;
    let (segmenter, tried) = match earlier {
        Some(earlier) if !settings.refit => (earlier.saved.segmenter().clone(), Vec::new()),
        _ => match made.fit(context, snapshot, earlier) {
            Ok(found) => {
                let tried = tried(found.figures());
                (found, tried)
            }
            Err(error) => {
                return Ok(Err(tr!(
                    "there are no clusters: {why}",
                    why = refused(&error)
                )));
            }
        },
    };
    Clusters::of(context, snapshot, far_out, made, segmenter, tried, earlier).map(Ok)
}

impl Made {
    fn of(
        context: &Context<'_>,
        snapshot: &Snapshot,
        far_out: &FarOut,
        earlier: Option<&Earlier>,
    ) -> Result<Self> {
        let saved = earlier.map(Earlier::features);
        let attributes = attributes::read(context, snapshot, saved.as_deref())?;
        let behaviours = behaviours(snapshot, &attributes, saved.as_deref());
        let mut deciding: Vec<usize> = (0..behaviours.len())
            .filter(|place| behaviours[*place].decides)
            .collect();
        if let (Some(earlier), Some(saved)) = (earlier, &saved) {
            let name = |place: &usize| behaviours[*place].name.as_str();
            earlier.made_of(&deciding.iter().map(name).collect::<Vec<_>>())?;
            // In the order of the file.
            deciding.sort_by_key(|place| saved.iter().position(|saved| saved == name(place)));
        }
        let (matrix, shares) = seen(snapshot, far_out, &behaviours)?;
        Ok(Self {
            behaviours,
            matrix,
            shares,
            deciding,
        })
    }

    fn features(&self) -> Vec<Feature> {
        self.behaviours.iter().map(|b| b.feature).collect()
    }

    fn decisive(&self) -> Array2<f64> {
        self.matrix.select(Axis(1), &self.deciding)
    }

    fn fit(
        &self,
        context: &Context<'_>,
        snapshot: &Snapshot,
        earlier: Option<&Earlier>,
    ) -> Result<KMeansSegmenter, ClusteringError> {
        let settings = &context.settings.config.segment;
        let most = settings
            .max_clusters
            .min(snapshot.len() / LEAST_PER_CLUSTER);
        context.progress.step(&format!(
            "trying {} to {most} clusters",
            settings.min_clusters
        ));
        let method = method(settings.method);
        let of_kind = |earlier: &&Earlier| earlier.saved.kind() == method.kind;
        let features = self.features();
        let attribute = |place: &usize| {
            let behaviour = &self.behaviours[*place];
            behaviour.is_category().then(|| {
                let theme = &behaviour.words.theme;
                let same = |other: &Behaviour| other.words.theme == *theme;
                self.behaviours.iter().position(same).unwrap_or(*place)
            })
        };
        (method.fit)(&Search {
            customers: self.decisive().view(),
            features: self.deciding.iter().map(|place| features[*place]).collect(),
            categories: self.deciding.iter().map(attribute).collect(),
            winsor: WINSOR,
            groups: settings.min_clusters..=most,
            min_share: settings.min_cluster_share,
            merge: settings.small_clusters == crate::config::SmallClusters::Merge,
            earlier: earlier
                .filter(of_kind)
                .map(|earlier| earlier.saved.segmenter()),
            seed: context.seed,
        })
    }

    /// The shares among what decides, by their places there.
    fn drawn(&self) -> Vec<DrawnShare> {
        let place = |share: &DrawnShare| self.deciding.iter().position(|at| *at == share.feature);
        let shares = self.shares.iter();
        shares
            .filter_map(|share| {
                Some(DrawnShare {
                    feature: place(share)?,
                    ..share.clone()
                })
            })
            .collect()
    }
}

impl Clusters {
    fn of(
        context: &Context<'_>,
        snapshot: &Snapshot,
        far_out: &FarOut,
        made: Made,
        segmenter: KMeansSegmenter,
        tried: Vec<TriedRow>,
        earlier: Option<&Earlier>,
    ) -> Result<Self> {
        let settings = &context.settings.config.segment;
        let assigned = !settings.refit;
        let last = match earlier {
            Some(earlier) => Some(last(context, snapshot, far_out, &made, earlier, assigned)?),
            None => None,
        };
        let assignment = match (&last, assigned) {
            (Some(last), true) => last.clone(),
            _ => segmenter.assign(made.decisive().view()).map_err(wrong)?,
        };
        let (labels, groups) = (&assignment.labels, segmenter.clusters());
        let features = made.features();
        let profile = |customers: &Array2<f64>| {
            profile_clusters(customers.view(), labels, groups, &features, WINSOR).map_err(wrong)
        };
        let profiles = profile(&made.matrix)?;
        let raw = real(snapshot, &made.behaviours)?;
        let described = profile(&raw)?;
        let said = named(&profiles, &made.behaviours).map_err(wrong)?;
        let ids = match (earlier, &last) {
            (Some(earlier), _) if assigned => Ids::saved(&earlier.saved),
            (Some(earlier), Some(last)) => Ids::of(&earlier.saved, &last.labels, labels, groups)?,
            _ => Ids::anew(groups),
        };
        let names = kept_or_new(&ids, &said);
        let lineage = match (earlier, &last) {
            (Some(earlier), Some(last)) => Some(Lineage::new(
                earlier,
                &last.labels,
                earlier.members(snapshot)?,
                labels,
                &ids,
            )?),
            _ => None,
        };
        let columns: Vec<String> = made.behaviours.iter().map(|b| b.name.clone()).collect();
        let saved = match earlier {
            Some(earlier) if assigned => earlier.saved.clone(),
            _ => saved(context, snapshot, far_out, &made, &segmenter, &names, &ids)?,
        };
        Ok(Self {
            rules: rules(&raw, &columns, labels, groups, shop(context))?,
            margins: margin::of_customers(context.warehouse()?, snapshot)?,
            outliers: match settings.outlier_share > 0.0 {
                true => Outliers::of(&made)?,
                false => None,
            },
            plane: Plane::of(&made, &segmenter)?,
            method: method(settings.method).name,
            behaviours: made.behaviours,
            assignment,
            profiles,
            described,
            said,
            names,
            ids,
            lineage,
            saved,
            assigned,
            tried,
        })
    }
}

/// The earlier cluster that each of today's customers is nearest to, with the amount beyond which
/// lines were far out then.
fn last(
    context: &Context<'_>,
    snapshot: &Snapshot,
    far_out: &FarOut,
    made: &Made,
    earlier: &Earlier,
    same_lines: bool,
) -> Result<Assignment> {
    let above = earlier.above();
    let names = earlier.saved.inputs();
    let take = |far_out: &FarOut| -> Result<Assignment> {
        let matrix = inputs(snapshot, far_out, &made.behaviours, &names)?;
        nearest(&earlier.saved, &matrix)
    };
    if same_lines || above.is_none_or(|above| above == far_out.left_out.above) {
        return take(far_out);
    }
    take(&FarOut::look(context.warehouse()?, snapshot, above)?)
}

fn saved(
    context: &Context<'_>,
    snapshot: &Snapshot,
    far_out: &FarOut,
    made: &Made,
    segmenter: &KMeansSegmenter,
    names: &[String],
    ids: &Ids,
) -> Result<SavedSegmenter> {
    let deciding: Vec<&str> = made
        .deciding
        .iter()
        .map(|place| made.behaviours[*place].name.as_str())
        .collect();
    let kind = method(context.settings.config.segment.method).kind;
    let saved = SavedSegmenter::new(segmenter, &deciding, names)
        .and_then(|saved| saved.with_kind(kind))
        .and_then(|saved| saved.with_ids(ids.ids.clone(), ids.next))
        .and_then(|saved| saved.with_drawn(made.drawn()))
        .map_err(|error| Failure::machine(format!("the segments cannot be saved: {error}")))?;
    let saved = saved.with_fact(AS_OF, snapshot.as_of);
    Ok(match far_out.left_out.above > 0.0 {
        true => saved.with_fact(earlier::ABOVE, format!("{:?}", far_out.left_out.above)),
        false => saved,
    })
}

fn named(
    profiles: &[ClusterProfile],
    behaviours: &[Behaviour],
) -> Result<Vec<ClusterName>, ClusteringError> {
    let words: Vec<FeatureWords> = behaviours.iter().map(|b| b.words.clone()).collect();
    NamingParams::default().check()?.name(profiles, &words)
}

/// A cluster that is an earlier one keeps its name; another one has that of its profile, with a
/// number where an earlier one has it.
fn kept_or_new(ids: &Ids, said: &[ClusterName]) -> Vec<String> {
    let mut taken: Vec<String> = ids.names.iter().flatten().cloned().collect();
    let name = |(kept, said): (&Option<String>, &ClusterName)| match kept {
        Some(kept) => kept.clone(),
        None => {
            let mut name = said.name.clone();
            let mut number = 1;
            while taken.contains(&name) {
                number += 1;
                name = format!("{} {number}", said.name);
            }
            taken.push(name.clone());
            name
        }
    };
    ids.names.iter().zip(said).map(name).collect()
}

/// Why there are none, in the language of the command where it is the customers that are to blame.
fn refused(error: &ClusteringError) -> String {
    match error {
        ClusteringError::NothingVaries(features) => tr!(
            "none of the {n} features varies among these customers, so there is nothing to cluster by; look at the dropped columns",
            n = features
        ),
        ClusteringError::TooFewRows {
            clusters,
            distinct,
            rows,
            most,
        } => tr!(
            "at least {clusters} clusters were asked for, but {customers} customers, of whom {distinct} differ, allow {most} at most",
            clusters = clusters,
            customers = rows,
            distinct = distinct,
            most = most
        ),
        error => error.to_string(),
    }
}

fn wrong(error: ClusteringError) -> Failure {
    Failure::data(error.to_string())
}

impl Clusters {
    /// What each cluster is, for the manifest.
    pub fn rows(&self, spend: &[f64]) -> Vec<ClusterRow> {
        let spend_shares = self.spend_shares(spend);
        self.profiles
            .iter()
            .enumerate()
            .map(|(place, profile)| ClusterRow {
                number: place as u64 + 1,
                id: Some(self.ids.ids[place]),
                name: self.names[place].clone(),
                name_words: (spoken() != Language::En).then(|| name::words(&self.names[place])),
                customers: profile.size as u64,
                share: profile.share,
                spend_share: spend_shares[place],
            })
            .collect()
    }

    /// How their number was chosen.
    pub fn choice_table(&self, context: &Context<'_>) -> Result<RecordBatch> {
        let goes_on = self.lineage.as_ref().map(|lineage| lineage.past.len());
        let least = context.settings.config.segment.min_cluster_share;
        choice_table(&self.tried, goes_on, least)
    }

    /// What the plane of the customers shows, for the manifest.
    pub fn plane(&self) -> Option<PlaneRow> {
        self.plane.as_ref().map(|plane| plane.row.clone())
    }

    /// The file of the segments.
    pub fn saved_text(&self) -> Result<String> {
        Ok(self.saved.to_json())
    }

    /// How they hang together with those of an earlier date, for the manifest.
    pub fn identity(&self) -> Option<IdentityRow> {
        let lineage = self.lineage.as_ref()?;
        let kept = self.ids.names.iter().flatten().count() as u64;
        Some(IdentityRow {
            before_as_of: lineage.as_of.to_string(),
            agreement: lineage.agreement,
            kept,
            new: self.profiles.len() as u64 - kept,
            kept_share: lineage.kept_share(),
            stayed: lineage.count(Change::Stayed),
            customers_moved: lineage.count(Change::CustomerMoved),
            model_moved: lineage.count(Change::ModelMoved),
            both_moved: lineage.count(Change::BothMoved),
            new_customers: lineage.count(Change::NewCustomer),
            assigned: self.assigned,
        })
    }

    /// Sums by cluster as shares of all.
    fn spend_shares(&self, amounts: &[f64]) -> Vec<f64> {
        let total: f64 = amounts.iter().sum();
        let mut sums = vec![0.0; self.profiles.len()];
        for (label, amount) in self.assignment.labels.iter().zip(amounts) {
            sums[*label] += amount;
        }
        sums.into_iter().map(|sum| share_of(sum, total)).collect()
    }

    fn small(&self, least: f64) -> impl Iterator<Item = usize> {
        let small = move |place: &usize| self.profiles[*place].share < least;
        (0..self.profiles.len()).filter(small)
    }

    /// What a person should know of them.
    pub fn warnings(&self, context: &Context<'_>, as_of: chrono::NaiveDate) -> Vec<Warning> {
        let settings = &context.settings.config.segment;
        let mut warnings = Vec::new();
        if let Some(lineage) = &self.lineage
            && lineage.agreement < settings.min_agreement
        {
            let message = tr!(
                "the clusters of {as_of} are not those of {before}: over today's customers they agree by {agreement} (adjusted Rand index, 1 is the same, warned below {least}); cluster_moves.csv says what became of each",
                as_of = as_of,
                before = lineage.as_of,
                agreement = format!("{:.2}", lineage.agreement),
                least = settings.min_agreement
            );
            warnings.push(Warning::new(CLUSTER_DRIFT, message));
        }
        let small: Vec<String> = self
            .small(settings.min_cluster_share)
            .map(|place| name::words(&self.names[place]))
            .collect();
        if !small.is_empty() && !self.assigned {
            let message = tr!(
                "no number of clusters is without one of less than {share} of the customers; here it is {names}. small_clusters = \"merge\" under [segment] puts its customers into the nearest other one",
                share = crate::text::percent(settings.min_cluster_share),
                names = small.join("; ")
            );
            warnings.push(Warning::new(SMALL_CLUSTER, message));
        }
        warnings
    }
}

fn shop<'a>(context: &'a Context<'_>) -> Shop<'a> {
    let project = &context.settings.config.project;
    Shop {
        currency: &project.currency,
        basket: &project.basket,
    }
}
