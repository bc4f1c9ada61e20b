//! Classes: their bases, their method resolution order, their members.

use rustc_hash::FxHashMap;

use super::modules::joined;
use super::query::{Answer, Key, Query};
use super::resolve::Scope;
use super::{Base, ClassRef, Entity, FileId, FunctionRef, Member};
use crate::flow::{ArgumentKind, Binding, ClassId, Expr, ExprKind, FileFacts, StmtKind, Tried};
use crate::project::Project;
use crate::symbol::Symbol;

impl<'p> Query<'p> {
    pub(crate) fn bases(&mut self, class: ClassRef) -> &'p [Base] {
        let answer = self.ask(Key::Bases(class));
        self.listed(answer)
    }

    pub(crate) fn order(&mut self, class: ClassRef) -> &'p [Base] {
        let answer = self.ask(Key::Order(class));
        self.listed(answer)
    }

    fn listed(&self, answer: Answer) -> &'p [Base] {
        match answer {
            Answer::List(list) => self.project.memo.lists.get(list as usize).unwrap_or_default(),
            Answer::Entity(_) => &[],
        }
    }

    pub(crate) fn find_bases(&mut self, class: ClassRef) -> Vec<Base> {
        let facts = self.project.facts(class.file);
        let scope = scope_of(facts, class.id);
        let mut bases = Vec::new();
        for argument in facts.arguments(facts.class(class.id).bases) {
            match argument.kind {
                ArgumentKind::Positional => {
                    self.add_base(class, argument.value, scope, &mut bases);
                }
                ArgumentKind::Star => bases.push(Base::Unknown),
                // `metaclass=` and other keywords.
                ArgumentKind::Keyword(_) | ArgumentKind::DoubleStar => {}
            }
        }
        bases
    }

    fn add_base(&mut self, class: ClassRef, expr: Expr, scope: Scope, bases: &mut Vec<Base>) {
        let file = class.file;
        let facts = self.project.facts(file);
        match facts.kind(expr) {
            // `Generic[T]`: the class that is subscripted.
            ExprKind::Subscript(base, _) => self.add_base(class, base, scope, bases),
            ExprKind::Call(callee, arguments) if self.is_with_metaclass(file, callee, scope) => {
                for argument in facts.arguments(arguments).iter().skip(1) {
                    self.add_base(class, argument.value, scope, bases);
                }
            }
            ExprKind::Local(slot) if scope == Scope::Function => {
                let value = facts.class(class.id).parent.and_then(|function| {
                    let body = facts.function(function).body;
                    only_value(facts, body, slot)
                });
                let entity = match value {
                    Some(value) => self.value(file, value, scope),
                    None => Entity::Value(file, expr),
                };
                bases.push(base_of(entity, file, expr));
            }
            _ => {
                let entity = self.value(file, expr, scope);
                if let Entity::Value(file, value) = entity
                    && (file, value) != (class.file, expr)
                    && let ExprKind::Subscript(..) = self.project.facts(file).kind(value)
                    && let Some(base) = self.subscripted(file, value)
                {
                    bases.push(base);
                    return;
                }
                bases.push(base_of(entity, file, expr));
            }
        }
    }

    /// The class of `Alias = Class[T]`.
    fn subscripted(&mut self, file: FileId, expr: Expr) -> Option<Base> {
        let ExprKind::Subscript(base, _) = self.project.facts(file).kind(expr) else {
            return None;
        };
        match self.value(file, base, Scope::Body(None)) {
            Entity::Class(class) => Some(Base::Class(class)),
            Entity::External(dotted) => Some(Base::External(dotted)),
            _ => None,
        }
    }

    /// `with_metaclass(Meta, Base, …)`, which six gives and others copy: a class of the bases alone.
    fn is_with_metaclass(&mut self, file: FileId, callee: Expr, scope: Scope) -> bool {
        let name = match self.value(file, callee, scope) {
            Entity::External(dotted) => dotted.as_str().rsplit('.').next(),
            Entity::Function(function) => {
                let facts = self.project.facts(function.file);
                Some(facts.function(function.id).name.as_str())
            }
            _ => None,
        };
        name == Some("with_metaclass")
    }

    /// The C3 linearisation. Where there is none, the bases depth first, each once.
    pub(crate) fn find_order(&mut self, class: ClassRef) -> Vec<Base> {
        let bases: Vec<Base> =
            self.bases(class).iter().copied().filter(|base| !is_transparent(*base)).collect();
        let mut sequences: Vec<Vec<Base>> = bases
            .iter()
            .map(|base| match base {
                Base::Class(base) => self.order(*base).to_vec(),
                base => vec![*base],
            })
            .collect();
        let depth_first = sequences.concat();
        sequences.push(bases);
        for sequence in &mut sequences {
            // Only where classes inherit from each other in a circle.
            sequence.retain(|base| *base != Base::Class(class));
        }
        let mut order = vec![Base::Class(class)];
        if let Some(merged) = merge(sequences) {
            order.extend(merged);
        } else {
            for base in depth_first {
                if !order.contains(&base) {
                    order.push(base);
                }
            }
        }
        order
    }

    /// An attribute of the class object: a member's value, where that says what it is.
    pub(crate) fn class_attribute(&mut self, class: ClassRef, name: Symbol) -> Entity {
        if let Some(member) = self.member(class, name) {
            let file = member.owner.file;
            return match member.binding.value {
                Some(value) => self.value(file, value, Scope::Body(Some(member.owner.id))),
                None => Entity::Unknown,
            };
        }
        // One class outside can be the only one that has it.
        let mut outside = self.order(class).iter().filter(|base| !matches!(base, Base::Class(_)));
        match (outside.next(), outside.next()) {
            (Some(Base::External(dotted)), None) => Entity::External(joined(*dotted, name)),
            _ => Entity::Unknown,
        }
    }

    pub(crate) fn member(&mut self, class: ClassRef, name: Symbol) -> Option<Member> {
        let mut certain = true;
        for base in self.order(class) {
            match *base {
                Base::Class(owner) => {
                    let facts = self.project.facts(owner.file);
                    if let Some(binding) = own_member(facts, owner.id, name) {
                        return Some(Member { owner, binding, certain });
                    }
                }
                _ => certain = false,
            }
        }
        None
    }

    /// A variable of a class body, where an expression of that body reads it.
    pub(crate) fn class_local(&mut self, file: FileId, class: ClassId, slot: u32, at: Expr) -> Entity {
        let facts = self.project.facts(file);
        let names = facts.class(class).slots.indices();
        let Some(&name) = facts.slot_names.get(names.start + slot as usize) else {
            return Entity::Unknown;
        };
        let start = facts.range(at).start();
        let mut bound =
            facts.bindings(facts.class(class).members).iter().filter(|binding| binding.name == name).rev();
        let before = bound.find(|binding| match binding.value {
            Some(value) => end_of(facts, value) <= start,
            None => binding.range.end() <= start,
        });
        match before {
            Some(binding) => match binding.value {
                Some(value) => self.value(file, value, Scope::Body(Some(class))),
                None => Entity::Unknown,
            },
            // Read before the body binds it: the module's.
            None => self.global(file, name, None),
        }
    }
}

