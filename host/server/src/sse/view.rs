//! `view=<plugin>&view.<param>=…`: whose view of the events a subscriber asks for, and the class it is sorted into. Must not
//! know what classes mean.

use tidemill_bus::{NoView, View};
use tidemill_plugin::{Kind as PluginKind, Subscriber};

use crate::app::App;
use crate::limits::{VIEW_PARAMETER_BYTES_MAX, VIEW_PARAMETERS_MAX, VIEW_REPLACED_MAX};
use crate::problem::{Kind, Problem};

/// What begins the names of a view's own parameters.
pub(super) const PREFIX: &str = "view.";

/// Why there is no subscription.
#[derive(Debug)]
pub(super) enum Unopened {
    /// The view has too much to do: come back later.
    Busy,
    /// Asking again would not help, or not soon.
    Wrong(Problem),
}

impl From<Problem> for Unopened {
    fn from(problem: Problem) -> Self {
        Self::Wrong(problem)
    }
}

/// Which view is asked for, and with which parameters of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    plugin: Option<String>,
    parameters: Vec<(String, String)>,
}

impl Asked {
    /// Takes the parameter `view`.
    pub(super) fn name(&mut self, plugin: &str) -> Result<(), Problem> {
        if plugin.is_empty() {
            return Err(wrong("view", "it is empty: name a plugin of kind `view`, or leave it out"));
        }
        match self.plugin.replace(plugin.to_owned()) {
            None => Ok(()),
            Some(_) => Err(wrong("view", "it is there twice; a subscriber sees events through one view")),
        }
    }

    /// Takes a parameter `view.<name>`.
    pub(super) fn add(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        self.parameters.push((name.to_owned(), value.to_owned()));
        let bytes: usize = self.parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
        if self.parameters.len() > VIEW_PARAMETERS_MAX || bytes > VIEW_PARAMETER_BYTES_MAX {
            let detail = format!(
                "parameters of views are too many or too long; at most {VIEW_PARAMETERS_MAX} and \
                 {VIEW_PARAMETER_BYTES_MAX} bytes are possible"
            );
            return Err(wrong(&format!("{PREFIX}{name}"), detail));
        }
        Ok(())
    }

    /// After the last parameter.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match (&self.plugin, self.parameters.first()) {
            (None, Some((name, _))) => {
                Err(wrong(&format!("{PREFIX}{name}"), "it is for a view; name the plugin by `view=` as well"))
            }
            _ => Ok(()),
        }
    }

    /// The class that the plugin sorts the subscriber into; none if it asked for no view.
    pub(super) async fn open(self, app: &App) -> Result<Option<View>, Unopened> {
        let Some(name) = self.plugin else { return Ok(None) };
        let who = Subscriber { parameters: self.parameters, ..Subscriber::default() };
        for _ in 0..VIEW_REPLACED_MAX {
            let plugin = find(app, &name)?;
            let problem = match app.bus.view(&plugin, who.clone()).await {
                Ok(view) => return Ok(Some(view)),
                Err(NoView::Replaced) => continue,
                Err(NoView::Busy) => break,
                Err(NoView::Refused(reason)) => Problem::new(Kind::ViewRefused, reason),
                Err(NoView::Unavailable(reason, wait)) => {
                    let detail = format!("the view `{name}` cannot be used at the moment: {reason}");
                    Problem::new(Kind::Unavailable, detail).retry_after(wait.as_secs() + 1)
                }
                Err(NoView::Failed(fault)) => {
                    let detail = format!("the view `{name}` failed on this subscription: {fault}");
                    Problem::new(Kind::ViewFailed, detail)
                }
            };
            return Err(problem.at("view").into());
        }
        Err(Unopened::Busy)
    }
}

/// The plugin of this name, if it is a view.
fn find(app: &App, name: &str) -> Result<std::sync::Arc<tidemill_plugin::Plugin>, Problem> {
    let is_view = |plugin: &tidemill_plugin::Plugin| plugin.kinds().contains(&PluginKind::View);
    let Some(report) = app.plugins.report(name) else {
        let current = app.plugins.current();
        let views: Vec<&str> = current.plugins().iter().filter(|own| is_view(own)).map(|own| &**own.name()).collect();
        let there =
            if views.is_empty() { "no plugin is a view".into() } else { format!("there are {}", views.join(", ")) };
        let detail = format!("there is no view `{name}`; {there}; leave `view` out to see everything");
        return Err(Problem::new(Kind::NotFound, detail).at("view"));
    };
    let Some(plugin) = report.running else {
        let detail = format!("the view `{name}` does not run ({}); GET /plugins/{name} says why", report.state.name());
        return Err(Problem::new(Kind::Unavailable, detail).at("view").retry_after(5));
    };
    if is_view(&plugin) {
        return Ok(plugin);
    }
    let kinds: Vec<&str> = plugin.kinds().iter().map(|kind| kind.name()).collect();
    Err(wrong("view", format!("the plugin `{name}` is no view but {}", kinds.join(", "))))
}

fn wrong(at: &str, what: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::BadRequest, format!("the parameter `{at}` is wrong: {what}")).at(at)
}
