//! What a run wants a person to know although it went through.

use serde::{Deserialize, Serialize};

/// One warning, with a code that settings can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// One of [`CODES`].
    pub code: String,
    /// What was seen, in words.
    pub message: String,
}

impl Warning {
    /// A warning with one of the known codes.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(
            CODES.contains(&code),
            "{code} is not in the list of warnings"
        );
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// Lines take back what nobody is known to have bought.
pub const UNMATCHED_CANCELLATIONS: &str = "unmatched-cancellations";
/// Rows went to `rejects/`.
pub const REJECTED_ROWS: &str = "rejected-rows";
/// Exact copies of earlier lines were left out.
pub const DUPLICATE_ROWS: &str = "duplicate-rows";
/// A file has the content of one of another source, and is not loaded twice.
pub const SAME_CONTENT: &str = "same-content";
/// The warehouse holds rows of a source that the settings do not name any more.
pub const UNNAMED_SOURCE: &str = "unnamed-source";
/// A spreadsheet has more sheets than the one that is read.
pub const OTHER_SHEETS: &str = "other-sheets";
/// Lines name products that the products table does not have.
pub const UNKNOWN_PRODUCTS: &str = "unknown-products";
/// Ids that differ only by leading zeros, case or blanks.
pub const ALIKE_IDS: &str = "alike-ids";
/// Ids that a spreadsheet has shortened, so that several became one.
pub const SHORTENED_IDS: &str = "shortened-ids";
/// Order numbers of several customers, or of days far apart.
pub const SPLIT_ORDERS: &str = "split-orders";
/// A row of totals counts as a customer.
pub const TOTALS_ROW: &str = "totals-row";
/// The sources have no products, so whatever needs them is off.
pub const NO_PRODUCTS: &str = "no-products";
/// The interactions have no amounts, so whatever counts money is 0.
pub const NO_AMOUNTS: &str = "no-amounts";
/// The date asked for lies outside the history.
pub const AS_OF_MOVED: &str = "as-of-moved";
/// A stage had too little data and was left out.
pub const STAGE_SKIPPED: &str = "stage-skipped";
/// The churn model is worse than recency alone on the date it had not seen.
pub const WEAK_CHURN_MODEL: &str = "weak-churn-model";
/// Attributes of the customers that nothing can be learned from.
pub const UNUSED_ATTRIBUTES: &str = "unused-attributes";
/// Attributes of which nothing tells since when they have been as they are.
pub const UNDATED_ATTRIBUTES: &str = "undated-attributes";
/// An attribute that all but tells the label.
pub const TELLTALE_ATTRIBUTE: &str = "telltale-attribute";
/// One of several models could not be learned.
pub const MODEL_LEFT_OUT: &str = "model-left-out";
/// No model of when customers buy fits, or none that was tried on a period that is held out.
pub const NO_VALUE_MODEL: &str = "no-value-model";
/// What customers are said to be worth rests on little, or was far off on the period held out.
pub const WEAK_VALUE_MODEL: &str = "weak-value-model";
/// What customers spend or cost is not as the model of spend takes it to be.
pub const SPEND_ASSUMPTION: &str = "spend-assumption";
/// The suggestions do no better than the most popular items.
pub const WEAK_SUGGESTIONS: &str = "weak-suggestions";
/// What customers said of being contacted is neither yes nor no.
pub const ODD_CONSENT: &str = "odd-consent";
/// Too few customers for clusters.
pub const NO_CLUSTERS: &str = "no-clusters";
/// A segment of the shop's own takes nobody.
pub const EMPTY_CLASS: &str = "empty-class";
/// Clusters are not those of an earlier date.
pub const CLUSTER_DRIFT: &str = "cluster-drift";
/// A cluster has fewer customers than the settings want.
pub const SMALL_CLUSTER: &str = "small-cluster";
/// Amounts far beyond what is usual, which clusters are made without.
pub const FAR_OUT_AMOUNTS: &str = "far-out-amounts";
/// The dates of churn do not suit the rhythm of the customers.
pub const UNSUITABLE_DATES: &str = "unsuitable-dates";
/// Probabilities that were far from what happened on the last test.
pub const OFF_CALIBRATION: &str = "off-calibration";
/// Probabilities that are corrected for the season.
pub const SEASON_CORRECTED: &str = "season-corrected";
/// A quality gate of the level `warn` was not passed.
pub const FAILED_GATE: &str = "failed-gate";
/// A load was cut off after its commit, and what was left to do is done now.
pub const LOAD_CUT_OFF: &str = "load-cut-off";
/// No basket holds two items, so there are no rules.
pub const NO_PAIRS: &str = "no-pairs";
/// A support was raised, because there would have been too much to keep.
pub const SUPPORT_RAISED: &str = "support-raised";
/// Values of an attribute that a saved model has not met.
pub const UNKNOWN_CATEGORIES: &str = "unknown-categories";
/// A saved model was learned from a later history than the one that it is used on.
pub const OLDER_HISTORY: &str = "older-history";
/// Features or scores are not distributed as they were when the champion was learned.
pub const DRIFT: &str = "drift";

