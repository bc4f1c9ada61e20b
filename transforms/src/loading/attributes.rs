//! Attributes in the source, by where they stand: `Book.objects`, and what is asked of it, `Book.objects.visible`.

use std::cell::RefCell;

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::queries::Site;
use tuneup_python::flow::{ExprKind, FileFacts};
use tuneup_python::{FileId, Symbol};

/// The attributes of the files that were asked for.
#[derive(Default)]
pub(super) struct Attributes(RefCell<FxHashMap<FileId, InFile>>);

#[derive(Default)]
struct InFile {
    /// The name of the attribute that is a stretch.
    named: FxHashMap<TextRange, Symbol>,
    /// The name of the first attribute of what stands there.
    asked: FxHashMap<TextRange, Symbol>,
}

impl Attributes {
    /// The name of the attribute that stands at a site, and of the one that is asked of it.
    pub(super) fn at(&self, project: &Project, site: &Site) -> Option<(Symbol, Option<Symbol>)> {
        if site.file.as_other().is_some() {
            return None;
        }
        let mut files = self.0.borrow_mut();
        let file = files.entry(site.file).or_insert_with(|| InFile::of(project.source.facts(site.file)));
        Some((*file.named.get(&site.range)?, file.asked.get(&site.range).copied()))
    }
}

impl InFile {
    fn of(facts: &FileFacts) -> Self {
        let mut found = Self::default();
        for expr in &facts.exprs {
            if let ExprKind::Attribute(base, name) = expr.kind {
                found.named.entry(expr.range).or_insert(name);
                found.asked.entry(facts.range(base)).or_insert(name);
            }
        }
        found
    }
}
