//! Projects of many apps with models of every kind, made from a seed, and changes of their indexes.

use std::collections::BTreeSet;

/// A change to ask for.
#[derive(Debug)]
pub(crate) enum Asked {
    Index {
        label: String,
        fields: Vec<(String, bool)>,
    },
    Special {
        label: String,
        field: String,
        condition: Option<String>,
        expression: Option<String>,
        name: String,
    },
    Field {
        label: String,
        field: String,
    },
    /// A foreign key without its index.
    Without {
        label: String,
        field: String,
    },
    Remove {
        label: String,
        name: String,
    },
    Together {
        label: String,
    },
}

/// A project as text, and what is asked of it.
pub(crate) struct Made {
    pub(crate) files: Vec<(String, String)>,
    /// The apps' packages.
    pub(crate) apps: Vec<String>,
    /// Their labels, which may be others.
    pub(crate) labels: Vec<String>,
    /// The folders of their migrations, which `MIGRATION_MODULES` may name.
    pub(crate) folders: Vec<String>,
    pub(crate) asked: Vec<Asked>,
}

/// Makes projects.
pub(crate) struct Generator {
    state: u64,
    /// `4.2`
    django: &'static str,
    /// Whether models may keep their history by django-simple-history.
    has_history: bool,
}

/// Fields whose index can be turned on.
const PLAIN: &[&str] = &[
    "models.CharField(max_length=50)",
    "models.CharField(\"it's a \\\"name\\\"\", max_length=200, blank=True)",
    "models.CharField(max_length=10, choices=[(\"d\", \"Draft\"), (\"p\", _(\"Published\"))], default=\"d\")",
    "models.CharField(_(\"Größe\"), max_length=30, help_text=\"one\\ntwo \\\\ three\\u200b\")",
    "models.DateTimeField(auto_now_add=True)",
    "models.DateTimeField(default=timezone.now, verbose_name=\"when\")",
    "models.DateTimeField(null=True, blank=True)",
    "models.DateField(default=datetime.date(2020, 1, 2))",
    "models.DurationField(default=datetime.timedelta(days=1, hours=2))",
    "models.IntegerField(default=-1)",
    "models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(10, message=\"too much\")])",
    "models.FloatField(default=0.5)",
    "models.BooleanField(default=False)",
    "models.UUIDField(default=uuid.uuid4, editable=False)",
    "models.DecimalField(max_digits=9, decimal_places=2, default=Decimal(\"0.10\"))",
    "models.EmailField(max_length=254)",
    "models.URLField(blank=True)",
    "models.GenericIPAddressField(null=True)",
    "models.CharField(max_length=20, default=default_name)",
    "models.CharField(max_length=20, db_column=\"another_column\")",
    "models.CharField(\n        max_length=20,\n        blank=True,\n    )",
    "models.CharField(\n        max_length=20,  # enough\n        blank=True  # or none\n    )",
    "models.CharField(max_length=5, choices=Kind.choices, default=Kind.ONE)",
    "models.JSONField(default=dict)",
    "models.BinaryField(default=b\"\\x00a\")",
];

const RELATIONS: &[&str] = &[
    "models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name=\"+\")",
    "models.ForeignKey(\"contenttypes.ContentType\", models.PROTECT, related_name=\"+\")",
    "models.ForeignKey(\"self\", null=True, on_delete=models.SET_NULL, related_name=\"+\")",
    "models.OneToOneField(\"auth.Group\", on_delete=models.CASCADE, related_name=\"+\", null=True)",
    "models.ManyToManyField(\"auth.Permission\", related_name=\"+\")",
];

const HEAD: &str = "import datetime
import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def default_name():
    return \"name\"


class Kind(models.TextChoices):
    ONE = \"one\", \"One\"
    TWO = \"two\", \"Two\"
";

/// A model so far.
struct Model {
    name: String,
    text: String,
    plain: Vec<String>,
    relations: Vec<String>,
    indexes: Vec<String>,
    together: bool,
}

impl Generator {
    pub(crate) fn new(seed: u64, django: &'static str) -> Self {
        Self { state: seed, django, has_history: django == "6.0" }
    }

    /// The next number, below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        // SplitMix64
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn is_before(&self, version: &str) -> bool {
        let key = |text: &str| {
            let (major, minor) = text.split_once('.').expect("a version");
            (major.parse::<u32>().expect("a number"), minor.parse::<u32>().expect("a number"))
        };
        key(self.django) < key(version)
    }

