//! In which coding a stream is sent: the header `Accept-Encoding` (RFC 9110, section 12.5.3) and what the operator lets.

use axum::http::{HeaderMap, HeaderValue, Response, header};
use tidemill_bus::Coding;

/// The weight of what is wanted most, in thousandths.
const MOST: u16 = 1000;

/// The coding that the client likes best of those that are let; of several the one that is named first there. What cannot
/// be read of the header is passed over: nobody loses a stream for it.
pub(super) fn negotiate(headers: &HeaderMap, let_in: &[Coding]) -> Coding {
    let mut weights: [Option<u16>; 3] = [None; 3];
    let mut others = None;
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for (name, weight) in values.flat_map(|value| value.split(',')).filter_map(read) {
        match name {
            Name::Known(coding) => weights[coding as usize] = Some(weight),
            Name::Others => others = Some(weight),
        }
    }
    let weight = |coding: Coding| weights[coding as usize].or(others).unwrap_or(0);
    // As they are comes last: if it is not named, and where weights are equal.
    let plain = weights[Coding::Identity as usize].unwrap_or(0);
    let mut best = (Coding::Identity, plain.max(1) - 1);
    for coding in let_in {
        if weight(*coding) > best.1 {
            best = (*coding, weight(*coding));
        }
    }
    best.0
}

/// Says so in the answer. What is answered depends on the request as soon as any coding is let.
pub(super) fn tell<T>(response: &mut Response<T>, coding: Coding, let_in: &[Coding]) {
    if !let_in.is_empty() {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if coding != Coding::Identity {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
}

/// What one item names.
enum Name {
    Known(Coding),
    /// `*`
    Others,
}

/// One item; none if it is of no use.
fn read(item: &str) -> Option<(Name, u16)> {
    let (name, weight) = match item.split_once(';') {
        Some((name, parameter)) => (name, weight(parameter)?),
        None => (item, MOST),
    };
    let name = match &*name.trim().to_ascii_lowercase() {
        "*" => Name::Others,
        "identity" => Name::Known(Coding::Identity),
        // The older name.
        "gzip" | "x-gzip" => Name::Known(Coding::Gzip),
        "zstd" => Name::Known(Coding::Zstd),
        _ => return None,
    };
    Some((name, weight))
}

/// `q=0.5`: from 0 to 1, with up to three digits after the point.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim();
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !name.trim().eq_ignore_ascii_case("q") || !digits || !["0", "1"].contains(&whole) {
        return None;
    }
    format!("{whole}{part:0<3}").parse().ok().filter(|weight| *weight <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Gzip, Identity, Zstd};

    fn best(lines: &[&'static str], let_in: &[Coding]) -> Coding {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        negotiate(&headers, let_in)
    }

    #[test]
    fn the_client_chooses_among_what_is_let() {
        for (line, expected) in [
            ("gzip", Gzip),
            ("gzip, deflate, br, zstd", Zstd),
            ("gzip;q=1.0, zstd;q=0.5", Gzip),
            ("zstd;q=0.5,gzip;q=0.501", Gzip),
            ("GZip ; Q=0.001", Gzip),
            ("x-gzip", Gzip),
            ("*", Zstd),
            ("*, zstd;q=0", Gzip),
            ("*;q=0, gzip", Gzip),
            ("identity", Identity),
            ("identity, gzip;q=0.9", Identity),
            ("identity;q=0.5, gzip;q=0.5", Gzip),
            ("identity;q=0.5, *;q=0.6", Zstd),
            ("gzip;q=0", Identity),
            ("gzip;q=0.000, *;q=0", Identity),
            ("identity;q=0", Identity),
            ("br, deflate", Identity),
            ("", Identity),
        ] {
            assert_eq!(best(&[line], &[Zstd, Gzip]), expected, "{line}");
        }
        assert_eq!(best(&["br", "gzip"], &[Zstd, Gzip]), Gzip, "several lines");
        assert_eq!(best(&["zstd, gzip"], &[Gzip, Zstd]), Gzip, "the operator's order decides");
        assert_eq!(best(&["zstd, gzip;q=0.1"], &[Gzip]), Gzip);
        assert_eq!(best(&["zstd, gzip"], &[]), Identity, "nothing is let");
        assert_eq!(best(&[], &[Zstd, Gzip]), Identity, "nothing is asked for");
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for garbage in [
            ";",
            ",,,",
            "gzip;",
            "gzip;q",
            "gzip;q=",
            "gzip;q=2",
            "gzip;q=1.001",
            "gzip;q=0.1234",
            "gzip;q=-1",
            "gzip;q=0.5;x=1",
            "gzip;x=1",
            "gzip zstd",
            "gzip;q=\u{b5}",
            "gzip;q=+1",
            "gzip;q= 1 0",
        ] {
            let mut headers = HeaderMap::new();
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_bytes(garbage.as_bytes()).unwrap());
            assert_eq!(negotiate(&headers, &[Zstd, Gzip]), Identity, "{garbage}");
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static("zstd;q=0.001"));
            assert_eq!(negotiate(&headers, &[Zstd, Gzip]), Zstd, "{garbage}, and one that can be read");
        }
    }
}
