//! The methods of the protocol, each with who asks: thin, what they do stands in the files beside this one. There is one
//! handler for each session, and one for each request without a session.
#![expect(deprecated, reason = "clients of older revisions subscribe and set levels")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::http::request::Parts;
use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, DiscoverResult,
    ErrorData, GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, LoggingLevel, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::endpoint::SESSION;
use crate::mcp::limits::{CALLS_OF_SESSION_MAX, LIST_FRESH, SUBSCRIPTIONS_MAX, URI_BYTES_MAX};
use crate::mcp::notices::{self, Lists, Teller};
use crate::mcp::turns::{self, Turn};
use crate::mcp::{Presence, calls, offers, resources, translate};

/// Answers one session, or one request.
pub(super) struct Handler {
    app: Weak<App>,
    presence: Presence,
    /// Who began the session.
    who: Arc<Principal>,
    /// The least severe lines that the client of a session wants to have.
    level: Mutex<LoggingLevel>,
    /// What the client of a session is told of, by address; the lists under none.
    told: Mutex<HashMap<Option<String>, AbortOnDropHandle<()>>>,
    /// Room for calls of the session.
    calls: Arc<Semaphore>,
}

impl Handler {
    pub(super) fn new(app: Weak<App>, presence: Presence, who: Arc<Principal>) -> Self {
        let calls = Arc::new(Semaphore::new(CALLS_OF_SESSION_MAX));
        Self { app, presence, who, level: Mutex::new(LoggingLevel::Info), told: Mutex::default(), calls }
    }

    fn app(&self) -> Result<Arc<App>, ErrorData> {
        self.app.upgrade().ok_or_else(|| ErrorData::internal_error("the server is stopping", None))
    }

    /// Who sent this request: the same somebody as who began the session, perhaps with another token.
    fn who(&self, context: &RequestContext<RoleServer>) -> Arc<Principal> {
        let own = context.extensions.get::<Parts>().and_then(|parts| parts.extensions.get::<Arc<Principal>>());
        own.unwrap_or(&self.who).clone()
    }

    /// The least severe lines that its client wants to have.
    pub(super) fn level(&self) -> LoggingLevel {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// A place for one more call, which holds these arguments.
    pub(super) fn turn<'a>(
        &self,
        app: &App,
        who: &Principal,
        arguments: impl IntoIterator<Item = (&'a String, &'a Value)>,
    ) -> Result<Turn, ErrorData> {
        turns::take(&self.calls, app, who, arguments)
    }

    /// Counts a request by its method and whether it was answered.
    fn noted<T>(&self, method: &'static str, answer: Result<T, ErrorData>) -> Result<T, ErrorData> {
        if let Some(app) = self.app.upgrade() {
            app.mcp.note(method, answer.is_ok());
        }
        answer
    }

    fn tell(&self, uri: Option<String>, task: impl Future<Output = ()> + Send + 'static) -> Result<(), ErrorData> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, task| !task.is_finished());
        if told.len() > SUBSCRIPTIONS_MAX && !told.contains_key(&uri) {
            let detail =
                format!("a session can be told of at most {SUBSCRIPTIONS_MAX} resources; unsubscribe from others");
            return Err(ErrorData::invalid_params(detail, None));
        }
        told.insert(uri, AbortOnDropHandle::new(tokio::spawn(task)));
        Ok(())
    }
}

/// Whether a request is of 2026-07-28 or later.
pub(super) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// Whether a request is of no session.
pub(super) fn is_alone(context: &RequestContext<RoleServer>) -> bool {
    let of_session = |parts: &Parts| parts.headers.contains_key(SESSION);
    is_modern(context) || context.extensions.get::<Parts>().is_some_and(|parts| !of_session(parts))
}

