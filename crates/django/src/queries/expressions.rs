//! Values of expressions.

use tuneup_python::flow::{
    BinaryOp, Block, Clause, CompareOp, ComprehensionKind, Expr, ExprKind, FunctionId,
};
use tuneup_python::{ClassRef, Entity, FileId, FunctionRef, Symbol};

use super::known::fallback::shows;
use super::known::narrowing::Known;
use super::machine::{Frame, Machine};
use super::value::{Shape, Site, Uses, Value};
use crate::frameworks::rest;

impl<'p> Machine<'p> {
    /// The value of an expression.
    pub(crate) fn eval(&mut self, frame: &mut Frame<'p>, expr: Expr) -> Value {
        if self.fuel == 0 {
            return Value::UNKNOWN;
        }
        self.fuel -= 1;
        let facts = frame.facts;
        match facts.kind(expr) {
            ExprKind::None => Value::NONE,
            ExprKind::Bool(value) => self.values.make(Shape::Bool(value)),
            ExprKind::Int(value) => self.values.make(Shape::Int(value)),
            ExprKind::Str(text) => self.values.make(Shape::Str(text)),
            ExprKind::Number | ExprKind::Bytes => Value::SCALAR,
            ExprKind::Opaque(run) => {
                for &part in facts.list(run) {
                    self.eval(frame, part);
                }
                Value::UNKNOWN
            }
            ExprKind::FString(run) => {
                for &part in facts.list(run) {
                    self.eval(frame, part);
                }
                Value::SCALAR
            }
            ExprKind::Format(value, as_text) => {
                let value = self.eval(frame, value);
                if as_text {
                    self.text_of(frame, value);
                }
                Value::SCALAR
            }
            ExprKind::Local(slot) => self.local(frame, slot),
            ExprKind::Free { up, slot } => match frame.outer {
                Some(outer) => self.values.free(outer, up, slot),
                None => Value::UNKNOWN,
            },
            ExprKind::Global(name) => self.global(frame.file, name),
            ExprKind::Caught(_) | ExprKind::DoubleStarred => Value::UNKNOWN,
            ExprKind::Context(name) => {
                let site = frame.site_of(expr);
                self.context_variable(frame, name, site)
            }
            ExprKind::Lookup(base, name) => {
                let value = self.eval(frame, base);
                let site = frame.site_of(expr);
                self.looked_up(frame, value, name, site)
            }
            ExprKind::Attribute(base, name) => {
                let value = match facts.kind(base) {
                    ExprKind::Attribute(row, relation) if self.key_names.contains(&name) => {
                        self.read_for_key(frame, base, row, relation)
                    }
                    _ => self.eval(frame, base),
                };
                if let Some(told) = self.told(frame, expr) {
                    return told;
                }
                self.attribute(frame, expr, value, name)
            }
            ExprKind::Subscript(base, index) => self.subscript(frame, base, index),
            ExprKind::Slice(run) => {
                for &part in facts.list(run) {
                    self.eval(frame, part);
                }
                Value::UNKNOWN
            }
            ExprKind::Call(callee, arguments) => {
                let given = self.call(frame, expr, callee, arguments);
                self.forget_contents(frame, callee, arguments);
                given
            }
            ExprKind::Tuple(run) | ExprKind::List(run) | ExprKind::Set(run) => {
                self.display(frame, facts.list(run))
            }
            ExprKind::Dict(run) => self.dict_display(frame, facts.list(run)),
            ExprKind::Starred(inner) => self.eval(frame, inner),
            ExprKind::Comprehension(id) => {
                let comprehension = *facts.comprehension(id);
                let depth = self.looping.len();
                let clauses = facts.clauses(comprehension.clauses);
                // The last that is looped over.
                let mut source = Value::NEVER;
                let (known, seldom, behind) = (Known::of(frame), self.seldom, self.behind.len());
                for (n, clause) in clauses.iter().enumerate() {
                    source = self.clause(frame, clause, n > 0);
                }
                let is_whole = matches!(clauses, [clause] if facts.list(clause.conditions).is_empty());
                let key = comprehension.key.map(|key| self.eval_again(frame, key));
                let element = self.eval_again(frame, comprehension.element);
                self.looping.truncate(depth);
                self.behind.truncate(behind);
                self.seldom = seldom;
                known.put_back(frame);
                match (comprehension.kind, key) {
                    (ComprehensionKind::Dict, Some(key)) => self.values.mapping(Vec::new(), key, element),
                    _ if is_whole => self.list_of(source, element),
                    _ => self.values.sequence(element),
                }
            }
            ExprKind::Lambda(id) | ExprKind::Function(id) => self.function_value(frame, id),
            ExprKind::Class(id) => self.class_value(ClassRef { file: frame.file, id }),
            ExprKind::Conditional(run) => {
                let parts = facts.list(run);
                let test = self.eval(frame, parts[0]);
                self.truth(frame, test);
                if let Some(holds) = self.tested(frame, test) {
                    frame.pass_over(facts.range(parts[if holds { 2 } else { 1 }]));
                    return self.eval(frame, parts[if holds { 1 } else { 2 }]);
                }
                let (for_then, for_else) = match self.tested_text(frame, parts[0]) {
                    Some((text, true)) if shows(frame, parts[0], facts.range(parts[1])) => (None, Some(text)),
                    Some((text, false)) if shows(frame, parts[0], facts.range(parts[2])) => {
                        (Some(text), None)
                    }
                    _ => (None, self.preferred(frame, [parts[0], parts[1], parts[2]])),
                };
                let rarer_then = self.rarer_than(frame, parts[0], true, parts[2]);
                let rarer_else = self.rarer_than(frame, parts[0], false, parts[1]);
                let begun_then = self.begun_where(frame, parts[0], true, Block::default());
                let begun_else = self.begun_where(frame, parts[0], false, Block::default());
                let then = self.doubting(begun_then, |machine| {
                    machine.stand_in(for_then, |machine| {
                        machine.eval_where(frame, (&parts[..1], true, rarer_then), parts[1])
                    })
                });
                let orelse = self.doubting(begun_else, |machine| {
                    machine.stand_in(for_else, |machine| {
                        machine.eval_where(frame, (&parts[..1], false, rarer_else), parts[2])
                    })
                });
                self.values.join(then, orelse)
            }
            kind @ (ExprKind::And(run) | ExprKind::Or(run)) => {
                let decides = matches!(kind, ExprKind::Or(_));
                let mut all = Value::NEVER;
                let mut rarer = 0;
                let operands = facts.list(run);
                let mut text = None;
                let mut undecided: Vec<Expr> = Vec::new();
                let mut begun = None;
                // Of so many operands before one it is asked what they say of it.
                const LOOKED_BACK: usize = 64;
                for (n, &operand) in operands.iter().enumerate() {
                    let value = match n {
                        0 => self.eval(frame, operand),
                        n => {
                            rarer += self.stand_in(text, |machine| match decides {
                                true => machine.rarer_behind(frame, operands[n - 1]),
                                false => machine.rarer(frame, operands[n - 1], true),
                            });
                            let (last, doubt) = self.asked_last(frame, expr, &undecided);
                            let before = &operands[n.saturating_sub(LOOKED_BACK)..n];
                            let tests = (before, !decides, rarer.max(last));
                            self.doubting(doubt.or(begun), |machine| {
                                machine.stand_in(text, |machine| machine.eval_where(frame, tests, operand))
                            })
                        }
                    };
                    if n + 1 < operands.len() {
                        self.truth(frame, value);
                        // A row stands for itself, and not for an answer.
                        let is_row = self.values.members(value).iter().any(|&it| self.as_row(it).is_some());
                        let tested = self.tested(frame, value);
                        if tested.is_none() {
                            undecided.extend((!is_row && undecided.len() < LOOKED_BACK).then_some(operand));
                            begun = self.doubting(begun, |machine| {
                                machine.begun_where(frame, operand, !decides, Block::default())
                            });
                        }
                        if let Some(truth) = tested {
                            let other = if truth == decides { operands[n + 1] } else { operand };
                            frame.pass_over(facts.range(other));
                        }
                        match tested {
                            Some(truth) if truth == decides => return self.values.join(all, value),
                            Some(_) => continue,
                            None if decides => {
                                let tested = self.tested_text(frame, operand).filter(|(_, given)| *given);
                                text = text.or(tested.map(|(text, _)| text));
                            }
                            None => text = text.or_else(|| self.filled_text(frame, operand)),
                        }
                    } else if !decides && self.tested(frame, value) == Some(false) {
                        // Whatever the others are, the whole is false.
                        return value;
                    }
                    all = self.values.join(all, value);
                }
                all
            }
            ExprKind::Not(value) => {
                let value = self.eval(frame, value);
                self.truth(frame, value);
                match self.tested(frame, value) {
                    Some(truth) => self.values.make(Shape::Bool(!truth)),
                    None => Value::SCALAR,
                }
            }
            ExprKind::Unary(value) => {
                let value = self.eval(frame, value);
                self.inverted(value).unwrap_or(Value::SCALAR)
            }
            ExprKind::Binary(op, run) => self.binary(frame, op, facts.list(run)),
            ExprKind::Compare(run, ops) => self.compare(frame, facts.list(run), ops),
            ExprKind::Walrus(target, value) => {
                let value = self.eval(frame, value);
                self.assign(frame, target, value);
                value
            }
            ExprKind::Await(value) => self.eval(frame, value),
            ExprKind::Yield(value) => {
                let value = self.eval(frame, value);
                frame.yielded = self.values.join(frame.yielded, value);
                Value::UNKNOWN
            }
            ExprKind::YieldFrom(inner) => {
                let value = self.eval(frame, inner);
                let site = frame.site_of(inner);
                let element = self.iterate(frame, value, site);
                frame.yielded = self.values.join(frame.yielded, element);
                Value::UNKNOWN
            }
            ExprKind::Enter(inner) => {
                let value = self.eval(frame, inner);
                let site = frame.site_of(inner);
                self.entered(frame, value, site)
            }
            ExprKind::Import(id) => {
                let entity = self.project.import(frame.file, id);
                self.entity_value(entity)
            }
        }
    }

