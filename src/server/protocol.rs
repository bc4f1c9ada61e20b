//! The messages of the protocol that are used, with the fields that are: LSP 3.17.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::positions::{Position, Range};

/// `initialize`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct InitializeParams {
    pub(super) root_uri: Option<String>,
    pub(super) workspace_folders: Option<Vec<Folder>>,
    pub(super) initialization_options: Option<Options>,
    pub(super) capabilities: Value,
}

/// A folder of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Folder {
    pub(super) uri: String,
}

/// What a user can set in the editor.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    /// Values of the configuration, as `KEY=VALUE`.
    pub(super) config: Vec<String>,
}

/// What an editor can do, as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Abilities {
    /// Edits with versions, over several files.
    pub(super) document_changes: bool,
    /// Making files.
    pub(super) create_files: bool,
    /// Asking for an action's edit when it is chosen.
    pub(super) resolves_edits: bool,
    /// Showing actions that cannot be chosen, with the reason.
    pub(super) disabled_actions: bool,
    /// Showing progress that the server begins.
    pub(super) progress: bool,
    /// Watching files on request.
    pub(super) watches_files: bool,
}

impl Abilities {
    pub(super) fn of(capabilities: &Value) -> Self {
        let is = |path: &str| capabilities.pointer(path).and_then(Value::as_bool).unwrap_or_default();
        let lists = |path: &str, name: &str| {
            let list = capabilities.pointer(path).and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|it| it == name))
        };
        Self {
            document_changes: is("/workspace/workspaceEdit/documentChanges"),
            create_files: lists("/workspace/workspaceEdit/resourceOperations", "create"),
            resolves_edits: lists("/textDocument/codeAction/resolveSupport/properties", "edit")
                && is("/textDocument/codeAction/dataSupport"),
            disabled_actions: is("/textDocument/codeAction/disabledSupport"),
            progress: is("/window/workDoneProgress"),
            watches_files: is("/workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }
}

/// A document by its name.
#[derive(Debug, Deserialize)]
pub(super) struct DocumentName {
    pub(super) uri: String,
}

/// `textDocument/didOpen`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DidOpen {
    pub(super) text_document: OpenDocument,
}

/// A document with its text.
#[derive(Debug, Deserialize)]
pub(super) struct OpenDocument {
    pub(super) uri: String,
    pub(super) version: i32,
    pub(super) text: String,
}

/// `textDocument/didChange`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DidChange {
    pub(super) text_document: VersionedName,
    pub(super) content_changes: Vec<ContentChange>,
}

/// A document by its name and version.
#[derive(Debug, Deserialize)]
pub(super) struct VersionedName {
    pub(super) uri: String,
    pub(super) version: i32,
}

/// The whole text of a document.
#[derive(Debug, Deserialize)]
pub(super) struct ContentChange {
    pub(super) text: String,
}

/// `textDocument/didClose` and `textDocument/didSave`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfDocument {
    pub(super) text_document: DocumentName,
}

/// `workspace/didChangeWorkspaceFolders`
#[derive(Debug, Deserialize)]
pub(super) struct DidChangeFolders {
    pub(super) event: FoldersEvent,
}

/// Folders that came and went.
#[derive(Debug, Deserialize)]
pub(super) struct FoldersEvent {
    pub(super) added: Vec<Folder>,
    pub(super) removed: Vec<Folder>,
}

/// `textDocument/hover`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HoverParams {
    pub(super) text_document: DocumentName,
    pub(super) position: Position,
}

/// `textDocument/codeAction`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeActionParams {
    pub(super) text_document: DocumentName,
    pub(super) range: Range,
    #[serde(default)]
    pub(super) context: CodeActionContext,
}

/// What kinds of actions are wanted, and for what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CodeActionContext {
    pub(super) only: Option<Vec<String>>,
    /// As they were published.
    pub(super) diagnostics: Vec<Value>,
}

/// `$/cancelRequest`
#[derive(Debug, Deserialize)]
pub(super) struct Cancel {
    pub(super) id: lsp_server::RequestId,
}

/// A place in a document.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Location {
    pub(super) uri: String,
    pub(super) range: Range,
}

/// A place that explains a diagnostic.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Related {
    pub(super) location: Location,
    pub(super) message: String,
}

/// What is shown at a place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Diagnostic {
    pub(super) range: Range,
    pub(super) severity: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'static str>,
    pub(super) source: &'static str,
    pub(super) message: String,
    pub(super) related_information: Vec<Related>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<String>,
}

/// `textDocument/publishDiagnostics`
#[derive(Debug, Serialize)]
pub(super) struct PublishDiagnostics {
    pub(super) uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i32>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a user can choose.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeAction {
    pub(super) title: String,
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diagnostics: Option<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_preferred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disabled: Option<Disabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edit: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Wanted>,
}

/// Why an action cannot be chosen.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Disabled {
    pub(super) reason: String,
}

/// What an action stands for, until its edit is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    /// The workspace folder's URI.
    pub(super) folder: String,
    /// The ids of the proposals.
    pub(super) ids: Vec<String>,
}

/// A change of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TextEdit {
    pub(super) range: Range,
    pub(super) new_text: String,
}
