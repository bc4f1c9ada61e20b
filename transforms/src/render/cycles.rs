//! Whether a new import may close a circle of imports.

use rustc_hash::FxHashSet;
use tuneup_python::flow::{ExprKind, FileFacts};
use tuneup_python::{FileId, ModuleRef, Project};

/// Whether to import a module may import a file, over what each module imports at its top level. A module of the
/// project that cannot be found may lead anywhere.
pub(super) fn may_lead_to(project: &Project, module: &str, file: FileId) -> bool {
    let mut open = Vec::new();
    if !reach(project, module, &mut open) {
        let top = module.split('.').next().unwrap_or(module);
        return project.module(top).is_some_and(|top| is_own(project, top));
    }
    let mut seen = FxHashSet::default();
    while let Some(next) = open.pop() {
        if next == file {
            return true;
        }
        if project.file(next).is_third_party || !seen.insert(next) {
            continue;
        }
        let facts = project.facts(next);
        for module in imported(facts) {
            let (level, module, name) = module;
            let Some(module) = absolute(project, next, level, module) else { continue };
            reach(project, &module, &mut open);
            if let Some(name) = name {
                reach(project, &format!("{module}.{name}"), &mut open);
            }
        }
    }
    false
}

fn is_own(project: &Project, module: ModuleRef) -> bool {
    match module {
        ModuleRef::File(file) => !project.file(file).is_third_party,
        ModuleRef::Namespace(folder) => !folder.as_str().starts_with('/'),
    }
}

/// Adds the files that the import of a module runs: its own, and those of the packages around it.
fn reach(project: &Project, module: &str, open: &mut Vec<FileId>) -> bool {
    for (end, _) in module.match_indices('.') {
        if let Some(ModuleRef::File(package)) = project.module(&module[..end]) {
            open.push(package);
        }
    }
    match project.module(module) {
        Some(ModuleRef::File(file)) => {
            open.push(file);
            true
        }
        Some(ModuleRef::Namespace(_)) => true,
        None => false,
    }
}

/// What a module imports at its top level when it runs: dots, module, and the name behind `from … import`.
fn imported(facts: &FileFacts) -> impl Iterator<Item = (u32, &'static str, Option<&'static str>)> {
    let named = facts.bindings(facts.module_bindings).iter().filter(|binding| !binding.type_checking);
    let named = named.filter_map(|binding| match facts.kind(binding.value?) {
        ExprKind::Import(id) => {
            let import = facts.import(id);
            Some((import.level, import.module.as_str(), import.name.map(|name| name.as_str())))
        }
        _ => None,
    });
    named.chain(facts.star_imports.iter().map(|star| (star.level, star.module.as_str(), None)))
}

fn absolute(project: &Project, file: FileId, level: u32, module: &str) -> Option<String> {
    if level == 0 {
        return Some(module.to_owned());
    }
    let home = project.file(file);
    let mut package = home.module.as_str();
    for _ in 0..level - u32::from(home.is_package) {
        package = package.rsplit_once('.').map_or("", |(package, _)| package);
    }
    Some([package, module].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tuneup_python::LoadOptions;

    use super::*;

    #[test]
    fn a_circle_runs_over_top_level_imports() {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("shop/__init__.py", ""),
            ("shop/models.py", "from .base import Base\nimport os\n\ndef f():\n    from blog import views\n"),
            ("shop/base.py", "if TYPE_CHECKING:\n    from blog.views import x\n"),
            ("shop/signals.py", "from . import handlers\n"),
            ("shop/handlers.py", "try:\n    from blog import views\nexcept ImportError:\n    pass\n"),
            ("blog/__init__.py", "from .all import *\n"),
            ("blog/all.py", ""),
            ("blog/views.py", ""),
            ("blog/deep.py", ""),
            ("tools/__init__.py", "import blog.views as v\n"),
            ("tools/text.py", ""),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let project = Project::load(&LoadOptions::new(root.path()));
        let leads =
            |module: &str, path: &str| may_lead_to(&project, module, project.file_at(path).expect("a file"));
        assert!(!leads("shop.models", "blog/views.py"));
        assert!(leads("shop.models", "shop/base.py"));
        assert!(leads("shop.signals", "blog/views.py"));
        assert!(leads("blog.deep", "blog/all.py"), "the package runs first, and its star import");
        assert!(leads("tools.text", "blog/views.py"));
        assert!(leads("shop.unknown", "blog/views.py"));
        assert!(!leads("lib.models", "blog/views.py"));
    }
}