    fn local(&mut self, frame: &mut Frame<'p>, slot: u32) -> Value {
        let value = frame.slots.get(slot as usize).copied().unwrap_or(Value::UNKNOWN);
        if !frame.is_class_body {
            return self.bound_since(frame, value);
        }
        if value != Value::NEVER {
            return value;
        }
        let Some(class) = frame.class else { return Value::UNKNOWN };
        let facts = frame.facts;
        match facts.slot_names[facts.class(class.id).slots.indices()].get(slot as usize) {
            Some(&name) => self.class_member(class, name).unwrap_or(Value::UNKNOWN),
            None => Value::UNKNOWN,
        }
    }

    /// A module-level name's value.
    pub(crate) fn global(&mut self, file: FileId, name: Symbol) -> Value {
        if let Some(&known) = self.globals.get(&(file, name)) {
            return known;
        }
        // A name that needs itself is unknown.
        self.globals.insert((file, name), Value::UNKNOWN);
        let entity = self.project.global(file, name);
        let value = self.entity_value(entity);
        self.globals.insert((file, name), value);
        value
    }

    /// What a resolved name stands for.
    pub(crate) fn entity_value(&mut self, entity: Entity) -> Value {
        match entity {
            Entity::Module(file) => self.values.make(Shape::Module(file)),
            Entity::Namespace(name) => self.values.make(Shape::Namespace(name)),
            Entity::Function(function) => self.values.make(Shape::Function(function, None)),
            Entity::Class(class) => self.class_value(class),
            Entity::Value(file, expr) => {
                let mut frame = self.frame_anywhere(file);
                let value = self.eval(&mut frame, expr);
                self.kept_by_module(file, expr, value)
            }
            Entity::External(name) | Entity::Builtin(name) => match self.schema.bundled_model(name) {
                Some(model) => self.values.make(Shape::Model(model)),
                None => self.values.make(Shape::External(name)),
            },
            Entity::Unknown => Value::UNKNOWN,
        }
    }

