//! Begins very many requests and waits for none, and hoards what requests are made of.
use tidemill_sdk::{Event, Verdict};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};

tidemill_sdk::filter!(flood, name: "flooder", summary: "Floods a host with requests", subscribes: &["*"]);

fn flood(event: &Event<'_>) -> Verdict {
    let authority = String::from_utf8_lossy(event.data()).trim_matches('"').to_owned();
    match event.kind() {
        "flood.requests" => {
            let begun: Vec<_> = (0..10_000).map(|_| outgoing_handler::handle(request(&authority), None)).collect();
            Verdict::keep_if(begun.len() == 10_000)
        }
        // None of them goes anywhere.
        "flood.nowhere" => {
            for _ in 0..500 {
                // One without a path, one without anything.
                drop(outgoing_handler::handle(request("a.test"), None));
                drop(outgoing_handler::handle(OutgoingRequest::new(Fields::new()), None));
            }
            Verdict::Keep
        }
        // Each of them is to be a request with a method, a host and a path of megabytes, which nobody sends.
        "flood.words" => {
            let words = "x".repeat(4 << 20);
            let hoard: Vec<_> = (0..150)
                .map(|_| {
                    let request = request(&authority);
                    let _ = request.set_method(&Method::Other(words.clone()));
                    let _ = request.set_authority(Some(&words));
                    let _ = request.set_path_with_query(Some(&words));
                    request
                })
                .collect();
            Verdict::keep_if(hoard.len() == 150)
        }
        _ => Verdict::Keep,
    }
}

fn request(authority: &str) -> OutgoingRequest {
    let request = OutgoingRequest::new(Fields::new());
    let set = request.set_scheme(Some(&Scheme::Http)).and_then(|()| request.set_authority(Some(authority)));
    // What the host does not take it denies later.
    let _ = set;
    request
}
