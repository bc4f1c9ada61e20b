//! Functions, lambdas and classes.

use ruff_python_ast::{self as ast, AnyParameterRef, TypeParam};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use super::super::ir::{
    Class, ClassId, ExprKind, Function, FunctionId, Parameter, ParameterKind, Run, StmtKind,
};
use super::scopes::{Entry, Scope};
use super::{Lowering, append};
use crate::symbol::Symbol;

impl<'a> Lowering<'a> {
    /// Reserves the place of a function, so that what stands in it can point at it.
    fn new_function(&mut self, range: TextRange, name_range: TextRange, name: Symbol) -> FunctionId {
        let host = self.host();
        let (class, parent) = (host.class, host.function);
        let id = FunctionId(self.facts.functions.len() as u32);
        self.facts.functions.push(Function {
            name,
            qualname: name,
            name_range,
            range,
            parameters: Run::default(),
            returns: None,
            decorators: Run::default(),
            body: Run::default(),
            slots: Run::default(),
            is_async: false,
            is_generator: false,
            class,
            parent,
            sets: Run::default(),
            captured: Run::default(),
        });
        id
    }

    pub(super) fn function_def(&mut self, def: &'a ast::StmtFunctionDef) {
        let name = self.symbol(def.name.as_str());
        let id = self.new_function(def.range, def.name.range, name);
        let decorators = self.decorators(&def.decorator_list);
        let mark = self.defaults(&def.parameters);
        let generic = self.type_parameters(def.type_params.as_deref());
        let parameters = self.parameters(&def.parameters, mark);
        let returns = def.returns.as_ref().map(|returns| self.annotation(returns));
        {
            let function = &mut self.facts.functions[id.index()];
            function.decorators = decorators;
            function.parameters = parameters;
            function.returns = returns;
            function.is_async = def.is_async;
        }
        self.enter(Scope::function(id));
        let qualname = self.qualify(def.name.as_str());
        self.facts.functions[id.index()].qualname = qualname;
        self.declare_parameters(parameters);
        self.collect_block(&def.body);
        let body = self.block(&def.body);
        self.leave_function(id, body);
        if generic {
            self.leave();
        }
        let value = self.node(ExprKind::Function(id), def.name.range);
        let target = self.named_target(def.name.as_str(), def.name.range, Some(value));
        self.step(StmtKind::Assign(target, value), def.range);
    }

    pub(super) fn lambda(&mut self, lambda: &'a ast::ExprLambda) -> FunctionId {
        let name = self.symbol("<lambda>");
        let id = self.new_function(lambda.range, lambda.range, name);
        let parameters = match &lambda.parameters {
            Some(parameters) => {
                let mark = self.defaults(parameters);
                self.parameters(parameters, mark)
            }
            None => Run::default(),
        };
        self.facts.functions[id.index()].parameters = parameters;
        self.enter(Scope::function(id));
        let qualname = self.qualify("<lambda>");
        self.facts.functions[id.index()].qualname = qualname;
        self.declare_parameters(parameters);
        self.collect_walruses(&lambda.body);
        let mark = self.stmts.len();
        let value = self.expr(&lambda.body);
        self.step(StmtKind::Return(Some(value)), lambda.body.range());
        let body = self.take_block(mark);
        self.leave_function(id, body);
        id
    }

    fn leave_function(&mut self, id: FunctionId, body: Run) {
        let scope = self.leave();
        let slots = self.take_slots(scope.slots);
        let sets = self.take_sets(scope.sets);
        let function = &mut self.facts.functions[id.index()];
        function.body = body;
        function.slots = slots;
        function.sets = sets;
        function.is_generator = scope.is_generator;
    }

    /// Moves the names above `mark` to the table of names, each once.
    fn take_sets(&mut self, mark: usize) -> Run {
        let start = self.facts.symbols.len();
        let mut seen = FxHashSet::default();
        for name in self.sets.drain(mark..) {
            let kept = &self.facts.symbols[start..];
            // A hash set pays only where there are many.
            let new = if kept.len() < 16 {
                !kept.contains(&name)
            } else {
                if seen.is_empty() {
                    seen.extend(kept.iter().copied());
                }
                seen.insert(name)
            };
            if new {
                self.facts.symbols.push(name);
            }
        }
        match self.facts.symbols.len() - start {
            0 => Run::default(),
            len => Run::new(start, len),
        }
    }

    fn decorators(&mut self, decorators: &'a [ast::Decorator]) -> Run {
        self.list(decorators.iter().map(|decorator| &decorator.expression))
    }

    /// Puts the values of the defaults on the stack of values, and says where they begin.
    fn defaults(&mut self, parameters: &'a ast::Parameters) -> usize {
        let mark = self.exprs.len();
        for parameter in parameters.iter() {
            if let Some(default) = parameter.default() {
                let default = self.expr(default);
                self.exprs.push(default);
            }
        }
        mark
    }

