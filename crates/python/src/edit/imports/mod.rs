//! Imports: names that a file has already, and names added to it.
//!
//! A name is taken from an import that is there, or added to a `from` of its module, or imported by a statement of
//! its own among those of its section, in the order that isort and ruff keep. It is never added under
//! `TYPE_CHECKING` or in a function, and refused where it means something else anywhere in the file.

mod bindings;
mod members;
mod order;
mod place;
#[cfg(test)]
mod tests;

use ruff_python_ast::{Stmt, StmtImportFrom};
use ruff_text_size::{Ranged, TextSize};

use super::{Edit, Refusal, Target};
use bindings::{Bindings, Meaning};

/// A name to use in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The dotted name of its module.
    pub module: String,
    /// The name there; empty for the module itself, which is then imported by `import module`.
    pub name: String,
    /// Where it will be used.
    pub used_at: TextSize,
}

/// The module that a file is.
#[derive(Clone, Copy)]
pub struct Home<'a> {
    /// Its dotted name.
    pub module: &'a str,
    /// Whether it is a package's `__init__`.
    pub is_package: bool,
    /// Whether a top-level package or module is the project's own.
    pub is_first_party: &'a dyn Fn(&str) -> bool,
}

impl Home<'_> {
    /// The absolute name of an imported module.
    fn absolute(&self, level: u32, module: &str) -> Option<String> {
        if level == 0 {
            return Some(module.to_owned());
        }
        let package = self.package(level)?;
        Some(match (package, module) {
            (package, "") => package.to_owned(),
            ("", module) => module.to_owned(),
            (package, module) => format!("{package}.{module}"),
        })
    }

    /// The package that so many dots stand for.
    fn package(&self, level: u32) -> Option<&str> {
        let mut package = self.module;
        let up = if self.is_package { level - 1 } else { level };
        for _ in 0..up {
            if package.is_empty() {
                return None;
            }
            package = package.rsplit_once('.').map_or("", |(package, _)| package);
        }
        Some(package)
    }

    fn module_of(&self, from: &StmtImportFrom) -> Option<String> {
        self.absolute(from.level, from.module.as_deref().unwrap_or_default())
    }
}

/// How a file has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It can be written so.
    As(String),
    /// Not yet, but something of its module is imported with `from`.
    Module,
    /// For type checking alone.
    TypeChecking,
    /// Not at all.
    No,
}

/// How a file has a name that is imported or defined at its top level. Refused where the name would mean something
/// else at its place.
pub fn known(target: &Target, home: &Home, import: &Import) -> Result<Known, Refusal> {
    Names::new(target, home).known(import)
}

/// Names to write, and the edits that make them known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// What to write for each of the imports, in their order.
    pub names: Vec<String>,
    /// The edits, in groups of what belongs to one statement.
    pub edits: Vec<Vec<Edit>>,
}

/// Makes names known in a file.
pub fn import_names(target: &Target, home: &Home, imports: &[Import]) -> Result<Imported, Refusal> {
    let names = Names::new(target, home);
    let mut imported = Imported::default();
    let mut missing: Vec<(&str, &str)> = Vec::new();
    for import in imports {
        match names.known(import)? {
            Known::As(name) => imported.names.push(name),
            _ => {
                let written = if import.name.is_empty() { &import.module } else { &import.name };
                imported.names.push(written.clone());
                let wanted = (import.module.as_str(), import.name.as_str());
                let is_clash = |other: &(&str, &str)| {
                    let is_whole = other.1.is_empty() && wanted.1.is_empty();
                    bound(*other) == bound(wanted) && *other != wanted && !is_whole
                };
                if missing.iter().any(is_clash) {
                    return Err(Refusal(format!("`{}` would have to mean two things", bound(wanted))));
                }
                missing.push(wanted);
            }
        }
    }
    missing.sort_unstable();
    missing.dedup();
    let mut statements = Vec::new();
    for of_module in missing.chunk_by(|a, b| a.0 == b.0) {
        let module = of_module[0].0;
        let new: Vec<&str> = of_module.iter().map(|(_, name)| *name).collect();
        let (whole, new): (Vec<&str>, Vec<&str>) = new.into_iter().partition(|name| name.is_empty());
        if !whole.is_empty() {
            statements.push((module, whole));
        }
        if new.is_empty() {
            continue;
        }
        match names.from(module) {
            Some(from) => imported.edits.push(members::add(target, from, &new)?),
            None => statements.push((module, new)),
        }
    }
    imported.edits.extend(place::insert(target, home, &statements)?.into_iter().map(|edit| vec![edit]));
    let first_use = imports.iter().map(|import| import.used_at).min();
    if imported.edits.iter().flatten().any(|edit| first_use.is_some_and(|used| edit.range.start() > used)) {
        return Err(Refusal::new("the file's imports stand behind the place that needs one more"));
    }
    Ok(imported)
}

