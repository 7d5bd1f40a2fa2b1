//! A connection to a server as bytes: requests are sent as they are, answers are taken apart strictly.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::chunked::Chunked;
use super::server::PATIENCE;

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// The lines as they came, without their ends.
    pub(crate) lines: Vec<String>,
}

impl Head {
    fn parse(text: &str) -> Self {
        let lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
        let status = lines[0].split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { status: status.unwrap_or_else(|| panic!("no status: {text}")), lines }
    }

    /// A header's value, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let headers = self.lines[1..].iter().filter_map(|line| line.split_once(": "));
        headers.into_iter().find_map(|(own, value)| own.eq_ignore_ascii_case(name).then_some(value))
    }
}

/// How the end of a body is known.
#[derive(Debug)]
enum Framing {
    Chunked(Chunked),
    Length(usize),
    UntilClosed,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Wire {
    socket: TcpStream,
    /// Received, but not understood yet.
    raw: Vec<u8>,
    framing: Framing,
    /// Of the body, but not taken yet.
    body: Vec<u8>,
    received: usize,
}

impl Wire {
    pub(crate) async fn open(address: &str) -> Self {
        Self::connect(address, |_| {}).await
    }

    /// With the smallest room for what comes that the kernel gives: whoever does not read stops the sender soon.
    pub(crate) async fn open_small(address: &str) -> Self {
        Self::connect(address, |socket| socket.set_recv_buffer_size(4096).unwrap()).await
    }

    async fn connect(address: &str, prepare: impl Fn(&TcpSocket)) -> Self {
        let mut from = 1;
        let socket = loop {
            let socket = TcpSocket::new_v4().unwrap();
            prepare(&socket);
            if from > 1 {
                socket.bind((Ipv4Addr::new(127, 0, 0, from), 0).into()).unwrap();
            }
            match timeout(PATIENCE, socket.connect(address.parse().unwrap())).await.expect("no connection") {
                Ok(socket) => break socket,
                // Ports have run short, be it because of somebody else. Other addresses of this machine have more; they
                // are not the first choice, since a port that is bound is taken from all who do not bind.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && from < 8 => from += 1,
                Err(error) => panic!("no connection: {error}"),
            }
        };
        socket.set_nodelay(true).unwrap();
        Self { socket, raw: Vec::new(), framing: Framing::UntilClosed, body: Vec::new(), received: 0 }
    }

    /// Opens, sends the plainest request for a stream, and waits for its greeting.
    pub(crate) async fn subscribe(address: &str, query: &str) -> Self {
        let mut wire = Self::open(address).await;
        wire.ask(query).await;
        wire.greeting().await;
        wire
    }

