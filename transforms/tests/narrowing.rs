//! What a test tells of what it tests, in the code behind it; and code that runs for few rows.

mod support;

use support::check;

const SLOTS: &str = r#"
from django.db import models
from shop.models import Author, Book


class Kind(models.Model):
    minutes = models.IntegerField(default=30)

    class Meta:
        app_label = "shop"


class Slot(models.Model):
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)
    minutes = models.IntegerField(null=True)
    kind = models.ForeignKey(Kind, on_delete=models.CASCADE, related_name="slots")
    book = models.ForeignKey(Book, null=True, on_delete=models.CASCADE, related_name="slots")
    host = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        app_label = "shop"

    def length(self):
        if self.minutes is None:
            return self.kind.minutes
        return self.minutes

    def until(self):
        return self.end or self.start + self.length()

    def name(self):
        return self.host.name if self.host else ""

    def overlaps(self, other):
        return self.start < other.end and other.start < self.end

    def find_host(self):
        self.host = Author.objects.first()
"#;

/// These fields are read for every row.
#[track_caller]
fn reads(body: &[&str], fields: &str) {
    found(body, "Safe", fields);
}

/// These fields are read for the rows that lack something else.
#[track_caller]
fn reads_instead(body: &[&str], fields: &str) {
    found(body, "Unsafe", fields);
}

#[track_caller]
fn found(body: &[&str], safety: &str, fields: &str) {
    let body = body.join("\n    ");
    let code = format!(
        "from shop.models import Author, Book\nfrom shop.slots import Kind, Slot\n\n\n\
         def lasting(minutes=None, slot=None):\n    \
             if minutes is not None:\n        return minutes\n    \
             return slot.kind.minutes\n\n\n\
         def slots_since(start, slots=None):\n    \
             if slots is None:\n        slots = Slot.objects.filter(pk__gt=0)\n    \
             return slots.filter(start__gt=start)\n\n\n\
         def shown(request, start):\n    {body}\n"
    );
    let line = body.lines().next().unwrap_or_default();
    let expected = format!("{safety}: {line}: {fields}");
    let expected: &[&str] = if fields.is_empty() { &[] } else { &[&expected] };
    check(&[("slots.py", SLOTS), ("views.py", &code)], expected);
}

const LOOP: &str = "for slot in Slot.objects.order_by('pk'):";

#[test]
fn a_relation_that_a_test_found_to_be_null_stays_null() {
    reads(&[LOOP, "    if not slot.host_id:", "        print(slot.host.name)"], "");
    reads(&[LOOP, "    if slot.host is None:", "        print(slot.name())"], "host");
    // In a list, and in a method of the row.
    reads(
        &[
            "left = {}",
            LOOP,
            "    if not slot.host_id:",
            "        left.setdefault(slot.pk, slot)",
            "for slot in left.values():",
            "    print(slot.name())",
        ],
        "",
    );
    let late = ["    if slot.host_id:", "        continue", "    print(slot.name())"];
    reads(&[&[LOOP], &late[..]].concat(), "");
    reads(&["print([slot.name() for slot in Slot.objects.order_by('pk') if slot.host_id is None])"], "");
}

#[test]
fn several_relations_stay_null_and_that_of_the_owner_is_never() {
    let both = "slot.host_id is None and slot.book_id is None";
    let shown = |test: &str| {
        format!("print([(slot.name(), slot.book) for slot in Slot.objects.order_by('pk') if {test}])")
    };
    reads(&[&shown(both)], "");
    reads(&[&shown("slot.host_id is None")], "book");
    let owner = ["book = Book.objects.get()", "for slot in book.slots.order_by('pk'):"];
    reads(&[&owner[..], &["    if not slot.book_id:", "        print(slot.kind.minutes)"]].concat(), "");
    reads(&[LOOP, "    if not slot.book_id:", "        print(slot.kind.minutes)"], "kind");
}

#[test]
fn what_must_be_null_costs_nothing() {
    for stop in ["assert slot.host is None", "assert not slot.host"] {
        reads(&[LOOP, &format!("    {stop}"), "    print(slot.name())"], "");
    }
    let raise = |test: &str| format!("    if {test}: raise ValueError");
    reads(&[LOOP, &raise("slot.host"), "    print(slot.name())"], "");
    reads(&[LOOP, &raise("slot.host is not None")], "");
    reads(&[LOOP, "    assert slot.host is not None"], "host");
    reads(&[LOOP, &raise("slot.host is None")], "host");
}

