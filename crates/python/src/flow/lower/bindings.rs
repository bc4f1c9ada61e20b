//! What modules and classes bind: names, imports, and `__all__`.

use ruff_python_ast::{self as ast, Expr as Ast};
use ruff_text_size::TextRange;

use super::super::facts::FileFacts;
use super::super::ir::{
    ArgumentKind, BinaryOp, Binding, Expr, ExprKind, Import, ImportId, StarImport, StmtKind,
};
use super::Lowering;
use super::scopes::ScopeKind;
use crate::symbol::Symbol;

/// The name that an alias of `import …` binds.
pub(super) fn bound_by_import(alias: &ast::Alias) -> &str {
    match &alias.asname {
        Some(name) => name.as_str(),
        None => {
            let module = alias.name.as_str();
            module.split_once('.').map_or(module, |(root, _)| root)
        }
    }
}

/// The name that an alias of `from … import …` binds.
pub(super) fn bound_by_import_from(alias: &ast::Alias) -> &str {
    alias.asname.as_ref().unwrap_or(&alias.name).as_str()
}

impl<'a> Lowering<'a> {
    /// Notes a binding of the module; `value` is absent where nothing comes in.
    pub(super) fn note_module_binding(
        &mut self,
        name: Symbol,
        range: TextRange,
        value: Option<Option<Expr>>,
        conditional: bool,
    ) {
        if let Some(value) = value {
            self.module_bindings.push(Binding {
                name,
                value,
                range,
                conditional,
                type_checking: self.host().type_checking,
            });
        }
    }

    /// Notes a binding of the innermost class; `value` is absent where nothing comes in.
    pub(super) fn note_member(&mut self, name: Symbol, range: TextRange, value: Option<Option<Expr>>) {
        if let Some(value) = value {
            let host = self.host();
            let (conditional, type_checking) = (host.conditional, host.type_checking);
            self.bindings.push(Binding { name, value, range, conditional, type_checking });
        }
    }

    pub(super) fn import(&mut self, import: &'a ast::StmtImport) {
        for alias in &import.names {
            let bound = bound_by_import(alias);
            let module = self.symbol(alias.name.as_str());
            let value = self.new_import(Import {
                level: 0,
                module,
                name: None,
                binds_root: alias.asname.is_none() && alias.name.contains('.'),
                range: alias.range,
            });
            let bound_range = alias.asname.as_ref().map_or(
                TextRange::at(alias.name.range.start(), ruff_text_size::TextSize::of(bound)),
                |name| name.range,
            );
            self.bind_import(bound, bound_range, value, import.range);
        }
    }

    pub(super) fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let module = self.symbol(import.module.as_ref().map_or("", |name| name.as_str()));
        for alias in &import.names {
            if alias.name.as_str() == "*" {
                if self.host().kind == ScopeKind::Module {
                    self.facts.star_imports.push(StarImport {
                        level: import.level,
                        module,
                        position: self.module_bindings.len() as u32,
                        range: import.range,
                    });
                    // A step marks where among the others, and in which branch, the names come in.
                    let mark = self.opaque(import.range);
                    self.step(StmtKind::Expr(mark), import.range);
                }
                continue;
            }
            let name = self.symbol(alias.name.as_str());
            let value = self.new_import(Import {
                level: import.level,
                module,
                name: Some(name),
                binds_root: false,
                range: alias.range,
            });
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            self.bind_import(bound.as_str(), bound.range, value, import.range);
        }
    }

    fn new_import(&mut self, import: Import) -> Expr {
        let id = ImportId(self.facts.imports.len() as u32);
        self.facts.imports.push(import);
        self.node(ExprKind::Import(id), import.range)
    }

    fn bind_import(&mut self, name: &'a str, range: TextRange, value: Expr, stmt: TextRange) {
        let target = self.named_target(name, range, Some(value));
        self.step(StmtKind::Assign(target, value), stmt);
    }

    /// Follows `__all__ = …` of the module.
    pub(super) fn note_assigned_exports(&mut self, target: &Ast, value: Expr) {
        if self.is_exports(target) {
            self.exports = Exports::assigned(literal_names(&self.facts, value));
        }
    }

    /// Follows `__all__ += …` of the module.
    pub(super) fn note_extended_exports(&mut self, target: &Ast, value: Expr) {
        if self.is_exports(target) {
            let names = literal_names(&self.facts, value);
            self.exports.extend(names);
        }
    }

    /// Follows `__all__.extend(…)`, `__all__.append(…)` and `__all__.remove(…)` of the module.
    pub(super) fn note_called_exports(&mut self, expr: &Ast, value: Expr) {
        let Ast::Call(call) = expr else { return };
        let Ast::Attribute(method) = &*call.func else {
            return;
        };
        if !self.is_exports(&method.value) {
            return;
        }
        let names = match self.facts.kind(value) {
            ExprKind::Call(_, arguments) => match self.facts.arguments(arguments) {
                [only] if only.kind == ArgumentKind::Positional => match method.attr.as_str() {
                    "extend" => literal_names(&self.facts, only.value),
                    _ => literal_name(&self.facts, only.value).map(|name| vec![name]),
                },
                _ => None,
            },
            _ => None,
        };
        match method.attr.as_str() {
            "extend" | "append" => self.exports.extend(names),
            "remove" => self.exports.remove(names),
            _ => {}
        }
    }

    fn is_exports(&self, target: &Ast) -> bool {
        matches!(target, Ast::Name(name) if name.id.as_str() == "__all__")
            && self.host().kind == ScopeKind::Module
    }
}

/// What is known of `__all__`.
#[derive(Debug, Default)]
pub(super) enum Exports {
    /// It was not assigned.
    #[default]
    Absent,
    /// These names.
    Names(Vec<Symbol>),
    /// It was made in a way that is not followed.
    Unknown,
}

impl Exports {
    fn assigned(names: Option<Vec<Symbol>>) -> Self {
        names.map_or(Self::Unknown, Self::Names)
    }

    fn extend(&mut self, more: Option<Vec<Symbol>>) {
        match (&mut *self, more) {
            (Self::Names(names), Some(more)) => names.extend(more),
            _ => *self = Self::Unknown,
        }
    }

    fn remove(&mut self, less: Option<Vec<Symbol>>) {
        match (&mut *self, less) {
            (Self::Names(names), Some(less)) => names.retain(|name| !less.contains(name)),
            _ => *self = Self::Unknown,
        }
    }

    pub(super) fn into_names(self) -> Option<Vec<Symbol>> {
        match self {
            Self::Names(names) => Some(names),
            Self::Absent | Self::Unknown => None,
        }
    }
}

fn literal_name(facts: &FileFacts, value: Expr) -> Option<Symbol> {
    match facts.kind(value) {
        ExprKind::Str(name) => Some(name),
        _ => None,
    }
}

/// The names of a list or tuple of string literals, or of a sum of such.
fn literal_names(facts: &FileFacts, value: Expr) -> Option<Vec<Symbol>> {
    let mut names = Vec::new();
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match facts.kind(value) {
            ExprKind::List(run) | ExprKind::Tuple(run) => {
                for &name in facts.list(run) {
                    names.push(literal_name(facts, name)?);
                }
            }
            ExprKind::Binary(BinaryOp::Add, run) => rest.extend(facts.list(run).iter().rev()),
            _ => return None,
        }
    }
    Some(names)
}
