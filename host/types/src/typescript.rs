//! TypeScript: a type for the data of each event type, and an `EventSource` whose listeners know them.

use std::fmt::Write;

use serde_json::Value;

use crate::EventType;
use crate::definitions::{Definition, What, define};
use crate::naming::comment;
use crate::shape::Shape;

/// What the rest of the file, and every page, uses.
const RESERVED: [&str; 14] = [
    "EventData",
    "EventType",
    "CloudEvent",
    "Events",
    "EventsOptions",
    "EventSource",
    "MessageEvent",
    "Event",
    "URL",
    "Record",
    "Array",
    "Object",
    "JSON",
    "Map",
];

/// One file, for browsers and for what has an `EventSource` like theirs.
#[must_use]
pub fn typescript(types: &[EventType]) -> String {
    let (definitions, own, _) = define(types, &RESERVED);
    let mut text =
        String::from("// Made by `tidemill types --lang ts`: make it again when event types change, do not edit it.\n");
    for definition in &definitions {
        write_definition(&mut text, definition);
    }
    text.push_str("\n/** The data of each event type. */\nexport interface EventData {\n");
    for (event_type, name) in &own {
        line(&mut text, &format!("  /** {} */\n  {}: {name};", comment(&event_type.about()), quoted(&event_type.name)));
    }
    text.push_str("}\n");
    text.push_str(CLIENT);
    text
}

fn write_definition(text: &mut String, definition: &Definition) {
    let Definition { name, about, what } = definition;
    text.push('\n');
    if !about.is_empty() {
        line(text, &format!("/** {about} */"));
    }
    match what {
        What::Is(shape) => line(text, &format!("export type {name} = {};", shown(shape))),
        What::Object(members) => {
            line(text, &format!("export interface {name} {{"));
            for member in members {
                if !member.about.is_empty() {
                    line(text, &format!("  /** {} */", member.about));
                }
                let mark = if member.needed { "" } else { "?" };
                line(text, &format!("  {}{mark}: {};", quoted(&member.name), shown(&member.shape)));
            }
            line(text, "}");
        }
    }
}

fn shown(shape: &Shape) -> String {
    let list = |shapes: &[Shape], between: &str| shapes.iter().map(shown).collect::<Vec<_>>().join(between);
    match shape {
        Shape::Anything => "unknown".into(),
        Shape::Nothing => "never".into(),
        Shape::Null => "null".into(),
        Shape::Boolean => "boolean".into(),
        Shape::Integer | Shape::Number => "number".into(),
        Shape::Text => "string".into(),
        Shape::Exactly(value) => value.to_string(),
        Shape::List(item) => format!("Array<{}>", shown(item)),
        Shape::Tuple(first, None) => format!("[{}]", list(first, ", ")),
        Shape::Tuple(first, Some(rest)) => {
            let comma = if first.is_empty() { "" } else { ", " };
            format!("[{}{comma}...Array<{}>]", list(first, ", "), shown(rest))
        }
        Shape::Table(value) => format!("Record<string, {}>", shown(value)),
        Shape::OneOf(shapes) => list(shapes, " | "),
        Shape::Named(name) => name.clone(),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

const CLIENT: &str = r#"
/** The event types that are known here. */
export type EventType = keyof EventData;

/** An event with its attributes (CloudEvents 1.0), as `envelope=cloudevents` sends it. */
export type CloudEvent<T extends EventType = EventType> = {
  [K in T]: {
    specversion: "1.0";
    id: string;
    source: string;
    type: K;
    subject?: string;
    time?: string;
    datacontenttype?: string;
    data: EventData[K];
  };
}[T];

/** How to subscribe. */
export interface EventsOptions<T extends EventType> {
  /** Only these types; the server sends no others. */
  types?: readonly T[];
  /** Where to begin: "earliest", "latest" (without it), a position, or a time (RFC 3339). */
  since?: string;
  /** Send cookies to another site. */
  withCredentials?: boolean;
}

/** A subscription by Server-Sent Events whose listeners know their data. It reconnects, and misses nothing, as EventSource does. */
export class Events<T extends EventType = EventType> {
  /** What it is made of, for `onopen`, `onerror` and `readyState`. */
  readonly source: EventSource;

  constructor(url: string | URL = "/events", options: EventsOptions<T> = {}) {
    const at = new URL(url, globalThis.location?.href);
    if (options.types) at.searchParams.set("types", options.types.join(","));
    if (options.since) at.searchParams.set("since", options.since);
    this.source = new EventSource(at, { withCredentials: options.withCredentials ?? false });
  }

  /** Calls `listener` for each event of a type, until the function that this returns is called. */
  on<K extends T>(type: K, listener: (data: EventData[K], event: MessageEvent<string>) => void): () => void {
    const heard = (event: MessageEvent<string>) => listener(JSON.parse(event.data) as EventData[K], event);
    this.source.addEventListener(type, heard);
    return () => this.source.removeEventListener(type, heard);
  }

  /** Ends the subscription. */
  close(): void {
    this.source.close();
  }
}
"#;