    pub(crate) fn project(&mut self, count: usize) -> Made {
        let mut made = Made {
            files: Vec::new(),
            apps: Vec::new(),
            labels: Vec::new(),
            folders: Vec::new(),
            asked: Vec::new(),
        };
        let mut targets: Vec<String> = Vec::new();
        for number in 0..count {
            self.app(number, &mut made, &mut targets);
        }
        let apps: String = made.apps.iter().map(|app| format!("    \"{app}\",\n")).collect();
        let history = if self.has_history { "    \"simple_history\",\n" } else { "" };
        let moved: String = made
            .labels
            .iter()
            .zip(&made.folders)
            .filter(|(_, folder)| !folder.ends_with("/migrations"))
            .map(|(label, folder)| format!("    \"{label}\": \"{}\",\n", folder.replace('/', ".")))
            .collect();
        let settings = format!(
            "SECRET_KEY = \"x\"\nUSE_TZ = True\nINSTALLED_APPS = [\n    \"django.contrib.contenttypes\",\n    \"django.contrib.auth\",\n{history}{apps}]\nMIGRATION_MODULES = {{\n{moved}}}\nDATABASES = {{\"default\": {{\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": \":memory:\"}}}}\nDEFAULT_AUTO_FIELD = \"django.db.models.BigAutoField\"\n"
        );
        made.files.push(("settings.py".to_owned(), settings));
        made
    }

    fn app(&mut self, number: usize, made: &mut Made, targets: &mut Vec<String>) {
        let package = format!("app{number:03}");
        let label = if self.one_in(5) { format!("label_{number:03}") } else { package.clone() };
        made.files.push((format!("{package}/__init__.py"), String::new()));
        let folder = if self.one_in(6) { "db_migrations" } else { "migrations" };
        let folder = format!("{package}/{folder}");
        made.files.push((format!("{folder}/__init__.py"), String::new()));
        if label != package {
            let config = format!(
                "from django.apps import AppConfig\n\n\nclass Config(AppConfig):\n    name = \"{package}\"\n    label = \"{label}\"\n"
            );
            made.files.push((format!("{package}/apps.py"), config));
        }
        let mut text = HEAD.to_owned();
        if self.has_history {
            text = text.replacen(
                "\n\n\ndef default_name",
                "\nfrom simple_history.models import HistoricalRecords\n\n\ndef default_name",
                1,
            );
        }
        let has_base = self.one_in(3);
        let base_has_meta = self.one_in(2);
        if has_base {
            let meta = if base_has_meta { "        ordering = [\"base_field\"]\n" } else { "" };
            text.push_str(&format!(
                "\n\nclass Base(models.Model):\n    base_field = models.CharField(max_length=9)\n\n    class Meta:\n        abstract = True\n{meta}"
            ));
        }
        // The base of another app reaches into this one.
        if !has_base && let Some(module) = base_of_others(made).filter(|_| self.one_in(2)) {
            text = text.replacen(
                "from django.conf import settings\n",
                &format!("from {module} import Base\nfrom django.conf import settings\n"),
                1,
            );
        }
        let has_base = has_base || text.contains(" import Base\n");
        let mut models: Vec<Model> = Vec::new();
        for at in 0..1 + self.below(3) {
            let model = self.model((number, at), has_base, &label, targets, made);
            text.push_str(&format!("\n\n{}", model.text));
            models.push(model);
        }
        if self.one_in(3) {
            let model = self.child(&models[0], &label, made);
            text.push_str(&format!("\n\n{}", model.text));
            models.push(model);
        }
        if self.one_in(4) {
            let name = &models[0].name;
            text.push_str(&format!(
                "\n\nclass Shown({name}):\n    class Meta:\n        proxy = True\n        ordering = [\"-pk\"]\n"
            ));
        }
        for model in &models {
            targets.push(format!("{label}.{}", model.name));
            self.ask(&label, model, made);
        }
        let with_base = |model: &&Model| model.plain.iter().any(|field| field == "base_field");
        if has_base
            && self.one_in(3)
            && let Some(model) = models.iter().find(with_base)
        {
            let label = format!("{label}.{}", model.name);
            made.asked.push(Asked::Field { label, field: "base_field".to_owned() });
        }
        made.files.push((format!("{package}/models.py"), text));
        made.apps.push(package);
        made.folders.push(folder);
        made.labels.push(label);
    }

