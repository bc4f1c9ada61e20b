//! One function's activation: its variables, and what is under way in it.

use std::cell::OnceCell;

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_python::flow::{Expr, FileFacts, FunctionId};
use tuneup_python::{ClassRef, FileId, FunctionRef, Symbol};

use super::known::leaving::Turning;
use super::known::narrowing::{Narrowed, Reference};
use super::known::steps::Steps;
use super::known::ways::Ways;
use super::machine::Machine;
use super::python::aliases::Alias;
use super::value::{Captured, Environment, Site, SiteForm, Value};

/// One function's activation.
pub(crate) struct Frame<'p> {
    pub(crate) file: FileId,
    pub(crate) facts: &'p FileFacts,
    pub(crate) function: Option<FunctionId>,
    /// The class whose body this is, or in whose body this function stands.
    pub(crate) class: Option<ClassRef>,
    /// Whether this is a class body: its variables are the class's members.
    pub(crate) is_class_body: bool,
    pub(crate) slots: Vec<Value>,
    pub(crate) outer: Option<Environment>,
    pub(crate) returned: Value,
    /// What was returned, in any of its turns.
    pub(crate) given_back: Vec<Expr>,
    /// What was not run, because tests were decided.
    pub(crate) passed_over: Vec<TextRange>,
    pub(crate) yielded: Value,
    /// What code put on rows in this frame: `book.author = author`.
    pub(crate) placed: FxHashMap<(Value, Symbol), Value>,
    /// What tests told of attributes of variables, in the code that is being run.
    pub(crate) told: Vec<(Reference, Value)>,
    /// The variables of which tests told more, in the order of the tests.
    pub(crate) narrowed: Vec<Narrowed>,
    /// What variables hold in each of the branches that have just come together at the end of a block.
    pub(crate) ways: Ways,
    /// What variables may hold where the loops around are left, or their turns, by what was run of each so far.
    pub(crate) breaks: Vec<Option<Vec<Value>>>,
    /// The loops around that are under way.
    pub(crate) turning: Vec<Turning>,
    /// The stretches of code around that are run again and again.
    pub(crate) again: Vec<TextRange>,
    /// How many `while` loops are being run within each other.
    pub(crate) whiles: u32,
    /// What each parameter holds where the function returns.
    pub(crate) left: Vec<Value>,
    /// The parameters that were bound anew.
    pub(crate) rebound: Vec<usize>,
    /// The variables that are items of containers.
    pub(crate) aliases: Vec<Alias>,
    /// The test by which a loop passes over the rows that it does not search for, while it is evaluated.
    pub(crate) search: Option<Expr>,
    /// The variable that keeps the first of what a loop is over, in the turns behind the first.
    pub(crate) kept: Option<u32>,
    /// The last step's place and value: `a = b = value` is two steps.
    pub(crate) bound: Option<(Expr, Expr)>,
    /// What its steps do, once that was asked.
    pub(crate) steps: OnceCell<Box<Steps>>,
}

impl<'p> Frame<'p> {
    /// A frame with these variables, in which nothing has been done.
    fn new(file: FileId, facts: &'p FileFacts, slots: Vec<Value>) -> Self {
        Self {
            file,
            facts,
            function: None,
            class: None,
            is_class_body: false,
            slots,
            outer: None,
            returned: Value::NEVER,
            given_back: Vec::new(),
            passed_over: Vec::new(),
            yielded: Value::NEVER,
            placed: FxHashMap::default(),
            told: Vec::new(),
            narrowed: Vec::new(),
            ways: Vec::new(),
            breaks: Vec::new(),
            again: Vec::new(),
            turning: Vec::new(),
            whiles: 0,
            left: Vec::new(),
            rebound: Vec::new(),
            aliases: Vec::new(),
            search: None,
            kept: None,
            bound: None,
            steps: OnceCell::new(),
        }
    }

    /// Keeps that something is not run.
    pub(crate) fn pass_over(&mut self, range: TextRange) {
        if !self.passed_over.contains(&range) {
            self.passed_over.push(range);
        }
    }

    /// What the variables hold that a function within this one uses.
    pub(super) fn captured(&self, function: FunctionId) -> Captured {
        let held = |&slot: &u16| Some((slot, *self.slots.get(usize::from(slot))?));
        self.facts.captured(function).iter().map_while(held).collect()
    }

    /// A stretch of this frame's file.
    pub(crate) fn site(&self, range: TextRange) -> Site {
        Site { file: self.file, range, function: self.function, form: SiteForm::Chain }
    }

    /// Where an expression stands.
    pub(crate) fn site_of(&self, expr: Expr) -> Site {
        self.site(self.facts.range(expr))
    }
}

impl<'p> Machine<'p> {
    /// A frame for a module's own steps.
    pub(crate) fn module_frame(&self, file: FileId) -> Frame<'p> {
        let facts = self.facts(file);
        Frame::new(file, facts, vec![Value::NEVER; facts.module_slots.len()])
    }

    /// A frame for an expression that is evaluated away from where it stands, in a function, a class body or the
    /// module: there is room for its variables, and nothing is known of what they hold.
    pub(crate) fn frame_anywhere(&self, file: FileId) -> Frame<'p> {
        let facts = self.facts(file);
        Frame::new(file, facts, vec![Value::UNKNOWN; facts.most_slots as usize])
    }

    /// A frame for what stands in front of a function's body, defaults and decorators: the variables there are those of what
    /// the function is defined in, and only of a class body is it known what they hold.
    pub(crate) fn frame_around(&self, function: FunctionRef) -> Frame<'p> {
        match self.facts(function.file).function(function.id).class {
            Some(id) => self.class_frame(ClassRef { file: function.file, id }),
            None => self.frame_anywhere(function.file),
        }
    }

    /// A frame for a class body.
    pub(crate) fn class_frame(&self, class: ClassRef) -> Frame<'p> {
        let facts = self.facts(class.file);
        let slots = vec![Value::NEVER; facts.class(class.id).slots.len()];
        Frame { class: Some(class), is_class_body: true, ..Frame::new(class.file, facts, slots) }
    }

    /// A frame in which a function begins.
    pub(super) fn frame_of(
        &self,
        function: FunctionRef,
        environment: Option<Environment>,
        arguments: &[Value],
    ) -> Frame<'p> {
        let facts = self.facts(function.file);
        let definition = facts.function(function.id);
        let mut slots = vec![Value::NEVER; definition.slots.len().max(arguments.len())];
        slots[..arguments.len()].copy_from_slice(arguments);
        Frame {
            function: Some(function.id),
            class: definition.class.map(|id| ClassRef { file: function.file, id }),
            outer: environment,
            left: vec![Value::NEVER; arguments.len()],
            ..Frame::new(function.file, facts, slots)
        }
    }
}
