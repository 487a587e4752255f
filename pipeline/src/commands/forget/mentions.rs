//! Whether bytes mention a customer, as they are or unpacked, in whichever way their id is written.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use crate::failure::{During, Result};

/// An id as text, JSON and HTML write it.
pub struct Words(Vec<String>);

/// What stands where an id stood.
const FORGOTTEN: &str = "(forgotten)";

impl Words {
    /// The ways to write an id.
    pub fn of(id: &str) -> Self {
        let json = serde_json::Value::from(id).to_string();
        let ascii: String = id
            .encode_utf16()
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            })
            .collect();
        let html = id
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;");
        let mut words = vec![
            id.to_owned(),
            json.trim_matches('"').to_owned(),
            ascii,
            html.replace('\'', "&#x27;").replace('/', "&#x2f;"),
            html.replace('\'', "&#39;"),
            html,
        ];
        words.sort();
        words.dedup();
        Self(words)
    }

    /// Whether a text holds the id, not as part of another word or number.
    pub fn within(&self, text: &str) -> bool {
        self.0.iter().any(|word| has_word(text, word))
    }

    /// Takes the id out of a text. A whole number may mean anything, so that only a text that is
    /// nothing else goes.
    pub fn erase(&self, text: &mut String) {
        for word in &self.0 {
            let number = word.parse::<i64>().is_ok();
            if text == word {
                FORGOTTEN.clone_into(text);
            } else if !number && has_word(text, word) {
                *text = text.replace(word, FORGOTTEN);
            }
        }
    }

    fn longest(&self) -> usize {
        self.0.iter().map(String::len).max().unwrap_or(0)
    }

    /// Whether a file mentions the id; packed files are unpacked on the way.
    pub fn in_file(&self, path: &Path) -> Result<bool> {
        let open = || File::open(path).map(BufReader::new);
        let mut start = Vec::new();
        let file = open().during(path.display())?;
        file.take(6)
            .read_to_end(&mut start)
            .during(path.display())?;
        let packed = match start.as_slice() {
            [0x1f, 0x8b, ..] => self.in_bytes(flate2::read::MultiGzDecoder::new(open()?)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => self.in_bytes(zstd::Decoder::new(open()?)?),
            [b'B', b'Z', b'h', ..] => self.in_bytes(bzip2::read::MultiBzDecoder::new(open()?)),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => {
                self.in_bytes(liblzma::read::XzDecoder::new_multi_decoder(open()?))
            }
            [b'P', b'K', 3, 4, ..] => self.in_archive(open()?),
            _ => return self.in_bytes(open()?).during(path.display()),
        };
        // Of what cannot be unpacked it is not known that it says nothing.
        Ok(packed.unwrap_or(true))
    }

    fn in_archive(&self, file: impl Read + Seek) -> io::Result<bool> {
        let mut archive = zip::ZipArchive::new(file)?;
        for number in 0..archive.len() {
            if self.in_bytes(archive.by_index(number)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks through bytes piece by piece.
    fn in_bytes(&self, mut from: impl Read) -> io::Result<bool> {
        let kept = self.longest() + 16;
        let mut bytes: Vec<u8> = Vec::new();
        let mut piece = vec![0; 1 << 18];
        loop {
            let read = from.read(&mut piece)?;
            bytes.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&bytes);
            // What stands at the very end may go on.
            let whole = read == 0 || !self.0.iter().any(|word| text.ends_with(word.as_str()));
            if whole && self.within(&text) {
                return Ok(true);
            }
            if read == 0 {
                return Ok(false);
            }
            let from = if whole {
                bytes.len().saturating_sub(kept)
            } else {
                0
            };
            bytes.drain(..from);
        }
    }
}

/// Whether a text holds a word, not as part of another.
pub fn has_word(text: &str, word: &str) -> bool {
    let number = word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-');
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    // 185 is neither in 1,185 nor in 185.5, where a digit stands beyond the mark.
    let digits = |mut beside: Box<dyn Iterator<Item = char> + '_>| {
        number
            && beside.next().is_some_and(|c| matches!(c, '.' | ','))
            && beside.next().is_some_and(|c| c.is_ascii_digit())
    };
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let alone = !part(before.chars().next_back()) && !part(after.chars().next());
        let decimals = after.starts_with('.') && digits(Box::new(after.chars()));
        let thousands = before.ends_with(['.', ',']) && digits(Box::new(before.chars().rev()));
        alone && !decimals && !thousands
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_customer_is_found_as_a_word_and_not_as_a_part_of_one() {
        assert!(has_word("rows of C12, and others", "C12"));
        assert!(has_word("C12", "C12"));
        assert!(!has_word("rows of C123", "C12"));
        assert!(!has_word("AC12", "C12"));
        assert!(has_word("{\"id\": 185, \"spend\": 1}", "185"));
        assert!(has_word("<td>185</td>", "185"));
        assert!(!has_word("customers 7,185", "185"));
        assert!(!has_word("185.25", "185"));
        assert!(has_word("It is 185.", "185"));
        assert!(has_word("[1, 185, 3]", "185"));
    }

    #[test]
    fn an_id_is_found_however_it_is_written_and_packed() {
        let id = "Zoë & \"Co\"";
        let words = Words::of(id);
        for text in [
            id.to_owned(),
            serde_json::Value::from(id).to_string(),
            "Zo\\u00eb & \\u0022"
                .to_owned()
                .replace("\\u0022", "\"Co\""),
            "<b>Zoë &amp; &quot;Co&quot;</b>".to_owned(),
        ] {
            assert!(words.within(&text), "{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let text = format!("{}{id}{}", "y ".repeat(400_000), " z".repeat(400_000));
        std::fs::write(&path, &text).unwrap();
        assert!(words.in_file(&path).unwrap());
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        std::fs::write(&path, packed.finish().unwrap()).unwrap();
        assert!(words.in_file(&path).unwrap());
        std::fs::write(&path, zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        assert!(words.in_file(&path).unwrap());
        std::fs::write(&path, text.replace(id, "nobody")).unwrap();
        assert!(!words.in_file(&path).unwrap());
    }
}
