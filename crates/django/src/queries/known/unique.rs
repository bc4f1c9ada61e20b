//! Filters that leave one row at most, or one and its other: what is read of it costs no query for each row. They name what is unique:
//! a field, or all columns of a constraint, of which a related manager fixes one. Where they name all but one that is true or
//! false, as of drafts and what they are drafts of, two rows are left at most.

use std::rc::Rc;

use tuneup_python::Symbol;
use tuneup_python::flow::{Expr, ExprKind};

use crate::apps::literals;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Given, Origin, Queryset, Role};
use crate::schema::{ModelId, RelationKind};

impl<'p> Machine<'p> {
    /// Whether one of the lookups lets one row through at most: `pk=`, a unique field's name, or that of the other side
    /// of a foreign key, as a chapter has one book: `filter(chapters=chapter)`.
    pub(in crate::queries) fn is_for_one_row(&mut self, queryset: &Queryset) -> bool {
        let terms = self.values.terms(queryset.terms).iter();
        let narrowing = terms.filter(|term| term.role == Role::Filter && term.sure && !term.negated);
        let narrowing: Vec<(Symbol, Given)> = narrowing.map(|term| (term.name, term.given)).collect();
        if narrowing.iter().any(|&(name, given)| self.names_one_row(queryset.model, name.as_str(), given)) {
            return true;
        }
        let mut fixed: Vec<Symbol> = Vec::new();
        for (name, given) in narrowing {
            // As many rows as there are may have null for what is unique.
            if !matches!(given, Given::Column | Given::None | Given::Perhaps) {
                fixed.push(self.compared(queryset.model, name.as_str()));
            }
        }
        if let Origin::Related(_, relation) = queryset.origin {
            let relation = self.schema.relation(relation);
            let is_held = relation.kind() != RelationKind::ManyToMany;
            fixed.extend(is_held.then(|| self.schema.field(relation.field()).name()));
        }
        let unique = self.unique_together_of(queryset.model);
        unique.iter().any(|names| {
            let mut open = names.iter().filter(|&name| !fixed.contains(name));
            match (open.next(), open.next()) {
                (None, _) => true,
                (Some(&only), None) => names.len() > 1 && self.is_true_or_false(queryset.model, only),
                _ => false,
            }
        })
    }

    fn is_true_or_false(&self, model: ModelId, name: Symbol) -> bool {
        let field = self.schema.field_named(model, name).map(|field| self.schema.field(field));
        field.is_some_and(|field| field.class().as_str() == "BooleanField" && !field.null().is_yes())
    }

    /// The field that a lookup compares as a whole: `book`, `book_id`, `book__pk`, `book__exact`. What compares something else
    /// of it is no field's name.
    fn compared(&self, model: ModelId, lookup: &str) -> Symbol {
        let name = lookup.strip_suffix("__exact").unwrap_or(lookup);
        let named = |name: &str| self.schema.column_named(model, Symbol::new(name));
        let by_key = || {
            let relation = name.strip_suffix("__pk").or_else(|| name.strip_suffix("__id"))?;
            named(relation).filter(|&column| self.schema.field(column).kind().is_some())
        };
        match named(name).or_else(by_key) {
            Some(column) => self.schema.field(column).name(),
            None => Symbol::new(name),
        }
    }

    /// The fields of which no two rows of a model have the same, by its `Meta`.
    fn unique_together_of(&mut self, model: ModelId) -> Rc<[Box<[Symbol]>]> {
        if let Some(known) = self.unique_together.get(&model) {
            return Rc::clone(known);
        }
        let unique: Rc<[_]> = self.schema.unique_together(self.project, model).into();
        self.unique_together.insert(model, Rc::clone(&unique));
        unique
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
