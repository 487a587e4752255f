//! `[engine]`: what queries may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ByteSize;

/// `[engine]`: what queries may use.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Engine {
    /// Memory for queries, such as `"512 MiB"`; beyond it they spill to disk.
    pub memory_limit: ByteSize,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            memory_limit: ByteSize(1 << 30),
        }
    }
}
