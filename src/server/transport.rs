//! Messages over standard input and output. A message is read as far as it comes, whatever length it says it has, and
//! one that is longer than any document ends the connection.

use std::io::{self, BufRead, Error, ErrorKind, Read};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use crossbeam_channel::bounded;
use lsp_server::{Connection, Message};

use crate::failure::Failure;

/// How long a message may be, and all of its headers.
const LONGEST: u64 = 1 << 28;
const LONGEST_HEADERS: u64 = 1 << 12;

/// The threads that read and write.
pub(super) struct Threads {
    writer: JoinHandle<io::Result<()>>,
    broken: Arc<OnceLock<Error>>,
}

/// Connects to who started the program.
pub(super) fn connect() -> io::Result<(Connection, Threads)> {
    let (sender, outgoing) = bounded::<Message>(0);
    let writer = thread::Builder::new().name("writer".to_owned()).spawn(move || {
        let mut out = io::stdout().lock();
        outgoing.into_iter().try_for_each(|message| message.write(&mut out))
    })?;
    let (incoming, receiver) = bounded::<Message>(0);
    let broken = Arc::new(OnceLock::new());
    let reason = Arc::clone(&broken);
    // It waits for input, and so is not waited for.
    thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            match read(&mut input) {
                Ok(Some(message)) => {
                    let is_last = matches!(&message, Message::Notification(it) if it.method == "exit");
                    if incoming.send(message).is_err() || is_last {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    let _ = reason.set(error);
                    break;
                }
            }
        }
    })?;
    Ok((Connection { sender, receiver }, Threads { writer, broken }))
}

impl Threads {
    /// Why no more could be read, where that is not because the other has left.
    pub(super) fn broken(&self) -> Option<Failure> {
        self.broken.get().map(|error| Failure::new(format!("the editor's message cannot be read: {error}")))
    }

    /// Waits until all is written. The connection must be gone.
    pub(super) fn join(self) -> io::Result<()> {
        self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// The next message; none at the end of the input.
fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let malformed = |reason: &str| Error::new(ErrorKind::InvalidData, reason);
    let mut text = Vec::new();
    let mut length = None;
    let mut headers = input.by_ref().take(LONGEST_HEADERS);
    loop {
        let begin = text.len();
        if headers.read_until(b'\n', &mut text)? == 0 {
            return if text.is_empty() { Ok(None) } else { Err(malformed("its headers do not end")) };
        }
        let Some(line) = text[begin..].strip_suffix(b"\r\n") else {
            return Err(malformed("a line of its headers does not end"));
        };
        if line.is_empty() {
            break;
        }
        let line = str::from_utf8(line).map_err(|_| malformed("its headers are no text"))?;
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("Content-Length")
        {
            length = value.parse::<u64>().ok();
        }
    }
    let length = length.ok_or_else(|| malformed("it does not say its length"))?;
    if length > LONGEST {
        return Err(malformed(&format!("it is longer than {LONGEST} bytes")));
    }
    if input.take(length).read_to_end(&mut text)? as u64 != length {
        return Err(malformed("it is shorter than it says"));
    }
    Message::read(&mut text.as_slice())
}

#[cfg(test)]
mod tests {
    use super::read;

    fn refused(text: &str) -> String {
        read(&mut text.as_bytes()).expect_err("it is no message").to_string()
    }

    #[test]
    fn a_message_is_as_long_as_what_comes() {
        assert_eq!(refused("Content-Length: 99999999999999\r\n\r\n{}"), "it is longer than 268435456 bytes");
        assert_eq!(refused("Content-Length: 99999999\r\n\r\n{}"), "it is shorter than it says");
        assert_eq!(refused("Content-Length: -1\r\n\r\n{}"), "it does not say its length");
        assert_eq!(refused(&"x".repeat(5000)), "a line of its headers does not end");
        assert_eq!(refused(&"x: y\r\n".repeat(5000)), "a line of its headers does not end");
        let exit = "content-length: 17\r\nOther: x\r\n\r\n{\"method\":\"exit\"}";
        let both = [exit, exit].concat();
        let mut input = both.as_bytes();
        assert!(read(&mut input).is_ok_and(|message| message.is_some()));
        assert!(read(&mut input).is_ok_and(|message| message.is_some()));
        assert!(read(&mut input).is_ok_and(|message| message.is_none()));
    }
}
