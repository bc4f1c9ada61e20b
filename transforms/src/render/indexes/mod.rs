//! Indexes that are added, removed and renamed: in the models, and in as few migrations as Django would write.

mod fields;
mod histories;
mod models;
mod operation;
mod plan;
mod text;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use ruff_text_size::TextRange;
use tuneup_django::Project;
use tuneup_django::migrations::names::{file_name, index_name, next_number, suggest_name};
use tuneup_django::migrations::{AppMigrations, index as plain_index};
use tuneup_django::schema::ModelId;
use tuneup_python::edit::{Target, formatted_like};
use tuneup_python::flow::{Expr, ExprKind};
use tuneup_python::{FileId, Symbol};

use super::Files;
use super::names::Names;
use super::work::{Job, Work};
use crate::proposal::{Change, IndexColumn, IndexSpec, ModelRef, Proposal};
use models::{FieldEdit, MetaEdit};
use operation::Operation;
use plan::{Dependency, Need, Planned, PlannedFile};
use text::{File, Time};

/// Adds the pieces of all changes of indexes.
pub(super) fn gather<'a>(files: &'a dyn Files, active: &[&'a Proposal], work: &mut Work<'a>) {
    let mut changes: Vec<(&'a Change, Vec<&'a str>)> = Vec::new();
    for proposal in active {
        for change in &proposal.changes {
            if model_of(change).is_none() {
                continue;
            }
            match changes.iter_mut().find(|(known, _)| *known == change) {
                Some((_, asked_by)) => asked_by.push(&proposal.id),
                None => changes.push((change, vec![&proposal.id])),
            }
        }
    }
    if changes.is_empty() {
        return;
    }
    let Some(project) = files.project() else {
        let ids = changes.into_iter().flat_map(|(_, asked_by)| asked_by);
        work.failures.extend(ids.map(|id| (id, "there is no project whose models are known".to_owned())));
        return;
    };
    let mut gathered = Gathered {
        project,
        files,
        agreed: BTreeMap::new(),
        metas: BTreeMap::new(),
        fields: BTreeMap::new(),
        apps: BTreeMap::new(),
    };
    for (change, asked_by) in changes {
        if let Err(reason) = gathered.add(change, &asked_by) {
            work.failures.extend(asked_by.iter().map(|id| (*id, reason.clone())));
        }
    }
    gathered.finish(work);
}

fn model_of(change: &Change) -> Option<&ModelRef> {
    match change {
        Change::AddIndex { model, .. }
        | Change::SetFieldIndex { model, .. }
        | Change::RemoveIndex { model, .. }
        | Change::IndexTogether { model } => Some(model),
        _ => None,
    }
}

