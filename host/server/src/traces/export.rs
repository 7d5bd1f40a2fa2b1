//! Spans on their way to a collector: a bounded queue, and one task that sends what is in it (OTLP over HTTP). A
//! collector that is slow or dead costs spans, which are counted, and nothing else.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::http::{Request, Response, Uri};
use bytes::Bytes;
use opentelemetry::Context;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::limits::{TRACE_ANSWER_BYTES_MAX, TRACE_BATCH_MAX, TRACE_FINISH_MAX, TRACE_PAUSE, TRACE_TIME_MAX};
use crate::outbound::Outbound;

/// Spans that wait to be sent; one queue, whoever holds it.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    counts: Arc<Counts>,
    stops: Arc<Notify>,
    sending: Arc<Mutex<Option<JoinHandle<()>>>>,
}

#[derive(Debug, Default)]
struct Counts {
    dropped: AtomicU64,
    sent: AtomicU64,
}

impl Queue {
    pub(super) fn start(endpoint: &Uri, outbound: &Outbound, resource: &Resource, max: usize) -> anyhow::Result<Self> {
        let address = format!("{}/v1/traces", endpoint.to_string().trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { outbound: outbound.clone(), runtime: Handle::current() })
            .with_endpoint(address)
            .with_timeout(TRACE_TIME_MAX);
        let mut exporter = exporter.build().context("`telemetry.otlp-endpoint`")?;
        exporter.set_resource(resource);
        let (spans, waiting) = mpsc::channel(max);
        let (counts, stops) = (Arc::<Counts>::default(), Arc::<Notify>::default());
        let sending = tokio::spawn(send(exporter, waiting, Arc::clone(&counts), Arc::clone(&stops)));
        Ok(Self { spans, counts, stops, sending: Arc::new(Mutex::new(Some(sending))) })
    }

    pub(super) fn figures(&self) -> (u64, u64) {
        (self.counts.dropped.load(Relaxed), self.counts.sent.load(Relaxed))
    }

    pub(super) async fn finish(&self) {
        self.stops.notify_one();
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sending) = sending {
            // What cannot be sent by then is lost.
            let _ = tokio::time::timeout(TRACE_FINISH_MAX, sending).await;
        }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends what there is, as much as there is, one request at a time.
async fn send(exporter: SpanExporter, mut waiting: mpsc::Receiver<SpanData>, counts: Arc<Counts>, stops: Arc<Notify>) {
    let (mut failing, mut stopping) = (false, false);
    loop {
        let mut batch = Vec::new();
        if !stopping {
            tokio::select! {
                _ = waiting.recv_many(&mut batch, 1) => {}
                () = stops.notified() => stopping = true,
            }
            // A little later there are more of them, unless nobody has the time.
            if !stopping {
                stopping = tokio::time::timeout(TRACE_PAUSE, stops.notified()).await.is_ok();
            }
        }
        while batch.len() < TRACE_BATCH_MAX
            && let Ok(span) = waiting.try_recv()
        {
            batch.push(span);
        }
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        match exporter.export(batch).await {
            Ok(()) => {
                counts.sent.fetch_add(count, Relaxed);
                failing = false;
            }
            Err(error) => {
                counts.dropped.fetch_add(count, Relaxed);
                // Said once: it may be gone for long.
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!("traces are not taken by their collector: {error}");
                }
            }
        }
    }
}

/// The server's own client, for a library that knows nothing of its runtime.
#[derive(Debug)]
struct Client {
    outbound: Outbound,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let outbound = self.outbound.clone();
        let request = request.map(http_body_util::Full::new);
        let sent = async move { outbound.send(request, TRACE_TIME_MAX, TRACE_ANSWER_BYTES_MAX).await };
        self.runtime.spawn(sent).await?.map_err(Into::into)
    }
}
