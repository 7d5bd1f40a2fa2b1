//! The event: checked when it is made, trusted and never changed afterwards.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::attributes::{Packed, Part};
use crate::{Attributes, Audience, JsonError, JsonText, Problem, Timestamp, is_json_media_type, limits};

/// A CloudEvents 1.0 event. Whoever holds one knows that every attribute and the data are within their limits and that
/// JSON data is valid, compact JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    attributes: Packed,
    time: Timestamp,
    data: Bytes,
    /// None: everybody. Beside the attributes, so that nothing that shows or changes those finds it.
    audience: Option<Arc<Audience>>,
}

/// The data of a new event.
#[derive(Debug, Clone)]
pub enum Data {
    /// No data.
    Empty,
    /// JSON that was checked already.
    Json(JsonText),
    /// Bytes to be checked: they must be JSON if the content type says so or is absent.
    Bytes(Bytes),
}

impl Event {
    /// Makes an event, or says everything that is wrong with it.
    pub fn new(attributes: &Attributes<'_>, time: Timestamp, data: Data) -> Result<Self, Vec<Problem>> {
        let packed = Packed::new(attributes);
        let data = check_data(data, attributes.content_type);
        match (packed, data) {
            (Ok(attributes), Ok(data)) => Ok(Self { attributes, time, data, audience: None }),
            (packed, data) => {
                let mut problems = packed.err().unwrap_or_default();
                problems.extend(data.err());
                Err(problems)
            }
        }
    }

    /// With data that another event of the same content type has already.
    pub(crate) fn with_checked_data(
        attributes: &Attributes<'_>,
        time: Timestamp,
        data: &Bytes,
    ) -> Result<Self, Vec<Problem>> {
        Ok(Self { attributes: Packed::new(attributes)?, time, data: data.clone(), audience: None })
    }

    /// From parts that were an event before.
    pub(crate) const fn from_stored(attributes: Packed, time: Timestamp, data: Bytes) -> Self {
        Self { attributes, time, data, audience: None }
    }

    /// The same event for an audience; none: for everybody.
    #[must_use]
    pub fn with_audience(self, audience: Option<Arc<Audience>>) -> Self {
        Self { audience, ..self }
    }

    /// `id`, unique per source.
    pub fn id(&self) -> &str {
        self.attributes.get(Part::Id)
    }

    /// `source`, a URI reference.
    pub fn source(&self) -> &str {
        self.attributes.get(Part::Source)
    }

    /// `type`.
    pub fn event_type(&self) -> &str {
        self.attributes.get(Part::Type)
    }

    /// `subject`.
    pub fn subject(&self) -> Option<&str> {
        self.attributes.optional(Part::Subject)
    }

    /// `datacontenttype`; absent means JSON.
    pub fn content_type(&self) -> Option<&str> {
        self.attributes.optional(Part::ContentType)
    }

    /// `dataschema`.
    pub fn data_schema(&self) -> Option<&str> {
        self.attributes.optional(Part::DataSchema)
    }

    /// Extension attributes as the text of one JSON object, if there are any.
    pub fn extensions_json(&self) -> Option<&str> {
        self.attributes.optional(Part::Extensions)
    }

    /// Extension attributes; decoded on each call.
    pub fn extensions(&self) -> Map<String, Value> {
        let text = self.extensions_json().unwrap_or("{}");
        // The text was written from a map when the event was made.
        serde_json::from_str(text).unwrap_or_default()
    }

    /// `time`.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Who may see it, if not everybody; [`Reader::may_see`](crate::Reader::may_see) decides. Not to be shown.
    pub const fn audience(&self) -> Option<&Arc<Audience>> {
        self.audience.as_ref()
    }

    /// The data: compact JSON if [`is_json`](Self::is_json), any bytes otherwise.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// Whether there is data and it is JSON.
    pub fn is_json(&self) -> bool {
        !self.data.is_empty() && is_json_media_type(self.content_type())
    }

    /// All attributes in one text, one after the other without separators: id, source, type, subject, content type,
    /// data schema, extensions; and the offset at which each of them ends. For whoever copies events in bulk.
    pub fn attributes_text(&self) -> (&str, &[u32; 7]) {
        (self.attributes.text(), self.attributes.ends())
    }

    /// Bytes that the event takes in memory, for bounds on queues.
    pub fn weight(&self) -> usize {
        let audience = self.audience.as_ref().map_or(0, |audience| audience.weight());
        self.attributes.text().len() + self.data.len() + audience + limits::EVENT_OVERHEAD_BYTES
    }
}

