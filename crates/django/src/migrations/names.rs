//! The names that Django makes up: of indexes, of tables, of migration files.
//!
//! They are byte for byte those of Django, since a wrong one makes the next `makemigrations` rename what it names.

use md5::{Digest, Md5};

use crate::version::Version;

/// How long the name of an index in `Meta.indexes` may be.
pub const LONGEST_INDEX_NAME: usize = 30;

/// The first `length` hexadecimal digits of the MD5 of the parts, one behind the other.
fn digest<'a>(parts: impl IntoIterator<Item = &'a str>, length: usize) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.as_bytes());
    }
    let mut text: String = md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(length);
    text
}

fn first(text: &str, count: usize) -> String {
    text.chars().take(count).collect()
}

/// The name of a table without its schema: of `audit"."log_entry`, `log_entry`.
fn without_namespace(table: &str) -> &str {
    let mut parts = table.split("\".\"");
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(name), None) => name.trim_matches('"'),
        _ => table.trim_matches('"'),
    }
}

/// A column of an index, and whether it runs from the largest to the smallest.
pub type Column<'a> = (&'a str, bool);

/// What Django names an index of `Meta.indexes` that has none: by table and columns, not by fields.
///
/// ```
/// use tuneup_django::migrations::names::index_name;
/// let name = index_name("blog_article", &[("status", false), ("published", true)]);
/// assert_eq!(name, "blog_articl_status_66d71d_idx");
/// ```
pub fn index_name(table: &str, columns: &[Column]) -> String {
    index_name_with_suffix(table, columns, "idx")
}

/// The same for index classes with a suffix of their own: `gin`, `brin`.
pub fn index_name_with_suffix(table: &str, columns: &[Column], suffix: &str) -> String {
    let table = without_namespace(table);
    let directed: Vec<String> =
        columns.iter().map(|(name, down)| format!("{}{name}", if *down { "-" } else { "" })).collect();
    let parts = std::iter::once(table).chain(directed.iter().map(String::as_str));
    let hash = digest(parts.chain([suffix]), 6);
    let column = columns.first().map_or("", |(name, _)| *name);
    let name = format!("{}_{}_{hash}_{suffix}", first(table, 11), first(column, 7));
    match name.chars().next() {
        Some(start) if start == '_' || start.is_numeric() => format!("D{}", &name[start.len_utf8()..]),
        _ => name,
    }
}

/// The name in the database of an index that a field has by itself, or of a set of columns: with the suffix `""` for
/// `db_index`, `_like`, `_uniq` for unique sets, `_idx` for `index_together`. `longest` is the database's limit.
pub fn column_index_name(table: &str, columns: &[&str], suffix: &str, longest: usize) -> String {
    let table = without_namespace(table);
    let hash = digest(std::iter::once(table).chain(columns.iter().copied()), 8);
    let mut part = format!("{hash}{suffix}");
    let joined = columns.join("_");
    let name = format!("{table}_{joined}_{part}");
    if name.chars().count() <= longest {
        return name;
    }
    if part.len() > longest / 3 {
        part = first(&part, longest / 3);
    }
    let other = ((longest - part.len()) / 2).saturating_sub(1);
    let mut name = format!("{}_{}_{part}", first(table, other), first(&joined, other));
    if name.starts_with(|start: char| start == '_' || start.is_numeric()) {
        name.pop();
        name.insert(0, 'D');
    }
    name
}

/// The table of a model that names none, as a database of this limit shortens it.
pub fn default_table(app_label: &str, model: &str, longest: Option<usize>) -> String {
    let name = format!("{app_label}_{}", model.to_lowercase());
    match longest {
        Some(longest) if name.chars().count() > longest => {
            format!("{}{}", first(&name, longest - 4), digest([name.as_str()], 4))
        }
        _ => name,
    }
}

/// The number that the migration behind `leaf` gets.
pub fn next_number(leaf: &str, version: &Version) -> u32 {
    let number = |text: &str| -> Option<u32> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse().ok()
    };
    let squashed = || {
        let at = leaf.rmatch_indices("_squashed_").find_map(|(at, word)| number(&leaf[at + word.len()..]));
        at.filter(|_| version.at_least(4, 1))
    };
    squashed().or_else(|| number(leaf)).unwrap_or(0) + 1
}

