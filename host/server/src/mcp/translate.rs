//! Tools and results from our words into those of the protocol. Must not decide anything.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, Resource, ResourceContents, Tool, ToolAnnotations};
use serde_json::Value;
use tidemill_plugin::{Content, ResourceBody, ResourceContent, ToolInfo, ToolResult};

/// A tool.
pub(super) fn tool(info: &ToolInfo) -> Tool {
    let schema = Arc::new(info.input_schema.clone());
    let mut tool = Tool::new(info.name.clone(), info.description.clone(), schema);
    tool.title.clone_from(&info.title);
    tool.output_schema = info.output_schema.clone().map(Arc::new);
    let hints = ToolAnnotations::new()
        .read_only(info.hints.read_only)
        .destructive(info.hints.destructive)
        .idempotent(info.hints.idempotent)
        .open_world(info.hints.open_world);
    tool.with_annotations(hints)
}

/// A tool, for who reads JSON.
pub(crate) fn tool_json(info: &ToolInfo) -> Value {
    serde_json::to_value(tool(info)).unwrap_or_default()
}

/// What came of a call, for who reads JSON.
pub(crate) fn result_json(own: ToolResult) -> Value {
    serde_json::to_value(result(own, false)).unwrap_or_default()
}

/// What came of a call. Before 2026-07-28 what is for programs must be an object.
pub(super) fn result(result: ToolResult, is_modern: bool) -> CallToolResult {
    let content = result.content.into_iter().map(block).collect();
    let mut translated =
        if result.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
    translated.structured_content = result.structured.filter(|value| is_modern || value.is_object());
    translated
}

/// One part of an answer.
pub(super) fn block(content: Content) -> ContentBlock {
    match content {
        Content::Text(text) => ContentBlock::text(text),
        Content::Image { data, media_type } => ContentBlock::image(STANDARD.encode(data), media_type),
        Content::Audio { data, media_type } => ContentBlock::audio(STANDARD.encode(data), media_type),
        Content::Resource(resource) => ContentBlock::resource(contents(resource)),
        Content::Link { uri, name, media_type } => {
            let mut link = Resource::new(uri, name);
            link.mime_type = media_type;
            ContentBlock::resource_link(link)
        }
    }
}

/// What a resource contains.
pub(super) fn contents(resource: ResourceContent) -> ResourceContents {
    let contents = match resource.body {
        ResourceBody::Text(text) => ResourceContents::text(text, resource.uri),
        ResourceBody::Blob(bytes) => ResourceContents::blob(STANDARD.encode(bytes), resource.uri),
    };
    match resource.media_type {
        Some(media_type) => contents.with_mime_type(media_type),
        None => contents,
    }
}
