//! SQL that code writes itself, `cursor.execute("UPDATE shop_author …")`: which model's rows it writes, as far as its text is
//! known.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use tuneup_python::flow::{Expr, ExprKind, FileFacts, Run, StmtKind};
use tuneup_python::{Entity, FileId, Symbol};

use super::machine::{Frame, Machine, Write};
use super::value::{Shape, Site, Value};
use crate::frameworks::cursors::is_cursor;
use crate::schema::ModelId;

/// How SQL begins that writes nothing.
const READING: &[&str] = &["select", "show", "explain", "pragma", "set", "lock", "analyze", "vacuum"];

/// What writes within SQL that names what it reads first: `WITH … DELETE …`.
const WRITING: &[&str] = &["insert", "update", "delete", "merge"];

/// A text of SQL.
#[derive(Clone, Copy)]
struct Sql {
    /// How it begins, as far as that is written out.
    text: &'static str,
    /// Whether that is all of it.
    is_whole: bool,
}

/// The models by the names of their tables.
pub(crate) type Tables = Rc<FxHashMap<String, ModelId>>;

impl<'p> Machine<'p> {
    /// Keeps what a cursor is told to run.
    pub(super) fn note_sql(
        &mut self,
        frame: &mut Frame<'p>,
        cursor: Value,
        name: Symbol,
        run: Run,
        site: Site,
    ) {
        let is_cursor =
            matches!(self.values.shape(cursor), Shape::Instance(class, _) if is_cursor(class.as_str()));
        if !is_cursor || !matches!(name.as_str(), "execute" | "executemany" | "callproc") {
            return;
        }
        let first = frame.facts.arguments(run).first().filter(|_| name != "callproc");
        let sql = first.and_then(|first| self.sql_of(frame, first.value));
        let written = match sql {
            Some(sql) => self.written_by(sql),
            None => Some((None, false)),
        };
        if let Some((model, makes)) = written {
            self.record_write(Write {
                model,
                relation: None,
                between: None,
                makes,
                of: None,
                row: None,
                site,
            });
        }
    }

    /// The SQL that an expression of a frame is, as far as it is written out. A variable is followed to what it is set to, if
    /// to one text alone.
    fn sql_of(&mut self, frame: &mut Frame<'p>, text: Expr) -> Option<Sql> {
        let facts = frame.facts;
        let ExprKind::Local(slot) = facts.kind(text) else { return self.sql_written(frame, text) };
        if let Shape::Str(text) = self.values.shape(*frame.slots.get(slot as usize)?) {
            return Some(Sql { text: text.as_str(), is_whole: true });
        }
        let body = facts.function(frame.function?).body;
        let mut given = facts.steps_within(body).filter_map(|step| match step.kind {
            StmtKind::Assign(target, from) if facts.kind(target) == ExprKind::Local(slot) => Some(from),
            _ => None,
        });
        let (from, None) = (given.next()?, given.next()) else { return None };
        self.sql_written(frame, from)
    }

    fn sql_written(&mut self, frame: &mut Frame<'p>, text: Expr) -> Option<Sql> {
        let facts = frame.facts;
        let (file, text) = match facts.kind(text) {
            // `self.QUERY.format(table)`
            ExprKind::Call(callee, _) => match facts.kind(callee) {
                ExprKind::Attribute(text, method) if method == "format" => self.written_at(frame, text)?,
                _ => (frame.file, text),
            },
            _ => self.written_at(frame, text)?,
        };
        let facts = self.facts(file);
        beginning_of(facts, text)
    }

    /// Where what an expression stands for is written out: itself, or the value of a name or of a class's attribute.
    fn written_at(&mut self, frame: &mut Frame<'p>, text: Expr) -> Option<(FileId, Expr)> {
        match frame.facts.kind(text) {
            ExprKind::Global(name) => match self.project.global(frame.file, name) {
                Entity::Value(file, value) => Some((file, value)),
                _ => None,
            },
            ExprKind::Attribute(base, name) => {
                let base = self.eval(frame, base);
                let class = match *self.values.shape(base) {
                    Shape::Object(class, _) | Shape::Class(class) => Some(class),
                    Shape::Row(row) => self.schema.class_of(row.model),
                    Shape::Model(model) => self.schema.class_of(model),
                    _ => None,
                };
                let member = self.project.member(class?, name)?;
                member.binding.value.map(|value| (member.owner.file, value))
            }
            _ => Some((frame.file, text)),
        }
    }

