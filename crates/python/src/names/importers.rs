//! What calls import: functions of packages that take a module and a name as texts.

use super::modules::Resolved;
use super::query::Query;
use super::resolve::Scope;
use super::{Entity, FileId, ModuleRef};
use crate::flow::{ArgumentKind, Expr, ExprKind, Run};
use crate::symbol::Symbol;

/// A function that imports by texts, from a package whose modules a project may replace by its own:
/// `get_class("catalogue.views", "ProductView")`, `get_classes("catalogue.views", ["ProductView", "CategoryView"])`.
#[derive(Clone, Copy, Debug)]
pub struct Importer {
    /// The function, by its full dotted name. It is called by its own.
    pub function: &'static str,
    /// The package below which the modules of its first argument stand.
    pub package: &'static str,
    /// Whether a file of the project, by its path, may replace one of the package's.
    pub replaces: fn(&str) -> bool,
}

impl Importer {
    fn name(&self) -> &'static str {
        self.function.rsplit('.').next().unwrap_or(self.function)
    }
}

impl Query<'_> {
    /// What a call imports, or one part of what it does, where it is one of a function that imports.
    pub(crate) fn imported_by_call(&mut self, file: FileId, expr: Expr, scope: Scope) -> Option<Entity> {
        let importers = self.project.importers();
        if importers.is_empty() {
            return None;
        }
        let facts = self.project.facts(file);
        let (call, part) = match facts.kind(expr) {
            ExprKind::Subscript(base, index) => match facts.kind(index) {
                ExprKind::Int(part) => (base, usize::try_from(part).ok()?),
                _ => return None,
            },
            _ => (expr, 0),
        };
        let is_part = call != expr;
        let ExprKind::Call(callee, arguments) = facts.kind(call) else { return None };
        let (ExprKind::Global(name) | ExprKind::Attribute(_, name)) = facts.kind(callee) else { return None };
        let mut named = importers.iter().filter(|importer| name == *importer.name()).peekable();
        named.peek()?;
        let called = self.dotted(file, callee, scope)?;
        let importer = named.find(|importer| importer.function == called)?;
        let (module, names) = self.texts(file, arguments)?;
        let name = match (is_part, facts.kind(names)) {
            (false, ExprKind::Str(name)) => name,
            (true, ExprKind::List(names) | ExprKind::Tuple(names)) => {
                match facts.kind(*facts.list(names).get(part)?) {
                    ExprKind::Str(name) => name,
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(self.imported_from(importer, module.as_str(), name))
    }

    /// The full dotted name of a function.
    fn dotted(&mut self, file: FileId, callee: Expr, scope: Scope) -> Option<String> {
        match self.value(file, callee, scope) {
            Entity::External(dotted) => Some(dotted.as_str().to_owned()),
            Entity::Function(function) => {
                let name = self.project.facts(function.file).function(function.id).name;
                Some(format!("{}.{name}", self.project.file(function.file).module))
            }
            _ => None,
        }
    }

    /// The text of the first argument, and the second.
    fn texts(&self, file: FileId, arguments: Run) -> Option<(Symbol, Expr)> {
        let facts = self.project.facts(file);
        let [module, names, ..] = facts.arguments(arguments) else { return None };
        if [module, names].iter().any(|argument| argument.kind != ArgumentKind::Positional) {
            return None;
        }
        match facts.kind(module.value) {
            ExprKind::Str(module) => Some((module, names.value)),
            _ => None,
        }
    }

    /// A name of a module below the package: the package's where the project holds it, the project's own where that
    /// replaces it, or else the installed one.
    fn imported_from(&mut self, importer: &Importer, module: &str, name: Symbol) -> Entity {
        let whole = format!("{}.{module}", importer.package);
        let original = match self.absolute_module(None, &whole) {
            Resolved::File(file) => Some(file),
            _ => self.module_ref(&whole).and_then(|found| match found {
                ModuleRef::File(file) => Some(file),
                ModuleRef::Namespace(_) => None,
            }),
        };
        let is_known = |entity: &Entity| matches!(entity, Entity::Class(_) | Entity::Function(_));
        let original = original.map(|file| (file, self.module_attribute(file, name)));
        if let Some((file, Some(entity))) = original
            && !self.project.file(file).is_third_party
            && is_known(&entity)
        {
            return entity;
        }
        let end = format!(".{module}");
        let below = format!("{}.", importer.package);
        let project = self.project;
        let own = project.file_ids().filter(|&file| {
            let found = project.file(file);
            let dotted = found.module.as_str();
            (dotted == module || dotted.ends_with(&end))
                && !dotted.starts_with(&below)
                && (importer.replaces)(&found.path)
        });
        let own: Vec<Entity> =
            own.filter_map(|file| self.module_attribute(file, name)).filter(is_known).collect();
        match (own.as_slice(), original) {
            ([entity], _) => *entity,
            ([], Some((_, Some(entity)))) => entity,
            ([], _) => Entity::External(Symbol::new(&format!("{whole}.{name}"))),
            // Which of several the settings of the day say.
            _ => Entity::Unknown,
        }
    }
}
