//! Sending by `wasi:http`: the request's head, its body, then the answer until its end.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use super::url::Url;
use super::{Error, Request, Response};

/// Bytes of an answer that are asked for at once.
const PIECE_BYTES: u64 = 64 << 10;

impl Request {
    pub(super) fn send_to(&self, url: &Url<'_>) -> Result<Response, Error> {
        let request = self.head(url)?;
        let body = request.body().map_err(|()| Error::Request("`content-length` is no number".into()))?;
        let options = RequestOptions::new();
        if let Some(timeout) = self.timeout {
            let nanoseconds = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
            // A host that cannot do that has a limit of its own.
            let _ = options.set_first_byte_timeout(Some(nanoseconds));
        }
        let answer = outgoing_handler::handle(request, Some(options)).map_err(told)?;
        // A request that was ended meanwhile takes no more; why, its answer says.
        let _ = write(&body, &self.body);
        // A server may answer before it has read the whole body: what counts is whether there is an answer.
        let _ = OutgoingBody::finish(body, None);
        answer.subscribe().block();
        let response = match answer.get() {
            Some(Ok(answered)) => answered.map_err(told)?,
            _ => return Err(Error::Failed("there is no answer".into())),
        };
        read(&response)
    }

    fn head(&self, url: &Url<'_>) -> Result<OutgoingRequest, Error> {
        let mut headers = self.headers.clone();
        let names_length = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        if !names_length && (!self.body.is_empty() || matches!(&*self.method, "POST" | "PUT" | "PATCH")) {
            headers.push(("content-length".into(), self.body.len().to_string().into_bytes()));
        }
        let fields = Fields::from_list(&headers);
        let request = OutgoingRequest::new(fields.map_err(|error| Error::Request(format!("a header: {error}")))?);
        let scheme = if url.secure { Scheme::Https } else { Scheme::Http };
        let wrong = |what: &str, text: &str| Error::Request(format!("{what} `{text}` is wrong or too long"));
        request.set_method(&method(&self.method)).map_err(|()| wrong("the method", &self.method))?;
        request.set_scheme(Some(&scheme)).map_err(|()| wrong("the scheme of", &self.url))?;
        request.set_authority(Some(url.authority)).map_err(|()| wrong("the host", url.authority))?;
        let target = if url.target.is_empty() { "/" } else { url.target };
        request.set_path_with_query(Some(target)).map_err(|()| wrong("the path", target))?;
        Ok(request)
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn write(body: &OutgoingBody, mut bytes: &[u8]) -> Result<(), StreamError> {
    let Ok(stream): Result<OutputStream, ()> = body.write() else { return Err(StreamError::Closed) };
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX).min(bytes.len());
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (piece, rest) = bytes.split_at(room);
        stream.write(piece)?;
        bytes = rest;
    }
    Ok(())
}

fn read(response: &IncomingResponse) -> Result<Response, Error> {
    let (status, headers) = (response.status(), response.headers().entries());
    let gone = |()| Error::Failed("its body is gone".into());
    let body: IncomingBody = response.consume().map_err(gone)?;
    let stream: InputStream = body.stream().map_err(gone)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(PIECE_BYTES) {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(StreamError::Closed) => return Ok(Response { status, headers, body: bytes }),
            Err(StreamError::LastOperationFailed(error)) => return Err(Error::Failed(error.to_debug_string())),
        }
    }
}

/// An error of the host in the SDK's terms.
fn told(code: ErrorCode) -> Error {
    let named = format!("{code:?}");
    let why = |text: &str| text.to_owned();
    match code {
        ErrorCode::HttpRequestDenied => Error::Denied(why("the host was not granted")),
        ErrorCode::DestinationIpProhibited => Error::Denied(why("its address is not public and was not granted")),
        ErrorCode::DnsTimeout => Error::TimedOut(why("looking up its name")),
        ErrorCode::ConnectionTimeout => Error::TimedOut(why("connecting to it")),
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            Error::TimedOut(why("waiting for its answer"))
        }
        ErrorCode::ConnectionWriteTimeout => Error::TimedOut(why("sending the request")),
        ErrorCode::HttpRequestBodySize(_) => Error::TooLarge(why("the body of the request")),
        ErrorCode::HttpResponseBodySize(_) => Error::TooLarge(why("the body of the answer")),
        ErrorCode::HttpResponseHeaderSectionSize(_) => Error::TooLarge(why("the head of the answer")),
        ErrorCode::HttpRequestMethodInvalid => Error::Request(why("its method is not one that may be sent")),
        ErrorCode::HttpRequestUriInvalid => Error::Request(why("its URL names no host that a request can go to")),
        ErrorCode::ConnectionRefused => Error::Failed(why("the host takes no connection")),
        ErrorCode::TlsCertificateError => Error::Failed(why("the host's certificate is not trusted")),
        ErrorCode::DnsError(found) => Error::Failed(format!(
            "its name was not found{}",
            found.rcode.map_or_else(String::new, |why| format!(": {why}"))
        )),
        _ => Error::Failed(named.trim_start_matches("ErrorCode::").to_owned()),
    }
}
