//! What a plugin offers to clients: its tools, prompts and resources, as it described them when it was loaded, checked.
//! Must not know how they are called.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use tidemill_event::limits::AUDIENCE_NAME_BYTES_MAX;

use crate::bindings::{prompts, resources, tools};
use crate::limits::{
    DESCRIPTION_BYTES_MAX, PROMPT_ARGUMENTS_MAX, RESOURCES_LISTED_MAX, SCHEMA_BYTES_MAX, TEXT_BYTES_MAX,
    TOOL_NAME_BYTES_MAX, TOOLS_MAX, URI_BYTES_MAX,
};
use crate::{
    LoadError, PromptArgument, PromptInfo, ResourceAbout, ResourceInfo, TemplateInfo, ToolHints, ToolInfo, ToolSchema,
};

/// What a plugin offers to clients.
#[derive(Debug, Default)]
pub struct Offer {
    /// By name.
    pub tools: Vec<OfferedTool>,
    /// By name.
    pub prompts: Vec<Arc<PromptInfo>>,
    /// By address.
    pub resources: Vec<Arc<ResourceInfo>>,
    /// In the plugin's order.
    pub templates: Vec<Arc<TemplateInfo>>,
    /// Whether it suggests values.
    pub completes: bool,
}

/// A tool with what its calls are checked by.
#[derive(Debug)]
pub struct OfferedTool {
    /// What it is.
    pub info: Arc<ToolInfo>,
    pub(crate) input: ToolSchema,
    pub(crate) output: Option<ToolSchema>,
}

/// The lists of one component, as they came.
pub(crate) struct Declared {
    pub(crate) tools: Vec<tools::Tool>,
    pub(crate) prompts: Vec<prompts::Prompt>,
    pub(crate) resources: Vec<resources::Entry>,
    pub(crate) templates: Vec<resources::Template>,
}

type Checked<T> = Result<T, LoadError>;

impl Offer {
    pub(crate) fn of(declared: Declared, completes: bool) -> Checked<Self> {
        let Declared { tools, prompts, resources, templates } = declared;
        let mut tools = list("tools", tools, TOOLS_MAX, tool)?;
        tools.sort_by(|a, b| a.info.name.cmp(&b.info.name));
        once("tool", tools.iter().map(|tool| &tool.info.name))?;
        let mut prompts = list("prompts", prompts, TOOLS_MAX, prompt)?;
        prompts.sort_by(|a, b| a.name.cmp(&b.name));
        once("prompt", prompts.iter().map(|prompt| &prompt.name))?;
        let mut resources = list("resources", resources, RESOURCES_LISTED_MAX, resource)?;
        resources.sort_by(|a, b| a.uri.cmp(&b.uri));
        once("resource", resources.iter().map(|resource| &resource.uri))?;
        let templates = list("templates", templates, TOOLS_MAX, template)?;
        once("template", templates.iter().map(|template| &template.uri_template))?;
        Ok(Self { tools, prompts, resources, templates, completes })
    }

    /// The tool of this name.
    pub fn tool(&self, name: &str) -> Option<&OfferedTool> {
        let found = self.tools.binary_search_by(|tool| tool.info.name.as_str().cmp(name));
        found.ok().and_then(|at| self.tools.get(at))
    }

    /// The prompt of this name.
    pub fn prompt(&self, name: &str) -> Option<&Arc<PromptInfo>> {
        let found = self.prompts.binary_search_by(|prompt| prompt.name.as_str().cmp(name));
        found.ok().and_then(|at| self.prompts.get(at))
    }

    /// What is known of a resource, if there may be one at this address.
    pub fn resource(&self, uri: &str) -> Option<&ResourceAbout> {
        let listed = self.resources.iter().find(|resource| resource.uri == uri).map(|resource| &resource.about);
        listed.or_else(|| self.templates.iter().find(|template| template.matches(uri)).map(|template| &template.about))
    }

    /// Whether it offers nothing.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.prompts.is_empty() && self.resources.is_empty() && self.templates.is_empty()
    }
}

fn list<T, U>(what: &str, declared: Vec<T>, max: usize, check: impl Fn(T) -> Checked<U>) -> Checked<Vec<U>> {
    if declared.len() > max {
        let found = declared.len();
        return Err(LoadError::Manifest(format!("it has {found} {what}, at most {max} are possible")));
    }
    declared.into_iter().map(check).collect()
}

fn once<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Checked<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(LoadError::Manifest(format!("{what} `{name}` is declared twice")));
        }
    }
    Ok(())
}

fn tool(tool: tools::Tool) -> Checked<OfferedTool> {
    let wrong = wrong("tool", &tool.name);
    name(&tool.name).map_err(&wrong)?;
    text("title", tool.title.as_deref(), TEXT_BYTES_MAX).map_err(&wrong)?;
    text("description", Some(&tool.description), DESCRIPTION_BYTES_MAX).map_err(&wrong)?;
    text("permission", tool.permission.as_deref(), AUDIENCE_NAME_BYTES_MAX).map_err(&wrong)?;
    let (input_schema, input) = schema("input-schema", &tool.input_schema).map_err(&wrong)?;
    if input_schema.get("type").is_none_or(|of| of != "object") {
        return Err(wrong("`input-schema` has to say `\"type\": \"object\"`".into()));
    }
    let output = tool.output_schema.as_deref().map(|text| schema("output-schema", text)).transpose().map_err(&wrong)?;
    let (output_schema, output) = output.map_or((None, None), |(json, compiled)| (Some(json), Some(compiled)));
    let says = |hint: tools::Hints| tool.hints.contains(hint);
    let hints = ToolHints {
        read_only: says(tools::Hints::READ_ONLY),
        destructive: says(tools::Hints::DESTRUCTIVE),
        idempotent: says(tools::Hints::IDEMPOTENT),
        open_world: says(tools::Hints::OPEN_WORLD),
    };
    let tools::Tool { name, title, description, permission, .. } = tool;
    let info = ToolInfo { name, title, description, input_schema, output_schema, permission, hints };
    Ok(OfferedTool { info: Arc::new(info), input, output })
}

