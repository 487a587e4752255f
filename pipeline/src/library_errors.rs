//! What the errors of the table and query libraries say to the person who typed the command.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;
use parquet::errors::ParquetError;

use crate::failure::Failure;

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::External(inner) => match inner.downcast_ref::<Failure>() {
                Some(failure) => failure.clone(),
                None => Failure::data(inner.to_string()),
            },
            DataFusionError::ResourcesExhausted(message) => Failure::machine(first_line(message))
                .hint("raise `memory_limit` under [engine] in the settings, or free disk space for spilling"),
            DataFusionError::IoError(inner) => inner.into(),
            // Queries are ours; where a user's own SQL is planned, the caller says so instead.
            fault @ (DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Internal(_)) => Failure::machine(format!(
                "this is a fault of regulars, please report it: {}",
                first_line(&fault.to_string())
            )),
            root => Failure::data(first_line(&root.to_string())),
        }
    }
}

impl From<DeltaTableError> for Failure {
    fn from(error: DeltaTableError) -> Self {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<std::io::Error>() {
                return io.into();
            }
            source = inner.source();
        }
        Failure::data(first_line(&error.to_string()))
    }
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, source) => source.into(),
            other => Failure::data(first_line(&other.to_string())),
        }
    }
}

impl From<ParquetError> for Failure {
    fn from(error: ParquetError) -> Self {
        if let ParquetError::External(inner) = &error
            && let Some(io) = inner.downcast_ref::<std::io::Error>()
        {
            return io.into();
        }
        Failure::data(first_line(&error.to_string()))
    }
}

/// Libraries append backtraces and plans; a person needs the first line.
fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_failure_survives_the_query_engine() {
        let ours = Failure::data("line 3 is bad").hint("mend it");
        let through = DataFusionError::External(Box::new(ours.clone())).context("executing");
        assert_eq!(Failure::from(through), ours);
    }
}
