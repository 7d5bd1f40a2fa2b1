//! Waiting in the host: `wasi:io/poll` and `wasi:io/streams` for guests, and its end with the call's time.
//!
//! The engine's clock stops guests that compute. One that sleeps is in the host meanwhile, where that clock is not asked;
//! without a deadline of its own a plugin could keep a worker for ever. Must not know what is waited for.

mod streams;

use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::io::poll as patient;
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams as blocking};

use crate::call_time::CallTime;

/// What may be waited for, and for how long.
pub(crate) struct Waiting<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) time: &'a mut CallTime,
}

impl HasData for Waiting<'static> {
    type Data<'a> = Waiting<'a>;
}

/// Puts waiting with an end in the place of WASI's own.
pub(crate) fn add_to_linker<T: 'static>(linker: &mut Linker<T>, of: fn(&mut T) -> Waiting<'_>) -> Result<()> {
    linker.allow_shadowing(true);
    poll::add_to_linker::<T, Waiting<'static>>(linker, of)?;
    blocking::add_to_linker::<T, Waiting<'static>>(linker, of)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl poll::Host for Waiting<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        self.time.wait(patient::Host::poll(self.table, pollables))?
    }
}

impl poll::HostPollable for Waiting<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        self.time.wait(patient::HostPollable::ready(self.table, pollable))?
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.time.wait(patient::HostPollable::block(self.table, pollable))?
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        patient::HostPollable::drop(self.table, pollable)
    }
}
