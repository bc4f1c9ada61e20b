//! What the branches of a test set together goes together behind them.

mod support;

use support::check;

const FUNCTIONS: &str = "from django.shortcuts import render\nfrom shop.models import Book\n\n\n\
                         def author(book):\n    return book.author.name\n\n\n\
                         def title(book):\n    return book.title\n\n\n";

const AUTHORS: &str = "rows = Book.objects.order_by('pk')";

const TITLES: &str = "rows = Book.objects.order_by('title')";

/// A view with this body.
fn view(body: &str) -> String {
    format!("{FUNCTIONS}def shown(request, kind):\n    {}\n", body.replace('\n', "\n    "))
}

#[test]
fn a_function_is_called_with_the_rows_that_were_chosen_with_it() {
    let expected: &[&str] = &[&format!("Safe: {AUTHORS}: author")];
    let shown = "return [name(row) for row in rows]";
    for chosen in [
        format!("if kind == 'a':\n    {AUTHORS}\n    name = author\nelse:\n    {TITLES}\n    name = title"),
        format!(
            "if kind == 'a':\n    {AUTHORS}\n    name = author\nelif kind == 'b':\n    {TITLES}\n    name = title\nelse:\n    return None"
        ),
        format!(
            "match kind:\n    case 'a':\n        {AUTHORS}\n        name = author\n    case 'b':\n        {TITLES}\n        name = title\n    case _:\n        return None"
        ),
        format!(
            "name, rows = title, Book.objects.order_by('title')\nif kind == 'a':\n    {AUTHORS}\n    name = author"
        ),
    ] {
        check(&[("views.py", &view(&format!("{chosen}\n{shown}")))], expected);
        // However much stands between.
        check(
            &[(
                "views.py",
                &view(&format!("{chosen}\nprint(kind)\nif request:\n    print(request)\n{shown}")),
            )],
            expected,
        );
    }
    // What is the same in both branches is called with the rows of both.
    let both = format!("if kind == 'a':\n    {AUTHORS}\nelse:\n    {TITLES}\nname = author\n{shown}");
    check(&[("views.py", &view(&both))], &[&format!("Safe: {shown}: author")]);
    // Two tests choose by themselves.
    let apart = format!(
        "if kind == 'a':\n    {AUTHORS}\nelse:\n    {TITLES}\nif request:\n    name = author\nelse:\n    name = title\n{shown}"
    );
    check(&[("views.py", &view(&apart))], &[&format!("Safe: {shown}: author")]);
}

#[test]
fn a_template_is_given_the_rows_that_were_chosen_with_its_name() {
    let body = format!(
        "if kind == 'a':\n    {AUTHORS}\n    page = 'shop/authors.html'\nelse:\n    {TITLES}\n    page = 'shop/titles.html'\n\
         return render(request, page, {{'rows': rows}})"
    );
    let templates = [
        ("templates/shop/authors.html", "{% for row in rows %}{{ row.author.name }}{% endfor %}"),
        ("templates/shop/titles.html", "{% for row in rows %}{{ row.title }}{% endfor %}"),
    ];
    let view = view(&body);
    check(&[("views.py", &view), templates[0], templates[1]], &[&format!("Safe: {AUTHORS}: author")]);
}

#[test]
fn what_goes_together_does_so_in_each_turn_of_a_loop() {
    let body = format!(
        "for _ in request.GET:\n    if kind == 'a':\n        {AUTHORS}\n        name = author\n    else:\n        {TITLES}\n        \
         name = title\n    for row in rows:\n        print(name(row))\n    if name(rows[0]):\n        break\nreturn rows"
    );
    check(&[("views.py", &view(&body))], &[&format!("Safe: {AUTHORS}: author")]);
}

#[test]
fn ways_that_part_in_functions_of_functions_leave_the_rest_its_turn() {
    let steps: String = (0..14)
        .map(|n| {
            format!(
                "def step{n}(kind, name, rows):\n    if kind == {n}:\n        name, rows = author, rows.filter(title='{n}')\n    \
                 else:\n        name, rows = title, rows.exclude(title='{n}')\n    return step{}(kind, name, rows)\n\n\n",
                n + 1
            )
        })
        .collect();
    let code = format!(
        "{FUNCTIONS}{steps}def step14(kind, name, rows):\n    return [name(row) for row in rows]\n\n\n\
         def shown(request, kind):\n    print(step0(kind, title, Book.objects.filter(pk=1)))\n    {AUTHORS}\n    \
         return [row.author.name for row in rows]\n"
    );
    let view = "from shop import views\n\nVIEWS = [views.shown]\n";
    let shop = support::Shop::new(&[("views.py", &code), ("urls.py", view)]);
    let found = shop.proposals();
    assert!(found.iter().any(|it| it.symbol == "shown" && it.fields == ["author"]), "{found:?}");
}
