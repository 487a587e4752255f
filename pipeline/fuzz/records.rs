//! Any bytes, in any syntax: text is cut and parsed without a panic, the same whatever the size of the
//! pieces, and no field reaches outside its record.
#![no_main]
#![allow(dead_code)] // the files below serve the whole program

#[path = "../src/sources/cut.rs"]
mod cut;
#[path = "../src/sources/records.rs"]
mod records;

use cut::{Cut, Cutter, Syntax};
use libfuzzer_sys::fuzz_target;
use records::Records;

type Rows = Vec<(u64, Vec<Vec<u8>>)>;

fn read(text: &[u8], syntax: Syntax, piece: usize, longest: usize) -> Rows {
    let mut cutter = Cutter::with_sizes(text, piece, longest);
    cutter.set_syntax(syntax);
    let mut rows = Rows::new();
    while let Some(cut) = cutter.next_piece().expect("bytes in memory can be read") {
        match cut {
            Cut::Whole(piece) => {
                let mut records = Records::new(&piece.bytes, piece.line, syntax);
                let mut fields = Vec::new();
                while let Some(record) = records.next(&mut fields) {
                    assert!(record.start <= record.end && record.end <= piece.bytes.len());
                    let texts: Vec<Vec<u8>> = fields
                        .iter()
                        .map(|field| field.of(&piece.bytes, &syntax).into_owned())
                        .collect();
                    let length: usize = texts.iter().map(Vec::len).sum();
                    assert!(
                        length <= record.end - record.start,
                        "fields say more than their record"
                    );
                    rows.push((record.line, texts));
                }
            }
            Cut::Broken(broken) => rows.push((broken.line, vec![broken.excerpt])),
        }
    }
    rows
}

fuzz_target!(|input: &[u8]| {
    let [delimiter, quote, comment, sizes, text @ ..] = input else {
        return;
    };
    let syntax = Syntax {
        delimiter: [b',', b';', b'\t', b'|'][usize::from(delimiter % 4)],
        quote: [Some(b'"'), Some(b'\''), None][usize::from(quote % 3)],
        comment: [None, Some(b'#')][usize::from(comment % 2)],
        end: [b'\n', b'\r'][usize::from(comment / 2 % 2)],
    };
    // Nothing is too long here, so only an unclosed quote ends a record early.
    let unbounded = text.len() + 1;
    let whole = read(text, syntax, unbounded, unbounded);
    let size = 1 + usize::from(*sizes);
    for piece in [1, 7, size] {
        assert_eq!(
            read(text, syntax, piece, unbounded),
            whole,
            "pieces of {piece} bytes"
        );
    }
    // What is given up for its length depends on how the text came; that it is read to its end does not.
    read(text, syntax, size, 16 + 4 * size);
});
