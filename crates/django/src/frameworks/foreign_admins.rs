//! Admin classes of other packages: which of them leave to a subclass what a changelist shows and joins.

use tuneup_python::{Base, ClassRef, Project, Symbol};

/// Packages whose admins and inlines neither say what a changelist shows, nor what it joins.
const LEAVING: &[&str] = &[
    "abc",
    "admin_cursor_paginator",
    "adminsortable2",
    "advanced_filters",
    "ajax_select",
    "builtins",
    "concurrency",
    "django",
    "django_extensions",
    "django_object_actions",
    "django_summernote",
    "djangoql",
    "guardian",
    "hijack",
    "impersonate",
    "import_export",
    "inline_actions",
    "leaflet",
    "markdownx",
    "modeltranslation",
    "mptt",
    "nested_admin",
    "ordered_model",
    "parler",
    "polymorphic",
    "reversion",
    "simple_history",
    "solo",
    "tabbed_admin",
    "treebeard",
    "typing",
    "unfold",
];

/// Classes of these packages that do.
///
/// <https://github.com/django/django/blob/main/django/contrib/auth/admin.py>
const SAYING: &[&str] = &["DraggableMPTTAdmin", "UserAdmin"];

/// Whether what a class has under a name is known: its own value, that of a base that stands nearer than any that is not
/// read, or Django's.
pub(super) fn is_known(project: &Project, class: ClassRef, name: &str) -> bool {
    let name = Symbol::new(name);
    for base in project.mro(class) {
        match *base {
            Base::Class(owner) if project.own_member(owner, name).is_some() => return true,
            Base::Class(_) => {}
            Base::External(dotted) => {
                let mut parts = dotted.as_str().split('.');
                let package = parts.next().unwrap_or_default();
                if !LEAVING.contains(&package) || parts.any(|part| SAYING.contains(&part)) {
                    return false;
                }
            }
            Base::Value(..) | Base::Unknown => return false,
        }
    }
    true
}
