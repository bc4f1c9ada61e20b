//! What code does of a row where it changes how that stands, or makes what belongs to it.

mod support;

use support::check;

const MODELS: &str = "\
from django.db import models
from shop.models import Author

OPEN = 'open'
CLOSED = 'closed'
STATES = object()


class Order(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    is_closed = models.BooleanField(default=False)
    state = models.CharField(max_length=9, default=OPEN)


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name='lines')
    author = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name='lines')
    number = models.IntegerField()
";

/// Checks how safe it is to join what a loop over orders reads.
#[track_caller]
fn check_loop(lines: &[&str], safety: &str) {
    let lines = lines.join("\n        ");
    let view = format!(
        "from shop.orders import CLOSED, STATES, Line, Order\n\n\n\
         def shown(request):\n    for order in Order.objects.order_by('pk'):\n        {lines}\n"
    );
    let expected = format!("{safety}: for order in Order.objects.order_by('pk'):: author");
    check(&[("orders.py", MODELS), ("views.py", &view)], &[&expected]);
}

const SHOW: &str = "    print(order.author.name)";

#[test]
fn what_changes_how_a_row_stands_is_done_of_those_that_stand_otherwise() {
    for (test, change) in [
        ("if not order.is_closed:", "    order.is_closed = True"),
        ("if order.is_closed:", "    order.is_closed = False"),
        ("if request.user and not order.is_closed:", "    order.is_closed = True"),
        ("if order.state != CLOSED:", "    order.state = CLOSED"),
        ("if not order.state == 'closed':", "    order.state = 'closed'"),
        ("if order.state != str(STATES[0]):", "    order.state = STATES[0]"),
        (
            "if order.state != CLOSED or not order.is_closed:",
            "    order.state = CLOSED\n            order.is_closed = True",
        ),
    ] {
        check_loop(&[test, change, SHOW], "Unsafe");
        check_loop(&[test, SHOW, change], "Unsafe");
        // It is read of all rows behind it.
        check_loop(&[test, change, SHOW.trim()], "Safe");
        check_loop(&[test, SHOW], "Safe");
    }
    for (test, change) in [
        ("if not order.is_closed:", "    order.is_closed = False"),
        ("if not order.is_closed:", "    order.state = CLOSED"),
        ("if order.state != CLOSED or not order.is_closed:", "    order.state = CLOSED"),
        ("if order.state == CLOSED:", "    order.state = CLOSED"),
        ("if order.state != CLOSED:", "    order.state = 'open'"),
        ("if order.state != str(STATES[0]):", "    order.state = STATES[1]"),
        ("if request.user:", "    order.is_closed = True"),
    ] {
        check_loop(&[test, change, SHOW], "Safe");
    }
}

#[test]
fn what_makes_what_belongs_to_a_row_is_done_of_those_that_have_none() {
    let made = "    Line.objects.create(order=order, number=1)";
    for (test, safety) in [
        ("if not order.lines.exists():", "Unsafe"),
        ("if order.lines.count() == 0:", "Unsafe"),
        ("if order.lines.exists():", "Safe"),
        ("if not order.lines.filter(number=1).exists():", "Unsafe"),
        ("if order.lines.filter(number=1).exists():", "Safe"),
    ] {
        check_loop(&[test, made, SHOW], safety);
        check_loop(
            &[test, &made.replace("Line.objects.create(order=order, ", "order.lines.create("), SHOW],
            safety,
        );
        check_loop(&[test, SHOW], "Safe");
    }
    // What makes them is found over what only these rows read.
    let of_author = "    order.author.lines.create(order=order, number=1)";
    check_loop(&["if not order.lines.exists():", of_author], "Unsafe");
    check_loop(&["if not order.lines.filter(number=1).exists():", of_author], "Unsafe");
    let view = format!(
        "from shop.orders import Line, Order\n\n\n\
         def shown(request):\n    for order in Order.objects.order_by('pk'):\n        \
         if not order.lines.all():\n        {made}\n        {SHOW}\n"
    );
    let line = "for order in Order.objects.order_by('pk'):";
    check(
        &[("orders.py", MODELS), ("views.py", &view)],
        &[&format!("Unsafe: {line}: author"), &format!("Unsafe: {line}: lines")],
    );
}

#[test]
fn what_makes_a_missing_row_where_that_is_caught_is_done_of_those_that_have_none() {
    let models = "\n\nclass Bill(models.Model):\n    order = models.OneToOneField(Order, on_delete=models.CASCADE)\n    \
                  author = models.ForeignKey(Author, on_delete=models.CASCADE)\n";
    let orders = format!("{MODELS}{models}");
    let line = "for order in Order.objects.order_by('pk'):";
    for (tried, caught, made, safety) in [
        ("order.bill", "Bill.DoesNotExist", "Bill(order=order, author=order.author).save()", "Unsafe"),
        ("bill = order.bill", "ObjectDoesNotExist", "Bill.objects.create(author=order.author)", "Unsafe"),
        ("order.bill", "Bill.DoesNotExist", "print(order.author.name)", "Safe"),
        ("order.bill", "Bill.DoesNotExist", "Line(author=order.author).save()", "Safe"),
        ("int(order.state)", "Bill.DoesNotExist", "Bill(order=order, author=order.author).save()", "Safe"),
        ("order.bill", "ValueError", "Bill(order=order, author=order.author).save()", "Safe"),
    ] {
        let view = format!(
            "from django.core.exceptions import ObjectDoesNotExist\nfrom shop.orders import Bill, Line, Order\n\n\n\
             def shown(request):\n    {line}\n        try:\n            {tried}\n        \
             except {caught}:\n            {made}\n"
        );
        let shop = support::Shop::new(&[("orders.py", &orders), ("views.py", &view)]);
        let proposals = shop.proposals();
        let of_author = proposals.iter().find(|it| it.fields.iter().any(|field| field == "author"));
        let found = of_author.map(|it| format!("{:?}", it.safety));
        assert_eq!(found.as_deref(), Some(safety), "{tried} {caught} {made}");
    }
}