/// The name that an import binds: that of the first package where it is one of a whole module.
fn bound<'n>((module, name): (&'n str, &'n str)) -> &'n str {
    if name.is_empty() { module.split('.').next().unwrap_or(module) } else { name }
}

/// What a file binds.
struct Names<'t, 'a> {
    target: &'t Target<'a>,
    home: &'t Home<'t>,
    bindings: Bindings,
}

impl<'t, 'a> Names<'t, 'a> {
    fn new(target: &'t Target<'a>, home: &'t Home<'t>) -> Self {
        Self { target, home, bindings: Bindings::of(target.parsed.syntax(), home) }
    }

    fn top_level(&self) -> &'a [Stmt] {
        &self.target.parsed.syntax().body
    }

    /// The `from` statement that a name of a module can be added to.
    fn from(&self, module: &str) -> Option<&'a StmtImportFrom> {
        self.top_level()
            .iter()
            .filter_map(Stmt::as_import_from_stmt)
            .filter(|from| from.names.iter().all(|alias| &*alias.name != "*"))
            .find(|from| self.home.module_of(from).as_deref() == Some(module))
    }

    fn known(&self, import: &Import) -> Result<Known, Refusal> {
        let Import { module, name, .. } = import;
        if name.is_empty() {
            return self.whole(module, import.used_at);
        }
        if self.home.module == module {
            return self.own(import);
        }
        let member = Meaning::Member(module.clone(), name.clone());
        if let Some(alias) = self.bindings.at_top_level(&member, import.used_at) {
            self.bindings.check(alias, &member, import.used_at)?;
            return Ok(Known::As(alias.to_owned()));
        }
        if self.bindings.for_type_checking(&member) {
            return Ok(Known::TypeChecking);
        }
        if self.from(module).is_some() {
            self.bindings.check(name, &member, import.used_at)?;
            return Ok(Known::Module);
        }
        let whole = Meaning::Module(module.clone());
        if let Some(alias) = self.bindings.at_top_level(&whole, import.used_at) {
            self.bindings.check(alias, &whole, import.used_at)?;
            return Ok(Known::As(format!("{alias}.{name}")));
        }
        if self.bindings.has_dotted(module, import.used_at) {
            let root = module.split('.').next().unwrap_or(module);
            self.bindings.check(root, &Meaning::Module(root.to_owned()), import.used_at)?;
            return Ok(Known::As(format!("{module}.{name}")));
        }
        self.bindings.check(name, &member, import.used_at)?;
        Ok(Known::No)
    }

    /// A module, by its dotted name or what it was imported as.
    fn whole(&self, module: &str, used_at: TextSize) -> Result<Known, Refusal> {
        let whole = Meaning::Module(module.to_owned());
        if let Some(alias) = self.bindings.at_top_level(&whole, used_at) {
            self.bindings.check(alias, &whole, used_at)?;
            return Ok(Known::As(alias.to_owned()));
        }
        let root = module.split('.').next().unwrap_or(module);
        self.bindings.check(root, &Meaning::Module(root.to_owned()), used_at)?;
        if self.bindings.has_dotted(module, used_at) {
            return Ok(Known::As(module.to_owned()));
        }
        Ok(Known::No)
    }

    /// A class or function of the file itself.
    fn own(&self, import: &Import) -> Result<Known, Refusal> {
        let Import { module, name, used_at } = import;
        let here = |stmt: &&Stmt| match stmt {
            Stmt::ClassDef(class) => class.name.as_str() == name,
            Stmt::FunctionDef(function) => function.name.as_str() == name,
            _ => false,
        };
        let Some(definition) = self.top_level().iter().find(here) else {
            return Err(Refusal(format!("`{name}` is not defined at the top level of this file")));
        };
        if definition.end() > *used_at && !self.bindings.is_in_function(*used_at) {
            return Err(Refusal(format!("`{name}` is defined behind the place that needs it")));
        }
        self.bindings.check(name, &Meaning::Member(module.clone(), name.clone()), *used_at)?;
        Ok(Known::As(name.clone()))
    }
}
