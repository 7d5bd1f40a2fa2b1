//! A registry that answers what a test wants, also what no registry would.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What was asked for, with what was shown (`Authorization`, or `Proxy-Authorization`).
type Seen = (String, Option<String>);

/// It goes on until the test's runtime ends.
pub(super) struct Fake {
    /// `127.0.0.1:<port>`
    pub(super) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(super) async fn start(answer: impl Fn(&Request<Incoming>) -> Response<Body> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (answer, seen) = (Arc::new(answer), Arc::<Mutex<Vec<Seen>>>::default());
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                let service = service_fn(move |request: Request<Incoming>| {
                    let shown = ["authorization", "proxy-authorization"].map(|name| request.headers().get(name));
                    let known = shown.into_iter().flatten().next().map(|value| value.to_str().unwrap().to_owned());
                    kept.lock().unwrap().push((request.uri().to_string(), known));
                    let answered = answer(&request);
                    async move { Ok::<_, Infallible>(answered) }
                });
                tokio::spawn(async move {
                    // Clients may go in any way.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Self { address, seen }
    }

    /// What came so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// An answer with a body.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into()).boxed_unsync()).unwrap()
}

/// An answer that does not end.
pub(super) fn endless() -> Response<Body> {
    let part = Bytes::from(vec![b' '; 64 << 10]);
    let parts = stream::repeat_with(move || Ok(Frame::data(part.clone())));
    Response::new(StreamBody::new(parts).boxed_unsync())
}
