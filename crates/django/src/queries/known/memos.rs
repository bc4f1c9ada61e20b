//! What code works out once and remembers: `if note.book_id not in titles: titles[note.book_id] = note.book.title`. Of the
//! rows that share a key one reads it, and while Django's cache is warm none does.

use std::rc::Rc;

use ruff_text_size::TextRange;
use tuneup_python::Symbol;
use tuneup_python::flow::{ArgumentKind, CompareOp, Expr, ExprKind, FileFacts, Run, StmtKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Path, Shape, Value};

/// Among how many places that keep something a function's memo is looked for.
const MANY: usize = 500;

/// Where a file remembers something, and where it looks what is remembered.
#[derive(Default)]
pub(crate) struct Memos {
    /// `titles[key] = title`, `cache.set(key, title)`.
    kept: Vec<Memo>,
    /// `title = titles.get(key)`, with the variable.
    gotten: Vec<(u32, Memo)>,
    /// `key = note.book_id`: variables that an attribute, or several, are put into.
    keys: Vec<(u32, TextRange, Expr)>,
}

/// A place that names a container and a key.
#[derive(Clone, Copy)]
struct Memo {
    at: TextRange,
    container: Expr,
    key: Expr,
}

impl<'p> Machine<'p> {
    /// Why the branch of a test may not be run for a row, and which: what it works out is remembered by a key.
    pub(in crate::queries) fn remembered_once(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
    ) -> Option<(Symbol, bool)> {
        let facts = frame.facts;
        let within = facts.function(frame.function?).range;
        let memos = Rc::clone(self.memos.entry(frame.file).or_insert_with(|| Rc::new(Memos::of(facts))));
        let (looked, holds) = memos.looked(facts, within, test)?;
        memos.kept_in(within).find(|kept| looked.is_same(facts, kept))?;
        let container = self.eval(frame, looked.container);
        if self.is_django_cache(container) {
            let warm = "It is read only where the cache does not have it yet: while that is warm, all would pay for it without need.";
            return Some((Symbol::new(warm), holds));
        }
        // What a function begins anew with each call remembers nothing of the rows that it is called for.
        let outlives = match facts.kind(looked.container) {
            ExprKind::Local(slot) => {
                let parameters = facts.function(frame.function?).parameters;
                (slot as usize) < facts.parameters(parameters).len() || !frame.turning.is_empty()
            }
            _ => true,
        };
        let shared = "It is read only for a key that code does not remember yet: of the rows that share one, the others would pay for it \
                      without need.";
        (outlives && !self.is_own_key(frame, (&memos, within), looked.key, &mut Vec::new()))
            .then(|| (Symbol::new(shared), holds))
    }

    /// `django.core.cache.cache`, or one of its `caches`.
    fn is_django_cache(&self, container: Value) -> bool {
        match self.values.shape(container) {
            Shape::External(name) | Shape::Instance(name, _) => {
                name.as_str().starts_with("django.core.cache.")
            }
            _ => false,
        }
    }

    /// Whether no two rows have a key: it is the row, what tells it from all others, or it is not known what it is.
    /// `asked` are the variables that it is made of and that were asked already.
    fn is_own_key(
        &mut self,
        frame: &mut Frame<'p>,
        (memos, within): (&Memos, TextRange),
        key: Expr,
        asked: &mut Vec<u32>,
    ) -> bool {
        let facts = frame.facts;
        match facts.kind(key) {
            ExprKind::Str(_) | ExprKind::Int(_) => false,
            ExprKind::Attribute(base, name) if name == "pk" || name == "id" => {
                self.row_in(frame, base).is_none_or(|row| row.path == Path::ROOT)
            }
            ExprKind::Attribute(..) => false,
            ExprKind::Tuple(run) => {
                facts.list(run).iter().any(|&part| self.is_own_key(frame, (memos, within), part, asked))
            }
            ExprKind::Local(slot) => match self.row_in(frame, key) {
                Some(row) => row.path == Path::ROOT,
                None if asked.contains(&slot) => false,
                None => {
                    asked.push(slot);
                    let made: Vec<Expr> = memos.made(within, slot).collect();
                    made.is_empty()
                        || made.into_iter().any(|from| self.is_own_key(frame, (memos, within), from, asked))
                }
            },
            _ => true,
        }
    }
}

