//! Text of any encoding becomes UTF-8 while it is read, and wrong text says what it may be.

use std::io::{Cursor, Read, Result};
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, UTF_8, UTF_16BE, UTF_16LE};

use super::bytes::{self, Input};
use crate::config::Encoding;

/// Bytes that are looked at to guess an encoding.
const LOOKED_AT: u64 = 4 << 20;
/// Bytes that are decoded at a time.
const BLOCK: usize = 1 << 16;

/// In decoded text this byte, which no UTF-8 has, stands for bytes that the encoding does not know,
/// so that the record in which they are can be rejected, and no other.
const UNKNOWN: u8 = 0xff;

/// The text as UTF-8, without a byte order mark; which encoding it had.
///
/// A byte order mark decides, then `encoding`, else the text is taken as UTF-8 and handed on as it
/// is.
pub fn decoded(mut input: Input, encoding: Option<Encoding>) -> Result<(Input, Encoding)> {
    let mut start = Vec::with_capacity(3);
    (&mut input).take(3).read_to_end(&mut start)?;
    let (marked, mark) = match start.as_slice() {
        [0xef, 0xbb, 0xbf] => (Some(UTF_8), 3),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        _ => (None, 0),
    };
    let encoding = marked.map(Encoding).or(encoding).unwrap_or(Encoding(UTF_8));
    let whole = Cursor::new(start.split_off(mark)).chain(input);
    if encoding.is_utf8() {
        return Ok((Box::new(whole), encoding));
    }
    let decoding = Decoding {
        input: whole,
        decoder: encoding.0.new_decoder_without_bom_handling(),
        raw: vec![0; BLOCK],
        text: Vec::new(),
        at: 0,
        ended: false,
    };
    Ok((Box::new(decoding), encoding))
}

