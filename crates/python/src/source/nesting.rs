//! How deep the syntax tree of a text can become, told from its characters alone.
//!
//! Trees are walked and dropped by recursion, so a text that nests without bound would overflow any
//! stack. CPython refuses such a text too ("too many nested parentheses", "recursion limit exceeded
//! during compilation"), and far earlier than this.

use memchr::memchr2;

/// No branch of a tree may be made of more tokens than this.
const LIMIT: usize = 20_000;

/// A chain of this many `elif` or `case` is too deep: each nests in the one before it.
const BRANCH_LIMIT: usize = 5_000;

/// Where the tree of `text` may become too deep to walk, in bytes. An upper bound: inside one bracket, and between two
/// commas, every word and every operator may nest once more.
pub(crate) fn too_deep_at(text: &str) -> Option<usize> {
    // One token is at least one byte.
    if text.len() > BRANCH_LIMIT * 5 { scan(text.as_bytes()) } else { None }
}

fn scan(text: &[u8]) -> Option<usize> {
    // What each open bracket has had since its last comma; the first entry is outside of all brackets.
    let mut open = vec![0_usize];
    let mut total = 0_usize;
    let mut branches = 0_usize;
    let mut line_start = true;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'#' => at = end_of_line(text, at),
            b'"' | b'\'' => {
                at = end_of_string(text, at - 1);
                line_start = false;
            }
            b'\\' => at += 1,
            b'\n' | b'\r' if open.len() == 1 => {
                open[0] = 0;
                total = 0;
                line_start = true;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => {}
            b'(' | b'[' | b'{' => {
                open.push(0);
                total += 1;
                line_start = false;
            }
            b')' | b']' | b'}' => {
                if open.len() > 1 {
                    total -= open.pop().unwrap_or_default();
                    // The bracket counted as one outside of it, and stays so: `a()()()` nests too.
                    if let Some(outer) = open.last_mut() {
                        *outer += 1;
                    }
                }
                line_start = false;
            }
            b',' | b';' => {
                if let Some(here) = open.last_mut() {
                    total -= *here;
                    *here = 0;
                }
            }
            _ => {
                let word = is_word(byte);
                let start = at - 1;
                if word {
                    while text.get(at).copied().is_some_and(is_word) {
                        at += 1;
                    }
                }
                if line_start && matches!(&text[start..at], b"elif" | b"case") {
                    branches += 1;
                }
                line_start = false;
                if let Some(here) = open.last_mut() {
                    *here += 1;
                }
                total += 1;
            }
        }
        if total > LIMIT || branches > BRANCH_LIMIT {
            return Some(at - 1);
        }
    }
    None
}

/// The bytes of words.
const WORD: [bool; 256] = {
    let mut is_word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        is_word[byte] = (byte as u8).is_ascii_alphanumeric() || byte == b'_' as usize || byte >= 0x80;
        byte += 1;
    }
    is_word
};

fn is_word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

fn end_of_line(text: &[u8], from: usize) -> usize {
    memchr2(b'\n', b'\r', &text[from..]).map_or(text.len(), |at| from + at)
}

/// The end of the string whose opening quote is at `from`. What an f-string nests is not looked into: its
/// quotes alternate with code, which is counted.
fn end_of_string(text: &[u8], from: usize) -> usize {
    let quote = text[from];
    if text[from..].starts_with(&[quote; 3]) {
        return end_of_triple(text, from + 3, quote);
    }
    let mut at = from + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' | b'\r' => return at,
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The end of a string in triple quotes that has come to `at`.
fn end_of_triple(text: &[u8], mut at: usize, quote: u8) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(quote, b'\\', rest)) {
        at += found;
        match text[at] {
            b'\\' => at += 2,
            _ if text[at..].starts_with(&[quote; 3]) => return at + 3,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::too_deep_at;

    fn is_too_deep(text: &str) -> bool {
        too_deep_at(text).is_some()
    }

    fn nested(open: &str, middle: &str, close: &str, times: usize) -> String {
        format!("x = {}{middle}{}\n", open.repeat(times), close.repeat(times))
    }

    #[test]
    fn every_way_to_nest_is_seen() {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("{", "1", "}"),
            ("{1: ", "1", "}"),
            ("f(", "1", ")"),
            ("-", "1", ""),
            ("not ", "1", ""),
            ("lambda: ", "1", ""),
            ("1 if 1 else ", "1", ""),
            ("1 + ", "1", ""),
            ("1 ** ", "1", ""),
            ("", "a", ".b"),
            ("", "a", "()"),
            ("", "a", "[0]"),
            ("f'{", "1", "}'"),
            ("f\"{f'{", "1", "}'}\""),
        ] {
            let text = nested(open, middle, close, 50_000);
            assert!(is_too_deep(&text), "{open}{middle}{close}");
            let text = nested(open, middle, close, 1_000);
            assert!(!is_too_deep(&text), "{open}{middle}{close}");
        }
        let text = format!("if a:\n    pass\n{}", "elif b:\n    pass\n".repeat(50_000));
        assert!(is_too_deep(&text));
    }

    #[test]
    fn the_place_is_where_it_becomes_too_deep() {
        let text = format!("x = 1\ny = {}1{}\nz = 1\n", "(".repeat(50_000), ")".repeat(50_000));
        let at = too_deep_at(&text).expect("it is too deep");
        assert_eq!(text[..at].matches('\n').count(), 1);
    }

    #[test]
    fn long_flat_texts_are_not_deep() {
        assert!(!is_too_deep(&"x = (1)\n".repeat(100_000)));
        assert!(!is_too_deep(&format!("x = [{}]\n", "(1, -2), ".repeat(100_000))));
        assert!(!is_too_deep(&format!("x = {{{}}}\n", "'((((': a.b(c) + 1, ".repeat(100_000))));
        assert!(!is_too_deep(&format!("'''{}'''\n", "(((".repeat(100_000))));
        assert!(!is_too_deep(&format!("# {}\n", "(((".repeat(100_000))));
        assert!(!is_too_deep(&format!("x = ({})\n", "'a ('\n".repeat(100_000))));
    }

    #[test]
    fn unbalanced_texts_are_read_to_their_end() {
        for text in [")", "]}", "'", "\"\"\"", "\\", "#", "'\\", "(", ")))(((", "f'{"] {
            let text = text.repeat(30_000);
            is_too_deep(&text);
        }
    }
}
