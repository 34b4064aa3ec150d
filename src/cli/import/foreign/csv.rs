//! A row of a CSV file: cells with commas between them, some in quotes. Each row is one line.

/// The cells of a row; `None` if quotes are not closed.
pub fn cells(row: &str) -> Option<Vec<String>> {
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let (mut letters, mut in_quotes) = (row.chars().peekable(), false);
    while let Some(letter) = letters.next() {
        match letter {
            '"' if in_quotes && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    cells.push(cell);
    (!in_quotes).then_some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_and_quotes() {
        let read = |row| cells(row).map(|cells| cells.join("|"));
        assert_eq!(read("a,b,,c").as_deref(), Some("a|b||c"));
        assert_eq!(read(r#""a,b","c ""d""",e"#).as_deref(), Some(r#"a,b|c "d"|e"#));
        assert_eq!(read(""), Some(String::new()));
        assert_eq!(read(r#"a,"b"#), None);
    }
}
