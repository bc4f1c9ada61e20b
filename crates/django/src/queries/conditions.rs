//! What filters and orders are given: `Q` and `F` objects, expressions with conditions in them, plain values.

use tuneup_python::Symbol;

use super::calls::{Arguments, CallSite};
use super::known::filtered::BETWEEN;
use super::machine::Machine;
use super::value::{Given, Role, Shape, Term, Terms, Value};

/// The name of conditions that are not known.
pub(crate) const OPEN: &str = "%open";

/// The class of `F` objects, however they were imported.
pub(crate) const F: &str = "django.db.models.F";

impl Machine<'_> {
    /// What the conditions within an expression ask of rows that are read anyway.
    pub(super) fn conditions_within(&self, value: Value) -> Vec<Term> {
        let mut terms: Vec<Term> = Vec::new();
        for member in self.values.members(value) {
            let within = match self.values.shape(member) {
                Shape::Instance(_, parts) => parts.first().map(|&part| self.values.shape(part)),
                shape => Some(shape),
            };
            if let Some(Shape::Condition(conditions)) = within {
                terms.extend_from_slice(self.values.terms(*conditions));
            }
        }
        for term in &mut terms {
            (term.role, term.sure) = (Role::Case, false);
        }
        terms
    }

    /// An expression of Django's with conditions in it: `Case(When(…))`, `Count("pk", filter=Q(…))`. Nothing where it
    /// has none.
    pub(crate) fn expression(&mut self, class: &str, arguments: &Arguments) -> Option<Value> {
        let terms: Vec<Term> = arguments.all().flat_map(|part| self.conditions_within(part)).collect();
        if terms.is_empty() {
            return None;
        }
        let terms = self.values.make_terms(terms);
        let conditions = self.values.make(Shape::Condition(terms));
        Some(self.values.make(Shape::Instance(Symbol::new(class), Box::new([conditions]))))
    }

    /// `When(…)`
    pub(crate) fn when(&mut self, class: &str, arguments: &Arguments, call: CallSite) -> Option<Value> {
        let mut conditions = arguments.clone();
        conditions.keywords.retain(|(name, _)| !matches!(name.as_str(), "then" | "condition"));
        conditions.positional.truncate(1);
        conditions.positional.extend(arguments.keyword("condition"));
        let condition = self.condition(&conditions, call);
        let asked = Arguments { positional: vec![condition], ..Arguments::default() };
        self.expression(class, &asked)
    }

    pub(super) fn given(&self, value: Value) -> Given {
        match self.values.shape(value) {
            Shape::Bool(value) => Given::Bool(*value),
            Shape::None => Given::None,
            Shape::Int(number) => Given::Int(*number),
            Shape::Str(text) => Given::Text(*text),
            Shape::Tuple(items) => self.one_of_texts(items).map_or(Given::Other, Given::OneOf),
            Shape::Union(members) if members.contains(&Value::NONE) => Given::Perhaps,
            Shape::Queryset(_) => Given::Rows,
            Shape::Instance(class, _) if class.as_str() == F => Given::Column,
            _ => Given::Other,
        }
    }

    /// The texts of a list, on lines of their own.
    fn one_of_texts(&self, items: &[Value]) -> Option<Symbol> {
        let mut texts = String::new();
        for &item in items {
            let Shape::Str(text) = self.values.shape(item) else { return None };
            if text.as_str().is_empty() || text.as_str().contains(BETWEEN) {
                return None;
            }
            if !texts.is_empty() {
                texts.push(BETWEEN);
            }
            texts.push_str(text.as_str());
        }
        (!texts.is_empty()).then(|| Symbol::new(&texts))
    }

    /// Whether a value is a column, or computed of columns: `F("price")`, `F("price") * 2`.
    pub(crate) fn is_column(&self, value: Value) -> bool {
        matches!(self.values.shape(value), Shape::Instance(class, _) if class.as_str() == F)
    }

    /// What is computed of columns.
    pub(crate) fn computed_column(&mut self) -> Value {
        self.values.make(Shape::Instance(Symbol::new(F), Box::new([Value::SCALAR])))
    }

    /// What `order_by` is given: a text, `F("name").desc()`; `?` for what is computed.
    pub(super) fn order_name(&self, argument: Value) -> Symbol {
        match self.values.shape(argument) {
            Shape::Str(name) => *name,
            Shape::Instance(class, parts) if class.as_str() == F => {
                match parts.first().map(|&it| self.values.shape(it)) {
                    Some(Shape::Str(name)) => *name,
                    _ => Symbol::new("?"),
                }
            }
            _ => Symbol::new("?"),
        }
    }

    /// `Q(…)`
    pub(crate) fn condition(&mut self, arguments: &Arguments, call: CallSite) -> Value {
        let mut terms = Vec::new();
        self.add_conditions(&mut terms, arguments, false, call.site);
        if arguments.keyword("_connector").is_some() {
            terms.iter_mut().for_each(|term| term.sure = false);
        }
        terms.retain(|term| !matches!(term.name.as_str(), "_connector" | "_negated"));
        let terms = self.values.make_terms(terms);
        self.values.make(Shape::Condition(terms))
    }

    /// `left | right` and `left & right` of two `Q` objects. One that asks nothing changes nothing.
    pub(crate) fn combined(&mut self, left: Terms, right: Value, is_or: bool) -> Value {
        let mut terms = self.values.terms(left).to_vec();
        let is_empty = terms.is_empty();
        for member in self.values.members(right) {
            if let Shape::Condition(right) = *self.values.shape(member) {
                terms.extend_from_slice(self.values.terms(right));
            }
        }
        if is_or && let Some(one) = one_of(&terms) {
            terms = vec![one];
        } else if is_or && !is_empty {
            terms.iter_mut().for_each(|term| term.sure = false);
        }
        let terms = self.values.make_terms(terms);
        self.values.make(Shape::Condition(terms))
    }

    /// `~Q(…)`
    pub(crate) fn inverted(&mut self, value: Value) -> Option<Value> {
        let Shape::Condition(terms) = *self.values.shape(value) else { return None };
        let mut terms = self.values.terms(terms).to_vec();
        let several = terms.len() > 1;
        for term in &mut terms {
            term.negated = !term.negated;
            term.sure &= !several;
        }
        let terms = self.values.make_terms(terms);
        Some(self.values.make(Shape::Condition(terms)))
    }
}

/// Of conditions of which one must hold, on one column, what they are together: `Q(kind="a") | Q(kind="b")` is
/// `kind__in`.
fn one_of(terms: &[Term]) -> Option<Term> {
    let (first, others) = terms.split_first().filter(|(_, others)| !others.is_empty())?;
    let column = |term: &Term| {
        let name = term.name.as_str();
        let name = name.strip_suffix("__in").or(name.strip_suffix("__exact")).unwrap_or(name);
        let is_plain = term.role == Role::Filter && term.sure && !term.negated && term.given != Given::None;
        is_plain.then_some(name)
    };
    let name = column(first).filter(|name| !name.starts_with('%'))?;
    let is_same = others.iter().all(|other| column(other) == Some(name));
    is_same.then(|| Term { name: Symbol::new(&format!("{name}__in")), given: Given::Other, ..*first })
}
