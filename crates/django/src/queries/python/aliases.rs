//! Variables that are a container's own item: `day = days[date]`, `for day in days.values()`, `days.append(day)`. What
//! code puts into the variable is in the container too.

use tuneup_python::flow::{Expr, ExprKind, FileFacts};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// A variable that is an item of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alias {
    slot: u32,
    of: Item,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// What stands in one place: `days[date]`, `days.get(date)`.
    Of(Expr),
    /// Any of what is in a container.
    Any(Expr),
    /// What was added to a container, the variable or what is written around it: `days.append((date, day))`.
    Added(Expr, Expr),
}

/// The methods that add one item, and which of their arguments that is.
const ADDING: &[(&str, usize)] = &[("append", 0), ("appendleft", 0), ("insert", 1)];

impl Frame<'_> {
    /// Forgets what a variable was an item of, and what was added to it or with it: it is bound anew.
    pub(in crate::queries) fn unalias(&mut self, slot: u32) {
        let facts = self.facts;
        self.aliases.retain(|alias| {
            alias.slot != slot
                && match alias.of {
                    Item::Added(container, item) => {
                        ![container, item].iter().any(|&of| is_of(facts, of, slot))
                    }
                    Item::Of(_) | Item::Any(_) => true,
                }
        });
    }
}