fn check_data(data: Data, content_type: Option<&str>) -> Result<Bytes, Problem> {
    let json = is_json_media_type(content_type);
    let too_long = |length: usize| {
        let max = limits::DATA_BYTES_MAX;
        Problem::new("data", format!("the data has {length} bytes, at most {max} are possible"))
    };
    let bytes = match data {
        Data::Empty => Bytes::new(),
        Data::Json(text) if json => text.into_bytes(),
        Data::Json(_) => {
            let detail = format!("`{}` is not a JSON type; send such data as text", content_type.unwrap_or_default());
            return Err(Problem::new("datacontenttype", detail));
        }
        Data::Bytes(bytes) if bytes.len() > limits::DATA_BYTES_MAX => return Err(too_long(bytes.len())),
        Data::Bytes(bytes) if json && !bytes.is_empty() => {
            let checked = JsonText::parse(&bytes);
            checked.map_err(|e: JsonError| Problem::new("data", e.to_string()))?.into_bytes()
        }
        Data::Bytes(bytes) => bytes,
    };
    if bytes.len() > limits::DATA_BYTES_MAX { Err(too_long(bytes.len())) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn make(attributes: &Attributes<'_>, data: Data) -> Result<Event, Vec<Problem>> {
        Event::new(attributes, Timestamp::from_unix_ms(1), data)
    }

    fn attributes(extensions: &Map<String, Value>) -> Attributes<'_> {
        Attributes {
            id: "1",
            source: "/test",
            event_type: "a.b",
            subject: None,
            content_type: None,
            data_schema: None,
            extensions,
        }
    }

    proptest! {
        #[test]
        fn attributes_come_back_as_given(
            id in "[!-~]{1,64}", source in "[!-~]{1,64}", subject in "[ -~é]{0,64}", schema in "[!-~]{0,32}",
            kind in "[a-z]{1,8}/[a-z]{1,8}", extension in "[ -~]{0,64}", data: Vec<u8>,
        ) {
            let extensions = Map::from_iter([("ext".to_owned(), Value::from(extension))]);
            let given = Attributes {
                id: &id, source: &source, event_type: "t", subject: Some(&subject), content_type: Some(&kind),
                data_schema: Some(&schema), extensions: &extensions,
            };
            let event = make(&given, Data::Bytes(data.clone().into())).unwrap();
            prop_assert_eq!((event.id(), event.source(), event.event_type()), (&*id, &*source, "t"));
            prop_assert_eq!(event.subject().unwrap_or_default(), subject);
            prop_assert_eq!(event.data_schema().unwrap_or_default(), schema);
            prop_assert_eq!(event.content_type(), Some(&*kind));
            prop_assert_eq!(event.extensions(), extensions);
            prop_assert_eq!(event.data(), &data);
        }

        #[test]
        fn any_text_is_an_answer_not_a_panic(text: String, bytes: Vec<u8>) {
            let extensions = Map::from_iter([(text.clone(), Value::from(text.clone()))]);
            let given = Attributes {
                id: &text, source: &text, event_type: &text, subject: Some(&text), content_type: Some(&text),
                data_schema: Some(&text), extensions: &extensions,
            };
            let _ = make(&given, Data::Bytes(bytes.into()));
        }
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let extensions = Map::from_iter([("Bad".to_owned(), Value::from("x")), ("id".to_owned(), Value::from("x"))]);
        let given = Attributes {
            id: "",
            source: "a b",
            event_type: "error",
            subject: Some("line\nbreak"),
            content_type: Some("json"),
            data_schema: None,
            extensions: &extensions,
        };
        let problems = make(&given, Data::Empty).unwrap_err();
        let at: Vec<&str> = problems.iter().map(|p| p.at.as_str()).collect();
        assert_eq!(at, ["type", "id", "source", "subject", "datacontenttype", "Bad", "id"]);
    }

    #[test]
    fn json_data_is_checked_and_other_data_is_not() {
        let none = Map::new();
        let json = make(&attributes(&none), Data::Bytes("{ \"a\": 1 }".into())).unwrap();
        assert_eq!((json.data().as_ref(), json.is_json()), (b"{\"a\":1}".as_ref(), true));
        assert_eq!(make(&attributes(&none), Data::Bytes("{oops".into())).unwrap_err()[0].at, "data");
        let text = Attributes { content_type: Some("text/plain"), ..attributes(&none) };
        assert_eq!(make(&text, Data::Bytes("{oops".into())).unwrap().data().as_ref(), b"{oops");
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let none = Map::new();
        let text = Attributes { content_type: Some("text/plain"), ..attributes(&none) };
        assert!(make(&text, Data::Bytes(vec![b'x'; limits::DATA_BYTES_MAX].into())).is_ok());
        assert!(make(&text, Data::Bytes(vec![b'x'; limits::DATA_BYTES_MAX + 1].into())).is_err());
        let id = "x".repeat(limits::ID_BYTES_MAX + 1);
        assert!(make(&Attributes { id: &id[1..], ..attributes(&none) }, Data::Empty).is_ok());
        assert!(make(&Attributes { id: &id, ..attributes(&none) }, Data::Empty).is_err());
    }
}