struct Decoding<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Decoded, and from `at` on not handed out yet.
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Decoding<R> {
    fn decode_block(&mut self) -> Result<()> {
        let read = self.input.read(&mut self.raw)?;
        self.ended = read == 0;
        self.text.clear();
        self.at = 0;
        let mut raw = &self.raw[..read];
        loop {
            let room = self
                .decoder
                .max_utf8_buffer_length_without_replacement(raw.len())
                .unwrap_or(BLOCK)
                .max(16);
            let before = self.text.len();
            self.text.resize(before + room, 0);
            let (result, taken, written) = self.decoder.decode_to_utf8_without_replacement(
                raw,
                &mut self.text[before..],
                self.ended,
            );
            self.text.truncate(before + written);
            raw = &raw[taken..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.text.push(UNKNOWN),
            }
        }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        while self.at == self.text.len() && !self.ended {
            self.decode_block()?;
        }
        let taken = (self.text.len() - self.at).min(out.len());
        out[..taken].copy_from_slice(&self.text[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// How a text file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOf {
    /// UTF-8, or what a byte order mark says.
    Known,
    /// UTF-8 but for some lines, how many of the looked at, and the encoding that they seem to have.
    Utf8Except(Option<&'static str>, u64),
    /// It is no UTF-8 and seems to have this encoding, as the settings name it.
    Other(&'static str),
    /// It is no UTF-8, and nothing tells what it is.
    Unknown,
}

/// How a text file is written, by its first megabytes.
///
/// A file that has lines beyond ASCII both in UTF-8 and not is UTF-8 with faulty lines, unless those
/// are the most: that bytes of another encoding happen to be UTF-8 is rare.
pub fn text_of(path: &Path) -> Result<TextOf> {
    let mut start = Vec::new();
    bytes::open(path)?.take(LOOKED_AT).read_to_end(&mut start)?;
    if matches!(start[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Ok(TextOf::Known);
    }
    if start.len() as u64 == LOOKED_AT {
        // The last line, and maybe a character of it, is cut short.
        start.truncate(start.iter().rposition(|&byte| byte == b'\n').unwrap_or(0));
    }
    Ok(written_as(&start))
}

fn written_as(text: &[u8]) -> TextOf {
    let wide = || likely(text).filter(|name| name.starts_with("utf-16"));
    match std::str::from_utf8(text) {
        Ok(text) if !text.contains('\0') => return TextOf::Known,
        Ok(_) => return wide().map_or(TextOf::Known, TextOf::Other),
        Err(_) => {}
    }
    if let Some(wide) = wide() {
        return TextOf::Other(wide);
    }
    let (mut good, mut bad) = (0, 0);
    let mut sample = Vec::new();
    for line in text.split_inclusive(|&byte| matches!(byte, b'\n' | b'\r')) {
        match std::str::from_utf8(line) {
            Ok(line) => good += u64::from(!line.is_ascii()),
            Err(_) => {
                bad += 1;
                // As many as it takes to know their encoding.
                if sample.len() < 1 << 16 {
                    sample.extend_from_slice(line);
                }
            }
        }
    }
    match likely(&sample) {
        name if good >= bad => TextOf::Utf8Except(name, bad),
        Some(name) => TextOf::Other(name),
        None => TextOf::Unknown,
    }
}

/// UTF-8 text whose lines that are none are read in another encoding; what that does not know
/// either stays as it is.
pub fn mended(input: Input, fallback: Encoding) -> Input {
    Box::new(Mended {
        input,
        fallback,
        raw: Vec::new(),
        text: Vec::new(),
        at: 0,
        ended: false,
    })
}

struct Mended {
    input: Input,
    fallback: Encoding,
    /// Read, and without the end of its last line.
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Mended {
    fn mend_block(&mut self) -> Result<()> {
        let read = (&mut self.input)
            .take(BLOCK as u64)
            .read_to_end(&mut self.raw)?;
        self.ended = read < BLOCK;
        self.text.clear();
        self.at = 0;
        let is_end = |&byte: &u8| matches!(byte, b'\n' | b'\r');
        let whole = match self.ended {
            true => self.raw.len(),
            // A line that has no end is mended when it has one.
            false => self.raw.iter().rposition(is_end).map_or(0, |end| end + 1),
        };
        let block = &self.raw[..whole];
        if std::str::from_utf8(block).is_ok() {
            self.text.extend_from_slice(block);
        } else {
            for line in block.split_inclusive(is_end) {
                let decode = || {
                    self.fallback
                        .0
                        .decode_without_bom_handling_and_without_replacement(line)
                };
                match std::str::from_utf8(line) {
                    Ok(_) => self.text.extend_from_slice(line),
                    Err(_) => match decode() {
                        Some(text) => self.text.extend_from_slice(text.as_bytes()),
                        None => self.text.extend_from_slice(line),
                    },
                }
            }
        }
        self.raw.drain(..whole);
        Ok(())
    }
}

impl Read for Mended {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        while self.at == self.text.len() && !self.ended {
            self.mend_block()?;
        }
        let taken = (self.text.len() - self.at).min(out.len());
        out[..taken].copy_from_slice(&self.text[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// The encoding that bytes which are no UTF-8 most likely have, as the settings name it.
///
/// Each candidate gets the share of its characters that are frequent in the languages it is used
/// for; scattered single bytes are Western letters.
pub fn likely(sample: &[u8]) -> Option<&'static str> {
    if utf16(sample, 1) {
        return Some("utf-16le");
    }
    if utf16(sample, 0) {
        return Some("utf-16be");
    }
    let candidates: [(&str, Classify); 3] = [
        ("gb18030", gb18030),
        ("big5", big5),
        ("shift_jis", shift_jis),
    ];
    let best = candidates
        .iter()
        .rev() // the last of equals wins: the most widely used one
        .filter_map(|(name, classify)| Some((share(sample, *classify)?, *name)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((share, name)) = best
        && share >= 0.6
        && !scattered(sample)
    {
        return Some(name);
    }
    let control =
        |byte: &u8| matches!(byte, 0..=8 | 0x0e..=0x1f | 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    let high = sample.iter().any(|byte| *byte >= 0x80);
    (high && !sample.iter().any(control)).then_some("windows-1252")
}

/// Latin text in UTF-16 has zeros in every second byte.
fn utf16(sample: &[u8], zeros_at: usize) -> bool {
    let pairs = sample.len() / 2;
    let zeros = |at: usize| (0..pairs).filter(|pair| sample[2 * pair + at] == 0).count();
    pairs >= 4 && zeros(zeros_at) * 2 > pairs && zeros(1 - zeros_at) * 10 < pairs
}

/// The length of the character that begins with a high byte, and whether it is a frequent one; none
/// if there is no such character.
type Classify = fn(&[u8]) -> Option<(usize, bool)>;

/// The share of frequent characters among those that are not ASCII; none if one does not exist.
fn share(sample: &[u8], classify: Classify) -> Option<f64> {
    let (mut frequent, mut all) = (0u64, 0u64);
    let mut at = 0;
    while at < sample.len() {
        if sample[at] < 0x80 {
            at += 1;
            continue;
        }
        match classify(&sample[at..]) {
            Some((length, common)) => {
                at += length;
                all += 1;
                frequent += u64::from(common);
            }
            None if sample.len() - at < 4 => break, // the sample ends inside a character
            None => return None,
        }
    }
    (all > 0).then(|| frequent as f64 / all as f64)
}

fn gb18030(bytes: &[u8]) -> Option<(usize, bool)> {
    match *bytes {
        [0x80, ..] => Some((1, false)),
        // The 3755 most frequent characters, and punctuation.
        [0xb0..=0xd7, 0xa1..=0xfe, ..] | [0xa1 | 0xa3, 0xa1..=0xfe, ..] => Some((2, true)),
        [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, ..] => Some((2, false)),
        [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, ..] => Some((4, false)),
        _ => None,
    }
}

fn big5(bytes: &[u8]) -> Option<(usize, bool)> {
    match *bytes {
        // The 5401 most frequent characters, and punctuation.
        [0xa4..=0xc6 | 0xa1, 0x40..=0x7e | 0xa1..=0xfe, ..] => Some((2, true)),
        [0x87..=0xfe, 0x40..=0x7e | 0xa1..=0xfe, ..] => Some((2, false)),
        _ => None,
    }
}

fn shift_jis(bytes: &[u8]) -> Option<(usize, bool)> {
    match *bytes {
        // Hiragana, katakana, punctuation, and the 2965 most frequent characters.
        [0x81..=0x83 | 0x88..=0x97, 0x40..=0x7e | 0x80..=0xfc, ..] => Some((2, true)),
        [0x81..=0x9f | 0xe0..=0xfc, 0x40..=0x7e | 0x80..=0xfc, ..] => Some((2, false)),
        [0xa1..=0xdf, ..] => Some((1, false)),
        _ => None,
    }
}

/// Whether most bytes beyond ASCII stand alone between ASCII letters, as in `Käse`.
fn scattered(sample: &[u8]) -> bool {
    let high = |at: usize| sample.get(at).is_some_and(|byte| *byte >= 0x80);
    let (mut alone, mut all) = (0u64, 0u64);
    for at in (0..sample.len()).filter(|&at| high(at)) {
        all += 1;
        let before = at.checked_sub(1).is_some_and(high);
        alone += u64::from(!before && !high(at + 1));
    }
    alone * 2 > all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], encoding: Option<&str>) -> Vec<u8> {
        let encoding = encoding.map(|name| name.parse().unwrap());
        let (mut input, _) = decoded(Box::new(Cursor::new(bytes.to_vec())), encoding).unwrap();
        let mut text = Vec::new();
        input.read_to_end(&mut text).unwrap();
        text
    }

    const CHINESE: &str =
        "客户编号,购买时间,商品名称\n张伟,2023-01-05,苹果\n王芳,2023-01-06,面包和黄油\n";
    const TAIWANESE: &str =
        "顧客編號,購買時間,商品名稱\n陳怡君,2023-01-05,蘋果\n林志明,2023-01-06,麵包\n";
    const JAPANESE: &str =
        "顧客番号,購入日時,商品名\n田中,2023-01-05,りんご\n佐藤,2023-01-06,パンとバター\n";
    const GERMAN: &str = "Kunde,Zeit,Größe\nMüller,2023-01-05,Käse für 5 €\n";

    fn encoded(text: &str, name: &str) -> Vec<u8> {
        let encoding: Encoding = name.parse().unwrap();
        encoding.0.encode(text).0.into_owned()
    }

    #[test]
    fn every_encoding_of_the_manual_comes_back_as_it_was() {
        for (text, name) in [
            (CHINESE, "gbk"),
            (CHINESE, "gb18030"),
            (TAIWANESE, "big5"),
            (JAPANESE, "shift_jis"),
            (GERMAN, "windows-1252"),
        ] {
            let long = text.repeat(3000); // beyond one block, characters across its end
            assert!(
                read(&encoded(&long, name), Some(name)) == long.as_bytes(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_byte_order_mark_decides() {
        let utf16: Vec<u8> = CHINESE.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut marked = vec![0xff, 0xfe];
        marked.extend(&utf16);
        assert_eq!(read(&marked, None), CHINESE.as_bytes());
        assert_eq!(read(&utf16, Some("utf-16")), CHINESE.as_bytes());
        let mut big_end = vec![0xfe, 0xff];
        big_end.extend(CHINESE.encode_utf16().flat_map(u16::to_be_bytes));
        assert_eq!(read(&big_end, None), CHINESE.as_bytes());
        let marked = format!("\u{feff}{CHINESE}");
        assert_eq!(read(marked.as_bytes(), Some("gbk")), CHINESE.as_bytes());
        assert_eq!(read(b"a", None), b"a");
        assert_eq!(read(b"", Some("gbk")), b"");
    }

    #[test]
    fn bytes_that_the_encoding_does_not_know_spoil_their_record_only() {
        let text = read(b"a,\xd6\xd0\nb,\xff\xff\nc,\xce\xc4\nd\xd6", Some("gbk"));
        let lines: Vec<bool> = text
            .split(|&byte| byte == b'\n')
            .map(|line| std::str::from_utf8(line).is_ok())
            .collect();
        assert_eq!(lines, [true, false, true, false]);
    }

    #[test]
    fn a_few_lines_of_another_encoding_do_not_make_a_file_of_it() {
        let latin = encoded(GERMAN, "windows-1252");
        let two = GERMAN.repeat(2);
        let mixed = [two.as_bytes(), &latin[..]].concat();
        assert_eq!(written_as(GERMAN.as_bytes()), TextOf::Known);
        assert_eq!(written_as(&latin), TextOf::Other("windows-1252"));
        assert_eq!(
            written_as(&mixed),
            TextOf::Utf8Except(Some("windows-1252"), 2)
        );
        let turned = [GERMAN.as_bytes(), &latin.repeat(2)[..]].concat();
        assert_eq!(written_as(&turned), TextOf::Other("windows-1252"));
        assert_eq!(written_as(b"a\n\xff\x81\n"), TextOf::Unknown);

        let fallback: Encoding = "windows-1252".parse().unwrap();
        let long = mixed.repeat(3000);
        let mut text = String::new();
        mended(Box::new(Cursor::new(long)), fallback)
            .read_to_string(&mut text)
            .unwrap();
        assert!(text == GERMAN.repeat(9000));
    }

    #[test]
    fn the_likely_encoding_is_the_one_it_was_written_in() {
        for (text, name) in [
            (CHINESE, "gb18030"),
            (TAIWANESE, "big5"),
            (JAPANESE, "shift_jis"),
            (GERMAN, "windows-1252"),
        ] {
            assert_eq!(likely(&encoded(text, name)), Some(name));
            // One name in a line of ASCII is enough.
            let word = text.split([',', '\n']).nth(5).unwrap();
            let line = format!("C0001,2023-03-03,9001,{word},1.00\n");
            assert_eq!(likely(&encoded(&line, name)), Some(name), "{word}");
        }
        let utf16: Vec<u8> = "customer,when\n1,2\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(likely(&utf16), Some("utf-16le"));
        assert_eq!(likely(b"plain"), None);
        assert_eq!(likely(b"\x00\x81\xff\x12"), None);
    }
}
