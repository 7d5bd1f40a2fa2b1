//! Tools that ask for nothing.
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tidemill_sdk::call::{self, Listing};
use tidemill_sdk::content::{Part, ResourceContent};
use tidemill_sdk::log;
use tidemill_sdk::tools::{Answer, Call, Failure, Tool};

use crate::{PIXEL, SILENCE};

/// As the suite compares it, keyword by keyword.
const SCHEMA_2020_12: &str = r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"}}}},"properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},"contactMethod":{"type":"string","enum":["phone","email"]},"phone":{"type":"string"},"email":{"type":"string"}},"allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],"if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},"then":{"required":["phone"]},"else":{"required":["email"]},"additionalProperties":false}"##;

const HEADER_SCHEMA: &str = r#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"query":{"type":"string"}},"required":["region"]}"#;

pub(crate) fn tools() -> Vec<Tool> {
    let plain = [
        ("test_simple_text", "Answers a text"),
        ("test_image_content", "Answers a picture"),
        ("test_audio_content", "Answers sound"),
        ("test_embedded_resource", "Answers a resource"),
        ("test_multiple_content_types", "Answers several things"),
        ("test_tool_with_logging", "Logs three lines"),
        ("test_logging_tool", "Logs three lines"),
        ("test_tool_with_progress", "Says three times how far it is"),
        ("test_error_handling", "Answers an error"),
        ("test_reconnection", "Takes a moment"),
        ("test_trigger_tool_change", "Says that the list of tools changed"),
        ("test_trigger_prompt_change", "Says that the list of prompts changed"),
        ("test_trigger_resource_change", "Says that the watched resource changed"),
    ];
    let mut tools: Vec<Tool> = plain.into_iter().map(|(name, description)| Tool::new(name, description)).collect();
    tools.push(
        Tool::new("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features").input_schema(SCHEMA_2020_12),
    );
    tools.push(Tool::new("test_header_parameter", "Has a parameter that is a header too").input_schema(HEADER_SCHEMA));
    let name = r#"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}"#;
    tools.push(Tool::new("greet", "Greets").input_schema(name));
    tools
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Regional {
    region: String,
}

pub(crate) fn call(invoked: &Call) -> Result<Answer, Failure> {
    let pause = || call::sleep(Duration::from_millis(50));
    Ok(match invoked.name.as_str() {
        "test_simple_text" => Answer::text("This is a simple text response for testing."),
        "test_image_content" => Answer::parts([Part::image(PIXEL, "image/png")]),
        "test_audio_content" => Answer::parts([Part::audio(SILENCE, "audio/wav")]),
        "test_embedded_resource" => {
            let (uri, text) = ("test://embedded-resource", "This is an embedded resource content.");
            Answer::parts([Part::Embedded(ResourceContent::text(uri, "text/plain", text))])
        }
        "test_multiple_content_types" => {
            let data = json!({"test": "data", "value": 123}).to_string();
            let resource = ResourceContent::text("test://mixed-content-resource", "application/json", data);
            Answer::parts([
                "Multiple content types test:".into(),
                Part::image(PIXEL, "image/png"),
                Part::Embedded(resource),
            ])
        }
        "test_tool_with_logging" | "test_logging_tool" => {
            log::info!("Tool execution started");
            pause()?;
            log::info!("Tool processing data");
            pause()?;
            log::info!("Tool execution completed");
            Answer::text("Tool with logging executed successfully")
        }
        "test_tool_with_progress" => {
            call::progress(0.0, Some(100.0), None);
            pause()?;
            call::progress(50.0, Some(100.0), None);
            pause()?;
            call::progress(100.0, Some(100.0), None);
            Answer::text("Tool with progress executed successfully")
        }
        "test_error_handling" => Answer::error("This tool intentionally returns an error for testing"),
        "test_reconnection" => {
            call::sleep(Duration::from_millis(100))?;
            Answer::text("Reconnection test completed successfully")
        }
        "test_trigger_tool_change" => {
            call::changed(Listing::Tools);
            Answer::text("The list of tools changed")
        }
        "test_trigger_prompt_change" => {
            call::changed(Listing::Prompts);
            Answer::text("The list of prompts changed")
        }
        "test_trigger_resource_change" => {
            call::updated("test://watched-resource");
            Answer::text("The watched resource changed")
        }
        "json_schema_2020_12_tool" => Answer::text("JSON Schema 2020-12 tool called"),
        "test_header_parameter" => {
            let Regional { region } = invoked.arguments()?;
            Answer::text(format!("Region: {region}"))
        }
        "greet" => {
            let Named { name } = invoked.arguments()?;
            Answer::text(format!("Hello, {name}!"))
        }
        _ => return Err(Failure::UnknownTool),
    })
}
