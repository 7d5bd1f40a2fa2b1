//! The plugin of the example `mcp-sse`, for its tests.

/// All of it.
#[path = "../../../examples/mcp-sse/src/lib.rs"]
pub mod projects;
