//! The loop of messages: what the editor says, what it asks, and what the analysis in the background has found.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::diagnostics::publish;
use super::documents::Documents;
use super::edits::Desk;
use super::positions::Encoding;
use super::protocol::{
    Abilities, Cancel, DidChange, DidChangeFolders, DidOpen, OfDocument, PublishDiagnostics,
};
use super::workspace::{Analysis, View, Workspace};
use crate::failure::Failure;

/// The stack of the thread that analyses; only touched pages of it become memory.
const STACK: usize = 64 * 1024 * 1024;

/// What an analysis in the background came to.
struct Done {
    folder: String,
    found: Result<Box<Analysis>, String>,
}

/// A conversation with an editor.
pub(super) struct Session<'a> {
    connection: &'a Connection,
    pub(super) abilities: Abilities,
    pub(super) encoding: Encoding,
    config: Vec<String>,
    pub(super) documents: Documents,
    pub(super) workspaces: Vec<Workspace>,
    waiting: VecDeque<Message>,
    results: (Sender<Done>, Receiver<Done>),
    requests: i32,
    is_shut_down: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        abilities: Abilities,
        encoding: Encoding,
        config: Vec<String>,
    ) -> Self {
        Self {
            connection,
            abilities,
            encoding,
            config,
            documents: Documents::default(),
            workspaces: Vec::new(),
            waiting: VecDeque::new(),
            results: unbounded(),
            requests: 0,
            is_shut_down: false,
        }
    }

    /// Serves until the editor leaves. Whether it said so before.
    pub(super) fn run(mut self, folders: &[String]) -> Result<bool, Failure> {
        if self.abilities.watches_files {
            self.watch_files();
        }
        for folder in folders {
            self.add_folder(folder);
        }
        loop {
            let Some(message) = self.next() else { return Ok(false) };
            match message {
                Message::Notification(notification) if notification.method == "exit" => {
                    return Ok(self.is_shut_down);
                }
                Message::Notification(notification) => self.notified(notification),
                Message::Request(request) => self.requested(request),
                // Answers to what is asked of the editor change nothing.
                Message::Response(_) => {}
            }
        }
    }

    /// The next message, once what was found in the background is shown; none where the editor is gone.
    fn next(&mut self) -> Option<Message> {
        loop {
            // All that is there is taken in, so that a request can be cancelled before it is looked at.
            while let Ok(message) = self.connection.receiver.try_recv() {
                self.take_in(message);
            }
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            let results = self.results.1.clone();
            select! {
                recv(self.connection.receiver) -> message => self.take_in(message.ok()?),
                recv(results) -> done => {
                    if let Ok(done) = done {
                        self.finished(done);
                    }
                }
            }
        }
    }

    fn take_in(&mut self, message: Message) {
        if let Message::Notification(Notification { method, params }) = &message
            && method == "$/cancelRequest"
        {
            let Ok(Cancel { id }) = serde_json::from_value(params.clone()) else { return };
            let is_meant = |waiting: &Message| matches!(waiting, Message::Request(it) if it.id == id);
            if let Some(at) = self.waiting.iter().position(is_meant) {
                self.waiting.remove(at);
                self.answer_error(id, ErrorCode::RequestCanceled, "cancelled");
            }
            return;
        }
        self.waiting.push_back(message);
    }

    fn requested(&mut self, request: Request) {
        let Request { id, method, params } = request;
        if self.is_shut_down {
            return self.answer_error(id, ErrorCode::InvalidRequest, "the server is shut down");
        }
        if method == "shutdown" {
            self.is_shut_down = true;
            return self.answer(id, Value::Null);
        }
        let answered = catch_unwind(AssertUnwindSafe(|| self.request(&method, params)));
        match answered {
            Ok(Ok(value)) => self.answer(id, value),
            Ok(Err((code, message))) => self.answer_error(id, code, &message),
            Err(_) => self.answer_error(id, ErrorCode::InternalError, "internal error"),
        }
    }

    fn notified(&mut self, Notification { method, params }: Notification) {
        // What cannot be understood is left alone, as the protocol wants it for notifications.
        match method.as_str() {
            "textDocument/didOpen" => {
                let Some(DidOpen { text_document: it }) = read(params) else { return };
                self.documents.open(it.uri, it.version, it.text);
            }
            "textDocument/didChange" => {
                let Some(DidChange { text_document: it, mut content_changes }) = read(params) else { return };
                if let Some(change) = content_changes.pop() {
                    self.documents.change(&it.uri, it.version, change.text);
                }
            }
            "textDocument/didClose" => {
                let Some(OfDocument { text_document: it }) = read(params) else { return };
                self.documents.close(&it.uri);
            }
            "textDocument/didSave" => {
                let Some(OfDocument { text_document: it }) = read(params) else { return };
                let at = self.workspaces.iter().position(|folder| folder.relative(&it.uri).is_some());
                if let Some(at) = at {
                    self.analyse(at);
                }
            }
            "workspace/didChangeWatchedFiles" | "workspace/didChangeConfiguration" => {
                (0..self.workspaces.len()).for_each(|at| self.analyse(at));
            }
            "workspace/didChangeWorkspaceFolders" => {
                let Some(DidChangeFolders { event }) = read(params) else { return };
                for folder in &event.removed {
                    self.remove_folder(&folder.uri);
                }
                for folder in &event.added {
                    self.add_folder(&folder.uri);
                }
            }
            _ => {}
        }
    }

    fn add_folder(&mut self, uri: &str) {
        if let Some(workspace) = Workspace::of(uri) {
            self.workspaces.push(workspace);
            self.analyse(self.workspaces.len() - 1);
        }
    }

    fn remove_folder(&mut self, uri: &str) {
        let Some(at) = self.workspaces.iter().position(|folder| folder.uri == uri) else { return };
        let removed = self.workspaces.remove(at);
        if let Some(token) = removed.progress {
            self.notify("$/progress", &json!({ "token": token, "value": { "kind": "end" } }));
        }
        for uri in removed.published {
            let message = PublishDiagnostics { uri, version: None, diagnostics: Vec::new() };
            self.notify("textDocument/publishDiagnostics", &json!(message));
        }
    }

    /// Begins an analysis of a folder, or notes that the one that goes on is not the last.
    fn analyse(&mut self, at: usize) {
        let workspace = &mut self.workspaces[at];
        if workspace.is_running {
            workspace.is_stale = true;
            return;
        }
        workspace.is_running = true;
        let (folder, path) = (workspace.uri.clone(), workspace.given.clone());
        self.begin_progress(at);
        let (config, results) = (self.config.clone(), self.results.0.clone());
        let sent = folder.clone();
        let work = move || {
            let found = catch_unwind(AssertUnwindSafe(|| found(&path, &config)));
            let found = found.unwrap_or_else(|_| Err("internal error".to_owned()));
            // Where nobody waits for it any more, it is dropped.
            let _ = results.send(Done { folder: sent, found });
        };
        let name = "analysis".to_owned();
        if let Err(error) = std::thread::Builder::new().name(name).stack_size(STACK).spawn(work) {
            let _ = self.results.0.send(Done { folder, found: Err(error.to_string()) });
        }
    }

    fn finished(&mut self, done: Done) {
        let Some(at) = self.workspaces.iter().position(|folder| folder.uri == done.folder) else { return };
        if let Some(token) = self.workspaces[at].progress.take() {
            self.notify("$/progress", &json!({ "token": token, "value": { "kind": "end" } }));
        }
        let is_stale = std::mem::take(&mut self.workspaces[at].is_stale);
        self.workspaces[at].is_running = false;
        match done.found {
            Ok(analysis) => {
                self.workspaces[at].analysis = Some(*analysis);
                self.publish(at);
            }
            Err(message) => {
                self.notify(
                    "window/showMessage",
                    &json!({ "type": 1, "message": format!("tuneup: {message}") }),
                );
            }
        }
        if is_stale {
            self.analyse(at);
        }
    }

    fn publish(&mut self, at: usize) {
        let before = std::mem::take(&mut self.workspaces[at].published);
        let workspace = &self.workspaces[at];
        let Some(analysis) = &workspace.analysis else { return };
        let view = View::new(workspace, analysis, &self.documents, self.encoding);
        let messages = publish(&view, analysis, before);
        for message in messages {
            if !message.diagnostics.is_empty() {
                self.workspaces[at].published.insert(message.uri.clone());
            }
            self.notify("textDocument/publishDiagnostics", &json!(message));
        }
    }

    /// What edits of a folder are made with.
    pub(super) fn desk<'s>(&'s self, workspace: &'s Workspace) -> Desk<'s> {
        Desk { workspace, documents: &self.documents, abilities: self.abilities, encoding: self.encoding }
    }

    fn watch_files(&mut self) {
        // Settings, requirements and templates decide too what is found.
        let glob = "**/*.{py,html,htm,txt,toml,cfg,ini,lock,yml,yaml}";
        let watchers = json!({ "watchers": [{ "globPattern": glob }] });
        let method = "workspace/didChangeWatchedFiles";
        let registration = json!({ "id": "files", "method": method, "registerOptions": watchers });
        self.ask("client/registerCapability", &json!({ "registrations": [registration] }));
    }

    /// Shows that a folder is being analysed. Each time has a token of its own.
    fn begin_progress(&mut self, at: usize) {
        if !self.abilities.progress {
            return;
        }
        let token = format!("tuneup/{}", self.requests + 1);
        self.ask("window/workDoneProgress/create", &json!({ "token": token }));
        let value = json!({ "kind": "begin", "title": "tuneup", "message": "reading the project" });
        self.notify("$/progress", &json!({ "token": token, "value": value }));
        self.workspaces[at].progress = Some(token);
    }

    fn ask(&mut self, method: &str, params: &Value) {
        self.requests += 1;
        self.send(Request::new(RequestId::from(self.requests), method.to_owned(), params).into());
    }

    fn notify(&self, method: &str, params: &Value) {
        self.send(Notification::new(method.to_owned(), params).into());
    }

    fn answer(&self, id: RequestId, value: Value) {
        self.send(Response { id, response_result: Ok(value) }.into());
    }

    fn answer_error(&self, id: RequestId, code: ErrorCode, message: &str) {
        let error = ResponseError { code: code as i32, message: message.to_owned(), data: None };
        self.send(Response { id, response_result: Err(error) }.into());
    }

    fn send(&self, message: Message) {
        // An editor that is gone is noticed when the next message is read.
        let _ = self.connection.sender.send(message);
    }
}

fn found(path: &Path, config: &[String]) -> Result<Box<Analysis>, String> {
    Analysis::of(path, config).map(Box::new).map_err(|failure| failure.to_string())
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
