//! Tickets: what a browser's `EventSource`, which sends no headers of its own, shows in place of a token. Each opens one
//! stream, soon, so that it is worth nothing by the time somebody finds it in a log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Principal, Who};
use crate::limits::{TICKET_LIFE, TICKETS_MAX};
use crate::problem::{Kind, Problem};

/// Tickets that were not used yet.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<HashMap<Uuid, (Arc<Principal>, Instant)>>);

impl Tickets {
    /// A new one; none while there are too many.
    fn issue(&self, principal: Arc<Principal>) -> Option<Uuid> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tickets.len() >= TICKETS_MAX {
            tickets.retain(|_, (_, issued)| issued.elapsed() < TICKET_LIFE);
        }
        if tickets.len() >= TICKETS_MAX {
            return None;
        }
        // 122 bits from the system's generator.
        let ticket = Uuid::new_v4();
        tickets.insert(ticket, (principal, Instant::now()));
        Some(ticket)
    }

    /// Whom a ticket stands for; nobody when it is asked again.
    pub(super) fn redeem(&self, ticket: &str) -> Option<Arc<Principal>> {
        let ticket: Uuid = ticket.parse().ok()?;
        let (principal, issued) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket)?;
        Some(principal).filter(|_| issued.elapsed() < TICKET_LIFE)
    }
}

/// `POST /tickets`
pub(crate) async fn give_ticket(State(app): State<Arc<App>>, who: Who) -> Result<Response, Problem> {
    let Some(ticket) = app.tickets.issue(who.0) else {
        let detail = "there are too many tickets that were not used; those of others expire soon";
        return Err(Problem::new(Kind::Unavailable, detail).retry_after(TICKET_LIFE.as_secs()));
    };
    let body = Json(json!({"ticket": ticket.simple().to_string(), "expiresIn": TICKET_LIFE.as_secs()}));
    let mut response = (StatusCode::CREATED, body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
