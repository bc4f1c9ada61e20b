//! Models whose rows may not be made, or are made of another class. A model's own `__init__` raises, by a setting say, or by what it
//! finds in a column: to load its rows for all makes them for all, also where the code that reads them by itself knows better
//! than to. Typed models turn into the class that a column of theirs names.

use tuneup_django::Project;
use tuneup_django::schema::ModelId;
use tuneup_python::flow::{Expr, ExprKind, StmtKind};
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

/// The classes of libraries whose rows turn into instances of another model of the same table as they are made.
const TURNING: &[&str] = &["typedmodels.models.TypedModel"];

/// A model of the project whose rows turn into instances of another as they are made: a generic foreign key to it holds the
/// content type of the table's model, and Django's prefetch finds what it has loaded by its class. So it finds none of these.
///
/// <https://github.com/django/django/blob/5.2/django/contrib/contenttypes/fields.py>, `GenericForeignKey.get_prefetch_querysets`
pub(super) fn turning_as_made(project: &Project) -> Option<ModelId> {
    project.schema.models().find(|&model| {
        let class = project.schema.class_of(model);
        class.is_some_and(|class| project.source.mro(class).iter().any(|base| turns(project, base)))
    })
}

/// Whether a class sets its instances' own: `self.__class__ = Novel`.
fn turns(project: &Project, base: &Base) -> bool {
    match *base {
        Base::External(name) => TURNING.contains(&name.as_str()),
        Base::Class(class) => {
            let facts = project.source.facts(class.file);
            let within = facts.class(class.id).range;
            let is_class = |target: Expr| matches!(facts.kind(target), ExprKind::Attribute(_, name) if name == "__class__");
            facts.stmts.iter().any(|stmt| {
                within.contains_range(stmt.range)
                    && matches!(stmt.kind, StmtKind::Assign(target, _) if is_class(target))
            })
        }
        _ => false,
    }
}
