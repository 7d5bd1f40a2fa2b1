//! What one store may take, and how much of it it has taken. Memories and tables count together: a component may have
//! many of either.

use wasmtime::{ResourceLimiter, Result, bail};

use crate::Limits;

/// The limits of one store.
#[derive(Debug)]
pub(crate) struct Bounds {
    memory_max: usize,
    elements_max: usize,
    instances_max: usize,
    memory: usize,
    elements: usize,
}

/// A guest wanted more memory than it may have.
#[derive(Debug, thiserror::Error)]
#[error("{wanted} bytes of memory, where it may have {max}")]
pub(crate) struct MemoryExceeded {
    wanted: usize,
    max: usize,
}

impl Bounds {
    pub(crate) const fn new(limits: &Limits) -> Self {
        let (memory_max, elements_max, instances_max) = (limits.memory, limits.table_elements, limits.instances);
        Self { memory_max, elements_max, instances_max, memory: 0, elements: 0 }
    }

    /// Bytes of all its linear memories.
    pub(crate) const fn memory(&self) -> usize {
        self.memory
    }
}

/// Errors here end the call. A guest that is told of a failure instead goes on in ways that nobody tests.
impl ResourceLimiter for Bounds {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory_max {
            return Err(MemoryExceeded { wanted, max: self.memory_max }.into());
        }
        let grows = maximum.is_none_or(|maximum| desired <= maximum);
        if grows {
            self.memory = wanted;
        }
        Ok(grows)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let wanted = self.elements.saturating_add(desired.saturating_sub(current));
        if wanted > self.elements_max {
            bail!("it wanted {wanted} elements of tables, where it may have {}", self.elements_max);
        }
        let grows = maximum.is_none_or(|maximum| desired <= maximum);
        if grows {
            self.elements = wanted;
        }
        Ok(grows)
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.instances_max
    }

    fn memories(&self) -> usize {
        self.instances_max
    }
}
