//! Whether a text has nothing that readers of YAML 1.1 and of YAML 1.2 are known to see differently.

use crate::manifest::tree::{Kind, Node, NodeId, Style, Tree};

/// Whether a text that was read is free of it: what [`bytes()`] says, no document that is a scalar, no anchor, alias or
/// tag, and no scalar or flow collection of several lines, but for block scalars; in flow collections, nothing empty and
/// no plain scalars with colons or question marks.
///
/// So each line but those of block scalars says by itself, and by its indentation, what stands there.
pub(super) fn tree(tree: &Tree<'_>) -> bool {
    let structure = |id| match tree.node(id).kind {
        Kind::Scalar { style, .. } => style == Style::Empty,
        _ => true,
    };
    tree.documents().iter().all(|document| document.root.is_none_or(structure))
        && tree.nodes().iter().all(|node| is_common(tree, node))
        && bytes(tree.text)
}

fn is_common(tree: &Tree<'_>, node: &Node<'_>) -> bool {
    let one_line = || !tree.text.as_bytes()[node.span.clone()].contains(&b'\n');
    let in_flow = |id: &NodeId| match &tree.node(*id).kind {
        Kind::Scalar { style: Style::Plain, value } => !value.contains([':', '?']),
        Kind::Scalar { style, .. } => *style != Style::Empty,
        _ => true,
    };
    let key = |id: &NodeId| match tree.node(*id).kind {
        Kind::Scalar { style, .. } => matches!(style, Style::Plain | Style::Single | Style::Double),
        _ => false,
    };
    let alone = node.anchor.is_none() && node.tag.is_none();
    alone
        && match &node.kind {
            Kind::Scalar { style: Style::Empty | Style::Block, .. } => true,
            Kind::Scalar { .. } => one_line(),
            Kind::Sequence { items, flow } => !flow || one_line() && items.iter().all(in_flow),
            Kind::Mapping { pairs, flow } => {
                pairs.iter().all(|(id, _)| key(id))
                    && (!flow || one_line() && pairs.iter().all(|(key, value)| in_flow(key) && in_flow(value)))
            }
            Kind::Alias { .. } => false,
        }
}

/// Whether the bytes of a text are free of it, wherever they stand.
///
/// They may be printable characters and line ends of LF or CRLF, the text without a byte order mark. `? ` may stand
/// nowhere. A line may not start with `%` or `...`, and with `---` only where nothing else stands on it.
pub(super) fn bytes(text: &str) -> bool {
    let bytes = text.as_bytes();
    starts_well(bytes) && ends_well(bytes) && (all_simple(bytes) || all_common(text))
}

/// What only a look at each line shows, for texts that aren't [`all_simple`].
fn all_common(text: &str) -> bool {
    let printable = |c: char| {
        matches!(c, '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
            && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    text.chars().all(printable)
        && text.split('\n').all(|line| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            !line.contains('\r') && !line.contains("? ") && !line.ends_with('?') && starts_well(line.as_bytes())
        })
}

/// Whether a line, or a text, starts as neither a directive nor a marker with something behind it.
fn starts_well(line: &[u8]) -> bool {
    match line {
        [b'%', ..] | [b'.', b'.', b'.', ..] => false,
        [b'-', b'-', b'-', rest @ ..] => matches!(rest, [] | [b'\n', ..] | [b'\r', b'\n', ..]),
        _ => true,
    }
}

fn ends_well(text: &[u8]) -> bool {
    !matches!(text, [.., b'?' | b'\r'])
}

/// Whether all bytes are ASCII with LF, and no two of them next to each other are suspicious; without branches, so that
/// the compiler makes it fast.
fn all_simple(text: &[u8]) -> bool {
    let Some(after) = text.get(1..) else { return true };
    let pairs = text.iter().zip(after).fold(0_u8, |odd, (first, second)| {
        let byte = !(b' '..=b'~').contains(first) & (*first != b'\n');
        let key = (*first == b'?') & ((*second == b' ') | (*second == b'\n'));
        let line = (*first == b'\n') & ((*second == b'%') | (*second == b'.'));
        odd | u8::from(byte | key | line)
    });
    let last = text.last().is_none_or(|last| matches!(last, b' '..=b'~' | b'\n'));
    pairs == 0 && last && !marked(text, after)
}

/// Whether a line starts with two dashes.
fn marked(text: &[u8], after: &[u8]) -> bool {
    let triples = text.iter().zip(after).zip(after.get(1..).unwrap_or_default());
    triples.fold(0_u8, |odd, ((first, second), third)| {
        odd | u8::from((*first == b'\n') & (*second == b'-') & (*third == b'-'))
    }) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_are_common() {
        for text in [
            "",
            "a",
            "a: 1\nb: 'я' # ж\n",
            "a: 1\r\nb: 2\r\n",
            "---\na: 1\n---\nb: 2\n---",
            "---\r\na: 1\r\n---\r\n",
            "a: what?x # 100% ... --- \n- --a\n--a: b\n -- x\n",
        ] {
            assert!(bytes(text), "{text:?}");
        }
    }

    #[test]
    fn what_readers_see_differently_is_not() {
        for odd in [
            "\t", "\0", "\r", "\u{7f}", "\u{85}", "\u{9f}", "\u{2028}", "\u{2029}", "\u{feff}", "\u{fffe}", "\u{ffff}",
            "? ", "?\n", "\n%", "\n...", "\n... ", "\n--- a", "\n---a", "\n--- ",
        ] {
            for text in [format!("a: b{odd}c\n"), format!("a: я{odd}c\n"), format!("a: b\r\nc: d{odd}e\r\n")] {
                assert!(!bytes(&text), "{text:?}");
            }
        }
        for text in
            ["%YAML 1.2\n", "...\n", "--- a\n", "--- # c\n", "a?", "я: a?", "a\r", "я\r", "я\r\rb", "a: b\n?\r\n"]
        {
            assert!(!bytes(text), "{text:?}");
        }
    }

    #[test]
    fn lines_must_speak_for_themselves() {
        for (text, expected) in [("a: 1\n", true), ("a: &x 1\n", false), ("a: !!str 1\n", false), ("a: !x {}\n", false)]
        {
            assert_eq!(tree(&Tree::read(text).expect("valid")), expected, "{text}");
        }
    }
}
