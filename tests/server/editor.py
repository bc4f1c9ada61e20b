"""The server as a client library for editors sees it: every message must be of the protocol's types.

Takes the program and a project's folder; prints what was found and what an action would do.
"""

import asyncio
import sys
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient


async def main(program: str, folder: Path) -> None:
    client = BaseLanguageClient("editor", "1")
    found: dict[str, list[types.Diagnostic]] = {}
    published = asyncio.Event()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def publish(params: types.PublishDiagnosticsParams) -> None:
        found[params.uri] = params.diagnostics
        if params.uri.endswith("views.py"):
            published.set()

    await client.start_io(program, "server", "--stdio")
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(
            workspace_edit=types.WorkspaceEditClientCapabilities(
                document_changes=True, resource_operations=[types.ResourceOperationKind.Create]
            )
        ),
        text_document=types.TextDocumentClientCapabilities(
            code_action=types.CodeActionClientCapabilities(
                data_support=True,
                resolve_support=types.ClientCodeActionResolveOptions(properties=["edit"]),
            )
        ),
    )
    uri = folder.as_uri()
    result = await client.initialize_async(
        types.InitializeParams(
            capabilities=capabilities,
            workspace_folders=[types.WorkspaceFolder(uri=uri, name="project")],
        )
    )
    print(result.server_info.name, result.capabilities.position_encoding)
    client.initialized(types.InitializedParams())
    await asyncio.wait_for(published.wait(), 30)
    for name, diagnostics in sorted(found.items()):
        for diagnostic in diagnostics:
            related = len(diagnostic.related_information or [])
            print(name.removeprefix(uri), diagnostic.code, diagnostic.range.start.line, related > 0)

    models = types.TextDocumentIdentifier(uri=f"{uri}/shop/models.py")
    at = types.Position(line=4, character=8)
    hover = await client.text_document_hover_async(types.HoverParams(text_document=models, position=at))
    print("hover", "meta-indexes" in hover.contents.value)
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=models,
            range=types.Range(start=at, end=at),
            context=types.CodeActionContext(diagnostics=found[models.uri]),
        )
    )
    action = await client.code_action_resolve_async(actions[0])
    for change in action.edit.document_changes:
        name = change.uri if isinstance(change, types.CreateFile) else change.text_document.uri
        print(type(change).__name__, name.removeprefix(uri).rsplit("/", 1)[0])
    print("diagnostics", len(actions[0].diagnostics))
    await client.shutdown_async(None)
    client.exit(None)
    await asyncio.wait_for(client._server.wait(), 30)
    print("exit", client._server.returncode)
    await client.stop()


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
