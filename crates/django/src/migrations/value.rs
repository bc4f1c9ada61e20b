//! Values that stand in migration files: what is left of an expression when its tree is dropped.
//!
//! Names are kept with the module that they come from, so that a value read from one file can be written to another
//! with the imports that it needs there.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::str::{Quote, TripleQuotes};
use ruff_python_ast::{
    Expr, ExprFString, FStringPart, InterpolatedStringElement, Number, Operator, Stmt, StmtFunctionDef,
    UnaryOp,
};
use ruff_python_literal::escape::{AsciiEscape, UnicodeEscape};
use ruff_text_size::Ranged;
use tuneup_python::edit::{guarded, parse};

use super::functions::{Fuel, truth};

/// A value as source text says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// A number as Python prints it.
    Number(String),
    /// A text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A name of a module: class, function, constant.
    Name(Name),
    /// A call.
    Call(Box<Call>),
    /// `[…]`
    List(Vec<Value>),
    /// `(…)`
    Tuple(Vec<Value>),
    /// `{…}`
    Set(Vec<Value>),
    /// `{…: …}`
    Dict(Vec<(Value, Value)>),
    /// An attribute of what is no name.
    Attribute(Box<Value>, String),
    /// `a[b]`
    Subscript(Box<Value>, Box<Value>),
    /// `-a`, `~a`
    Unary(&'static str, Box<Value>),
    /// `a | b`
    Binary(Box<Value>, &'static str, Box<Value>),
    /// Anything else, by its text.
    Other(String),
}

/// A name with its module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The dotted name of the module; empty for builtins, and for what the file itself defines.
    pub module: String,
    /// The name there, perhaps with attributes: `Article.Status`.
    pub path: String,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// What is called.
    pub callee: Value,
    /// Positional arguments.
    pub arguments: Vec<Value>,
    /// Arguments by name, as they stand.
    pub keywords: Vec<(String, Value)>,
    /// Whether there are `*a` or `**k` as well.
    pub is_open: bool,
}

impl Call {
    /// The dotted name of what is called.
    pub fn name(&self) -> Option<String> {
        match &self.callee {
            Value::Name(name) => Some(name.dotted()),
            _ => None,
        }
    }

    /// The last part of the name of what is called.
    pub fn class(&self) -> &str {
        match &self.callee {
            Value::Name(name) => name.last(),
            _ => "",
        }
    }

    /// An argument by name.
    pub fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// An argument by name or position.
    pub fn argument(&self, position: usize, name: &str) -> Option<&Value> {
        self.keyword(name).or_else(|| self.arguments.get(position))
    }
}

impl Name {
    /// With its module.
    pub fn dotted(&self) -> String {
        match self.module.as_str() {
            "" => self.path.clone(),
            module => format!("{module}.{}", self.path),
        }
    }

    /// The last part.
    pub fn last(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}

impl Value {
    /// An expression in which every name is written with its module: `django.db.models.functions.Upper("name")`.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = guarded(|| parse(text)).ok()?;
        match parsed.syntax().body.as_slice() {
            [Stmt::Expr(statement)] => Some(Scope::default().value(&statement.value, text)),
            _ => None,
        }
    }

