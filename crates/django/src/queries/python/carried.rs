//! What the turns of a loop hand on to each other: variables that hold something else after a turn and that the next
//! turn looks at. A list that a loop only fills tells its turns nothing, so that one turn shows all that they do.

use std::rc::Rc;

use ruff_text_size::{TextRange, TextSize};
use tuneup_python::FileId;
use tuneup_python::flow::{Expr, ExprKind, FileFacts, StmtKind};

use crate::queries::machine::{Frame, Machine};

/// Methods that add to a container without looking at it, where a step is nothing but their call.
const ADDING: &[&str] =
    &["append", "appendleft", "add", "insert", "extend", "extendleft", "put", "put_nowait"];

/// Where the functions of a file look at variables, in order of the places.
pub(crate) type Looks = Vec<(TextSize, u32)>;

impl<'p> Machine<'p> {
    /// Whether code within a stretch of the frame's file looks at a variable, other than to add to it.
    pub(in crate::queries) fn looks_at(&mut self, frame: &Frame<'p>, within: TextRange, slot: usize) -> bool {
        let looks = self.looks(frame.file, frame.facts);
        let first = looks.partition_point(|&(at, _)| at < within.start());
        looks[first..]
            .iter()
            .take_while(|&&(at, _)| at < within.end())
            .any(|&(_, looked)| looked as usize == slot)
    }

    /// The variables that code within a stretch of the frame's file looks at.
    pub(in crate::queries) fn looked_at(&mut self, frame: &Frame<'p>, within: TextRange) -> Vec<u32> {
        let looks = self.looks(frame.file, frame.facts);
        let first = looks.partition_point(|&(at, _)| at < within.start());
        let within = looks[first..].iter().take_while(|&&(at, _)| at < within.end());
        within.map(|&(_, slot)| slot).collect()
    }

    fn looks(&mut self, file: FileId, facts: &FileFacts) -> Rc<Looks> {
        let known = self.looks.entry(file).or_insert_with(|| Rc::new(looks(facts)));
        Rc::clone(known)
    }
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
    let mut found: Looks = facts
        .exprs
        .iter()
        .zip(is_look)
        .filter(|&(_, is_look)| is_look)
        .filter_map(|(expr, _)| match expr.kind {
            ExprKind::Local(slot) => Some((expr.range.start(), slot)),
            // A function within this one may look at any of the variables of that number.
            ExprKind::Free { slot, .. } => Some((expr.range.start(), u32::from(slot))),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found
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
