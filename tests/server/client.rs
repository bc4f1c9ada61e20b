//! An editor, as far as the server can tell: it sends messages, keeps documents, and applies edits to them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// How long the server may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    seen: Vec<Value>,
    next: i64,
    pub(crate) encoding: String,
    /// The documents that are open, by URI: version and text.
    pub(crate) documents: BTreeMap<String, (i64, String)>,
}

/// The `file:` URI of a path without unusual letters.
pub(crate) fn uri(path: &Path) -> String {
    format!("file://{}", path.to_str().expect("a Unicode path"))
}

impl Client {
    /// Starts a server on a folder.
    pub(crate) fn start(folder: &Path, capabilities: Value) -> Self {
        let mut this = Self::spawn();
        let params = json!({
            "processId": null, "rootUri": null, "capabilities": capabilities,
            "workspaceFolders": [{ "uri": uri(folder), "name": "project" }],
        });
        let answer = this.request("initialize", params);
        let encoding = answer["result"]["capabilities"]["positionEncoding"].as_str();
        this.encoding = encoding.expect("an encoding is chosen").to_owned();
        this.notify("initialized", json!({}));
        this
    }

    /// Starts a server, and says nothing yet.
    pub(crate) fn spawn() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tuneup"))
            .args(["server", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Self {
            child,
            input,
            messages,
            seen: Vec::new(),
            next: 0,
            encoding: String::new(),
            documents: BTreeMap::new(),
        }
    }

    pub(crate) fn send(&mut self, messages: &[Value]) {
        let mut bytes = Vec::new();
        for message in messages {
            let mut message = message.clone();
            message["jsonrpc"] = json!("2.0");
            let text = message.to_string();
            bytes.extend(format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes());
        }
        let input = self.input.as_mut().expect("it is open");
        input.write_all(&bytes).and_then(|()| input.flush()).expect("the server reads");
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&[json!({ "method": method, "params": params })]);
    }

    /// A request, and its answer.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&[json!({ "id": id, "method": method, "params": params })]);
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    /// The result of a request, which must have one.
    pub(crate) fn result(&mut self, method: &str, params: Value) -> Value {
        let answer = self.request(method, params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// The next message that fits; requests of the server are answered meanwhile.
    pub(crate) fn wait(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.seen.iter().position(&fits) {
            return self.seen.remove(at);
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("the server answers");
            if message.get("method").is_some() && message.get("id").is_some() {
                self.send(&[json!({ "id": message["id"], "result": null })]);
            }
            if fits(&message) {
                return message;
            }
            self.seen.push(message);
        }
    }

    /// The next diagnostics of a file.
    pub(crate) fn diagnostics(&mut self, path: &Path) -> Value {
        let uri = uri(path);
        let is_meant = |message: &Value| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri.as_str()
        };
        self.wait(is_meant)["params"].clone()
    }

    pub(crate) fn open(&mut self, path: &Path) {
        let text = fs::read_to_string(path).expect("the file is there");
        self.documents.insert(uri(path), (1, text.clone()));
        let document = json!({ "uri": uri(path), "languageId": "python", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Types something, without saving.
    pub(crate) fn change(&mut self, path: &Path, text: &str) {
        let name = uri(path);
        let document = self.documents.get_mut(&name).expect("it is open");
        *document = (document.0 + 1, text.to_owned());
        let versioned = json!({ "uri": name, "version": document.0 });
        let changes = json!([{ "text": text }]);
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": versioned, "contentChanges": changes }),
        );
    }

    /// Saves all documents.
    pub(crate) fn save(&mut self) {
        for (name, (_, text)) in self.documents.clone() {
            let path = PathBuf::from(name.strip_prefix("file://").expect("a file"));
            fs::write(path, text).expect("it can be written");
            self.notify("textDocument/didSave", json!({ "textDocument": { "uri": name } }));
        }
    }

    /// The code actions at a line and character of a file.
    pub(crate) fn actions(&mut self, path: &Path, at: (u32, u32)) -> Vec<Value> {
        let position = json!({ "line": at.0, "character": at.1 });
        let params = json!({
            "textDocument": { "uri": uri(path) },
            "range": { "start": position, "end": position },
            "context": { "diagnostics": [] },
        });
        self.result("textDocument/codeAction", params).as_array().expect("a list").clone()
    }

    /// Chooses the action whose title begins so: the answer that has its edit.
    pub(crate) fn resolve(&mut self, actions: &[Value], title: &str) -> Value {
        let is_meant = |action: &&Value| action["title"].as_str().is_some_and(|it| it.starts_with(title));
        let action = actions.iter().find(is_meant);
        let action = action.unwrap_or_else(|| panic!("no action `{title}`: {actions:#?}"));
        self.request("codeAction/resolve", action.clone())
    }

    /// Does what an edit of a workspace says, as an editor would: to the documents that are open, of the right version,
    /// and to files.
    pub(crate) fn apply(&mut self, edit: &Value) {
        for change in edit["documentChanges"].as_array().expect("changes with versions") {
            if change["kind"] == "create" {
                let path = change["uri"].as_str().and_then(|uri| uri.strip_prefix("file://"));
                fs::File::create_new(path.expect("a file")).expect("it was not there");
                continue;
            }
            let name = change["textDocument"]["uri"].as_str().expect("a name");
            let edits = change["edits"].as_array().expect("edits");
            let path = PathBuf::from(name.strip_prefix("file://").expect("a file"));
            match self.documents.get(name).cloned() {
                Some((version, text)) => {
                    assert_eq!(change["textDocument"]["version"], version, "edits are of this version");
                    let text = edited(&text, edits, &self.encoding);
                    self.change(&path, &text);
                }
                None => {
                    assert_eq!(change["textDocument"]["version"], Value::Null);
                    let text = fs::read_to_string(&path).expect("the file is there");
                    fs::write(&path, edited(&text, edits, &self.encoding)).expect("it can be written");
                }
            }
        }
    }

    /// Says goodbye. The server's exit code.
    pub(crate) fn leave(mut self) -> Option<i32> {
        assert_eq!(self.result("shutdown", Value::Null), Value::Null);
        let late = self.request("textDocument/hover", json!({}));
        assert_eq!(late["error"]["code"], -32600, "after the shutdown nothing is answered");
        self.notify("exit", Value::Null);
        self.ended().code()
    }

    /// Closes the pipe. How the server ended.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.input = None;
        self.child.wait().expect("it ends")
    }
}

/// A text with edits made, from the last to the first.
fn edited(text: &str, edits: &[Value], encoding: &str) -> String {
    let mut ranges: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let at = |end: &str| offset(text, &edit["range"][end], encoding);
            (at("start"), at("end"), edit["newText"].as_str().expect("a text"))
        })
        .collect();
    ranges.sort_by_key(|range| (range.0, range.1));
    let mut text = text.to_owned();
    for (start, end, new) in ranges.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

fn offset(text: &str, position: &Value, encoding: &str) -> usize {
    let number = |name: &str| position[name].as_u64().expect("a number") as usize;
    let start: usize = text.split_inclusive('\n').take(number("line")).map(str::len).sum();
    let mut left = number("character");
    let mut at = start;
    for c in text[start..].chars() {
        if left == 0 {
            break;
        }
        let width = if encoding == "utf-8" { c.len_utf8() } else { c.len_utf16() };
        left = left.checked_sub(width).expect("positions are between characters");
        at += c.len_utf8();
    }
    at
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        output.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", number)) => length = number.parse::<usize>().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut bytes = vec![0; length?];
    output.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
