//! Who may come without a token: by where the server listens, and by what its operator says.

use super::{refusal, request};
use crate::support::{Server, tidemill};

/// A server that was started again with an address and a setting.
async fn bound(listen: &str, allow: &str) -> Server {
    let mut server = Server::start("", &[]).await;
    server.stop();
    server.configure(&format!("[auth]\nallow-anonymous = '{allow}'\n"));
    let mut command = tidemill(server.directory());
    command.args(["serve", "--listen", listen, "--print-addr"]);
    server.start_again_with(&mut command).unwrap();
    let port = server.address().rsplit_once(':').unwrap().1.to_owned();
    server.reach_at(format!("127.0.0.1:{port}"));
    server
}

#[tokio::test]
async fn nobody_needs_a_token_on_loopback_unless_it_is_said() {
    for (listen, allow, status) in [
        ("127.0.0.1:0", "loopback", 200),
        ("127.0.0.1:0", "anywhere", 200),
        ("127.0.0.1:0", "never", 401),
        ("0.0.0.0:0", "loopback", 401),
        ("0.0.0.0:0", "anywhere", 200),
        ("0.0.0.0:0", "never", 401),
    ] {
        let server = bound(listen, allow).await;
        assert_eq!(refusal(request(&server, "GET", "/plugins")).await.0, status, "{listen} {allow}");
        assert_eq!(refusal(request(&server, "GET", "/livez")).await.0, 200);
        let warned = server.log().contains("whoever reaches this server");
        assert_eq!(warned, listen.starts_with("0.") && allow == "anywhere", "{listen} {allow}: {}", server.log());
        assert_eq!(server.log().contains("requests need a token, and none is accepted"), status == 401);
    }
}

#[tokio::test]
async fn a_wrong_token_is_wrong_also_where_none_is_needed() {
    let server = Server::start("", &[]).await;
    assert_eq!(refusal(request(&server, "GET", "/plugins").bearer_auth("x")).await.1, "token-unknown");
}
