//! `wasi:io/streams`: reading and writing that blocks ends with the call's time too. Bodies of requests may block; what
//! does not is handed on as it is.

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::io::streams as patient;
use wasmtime_wasi::p2::bindings::sync::io::streams::{Host, HostInputStream, HostOutputStream, StreamError as Told};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

use super::Waiting;

type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;

impl Host for Waiting<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<Told> {
        Host::convert_stream_error(self.table, error)
    }
}

impl HostInputStream for Waiting<'_> {
    fn read(&mut self, stream: Input, length: u64) -> StreamResult<Vec<u8>> {
        HostInputStream::read(self.table, stream, length)
    }

    fn blocking_read(&mut self, stream: Input, length: u64) -> StreamResult<Vec<u8>> {
        or_trap(self.time.wait(patient::HostInputStream::blocking_read(self.table, stream, length)))
    }

    fn skip(&mut self, stream: Input, length: u64) -> StreamResult<u64> {
        HostInputStream::skip(self.table, stream, length)
    }

    fn blocking_skip(&mut self, stream: Input, length: u64) -> StreamResult<u64> {
        or_trap(self.time.wait(patient::HostInputStream::blocking_skip(self.table, stream, length)))
    }

    fn subscribe(&mut self, stream: Input) -> Result<Resource<DynPollable>> {
        HostInputStream::subscribe(self.table, stream)
    }

    fn drop(&mut self, stream: Input) -> Result<()> {
        self.time.wait(patient::HostInputStream::drop(self.table, stream))?
    }
}

impl HostOutputStream for Waiting<'_> {
    fn check_write(&mut self, stream: Output) -> StreamResult<u64> {
        HostOutputStream::check_write(self.table, stream)
    }

    fn write(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        HostOutputStream::write(self.table, stream, bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        or_trap(self.time.wait(patient::HostOutputStream::blocking_write_and_flush(self.table, stream, bytes)))
    }

    fn flush(&mut self, stream: Output) -> StreamResult<()> {
        HostOutputStream::flush(self.table, stream)
    }

    fn blocking_flush(&mut self, stream: Output) -> StreamResult<()> {
        or_trap(self.time.wait(patient::HostOutputStream::blocking_flush(self.table, stream)))
    }

    fn write_zeroes(&mut self, stream: Output, length: u64) -> StreamResult<()> {
        HostOutputStream::write_zeroes(self.table, stream, length)
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Output, length: u64) -> StreamResult<()> {
        or_trap(self.time.wait(patient::HostOutputStream::blocking_write_zeroes_and_flush(self.table, stream, length)))
    }

    fn splice(&mut self, stream: Output, from: Input, length: u64) -> StreamResult<u64> {
        HostOutputStream::splice(self.table, stream, from, length)
    }

    fn blocking_splice(&mut self, stream: Output, from: Input, length: u64) -> StreamResult<u64> {
        or_trap(self.time.wait(patient::HostOutputStream::blocking_splice(self.table, stream, from, length)))
    }

    fn subscribe(&mut self, stream: Output) -> Result<Resource<DynPollable>> {
        HostOutputStream::subscribe(self.table, stream)
    }

    fn drop(&mut self, stream: Output) -> Result<()> {
        self.time.wait(patient::HostOutputStream::drop(self.table, stream))?
    }
}

/// The answer of what was waited for; the end of the wait stops the guest.
fn or_trap<T>(waited: Result<StreamResult<T>>) -> StreamResult<T> {
    waited.unwrap_or_else(|error| Err(StreamError::Trap(error)))
}
