//! Paths that files of the output folder tell, such as `manifest.json`: they stay below it.
//!
//! An output folder may come from somewhere else, and what is named there is removed and written
//! anew. A name that leads out of it is therefore an error, and so is a link on the way, which may
//! lead anywhere.

use std::path::{Component, Path, PathBuf};

use crate::failure::{Failure, Result};

/// The file below `folder` that a record calls by this name.
///
/// # Errors
/// A name that leads elsewhere, or a link where a file or a folder should be.
pub fn below(folder: &Path, name: &str, record: &Path) -> Result<PathBuf> {
    let path = entry_below(folder, name, record)?;
    match is_link(&path) {
        true => Err(refused(record, &link(name, &path))),
        false => Ok(path),
    }
}

/// The same for what may be a link itself, because nothing but the link will be touched.
///
/// # Errors
/// A name that leads elsewhere, or a link where a folder should be.
pub fn entry_below(folder: &Path, name: &str, record: &Path) -> Result<PathBuf> {
    let inside = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !inside || name.is_empty() || name.contains(['\\', '\0']) {
        let problem = format!("`{name}` is no file below {}", folder.display());
        return Err(refused(record, &problem));
    }
    let path = folder.join(name);
    let on_the_way = path
        .ancestors()
        .skip(1)
        .take_while(|above| *above != folder);
    for above in on_the_way {
        if is_link(above) {
            return Err(refused(record, &link(name, above)));
        }
    }
    Ok(path)
}

fn link(name: &str, path: &Path) -> String {
    format!("`{name}`: {} is a link", path.display())
}

fn refused(record: &Path, problem: &str) -> Failure {
    Failure::data(format!("{}: {problem}", record.display())).hint(
        "nothing was touched. Whoever wrote it did not mean well, or the folder was put together by hand: start with another --out",
    )
}

/// Makes sure that a folder of ours is none that somebody has put elsewhere.
///
/// # Errors
/// It is a link.
pub fn no_link(path: &Path) -> Result<()> {
    match is_link(path) {
        false => Ok(()),
        true => Err(Failure::data(format!(
            "{} is a link, and what it leads to would be removed",
            path.display()
        ))
        .hint("remove the link; what it leads to is not touched")),
    }
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|about| about.file_type().is_symlink())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let record = Path::new("manifest.json");
        let place = |name: &str| below(folder.path(), name, record);
        for name in [
            "",
            "..",
            "../x",
            "a/../../x",
            "/etc/x",
            "./x",
            "a\0b",
            "..\\x",
        ] {
            assert!(place(name).is_err(), "{name:?}");
        }
        let fine = place("features/2024-01-01.parquet").unwrap();
        assert_eq!(fine, folder.path().join("features/2024-01-01.parquet"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_may_be_named_where_only_the_link_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", folder.path().join("link")).unwrap();
        let entry = |name| entry_below(folder.path(), name, Path::new("notes"));
        assert!(entry("link/x").is_err());
        assert!(entry("link").is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused_wherever_they_are_on_the_way() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(other.path(), folder.path().join("features")).unwrap();
        let record = Path::new("manifest.json");
        for name in ["features", "features/x.parquet"] {
            let failure = below(folder.path(), name, record).unwrap_err();
            assert!(failure.message.contains("is a link"), "{failure}");
        }
        assert!(no_link(&folder.path().join("features")).is_err());
        assert!(no_link(folder.path()).is_ok());
    }
}
