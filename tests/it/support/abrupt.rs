//! A server on loopback that does not hear requests out: it answers by path once it has their heads, and says that it closes.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// It goes on until the test's runtime ends.
pub(crate) struct Abrupt {
    address: String,
}

impl Abrupt {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket));
            }
        });
        Self { address }
    }

    /// `/early` is refused before its body came, and what is below `/plugins` cut off besides; `/none/…` is not answered, `/long/…` with
    /// more than anybody reads, and all else by what is no HTTP.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Clients may go in any way.
async fn serve(socket: TcpStream) {
    let mut socket = BufReader::new(socket);
    let (mut head, mut line) = (String::new(), String::new());
    while socket.read_line(&mut line).await.is_ok_and(|bytes| bytes > 2) {
        head.push_str(&line);
        line.clear();
    }
    let path = head.split(' ').nth(1).unwrap_or_default();
    let answer = match path.split('/').nth(1) {
        Some("early") => "HTTP/1.1 401 Unauthorized\r\ncontent-length: 5\r\nconnection: close\r\n\r\nwho?\n".to_owned(),
        Some("plugins") => {
            "HTTP/1.1 413 Too Large\r\ncontent-length: 17\r\nconnection: close\r\n\r\nthe most is 1 MiB".to_owned()
        }
        Some("long") => format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x: y\r\n".repeat(200)),
        Some("none") => String::new(),
        _ => "nonsense\r\n\r\n".to_owned(),
    };
    let _ = socket.write_all(answer.as_bytes()).await;
    if path.starts_with("/plugins") {
        // A connection that goes with bytes that nobody took is reset.
        return;
    }
    let _ = socket.shutdown().await;
    // What else is on its way is taken, so that the answer is not lost with it; slowly, as it is nobody's concern.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let _ = socket.read_to_end(&mut Vec::new()).await;
}
