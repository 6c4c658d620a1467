//! Monospace text: aligned columns for terminals, items on lines of a telephone's width for chats.

use unicode_width::UnicodeWidthStr;

use super::clean;

/// The columns of a block in a chat; a telephone shows about as many.
pub(super) const COLUMNS: usize = 46;

/// As many columns as a terminal or a file needs.
pub(super) const WIDE: usize = usize::MAX;

/// Rows as lines, each cell as wide as the widest of its column; two spaces between, none at the end.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..).map_while(widest).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| clean::left(cell, *width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Items with ` · ` between, as many on a line as fit so many columns, each line behind `indent`.
pub(super) fn items(items: &[String], indent: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.width() + " · ".width() + item.width() <= columns => {
                line.push_str(" · ");
                line.push_str(item);
            }
            _ => lines.push(clean::fit(&format!("{indent}{item}"), columns)),
        }
    }
    lines.join("\n")
}

/// Foreign text on at most so many lines of so many columns, broken between words, each line behind `indent`.
pub(super) fn wrapped(text: &str, indent: &str, most: usize, columns: usize) -> String {
    let room = columns - indent.width();
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ if word.width() <= room => lines.push(word.to_owned()),
            // Images and addresses: broken wherever the line ends.
            _ => lines.extend(pieces(word, room)),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = clean::fit(&format!("{last} …"), room);
        }
    }
    lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

fn pieces(word: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        match pieces.last_mut() {
            Some(piece) if piece.width() + c.to_string().width() <= room => piece.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// The end of a name that is too long: what tells pods of one Deployment apart stands there.
pub(super) fn tail(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    let mut kept: Vec<char> = Vec::new();
    for c in name.chars().rev() {
        if kept.len() + 2 > columns {
            break;
        }
        kept.push(c);
    }
    std::iter::once('…').chain(kept.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text =
            aligned(&[row(["POD", "СТАТУС", "ВОЗРАСТ"]), row(["a-long-name", "Running", ""]), row(["b", "", "3 с"])]);
        assert_eq!(text, "POD          СТАТУС   ВОЗРАСТ\na-long-name  Running\nb                     3 с");
    }

    #[test]
    fn lines_of_a_chat_are_never_too_wide() {
        let many: Vec<String> = (1..12).map(|n| "x".repeat(n * 7)).collect();
        let text =
            [items(&many, "   ", COLUMNS), wrapped(&many.join(" "), "   ", 20, COLUMNS), tail(&many[10], COLUMNS)]
                .join("\n");
        assert!(text.lines().all(|line| line.width() <= COLUMNS), "{text}");
        assert_eq!(wrapped("one two three", "", 9, COLUMNS), "one two three");
        assert_eq!(wrapped(&"word ".repeat(30), "  ", 1, COLUMNS).lines().count(), 1);
        assert!(wrapped(&"word ".repeat(30), "  ", 1, COLUMNS).ends_with('…'));
        assert_eq!(wrapped(&many.join(" "), "   ", 1, WIDE), format!("   {}", many.join(" ")));
        assert_eq!(items(&many, "   ", WIDE), format!("   {}", many.join(" · ")));
        assert_eq!(tail("refinery-7f9d8b5c4-xk2lp", 8), "…4-xk2lp");
    }
}
