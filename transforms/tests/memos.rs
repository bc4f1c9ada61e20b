//! What code works out once and remembers.

mod support;

use support::check;

const BEGINNING: &str = "from django.core.cache import cache, caches\nfrom shop.models import Note\n\n\n";

/// Checks how safe it is to join what a loop over notes reads.
#[track_caller]
fn check_loop(before: &str, lines: &[&str], safety: &str) {
    let lines = lines.join("\n        ");
    let view = format!(
        "{BEGINNING}def shown(request):\n    {before}\n    for note in Note.objects.order_by('pk'):\n        {lines}\n"
    );
    check(&[("views.py", &view)], &[&format!("{safety}: for note in Note.objects.order_by('pk'):: book")]);
}

#[test]
fn what_is_remembered_by_a_key_is_read_by_one_of_those_that_share_it() {
    let unknown = "if note.book_id not in titles:";
    check_loop("titles = {}", &[unknown, "    titles[note.book_id] = note.book.title"], "Unsafe");
    let otherwise = ["if note.book_id in titles:", "    continue", "titles[note.book_id] = note.book.title"];
    check_loop("titles = {}", &otherwise, "Unsafe");
    let gotten = [
        "key = (note.book_id, 'title')",
        "title = titles.get(key)",
        "if title is None:",
        "    title = titles[key] = note.book.title",
    ];
    check_loop("titles = {}", &gotten, "Unsafe");
    // Each row has a key of its own, or is kept nowhere.
    check_loop(
        "titles = {}",
        &["if note.pk not in titles:", "    titles[note.pk] = note.book.title"],
        "Safe",
    );
    check_loop("titles = {}", &["if note not in titles:", "    titles[note] = note.book.title"], "Safe");
    check_loop("titles = [1]", &[unknown, "    print(note.book.title)"], "Safe");
    check_loop("titles = {}", &[unknown, "    titles[note.user_id] = note.book.title"], "Safe");
    // What is remembered is used for every row.
    check_loop("titles = {}", &[unknown, "    titles[note.book_id] = 1", "print(note.book.title)"], "Safe");
}

#[test]
fn what_a_function_remembers_for_its_callers_is_shared_by_their_rows() {
    let view = |known: &str, given: &str| {
        format!(
            "{BEGINNING}def title(note{known}):\n    if note.book_id not in titles:\n        \
             titles[note.book_id] = note.book.title\n    return titles[note.book_id]\n\n\n\
             def shown(request):\n    titles = {{}}\n    \
             return [title(note{given}) for note in Note.objects.order_by('pk')]\n"
        )
    };
    let line = |safety: &str, given: &str| {
        format!("{safety}: return [title(note{given}) for note in Note.objects.order_by('pk')]: book")
    };
    check(&[("views.py", &view(", titles", ", titles"))], &[&line("Unsafe", ", titles")]);
    let fresh = view("", "").replace("def title(note):\n", "def title(note):\n    titles = {}\n");
    check(&[("views.py", &fresh)], &[&line("Safe", "")]);
}

#[test]
fn what_the_cache_has_is_not_read() {
    for cache in ["cache", "caches['pages']"] {
        let gotten = format!("title = {cache}.get(note.pk)");
        let kept = |add: &str| format!("    {cache}.{add}(note.pk, title)");
        let read = "    title = note.book.title";
        for add in ["set", "add"] {
            check_loop("pass", &[&gotten, "if not title:", read, &kept(add)], "Unsafe");
        }
        check_loop("pass", &[&gotten, "if not title:", read], "Safe");
    }
}

#[test]
fn a_key_that_is_made_of_itself_comes_to_an_end() {
    let of_itself = [
        "key = note.book_id",
        "key = (key, 1)",
        "if key not in titles:",
        "    titles[key] = note.book.title",
    ];
    check_loop("titles = {}", &of_itself, "Unsafe");
}
