//! Sockets that are no port of the configuration: one in the file system, and those of a service manager, which is also
//! told how the server is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::{PATIENCE, Server, Subscriber, prepare, terminate, tidemill};

/// Listens as it is told to, passes the socket on as service managers do, and becomes the server.
const LAUNCHER: &str = "
import os, socket, sys
listener = socket.socket(); listener.bind((sys.argv[1], 0)); listener.listen()
os.dup2(listener.fileno(), 3); os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
";

/// A server that was started once and has ended, to be started in another way.
async fn prepared(config: &str) -> Server {
    let mut server = Server::start(config, &[]).await;
    server.stop();
    server
}

fn on_socket(directory: &Path) -> Command {
    let mut command = tidemill(directory);
    command.args(["serve", "--listen", "unix:tide.sock", "--print-addr"]);
    command
}

fn curl(socket: &Path, path: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-sSN", "--max-time", "60", "--unix-socket"]).arg(socket).arg(format!("http://localhost{path}"));
    curl
}

fn text(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unix_socket_is_as_good_as_a_port_and_is_for_this_machine() {
    let mut server = prepared("[server]\nsocket-mode = \"0600\"\n").await;
    let socket = server.directory().join("tide.sock");
    let mut command = on_socket(server.directory());
    server.start_again_with(&mut command).unwrap();
    assert_eq!(server.address(), "unix:tide.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let event = json!({"type": "a", "data": 1}).to_string();
    assert!(
        text(curl(&socket, "/events").args(["--json", &event])).contains("\"stored\""),
        "nobody needs a token there"
    );
    assert!(text(&mut curl(&socket, "/events?since=earliest&limit=1")).contains("\ndata: 1\n"));

    let second = on_socket(server.directory()).output().unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && told.contains("unix:tide.sock") && told.contains("somebody listens"), "{told}");
    // One that was left behind is taken over, and one that is ended in order leaves none.
    server.kill();
    assert!(socket.exists());
    server.start_again_with(&mut command).unwrap();
    assert!(text(&mut curl(&socket, "/livez")).contains("live"));
    server.stop();
    assert!(!socket.exists());
    // What is no socket is nobody's to remove.
    fs::write(&socket, "a file").unwrap();
    assert!(server.start_again_with(&mut command).unwrap_err().told.contains("no socket"));
    assert_eq!(fs::read_to_string(&socket).unwrap(), "a file");
    fs::remove_file(&socket).unwrap();
    drop(UnixListener::bind(&socket).unwrap());
    server.start_again_with(&mut command).unwrap();
}

fn activated(directory: &Path, host: &str) -> Command {
    let mut command = Command::new("python3");
    prepare(&mut command);
    command.current_dir(directory).args([
        "-c",
        LAUNCHER,
        host,
        env!("CARGO_BIN_EXE_tidemill"),
        "serve",
        "--print-addr",
    ]);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_manager_hands_over_its_socket_and_hears_how_it_goes() {
    let mut server = prepared("listen = \"127.0.0.1:1\"\n").await;
    let manager = UnixDatagram::bind(server.directory().join("notify")).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = |what: &str| {
        let mut buffer = [0; 256];
        loop {
            let length = manager.recv(&mut buffer).expect(what);
            let heard = std::str::from_utf8(&buffer[..length]).unwrap();
            if heard.contains(what) {
                return;
            }
            // Between other things it hears that all is well.
            assert!(heard.contains("WATCHDOG=1"), "{heard} instead of {what}");
        }
    };
    let mut command = activated(server.directory(), "127.0.0.1");
    command.env("NOTIFY_SOCKET", server.directory().join("notify")).env("WATCHDOG_USEC", "200000");
    server.start_again_with(&mut command).unwrap();
    assert!(!server.address().ends_with(":1"), "the socket that was handed over is taken");
    hear("READY=1");
    hear("WATCHDOG=1");
    let mut stream = Subscriber::open(&server, "types=a").await;
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.data, "1");
    terminate(&server);
    hear("STOPPING=1");
    assert!(server.wait().success());
}

/// What is configured says nothing about who reaches a socket that is handed over.
#[tokio::test]
async fn a_socket_for_everybody_that_is_handed_over_needs_tokens() {
    let mut server = prepared("").await;
    let mut command = activated(server.directory(), "0.0.0.0");
    server.start_again_with(&mut command).unwrap();
    assert_eq!(server.get("/plugins").await.0, 401);
}
