//! Tokens: whatever is sent, there is a principal only if the right key signed it with the right algorithm, for us and for
//! now; and the principal has what was signed.
//!
//! Input: a digit for who signs, the header, the claims and a signature, with line ends in between. `0`: it is the token;
//! `1`: with our secret; `2`: with the issuer's public key as a secret; `3`: with our secret, but other claims; `4`: nobody;
//! `5`: with the key of the other issuer.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use futures_util::FutureExt;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};

use super::*;
use crate::clock;
use crate::config::{Claims, Issuer as Written, KeySource};
use crate::outbound::Outbound;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/it/auth/");
const SECRET: &str = include_str!("../../../../tests/it/auth/secret.txt");
const PUBLIC: &[u8] = include_bytes!("../../../../tests/it/auth/rsa.pem");
const PRIVATE: &[u8] = include_bytes!("../../../../tests/it/auth/rsa.key.pem");

static AUTH: LazyLock<Auth> = LazyLock::new(|| {
    let issuer = |name: &str, algorithm, keys| Written {
        issuer: name.to_owned(),
        audience: vec!["tidemill".to_owned()],
        algorithms: vec![algorithm],
        keys,
        leeway: std::time::Duration::ZERO,
        claims: Claims::default(),
        publish: None,
        subscribe: None,
    };
    let issuers = vec![
        issuer("secret", Algorithm::HS256, KeySource::Secret(format!("{KEYS}secret.txt").into())),
        issuer("rsa", Algorithm::RS256, KeySource::Public(format!("{KEYS}rsa.pem").into())),
    ];
    let config = config::Auth { allow_anonymous: AllowAnonymous::Never, tokens: Vec::new(), issuers };
    let outbound = Outbound::trusting(None).expect("the authorities that everybody trusts");
    Auth::load(&config, IpAddr::from([127, 0, 0, 1]), &outbound, None).expect("the keys of the tests")
});

/// Whom a token stands for. Keys from files are there at once.
fn bearer(token: &str) -> Result<Arc<Principal>, Refusal> {
    AUTH.bearer(token).now_or_never().expect("nothing is waited for")
}

/// Sends a token.
pub(crate) fn check(input: &[u8]) {
    let Some(Sent { token, signer, header, claims }) = Sent::read(input) else { return };
    let Ok(principal) = bearer(&token) else { return };
    let (issuer, algorithm) = signer.expect("a principal from a token that no issuer signed");
    let header: Value = serde_json::from_slice(&header).expect("a header in JSON");
    let claims: Value = serde_json::from_slice(&claims).expect("claims in JSON");
    assert_eq!((header["alg"].as_str(), claims["iss"].as_str()), (Some(algorithm), Some(issuer)));
    assert!(header.get("crit").is_none_or(Value::is_null), "what must be understood was not");
    let ours = |audience: &Value| audience == "tidemill";
    assert!(ours(&claims["aud"]) || claims["aud"].as_array().is_some_and(|list| list.iter().any(ours)));
    let now = clock::now().unix_ms() as f64 / 1000.0;
    // A second for what passed since it was taken.
    assert!(claims["exp"].as_f64().is_some_and(|end| end > now - 1.0), "it has expired");
    assert!(claims["nbf"].as_f64().is_none_or(|begin| begin <= now + 1.0), "it is not valid yet");
    let said = principal.to_json();
    assert_eq!(said["name"], claims["sub"]);
    assert_eq!(said["type"], *claims.get("type").filter(|kind| !kind.is_null()).unwrap_or(&Value::from("readonly")));
}

struct Sent {
    token: String,
    /// The issuer whose signature it has, if any, and the issuer's algorithm.
    signer: Option<(&'static str, &'static str)>,
    header: Vec<u8>,
    claims: Vec<u8>,
}

