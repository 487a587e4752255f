//! What the errors of the table and query libraries say to the person who typed the command.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;
use parquet::errors::ParquetError;

use crate::failure::{Failure, os_error};

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::External(inner) => match inner.downcast_ref::<Failure>() {
                Some(failure) => failure.clone(),
                None => told(&inner.to_string()),
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
            root => told(&root.to_string()),
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
        told(&error.to_string())
    }
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, source) => source.into(),
            other => told(&other.to_string()),
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
        told(&error.to_string())
    }
}

/// What only the words of an error tell: on its way through several libraries an error of the
/// system is often nothing but text.
fn told(text: &str) -> Failure {
    match os_error(text) {
        // A file of the data that is gone is a matter of the data; what was spilled is not.
        Some(error) if error.kind() == std::io::ErrorKind::NotFound && !text.contains(".spill") => {
            Failure::data(first_line(text))
        }
        Some(error) => Failure {
            message: first_line(text),
            ..Failure::from(error)
        },
        None => Failure::data(first_line(text)),
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
    use crate::failure::Cause;

    #[test]
    fn our_own_failure_survives_the_query_engine() {
        let ours = Failure::data("line 3 is bad").hint("mend it");
        let through = DataFusionError::External(Box::new(ours.clone())).context("executing");
        assert_eq!(Failure::from(through), ours);
    }

    #[test]
    fn the_system_is_to_blame_whichever_library_notices_it() {
        let full = "writing a page: No space left on device (os error 28)";
        let lost = "opening out/.spill/x: No such file or directory (os error 2)";
        for text in [full, lost] {
            let errors: [Failure; 4] = [
                ParquetError::General(text.to_owned()).into(),
                ArrowError::IpcError(text.to_owned()).into(),
                DataFusionError::Execution(text.to_owned()).into(),
                DataFusionError::External(text.into()).into(),
            ];
            for failure in errors {
                assert_eq!(failure.cause, Cause::Machine, "{failure}");
                assert!(failure.message.contains(text), "{failure}");
            }
        }
        let full: Failure = ParquetError::General(full.to_owned()).into();
        assert!(full.hint.is_some_and(|hint| hint.contains("disk space")));
        let gone = "opening lines.parquet: No such file or directory (os error 2)";
        let gone: Failure = ParquetError::General(gone.to_owned()).into();
        assert_eq!(gone.cause, Cause::Data);
    }
}
