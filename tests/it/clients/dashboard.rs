//! The dashboard of a server that lets nobody in without a token.

use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::proxy::Proxy;
use super::script::{self, Script, node};
use crate::support::Server;

const TOKEN: &str = "a-token-for-the-dashboard";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_asks_for_a_token_and_stays_signed_in_when_its_connection_is_cut() {
    let hash: String = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect();
    let config = format!(
        "[auth]\nallow-anonymous = 'never'\n[[auth.tokens]]\nname = 'ops'\nsha256 = '{hash}'\ntype = 'master'\n"
    );
    let server = Server::start(&config, &[]).await;
    let proxy = Proxy::start(server.address()).await;
    let publish = async |number: u64| {
        let event = json!({"type": "n", "data": number}).to_string();
        let request = server.http.post(server.url("/events")).header("content-type", "application/json").body(event);
        assert_eq!(request.bearer_auth(TOKEN).send().await.unwrap().status(), 200);
    };

    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard_token.png");
    script::need_chromium();
    let address = format!("http://{}/", proxy.address());
    let mut browser =
        Script::start(node("dashboard_token.mjs").args([&address, TOKEN]).arg(&screenshot).args(["3", "6"]));
    let out = |status: &str| json!({"status": status, "form": "out"});
    let said = browser.next().await;
    assert_eq!(said, json!({"first": out("a token is needed"), "wrong": out("the token is not accepted")}));
    assert_eq!(browser.next().await, json!({"right": {"status": "live", "form": "in"}}));
    for number in 0..3 {
        publish(number).await;
    }
    assert_eq!(browser.next().await, json!({"shown": ["0", "1", "2"], "leaked": []}));
    // What comes while it is away is there when it is back, with another ticket.
    proxy.cut();
    for number in 3..6 {
        publish(number).await;
    }
    assert_eq!(browser.next().await, json!({"shown": ["0", "1", "2", "3", "4", "5"], "leaked": []}));
}
