//! The records of django-perf-rec: `test_views.perf.yml` holds, for each test of `test_views.py` beside it, the queries
//! that it made.

use ruff_text_size::{TextRange, TextSize};
use tuneup_python::flow::FunctionId;

use super::QueryCount;
use super::reach::{Reach, Region};
use crate::project::Project;

/// How the names of its files end.
const SUFFIX: &str = ".perf.yml";

/// What one test's record holds.
pub(super) struct Record {
    path: String,
    range: TextRange,
    test: String,
    text: String,
}

/// All records of a project.
pub(super) fn records(project: &Project) -> Vec<Record> {
    let source = &project.source;
    let mut records: Vec<Record> = Vec::new();
    for other in source.others().iter().filter(|other| other.path.ends_with(SUFFIX)) {
        let Ok(text) = source.read_other(&other.path) else { continue };
        let mut at = 0;
        let first = records.len();
        for line in text.text().split_inclusive('\n') {
            // A key at the margin begins a record; what is below is further in, or begins with `-`.
            let name = line.trim_end().strip_suffix(':');
            let is_key = !line.starts_with([' ', '\t', '#', '-']);
            match name {
                Some(name) if is_key => records.push(Record {
                    path: other.path.clone(),
                    range: TextRange::at(size(at), size(name.len())),
                    test: name.trim_matches(['\'', '"']).to_owned(),
                    text: String::new(),
                }),
                _ => {
                    if let Some(record) = records[first..].last_mut() {
                        record.text.push_str(line);
                    }
                }
            }
            at += line.len();
        }
    }
    records
}

impl Record {
    /// What the test of the record reaches; of one that is not found, the models whose tables its queries name.
    pub(super) fn count(self, project: &Project, reach: &mut Reach<'_>) -> QueryCount {
        let regions: Vec<Region> = self.region(project).into_iter().collect();
        let form = format!("{SUFFIX} of django-perf-rec").trim_start_matches('.').to_owned();
        let mut count = reach.count(&self.path, self.range, &self.test, form, &regions);
        for model in project.schema.models() {
            let Some(table) = project.schema.db_table(&project.source, model) else { continue };
            if ['`', '"'].iter().any(|quote| self.text.contains(&format!("{quote}{table}{quote}"))) {
                count.models.insert(model);
            }
        }
        count
    }

    fn region(&self, project: &Project) -> Option<Region> {
        let source = &project.source;
        let stem = self.path.strip_suffix(SUFFIX)?;
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        // Beside the test, or in a folder of records below it.
        let beside = [folder, above].map(|folder| match folder {
            "" => format!("{name}.py"),
            folder => format!("{folder}/{name}.py"),
        });
        let file = beside.iter().find_map(|path| source.file_at(path))?;
        let facts = source.facts(file);
        let qualname = |id: &FunctionId| facts.function(*id).qualname.as_str();
        // A second record of one test is numbered: `Tests.test_list.2`.
        let names = [self.test.as_str(), self.test.rsplit_once('.').map_or("", |(test, _)| test)];
        let functions: Vec<FunctionId> = (0..facts.functions.len() as u32).map(FunctionId).collect();
        let function = names.iter().find_map(|name| functions.iter().find(|id| qualname(id) == *name))?;
        Some(Region { file, range: facts.function(*function).range })
    }
}

fn size(number: usize) -> TextSize {
    TextSize::try_from(number).unwrap_or_default()
}
