//! Tags of XML that comes in pieces: just enough to know how much it stands for.

/// Bytes of a tag that are looked at.
const LOOKED_AT: usize = 1 << 14;

/// Cuts tags out of pieces of XML.
#[derive(Default)]
pub struct Tags {
    /// The tag at hand, without its brackets.
    tag: Vec<u8>,
    inside: bool,
    /// The quote around an attribute's value, in which a bracket ends nothing.
    quote: Option<u8>,
    /// The last two bytes, with which comments and the like end.
    last: [u8; 2],
}

/// An opening tag.
pub struct Tag<'a> {
    text: &'a str,
}

impl Tags {
    /// Takes in a piece, and hands out the opening tags that end in it.
    pub fn take(&mut self, piece: &[u8], mut found: impl FnMut(Tag<'_>)) {
        for &byte in piece {
            let last = self.last;
            self.last = [last[1], byte];
            match (self.inside, self.quote, byte) {
                (false, _, b'<') => {
                    self.inside = true;
                    self.tag.clear();
                }
                (false, ..) => {}
                (true, None, b'>') if self.ends_with(last) => {
                    self.inside = false;
                    if let Ok(text) = std::str::from_utf8(&self.tag)
                        && !text.starts_with(['/', '!', '?'])
                    {
                        found(Tag { text });
                    }
                }
                (true, quote, byte) => {
                    self.quote = match quote {
                        None if matches!(byte, b'"' | b'\'') && !self.tag.starts_with(b"!") => {
                            Some(byte)
                        }
                        Some(open) if open == byte => None,
                        quote => quote,
                    };
                    if self.tag.len() < LOOKED_AT {
                        self.tag.push(byte);
                    }
                }
            }
        }
    }

    /// Whether a bracket after these bytes ends what has begun.
    fn ends_with(&self, last: [u8; 2]) -> bool {
        match self.tag.as_slice() {
            tag if tag.starts_with(b"!--") => last == *b"--",
            tag if tag.starts_with(b"![CDATA[") => last == *b"]]",
            _ => true,
        }
    }
}

impl<'a> Tag<'a> {
    /// Its name, with its prefix.
    pub fn name(&self) -> &'a str {
        let end = |c: char| c.is_ascii_whitespace() || c == '/';
        self.text.split(end).next().unwrap_or_default()
    }

    /// Whether nothing stands within it.
    pub fn is_empty(&self) -> bool {
        self.text.ends_with('/')
    }

    /// Whether an attribute begins like this.
    pub fn has(&self, start: &str) -> bool {
        let mut words = self.text.split_ascii_whitespace().skip(1);
        words.any(|word| word.starts_with(start))
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.text;
        loop {
            let at = rest.find(name)?;
            let own = rest[..at].ends_with(|c: char| c.is_ascii_whitespace());
            rest = &rest[at + name.len()..];
            let value = rest.trim_start().strip_prefix('=').map(str::trim_start);
            if let Some(value) = value.filter(|_| own) {
                let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
                return value[1..].split(quote).next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_are_found_wherever_pieces_are_cut() {
        let xml = "<?xml v=\"1\"?><!-- don't <x> --><a b='1>2' c = \"3\"/><![CDATA[<y>\"]]></z><d xc='5' c='4'>";
        for size in 1..9 {
            let (mut tags, mut found) = (Tags::default(), Vec::new());
            for piece in xml.as_bytes().chunks(size) {
                tags.take(piece, |tag| {
                    let value = tag.attribute("c").unwrap_or_default().to_owned();
                    found.push((tag.name().to_owned(), value, tag.is_empty()));
                });
            }
            let expected = [("a", "3", true), ("d", "4", false)];
            let expected =
                expected.map(|(name, value, empty)| (name.to_owned(), value.to_owned(), empty));
            assert_eq!(found, expected, "pieces of {size}");
        }
    }
}
