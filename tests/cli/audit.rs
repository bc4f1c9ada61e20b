//! The performance audit: that it needs nothing beside itself, shows whatever a project holds and no more, and works in
//! a browser.

use std::fs;
use std::io::Write;
use std::process::Command;

use crate::support::Library;

/// A project with names and texts that would leave the page if they could.
fn hostile() -> Library {
    let library = Library::committed();
    library.write(
        "evil<script>document.title='out'<.py",
        "from library.models import Book\n\n\ndef rows():\n    # </script><script>document.title = 'out'</script>\n    \
         return [\"</pre><img src=x onerror=alert(1)>\" + b.author.name for b in Book.objects.all()]\n",
    );
    library.write("broken.py", "def f(:\n");
    library
}

fn report(library: &Library) -> String {
    let run = library.run(&["report", "--output", "audit.html"]);
    assert!(run.out.contains("wrote audit.html"), "{}{}", run.out, run.err);
    String::from_utf8(library.read("audit.html")).expect("UTF-8")
}

#[test]
fn the_page_needs_nothing_and_lets_nothing_out() {
    let library = hostile();
    // The page is a file of the project itself from now on.
    report(&library);
    let page = report(&library);
    for needs in ["src=\"", "<link", "@import", "url("] {
        assert!(!page.contains(needs), "{needs}");
    }
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains("<img"));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(page.contains("<code>broken.py:1</code> Could not be read: "));
    assert_eq!(page.matches("<li class=\"finding\"").count(), page.matches("<h4>Evidence</h4>").count());
    for part in ["Findings by rule and app", ">Checked</h2>", ">Not decided</h2>", ">clean</td>"] {
        assert!(page.contains(part), "{part}");
    }
    // Without settings, rules about them have nothing to say.
    assert!(page.contains("<td>not decided: no settings of production were found</td>"), "{page}");
    assert_eq!(page, report(&library), "the same project gives the same bytes");
}

#[test]
fn the_page_of_a_project_without_findings_says_so() {
    let library = Library::empty();
    let page = report(&library);
    assert!(page.contains("Nothing was found to propose."));
    assert!(!page.contains("<form"));
}

/// A browser without a screen; where there is none, that is said.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let found = names.into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: no headless Chromium is installed, so the page is not tried"
        );
    }
    found
}

fn headless(library: &Library, program: &str, arguments: &[&str], page: &str) -> String {
    let profile = format!("--user-data-dir={}", library.at("profile").display());
    let url = format!("file://{}", library.at(page).display());
    let all = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &profile];
    let output = Command::new(program)
        .args(all)
        .args(arguments)
        .arg(url)
        .current_dir(library.path())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_page_is_rendered_filtered_and_printed_in_a_browser() {
    let Some(program) = browser() else { return };
    let library = hostile();
    let page = report(&library);
    // What a person does, done by a script at the end; what is then seen is written into the page.
    let acts = "<script>\n\
        const form = document.querySelector('.filters'), seen = [document.title, form.hidden];\n\
        const shown = () => [...document.querySelectorAll('.finding')].filter((it) => it.checkVisibility()).length;\n\
        const set = (name, value) => {\n\
          form.elements[name].value = value;\n\
          form.dispatchEvent(new Event('input', { bubbles: true }));\n\
          seen.push(`${shown()}=${form.elements.shown.value}`);\n\
        };\n\
        seen.push(shown());\n\
        set('rule', 'select-related'); set('search', 'OVERVIEW'); set('search', 'nothing has this');\n\
        seen.push(document.querySelector('.none').checkVisibility());\n\
        form.elements.open.click(); seen.push(document.querySelectorAll('details:not([open])').length);\n\
        const result = document.createElement('p'); result.id = 'seen'; result.textContent = seen.join('|');\n\
        document.body.append(result);\n</script></body>";
    library.write("acted.html", page.replace("</body>", acts));
    let dom = headless(&library, program, &["--dump-dom"], "acted.html");
    let seen = dom.split("<p id=\"seen\">").nth(1).and_then(|rest| rest.split("</p>").next());
    let all = page.matches("<li class=\"finding\"").count();
    let name = library.path().file_name().expect("a name").to_string_lossy().into_owned();
    let expected = format!("Performance audit of {name}|false|{all}|3=3 shown|1=1 shown|0=0 shown|true|0");
    assert_eq!(seen, Some(expected.as_str()));
    // Paper shows what is closed on the screen.
    let pages = |arguments: &[&str], page: &str| {
        headless(&library, program, arguments, page);
        let pdf = fs::read(library.at("audit.pdf")).expect("it was printed");
        pdf.windows(12).filter(|it| it.starts_with(b"/Type /Page") && it[11] != b's').count()
    };
    let printed = pages(&["--print-to-pdf=audit.pdf"], "audit.html");
    library.write("bare.html", page.replace("<h4>Evidence</h4>", "").replace("<figure>", "<figure hidden>"));
    let bare = pages(&["--print-to-pdf=audit.pdf"], "bare.html");
    assert!(printed > bare, "{printed} pages, and {bare} without sources");
}