    pub(crate) fn class_value(&mut self, class: ClassRef) -> Value {
        let shape = match self.schema.model_of_class(class) {
            Some(model) => Shape::Model(model),
            None => Shape::Class(class),
        };
        self.values.make(shape)
    }

    fn function_value(&mut self, frame: &mut Frame<'p>, id: FunctionId) -> Value {
        let function = FunctionRef { file: frame.file, id };
        // Defaults are evaluated where the function is defined.
        if frame.function.is_some() {
            let facts = frame.facts;
            for parameter in facts.parameters(facts.function(id).parameters) {
                parameter.default.map(|default| self.eval(frame, default));
            }
        }
        let environment = match frame.function {
            Some(_) => {
                let captured = frame.captured(id);
                Some(self.values.environment(frame.outer, captured))
            }
            None => None,
        };
        if environment.is_some() {
            self.inner.insert((function, environment));
        }
        self.values.make(Shape::Function(function, environment))
    }

    fn display(&mut self, frame: &mut Frame<'p>, items: &[Expr]) -> Value {
        const LONGEST_KNOWN: usize = 64;
        let mut values = Vec::with_capacity(items.len().min(LONGEST_KNOWN));
        let mut spread = Value::NEVER;
        let mut is_spread = items.is_empty();
        for &item in items {
            if let ExprKind::Starred(inner) = frame.facts.kind(item) {
                let value = self.eval(frame, inner);
                match self.values.shape(value).clone() {
                    Shape::Tuple(parts) => values.extend(parts.iter().copied()),
                    _ => {
                        let site = frame.site_of(inner);
                        let element = self.iterate(frame, value, site);
                        spread = self.values.join(spread, element);
                        is_spread = true;
                    }
                }
            } else {
                values.push(self.eval(frame, item));
            }
        }
        if is_spread || values.len() > LONGEST_KNOWN {
            let element = self.values.join_all(values);
            let element = self.values.join(element, spread);
            return self.values.sequence(element);
        }
        self.values.tuple(values)
    }

