//! What a changelist shows of its rows that code makes which is not read: the text or a column that a base of another package
//! gives them. Which relations it reads is not known; Django joins all foreign keys that are never null by itself, as long as the
//! admin names none.
//!
//! `django.contrib.admin.views.main.ChangeList.apply_select_related`

use tuneup_python::{ClassRef, Symbol};

use super::bases::{Leaves, is_known, leaves};
use crate::queries::machine::Machine;
use crate::queries::value::{Shape, Value};
use crate::schema::ModelId;

/// Whether a changelist shows something of its rows that code makes which is not read: their text, or a column.
pub(super) fn shows_unseen(
    machine: &mut Machine<'_>,
    class: ClassRef,
    model: ModelId,
    columns: &[Value],
    is_labelled: bool,
) -> bool {
    let own = machine.schema.class_of(model);
    let is_unseen = |name: Symbol| {
        machine.schema.attribute(model, name).is_none()
            && machine.class_function(class, name).is_none()
            && own.is_some_and(|own| machine.project.member(own, name).is_none())
    };
    let names = columns.iter().filter_map(|&column| match *machine.values.shape(column) {
        Shape::Str(name) => Some(name),
        _ => None,
    });
    let mut names: Vec<Symbol> =
        names.filter(|name| !name.as_str().contains("__") || *name == machine.names.str_).collect();
    names.extend(is_labelled.then_some(machine.names.str_));
    let has_unread =
        |class: ClassRef| !machine.project.mro(class).iter().all(|base| leaves(base, Leaves::Texts));
    names.into_iter().any(|name| {
        let is_of_admin = name != machine.names.str_ && !is_known(machine.project, class, name.as_str());
        is_unseen(name) && (is_of_admin || own.is_some_and(has_unread))
    })
}

/// Keeps the foreign keys that `select_related()` without names joins of a model's rows.
pub(super) fn note_joined(machine: &mut Machine<'_>, rows: Value, model: ModelId) {
    let relations = machine.schema.forward_relations(model).into_iter();
    let joined = relations.filter(|&relation| machine.schema.joins_by_default([relation])).collect();
    machine.unseen.insert(rows, joined);
}
