//! Hashes of rows that mean the same in every version of the program: the warehouse keeps them, so
//! that a row can be recognised when it comes again years later.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use twox_hash::XxHash64;

use crate::failure::Result;

/// What stands for a missing value; a text of this hash is as improbable as any other.
const NULL: u64 = 0x9e37_79b9_7f4a_7c15;

/// A number that nobody can foresee, to set one thing apart from another.
pub fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// XXH64 of some bytes.
pub fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    XxHash64::oneshot(seed, bytes)
}

/// Mixes the hash of the next value into that of the values before it; order matters.
pub fn mix(before: u64, next: u64) -> u64 {
    let product = u128::from(before ^ next.rotate_left(32) ^ NULL)
        .wrapping_mul(u128::from(next ^ 0xd6e8_feb8_6659_fd93 | 1));
    (product >> 64) as u64 ^ product as u64 ^ before.rotate_left(17)
}

/// One hash for each row, over some columns in their order.
///
/// A value hashes the same in every type that can hold it as text: the number 7 of a Parquet file
/// and the text `7` of a CSV are one value.
pub fn hash_columns(columns: &[ArrayRef], rows: usize, seed: u64) -> Result<Vec<u64>> {
    let mut hashes = vec![seed; rows];
    for column in columns {
        add(column, &mut hashes)?;
    }
    Ok(hashes)
}

fn add(column: &ArrayRef, hashes: &mut [u64]) -> Result<()> {
    match column.data_type() {
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>();
            let mut digits = itoa::Buffer::new();
            for (row, hash) in hashes.iter_mut().enumerate() {
                let value = if values.is_valid(row) {
                    hash_bytes(0, digits.format(values.value(row)).as_bytes())
                } else {
                    NULL
                };
                *hash = mix(*hash, value);
            }
        }
        DataType::Utf8 => {
            let values = column.as_string::<i32>();
            for (row, hash) in hashes.iter_mut().enumerate() {
                let value = if values.is_valid(row) {
                    hash_bytes(0, values.value(row).as_bytes())
                } else {
                    NULL
                };
                *hash = mix(*hash, value);
            }
        }
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => add(&cast(column, &DataType::Int64)?, hashes)?,
        _ => add(&cast(column, &DataType::Utf8)?, hashes)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn hashes(columns: &[ArrayRef]) -> Vec<u64> {
        hash_columns(columns, columns[0].len(), 1).unwrap()
    }

    #[test]
    fn a_number_and_its_text_are_one_value_and_places_matter() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(-12), None]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("7"), Some("-12"), None]));
        assert_eq!(hashes(&[numbers]), hashes(std::slice::from_ref(&texts)));
        let others: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some("y"), Some("z")]));
        assert_ne!(
            hashes(&[texts.clone(), others.clone()]),
            hashes(&[others, texts])
        );
    }

    #[test]
    fn the_hashes_are_those_that_warehouses_hold() {
        // XXH64 of the reference implementation; a change here would lose every row's identity.
        assert_eq!(hash_bytes(0, b""), 0xef46_db37_51d8_e999);
        assert_eq!(hash_bytes(0, b"abc"), 0x44bc_2cf5_ad77_0999);
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("abc"), None]));
        assert_eq!(
            hashes(&[texts]),
            [mix(1, 0x44bc_2cf5_ad77_0999), mix(1, NULL)]
        );
    }
}
