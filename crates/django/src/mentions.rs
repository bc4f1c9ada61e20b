//! Names that a project mentions: a function that nobody but tests mentions, among others of its module or class that most
//! are mentioned, is never run. Where most are not, they are called by other means, or by other projects.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{Class, ClassId, ExprKind, FileFacts, Function, FunctionId};
use tuneup_python::{Base, ClassRef, FileId, FunctionRef, Symbol};

use crate::nested::Nested;
use crate::project::{Project, is_aside};
use crate::schema::MEMBERS;

/// Files of other languages that name functions are short.
const LARGEST: u64 = 256 * 1024;

/// What names functions beside Python: templates, and what starts programs.
const NAMING: &[&str] = &[
    "cfg", "htm", "html", "ini", "j2", "jinja", "jinja2", "mjml", "sh", "toml", "txt", "xhtml", "xml",
    "yaml", "yml",
];

/// What Django calls by itself on models, beside what every model has, and on managers and querysets.
const CALLED_BY_DJANGO: &[&str] = &[
    "as_manager",
    "contribute_to_class",
    "create",
    "get_absolute_url",
    "get_by_natural_key",
    "get_queryset",
    "natural_key",
];

/// The names that are mentioned.
#[derive(Default)]
pub(crate) struct Mentions {
    in_python: OnceLock<Names>,
    /// Nothing where a file cannot be read, which may name anything.
    elsewhere: OnceLock<Option<FxHashSet<String>>>,
    beside: RwLock<FxHashMap<FileId, Arc<Beside>>>,
}

/// The functions of a file as they stand beside each other.
#[derive(Default)]
struct Beside {
    groups: FxHashMap<Option<ClassId>, Group>,
    /// The functions that stand in no other.
    outer: Nested,
}

/// The functions of a module, or of a class: how many there are, and how many that are mentioned.
#[derive(Default)]
struct Group {
    all: usize,
    mentioned: usize,
    by_name: FxHashMap<Symbol, usize>,
}

/// Where a name is mentioned.
type Place = (FileId, TextSize);

/// Where a name is mentioned, as far as that is looked at.
#[derive(Clone, Copy)]
enum Mentioned {
    /// In one place or two.
    Few(Place, Option<Place>),
    /// In more, or other than as itself.
    Often,
}

/// Through how many functions it is asked who calls them.
const DEEPEST: usize = 4;

/// What Python code names.
#[derive(Default)]
struct Names {
    whole: FxHashMap<Symbol, Mentioned>,
    /// What names made of parts begin with: `getattr(self, f"export_{format}")`.
    beginnings: Vec<Symbol>,
}

/// Whether a function that another defines is named there, other than by itself. A lambda needs no name.
fn is_named_within(facts: &FileFacts, definition: &Function, outer: FunctionId) -> bool {
    let around = facts.function(outer);
    let names = &facts.slot_names[around.slots.indices()];
    let Some(slot) = names.iter().position(|&name| name == definition.name) else { return true };
    // Their decorators and the defaults of their parameters are the outer function's own code.
    let inner = facts.functions.iter().filter(|it| it.parent == Some(outer));
    let inner: Vec<TextRange> = inner.map(|it| facts.stretch(it.body)).collect();
    let is_inner = |range: TextRange| inner.iter().any(|body| body.contains_range(range));
    facts.exprs.iter().any(|node| {
        let names_it = match node.kind {
            ExprKind::Local(local) => local as usize == slot && !is_inner(node.range),
            ExprKind::Free { slot: free, .. } => free as usize == slot,
            // `locals()` names all.
            ExprKind::Global(name) => name == "locals" && !is_inner(node.range),
            _ => false,
        };
        names_it
            && around.range.contains_range(node.range)
            && !definition.range.contains_range(node.range)
            && node.range != definition.name_range
    })
}

impl Project {
    /// Whether no code but tests mentions a function, nor does Django or another package call it: a plain function, or a
    /// method of a class whose bases are the project's or Django's models. A decorator may make it known to others. What
    /// only such functions mention is as unused as they are.
    pub fn is_unused(&self, function: FunctionRef) -> bool {
        self.is_unused_by(function, DEEPEST)
    }

    fn is_unused_by(&self, function: FunctionRef, depth: usize) -> bool {
        let facts = self.source.facts(function.file);
        let mut definition = facts.function(function.id);
        // What a function defines is run by it.
        while let Some(outer) = definition.parent {
            if !definition.decorators.is_empty() {
                return false;
            }
            if definition.class.is_none() && !is_named_within(facts, definition, outer) {
                return true;
            }
            definition = facts.function(outer);
        }
        definition.decorators.is_empty()
            && self.is_called_by_name(function.file, definition)
            && (!self.is_mentioned(definition.name)
                || self.is_mentioned_aside(function.file, definition, depth))
            && self.are_others_mentioned(function.file, definition)
    }