    /// The text that it is.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The call that it is.
    pub fn as_call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The items of a list, tuple or set.
    pub fn items(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) => Some(items),
            // `set()`, `frozenset([…])`
            Self::Call(call) if matches!(call.class(), "set" | "frozenset" | "list" | "tuple") => {
                match call.arguments.first() {
                    Some(inner) => inner.items(),
                    None => Some(&[]),
                }
            }
            _ => None,
        }
    }

    /// The texts of a list, tuple or set.
    pub fn texts(&self) -> Option<Vec<String>> {
        self.items()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// The value of a key of a dictionary.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Dict(items) => {
                items.iter().rev().find(|(known, _)| known.as_str() == Some(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Its text as Django writes it, and the imports that it needs there. None where it holds what only its own file
    /// can say.
    pub fn write(&self, imports: &mut BTreeSet<String>) -> Option<String> {
        let all = |values: &[Value], imports: &mut BTreeSet<String>| -> Option<Vec<String>> {
            values.iter().map(|value| value.write(imports)).collect()
        };
        Some(match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Number(text) => text.clone(),
            Self::Str(text) => repr(text),
            Self::Bytes(bytes) => {
                let escape = AsciiEscape::with_preferred_quote(bytes, Quote::Single);
                escape.bytes_repr(TripleQuotes::No).to_string()?
            }
            Self::Name(name) => name.write(imports)?,
            Self::Call(call) if call.is_open => return None,
            Self::Call(call) => {
                let mut parts = all(&call.arguments, imports)?;
                for (name, value) in &call.keywords {
                    parts.push(format!("{name}={}", value.write(imports)?));
                }
                format!("{}({})", call.callee.write(imports)?, parts.join(", "))
            }
            Self::List(items) => format!("[{}]", all(items, imports)?.join(", ")),
            Self::Tuple(items) if items.len() == 1 => format!("({},)", items[0].write(imports)?),
            Self::Tuple(items) => format!("({})", all(items, imports)?.join(", ")),
            Self::Set(items) => format!("{{{}}}", all(items, imports)?.join(", ")),
            Self::Dict(items) => {
                let mut parts = Vec::new();
                for (key, value) in items {
                    parts.push(format!("{}: {}", key.write(imports)?, value.write(imports)?));
                }
                format!("{{{}}}", parts.join(", "))
            }
            Self::Attribute(value, name) => format!("{}.{name}", value.write(imports)?),
            Self::Subscript(value, key) => format!("{}[{}]", value.write(imports)?, key.write(imports)?),
            Self::Unary(operator, value) => format!("{operator}{}", value.write(imports)?),
            Self::Binary(left, operator, right) => {
                format!("{} {operator} {}", left.write(imports)?, right.write(imports)?)
            }
            Self::Other(_) => return None,
        })
    }
}

impl Name {
    /// The name as Django's writer puts it, with its import.
    fn write(&self, imports: &mut BTreeSet<String>) -> Option<String> {
        let dotted = self.dotted();
        let plain = |text: &str| text.rsplit('.').next().unwrap_or(text).to_owned();
        match self.module.as_str() {
            "" => return is_builtin(&self.path).then_some(dotted),
            "django.db.models" if !self.path.contains('.') => {
                imports.insert("from django.db import models".to_owned());
                return Some(format!("models.{}", self.path));
            }
            "django.db.migrations" => return Some(format!("migrations.{}", self.path)),
            "django.conf.settings" | "django.conf" => {
                imports.insert("from django.conf import settings".to_owned());
                return Some(format!("settings.{}", plain(&dotted)));
            }
            "decimal" if self.path == "Decimal" => {
                imports.insert("from decimal import Decimal".to_owned());
                return Some("Decimal".to_owned());
            }
            "django.utils.timezone" if self.path == "utc" => {
                imports.insert("import datetime".to_owned());
                return Some("datetime.timezone.utc".to_owned());
            }
            module => imports.insert(format!("import {module}")),
        };
        Some(dotted)
    }
}

/// A text as Python prints it.
pub fn repr(text: &str) -> String {
    let escape = UnicodeEscape::with_preferred_quote(text, Quote::Single);
    escape.str_repr(TripleQuotes::No).to_string().unwrap_or_default()
}

/// The builtins that values are made with.
fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "bool"
            | "bytes"
            | "dict"
            | "float"
            | "frozenset"
            | "int"
            | "list"
            | "object"
            | "range"
            | "set"
            | "str"
            | "tuple"
    )
}

/// What a file's names mean: its imports.
#[derive(Clone, Default)]
pub(super) struct Scope<'a> {
    /// `from module import name as bound`
    from: BTreeMap<String, (String, String)>,
    /// `import module as bound`
    aliases: BTreeMap<String, String>,
    /// `import a.b.c`
    modules: BTreeSet<String>,
    /// What the module gives a plain value at its top level.
    pub(super) constants: BTreeMap<String, Value>,
    /// The functions that it defines at its top level.
    functions: BTreeMap<&'a str, &'a StmtFunctionDef>,
    /// What running them may cost.
    pub(super) fuel: Fuel,
}

impl<'a> Scope<'a> {
    /// The imports at the top level of a module of this dotted name.
    pub(super) fn of(body: &'a [Stmt], module: &str) -> Self {
        let mut scope = Self::default();
        for statement in body {
            match statement {
                Stmt::Import(import) => {
                    for alias in &import.names {
                        match &alias.asname {
                            Some(bound) => {
                                scope.aliases.insert(bound.to_string(), alias.name.to_string());
                            }
                            None => {
                                scope.modules.insert(alias.name.to_string());
                            }
                        }
                    }
                }
                Stmt::ImportFrom(from) => {
                    let name = from.module.as_deref().unwrap_or_default();
                    let module = absolute(module, from.level, name);
                    for alias in &from.names {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                        scope.from.insert(bound, (module.clone(), alias.name.to_string()));
                    }
                }
                Stmt::FunctionDef(function) if function.decorator_list.is_empty() => {
                    scope.functions.insert(function.name.as_str(), function);
                }
                _ => {}
            }
        }
        scope
    }

