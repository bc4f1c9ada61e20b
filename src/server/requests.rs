//! What the editor can ask: hovers, code actions, and the edit of an action that was chosen.

use lsp_server::ErrorCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::actions::{actions, wants_quick_fixes};
use super::hover::hover;
use super::protocol::{CodeAction, CodeActionParams, HoverParams};
use super::session::Session;
use super::workspace::{Analysis, View, Workspace};

/// Why there is no answer.
type Refused = (ErrorCode, String);

impl Session<'_> {
    /// The answer to a request.
    pub(super) fn request(&self, method: &str, params: Value) -> Result<Value, Refused> {
        match method {
            "textDocument/hover" => {
                let HoverParams { text_document, position } = read(params)?;
                let Some((workspace, analysis, path)) = self.find(&text_document.uri) else {
                    return Ok(Value::Null);
                };
                let view = View::new(workspace, analysis, &self.documents, self.encoding);
                Ok(hover(&view, analysis, &path, position))
            }
            "textDocument/codeAction" => {
                let CodeActionParams { text_document, range, context } = read(params)?;
                if !wants_quick_fixes(context.only.as_deref()) {
                    return Ok(json!([]));
                }
                let Some((workspace, analysis, path)) = self.find(&text_document.uri) else {
                    return Ok(json!([]));
                };
                let view = View::new(workspace, analysis, &self.documents, self.encoding);
                let desk = self.desk(workspace);
                Ok(json!(actions(&desk, &view, analysis, (&path, range), &context.diagnostics)))
            }
            "codeAction/resolve" => {
                let mut action: CodeAction = read(params)?;
                let Some(wanted) = &action.data else { return Ok(json!(action)) };
                let folder = self.workspaces.iter().find(|it| it.uri == wanted.folder);
                let found = folder.and_then(|folder| Some((folder, folder.analysis.as_ref()?)));
                let (workspace, analysis) = found
                    .ok_or((ErrorCode::ContentModified, "the folder is not open any more".to_owned()))?;
                let edit = self.desk(workspace).edit(analysis, wanted);
                action.edit = Some(edit.map_err(|reason| (ErrorCode::RequestFailed, reason))?);
                Ok(json!(action))
            }
            _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not known"))),
        }
    }

    /// The folder of a document, what was found in it, and the document's path there.
    fn find(&self, uri: &str) -> Option<(&Workspace, &Analysis, String)> {
        self.workspaces
            .iter()
            .find_map(|workspace| Some((workspace, workspace.analysis.as_ref()?, workspace.relative(uri)?)))
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refused> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}
