//! A server on loopback that answers by path what it was told to, and keeps what it was sent.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::origin::acceptor;

/// It goes on until the test's runtime ends.
pub(crate) struct Canned {
    /// `127.0.0.1:<port>`
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, (u16, Bytes)>,
    sent: Vec<(String, Bytes)>,
}

impl Canned {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    /// Over TLS, with a certificate that lies in a directory.
    pub(crate) async fn start_secure(directory: &Path, name: &str) -> Self {
        Self::listen(Some(acceptor(directory, name))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tls, state) = (tls.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    match tls {
                        None => serve(socket, state).await,
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                serve(socket, state).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, state }
    }

    /// What it answers at a path from now on; elsewhere 404. With a status of 3xx the body is the place to go to.
    pub(crate) fn answer(&self, path: &str, status: u16, body: impl Into<Bytes>) {
        self.state.lock().unwrap().answers.insert(path.to_owned(), (status, body.into()));
    }

    /// The bodies that it was sent at a path, in order.
    pub(crate) fn sent(&self, path: &str) -> Vec<Bytes> {
        let state = self.state.lock().unwrap();
        state.sent.iter().filter(|(own, _)| own == path).map(|(_, body)| body.clone()).collect()
    }
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let state = Arc::clone(&state);
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let mut state = state.lock().unwrap();
            let (status, answer) = state.answers.get(&path).cloned().unwrap_or((404, Bytes::new()));
            state.sent.push((path, body));
            let response = Response::builder().status(status);
            Ok::<_, Infallible>(match status {
                300..400 => response.header("location", &answer[..]).body(Full::default()).unwrap(),
                _ => response.body(Full::new(answer)).unwrap(),
            })
        }
    });
    // Clients may go in any way.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
}
