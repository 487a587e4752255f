//! The bytes of a text file, unpacked: gzip, zstd, bzip2 and xz are known by their first bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Result};
use std::path::Path;

/// Bytes, one after the other.
pub type Input = Box<dyn Read + Send>;

/// Opens a file, through the decompressor that its first bytes ask for.
pub fn open(path: &Path) -> Result<Input> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    Ok(match file.fill_buf()? {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::Decoder::with_buffer(file)?),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(file))
        }
        _ => Box::new(file),
    })
}
