//! What the rules about caches ask of the settings and the code.

use std::collections::BTreeSet;

use tuneup_django::Project;
use tuneup_django::settings::{Node, Value};

/// Whether a cache is one and the same for all processes, and quicker than the database.
pub(crate) fn is_shared(backend: &str) -> bool {
    let class = backend.rsplit('.').next().unwrap_or_default();
    let words = ["Redis", "Memcache", "PyLibMC", "Valkey"];
    words.iter().any(|word| class.contains(word))
}

/// The Redis that a project has: its address, and the numbers of its databases that are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Redis {
    /// `redis://redis:6379`, without a database.
    pub(crate) address: Option<String>,
    /// The databases that brokers, channels and the like are in.
    pub(crate) taken: BTreeSet<u32>,
    /// The settings that name it, or their variables of the environment.
    pub(crate) named_by: Vec<String>,
}

impl Redis {
    /// By the addresses in the settings; nothing where there is none, nor a package or service that needs it.
    pub(crate) fn find(project: &Project) -> Option<Self> {
        let mut redis = Self::default();
        for (name, setting) in project.settings.iter() {
            // `REDIS_DB = 1`, of which an address is put together elsewhere.
            if name.contains("REDIS") && (name.contains("DB") || name.contains("DATABASE")) {
                numbers(&setting.node, &mut redis.taken);
            }
            let mut texts = Vec::new();
            collect(&setting.node, &mut texts);
            for text in texts {
                let Some((scheme, rest)) = text.split_once("://") else { continue };
                if !matches!(scheme, "redis" | "rediss" | "valkey" | "valkeys") {
                    continue;
                }
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                let (address, number) = rest.split_once('/').unwrap_or((rest, ""));
                // Passwords are not copied.
                if scheme == "redis"
                    && !address.is_empty()
                    && !address.contains('@')
                    && redis.address.is_none()
                {
                    redis.address = Some(format!("redis://{address}"));
                }
                redis.taken.insert(number.parse().unwrap_or(0));
                redis.named_by.push(name.to_owned());
            }
        }
        let is_asked_for =
            ["redis", "django-redis", "channels-redis"].iter().any(|name| project.packages.has(name));
        let is_there = !redis.named_by.is_empty() || is_asked_for || project.settings.server.has_redis;
        // A broker that the environment alone names is taken to be in the first database.
        redis.taken.insert(0);
        is_there.then_some(redis)
    }

    /// An address with a database that nothing else is in, as far as is seen.
    pub(crate) fn free(&self) -> (String, u32) {
        let number = (1..).find(|number| !self.taken.contains(number)).unwrap_or(1);
        let address = self.address.clone().unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
        (format!("{address}/{number}"), number)
    }
}

fn numbers(node: &Node, taken: &mut BTreeSet<u32>) {
    match &node.value {
        Value::Int(number) => taken.extend(u32::try_from(*number).ok()),
        Value::Str(text) => taken.extend(text.parse::<u32>().ok()),
        Value::Environment { default: Some(default), .. } => numbers(default, taken),
        Value::Dict(dict) => dict.entries.iter().for_each(|(_, node)| numbers(node, taken)),
        Value::Either(nodes) => nodes.iter().for_each(|node| numbers(node, taken)),
        _ => {}
    }
}

fn collect<'n>(node: &'n Node, texts: &mut Vec<&'n str>) {
    match &node.value {
        Value::Str(text) => texts.push(text),
        Value::Environment { default: Some(default), .. } => collect(default, texts),
        Value::List(list) => list.items.iter().for_each(|node| collect(node, texts)),
        Value::Dict(dict) => dict.entries.iter().for_each(|(_, node)| collect(node, texts)),
        Value::Either(nodes) => nodes.iter().for_each(|node| collect(node, texts)),
        Value::Call { positional, keywords, .. } => {
            positional.iter().for_each(|node| collect(node, texts));
            keywords.iter().for_each(|(_, node)| collect(node, texts));
        }
        _ => {}
    }
}

/// A file of the project, not of its tests, that uses the default cache; nothing where none does.
pub(crate) fn user_of_cache(project: &Project) -> Option<&str> {
    const MODULES: &[&str] =
        &["django.core.cache", "django.views.decorators.cache", "django.middleware.cache"];
    const NAMES: &[&str] = &["cache", "caches", "cache_page", "get_cache"];
    let uses = |file: &tuneup_python::FileId| {
        let is_use = |import: &tuneup_python::flow::Import| {
            MODULES.contains(&import.module.as_str())
                && import.name.is_none_or(|name| NAMES.contains(&name.as_str()))
        };
        project.source.facts(*file).imports.iter().any(is_use)
    };
    let own = |file: &tuneup_python::FileId| {
        !project.source.file(*file).is_third_party
            && !project.is_aside(*file)
            && !project.settings.files.contains(file)
    };
    let by_code = project.source.file_ids().filter(own).find(uses).map(|file| project.path(file));
    by_code.or_else(|| {
        let (middleware, _) = project.settings.middleware();
        let is_cache = |name: &&str| name.ends_with("cache.UpdateCacheMiddleware");
        let module = project.settings.module.as_ref()?;
        middleware.iter().any(is_cache).then(|| project.path(module.file))
    })
}
