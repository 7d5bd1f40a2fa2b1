//! The event type `order.created` as its team sees it: checked, normalised, told in a line.
//!
//! What a schema could say is said by the Rust types; what it could not (that the lines sum up to the total, that the
//! currency is written in capitals) stands in [`OrderCreated::validate`].
use serde::{Deserialize, Serialize};
use tidemill_sdk::{
    Event, EventType, EventTypes, Failure, Manifest, NoConfig, Output, Plugin, Problem, Target, Validity, html,
    manifest,
};

tidemill_sdk::export!(OrderCreated: event_types);

/// The plugin.
#[derive(Debug)]
pub struct OrderCreated;

/// The data of an `order.created`. Amounts are cents: money in floating point does not sum up.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Order {
    customer: String,
    currency: String,
    lines: Vec<Line>,
    #[serde(default)]
    total: Option<u64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    article: String,
    cents: u64,
}

impl Plugin for OrderCreated {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "order-created", summary: "Orders of the shop: the lines make the total" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl EventTypes for OrderCreated {
    fn types(&self) -> Vec<EventType> {
        vec![EventType {
            name: "order.created".into(),
            version: "2.0.0".into(),
            summary: "Somebody ordered something".into(),
            schema_json: include_str!("order-created.schema.json").into(),
            examples: vec![include_str!("order-created.example.json").into()],
        }]
    }

    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, Failure> {
        let mut order: Order = event.json()?;
        let mut problems = Vec::new();
        if order.currency.len() != 3 || !order.currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            problems.push(Problem::new("/currency", "expected three letters, such as EUR"));
        }
        if order.lines.is_empty() {
            problems.push(Problem::new("/lines", "expected at least one line"));
        }
        let sum = order.lines.iter().try_fold(0, |sum: u64, line| sum.checked_add(line.cents));
        match (sum, order.total) {
            (None, _) => problems.push(Problem::new("/lines", "the amounts are too large to be summed")),
            (Some(sum), Some(total)) if sum != total => {
                problems.push(Problem::new("/total", format!("the lines sum up to {sum}, not to {total}")));
            }
            _ => {}
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        order.currency.make_ascii_uppercase();
        order.total = sum;
        Ok(Validity::Normalised(Output::new().subject(&*order.customer).json(&order)?))
    }

    fn render(&self, event: &Event<'_>, target: Target) -> String {
        let line = match event.json::<Order>() {
            Ok(Order { customer, currency, total, .. }) => {
                let total = total.unwrap_or_default();
                format!("{customer} ordered for {}.{:02} {currency}", total / 100, total % 100)
            }
            Err(error) => error.to_string(),
        };
        match target {
            Target::Text => line,
            Target::Html => html::escape(&line).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemill_sdk::testing;

    use super::*;

    fn validate(data: &str) -> Result<Validity, Failure> {
        OrderCreated.validate(&testing::event("order.created").data(data).event())
    }

    #[test]
    fn the_example_is_valid_and_told_in_a_line() {
        let example = include_str!("order-created.example.json");
        assert!(validate(example).is_ok());
        let sample = testing::event("order.created").data(example);
        assert_eq!(OrderCreated.render(&sample.event(), Target::Text), "alice ordered for 12.50 EUR");
    }

    #[test]
    fn total_currency_and_subject_are_filled_in() {
        let given = r#"{"customer":"bob","currency":"eur","lines":[{"article":"tea","cents":450},{"article":"cup","cents":800}]}"#;
        let Ok(Validity::Normalised(output)) = validate(given) else { panic!("refused") };
        let data = String::from_utf8(output.data.expect("changed")).expect("JSON");
        assert!(data.contains(r#""currency":"EUR""#) && data.contains(r#""total":1250"#), "{data}");
        assert_eq!(output.subject.as_deref(), Some("bob"));
    }

    #[test]
    fn every_mistake_is_named_at_its_place() {
        let Err(Failure::Problems(problems)) = validate(r#"{"customer":"bob","currency":"€","lines":[],"total":1}"#)
        else {
            panic!("accepted")
        };
        let places: Vec<&str> = problems.iter().map(|problem| problem.at.as_str()).collect();
        assert_eq!(places, ["/currency", "/lines", "/total"]);
    }
}