    /// The value of an expression that stands in a comprehension, where it is evaluated again and again.
    fn eval_again(&mut self, frame: &mut Frame<'p>, expr: Expr) -> Value {
        frame.again.push(frame.facts.range(expr));
        let value = self.eval(frame, expr);
        frame.again.pop();
        value
    }

    /// Loops over what a clause of a comprehension names, and gives that.
    fn clause(&mut self, frame: &mut Frame<'p>, clause: &Clause, is_inner: bool) -> Value {
        let iterated = match is_inner {
            true => self.eval_again(frame, clause.iter),
            false => self.eval(frame, clause.iter),
        };
        self.note_iterated(frame, clause.iter, iterated);
        let site = frame.site_of(clause.iter);
        let element = self.iterate(frame, iterated, site);
        self.push_looping(element);
        self.assign(frame, clause.target, element);
        let facts = frame.facts;
        for &condition in facts.list(clause.conditions) {
            let value = self.eval_again(frame, condition);
            self.truth(frame, value);
            self.seldom += self.rarer(frame, condition, true);
            let behind = self.deciding(frame, &[condition], true);
            self.begin_behind(&behind);
            self.narrow(frame, condition, true);
        }
        iterated
    }

    fn binary(&mut self, frame: &mut Frame<'p>, op: BinaryOp, operands: &[Expr]) -> Value {
        let mut result = self.eval(frame, operands[0]);
        for &operand in &operands[1..] {
            let right = self.eval(frame, operand);
            result = match op {
                BinaryOp::Add => self.add(frame, result, right),
                BinaryOp::Modulo => {
                    if matches!(self.values.shape(result), Shape::Str(_) | Shape::Scalar | Shape::Unlike(_)) {
                        self.text_of_parts(frame, right);
                    }
                    let made = match *self.values.shape(result) {
                        Shape::Str(text) => self.text_of_format(text, right),
                        _ => None,
                    };
                    made.unwrap_or(Value::SCALAR)
                }
                BinaryOp::BitOr | BinaryOp::BitAnd | BinaryOp::BitXor => {
                    self.for_each(result, |machine, left| match machine.values.shape(left) {
                        Shape::Queryset(queryset) => {
                            let queryset = queryset.clone();
                            machine.combined_rows(queryset, op)
                        }
                        Shape::Condition(terms) => {
                            let terms = *terms;
                            machine.combined(terms, right, op != BinaryOp::BitAnd)
                        }
                        Shape::Mapping { .. } => machine.updated(left, right),
                        Shape::Sequence(_) | Shape::Tuple(_) => machine.values.join(left, right),
                        _ => Value::UNKNOWN,
                    })
                }
                BinaryOp::Other if self.is_column(result) || self.is_column(right) => self.computed_column(),
                BinaryOp::Other => Value::SCALAR,
            };
        }
        result
    }