/// Where a value's own source ends: a class or function with its body.
pub(crate) fn end_of(facts: &FileFacts, value: Expr) -> ruff_text_size::TextSize {
    match facts.kind(value) {
        ExprKind::Class(id) => facts.class(id).range.end(),
        ExprKind::Function(id) => facts.function(id).range.end(),
        _ => facts.range(value).end(),
    }
}

/// The scope that a class statement stands in.
fn scope_of(facts: &FileFacts, class: ClassId) -> Scope {
    let class = facts.class(class);
    match (class.outer, class.parent) {
        (Some(outer), _) => Scope::Body(Some(outer)),
        (None, Some(_)) => Scope::Function,
        (None, None) => Scope::Body(None),
    }
}

/// The value of a function's variable that is set in one place alone.
fn only_value(facts: &FileFacts, body: crate::flow::Block, slot: u32) -> Option<Expr> {
    let (mut found, mut times) = (None, 0);
    let mut blocks = vec![body];
    while let Some(block) = blocks.pop() {
        for stmt in facts.block(block) {
            match stmt.kind {
                StmtKind::Assign(target, value) if facts.kind(target) == ExprKind::Local(slot) => {
                    times += 1;
                    found = Some(value);
                }
                StmtKind::If { then, orelse, .. } => blocks.extend([then, orelse]),
                StmtKind::For { body, orelse, .. } | StmtKind::While { body, orelse, .. } => {
                    blocks.extend([body, orelse]);
                }
                StmtKind::Try(tried) => {
                    let Tried { body, handlers, orelse, finalbody } = facts.tried(tried);
                    blocks.extend([body, orelse, finalbody]);
                    blocks.extend(handlers);
                }
                StmtKind::With { body } => blocks.push(body),
                _ => {}
            }
        }
    }
    found.filter(|_| times == 1)
}

