//! The key of the list of forgotten customers, which lies with whoever loads and not beside the list:
//! without it an id cannot be tried against the list, however few ids there are.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::config::hex;
use crate::failure::{During, Failure, Result};
use crate::outputs::replace_private;

/// Names the file of the key, where it lies elsewhere.
pub const VARIABLE: &str = "REGULARS_FORGET_KEY";

/// A secret of 32 bytes.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Where the key lies: where `REGULARS_FORGET_KEY` says, else in the folder of the user's
    /// settings.
    ///
    /// # Errors
    /// Neither is known.
    pub fn path() -> Result<PathBuf> {
        let variable = |name: &str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        let settings = || {
            let home = || variable("HOME").map(|home| home.join(".config"));
            let folder = variable("XDG_CONFIG_HOME").or_else(|| variable("APPDATA"));
            Some(folder.or_else(home)?.join("regulars").join("forget.key"))
        };
        variable(VARIABLE).or_else(settings).ok_or_else(|| {
            Failure::settings("there is no place for the key of the list of forgotten customers")
                .hint(format!(
                    "name a file for it: {VARIABLE}=/safe/place/forget.key"
                ))
        })
    }

    /// The key of this user; none when there is none yet.
    pub fn read() -> Result<Option<Self>> {
        let path = Self::path()?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).during(path.display()),
        };
        let digits = text.trim().as_bytes();
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).ok();
            let value = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            *byte = value.ok_or_else(|| not_a_key(&path))?;
        }
        if digits.len() != 64 {
            return Err(not_a_key(&path));
        }
        Ok(Some(Self(key)))
    }

    /// The key of this user, made if there is none.
    pub fn read_or_make() -> Result<Self> {
        if let Some(key) = Self::read()? {
            return Ok(key);
        }
        let path = Self::path()?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).during(folder.display())?;
        }
        let mut key = [0; 32];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut key)
            .map_err(|_| Failure::machine("the system gives no random numbers for a key"))?;
        replace_private(&path, &(hex(&key) + "\n"))?;
        Ok(Self(key))
    }

    /// What sets this key apart from others, without telling it.
    pub fn name(&self) -> String {
        hex(&self.hash(b"name")[..8])
    }

    /// The hash of an id (HMAC-SHA256, RFC 2104).
    pub fn hash_id(&self, id: &str) -> String {
        hex(&self.hash(format!("id {id}").as_bytes()))
    }

    /// What stands for an id where nobody may know it; another than [`Key::hash_id`], so that a file
    /// that was sent tells nothing of the list of the forgotten.
    pub fn pseudonym(&self, id: &str) -> String {
        hex(&self.hash(format!("pseudonym {id}").as_bytes()))
    }

    fn hash(&self, text: &[u8]) -> [u8; 32] {
        let pad = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(self.0).for_each(|(b, key)| *b ^= key);
            block
        };
        let inner = Sha256::new_with_prefix(pad(0x36)).chain_update(text);
        let outer = Sha256::new_with_prefix(pad(0x5c)).chain_update(inner.finalize());
        outer.finalize().into()
    }
}

fn not_a_key(path: &std::path::Path) -> Failure {
    Failure::data(format!(
        "{} is no key: it has 64 hexadecimal digits",
        path.display()
    ))
    .hint("bring it back from a backup; without it forgotten customers would come back")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_standard() {
        // RFC 4231, test case 2, has a key of four bytes, which is padded with zeros.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex(&Key(key).hash(b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
