//! Text is cut into pieces at the ends of records: in order, cheaply, with bounded memory.
//!
//! Only quotes are looked at, because a quoted field may hold line breaks; what a piece holds is
//! found out by `records`, on any thread. This file and that one need nothing but `memchr`.

use std::io::{Read, Result};

use memchr::{memchr, memchr_iter, memrchr};

/// Bytes that a piece has at least, unless the text ends before.
pub const PIECE: usize = 1 << 20;
/// A record with more bytes is given up: this is what bounds the memory.
pub const LONGEST: usize = 16 << 20;
/// How much of what is given up is shown.
const SHOWN: usize = 200;

/// The bytes that give a text its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// Stands between fields.
    pub delimiter: u8,
    /// Stands around fields that hold delimiters or line ends, and twice for itself.
    pub quote: Option<u8>,
    /// Begins lines that are not looked at.
    pub comment: Option<u8>,
    /// Ends lines: a line feed, whether or not a carriage return stands before it, or a carriage
    /// return alone.
    pub end: u8,
}

impl Syntax {
    /// Text that has lines and nothing else.
    pub const LINES: Syntax = Syntax {
        delimiter: b'\n',
        quote: None,
        comment: None,
        end: b'\n',
    };
}

/// Whole records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The records, each with its line end; the last line of a text may lack it.
    pub bytes: Vec<u8>,
    /// The line of the first byte, from 1.
    pub line: u64,
}

/// What comes next in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Whole records.
    Whole(Piece),
    /// A record that has no end within reach; the text goes on after the line it spoiled.
    Broken(Broken),
}

/// A record without an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line on which it begins.
    pub line: u64,
    /// The line of a quote that is never closed; none if the line itself is too long.
    pub quote: Option<u64>,
    /// Its first bytes.
    pub excerpt: Vec<u8>,
}

/// Where a scan for the ends of records stands.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// Bytes before this have been looked at.
    at: usize,
    /// The end of the last whole record.
    whole: usize,
    /// The quote that is open.
    open: Option<usize>,
    /// What closes it is no closing quote.
    spoiled: bool,
}

/// A quote that opens a field and has no closing one, as far as can be seen.
struct Open {
    at: usize,
    spoiled: bool,
}

/// Cuts a text into pieces.
pub struct Cutter<R> {
    input: R,
    syntax: Syntax,
    /// Not handed out yet; begins with a record.
    buffer: Vec<u8>,
    /// The line of the first byte of `buffer`.
    line: u64,
    ended: bool,
    scan: Scan,
    piece: usize,
    longest: usize,
}

impl<R: Read> Cutter<R> {
    /// Cuts at line ends until [`Cutter::set_syntax`] says more.
    pub fn new(input: R) -> Self {
        Self::with_sizes(input, PIECE, LONGEST)
    }

    /// The same with other sizes.
    pub fn with_sizes(input: R, piece: usize, longest: usize) -> Self {
        Self {
            input,
            syntax: Syntax::LINES,
            buffer: Vec::new(),
            line: 1,
            ended: false,
            scan: Scan::default(),
            piece: piece.max(1),
            longest: longest.max(1),
        }
    }

    /// Says how the rest of the text is written.
    pub fn set_syntax(&mut self, syntax: Syntax) {
        self.syntax = syntax;
        self.scan = Scan::default();
    }

    /// The line of what comes next, from 1.
    #[cfg(test)]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What comes next, at least some of it, without taking it.
    pub fn ahead(&mut self) -> Result<&[u8]> {
        self.fill(self.piece)?;
        Ok(&self.buffer)
    }

    /// The next line, whatever quotes it holds; none at the end.
    pub fn next_line(&mut self) -> Result<Option<Cut>> {
        let syntax = self.syntax;
        self.set_syntax(Syntax {
            end: syntax.end,
            ..Syntax::LINES
        });
        let line = self.next_record();
        self.set_syntax(syntax);
        line
    }

    /// The next record alone; none at the end. A comment or an empty line is a record here.
    pub fn next_record(&mut self) -> Result<Option<Cut>> {
        self.cut(|scan, bytes, syntax, ended| {
            if scan.whole == 0 {
                scan.first(bytes, syntax, ended);
            }
        })
    }

