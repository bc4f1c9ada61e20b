//! Attributes where queries stand: `Book.objects`, and what is asked of it, `Book.objects.visible`.

use std::collections::BTreeSet;

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::queries::{Site, SiteForm};
use tuneup_python::flow::ExprKind;
use tuneup_python::{FileId, Symbol};

/// What stands in the source where a query does.
pub(super) struct Attributes(FxHashMap<(FileId, TextRange), Attribute>);

#[derive(Default)]
struct Attribute {
    /// Its name, where it is an attribute.
    name: Option<Symbol>,
    /// The name of the first attribute of it.
    asked: Option<Symbol>,
}

impl Attributes {
    /// Those of a project's queries.
    pub(super) fn of(project: &Project) -> Self {
        let mut found: FxHashMap<(FileId, TextRange), Attribute> = FxHashMap::default();
        let mut files: BTreeSet<FileId> = BTreeSet::new();
        for site in project.queries.iter().flat_map(|query| &query.sites) {
            if site.form == SiteForm::Chain && site.file.as_other().is_none() {
                found.entry((site.file, site.range)).or_default();
                files.insert(site.file);
            }
        }
        for file in files {
            let facts = project.source.facts(file);
            for expr in &facts.exprs {
                let ExprKind::Attribute(base, name) = expr.kind else { continue };
                if let Some(at) = found.get_mut(&(file, expr.range)) {
                    at.name.get_or_insert(name);
                }
                if let Some(at) = found.get_mut(&(file, facts.range(base))) {
                    at.asked.get_or_insert(name);
                }
            }
        }
        Self(found)
    }

    /// The name of the attribute that stands at a site, and of the one that is asked of it.
    pub(super) fn at(&self, site: &Site) -> Option<(Symbol, Option<Symbol>)> {
        let at = self.0.get(&(site.file, site.range))?;
        Some((at.name?, at.asked))
    }
}
