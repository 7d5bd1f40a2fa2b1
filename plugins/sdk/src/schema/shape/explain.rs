//! Owns the careful answer: every mistake in a value, with its place, in words for the publisher.
//!
//! Slower than the pass over bytes, and only asked when that one is not sure.
use std::borrow::Cow;

use serde_json::Value;

use super::Shape;
use crate::{
    Problem,
    json::push_token,
    schema::{MAX_PROBLEMS, cut},
};

impl Shape {
    /// All mistakes, at most [`MAX_PROBLEMS`]; fills in the captures.
    pub(super) fn explain<'a>(&self, value: &Value, captures: &mut [Option<Cow<'a, str>>]) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.walk(value, &mut String::new(), captures, &mut problems);
        problems
    }

    fn walk<'a>(
        &self,
        value: &Value,
        at: &mut String,
        captures: &mut [Option<Cow<'a, str>>],
        problems: &mut Vec<Problem>,
    ) {
        let mut tell = |at: &str, detail: String| {
            if problems.len() < MAX_PROBLEMS {
                problems.push(Problem::new(at, cut(detail)));
            }
        };
        if let Some(kinds) = self.kinds.filter(|kinds| !kinds.admit(value)) {
            tell(at, format!("expected {}, found {}", kinds.names(), described(value)));
        }
        if let Some(texts) = &self.texts
            && !value.as_str().is_some_and(|text| texts.iter().any(|one| **one == *text))
        {
            let expected: Vec<_> = texts.iter().map(|text| format!("{text:?}")).collect();
            tell(at, format!("expected {}, found {}", expected.join(" or "), described(value)));
        }
        match value {
            Value::String(text) => {
                if !self.long_enough(text) {
                    tell(at, format!("expected at least {} characters", self.min_length));
                }
                if let Some(length) = self.max_length.filter(|_| !self.short_enough(text)) {
                    tell(at, format!("expected at most {length} characters"));
                }
                if let Some(slot) = self.capture.and_then(|number| captures.get_mut(number)) {
                    *slot = Some(Cow::Owned(text.clone()));
                }
            }
            Value::Object(members) => {
                for (number, member) in self.members.iter().enumerate() {
                    if self.required & 1 << number != 0 && !members.contains_key(&*member.name) {
                        tell(at, format!("expected a member {:?}", member.name));
                    }
                }
                for (name, value) in members {
                    let length = at.len();
                    push_token(at, name);
                    match self.find(name.as_bytes()) {
                        Ok(number) => self.members[number].shape.walk(value, at, captures, problems),
                        Err(_) if self.closed && problems.len() < MAX_PROBLEMS => {
                            problems.push(Problem::new(&**at, "there is no such member"));
                        }
                        Err(_) => {}
                    }
                    at.truncate(length);
                }
            }
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    if let Some(shape) = &self.items {
                        let length = at.len();
                        push_token(at, &number.to_string());
                        shape.walk(item, at, captures, problems);
                        at.truncate(length);
                    }
                }
            }
            _ => {}
        }
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "an array".into(),
        plain => plain.to_string(),
    }
}
