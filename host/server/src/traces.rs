//! Traces of events (OpenTelemetry): a tree of spans for each event that is traced, from the request to the log and the
//! first subscriber. The bus knows nothing of it: a traced event carries a trail, of which the spans are made afterwards.
//! Without a collector there is none of this.

mod context;
mod export;
mod first;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tidemill_bus::{Outcome, Published, Trail, Way};

pub(crate) use context::carry;

use crate::config;
use crate::limits::{TRACE_QUEUE_MAX, TRACED_MAX};
use crate::outbound::Outbound;
use crate::traces::export::Queue;
use crate::traces::first::Firsts;

/// What makes traces.
#[derive(Debug)]
pub(crate) struct Traces {
    tracer: SdkTracer,
    queue: Queue,
    firsts: Firsts,
    /// Kept: spans are not recorded without it.
    _provider: SdkTracerProvider,
}

/// An event that is traced.
pub(crate) struct Traced {
    context: Context,
    awaited: first::Ticket,
    pub(crate) trail: Arc<Trail>,
}

impl Traces {
    /// None without a collector. To be called within the runtime.
    pub(crate) fn start(config: &config::Telemetry, outbound: &Outbound) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
        let resource = Resource::builder_empty()
            .with_service_name("tidemill")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let queue = Queue::start(endpoint, outbound, &resource, TRACE_QUEUE_MAX)?;
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.trace_sample)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(queue.clone())
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Some(Self { tracer: provider.tracer("tidemill"), queue, firsts: Firsts::default(), _provider: provider }))
    }

    /// Begins to trace an event, if it is to be: as whoever made it decided, or by chance.
    pub(crate) fn begin(&self, published: &mut Published, received: Instant) -> Option<Traced> {
        let event = &published.event;
        let builder = SpanBuilder::from_name("publish")
            .with_kind(SpanKind::Server)
            .with_start_time(between(received, received).0);
        let span = builder.start_with_context(&self.tracer, &context::of(event));
        if !span.span_context().is_sampled() {
            return None;
        }
        let mut span = span;
        span.set_attribute(KeyValue::new("cloudevents.event_id", event.id().to_owned()));
        span.set_attribute(KeyValue::new("cloudevents.event_source", event.source().to_owned()));
        span.set_attribute(KeyValue::new("cloudevents.event_type", event.event_type().to_owned()));
        let trail = Arc::clone(published.trail.get_or_insert_default());
        let awaited = self.firsts.await_first(event);
        Some(Traced { context: Context::new().with_span(span), awaited, trail })
    }

    /// The same for several, of which the first are traced.
    pub(crate) fn begin_all(&self, published: &mut [Published], received: Instant) -> Vec<(usize, Traced)> {
        let traced = published.iter_mut().enumerate();
        traced.filter_map(|(at, one)| Some((at, self.begin(one, received)?))).take(TRACED_MAX).collect()
    }

    /// Makes the spans of an event of which it is known what became of it.
    pub(crate) fn end(&self, traced: Traced, outcome: Option<&Outcome>) {
        let Traced { context, awaited, trail } = traced;
        let way = trail.way();
        self.spans_of(&context, &way);
        context.span().set_attribute(KeyValue::new("tidemill.outcome", outcome.map_or("lost", name)));
        context.span().end_with_timestamp(SystemTime::now());
        // What is stored is delivered later than its publisher is answered, or was before.
        match (outcome, way.appended) {
            (Some(Outcome::Stored { positions, duplicate: false }), Some(appended))
                if let Some(first) = positions.first() =>
            {
                let tracer = self.tracer.clone();
                self.firsts.settle(&awaited, first.sequence, move |delivered| {
                    span(&tracer, &context, "first delivery", appended.min(delivered), delivered, vec![]);
                });
            }
            _ => drop(awaited),
        }
    }

    /// A delivery, to whoever asks whether somebody waits for it.
    pub(crate) const fn firsts(&self) -> &Firsts {
        &self.firsts
    }

    /// Spans that were not sent, as there were too many or the collector did not take them; and those that were.
    pub(crate) fn figures(&self) -> (u64, u64) {
        self.queue.figures()
    }

    /// Sends what is there, as far as that is possible soon.
    pub(crate) async fn finish(&self) {
        self.queue.finish().await;
    }

    fn spans_of(&self, context: &Context, way: &Way) {
        let mut steps = way.steps.iter().peekable();
        for turn in &way.turns {
            let about = KeyValue::new("messaging.batch.message_count", number(turn.events));
            let pipeline = span(&self.tracer, context, "pipeline", turn.began, turn.ended, vec![about]);
            while let Some(step) = steps.next_if(|step| step.began < turn.ended) {
                let details = vec![
                    KeyValue::new("tidemill.plugin", step.plugin.to_string()),
                    KeyValue::new("tidemill.plugin.kind", format!("{:?}", step.kind).to_lowercase()),
                    KeyValue::new("tidemill.plugin.did", step.did.name()),
                    KeyValue::new("messaging.batch.message_count", number(step.batch)),
                ];
                let ended = step.began + step.call;
                span(&self.tracer, &pipeline, format!("plugin {}", step.plugin), step.began, ended, details);
            }
        }
        if let (Some(turn), Some(appended)) = (way.turns.last(), way.appended) {
            span(&self.tracer, context, "log.append", turn.ended, appended, vec![]);
        }
    }
}

/// A span that is over; what else happened within it is made with the context that it gives.
fn span(
    tracer: &SdkTracer,
    parent: &Context,
    name: impl Into<std::borrow::Cow<'static, str>>,
    began: Instant,
    ended: Instant,
    details: Vec<KeyValue>,
) -> Context {
    let (began, ended) = between(began, ended);
    let builder = SpanBuilder::from_name(name).with_start_time(began).with_attributes(details);
    let mut span = tracer.build_with_context(builder, parent);
    let context = parent.with_remote_span_context(span.span_context().clone());
    span.end_with_timestamp(ended);
    context
}

/// Two moments on the wall clock, as that stands now. It is looked at once: a time is as long there.
fn between(began: Instant, ended: Instant) -> (SystemTime, SystemTime) {
    let back = |from: SystemTime, time| from.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
    let end = back(SystemTime::now(), ended.elapsed());
    (back(end, ended.saturating_duration_since(began)), end)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Stored { duplicate: true, .. } => "duplicate",
        Outcome::Stored { .. } => "stored",
        Outcome::Dropped { .. } => "dropped",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Failed { .. } => "failed",
        Outcome::Retry { .. } => "retry",
        Outcome::Full { .. } => "full",
        Outcome::Lost { .. } => "lost",
    }
}
