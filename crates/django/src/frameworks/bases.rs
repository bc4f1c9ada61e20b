//! Classes of other packages that a project's extend: what they leave to the classes that do.

use tuneup_python::{Base, ClassRef, Project, Symbol};

use Leaves::{Actions, Changelists, Texts};

/// What the classes of a package leave to those that extend them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// Its admins and inlines neither say what a changelist shows, nor what it joins.
    Changelists,
    /// Its admins add no action, and do not say who may delete.
    Actions,
    /// None of its models reads a relation to make a text.
    Texts,
}

const ALL: &[Leaves] = &[Changelists, Actions, Texts];

/// What is left by which packages, Python's own modules among them.
const PACKAGES: &[(&str, &[Leaves])] = &[
    ("abc", ALL),
    ("admin_cursor_paginator", &[Changelists]),
    ("adminsortable2", &[Changelists]),
    ("advanced_filters", &[Changelists]),
    ("ajax_select", &[Changelists]),
    ("builtins", ALL),
    ("concurrency", &[Changelists]),
    ("django", ALL),
    ("django_extensions", &[Changelists, Texts]),
    ("django_lifecycle", &[Texts]),
    ("django_object_actions", &[Changelists]),
    ("django_summernote", &[Changelists]),
    ("djangoql", &[Changelists]),
    ("guardian", &[Changelists, Texts]),
    ("hijack", &[Changelists]),
    ("impersonate", &[Changelists]),
    ("import_export", &[Changelists]),
    ("inline_actions", &[Changelists]),
    ("leaflet", &[Changelists]),
    ("markdownx", &[Changelists]),
    ("model_utils", &[Texts]),
    ("modelcluster", &[Texts]),
    ("modeltranslation", &[Changelists]),
    ("mptt", ALL),
    ("nested_admin", &[Changelists]),
    ("ordered_model", &[Changelists, Texts]),
    ("parler", &[Changelists, Texts]),
    ("polymorphic", &[Changelists, Texts]),
    ("reversion", &[Changelists]),
    ("rules", &[Texts]),
    ("safedelete", &[Texts]),
    ("simple_history", &[Changelists, Texts]),
    ("solo", &[Changelists]),
    ("tabbed_admin", &[Changelists]),
    ("treebeard", &[Changelists, Texts]),
    ("typing", ALL),
    ("unfold", &[Changelists]),
];

/// Admins of these packages that do say what a changelist shows, or joins.
///
/// <https://github.com/django/django/blob/main/django/contrib/auth/admin.py>
const SAYING: &[&str] = &["DraggableMPTTAdmin", "UserAdmin"];

/// Whether a base says nothing of something itself. What is not read may say anything.
pub(super) fn leaves(base: &Base, what: Leaves) -> bool {
    match base {
        Base::Class(_) => true,
        Base::External(dotted) => {
            let mut parts = dotted.as_str().split('.');
            let package = parts.next().unwrap_or_default();
            PACKAGES.iter().any(|(name, left)| *name == package && left.contains(&what))
                && !(what == Changelists && parts.any(|part| SAYING.contains(&part)))
        }
        Base::Value(..) | Base::Unknown => false,
    }
}

/// Whether what an admin has under a name is known: its own value, that of a base that stands nearer than any that is not
/// read, or Django's.
pub(super) fn is_known(project: &Project, admin: ClassRef, name: &str) -> bool {
    let name = Symbol::new(name);
    for base in project.mro(admin) {
        if matches!(*base, Base::Class(owner) if project.own_member(owner, name).is_some()) {
            return true;
        }
        if !leaves(base, Changelists) {
            return false;
        }
    }
    true
}
