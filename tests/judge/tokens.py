"""Cuts templates into tokens as Django does: those given, Django's own, and those of folders named.

In: `{"templates": [source], "folders": [path]}`. Out: for each template
`[source, [[kind, content, start, end, line, pieces or null]]]`, with positions in characters.
"""

import json
import os
import sys

import django
from django.template.base import DebugLexer, Lexer, TokenType

KINDS = {TokenType.TEXT: "Text", TokenType.VAR: "Variable", TokenType.BLOCK: "Block", TokenType.COMMENT: "Comment"}
ENDINGS = (".html", ".txt", ".xml", ".js", ".svg", ".csv", ".tex", ".eml", ".md", ".j2", ".jinja", ".jinja2")


def main():
    asked = json.load(sys.stdin)
    sources = list(asked["templates"])
    for folder in [os.path.dirname(django.__file__), *asked["folders"]]:
        sources.extend(templates_in(folder))
    json.dump([[source, tokens(source)] for source in sources], sys.stdout)


def templates_in(folder):
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            inside = "templates" in os.path.relpath(parent, folder).split(os.sep) or "jinja2" in parent
            if not inside or not name.endswith(ENDINGS):
                continue
            try:
                with open(os.path.join(parent, name), encoding="utf-8", newline="") as file:
                    yield file.read()
            except UnicodeDecodeError:
                pass


def tokens(source):
    found = DebugLexer(source).tokenize()
    plain = Lexer(source).tokenize()
    told = [(token.token_type, token.contents, token.lineno) for token in found]
    assert told == [(token.token_type, token.contents, token.lineno) for token in plain]
    return [
        [KINDS[token.token_type], token.contents, *token.position, token.lineno, pieces(token)] for token in found
    ]


def pieces(token):
    if token.token_type == TokenType.TEXT:
        return None
    try:
        return token.split_contents()
    except StopIteration:
        # `_("` that never ends: Django fails here.
        return None


if __name__ == "__main__":
    main()
