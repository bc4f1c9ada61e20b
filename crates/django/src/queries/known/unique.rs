//! Filters that leave one row at most: what is read of it costs no query for each row.

use tuneup_python::Symbol;
use tuneup_python::flow::{Expr, ExprKind};

use crate::apps::literals;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Given, Queryset, Role};
use crate::schema::{ModelId, RelationKind};

impl<'p> Machine<'p> {
    /// Whether one of the lookups lets one row through at most: `pk=`, a unique field's name, or that of the other side
    /// of a foreign key, as a chapter has one book: `filter(chapters=chapter)`.
    pub(in crate::queries) fn is_for_one_row(&self, queryset: &Queryset) -> bool {
        self.values.terms(queryset.terms).iter().any(|term| {
            let narrows = term.role == Role::Filter && term.sure && !term.negated;
            narrows && self.names_one_row(queryset.model, term.name.as_str(), term.given)
        })
    }

    /// Whether at most one row of a model is what a lookup asks for.
    fn names_one_row(&self, model: ModelId, lookup: &str, given: Given) -> bool {
        let name = lookup.strip_suffix("__exact").unwrap_or(lookup);
        // Each row has its own value for it.
        if given == Given::Column {
            return false;
        }
        // Many rows may lack what is asked for.
        let may_lack = matches!(given, Given::None | Given::Perhaps);
        match self.schema.field_named(model, Symbol::new(name)) {
            Some(field) => {
                let field = self.schema.field(field);
                (field.primary_key().is_yes() || field.unique().is_yes()) && !may_lack
            }
            None if matches!(name, "pk" | "id") => true,
            None if self.is_said_to_be_unique(model, name) => !may_lack,
            None => {
                let end = name.strip_suffix("__pk").or_else(|| name.strip_suffix("__id")).unwrap_or(name);
                let relation = self.schema.relation_by_query_name(model, Symbol::new(end));
                let has_one_other_side = relation.is_some_and(|relation| {
                    let relation = self.schema.relation(relation);
                    relation.is_reverse()
                        && matches!(relation.kind(), RelationKind::ForeignKey | RelationKind::OneToOne)
                });
                has_one_other_side && !may_lack
            }
        }
    }

    /// Whether a field of a class that is not known says itself that no two rows have the same value for it:
    /// `user = AutoOneToOneField(User, primary_key=True)`.
    fn is_said_to_be_unique(&self, model: ModelId, name: &str) -> bool {
        let Some(class) = self.schema.class_of(model) else { return false };
        let Some(member) = self.member(class, Symbol::new(name)) else { return false };
        let file = member.owner.file;
        let facts = self.project.facts(file);
        let Some(ExprKind::Call(_, arguments)) = member.binding.value.map(|value| facts.kind(value)) else {
            return false;
        };
        ["primary_key", "unique"].iter().any(|&option| {
            literals::argument(facts.arguments(arguments), None, option)
                .is_some_and(|value| literals::truth(self.project, file, value) == Some(true))
        })
    }

    /// `rows.query.add_q(…)`, by which querysets with a `filter` of their own narrow a copy in place.
    pub(in crate::queries) fn narrow_in_place(
        &mut self,
        frame: &mut Frame<'p>,
        rows: Expr,
        arguments: &Arguments,
        call: CallSite,
    ) {
        let before = self.eval(frame, rows);
        let after = self.for_each(before, |machine, member| {
            let Some(mut queryset) = machine.as_queryset(member).cloned() else { return member };
            machine.ask(&mut queryset, "filter", arguments, call);
            queryset.asked.narrowed = true;
            queryset.asked.single |= machine.is_for_one_row(&queryset);
            machine.extended.insert(member);
            machine.values.queryset(queryset)
        });
        if after != before {
            self.assign_back(frame, rows, after);
        }
    }
}