    /// What an expression says.
    pub(super) fn value(&self, expr: &'a Expr, source: &str) -> Value {
        let read = |expr: &'a Expr| self.value(expr, source);
        let all = |items: &'a [Expr]| items.iter().map(read).collect::<Vec<_>>();
        let other = || Value::Other(source[expr.range()].to_owned());
        match expr {
            Expr::NoneLiteral(_) => Value::None,
            Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
            Expr::StringLiteral(literal) => Value::Str(literal.value.to_str().to_owned()),
            Expr::BytesLiteral(literal) => Value::Bytes(literal.value.bytes().collect()),
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => match number.as_u64() {
                    Some(number) => Value::Number(number.to_string()),
                    None => Value::Number(number.to_string()),
                },
                _ => Value::Number(source[literal.range()].to_owned()),
            },
            Expr::Name(_) | Expr::Attribute(_) => match dotted(expr) {
                Some(parts) => self.name(&parts),
                None => match expr {
                    Expr::Attribute(attribute) => {
                        Value::Attribute(Box::new(read(&attribute.value)), attribute.attr.to_string())
                    }
                    _ => other(),
                },
            },
            Expr::Call(call) => {
                let starred = call.arguments.args.iter().any(Expr::is_starred_expr);
                let doubled = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
                let keyword = |keyword: &'a ruff_python_ast::Keyword| {
                    Some((keyword.arg.as_ref()?.to_string(), read(&keyword.value)))
                };
                if let Expr::Name(name) = &*call.func
                    && let Some(&function) = self.functions.get(name.id.as_str())
                    && let Some(value) = self.call(function, call, source)
                {
                    return value;
                }
                let callee = read(&call.func);
                // Marking a text for translation is all that these do.
                if let (Value::Name(name), [text]) = (&callee, &*call.arguments.args)
                    && name.module == "django.utils.translation"
                {
                    return read(text);
                }
                Value::Call(Box::new(Call {
                    callee,
                    arguments: call
                        .arguments
                        .args
                        .iter()
                        .filter(|it| !it.is_starred_expr())
                        .map(read)
                        .collect(),
                    keywords: call.arguments.keywords.iter().filter_map(keyword).collect(),
                    is_open: starred || doubled,
                }))
            }
            Expr::List(list) => self.sequence(&list.elts, source).map_or_else(other, Value::List),
            Expr::Tuple(tuple) => self.sequence(&tuple.elts, source).map_or_else(other, Value::Tuple),
            Expr::Set(set) => Value::Set(all(&set.elts)),
            Expr::Dict(dict) => {
                let pair =
                    |item: &'a ruff_python_ast::DictItem| Some((read(item.key.as_ref()?), read(&item.value)));
                dict.items.iter().map(pair).collect::<Option<Vec<_>>>().map_or_else(other, Value::Dict)
            }
            Expr::UnaryOp(unary) => match unary.op {
                UnaryOp::USub => Value::Unary("-", Box::new(read(&unary.operand))),
                UnaryOp::Invert => Value::Unary("~", Box::new(read(&unary.operand))),
                _ => other(),
            },
            Expr::BinOp(binary) => {
                let (left, right) = (read(&binary.left), read(&binary.right));
                match binary.op {
                    Operator::Add => left.plus(right).unwrap_or_else(other),
                    Operator::BitOr => Value::Binary(Box::new(left), "|", Box::new(right)),
                    Operator::BitAnd => Value::Binary(Box::new(left), "&", Box::new(right)),
                    _ => other(),
                }
            }
            Expr::If(expr) => match truth(self, &expr.test, source) {
                Some(true) => read(&expr.body),
                Some(false) => read(&expr.orelse),
                None => other(),
            },
            Expr::FString(text) => self.formatted(text, source).map_or_else(other, Value::Str),
            Expr::ListComp(list) => {
                self.comprehended(&list.elt, &list.generators, source).map_or_else(other, Value::List)
            }
            Expr::Subscript(subscript) => {
                Value::Subscript(Box::new(read(&subscript.value)), Box::new(read(&subscript.slice)))
            }
            _ => other(),
        }
    }

    /// Items, those of starred lists included.
    fn sequence(&self, items: &'a [Expr], source: &str) -> Option<Vec<Value>> {
        let mut found = Vec::new();
        for item in items {
            match item {
                Expr::Starred(starred) => {
                    found.extend_from_slice(self.value(&starred.value, source).items()?);
                }
                _ => found.push(self.value(item, source)),
            }
        }
        Some(found)
    }

    /// A text with known texts in it.
    fn formatted(&self, text: &'a ExprFString, source: &str) -> Option<String> {
        let mut whole = String::new();
        for part in &text.value {
            match part {
                FStringPart::Literal(literal) => whole.push_str(literal.as_str()),
                FStringPart::FString(part) => {
                    for element in &part.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => whole.push_str(&literal.value),
                            InterpolatedStringElement::Interpolation(inner) => {
                                let is_plain = inner.format_spec.is_none()
                                    && inner.debug_text.is_none()
                                    && inner.conversion.is_none();
                                let value = self.value(&inner.expression, source);
                                whole.push_str(value.as_str().filter(|_| is_plain)?);
                            }
                        }
                    }
                }
            }
        }
        Some(whole)
    }

    /// A name by its parts.
    fn name(&self, parts: &[&str]) -> Value {
        let (first, rest) = (parts[0], &parts[1..]);
        let named = |module: &str, rest: &[&str]| {
            let mut module = module.to_owned();
            let mut rest = rest;
            // A module that another gives by name.
            while let [first, second, ..] = rest
                && first.chars().all(|c| c.is_lowercase() || c == '_' || c.is_ascii_digit())
                && !second.is_empty()
            {
                module = format!("{module}.{first}");
                rest = &rest[1..];
            }
            Value::Name(canonical(module, rest.join(".")))
        };
        if let Some((module, name)) = self.from.get(first) {
            let whole: Vec<&str> = std::iter::once(name.as_str()).chain(rest.iter().copied()).collect();
            return named(module, &whole);
        }
        if let Some(module) = self.aliases.get(first) {
            return named(module, rest);
        }
        for length in (1..parts.len()).rev() {
            let module = parts[..length].join(".");
            if self.modules.contains(&module) {
                let rest = parts[length..].join(".");
                return Value::Name(canonical(module, rest));
            }
        }
        match self.constants.get(first) {
            Some(value) if rest.is_empty() => value.clone(),
            // A name with its module, as no import gives it.
            None if first == "django" => {
                let is_class = |part: &&str| part.starts_with(char::is_uppercase);
                let at = parts.iter().position(is_class).unwrap_or(parts.len() - 1);
                Value::Name(canonical(parts[..at].join("."), parts[at..].join(".")))
            }
            _ => Value::Name(Name { module: String::new(), path: parts.join(".") }),
        }
    }
}

