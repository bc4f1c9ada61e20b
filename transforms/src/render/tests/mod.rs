//! Rendering, from proposals to bytes.

mod implied;
mod prefetch;

use std::collections::BTreeMap;

use ruff_text_size::{TextRange, TextSize};
use tuneup_django::Project;
use tuneup_python::SourceText;
use tuneup_python::edit::Layout;

use super::{Files, Rendering, render, render_each};
use crate::proposal::{Change, Lookup, Place, Proposal, QueryForm, Safety};

/// Files in memory.
struct Memory(BTreeMap<&'static str, Vec<u8>>);

impl Memory {
    fn one(bytes: impl Into<Vec<u8>>) -> Self {
        Self(BTreeMap::from([("app/views.py", bytes.into())]))
    }
}

impl Files for Memory {
    fn project(&self) -> Option<&Project> {
        None
    }

    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).cloned())
    }

    fn text(&self, path: &str) -> Result<SourceText, String> {
        let bytes = self.0.get(path).ok_or("no such file")?;
        SourceText::from_python(bytes.clone()).map_err(|fault| fault.message)
    }

    fn layout(&self, _path: &str) -> Layout {
        Layout::default()
    }

    fn module(&self, path: &str) -> Option<(String, bool)> {
        Some((path.strip_suffix(".py")?.replace('/', "."), false))
    }

    fn is_first_party(&self, top: &str) -> bool {
        ["app", "shop"].contains(&top)
    }

    fn may_lead_back(&self, module: &str, _path: &str) -> bool {
        module == "app.circle"
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// A proposal for the query that is written so, at its first place in the text.
fn proposal(id: &str, text: &str, query: &str, select: &[&str], prefetch: &[&str]) -> Proposal {
    let start = TextSize::try_from(text.find(query).expect("the query is in the text")).expect("short");
    let place = Place::new("app/views.py", TextRange::at(start, TextSize::of(query)));
    let prefetch = prefetch.iter().map(|path| Lookup { path: (*path).to_owned(), queryset: None });
    let change = Change::ExtendPlan {
        query: place.clone(),
        form: QueryForm::Chain,
        select: strings(select),
        prefetch: prefetch.collect(),
    };
    Proposal {
        id: id.to_owned(),
        rule: "test",
        safety: Safety::Safe,
        title: String::new(),
        message: String::new(),
        place,
        symbol: String::new(),
        model: None,
        fields: Vec::new(),
        evidence: Vec::new(),
        changes: vec![change],
    }
}

/// The text after one proposal for `query`.
fn after(text: &str, query: &str, select: &[&str], prefetch: &[&str]) -> String {
    let proposal = proposal("p", text, query, select, prefetch);
    let rendering = render(&Memory::one(text), &[&proposal]);
    assert_eq!(rendering.withheld, []);
    String::from_utf8(rendering.files[0].after.clone()).expect("UTF-8")
}

fn reason(text: &str, query: &str, select: &[&str], prefetch: &[&str]) -> String {
    let proposal = proposal("p", text, query, select, prefetch);
    let rendering = render(&Memory::one(text), &[&proposal]);
    assert_eq!(rendering.files, []);
    assert_eq!(rendering.withheld.len(), 1);
    rendering.withheld[0].1.clone()
}

#[test]
fn each_of_many_comes_to_what_it_comes_to_alone() {
    let body: String = (0..40).map(|n| format!("x{n} = A{n}.objects.all()\n")).collect();
    for text in
        [format!("from shop.models import *\n\n{body}y = A7.objects.get(*z)\n"), format!("{body}x = (1")]
    {
        let mut all: Vec<Proposal> = (0..40)
            .map(|n| proposal(&n.to_string(), &text, &format!("A{n}.objects.all()"), &["author"], &[]))
            .collect();
        all[3].changes.clear();
        all[5].place.path = "app/gone.py".to_owned();
        let each: Vec<&Proposal> = all.iter().rev().collect();
        let files = Memory::one(text.as_str());
        let together = render_each(&files, &each, |proposal, rendering| (proposal.id.clone(), rendering));
        let alone = each.iter().map(|it| (it.id.clone(), render(&files, &[it])));
        assert_eq!(together, alone.collect::<Vec<_>>());
    }
}

#[test]
fn calls_are_appended_joins_first() {
    let all = "Article.objects.all()";
    assert_eq!(
        after("x = Article.objects.all()\n", all, &["author"], &["tags"]),
        "x = Article.objects.all().select_related(\"author\").prefetch_related(\"tags\")\n"
    );
    assert_eq!(
        after("model = Article.objects\n", "Article.objects", &["author", "topic"], &[]),
        "model = Article.objects.select_related(\"author\", \"topic\")\n"
    );
}

#[test]
fn calls_that_are_there_are_extended() {
    let text = "x = A.objects.select_related('author').filter(a='b')\n";
    let query = "A.objects.select_related('author').filter(a='b')";
    assert_eq!(
        after(text, query, &["topic"], &["tags"]),
        "x = A.objects.select_related('author', 'topic').filter(a='b').prefetch_related('tags')\n"
    );
    assert_eq!(
        after(text, query, &["author__country", "topic"], &[]),
        "x = A.objects.select_related('author__country', 'topic').filter(a='b')\n"
    );
    assert_eq!(
        after(text, "A.objects", &["topic"], &[]),
        "x = A.objects.select_related('author', 'topic').filter(a='b')\n"
    );
    let text = "x = A.objects.select_related('author', 'author__country')\n";
    assert_eq!(
        after(text, "A.objects.select_related('author', 'author__country')", &["author__country__king"], &[]),
        "x = A.objects.select_related('author', 'author__country__king')\n"
    );
    let text = "x = A.objects.prefetch_related(*more, using='x')\n";
    assert_eq!(
        after(text, "A.objects.prefetch_related(*more, using='x')", &[], &["tags"]),
        "x = A.objects.prefetch_related(*more, using='x').prefetch_related('tags')\n"
    );
}

#[test]
fn calls_of_another_query_stay() {
    let text = "x = a.articles.select_related('author').get(b=c).comments.all()\n";
    assert_eq!(
        after(text, "a.articles.select_related('author').get(b=c).comments.all()", &["user"], &[]),
        "x = a.articles.select_related('author').get(b=c).comments.all().select_related('user')\n"
    );
    let text = "x = A.objects.get(b=c).comments.select_related('user')\n";
    assert_eq!(
        after(text, "A.objects", &["author"], &[]),
        "x = A.objects.select_related('author').get(b=c).comments.select_related('user')\n"
    );
}

#[test]
fn calls_that_take_back_count_from_there() {
    let text = "x = A.objects.select_related(\"author\").select_related(None)\n";
    assert_eq!(
        after(text, "A.objects.select_related(\"author\").select_related(None)", &["author"], &[]),
        "x = A.objects.select_related(\"author\").select_related(None).select_related(\"author\")\n"
    );
    let text = "x = A.objects.select_related()\n";
    assert!(reason(text, "A.objects.select_related()", &["author"], &[]).contains("without arguments"));
}

#[test]
fn what_is_loaded_is_not_written_again() {
    let text = "x = A.objects.select_related(\"author__country\").prefetch_related(\"tags__owner\")\n";
    let query = "A.objects.select_related(\"author__country\").prefetch_related(\"tags__owner\")";
    assert_eq!(reason(text, query, &["author"], &["tags"]), "the query loads this already");
}

const MANY: &str = "\
def f(request):
    articles = Article.objects.filter(a=1)  # newest
    for topic in Topic.objects.all():
        print(topic.section)
    return (
        Comment.objects
        .filter(article__in=Article.objects.all())  # all of them
    )
";

const ALL: &str = "\
def f(request):
    articles = (
        Article.objects.filter(a=1)
        .select_related(\"author__country\", \"topic\")
        .prefetch_related(\"tags\")
    )  # newest
    for topic in Topic.objects.all().select_related(\"section\"):
        print(topic.section)
    return (
        Comment.objects
        .filter(article__in=Article.objects.all().select_related(\"author\"))  # all of them
        .select_related(\"user\")
        .prefetch_related(\"likes\")
    )
";

fn many() -> Vec<Proposal> {
    let comments = "Comment.objects\n        .filter(article__in=Article.objects.all())";
    vec![
        proposal("a", MANY, "Article.objects.filter(a=1)", &["author"], &[]),
        proposal("b", MANY, "Article.objects.filter(a=1)", &["author__country", "topic"], &["tags"]),
        proposal("c", MANY, "Topic.objects.all()", &["section"], &[]),
        proposal("d", MANY, "Article.objects.all()", &["author"], &[]),
        proposal("e", MANY, comments, &["user"], &["likes"]),
    ]
}

fn text_of(rendering: &Rendering) -> &str {
    std::str::from_utf8(&rendering.files[0].after).expect("UTF-8")
}

#[test]
fn all_proposals_of_a_file_compose() {
    let proposals = many();
    let rendering = render(&Memory::one(MANY), &proposals.iter().collect::<Vec<_>>());
    assert_eq!(rendering.withheld, []);
    assert_eq!(text_of(&rendering), ALL);
}

#[test]
fn any_subset_in_any_order_renders_to_the_same_sound_text() {
    let proposals = many();
    for subset in 1_u32..(1 << proposals.len()) {
        let chosen: Vec<&Proposal> =
            proposals.iter().enumerate().filter(|(at, _)| subset & (1 << at) != 0).map(|(_, p)| p).collect();
        let files = Memory::one(MANY);
        let rendering = render(&files, &chosen);
        assert_eq!(rendering.withheld, [], "{subset:b}");
        let after = text_of(&rendering);
        tuneup_python::edit::parse(after).expect("it parses");
        assert_eq!(after.matches('#').count(), 2);
        for turn in 0..chosen.len() {
            let mut turned = chosen.clone();
            turned.rotate_left(turn);
            assert_eq!(render(&files, &turned), rendering);
            turned.reverse();
            assert_eq!(render(&files, &turned), rendering);
        }
    }
}

#[test]
fn edits_make_the_bytes_that_are_written() {
    let latin = b"# coding: latin-1\nn = '\xe9\xe8'\r\nx = A.objects.all()\t # \xfc\r\n".to_vec();
    let marked = "\u{feff}x = '€'\r\nx = A.objects.all()\n\ty = 1\n".replace("\n\ty", "\ny").into_bytes();
    for bytes in [latin, marked] {
        let files = Memory::one(bytes.clone());
        let text = files.text("app/views.py").expect("a file").text().to_owned();
        let proposal = proposal("p", &text, "A.objects.all()", &["author"], &[]);
        let rendering = render(&files, &[&proposal]);
        assert_eq!(rendering.withheld, []);
        let [file] = &rendering.files[..] else { panic!("one file") };
        assert_eq!(file.before.as_deref(), Some(&bytes[..]));
        let mut made = bytes.clone();
        for (start, end, content) in file.edits.iter().rev() {
            made.splice(*start..*end, content.bytes());
        }
        assert_eq!(made, file.after);
        let (start, end, content) = &file.edits[0];
        assert_eq!((start, content.as_str()), (end, ".select_related('author')"));
        assert!(bytes[..*start].ends_with(b"A.objects.all()"));
    }
}

#[test]
fn a_proposal_that_fails_is_withheld_whole_and_the_rest_is_written() {
    let other = "x = B.objects.all()\n";
    let text = "x = A.objects.all()\ny = A.objects.none()\n";
    let files = Memory(BTreeMap::from([("app/views.py", text.into()), ("app/other.py", other.into())]));
    let good = proposal("good", text, "A.objects.all()", &["author"], &[]);
    let mut bad = proposal("bad", text, "A.objects.none()", &["author"], &[]);
    let place = Place::new("app/other.py", TextRange::new(5.into(), 9.into()));
    bad.changes.push(Change::ExtendPlan {
        query: place,
        form: QueryForm::Chain,
        select: strings(&["author"]),
        prefetch: Vec::new(),
    });
    let mut gone = proposal("gone", text, "A.objects.all()", &["topic"], &[]);
    gone.changes.push(Change::ExtendPlan {
        form: QueryForm::Chain,
        query: Place::new("app/gone.py", TextRange::new(0.into(), 1.into())),
        select: strings(&["author"]),
        prefetch: Vec::new(),
    });
    let rendering = render(&files, &[&gone, &good, &bad]);
    let withheld: Vec<&str> = rendering.withheld.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(withheld, ["bad", "gone"]);
    assert_eq!(text_of(&rendering), "x = A.objects.all().select_related(\"author\")\ny = A.objects.none()\n");
}

#[test]
fn a_file_with_a_syntax_error_is_not_written() {
    assert!(
        reason("x = A.objects.all()\ndef f(:\n", "A.objects.all()", &["author"], &[])
            .contains("syntax error")
    );
}
