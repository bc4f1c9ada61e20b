//! Text within HTML. Whatever a project's files hold, it is shown, and never anything else.

use crate::review::clean;

/// A text between tags.
pub(super) fn text(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The value of an attribute in double quotes.
pub(super) fn attribute(value: &str) -> String {
    text(value).replace('"', "&quot;")
}

/// Prose in which `code` stands between backticks.
pub(super) fn prose(prose: &str) -> String {
    let mut html = String::new();
    for (n, part) in prose.split('`').enumerate() {
        if n % 2 == 0 {
            html.push_str(&text(part))
        } else {
            html.push_str(&format!("<code>{}</code>", text(part)))
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::{attribute, prose, text};

    #[test]
    fn nothing_gets_out() {
        assert_eq!(text("</script><b>&\u{202e}"), "&lt;/script&gt;&lt;b&gt;&amp;\u{fffd}");
        assert_eq!(attribute("\"><script>"), "&quot;&gt;&lt;script&gt;");
        assert_eq!(prose("Join `a<b` to `c"), "Join <code>a&lt;b</code> to <code>c</code>");
    }
}
