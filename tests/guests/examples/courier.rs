//! Sends the request that an event describes, and tells what came back as the event's data: its status, headers and body,
//! or the error. It names the hosts that its configuration says.
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidemill_sdk::http::{Error, Request, Response};
use tidemill_sdk::webhook::{Delivery, Draft, Refusal, Webhook};
use tidemill_sdk::{Event, Failure, Manifest, Outcome, Output, Plugin, Transform, Wants, manifest};

tidemill_sdk::export!(Courier: transform, webhook, wants);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Courier {
    hosts: Vec<String>,
    /// Sends a request to here while it is configured.
    eager: Option<String>,
}

#[derive(Deserialize)]
struct Errand {
    url: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_bytes: usize,
    #[serde(default)]
    headers: Map<String, Value>,
    /// How many such requests, one after the other.
    #[serde(default)]
    times: Option<usize>,
    /// Follows redirects, as a client would that nobody holds.
    #[serde(default)]
    follow: bool,
    /// Computes without end afterwards.
    #[serde(default)]
    spin: bool,
    /// Leaves errors to the host.
    #[serde(default)]
    insist: bool,
}

impl Plugin for Courier {
    type Config = Self;

    fn manifest() -> Manifest {
        manifest! { name: "courier", summary: "Sends requests", subscribes: &["errand", "errand.*"] }
    }

    fn configure(config: Self) -> Result<Self, String> {
        if let Some(url) = &config.eager {
            let answer = tidemill_sdk::http::get(url).map(|response| response.status());
            return Err(format!("while it was loaded: {answer:?}"));
        }
        Ok(config)
    }
}

impl Wants for Courier {
    fn http_hosts(&self) -> Vec<String> {
        self.hosts.clone()
    }
}

/// A delivery is a URL, from which five answers are wanted; of the last one an event is made.
impl Webhook for Courier {
    fn receive(&mut self, delivery: &Delivery) -> Result<Vec<Draft>, Refusal> {
        let url = String::from_utf8_lossy(&delivery.body);
        let mut last = Value::Null;
        for _ in 0..5 {
            last = tell(tidemill_sdk::http::get(&url));
        }
        Ok(vec![Draft::new("delivered", last.to_string())])
    }
}

impl Transform for Courier {
    fn apply(&mut self, event: &Event<'_>) -> Result<Outcome, Failure> {
        let errand: Errand = event.json()?;
        let mut told = Value::Null;
        for _ in 0..errand.times.unwrap_or(1) {
            let answer = run(&errand, &errand.url, 5);
            if let (Err(error), true) = (&answer, errand.insist) {
                return Err(error.clone().into());
            }
            told = tell(answer);
            if errand.spin {
                loop {
                    std::hint::black_box(&told);
                }
            }
        }
        Ok(Outcome::change(Output::new().json(&told)?))
    }
}

fn run(errand: &Errand, url: &str, redirects: usize) -> Result<Response, Error> {
    let mut request = match (&errand.body, errand.body_bytes) {
        (None, 0) => Request::get(url),
        (None, bytes) => Request::post(url, vec![b'x'; bytes]),
        (Some(body), _) => Request::post(url, body.as_str()),
    };
    for (name, value) in &errand.headers {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    let response = request.send()?;
    match response.header("location") {
        Some(location) if errand.follow && redirects > 0 => run(errand, location, redirects - 1),
        _ => Ok(response),
    }
}

fn tell(answer: Result<Response, Error>) -> Value {
    match answer {
        Ok(response) => {
            let server = response.header("x-served").map(str::to_owned);
            json!({"status": response.status(), "served": server, "body": response.text()})
        }
        Err(error) => json!({"error": error.to_string()}),
    }
}
