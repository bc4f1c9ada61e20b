//! Which database the rows of a model are read from: what the routers that `DATABASE_ROUTERS` names say of it.
//!
//! A router's `db_for_read` is run for each model, on what can be told of that model. What it says of all models alike (a
//! replica, whatever is asked for) keeps them together; what depends on the model in a way that cannot be told leaves
//! open whether two are in one database. `allow_migrate` tells of tables that are in several.
//!
//! <https://docs.djangoproject.com/en/stable/topics/db/multi-db/#automatic-database-routing>

mod router;
mod values;

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::Expr;
use tuneup_python::{Base, ClassRef, Entity, FileId, ModuleRef, Project, Symbol};

use self::router::Reader;
use self::values::Value;
use crate::schema::{ModelId, Schema};
use crate::settings::Settings;

/// The alias that holds where no router says another.
const DEFAULT: &str = "default";

/// Where the models of a project are read from.
#[derive(Default)]
pub struct Routing {
    /// Nothing where no router is named.
    routes: FxHashMap<ModelId, Route>,
    /// The models whose tables are in a database, as routers say in so many words.
    tables: FxHashSet<(Symbol, ModelId)>,
}

/// Whether a query of one model can join the rows of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Databases {
    /// Both are read from one database.
    One,
    /// They are read from two, and there is a table of the other in that of the first, whose alias this is.
    Copied(Symbol),
    /// They are read from two.
    Apart,
    /// Where the one or the other is read from depends on something that is not known.
    Unknown,
}

/// What the routers say of one model, one after the other up to the first that decides.
#[derive(Debug, Default, PartialEq, Eq)]
struct Route(Vec<Vec<Step>>);

/// A class that `DATABASE_ROUTERS` names.
#[derive(Clone, Copy)]
enum Router {
    /// One that is read.
    Class(ClassRef),
    /// One of a package that is not read, which knows no models but its own: of all others it says the same.
    Foreign(Symbol),
    /// One that is not found where it should be.
    Unknown,
}

impl Router {
    /// The router of a dotted name.
    fn named(source: &Project, dotted: &str) -> Self {
        let package = first_part(dotted);
        if source.module(package).is_none() {
            return Self::Foreign(Symbol::new(package));
        }
        let class = dotted.rsplit_once('.').and_then(|(module, name)| {
            let Some(ModuleRef::File(file)) = source.module(module) else { return None };
            Some(source.global(file, Symbol::new(name)))
        });
        match class {
            Some(Entity::Class(class)) => Self::Class(class),
            _ => Self::Unknown,
        }
    }
}

/// What a router says: its tests that only the run decides, each followed by what comes of either branch.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// One that says the same of every model.
    Test(FileId, Expr),
    /// The alias of a database.
    Alias(Symbol),
    /// Whatever other routers say.
    Nothing,
    /// `True` or `False`
    Bool(bool),
    /// What an expression gives that says the same of every model.
    Alike(FileId, Expr),
    /// What depends on the model, in a way that cannot be told.
    Unknown,
}

impl Routing {
    /// Reads the routers that production uses.
    pub(crate) fn find(source: &Project, settings: &Settings, schema: &Schema) -> Self {
        let Some(named) = settings.node("DATABASE_ROUTERS") else { return Self::default() };
        let routers: Vec<Router> =
            named.texts().into_iter().map(|dotted| Router::named(source, dotted)).collect();
        if routers.is_empty() {
            return Self::default();
        }
        let reader = |class| Reader::new(source, settings, schema, class);
        let routes: FxHashMap<ModelId, Route> = schema
            .models()
            .map(|model| (model, Route::of(source, schema, &reader, &routers, model)))
            .collect();
        let homes: BTreeSet<&str> =
            schema.models().filter_map(|model| routes[&model].home()).map(|alias| alias.as_str()).collect();
        let homes: Vec<Symbol> = homes.into_iter().map(Symbol::new).collect();
        let tables = schema.models().flat_map(|model| homes.iter().map(move |&alias| (alias, model)));
        let tables = tables.filter(|&(alias, model)| has_table(source, &reader, &routers, alias, model));
        let tables = tables.collect();
        Self { routes, tables }
    }

