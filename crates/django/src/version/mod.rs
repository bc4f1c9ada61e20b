//! The Django version that a project runs on.
//!
//! What is surest is taken: the command line; a lock file; a requirement that leaves one series (`==4.2.7`,
//! `>=4.2,<5.0`); what is installed beside the project; the lower bound of any other requirement, on which the project
//! must run as well; the lowest version that the package's metadata claims. Among equals, files for development, tests
//! and documents stand back, then the file nearest to the root counts, then the lowest version. Where nothing says it,
//! 4.2 is assumed.

pub(crate) mod files;
mod specifier;

use std::fmt;

use tuneup_python::Project;

use files::{Finding, Kind};
use specifier::Series;

/// What is assumed where nothing says it: the oldest version that many still run.
const ASSUMED: Series = (4, 2);

/// A version of Django, as far as it decides what can be written: major and minor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    series: Series,
    is_known: bool,
    source: Option<String>,
}

impl Version {
    /// The version that a person gave, or that the project says.
    pub fn find(project: &Project, given: Option<&str>) -> Self {
        if let Some(series) = given.and_then(specifier::series) {
            return Self { series, is_known: true, source: None };
        }
        let mut found = files::all(project);
        found.extend(installed(project));
        let best = found.into_iter().min_by(|a, b| key(a).cmp(&key(b)));
        match best {
            Some(finding) => Self { series: finding.series, is_known: true, source: Some(finding.path) },
            None => Self { series: ASSUMED, is_known: false, source: None },
        }
    }

    /// A version as a person writes it; what is assumed where that is none.
    pub fn given(version: &str) -> Self {
        let series = specifier::series(version);
        Self { series: series.unwrap_or(ASSUMED), is_known: series.is_some(), source: None }
    }

    /// `4` of `4.2`.
    pub fn major(&self) -> u32 {
        self.series.0
    }

    /// `2` of `4.2`.
    pub fn minor(&self) -> u32 {
        self.series.1
    }

    /// Whether it is this version or a later one.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        self.series >= (major, minor)
    }

    /// Whether something says it. Of an assumed version, only what holds in every version may be relied on.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// The file that says it, from the project's root.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.series.0, self.series.1)
    }
}

fn key(finding: &Finding) -> (Kind, bool, usize, Series, &str) {
    (finding.kind, finding.is_aside, finding.depth, finding.series, &finding.path)
}

/// What is installed in the environment beside the project.
fn installed(project: &Project) -> Option<Finding> {
    for site in project.site_packages() {
        let Ok(entries) = std::fs::read_dir(site) else { continue };
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        let series = names.iter().find_map(|name| {
            let (package, version) = name.strip_suffix(".dist-info")?.split_once('-')?;
            package.eq_ignore_ascii_case("django").then(|| specifier::series(version))?
        });
        if let Some(series) = series {
            let path = site.to_string_lossy().into_owned();
            return Some(Finding { kind: Kind::Installed, is_aside: false, depth: 0, series, path });
        }
    }
    None
}
