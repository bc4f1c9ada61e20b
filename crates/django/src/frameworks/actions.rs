//! Actions of an admin, for which a changelist has a column of boxes to choose rows: only where an action remains. Django's own,
//! which deletes the chosen rows, does not where `has_delete_permission()` is false for all who see the list.
//!
//! `django.contrib.admin.options.ModelAdmin.get_actions`

use tuneup_python::flow::ExprKind;
use tuneup_python::{ClassRef, Symbol};

use super::bases::{Leaves, leaves};
use super::lists::items;
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// Whether some action may remain for those who see a changelist.
pub(super) fn has_actions<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
) -> bool {
    let actions = machine.class_member(class, Symbol::new("actions"));
    if actions == Some(Value::NONE) {
        return false;
    }
    let may_have_more = actions.is_some_and(|own| items(machine, own).is_none_or(|own| !own.is_empty()))
        || ["get_actions", "_get_base_actions"]
            .iter()
            .any(|&name| machine.member(class, Symbol::new(name)).is_some())
        || !machine.project.mro(class).iter().all(|base| leaves(base, Leaves::Actions));
    let permission = Symbol::new("has_delete_permission");
    if may_have_more || machine.class_function(class, permission).is_none() {
        return true;
    }
    let request = machine.request();
    let asked = Arguments { positional: vec![request], ..Arguments::default() };
    let may_delete = machine.call_named(frame, this, permission.as_str(), &asked);
    !matches!(machine.values.shape(may_delete), Shape::Bool(false)) || is_added(machine)
}

/// Whether the project gives a site an action of all its admins: `admin.site.add_action(…)`.
fn is_added(machine: &Machine<'_>) -> bool {
    let name = Symbol::new("add_action");
    let project = machine.project;
    let mut files = project.file_ids().filter(|&file| !project.file(file).is_third_party);
    files.any(|file| {
        let is_it = |kind| matches!(kind, ExprKind::Attribute(_, asked) if asked == name);
        project.may_have(file, &[name.as_str()])
            && project.facts(file).exprs.iter().any(|expr| is_it(expr.kind))
    })
}