#[test]
fn what_a_test_told_ends_with_the_branch_and_with_what_changes_it() {
    reads(&[LOOP, "    if not slot.host_id:", "        print(slot.pk)", "    print(slot.host)"], "host");
    reads(
        &[LOOP, "    if not slot.book_id:", "        slot.find_host()", "    print(slot.kind.minutes)"],
        "kind",
    );
    reads(
        &[
            LOOP,
            "    if slot.end is None:",
            "        slot.end = start",
            "    if slot.end is not None:",
            "        print(slot.kind.minutes)",
        ],
        "kind",
    );
    reads(
        &[LOOP, "    if slot.end is None:", "        if slot.end:", "            print(slot.kind.minutes)"],
        "",
    );
    // Each turn is of another row.
    reads(
        &[
            LOOP,
            "    if slot.end is None:",
            "        print(slot.kind.minutes)",
            "        continue",
            "    print(slot.pk)",
        ],
        "kind",
    );
}

#[test]
fn an_argument_that_cannot_be_none_decides_the_branch_of_a_parameters_default() {
    for (given, fields) in [
        ("slot.kind_id, slot", ""),
        ("0, slot", ""),
        ("slot.start, slot", ""),
        ("slot.end, slot", "kind"),
        ("None, slot", "kind"),
        ("slot=slot", "kind"),
    ] {
        reads(&[LOOP, &format!("    print(lasting({given}))")], fields);
    }
    reads(&[LOOP, "    if slot.end is not None:", "        print(lasting(slot.end, slot))"], "");
    reads_instead(&[LOOP, "    print(lasting(slot.length(), slot))"], "kind");
    reads(
        &[
            "slots = Slot.objects.select_related('host')",
            "for slot in slots_since(start, slots):",
            "    print(slot.name())",
        ],
        "",
    );
}

#[test]
fn what_is_left_of_a_nullable_column_and_its_stand_in_is_not_null() {
    reads(
        &[
            "kind = Kind.objects.get()",
            "for slot in kind.slots.order_by('pk'):",
            "    print(lasting(slot.length(), slot))",
        ],
        "",
    );
}

#[test]
fn a_fallback_of_a_fallback_is_read_for_few_rows() {
    reads_instead(&[LOOP, "    print(slot.length())"], "kind");
    reads(&[LOOP, "    print(slot.until())"], "");
    reads_instead(&[LOOP, "    print(slot.end or slot.kind.minutes)"], "kind");
    reads(&[LOOP, "    print(slot.end or slot.minutes or slot.kind.minutes)"], "");
    // A function within returns something else.
    let length = |last: &str| {
        format!(
            "from shop.slots import Slot\n\n\ndef length(slot):\n    \
             if slot.end is None:\n        \
             if slot.minutes is None:\n            return slot.kind.minutes\n        \
             return slot.minutes\n    {last}\n\n\n\
             def shown(request):\n    {LOOP}\n        print(length(slot))\n"
        )
    };
    let instead = format!("Unsafe: {LOOP}: kind");
    check(&[("slots.py", SLOTS), ("views.py", &length("return slot.end"))], &[]);
    check(
        &[("slots.py", SLOTS), ("views.py", &length("return sorted(start, key=lambda it: it.end)"))],
        &[&instead],
    );
    // What is open as yet is most often the rule.
    reads(
        &[LOOP, "    if slot.end is None and slot.minutes is None:", "        print(slot.kind.minutes)"],
        "kind",
    );
}

#[test]
fn what_is_read_of_rows_that_go_together_in_pairs_is_read_for_few() {
    let pairs = |test: &str| {
        reads_pairs(&format!("        if {test}:"), "");
    };
    pairs("slot.overlaps(last[-1])");
    pairs("last and slot.overlaps(last[-1])");
    reads_pairs("        if slot.end:", "kind");
    reads(
        &[
            "slots = list(Slot.objects.order_by('pk'))",
            "for slot in slots:",
            "    print([other.kind.minutes for other in slots if slot.overlaps(other)])",
        ],
        "",
    );
}

#[track_caller]
fn reads_pairs(test: &str, fields: &str) {
    let body = [
        "last = list(Slot.objects.order_by('pk'))",
        "for part in [1, 2]:",
        "    for slot in list(last):",
        test,
        "            print(slot.kind.minutes)",
    ];
    reads(&body, fields);
}

