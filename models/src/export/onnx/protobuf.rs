//! As much of Protocol Buffers as ONNX needs (developers.google.com/protocol-buffers/docs/encoding).

/// A message: its fields one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

/// A number of 64 bits, a length or a key.
const VARINT: u64 = 0;
/// Bytes of a length.
const BYTES: u64 = 2;

impl Message {
    /// Its bytes.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A whole number.
    pub(super) fn int(&mut self, field: u64, value: i64) {
        self.varint(field << 3 | VARINT);
        // Negative numbers take all ten bytes, as their two's complement.
        self.varint(value as u64);
    }

    /// Bytes, or text.
    pub(super) fn data(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | BYTES);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// Text.
    pub(super) fn text(&mut self, field: u64, value: &str) {
        self.data(field, value.as_bytes());
    }

    /// A message within.
    pub(super) fn message(&mut self, field: u64, value: &Self) {
        self.data(field, &value.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_those_of_the_documentation() {
        // "Encoding", Protocol Buffers documentation: field 1 with 150; field 2 with "testing".
        let mut message = Message::default();
        message.int(1, 150);
        message.text(2, "testing");
        let want = [
            0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67,
        ];
        assert_eq!(message.bytes(), want);
        let mut negative = Message::default();
        negative.int(1, -1);
        assert_eq!(negative.bytes().len(), 11);
    }
}
