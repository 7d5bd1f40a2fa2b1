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

    /// `/early` is refused before its body came, `/nonsense` is answered by what is no HTTP.
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
    let answer: &[u8] = match head.split(' ').nth(1) {
        Some("/early") => b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 5\r\nconnection: close\r\n\r\nwho?\n",
        _ => b"nonsense\r\n\r\n",
    };
    let _ = socket.write_all(answer).await;
    let _ = socket.shutdown().await;
    // What else is on its way is taken, so that the answer is not lost with it; slowly, as it is nobody's concern.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let _ = socket.read_to_end(&mut Vec::new()).await;
}