/// The name that Django writes for what can be imported from several modules.
fn canonical(module: String, path: String) -> Name {
    const DELETION: [&str; 10] = [
        "CASCADE",
        "DB_CASCADE",
        "DB_SET_DEFAULT",
        "DB_SET_NULL",
        "DO_NOTHING",
        "PROTECT",
        "RESTRICT",
        "SET",
        "SET_DEFAULT",
        "SET_NULL",
    ];
    let is_models = module == "django.db.models";
    let module = match module.as_str() {
        "django.db.models" if DELETION.contains(&path.as_str()) => "django.db.models.deletion".to_owned(),
        "django.db.models.fields"
        | "django.db.models.fields.related"
        | "django.db.models.fields.json"
        | "django.db.models.indexes"
        | "django.db.models.constraints"
        | "django.db.models.fields.files"
        | "django.db.models.query_utils"
        | "django.db.models.expressions"
            if !path.contains('.') && path.starts_with(char::is_uppercase) =>
        {
            "django.db.models".to_owned()
        }
        "django.db.models.functions" => match function_module(&path) {
            Some(inner) => format!("{module}.{inner}"),
            None => module,
        },
        _ => module,
    };
    match path.split_once('.') {
        // `models.deletion.CASCADE`
        Some((first, rest)) if is_models && first.chars().all(char::is_lowercase) => {
            canonical(format!("{module}.{first}"), rest.to_owned())
        }
        _ => Name { module, path },
    }
}

/// The module of `django.db.models.functions` that has a function.
fn function_module(name: &str) -> Option<&'static str> {
    const TEXT: [&str; 14] = [
        "Chr", "Concat", "Left", "Length", "Lower", "LPad", "LTrim", "MD5", "Replace", "Right", "RTrim",
        "Substr", "Trim", "Upper",
    ];
    const COMPARISON: [&str; 7] =
        ["Cast", "Coalesce", "Collate", "Greatest", "JSONObject", "Least", "NullIf"];
    if TEXT.contains(&name) {
        Some("text")
    } else if COMPARISON.contains(&name) {
        Some("comparison")
    } else if name.starts_with("Extract") || name.starts_with("Trunc") {
        Some("datetime")
    } else {
        None
    }
}

fn absolute(module: &str, level: u32, name: &str) -> String {
    if level == 0 {
        return name.to_owned();
    }
    let mut package = module;
    for _ in 0..level {
        package = package.rsplit_once('.').map_or("", |(package, _)| package);
    }
    match (package, name) {
        (package, "") => package.to_owned(),
        ("", name) => name.to_owned(),
        (package, name) => format!("{package}.{name}"),
    }
}

/// The parts of a dotted name.
fn dotted(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Name(name) => Some(vec![name.id.as_str()]),
        Expr::Attribute(attribute) => {
            let mut parts = dotted(&attribute.value)?;
            parts.push(attribute.attr.as_str());
            Some(parts)
        }
        _ => None,
    }
}
