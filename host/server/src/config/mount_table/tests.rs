//! What a table may say, and how its mistakes are named.

use crate::config::{Config, ConfigError, Flags};

fn load(text: &str) -> Result<Config, String> {
    let env = [("OFF".to_owned(), "false".to_owned())];
    let loaded = Config::from_sources(Some(("dir/t.toml", text)), env.into_iter(), &Flags::default());
    loaded.map_err(|error| match error {
        ConfigError::Invalid { problems } => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
        other => other.to_string(),
    })
}

/// A text with one mistake, and what is said of it.
#[track_caller]
fn says(rest: &str, expected: &str) {
    let text = format!("[[mount]]\n{rest}\n");
    let error = load(&text).expect_err(rest);
    assert!(error.contains(expected) && error.starts_with("dir/t.toml:"), "{rest}\n{error}");
    assert_eq!(error.lines().count(), 1, "{rest}\n{error}");
}

#[test]
fn mistakes_are_named_by_their_key_and_with_what_would_do() {
    says("kind = 'stream'", "`mount.path` is missing");
    for path in ["sse", "/sse/", "//sse", "/a/../b", "/a b", "/a%2fb", ""] {
        says(&format!("path = '{path}'"), "`mount.path` is \"");
    }
    for path in ["/plugins", "/plugins/x", "/metrics", "/livez", "/events/poll", "/tokens/a/b"] {
        says(&format!("path = '{path}'"), "where the server has something of its own");
    }
    says("path = '/a'\nkind = 'streams'", "`mount.kind` is \"streams\": expected \"stream\" or \"publish\"");
    says("path = '/a'\npth = 1", "`mount.pth` is not a known key here: did you mean `path`?");
    says("path = '/a'\nprojecton = '.'", "did you mean `projection`?");
    says("path = '/a'\nkind = 'figures'\nanswer = '.'\nframing = 'both'", "`mount.framing` is not a known key here");
    says("path = '/a'\nauth = 'nobody'", "`mount.auth` is \"nobody\": expected \"server\"");
    says("path = '/a'\nauth = 'none'\npermissions = 'x'", "`mount.permissions` does not go with `auth");
    says("path = '/a'\ntoken-types = ['boss']", "`mount.token-types` is [\"boss\"]: expected some of master");
    says("path = '/a'\nmethods = 'POST'", "`mount.methods` has POST: a stream takes GET");
    says("path = '/a'\nmethods = 'get'", "`mount.methods` is \"get\": expected a list of methods in upper case");
    says("path = '/a'\nenabled = 'yes'", "`mount.enabled` is \"yes\": expected true or false");
    says("path = '/a'\nproblem = '{'", "`mount.problem` is no program of jq: line 1, column");
    says("path = '/a'\nheaders = { Connection = 'close' }", "`mount.headers.Connection` cannot be set");
    says("path = '/a'\nheaders = { content-type = 'x' }", "`mount.headers.content-type` cannot be set");
    says("path = '/a'\nheaders = { 'a b' = 'x' }", "`mount.headers.a b` is \"x\": expected a header");
    says(
        "path = '/a'\ncors = { origin = '*' }",
        "`mount.cors.origin` is not a known key here: did you mean `origins`?",
    );
    says("path = '/a'\ncors = { origins = '*', credentials = true }", "`mount.cors.credentials` does not go together");
    says("path = '/a'\ncors = true", "`mount.cors` is a value of type boolean: expected a table");
    says("path = '/a'\norigins = 'a.example'", "`mount.origins` is \"a.example\": expected a list of origins");
    says("path = '/a'\nrequests = { most = 5 }", "`mount.requests.most` and `window` go together");
    says("path = '/a'\nkind = 'publish'", "`mount.event` is missing");
    says("path = '/a'\nkind = 'figures'", "`mount.answer` is missing");
    says("path = '/a'\nkind = 'figures'\nanswer = '.'\nhistory = 5", "`mount.history` needs `of`, the stream");
    says("path = '/a'\nkind = 'file'", "`mount.file` must be the path of a file");
    says("path = '/a'\nkind = 'file'\nfile = 'x'\ncsp = \"a\\nb\"", "`mount.csp` must be the text");
    says("path = '/a'\nkind = 'figures'\nanswer = '.'\nof = '/b'", "where no mount of kind \"stream\" is");
    says("path = '/a'\nkind = 'send'", "`mount.to` must be the path of a stream");
    says("path = '/a'\nkind = 'send'\nto = '/events'", "where no stream with mailboxes is");
    says("path = '/a'\nkind = 'tools'\nlist = '{'", "`mount.list` is no program of jq");
    says("path = '/'\nkind = 'tools'", "tools are called below the path of their mount");
    says("path = '/a'\nkind = 'mcp-sse'", "`mount.messages` must be the path");
    says("path = '/a'\nkind = 'mcp-sse'\nmessages = '/plugins'", "`mount.messages` is \"/plugins\", where the server");
    says("path = '/a'\nsource = 'it'", "which is no `[[source]]`: write a `[[source]]` of that name");
    says("path = '/a'\nsource = 'itt'\n[[source]]\nname = 'it'\ncommand = ['true']", "did you mean \"it\"?");
    says("path = '/a'\n[[mount]]\npath = '/a'", "has GET /a twice");
    let many = "[[mount]]\npath = '/x'\nenabled = false\n".repeat(65);
    assert!(load(&many).unwrap_err().contains("are more than 64, which is the most"));
    assert!(load("mount = 1").unwrap_err().contains("write `[[mount]]`, with two brackets"));
}

