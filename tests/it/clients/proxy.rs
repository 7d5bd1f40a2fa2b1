//! A TCP proxy that cuts its connections when it is told to, as networks do, and stays where it is when the server behind
//! it moves.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::eventually;

/// Ends with its owner, and all connections with it.
pub(crate) struct Proxy {
    address: SocketAddr,
    server: Arc<Mutex<String>>,
    /// Counts the cuts.
    cuts: watch::Sender<u64>,
    /// Counts the blocks of event streams that went through.
    blocks: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of this machine.
    pub(crate) async fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = watch::Sender::new(0);
        let blocks = Arc::new(AtomicUsize::new(0));
        let server = Arc::new(Mutex::new(server.to_owned()));
        let (present, subscribe, count) = (Arc::clone(&server), cuts.clone(), Arc::clone(&blocks));
        let accepting = tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut cut = subscribe.subscribe();
                let (server, count) = (present.lock().unwrap().clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    // Nobody is there while the server is down.
                    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
                    let (mut requests, mut answers) = client.split();
                    let (mut from_server, mut to_server) = upstream.split();
                    // Both ends see their connection end, wherever in an event that may be.
                    tokio::select! {
                        _ = copy(&mut requests, &mut to_server) => {}
                        () = pass(&mut from_server, &mut answers, &count) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, server, cuts, blocks, accepting }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until so many blocks went to clients. What went is read by them even if they are cut afterwards.
    pub(crate) async fn passed(&self, blocks: usize) {
        eventually("the client gets the stream", async || self.blocks.load(Ordering::Relaxed) >= blocks).await;
    }

    /// New connections go to another address.
    pub(crate) fn moved(&self, server: &str) {
        server.clone_into(&mut self.server.lock().unwrap());
    }

    /// Drops every connection there is; new ones are taken.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// Copies a stream, and counts the empty lines that end its blocks.
async fn pass(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), blocks: &AtomicUsize) {
    let mut buffer = [0; 4096];
    let mut last = 0;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        for &byte in &buffer[..length] {
            blocks.fetch_add(usize::from((last, byte) == (b'\n', b'\n')), Ordering::Relaxed);
            last = byte;
        }
    }
}