#[test]
fn what_a_branch_reads_that_complains_to_a_log_is_read_for_few() {
    let branch = |last: &str| {
        let last = format!("        {last}");
        reads(&[LOOP, "    if not slot.book:", "        print(slot.kind.minutes)", &last], "book");
    };
    branch("logger.warning('No book: %s', slot.pk)");
    branch("log.error('No book')");
    reads(
        &[LOOP, "    if not slot.book:", "        print(slot.kind.minutes)", "        logger.info('none')"],
        "kind, book",
    );
    reads(&[LOOP, "    print(slot.kind.minutes)", "    logger.warning(slot.pk)"], "kind");
    // Of other rows than those that lack something there may be many.
    let warned = ["    if slot.pk not in start:", "        print(slot.kind.minutes)"];
    reads_instead(&[LOOP, warned[0], warned[1], "        self.logger.warning(1)"], "kind");
    reads(&[LOOP, warned[0], warned[1], "        self.logger.info(1)"], "kind");
    reads(
        &[LOOP, warned[0], warned[1], "        logger.warning(1)", "    else:", "        logger.warning(2)"],
        "kind",
    );
}

#[test]
fn what_stands_in_for_a_related_row_that_has_the_same_is_read_for_those_that_lack_it() {
    let either = |then: &str, orelse: &str| format!("    print({then} if slot.host else {orelse})");
    let two = |line: &str, expected: &[&str]| {
        let code = format!("from shop.slots import Slot\n\n\ndef shown(request):\n    {LOOP}\n    {line}\n");
        check(&[("slots.py", SLOTS), ("views.py", &code)], expected);
    };
    two(
        &either("slot.host.name", "slot.kind.name"),
        &[&format!("Safe: {LOOP}: host"), &format!("Unsafe: {LOOP}: kind")],
    );
    two(&either("slot.host.name", "slot.kind.minutes"), &[&format!("Safe: {LOOP}: kind, host")]);
}

#[test]
fn what_is_asked_last_of_a_row_is_not_asked_of_all() {
    let tests = "other(slot) or late(slot) or open(slot)";
    let asked = |test: &str| format!("        if {test} or slot.kind.minutes > 3:");
    let helpers = "other = late = open = start";
    let rows = "for slot in Slot.objects.order_by('pk'):";
    let body = |test: &str, then: &str, end: &str| {
        format!(
            "from shop.slots import Slot\n\n\ndef shown(request, start):\n    {helpers}\n    \
             {rows}\n{}\n            {then}\n        {end}\n",
            asked(test)
        )
    };
    let of = |code: String, expected: &[&str]| {
        check(&[("slots.py", SLOTS), ("views.py", &code)], expected);
    };
    of(body(tests, "print(slot.pk)", "print(start)"), &[&format!("Unsafe: {rows}: kind")]);
    // A search for one row passes over the others.
    of(body(tests, "continue", "return slot.pk"), &[]);
    of(body(tests, "continue", "if start(4):\n            return slot.pk"), &[]);
    // What leaves something else than the loop ends no search.
    for end in [
        "for part in start:\n            break",
        "def first():\n            return slot.pk",
        "start(lambda: slot.pk)",
    ] {
        of(body(tests, "continue", end), &[&format!("Unsafe: {rows}: kind")]);
    }
    of(
        body("other(slot) or late(slot)", "print(slot.pk)", "print(start)"),
        &[&format!("Safe: {rows}: kind")],
    );
    of(body("start(1) or start(2) or start(3)", "print(slot.pk)", "pass"), &[&format!("Safe: {rows}: kind")]);
}

#[test]
fn what_a_flag_demands_that_is_not_set_by_default_is_not_read_for_all() {
    let code = |default: &str, test: &str, call: &str| {
        format!(
            "from shop.slots import Slot\n\n\ndef show(slot, full={default}):\n    \
             if {test}:\n        print(slot.kind.minutes)\n\n\n\
             def shown(request, full={default}):\n    {LOOP}\n        show({call})\n"
        )
    };
    let of = |default: &str, test: &str, call: &str, safety: &str| {
        let expected = format!("{safety}: {LOOP}: kind");
        let expected: &[&str] = if safety.is_empty() { &[] } else { &[&expected] };
        check(&[("slots.py", SLOTS), ("views.py", &code(default, test, call))], expected);
    };
    of("False", "full", "slot, full", "Unsafe");
    of("True", "full", "slot, full", "Safe");
    of("True", "not full", "slot, full", "Unsafe");
    of("False", "full", "slot, True", "Safe");
    of("False", "full", "slot", "");
    of("None", "full", "slot, full", "Safe");
    // A rehearsal is not what the code is for.
    let rehearsed = code("True", "not full", "slot, full").replace("full", "dry_run");
    check(&[("slots.py", SLOTS), ("views.py", &rehearsed)], &[&format!("Safe: {LOOP}: kind")]);
}