#[test]
fn what_fits_is_taken_and_shown_as_it_is_written() {
    let text = "[[mount]]\npath = '/a'\nenabled = ['true', '${OFF}']\n[[mount]]\npath = '/a'\n\
        [[mount]]\npath = '/a'\nkind = 'publish'\nevent = '.'\nof = '/events'\n\
        [[mount]]\npath = '/f'\nkind = 'file'\nfile = 'x.html'\norigins = 'loopback,${SITES:-}'\n";
    let config = load(text).unwrap();
    let enabled: Vec<bool> = config.mounts.iter().map(|mount| mount.enabled).collect();
    assert_eq!(enabled[..4], [false, true, true, true]);
    let crate::mount::Kind::File(file) = &config.mounts[3].kind else { panic!("{:?}", config.mounts[3]) };
    assert_eq!(file.path, std::path::Path::new("dir/x.html"));
    let shown = config.to_toml();
    assert!(shown.contains("${OFF}") && shown.contains("loopback,${SITES:-}"), "{shown}");
    assert_eq!(load(&shown).unwrap().mounts, config.mounts);
}

#[test]
fn who_opens_a_mount_to_everybody_is_told() {
    let open = "[[mount]]\npath = '/a'\nauth = 'none'\n";
    assert!(load(open).unwrap().warnings().is_empty());
    let far = load(&format!("listen = '0.0.0.0:1'\n{open}")).unwrap().warnings();
    assert!(far.len() == 1 && far[0].contains("/a has `auth = \"none\"`"), "{far:?}");
}

#[test]
fn mcp_is_there_unless_it_is_elsewhere_or_switched_off() {
    let at = |text: &str| -> Vec<String> {
        let config = load(text).unwrap();
        config.mounts.iter().map(|mount| format!("{} {}", mount.kind.name(), mount.path)).collect()
    };
    assert_eq!(at(""), ["mcp /mcp", "mcp-sse /mcp/legacy/sse"]);
    assert!(at("mcp.enabled = false").is_empty());
    let own =
        "[[mount]]\npath = '/agents'\nkind = 'mcp'\n[[mount]]\npath = '/old'\nkind = 'mcp-sse'\nmessages = '/old'\n";
    assert_eq!(at(own), ["mcp /agents", "mcp-sse /old"]);
}

#[test]
fn events_are_not_told_to_those_who_may_not_read_their_stream() {
    let load = |stream: &str, figures: &str| {
        let stream = format!("[[mount]]\npath = '/s'\n{stream}\n");
        load(&format!(
            "{stream}[[mount]]\npath = '/f'\nkind = 'figures'\nanswer = '.'\nof = '/s'\nhistory = 1\n{figures}"
        ))
    };
    for (stream, figures) in [
        ("", "auth = 'none'"),
        ("auth = 'token'", ""),
        ("permissions = ['read']", ""),
        ("token-types = ['team']", ""),
        ("token-types = ['team']", "token-types = ['team', 'readonly']"),
    ] {
        let error = load(stream, figures).expect_err("somebody may read who may not");
        assert!(error.contains("has `history` at /f, where somebody may read who may not at \"/s\""), "{error}");
        assert!(load(figures, stream).is_ok(), "{stream} {figures}");
    }
    for same in ["", "auth = 'none'", "auth = 'token'", "permissions = ['a', 'b']", "token-types = ['team']"] {
        assert!(load(same, same).is_ok(), "{same}");
    }
}

#[test]
fn messages_of_mcp_go_to_one_mount_alone() {
    let mcp =
        |path: &str, messages: &str| format!("[[mount]]\npath = '{path}'\nkind = 'mcp-sse'\nmessages = '{messages}'\n");
    for second in [mcp("/b", "/m"), "[[mount]]\npath = '/m'\nkind = 'publish'\nevent = '.'\n".into()] {
        let error = load(&(mcp("/a", "/m") + &second)).expect_err("two take the same");
        assert!(error.contains("has `messages = \"/m\"` at /a, which the mount at"), "{error}");
    }
    let beside = "[[mount]]\npath = '/m'\nkind = 'figures'\nanswer = '.'\n";
    assert!(load(&(mcp("/a", "/m") + &mcp("/b", "/n") + &mcp("/c", "/c") + beside)).is_ok());
}
