//! What stops a command, in words for the person who typed it, and the exit code it maps to.

use std::fmt;

/// Whose turn it is to mend a failure; each has its own exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The command line or `regulars.toml` asks for something that cannot be: exit code 2.
    Settings,
    /// The data, or what earlier stages left, cannot be used: exit code 3.
    Data,
    /// Disk, memory or the operating system: exit code 4.
    Machine,
}

impl Cause {
    /// The exit code that the help promises for this cause.
    pub fn exit_code(self) -> u8 {
        match self {
            Cause::Settings => 2,
            Cause::Data => 3,
            Cause::Machine => 4,
        }
    }
}

/// One message: what is wrong and where, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who can mend it.
    pub cause: Cause,
    /// What is wrong, and where.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// Whether a run of the whole job ends with it too, where it could go on without the stage.
    pub ends_the_run: bool,
}

/// What every fallible function of the pipeline returns.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A wrong command line or setting.
    pub fn settings(message: impl Into<String>) -> Self {
        Self::new(Cause::Settings, message)
    }

    /// Data that cannot be used.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Cause::Data, message)
    }

    /// A failure of the machine.
    pub fn machine(message: impl Into<String>) -> Self {
        Self::new(Cause::Machine, message)
    }

    fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            hint: None,
            ends_the_run: false,
        }
    }

    /// Has a run of the whole job end with it, where it could go on without the stage: what is left
    /// would hide what has to be looked at.
    pub fn ending_the_run(mut self) -> Self {
        self.ends_the_run = true;
        self
    }

    /// Adds what would mend it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what was being done, in front of the message.
    pub fn during(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// Adds what was being done to an error of any library.
pub trait During<T> {
    /// Says what was being done when it failed.
    fn during(self, doing: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Failure>> During<T> for Result<T, E> {
    fn during(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().during(doing))
    }
}

/// A panic is a fault of ours: it is reported as one, without a backtrace.
pub fn fault(cause: &(dyn std::any::Any + Send)) -> Failure {
    let words = cause.downcast_ref::<String>().cloned();
    let words = words
        .or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_default();
    Failure::machine(format!(
        "this is a fault of regulars, please report it: {words}"
    ))
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&std::io::Error> for Failure {
    fn from(error: &std::io::Error) -> Self {
        let failure = Failure::machine(error.to_string());
        // What has gone through a library may keep nothing of the system's error but its words.
        let kind = match error.raw_os_error() {
            Some(_) => error.kind(),
            None => os_error(&error.to_string()).map_or(error.kind(), |error| error.kind()),
        };
        match kind {
            std::io::ErrorKind::StorageFull => {
                failure.hint("free some disk space, or write elsewhere with --out")
            }
            std::io::ErrorKind::PermissionDenied => {
                failure.hint("check the permissions of that path, or write elsewhere with --out")
            }
            _ => failure,
        }
    }
}

/// The error of the system that a text ends in: `... (os error 28)`.
pub fn os_error(text: &str) -> Option<std::io::Error> {
    let (_, rest) = text.split_once("(os error ")?;
    let (number, _) = rest.split_once(')')?;
    number.parse().ok().map(std::io::Error::from_raw_os_error)
}

/// The known name nearest to what was written, when one is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    known
        .into_iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&folded, &name.to_lowercase()),
                name,
            )
        })
        .filter(|&(distance, name)| distance <= 2.max(name.len().max(written.len()) / 3))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// "did you mean `a`? known: `a`, `b`": for a hint after an unknown name.
pub fn did_you_mean(written: &str, known: &[&str]) -> String {
    let list = known
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    match nearest(written, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? Known: {list}"),
        None => format!("known: {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_far_names_are_not_offered() {
        let known = ["customer_id", "occurred_at", "amount"];
        assert_eq!(nearest("custmer_id", known), Some("customer_id"));
        assert_eq!(nearest("Amount", known), Some("amount"));
        assert_eq!(nearest("zebra", known), None);
    }
}
