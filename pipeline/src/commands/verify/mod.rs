//! `verify`: whether the files of a run are what was written, and whether the run comes to them again.

mod again;

use std::path::Path;

use crate::cli;
use crate::failure::{Failure, Result};
use crate::lifecycle::registry;
use crate::outputs::below::below;
use crate::outputs::digest;
use crate::outputs::manifest::{FILE_NAME, Manifest};
use crate::text::{plural, print};
use crate::words::in_english;

/// Holds every file of the manifest, and of the models that are kept beside it, against its size and
/// its hash.
pub fn run(args: &cli::Verify) -> Result<()> {
    let out = args.run.as_path();
    let record = out.join(FILE_NAME);
    if !record.is_file() {
        return Err(Failure::data(format!(
            "{} is not there, so that nobody can tell what a run has written",
            record.display()
        ))
        .hint("name the output folder of a run: regulars verify DIR"));
    }
    let manifest = Manifest::open(out)?;
    let mut faults: Vec<String> = Vec::new();
    for file in &manifest.files {
        let path = below(out, &file.path, &record)?;
        faults.extend(
            fault(&path, file.size, &file.sha256)
                .map(|words| format!("{}: {words} (written by {})", file.path, file.stage)),
        );
    }
    let registry = registry(None, out);
    let numbers = registry.numbers()?;
    for number in &numbers {
        match registry.version(*number) {
            Ok(version) => faults.extend(version.faults()),
            Err(failure) => faults.push(failure.message),
        }
    }
    let models = match numbers.len() {
        0 => String::new(),
        several => format!(" and {}", number(several, "kept model")),
    };
    let looked = format!("{}{models}", number(manifest.files.len(), "file"));
    if faults.is_empty() {
        print(&format!("{looked} in {} as written\n", out.display()));
        return match args.again {
            true => again::again(args, &manifest),
            false => Ok(()),
        };
    }
    let listed: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    Err(Failure::data(format!(
        "{looked} in {}: {} not as written:{listed}",
        out.display(),
        number(faults.len(), "file")
    ))
    .hint("run the stage that wrote it again, or bring the file back from a backup"))
}

/// A number of things; what is wrong is said in English, as all errors are.
fn number(number: usize, thing: &str) -> String {
    in_english(|| plural(number as u64, thing))
}

/// What is wrong with a file, if anything is.
fn fault(path: &Path, size: u64, sha256: &str) -> Option<String> {
    if !path.is_file() {
        return Some("gone".to_owned());
    }
    match digest(path) {
        Err(failure) => Some(failure.message),
        Ok((found, _)) if found != size => Some(format!("{found} bytes, not {size}")),
        Ok((_, found)) if found != sha256 => Some(format!(
            "its bytes have changed (SHA-256 {}..., not {}...)",
            found.get(..12).unwrap_or(&found),
            sha256.get(..12).unwrap_or(sha256)
        )),
        Ok(_) => None,
    }
}
