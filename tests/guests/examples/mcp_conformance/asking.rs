//! Tools that ask the client's side for something, once or in several rounds.
use serde::Deserialize;
use serde_json::{Value, json};
use tidemill_sdk::content::InputRequired;
use tidemill_sdk::tools::{Answer, Call, Failure, Tool};

/// What the suite asks for in its tests of states that come back.
const STATE: &str = "state-of-this-call";

pub(crate) fn tools() -> Vec<Tool> {
    let plain = [
        ("test_elicitation_sep1034_defaults", "Asks a person, with defaults"),
        ("test_elicitation_sep1330_enums", "Asks a person to choose"),
        ("test_missing_capability", "Asks a model, whatever the client can"),
        ("test_streaming_elicitation", "Asks a person"),
        ("test_input_required_result_elicitation", "Asks a person"),
        ("test_input_required_result_sampling", "Asks a model"),
        ("test_input_required_result_list_roots", "Asks for roots"),
        ("test_input_required_result_request_state", "Asks, and wants a state back"),
        ("test_input_required_result_multiple_inputs", "Asks for three things"),
        ("test_input_required_result_multi_round", "Asks twice"),
        ("test_input_required_result_tampered_state", "Asks, and wants a state back that nobody changed"),
        ("test_input_required_result_capabilities", "Asks for what the client can be asked for"),
    ];
    let mut tools: Vec<Tool> = plain.into_iter().map(|(name, description)| Tool::new(name, description)).collect();
    let text = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}, "required": [name]});
    tools.push(Tool::new("test_sampling", "Asks a model").input_schema(text("prompt").to_string()));
    tools.push(Tool::new("test_elicitation", "Asks a person").input_schema(text("message").to_string()));
    tools
}

#[derive(Deserialize)]
struct Prompted {
    prompt: String,
}

#[derive(Deserialize)]
struct Asked {
    message: String,
}

pub(crate) fn call(invoked: &Call) -> Result<Answer, Failure> {
    let new = InputRequired::new;
    Ok(match invoked.name.as_str() {
        "test_sampling" => {
            let Prompted { prompt } = invoked.arguments()?;
            match invoked.response("sampling") {
                Some(answer) => Answer::text(format!("LLM response: {}", said(&answer))),
                None => Answer::ask(new().sample("sampling", &to_model(&prompt, 100))),
            }
        }
        "test_elicitation" => {
            let Asked { message } = invoked.arguments()?;
            let field = |what: &str| json!({"type": "string", "description": what});
            let fields = json!({"username": field("User's response"), "email": field("User's email address")});
            let schema = json!({"type": "object", "properties": fields, "required": ["username", "email"]});
            elicit(invoked, &message, &schema, "User response:")
        }
        "test_elicitation_sep1034_defaults" => {
            elicit(invoked, "Please review the defaults", &defaults(), "Elicitation completed:")
        }
        "test_elicitation_sep1330_enums" => elicit(invoked, "Please choose", &choices(), "Elicitation completed:"),
        "test_missing_capability" => match invoked.response("sampling") {
            Some(answer) => Answer::text(said(&answer)),
            None => Answer::ask(new().sample("sampling", &to_model("Are you there?", 10))),
        },
        "test_streaming_elicitation" | "test_input_required_result_elicitation" => {
            match invoked.response("user_name").and_then(|answer| accepted(&answer, "name")) {
                Some(name) => Answer::text(format!("Hello, {name}!")),
                None => Answer::ask(new().elicit("user_name", "What is your name?", &one("name", "string"))),
            }
        }
        "test_input_required_result_sampling" => match invoked.response("capital_question") {
            Some(answer) => Answer::text(said(&answer)),
            None => {
                let question = to_model("What is the capital of France?", 100);
                Answer::ask(new().sample("capital_question", &question))
            }
        },
        "test_input_required_result_list_roots" => match invoked.response("client_roots") {
            Some(answer) => Answer::text(format!("Roots: {}", answer["roots"])),
            None => Answer::ask(new().roots("client_roots")),
        },
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            match (invoked.response("confirm"), invoked.state.as_deref()) {
                (Some(_), Some(STATE)) => Answer::text("state-ok"),
                (Some(_), _) => return Err(Failure::Failed("this is not the state that was given".into())),
                (None, _) => {
                    let confirm = new().elicit("confirm", "Please confirm", &one("ok", "boolean"));
                    Answer::ask(confirm.state(STATE))
                }
            }
        }
        "test_input_required_result_multiple_inputs" => several(invoked),
        "test_input_required_result_multi_round" => rounds(invoked),
        "test_input_required_result_capabilities" => by_capabilities(invoked),
        _ => return Err(Failure::UnknownTool),
    })
}

