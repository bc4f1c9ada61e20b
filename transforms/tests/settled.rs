//! What code does of a row where it changes how that stands, or makes what belongs to it.

mod support;

use support::check;

const MODELS: &str = "\
from django.db import models
from shop.models import Author

OPEN = 'open'
CLOSED = 'closed'


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
        "from shop.orders import CLOSED, Line, Order\n\n\n\
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
        ("if not order.lines.filter(number=1).exists():", "Safe"),
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
    check_loop(&["if not order.lines.filter(number=1).exists():", of_author], "Safe");
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
