//! The records and fields of a piece of text, without copying them.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};

use super::cut::Syntax;

/// A record: where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its first byte in the piece.
    pub start: usize,
    /// Behind its last byte, without the line end.
    pub end: usize,
    /// The line on which it begins.
    pub line: u64,
}

/// A field: where it stands, without the quotes around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    start: u32,
    end: u32,
    /// It holds quotes that stand for something else than themselves.
    escaped: bool,
}

impl Field {
    /// Where in the piece it stands, if it says what stands there.
    #[inline]
    pub fn place(&self) -> Option<Range<usize>> {
        (!self.escaped).then_some(self.start as usize..self.end as usize)
    }

    /// What the field says.
    #[inline]
    pub fn of<'a>(&self, piece: &'a [u8], syntax: &Syntax) -> Cow<'a, [u8]> {
        let raw = &piece[self.start as usize..self.end as usize];
        match syntax.quote {
            Some(quote) if self.escaped => Cow::Owned(unescaped(raw, quote)),
            _ => Cow::Borrowed(raw),
        }
    }
}

/// Two quotes are one; the first single one ends the quoted part, and what follows is meant as it
/// stands.
fn unescaped(raw: &[u8], quote: u8) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(quote, rest) {
        text.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if rest.first() != Some(&quote) {
            break;
        }
        text.push(quote);
        rest = &rest[1..];
    }
    text.extend_from_slice(rest);
    text
}

/// Goes through the records of a piece.
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    syntax: Syntax,
}

impl<'a> Records<'a> {
    /// The records of `bytes`, whose first byte stands on `line`.
    pub fn new(bytes: &'a [u8], line: u64, syntax: Syntax) -> Self {
        Self {
            bytes,
            at: 0,
            line,
            syntax,
        }
    }

    /// The next record, with its fields; empty lines and comments are passed over.
    pub fn next(&mut self, fields: &mut Vec<Field>) -> Option<Record> {
        self.skip_what_is_no_record();
        if self.at >= self.bytes.len() {
            return None;
        }
        fields.clear();
        let (start, line) = (self.at, self.line);
        loop {
            let end = match self.syntax.quote {
                Some(quote) if self.bytes.get(self.at) == Some(&quote) => {
                    self.quoted(quote, fields)
                }
                _ => self.plain(fields),
            };
            if let Some(end) = end {
                return Some(Record { start, end, line });
            }
        }
    }

    fn skip_what_is_no_record(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte == self.syntax.end {
                self.at += 1;
            } else if byte == b'\r' && self.bytes.get(self.at + 1) == Some(&self.syntax.end) {
                self.at += 2;
            } else if Some(byte) == self.syntax.comment {
                match memchr(self.syntax.end, &self.bytes[self.at..]) {
                    Some(end) => self.at += end + 1,
                    None => {
                        self.at = self.bytes.len();
                        return;
                    }
                }
            } else {
                return;
            }
            self.line += 1;
        }
    }

    /// Takes a field without quotes; the end of the record if it was the last.
    fn plain(&mut self, fields: &mut Vec<Field>) -> Option<usize> {
        let start = self.at;
        let stop = self.stop(start);
        let last = self.is_last(stop);
        let end = if last {
            self.without_return(start, stop)
        } else {
            stop
        };
        self.push(fields, start, end, false);
        self.at = stop + 1;
        last.then_some(end)
    }

    /// The same for a field that begins with a quote.
    fn quoted(&mut self, quote: u8, fields: &mut Vec<Field>) -> Option<usize> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut from = start;
        let close = loop {
            match memchr(quote, &self.bytes[from..]) {
                None => break self.bytes.len(),
                Some(at) if self.bytes.get(from + at + 1) == Some(&quote) => {
                    escaped = true;
                    from += at + 2;
                }
                Some(at) => break from + at,
            }
        };
        self.line += memchr_iter(self.syntax.end, &self.bytes[start..close]).count() as u64;
        let after = (close + 1).min(self.bytes.len());
        let stop = self.stop(after);
        let last = self.is_last(stop);
        let end = if last {
            self.without_return(after, stop)
        } else {
            stop
        };
        if end > after {
            // Text behind the closing quote belongs to the field as it stands.
            self.push(fields, start, end, true);
        } else {
            self.push(fields, start, close, escaped);
        }
        self.at = stop + 1;
        last.then_some(end)
    }

    /// Where the next delimiter or line end stands, or the piece ends.
    fn stop(&self, from: usize) -> usize {
        // Most fields are shorter than what makes a call worth its while.
        let mut from = from;
        for _ in 0..2 {
            let Some(Ok(eight)) = self.bytes.get(from..from + 8).map(<[u8; 8]>::try_from) else {
                break;
            };
            let eight = u64::from_le_bytes(eight);
            let found = first_of(eight, self.syntax.delimiter) | first_of(eight, self.syntax.end);
            if found != 0 {
                return from + found.trailing_zeros() as usize / 8;
            }
            from += 8;
        }
        memchr2(self.syntax.delimiter, self.syntax.end, &self.bytes[from..])
            .map_or(self.bytes.len(), |at| from + at)
    }

    /// Whether the record ends at this stop; its line is counted.
    fn is_last(&mut self, stop: usize) -> bool {
        let last = self
            .bytes
            .get(stop)
            .is_none_or(|&byte| byte == self.syntax.end);
        self.line += u64::from(last);
        last
    }

    /// A carriage return before the line end is a part of it.
    fn without_return(&self, start: usize, end: usize) -> usize {
        if end > start && self.bytes[end - 1] == b'\r' && self.syntax.end != b'\r' {
            end - 1
        } else {
            end
        }
    }

    fn push(&self, fields: &mut Vec<Field>, start: usize, end: usize, escaped: bool) {
        // A piece is far smaller than 4 GiB.
        fields.push(Field {
            start: start as u32,
            end: end as u32,
            escaped,
        });
    }
}

