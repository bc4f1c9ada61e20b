//! Names that rendered text uses, and the imports that it needs for them.

use ruff_text_size::TextRange;
use tuneup_python::edit::{Edit, Home, Import, Known, Refusal, Target, import_names, known};

use super::Files;

/// The names that the text of one file uses.
pub(super) struct Names<'t> {
    files: &'t dyn Files,
    path: &'t str,
    target: &'t Target<'t>,
    home: Home<'t>,
    imports: Vec<Import>,
}

impl<'t> Names<'t> {
    pub(super) fn new(files: &'t dyn Files, path: &'t str, target: &'t Target<'t>, home: Home<'t>) -> Self {
        Self { files, path, target, home, imports: Vec::new() }
    }

    /// What to write for a module's name, or with no name for the module itself, within an expression. A model is only imported where that can be no circle.
    pub(super) fn name(&mut self, module: &str, name: &str, used_in: TextRange) -> Result<String, Refusal> {
        let import = Import { module: module.to_owned(), name: name.to_owned(), used_at: used_in.start() };
        match known(self.target, &self.home, &import)? {
            Known::As(name) => return Ok(name),
            Known::Module => {}
            Known::TypeChecking => {
                return Err(Refusal(format!(
                    "`{name}` is imported for type checking alone here, so an import of it may be circular"
                )));
            }
            Known::No if self.files.may_lead_back(module, self.path) => {
                return Err(Refusal(format!("an import of `{name}` from `{module}` may be circular here")));
            }
            Known::No => {}
        }
        self.imports.push(import);
        Ok(if name.is_empty() { module.to_owned() } else { name.to_owned() })
    }

    /// What the file writes for a module's name, where it needs no import.
    pub(super) fn already(&self, module: &str, name: &str, used_in: TextRange) -> Option<String> {
        let import = Import { module: module.to_owned(), name: name.to_owned(), used_at: used_in.start() };
        match known(self.target, &self.home, &import) {
            Ok(Known::As(name)) => Some(name),
            _ => None,
        }
    }

    /// The edits that import what is missing.
    pub(super) fn edits(self) -> Result<Vec<Vec<Edit>>, Refusal> {
        if self.imports.is_empty() {
            return Ok(Vec::new());
        }
        Ok(import_names(self.target, &self.home, &self.imports)?.edits)
    }
}