/// All that is asked for, by file and app.
struct Gathered<'a> {
    project: &'a Project,
    files: &'a dyn Files,
    agreed: BTreeMap<String, Result<(), String>>,
    metas: BTreeMap<(String, ModelId), (MetaEdit, Vec<&'a str>)>,
    fields: BTreeMap<(String, u32, u32), (FieldEdit, Vec<&'a str>)>,
    apps: BTreeMap<String, Vec<Planned<'a>>>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, change: &Change, asked_by: &[&'a str]) -> Result<(), String> {
        let label = model_of(change).map_or("", |model| &model.label);
        let id =
            self.project.schema.model_by_label(label).ok_or_else(|| format!("there is no model {label}"))?;
        match change {
            Change::AddIndex { index, concurrently, .. } => {
                self.add_index(id, index, *concurrently, asked_by)
            }
            Change::SetFieldIndex { field, on, concurrently, .. } => {
                self.set_field_index(id, field, *on, *concurrently, asked_by)
            }
            Change::RemoveIndex { name, .. } => self.remove_index(id, name, asked_by),
            Change::IndexTogether { .. } => self.index_together(id, asked_by),
            _ => Ok(()),
        }
    }

    /// The migrations of a model's app, if its models are as they left them.
    fn app(&mut self, id: ModelId) -> Result<&'a AppMigrations, String> {
        self.app_of_label(self.project.schema.model(id).app_label())
    }

    fn app_of_label(&mut self, label: Symbol) -> Result<&'a AppMigrations, String> {
        let project = self.project;
        let agreed = self.agreed.entry(label.to_string()).or_insert_with(|| {
            project.agrees(label.as_str()).map_err(|differences| {
                let more = if differences.len() > 3 { ", and more" } else { "" };
                let shown: Vec<&str> = differences.iter().take(3).map(String::as_str).collect();
                format!("the models of {label} are not as its migrations left them; run `makemigrations {label}` first: {}{more}", shown.join(", "))
            })
        });
        agreed.clone()?;
        project.migrations().of(&project.source, label.as_str())
    }

    fn plan(&mut self, id: ModelId, operation: Operation, needs: BTreeSet<Need>, asked_by: &[&'a str]) {
        let label = self.project.schema.model(id).app_label();
        self.plan_in(label, operation, needs, asked_by);
    }

    fn plan_in(&mut self, label: Symbol, operation: Operation, needs: BTreeSet<Need>, asked_by: &[&'a str]) {
        let planned = self.apps.entry(label.to_string()).or_default();
        // A field of an abstract base may be asked for by each model that has it.
        if let Some(known) = planned.iter_mut().find(|known| known.operation == operation) {
            let more: Vec<&str> =
                asked_by.iter().copied().filter(|id| !known.asked_by.contains(id)).collect();
            known.asked_by.extend(more);
            return;
        }
        planned.push(Planned { operation, needs, asked_by: asked_by.to_vec() });
    }

    fn add_index(
        &mut self,
        id: ModelId,
        spec: &IndexSpec,
        concurrently: bool,
        asked_by: &[&'a str],
    ) -> Result<(), String> {
        let project = self.project;
        let app = self.app(id)?;
        let model = project.schema.model(id);
        let label = project.schema.label(id);
        let key = model.name().as_str().to_lowercase();
        let state = app.state.models.get(&key).ok_or_else(|| format!("no migration makes {label}"))?;
        if model.is_proxy() || model.is_abstract() || !state.is_managed() {
            return Err(format!("{label} has no table of its own that Django makes"));
        }
        for column in &spec.fields {
            if !model.fields().iter().any(|&field| project.schema.field(field).name() == column.name.as_str())
            {
                return Err(format!("{label} has no field {} of its own", column.name));
            }
        }
        let written: Vec<String> = spec.fields.iter().map(IndexColumn::written).collect();
        let (name, given) = match &spec.name {
            Some(name) => (name.clone(), None),
            None if spec.expressions.is_empty() && spec.condition.is_none() && spec.opclasses.is_empty() => {
                self.index_name(id, &written, spec)?
            }
            None => {
                return Err(
                    "an index with expressions, a condition or operator classes has to be named".to_owned()
                );
            }
        };
        if state.index(&name).is_some() {
            return Err(format!("{label} has an index {name} already"));
        }
        let index = values::written(&values::index(spec, &name)?)?;
        let mut needs = BTreeSet::new();
        if project.version.at_least(5, 0) {
            let user = self.user_model();
            for field in state.fields.values() {
                needs.extend(values::needs(field, &app.label.to_string(), user.as_deref()));
            }
        }
        let edit = self.meta(id)?;
        edit.0.add.push((spec.clone(), given));
        edit.1.extend(asked_by);
        let operation = match concurrently {
            true => Operation::AddIndexConcurrently { model: key, name, index },
            false => Operation::AddIndex { model: key, name, index },
        };
        self.plan(id, operation, needs, asked_by);
        Ok(())
    }

    /// The name that Django makes up, and the one to give where that depends on the database.
    fn index_name(
        &self,
        id: ModelId,
        fields: &[String],
        spec: &IndexSpec,
    ) -> Result<(String, Option<String>), String> {
        let suffix = match spec.class.as_deref().and_then(|class| class.rsplit('.').next()) {
            None | Some("Index") => "idx".to_owned(),
            Some(class) => class.trim_end_matches("Index").to_lowercase(),
        };
        let borrowed: Vec<&str> = fields.iter().map(String::as_str).collect();
        if let Some(name) = self.project.made_up_name(id, &borrowed, &suffix) {
            return Ok((name, None));
        }
        let schema = &self.project.schema;
        let unknown = || format!("the table or a column of {} cannot be told", schema.label(id));
        let table = schema.db_table(&self.project.source, id).ok_or_else(unknown)?;
        let mut columns = Vec::new();
        for column in &spec.fields {
            let field = schema.field_named(id, Symbol::new(&column.name)).ok_or_else(unknown)?;
            let name = schema.field(field).column().ok_or_else(unknown)?;
            columns.push((name.as_str(), column.descending));
        }
        let name = index_name(&table, &columns);
        Ok((name.clone(), Some(name)))
    }

    fn user_model(&self) -> Option<String> {
        let schema = &self.project.schema;
        schema.user_model().map(|user| schema.label(user))
    }

    fn is_in_tests(&self, id: ModelId) -> bool {
        let class = self.project.schema.class_of(id);
        class.is_none_or(|class| self.project.is_aside(class.file))
    }

    fn remove_index(&mut self, id: ModelId, name: &str, asked_by: &[&'a str]) -> Result<(), String> {
        let project = self.project;
        let app = self.app(id)?;
        let label = project.schema.label(id);
        let key = project.schema.model(id).name().as_str().to_lowercase();
        if app.state.models.get(&key).and_then(|state| state.index(name)).is_none() {
            return Err(format!("no migration of {label} makes an index {name}"));
        }
        let (_, items) = self.declared(id)?;
        let names = project.declared_indexes(id).unwrap_or_default();
        let at = names.iter().position(|known| known.as_deref() == Some(name));
        let range = at
            .and_then(|at| items.get(at))
            .ok_or_else(|| format!("{label} has no index {name} of its own"))?;
        let (range, count) = (*range, items.len());
        let edit = self.meta(id)?;
        edit.0.remove.push(range);
        edit.0.removes_all = edit.0.remove.len() == count;
        edit.1.extend(asked_by);
        let operation = Operation::RemoveIndex { model: key, name: name.to_owned() };
        self.plan(id, operation, BTreeSet::new(), asked_by);
        Ok(())
    }

    /// The file and the items of a model's own `Meta.indexes`.
    fn declared(&self, id: ModelId) -> Result<(FileId, Vec<TextRange>), String> {
        let project = self.project;
        let missing = || format!("{} has no plain list of indexes", project.schema.label(id));
        let (file, value): (FileId, Expr) =
            project.schema.meta_option(&project.source, id, "indexes").ok_or_else(missing)?;
        let facts = project.source.facts(file);
        match facts.kind(value) {
            ExprKind::List(run) | ExprKind::Tuple(run) => {
                Ok((file, facts.list(run).iter().map(|&item| facts.range(item)).collect()))
            }
            _ => Err(missing()),
        }
    }

    fn index_together(&mut self, id: ModelId, asked_by: &[&'a str]) -> Result<(), String> {
        let project = self.project;
        let app = self.app(id)?;
        let label = project.schema.label(id);
        let key = project.schema.model(id).name().as_str().to_lowercase();
        let state = app.state.models.get(&key).ok_or_else(|| format!("no migration makes {label}"))?;
        let sets = project.together(id, "index_together").filter(|sets| !sets.is_empty());
        let sets = sets.ok_or_else(|| format!("`index_together` of {label} cannot be told"))?;
        let mut added = Vec::new();
        for set in &sets {
            let columns = set.iter().map(|name| IndexColumn { name: name.clone(), descending: false });
            let spec = IndexSpec { fields: columns.collect(), ..IndexSpec::default() };
            let (name, given) = self.index_name(id, set, &spec)?;
            if state.index(&name).is_some() {
                return Err(format!("{label} has an index {name} already"));
            }
            added.push((spec, name, given));
        }
        let edit = self.meta(id)?;
        if edit.0.meta.is_none() {
            return Err(format!("`index_together` of {label} is inherited"));
        }
        edit.0.together = true;
        edit.0.add.extend(added.iter().map(|(spec, _, given)| (spec.clone(), given.clone())));
        edit.1.extend(asked_by);
        if project.version.at_least(4, 1) {
            for (set, (_, name, _)) in sets.into_iter().zip(added) {
                let operation = Operation::RenameIndex { model: key.clone(), name, old_fields: set };
                self.plan(id, operation, BTreeSet::new(), asked_by);
            }
            return Ok(());
        }
        let operation = Operation::AlterIndexTogether { model: key.clone(), sets: Vec::new() };
        self.plan(id, operation, BTreeSet::new(), asked_by);
        for (set, (_, name, _)) in sets.into_iter().zip(added) {
            let index = values::written(&plain_index(&set, &name))?;
            self.plan(id, Operation::AddIndex { model: key.clone(), name, index }, BTreeSet::new(), asked_by);
        }
        Ok(())
    }

    /// The edit of a model's `Meta`.
    fn meta(&mut self, id: ModelId) -> Result<&mut (MetaEdit, Vec<&'a str>), String> {
        let project = self.project;
        let label = project.schema.label(id);
        let class = project.schema.class_of(id).ok_or_else(|| format!("the class of {label} is not read"))?;
        if project.source.file(class.file).is_third_party {
            return Err(format!("{label} is another package's"));
        }
        let path = project.path(class.file).to_owned();
        let facts = project.source.facts(class.file);
        let mut edit = MetaEdit { class: facts.class(class.id).name_range, ..MetaEdit::default() };
        let inherited = || format!("the indexes of {label} are inherited");
        let option = project.schema.meta_option(&project.source, id, "indexes");
        match project.schema.model(id).meta() {
            Some(meta) if meta.file == class.file && facts.class(meta.id).outer == Some(class.id) => {
                let range = facts.class(meta.id).range;
                edit.meta = Some(facts.class(meta.id).name_range);
                edit.has_indexes = match option {
                    None => false,
                    Some((file, value)) => {
                        let members = facts.bindings(facts.class(meta.id).members);
                        let is_own = file == class.file && range.contains_range(facts.range(value));
                        if !is_own && !members.iter().any(|member| member.name == "indexes") {
                            return Err(inherited());
                        }
                        true
                    }
                };
            }
            Some(_) if option.is_some() => return Err(inherited()),
            Some(meta) => {
                let text = self.files.text(&path)?;
                let owner = project.source.facts(meta.file).class(meta.id).outer;
                let bases = facts.arguments(facts.class(class.id).bases);
                let base = bases.iter().find(|base| {
                    let tuneup_python::Entity::Class(base) = project.source.entity_of(class.file, base.value) else {
                        return false;
                    };
                    let has = |known: &tuneup_python::Base| {
                        matches!(known, tuneup_python::Base::Class(known) if known.file == meta.file && Some(known.id) == owner)
                    };
                    project.source.mro(base).iter().any(has)
                });
                let base = base
                    .ok_or_else(|| format!("the `Meta` of {label} comes from a base that cannot be told"))?;
                edit.base = Some(format!("{}.Meta", &text.text()[facts.range(base.value)]));
            }
            None => {}
        }
        Ok(self.metas.entry((path, id)).or_insert_with(|| (edit, Vec::new())))
    }

    /// Adds the pieces: the edits of models, then the migrations.
    fn finish(self, work: &mut Work<'a>) {
        for ((path, _), (edit, asked_by)) in self.metas {
            let edits = move |target: &Target, names: &mut Names| edit.edits(target, names);
            work.add(&path, asked_by, Job::Python(Box::new(edits)));
        }
        for ((path, start, end), (edit, asked_by)) in self.fields {
            let range = TextRange::new(start.into(), end.into());
            let edits = move |target: &Target, _: &mut Names| Ok(vec![edit.edits(target, range)?]);
            work.add(&path, asked_by, Job::Python(Box::new(edits)));
        }
        let project = self.project;
        let last_of = |label: &str| project.migrations().last_of(&project.source, label);
        let planned = plan::plan(self.apps, &last_of);
        let names = file_names(project, &planned);
        for file in &planned {
            let asked_by: BTreeSet<&'a str> =
                file.operations.iter().flat_map(|planned| planned.asked_by.iter().copied()).collect();
            let asked_by: Vec<&'a str> = asked_by.into_iter().collect();
            match write(self.files, project, file, &names) {
                Ok((path, text)) => work.add(&path, asked_by, Job::New(text)),
                Err(reason) => work.failures.extend(asked_by.iter().map(|id| (*id, reason.clone()))),
            }
        }
    }
}

/// The names of the files, by app and position.
fn file_names(project: &Project, planned: &[PlannedFile]) -> BTreeMap<(String, usize), String> {
    let mut names = BTreeMap::new();
    for file in planned {
        let Ok(app) = project.migrations().of(&project.source, &file.app) else { continue };
        let fragments: Vec<Option<String>> =
            file.operations.iter().map(|planned| Some(planned.operation.fragment())).collect();
        let suggestion = suggest_name(&fragments, &project.version, &Time::now().of_name());
        let number =
            next_number(&app.leaf, &project.version) + u32::try_from(file.position).unwrap_or_default();
        names.insert((file.app.clone(), file.position), file_name(number, &suggestion));
    }
    names
}

/// The path and the text of a migration.
fn write(
    files: &dyn Files,
    project: &Project,
    file: &PlannedFile,
    names: &BTreeMap<(String, usize), String>,
) -> Result<(String, String), String> {
    let app = project.migrations().of(&project.source, &file.app)?;
    let name_of = |app: &str, position: usize| names.get(&(app.to_owned(), position)).cloned();
    let mut dependencies = Vec::new();
    for dependency in &file.dependencies {
        dependencies.push(match dependency {
            Dependency::Setting(name) => (name.clone(), None),
            Dependency::Existing(app, name) => (app.clone(), Some(name.clone())),
            Dependency::New(app, position) => (app.clone(), name_of(app, *position)),
        });
    }
    let before = file.position.checked_sub(1).and_then(|position| name_of(&file.app, position));
    dependencies.push((file.app.clone(), Some(before.unwrap_or_else(|| app.leaf.clone()))));
    let newest = files.text(&app.newest)?;
    let series = project.version.to_string();
    let header =
        app.header.clone().map(|known| match known == series || known.starts_with(&format!("{series}.")) {
            true => known,
            false => series,
        });
    let operations = file.operations.iter().map(|planned| &planned.operation).collect();
    let text = File { version: &project.version, header, dependencies, operations }.write();
    let text = formatted_like(newest.text(), &files.layout(&app.newest), &text).unwrap_or(text);
    let name = name_of(&file.app, file.position).ok_or("the migration has no name")?;
    let path = if app.folder.is_empty() { format!("{name}.py") } else { format!("{}/{name}.py", app.folder) };
    Ok((path, text))
}