    fn model(
        &mut self,
        (number, at): (usize, usize),
        has_base: bool,
        label: &str,
        targets: &[String],
        made: &Made,
    ) -> Model {
        const NAMES: &[&str] = &["Article", "Tag", "OrderLine", "ALongerNameOfAModelThatGoesOn"];
        /// Longer than any database lets a table's name be.
        const LONGEST: &str = "AModelWithSoLongANameThatNoDatabaseKeepsAllOfItForTheNameOfItsTableTruly";
        let name = NAMES[at + usize::from(number.is_multiple_of(7))];
        let name = if at == 1 && self.one_in(5) { LONGEST } else { name }.to_owned();
        let inherits = has_base && self.one_in(2);
        let mut model = Model {
            name: name.clone(),
            text: format!("class {name}({}):\n", if inherits { "Base" } else { "models.Model" }),
            plain: Vec::new(),
            relations: Vec::new(),
            indexes: Vec::new(),
            together: false,
        };
        if self.one_in(4) {
            model.text.push_str("    \"\"\"What it is.\"\"\"\n\n");
        }
        let mut has_column = false;
        for field in 0..2 + self.below(4) {
            let call = PLAIN[self.below(PLAIN.len())];
            if call.contains("another_column") && std::mem::replace(&mut has_column, true) {
                continue;
            }
            let field = format!("{}_{field}", ["name", "published", "x", "größe"][self.below(4)]);
            model.text.push_str(&format!("    {field} = {call}\n"));
            if !call.contains("JSON") && !call.contains("Binary") {
                model.plain.push(field);
            }
        }
        if inherits {
            model.plain.push("base_field".to_owned());
        }
        for field in 0..self.below(3) {
            let field = format!("relation_{field}");
            let other =
                (!targets.is_empty() && self.one_in(2)).then(|| targets[self.below(targets.len())].clone());
            let call = match other {
                Some(other) => {
                    format!("models.ForeignKey(\"{other}\", on_delete=models.CASCADE, related_name=\"+\")")
                }
                None => RELATIONS[self.below(RELATIONS.len())].to_owned(),
            };
            model.text.push_str(&format!("    {field} = {call}\n"));
            if !call.contains("ManyToMany") {
                model.relations.push(field);
            }
        }
        self.history(&mut model, label, made);
        self.meta(&mut model, label);
        if self.one_in(2) {
            model.text.push_str("\n    def __str__(self):\n        return str(self.pk)\n");
        }
        model
    }

    /// A model whose rows go on in a table of its own: below one of this app, or of the app before.
    fn child(&mut self, parent: &Model, label: &str, made: &Made) -> Model {
        let (import, base) = match made.apps.last() {
            Some(other) if self.one_in(2) => {
                (format!("from {other}.models import {} as Other  # noqa: E402\n\n\n", parent.name), "Other")
            }
            _ => (String::new(), parent.name.as_str()),
        };
        // Not every app has a model of that name.
        let has_it = made
            .files
            .iter()
            .rev()
            .find(|(path, _)| path.ends_with("/models.py"))
            .is_some_and(|(_, text)| text.contains(&format!("class {}(", parent.name)));
        let (import, base) = if has_it { (import, base) } else { (String::new(), parent.name.as_str()) };
        let mut model = Model {
            name: "Further".to_owned(),
            text: format!("{import}class Further({base}):\n"),
            plain: vec!["own_code".to_owned(), "own_day".to_owned()],
            relations: Vec::new(),
            indexes: Vec::new(),
            together: false,
        };
        model.text.push_str(
            "    own_code = models.CharField(max_length=12)\n    own_day = models.DateField(null=True)\n",
        );
        if self.one_in(2) {
            let call = RELATIONS[self.below(2)];
            model.text.push_str(&format!("    own_relation = {call}\n"));
            model.relations.push("own_relation".to_owned());
        }
        // A history of what is joined from two tables.
        if self.has_history && self.one_in(2) {
            model.text.push_str("    past = HistoricalRecords()\n");
        }
        self.meta(&mut model, label);
        model
    }

    /// A history by its usual name, by one of its own, or in another app.
    fn history(&mut self, model: &mut Model, label: &str, made: &Made) {
        if !self.has_history || self.one_in(2) {
            return;
        }
        let name = format!("Past{}Of{label}", model.name);
        let call = match (self.below(3), made.labels.last()) {
            (0, _) => String::new(),
            (1, Some(other)) => format!("custom_model_name=\"{name}\", app=\"{other}\""),
            _ => format!("custom_model_name=\"{name}\""),
        };
        // By which one tells whose history it is.
        let mark = format!("    of_{label}_{} = models.IntegerField(null=True)\n", model.name.to_lowercase());
        model.text.push_str(&format!("{mark}    history = HistoricalRecords({call})\n"));
    }

