//! C, which this version cannot build yet.

use super::{Need, Toolchain};
use crate::{BuildError, BuildOptions, Progress, Project};

pub(super) struct C;

impl Toolchain for C {
    fn needs(&self, _: &Project) -> Vec<Need> {
        Vec::new()
    }

    fn build(&self, project: &Project, _: &BuildOptions, _: &mut dyn Progress) -> Result<(), BuildError> {
        let detail = format!("this version of tidemill cannot build {}; use a newer one", project.language().title());
        Err(BuildError::Project { file: crate::project::MANIFEST.to_owned(), line: None, detail })
    }
}
