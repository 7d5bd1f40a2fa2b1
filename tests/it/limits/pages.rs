//! What browsers are told to do with what they get.

use crate::support::Server;

#[tokio::test]
async fn pages_are_on_their_own_and_nothing_else_is_a_page() {
    let server = Server::start("", &[]).await;
    let get = async |path: &str| server.http.get(server.url(path)).send().await.unwrap();
    for path in ["/", "/dashboard/dashboard.js", "/dashboard/dashboard.css"] {
        let answer = get(path).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(name), value, "{path} {name}");
        }
    }
    for path in ["/plugins", "/events", "/events/poll", "/events/stats", "/nothing", "/livez", "/metrics"] {
        assert_eq!(get(path).await.headers()["x-content-type-options"], "nosniff", "{path}");
    }
}
