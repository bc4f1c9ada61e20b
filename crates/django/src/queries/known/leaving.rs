//! Branches that leave a loop: `if book.title == title: return book.author`. Of all the rows that are looped over, one comes
//! there, so that what is read of it costs no query for each row. So it is behind the last test of a loop's body that ends so:
//! `if book.title != title: continue` and then `return book.author`.
//!
//! Where another function made the rows, they may be the same for many calls, each of which reads one more of them.

use ruff_text_size::TextRange;
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, Stmt, StmtKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Shape, Value};

/// A loop that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Turning {
    /// The variables that each turn sets.
    targets: Vec<u32>,
    /// The turn of the loop around, if there is one.
    around: Option<TextRange>,
}

impl Turning {
    /// A loop that puts each element in `target`.
    pub(in crate::queries) fn of(frame: &Frame<'_>, target: Option<Expr>) -> Self {
        let mut targets = Vec::new();
        if let Some(target) = target {
            variables(frame.facts, target, &mut targets);
        }
        Self { targets, around: frame.again.last().copied() }
    }
}

impl<'p> Machine<'p> {
    /// Takes the rows of the loops that a branch leaves for one row each.
    pub(in crate::queries) fn pick_where_left(&mut self, frame: &mut Frame<'p>, branch: Block) {
        let left = match frame.facts.block(branch).last().map(|stmt| stmt.kind) {
            Some(StmtKind::Return(_)) => 0,
            Some(StmtKind::Break) => frame.turning.len().saturating_sub(1),
            _ => return,
        };
        // The queries of which one row comes here at all, its related rows included.
        let mut picked: Vec<Value> = Vec::new();
        for at in left..frame.turning.len() {
            let Turning { targets, around } = frame.turning[at].clone();
            for slot in targets {
                let before = frame.slots[slot as usize];
                let after = self.for_each(before, |machine, member| match *machine.values.shape(member) {
                    Shape::Row(row) if row.many && machine.is_of_one_run(frame, row, around) => {
                        let lone = match picked.contains(&row.query) {
                            true => Row { many: false, alone: true, listed: false, ..row },
                            false => machine.lone(row),
                        };
                        if !lone.many {
                            picked.push(row.query);
                        }
                        machine.values.make(Shape::Row(lone))
                    }
                    _ => member,
                });
                if after != before {
                    frame.slots[slot as usize] = after;
                    frame.narrowed.push((slot, before, after));
                }
            }
        }
    }

    /// Whether the query of a row is made in the function that loops over it, as often as that begins to loop.
    fn is_of_one_run(&self, frame: &Frame<'p>, row: Row, around: Option<TextRange>) -> bool {
        self.made_at(row).is_some_and(|site| {
            (site.file, site.function) == (frame.file, frame.function)
                && around.is_none_or(|turn| turn.contains_range(site.range))
        })
    }
}

/// Where the steps at the end of a block begin that are done one after the other, whatever the values.
pub(in crate::queries) fn straight_end(stmts: &[Stmt]) -> usize {
    let is_straight = |stmt: &Stmt| {
        matches!(stmt.kind, StmtKind::Expr(_) | StmtKind::Assign(..) | StmtKind::Return(_) | StmtKind::Break)
    };
    stmts.len() - stmts.iter().rev().take_while(|stmt| is_straight(stmt)).count()
}

fn variables(facts: &FileFacts, target: Expr, into: &mut Vec<u32>) {
    match facts.kind(target) {
        ExprKind::Local(slot) => into.push(slot),
        ExprKind::Tuple(run) | ExprKind::List(run) => {
            facts.list(run).iter().for_each(|&part| variables(facts, part, into));
        }
        ExprKind::Starred(part) => variables(facts, part, into),
        _ => {}
    }
}
