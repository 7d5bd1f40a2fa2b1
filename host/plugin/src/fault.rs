//! Names the failure of a call by what can be done about it, with the calls in the guest that led there.
//! Must not know what was called.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use wasmtime::{FrameInfo, Trap, WasmBacktrace};

use crate::Limits;
use crate::bounds::MemoryExceeded;
use crate::limits::FRAME_BYTES_MAX;
use crate::source_lines::SourceLines;
use crate::verdict::{Fault, FaultKind};
use crate::voice;

/// What an error out of a guest means. `time` is what the call had.
pub(crate) fn of(error: &wasmtime::Error, time: Duration, limits: &Limits, lines: &SourceLines) -> Fault {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(|trace| backtrace(trace, lines)).unwrap_or_default();
    Fault { backtrace, ..kind_of(error, time, limits) }
}

fn kind_of(error: &wasmtime::Error, time: Duration, limits: &Limits) -> Fault {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::Interrupt => Fault::new(FaultKind::Timeout, format!("it took longer than {time:?}")),
            trap => Fault::new(FaultKind::Trap, trap.to_string()),
        };
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Fault::new(FaultKind::Trap, format!("it called exit({})", exit.0));
    }
    if let Some(exceeded) = error.downcast_ref::<MemoryExceeded>() {
        return Fault::new(FaultKind::Memory, format!("it wanted {exceeded}"));
    }
    let text = error.root_cause().to_string();
    if text.contains("fuel") || text.contains("hostcall") {
        return Fault::new(
            FaultKind::BadOutput,
            format!("its answer or a message has more than {} bytes", limits.output_bytes),
        );
    }
    Fault::new(FaultKind::Trap, text)
}

/// The calls, innermost first, one per line: `order::check at src/lib.rs:12:5`.
fn backtrace(trace: &WasmBacktrace, lines: &SourceLines) -> String {
    let mut text = String::new();
    for frame in trace.frames() {
        let name = match frame.func_name() {
            Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
            None => format!("function {}", frame.func_index()),
        };
        let line = match place(frame, lines) {
            Some(place) => format!("{name} at {place}"),
            None => name,
        };
        let line = voice::cut(&line, FRAME_BYTES_MAX);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Debug information is the author's, and what reads it may have mistakes of its own.
fn place(frame: &FrameInfo, lines: &SourceLines) -> Option<String> {
    let offset = u64::try_from(frame.module_offset()?).ok()?;
    catch_unwind(AssertUnwindSafe(|| lines.at(offset))).ok()?
}
