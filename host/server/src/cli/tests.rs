//! The commands against a server that answers as it is told.

mod publish;
mod tail;

use std::{
    future::Future,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::Uri, response::Response};
use clap::{CommandFactory, Parser};

use super::*;

/// What the fake server was asked.
#[derive(Debug, Clone)]
struct Asked {
    query: String,
    headers: HeaderMap,
    body: String,
}

type Log = Arc<Mutex<Vec<Asked>>>;
type Answerer = Arc<dyn Fn(usize, &Asked) -> Response + Send + Sync>;

/// A server whose answer to the nth request is made by a function; its address and what it was asked.
async fn server(answer: impl Fn(usize, &Asked) -> Response + Send + Sync + 'static) -> (String, Log) {
    async fn handle(
        State((log, answer)): State<(Log, Answerer)>,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        let asked = Asked {
            query: uri.query().unwrap_or_default().to_owned(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        let nth = {
            let mut log = log.lock().unwrap();
            log.push(asked.clone());
            log.len() - 1
        };
        answer(nth, &asked)
    }
    let log = Log::default();
    let answer: Answerer = Arc::new(answer);
    let router = Router::new().route("/events", axum::routing::any(handle)).with_state((log.clone(), answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, log)
}

fn response(status: u16, content_type: &str, body: impl Into<axum::body::Body>) -> Response {
    Response::builder().status(status).header("content-type", content_type).body(body.into()).unwrap()
}

/// Runs a command line; gives the exit, standard output, and standard error with the last message.
async fn run(args: &[&str]) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut output = Output { out: &mut out, err: &mut err };
    let result = match Cli::try_parse_from([&["tidemill"], args].concat()).unwrap().command {
        Command::Publish(args) => super::publish::run(&args, &mut output).await,
        Command::Plugin(args) => super::plugin::run(&args, &mut output).await,
        Command::Tail(args) => super::tail::run(&args, &mut output).await,
        Command::Config(args) => super::config::run(&args, std::iter::empty(), &check_plugin, &mut output),
        Command::Log(args) => super::log::run(&args, &mut output),
        Command::Types(args) => super::types::run(&args, &mut output).await,
        Command::Token(args) => super::token::run(&args, &mut output).await,
        Command::Serve(_) | Command::KeepGroups => panic!("no server is started here"),
    };
    let exit = result.unwrap_or_else(|failure| match failure {
        Failure::Told { exit, message } => {
            writeln!(err, "{message}").unwrap();
            exit
        }
        Failure::OutputClosed => Exit::Success,
    });
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn check_plugin(_: &str, table: &toml::Table) -> Vec<String> {
    table.contains_key("odrer").then(|| "`odrer` is not a known key".to_owned()).into_iter().collect()
}

#[test]
fn the_arguments_are_consistent_and_every_command_has_examples() {
    Cli::command().debug_assert();
    for name in ["serve", "publish", "tail", "config", "log"] {
        let mut command = Cli::command();
        let help = command.find_subcommand_mut(name).unwrap().render_long_help().to_string();
        assert!(help.contains("Examples:"), "{name}");
    }
}

#[test]
fn serve_passes_its_flags_to_the_configuration() {
    let cli = Cli::try_parse_from(["tidemill", "serve", "--listen", "127.0.0.1:0", "--data", "d", "--print-addr"]);
    let Command::Serve(args) = cli.unwrap().command else { panic!() };
    assert!(args.print_addr);
    // The process environment of the tests is nobody's configuration.
    let config = args.config.load().unwrap();
    assert_eq!((&*config.listen.to_string(), &*config.data_dir), ("127.0.0.1:0", std::path::Path::new("d")));
}

#[tokio::test]
async fn config_check_says_ok_or_everything_that_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "listen = '127.0.0.1:0'").unwrap();
    assert_eq!(run(&["config", "check", "--config", path]).await, (Exit::Success, "OK\n".into(), String::new()));

    std::fs::write(&file, "lisen = 1\n[log]\nevents-max = 0").unwrap();
    let (exit, out, err) = run(&["config", "check", "--config", path, "--listen", "x"]).await;
    assert_eq!((exit, &*out), (Exit::Usage, ""));
    for expected in ["3 problems", "--listen: `listen` is \"x\"", "t.toml:3: `log.events-max`", "t.toml:1: `lisen`"] {
        assert!(err.contains(expected), "{expected} in {err}");
    }

    std::fs::write(&file, "\n[plugins.cel]\nodrer = 1").unwrap();
    let (exit, _, err) = run(&["config", "show", "--config", path]).await;
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("t.toml:2: `plugins.cel`: `odrer` is not a known key"), "{err}");

    let (exit, _, err) = run(&["config", "check", "--config", "/nonexistent.toml"]).await;
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("cannot read the configuration file /nonexistent.toml: No such file"), "{err}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_a_way_out() {
    // Bound and closed again: nobody listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let commands: [&[&str]; 2] = [&["publish", "a.b", "1", "--url", &url], &["tail", "--url", &url]];
    for command in commands {
        let (exit, out, err) = run(command).await;
        assert_eq!((exit, &*out), (Exit::Unreachable, ""));
        assert!(err.contains(&format!("cannot connect to {url}: Connection refused")), "{err}");
        assert!(err.contains("`tidemill serve`"), "{err}");
    }
    for url in ["https://", "http://", "ftp://x"] {
        assert_eq!(run(&["tail", "--url", url]).await.0, Exit::Usage, "{url}");
    }
}

/// Fails like standard output whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A test that waits for what does not come fails instead of hanging.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(20), future).await.expect("took too long")
}
