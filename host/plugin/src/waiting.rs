//! Waiting in the host: `wasi:io/poll` for guests, and its end at the call's deadline.
//!
//! The engine's clock stops guests that compute. One that sleeps is in the host meanwhile, where that clock is not asked;
//! without a deadline of its own a plugin could keep a worker for ever. Must not know what is waited for.

use std::future::Future;
use std::time::Instant;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{Result, Trap};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::io::poll as patient;
use wasmtime_wasi::p2::bindings::sync::io::poll;
use wasmtime_wasi::runtime::in_tokio;

/// What may be waited for, and until when.
pub(crate) struct Waiting<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) until: Instant,
}

impl HasData for Waiting<'static> {
    type Data<'a> = Waiting<'a>;
}

/// Puts waiting with a deadline in the place of WASI's own.
pub(crate) fn add_to_linker<T: 'static>(linker: &mut Linker<T>, of: fn(&mut T) -> Waiting<'_>) -> Result<()> {
    linker.allow_shadowing(true);
    poll::add_to_linker::<T, Waiting<'static>>(linker, of)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl poll::Host for Waiting<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        within(self.until, patient::Host::poll(self.table, pollables))
    }
}

impl poll::HostPollable for Waiting<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        within(self.until, patient::HostPollable::ready(self.table, pollable))
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        within(self.until, patient::HostPollable::block(self.table, pollable))
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        patient::HostPollable::drop(self.table, pollable)
    }
}

/// Waits, but not beyond the deadline: then the guest is stopped like one that computes for too long.
fn within<T>(until: Instant, wait: impl Future<Output = Result<T>>) -> Result<T> {
    in_tokio(async {
        let waited = tokio::time::timeout_at(until.into(), wait).await;
        waited.unwrap_or_else(|_| Err(Trap::Interrupt.into()))
    })
}