/// What a migration file is called behind its number. A fragment is what each operation gives; one that gives none
/// makes the name a time, as do several in Django before 4.0.
pub fn suggest_name(fragments: &[Option<String>], version: &Version, time: &str) -> String {
    let known: Option<Vec<String>> = fragments.iter().cloned().collect();
    let automatic = || format!("auto_{time}");
    let Some(mut known) = known.filter(|known| !known.is_empty()) else { return automatic() };
    if !version.at_least(4, 0) && known.len() > 1 {
        return automatic();
    }
    if version.at_least(4, 2) {
        known = known.iter().map(|fragment| words(fragment)).collect();
    }
    let mut fragments = known.into_iter();
    let mut name = fragments.next().unwrap_or_default();
    for fragment in fragments {
        let longer = format!("{name}_{fragment}");
        if longer.chars().count() > 52 {
            name.push_str("_and_more");
            break;
        }
        name = longer;
    }
    name
}

/// The whole name of a migration file, without `.py`.
pub fn file_name(number: u32, suggestion: &str) -> String {
    // The suggestion is cut, and not the number.
    format!("{number:04}_{}", first(suggestion, 100))
}

/// Every run of characters that are no letters, digits or underscores becomes one underscore.
fn words(fragment: &str) -> String {
    let mut text = String::new();
    let mut in_gap = false;
    for character in fragment.chars() {
        if character.is_alphanumeric() || character == '_' {
            text.push(character);
            in_gap = false;
        } else if !in_gap {
            text.push('_');
            in_gap = true;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_named_as_django_names_them() {
        let cases: &[(&str, &[Column], &str)] = &[
            ("blog_article", &[("published", false)], "blog_articl_publish_2d0d49_idx"),
            ("blog_article", &[("published", true)], "blog_articl_publish_f03bae_idx"),
            ("blog_article", &[("status", false), ("published", true)], "blog_articl_status_66d71d_idx"),
            ("blog_article", &[("author_id", false), ("created", true)], "blog_articl_author__50e51d_idx"),
            ("blog_article", &[("k", false)], "blog_articl_k_9196c0_idx"),
            ("_priv", &[("b", false), ("a", false)], "Dpriv_b_bca426_idx"),
            ("2fa_token", &[("a", false), ("b", false)], "Dfa_token_a_b0923a_idx"),
            ("audit\".\"log_entry", &[("a", false)], "log_entry_a_0fdc2d_idx"),
            (
                "shop_orderline",
                &[("content_type_id", false), ("object_id", false)],
                "shop_orderl_content_125c2c_idx",
            ),
            ("überapp_straße", &[("größe", false)], "überapp_str_größe_b9f5e6_idx"),
        ];
        for (table, columns, name) in cases {
            assert_eq!(index_name(table, columns), *name);
        }
    }

    #[test]
    fn long_tables_are_named_by_the_database() {
        let label = "averyverylongapplicationlabel";
        let model = "AnEvenLongerModelNameThatGoesOnAndOnAndOn";
        let cases = [(None, "03d98b"), (Some(63), "c49399"), (Some(64), "37e1da"), (Some(30), "31095b")];
        for (longest, hash) in cases {
            let table = default_table(label, model, longest);
            assert_eq!(index_name(&table, &[("x", false)]), format!("averyverylo_x_{hash}_idx"));
        }
        assert!(default_table(label, model, Some(63)).ends_with("goes0b55"));
    }

    #[test]
    fn numbers_follow_the_leaf() {
        let version = |text: &str| Version::given(text);
        assert_eq!(next_number("0007_more", &version("5.2")), 8);
        assert_eq!(next_number("0001_squashed_0002_x", &version("4.1")), 3);
        assert_eq!(next_number("0001_squashed_0002_x", &version("4.0")), 2);
        assert_eq!(next_number("initial", &version("5.2")), 1);
    }

    #[test]
    fn files_are_named_after_their_operations() {
        let name = |fragments: &[&str], version: &str| {
            let fragments: Vec<Option<String>> =
                fragments.iter().map(|text| Some((*text).to_owned())).collect();
            suggest_name(&fragments, &Version::given(version), "20260102_0304")
        };
        let long = "article_blog_articl_status_66d71d_idx";
        assert_eq!(name(&[long], "5.2"), long);
        assert_eq!(name(&[long, long], "5.2"), format!("{long}_and_more"));
        assert_eq!(name(&["alter_a_b", "alter_a_c"], "4.0"), "alter_a_b_alter_a_c");
        assert_eq!(name(&["alter_a_b", "alter_a_c"], "3.2"), "auto_20260102_0304");
        assert_eq!(name(&["a_x y-z"], "4.2"), "a_x_y_z");
        assert_eq!(name(&["a_x y-z"], "4.1"), "a_x y-z");
        assert_eq!(suggest_name(&[None], &Version::given("5.2"), "t"), "auto_t");
    }
}