#[test]
fn rows_that_are_due_on_a_day_are_few() {
    let due = |test: &str| {
        [
            LOOP.to_string(),
            "    days = (slot.start - start).days".to_owned(),
            format!("    if {test}:"),
            "        continue".to_owned(),
            "    print(slot.kind.minutes)".to_owned(),
        ]
    };
    let of = |test: &str, fields: &str| {
        let lines = due(test);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        reads(&lines, fields);
    };
    of("days not in (2, 7)", "");
    of("days != 7", "");
    of("days > 7", "kind");
    of("days in (2, 7)", "kind");
    // A function within has variables of its own.
    let within = [
        "def between(one, two, three):",
        "    days = (one.start - two).days",
        "    return days",
        LOOP,
        "    days = slot.minutes",
        "    if days != 7:",
        "        continue",
        "    print(slot.kind.minutes)",
    ];
    let code = |lines: &[&str]| {
        format!("from shop.slots import Slot\n\n\ndef shown(start):\n    {}\n", lines.join("\n    "))
    };
    let read = format!("Safe: {LOOP}: kind");
    check(&[("slots.py", SLOTS), ("views.py", &code(&within))], &[&read]);
}

#[test]
fn what_is_read_while_children_are_looped_over_is_read_of_rows_that_have_some() {
    let code = |own: &str, asked: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author\n\n\nclass Page(models.Model):\n    \
             parent = models.ForeignKey('self', null=True, on_delete=models.CASCADE)\n    \
             owner = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    \
             class Meta:\n        app_label = 'shop'\n\n    \
             def show(self):\n        {own}\n        \
             for other in Page.objects.filter({asked}):\n            print(self.owner.name)\n\n\n\
             def shown(request):\n    \
             for page in Page.objects.order_by('pk'):\n        page.show()\n"
        )
    };
    let of = |own: &str, asked: &str, safety: &str| {
        let expected = format!("{safety}: for page in Page.objects.order_by('pk'):: owner");
        check(&[("pages.py", &code(own, asked))], &[&expected]);
    };
    of("pass", "parent=self", "Unsafe");
    of("print(self.owner.name)", "parent=self", "Safe");
    of("pass", "owner_id=self.owner_id", "Safe");
}

const BOOKS: &str = "for book in Book.objects.order_by('pk'):";

#[test]
fn what_a_test_finds_a_column_to_hold_it_holds_behind_it() {
    let within = |tests: &[&str], reads: &str| {
        let mut body = vec![BOOKS.to_owned()];
        body.extend(tests.iter().enumerate().map(|(n, test)| format!("{}{test}", "    ".repeat(n + 1))));
        body.push(format!("{}print(book.author)", "    ".repeat(tests.len() + 1)));
        found(&body.iter().map(String::as_str).collect::<Vec<_>>(), "Safe", reads);
    };
    within(&["if book.title == 'a':"], "author");
    within(&["if book.title == 'a':", "if book.title == 'b':"], "");
    within(&["if book.title in ('a', 'c'):", "if book.title in ('b', 'd'):"], "");
    within(&["if book.title in ('a', 'c'):", "if book.title in ('c', 'd'):"], "author");
    within(&["if book.title != 'a':", "if book.title == 'a':"], "");
    within(&["if book.title != 'a':", "if book.title != 'b':"], "author");
    // What is not known to be equal to anything, and what was changed since.
    within(&["if book.title == str(start):", "if book.title == 'b':"], "author");
    let after = |step: &str, fields: &str| {
        let body = [
            BOOKS,
            "    same = book",
            "    if book.title == 'a':",
            &format!("        {step}"),
            "        if book.title == 'b':",
            "            print(book.author)",
        ];
        found(&body, "Safe", fields);
    };
    for change in [
        "book.title = 'b'",
        "done = book.delete()",
        "book.changed()",
        "same.title = 'b'",
        "same.changed()",
        "start(book)",
        "start(row=same)",
    ] {
        after(change, "author");
    }
    for step in ["pass", "other = book", "start(book.pk)", "start(book.title)"] {
        after(step, "");
    }
}

#[test]
fn what_is_read_for_some_kinds_of_rows_is_paid_for_by_the_others() {
    let kinds = |first: &str, then: &str, safety: &str| {
        found(
            &[
                BOOKS,
                &format!("    {first}"),
                "        continue",
                &format!("    {then}"),
                "        print(book.author)",
            ],
            safety,
            "author",
        );
    };
    kinds("if book.title == 'a':", "if book.title == 'b':", "Unsafe");
    kinds("if book.title in ('a', 'c'):", "if book.title == 'b':", "Unsafe");
    kinds("if book.title == 'a' or book.title == 'c':", "if start and book.title in ('b', 'd'):", "Unsafe");
    kinds("if book.title == 'a':", "elif book.title == 'b':", "Unsafe");
    // One test alone, one of something else, and what all others do.
    kinds("if book.title == 'a':", "if book.title != 'b':", "Safe");
    kinds("if book.title == 'a':", "if book.editor_id == 3:", "Safe");
    kinds("if book.title == 'a':", "else:", "Safe");
}

