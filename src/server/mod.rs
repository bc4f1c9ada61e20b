//! `tuneup server`: a language server on standard input and output.
//!
//! The project is analysed as it is on the disk, in the background, when the editor opens it and whenever something is
//! saved. What is found is shown where it is in the documents as they are now, and what is chosen is written to them by
//! the editor, so that it can be seen, saved and taken back there.

mod actions;
mod diagnostics;
mod documents;
mod edits;
mod hover;
mod positions;
mod protocol;
mod requests;
mod session;
mod transport;
mod uri;
mod workspace;

use crossbeam_channel::unbounded;
use lsp_server::Connection;
use serde_json::json;

use crate::failure::Failure;
use positions::Encoding;
use protocol::{Abilities, InitializeParams};
use session::Session;

/// Serves an editor until it leaves. Whether it left as it should, by `shutdown` and `exit`.
pub(crate) fn serve(config: &[String]) -> Result<bool, Failure> {
    let (connection, threads) = transport::connect()?;
    let left = session(&connection, config);
    if let Some(failure) = threads.broken() {
        return Err(failure);
    }
    let left = left?;
    // What writes ends when nothing is left to write.
    drop(connection);
    threads.join()?;
    Ok(left)
}

fn session(connection: &Connection, config: &[String]) -> Result<bool, Failure> {
    let protocol = |error: lsp_server::ProtocolError| Failure::new(error.to_string());
    let (id, params) = connection.initialize_start().map_err(protocol)?;
    let params: InitializeParams = serde_json::from_value(params)
        .map_err(|error| Failure::new(format!("`initialize` cannot be understood: {error}")))?;
    let abilities = Abilities::of(&params.capabilities);
    let offered = params.capabilities.pointer("/general/positionEncodings");
    let offered: Vec<String> =
        offered.and_then(|list| serde_json::from_value(list.clone()).ok()).unwrap_or_default();
    let encoding = Encoding::of(&offered);
    let capabilities = json!({
        "positionEncoding": encoding.as_str(),
        "textDocumentSync": { "openClose": true, "change": 1, "save": { "includeText": false } },
        "hoverProvider": true,
        "codeActionProvider": { "codeActionKinds": ["quickfix"], "resolveProvider": abilities.resolves_edits },
        "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
    });
    let info = json!({ "name": "tuneup", "version": env!("CARGO_PKG_VERSION") });
    connection
        .initialize_finish(id, json!({ "capabilities": capabilities, "serverInfo": info }))
        .map_err(protocol)?;
    let mut folders: Vec<String> =
        params.workspace_folders.unwrap_or_default().into_iter().map(|folder| folder.uri).collect();
    if folders.is_empty() {
        folders.extend(params.root_uri);
    }
    let mut config = config.to_vec();
    config.extend(params.initialization_options.unwrap_or_default().config);
    // Messages wait here while one is worked on, so that what is cancelled meanwhile is never begun.
    let (waiting, receiver) = unbounded();
    let incoming = connection.receiver.clone();
    std::thread::Builder::new()
        .name("messages".to_owned())
        .spawn(move || incoming.into_iter().try_for_each(|message| waiting.send(message)))?;
    let connection = Connection { sender: connection.sender.clone(), receiver };
    Session::new(&connection, abilities, encoding, config).run(&folders)
}
