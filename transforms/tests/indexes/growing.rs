//! How many rows a table has, and how many of them a query finds: where they are few, no index is wanted.

use crate::{ORDER, check};

#[test]
fn a_unique_column_beside_leaves_one_row() {
    check(ORDER, "def show(request):\n    return Order.objects.get(number='1', token='x')\n", &[]);
}

#[test]
fn booleans_and_few_values_alone_get_none() {
    check(
        ORDER,
        "def show(request):\n    return list(Order.objects.filter(is_paid=False, status='open'))\n",
        &[],
    );
}

#[test]
fn what_people_set_up_is_short() {
    let models = |name: &str| {
        format!(
            "class {name}(models.Model):\n    user = models.ForeignKey(User, on_delete=models.CASCADE)\n    \
             board = models.CharField(max_length=50)\n    created = models.DateTimeField(auto_now_add=True)\n"
        )
    };
    let views =
        |name: &str| format!("def show(request):\n    return list({name}.objects.filter(board='x'))\n");
    check(&models("Visit"), &views("Visit"), &["shop.Visit: board"]);
    check(&models("TableConfig"), &views("TableConfig"), &["shop.TableConfig: board (advice)"]);
}

#[test]
fn tables_that_do_not_grow_get_none() {
    let models = r#"
class Country(models.Model):
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["name"]
"#;
    check(
        models,
        "def show(request):\n    Country.objects.get(code='x')\n    return list(Country.objects.all()[:20])\n",
        &[],
    );
}

#[test]
fn the_rows_of_one_owner_in_order_where_there_are_many() {
    let models = r#"
class Album(models.Model):
    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)


class AccessLog(models.Model):
    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)
"#;
    check(
        models,
        "
def show(request):
    Album.objects.filter(owner=request.user).order_by('-created').first()
    return list(AccessLog.objects.filter(owner=request.user).order_by('-created')[:10])
",
        &["shop.AccessLog: owner, -created"],
    );
}

#[test]
fn one_of_two_columns_that_find_the_row_is_enough() {
    let models = r#"
class Ticket(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    ticket_id = models.CharField(max_length=40)
    ticket_key = models.CharField(max_length=40)
    created = models.DateTimeField(auto_now_add=True)
"#;
    let views = r#"
def show(request, ticket):
    return Ticket.objects.get(ticket_id=ticket)


def search(request, ticket, key):
    return list(Ticket.objects.filter(ticket_id=ticket, ticket_key=key))
"#;
    check(models, views, &["shop.Ticket: ticket_id"]);
}

#[test]
fn the_rows_that_a_joining_table_gives_to_one_row_are_few() {
    let models = r#"
class Block(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    block_key = models.CharField(max_length=40)
    created = models.DateTimeField(auto_now_add=True)


class Page(models.Model):
    blocks = models.ManyToManyField(Block)
"#;
    let views = r#"
def show(request, pk, key):
    page = Page.objects.get(pk=pk)
    return page.blocks.get(block_key=key)
"#;
    check(models, views, &[]);
}

#[test]
fn unmanaged_and_proxy_models_and_those_of_packages() {
    let models = r#"
class View(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)

    class Meta:
        managed = False


class Invite(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)


class Open(Invite):
    class Meta:
        proxy = True
"#;
    check(
        models,
        "
def show(request):
    View.objects.get(token='x')
    User.objects.get(email='x')
    return Open.objects.get(token='x')
",
        &["shop.Invite: token"],
    );
}

#[test]
fn a_table_gets_three_and_the_rest_is_advice() {
    let models = r#"
class Thing(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    a_token = models.CharField(max_length=40)
    b_token = models.CharField(max_length=40)
    c_token = models.CharField(max_length=40)
    d_token = models.CharField(max_length=40)
"#;
    check(
        models,
        "
def show(request):
    Thing.objects.get(a_token='x')
    Thing.objects.get(b_token='x')
    Thing.objects.get(c_token='x')
    Thing.objects.get(d_token='x')
",
        &[
            "shop.Thing: a_token",
            "shop.Thing: b_token",
            "shop.Thing: c_token",
            "shop.Thing: d_token (advice)",
        ],
    );
}

#[test]
fn the_rows_that_are_still_in_a_state_which_others_leave() {
    let place = "def place(request):\n    Order.objects.create(buyer=request.user)\n\n\n";
    let open = "def open_orders(request):\n    return list(Order.objects.filter(is_paid=False).order_by('customer'))\n\n\n";
    let pay = "def pay(request, pk):\n    Order.objects.filter(pk=pk).update(is_paid=True)\n";
    check(ORDER, &format!("{place}{open}{pay}"), &["shop.Order: is_paid (advice)"]);
    // Nothing sets it, so nothing says that few are left.
    check(ORDER, &format!("{place}{open}"), &[]);
    // The others are the many.
    let paid = open.replace("False", "True");
    check(ORDER, &format!("{place}{paid}{pay}"), &[]);
}
