//! Files of the spool: what had to be fetched, measured and hashed while it is written.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use crate::config::hex;
use crate::failure::{During, Result};
use crate::outputs::temporary::make_folder;

/// A file of the spool that is being written.
pub struct SpoolFile {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256,
    size: u64,
}

/// A file of the spool that is whole.
pub struct Spooled {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: String,
}

/// Two sources may fetch things of one name.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A new folder of the spool.
pub fn folder(spool: &Path) -> Result<PathBuf> {
    let folder = spool.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    make_folder(&folder)?;
    Ok(folder)
}

impl SpoolFile {
    /// A new file in a folder of its own; its name ends as `name` does, since endings tell formats.
    pub fn create(spool: &Path, name: &str) -> Result<Self> {
        let folder = folder(spool)?;
        let last = name.rsplit('/').next().unwrap_or_default();
        let letters: Vec<char> = last.chars().collect();
        let short: String = letters[letters.len().saturating_sub(60)..].iter().collect();
        let path = folder.join(if short.is_empty() { "file" } else { &short });
        let file = BufWriter::new(File::create(&path).during(path.display())?);
        Ok(Self {
            path,
            file,
            hasher: Sha256::new(),
            size: 0,
        })
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<Spooled> {
        self.file.flush().during(self.path.display())?;
        Ok(Spooled {
            path: self.path,
            size: self.size,
            sha256: hex(&self.hasher.finalize()),
        })
    }
}

impl Write for SpoolFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("bucket/{}.csv.gz", "long".repeat(100));
        let mut file = SpoolFile::create(folder.path(), &name).unwrap();
        file.write_all(b"a,b\n").unwrap();
        file.write_all(b"1,2\n").unwrap();
        let spooled = file.finish().unwrap();
        assert!(spooled.path.to_str().unwrap().ends_with("long.csv.gz"));
        assert_eq!(
            crate::outputs::digest(&spooled.path).unwrap(),
            (spooled.size, spooled.sha256)
        );
    }
}
