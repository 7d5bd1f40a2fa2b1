//! What bounds somebody beside others: in `[subscribe]` and `[publish]`.

/// Most connections of one owner at a time, streams and waiting polls; 0: without a bound of its own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Caps {
    /// Of one principal with a token.
    pub(crate) per_principal: usize,
    /// Of one address.
    pub(crate) per_address: usize,
    /// Of all without a token.
    pub(crate) anonymous: usize,
    /// Of all tokens of this type.
    pub(crate) readonly: usize,
    /// Of all tokens of this type.
    pub(crate) team: usize,
    /// Of all tokens of this type.
    pub(crate) master: usize,
}

impl super::Pipeline {
    /// Threads to start on a machine with this many processors. The default leaves half of them to sockets.
    pub(crate) fn worker_count(&self, processors: usize) -> usize {
        match self.workers {
            0 => (processors / 2).max(1),
            workers => workers,
        }
    }
}
