//! Every place of a file that binds a name, and what it binds it to.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Alias, ExceptHandler, Expr, ExprContext, ModModule, Parameter, Pattern, Stmt, StmtIf, TypeParam,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::Refusal;
use super::Home;

/// What a name is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A module.
    Module(String),
    /// A module's name.
    Member(String, String),
    /// Anything else.
    Other,
}

impl Meaning {
    /// `from a import b` binds the module `a.b` where there is one.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Member(module, name), Self::Module(whole))
            | (Self::Module(whole), Self::Member(module, name)) => {
                whole.strip_prefix(module.as_str()).and_then(|rest| rest.strip_prefix('.')) == Some(name)
            }
            (Self::Other, Self::Other) => false,
            _ => self == other,
        }
    }
}

struct Binding {
    name: String,
    meaning: Meaning,
    start: TextSize,
    /// The functions, lambdas and comprehensions around it do not show it outside.
    scope: Option<TextRange>,
    /// Directly in the module's body, where it always happens.
    at_top_level: bool,
    type_checking: bool,
}

/// All bindings of a file, in the order of its text.
pub(super) struct Bindings {
    all: Vec<Binding>,
    /// `import a.b` without `as`, at the top level.
    dotted: Vec<(String, TextSize)>,
    functions: Vec<TextRange>,
}

impl Bindings {
    pub(super) fn of(module: &ModModule, home: &Home) -> Self {
        let mut collector = Collector {
            found: Self { all: Vec::new(), dotted: Vec::new(), functions: Vec::new() },
            home,
            scopes: Vec::new(),
            depth: 0,
            type_checking: false,
        };
        for stmt in &module.body {
            collector.visit_stmt(stmt);
        }
        collector.found
    }

    /// The name that has a meaning everywhere in the file.
    pub(super) fn at_top_level(&self, meaning: &Meaning, used_at: TextSize) -> Option<&str> {
        self.all
            .iter()
            .find(|binding| binding.at_top_level && binding.start < used_at && binding.meaning.is(meaning))
            .map(|binding| binding.name.as_str())
    }

    pub(super) fn for_type_checking(&self, meaning: &Meaning) -> bool {
        self.all.iter().any(|binding| binding.type_checking && binding.meaning.is(meaning))
    }

    pub(super) fn has_dotted(&self, module: &str, used_at: TextSize) -> bool {
        self.dotted.iter().any(|(known, start)| known == module && *start < used_at)
    }

    pub(super) fn is_in_function(&self, offset: TextSize) -> bool {
        self.functions.iter().any(|function| function.contains(offset))
    }

    /// Refuses a name that does not always mean this.
    pub(super) fn check(&self, name: &str, meaning: &Meaning, used_at: TextSize) -> Result<(), Refusal> {
        for binding in self.all.iter().filter(|binding| binding.name == name) {
            // The same import in the function itself makes the name a local one, unbound before it.
            let too_late =
                binding.scope.is_some_and(|scope| scope.contains(used_at)) && binding.start > used_at;
            if too_late || !binding.meaning.is(meaning) {
                return Err(Refusal(format!("`{name}` means something else in this file")));
            }
        }
        Ok(())
    }
}

struct Collector<'h> {
    found: Bindings,
    home: &'h Home<'h>,
    scopes: Vec<TextRange>,
    depth: usize,
    type_checking: bool,
}

impl Collector<'_> {
    fn bind(&mut self, name: &str, meaning: Meaning, start: TextSize) {
        self.found.all.push(Binding {
            name: name.to_owned(),
            meaning,
            start,
            scope: self.scopes.last().copied(),
            at_top_level: self.depth == 0 && self.scopes.is_empty(),
            type_checking: self.type_checking,
        });
    }

    fn other(&mut self, name: &str, start: TextSize) {
        self.bind(name, Meaning::Other, start);
    }

    fn import(&mut self, alias: &Alias) {
        let module = alias.name.as_str();
        match &alias.asname {
            Some(name) => self.bind(name, Meaning::Module(module.to_owned()), alias.start()),
            None => {
                let root = module.split('.').next().unwrap_or(module);
                self.bind(root, Meaning::Module(root.to_owned()), alias.start());
                if self.depth == 0 && self.scopes.is_empty() && root != module {
                    self.found.dotted.push((module.to_owned(), alias.start()));
                }
            }
        }
    }

    fn within(&mut self, range: TextRange, walk: impl FnOnce(&mut Self)) {
        self.found.functions.push(range);
        self.scopes.push(range);
        walk(self);
        self.scopes.pop();
    }
}

impl<'a> Visitor<'a> for Collector<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.import(alias);
                }
            }
            Stmt::ImportFrom(from) => {
                let module = self.home.module_of(from);
                for alias in &from.names {
                    let meaning = match &module {
                        Some(module) => Meaning::Member(module.clone(), alias.name.to_string()),
                        None => Meaning::Other,
                    };
                    self.bind(alias.asname.as_ref().unwrap_or(&alias.name), meaning, alias.start());
                }
            }
            Stmt::FunctionDef(function) => {
                self.define(&function.name, function.start());
                for decorator in &function.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.within(function.range(), |this| {
                    if let Some(type_params) = &function.type_params {
                        this.visit_type_params(type_params);
                    }
                    this.visit_parameters(&function.parameters);
                    this.visit_body(&function.body);
                });
            }
            Stmt::ClassDef(class) => {
                self.define(&class.name, class.start());
                self.depth += 1;
                visitor::walk_stmt(self, stmt);
                self.depth -= 1;
            }
            Stmt::If(branch) => {
                let outer = self.type_checking;
                self.depth += 1;
                self.type_checking |= is_type_checking(branch);
                self.visit_expr(&branch.test);
                self.visit_body(&branch.body);
                self.type_checking = outer;
                for clause in &branch.elif_else_clauses {
                    self.visit_elif_else_clause(clause);
                }
                self.depth -= 1;
            }
            Stmt::For(_) | Stmt::While(_) | Stmt::With(_) | Stmt::Try(_) | Stmt::Match(_) => {
                self.depth += 1;
                visitor::walk_stmt(self, stmt);
                self.depth -= 1;
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if name.ctx != ExprContext::Load => self.other(&name.id, name.start()),
            Expr::Lambda(_) => self.within(expr.range(), |this| visitor::walk_expr(this, expr)),
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.other(&parameter.name, parameter.start());
        visitor::walk_parameter(self, parameter);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.other(name, name.start());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(capture) => capture.name.as_ref(),
            Pattern::MatchStar(capture) => capture.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.other(name, name.start());
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_type_param(&mut self, type_param: &'a TypeParam) {
        let name = type_param.name();
        self.other(name, name.start());
        visitor::walk_type_param(self, type_param);
    }
}

impl Collector<'_> {
    /// A function or class; at the top level, one of the file's own names.
    fn define(&mut self, name: &str, start: TextSize) {
        let meaning = if self.depth == 0 && self.scopes.is_empty() {
            Meaning::Member(self.home.module.to_owned(), name.to_owned())
        } else {
            Meaning::Other
        };
        self.bind(name, meaning, start);
    }
}

fn is_type_checking(branch: &StmtIf) -> bool {
    match &*branch.test {
        Expr::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}
