//! A server on loopback for plugins that send requests: it counts them, and misbehaves by path.

use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// It goes on until the test's runtime ends.
pub(crate) struct Origin {
    /// `127.0.0.1:<port>`
    pub(crate) address: String,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
    answers: AtomicBool,
}

impl Origin {
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
        let counts: Arc<Counts> = Arc::default();
        let counted = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tls, counts) = (tls.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    match tls {
                        None => serve(socket, counts).await,
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                serve(socket, counts).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, counts }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap().1
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.counts.requests.load(SeqCst)
    }

    /// The most requests that there were at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.counts.most.load(SeqCst)
    }

    /// From now on `/silent` answers.
    pub(crate) fn speak(&self) {
        self.counts.answers.store(true, SeqCst);
    }
}

/// What does handshakes with such a certificate.
pub(super) fn acceptor(directory: &Path, name: &str) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(directory.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(directory.join(format!("{name}.key"))).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin, counts: Arc<Counts>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let counts = Arc::clone(&counts);
        async move {
            let number = counts.requests.fetch_add(1, SeqCst) + 1;
            let _present = Present::new(&counts);
            let mut response = answer(request, &counts).await;
            response.headers_mut().insert("x-served", number.into());
            Ok::<_, Infallible>(response)
        }
    });
    // Clients may go in any way.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
}

/// A request that is being answered.
struct Present(Arc<Counts>);

impl Present {
    fn new(counts: &Arc<Counts>) -> Self {
        let now = counts.now.fetch_add(1, SeqCst) + 1;
        counts.most.fetch_max(now, SeqCst);
        Self(Arc::clone(counts))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

async fn answer(request: Request<Incoming>, counts: &Counts) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let (action, detail) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let number = detail.parse().unwrap_or(0);
    match action {
        "echo" => echo(request).await,
        "redirect" => {
            let to = request.uri().query().unwrap().to_owned();
            Response::builder().status(302).header("location", to).body(full("")).unwrap()
        }
        "bytes" => Response::new(full("x".repeat(number))),
        "chunks" => Response::new(pieces(number, Duration::ZERO)),
        "drip" => Response::new(pieces(usize::MAX, Duration::from_millis(20))),
        "headers" => Response::builder().header("x-long", "x".repeat(number)).body(full("")).unwrap(),
        "slow" => {
            tokio::time::sleep(Duration::from_millis(number as u64)).await;
            Response::new(full("slow"))
        }
        "silent" if !counts.answers.load(SeqCst) => std::future::pending().await,
        _ => Response::new(full("hello")),
    }
}

/// What came: method, path, headers and body.
async fn echo(request: Request<Incoming>) -> Response<Body> {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Response::new(full(format!("{text}\n{}", String::from_utf8_lossy(&body))))
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed_unsync()
}

/// So many bytes, one at a time, without saying how many.
fn pieces(bytes: usize, pause: Duration) -> Body {
    let stream = futures_util::stream::unfold(0, move |sent| async move {
        tokio::time::sleep(pause).await;
        // Without a pause more of them at once.
        let piece = if pause.is_zero() { 1024.min(bytes - sent) } else { 1 };
        (sent < bytes).then(|| (Ok(Frame::data(Bytes::from("x".repeat(piece)))), sent + piece))
    });
    let stream: Pin<Box<dyn futures_util::Stream<Item = _> + Send>> = Box::pin(stream);
    StreamBody::new(stream).boxed_unsync()
}
