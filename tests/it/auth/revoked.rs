//! Tokens that are taken back before they expire.

use serde_json::{Value, json};

use super::streams::{ask, publish};
use super::{config, directory, now, refusal, request, signed};
use crate::support::Lane;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_taken_back_is_refused_and_its_streams_end() {
    for lane in Lane::BOTH {
        let mut server = lane.server_in(directory(), &config()).await;
        let token = |id: &str| signed(&json!({ "jti": id }));
        let (one, other) = (token("one"), token("other"));
        let ticket: Value =
            request(&server, "POST", "/tickets").bearer_auth(&one).send().await.unwrap().json().await.unwrap();
        let mut streams = [ask(&server, "", Some(&one)).await, ask(&server, "", Some(&other)).await];
        for stream in &mut streams {
            stream.greeting().await;
        }
        let revoke = |path: &str, by: &str| request(&server, "POST", path).bearer_auth(by);
        assert_eq!(refusal(revoke("/tokens/one/revoke", "team")).await.0, 403);
        assert_eq!(refusal(revoke("/tokens/one/revoke?expires=tomorrow", "master")).await.0, 400);
        assert_eq!(refusal(revoke(&format!("/tokens/{}/revoke", "x".repeat(257)), "master")).await.0, 400);
        let done: Value = revoke("/tokens/one/revoke", "master").send().await.unwrap().json().await.unwrap();
        assert_eq!((&done["jti"], &done["ended"]), (&json!("one"), &json!(1)), "{done}");
        assert!(done["expires"].is_string(), "its stream told when it expires: {done}");

        let [mut ended, mut stays] = streams;
        while ended.some().await.is_some() {}
        publish(&server, "order.created").await;
        stays.until("order.created").await;
        let ask_with = |token: &str| refusal(request(&server, "GET", "/plugins").bearer_auth(token));
        let out = (401, "token-revoked".to_owned());
        let found = ask_with(&one).await;
        assert_eq!((found.0, found.1), out);
        let found =
            refusal(request(&server, "GET", &format!("/events?ticket={}", ticket["ticket"].as_str().unwrap()))).await;
        assert_eq!((found.0, found.1), out, "a ticket is no way around");
        let again = signed(&json!({"jti": "one", "exp": now() + 60}));
        assert_eq!(ask_with(&again).await.0, 401, "with other claims it is the same token");
        assert_eq!(ask_with(&other).await.0, 200);

        // As good after a restart; without its file nobody would be out.
        server.kill();
        server.start_again();
        let ask_with = |token: &str| refusal(request(&server, "GET", "/plugins").bearer_auth(token));
        assert_eq!(ask_with(&one).await.1, "token-revoked");
        assert_eq!(ask_with(&other).await.0, 200);
        server.kill();
        std::fs::write(server.data("revoked-tokens.json"), "{").unwrap();
        let refused = server.try_start_again().unwrap_err();
        assert!(refused.told.contains("revoked-tokens.json is damaged"), "{refused:?}");
    }
}
