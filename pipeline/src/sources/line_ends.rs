//! Text on its way to be cut: every line ends with a line feed, and blanks that separate fields are one.

use std::io::{Read, Result};

use memchr::memchr;

use super::bytes::Input;

/// The text with a line feed wherever a carriage return stands alone: files that were put together
/// from several may hold both. A carriage return before a line feed stays.
pub fn unified(input: Input) -> Input {
    Box::new(LineEnds { input, next: None })
}

struct LineEnds {
    input: Input,
    /// Read already, and not handed out.
    next: Option<u8>,
}

impl Read for LineEnds {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let mut filled = 0;
        if let Some(byte) = self.next.take() {
            out[0] = byte;
            filled = 1;
        }
        if filled < out.len() {
            filled += self.input.read(&mut out[filled..])?;
        }
        let mut from = 0;
        while let Some(at) = memchr(b'\r', &out[from..filled]) {
            let at = from + at;
            let after = match out[..filled].get(at + 1) {
                Some(byte) => Some(*byte),
                None => {
                    self.next = one(&mut self.input)?;
                    self.next
                }
            };
            if after != Some(b'\n') {
                out[at] = b'\n';
            }
            from = at + 1;
        }
        Ok(filled)
    }
}

fn one(input: &mut Input) -> Result<Option<u8>> {
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The text with one blank wherever blanks and tabs stand outside quotes, and none where a line
/// begins or ends.
pub fn squeezed(input: Input, quote: Option<u8>) -> Input {
    Box::new(Squeezed {
        input,
        quote,
        quoted: false,
        pending: false,
        in_line: false,
        raw: vec![0; 1 << 16],
        text: Vec::new(),
        at: 0,
    })
}

struct Squeezed {
    input: Input,
    quote: Option<u8>,
    /// Within quotes.
    quoted: bool,
    /// Blanks have been read, and something may follow them.
    pending: bool,
    /// Something stands before in the line.
    in_line: bool,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
}

impl Squeezed {
    fn push(&mut self, byte: u8) {
        let begins = self.pending || !self.in_line;
        match byte {
            b' ' | b'\t' if !self.quoted => {
                self.pending = self.in_line;
                return;
            }
            // Blanks separate short values, none of which goes over a line.
            b'\n' | b'\r' => (self.in_line, self.pending, self.quoted) = (false, false, false),
            _ => {
                if std::mem::take(&mut self.pending) {
                    self.text.push(b' ');
                }
                self.in_line = true;
            }
        }
        if Some(byte) == self.quote {
            self.quoted = !self.quoted && begins;
        }
        self.text.push(byte);
    }
}

impl Read for Squeezed {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        while self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            let read = self.input.read(&mut self.raw)?;
            if read == 0 {
                return Ok(0);
            }
            for place in 0..read {
                self.push(self.raw[place]);
            }
        }
        let taken = (self.text.len() - self.at).min(out.len());
        out[..taken].copy_from_slice(&self.text[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Hands out a few bytes at a time.
    struct Slow(Cursor<Vec<u8>>, usize);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> Result<usize> {
            let most = out.len().min(self.1);
            self.0.read(&mut out[..most])
        }
    }

    fn read(text: &str, at_once: usize, through: impl Fn(Input) -> Input) -> String {
        let slow = Slow(Cursor::new(text.as_bytes().to_vec()), at_once);
        let mut read = String::new();
        through(Box::new(slow)).read_to_string(&mut read).unwrap();
        read
    }

    #[test]
    fn a_carriage_return_alone_ends_a_line_wherever_the_text_is_cut() {
        for at_once in 1..8 {
            for (text, expected) in [
                ("a\r\nb\rc\nd\r", "a\r\nb\nc\nd\n"),
                ("\r\r\n\r", "\n\r\n\n"),
                ("plain\n", "plain\n"),
                ("", ""),
            ] {
                assert_eq!(read(text, at_once, unified), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn blanks_between_fields_are_one_and_those_at_the_ends_of_a_line_none() {
        for at_once in 1..8 {
            for (text, expected) in [
                (" 00001 19970101  1   11.77\n", "00001 19970101 1 11.77\n"),
                ("a \t b  \r\n  \n", "a b\r\n\n"),
                ("\"a  b\"   c", "\"a  b\" c"),
                ("5\"  a   b", "5\" a b"),
            ] {
                let got = read(text, at_once, |input| squeezed(input, Some(b'"')));
                assert_eq!(got, expected, "{text:?}");
            }
        }
    }
}
