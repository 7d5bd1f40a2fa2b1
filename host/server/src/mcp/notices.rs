//! Telling clients that something has changed: lists, and resources that they watch. A notice says that, not how often: what
//! happens while one is on its way to a slow client makes one more notice.

use std::future::poll_fn;
use std::sync::{Arc, Weak};

use futures_util::stream::{FuturesUnordered, StreamExt};
use rmcp::model::{ErrorData, ResourceUpdatedNotificationParam};
use rmcp::service::{Peer, RoleServer, SubscriptionContext, SubscriptionSink};
use tidemill_bus::{Progress, Start, Subscription, Wanted};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::mcp::limits::{UPDATE_PAUSE, URI_BYTES_MAX};
use crate::mcp::resources::Own;

/// Whom to tell.
#[derive(Clone)]
pub(super) enum Teller {
    /// The client of a session, on its stream.
    Session(Peer<RoleServer>),
    /// Whoever listens, on the stream that answers it.
    Listener(SubscriptionSink),
}

/// Of which lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lists {
    tools: bool,
    prompts: bool,
    resources: bool,
}

impl Lists {
    pub(super) const ALL: Self = Self { tools: true, prompts: true, resources: true };
}

impl Teller {
    async fn updated(&self, uri: &str) -> Result<(), String> {
        match self {
            Self::Session(peer) => {
                let told = peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await;
                told.map_err(|error| error.to_string())
            }
            Self::Listener(sink) => sink.notify_resource_updated(uri).await.map_err(|error| error.to_string()),
        }
    }

    async fn lists(&self, lists: Lists) -> Result<(), String> {
        let Lists { tools, prompts, resources } = lists;
        match self {
            Self::Session(peer) => {
                let tell = async {
                    if tools {
                        peer.notify_tool_list_changed().await?;
                    }
                    if prompts {
                        peer.notify_prompt_list_changed().await?;
                    }
                    if resources {
                        peer.notify_resource_list_changed().await?;
                    }
                    Ok::<_, rmcp::service::ServiceError>(())
                };
                tell.await.map_err(|error| error.to_string())
            }
            Self::Listener(sink) => {
                let tell = async {
                    if tools {
                        sink.notify_tool_list_changed().await?;
                    }
                    if prompts {
                        sink.notify_prompt_list_changed().await?;
                    }
                    if resources {
                        sink.notify_resource_list_changed().await?;
                    }
                    Ok::<_, rmcp::service::SubscriptionSendError>(())
                };
                tell.await.map_err(|error| error.to_string())
            }
        }
    }
}

/// Whether somebody can be told of a resource.
pub(super) fn can_watch(app: &App, uri: &str, who: &Principal) -> bool {
    match Own::parse(uri) {
        Some(Ok(Own::Topic(pattern, _))) => who.reader().narrow(vec![pattern]).is_ok(),
        Some(Ok(Own::Stats)) => true,
        Some(Err(_)) => false,
        None => app.tools.may_read(who, uri),
    }
}

/// Tells of a resource, as long as somebody is there to be told.
pub(super) fn watch(
    app: &Weak<App>,
    who: Arc<Principal>,
    uri: String,
    teller: Teller,
) -> Result<impl Future<Output = ()> + Send + use<>, ErrorData> {
    if uri.len() > URI_BYTES_MAX {
        return Err(ErrorData::invalid_params(format!("`uri` has more than {URI_BYTES_MAX} bytes"), None));
    }
    let strong = app.upgrade().ok_or_else(|| ErrorData::internal_error("the server is stopping", None))?;
    if !can_watch(&strong, &uri, &who) {
        let data = serde_json::json!({"uri": uri});
        return Err(ErrorData::resource_not_found("there is no such resource, or not for this token", Some(data)));
    }
    let most = strong.mcp.watches.most(&who);
    let room = strong.mcp.watches.take(&who, 1).ok_or_else(|| {
        let detail = format!("one principal can be told of at most {most} resources; unsubscribe from others");
        ErrorData::invalid_params(detail, None)
    })?;
    let app = app.clone();
    Ok(async move {
        let _room = room;
        updates(&app, &who, &uri, &teller).await;
    })
}

