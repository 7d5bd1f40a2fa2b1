//! Takes deliveries: each line of the body is an event of type `hook.<line>`, some lines are special.
use tidemill_sdk::webhook::{Delivery, Draft, Refusal, Webhook};
use tidemill_sdk::{Manifest, NoConfig, Plugin, manifest, meter};

tidemill_sdk::export!(Hook: webhook);

struct Hook;

impl Plugin for Hook {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "hook", summary: "Takes deliveries" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Webhook for Hook {
    fn receive(&mut self, delivery: &Delivery) -> Result<Vec<Draft>, Refusal> {
        let body = String::from_utf8_lossy(&delivery.body);
        meter::add("deliveries", 1);
        meter::record("bytes", body.len() as f64);
        meter::add("not a name", 1);
        match body.trim() {
            "trap" => panic!("a poison delivery"),
            "refuse" => return Err(Refusal::new(403, "not from you")),
            "ok?" => return Err(Refusal::new(200, "no refusal")),
            "many" => return Ok(vec![Draft::new("hook.many", "1"); 1_000]),
            _ => {}
        }
        let draft = |(number, line): (usize, &str)| {
            let draft =
                Draft::new(format!("hook.{line}"), number.to_string()).extension("query", delivery.query.as_str());
            match delivery.header("x-id") {
                Some(id) => draft.id(format!("{id}.{number}")),
                None => draft,
            }
        };
        Ok(body.lines().enumerate().map(draft).collect())
    }
}