    /// Whether nothing mentions a function but itself and other functions that are unused.
    fn is_mentioned_aside(&self, file: FileId, definition: &Function, depth: usize) -> bool {
        let names = self.mentions.in_python.get_or_init(|| self.names_in_python());
        let Some(&Mentioned::Few(first, second)) = names.whole.get(&definition.name) else { return false };
        depth > 0
            && !self.is_mentioned_otherwise(definition.name)
            && [Some(first), second].into_iter().flatten().all(|(at, offset)| {
                at == file && definition.range.contains(offset)
                    || self
                        .function_around(at, offset)
                        .is_some_and(|caller| self.is_unused_by(caller, depth - 1))
            })
    }

    /// The outermost function around a place.
    fn function_around(&self, file: FileId, offset: TextSize) -> Option<FunctionRef> {
        // One that ends at a place is not around it.
        let range = TextRange::at(offset, TextSize::new(1));
        let at = self.beside(file).outer.around(range).min()?;
        Some(FunctionRef { file, id: FunctionId(u32::try_from(at).ok()?) })
    }

    /// Whether no code mentions the view in whose class a stretch of a file stands: no address leads to it, nor does a class
    /// extend it. So it is beside others of its module that most are mentioned.
    pub fn is_in_unused_view(&self, file: FileId, range: TextRange) -> bool {
        let classes = &self.source.facts(file).classes;
        let is_around = |class: &&Class| class.outer.is_none() && class.range.contains_range(range);
        let Some(class) = classes.iter().find(is_around) else { return false };
        if !class.decorators.is_empty() || self.is_mentioned(class.name) {
            return false;
        }
        let is_view = |id: usize| {
            let class = ClassRef { file, id: ClassId(id as u32) };
            let order = self.source.mro(class);
            order.iter().all(|base| matches!(base, Base::Class(_) | Base::External(_)))
                && order
                    .iter()
                    .any(|base| matches!(base, Base::External(name) if is_view_class(name.as_str())))
        };
        let views: Vec<&Class> =
            classes.iter().enumerate().filter(|(id, _)| is_view(*id)).map(|(_, class)| class).collect();
        if !views.iter().any(|view| view.range == class.range) {
            return false;
        }
        let others = views.iter().filter(|view| view.name != class.name);
        let (all, mentioned) = others.fold((0, 0), |(all, mentioned), view| {
            (all + 1, mentioned + usize::from(self.is_mentioned(view.name)))
        });
        are_most(all, mentioned)
    }

    fn is_called_by_name(&self, file: FileId, definition: &Function) -> bool {
        let name = definition.name.as_str();
        if name.starts_with("__") || MEMBERS.contains(&name) || CALLED_BY_DJANGO.contains(&name) {
            return false;
        }
        definition.class.is_none_or(|id| {
            self.source.mro(ClassRef { file, id }).iter().all(|base| match base {
                Base::Class(_) => true,
                Base::External(name) => {
                    let name = name.as_str();
                    name.starts_with("django.db.models.") || name == "builtins.object"
                }
                _ => false,
            })
        })
    }

    /// Whether most of the functions beside one are mentioned, in its module or its class.
    fn are_others_mentioned(&self, file: FileId, definition: &Function) -> bool {
        let beside = self.beside(file);
        let Some(group) = beside.groups.get(&definition.class) else { return false };
        let same = group.by_name.get(&definition.name).copied().unwrap_or(0);
        let same_mentioned = if same > 0 && self.is_mentioned(definition.name) { same } else { 0 };
        are_most(group.all - same, group.mentioned - same_mentioned)
    }

    fn beside(&self, file: FileId) -> Arc<Beside> {
        let known = self.mentions.beside.read().unwrap_or_else(PoisonError::into_inner).get(&file).cloned();
        known.unwrap_or_else(|| {
            let functions = &self.source.facts(file).functions;
            let outer = || functions.iter().enumerate().filter(|(_, function)| function.parent.is_none());
            let mut groups: FxHashMap<Option<ClassId>, Group> = FxHashMap::default();
            for (_, function) in outer() {
                if !function.decorators.is_empty() || function.name.as_str().starts_with("__") {
                    continue;
                }
                let group = groups.entry(function.class).or_default();
                group.all += 1;
                group.mentioned += usize::from(self.is_mentioned(function.name));
                *group.by_name.entry(function.name).or_default() += 1;
            }
            let outer = Nested::new(outer().map(|(at, function)| (at, function.range)));
            let made = Arc::new(Beside { groups, outer });
            let mut all = self.mentions.beside.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(file, Arc::clone(&made));
            made
        })
    }