async fn updates(app: &Weak<App>, who: &Principal, uri: &str, teller: &Teller) {
    let pattern = match Own::parse(uri) {
        Some(Ok(Own::Topic(pattern, _))) => vec![pattern],
        Some(Ok(Own::Stats)) => Vec::new(),
        _ => return of_plugin(app, who, uri, teller).await,
    };
    let mut after = None;
    loop {
        let Some(strong) = app.upgrade() else { return };
        let Ok(types) = who.reader().narrow(pattern.clone()) else { return };
        let selection = strong.bus.selection(Wanted { types, ..Wanted::default() });
        let start = after.map_or(Start::Latest, Start::After);
        let subscription = Subscription { selection, reader: who.reader().clone(), start, limit: Some(1) };
        let Ok(mut cursor) = strong.bus.subscribe(subscription).await else { return };
        // Nothing of the server is held while nothing happens.
        drop(strong);
        let progress = Progress::of(&cursor);
        if poll_fn(|cx| cursor.poll_next(&progress, cx)).await.is_none() {
            return;
        }
        tokio::time::sleep(UPDATE_PAUSE).await;
        let Some(strong) = app.upgrade() else { return };
        let expired = who.left(clock::now()).is_some_and(|left| left.is_zero());
        if expired || strong.is_nobody(who) {
            return;
        }
        // What is stored from here on makes another notice; whoever reads because of this one sees the rest.
        after = Some(strong.bus.last());
        drop(strong);
        if let Err(reason) = teller.updated(uri).await {
            tracing::debug!("a notice was not taken: {reason}");
            return;
        }
    }
}

/// As plugins say that theirs have changed.
async fn of_plugin(app: &Weak<App>, who: &Principal, uri: &str, teller: &Teller) {
    let Some(mut updates) = app.upgrade().map(|app| app.tools.resource_updates()) else { return };
    loop {
        match updates.recv().await {
            Ok(changed) if *changed != *uri => continue,
            // Whoever is behind may have missed it.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
        // With other plugins it may need a permission now.
        let over = |app: Arc<App>| {
            let expired = who.left(clock::now()).is_some_and(|left| left.is_zero());
            expired || app.is_nobody(who) || !app.tools.may_read(who, uri)
        };
        if app.upgrade().is_none_or(over) || teller.updated(uri).await.is_err() {
            return;
        }
        tokio::time::sleep(UPDATE_PAUSE).await;
    }
}

/// Tells of lists, as long as somebody is there to be told.
pub(super) async fn lists(app: Weak<App>, lists: Lists, teller: Teller) {
    let Some(app) = app.upgrade() else { return };
    let (mut tools, mut prompts, mut resources) =
        (app.tools.changed(), app.tools.prompts_changed(), app.tools.resources_changed());
    let mut told = [*tools.borrow(), *prompts.borrow(), *resources.borrow()];
    drop(app);
    loop {
        let over = tokio::select! {
            changed = tools.changed() => changed.is_err(),
            changed = prompts.changed() => changed.is_err(),
            changed = resources.changed() => changed.is_err(),
        };
        if over {
            return;
        }
        // What belongs together is told together.
        tokio::time::sleep(UPDATE_PAUSE).await;
        let changed = Lists {
            tools: lists.tools && seen(&mut tools, &mut told[0]),
            prompts: lists.prompts && seen(&mut prompts, &mut told[1]),
            resources: lists.resources && seen(&mut resources, &mut told[2]),
        };
        if let Err(reason) = teller.lists(changed).await {
            tracing::debug!("a notice was not taken: {reason}");
            return;
        }
    }
}

/// Whether a list has changed since it was told of.
fn seen(list: &mut watch::Receiver<u64>, told: &mut u64) -> bool {
    let now = *list.borrow_and_update();
    std::mem::replace(told, now) != now
}

/// Tells whoever listens what it asked to be told of, until it is gone.
pub(super) async fn listen(
    app: &Weak<App>,
    who: &Arc<Principal>,
    context: &SubscriptionContext,
) -> Result<(), ErrorData> {
    let (accepted, teller) = (context.accepted(), Teller::Listener(context.sink().clone()));
    let asked = |flag: Option<bool>| flag == Some(true);
    let own = Lists {
        tools: asked(accepted.tools_list_changed),
        prompts: asked(accepted.prompts_list_changed),
        resources: asked(accepted.resources_list_changed),
    };
    let uris = accepted.resource_subscriptions.iter().flatten();
    let watches = uris.map(|uri| watch(app, Arc::clone(who), uri.clone(), teller.clone()));
    let mut watches = watches.collect::<Result<FuturesUnordered<_>, _>>()?;
    let lists = lists(app.clone(), own, teller);
    tokio::select! {
        () = context.cancelled() => {}
        () = async { while watches.next().await.is_some() {} std::future::pending().await } => {}
        () = async { lists.await; std::future::pending().await } => {}
    }
    Ok(())
}
