//! Systems that others documented, as the examples set them up: clients written from a document work as they are.
//!
//! Each file is about one of them. Tests have the numbers of docs/seeds.md in their names.

mod all_five;
mod event_driven;
mod mcp_sse;
mod notification_server;
mod sixth_system;
mod sse_integration;
mod stdio_sse;