/// What a person filled in under this name, if they did.
pub(crate) fn accepted(answer: &Value, field: &str) -> Option<String> {
    (answer["action"] == "accept").then(|| answer["content"][field].as_str().map(str::to_owned)).flatten()
}

/// What a model said: one part, or the first of several.
fn said(answer: &Value) -> String {
    let content = &answer["content"];
    let text = content["text"].as_str().or_else(|| content[0]["text"].as_str());
    text.unwrap_or("nothing").to_owned()
}

fn to_model(text: &str, tokens: u32) -> Value {
    json!({"messages": [{"role": "user", "content": {"type": "text", "text": text}}], "maxTokens": tokens})
}

fn one(field: &str, kind: &str) -> Value {
    json!({"type": "object", "properties": {field: {"type": kind}}, "required": [field]})
}

fn elicit(invoked: &Call, message: &str, schema: &Value, told: &str) -> Answer {
    match invoked.response("answer") {
        Some(answer) => {
            let action = answer["action"].as_str().unwrap_or("cancel");
            Answer::text(format!("{told} action={action}, content={}", answer["content"]))
        }
        None => Answer::ask(InputRequired::new().elicit("answer", message, schema)),
    }
}

fn several(invoked: &Call) -> Answer {
    let answers = ["user_name", "greeting", "client_roots"].map(|name| invoked.response(name));
    match (&answers, invoked.state.as_deref()) {
        ([Some(name), Some(greeting), Some(roots)], Some(STATE)) => {
            let name = accepted(name, "name").unwrap_or_default();
            Answer::text(format!("{} {name}, with {}", said(greeting), roots["roots"]))
        }
        _ => Answer::ask(
            InputRequired::new()
                .elicit("user_name", "What is your name?", &one("name", "string"))
                .sample("greeting", &to_model("Generate a greeting", 50))
                .roots("client_roots")
                .state(STATE),
        ),
    }
}

fn rounds(invoked: &Call) -> Answer {
    let name = invoked.response("step1").and_then(|answer| accepted(&answer, "name"));
    let colour = invoked.response("step2").and_then(|answer| accepted(&answer, "color"));
    match (invoked.state.as_deref(), name, colour) {
        (Some(state), _, Some(colour)) if state.starts_with("name:") => {
            Answer::text(format!("{} likes {colour}", &state["name:".len()..]))
        }
        (Some("begun"), Some(name), _) => {
            let schema = one("color", "string");
            let question = InputRequired::new().elicit("step2", "Step 2: What is your favorite color?", &schema);
            Answer::ask(question.state(format!("name:{name}")))
        }
        _ => {
            let question = InputRequired::new().elicit("step1", "Step 1: What is your name?", &one("name", "string"));
            Answer::ask(question.state("begun"))
        }
    }
}

fn by_capabilities(invoked: &Call) -> Answer {
    let mut wanted = InputRequired::new();
    if invoked.accepts("elicitation/create") && invoked.response("user_name").is_none() {
        wanted = wanted.elicit("user_name", "What is your name?", &one("name", "string"));
    }
    if invoked.accepts("sampling/createMessage") && invoked.response("greeting").is_none() {
        wanted = wanted.sample("greeting", &to_model("Generate a greeting", 50));
    }
    if wanted.requests.is_empty() { Answer::text("There is nothing left to ask") } else { Answer::ask(wanted) }
}

fn defaults() -> Value {
    json!({"type": "object", "required": [], "properties": {
        "name": {"type": "string", "description": "User name", "default": "John Doe"},
        "age": {"type": "integer", "description": "User age", "default": 30},
        "score": {"type": "number", "description": "User score", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "description": "Verification status", "default": true},
    }})
}

fn choices() -> Value {
    let titled = |titles: [&str; 3]| -> Vec<Value> {
        let each = titles.iter().enumerate();
        each.map(|(n, title)| json!({"const": format!("value{}", n + 1), "title": title})).collect()
    };
    let options = ["option1", "option2", "option3"];
    json!({"type": "object", "required": [], "properties": {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"])},
        "legacyEnum": {
            "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled(["First Choice", "Second Choice", "Third Choice"])}},
    }})
}
