//! Prompts and resources of plugins, and what is suggested for them: for those who may see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidemill_plugin::limits::URI_BYTES_MAX;
use tidemill_plugin::{
    CallContext, Plugin, PromptCall, PromptInfo, PromptOutcome, Question, ResourceContent, ResourceInfo, Subject,
    Suggestions, TemplateInfo,
};
use tokio_util::sync::CancellationToken;

use super::{CallError, Catalogue, Tools, may};
use crate::auth::Principal;

impl Tools {
    /// Prompts that somebody sees, by name.
    pub(crate) fn prompts(&self, who: &Principal) -> Vec<Arc<PromptInfo>> {
        let generation = self.plugins.current();
        let mut prompts: BTreeMap<&str, &Arc<PromptInfo>> = BTreeMap::new();
        for prompt in generation.plugins().iter().flat_map(|plugin| &plugin.offer().prompts) {
            prompts.entry(&prompt.name).or_insert(prompt);
        }
        prompts.into_values().filter(|prompt| may(who, prompt.permission.as_ref())).cloned().collect()
    }

    /// Resources that are listed for somebody, by address.
    pub(crate) fn resources(&self, who: &Principal) -> Vec<Arc<ResourceInfo>> {
        let generation = self.plugins.current();
        let mut resources: BTreeMap<&str, &Arc<ResourceInfo>> = BTreeMap::new();
        for resource in generation.plugins().iter().flat_map(|plugin| &plugin.offer().resources) {
            resources.entry(&resource.uri).or_insert(resource);
        }
        resources.into_values().filter(|resource| may(who, resource.about.permission.as_ref())).cloned().collect()
    }

    /// Templates of resources for somebody.
    pub(crate) fn templates(&self, who: &Principal) -> Vec<Arc<TemplateInfo>> {
        let generation = self.plugins.current();
        let templates = generation.plugins().iter().flat_map(|plugin| &plugin.offer().templates);
        templates.filter(|template| may(who, template.about.permission.as_ref())).cloned().collect()
    }

    /// Fills a prompt in.
    pub(crate) async fn get_prompt(
        &self,
        who: &Principal,
        call: PromptCall,
        cancel: CancellationToken,
    ) -> Result<PromptOutcome, CallError> {
        let name = call.name.clone();
        let plugin = self.owner(&name, |all| {
            all.prompt(&name).filter(|(_, info)| may(who, info.permission.as_ref())).map(|(plugin, _)| plugin)
        })?;
        let work = async {
            let filled = plugin.get_prompt(call, context(who, &cancel)).await;
            filled.map_err(|failure| CallError::of(failure, &name))
        };
        self.unless_stopping(&cancel, work).await
    }

    /// Reads a resource.
    pub(crate) async fn read(
        &self,
        who: &Principal,
        uri: &str,
        cancel: CancellationToken,
    ) -> Result<Vec<ResourceContent>, CallError> {
        if uri.len() > URI_BYTES_MAX {
            return Err(CallError::Invalid(format!(
                "`uri` has {} bytes, at most {URI_BYTES_MAX} are possible",
                uri.len()
            )));
        }
        let plugin = self.owner(uri, |all| {
            all.resource(uri).filter(|(_, about)| may(who, about.permission.as_ref())).map(|(plugin, _)| plugin)
        })?;
        let work = async {
            let read = plugin.read_resource(uri.to_owned(), context(who, &cancel)).await;
            read.map_err(|failure| CallError::of(failure, uri))
        };
        self.unless_stopping(&cancel, work).await
    }

    /// Whether there is a resource at an address, for somebody.
    pub(crate) fn may_read(&self, who: &Principal, uri: &str) -> bool {
        let generation = self.plugins.current();
        Catalogue(&generation).resource(uri).is_some_and(|(_, about)| may(who, about.permission.as_ref()))
    }

    /// What may be meant by the beginning of a value.
    pub(crate) async fn complete(
        &self,
        who: &Principal,
        question: Question,
        cancel: CancellationToken,
    ) -> Result<Suggestions, CallError> {
        let about = match &question.subject {
            Subject::Prompt(name) | Subject::Template(name) => name.clone(),
        };
        let plugin = self.owner(&about, |all| match &question.subject {
            Subject::Prompt(name) => {
                all.prompt(name).filter(|(_, info)| may(who, info.permission.as_ref())).map(|(plugin, _)| plugin)
            }
            Subject::Template(template) => all.0.plugins().iter().find(|plugin| {
                let mut templates = plugin.offer().templates.iter();
                templates.any(|own| own.uri_template == *template && may(who, own.about.permission.as_ref()))
            }),
        })?;
        let work = async {
            let answer = plugin.complete(question, context(who, &cancel)).await;
            answer.map_err(|failure| CallError::of(failure, &about))
        };
        self.unless_stopping(&cancel, work).await
    }

    fn owner(
        &self,
        what: &str,
        find: impl for<'g> FnOnce(&Catalogue<'g>) -> Option<&'g Arc<Plugin>>,
    ) -> Result<Arc<Plugin>, CallError> {
        let generation = self.plugins.current();
        find(&Catalogue(&generation)).cloned().ok_or_else(|| CallError::Unknown(what.to_owned()))
    }
}

fn context(who: &Principal, cancel: &CancellationToken) -> CallContext {
    CallContext { caller: who.reader().client.clone(), cancel: cancel.clone(), ..CallContext::default() }
}
