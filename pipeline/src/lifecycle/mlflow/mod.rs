//! What was learned, logged as MLflow has it: in a folder, as its file store lies on the disk, or on a
//! server, by its REST interface.

mod files;
mod logged;
mod rest;

use std::path::Path;

pub use self::logged::Logged;
use crate::config::without_secrets;
use crate::failure::{Failure, Result};
use crate::stages::Context;

/// Logs a run of MLflow; says where it is.
///
/// - `to`: a folder, `file://` and a path, or the address of a server.
///
/// # Errors
/// The address is none that is known; the folder cannot be written; the server does not answer or
/// refuses.
pub fn log(context: &Context<'_>, to: &str, logged: &Logged) -> Result<String> {
    context.progress.step("logging in MLflow");
    let done = match to.split_once("://") {
        None => files::log(Path::new(to), logged),
        Some(("file", path)) => files::log(Path::new(path), logged),
        Some(("http" | "https", _)) => context.engine.wait(rest::log(to, logged)),
        Some((scheme, _)) => Err(Failure::settings(format!(
            "--mlflow {}: `{scheme}` is no kind of address that is known here",
            without_secrets(to)
        ))
        .hint("give a folder, or the address of a server: http://localhost:5000")),
    };
    done.map_err(|failure| match failure.message.starts_with("--mlflow") {
        true => failure,
        false => failure.during(format!("--mlflow {}", without_secrets(to))),
    })
}
