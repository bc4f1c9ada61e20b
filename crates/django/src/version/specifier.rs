//! Version specifiers of Python packages (PEP 440, Poetry's `^` and `~`), and the requirements that hold them (PEP 508).

/// A version's first two numbers: all that decides what a release of Django can do.
pub(super) type Series = (u32, u32);

/// What a specifier says of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One series alone: `==4.2.7`, `~=4.2.0`, `>=4.2,<5.0`.
    Pinned(Series),
    /// This series and later ones: `>=4.2`, `^4.2`.
    From(Series),
}

/// What a requirement line such as `Django[argon2]>=4.2,<5 ; python_version > "3.8"` says of a package; nothing where it is
/// another package's, or says no lower bound.
pub(super) fn of_requirement(line: &str, package: &str) -> Option<Wanted> {
    let rest = after_name(line, package)?;
    let rest = rest.split([';', '#', '\\']).next().unwrap_or_default();
    let rest = rest.split(" --").next().unwrap_or_default();
    if let Some(address) = rest.trim_start().strip_prefix('@') {
        return of_address(address);
    }
    of_specifier(rest.trim().trim_start_matches('(').trim_end_matches(')'))
}

/// What stands behind a requirement's name and extras.
fn after_name<'l>(line: &'l str, package: &str) -> Option<&'l str> {
    let line = line.trim();
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(line.len());
    if !line[..end].eq_ignore_ascii_case(package) {
        return None;
    }
    let rest = line[end..].trim_start();
    match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map(|(_, rest)| rest),
        None => Some(rest),
    }
}

/// Of a requirement that is fetched from a repository: Django's own branches are called `stable/5.0.x`, its tags `5.0.1`.
fn of_address(address: &str) -> Option<Wanted> {
    let at = address.rsplit('@').next()?;
    series(at.trim().trim_start_matches("stable/")).map(Wanted::Pinned)
}

/// What a specifier says. Of several conditions, the strictest lower bound, and whether an upper one leaves no other series.
pub(super) fn of_specifier(specifier: &str) -> Option<Wanted> {
    let mut lower: Option<Series> = None;
    let mut upper: Option<(Series, bool)> = None;
    let raise =
        |lower: &mut Option<Series>, to: Series| *lower = Some(lower.map_or(to, |known| known.max(to)));
    for condition in specifier.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty()) {
        let end = condition.find(|c: char| c.is_ascii_digit() || c == '*').unwrap_or(condition.len());
        let (operator, version) = condition.split_at(end);
        let Some(version_series) = series(version) else { continue };
        match operator.trim() {
            "==" | "===" | "=" | "" => return Some(Wanted::Pinned(version_series)),
            "~=" if numbers(version) > 2 => return Some(Wanted::Pinned(version_series)),
            "~" if numbers(version) > 1 => return Some(Wanted::Pinned(version_series)),
            "~=" | "~" | "^" | ">=" | ">" => raise(&mut lower, version_series),
            // `<5.0` leaves 4.2, `<5.0.1` and `<=5.0` leave 5.0.
            "<" => upper = Some((version_series, numbers(version) > 2 && !ends_in_zero(version))),
            "<=" => upper = Some((version_series, true)),
            _ => {}
        }
    }
    let lower = lower?;
    let is_only = upper.is_some_and(|(upper, included)| match included {
        true => lower == upper,
        false => next(lower) >= upper,
    });
    Some(if is_only { Wanted::Pinned(lower) } else { Wanted::From(lower) })
}

/// The series behind a series of Django: 4.2 was the last of 4.
fn next((major, minor): Series) -> Series {
    match (major, minor) {
        (1, 11) => (2, 0),
        (2.., 2..) => (major + 1, 0),
        _ => (major, minor + 1),
    }
}

fn numbers(version: &str) -> usize {
    version.split('.').filter(|part| part.starts_with(|c: char| c.is_ascii_digit())).count()
}

fn ends_in_zero(version: &str) -> bool {
    version.rsplit('.').next() == Some("0")
}

/// The first two numbers of a version of Django: there has been none before 1, and none is in sight from 20.
pub(super) fn series(version: &str) -> Option<Series> {
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse::<u32>().ok()
    });
    let major = parts.next()??;
    let minor = parts.next().flatten().unwrap_or(0);
    ((1..20).contains(&major) && minor < 100).then_some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_pinned(line: &str, to: Series) {
        assert_eq!(of_requirement(line, "django"), Some(Wanted::Pinned(to)), "{line}");
    }

    #[track_caller]
    fn assert_from(line: &str, from: Series) {
        assert_eq!(of_requirement(line, "django"), Some(Wanted::From(from)), "{line}");
    }

    #[test]
    fn pins() {
        assert_pinned("Django==4.2.7", (4, 2));
        assert_pinned("django[argon2] == 5.2.* ; python_version >= '3.10'", (5, 2));
        assert_pinned("django==5.1.4 --hash=sha256:00", (5, 1));
        assert_pinned("django==5.1.4 \\", (5, 1));
        assert_pinned("django~=4.2.3  # the long-term one", (4, 2));
        assert_pinned("django (==3.2.1)", (3, 2));
        assert_pinned("django @ git+https://github.com/django/django@stable/5.0.x", (5, 0));
        assert_pinned("DJANGO===5.2b1", (5, 2));
    }

    #[test]
    fn ranges_that_leave_one_series() {
        assert_pinned("django>=4.2,<5.0", (4, 2));
        assert_pinned("django>=4.2,<4.3", (4, 2));
        assert_pinned("django>=5.1.3,<5.2", (5, 1));
        assert_pinned("django<5.3,>=5.2", (5, 2));
        assert_pinned("django>=5.0,<=5.0.9", (5, 0));
    }

    #[test]
    fn ranges_mean_their_lower_bound() {
        assert_from("Django>=3.2", (3, 2));
        assert_from("django>=4.2,<6.0", (4, 2));
        assert_from("django~=4.2", (4, 2));
        assert_from("django>=4.2,<5.0.2", (4, 2));
        assert_eq!(of_specifier("^4.2.1"), Some(Wanted::From((4, 2))));
        assert_eq!(of_specifier("~4.2"), Some(Wanted::Pinned((4, 2))));
        assert_eq!(of_specifier("5.1.2"), Some(Wanted::Pinned((5, 1))));
    }

    #[test]
    fn what_says_nothing() {
        for line in
            ["django", "Django<5", "django!=4.0", "django-filter==4.2", "djangorestframework>=3", "django==*"]
        {
            assert_eq!(of_requirement(line, "django"), None, "{line}");
        }
    }
}
