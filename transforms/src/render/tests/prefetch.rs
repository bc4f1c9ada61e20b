//! `Prefetch` objects: written, merged with those that are there, and imported.

use super::{Memory, proposal};
use crate::proposal::{Change, Lookup, PrefetchQueryset, Proposal};
use crate::render::{Files, render};

fn rows(path: &str, module: &str, select: &[&str]) -> Lookup {
    let queryset = PrefetchQueryset {
        module: module.to_owned(),
        model: "Line".to_owned(),
        manager: "objects".to_owned(),
        select: super::strings(select),
    };
    Lookup { path: path.to_owned(), queryset: Some(queryset) }
}

fn asking(id: &str, text: &str, query: &str, lookups: Vec<Lookup>) -> Proposal {
    let mut proposal = proposal(id, text, query, &[], &[]);
    let Change::ExtendPlan { prefetch, .. } = &mut proposal.changes[0] else { unreachable!() };
    *prefetch = lookups;
    proposal
}

/// The last line of a file that imports what a `Prefetch` needs, after lookups for the query between `=` and the end.
fn last_line(line: &str, lookups: Vec<Lookup>) -> Result<String, String> {
    let text = format!("from django.db.models import Prefetch\nfrom shop.models import Line\n\n{line}\n");
    let query = line.strip_prefix("x = ").expect("an assignment");
    let after = written(&text, query, lookups)?;
    let (imports, last) = after.split_once("\n\n").expect("two parts");
    assert_eq!(imports, "from django.db.models import Prefetch\nfrom shop.models import Line");
    // What is asked here is what is written, not where its line is broken.
    Ok(last.trim_end().replace("(\n    ", "(").replace("\n)", ")"))
}

fn written(text: &str, query: &str, lookups: Vec<Lookup>) -> Result<String, String> {
    let proposal = asking("p", text, query, lookups);
    let mut rendering = render(&Memory::one(text), &[&proposal]);
    match rendering.withheld.pop() {
        Some((_, reason)) => Err(reason),
        None => Ok(String::from_utf8(rendering.files.remove(0).after).expect("UTF-8")),
    }
}

#[track_caller]
fn case(line: &str, lookups: Vec<Lookup>, expected: &str) {
    assert_eq!(last_line(line, lookups).as_deref(), Ok(expected));
}

fn plain(path: &str) -> Lookup {
    Lookup { path: path.to_owned(), queryset: None }
}

fn lines(select: &[&str]) -> Vec<Lookup> {
    vec![rows("lines", "shop.models", select)]
}

#[test]
fn a_new_object_is_written_with_its_queryset() {
    case(
        "x = O.all()",
        lines(&["a", "b"]),
        "x = O.all().prefetch_related(Prefetch(\"lines\", queryset=Line.objects.select_related(\"a\", \"b\")))",
    );
    case(
        "x = O.all()",
        lines(&[]),
        "x = O.all().prefetch_related(Prefetch(\"lines\", queryset=Line.objects.all()))",
    );
    case(
        "x = O.f('')",
        lines(&["a"]),
        "x = O.f('').prefetch_related(Prefetch('lines', queryset=Line.objects.select_related('a')))",
    );
}

#[test]
fn an_object_takes_the_place_of_its_plain_path() {
    case(
        "x = O.prefetch_related('tags', 'lines')",
        lines(&["a"]),
        "x = O.prefetch_related('tags', Prefetch('lines', queryset=Line.objects.select_related('a')))",
    );
}

#[test]
fn an_object_goes_before_lookups_that_lead_on_from_it() {
    case(
        "x = O.prefetch_related('t', 'lines__n')",
        lines(&["a"]),
        "x = O.prefetch_related('t', Prefetch('lines', queryset=Line.objects.select_related('a')), 'lines__n')",
    );
    case(
        "x = O.all()",
        vec![plain("lines__n"), rows("lines", "shop.models", &[])],
        "x = O.all().prefetch_related(Prefetch(\"lines\", queryset=Line.objects.all()), \"lines__n\")",
    );
    assert!(last_line("x = O.prefetch_related('lines__n', Prefetch('lines'))", lines(&["a"])).is_err());
}

