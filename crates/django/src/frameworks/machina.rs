//! django-machina: its classes are imported by texts, so that a project's fork of an app stands in for its own.
//!
//! <https://django-machina.readthedocs.io/en/stable/customization/recipes/overriding_an_application.html>

use tuneup_python::Importer;

use crate::project::is_aside;

pub(super) const IMPORTERS: [Importer; 2] =
    [importer("machina.core.loading.get_class"), importer("machina.core.loading.get_classes")];

const fn importer(function: &'static str) -> Importer {
    Importer { function, package: "machina.apps", replaces: |path| !is_aside(path) }
}
