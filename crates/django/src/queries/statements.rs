//! Steps: assignment, branches, what is tried.

use tuneup_python::flow::{BinaryOp, Block, Expr, ExprKind, Stmt, StmtKind, Tried};

use super::known::aside::Aside;
use super::known::behind::raises;
use super::known::fallback::{fills, shows};
use super::known::leaving::straight_end;
use super::known::narrowing::widen_back;
use super::known::searches::is_search;
use super::known::seldom::warned_of;
use super::known::ways::of_both;
use super::machine::{Frame, Machine};
use super::value::{Shape, Value};

/// Whether control goes on behind a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// With the following step.
    On,
    /// Elsewhere: it returned, raised, broke out or continued.
    Away,
}

impl<'p> Machine<'p> {
    /// Runs the steps of a block.
    pub(crate) fn run(&mut self, frame: &mut Frame<'p>, block: Block) -> Next {
        let facts = frame.facts;
        let stmts = facts.block(block);
        let (fallback, seldom) = (self.fallback.len(), self.seldom);
        let (doubts, behind) = (self.doubts.len(), self.behind.len());
        let end = if frame.turning.is_empty() { stmts.len() } else { straight_end(facts, stmts) };
        let next = self.run_steps(frame, stmts, (block, stmts.len() - end));
        self.fallback.truncate(fallback);
        self.doubts.truncate(doubts);
        self.behind.truncate(behind);
        self.ended_rarer = self.seldom.saturating_sub(seldom);
        self.seldom = seldom;
        next
    }

    /// Runs the last steps of a block, of which so many are done one after the other, whatever the values.
    pub(super) fn run_steps(
        &mut self,
        frame: &mut Frame<'p>,
        stmts: &[Stmt],
        (block, straight): (Block, usize),
    ) -> Next {
        for (at, stmt) in stmts.iter().enumerate() {
            if stmts.len() - at == straight {
                self.pick_where_left(frame, block);
            }
            frame.ways.clear();
            let rest = &stmts[at + 1..];
            if self.step(frame, stmt, rest) == Next::Away {
                return Next::Away;
            }
            if !matches!(stmt.kind, StmtKind::If { .. } | StmtKind::With { .. }) {
                frame.ways.clear();
            } else if let Some(next) = self.run_each_way(frame, rest, (block, straight)) {
                return next;
            }
        }
        Next::On
    }

