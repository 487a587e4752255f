//! Why a model cannot be written for others.

/// What keeps a model from being exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// It is of a kind for which nothing is written.
    #[error(
        "{title} cannot be exported: the tree, boosted trees, forests, extra trees, the linear models, a single feature and ensembles of these can"
    )]
    Kind {
        /// What people call it.
        title: String,
    },
    /// A column of categories has no names for them.
    #[error("the categories of `{feature}` have no names, so that no table could say them")]
    Nameless {
        /// The feature.
        feature: String,
    },
    /// A feature is called as another column has to be.
    #[error("a feature is called `{name}`, as another column is; give that one another name")]
    Name {
        /// The name.
        name: String,
    },
}