impl<'p> Machine<'p> {
    /// Notes what a variable is after `target = from`, of which `value` came.
    pub(in crate::queries) fn note_alias(
        &mut self,
        frame: &mut Frame<'p>,
        target: Expr,
        from: Expr,
        value: Value,
    ) {
        let facts = frame.facts;
        let before = frame.bound.replace((target, from));
        match facts.kind(target) {
            ExprKind::Local(slot) => {
                if !self.is_container(value) {
                    return;
                }
                if is_item(facts, from) {
                    frame.aliases.push(Alias { slot, of: Item::Of(from) });
                }
                // `days[date] = day = {}`
                if let Some((place, same)) = before
                    && same == from
                    && is_item(facts, place)
                {
                    frame.aliases.push(Alias { slot, of: Item::Of(place) });
                }
            }
            ExprKind::Subscript(..) if self.is_container(value) && is_item(facts, target) => {
                let slot = match (facts.kind(from), before) {
                    (ExprKind::Local(slot), _) => Some(slot),
                    // `day = days[date] = {}`
                    (_, Some((place, same))) if same == from => match facts.kind(place) {
                        ExprKind::Local(slot) => Some(slot),
                        _ => None,
                    },
                    _ => None,
                };
                if let Some(slot) = slot {
                    let alias = Alias { slot, of: Item::Of(target) };
                    if !frame.aliases.contains(&alias) {
                        frame.aliases.push(alias);
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes what the variable of a loop is.
    pub(in crate::queries) fn note_looped(&mut self, frame: &mut Frame<'p>, target: Expr, iter: Expr) {
        let facts = frame.facts;
        let (method, container) = match facts.kind(iter) {
            ExprKind::Call(callee, run) if run.is_empty() => match facts.kind(callee) {
                ExprKind::Attribute(container, name) => (Some(name), container),
                _ => return,
            },
            _ => (None, iter),
        };
        let variable = match (facts.kind(target), method) {
            (kind, None) => kind,
            (kind, Some(name)) if name == "values" => kind,
            (ExprKind::Tuple(run), Some(name)) if name == "items" => match *facts.list(run) {
                [_, value] => facts.kind(value),
                _ => return,
            },
            _ => return,
        };
        if let ExprKind::Local(slot) = variable
            && is_place(facts, container)
        {
            frame.aliases.push(Alias { slot, of: Item::Any(container) });
        }
    }

    /// Notes which variables are in what a step adds to a container.
    pub(in crate::queries) fn note_added(&mut self, frame: &mut Frame<'p>, step: Expr) {
        let facts = frame.facts;
        let ExprKind::Call(callee, run) = facts.kind(step) else { return };
        let ExprKind::Attribute(container, name) = facts.kind(callee) else { return };
        let Some(&(_, place)) = ADDING.iter().find(|(adding, _)| name == *adding) else { return };
        let Some(argument) = facts.arguments(run).get(place).map(|argument| argument.value) else { return };
        if !is_place(facts, container) {
            return;
        }
        for slot in variables_in(facts, argument) {
            let alias = Alias { slot, of: Item::Added(container, argument) };
            let is_filled = frame.slots.get(slot as usize).is_some_and(|&value| self.is_container(value));
            if is_filled && !frame.aliases.contains(&alias) {
                frame.aliases.push(alias);
            }
        }
    }

    /// Puts the changed value of a variable into the containers whose item it is.
    pub(in crate::queries) fn put_into_container(&mut self, frame: &mut Frame<'p>, slot: u32, value: Value) {
        if frame.aliases.iter().all(|alias| alias.slot != slot) {
            return;
        }
        // They are gone while they are followed, so that what is in itself comes to an end.
        let (followed, others) =
            std::mem::take(&mut frame.aliases).into_iter().partition(|it| it.slot == slot);
        frame.aliases = others;
        let followed: Vec<Alias> = followed;
        for alias in &followed {
            match alias.of {
                Item::Of(place) => self.assign_back(frame, place, value),
                Item::Added(container, argument) => {
                    let item = self.eval(frame, argument);
                    let before = self.eval(frame, container);
                    let after = self.with_added(before, item);
                    if after != before {
                        self.assign_back(frame, container, after);
                    }
                }
                Item::Any(container) => {
                    let before = self.eval(frame, container);
                    let after = self.with_any(before, value);
                    if after != before {
                        self.assign_back(frame, container, after);
                    }
                }
            }
        }
        frame.aliases.extend(followed);
    }

    /// A list with one more item.
    fn with_added(&mut self, list: Value, item: Value) -> Value {
        self.for_each(list, |machine, member| machine.values.with_element(member, item).unwrap_or(member))
    }

    /// A container of which any item may be this value.
    fn with_any(&mut self, container: Value, value: Value) -> Value {
        self.for_each(container, |machine, member| match machine.values.shape(member).clone() {
            Shape::Mapping { known, key, rest } => {
                let known =
                    known.iter().map(|&(name, before)| (name, machine.values.join(before, value))).collect();
                let rest = match rest {
                    Value::NEVER => rest,
                    _ => machine.values.join(rest, value),
                };
                machine.values.mapping(known, key, rest)
            }
            Shape::Sequence(element) => {
                let element = machine.values.join(element, value);
                machine.values.sequence(element)
            }
            Shape::Tuple(items) => {
                let items = items.iter().map(|&before| machine.values.join(before, value)).collect();
                machine.values.tuple(items)
            }
            _ => member,
        })
    }
}

/// The variables that are written as a value, or among what is written in one: `day`, `(date, day)`, `{"day": day}`.
fn variables_in(facts: &FileFacts, written: Expr) -> Vec<u32> {
    let whole = [written];
    let items: &[Expr] = match facts.kind(written) {
        ExprKind::Tuple(run) | ExprKind::List(run) | ExprKind::Dict(run) => facts.list(run),
        _ => &whole,
    };
    // What is called is not called again.
    let is_call = |&item: &Expr| matches!(facts.kind(item), ExprKind::Call(..) | ExprKind::Comprehension(_));
    if items.iter().any(is_call) {
        return Vec::new();
    }
    let variables = items.iter().filter_map(|&item| match facts.kind(item) {
        ExprKind::Local(slot) => Some(slot),
        _ => None,
    });
    variables.collect()
}

/// Whether a variable stands in a place, or among what is written in a value.
fn is_of(facts: &FileFacts, written: Expr, slot: u32) -> bool {
    match facts.kind(written) {
        ExprKind::Local(own) => own == slot,
        ExprKind::Attribute(base, _) => is_of(facts, base, slot),
        ExprKind::Subscript(base, index) => is_of(facts, base, slot) || is_of(facts, index, slot),
        ExprKind::Tuple(run) | ExprKind::List(run) | ExprKind::Dict(run) => {
            facts.list(run).iter().any(|&item| is_of(facts, item, slot))
        }
        _ => false,
    }
}

/// Whether an expression is a container's own item: `days[date]`, `days.get(date)`.
fn is_item(facts: &FileFacts, expr: Expr) -> bool {
    match facts.kind(expr) {
        ExprKind::Subscript(container, index) => {
            !matches!(facts.kind(index), ExprKind::Slice(_)) && is_place(facts, container)
        }
        ExprKind::Call(callee, _) => match facts.kind(callee) {
            ExprKind::Attribute(container, name) => {
                matches!(name.as_str(), "get" | "setdefault") && is_place(facts, container)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether an expression is a place that holds a container: a variable, an attribute of one, an item.
fn is_place(facts: &FileFacts, expr: Expr) -> bool {
    match facts.kind(expr) {
        ExprKind::Local(_) | ExprKind::Free { .. } => true,
        ExprKind::Attribute(base, _) => matches!(facts.kind(base), ExprKind::Local(_)),
        ExprKind::Subscript(..) | ExprKind::Call(..) => is_item(facts, expr),
        _ => false,
    }
}