impl Sent {
    fn read(input: &[u8]) -> Option<Self> {
        let (mode, rest) = input.split_first()?;
        if *mode == b'0' {
            let token = String::from_utf8_lossy(rest).into_owned();
            return Some(Self { token, signer: None, header: Vec::new(), claims: Vec::new() });
        }
        let mut parts = rest.splitn(3, |byte| *byte == b'\n');
        let mut part = || parts.next().unwrap_or_default().to_vec();
        let (header, claims, given) = (part(), part(), part());
        let message = format!("{}.{}", BASE64.encode(&header), BASE64.encode(&claims));
        let hmac =
            |key: &[u8], message: &str| sign(message.as_bytes(), &EncodingKey::from_secret(key), Algorithm::HS256).ok();
        let secret = SECRET.trim_end().as_bytes();
        let (signer, signature) = match mode.wrapping_sub(b'0') % 6 {
            1 => (Some(("secret", "HS256")), hmac(secret, &message)?),
            2 => (None, hmac(PUBLIC, &message)?),
            3 => (None, hmac(secret, &format!("{message}AA"))?),
            4 => (None, String::new()),
            5 => {
                let key = EncodingKey::from_rsa_pem(PRIVATE).ok()?;
                (Some(("rsa", "RS256")), sign(message.as_bytes(), &key, Algorithm::RS256).ok()?)
            }
            _ => (None, String::from_utf8_lossy(&given).into_owned()),
        };
        Some(Self { token: format!("{message}.{signature}"), signer, header, claims })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else the property would hold because nobody is ever let in.
    #[test]
    fn those_who_are_signed_rightly_are_let_in() {
        for (mode, algorithm, issuer) in [("1", "HS256", "secret"), ("5", "RS256", "rsa")] {
            let claims = format!(r#"{{"iss":"{issuer}","aud":"tidemill","sub":"me","exp":4102444800}}"#);
            let input = format!("{mode}{{\"alg\":\"{algorithm}\"}}\n{claims}");
            assert!(bearer(&Sent::read(input.as_bytes()).unwrap().token).is_ok(), "{input}");
            check(input.as_bytes());
        }
    }

    #[test]
    fn tokens_are_known_by_their_hash_alone() {
        let rights = Rights::new(TokenType::Team, Vec::new(), Vec::new(), None, None).unwrap();
        let sha256: [u8; 32] = Sha256::digest("a token").into();
        let token = config::StaticToken { name: "me".to_owned(), sha256, rights };
        let config = config::Auth { allow_anonymous: AllowAnonymous::Never, tokens: vec![token], issuers: Vec::new() };
        let outbound = Outbound::trusting(None).unwrap();
        let auth = Auth::load(&config, IpAddr::from([127, 0, 0, 1]), &outbound, None).unwrap();
        let known = |token: &str| auth.bearer(token).now_or_never().unwrap();
        assert_eq!(known("a token").unwrap().to_string(), "me");
        let hash: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        for other in ["", "a token ", "A token", &hash] {
            assert_eq!(known(other).unwrap_err(), Refusal::Unknown, "{other:?}");
        }
    }

    /// Streams of one token share what they have in common, and only the first request waits for a signature.
    #[test]
    fn whoever_comes_again_is_the_same_until_their_time_is_over() {
        let token = |expires: u64| {
            let claims = format!(r#"{{"iss":"rsa","aud":"tidemill","sub":"me","exp":{expires}}}"#);
            Sent::read(format!("5{{\"alg\":\"RS256\"}}\n{claims}").as_bytes()).unwrap().token
        };
        let long = token(4_102_444_800);
        assert!(Arc::ptr_eq(&bearer(&long).unwrap(), &bearer(&long).unwrap()));
        // A whole second, and less than another.
        let short = token(clock::now().unix_ms() / 1000 + 2);
        assert!(bearer(&short).is_ok());
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while bearer(&short).is_ok() {
            assert!(std::time::Instant::now() < end, "it never expires");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(bearer(&short).unwrap_err(), Refusal::Expired);
    }
}
