//! The command line with tokens, and settings that are wrong.

use std::path::Path;
use std::process::{Command, Output};

use super::{config, directory, server, sha256, write};
use crate::support::{Server, tidemill};

fn run(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

fn create(directory: &Path, more: &[&str]) -> String {
    let mut command = tidemill(directory);
    command.args(["token", "create", "--secret-file", "secret.txt", "--issuer", "dev", "--subject", "me"]).args(more);
    let (code, told) = run(&mut command);
    assert_eq!(code, Some(0), "{told}");
    told.trim().to_owned()
}

#[tokio::test]
async fn a_token_that_was_made_is_accepted_where_it_is_meant_for() {
    let server = server().await;
    let url = format!("http://{}", server.address());
    let good = create(server.directory(), &["--audience", "tidemill", "--type", "team", "--publish", "order.*"]);
    let publish = |token: Option<&str>, event_type: &str| {
        let mut command = tidemill(server.directory());
        command.args(["publish", "--url", &url, event_type, "1"]);
        command.envs(token.map(|token| ("TIDEMILL_TOKEN", token)));
        run(&mut command)
    };
    assert_eq!(publish(Some(&good), "order.created").0, Some(0));
    assert!(publish(Some(&good), "user.created").1.contains("may publish"));
    assert!(publish(None, "order.created").1.contains("there is no token"));
    let listed = run(tidemill(server.directory()).args(["plugin", "list", "--url", &url, "--token", &good]));
    assert_eq!(listed.0, Some(0), "{listed:?}");

    let inspect = |token: &str| run(tidemill(server.directory()).args(["token", "inspect", token]));
    let (code, told) = inspect(&good);
    assert!(code == Some(0) && told.contains("\"aud\": \"tidemill\"") && told.contains("accepted"), "{told}");
    let (code, told) = inspect(&create(server.directory(), &["--audience", "elsewhere"]));
    assert!(
        code == Some(1) && told.contains("elsewhere") && told.contains("refused: the token is for somebody"),
        "{told}"
    );
}

#[tokio::test]
async fn whoever_has_no_token_is_told_how_to_give_one() {
    let server = server().await;
    let url = format!("http://{}", server.address());
    let type_in = |arguments: &[&str], token: &str| {
        let mut command = tidemill(server.directory());
        run(command.arg("plugin").args(arguments).env("TIDEMILL_TOKEN", token))
    };
    assert_eq!(type_in(&["new", "mine"], "").0, Some(0));
    let (code, told) = type_in(&["upload", "mine"], "");
    assert!(code == Some(2) && told.contains("name a .wasm file, such as mine/dist/mine.wasm"), "{told}");
    write(server.directory(), "x.wasm", "");
    let (upload, dev) = (["upload", "x.wasm", "--url", &url], ["dev", "mine", "--server", &url]);
    for command in [&upload[..], &dev] {
        let (code, told) = type_in(command, "");
        assert!(code == Some(1) && told.contains("with --token, or in TIDEMILL_TOKEN"), "{told}");
        assert!(!told.contains("Bearer"), "{told}");
        assert!(type_in(command, "nobody").1.contains("no token like this is known"));
    }
}

#[test]
fn settings_that_are_unsafe_are_refused_and_shown_without_secrets() {
    let directory = directory();
    let check = |config: &str| {
        write(directory.path(), "tidemill.toml", config);
        run(tidemill(directory.path()).args(["config", "check"]))
    };
    assert_eq!(check(&config()), (Some(0), "OK\n".into()));
    let (_, shown) = run(tidemill(directory.path()).args(["config", "show"]));
    assert!(!shown.contains(super::SECRET) && shown.contains(&sha256("team")), "{shown}");
    assert_eq!(check(&shown), (Some(0), "OK\n".into()), "what is shown can be loaded");
    for (from, to, told) in [
        ("['HS256']", "['none']", "`algorithms` has \"none\""),
        ("['HS256']", "['HS256', 'RS256']", "do not fit the keys"),
        ("['HS256']", "[]", "do not fit the keys"),
        ("secret-file = 'secret.txt'", "key-file = 'x.pem'", "do not fit the keys"),
        ("secret-file = 'secret.txt'", "", "needs one of `secret-file`"),
        ("secret-file = 'secret.txt'", "secret = 'x'", "unknown field `secret`"),
        ("['tidemill', 'others']", "[]", "must not be empty"),
        ("leeway = '0s'", "leeway = '1day'", "`leeway` must be a duration up to 10m"),
        (&*sha256("team"), "my-secret-token", "`sha256` must be 64 hexadecimal digits"),
        (&sha256("team"), &sha256("master"), "has the same token"),
        ("name = 'team'", "name = 'master'", "two tokens with the name"),
        ("['order.*']", "['order*']", "is not a type pattern"),
        ("type = 'readonly'", "type = 'reader'", "unknown variant `reader`"),
    ] {
        let (code, problem) = check(&config().replace(from, to));
        assert!(code == Some(2) && problem.contains(told), "{from} -> {to}: {problem}");
        assert!(!problem.contains("my-secret-token"), "{problem}");
    }
    write(directory.path(), "secret.txt", "short");
    write(directory.path(), "tidemill.toml", config());
    let (code, told) = run(tidemill(directory.path()).args(["serve", "--listen", "127.0.0.1:0"]));
    assert!(code == Some(1) && told.contains("at least 32"), "{told}");
}

/// Tokens of a program that knows nothing of issuers and audiences, and has names of its own for what is in them.
#[tokio::test]
async fn tokens_of_a_secret_nobody_else_has_need_no_issuer() {
    let own = "[auth]\nallow-anonymous = 'never'\n[[auth.issuers]]\nalgorithms = ['HS256']\nsecret-file = 'secret.txt'\n\
               claims = { subject = 'tokenId', id = 'tokenId' }\nsubscribe = ['order.*']\n";
    let server = Server::start_in(directory(), own).await;
    let make = |more: &[&str]| {
        let mut command = tidemill(server.directory());
        command.args(["token", "create", "--secret-file", "secret.txt", "--subject", "x", "--type", "team"]).args(more);
        run(&mut command)
    };
    let asks = async |token: &str| {
        let asked = server.http.get(server.url("/principal")).bearer_auth(token).send().await.unwrap();
        (asked.status().as_u16(), asked.json::<serde_json::Value>().await.unwrap())
    };
    let (_, token) = make(&["--claim", "tokenId=t1"]);
    let (status, told) = asks(token.trim()).await;
    assert_eq!((status, &told["name"]), (200, &"t1".into()), "{told}");
    // What the token says nothing of is as the issuer has it, and what it says is as it says.
    assert_eq!(told["subscribe"], serde_json::json!(["order.*"]), "{told}");
    let (_, token) = make(&["--claim", "tokenId=t1", "--subscribe", "a"]);
    assert_eq!(asks(token.trim()).await.1["subscribe"], serde_json::json!(["a"]));
    // Tokens of somebody, or for somebody, are not for here.
    for (more, kind) in [
        (&["--claim", "tokenId=t1", "--issuer", "dev"][..], "token-issuer"),
        (&["--claim", "tokenId=t1", "--audience", "tidemill"], "token-audience"),
        (&["--claim", "other=t1"], "token-malformed"),
    ] {
        let (status, told) = asks(make(more).1.trim()).await;
        assert!(status == 401 && told["type"].as_str().unwrap().ends_with(kind), "{more:?}: {told}");
    }
    assert!(make(&["--claim", "exp=1"]).1.contains("`exp` is made by"));
    for rest in ["key-file = 'x.pem'", "jwks-file = 'x.json'"] {
        write(server.directory(), "tidemill.toml", format!("[[auth.issuers]]\nalgorithms = ['RS256']\n{rest}\n"));
        let (code, told) = run(tidemill(server.directory()).args(["config", "check"]));
        assert!(code == Some(2) && told.contains("needs `issuer` and `audience`"), "{told}");
    }
}
