//! Owns what GitHub sends: the events and actions of `events.json`, and a schema for the type of each.
//!
//! The file says per event which members a delivery has and of which kind (facts taken from the examples that GitHub's
//! documentation shows); nothing else in the plugin names an event. Knows nothing about subjects or texts.
use std::{cell::OnceCell, collections::HashMap};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidemill_sdk::{
    EventType, Failure, Fault,
    schema::{Captures, Shape},
};

const PREFIX: &str = "github.";

/// Where the subject of an event is looked for; the first that is there counts.
const SUBJECTS: [&str; 3] = ["/repository/full_name", "/organization/login", "/sender/login"];

/// Every event that the plugin knows.
#[derive(Debug)]
pub(crate) struct Catalog {
    shared: Map<String, Value>,
    types: HashMap<String, Type>,
    families: Vec<(String, Family)>,
}

/// One event, such as `issues`, with all its actions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    summary: String,
    #[serde(default)]
    actions: Vec<String>,
    members: Map<String, Value>,
    /// Templates for one line of text; the first whose places are all there is taken.
    pub(crate) text: Vec<String>,
    /// JSON Pointer to the address that the text links to; may be empty.
    pub(crate) link: String,
    example: Map<String, Value>,
}

#[derive(Debug)]
struct Type {
    family: usize,
    action: Option<String>,
    /// Compiled when the first event comes: most installations see a few of the types, and an instance should start in
    /// no time.
    shape: OnceCell<Shape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    shared: Map<String, Value>,
    events: Map<String, Value>,
}

impl Catalog {
    pub(crate) fn load() -> Result<Self, serde_json::Error> {
        let file: File = serde_json::from_str(include_str!("events.json"))?;
        let mut catalog = Self { shared: file.shared, types: HashMap::new(), families: Vec::new() };
        for (event, family) in file.events {
            let family: Family = serde_json::from_value(family)?;
            let at = catalog.families.len();
            for action in family.actions.iter().map(|action| Some(action.clone())).chain([None]) {
                let name = match &action {
                    Some(action) => format!("{PREFIX}{event}.{action}"),
                    None => format!("{PREFIX}{event}"),
                };
                catalog.types.insert(name, Type { family: at, action, shape: OnceCell::new() });
            }
            catalog.families.push((event, family));
        }
        Ok(catalog)
    }

    /// Checks data by the schema of a type, and gives back the texts that may become the subject.
    pub(crate) fn check<'a>(&self, name: &str, data: &'a [u8]) -> Result<Captures<'a>, Failure> {
        let Some(declared) = self.types.get(name) else {
            return Err(Fault::broken(format!("asked to validate {name}, which this plugin does not own")).into());
        };
        let shape = match declared.shape.get() {
            Some(shape) => shape,
            None => {
                let Some(shape) = self.shape(declared) else {
                    return Err(Fault::broken(format!("events.json: the schema of {name} is not a simple one")).into());
                };
                declared.shape.get_or_init(|| shape)
            }
        };
        Ok(shape.check(data, SUBJECTS.len())?)
    }

    fn shape(&self, declared: &Type) -> Option<Shape> {
        let (event, family) = &self.families[declared.family];
        let mut schema = self.schema(event, family);
        if let Some(action) = &declared.action {
            schema["properties"]["action"] = json!({ "const": action });
        }
        let places = SUBJECTS.iter().enumerate();
        places.fold(Shape::of(&schema), |shape, (number, place)| shape?.capturing(place, number))
    }

    /// The event of this type, and its name at GitHub.
    pub(crate) fn family(&self, name: &str) -> Option<(&str, &Family)> {
        let (event, family) = &self.families[self.types.get(name)?.family];
        Some((event, family))
    }

    /// All types, sorted by event and action.
    pub(crate) fn types(&self) -> Vec<EventType> {
        self.families.iter().flat_map(|(event, family)| self.declare(event, family)).collect()
    }

    /// The types of one event: its schema and example are made once, and only the action changes.
    fn declare(&self, event: &str, family: &Family) -> Vec<EventType> {
        let mut schema = self.schema(event, family);
        let mut example = family.example.clone();
        let mut types = Vec::with_capacity(family.actions.len() + 1);
        for action in [None].into_iter().chain(family.actions.iter().map(Some)) {
            if let Some(action) = action {
                schema["properties"]["action"] = json!({ "const": action });
                example.insert("action".into(), action.as_str().into());
            }
            types.push(EventType {
                name: name(event, action),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                summary: match action {
                    Some(action) => format!("{}: {}", family.summary, action.replace('_', " ")),
                    None => family.summary.clone(),
                },
                schema_json: schema.to_string(),
                examples: vec![serde_json::to_string(&example).unwrap_or_default()],
            });
        }
        types
    }

    fn schema(&self, event: &str, family: &Family) -> Value {
        let mut schema = self.object(&family.members);
        schema["title"] = format!("GitHub webhook event {event}").into();
        schema
    }

    /// A schema from the file's short form: `"integer"`, `"string|null"`, `"text"` (a string that is not empty),
    /// `"@user"` (what `shared` says), `{…}` (an object; a name with `?` may be missing), `[…]` (a list of such).
    fn expand(&self, form: &Value) -> Value {
        match form {
            Value::String(kind) => match kind.strip_prefix('@') {
                Some(shared) => self.expand(&self.shared[shared]),
                None if kind == "text" => json!({ "type": "string", "minLength": 1 }),
                None if kind.contains('|') => json!({ "type": kind.split('|').collect::<Vec<_>>() }),
                None => json!({ "type": kind }),
            },
            Value::Array(items) => json!({ "type": "array", "items": self.expand(&items[0]) }),
            Value::Object(members) => self.object(members),
            _ => json!(true),
        }
    }

    fn object(&self, members: &Map<String, Value>) -> Value {
        let mut required = Vec::new();
        let mut properties = Map::new();
        for (name, form) in members {
            let optional = name.strip_suffix('?');
            if optional.is_none() {
                required.push(name.as_str());
            }
            properties.insert(optional.unwrap_or(name).to_owned(), self.expand(form));
        }
        json!({ "type": "object", "required": required, "properties": properties })
    }
}

fn name(event: &str, action: Option<&String>) -> String {
    match action {
        Some(action) => format!("{PREFIX}{event}.{action}"),
        None => format!("{PREFIX}{event}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_schema_that_accepts_its_example() {
        let catalog = Catalog::load().expect("the file is good");
        let types = catalog.types();
        assert_eq!(types.len(), 251, "58 events and their actions");
        for declared in types {
            let schema: Value = serde_json::from_str(&declared.schema_json).expect("JSON");
            let example: Value = serde_json::from_str(&declared.examples[0]).expect("JSON");
            let validator = jsonschema::draft202012::new(&schema).expect("a schema");
            assert!(validator.is_valid(&example), "{}: {:?}", declared.name, validator.validate(&example));
            let checked = catalog.check(&declared.name, declared.examples[0].as_bytes());
            assert!(checked.is_ok(), "{}: {checked:?}", declared.name);
            assert!(declared.schema_json.len() < 256 * 1024);
        }
    }

    #[test]
    fn an_unknown_type_is_a_fault() {
        let catalog = Catalog::load().expect("the file is good");
        assert!(matches!(catalog.check("github.teapot", b"{}"), Err(Failure::Fault(_))));
    }
}