/// A suppression file names nobody who is a customer.
pub const SUPPRESSION_WITHOUT_MATCH: &str = "suppression-without-match";
/// Nobody fits the condition of a list.
pub const EMPTY_LIST: &str = "empty-list";
/// A list has fewer customers of some value than its quota asks for.
pub const UNMET_QUOTA: &str = "unmet-quota";
/// A list is too short for the control group that was asked for.
pub const NO_CONTROL_GROUP: &str = "no-control-group";
/// A list of the same date was in the ledger and was another.
pub const LIST_MADE_ANEW: &str = "list-made-anew";
/// A list is longer than a spreadsheet.
pub const LONG_LIST: &str = "long-list";
/// What a campaign changed cannot be told from what else happened.
pub const UNCLEAR_CAMPAIGN: &str = "unclear-campaign";

/// Every code, for `[run] fail_on` and the help.
pub const CODES: &[&str] = &[
    REJECTED_ROWS,
    DUPLICATE_ROWS,
    SAME_CONTENT,
    UNNAMED_SOURCE,
    OTHER_SHEETS,
    UNKNOWN_PRODUCTS,
    ALIKE_IDS,
    SHORTENED_IDS,
    TOTALS_ROW,
    UNMATCHED_CANCELLATIONS,
    SPLIT_ORDERS,
    NO_PRODUCTS,
    NO_AMOUNTS,
    AS_OF_MOVED,
    STAGE_SKIPPED,
    WEAK_CHURN_MODEL,
    UNUSED_ATTRIBUTES,
    UNDATED_ATTRIBUTES,
    TELLTALE_ATTRIBUTE,
    MODEL_LEFT_OUT,
    NO_VALUE_MODEL,
    WEAK_VALUE_MODEL,
    SPEND_ASSUMPTION,
    WEAK_SUGGESTIONS,
    ODD_CONSENT,
    NO_CLUSTERS,
    EMPTY_CLASS,
    CLUSTER_DRIFT,
    SMALL_CLUSTER,
    FAR_OUT_AMOUNTS,
    UNSUITABLE_DATES,
    OFF_CALIBRATION,
    SEASON_CORRECTED,
    FAILED_GATE,
    NO_PAIRS,
    SUPPORT_RAISED,
    LOAD_CUT_OFF,
    UNKNOWN_CATEGORIES,
    OLDER_HISTORY,
    DRIFT,
    SUPPRESSION_WITHOUT_MATCH,
    EMPTY_LIST,
    UNMET_QUOTA,
    NO_CONTROL_GROUP,
    LIST_MADE_ANEW,
    LONG_LIST,
    UNCLEAR_CAMPAIGN,
];

/// The codes of warnings that settings list as failures.
pub fn failures<'a>(warnings: &'a [Warning], listed: &[String]) -> Vec<&'a str> {
    let codes = warnings.iter().map(|warning| warning.code.as_str());
    let fails = |code: &&str| {
        listed
            .iter()
            .any(|listed| listed == "all" || listed == code)
    };
    codes.filter(fails).collect()
}
