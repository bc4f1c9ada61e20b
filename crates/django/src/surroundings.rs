//! What a project has already, wherever it has it: packages that some file names, routes, servers of static files.
//!
//! A rule that adds something to a project asks here first. A mention in any file or branch counts, because what
//! another environment uses, or what is switched on by a variable, was decided by somebody.

use tuneup_python::flow::ExprKind;
use tuneup_python::{FileId, ModuleRef};

use crate::project::Project;

/// Files of a deployment are short.
const LARGEST: usize = 256 * 1024;

impl Project {
    /// The first file of the project's own that names one of these packages: by an import, by a dotted name in a
    /// string, or as a requirement.
    pub fn mention(&self, packages: &[&str]) -> Option<String> {
        let is_one = |dotted: &str| {
            let top = dotted.split('.').next().unwrap_or_default();
            packages.contains(&top)
        };
        let own = self.source.file_ids().filter(|&file| !self.source.file(file).is_third_party);
        for file in own {
            let facts = self.source.facts(file);
            let imports =
                facts.imports.iter().any(|import| import.level == 0 && is_one(import.module.as_str()));
            let names = || {
                facts.exprs.iter().any(|node| match node.kind {
                    ExprKind::Str(text) => is_one(text.as_str()),
                    _ => false,
                })
            };
            if imports || names() {
                return Some(self.path(file).to_owned());
            }
        }
        let required = packages.iter().find(|package| self.requirements.mentions(package));
        required.map(|package| format!("the requirement `{package}`"))
    }

    /// The first file of the project's own, tests aside, that reads an attribute or calls a method of this name.
    pub fn uses_attribute(&self, name: &str) -> Option<FileId> {
        self.source.file_ids().filter(|&file| !self.source.file(file).is_third_party && !self.is_aside(file)).find(
            |&file| {
                self.source.facts(file).exprs.iter().any(
                    |node| matches!(node.kind, ExprKind::Attribute(_, attribute) if attribute.as_str() == name),
                )
            },
        )
    }

    /// Whether a class, a function or a route of the project says that it tells of the project's health.
    pub fn tells_health(&self) -> bool {
        let own = |&file: &FileId| !self.source.file(file).is_third_party && !self.is_aside(file);
        self.source.file_ids().filter(own).any(|file| {
            let facts = self.source.facts(file);
            let names = facts.functions.iter().map(|function| function.name.as_str());
            let classes = facts.classes.iter().map(|class| class.name.as_str());
            let is_urls =
                facts.bindings(facts.module_bindings).iter().any(|binding| binding.name == "urlpatterns");
            names.chain(classes).any(is_health_name)
                || facts.exprs.iter().any(|node| match node.kind {
                    ExprKind::Str(text) => is_health_route(text.as_str(), is_urls),
                    _ => false,
                })
        })
    }

    /// The file that says another server answers for static files: nginx, Apache, Caddy, uWSGI.
    pub fn static_server(&self) -> Option<String> {
        for other in self.source.others().iter().filter(|other| other.is_file()) {
            let path = other.path.to_lowercase();
            if path.contains("node_modules/") || path.contains("/static/") || path.contains("locale/") {
                continue;
            }
            let name = path.rsplit('/').next().unwrap_or_default();
            let of_server = ["nginx", "apache", "httpd", "caddy", "uwsgi", "vhost"]
                .iter()
                .any(|word| path.contains(word));
            let of_deployment =
                [".conf", ".ini", ".yml", ".yaml", ".service", ".toml", ".sh", ".j2", ".tpl", ".tf"]
                    .iter()
                    .any(|end| name.ends_with(end))
                    || name.contains("dockerfile")
                    || name == "procfile";
            let of_people = [".md", ".rst", ".txt"].iter().any(|end| name.ends_with(end))
                && ["deploy", "install", "readme", "production", "server", "hosting"]
                    .iter()
                    .any(|word| path.contains(word));
            if !(of_server || of_deployment || of_people) {
                continue;
            }
            let Ok(source) = self.source.read_other(&other.path) else { continue };
            if source.text().len() <= LARGEST && serves_static(source.text()) {
                return Some(other.path.clone());
            }
        }
        None
    }