fn prompt(prompt: prompts::Prompt) -> Checked<Arc<PromptInfo>> {
    let wrong = wrong("prompt", &prompt.name);
    name(&prompt.name).map_err(&wrong)?;
    text("title", prompt.title.as_deref(), TEXT_BYTES_MAX).map_err(&wrong)?;
    text("description", prompt.description.as_deref(), DESCRIPTION_BYTES_MAX).map_err(&wrong)?;
    text("permission", prompt.permission.as_deref(), AUDIENCE_NAME_BYTES_MAX).map_err(&wrong)?;
    if prompt.arguments.len() > PROMPT_ARGUMENTS_MAX {
        let found = prompt.arguments.len();
        return Err(wrong(format!("it has {found} arguments, at most {PROMPT_ARGUMENTS_MAX} are possible")));
    }
    for argument in &prompt.arguments {
        text("argument", Some(&argument.name), TOOL_NAME_BYTES_MAX).map_err(&wrong)?;
        text("argument", argument.description.as_deref(), TEXT_BYTES_MAX).map_err(&wrong)?;
    }
    let prompts::Prompt { name, title, description, arguments, permission } = prompt;
    let argument = |prompts::Argument { name, description, required }| PromptArgument { name, description, required };
    let arguments = arguments.into_iter().map(argument).collect();
    Ok(Arc::new(PromptInfo { name, title, description, arguments, permission }))
}

fn resource(entry: resources::Entry) -> Checked<Arc<ResourceInfo>> {
    let wrong = wrong("resource", &entry.uri);
    uri(&entry.uri).map_err(&wrong)?;
    let about = about(entry.about).map_err(&wrong)?;
    Ok(Arc::new(ResourceInfo { uri: entry.uri, about }))
}

fn template(template: resources::Template) -> Checked<Arc<TemplateInfo>> {
    let wrong = wrong("template", &template.uri_template);
    uri(&template.uri_template).map_err(&wrong)?;
    TemplateInfo::check(&template.uri_template).map_err(&wrong)?;
    let about = about(template.about).map_err(&wrong)?;
    Ok(Arc::new(TemplateInfo { uri_template: template.uri_template, about }))
}

fn about(about: resources::About) -> Result<ResourceAbout, String> {
    text("name", Some(&about.name), TEXT_BYTES_MAX)?;
    text("title", about.title.as_deref(), TEXT_BYTES_MAX)?;
    text("description", about.description.as_deref(), DESCRIPTION_BYTES_MAX)?;
    text("media-type", about.media_type.as_deref(), TEXT_BYTES_MAX)?;
    text("permission", about.permission.as_deref(), AUDIENCE_NAME_BYTES_MAX)?;
    let resources::About { name, title, description, media_type, permission } = about;
    Ok(ResourceAbout { name, title, description, media_type, permission })
}

fn wrong(kind: &'static str, name: &str) -> impl Fn(String) -> LoadError + use<> {
    let name = crate::answer::cut(name, TOOL_NAME_BYTES_MAX);
    move |what| LoadError::Manifest(format!("{kind} `{name}`: {what}"))
}

fn name(name: &str) -> Result<(), String> {
    let possible = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    if (1..=TOOL_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(possible) {
        return Ok(());
    }
    Err(format!("a name has 1 to {TOOL_NAME_BYTES_MAX} letters, digits, `_`, `-`, `.` and `/`"))
}

fn text(field: &str, text: Option<&str>, max: usize) -> Result<(), String> {
    match text.map_or(0, str::len) {
        found if found > max => Err(format!("`{field}` has {found} bytes, at most {max} are possible")),
        _ => Ok(()),
    }
}

fn uri(uri: &str) -> Result<(), String> {
    text("uri", Some(uri), URI_BYTES_MAX)?;
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    let possible = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(possible) {
        return Err("it begins with no scheme, such as `files:`".into());
    }
    if uri.chars().any(|c| c.is_control() || c.is_whitespace()) { Err("it has spaces".into()) } else { Ok(()) }
}

fn schema(field: &str, text: &str) -> Result<(Map<String, Value>, ToolSchema), String> {
    if text.len() > SCHEMA_BYTES_MAX {
        let found = text.len();
        return Err(format!("`{field}` has {found} bytes, at most {SCHEMA_BYTES_MAX} are possible"));
    }
    let json: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("`{field}` is no JSON object: {error}"))?;
    let compiled = ToolSchema::compile(&json).map_err(|error| format!("`{field}` is no JSON Schema: {error}"))?;
    Ok((json, compiled))
}
