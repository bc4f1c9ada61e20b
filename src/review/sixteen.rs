//! What goes to the terminal, with colours as every terminal knows them: the library names the sixteen of them as
//! parts of 256, which a terminal of sixteen takes for something else.

use std::io::{self, Write};

/// Writes whole frames, each recoloured.
pub(super) struct Sixteen<W: Write> {
    inner: W,
    frame: Vec<u8>,
}

impl<W: Write> Sixteen<W> {
    /// In front of a terminal.
    pub(super) fn new(inner: W) -> Self {
        Self { inner, frame: Vec::new() }
    }
}

impl<W: Write> Write for Sixteen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut self.frame);
        self.inner.write_all(&recolored(&frame))?;
        self.inner.flush()
    }
}

/// Output in which `38;5;6` is `36`.
fn recolored(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        let (before, sequence) = rest.split_at(at + 2);
        out.extend_from_slice(before);
        let end =
            sequence.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';')).unwrap_or(sequence.len());
        let (numbers, after) = sequence.split_at(end);
        match std::str::from_utf8(numbers) {
            Ok(numbers) if after.first() == Some(&b'm') => out.extend(simpler(numbers).into_bytes()),
            _ => out.extend_from_slice(numbers),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// The numbers of one sequence.
fn simpler(numbers: &str) -> String {
    let all: Vec<&str> = numbers.split(';').collect();
    let mut out: Vec<String> = Vec::new();
    let mut n = 0;
    while n < all.len() {
        let base = match all[n] {
            "38" => Some(30),
            "48" => Some(40),
            _ => None,
        };
        let color = (all.get(n + 1) == Some(&"5")).then(|| all.get(n + 2)?.parse::<u8>().ok()).flatten();
        match (base, color) {
            (Some(base), Some(color @ 0..8)) => out.push((base + color).to_string()),
            (Some(base), Some(color @ 8..16)) => out.push((base + 60 + color - 8).to_string()),
            _ => {
                out.push(all[n].to_owned());
                n += 1;
                continue;
            }
        }
        n += 3;
    }
    out.join(";")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Sixteen;

    #[test]
    fn colours_are_those_of_every_terminal() {
        let cases = [
            ("\x1b[38;5;6mname\x1b[39m", "\x1b[36mname\x1b[39m"),
            ("\x1b[1;38;5;11;48;5;0mx", "\x1b[1;93;40mx"),
            ("\x1b[38;5;200;4mx\x1b[38;2;1;2;3m", "\x1b[38;5;200;4mx\x1b[38;2;1;2;3m"),
            ("\x1b[2;5H38;5;6m ✓\x1b[", "\x1b[2;5H38;5;6m ✓\x1b["),
            ("\x1b[?25l\x1b[m", "\x1b[?25l\x1b[m"),
        ];
        for (given, wanted) in cases {
            let mut terminal = Vec::new();
            let mut out = Sixteen::new(&mut terminal);
            // In pieces, as a library may write.
            given.as_bytes().chunks(2).for_each(|part| out.write_all(part).expect("memory takes it"));
            out.flush().expect("memory takes it");
            assert_eq!(String::from_utf8_lossy(&terminal), wanted);
        }
    }
}
