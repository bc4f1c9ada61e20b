//! What a piece of a test's code leads to.

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{Expr, ExprKind, ExprNode, FileFacts, FunctionId, ImportId, StmtKind};
use tuneup_python::{Base, ClassRef, Entity, FileId, FunctionRef, Symbol};

use super::{QueryCount, function_around};
use crate::project::{Project, is_aside};
use crate::schema::ModelId;
use crate::urls::Urls;

/// How many pieces of code one test is followed through.
const MOST: usize = 400;

/// What makes a URL of a view's name.
const REVERSING: [&str; 4] = ["reverse", "reverse_lazy", "resolve_url", "redirect"];

/// A piece of a test's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Region {
    pub(super) file: FileId,
    pub(super) range: TextRange,
}

/// What tests can reach in a project.
pub(super) struct Reach<'p> {
    project: &'p Project,
    urls: Urls,
    calls: FxHashMap<FunctionRef, Vec<FunctionRef>>,
}

/// What one test has reached so far.
#[derive(Default)]
struct Found {
    open: Vec<Region>,
    seen: FxHashSet<Region>,
    functions: Vec<FunctionRef>,
    classes: FxHashSet<ClassRef>,
    models: FxHashSet<ModelId>,
}

impl<'p> Reach<'p> {
    pub(super) fn new(project: &'p Project, urls: Urls) -> Self {
        let mut calls: FxHashMap<FunctionRef, Vec<FunctionRef>> = FxHashMap::default();
        #[expect(clippy::iter_over_hash_type, reason = "what is reached does not depend on the order")]
        for &(caller, callee) in project.calls() {
            calls.entry(caller).or_default().push(callee);
        }
        Self { project, urls, calls }
    }

    /// What some code leads to, as a count of queries.
    pub(super) fn count(
        &mut self,
        path: &str,
        range: TextRange,
        test: &str,
        form: String,
        regions: &[Region],
    ) -> QueryCount {
        let mut found = Found { open: regions.to_vec(), ..Found::default() };
        while let Some(region) = found.open.pop() {
            if found.seen.len() < MOST && found.seen.insert(region) {
                self.follow(region, &mut found);
            }
        }
        let mut functions = FxHashSet::default();
        let mut open = found.functions;
        while let Some(function) = open.pop() {
            if functions.insert(function) {
                open.extend(self.calls.get(&function).into_iter().flatten());
            }
        }
        QueryCount {
            path: path.to_owned(),
            range,
            test: test.to_owned(),
            form,
            functions,
            classes: found.classes,
            models: found.models,
        }
    }

    fn follow(&self, region: Region, found: &mut Found) {
        let source = &self.project.source;
        let facts = source.facts(region.file);
        let within: Vec<(Expr, &ExprNode)> = facts.exprs_within(region.range).collect();
        let of_text = |(_, node): &(Expr, &ExprNode)| match node.kind {
            ExprKind::FString(parts) => facts.list(parts),
            _ => &[],
        };
        // The constant parts of an f-string are no paths by themselves.
        let pieces: FxHashSet<Expr> = within.iter().flat_map(of_text).copied().collect();
        for (expr, node) in within {
            match node.kind {
                ExprKind::Global(_) => self.add(source.entity_of(region.file, expr), found),
                ExprKind::Import(import) => self.import(region.file, import, found),
                ExprKind::Local(slot) => self.local(region.file, expr, slot, found),
                // Of a lambda that is given to what counts.
                ExprKind::Free { slot, .. } => self.local(region.file, expr, u32::from(slot), found),
                ExprKind::Attribute(base, name) if self.member(region.file, expr, base, name, found) => {}
                ExprKind::Attribute(..) => self.add(source.entity_of(region.file, expr), found),
                ExprKind::Str(text) if text.as_str().starts_with('/') && !pieces.contains(&expr) => {
                    self.urls.at(text.as_str()).for_each(|view| self.add(view, found));
                }
                ExprKind::FString(parts) => {
                    // What is put in stands for one part of the path.
                    let part = |part: &Expr| facts.as_str(*part).unwrap_or("*");
                    let path: String = facts.list(parts).iter().map(part).collect();
                    if path.starts_with('/') {
                        self.urls.at(&path).for_each(|view| self.add(view, found));
                    }
                }
                ExprKind::Call(callee, run) => {
                    let called = match facts.kind(callee) {
                        ExprKind::Global(name) | ExprKind::Attribute(_, name) => name.as_str(),
                        _ => continue,
                    };
                    let name = facts.arguments(run).first().and_then(|first| facts.as_str(first.value));
                    if REVERSING.contains(&called)
                        && let Some(name) = name
                    {
                        self.urls.named(name).for_each(|view| self.add(view, found));
                    }
                }
                _ => {}
            }
        }
    }

    /// What a name of the test's code means.
    fn add(&self, entity: Entity, found: &mut Found) {
        let source = &self.project.source;
        match entity {
            Entity::Function(function) => {
                let definition = source.facts(function.file).function(function.id);
                match self.is_test_code(function.file) {
                    true => found.open.push(Region { file: function.file, range: definition.range }),
                    false => found.functions.push(function),
                }
            }
            Entity::Class(class) => self.class(class, found),
            Entity::Value(file, value) if self.is_test_code(file) => {
                found.open.push(Region { file, range: source.facts(file).range(value) });
            }
            _ => {}
        }
    }

