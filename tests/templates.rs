//! Templates are cut into tokens as Django's `DebugLexer` cuts them: kind, content, position and line of each
//! token, and the pieces of each tag.
//!
//! Held on Django's own templates, on those of `fixtures/`, and on hard ones. `TUNEUP_TEST_TEMPLATES` names more
//! folders, separated as in `PATH`: the `templates` folders within them are read too.

#[path = "judge/environments.rs"]
mod environments;

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use tuneup_django::templates::lexer::{Kind, pieces, tokens};

use environments::environments;

const HARD: &[&str] = &[
    "",
    "{",
    "{{",
    "{{}}",
    "{{ }}",
    "{%%}",
    "{%}",
    "{#}",
    "{##}",
    "{{}}}",
    "{{{ a }}}",
    "{ { a } }",
    "{% {% a %} %}",
    "{{ a %}{% b }}",
    "{{ a\n}}{{ b }}",
    "{{ a\r}}{{ b }}\r\n{{ c }}",
    "{{ a\u{2028}b }}{{ c\u{85}}}",
    "{# a #}{# b\n#}{# c #}",
    "{{ a }}\n\n{{ b }}\n{% c %}{# d #}",
    "\u{feff}{{ a }}",
    "é{{ ü }}ß{% if ñ == \"日本\" %}…{% endif %}😀{{ b }}",
    "{{\u{a0}a\u{3000}}}{{\u{1c}a\u{1f}}}{{\u{200b}a}}",
    "{{ \"}}\" }}{% a \"%}\" %}",
    "{% verbatim %}{{ a }}{% if %}{# b #}{% endverbatim %}{{ c }}",
    "{% verbatim x %}{{ a }}{% endverbatim %}{% endverbatim x %}{{ b }}",
    "{%verbatim%}{{ a }}{%endverbatim%}{{ b }}",
    "{%  verbatim  x %}{{ a }}{% endverbatim x %}{%endverbatim  x%}{{ b }}",
    "{% verbatim\tx %}{{ a }}{% endverbatim\tx %}",
    "{% verbatimx %}{{ a }}{% endverbatimx %}",
    "{% verbatim %}never ends {{ a }} {% b %}",
    "{% endverbatim %}{{ a }}",
    "{% comment %}{{ a }}{% verbatim %}{% endcomment %}{{ b }}{% endverbatim %}",
    "{% a \"b c\" d='e f' g=\"h\\\" i\" j %}",
    "{% a it's b %}{% a \"b c %}{% a b\"c d\"e'f g' h %}",
    "{% a \"b\"c\"d e %}{% a '\\' b %}{% a \"\\",
    "{% a _(\"b c\") d=_('e f')|g:\"h i\" %}{% a _(\"b\"c d\") e %}{% a _(\"b %}",
    "{% a\tb\u{a0}c\u{3000}d\u{1c}e %}",
    "{% a\u{a0}'b\u{a0}c' %}",
    "{{ a|b:\"c d\"|e:'f' }}{{ a|b:\"{{\" }}",
    "{{ a }}{{ b",
    "{% a %",
    "{{a}}{%b%}{#c#}",
    "}}{{ a }}%}{% b %}#}",
];

#[test]
fn templates_are_cut_as_django_cuts_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("fixtures").display().to_string()];
    if let Some(more) = std::env::var_os("TUNEUP_TEST_TEMPLATES") {
        folders.extend(std::env::split_paths(&more).map(|folder| folder.display().to_string()));
    }
    for environment in environments() {
        let cut = environment.run("tokens.py", &json!({"templates": HARD, "folders": folders}));
        let cut = cut.as_array().expect("a list of templates");
        let mut count = 0;
        let mut differences = Vec::new();
        for template in cut {
            let source = template[0].as_str().expect("a template's source");
            let theirs = template[1].as_array().expect("its tokens");
            let ours = told(source, theirs);
            count += ours.len();
            if let Some(at) = (0..ours.len().max(theirs.len())).find(|&at| ours.get(at) != theirs.get(at)) {
                let start: String = source.chars().take(80).collect();
                differences.push(format!(
                    "{start:?}, token {at}: Django {:?}, here {:?}",
                    theirs.get(at),
                    ours.get(at)
                ));
            }
        }
        let django = environment.django;
        let _ = writeln!(io::stderr(), "{count} tokens of {} templates under Django {django}", cut.len());
        assert!(cut.len() > HARD.len() + 100, "Django's own templates are not found");
        assert!(differences.is_empty(), "under Django {django}:\n{}", differences.join("\n"));
    }
}

/// Our tokens, told as Django tells its own.
fn told(source: &str, theirs: &[Value]) -> Vec<Value> {
    let mut at = 0;
    let mut characters = 0;
    let mut lines = 1;
    let mut told = Vec::new();
    for (index, token) in tokens(source).into_iter().enumerate() {
        let start = token.range.start().to_usize();
        let end = token.range.end().to_usize();
        assert_eq!(start, at, "tokens leave nothing out");
        at = end;
        let text = &source[start..end];
        let content = &source[token.content];
        let kind = format!("{:?}", token.kind);
        let parts: Vec<&str> = pieces(content).into_iter().map(|(_, piece)| piece).collect();
        let fails = theirs.get(index).is_some_and(|their| their[5].is_null());
        let parts = if token.kind == Kind::Text || fails { Value::Null } else { json!(parts) };
        let length = text.chars().count();
        told.push(json!([kind, content, characters, characters + length, lines, parts]));
        characters += length;
        lines += text.matches('\n').count();
    }
    told
}