    /// The parameters, whose defaults stand on the stack of values from `defaults` on.
    fn parameters(&mut self, parameters: &'a ast::Parameters, defaults: usize) -> Run {
        let mark = self.parameters.len();
        let mut next_default = defaults;
        let positional_only = parameters.posonlyargs.len();
        let by_position = positional_only + parameters.args.len();
        for (position, parameter) in parameters.iter().enumerate() {
            let kind = match parameter {
                AnyParameterRef::Variadic(_) if position == by_position => match &parameters.vararg {
                    Some(_) => ParameterKind::Star,
                    None => ParameterKind::DoubleStar,
                },
                AnyParameterRef::Variadic(_) => ParameterKind::DoubleStar,
                _ if position < positional_only => ParameterKind::PositionalOnly,
                _ if position < by_position => ParameterKind::Normal,
                _ => ParameterKind::KeywordOnly,
            };
            let default = parameter.default().map(|_| {
                next_default += 1;
                self.exprs[next_default - 1]
            });
            let annotation = parameter.annotation().map(|annotation| self.annotation(annotation));
            let name = self.symbol(parameter.name().as_str());
            self.parameters.push(Parameter { name, kind, default, annotation });
        }
        self.exprs.truncate(defaults);
        let run = append(&mut self.facts.parameters, &self.parameters[mark..]);
        self.parameters.truncate(mark);
        run
    }

    /// Makes the parameters the first slots of the innermost function.
    fn declare_parameters(&mut self, parameters: Run) {
        let scope = self.host().id;
        for index in parameters.indices() {
            let parameter = self.facts.parameters[index];
            let slot = self.new_slot(parameter.name);
            self.entries.entry((scope, parameter.name)).or_insert(Entry::Slot(slot));
            if slot == 0 {
                self.host_mut().has_first_parameter =
                    matches!(parameter.kind, ParameterKind::PositionalOnly | ParameterKind::Normal);
            }
        }
    }

    /// Enters the scope of a generic definition's type parameters. Their bounds and defaults are read in a step
    /// before the definition.
    pub(super) fn type_parameters(&mut self, parameters: Option<&'a ast::TypeParams>) -> bool {
        let Some(parameters) = parameters else {
            return false;
        };
        self.enter(Scope::type_parameters());
        let mark = self.exprs.len();
        for parameter in &parameters.type_params {
            let name = self.symbol(parameter.name().as_str());
            self.declare_as(name, Entry::Opaque);
        }
        for parameter in &parameters.type_params {
            let bound = match parameter {
                TypeParam::TypeVar(variable) => variable.bound.as_deref(),
                TypeParam::TypeVarTuple(_) | TypeParam::ParamSpec(_) => None,
            };
            for value in [bound, parameter.default()].into_iter().flatten() {
                let value = self.annotation(value);
                self.exprs.push(value);
            }
        }
        if self.exprs.len() > mark {
            let values = self.take_exprs(mark);
            let value = self.node(ExprKind::Opaque(values), parameters.range);
            self.step(StmtKind::Expr(value), parameters.range);
        }
        true
    }

    pub(super) fn class_def(&mut self, def: &'a ast::StmtClassDef) {
        let name = self.symbol(def.name.as_str());
        let id = ClassId(self.facts.classes.len() as u32);
        let host = *self.host();
        self.facts.classes.push(Class {
            name,
            qualname: name,
            name_range: def.name.range,
            range: def.range,
            bases: Run::default(),
            decorators: Run::default(),
            body: Run::default(),
            slots: Run::default(),
            members: Run::default(),
            outer: host.class,
            parent: host.function,
        });
        let decorators = self.decorators(&def.decorator_list);
        let generic = self.type_parameters(def.type_params.as_deref());
        let bases = match &def.arguments {
            Some(arguments) => self.call_arguments(arguments),
            None => Run::default(),
        };
        self.enter(Scope::class(id, host.function));
        let qualname = self.qualify(def.name.as_str());
        let body = self.block(&def.body);
        let scope = self.leave();
        let slots = self.take_slots(scope.slots);
        let members = append(&mut self.facts.bindings, &self.bindings[scope.bindings..]);
        self.bindings.truncate(scope.bindings);
        {
            let class = &mut self.facts.classes[id.index()];
            class.qualname = qualname;
            class.decorators = decorators;
            class.bases = bases;
            class.body = body;
            class.slots = slots;
            class.members = members;
        }
        if generic {
            self.leave();
        }
        let value = self.node(ExprKind::Class(id), def.name.range);
        let target = self.named_target(def.name.as_str(), def.name.range, Some(value));
        self.step(StmtKind::Assign(target, value), def.range);
    }

    /// `type X = …`, which is evaluated only when its value is asked for.
    pub(super) fn type_alias(&mut self, alias: &'a ast::StmtTypeAlias) {
        let generic = self.type_parameters(alias.type_params.as_deref());
        let value = self.annotation(&alias.value);
        if generic {
            self.leave();
        }
        let parts = self.list_of(&[value]);
        let value = self.node(ExprKind::Opaque(parts), alias.value.range());
        let target = self.variable_target(&alias.name, Some(value));
        self.step(StmtKind::Assign(target, value), alias.range);
    }
}
