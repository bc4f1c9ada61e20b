//! The names of the standard library's modules and of the builtins, Python 3.8 to 3.15.

/// Modules of the standard library that have no submodules.
const MODULES: &str = "
abc aifc antigravity annotationlib argparse array ast asynchat asyncore atexit audioop base64 bdb
binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop colorsys
compileall configparser contextlib contextvars copy copyreg crypt csv dataclasses datetime decimal
difflib dis doctest enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools
gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac imaplib imghdr imp
inspect io ipaddress itertools keyword linecache locale lzma mailbox mailcap marshal math mimetypes mmap
modulefinder msilib msvcrt netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse
ossaudiodev pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint
profile pstats pty pwd py_compile pyclbr pydoc pyexpat queue quopri random readline reprlib resource
rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr
socket socketserver spwd sre_compile sre_constants sre_parse ssl stat statistics stringprep struct
subprocess sunau symtable sys tabnanny tarfile telnetlib tempfile termios textwrap this threading time
timeit token tokenize trace traceback tracemalloc tty turtle types typing unicodedata uu uuid warnings
wave weakref webbrowser winreg winsound xdrlib zipapp zipimport zlib _thread __future__ __main__
";

/// Packages of the standard library.
const PACKAGES: &str = "
asyncio collections compression concurrent ctypes curses dbm distutils email encodings ensurepip html
http idlelib importlib json lib2to3 logging multiprocessing os pathlib profiling pydoc_data re sqlite3
string sysconfig syslog tkinter tomllib turtledemo unittest urllib venv wsgiref xml xmlrpc zipfile zoneinfo
";

const BUILTINS: &str = "
ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError
BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError
ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning
EnvironmentError Exception ExceptionGroup FileExistsError FileNotFoundError FloatingPointError
FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError
InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError
ModuleNotFoundError NameError NotADirectoryError NotImplemented NotImplementedError OSError
OverflowError PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError
RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration
StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError TypeError
UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError
UnicodeWarning UserWarning ValueError Warning ZeroDivisionError __build_class__ __debug__ __import__
abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile
complex copyright credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset
getattr globals hasattr hash help hex id input int isinstance issubclass iter len license list locals map
max memoryview min next object oct open ord pow print property quit range repr reversed round set setattr
slice sorted staticmethod str sum super tuple type vars zip
";

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::symbol::Symbol;

/// By module: whether it has submodules.
static STANDARD: LazyLock<FxHashMap<&'static str, bool>> = LazyLock::new(|| {
    let modules = MODULES.split_whitespace().map(|name| (name, false));
    let packages = PACKAGES.split_whitespace().map(|name| (name, true));
    modules.chain(packages).collect()
});

static BUILTIN: LazyLock<FxHashSet<Symbol>> =
    LazyLock::new(|| BUILTINS.split_whitespace().map(Symbol::new).collect());

/// Whether a dotted module name is of the standard library. Below a module that is no package, it is not.
pub(crate) fn is_standard(dotted: &str) -> bool {
    match dotted.split_once('.') {
        None => STANDARD.contains_key(dotted),
        Some((first, _)) => STANDARD.get(first).copied().unwrap_or_default(),
    }
}

/// Whether a name is a builtin.
pub(crate) fn is_builtin(name: Symbol) -> bool {
    BUILTIN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::is_standard;

    #[test]
    fn a_module_without_submodules_has_none() {
        assert!(is_standard("calendar"));
        assert!(is_standard("os.path"));
        assert!(is_standard("xml.etree.ElementTree"));
        assert!(!is_standard("calendar.views"));
        assert!(!is_standard("requests"));
        assert!(!is_standard(""));
    }
}
