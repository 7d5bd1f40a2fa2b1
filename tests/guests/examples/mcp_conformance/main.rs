//! What the conformance suite of the Model Context Protocol asks of a server: tools, prompts, resources and completions with
//! the names and texts that it expects.
mod asking;
mod plain;

use serde_json::json;
use tidemill_sdk::content::{InputRequired, Part, ResourceContent};
use tidemill_sdk::prompts::{self, Prompt, Prompts, Request};
use tidemill_sdk::resources::{self, About, Completions, Entry, Question, Resources, Suggestions, Template};
use tidemill_sdk::tools::{Answer, Call, Failure, Tool, Tools};
use tidemill_sdk::{Manifest, NoConfig, Plugin, manifest};

tidemill_sdk::export!(Fixture: tools, prompts, resources, completions);

struct Fixture;

/// A red pixel.
pub(crate) const PIXEL: &[u8] = include_bytes!("pixel.png");
/// A millisecond of silence.
pub(crate) const SILENCE: &[u8] = include_bytes!("silence.wav");

impl Plugin for Fixture {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "mcp-conformance", summary: "What the conformance suite asks of a server" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Tools for Fixture {
    fn tools(&self) -> Vec<Tool> {
        plain::tools().into_iter().chain(asking::tools()).collect()
    }

    fn call(&mut self, invoked: &Call) -> Result<Answer, Failure> {
        plain::call(invoked).or_else(|failure| match failure {
            Failure::UnknownTool => asking::call(invoked),
            failure => Err(failure),
        })
    }
}

impl Prompts for Fixture {
    fn prompts(&self) -> Vec<Prompt> {
        vec![
            Prompt::new("test_simple_prompt", "A prompt without arguments"),
            Prompt::new("test_prompt_with_arguments", "A prompt with two arguments")
                .argument("arg1", "The first")
                .argument("arg2", "The second"),
            Prompt::new("test_prompt_with_embedded_resource", "A prompt with a resource in it")
                .argument("resourceUri", "The resource's address"),
            Prompt::new("test_prompt_with_image", "A prompt with a picture in it"),
            Prompt::new("test_input_required_result_prompt", "A prompt that asks for its context"),
        ]
    }

    fn get(&mut self, asked: &Request) -> Result<prompts::Answer, prompts::Failure> {
        let parts: Vec<Part> = match asked.name.as_str() {
            "test_simple_prompt" => vec!["This is a simple prompt for testing.".into()],
            "test_prompt_with_arguments" => {
                let (one, two) = (asked.argument("arg1"), asked.argument("arg2"));
                vec![format!("Prompt with arguments: arg1='{one}', arg2='{two}'").into()]
            }
            "test_prompt_with_embedded_resource" => {
                let (uri, text) = (asked.argument("resourceUri"), "Embedded resource content for testing.");
                let embedded = Part::Embedded(ResourceContent::text(uri, "text/plain", text));
                vec![embedded, "Please process the embedded resource above.".into()]
            }
            "test_prompt_with_image" => {
                vec![Part::image(PIXEL, "image/png"), "Please analyze the image above.".into()]
            }
            "test_input_required_result_prompt" => {
                let context = asked.response("user_context").and_then(|answer| asking::accepted(&answer, "context"));
                match context {
                    Some(context) => vec![format!("Use this context: {context}").into()],
                    None => return Ok(prompts::Answer::ask(context_wanted())),
                }
            }
            _ => return Err(prompts::Failure::UnknownPrompt),
        };
        Ok(prompts::Answer::user(parts))
    }
}

fn context_wanted() -> InputRequired {
    let schema = json!({"type": "object", "properties": {"context": {"type": "string"}}, "required": ["context"]});
    InputRequired::new().elicit("user_context", "What context should the prompt use?", &schema)
}

impl Resources for Fixture {
    fn resources(&self) -> Vec<Entry> {
        vec![
            Entry::new("test://static-text", About::new("Static text", "text/plain").description("A text")),
            Entry::new("test://static-binary", About::new("Static picture", "image/png").description("A picture")),
            Entry::new("test://watched-resource", About::new("Watched", "text/plain").description("To be followed")),
        ]
    }

    fn templates(&self) -> Vec<Template> {
        vec![Template::new(
            "test://template/{id}/data",
            About::new("Things by number", "application/json").description("What is known of a thing"),
        )]
    }

    fn read(&mut self, uri: &str, _: Option<&str>) -> Result<Vec<ResourceContent>, resources::Failure> {
        let text = |text: &str| ResourceContent::text(uri, "text/plain", text);
        Ok(vec![match uri {
            "test://static-text" => text("This is the content of the static text resource."),
            "test://static-binary" => ResourceContent::blob(uri, "image/png", PIXEL),
            "test://watched-resource" => text("Watched resource content"),
            _ => {
                let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
                let id = id.ok_or(resources::Failure::NotFound)?;
                let data = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                ResourceContent::text(uri, "application/json", data.to_string())
            }
        }])
    }
}

impl Completions for Fixture {
    fn complete(&mut self, asked: &Question) -> Result<Suggestions, String> {
        let all = ["paris", "park", "party"].map(str::to_owned);
        Ok(Suggestions::all(all.into_iter().filter(|value| value.starts_with(&asked.value))))
    }
}
