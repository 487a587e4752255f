//! The truth folder: the parameters that make the same history again.

use std::path::{Path, PathBuf};

use regulars_datasets::files::TRUTH;
use regulars_datasets::history::{Params, Shop, World};
use serde::Deserialize;

use crate::failure::{During, Failure, Result, did_you_mean};

/// A history whose truth is known.
pub struct Truth {
    /// Its folder.
    pub folder: PathBuf,
    /// Its parameters.
    pub parameters: Parameters,
    /// The history itself, to be lived again.
    pub world: World,
}

/// `generator.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Parameters {
    generator: String,
    version: String,
    /// The kind of shop; a grocer where there is none.
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    customers: u64,
    #[serde(default)]
    months: u32,
    seed: u64,
    /// Whether the sources are dirty.
    #[serde(default)]
    pub dirty: bool,
    /// Rows of the interactions.
    #[serde(default)]
    pub interactions: u64,
}

impl Truth {
    /// Opens a truth folder, or the folder of the history that holds one.
    pub fn open(path: &Path) -> Result<Self> {
        let name = "generator.json";
        let folder = if path.join(TRUTH).join(name).is_file() {
            path.join(TRUTH)
        } else {
            path.to_owned()
        };
        let file = folder.join(name);
        if !file.is_file() {
            return Err(
                Failure::settings(format!("{} holds no truth", path.display())).hint(
                    "give the folder truth/ that `regulars generate` wrote beside the history",
                ),
            );
        }
        let text = std::fs::read_to_string(&file).during(file.display())?;
        let parameters: Parameters = serde_json::from_str(&text)
            .map_err(|error| Failure::data(format!("{}: {error}", file.display())))?;
        if parameters.generator != "history" {
            return Err(Failure::settings(format!(
                "{} is of {}, not of a history",
                file.display(),
                parameters.generator
            ))
            .hint("only histories have a truth to compare with; for baskets, look at truth/patterns.csv"));
        }
        if parameters.version != env!("CARGO_PKG_VERSION") {
            return Err(Failure::data(format!(
                "{} was written by version {}, and this is version {}: it may make another history of the same parameters",
                file.display(),
                parameters.version,
                env!("CARGO_PKG_VERSION")
            ))
            .hint("generate the history again with this version"));
        }
        let shop = match &parameters.kind {
            None => Shop::Grocery,
            Some(kind) => Shop::named(kind).ok_or_else(|| {
                let known = Shop::ALL.map(|shop| shop.law().name);
                let unknown = format!("{} is of a shop of kind `{kind}`", file.display());
                Failure::data(unknown).hint(did_you_mean(kind, &known))
            })?,
        };
        let params = Params {
            shop,
            customers: parameters.customers,
            months: parameters.months,
            seed: parameters.seed,
        };
        let world = World::new(params).map_err(|error| Failure::data(error.to_string()))?;
        Ok(Self {
            folder,
            parameters,
            world,
        })
    }
}
