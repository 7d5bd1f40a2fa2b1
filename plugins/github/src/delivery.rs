//! Deliveries as GitHub posts them: signed (`X-Hub-Signature-256`), named (`X-GitHub-Event`) and numbered
//! (`X-GitHub-Delivery`), see <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries> and
//! <https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers>.
//!
//! Must not know what may stand in a delivery: that is checked like any event, when it is published.
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use tidemill_sdk::webhook::{Delivery, Draft, Refusal};

use crate::catalog::Catalog;

const SIGNATURE: &str = "x-hub-signature-256";
/// Where deliveries come from; their ids are unique there.
const SOURCE: &str = "https://github.com";

/// The one member that a type is made of.
#[derive(Deserialize)]
struct Named {
    action: Option<String>,
}

/// The event of a delivery whose signature fits.
pub(crate) fn receive(catalog: &Catalog, delivery: &Delivery, secret: Option<&str>) -> Result<Vec<Draft>, Refusal> {
    let secret = secret.ok_or_else(|| {
        Refusal::new(503, "no secret is configured here: set `secret` in the plugin's `config`, and the same at GitHub")
    })?;
    check_signature(delivery, secret.as_bytes())?;
    let header = |name: &str, told: &str| {
        delivery.header(name).ok_or_else(|| Refusal::new(400, format!("the header {told} is missing")))
    };
    let (event, id) = (header("x-github-event", "X-GitHub-Event")?, header("x-github-delivery", "X-GitHub-Delivery")?);
    let data = payload(delivery)?;
    let named: Named = serde_json::from_slice(&data)
        .map_err(|error| Refusal::new(400, format!("the delivery is no JSON object: {error}")))?;
    // GitHub adds actions, and some are of its users' making: these deliveries are of the event's own type.
    let of_action = named.action.map(|action| format!("github.{event}.{action}"));
    let event_type = of_action.filter(|name| catalog.family(name).is_some()).unwrap_or(format!("github.{event}"));
    Ok(vec![Draft::new(event_type, data).id(id).source(SOURCE)])
}

fn check_signature(delivery: &Delivery, secret: &[u8]) -> Result<(), Refusal> {
    let missing = || Refusal::new(401, "the delivery is not signed (X-Hub-Signature-256): set a secret at GitHub");
    let wrong =
        || Refusal::new(401, "the signature (X-Hub-Signature-256) does not fit: the secrets here and at GitHub differ");
    let signature = delivery.header(SIGNATURE).ok_or_else(missing)?;
    let signature = signature.strip_prefix("sha256=").and_then(from_hex).ok_or_else(wrong)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| wrong())?;
    mac.update(&delivery.body);
    // Takes as long for every wrong signature, so that nobody can feel their way to a right one.
    mac.verify_slice(&signature).map_err(|_| wrong())
}

/// The JSON, which may stand in a form.
fn payload(delivery: &Delivery) -> Result<Vec<u8>, Refusal> {
    let content_type = delivery.header("content-type").unwrap_or("application/json");
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Ok(delivery.body.clone());
    }
    let payload = form_urlencoded::parse(&delivery.body).find(|(name, _)| name == "payload");
    let payload = payload.ok_or_else(|| Refusal::new(400, "the form has no field `payload`"))?;
    Ok(payload.1.into_owned().into_bytes())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &str = r#"{"action":"opened","number":1}"#;

    fn catalog() -> Catalog {
        Catalog::load().unwrap()
    }

    fn signed(body: &str, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }

    fn delivery(body: &str, headers: &[(&str, &str)]) -> Delivery {
        let signature = signed(body, SECRET);
        let all =
            [("x-github-event", "pull_request"), ("x-github-delivery", "72d3162e"), (SIGNATURE, signature.as_str())];
        let kept = all.iter().filter(|(name, _)| !headers.iter().any(|(other, _)| other == name));
        let headers = kept.chain(headers).filter(|(_, value)| !value.is_empty());
        Delivery {
            headers: headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            query: String::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    /// The example of GitHub's documentation.
    #[test]
    fn signatures_are_those_that_github_makes() {
        let documented = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signed("Hello, World!", SECRET), documented);
    }

    #[test]
    fn a_signed_delivery_becomes_an_event_of_its_type() {
        let drafts = receive(&catalog(), &delivery(BODY, &[]), Some(SECRET)).unwrap();
        let expected = Draft::new("github.pull_request.opened", BODY).id("72d3162e").source(SOURCE);
        assert_eq!(drafts, [expected]);
        let ping = receive(&catalog(), &delivery("{}", &[("x-github-event", "ping")]), Some(SECRET)).unwrap();
        assert_eq!(ping[0].type_, "github.ping");
        let dispatch = r#"{"action":"of-my-making"}"#;
        let dispatch =
            receive(&catalog(), &delivery(dispatch, &[("x-github-event", "repository_dispatch")]), Some(SECRET));
        assert_eq!(dispatch.unwrap()[0].type_, "github.repository_dispatch");
        let form = format!("payload={}", form_urlencoded::byte_serialize(BODY.as_bytes()).collect::<String>());
        let form = delivery(&form, &[("content-type", "application/x-www-form-urlencoded")]);
        assert_eq!(receive(&catalog(), &form, Some(SECRET)).unwrap()[0].data, BODY.as_bytes());
    }

    #[test]
    fn what_is_not_signed_with_the_secret_is_refused() {
        let status = |delivery: &Delivery, secret| receive(&catalog(), delivery, secret).unwrap_err().status;
        assert_eq!(status(&delivery(BODY, &[(SIGNATURE, "")]), Some(SECRET)), 401);
        assert_eq!(status(&delivery(BODY, &[(SIGNATURE, &signed(BODY, "another secret"))]), Some(SECRET)), 401);
        assert_eq!(status(&delivery(BODY, &[(SIGNATURE, &signed("{}", SECRET))]), Some(SECRET)), 401);
        for wrong in ["sha256=", "sha256=7", "sha256=zz", "sha1=757107ea", "757107ea"] {
            assert_eq!(status(&delivery(BODY, &[(SIGNATURE, wrong)]), Some(SECRET)), 401, "{wrong}");
        }
        assert_eq!(status(&delivery(BODY, &[]), None), 503);
        assert_eq!(status(&delivery(BODY, &[("x-github-event", "")]), Some(SECRET)), 400);
        assert_eq!(status(&delivery("[]", &[]), Some(SECRET)), 400);
    }
}