    /// The next records, about a piece of them; none at the end.
    pub fn next_piece(&mut self) -> Result<Option<Cut>> {
        self.cut(Scan::last)
    }

    fn cut(&mut self, look: impl Fn(&mut Scan, &[u8], &Syntax, bool)) -> Result<Option<Cut>> {
        let mut wanted = self.piece;
        loop {
            self.fill(wanted)?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            look(&mut self.scan, &self.buffer, &self.syntax, self.ended);
            if self.scan.whole > 0 {
                return Ok(Some(self.take(self.scan.whole)));
            }
            if self.scan.spoiled {
                return self.give_up().map(Some);
            }
            if self.ended && self.scan.open.is_none() {
                return Ok(Some(self.take(self.buffer.len())));
            }
            if self.ended || self.buffer.len() > self.longest {
                return self.give_up().map(Some);
            }
            wanted = (self.buffer.len() * 2).min(self.longest + 1);
        }
    }

    /// Reads until `wanted` bytes are at hand or the text ends.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        let missing = wanted.saturating_sub(self.buffer.len());
        if missing > 0 && !self.ended {
            self.buffer.reserve(missing);
            let read = (&mut self.input)
                .take(missing as u64)
                .read_to_end(&mut self.buffer)?;
            self.ended = read < missing;
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Cut {
        let line = self.line;
        let taken = self.remove(bytes);
        self.scan = Scan {
            at: self.scan.at.saturating_sub(bytes),
            whole: 0,
            open: self.scan.open.and_then(|open| open.checked_sub(bytes)),
            spoiled: false,
        };
        Cut::Whole(Piece { bytes: taken, line })
    }

    /// Takes bytes off the front and counts their lines.
    fn remove(&mut self, bytes: usize) -> Vec<u8> {
        let mut rest = Vec::with_capacity(self.piece.max(self.buffer.len() - bytes) + 1);
        rest.extend_from_slice(&self.buffer[bytes..]);
        self.buffer.truncate(bytes);
        self.line += memchr_iter(self.syntax.end, &self.buffer).count() as u64;
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Leaves out the line that has the open quote, or the whole of a line that is too long.
    fn give_up(&mut self) -> Result<Cut> {
        let end = self.syntax.end;
        let line = self.line;
        let open = self.scan.open;
        let quote = open.map(|open| line + memchr_iter(end, &self.buffer[..open]).count() as u64);
        let from = open.map_or(0, |open| {
            memrchr(end, &self.buffer[..open]).map_or(0, |before| before + 1)
        });
        let excerpt = &self.buffer[from..];
        let excerpt = &excerpt[..memchr(end, excerpt).unwrap_or(excerpt.len()).min(SHOWN)];
        let excerpt = excerpt.strip_suffix(b"\r").unwrap_or(excerpt).to_vec();
        let broken = Cut::Broken(Broken {
            line,
            quote,
            excerpt,
        });
        self.scan = Scan::default();
        let mut from = open.unwrap_or(0);
        loop {
            if let Some(found) = memchr(end, &self.buffer[from..]) {
                self.remove(from + found + 1);
                return Ok(broken);
            }
            self.remove(self.buffer.len());
            if self.ended {
                return Ok(broken);
            }
            self.fill(self.piece)?;
            from = 0;
        }
    }
}

impl Scan {
    /// Finds the end of the first record; `at` stays 0, because it is asked once for a header.
    fn first(&mut self, bytes: &[u8], syntax: &Syntax, ended: bool) {
        let found = record_end(bytes, syntax, ended);
        *self = Scan::default();
        match found {
            Ok(length) => self.whole = length,
            Err(open) => self.stop(0, open),
        }
    }

    /// Finds the end of the last whole record, going on from where the scan stood.
    fn last(&mut self, bytes: &[u8], syntax: &Syntax, ended: bool) {
        let Some(quote) = syntax.quote else {
            if let Some(end) = memrchr(syntax.end, &bytes[self.at..]) {
                self.whole = self.at + end + 1;
            }
            self.at = bytes.len();
            return;
        };
        if syntax.comment.is_some() {
            // A quote in a comment is none, so lines have to be looked at one by one.
            loop {
                match record_end(&bytes[self.whole..], syntax, ended) {
                    Ok(length) => self.whole += length,
                    Err(open) => return self.stop(self.whole, open),
                }
            }
        }
        while self.at < bytes.len() {
            let Some(open) = self.open else {
                let next = memchr(quote, &bytes[self.at..]).map_or(bytes.len(), |at| self.at + at);
                if let Some(end) = memrchr(syntax.end, &bytes[self.at..next]) {
                    self.whole = self.at + end + 1;
                }
                self.at = next;
                if next < bytes.len() {
                    self.open = opens(bytes, next, syntax).then_some(next);
                    self.at = next + 1;
                }
                continue;
            };
            match closing(bytes, self.at, quote, ended) {
                Closing::At(after) if spoils(bytes, open, after, syntax) => {
                    self.at = open + 1;
                    self.spoiled = true;
                    return;
                }
                Closing::At(after) => {
                    self.at = after;
                    self.open = None;
                }
                Closing::Later(at) => {
                    self.at = at;
                    return;
                }
            }
        }
    }

    /// Notes what is open in the record that begins at this place.
    fn stop(&mut self, record: usize, open: Option<Open>) {
        self.spoiled = open.as_ref().is_some_and(|open| open.spoiled);
        self.open = open.map(|open| record + open.at);
    }
}

/// Whether what seems to be the closing quote of a field with line breaks is none, because the field
/// does not end there. A quote that somebody forgot to close is closed by the next one that opens a
/// field, and the lines between would vanish in it.
fn spoils(bytes: &[u8], open: usize, after: usize, syntax: &Syntax) -> bool {
    let ends = |byte: u8| byte == syntax.delimiter || byte == syntax.end || byte == b'\r';
    bytes.get(after).is_some_and(|&byte| !ends(byte))
        && memchr(syntax.end, &bytes[open..after]).is_some()
}

/// Whether the quote at this place is the first byte of a field; elsewhere it is a byte like others.
fn opens(bytes: &[u8], at: usize, syntax: &Syntax) -> bool {
    at.checked_sub(1)
        .is_none_or(|before| bytes[before] == syntax.delimiter || bytes[before] == syntax.end)
}

enum Closing {
    /// The quote that closes stands just before this.
    At(usize),
    /// It has not come yet; look again from here when there are more bytes.
    Later(usize),
}

fn closing(bytes: &[u8], mut at: usize, quote: u8, ended: bool) -> Closing {
    loop {
        let Some(found) = memchr(quote, &bytes[at..]) else {
            return Closing::Later(bytes.len());
        };
        match bytes.get(at + found + 1) {
            Some(&next) if next == quote => at += found + 2,
            None if !ended => return Closing::Later(at + found),
            _ => return Closing::At(at + found + 1),
        }
    }
}

/// The length of the first record with its line end; else the quote that is still open, if any.
fn record_end(
    bytes: &[u8],
    syntax: &Syntax,
    ended: bool,
) -> std::result::Result<usize, Option<Open>> {
    let line_end =
        |from: usize, to: usize| memchr(syntax.end, &bytes[from..to]).map(|end| from + end + 1);
    let Some(quote) = syntax.quote else {
        return line_end(0, bytes.len()).ok_or(None);
    };
    if syntax.comment.is_some() && bytes.first().copied() == syntax.comment {
        return line_end(0, bytes.len()).ok_or(None);
    }
    let mut at = 0;
    loop {
        let next = memchr(quote, &bytes[at..]).map_or(bytes.len(), |found| at + found);
        if let Some(end) = line_end(at, next) {
            return Ok(end);
        }
        if next == bytes.len() {
            return Err(None);
        }
        at = next + 1;
        if opens(bytes, next, syntax) {
            match closing(bytes, at, quote, ended) {
                Closing::At(after) if spoils(bytes, next, after, syntax) => {
                    return Err(Some(Open {
                        at: next,
                        spoiled: true,
                    }));
                }
                Closing::At(after) => at = after,
                Closing::Later(_) => {
                    return Err(Some(Open {
                        at: next,
                        spoiled: false,
                    }));
                }
            }
        }
    }
}