    fn class(&self, class: ClassRef, found: &mut Found) {
        let source = &self.project.source;
        if let Some(model) = self.project.schema.model_of_class(class) {
            found.models.insert(model);
            return;
        }
        let facts = source.facts(class.file);
        if self.is_test_code(class.file) {
            // A factory names the model that it makes rows of.
            found.open.push(Region { file: class.file, range: facts.class(class.id).range });
            return;
        }
        if source.file(class.file).is_third_party || !found.classes.insert(class) {
            return;
        }
        let functions = facts.functions.iter().enumerate();
        let own = functions.filter(|(_, function)| function.class == Some(class.id));
        found.functions.extend(own.map(|(n, _)| FunctionRef { file: class.file, id: FunctionId(n as u32) }));
        for base in source.mro(class) {
            if let Base::Class(base) = base {
                self.class(*base, found);
            }
        }
        // What a view is made with: its serializer, its form, the class that filters.
        for value in source.own_members(class).filter_map(|binding| binding.value) {
            if let named @ Entity::Class(_) = source.entity_of(class.file, value) {
                self.add(named, found);
            }
        }
    }

    fn import(&self, file: FileId, import: ImportId, found: &mut Found) {
        self.add(self.project.source.import(file, import), found);
    }

    /// What a variable of a test was given: by an assignment, or by the fixture of its name.
    fn local(&self, file: FileId, expr: Expr, slot: u32, found: &mut Found) {
        let facts = self.project.source.facts(file);
        let range = facts.range(expr);
        let Some(id) = function_around(facts, range) else { return };
        let function = facts.function(id);
        let is_lambdas =
            matches!(facts.kind(expr), ExprKind::Local(_)) && innermost(facts, range) != Some(id);
        if is_lambdas {
            return;
        }
        for stmt in facts.stmts.iter().filter(|stmt| function.range.contains_range(stmt.range)) {
            let (target, value) = match stmt.kind {
                StmtKind::Assign(target, value) => (target, value),
                StmtKind::Annotated { target, value: Some(value), .. } => (target, value),
                _ => continue,
            };
            if facts.kind(target) == ExprKind::Local(slot) && function_around(facts, stmt.range) == Some(id) {
                found.open.push(Region { file, range: facts.range(value) });
            }
        }
        let parameters = facts.parameters(function.parameters);
        if let Some(parameter) = parameters.get(slot as usize) {
            self.fixture(file, parameter.name, found);
        }
    }

    /// pytest's fixture of a name: in the file, or in a `conftest.py` beside it or above.
    fn fixture(&self, file: FileId, name: Symbol, found: &mut Found) {
        let source = &self.project.source;
        let path = source.path(file);
        let folders = path.match_indices('/').map(|(at, _)| &path[..=at]).chain([""]);
        let mut folders: Vec<&str> = folders.collect();
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
        let conftests = folders.iter().filter_map(|folder| source.file_at(&format!("{folder}conftest.py")));
        for file in std::iter::once(file).chain(conftests) {
            let facts = source.facts(file);
            let is_fixture = |function: &&tuneup_python::flow::Function| {
                function.name == name && function.class.is_none() && function.parent.is_none()
            };
            if let Some(function) = facts.functions.iter().find(is_fixture) {
                found.open.push(Region { file, range: function.range });
                return;
            }
        }
    }

    /// `self.name` in a test's class: a method of it, or what is kept there. Whether it is that.
    fn member(&self, file: FileId, expr: Expr, base: Expr, name: Symbol, found: &mut Found) -> bool {
        let source = &self.project.source;
        let facts = source.facts(file);
        let is_this = matches!(facts.kind(base), ExprKind::Local(0) | ExprKind::Free { slot: 0, .. });
        if !is_this || !self.is_test_code(file) {
            return false;
        }
        let Some(class) = function_around(facts, facts.range(expr)).and_then(|id| facts.function(id).class)
        else {
            return false;
        };
        for class in source.mro(ClassRef { file, id: class }) {
            let Base::Class(class) = *class else { continue };
            let facts = source.facts(class.file);
            if source.file(class.file).is_third_party {
                continue;
            }
            if let Some(member) = source.own_member(class, name)
                && let Some(value) = member.binding.value
            {
                match source.entity_of(class.file, value) {
                    entity @ (Entity::Function(_) | Entity::Class(_)) => self.add(entity, found),
                    _ => found.open.push(Region { file: class.file, range: facts.range(value) }),
                }
            }
            let methods = facts.functions.iter().filter(|function| function.class == Some(class.id));
            for method in methods {
                for stmt in facts.stmts.iter().filter(|stmt| method.range.contains_range(stmt.range)) {
                    if let StmtKind::Assign(target, value) = stmt.kind
                        && let ExprKind::Attribute(this, set) = facts.kind(target)
                        && set == name
                        && facts.kind(this) == ExprKind::Local(0)
                    {
                        found.open.push(Region { file: class.file, range: facts.range(value) });
                    }
                }
            }
        }
        true
    }

    fn is_test_code(&self, file: FileId) -> bool {
        !self.project.source.file(file).is_third_party && is_aside(self.project.source.path(file))
    }
}

/// The innermost function around a range, a lambda too.
fn innermost(facts: &FileFacts, range: TextRange) -> Option<FunctionId> {
    let functions = (0..facts.functions.len() as u32).map(FunctionId);
    let around = functions.filter(|id| facts.function(*id).range.contains_range(range));
    around.min_by_key(|id| facts.function(*id).range.len())
}
