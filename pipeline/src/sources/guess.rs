//! The format of a file, from the endings of its name, else from its first bytes.

use std::io::Read;
use std::path::Path;

use super::bytes;
use crate::config::Format;

/// Endings of compressed files, which say nothing of what is in them.
const PACKED: [&str; 7] = ["gz", "gzip", "zst", "zstd", "bz2", "xz", "lzma"];

/// The format that the endings of a name tell.
pub fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let mut rest = name.as_str();
    loop {
        let (before, ending) = rest.rsplit_once('.')?;
        match ending {
            "parquet" | "pq" | "parq" => return Some(Format::Parquet),
            "csv" | "txt" => return Some(Format::Csv),
            "tsv" | "tab" => return Some(Format::Tsv),
            "jsonl" | "ndjson" | "json" => return Some(Format::JsonLines),
            "arrow" | "arrows" | "feather" | "ipc" => return Some(Format::Arrow),
            "xlsx" | "xlsm" | "xlsb" | "xls" | "ods" => return Some(Format::Xlsx),
            ending if PACKED.contains(&ending) => rest = before,
            _ => return None,
        }
    }
}

/// The format that the first bytes tell, unpacked if need be; text is CSV unless it begins as JSON.
pub fn by_first_bytes(path: &Path) -> Option<Format> {
    let mut start = Vec::new();
    bytes::open(path)
        .ok()?
        .take(4096)
        .read_to_end(&mut start)
        .ok()?;
    match start.as_slice() {
        [b'P', b'A', b'R', b'1', ..] => return Some(Format::Parquet),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => {
            return Some(Format::Arrow);
        }
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => return Some(Format::Xlsx),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some(Format::Csv), // UTF-16
        _ => {}
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    match text.trim_ascii_start() {
        [] => None,
        [b'{', ..] => Some(Format::JsonLines),
        [b'[', rest @ ..] if rest.trim_ascii_start().starts_with(b"{") => Some(Format::JsonLines),
        text if text.iter().any(|byte| matches!(byte, 0..=8 | 0x0e..=0x1f)) => None,
        _ => Some(Format::Csv),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format_through_what_packs_them() {
        for (name, format) in [
            ("a.csv", Some(Format::Csv)),
            ("A.CSV.GZ", Some(Format::Csv)),
            ("sales.tsv.bz2", Some(Format::Tsv)),
            ("2024.12.jsonl.xz", Some(Format::JsonLines)),
            ("part-0.snappy.parquet", Some(Format::Parquet)),
            ("book.xlsx", Some(Format::Xlsx)),
            ("a.arrow", Some(Format::Arrow)),
            ("a.gz", None),
            ("csv", None),
            ("a.pdf", None),
        ] {
            assert_eq!(by_name(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn first_bytes_tell_the_format_where_the_name_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.dat");
        let cases: [(&[u8], Option<Format>); 7] = [
            (b"customer,when\n1,2\n", Some(Format::Csv)),
            (b"\xef\xbb\xbf {\"a\":1}", Some(Format::JsonLines)),
            (b"[\n {\"a\":1}]", Some(Format::JsonLines)),
            (b"[a],[b]\n", Some(Format::Csv)),
            (b"PAR1....", Some(Format::Parquet)),
            (b"\x7fELF\x02\x01", None),
            (b"", None),
        ];
        for (bytes, format) in cases {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(by_first_bytes(&path), format, "{bytes:?}");
        }
    }
}
