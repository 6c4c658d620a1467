//! The unified diff of one file, as `git apply` and `patch` read it.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// A line of a diff, without its line end where the text has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `---` and `+++`.
    Header,
    /// `@@ … @@`.
    Hunk,
    /// A line that stays.
    Same,
    /// A line that goes.
    Old,
    /// A line that comes.
    New,
}

/// The lines of the diff between two texts, each with its line end; none where the texts are equal.
///
/// Only `\n` ends a line, as for git: a carriage return before it is part of the line.
pub(super) fn unified(name: &[u8], old: &str, new: &str) -> Vec<(Part, String)> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let hunks = group_diff_ops(capture_diff_slices(Algorithm::Myers, &before, &after), CONTEXT);
    let mut lines = vec![];
    for hunk in hunks.iter().filter(|ops| ops.iter().any(|op| op.tag() != DiffTag::Equal)) {
        if lines.is_empty() {
            lines.push((Part::Header, format!("--- {}\n", quoted("a", name))));
            lines.push((Part::Header, format!("+++ {}\n", quoted("b", name))));
        }
        lines.push((Part::Hunk, header(hunk)));
        for op in hunk {
            let (old, new) = (&before[op.old_range()], &after[op.new_range()]);
            if op.tag() == DiffTag::Equal {
                lines.extend(old.iter().map(|line| (Part::Same, complete(' ', line))));
            } else {
                lines.extend(old.iter().map(|line| (Part::Old, complete('-', line))));
                lines.extend(new.iter().map(|line| (Part::New, complete('+', line))));
            }
        }
    }
    lines
}

/// How the files of one diff are named: all from the same folder.
#[derive(Debug)]
pub(super) struct Names {
    base: Option<PathBuf>,
}

impl Names {
    /// From the current folder where it has all of them, otherwise from the root of the git work tree that has, otherwise
    /// from the current folder all the same, with `..`.
    pub(super) fn of<'t>(targets: impl Iterator<Item = &'t Path> + Clone) -> Self {
        let current = std::env::current_dir().and_then(|current| current.canonicalize()).ok();
        let all_below = |folder: &Path| targets.clone().all(|target| target.starts_with(folder));
        if current.as_deref().is_some_and(all_below) {
            return Self { base: current };
        }
        let mut above = targets.clone().next().into_iter().flat_map(|target| target.ancestors().skip(1));
        let root = above.find(|folder| folder.join(".git").symlink_metadata().is_ok());
        let root = root.filter(|root| all_below(root)).map(Path::to_path_buf);
        Self { base: root.or(current) }
    }

    /// The name of a file, from its whole path.
    pub(super) fn of_file(&self, target: &Path) -> Vec<u8> {
        let Some(base) = &self.base else {
            let name = target.as_os_str().as_bytes();
            return name.strip_prefix(b"/").unwrap_or(name).to_vec();
        };
        let common = base.components().zip(target.components()).take_while(|(base, target)| base == target).count();
        let mut name: PathBuf = base.components().skip(common).map(|_| Component::ParentDir).collect();
        name.extend(target.components().skip(common));
        name.into_os_string().into_encoded_bytes()
    }
}

/// `a/name`, in git's quotes where it has to be.
fn quoted(side: &str, name: &[u8]) -> String {
    if let Some(name) = str::from_utf8(name).ok().filter(|name| !name.contains(|c: char| needs_quotes(c))) {
        // What follows a space could be taken for a time stamp: git ends such a name with a tab.
        let tab = if name.contains(' ') { "\t" } else { "" };
        return format!("{side}/{name}{tab}");
    }
    let mut text = format!("\"{side}/");
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                c if c.is_ascii_control() => text.push_str(&format!("\\{:03o}", c as u32)),
                c => text.push(c),
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("\\{byte:03o}")));
    }
    text.push('"');
    text
}

fn needs_quotes(c: char) -> bool {
    c.is_ascii_control() || matches!(c, '"' | '\\')
}

fn complete(sign: char, line: &str) -> String {
    match line.ends_with('\n') {
        true => format!("{sign}{line}"),
        false => format!("{sign}{line}\n\\ No newline at end of file\n"),
    }
}

fn header(ops: &[DiffOp]) -> String {
    let range = |start: usize, end: usize| match end - start {
        // An empty range names the line before it.
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        length => format!("{},{length}", start + 1),
    };
    let (first, last) = (ops.first().map(DiffOp::as_tag_tuple), ops.last().map(DiffOp::as_tag_tuple));
    let (Some((_, old, new)), Some((_, old_last, new_last))) = (first, last) else { return String::new() };
    format!("@@ -{} +{} @@\n", range(old.start, old_last.end), range(new.start, new_last.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> String {
        unified(b"k.yaml", old, new).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn a_changed_line_has_three_lines_around_it() {
        insta::assert_snapshot!(diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5!\n6\n7\n8\n9\n"), @r"
        --- a/k.yaml
        +++ b/k.yaml
        @@ -2,7 +2,7 @@
         2
         3
         4
        -5
        +5!
         6
         7
         8
        ");
        assert_eq!(diff("a\n", "a\n"), "");
    }

    #[test]
    fn line_ends_are_those_of_the_file() {
        assert_eq!(
            diff("a\r\nb", "a\r\nc\r\nd"),
            "--- a/k.yaml\n+++ b/k.yaml\n@@ -1,2 +1,3 @@\n a\r\n-b\n\\ No newline at end of file\n+c\r\n+d\n\\ No newline at end of file\n"
        );
        assert_eq!(diff("", "a\n"), "--- a/k.yaml\n+++ b/k.yaml\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(diff("a\rb\nc\n", "a\rB\nc\n"), "--- a/k.yaml\n+++ b/k.yaml\n@@ -1,2 +1,2 @@\n-a\rb\n+a\rB\n c\n");
    }

    #[test]
    fn strange_names_are_quoted_as_git_does() {
        assert_eq!(quoted("a", b"a b"), "a/a b\t");
        assert_eq!(quoted("a", "приложение/k.yaml".as_bytes()), "a/приложение/k.yaml");
        assert_eq!(quoted("b", b"a\"\\\n\xff"), r#""b/a\"\\\012\377""#);
    }
}