    fn step(&mut self, frame: &mut Frame<'p>, stmt: &Stmt, rest: &[Stmt]) -> Next {
        self.begin_step(frame, stmt.range);
        match stmt.kind {
            StmtKind::Expr(value) => match frame.facts.kind(value) {
                // A test that nothing is done with is asserted.
                ExprKind::Not(test) => {
                    self.assert(frame, test);
                }
                _ => {
                    self.eval(frame, value);
                    if self.has_raised(frame, value) {
                        return Next::Away;
                    }
                    self.note_added(frame, value);
                    self.forget_told(frame, value);
                }
            },
            StmtKind::Assign(target, from) | StmtKind::Annotated { target, value: Some(from), .. } => {
                let value = self.eval(frame, from);
                if self.has_raised(frame, from) {
                    return Next::Away;
                }
                self.note_bound(frame, target, from, value);
                self.assign(frame, target, value);
                self.note_alias(frame, target, from, value);
                if self.is_refused(frame, target) {
                    return Next::Away;
                }
            }
            StmtKind::Annotated { .. } => {}
            StmtKind::Augmented(target, op, value) => {
                let before = self.eval(frame, target);
                if let ExprKind::Attribute(base, _) = frame.facts.kind(target) {
                    let row = self.eval(frame, base);
                    self.record_count(row);
                }
                let added = self.eval(frame, value);
                let after = match *self.values.shape(before) {
                    Shape::Condition(terms) => self.combined(terms, added, op != BinaryOp::BitAnd),
                    _ => self.add(frame, before, added),
                };
                // A list is added to in place.
                if self.is_container(before) {
                    self.assign_back(frame, target, after);
                } else {
                    self.assign(frame, target, after);
                }
            }
            StmtKind::Delete(target) => {
                if let ExprKind::Local(slot) = frame.facts.kind(target) {
                    frame.slots[slot as usize] = Value::NEVER;
                } else {
                    self.eval_place(frame, target);
                }
            }
            StmtKind::Return(value) => {
                let given = value.map_or(Value::NONE, |value| self.eval(frame, value));
                match value {
                    _ if given == Value::NEVER => frame.pass_over(stmt.range),
                    Some(value) if !frame.given_back.contains(&value) => frame.given_back.push(value),
                    _ => {}
                }
                frame.returned = self.values.join(frame.returned, given);
                self.leave(frame);
                return Next::Away;
            }
            // What an exception says is made where things went wrong, and not for every row.
            StmtKind::Raise(_) => return Next::Away,
            StmtKind::If { test, then, orelse } => return self.branch(frame, test, then, orelse, rest),
            StmtKind::For { target, iter, body, orelse, .. } => {
                self.run_loop(frame, target, iter, body);
                return self.run(frame, orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.run_while(frame, test, body);
                return self.run(frame, orelse);
            }
            StmtKind::Try(blocks) => return self.run_try(frame, frame.facts.tried(blocks)),
            StmtKind::With { body } => return self.run(frame, body),
            StmtKind::Break | StmtKind::Continue => {
                self.leave_turn(frame);
                return Next::Away;
            }
        }
        Next::On
    }

    /// Keeps what variables may hold where a turn of a loop is left.
    fn leave_turn(&mut self, frame: &mut Frame<'p>) {
        match frame.breaks.last_mut() {
            None => {}
            Some(left @ None) => *left = Some(frame.slots.clone()),
            Some(Some(left)) => self.join_slots(left, &frame.slots),
        }
    }

    /// Runs the branches that a test may lead to; `rest` is what stands behind them in their block.
    fn branch(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        then: Block,
        orelse: Block,
        rest: &[Stmt],
    ) -> Next {
        frame.search = is_search(frame.facts, then, rest).then_some(test);
        let value = self.eval_test(frame, test, then);
        frame.search = None;
        self.truth(frame, value);
        if let Some(holds) = self.tested(frame, value) {
            let (branch, other) = if holds { (then, orelse) } else { (orelse, then) };
            frame.pass_over(match other.is_empty() {
                true => frame.facts.range(test),
                false => frame.facts.stretch(other),
            });
            self.pick_where_left(frame, branch);
            // What is remembered may be known to be empty at first.
            let doubt = self.remembered_once(frame, test).filter(|&(_, lacks)| lacks == holds);
            return self.doubting(doubt.map(|(doubt, _)| doubt), |machine| machine.run(frame, branch));
        }
        let stretch_of = |block: Block| match rest {
            [first, .., last] if block.is_empty() => first.range.cover(last.range),
            [only] if block.is_empty() => only.range,
            _ => frame.facts.stretch(block),
        };
        let (for_then, for_else) = match self.tested_text(frame, test) {
            Some((text, true)) if shows(frame, test, stretch_of(then)) => (None, Some(text)),
            Some((text, false))
                if shows(frame, test, stretch_of(orelse)) || fills(frame, test, stretch_of(then)) =>
            {
                (Some(text), None)
            }
            _ => (self.filled_key(frame, test, stretch_of(then)), None),
        };
        let (doubt_then, doubt_else) =
            match self.flagged(frame, test).or_else(|| self.remembered_once(frame, test)) {
                Some((doubt, true)) => (Some(doubt), None),
                Some((doubt, false)) => (None, Some(doubt)),
                None => (None, None),
            };
        let doubt_then = doubt_then.or_else(|| self.one_of_kinds(frame, test, true));
        let doubt_else = doubt_else.or_else(|| self.one_of_kinds(frame, test, false));
        let doubt_then = self.begun_where(frame, test, true, orelse).or(doubt_then);
        let doubt_else = self.begun_where(frame, test, false, then).or(doubt_else);
        let doubt_then = doubt_then.or_else(|| self.settled_by(frame, test, true, then));
        let doubt_else = doubt_else.or_else(|| self.settled_by(frame, test, false, orelse));
        let doubt_then = doubt_then.or_else(|| warned_of(frame.facts, then, orelse));
        let doubt_else = doubt_else.or_else(|| warned_of(frame.facts, orelse, then));
        let saved = self.tested_while_saving(frame, test);
        let (doubt_then, doubt_else) = (doubt_then.or(saved), doubt_else.or(saved));
        let behind_then = self.deciding(frame, &[test], true);
        let behind_else = self.deciding(frame, &[test], false);
        let one = self.tested_for_one(frame, test);
        let before = frame.slots.clone();
        let placed = frame.placed.clone();
        let told = frame.told.clone();
        let known = frame.narrowed.len();
        // What the test has read of its rows it has read as what its branch stands in for.
        let rarer_then = self.where_so(&behind_then, for_then, |machine| machine.rarer(frame, test, true))
            + Self::rarer_in(frame, test, true, then)
            + u32::from(saved.is_some());
        let rarer_else = self.where_so(&behind_else, for_else, |machine| machine.rarer(frame, test, false))
            + Self::rarer_in(frame, test, false, orelse)
            + u32::from(saved.is_some());
        self.where_so(&behind_then, for_then, |machine| machine.narrow(frame, test, true));
        self.pick_where_left(frame, then);
        if let Some(one) = one.filter(|one| one.holds) {
            one.put(frame);
        }
        self.seldom += rarer_then;
        let written = self.written_so_far();
        let aside = self.aside;
        self.aside = match !rest.is_empty() && self.is_aside(frame, then, orelse) {
            true => Some(Aside::Branch),
            false => self.aside_where(frame, test, true),
        };
        let first = self.where_so(&behind_then, for_then, |machine| {
            machine.doubting(doubt_then, |machine| machine.run(frame, then))
        });
        self.aside = aside;
        self.seldom -= rarer_then;
        let ended_then = rarer_then + self.ended_rarer;
        let written_then = self.take_written(written);
        let mut after_then = std::mem::replace(&mut frame.slots, before);
        let mut ways_then = std::mem::take(&mut frame.ways);
        let narrowed_then = frame.narrowed.split_off(known);
        let placed_then = std::mem::replace(&mut frame.placed, placed);
        let told_then = std::mem::replace(&mut frame.told, told);
        self.where_so(&behind_else, for_else, |machine| machine.narrow(frame, test, false));
        self.pick_where_left(frame, orelse);
        if let Some(one) = one.filter(|one| !one.holds) {
            one.put(frame);
        }
        self.seldom += rarer_else;
        self.aside = self.aside_where(frame, test, false);
        let second = self.where_so(&behind_else, for_else, |machine| {
            machine.doubting(doubt_else, |machine| machine.run(frame, orelse))
        });
        let mut ways_else = std::mem::take(&mut frame.ways);
        self.aside = aside;
        self.seldom -= rarer_else;
        let ended_else = rarer_else + self.ended_rarer;
        if second == Next::Away {
            self.take_written(written);
        }
        if first == Next::On {
            self.put_written(written_then);
        }
        // What goes on behind a branch that ended is done as the other branch is.
        let (fallback, rarer, doubt, behind) = match (first, second) {
            (Next::Away, Next::On) => (for_else, ended_else, doubt_else, Some((behind_else, then))),
            (Next::On, Next::Away) => (for_then, ended_then, doubt_then, Some((behind_then, orelse))),
            _ => (None, 0, None, None),
        };
        self.begin_to_stand_in(fallback);
        self.begin_to_doubt(doubt);
        if let Some((tests, _)) = behind.filter(|&(_, ended)| !raises(frame, ended)) {
            self.begin_behind(&tests);
        }
        self.seldom += rarer;
        match (first, second) {
            (Next::On, Next::On) => {
                if let Some(one) = one {
                    let ways = ways_then.iter_mut().chain(&mut ways_else);
                    ways.chain([&mut after_then, &mut frame.slots]).for_each(|slots| one.forget(slots));
                }
                let narrowed_else = frame.narrowed.split_off(known);
                if self.may_part() {
                    ways_then.iter_mut().for_each(|way| widen_back(way, &narrowed_then));
                    ways_else.iter_mut().for_each(|way| widen_back(way, &narrowed_else));
                }
                widen_back(&mut after_then, &narrowed_then);
                widen_back(&mut frame.slots, &narrowed_else);
                if self.may_part() {
                    frame.ways = of_both((ways_then, &after_then), (ways_else, &frame.slots));
                }
                self.merge_slots(frame, &after_then);
                let values = &mut self.values;
                frame.told.retain_mut(|(reference, value)| {
                    let then = told_then.iter().find(|(known, _)| known == reference);
                    then.map(|&(_, then)| *value = values.join(*value, then)).is_some()
                });
                frame.placed.retain(|place, value| match placed_then.get(place) {
                    Some(then) => {
                        *value = values.join(*value, *then);
                        true
                    }
                    None => false,
                });
                Next::On
            }
            (Next::On, Next::Away) => {
                frame.slots = after_then;
                frame.ways = ways_then;
                frame.placed = placed_then;
                frame.told = told_then;
                frame.narrowed.truncate(known);
                frame.narrowed.extend(narrowed_then);
                Next::On
            }
            (Next::Away, next) => {
                frame.ways = ways_else;
                next
            }
        }
    }

    fn run_try(&mut self, frame: &mut Frame<'p>, tried: Tried<'_>) -> Next {
        let Tried { body, handlers, orelse, finalbody } = tried;
        let before = frame.slots.clone();
        let told = frame.told.clone();
        let mut next = self.run(frame, body);
        let after_body = frame.slots.clone();
        if next == Next::On {
            next = self.run(frame, orelse);
        }
        let mut outcomes = Vec::new();
        if next == Next::On {
            outcomes.push(frame.slots.clone());
        }
        for &handler in handlers {
            frame.slots = before.clone();
            frame.told.clone_from(&told);
            self.merge_slots(frame, &after_body);
            let rarer = self.rarer_caught(frame, body, handler);
            self.seldom += rarer;
            let lacking = self.made_where_missing(frame, body, handler);
            let lacking = lacking.or_else(|| self.made_where_none_is_got(frame, body, handler));
            let next = self
                .begun_perhaps(|machine| machine.doubting(lacking, |machine| machine.run(frame, handler)));
            self.seldom -= rarer;
            if next == Next::On {
                outcomes.push(frame.slots.clone());
            }
        }
        let falls = !outcomes.is_empty();
        if let Some(first) = outcomes.pop() {
            frame.slots = first;
            for outcome in outcomes {
                self.merge_slots(frame, &outcome);
            }
        }
        match self.run(frame, finalbody) {
            Next::On if falls => Next::On,
            _ => Next::Away,
        }
    }

    /// What variables hold here, or else there.
    pub(super) fn merge_slots(&mut self, frame: &mut Frame<'p>, others: &[Value]) {
        self.join_slots(&mut frame.slots, others);
    }

    fn join_slots(&mut self, slots: &mut [Value], others: &[Value]) {
        for (slot, &other) in slots.iter_mut().zip(others) {
            if *slot != other {
                *slot = self.values.join(*slot, other);
            }
        }
    }

    /// Puts a value into a place.
    pub(crate) fn assign(&mut self, frame: &mut Frame<'p>, target: Expr, value: Value) {
        let facts = frame.facts;
        match facts.kind(target) {
            ExprKind::Local(slot) if frame.kept == Some(slot) => {}
            ExprKind::Local(slot) => {
                frame.slots[slot as usize] = value;
                frame.told.retain(|(known, _)| known.slot != slot);
                frame.unalias(slot);
                frame.rebind(slot as usize);
            }
            ExprKind::Free { up, slot } => self.assign_free(frame, up, slot, value),
            ExprKind::Context(name) => self.put_context(frame, name, value),
            ExprKind::Tuple(run) | ExprKind::List(run) => self.unpack(frame, facts.list(run), value, target),
            ExprKind::Starred(inner) => self.assign(frame, inner, value),
            ExprKind::Attribute(base, name) => {
                let before = self.eval(frame, base);
                let site = frame.site_of(target);
                for member in self.values.members(before) {
                    self.set_attribute(frame, member, name, value, site);
                }
                if let ExprKind::Local(slot) = facts.kind(base) {
                    self.forget(frame, slot, Some(name));
                }
                // A page is what its rows are. A queryset loads what code puts among its lookups.
                if matches!(name.as_str(), "object_list" | "_prefetch_related_lookups") {
                    let after = self.for_each(before, |machine, member| {
                        match (machine.values.shape(member).clone(), name == "object_list") {
                            (Shape::Page(_), true) => machine.values.make(Shape::Page(value)),
                            (Shape::Queryset(mut rows), false) => {
                                rows.plan.prefetch_unknown = true;
                                machine.values.queryset(rows)
                            }
                            _ => member,
                        }
                    });
                    if after != before {
                        self.assign_back(frame, base, after);
                    }
                }
            }
            ExprKind::Subscript(base, index) => {
                let key = self.eval(frame, index);
                let before = self.eval(frame, base);
                let after = self.with_item(before, key, value);
                if after != before {
                    self.assign_back(frame, base, after);
                }
            }
            _ => {}
        }
    }

    /// Puts the changed value of a container back where it came from: a variable, an attribute, an item.
    pub(crate) fn assign_back(&mut self, frame: &mut Frame<'p>, place: Expr, value: Value) {
        match frame.facts.kind(place) {
            ExprKind::Local(slot) => {
                frame.slots[slot as usize] = value;
                self.put_into_container(frame, slot, value);
            }
            ExprKind::Free { .. } | ExprKind::Attribute(..) | ExprKind::Subscript(..) => {
                self.assign(frame, place, value);
            }
            // What `setdefault` and `get` give is the mapping's own item.
            ExprKind::Call(callee, run)
                if let ExprKind::Attribute(container, name) = frame.facts.kind(callee)
                    && matches!(name.as_str(), "setdefault" | "get")
                    && let Some(first) = frame.facts.arguments(run).first() =>
            {
                let key = self.eval(frame, first.value);
                let before = self.eval(frame, container);
                let after = self.with_item(before, key, value);
                if after != before {
                    self.assign_back(frame, container, after);
                }
            }
            _ => {}
        }
    }

    fn unpack(&mut self, frame: &mut Frame<'p>, targets: &[Expr], value: Value, whole: Expr) {
        let starred = targets.iter().position(|&t| matches!(frame.facts.kind(t), ExprKind::Starred(_)));
        let members: Vec<Value> =
            self.values.members(value).into_iter().map(|member| self.unnamed(member)).collect();
        let mut parts = vec![Value::NEVER; targets.len()];
        for member in members {
            match self.values.shape(member).clone() {
                Shape::Tuple(items) if starred.is_none() && items.len() == targets.len() => {
                    for (part, &item) in parts.iter_mut().zip(items.iter()) {
                        *part = self.values.join(*part, item);
                    }
                }
                Shape::Tuple(items) if starred.is_some() && items.len() + 1 >= targets.len() => {
                    let star = starred.unwrap_or_default();
                    let rest = items.len() + 1 - targets.len();
                    for (n, part) in parts.iter_mut().enumerate() {
                        let item = if n < star {
                            items[n]
                        } else if n == star {
                            let element = self.values.join_all(items[star..star + rest].iter().copied());
                            self.values.sequence(element)
                        } else {
                            items[n + rest - 1]
                        };
                        *part = self.values.join(*part, item);
                    }
                }
                _ => {
                    let site = frame.site_of(whole);
                    let element = self.iterate(frame, member, site);
                    let all = self.list_of(member, element);
                    for (n, part) in parts.iter_mut().enumerate() {
                        let item = match *self.values.shape(all) {
                            Shape::Sequence(element) if starred.is_some_and(|star| star != n) => {
                                self.head_of(frame, element)
                            }
                            Shape::Sequence(element) if starred != Some(n) => self.one_of(frame, element),
                            _ => all,
                        };
                        *part = self.values.join(*part, item);
                    }
                }
            }
        }
        for (&target, part) in targets.iter().zip(parts) {
            self.assign(frame, target, part);
        }
    }

    /// `container[key] = value`, as a new container.
    fn with_item(&mut self, container: Value, key: Value, value: Value) -> Value {
        self.for_each(container, |machine, member| match machine.values.shape(member).clone() {
            Shape::Mapping { known, key: keys, rest } => {
                let name = match machine.values.shape(key) {
                    Shape::Str(name) => Some(*name),
                    _ => None,
                };
                machine.mapping_with(known.to_vec(), keys, rest, name, key, value)
            }
            Shape::Sequence(_) | Shape::Tuple(_) => {
                machine.values.with_element(member, value).unwrap_or(member)
            }
            Shape::Object(class, _) => {
                machine.put_item(member, class, key, value);
                member
            }
            _ => member,
        })
    }

    fn eval_place(&mut self, frame: &mut Frame<'p>, target: Expr) {
        match frame.facts.kind(target) {
            ExprKind::Attribute(base, _) => {
                self.eval(frame, base);
            }
            ExprKind::Subscript(base, index) => {
                self.eval(frame, base);
                self.eval(frame, index);
            }
            _ => {}
        }
    }
}
