//! Containers that a module keeps, and what its functions put into them.

mod support;

use support::check;

const QUERY: &str = "return [name(book) for book in Book.objects.all()]";

#[test]
fn what_a_module_keeps_may_be_filled_by_its_functions() {
    let code = |kept: &str, filled: &str, test: &str| {
        format!(
            "from shop.models import Book\n\nKEPT = {kept}\n\n\ndef keep(name, value):\n    {filled}\n\n\n\
             def name(row):\n    if {test}:\n        return row.author.name\n    return row.editor.name\n\n\n\
             def listed(request):\n    {QUERY}\n"
        )
    };
    for (kept, filled, test, path) in [
        ("{}", "pass", "'author' in KEPT", "editor"),
        ("{}", "KEPT[name] = value", "'author' in KEPT", "author, editor"),
        ("{'editor': 1}", "KEPT[name] = value", "'author' in KEPT", "author, editor"),
        ("{'editor': 1}", "KEPT.update({name: value})", "'author' in KEPT", "author, editor"),
        ("{'editor': 1}", "pass", "'author' in KEPT", "editor"),
        ("[]", "KEPT.append(name)", "KEPT", "author, editor"),
        ("['editor']", "KEPT.append(name)", "'author' in KEPT", "author, editor"),
        ("['editor']", "pass", "'author' in KEPT", "editor"),
    ] {
        check(&[("views.py", &code(kept, filled, test))], &[&format!("Safe: {QUERY}: {path}")]);
    }
}

#[test]
fn what_a_module_keeps_may_be_filled_by_another_module() {
    let view = format!(
        "from shop.models import Book\nfrom shop.registry import KEPT\n\n\n\
         def name(row):\n    if 'author' in KEPT:\n        return row.author.name\n    return row.editor.name\n\n\n\
         def listed(request):\n    {QUERY}\n"
    );
    for (filling, path) in [
        ("from shop.registry import KEPT\n\nKEPT['author'] = 1\n", "author, editor"),
        ("from shop import registry\n\nregistry.KEPT.update(author=1)\n", "author, editor"),
        ("from shop.registry import KEPT, OTHER\n\nOTHER['author'] = 1\n", "editor"),
    ] {
        check(
            &[("registry.py", "KEPT = {}\nOTHER = {}\n"), ("filling.py", filling), ("views.py", &view)],
            &[&format!("Safe: {QUERY}: {path}")],
        );
    }
}