/// Checks how safe it is to join what a loop over orders reads of their authors, beside functions that make what is missing.
#[track_caller]
fn check_found(lines: &[&str], safety: &str) {
    let lines = lines.join("\n        ");
    let view = format!(
        "from shop.orders import Line, Order\n\n\n\
         def numbered(order):\n    return Line.objects.create(order=order, author=order.author)\n\n\n\
         def named(order):\n    return Order(author=order.author)\n\n\n\
         def shown(request):\n    for order in Order.objects.order_by('pk'):\n        {lines}\n"
    );
    let expected = format!("{safety}: for order in Order.objects.order_by('pk'):: author");
    check(&[("orders.py", MODELS), ("views.py", &view)], &[&expected]);
}

#[test]
fn what_makes_a_row_where_none_is_found_is_done_of_those_for_which_there_is_none() {
    for (lines, test) in [
        ("", "if not Line.objects.filter(order=order).exists():"),
        ("line = Line.objects.filter(order=order).first()", "if line is None:"),
        ("line = Line.objects.filter(order=order).first()", "if not line:"),
    ] {
        check_found(&[lines, test, "    line = Line.objects.create(author=order.author)"], "Unsafe");
        check_found(&[lines, test, "    line = Line(author=order.author)", "    line.save()"], "Unsafe");
        check_found(&[lines, test, "    line = numbered(order)"], "Unsafe");
        // It makes nothing, or something else.
        check_found(&[lines, test, SHOW], "Safe");
        check_found(&[lines, test, "    line = named(order)"], "Safe");
    }
    check_found(
        &["if Line.objects.filter(order=order).exists():", "    Line.objects.create(author=order.author)"],
        "Safe",
    );
    // What is read behind it is read of all.
    check_found(
        &[
            "if not Line.objects.filter(order=order).exists():",
            "    Line.objects.create(order=order)",
            SHOW.trim(),
        ],
        "Safe",
    );
}

#[test]
fn what_makes_a_row_where_none_is_got_is_done_of_those_for_which_there_is_none() {
    let tried = &["try:", "    line = Line.objects.select_related('author').get(order=order)"];
    for (caught, made, safety) in [
        ("except Line.DoesNotExist:", "    line = Line(author=order.author)", "Unsafe"),
        ("except Line.DoesNotExist:", "    line = numbered(order)", "Unsafe"),
        ("except Line.DoesNotExist:", "    line = named(order)", "Safe"),
        ("except Line.DoesNotExist:", SHOW, "Safe"),
        ("except ValueError:", "    line = Line(author=order.author)", "Safe"),
    ] {
        check_found(&[tried[0], tried[1], caught, made], safety);
    }
}

#[test]
fn what_saves_a_row_where_something_of_it_was_changed_is_done_of_few() {
    let save = "    order.save(update_fields=[order.author.name])";
    for (flag, test, safety) in [
        ("changed = bool(order.state)", "if changed:", "Unsafe"),
        ("changed = order.state == OPEN", "if changed:", "Unsafe"),
        ("changed = order.lines.first()", "if changed:", "Safe"),
        ("changed = bool(order.state)", "if not changed:", "Safe"),
    ] {
        check_flag(&[flag, test, save], safety);
        check_flag(&[flag, test, "    print('saved')", save], safety);
        // It does more than that.
        check_flag(&[flag, test, save, "    yield order"], safety);
        check_flag(&[flag, test, "    yield order"], "None");
        check_flag(&[flag, test, "    for name in request:", "        print(order.author.name)"], "Safe");
        check_flag(&[flag, test, SHOW], "Safe");
    }
}

/// Checks how safe it is to join what a loop over orders reads of their authors, if anything.
#[track_caller]
fn check_flag(lines: &[&str], safety: &str) {
    let lines = lines.join("\n        ");
    let view = format!(
        "from shop.orders import OPEN, Order\n\n\n\
         def shown(request):\n    for order in Order.objects.order_by('pk'):\n        {lines}\n"
    );
    let proposals = support::Shop::new(&[("orders.py", MODELS), ("views.py", &view)]).proposals();
    let of_author = proposals.iter().find(|it| it.fields.iter().any(|field| field == "author"));
    let found = of_author.map_or_else(|| "None".to_owned(), |it| format!("{:?}", it.safety));
    assert_eq!(found, safety, "{lines}");
}
