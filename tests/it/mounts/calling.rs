//! Tools by plain requests.

use serde_json::{Value, json};

use super::{answer, example, json_of, post};
use crate::reconfigured::token;
use crate::support::{Server, Subscriber};

#[tokio::test]
async fn tools_are_listed_and_called_in_any_shape() {
    let mounts = "[[mount]]\npath = '/plain'\nkind = 'tools'\n\
                  [[mount]]\npath = '/plain/special'\nkind = 'figures'\nanswer = '\"special\"'\n";
    let server = Server::start(&format!("{}{mounts}", example("kind = \"tools\"")), &[]).await;
    let mut results = Subscriber::open(&server, "types=tool.result").await;
    let (status, listed) = server.get("/mcp/tools").await;
    let names: Vec<&Value> = listed["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!((status, &listed["id"]), (200, &json!(1)), "{listed}");
    assert!(names.contains(&&json!("publish_event")), "{listed}");

    let call = async |path: &str, body: &str| json_of(post(&server, path, body)).await;
    let (status, said) = call("/mcp/tools/publish_event", r#"{"type":"order.created"}"#).await;
    assert_eq!((status, &said["result"]["structuredContent"]["outcome"]), (200, &json!("stored")), "{said}");
    assert_eq!(results.next().await.json()["id"], said["id"]);
    // What a tool cannot do is a result, what it is not asked rightly no event.
    let (status, said) = call("/mcp/tools/read%5Fevents", r#"{"after":"soon"}"#).await;
    assert_eq!((status, &said["result"]["isError"]), (200, &json!(true)), "{said}");
    assert_eq!(results.next().await.json()["result"]["isError"], true);
    let (status, said) = call("/mcp/tools/read_events", r#"{"limit":1001}"#).await;
    assert_eq!((status, &said["error"]["code"]), (400, &json!(-32602)), "{said}");
    assert!(said["error"]["message"].as_str().unwrap().contains("limit: 1001"), "{said}");
    let (status, said) = call("/mcp/tools/nothing", "{}").await;
    assert_eq!((status, &said["error"]["code"], said.get("result")), (404, &json!(-32601), None), "{said}");
    assert_eq!(call("/mcp/tools/list_plugins", "[]").await.0, 400);
    let (status, said) = call("/mcp/tools/list_plugins", "").await;
    assert_eq!((status, results.next().await.json()["id"].clone()), (200, said["id"].clone()));

    for (request, allow) in [
        (post(&server, "/mcp/tools", "{}"), "GET, HEAD, OPTIONS"),
        (server.http.get(server.url("/mcp/tools/list_plugins")), "POST, OPTIONS"),
    ] {
        let (status, headers, _) = answer(request).await;
        assert_eq!((status, &headers["allow"]), (405, allow));
    }
    assert_eq!(server.get("/mcp/tools/list_plugins/more").await.0, 404);

    // As they are.
    assert!(server.get("/plain").await.1["tools"].is_array());
    let (status, said) = call("/plain/list_plugins", "{}").await;
    assert_eq!((status, said["content"][0]["type"].as_str()), (200, Some("text")), "{said}");
    let (status, said) = call("/plain/nothing", "{}").await;
    assert_eq!((status, &said["code"], &said["title"]), (404, &json!(-32601), &json!("Not found")));
    let (status, said) = call("/plain/list_plugins", r#"{"all":1}"#).await;
    assert_eq!((status, &said["code"]), (400, &json!(-32602)), "{said}");
    assert_eq!(server.get("/plain/special").await.1, json!("special"));
    assert_eq!(call("/plain/special", "{}").await.0, 404, "no tool has this name");
}

#[tokio::test]
async fn results_are_for_whoever_called() {
    let tokens = ["ann", "bob"].map(|name| token(name, "type = 'team'\nsubscribe = ['*']")).concat();
    let shown =
        "[[mount]]\npath = '/shown'\nkind = 'figures'\nof = '/events'\nhistory = 10\nanswer = '[.history[].type]'\n";
    let config = format!("[auth]\nallow-anonymous = 'never'\n{tokens}{}{shown}", example("kind = \"tools\""));
    let server = Server::start(&config, &[]).await;
    let (status, _) = json_of(post(&server, "/mcp/tools/list_plugins", "{}").bearer_auth("ann")).await;
    assert_eq!(status, 200);
    for (token, shown) in [("ann", json!(["tool.result"])), ("bob", json!([]))] {
        let (_, seen) = json_of(server.http.get(server.url("/shown")).bearer_auth(token)).await;
        assert_eq!(seen, shown, "{token}");
    }
    assert_eq!(json_of(server.http.get(server.url("/mcp/tools"))).await.0, 401);
}
