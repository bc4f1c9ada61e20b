//! Whether one of two branches alone reads what a query lacks, where its rows are made before both of them and the other
//! loops over them as well: itself, or by what it calls.

use ruff_text_size::TextRange;
use rustc_hash::FxHashSet;
use tuneup_django::Project;
use tuneup_django::queries::Site;
use tuneup_python::flow::{ExprKind, FileFacts, FunctionId, StmtKind};
use tuneup_python::{FunctionRef, Symbol};

use super::gap::{Gap, Missing};
use super::reaching::above;

/// The function that makes the rows, and what is asked of what it does with them.
struct Maker<'p> {
    project: &'p Project,
    facts: &'p FileFacts,
    function: FunctionRef,
    /// Behind which it does it.
    made: TextRange,
}

/// Where a function comes to a place: in itself, or by these functions that it calls.
enum Way {
    Here(TextRange),
    By(FxHashSet<Symbol>),
}

impl Gap<'_> {
    /// Whether it is so.
    pub(super) fn is_of_one_branch(&self, project: &Project, missing: &Missing) -> bool {
        let Some(id) = self.site.function.filter(|_| self.site.file.as_other().is_none()) else {
            return false;
        };
        let facts = project.source.facts(self.site.file);
        let function = FunctionRef { file: self.site.file, id };
        let maker = Maker { project, facts, function, made: self.site.range };
        // All that reads is in the branch in which the first does.
        let Some(first) = missing.readers.first().and_then(|site| maker.way_to(site)) else { return false };
        let branches = maker.branches(&first);
        if branches.is_empty() {
            return false;
        }
        let reads: Option<Vec<Way>> = missing.readers.iter().map(|site| maker.way_to(site)).collect();
        let Some(reads) = reads else { return false };
        let loops: Vec<Way> = self.loops.iter().filter_map(|site| maker.way_to(site)).collect();
        branches.into_iter().any(|(one, other)| {
            let reads_in = |branch| reads.iter().all(|way| maker.is_only_in(branch, way));
            let loops_in = |branch| loops.iter().any(|way| maker.is_in(branch, way));
            reads_in(one) && loops_in(other) || reads_in(other) && loops_in(one)
        })
    }
}

impl Maker<'_> {
    /// The pairs of branches behind where the rows are made, in one of which a way comes to its place.
    fn branches(&self, way: &Way) -> Vec<(TextRange, TextRange)> {
        match way {
            Way::Here(place) => self.branches_around(*place),
            Way::By(names) => self.named(names).flat_map(|place| self.branches_around(place)).collect(),
        }
    }

    /// The pairs of branches behind where the rows are made, in one of which a place stands.
    fn branches_around(&self, place: TextRange) -> Vec<(TextRange, TextRange)> {
        let facts = self.facts;
        let mut found = Vec::new();
        let mut block = facts.function(self.function.id).body;
        while let Some(stmt) = facts.step_around(block, place) {
            if let StmtKind::If { then, orelse, .. } = stmt.kind
                && !then.is_empty()
                && !orelse.is_empty()
                && self.made.end() <= stmt.range.start()
            {
                found.push((facts.stretch(then), facts.stretch(orelse)));
            }
            let inner = match stmt.kind {
                StmtKind::Assign(_, made) => match facts.kind(made) {
                    ExprKind::Function(id) => vec![facts.function(id).body],
                    ExprKind::Class(id) => vec![facts.class(id).body],
                    _ => break,
                },
                _ => facts.blocks_of(stmt),
            };
            let around = inner.into_iter().find(|&block| facts.stretch(block).contains_range(place));
            match around {
                Some(around) => block = around,
                None => break,
            }
        }
        found
    }

    fn body(&self) -> TextRange {
        self.facts.function(self.function.id).range
    }

    /// How the function comes to a place. Nothing where that is not seen, or where it comes there by a template.
    fn way_to(&self, site: &Site) -> Option<Way> {
        let id: FunctionId = site.function.filter(|_| site.file.as_other().is_none())?;
        if (FunctionRef { file: site.file, id }) == self.function {
            return Some(Way::Here(site.range));
        }
        let above = above(self.project, [site].into_iter());
        let called = above.iter().filter(|&&called| self.project.callers(called).contains(&self.function));
        let name = |called: &FunctionRef| match called.file.as_other() {
            None => Some(self.project.source.facts(called.file).function(called.id).name),
            Some(_) => None,
        };
        let names: Option<FxHashSet<Symbol>> = called.map(name).collect();
        names.filter(|names| !names.is_empty()).map(Way::By)
    }

    fn is_in(&self, branch: TextRange, way: &Way) -> bool {
        match way {
            Way::Here(range) => branch.contains_range(*range),
            Way::By(names) => self.named(names).any(|range| branch.contains_range(range)),
        }
    }

    fn is_only_in(&self, branch: TextRange, way: &Way) -> bool {
        match way {
            Way::Here(range) => branch.contains_range(*range),
            Way::By(names) => {
                self.is_in(branch, way) && self.named(names).all(|range| branch.contains_range(range))
            }
        }
    }

    /// Where the function names others.
    fn named(&self, names: &FxHashSet<Symbol>) -> impl Iterator<Item = TextRange> {
        let body = self.body();
        let is_named = move |kind: ExprKind| match kind {
            ExprKind::Global(name) | ExprKind::Attribute(_, name) => names.contains(&name),
            _ => false,
        };
        let exprs = self.facts.exprs_within(body);
        exprs.filter(move |(_, expr)| is_named(expr.kind)).map(|(_, expr)| expr.range)
    }
}