const ESSAYS: &str = r#"
from django.db import models
from shop.models import Author


class Essay(models.Model):
    class State(models.IntegerChoices):
        NEW = 10, "new"
        OUT = 20, "out"
        DONE = 30, "done"

    state = models.IntegerField(choices=State.choices)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
"#;

#[test]
fn of_rows_of_several_queries_a_test_leaves_those_that_can_pass_it() {
    let view = |end: &str| {
        format!(
            "from django.shortcuts import render\nfrom shop.essays import Essay\n\n\n\
             def shown(request):\n    \
             essays = list(Essay.objects.filter(state=Essay.State.OUT))\n    \
             if request.GET:\n        \
             essays += list(Essay.objects.filter(state=Essay.State.DONE))\n    {end}\n"
        )
    };
    let out = "Safe: essays = list(Essay.objects.filter(state=Essay.State.OUT)): author";
    let done = "Safe: essays += list(Essay.objects.filter(state=Essay.State.DONE)): author";
    let both: &[&str] = &[out, done];
    for (test, expected) in [
        ("essay.state == essay.State.DONE", &both[1..]),
        ("essay.state == essay.State.OUT", &both[..1]),
        ("essay.state != essay.State.OUT", &both[1..]),
        ("essay.pk != 3", both),
    ] {
        let code = format!("for essay in essays:\n        if {test}:\n            print(essay.author.name)");
        check(&[("essays.py", ESSAYS), ("views.py", &view(&code))], expected);
        let template = format!(
            "{{% for essay in essays %}}{{% if essay.state == 10 %}}x{{% elif {test} %}}{{{{ essay.author.name }}}}{{% endif %}}{{% endfor %}}"
        );
        let rendered = view("return render(request, 'shop/essays.html', {'essays': essays})");
        check(
            &[("essays.py", ESSAYS), ("views.py", &rendered), ("templates/shop/essays.html", &template)],
            expected,
        );
    }
    // Behind the test they are what they were.
    let code = "for essay in essays:\n        \
                if essay.state == essay.State.DONE:\n            \
                print(essay.pk)\n        \
                print(essay.author.name)";
    check(&[("essays.py", ESSAYS), ("views.py", &view(code))], both);
    let template = "{% for essay in essays %}{% if essay.state == essay.State.DONE %}x{% endif %}{{ essay.author.name }}{% endfor %}";
    let rendered = view("return render(request, 'shop/essays.html', {'essays': essays})");
    check(&[("essays.py", ESSAYS), ("views.py", &rendered), ("templates/shop/essays.html", template)], both);
    // What code sets, the query does not say.
    let code = "for essay in essays:\n        \
                essay.state = request.GET['state']\n        \
                if essay.state == essay.State.DONE:\n            \
                print(essay.author.name)";
    check(&[("essays.py", ESSAYS), ("views.py", &view(code))], both);
}

#[test]
fn what_a_dict_is_made_with_no_default_stands_in_for() {
    let view = |made: &str| {
        format!(
            "from shop.models import Author, Book\n\n\n\
             def named(book, known):\n    \
             return book.title if known is not None else book.author.name\n\n\n\
             def listed(request, **given):\n    {made}\n    \
             return [named(book, options.get('known')) for book in Book.objects.order_by('pk')]\n"
        )
    };
    let read: &[&str] =
        &["Safe: return [named(book, options.get('known')) for book in Book.objects.order_by('pk')]: author"];
    let known = "{author.pk: author for author in Author.objects.all()}";
    check(&[("views.py", &view(&format!("options = {{'known': {known}}}")))], &[]);
    check(&[("views.py", &view("options = {'other': 1}"))], read);
    check(&[("views.py", &view("options = {'known': None}"))], read);
    check(&[("views.py", &view("options = given"))], read);
    // One that is put there by a branch alone may be missing.
    let branch = format!("options = {{}}\n    if request.GET:\n        options['known'] = {known}");
    check(&[("views.py", &view(&branch))], read);
    let handed = format!("{branch}\n    options = dict(**options)");
    check(&[("views.py", &view(&handed))], read);
}