    /// Whether other settings modules begin with all that a module of settings says.
    pub fn is_base_of_others(&self, module: FileId) -> bool {
        let all = self.source.file_ids().filter(|file| !self.source.file(*file).is_third_party);
        all.filter(|file| !self.settings.files.contains(file)).any(|file| {
            let home = self.source.file(file);
            self.source.facts(file).star_imports.iter().any(|star| {
                let mut parts: Vec<&str> = home.module.as_str().split('.').collect();
                if star.level > 0 {
                    let up = star.level as usize - usize::from(home.is_package);
                    parts.truncate(parts.len().saturating_sub(up));
                } else {
                    parts.clear();
                }
                parts.extend(Some(star.module.as_str()).filter(|module| !module.is_empty()));
                self.source.module(&parts.join(".")) == Some(ModuleRef::File(module))
            })
        })
    }

    /// Whether the project is served by ASGI.
    pub fn is_asgi(&self) -> bool {
        let servers = ["daphne", "uvicorn", "hypercorn", "channels"];
        self.settings.get("ASGI_APPLICATION").is_some()
            || servers.iter().any(|server| self.requirements.declared(server).is_some())
    }
}

/// `health_check`, `HealthView`, `liveness_probe`
fn is_health_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|char| *char != '_').collect::<String>().to_lowercase();
    ["healthz", "healthcheck", "healthview", "heartbeat", "livez", "readyz", "liveness", "readiness"]
        .iter()
        .any(|word| plain.contains(word))
        || plain == "health"
}

/// `healthz/`, `^-/health$`; in a file of routes also `status/`.
fn is_health_route(text: &str, is_urls: bool) -> bool {
    if text.len() > 60 || text.contains([' ', '\n']) {
        return false;
    }
    let segments = text.split('/').map(|segment| segment.trim_matches(|char: char| !char.is_alphanumeric()));
    let segments: Vec<String> = segments
        .filter(|segment| !segment.is_empty())
        .map(|segment| segment.to_lowercase().replace(['-', '_'], ""))
        .collect();
    let Some(last) = segments.last() else { return false };
    let always =
        ["healthz", "healthcheck", "heartbeat", "lbheartbeat", "livez", "readyz", "liveness", "readiness"];
    let of_routes =
        ["health", "status", "ping", "up", "alive", "live", "ready", "monitor", "probe", "healthchecks"];
    always.contains(&last.as_str()) || is_urls && of_routes.contains(&last.as_str())
}

/// Whether a configuration, or a page that says how to install, lets a server answer for static files.
fn serves_static(text: &str) -> bool {
    text.lines().map(str::trim).filter(|line| !line.starts_with('#')).any(|line| {
        let lower = line.to_lowercase();
        let is_server = [
            "static-map",
            "handle_path /static",
            "image: nginx",
            "image: caddy",
            "image: bitnami/nginx",
            "from nginx",
            "file_server",
        ]
        .iter()
        .any(|words| lower.contains(words));
        // `location /static/ {`, `Alias /static /srv/static`
        let words: Vec<&str> = lower.split_whitespace().collect();
        let is_static = |word: &&str| {
            word.trim_start_matches(['^', '~', '=']).trim_start_matches('/').starts_with("static")
        };
        let takes_route =
            words.first().is_some_and(|word| matches!(*word, "location" | "alias" | "aliasmatch" | "handle"))
                && words.iter().skip(1).take(2).any(is_static);
        is_server || takes_route
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_health() {
        for text in ["healthz/", "^api/health-check/$", "__heartbeat__", "-/readyz"] {
            assert!(is_health_route(text, false), "{text}");
        }
        for text in ["health/", "status/", "api/v1/ping"] {
            assert!(is_health_route(text, true) && !is_health_route(text, false), "{text}");
        }
        for text in ["orders/<pk>/", "wealth/", "The status/health of it", ""] {
            assert!(!is_health_route(text, true), "{text}");
        }
        assert!(
            is_health_name("HealthCheckView") && is_health_name("health") && !is_health_name("HealthPlan")
        );
    }

    #[test]
    fn servers_of_static_files() {
        for text in [
            "server {\n  location /static/ {\n    alias /srv/static/;\n  }\n}",
            "location ~ ^/static/ {",
            "Alias /static /srv/static",
            "services:\n  proxy:\n    image: nginx:1.25\n",
            "static-map = /static=/srv/static",
        ] {
            assert!(serves_static(text), "{text}");
        }
        for text in
            ["location / {\n proxy_pass http://app;\n}", "# location /static/ {", "web: gunicorn site.wsgi"]
        {
            assert!(!serves_static(text), "{text}");
        }
    }
}
