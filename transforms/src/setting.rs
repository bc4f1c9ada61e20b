//! What is asked of a setting.

/// What is done to a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingEdit {
    /// The setting, or what stands under keys of it, is given a value. It is made where there is none.
    Set {
        /// The keys: `default`, `CONN_MAX_AGE`. Positions in lists as digits.
        keys: Vec<String>,
        /// The value.
        value: SettingValue,
    },
    /// An entry is put into the list or tuple that the setting is.
    Insert {
        /// The entry: `whitenoise.middleware.WhiteNoiseMiddleware`.
        entry: String,
        /// Where.
        at: Position,
    },
}

/// Where in a list a new entry goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// In front of all others.
    First,
    /// In front of this one, which is there.
    Before(String),
    /// Behind this one, which is there.
    After(String),
    /// Behind all others.
    Last,
    /// Where others are that are not the project's own.
    Anywhere,
}

/// A value that is written into settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingValue {
    /// An expression, its strings in double quotes. Its names are settings, builtins, or of the modules beside it.
    Code {
        /// The expression: `os.path.join(BASE_DIR, "static")`.
        text: String,
        /// Modules that it names: `os`.
        modules: Vec<String>,
    },
    /// A string.
    Text(String),
    /// What a variable of the environment says, read as the project reads its environment.
    Environment {
        /// The variable's name.
        variable: String,
        /// What holds without it. Without a default the settings do not load where it is not set.
        default: Option<Box<SettingValue>>,
        /// What is made of the variable's text.
        cast: Cast,
    },
    /// A dict.
    Dict(Vec<(String, SettingValue)>),
    /// A list.
    List(Vec<SettingValue>),
    /// A call with keyword arguments.
    Call {
        /// The module of what is called: `sentry_sdk`.
        module: String,
        /// What is called there: `init`.
        function: String,
        /// Its arguments.
        keywords: Vec<(String, SettingValue)>,
    },
}

/// What is made of the text of a variable of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cast {
    /// It stays text.
    Text,
    /// `int`
    Int,
    /// `float`
    Float,
    /// Whether it says yes.
    Bool,
}

impl SettingValue {
    /// An expression without names, or with names of settings alone.
    pub fn code(text: impl Into<String>) -> Self {
        Self::Code { text: text.into(), modules: Vec::new() }
    }

    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A dict.
    pub fn dict<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Dict(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// The text that a variable of the environment holds, and what holds without it.
    pub fn environment(variable: &str, default: &str) -> Self {
        Self::Environment {
            variable: variable.to_owned(),
            default: Some(Box::new(Self::text(default))),
            cast: Cast::Text,
        }
    }
}