    /// `left + right`, and `left += right`.
    pub(crate) fn add(&mut self, frame: &mut Frame<'p>, left: Value, right: Value) -> Value {
        match (self.values.shape(left).clone(), self.values.shape(right).clone()) {
            (Shape::Tuple(a), Shape::Tuple(b)) if a.len() + b.len() <= 64 => {
                self.values.tuple(a.iter().chain(b.iter()).copied().collect())
            }
            (Shape::Sequence(_) | Shape::Tuple(_), _) => {
                let site = frame.site(Default::default());
                let a = self.elements(frame, left, site);
                let b = self.elements(frame, right, site);
                let element = self.values.join(a, b);
                self.values.sequence(element)
            }
            (Shape::Queryset(_), _) => left,
            (Shape::Condition(terms), _) => self.combined(terms, right, true),
            _ if self.is_column(left) || self.is_column(right) => self.computed_column(),
            (Shape::Unknown, _) | (_, Shape::Unknown) => Value::UNKNOWN,
            (Shape::Union(_), _) => self.values.join(left, right),
            _ => Value::SCALAR,
        }
    }

    /// What iterating gives, where a queryset counts as evaluated but not as looped over by code.
    fn elements(&mut self, frame: &mut Frame<'p>, value: Value, site: Site) -> Value {
        match self.values.shape(value) {
            Shape::Sequence(element) => {
                let element = *element;
                self.any_of(element)
            }
            Shape::Tuple(items) => {
                let items = items.to_vec();
                self.values.join_all(items)
            }
            _ => self.iterate(frame, value, site),
        }
    }

    fn compare(&mut self, frame: &mut Frame<'p>, operands: &[Expr], ops: u32) -> Value {
        let mut left = Value::NEVER;
        let mut known = Some(true);
        for (n, &operand) in operands.iter().enumerate() {
            let value = self.eval(frame, operand);
            if n > 0 {
                let op = frame.facts.compare_ops.get(ops as usize + n - 1).copied();
                if matches!(op, Some(CompareOp::In | CompareOp::NotIn)) {
                    self.truth(frame, value);
                }
                let holds = op.and_then(|op| {
                    self.note_membership(left, op, value, frame.site_of(operand));
                    let known = self.known_comparison(left, op, value);
                    known
                        .or_else(|| self.known_key(frame, left, op, operand))
                        .or_else(|| self.compared_with_kept(frame, operands[n - 1], op, operand))
                });
                known = match (known, holds) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
            }
            left = value;
        }
        match known {
            Some(known) => self.values.make(Shape::Bool(known)),
            None => Value::SCALAR,
        }
    }

    /// `name in BY_NAME`, of a dictionary that its module writes out: the keys that stand there are in it.
    fn known_key(&self, frame: &Frame<'p>, left: Value, op: CompareOp, right: Expr) -> Option<bool> {
        let is_within = match op {
            CompareOp::In => true,
            CompareOp::NotIn => false,
            _ => return None,
        };
        let Shape::Str(name) = *self.values.shape(left) else { return None };
        let ExprKind::Global(of) = frame.facts.kind(right) else { return None };
        let Entity::Value(file, written) = self.project.global(frame.file, of) else { return None };
        let facts = self.facts(file);
        let ExprKind::Dict(items) = facts.kind(written) else { return None };
        let mut keys = facts.list(items).iter().step_by(2);
        keys.any(|&key| facts.kind(key) == ExprKind::Str(name)).then_some(is_within)
    }

