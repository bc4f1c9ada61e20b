//! Models whose rows may not be made: their own `__init__` raises, by a setting say, or by what it finds in a column. To load
//! them for all rows makes them for all, also where the code that reads them by itself knows better than to.

use tuneup_django::Project;
use tuneup_django::schema::ModelId;
use tuneup_python::flow::{ExprKind, StmtKind};
use tuneup_python::{Base, FileId, Symbol};

/// The file in which a model's own `__init__` raises.
pub(super) fn raises_as_made(project: &Project, model: ModelId) -> Option<FileId> {
    let class = project.schema.class_of(model)?;
    let init = Symbol::new("__init__");
    project.source.mro(class).iter().find_map(|base| {
        let Base::Class(class) = *base else { return None };
        let member = project.source.own_member(class, init)?;
        let facts = project.source.facts(member.owner.file);
        let ExprKind::Function(id) = facts.kind(member.binding.value?) else { return None };
        let mut steps = facts.steps_within(facts.function(id).body);
        steps.any(|stmt| matches!(stmt.kind, StmtKind::Raise(_))).then_some(member.owner.file)
    })
}
