//! Resources, as an author sees them: what clients may read by an address, and what values of arguments may be meant.

use crate::Plugin;
use crate::content::ResourceContent;

pub use crate::bindings::completions::exports::tidemill::plugin::completions::{Question, Subject, Suggestions};
pub use crate::bindings::resources::exports::tidemill::plugin::resources::{About, Entry, Failure, Template};

/// Has resources.
pub trait Resources: Plugin {
    /// Those that are listed, once, when the plugin is loaded.
    fn resources(&self) -> Vec<Entry>;

    /// Templates of those that are too many to list.
    fn templates(&self) -> Vec<Template> {
        Vec::new()
    }

    /// The content of one that is listed, or that a template stands for.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn read(&mut self, uri: &str, caller: Option<&str>) -> Result<Vec<ResourceContent>, Failure>;
}

/// Suggests values for arguments of prompts and variables of templates.
pub trait Completions: Plugin {
    /// What may be meant.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    fn complete(&mut self, asked: &Question) -> Result<Suggestions, String>;
}

impl About {
    /// A name and a media type.
    pub fn new(name: impl Into<String>, media_type: impl Into<String>) -> Self {
        let (name, media_type) = (name.into(), Some(media_type.into()));
        Self { name, title: None, description: None, media_type, permission: None }
    }

    /// What it contains.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }
}

impl Entry {
    /// A resource at an address.
    pub fn new(uri: impl Into<String>, about: About) -> Self {
        Self { uri: uri.into(), about }
    }
}

impl Template {
    /// All resources of a URI template.
    pub fn new(uri_template: impl Into<String>, about: About) -> Self {
        Self { uri_template: uri_template.into(), about }
    }
}

impl Question {
    /// What somebody began to write, for tests.
    pub fn new(subject: Subject, argument: impl Into<String>, value: impl Into<String>) -> Self {
        Self { subject, argument: argument.into(), value: value.into(), others: Vec::new() }
    }
}

impl Suggestions {
    /// All that there are.
    pub fn all(values: impl IntoIterator<Item = String>) -> Self {
        Self { values: values.into_iter().collect(), total: None, more: false }
    }
}