impl Memos {
    /// What a function keeps; of very many only the first.
    fn kept_in(&self, within: TextRange) -> impl Iterator<Item = &Memo> {
        let first = self.kept.partition_point(|kept| kept.at.start() < within.start());
        self.kept[first..].iter().take_while(move |kept| kept.at.end() <= within.end()).take(MANY)
    }

    fn of(facts: &FileFacts) -> Self {
        let mut memos = Self::default();
        for stmt in &facts.stmts {
            let at = stmt.range;
            match stmt.kind {
                StmtKind::Assign(target, from) => match (facts.kind(target), facts.kind(from)) {
                    (ExprKind::Subscript(container, key), _) => memos.kept.push(Memo { at, container, key }),
                    (ExprKind::Local(slot), ExprKind::Call(callee, arguments)) => {
                        if let Some((container, key)) = asked(facts, callee, arguments, &["get"]) {
                            memos.gotten.push((slot, Memo { at, container, key }));
                        }
                    }
                    (ExprKind::Local(slot), ExprKind::Attribute(..) | ExprKind::Tuple(_)) => {
                        memos.keys.push((slot, at, from));
                    }
                    _ => {}
                },
                StmtKind::Expr(value) => {
                    if let ExprKind::Call(callee, arguments) = facts.kind(value)
                        && let Some((container, key)) =
                            asked(facts, callee, arguments, &["set", "add", "setdefault"])
                        // A set's `add(value)` keeps nothing under a key.
                        && facts.arguments(arguments).len() > 1
                    {
                        memos.kept.push(Memo { at, container, key });
                    }
                }
                _ => {}
            }
        }
        // Where nothing is kept, nothing is remembered.
        if memos.kept.is_empty() {
            return Self::default();
        }
        memos.kept.sort_by_key(|kept| kept.at.start());
        memos.kept.shrink_to_fit();
        memos.gotten.shrink_to_fit();
        memos.keys.shrink_to_fit();
        memos
    }

    /// What a test asks for, and how it comes out where that is not remembered.
    fn looked(&self, facts: &FileFacts, within: TextRange, test: Expr) -> Option<(Memo, bool)> {
        let at = facts.range(test);
        let gotten = |place: Expr| {
            let ExprKind::Local(asked) = facts.kind(place) else { return None };
            let before = |(slot, memo): &&(u32, Memo)| {
                *slot == asked && within.contains_range(memo.at) && memo.at.end() <= at.start()
            };
            self.gotten.iter().filter(before).max_by_key(|(_, memo)| memo.at.start()).map(|(_, memo)| *memo)
        };
        match facts.kind(test) {
            ExprKind::Not(inner) => self.looked(facts, within, inner).map(|(memo, holds)| (memo, !holds)),
            ExprKind::Compare(run, ops) => {
                let (&[left, right], Some(&op)) = (facts.list(run), facts.compare_ops.get(ops as usize))
                else {
                    return None;
                };
                match op {
                    CompareOp::In | CompareOp::NotIn => {
                        Some((Memo { at, container: right, key: left }, op == CompareOp::NotIn))
                    }
                    _ => {
                        let (asked, is_none) = facts.compared_to_none(test)?;
                        gotten(asked).map(|memo| (memo, is_none))
                    }
                }
            }
            _ => gotten(test).map(|memo| (memo, false)),
        }
    }

    /// What a function puts into a variable.
    fn made(&self, within: TextRange, slot: u32) -> impl Iterator<Item = Expr> {
        let is_it =
            move |&&(made, at, _): &&(u32, TextRange, Expr)| made == slot && within.contains_range(at);
        self.keys.iter().filter(is_it).map(|(.., from)| *from)
    }
}

impl Memo {
    fn is_same(&self, facts: &FileFacts, other: &Self) -> bool {
        facts.is_same(self.container, other.container) && facts.is_same(self.key, other.key)
    }
}

/// The container and the key of a call of one of these methods.
fn asked(facts: &FileFacts, callee: Expr, arguments: Run, methods: &[&str]) -> Option<(Expr, Expr)> {
    let ExprKind::Attribute(container, name) = facts.kind(callee) else { return None };
    let first = facts.arguments(arguments).first()?;
    (methods.contains(&name.as_str()) && first.kind == ArgumentKind::Positional)
        .then_some((container, first.value))
}
