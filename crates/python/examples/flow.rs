//! Shows the value flow of a Python file, or with `--time` what it costs to make that of many.

use std::io::Write;
use std::time::{Duration, Instant};

use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use tuneup_python::flow::{FileFacts, lower};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.first().is_some_and(|first| first == "--time") {
        paths.remove(0);
        return time(&paths, &mut out);
    }
    for path in paths {
        let source = std::fs::read_to_string(&path)?;
        out.write_all(facts(&source).0.dump().as_bytes())?;
    }
    Ok(())
}

fn facts(source: &str) -> (FileFacts, Duration, Duration) {
    let start = Instant::now();
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module))
        .try_into_module()
        .expect("a module was asked for");
    let parse = start.elapsed();
    let start = Instant::now();
    let facts = lower(source, &parsed);
    let lowering = start.elapsed();
    (facts, parse, lowering)
}

/// Measures all Python files under `roots`.
fn time(roots: &[String], out: &mut impl Write) -> std::io::Result<()> {
    let mut sources = Vec::new();
    for root in roots {
        for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
            let entry = entry?;
            if entry.path().extension().is_some_and(|end| end == "py")
                && let Ok(source) = std::fs::read_to_string(entry.path())
            {
                sources.push(source);
            }
        }
    }
    let lines: usize = sources.iter().map(|source| source.lines().count()).sum();
    let (mut parse, mut lowering, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    let mut tables = [0; 12];
    for source in &sources {
        let (facts, parsed, lowered) = facts(source);
        parse += parsed;
        lowering += lowered;
        let sizes = sizes(&facts);
        bytes += sizes.iter().sum::<usize>();
        for (table, size) in tables.iter_mut().zip(sizes) {
            *table += size;
        }
    }
    let each = |total: u128| total as f64 / lines.max(1) as f64;
    writeln!(
        out,
        "{} files, {lines} lines: parse {:.0} ns/line, lower {:.0} ns/line, {:.1} bytes/line",
        sources.len(),
        each(parse.as_nanos()),
        each(lowering.as_nanos()),
        each(bytes as u128),
    )?;
    writeln!(out, "bytes/line: {:?}", tables.map(|size| (each(size as u128) * 10.0).round() / 10.0))
}

/// The bytes that the tables hold: values, lists, arguments, steps, functions, parameters, classes, bindings,
/// imports, comprehensions and clauses, names, the rest.
fn sizes(facts: &FileFacts) -> [usize; 12] {
    fn of<T>(table: &Vec<T>) -> usize {
        table.capacity() * size_of::<T>()
    }
    [
        of(&facts.exprs),
        of(&facts.expr_lists),
        of(&facts.arguments),
        of(&facts.stmts),
        of(&facts.functions),
        of(&facts.parameters),
        of(&facts.classes),
        of(&facts.bindings),
        of(&facts.imports),
        of(&facts.comprehensions) + of(&facts.clauses),
        of(&facts.slot_names) + of(&facts.symbols),
        of(&facts.blocks) + of(&facts.compare_ops) + size_of::<FileFacts>(),
    ]
}