    /// Where the rows of two models are read from, seen from a query of the first.
    pub fn databases(&self, one: ModelId, other: ModelId) -> Databases {
        let (Some(from), Some(to)) = (self.routes.get(&one), self.routes.get(&other)) else {
            return Databases::One;
        };
        match from.home() {
            _ if one == other => Databases::One,
            _ if from.is_unknown() || to.is_unknown() => Databases::Unknown,
            _ if from == to => Databases::One,
            Some(alias) if self.tables.contains(&(alias, other)) => Databases::Copied(alias),
            _ => Databases::Apart,
        }
    }
}

impl Route {
    /// What the routers say of a model.
    fn of<'p>(
        source: &'p Project,
        schema: &Schema,
        reader: &impl Fn(ClassRef) -> Reader<'p>,
        routers: &[Router],
        model: ModelId,
    ) -> Self {
        let mut said = Vec::new();
        for router in routers {
            let steps = match *router {
                Router::Class(class) => said_by(source, reader(class), "db_for_read", &[Value::Model(model)]),
                Router::Foreign(package) if !is_of(source, schema, model, package) => vec![Step::Nothing],
                Router::Foreign(_) | Router::Unknown => vec![Step::Unknown],
            };
            match steps.as_slice() {
                [Step::Nothing] => {}
                [Step::Alias(_)] => {
                    said.push(steps);
                    return Self(said);
                }
                _ => said.push(steps),
            }
        }
        said.push(vec![Step::Alias(Symbol::new(DEFAULT))]);
        Self(said)
    }

    /// The alias of the database that the model is always read from.
    fn home(&self) -> Option<Symbol> {
        match self.0.as_slice() {
            [only] => match only.as_slice() {
                [Step::Alias(alias)] => Some(*alias),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_unknown(&self) -> bool {
        self.0.iter().flatten().any(|step| *step == Step::Unknown)
    }
}

/// Whether the first router that says anything of it has a model's table in a database.
fn has_table<'p>(
    source: &'p Project,
    reader: &impl Fn(ClassRef) -> Reader<'p>,
    routers: &[Router],
    alias: Symbol,
    model: ModelId,
) -> bool {
    for router in routers {
        let Router::Class(class) = *router else { return false };
        let reader = reader(class);
        let of = reader.schema.model(model);
        let given = [Value::Text(alias), Value::Text(of.app_label()), Value::Model(model)];
        match said_by(source, reader, "allow_migrate", &given).as_slice() {
            [Step::Nothing] => {}
            said => return *said == [Step::Bool(true)],
        }
    }
    false
}

/// What a method of a router says.
fn said_by(source: &Project, mut reader: Reader<'_>, method: &str, given: &[Value]) -> Vec<Step> {
    let Some(member) = source.member(reader.class, Symbol::new(method)) else {
        // A base that is not read may have one.
        let is_read = |base: &Base| matches!(base, Base::Class(_)) || is_object(base);
        let is_read = source.mro(reader.class).iter().all(is_read);
        return vec![if is_read { Step::Nothing } else { Step::Unknown }];
    };
    match (member.certain, reader.function_of(&member)) {
        (true, Some(function)) => reader.method(function, given),
        _ => vec![Step::Unknown],
    }
}

fn is_object(base: &Base) -> bool {
    matches!(base, Base::External(name) if name == "builtins.object")
}

/// Whether a model is one of a package's own.
fn is_of(source: &Project, schema: &Schema, model: ModelId, package: Symbol) -> bool {
    let class = schema.class_of(model);
    class.is_none_or(|class| first_part(source.file(class.file).module.as_str()) == package.as_str())
        && schema.model(model).app_label() == package
}

fn first_part(dotted: &str) -> &str {
    dotted.split('.').next().unwrap_or_default()
}
