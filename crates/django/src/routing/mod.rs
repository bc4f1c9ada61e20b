//! Which database the rows of a model are read from: what the routers that `DATABASE_ROUTERS` names say of it.
//!
//! A router's `db_for_read` is run for each model, on what can be told of that model. What it says of all models alike (a
//! replica, whatever is asked for) keeps them together; what depends on the model in a way that cannot be told leaves
//! open whether two are in one database. Where it says nothing, a related row is read from where its row is.
//! `allow_migrate` tells of tables that are in several.
//!
//! <https://docs.djangoproject.com/en/stable/topics/db/multi-db/#automatic-database-routing>

mod changes;
mod models;
mod router;
mod values;

use rustc_hash::FxHashMap;
use tuneup_python::flow::Expr;
use tuneup_python::{Base, ClassRef, Entity, FileId, ModuleRef, Project, Symbol};

use self::changes::Changes;
use self::router::Reader;
use self::values::Value;
use crate::schema::{ModelId, Schema};
use crate::settings::{self, Node, Settings};

/// The alias that holds where no router says another.
const DEFAULT: &str = "default";

/// Where the models of a project are read from.
#[derive(Default)]
pub struct Routing {
    /// By each of the lists of routers that may hold; none where there is no router.
    ways: Vec<Way>,
}

/// What the routers of one list say.
struct Way {
    routers: Vec<Router>,
    routes: FxHashMap<ModelId, Route>,
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

/// What the routers say of one model.
#[derive(Debug)]
struct Route {
    /// One after the other up to the first that decides; what holds without any.
    said: Vec<Vec<Step>>,
    /// Whether none says anything of it.
    is_silent: bool,
}

/// A class that `DATABASE_ROUTERS` names.
#[derive(Clone, Copy, PartialEq)]
enum Router {
    /// One that is read.
    Class(ClassRef),
    /// One of a package that is not read, which knows no models but its own: of all others it says the same.
    Foreign(Symbol),
    /// One that is not found where it should be.
    Unknown,
}

impl Router {
    /// The routers of a setting, in order: of each list that it may be.
    fn all(source: &Project, setting: &Node) -> Vec<Vec<Self>> {
        let mut found: Vec<Vec<Self>> = Vec::new();
        for node in setting.alternatives() {
            let routers = match &node.value {
                settings::Value::None => continue,
                settings::Value::List(list) if !list.open => {
                    list.items.iter().map(|item| Self::of(source, item)).collect()
                }
                _ => vec![Self::Unknown],
            };
            // Where there are none, all is in one database.
            if !routers.is_empty() && !found.contains(&routers) {
                found.push(routers);
            }
        }
        found
    }

    /// The router that an item of the setting names. Django takes instances too.
    fn of(source: &Project, item: &Node) -> Self {
        match &item.value {
            settings::Value::Str(dotted) => Self::named(source, dotted),
            _ => Self::Unknown,
        }
    }

    /// The router of a dotted name.
    fn named(source: &Project, dotted: &str) -> Self {
        let package = first_part(dotted);
        if source.module(package).is_none() {
            return match is_unread(source, package) {
                true => Self::Unknown,
                false => Self::Foreign(Symbol::new(package)),
            };
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
        let Some(setting) = settings.node("DATABASE_ROUTERS") else { return Self::default() };
        let changes = Changes::default();
        let reader = |class| Reader::new(source, settings, schema, &changes, class);
        let way = |routers: Vec<Router>| {
            let route = |model| (model, Route::of(source, schema, &reader, &routers, model));
            let routes = schema.models().map(route).collect();
            Way { routers, routes }
        };
        Self { ways: Router::all(source, setting).into_iter().map(way).collect() }
    }

    /// Where the rows of two models are read from, seen from a query of the first. Of several ways, the one that says most
    /// against a join.
    pub fn databases(&self, project: &crate::Project, one: ModelId, other: ModelId) -> Databases {
        let said = self.ways.iter().map(|way| way.databases(project, one, other));
        said.max_by_key(|said| said.severity()).unwrap_or(Databases::One)
    }
}

impl Databases {
    fn severity(self) -> u8 {
        match self {
            Self::One => 0,
            Self::Copied(_) => 1,
            Self::Unknown => 2,
            Self::Apart => 3,
        }
    }
}

impl Way {
    fn databases(&self, project: &crate::Project, one: ModelId, other: ModelId) -> Databases {
        let (Some(from), Some(to)) = (self.routes.get(&one), self.routes.get(&other)) else {
            return Databases::One;
        };
        match from.home() {
            _ if one == other || to.is_silent => Databases::One,
            _ if from.is_unknown() || to.is_unknown() => Databases::Unknown,
            _ if from.said == to.said => Databases::One,
            Some(alias) if self.has_table(project, alias, other) => Databases::Copied(alias),
            _ => Databases::Apart,
        }
    }

    /// Whether the first router that says anything of it has a model's table in a database, in so many words.
    fn has_table(&self, project: &crate::Project, alias: Symbol, model: ModelId) -> bool {
        let (source, schema) = (&project.source, &project.schema);
        let of = schema.model(model);
        let given = [Value::Text(alias), Value::Text(of.app_label())];
        let name = Value::Text(Symbol::new(&of.name().as_str().to_lowercase()));
        let named = [("model_name", name), ("model", Value::Model(model))];
        let changes = Changes::default();
        for router in &self.routers {
            let Router::Class(class) = *router else { return false };
            let reader = Reader::new(source, &project.settings, schema, &changes, class);
            match said_by(reader, "allow_migrate", &given, &named).as_slice() {
                [Step::Nothing] => {}
                said => return *said == [Step::Bool(true)],
            }
        }
        false
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
                Router::Class(class) => said_by(reader(class), "db_for_read", &[Value::Model(model)], &[]),
                Router::Foreign(package) if !is_of(source, schema, model, package) => vec![Step::Nothing],
                Router::Foreign(_) | Router::Unknown => vec![Step::Unknown],
            };
            match steps.as_slice() {
                [Step::Nothing] => {}
                [Step::Alias(_)] => {
                    said.push(steps);
                    return Self { said, is_silent: false };
                }
                _ => said.push(steps),
            }
        }
        let is_silent = said.is_empty();
        said.push(vec![Step::Alias(Symbol::new(DEFAULT))]);
        Self { said, is_silent }
    }

    /// The alias of the database that the model is always read from.
    fn home(&self) -> Option<Symbol> {
        match self.said.as_slice() {
            [only] => match only.as_slice() {
                [Step::Alias(alias)] => Some(*alias),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_unknown(&self) -> bool {
        self.said.iter().flatten().any(|step| *step == Step::Unknown)
    }
}

/// What a method of a router says.
fn said_by(mut reader: Reader<'_>, method: &str, given: &[Value], named: &[(&str, Value)]) -> Vec<Step> {
    let method = Symbol::new(method);
    if reader.source.member(reader.class, method).is_none() {
        // A base that is not read may have one.
        let is_read = |base: &Base| matches!(base, Base::Class(_)) || is_object(base);
        let is_read = reader.source.mro(reader.class).iter().all(is_read);
        return vec![if is_read { Step::Nothing } else { Step::Unknown }];
    }
    match reader.method_of(method) {
        Some(method) => reader.method(method, given, named),
        None => vec![Step::Unknown],
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

/// Whether something of the project that could not be read may be a package.
fn is_unread(source: &Project, package: &str) -> bool {
    let is_it = |part: &str| part.strip_suffix(".py").unwrap_or(part) == package;
    source.problems().iter().any(|problem| problem.path.split('/').any(is_it))
}