    fn meta(&mut self, model: &mut Model, label: &str) {
        if self.one_in(2) || model.plain.len() < 2 {
            return;
        }
        let mut body = String::new();
        if self.one_in(2) {
            body.push_str("        ordering = [\"pk\"]\n");
        }
        if self.one_in(4) {
            body.push_str(&format!("        db_table = \"{}_{}_table\"\n", label, model.name.to_lowercase()));
        }
        if self.is_before("5.1") && self.one_in(4) {
            body.push_str(&format!(
                "        index_together = [(\"{}\", \"{}\")]\n",
                model.plain[0], model.plain[1]
            ));
            model.together = true;
        }
        match self.below(6) {
            0 => body.push_str("        indexes = []\n"),
            1 | 2 => {
                let name = format!("{}_{}_i", label, model.name[..3].to_lowercase());
                let index = format!("models.Index(fields=[\"-{}\"], name=\"{name}\")", model.plain[1]);
                match self.below(3) {
                    0 => body.push_str(&format!("        indexes = [{index}]\n")),
                    1 => body.push_str(&format!("        indexes = [\n            {index},\n        ]\n")),
                    _ => body.push_str(&format!("        indexes = ({index},)\n")),
                }
                model.indexes.push(name);
            }
            _ => {}
        }
        if body.is_empty() {
            body.push_str("        verbose_name = \"thing\"\n");
        }
        model.text.push_str(&format!("\n    class Meta:\n{body}"));
    }

    fn ask(&mut self, app: &str, model: &Model, made: &mut Made) {
        let label = format!("{app}.{}", model.name);
        if model.together && self.one_in(2) {
            made.asked.push(Asked::Together { label });
            return;
        }
        if let Some(name) = model.indexes.first()
            && self.one_in(3)
        {
            made.asked.push(Asked::Remove { label, name: name.clone() });
            return;
        }
        if model.plain.is_empty() {
            return;
        }
        let mut asked = BTreeSet::new();
        for _ in 0..self.below(3) {
            let mut fields: Vec<(String, bool)> = Vec::new();
            for _ in 0..1 + self.below(3) {
                let all = model.plain.len() + model.relations.len();
                let at = self.below(all);
                let name =
                    model.plain.iter().chain(&model.relations).nth(at).expect("it is below their count");
                if !fields.iter().any(|(known, _)| known == name) {
                    fields.push((name.clone(), self.one_in(2)));
                }
            }
            if asked.insert(fields.clone()) {
                made.asked.push(Asked::Index { label: label.clone(), fields });
            }
        }
        // On MySQL Django makes the index of a foreign key again when another that begins with it is taken back.
        let foreign = |field: &&String| {
            let leads = asked.iter().any(|fields| fields.first().is_some_and(|(first, _)| first == *field));
            !leads && model.text.contains(&format!("    {field} = models.ForeignKey("))
        };
        if let Some(field) = model.relations.iter().find(foreign)
            && self.one_in(6)
        {
            made.asked.push(Asked::Without { label: label.clone(), field: field.clone() });
        }
        if self.one_in(6) {
            let field = model.plain[0].clone();
            let name = format!("{}_{}_special", app, model.name[..3].to_lowercase());
            // Upper case is of texts.
            let is_text = model.text.contains(&format!("    {field} = models.CharField("));
            let (condition, expression) = match self.below(if is_text { 3 } else { 2 }) {
                0 => (Some(format!("django.db.models.Q({field}__isnull=True)")), None),
                1 => (
                    Some(format!("django.db.models.Q({field}__isnull=False) | ~django.db.models.Q(pk=1)")),
                    None,
                ),
                _ => (None, Some(format!("django.db.models.functions.Upper(\"{field}\")"))),
            };
            made.asked.push(Asked::Special { label: label.clone(), field, condition, expression, name });
        }
        if self.one_in(2) {
            let own: Vec<&String> = model.plain.iter().filter(|field| *field != "base_field").collect();
            if !own.is_empty() {
                let field = own[self.below(own.len())].clone();
                made.asked.push(Asked::Field { label, field });
            }
        }
    }
}

/// The module of the last app with an abstract base.
fn base_of_others(made: &Made) -> Option<String> {
    let is_one =
        |(path, text): &&(String, String)| path.ends_with("/models.py") && text.contains("\nclass Base(");
    let (path, _) = made.files.iter().rev().find(is_one)?;
    Some(format!("{}.models", path.strip_suffix("/models.py")?))
}
