//! Templates that stand in Python files, as texts: `Template("…")`, `TemplateColumn(template_code="…")`.

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::FxHashSet;
use tuneup_python::flow::{ExprKind, FileFacts};
use tuneup_python::{FileId, Project, Symbol};

/// A text of a Python file that may be a template.
pub(crate) struct Text {
    /// The file.
    pub(crate) file: FileId,
    /// The literal.
    pub(crate) range: TextRange,
    /// What it says.
    pub(crate) text: Symbol,
}

/// The texts of a project's files in which Django's template language has something to do, each once, in order of
/// their places.
pub(crate) fn texts(project: &Project) -> Vec<Text> {
    let mut found = Vec::new();
    let mut seen: FxHashSet<Symbol> = FxHashSet::default();
    for file in project.file_ids().filter(|&file| !crate::project::is_aside(project.path(file))) {
        for node in &project.facts(file).exprs {
            if let ExprKind::Str(text) = node.kind
                && is_template(text.as_str())
                && seen.insert(text)
            {
                found.push(Text { file, range: node.range, text });
            }
        }
    }
    found
}

fn is_template(text: &str) -> bool {
    text.contains('{') && (text.contains("{{") || text.contains("{%"))
}

impl Text {
    /// Its value flow, with the ranges that its parts have in its file.
    pub(crate) fn facts(&self, project: &Project) -> FileFacts {
        let mut facts = super::lower(self.text.as_str());
        let source = project.source(self.file).ok();
        let literal = source.as_ref().and_then(|source| source.text().get(self.range.to_std_range()));
        // Where the literal writes it otherwise, with escapes or in parts, all of it is the place.
        let start = literal
            .and_then(|literal| literal.find(self.text.as_str()))
            .and_then(|at| u32::try_from(at).ok())
            .map(|at| self.range.start() + TextSize::new(at));
        let place = |range: TextRange| match start {
            Some(start) => range + start,
            None => self.range,
        };
        facts.exprs.iter_mut().for_each(|node| node.range = place(node.range));
        facts.stmts.iter_mut().for_each(|stmt| stmt.range = place(stmt.range));
        for function in &mut facts.functions {
            function.range = place(function.range);
            function.name_range = place(function.name_range);
        }
        facts
    }
}
