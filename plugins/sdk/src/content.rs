//! What results, prompts and resources are made of, and what a call may ask of the client's side.

use serde_json::Value;
use serde_json::json;

pub use crate::bindings::imports::tidemill::plugin::content::{
    InputRequest, InputRequired, InputResponse, Media, Part, ResourceBody, ResourceContent, ResourceLink,
};

impl Part {
    /// A picture, such as `image/png`.
    pub fn image(data: impl Into<Vec<u8>>, media_type: impl Into<String>) -> Self {
        Self::Image(Media { data: data.into(), media_type: media_type.into() })
    }

    /// Sound, such as `audio/wav`.
    pub fn audio(data: impl Into<Vec<u8>>, media_type: impl Into<String>) -> Self {
        Self::Audio(Media { data: data.into(), media_type: media_type.into() })
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl ResourceContent {
    /// A text at an address.
    pub fn text(uri: impl Into<String>, media_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), media_type: Some(media_type.into()), body: ResourceBody::Text(text.into()) }
    }

    /// Bytes at an address.
    pub fn blob(uri: impl Into<String>, media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { uri: uri.into(), media_type: Some(media_type.into()), body: ResourceBody::Blob(bytes.into()) }
    }
}

impl InputRequired {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { requests: Vec::new(), state: None }
    }

    /// Asks a person: a message, and a JSON Schema of what they fill in.
    #[must_use]
    pub fn elicit(self, name: impl Into<String>, message: &str, schema: &Value) -> Self {
        self.request(name, "elicitation/create", &json!({"message": message, "requestedSchema": schema}))
    }

    /// Asks a model: the parameters of `sampling/createMessage`.
    #[must_use]
    pub fn sample(self, name: impl Into<String>, params: &Value) -> Self {
        self.request(name, "sampling/createMessage", params)
    }

    /// Asks for the roots that the client shows.
    #[must_use]
    pub fn roots(self, name: impl Into<String>) -> Self {
        self.request(name, "roots/list", &json!({}))
    }

    /// What is wanted back with the answers.
    #[must_use]
    pub fn state(self, state: impl Into<String>) -> Self {
        Self { state: Some(state.into()), ..self }
    }

    fn request(mut self, name: impl Into<String>, method: &str, params: &Value) -> Self {
        let request = InputRequest { name: name.into(), method: method.into(), params_json: params.to_string() };
        self.requests.push(request);
        self
    }
}

impl Default for InputRequired {
    fn default() -> Self {
        Self::new()
    }
}

/// The answer to a request of this name, if there is one.
pub(crate) fn response(responses: &[InputResponse], name: &str) -> Option<Value> {
    let found = responses.iter().find(|response| response.name == name)?;
    serde_json::from_str(&found.result_json).ok()
}