#[test]
fn an_object_that_is_there_joins_more() {
    case(
        "x = O.prefetch_related(Prefetch('lines', queryset=Line.objects.select_related('b')), 't')",
        lines(&["a", "b"]),
        "x = O.prefetch_related(Prefetch('lines', queryset=Line.objects.select_related('b', 'a')), 't')",
    );
    case(
        "x = O.prefetch_related(Prefetch('lines', Line.objects.filter(c=1)))",
        lines(&["a"]),
        "x = O.prefetch_related(Prefetch('lines', Line.objects.filter(c=1).select_related('a')))",
    );
    case(
        "x = O.prefetch_related(Prefetch('lines', queryset=qs))",
        lines(&["a"]),
        "x = O.prefetch_related(Prefetch('lines', queryset=qs.select_related('a')))",
    );
    case(
        "x = O.prefetch_related(Prefetch('lines'))",
        lines(&["a"]),
        "x = O.prefetch_related(Prefetch('lines', queryset=Line.objects.select_related('a')))",
    );
    case(
        "x = O.prefetch_related(Prefetch('lines', None))",
        lines(&["a"]),
        "x = O.prefetch_related(Prefetch('lines', Line.objects.select_related('a')))",
    );
}

#[test]
fn an_object_under_another_name_is_another_lookup() {
    case(
        "x = O.prefetch_related(Prefetch('lines', to_attr='y'))",
        lines(&[]),
        "x = O.prefetch_related(Prefetch('lines', to_attr='y'), Prefetch('lines', queryset=Line.objects.all()))",
    );
    case(
        "x = O.prefetch_related(Prefetch('lines', queryset=qs))",
        vec![plain("lines"), plain("lines__n")],
        "x = O.prefetch_related(Prefetch('lines', queryset=qs), 'lines__n')",
    );
}

#[test]
fn names_are_imported() {
    let text = "from django.db import models\nfrom django.http import Http404\n\nfrom shop.models import Order\n\nx = Order.objects.all()\n";
    let expected = "from django.db import models\nfrom django.http import Http404\n\nfrom shop.models import Line, Order\n\n\
                    x = Order.objects.all().prefetch_related(\n    \
                    models.Prefetch(\"lines\", queryset=Line.objects.select_related(\"a\"))\n)\n";
    assert_eq!(written(text, "Order.objects.all()", lines(&["a"])).as_deref(), Ok(expected));
    let text = "from django.http import Http404\n\nx = O.all()\n";
    let expected = "from django.db.models import Prefetch\nfrom django.http import Http404\n\n\
                    from shop.models import Line\n\n\
                    x = O.all().prefetch_related(Prefetch(\"lines\", queryset=Line.objects.all()))\n";
    assert_eq!(written(text, "O.all()", lines(&[])).as_deref(), Ok(expected));
}

#[test]
fn an_import_that_may_be_circular_is_not_written() {
    let lookups = || vec![rows("lines", "app.circle", &["a"])];
    let text = "from django.db.models import Prefetch\n\nx = O.all()\n";
    assert!(written(text, "O.all()", lookups()).is_err_and(|reason| reason.contains("circular")));
    let known = "from django.db.models import Prefetch\n\nfrom .circle import Line\n\nx = O.all()\n";
    assert!(written(known, "O.all()", lookups()).is_ok());
    let checked = "if TYPE_CHECKING:\n    from shop.models import Line\n\nx = O.all()\n";
    assert!(written(checked, "O.all()", lines(&[])).is_err_and(|reason| reason.contains("type checking")));
}

#[test]
fn imports_of_several_proposals_compose() {
    let text = "from django.http import Http404\n\nx = O.all()\n\n\ndef f():\n    for row in P.all():\n        print(row)\n";
    let first = asking("a", text, "O.all()", lines(&["a"]));
    let second = asking("b", text, "P.all()", vec![rows("lines", "shop.models", &["b"]), plain("tags")]);
    let third = asking("c", text, "O.all()", vec![rows("lines", "shop.models", &["c"])]);
    let all = [&first, &second, &third];
    let files = Memory::one(text);
    for subset in 1_u32..8 {
        let mut chosen: Vec<&Proposal> =
            (0..3).filter(|at| subset & (1 << at) != 0).map(|at| all[at]).collect();
        let rendering = render(&files, &chosen);
        assert_eq!(rendering.withheld, []);
        let after = std::str::from_utf8(&rendering.files[0].after).expect("UTF-8");
        tuneup_python::edit::parse(after).expect("it parses");
        for import in ["from django.db.models import Prefetch\n", "from shop.models import Line\n"] {
            assert_eq!(after.matches(import).count(), 1, "{after}");
        }
        chosen.reverse();
        assert_eq!(render(&files, &chosen), rendering);
    }
    assert!(files.text("app/views.py").is_ok());
}
