//! Shows the production settings of a project, as far as they are known.

use std::io::Write as _;

use tuneup_django::settings::{Settings, Value};
use tuneup_python::{LoadOptions, Project};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for root in std::env::args().skip(1) {
        let source = Project::load(&LoadOptions::new(&root));
        let settings = Settings::read(&source, None);
        writeln!(out, "== {root}")?;
        let Some(module) = &settings.module else {
            writeln!(out, "no settings")?;
            continue;
        };
        writeln!(out, "{}: {} {:?}", module.name, source.path(module.file), module.class)?;
        writeln!(
            out,
            "  {}; {} files, {} unseen",
            module.reason,
            settings.files.len(),
            settings.unseen.len()
        )?;
        writeln!(out, "  apps {:?}", settings.installed_apps())?;
        writeln!(out, "  middleware {:?}", settings.middleware())?;
        writeln!(out, "  user {:?} tz {:?}", settings.auth_user_model(), settings.use_tz())?;
        writeln!(out, "  engines {:?}", settings.database_engines())?;
        for database in settings.databases() {
            match &database.node.value {
                Value::Dict(dict) => {
                    let keys: Vec<&str> = dict.entries.iter().map(|(key, _)| key.as_str()).collect();
                    writeln!(out, "  database {} {keys:?} open {}", database.alias, dict.open)?;
                }
                other => writeln!(out, "  database {} {other:?}", database.alias)?,
            }
        }
        writeln!(out, "  dirs {:?} app_dirs {:?}", settings.template_dirs(), settings.template_app_dirs())?;
    }
    Ok(())
}