    fn subscript(&mut self, frame: &mut Frame<'p>, base: Expr, index: Expr) -> Value {
        let value = self.eval(frame, base);
        let key = self.eval(frame, index);
        let is_slice = matches!(frame.facts.kind(index), ExprKind::Slice(_));
        let value = if is_slice { self.resumed(value) } else { value };
        let is_one = Self::is_slice_of_one(frame, index);
        // What is looped over is there by then: of that no query asks for a piece.
        let is_there = matches!(frame.facts.kind(base), ExprKind::Local(_))
            && self.looping.iter().any(|(query, _)| *query == value);
        let is_behind = !is_there && Self::is_slice_behind(frame, index);
        // `rows[n]` in a loop, with an index that changes.
        let is_many = !frame.breaks.is_empty() && !is_slice && key == Value::SCALAR;
        let found = self.for_each(value, |machine, member| {
            if is_many && let Some(queryset) = machine.as_queryset(member).cloned() {
                let site = frame.site_of(base);
                return machine.iterate_queryset(member, &queryset, site);
            }
            let member = if is_one { machine.cut_to_one(frame, member) } else { member };
            let member = if is_behind { machine.cut_behind(member) } else { member };
            machine.item(frame, member, key, is_slice)
        });
        self.gone_to(frame, index, found)
    }

    /// `value[key]`
    pub(crate) fn item(&mut self, frame: &mut Frame<'p>, value: Value, key: Value, is_slice: bool) -> Value {
        let value = self.unnamed(value);
        match self.values.shape(value).clone() {
            Shape::Queryset(mut queryset) => {
                if queryset.is_manager {
                    return Value::UNKNOWN;
                }
                if is_slice {
                    queryset.asked.sliced = true;
                    queryset.asked.narrowed = true;
                    self.extended.insert(value);
                    let value = self.values.queryset(queryset);
                    self.record_page(value);
                    return value;
                }
                self.record_use(value, Uses { first: true, ..Uses::default() });
                self.one_row(value)
            }
            Shape::Tuple(items) if !is_slice => match *self.values.shape(key) {
                Shape::Int(n) if n >= 0 => items.get(n as usize).copied().unwrap_or(Value::UNKNOWN),
                Shape::Int(n) => match items.len().checked_sub(n.unsigned_abs() as usize) {
                    Some(at) => items[at],
                    None => Value::UNKNOWN,
                },
                _ => self.values.join_all(items.iter().copied()),
            },
            Shape::Tuple(items) => {
                let element = self.values.join_all(items.iter().copied());
                self.values.sequence(element)
            }
            Shape::Sequence(_) if is_slice => value,
            Shape::Sequence(element) => match self.values.shape(key) {
                Shape::Int(_) => self.head_of(frame, element),
                _ => {
                    let element = self.any_of(element);
                    self.one_of(frame, element)
                }
            },
            Shape::Mapping { known, rest, .. } => match *self.values.shape(key) {
                Shape::Str(name) => match known.iter().find(|(known, _)| *known == name) {
                    Some(&(_, value)) => value,
                    None if rest == Value::NEVER => Value::UNKNOWN,
                    None => rest::of_name(self, rest, name),
                },
                _ => {
                    let known = self.values.join_all(known.iter().map(|&(_, value)| value));
                    let any = self.values.join(known, rest);
                    let any = self.one_of(frame, any);
                    if any == Value::NEVER { Value::UNKNOWN } else { any }
                }
            },
            Shape::Page(rows) => self.item(frame, rows, key, is_slice),
            Shape::Scalar | Shape::Str(_) | Shape::Unlike(_) => Value::SCALAR,
            Shape::Object(class, _) => match self.class_function(class, self.names.getitem) {
                Some((function, _)) => self.call_function(frame, function, None, &[value, key]),
                None => match self.held(value) {
                    Some(held) => self.item(frame, held, key, is_slice),
                    None => Value::UNKNOWN,
                },
            },
            // `QuerySet[Book]`, `list[int]`: the class itself.
            Shape::Class(_) | Shape::External(_) | Shape::Model(_) => value,
            Shape::Instance(class, parts) => self.instance_item(class, &parts, key),
            _ => Value::UNKNOWN,
        }
    }
}
