//! Owns texts with places for data: `{/customer/name} ordered {/total}`, each place a JSON Pointer (RFC 6901).
//!
//! Knows nothing about events and escapes nothing.
use serde_json::Value;

/// A text with places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(String),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Where, in bytes from the beginning.
    pub at: usize,
    /// What is wrong there.
    pub detail: &'static str,
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "at byte {}: {}", self.at, self.detail)
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Reads a template. `{{` and `}}` stand for the braces themselves.
    ///
    /// # Errors
    ///
    /// At a brace without its partner, and at a place that is no JSON Pointer.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(brace) = rest.find(['{', '}']) {
            let at = source.len() - rest.len() + brace;
            text.push_str(&rest[..brace]);
            rest = &rest[brace..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                text.push_str(&rest[..1]);
                rest = after;
            } else if let Some(place) = rest.strip_prefix('{') {
                let Some((pointer, after)) = place.split_once('}') else {
                    return Err(TemplateError { at, detail: "a `{` without `}`; write `{{` for the brace itself" });
                };
                if !(pointer.is_empty() || pointer.starts_with('/')) || pointer.contains('{') {
                    return Err(TemplateError { at, detail: "expected a JSON Pointer such as {/customer/name}" });
                }
                parts.extend((!text.is_empty()).then(|| Part::Text(std::mem::take(&mut text))));
                parts.push(Part::Place(pointer.to_owned()));
                rest = after;
            } else {
                return Err(TemplateError { at, detail: "a `}` without `{`; write `}}` for the brace itself" });
            }
        }
        text.push_str(rest);
        parts.extend((!text.is_empty()).then_some(Part::Text(text)));
        Ok(Self { parts })
    }

    /// The text for these data, on one line: texts as they are, other values as JSON, nothing where there is nothing.
    pub fn render(&self, data: &Value) -> String {
        self.fill(data, true).unwrap_or_default()
    }

    /// The same, but `None` if one of the places is missing or null.
    pub fn render_complete(&self, data: &Value) -> Option<String> {
        self.fill(data, false)
    }

    fn fill(&self, data: &Value, gaps: bool) -> Option<String> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Place(pointer) => match data.pointer(pointer) {
                    None | Some(Value::Null) if gaps => {}
                    None | Some(Value::Null) => return None,
                    // One line: an event's text cannot start another.
                    Some(Value::String(text)) => {
                        filled.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
                    }
                    Some(other) => filled.push_str(&other.to_string()),
                },
            }
        }
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_filled() {
        let template = Template::parse("{/customer/name} ordered {{{/total}}} of {/items/0}{/none}").expect("good");
        let data = json!({"customer": {"name": "Al\nice"}, "total": 1.5, "items": [["a"]]});
        assert_eq!(template.render(&data), "Al ice ordered {1.5} of [\"a\"]");
        assert_eq!(template.render_complete(&data), None);
    }

    #[test]
    fn mistakes_have_a_place() {
        let at = |source| Template::parse(source).expect_err("a mistake").at;
        assert_eq!(at("ab {/x"), 3);
        assert_eq!(at("ab } c"), 3);
        assert_eq!(at("{name}"), 0);
        assert_eq!(at("a {/x {/y}"), 2);
    }
}
