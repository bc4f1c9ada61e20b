//! What the turns of a loop hand on to each other: variables that hold something else after a turn and that the next
//! turn looks at. A list that a loop only fills tells its turns nothing, so that one turn shows all that they do.

use std::cmp::Reverse;
use std::rc::Rc;

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::FxHashMap;
use tuneup_python::FileId;
use tuneup_python::flow::{ClassId, Expr, ExprKind, FileFacts, FunctionId, StmtKind};

use crate::queries::machine::{Frame, Machine};

/// Methods that add to a container without looking at it, where a step is nothing but their call.
const ADDING: &[&str] =
    &["append", "appendleft", "add", "insert", "extend", "extendleft", "put", "put_nowait"];

/// Whose a variable is: a number means another variable in each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Owner {
    /// The module's body, whose variables are the targets of comprehensions.
    Module,
    /// A class's body.
    Class(ClassId),
    /// A function or a lambda.
    Function(FunctionId),
}

impl Owner {
    fn of(frame: &Frame<'_>) -> Self {
        match (frame.function, frame.class) {
            (Some(function), _) => Self::Function(function),
            (None, Some(class)) if frame.is_class_body => Self::Class(class.id),
            _ => Self::Module,
        }
    }

    /// The function, or the module, so many functions around it.
    fn around(self, facts: &FileFacts, up: u16) -> Self {
        let mut owner = self;
        for _ in 0..up {
            let around = match owner {
                Self::Module => return owner,
                Self::Class(class) => facts.class(class).parent,
                Self::Function(function) => facts.function(function).parent,
            };
            owner = around.map_or(Self::Module, Self::Function);
        }
        owner
    }
}

/// Where a file looks at whose variables, in order of the places.
pub(crate) type Looks = FxHashMap<Owner, Vec<(TextSize, u32)>>;

impl<'p> Machine<'p> {
    /// Whether code within a stretch of the frame's file looks at a variable, other than to add to it.
    pub(in crate::queries) fn looks_at(&mut self, frame: &Frame<'p>, within: TextRange, slot: usize) -> bool {
        let looks = self.looks(frame.file, frame.facts);
        own_within(&looks, frame, within).iter().any(|&(_, looked)| looked as usize == slot)
    }

    /// The variables of the frame that code within a stretch of its file looks at, that of functions within it included, but
    /// none of their own variables.
    pub(in crate::queries) fn looked_at(&mut self, frame: &Frame<'p>, within: TextRange) -> Vec<u32> {
        let looks = self.looks(frame.file, frame.facts);
        own_within(&looks, frame, within).iter().map(|&(_, slot)| slot).collect()
    }

    fn looks(&mut self, file: FileId, facts: &FileFacts) -> Rc<Looks> {
        let known = self.looks.entry(file).or_insert_with(|| Rc::new(looks(facts)));
        Rc::clone(known)
    }
}

/// The places within a stretch that look at a frame's own variables.
fn own_within<'l>(looks: &'l Looks, frame: &Frame<'_>, within: TextRange) -> &'l [(TextSize, u32)] {
    let own = looks.get(&Owner::of(frame)).map(Vec::as_slice).unwrap_or_default();
    let first = own.partition_point(|&(at, _)| at < within.start());
    let end = first + own[first..].partition_point(|&(at, _)| at < within.end());
    &own[first..end]
}

fn looks(facts: &FileFacts) -> Looks {
    let mut is_look = vec![true; facts.exprs.len()];
    for stmt in &facts.stmts {
        match stmt.kind {
            StmtKind::Assign(target, _)
            | StmtKind::Annotated { target, .. }
            | StmtKind::For { target, .. } => set(facts, target, &mut is_look),
            StmtKind::Expr(value) => {
                if let ExprKind::Call(callee, _) = facts.kind(value)
                    && let ExprKind::Attribute(base, name) = facts.kind(callee)
                    && ADDING.contains(&name.as_str())
                {
                    is_look[base.index()] = false;
                }
            }
            _ => {}
        }
    }
    let mut places: Vec<(TextSize, u16, u32)> = facts
        .exprs
        .iter()
        .zip(is_look)
        .filter(|&(_, is_look)| is_look)
        .filter_map(|(expr, _)| match expr.kind {
            ExprKind::Local(slot) => Some((expr.range.start(), 0, slot)),
            ExprKind::Free { up, slot } => Some((expr.range.start(), up, u32::from(slot))),
            _ => None,
        })
        .collect();
    places.sort_unstable();
    let mut bodies = bodies(facts).into_iter().peekable();
    let mut around: Vec<(TextRange, Owner)> = Vec::new();
    let mut looks = Looks::default();
    for (at, up, slot) in places {
        while let Some(body) = bodies.next_if(|(range, _)| range.start() <= at) {
            around.push(body);
        }
        around.retain(|(range, _)| range.contains(at));
        let owner = around.last().map_or(Owner::Module, |&(_, owner)| owner);
        looks.entry(owner.around(facts, up)).or_default().push((at, slot));
    }
    looks.values_mut().for_each(Vec::shrink_to_fit);
    looks
}

/// The bodies of a file's functions and classes, each behind those around it. What stands before a body, decorators and
/// defaults, is the code of what is around.
fn bodies(facts: &FileFacts) -> Vec<(TextRange, Owner)> {
    let functions = facts
        .functions
        .iter()
        .enumerate()
        .map(|(at, function)| (facts.stretch(function.body), Owner::Function(FunctionId(at as u32))));
    let classes = facts
        .classes
        .iter()
        .enumerate()
        .map(|(at, class)| (facts.stretch(class.body), Owner::Class(ClassId(at as u32))));
    let mut bodies: Vec<(TextRange, Owner)> = functions.chain(classes).collect();
    bodies.sort_by_key(|&(range, owner)| (range.start(), Reverse(range.end()), owner));
    bodies
}

/// To put something into a place is not to look at it.
fn set(facts: &FileFacts, target: Expr, is_look: &mut [bool]) {
    match facts.kind(target) {
        ExprKind::Local(_) => is_look[target.index()] = false,
        ExprKind::Subscript(base, _) if matches!(facts.kind(base), ExprKind::Local(_)) => {
            is_look[base.index()] = false;
        }
        ExprKind::Tuple(run) | ExprKind::List(run) => {
            facts.list(run).iter().for_each(|&part| set(facts, part, is_look));
        }
        ExprKind::Starred(part) => set(facts, part, is_look),
        _ => {}
    }
}
