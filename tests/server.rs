//! The language server, driven as an editor drives it.

#[path = "server/client.rs"]
mod client;

use std::fs;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use client::{Client, uri};

const MODELS: &str = "\
from django.contrib.auth.models import User
from django.db import models


class Order(models.Model):
    customer = models.ForeignKey(User, on_delete=models.CASCADE)
    status = models.CharField(max_length=10)
    created = models.DateTimeField(auto_now_add=True)
";

const VIEWS: &str = "\
from django.shortcuts import render

from shop.models import Order


def open_orders(request):
    orders = Order.objects.filter(status=\"é😀\"); kept = Order.objects.order_by(\"created\")
    rows = [order.customer.username for order in kept]
    return render(request, \"orders.html\", {\"orders\": orders.order_by(\"-created\")[:20], \"rows\": rows})


def customers(request):
    return render(request, \"customers.html\", {\"orders\": Order.objects.order_by(\"id\")})
";

const TEMPLATE: &str = "{% for order in orders %}\n  {{ order.customer.email }}\n{% endfor %}\n";

const MIGRATION: &str = "\
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name=\"Order\",
            fields=[
                (\"id\", models.AutoField(primary_key=True)),
                (\"status\", models.CharField(max_length=10)),
                (\"created\", models.DateTimeField(auto_now_add=True)),
                (\"customer\", models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
";

struct Shop {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::TempDir::with_prefix("tuneup-server-").expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        let this = Self { _folder: folder, root };
        for (path, text) in [
            ("shop/__init__.py", ""),
            ("shop/models.py", MODELS),
            ("shop/views.py", VIEWS),
            ("shop/templates/customers.html", TEMPLATE),
            ("shop/templates/orders.html", "{% for order in orders %}{{ order.id }}{% endfor %}\n"),
            ("shop/migrations/__init__.py", ""),
            ("shop/migrations/0001_initial.py", MIGRATION),
        ] {
            let path = this.at(path);
            fs::create_dir_all(path.parent().expect("in a folder")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        }
        this
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn views(&self) -> PathBuf {
        self.at("shop/views.py")
    }

    fn tuneup(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_tuneup"))
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .expect("tuneup runs");
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    }
}

/// An editor that can do everything, counting in UTF-16.
fn able() -> Value {
    json!({
        "workspace": { "workspaceEdit": { "documentChanges": true, "resourceOperations": ["create"] } },
        "textDocument": {
            "codeAction": { "dataSupport": true, "resolveSupport": { "properties": ["edit"] } }
        },
        "window": { "workDoneProgress": true },
    })
}

fn utf8(mut capabilities: Value) -> Value {
    capabilities["general"] = json!({ "positionEncodings": ["utf-8", "utf-16"] });
    capabilities
}

/// The line of a text, and the byte in it.
fn at(source: &str, text: &str) -> (u32, u32) {
    let offset = source.find(text).expect("it is there");
    let line = source[..offset].matches('\n').count();
    let start = source[..offset].rfind('\n').map_or(0, |at| at + 1);
    (line as u32, (offset - start) as u32)
}

#[test]
fn diagnostics_lead_to_what_proves_them() {
    let shop = Shop::new();
    let mut client = Client::start(&shop.root, able());
    assert_eq!(client.encoding, "utf-16");
    let found = client.diagnostics(&shop.views())["diagnostics"].clone();
    let of_line = |line: u32| {
        let list = found.as_array().expect("a list").iter();
        list.filter(|it| it["range"]["start"]["line"] == line).cloned().collect::<Vec<Value>>()
    };
    let (line, column) = at(VIEWS, "Order.objects.order_by(\"created\")");
    let [kept] = &of_line(line)[..] else { panic!("one for the loop: {found:#}") };
    assert_eq!(kept["code"], "select-related");
    // `é😀` are six bytes and three units before it.
    assert_eq!(kept["range"]["start"]["character"], column - 3);

    let [customers] = &of_line(at(VIEWS, "\"customers.html\"").0)[..] else { panic!("one more: {found:#}") };
    let related = customers["relatedInformation"].as_array().expect("a list");
    let template = uri(&shop.at("shop/templates/customers.html"));
    let reading = related.iter().find(|it| {
        it["location"]["uri"] == template.as_str() && it["location"]["range"]["start"]["line"] == 1
    });
    assert!(reading.is_some(), "the template's line proves it: {related:#?}");

    let position = json!({ "line": 1, "character": 8 });
    let params = json!({ "textDocument": { "uri": template }, "position": position });
    let hover = client.result("textDocument/hover", params);
    let text = hover["contents"]["value"].as_str().expect("a text");
    assert!(text.contains("select-related") && text.contains("+    return render("), "{text}");
    let begun = client.wait(|message| message["method"] == "$/progress");
    assert_eq!(begun["params"]["value"]["kind"], "begin");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn an_action_writes_what_apply_writes_in_both_encodings() {
    let expected = Shop::new();
    expected.tuneup(&["apply", "--allow-no-vcs", "--select", "select-related"]);
    let expected = fs::read_to_string(expected.views()).expect("a text");
    assert_ne!(expected, VIEWS);
    for capabilities in [able(), utf8(able())] {
        let shop = Shop::new();
        let mut client = Client::start(&shop.root, capabilities);
        client.diagnostics(&shop.views());
        client.open(&shop.views());
        let (line, column) = at(VIEWS, "Order.objects.order_by(\"created\")");
        let column = if client.encoding == "utf-8" { column } else { column - 3 };
        let actions = client.actions(&shop.views(), (line, column + 2));
        let one = client.resolve(&actions, "Join `customer` in the query of `open_orders`");
        let all = client.resolve(&actions, "Fix all of select-related");
        client.apply(&one["result"]["edit"]);
        let now = &client.documents[&uri(&shop.views())].1;
        assert!(now.contains("order_by(\"created\").select_related(\n"), "{now}");
        assert_eq!(now.matches("select_related").count(), 1, "{now}");
        assert_eq!(fs::read_to_string(shop.views()).expect("a text"), VIEWS, "the editor has not saved");

        // The edit of all was made for the version before, and is asked for again.
        let stale = &all["result"]["edit"]["documentChanges"][0]["textDocument"]["version"];
        assert_eq!(*stale, 1);
        let all = client.resolve(&actions, "Fix all of select-related");
        client.apply(&all["result"]["edit"]);
        assert_eq!(client.documents[&uri(&shop.views())].1, expected);
        client.save();
        let left = client.diagnostics(&shop.views());
        let left = left["diagnostics"].as_array().expect("a list");
        assert!(left.iter().all(|it| it["code"] != "select-related"), "{left:#?}");
        assert_eq!(client.leave(), Some(0));
    }
}

#[test]
fn an_action_makes_the_migration_too() {
    let shop = Shop::new();
    let expected = Shop::new();
    expected.tuneup(&["apply", "--allow-no-vcs", "--unsafe", "--select", "meta-indexes"]);
    let mut client = Client::start(&shop.root, able());
    let models = shop.at("shop/models.py");
    client.diagnostics(&models);
    client.open(&models);
    let (line, column) = at(MODELS, "Order");
    let actions = client.actions(&models, (line, column));
    let answer = client.resolve(&actions, "Index `status`, `-created`");
    client.apply(&answer["result"]["edit"]);
    client.save();
    assert_eq!(files(&shop.root), files(&expected.root));
    let left = client.diagnostics(&models);
    assert_eq!(left["diagnostics"], json!([]), "nothing is left of it");
    assert_eq!(client.leave(), Some(0));
}

/// All files below a folder but the journal, with their bytes.
fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let all = walkdir::WalkDir::new(root).sort_by_file_name().into_iter();
    let all = all.filter_entry(|entry| entry.file_name() != ".tuneup").map_while(Result::ok);
    let all = all.filter(|entry| entry.file_type().is_file());
    let below = |path: &Path| path.strip_prefix(root).expect("below").to_owned();
    all.map(|entry| (below(entry.path()), fs::read(entry.path()).expect("a file"))).collect()
}

#[test]
fn unsaved_changes_are_kept_or_the_action_is_refused() {
    let shop = Shop::new();
    let mut client = Client::start(&shop.root, able());
    client.diagnostics(&shop.views());
    client.open(&shop.views());
    // Elsewhere: what was found has moved down a line, and what was typed stays.
    client.change(&shop.views(), &format!("# mine\n{VIEWS}"));
    let (line, column) = at(VIEWS, "Order.objects.order_by(\"id\")");
    assert!(client.actions(&shop.views(), (line, column)).is_empty(), "it is not there any more");
    let actions = client.actions(&shop.views(), (line + 1, column));
    let answer = client.resolve(&actions, "Join `customer` in the query of `customers`");
    client.apply(&answer["result"]["edit"]);
    let now = client.documents[&uri(&shop.views())].1.clone();
    assert!(
        now.starts_with("# mine\n") && now.contains("order_by(\"id\").select_related(\"customer\")"),
        "{now}"
    );

    // The same line: nothing is lost, and the editor is told why.
    let mine = VIEWS.replace("Order.objects.order_by(\"id\")", "Order.objects.order_by(\"pk\")");
    client.change(&shop.views(), &mine);
    let refused = client.resolve(&actions, "Join `customer` in the query of `customers`");
    let message = refused["error"]["message"].as_str().expect("a reason");
    assert!(message.contains("shop/views.py has unsaved changes"), "{refused}");

    // Changed on the disk behind the editor's back, where it is not open.
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&shop.views()) } }));
    fs::write(shop.views(), &mine).expect("it can be written");
    let refused = client.resolve(&actions, "Join `customer` in the query of `customers`");
    assert!(refused["error"]["message"].as_str().is_some_and(|it| it.contains("changed")), "{refused}");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn an_editor_that_cannot_make_files_is_not_asked_to() {
    let shop = Shop::new();
    let mut client =
        Client::start(&shop.root, json!({ "textDocument": { "codeAction": { "disabledSupport": true } } }));
    let models = shop.at("shop/models.py");
    client.diagnostics(&models);
    let actions = client.actions(&models, at(MODELS, "Order"));
    let index = actions.iter().find(|it| it["title"].as_str().is_some_and(|it| it.starts_with("Index")));
    let reason = &index.expect("it is shown")["disabled"]["reason"];
    assert!(reason.as_str().is_some_and(|it| it.contains("tuneup apply")), "{actions:#?}");
    // What needs no new file comes by name.
    let (line, column) = at(VIEWS, "Order.objects.order_by(\"id\")");
    let actions = client.actions(&shop.views(), (line, column));
    assert!(actions[0]["edit"]["changes"][uri(&shop.views())].is_array(), "{actions:#?}");
    let silence = actions.last().expect("a list");
    assert_eq!(silence["title"], "Silence select-related here");
    let edit = &silence["edit"]["changes"][uri(&shop.views())][0];
    assert_eq!(edit["newText"], "    # tuneup: ignore[select-related]\n");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn requests_are_cancelled_and_each_is_answered_once() {
    const COUNT: i64 = 300;
    let shop = Shop::new();
    let mut client = Client::start(&shop.root, able());
    client.diagnostics(&shop.views());
    let (line, character) = at(VIEWS, "Order.objects.order_by(\"id\")");
    let params = json!({
        "textDocument": { "uri": uri(&shop.views()) }, "position": { "line": line, "character": character },
    });
    let mut messages = Vec::new();
    for id in 0..COUNT {
        messages.push(json!({ "id": 1000 + id, "method": "textDocument/hover", "params": params }));
    }
    for id in 1..COUNT {
        messages.push(json!({ "method": "$/cancelRequest", "params": { "id": 1000 + id } }));
    }
    client.send(&messages);
    let mut cancelled = 0;
    for id in 0..COUNT {
        let answer = client.wait(|message| message["id"] == 1000 + id);
        if answer.get("error").is_some() {
            assert_eq!(answer["error"]["code"], -32800, "{answer}");
            cancelled += 1;
        }
    }
    assert!(cancelled > 0, "some were still waiting");
    let unknown = client.request("textDocument/rename", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let wrong = client.request("textDocument/hover", json!({ "position": 1 }));
    assert_eq!(wrong["error"]["code"], -32602);
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn an_editor_that_just_goes_is_noticed() {
    let shop = Shop::new();
    assert_eq!(Client::start(&shop.root, able()).ended().code(), Some(1));
    let mut client = Client::start(&shop.root, able());
    client.notify("exit", Value::Null);
    assert_eq!(client.ended().code(), Some(1), "without a shutdown");
    assert!(!Client::spawn().ended().success(), "before anything was said");
}

#[test]
fn what_cannot_be_read_is_told() {
    let shop = Shop::new();
    fs::write(shop.at("pyproject.toml"), "[tool.tuneup]\nselekt = []\n").expect("it can be written");
    let mut client = Client::start(&shop.root, able());
    let told = client.wait(|message| message["method"] == "window/showMessage");
    assert!(told["params"]["message"].as_str().is_some_and(|it| it.contains("select")), "{told}");
    // Once it is right, saving it is enough.
    client.open(&shop.at("pyproject.toml"));
    client.change(&shop.at("pyproject.toml"), "[tool.tuneup]\nselect = [\"select-related\"]\n");
    fs::write(shop.at("shop/broken.py"), "def f(:\n").expect("it can be written");
    client.save();
    let found = client.diagnostics(&shop.at("shop/broken.py"));
    assert_eq!(found["diagnostics"].as_array().map(Vec::len), Some(1), "{found}");
    client.diagnostics(&shop.views());
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn a_message_that_is_too_long_ends_the_connection() {
    for (message, reason) in [
        ("Content-Length: 99999999999999\r\n\r\n{}", "it is longer than 268435456 bytes"),
        ("Content-Length: 99999999\r\n\r\n{}", "it is shorter than it says"),
    ] {
        let mut file = tempfile::tempfile().expect("temporary files can be made");
        file.write_all(message.as_bytes()).and_then(|()| file.rewind()).expect("it can be written");
        let output = Command::new(env!("CARGO_BIN_EXE_tuneup")).arg("server").stdin(file).output();
        let output = output.expect("the server starts");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, format!("tuneup: the editor's message cannot be read: {reason}\n"));
    }
}

/// A Python with a client library for editors, made once in `target/`; or why there is none.
fn python_with_client() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
    let python = folder.join("bin/python");
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let has = run(Command::new(&python).args(["-c", "from pygls.lsp.client import BaseLanguageClient"]));
    if has.is_err() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--retries=1", "pygls==2.1.*"]))?;
    }
    Ok(python)
}

#[test]
fn a_client_library_understands_every_message() {
    let python = match python_with_client() {
        Ok(python) => python,
        Err(reason) => {
            // Not by a macro, whose output is kept from people when the test passes.
            let _ = writeln!(io::stderr(), "server: SKIPPED without pygls: {reason}");
            return;
        }
    };
    let shop = Shop::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/editor.py");
    let output = Command::new(python)
        .args(["-B", "-X", "dev", "-W", "ignore"])
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_tuneup"))
        .arg(&shop.root)
        .output()
        .expect("Python runs");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(said, @r"
    tuneup utf-16
    /shop/models.py meta-indexes 4 True
    /shop/views.py select-related 6 True
    /shop/views.py select-related 12 True
    hover True
    CreateFile /shop/migrations
    TextDocumentEdit /shop/migrations
    TextDocumentEdit /shop
    diagnostics 1
    exit 0
    ");
    assert!(!errors.contains("Error"), "{errors}");
}