/// How long lists are good for, and for whom.
fn freshness(context: &RequestContext<RoleServer>) -> (Option<u64>, Option<CacheScope>) {
    let modern = is_modern(context);
    (modern.then(|| millis(LIST_FRESH)), modern.then_some(CacheScope::Private))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// All lists are one page.
fn one_page(params: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match params.and_then(|params| params.cursor) {
        Some(_) => Err(ErrorData::invalid_params("there is no such page: the list has one; leave `cursor` out", None)),
        None => Ok(()),
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_resources_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_completions()
            .enable_logging()
            .build();
        let mut own = Implementation::new(self.presence.name.clone(), self.presence.version.clone());
        own.title.clone_from(&self.presence.title);
        let mut config = ServerConfig::new(capabilities).with_server_info(own);
        config.instructions.clone_from(&self.presence.instructions);
        config
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut found = DiscoverResult::from_server_info(versions, self.get_info());
        (found.ttl_ms, found.cache_scope) = (millis(LIST_FRESH), CacheScope::Private);
        self.noted("server/discover", Ok(found))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let tools = self.app().ok()?.tools.list(&self.who);
        tools.iter().find(|tool| tool.name == name).map(|info| translate::tool(info))
    }

    async fn list_tools(
        &self,
        params: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let list = || {
            one_page(params)?;
            let tools = self.app()?.tools.list(&self.who(&context));
            let mut list = ListToolsResult::with_all_items(tools.iter().map(|info| translate::tool(info)).collect());
            (list.ttl_ms, list.cache_scope) = freshness(&context);
            Ok(list)
        };
        self.noted("tools/list", list())
    }

    async fn call_tool(
        &self,
        params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let answer = match self.app() {
            Ok(app) => calls::call(self, &app, self.who(&context), params, &context).await,
            Err(error) => Err(error),
        };
        self.noted("tools/call", answer)
    }

    async fn list_resources(
        &self,
        params: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let list = || {
            one_page(params)?;
            let mut list = ListResourcesResult::with_all_items(resources::list(&*self.app()?, &self.who(&context)));
            (list.ttl_ms, list.cache_scope) = freshness(&context);
            Ok(list)
        };
        self.noted("resources/list", list())
    }

    async fn list_resource_templates(
        &self,
        params: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let list = || {
            one_page(params)?;
            let mut list =
                ListResourceTemplatesResult::with_all_items(resources::templates(&*self.app()?, &self.who(&context)));
            (list.ttl_ms, list.cache_scope) = freshness(&context);
            Ok(list)
        };
        self.noted("resources/templates/list", list())
    }

    async fn read_resource(
        &self,
        params: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let read = async {
            let (app, who) = (self.app()?, self.who(&context));
            let _turn = self.turn(&app, &who, [])?;
            resources::read(&app, &who, &params.uri, &context.ct).await
        };
        let answer = read.await.map(|mut result| {
            // Of events there may be more at once.
            (result.ttl_ms, result.cache_scope) = (is_modern(&context).then_some(0), freshness(&context).1);
            result.into()
        });
        self.noted("resources/read", answer)
    }

    async fn list_prompts(
        &self,
        params: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let list = || {
            one_page(params)?;
            let mut list = ListPromptsResult::with_all_items(offers::prompts(&*self.app()?, &self.who(&context)));
            (list.ttl_ms, list.cache_scope) = freshness(&context);
            Ok(list)
        };
        self.noted("prompts/list", list())
    }

    async fn get_prompt(
        &self,
        params: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let answer = match self.app() {
            Ok(app) => offers::get(self, &app, &self.who(&context), params, &context).await,
            Err(error) => Err(error),
        };
        self.noted("prompts/get", answer)
    }

    async fn complete(
        &self,
        params: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let complete = async {
            let (app, who) = (self.app()?, self.who(&context));
            let _turn = self.turn(&app, &who, [])?;
            offers::complete(&app, &who, params, &context).await
        };
        self.noted("completion/complete", complete.await)
    }

    async fn set_level(&self, params: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = params.level;
        self.noted("logging/setLevel", Ok(()))
    }

    async fn subscribe(
        &self,
        params: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let (who, teller) = (self.who(&context), Teller::Session(context.peer.clone()));
        let subscribe = || {
            let watch = notices::watch(&self.app, who, params.uri.clone(), teller)?;
            self.tell(Some(params.uri), watch)
        };
        self.noted("resources/subscribe", subscribe())
    }

    async fn unsubscribe(
        &self,
        params: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&Some(params.uri));
        self.noted("resources/unsubscribe", Ok(()))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let lists = notices::lists(self.app.clone(), Lists::ALL, Teller::Session(context.peer));
        if self.tell(None, lists).is_err() {
            tracing::debug!("a session is told of too much to be told of lists");
        }
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = requested.clone();
        if let Some(uris) = &mut accepted.resource_subscriptions {
            let app = self.app.upgrade();
            let can = |uri: &str| app.as_ref().is_some_and(|app| notices::can_watch(app, uri, &self.who));
            uris.retain(|uri| uri.len() <= URI_BYTES_MAX && can(uri));
            uris.truncate(SUBSCRIPTIONS_MAX);
        }
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let who = self.who(context.request_context());
        let listened = notices::listen(&self.app, &who, &context).await;
        self.noted("subscriptions/listen", listened)
    }
}