    /// The model whose table SQL writes, nothing where that may be any, and whether it only makes rows; nothing at all where it
    /// writes no model's.
    fn written_by(&mut self, Sql { text: sql, is_whole }: Sql) -> Option<(Option<ModelId>, bool)> {
        let is_in_word = |letter: char| letter.is_alphanumeric() || "_.\"`[]%{}".contains(letter);
        let words: Vec<String> = sql
            .split(|letter| !is_in_word(letter))
            .filter(|word| !word.is_empty())
            .map(|word| word.replace(['"', '`', '[', ']'], "").to_lowercase())
            .collect();
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        let after = |wanted: &str| {
            let at = words.iter().position(|word| word == wanted)?;
            let (n, table) = words[at + 1..].iter().enumerate().find(|(_, word)| *word != "only")?;
            // What goes on behind the text may be more of the name that it ends with.
            let is_cut = !is_whole && at + n + 2 == words.len() && sql.ends_with(is_in_word);
            (!is_cut).then_some(table)
        };
        let first = words.first()?.as_str();
        let (table, makes) = match first {
            _ if READING.contains(&first) => return None,
            "with" if is_whole && !has(WRITING) => return None,
            "insert" => (after("into"), is_whole && !has(&["conflict", "duplicate", "replace"])),
            "update" => (after("update"), false),
            "delete" => (after("from"), false),
            _ => (None, false),
        };
        let Some(table) = table.filter(|table| !table.contains(['%', '{'])) else {
            return Some((None, makes));
        };
        let table = table.rsplit('.').next().unwrap_or(table);
        let tables = self.tables();
        match tables.get(table) {
            Some(&model) => Some((Some(model), makes)),
            // The table between two models bears the name of one of them.
            None => tables.keys().any(|known| table.starts_with(known.as_str())).then_some((None, makes)),
        }
    }

    fn tables(&mut self) -> Tables {
        if let Some(tables) = &self.tables {
            return Rc::clone(tables);
        }
        let names = self.schema.models().filter(|&model| !self.schema.model(model).is_abstract());
        let named = names.filter(|&model| !self.schema.model(model).is_proxy());
        let tables = named.filter_map(|model| {
            let table = self.schema.db_table(self.project, model)?;
            Some((table.to_lowercase(), model))
        });
        let tables: Tables = Rc::new(tables.collect());
        self.tables = Some(Rc::clone(&tables));
        tables
    }
}

/// How a text begins that stands in an expression: a text with more behind it, or what a call is given, `dedent("SELECT …")`,
/// `re.sub(" +", " ", "SELECT …")`.
fn beginning_of(facts: &FileFacts, text: Expr) -> Option<Sql> {
    match facts.kind(text) {
        ExprKind::Str(text) => Some(Sql { text: text.as_str(), is_whole: true }),
        ExprKind::FString(parts) | ExprKind::Binary(_, parts) => {
            let parts = facts.list(parts);
            let first = beginning_of(facts, *parts.first()?)?;
            Some(Sql { is_whole: first.is_whole && parts.len() == 1, ..first })
        }
        ExprKind::Call(callee, run) => {
            let base = match facts.kind(callee) {
                ExprKind::Attribute(base, _) => Some(base),
                _ => None,
            };
            let given = facts.arguments(run).iter().map(|argument| argument.value);
            base.into_iter()
                .chain(given)
                .filter_map(|text| beginning_of(facts, text))
                .find(|sql| is_sql(sql.text))
        }
        _ => None,
    }
}

/// Whether a text begins as SQL does.
fn is_sql(text: &str) -> bool {
    let word = text.trim_start().split(|letter: char| !letter.is_alphabetic()).next();
    let word = word.unwrap_or_default().to_lowercase();
    [READING, WRITING, &["with"]].concat().contains(&word.as_str())
}