fn base_of(entity: Entity, file: FileId, expr: Expr) -> Base {
    match entity {
        Entity::Class(class) => Base::Class(class),
        Entity::External(dotted) => Base::External(dotted),
        Entity::Builtin(name) => Base::External(joined(Symbol::new("builtins"), name)),
        Entity::Value(file, value) => Base::Value(file, value),
        Entity::Function(_) => Base::Value(file, expr),
        Entity::Module(_) | Entity::Namespace(_) | Entity::Unknown => Base::Unknown,
    }
}

/// Bases that the linearisation leaves out: `object` ends every order, and `Generic` gives way to the generic
/// classes beside it.
fn is_transparent(base: Base) -> bool {
    match base {
        Base::External(dotted) => {
            matches!(dotted.as_str(), "builtins.object" | "typing.Generic" | "typing_extensions.Generic")
        }
        _ => false,
    }
}

/// Merges linearisations as C3 does; nothing where they contradict each other.
fn merge(mut sequences: Vec<Vec<Base>>) -> Option<Vec<Base>> {
    for sequence in &mut sequences {
        sequence.reverse();
    }
    // How often each stands behind the head of a sequence: who does cannot be next.
    let mut behind: FxHashMap<Base, usize> = FxHashMap::default();
    for base in sequences.iter().filter_map(|sequence| sequence.split_last()).flat_map(|(_, rest)| rest) {
        *behind.entry(*base).or_default() += 1;
    }
    let mut merged = Vec::new();
    loop {
        sequences.retain(|sequence| !sequence.is_empty());
        if sequences.is_empty() {
            return Some(merged);
        }
        let mut heads = sequences.iter().filter_map(|sequence| sequence.last()).copied();
        let head = heads.find(|head| behind.get(head).is_none_or(|times| *times == 0))?;
        merged.push(head);
        for sequence in &mut sequences {
            if sequence.last() == Some(&head) {
                sequence.pop();
                if let Some(times) = sequence.last().and_then(|next| behind.get_mut(next)) {
                    *times -= 1;
                }
            }
        }
    }
}

/// What a class's own body binds a name to: the last binding without condition, or else the last.
fn own_member(facts: &FileFacts, class: ClassId, name: Symbol) -> Option<Binding> {
    let mut last = None;
    for binding in facts.bindings(facts.class(class).members).iter().rev() {
        if binding.name == name {
            if !binding.conditional {
                return Some(*binding);
            }
            last = last.or(Some(*binding));
        }
    }
    last
}

impl Project {
    /// The bases of a class, in order. A base that is the value of an expression stays one.
    pub fn bases(&self, class: ClassRef) -> &[Base] {
        Query::new(self).bases(class)
    }

    /// The method resolution order of a class, itself first, `object` left out.
    pub fn mro(&self, class: ClassRef) -> &[Base] {
        Query::new(self).order(class)
    }

    /// A member of a class or of its bases.
    pub fn member(&self, class: ClassRef, name: Symbol) -> Option<Member> {
        Query::new(self).member(class, name)
    }

    /// A member that the class's own body binds.
    pub fn own_member(&self, class: ClassRef, name: Symbol) -> Option<Member> {
        let binding = own_member(self.facts(class.file), class.id, name)?;
        Some(Member { owner: class, binding, certain: true })
    }

    /// The function that a member is bound to by its `def`, whatever its decorators make of that.
    pub fn function_of(&self, member: &Member) -> Option<FunctionRef> {
        let file = member.owner.file;
        match self.facts(file).kind(member.binding.value?) {
            ExprKind::Function(id) => Some(FunctionRef { file, id }),
            _ => None,
        }
    }

    /// What the body of a class binds, in order of the bindings.
    pub fn own_members(&self, class: ClassRef) -> impl Iterator<Item = &Binding> {
        let facts = self.facts(class.file);
        facts.bindings(facts.class(class.id).members).iter()
    }

    /// The full dotted name of what an entity is, where it has one.
    pub fn dotted(&self, entity: Entity) -> Option<Symbol> {
        let of = |file: FileId, name: Symbol| joined(self.file(file).module, name);
        match entity {
            Entity::Module(file) => Some(self.file(file).module),
            Entity::Function(function) => {
                let facts = self.facts(function.file);
                Some(of(function.file, facts.function(function.id).qualname))
            }
            Entity::Class(class) => {
                let facts = self.facts(class.file);
                Some(of(class.file, facts.class(class.id).qualname))
            }
            Entity::External(dotted) => Some(dotted),
            Entity::Builtin(name) => Some(joined(Symbol::new("builtins"), name)),
            Entity::Namespace(_) | Entity::Value(..) | Entity::Unknown => None,
        }
    }
}
