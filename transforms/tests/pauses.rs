//! Loops that pause: what is loaded with the rows at first may be another when its turn comes.

mod support;

use support::check;

/// A loop with this step in its body, and what is said of what it reads.
#[track_caller]
fn loops(step: &str, safety: &str) {
    let code = format!(
        "import asyncio\n\
         import time\n\
         from shop.models import Book\n\n\n\
         def wait(seconds):\n    \
         time.sleep(seconds)\n\n\n\
         def send(book):\n    \
         wait(1)\n    \
         print(book)\n\n\n\
         def listed(request):\n    \
         for book in Book.objects.all():\n        \
         print(book.author.name, [tag.name for tag in book.tags.all()])\n        \
         {step}\n"
    );
    let line = "for book in Book.objects.all():";
    check(&[("code.py", &code)], &[&format!("{safety}: {line}: author"), &format!("{safety}: {line}: tags")]);
}

#[test]
fn what_is_loaded_before_a_loop_that_pauses_may_have_changed() {
    for step in [
        "time.sleep(1)",
        "wait(2)",
        "send(book)",
        "if book.title:\n            time.sleep(1)",
        "for tag in book.tags.all():\n            wait(1)",
    ] {
        loops(step, "Unsafe");
    }
}

#[test]
fn a_loop_that_goes_on_at_once_is_none_that_pauses() {
    for step in [
        "time.monotonic()",
        "time.sleep(0)",
        "request.sleep(1)",
        // To try again is no part of each turn.
        "try:\n            print(request.user)\n        except OSError:\n            time.sleep(1)",
        "wait",
        "print(lambda: wait(1))",
        // Behind the loop.
        "pass\n    time.sleep(1)",
    ] {
        loops(step, "Safe");
    }
}

#[test]
fn rows_that_are_asked_for_after_each_pause_are_as_they_are_then() {
    check(
        &[(
            "code.py",
            "import time\n\
             from shop.models import Book\n\n\n\
             def watch():\n    \
             while True:\n        \
             for book in Book.objects.all():\n            \
             print(book.author.name)\n        \
             time.sleep(60)\n",
        )],
        &["Safe: for book in Book.objects.all():: author"],
    );
}