/// The highest bit of the first byte that is `wanted`, and maybe of later ones; 0 if there is none.
fn first_of(eight: u64, wanted: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let zero = eight ^ (ONES * u64::from(wanted)); // its bytes that are 0 are the wanted ones
    zero.wrapping_sub(ONES) & !zero & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::super::cut::{Cut, Cutter};
    use super::*;

    const CSV: Syntax = Syntax {
        delimiter: b',',
        quote: Some(b'"'),
        comment: None,
        end: b'\n',
    };

    type Rows = Vec<(u64, Vec<String>)>;

    fn parsed(bytes: &[u8], line: u64, syntax: Syntax, rows: &mut Rows) {
        let mut records = Records::new(bytes, line, syntax);
        let mut fields = Vec::new();
        while let Some(record) = records.next(&mut fields) {
            let texts = fields
                .iter()
                .map(|field| String::from_utf8_lossy(&field.of(bytes, &syntax)).into_owned());
            rows.push((record.line, texts.collect()));
        }
    }

    /// Cuts and parses; lines of broken records have a single field that says so.
    fn read(text: &[u8], syntax: Syntax, piece: usize, longest: usize) -> Rows {
        let mut cutter = Cutter::with_sizes(text, piece, longest);
        cutter.set_syntax(syntax);
        let mut rows = Rows::new();
        while let Some(cut) = cutter.next_piece().unwrap() {
            match cut {
                Cut::Whole(piece) => parsed(&piece.bytes, piece.line, syntax, &mut rows),
                Cut::Broken(broken) => rows.push((
                    broken.line,
                    vec![format!(
                        "{:?} {}",
                        broken.quote,
                        String::from_utf8_lossy(&broken.excerpt)
                    )],
                )),
            }
        }
        rows
    }

    fn rows(expected: &[(u64, &[&str])]) -> Rows {
        expected
            .iter()
            .map(|(line, fields)| {
                (
                    *line,
                    fields.iter().map(|&field| field.to_owned()).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn quoted_fields_hold_delimiters_line_breaks_and_quotes() {
        let text = b"a,\"b,1\",c\r\n\r\n\"two\nlines\",\"say \"\"so\"\"\",\n5\" pipe,\"x\"y,\"\"";
        for piece in [1, 3, 7, 1000] {
            assert_eq!(
                read(text, CSV, piece, 1000),
                rows(&[
                    (1, &["a", "b,1", "c"]),
                    (3, &["two\nlines", "say \"so\"", ""]),
                    (5, &["5\" pipe", "xy", ""]),
                ])
            );
        }
    }

    #[test]
    fn comments_hold_quotes_that_open_nothing() {
        let syntax = Syntax {
            comment: Some(b'#'),
            ..CSV
        };
        for piece in [1, 3, 1000] {
            assert_eq!(
                read(b"# it,\"s\na,b\n#,\"\nc,\"#d\n\"\n", syntax, piece, 1000),
                rows(&[(2, &["a", "b"]), (4, &["c", "#d\n"])])
            );
        }
    }

    #[test]
    fn lines_of_an_old_mac_end_with_a_carriage_return() {
        let syntax = Syntax { end: b'\r', ..CSV };
        assert_eq!(
            read(b"a,b\rc,\"d\re\"\r", syntax, 1, 1000),
            rows(&[(1, &["a", "b"]), (2, &["c", "d\re"])])
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_line_and_not_the_rest() {
        let text = b"a,b\nc,\"d\ne,f\ng,h\n";
        for piece in [1, 3, 1000] {
            assert_eq!(
                read(text, CSV, piece, 1000),
                rows(&[
                    (1, &["a", "b"]),
                    (2, &["Some(2) c,\"d"]),
                    (3, &["e", "f"]),
                    (4, &["g", "h"]),
                ])
            );
        }
    }

    #[test]
    fn a_quote_that_the_next_opening_one_would_close_costs_one_line_too() {
        let text = b"a,\"b\nc,d\ne,\"f, g\"\nh,\"i\nj\"\n";
        for piece in [1, 3, 1000] {
            for comment in [None, Some(b'#')] {
                assert_eq!(
                    read(text, Syntax { comment, ..CSV }, piece, 1000),
                    rows(&[
                        (1, &["Some(1) a,\"b"]),
                        (2, &["c", "d"]),
                        (3, &["e", "f, g"]),
                        (4, &["h", "i\nj"]),
                    ])
                );
            }
        }
    }

    #[test]
    fn a_record_beyond_the_limit_is_given_up_with_bounded_memory() {
        let mut text = b"a,b\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 5000));
        text.extend(b"\nc,d\n");
        let got = read(&text, CSV, 10, 100);
        assert_eq!(got.len(), 3);
        assert_eq!((got[1].0, got[1].1[0].len()), (2, "None ".len() + 101));
        assert_eq!(got[2], (3, vec!["c".to_owned(), "d".to_owned()]));
    }

    /// Random text in which everything that means something is frequent.
    fn random_text(seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let length = next() % 60;
        (0..length)
            .map(|_| b"ab,,\"\"\"\n\n "[(next() % 10) as usize])
            .collect()
    }

    #[test]
    fn the_same_as_the_csv_crate_on_random_text_however_it_is_cut() {
        for seed in 0..20_000 {
            let text = random_text(seed);
            let mut whole = Rows::new();
            parsed(&text, 1, CSV, &mut whole);
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_slice());
            let peer: Vec<Vec<String>> = reader
                .byte_records()
                .map(|record| {
                    let record = record.unwrap();
                    let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
                    record.iter().map(text).collect()
                })
                .collect();
            let ours: Vec<Vec<String>> = whole.iter().map(|(_, fields)| fields.clone()).collect();
            assert_eq!(ours, peer, "{:?}", String::from_utf8_lossy(&text));

            let once = read(&text, CSV, 1000, 10_000);
            for piece in 1..6 {
                assert_eq!(
                    read(&text, CSV, piece, 10_000),
                    once,
                    "pieces of {piece}: {:?}",
                    String::from_utf8_lossy(&text)
                );
            }
            if !once
                .iter()
                .any(|(_, fields)| fields[0].starts_with("Some("))
            {
                assert_eq!(once, whole);
            }
        }
    }

    #[test]
    fn no_bytes_at_all_make_it_panic_and_no_byte_is_lost() {
        let mut state = 7u64;
        for round in 0..5_000 {
            let text: Vec<u8> = (0..round % 200)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    (state >> 56) as u8 & if round % 2 == 0 { 0xff } else { 0x2f }
                })
                .collect();
            for comment in [None, Some(b'#')] {
                let syntax = Syntax { comment, ..CSV };
                let mut cutter = Cutter::with_sizes(text.as_slice(), 8, 64);
                cutter.set_syntax(syntax);
                let mut lines = 1;
                while let Some(cut) = cutter.next_piece().unwrap() {
                    if let Cut::Whole(piece) = cut {
                        assert!(piece.line >= lines);
                        lines = piece.line;
                        parsed(&piece.bytes, piece.line, syntax, &mut Rows::new());
                    }
                }
                let breaks = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
                assert_eq!(cutter.line(), breaks + 1);
            }
        }
    }
}