    fn is_mentioned(&self, name: Symbol) -> bool {
        let names = self.mentions.in_python.get_or_init(|| self.names_in_python());
        names.whole.contains_key(&name) || self.is_mentioned_otherwise(name)
    }

    /// Whether a name is one that code makes of parts, or that files of other languages mention.
    fn is_mentioned_otherwise(&self, name: Symbol) -> bool {
        let names = self.mentions.in_python.get_or_init(|| self.names_in_python());
        names.beginnings.iter().any(|beginning| name.as_str().starts_with(beginning.as_str()))
            || self
                .mentions
                .elsewhere
                .get_or_init(|| self.words_elsewhere())
                .as_ref()
                .is_none_or(|words| words.contains(name.as_str()))
    }

    fn names_in_python(&self) -> Names {
        let mut names = Names::default();
        let own = |file: &FileId| !self.source.file(*file).is_third_party && !self.is_aside(*file);
        for file in self.source.file_ids().filter(own) {
            let facts = self.source.facts(file);
            let functions = facts.functions.iter().map(|it| it.name_range.start());
            let classes = facts.classes.iter().map(|it| it.name_range.start());
            let defined: FxHashSet<_> = functions.chain(classes).collect();
            for name in facts.imports.iter().filter_map(|import| import.name) {
                names.whole.insert(name, Mentioned::Often);
            }
            for node in &facts.exprs {
                match node.kind {
                    // The name of a definition is where it is bound.
                    ExprKind::Global(_) if defined.contains(&node.range.start()) => {}
                    ExprKind::Attribute(_, name) | ExprKind::Lookup(_, name) | ExprKind::Global(name) => {
                        names.mention(name, (file, node.range.start()));
                    }
                    ExprKind::Str(text) => names.take(text),
                    _ => {}
                }
            }
        }
        names
    }

    fn words_elsewhere(&self) -> Option<FxHashSet<String>> {
        let mut words = FxHashSet::default();
        let is_python = |path: &str| path.ends_with(".py") && !is_aside(path);
        // A file that is not valid Python names functions all the same.
        for broken in self.source.problems().iter().filter(|problem| is_python(&problem.path)) {
            let bytes = self.source.bytes(&broken.path).ok()??;
            add_words(&String::from_utf8_lossy(&bytes), &mut words);
        }
        for other in self.source.others() {
            let is_naming = other.path.rsplit_once('.').is_some_and(|(_, end)| NAMING.contains(&end));
            if !is_naming || !other.is_file() || other.size > LARGEST || other.path.contains("node_modules/")
            {
                continue;
            }
            let Ok(source) = self.source.read_other(&other.path) else { continue };
            add_words(source.text(), &mut words);
        }
        Some(words)
    }
}

impl Names {
    /// Notes that a name is mentioned at a place.
    fn mention(&mut self, name: Symbol, place: Place) {
        let more = |known: &mut Mentioned| {
            *known = match *known {
                Mentioned::Few(first, None) => Mentioned::Few(first, Some(place)),
                _ => Mentioned::Often,
            }
        };
        self.whole.entry(name).and_modify(more).or_insert(Mentioned::Few(place, None));
    }

    /// What a text names: a function's name or path, a name in a template's tag.
    fn take(&mut self, text: Symbol) {
        /// Longer texts are prose.
        const LONGEST: usize = 400;
        if text.as_str().len() > LONGEST {
            return;
        }
        // What is no symbol yet is the name of nothing: all that is asked for was read before.
        let known = words_of(text.as_str()).filter_map(Symbol::known);
        self.whole.extend(known.map(|word| (word, Mentioned::Often)));
        if text.as_str().len() > 2 && text.as_str().ends_with('_') && words_of(text.as_str()).count() == 1 {
            self.beginnings.push(text);
        }
    }
}

/// Whether most are, of enough that it tells how such are called.
fn are_most(all: usize, mentioned: usize) -> bool {
    const FEWEST: usize = 3;
    all >= FEWEST && 4 * mentioned >= 3 * all
}

/// Whether a class is one that answers requests.
fn is_view_class(name: &str) -> bool {
    ["django.views.", "rest_framework.views.", "rest_framework.generics.", "rest_framework.viewsets."]
        .iter()
        .any(|module| name.starts_with(module))
}

/// Adds those words of a text that are not there yet.
fn add_words(text: &str, words: &mut FxHashSet<String>) {
    for word in words_of(text) {
        if !words.contains(word) {
            words.insert(word.to_owned());
        }
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_')).filter(|word| !word.is_empty())
}
