//! Where the project's own code reads attributes, by their names.

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::queries::Site;
use tuneup_python::flow::ExprKind;
use tuneup_python::{FileId, Symbol};

/// Where the project's own code reads each attribute.
pub(super) struct NamedReads(FxHashMap<Symbol, ReadAt>);

/// The places of one name.
#[derive(Clone, Copy)]
enum ReadAt {
    One(FileId, TextRange),
    Several,
}

impl NamedReads {
    pub(super) fn of(project: &Project) -> Self {
        let source = &project.source;
        let mut read: FxHashMap<Symbol, ReadAt> = FxHashMap::default();
        let is_own = |&file: &FileId| !source.file(file).is_third_party && !project.is_aside(file);
        for file in source.file_ids().filter(is_own) {
            for expr in &source.facts(file).exprs {
                let ExprKind::Attribute(_, name) = expr.kind else { continue };
                let known = read.entry(name).or_insert(ReadAt::One(file, expr.range));
                if !matches!(*known, ReadAt::One(at, range) if (at, range) == (file, expr.range)) {
                    *known = ReadAt::Several;
                }
            }
        }
        Self(read)
    }

    /// Whether an attribute of that name is read elsewhere than at a place.
    pub(super) fn has_other(&self, name: Symbol, place: &Site) -> bool {
        match self.0.get(&name) {
            None => false,
            Some(&ReadAt::One(file, range)) => (file, range) != (place.file, place.range),
            Some(ReadAt::Several) => true,
        }
    }
}
