//! How a project reads its environment, and reading it so.

use tuneup_django::Project;
use tuneup_django::settings::Value;
use tuneup_python::edit::{Literal, Quote, Refusal};
use tuneup_python::flow::ExprKind;

use super::values::{Home, bound};
use crate::proposal::Cast;
use crate::render::names::Names;

/// How a project reads its environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    /// `os.environ.get("NAME", default)`
    Os,
    /// `os.getenv("NAME", default)`
    Getenv,
    /// `env("NAME", default=…)` of django-environ or environs; the name of the `Env`.
    Env(String),
    /// `config("NAME", default=…)` of decouple.
    Decouple,
}

/// How the settings read the environment most often.
pub(crate) fn reads_with(project: &Project) -> Reader {
    let settings = &project.settings;
    let envs: Vec<&str> = settings
        .all()
        .filter(|(_, setting)| {
            matches!(&setting.node.value, Value::Call { callee, .. }
                if callee.ends_with("Env") && callee.starts_with("environ"))
        })
        .map(|(name, _)| name)
        .collect();
    let (mut env, mut getenv, mut get, mut decouple) = (0_usize, 0_usize, 0_usize, 0_usize);
    for &file in &settings.files {
        let facts = project.source.facts(file);
        for node in &facts.exprs {
            match node.kind {
                ExprKind::Call(callee, _) => match facts.kind(callee) {
                    ExprKind::Global(name) if envs.contains(&name.as_str()) => env += 1,
                    ExprKind::Attribute(base, _) if matches!(facts.kind(base), ExprKind::Global(name) if envs.contains(&name.as_str())) =>
                    {
                        env += 1;
                    }
                    _ => {
                        let entity = project.source.entity_of(file, callee);
                        match project.source.dotted(entity).map(|name| name.as_str()) {
                            Some("os.getenv") => getenv += 1,
                            Some("os.environ.get") => get += 1,
                            Some("decouple.config") => decouple += 1,
                            _ => {}
                        }
                    }
                },
                ExprKind::Subscript(base, _) => {
                    let entity = project.source.entity_of(file, base);
                    if project.source.dotted(entity).is_some_and(|name| name.as_str() == "os.environ") {
                        get += 1;
                    }
                }
                _ => {}
            }
        }
    }
    let most = env.max(getenv).max(get).max(decouple);
    match envs.first() {
        Some(name) if most > 0 && env == most => Reader::Env((*name).to_owned()),
        _ if most > 0 && decouple == most => Reader::Decouple,
        _ if getenv == most && getenv > get => Reader::Getenv,
        _ => Reader::Os,
    }
}

/// An expression that reads a variable.
pub(super) fn read(
    home: &Home,
    variable: &str,
    default: Option<&Literal>,
    cast: Cast,
    names: &mut Names,
) -> Result<String, Refusal> {
    let default = default.map(|default| default.flat(Quote::Double));
    let given = default.as_ref().map(|default| format!(", default={default}")).unwrap_or_default();
    let word = match cast {
        Cast::Text => "",
        Cast::Int => "int",
        Cast::Float => "float",
        Cast::Bool => "bool",
    };
    let reader = reads_with(home.project);
    match &reader {
        Reader::Env(name) if bound(home, name, names).is_ok() => {
            let method = if word.is_empty() { String::new() } else { format!(".{word}") };
            return Ok(format!("{name}{method}(\"{variable}\"{given})"));
        }
        Reader::Decouple => {
            let config = names.name("decouple", "config", home.place)?;
            let cast = if word.is_empty() { String::new() } else { format!(", cast={word}") };
            return Ok(format!("{config}(\"{variable}\"{given}{cast})"));
        }
        _ => {}
    }
    let environ = match names.already("os", "environ", home.place) {
        Some(environ) => environ,
        None => format!("{}.environ", names.name("os", "", home.place)?),
    };
    // What is read is text, and so is the default that stands in for it.
    let quoted = |default: &str| match default.starts_with(['"', '\'']) || default == "None" {
        true => default.to_owned(),
        false => format!("\"{default}\""),
    };
    let os = environ.strip_suffix(".environ");
    let read = match (&default, os) {
        (None, _) => format!("{environ}[\"{variable}\"]"),
        // What is not there is `None` anyway.
        (Some(default), Some(os)) if default == "None" && reader == Reader::Getenv => {
            format!("{os}.getenv(\"{variable}\")")
        }
        (Some(default), _) if default == "None" => format!("{environ}.get(\"{variable}\")"),
        (Some(default), Some(os)) if reader == Reader::Getenv => {
            format!("{os}.getenv(\"{variable}\", {})", quoted(default))
        }
        (Some(default), _) => format!("{environ}.get(\"{variable}\", {})", quoted(default)),
    };
    Ok(match cast {
        Cast::Text => read,
        Cast::Int | Cast::Float => format!("{word}({read})"),
        Cast::Bool => format!("{read}.lower() in (\"1\", \"true\", \"yes\", \"on\")"),
    })
}
