//! `[[mount]]`: paths of the configuration, through a real server. How streams look is in other files.

mod access;
mod calling;
mod kinds;
mod pages;
mod reloaded;
mod sending;

use serde_json::Value;

use crate::support::Server;

/// Headers of an answer, as texts.
#[derive(Debug)]
struct Headers(reqwest::header::HeaderMap);

impl Headers {
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl std::ops::Index<&str> for Headers {
    type Output = str;

    fn index(&self, name: &str) -> &str {
        self.0[name].to_str().unwrap()
    }
}

/// The status, the headers and the body of an answer.
async fn answer(request: reqwest::RequestBuilder) -> (u16, Headers, String) {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), Headers(answer.headers().clone()));
    (status, headers, answer.text().await.unwrap())
}

/// The status and the JSON of an answer.
async fn json_of(request: reqwest::RequestBuilder) -> (u16, Value) {
    let (status, _, body) = answer(request).await;
    (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status}: {body}")))
}

fn post(server: &Server, path: &str, body: &str) -> reqwest::RequestBuilder {
    server.http.post(server.url(path)).header("content-type", "application/json").body(body.to_owned())
}

/// The example of docs/mounts.md that has a line.
fn example(line: &str) -> &'static str {
    let blocks = include_str!("../../docs/mounts.md").split("```toml\n").skip(1);
    let mut blocks = blocks.filter_map(|rest| rest.split("```").next());
    blocks.find(|block| block.lines().any(|own| own == line)).unwrap_or_else(|| panic!("no example has {line}"))
}
