//! django-oscar: its classes are imported by texts, so that a project's fork of an app stands in for Oscar's own.
//!
//! <https://django-oscar.readthedocs.io/en/latest/topics/class_loading_explained.html>

use tuneup_python::Importer;

use crate::project::is_aside;

pub(super) const IMPORTERS: [Importer; 2] =
    [importer("oscar.core.loading.get_class"), importer("oscar.core.loading.get_classes")];

const fn importer(function: &'static str) -> Importer {
    Importer { function, package: "oscar.apps", replaces: |path| !is_aside(path) }
}
