//! Events as resources: topics with their newest events or those after a cursor, and figures. The cursor is the replay: the
//! protocol's own streams have none.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rmcp::model::{ErrorData, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};
use tidemill_event::{Position, TypePattern};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::Principal;
use crate::http;
use crate::limits::PAGE_EVENTS;
use crate::mcp::limits::URI_BYTES_MAX;
use crate::mcp::translate;
use crate::tools::CallError;
use crate::tools::reading::{self, Page};

const STATS: &str = "events://stats";
const TOPIC: &str = "events://topic/";
const SINCE: &str = "/since/";
const JSON: &str = "application/json";

/// A resource of the server itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Own {
    /// Events of types that match a pattern: the newest, or those after a position.
    Topic(TypePattern, Option<Position>),
    /// Figures.
    Stats,
}

impl Own {
    /// The one with this address. None: it is not one of ours; an error: it is, and wrong.
    pub(super) fn parse(uri: &str) -> Option<Result<Self, String>> {
        if uri == STATS {
            return Some(Ok(Self::Stats));
        }
        let topic = uri.strip_prefix(TOPIC)?;
        let (topic, since) = topic.rsplit_once(SINCE).map_or((topic, None), |(topic, since)| (topic, Some(since)));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let parse = || {
            let topic = decoded(topic).map_err(|error| error.to_string())?;
            let pattern = topic.parse::<TypePattern>().map_err(|error| error.to_string())?;
            let since = since.map(decoded).transpose().map_err(|error| error.to_string())?;
            let since = since.map(|text| text.parse::<Position>().map_err(|error| error.to_string())).transpose()?;
            Ok(Self::Topic(pattern, since))
        };
        Some(parse())
    }
}

/// What there is: figures, and the types that plugins own.
pub(super) fn list(app: &App, who: &Principal) -> Vec<Resource> {
    let described =
        |uri: String, name: String, text: String| Resource::new(uri, name).with_description(text).with_mime_type(JSON);
    let figures = "How many events there are, who listens, and how much there is per second.".to_owned();
    let everything = "The newest events of all types.".to_owned();
    let mut list =
        vec![described(STATS.into(), "stats".into(), figures), described(format!("{TOPIC}*"), "*".into(), everything)];
    let generation = app.plugins.current();
    let mut types: Vec<(String, String)> =
        generation.event_types().map(|(_, info)| (info.name.clone(), info.summary.clone())).collect();
    types.sort();
    for (name, summary) in types {
        let may = name.parse().is_ok_and(|pattern| who.reader().narrow(vec![pattern]).is_ok());
        if may {
            list.push(described(format!("{TOPIC}{name}"), name, summary));
        }
    }
    let own = app.tools.resources(who);
    list.extend(own.iter().map(|resource| {
        let mut listed = Resource::new(resource.uri.clone(), resource.about.name.clone());
        listed.title.clone_from(&resource.about.title);
        listed.description.clone_from(&resource.about.description);
        listed.mime_type.clone_from(&resource.about.media_type);
        listed
    }));
    list
}

/// Addresses that can be made.
pub(super) fn templates(app: &App, who: &Principal) -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, text: &str| {
        ResourceTemplate::new(uri, name).with_description(text).with_mime_type(JSON)
    };
    let mut templates = vec![
        template(
            "events://topic/{pattern}",
            "topic",
            "The newest events of a type, or of the types that a pattern such as order.* matches, with a cursor (`next`).",
        ),
        template(
            "events://topic/{pattern}/since/{cursor}",
            "topic-since",
            "The events after a cursor, oldest first, with the next cursor.",
        ),
    ];
    templates.extend(app.tools.templates(who).iter().map(|own| {
        let mut listed = ResourceTemplate::new(own.uri_template.clone(), own.about.name.clone());
        listed.title.clone_from(&own.about.title);
        listed.description.clone_from(&own.about.description);
        listed.mime_type.clone_from(&own.about.media_type);
        listed
    }));
    templates
}

/// Reads one.
pub(super) async fn read(
    app: &Arc<App>,
    who: &Principal,
    uri: &str,
    cancel: &CancellationToken,
) -> Result<ReadResourceResult, ErrorData> {
    let named: String = uri.chars().take(URI_BYTES_MAX).collect();
    let missing = |detail: String| ErrorData::resource_not_found(detail, Some(json!({"uri": named})));
    let value: Value = match Own::parse(uri) {
        None => {
            let read = app.tools.read(who, uri, cancel.child_token()).await;
            let contents = read.map_err(|error| match error {
                CallError::Unknown(_) => {
                    missing("there is no such resource; `resources/list` has those that there are".into())
                }
                CallError::Invalid(mistake) => ErrorData::invalid_params(mistake, None),
                other => ErrorData::internal_error(other.to_string(), None),
            })?;
            return Ok(ReadResourceResult::new(contents.into_iter().map(translate::contents).collect()));
        }
        Some(Err(mistake)) => return Err(missing(format!("there is no such resource: {mistake}"))),
        Some(Ok(Own::Stats)) => http::stats_json(app),
        Some(Ok(Own::Topic(pattern, after))) => {
            let page = Page { types: vec![pattern], after, limit: PAGE_EVENTS };
            reading::page(app, who, page).await.map_err(missing)?
        }
    };
    Ok(ReadResourceResult::new(vec![ResourceContents::text(value.to_string(), uri).with_mime_type(JSON)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_pattern_and_perhaps_a_cursor() {
        let topic =
            |text: &str, since: Option<&str>| Own::Topic(text.parse().unwrap(), since.map(|at| at.parse().unwrap()));
        assert_eq!(Own::parse("events://topic/order.*"), Some(Ok(topic("order.*", None))));
        assert_eq!(Own::parse("events://topic/order.%2A/since/7.12"), Some(Ok(topic("order.*", Some("7.12")))));
        assert_eq!(Own::parse("events://stats"), Some(Ok(Own::Stats)));
        assert_eq!(Own::parse("test://static-text"), None);
        assert!(Own::parse("events://topic/").unwrap().is_err());
        assert!(Own::parse("events://topic/a/since/soon").unwrap().is_err());
    }
}
