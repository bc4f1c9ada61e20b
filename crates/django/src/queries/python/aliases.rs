//! Variables that are a container's own item: `day = days[date]`, `for day in days.values()`. What code puts into the
//! variable is in the container too.

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
                frame.aliases.retain(|alias| alias.slot != slot);
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
            frame.aliases.retain(|alias| alias.slot != slot);
            frame.aliases.push(Alias { slot, of: Item::Any(container) });
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
