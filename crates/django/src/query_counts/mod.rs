//! Tests that count queries: `assertNumQueries`, pytest-django's `django_assert_num_queries` and
//! `django_assert_max_num_queries`, and the records that django-perf-rec keeps in `*.perf.yml`.
//!
//! Such a test fails when a query is saved, which is what a person wants to know before. What a test runs is found by
//! what its own code names, in the statement that counts and in what that is given: functions, classes and models, and
//! views by the name or path of their URL; from there on by the calls that interpreting the project followed.

mod perf;
mod reach;

use ruff_text_size::TextRange;
use rustc_hash::FxHashSet;
use tuneup_python::flow::{Expr, ExprKind, FileFacts, FunctionId, Stmt, StmtKind};
use tuneup_python::{ClassRef, FileId, FunctionRef};

use crate::project::{COUNTS, Project};
use crate::schema::ModelId;
use crate::urls::Urls;
use reach::{Reach, Region};

/// A place where a test says how many queries are made.
#[derive(Clone, Debug)]
pub struct QueryCount {
    /// Its file, from the root.
    pub path: String,
    /// Where it stands there.
    pub range: TextRange,
    /// The test, qualified within its module: `BookTests.test_list`.
    pub test: String,
    /// What counts: `assertNumQueries(3)`.
    pub form: String,
    functions: FxHashSet<FunctionRef>,
    classes: FxHashSet<ClassRef>,
    models: FxHashSet<ModelId>,
}

/// How sure it is that a test notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// It runs the code that makes the query.
    Will,
    /// It has to do with rows of the same model.
    May,
}

/// The names that count. The files of a project that have one of them are marked.
pub(crate) const COUNTING: [&str; 3] =
    ["assertNumQueries", "django_assert_num_queries", "django_assert_max_num_queries"];

impl QueryCount {
    /// All of a project's, by file and place.
    pub(crate) fn find(project: &Project) -> Vec<Self> {
        let source = &project.source;
        // Few files count, and only theirs are made facts of.
        let files: Vec<FileId> =
            source.file_ids().filter(|&file| source.file(file).is_marked(COUNTS)).collect();
        let records = perf::records(project);
        if files.is_empty() && records.is_empty() {
            return Vec::new();
        }
        let mut reach = Reach::new(project, Urls::find(source));
        let mut counts = Vec::new();
        for file in files {
            let facts = source.facts(file);
            for (n, node) in facts.exprs.iter().enumerate() {
                let expr = Expr(n as u32);
                let ExprKind::Call(callee, _) = node.kind else { continue };
                let Some(name) = counting(facts, callee) else { continue };
                let region = Region { file, range: counted(facts, expr) };
                let test = function_around(facts, node.range);
                let form = match facts.kind(expr) {
                    ExprKind::Call(_, run) => match facts.arguments(run).first() {
                        Some(first) => match facts.kind(first.value) {
                            ExprKind::Int(number) => format!("{name}({number})"),
                            _ => name.to_owned(),
                        },
                        None => name.to_owned(),
                    },
                    _ => name.to_owned(),
                };
                let test = test.map_or("", |id| facts.function(id).qualname.as_str());
                counts.push(reach.count(source.path(file), node.range, test, form, &[region]));
            }
        }
        counts.extend(records.into_iter().map(|record| record.count(project, &mut reach)));
        counts.sort_by(|a, b| (&a.path, a.range.start()).cmp(&(&b.path, b.range.start())));
        counts
    }

    /// Whether the test notices that a query is made less often: of a place of a file, with its rows' model.
    pub fn notice(
        &self,
        project: &Project,
        path: &str,
        range: TextRange,
        model: Option<&str>,
    ) -> Option<Notice> {
        if let Some(file) = project.source.file_at(path) {
            let facts = project.source.facts(file);
            let mut functions = (0..facts.functions.len() as u32).map(FunctionId);
            let runs = functions.any(|id| {
                facts.function(id).range.contains_range(range)
                    && self.functions.contains(&FunctionRef { file, id })
            });
            let is_inside =
                |class: &&ClassRef| class.file == file && facts.class(class.id).range.contains_range(range);
            // A class's own query, as of a view with a `queryset`; its methods are told apart.
            let is_in_function = function_around(facts, range).is_some();
            // Whether there is any does not depend on the order.
            if runs || (!is_in_function && self.classes.iter().any(|class| is_inside(&class))) {
                return Some(Notice::Will);
            }
        }
        let model = project.schema.model_by_label(model?)?;
        self.models.contains(&model).then_some(Notice::May)
    }
}

impl Project {
    /// The tests that count queries. They are found when they are first asked for.
    pub fn query_counts(&self) -> &[QueryCount] {
        self.query_counts.get_or_init(|| QueryCount::find(self))
    }
}

/// The name of what counts, where a callee does.
fn counting(facts: &FileFacts, callee: Expr) -> Option<&'static str> {
    let name = match facts.kind(callee) {
        ExprKind::Attribute(_, name) => name.as_str(),
        ExprKind::Global(name) => name.as_str(),
        // A fixture is a parameter of its name.
        ExprKind::Local(slot) => {
            let function = facts.function(function_around(facts, facts.range(callee))?);
            facts.slot_names[function.slots.indices()].get(slot as usize)?.as_str()
        }
        _ => return None,
    };
    COUNTING.into_iter().find(|counting| *counting == name)
}

/// What is counted: the statement `with …:` that the call stands in, with all of it; otherwise the call, which is
/// given what to run.
fn counted(facts: &FileFacts, call: Expr) -> TextRange {
    let range = facts.range(call);
    let body_of = |stmt: &Stmt| match stmt.kind {
        StmtKind::With { body } => facts.block(body).first().map(|first| first.range.start()),
        _ => None,
    };
    // Before the body stand the items.
    let is_item = |stmt: &&Stmt| {
        stmt.range.contains_range(range) && body_of(stmt).is_some_and(|body| range.end() <= body)
    };
    let around = facts.stmts.iter().filter(is_item).min_by_key(|stmt| stmt.range.len());
    around.map_or(range, |stmt| stmt.range)
}

/// The innermost `def` around a range; a lambda is part of the function that it stands in.
fn function_around(facts: &FileFacts, range: TextRange) -> Option<FunctionId> {
    let is_def = |id: &FunctionId| {
        let function = facts.function(*id);
        function.range.contains_range(range) && function.name.as_str() != "<lambda>"
    };
    let functions = (0..facts.functions.len() as u32).map(FunctionId).filter(is_def);
    functions.min_by_key(|id| facts.function(*id).range.len())
}