    /// Sends the plainest request for a stream.
    pub(crate) async fn ask(&mut self, query: &str) {
        self.send(format!("GET /events?{query} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    }

    /// The head of a stream and the position where it begins.
    pub(crate) async fn greeting(&mut self) -> (Head, String) {
        let head = self.head().await.expect("the connection ended without an answer");
        assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
        let text = self.until("\n\n").await;
        let id = text.strip_prefix("retry: ").and_then(|text| text.split_once("\nid: "));
        (head, id.unwrap_or_else(|| panic!("no greeting: {text}")).1.trim_end().to_owned())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.expect("the server took no more");
    }

    /// The same to a server that may end the connection meanwhile.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.socket.write_all(bytes.as_ref()).await
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn half_close(&mut self) {
        self.socket.shutdown().await.unwrap();
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        self.socket.set_zero_linger().unwrap();
    }

    /// The head of the next answer; none if the connection ends instead.
    pub(crate) async fn head(&mut self) -> Option<Head> {
        loop {
            if let Some(end) = find(&self.raw, b"\r\n\r\n") {
                let head = Head::parse(std::str::from_utf8(&self.raw[..end]).unwrap());
                self.raw.drain(..end + 4);
                self.framing = if let Some(coding) = head.get("transfer-encoding") {
                    assert_eq!(coding, "chunked");
                    Framing::Chunked(Chunked::default())
                } else if let Some(length) = head.get("content-length") {
                    Framing::Length(length.parse().unwrap())
                } else {
                    Framing::UntilClosed
                };
                self.body.clear();
                return Some(head);
            }
            if !self.fill().await {
                assert!(self.raw.is_empty(), "half a head: {}", String::from_utf8_lossy(&self.raw));
                return None;
            }
        }
    }

    /// The body up to and with a text.
    pub(crate) async fn until(&mut self, what: &str) -> String {
        // What was looked at once is not looked at again: events may be large.
        let mut seen = 0;
        loop {
            self.decode();
            if let Some(at) = find(&self.body[seen..], what.as_bytes()) {
                return String::from_utf8(self.body.drain(..seen + at + what.len()).collect()).unwrap();
            }
            seen = self.body.len().saturating_sub(what.len());
            let over = self.is_over();
            let more = !over && self.fill().await;
            let end = if over { "the body" } else { "the connection" };
            assert!(more, "{end} ended before {what:?}: {}", String::from_utf8_lossy(&self.body));
        }
    }

    /// The next event's `data:`, past heartbeats.
    pub(crate) async fn data(&mut self) -> String {
        let data = async {
            loop {
                let block = self.until("\n\n").await;
                if let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) {
                    return data.to_owned();
                }
            }
        };
        within("no event came", data).await
    }

    /// More of the body, whatever there is; none at its end.
    pub(crate) async fn some(&mut self) -> Option<Bytes> {
        loop {
            self.decode();
            if !self.body.is_empty() {
                return Some(std::mem::take(&mut self.body).into());
            }
            if self.is_over() || !self.fill().await {
                return None;
            }
        }
    }

    /// The rest of the body, and whether it ended as its framing demands: not because the connection did.
    pub(crate) async fn rest(&mut self) -> (String, bool) {
        let mut rest = Vec::new();
        let all = async {
            while let Some(some) = self.some().await {
                rest.extend_from_slice(&some);
            }
        };
        within("the body goes on", all).await;
        (String::from_utf8(rest).unwrap(), self.is_over())
    }

    /// What comes, body or not, until the server ends the connection.
    pub(crate) async fn until_closed(&mut self) -> Vec<u8> {
        within("the connection stays open", async { while self.fill().await {} }).await;
        std::mem::take(&mut self.raw)
    }

    /// Takes at most so many bytes from the kernel, without a look at them; false: the connection ended.
    pub(crate) async fn sip(&mut self, bytes: usize) -> bool {
        self.read(bytes).await
    }

    /// Bytes that came so far.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    /// Waits a while for the socket to take bytes, and sends as many as it takes; none if it takes none.
    pub(crate) async fn push(&self, bytes: &[u8], patience: Duration) -> Option<usize> {
        let deadline = Instant::now() + patience;
        loop {
            timeout_at(deadline, self.socket.writable()).await.ok()?.ok()?;
            match self.socket.try_write(bytes) {
                Ok(count) => return Some(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }

    fn decode(&mut self) {
        match &mut self.framing {
            Framing::Chunked(chunked) => chunked.decode(&mut self.raw, &mut self.body),
            Framing::Length(left) => {
                let count = self.raw.len().min(*left);
                self.body.extend(self.raw.drain(..count));
                *left -= count;
            }
            Framing::UntilClosed => self.body.append(&mut self.raw),
        }
    }

    fn is_over(&self) -> bool {
        match &self.framing {
            Framing::Chunked(chunked) => chunked.is_over(),
            Framing::Length(left) => *left == 0,
            Framing::UntilClosed => false,
        }
    }

    async fn fill(&mut self) -> bool {
        self.read(16 << 10).await
    }

    /// False: the connection ended, in whatever way.
    async fn read(&mut self, most: usize) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let readable = timeout_at(deadline, self.socket.readable()).await;
            readable.unwrap_or_else(|_| panic!("nothing comes after {} bytes", self.received)).unwrap();
            match self.take(most) {
                Ok(count) => return count > 0,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
    }

    /// Apart from [`Self::read`], whose state need not hold the buffer.
    fn take(&mut self, most: usize) -> io::Result<usize> {
        let mut buffer = [0; 16 << 10];
        let most = most.min(buffer.len());
        let count = self.socket.try_read(&mut buffer[..most])?;
        self.raw.extend_from_slice(&buffer[..count]);
        self.received += count;
        Ok(count)
    }
}

/// Of all that comes meanwhile: heartbeats would go on for ever.
async fn within<T>(otherwise: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{otherwise}"))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
