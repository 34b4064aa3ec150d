//! Lines of bounded length: what is longer is passed over, not kept.

use std::io::{self, BufRead};

use crate::interchange::MAX_LINE;

/// What stands in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The line is in the buffer, without its end.
    Line,
    /// It is longer than any line may be.
    TooLong,
    /// There is no more.
    End,
}

/// Reads the next line into the buffer, which never holds more than a line may have.
pub fn next(source: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Found> {
    line.clear();
    let mut length = 0;
    loop {
        let chunk = match source.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let is_end = chunk.is_empty();
        if is_end && length == 0 {
            return Ok(Found::End);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        length += part.len();
        if length <= MAX_LINE {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        source.consume(used);
        if is_end || end.is_some() {
            return Ok(if length > MAX_LINE { Found::TooLong } else { Found::Line });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn lines_end_anywhere_and_long_ones_are_passed_over() {
        let long = vec![b'x'; MAX_LINE + 1];
        let text = [&b"a\n\nbc\r\n"[..], &long, b"\n", &long[1..], b"\nlast"].concat();
        let mut source = BufReader::with_capacity(1000, &*text);
        let (mut line, mut found) = (Vec::new(), Vec::new());
        loop {
            match next(&mut source, &mut line).unwrap() {
                Found::End => break,
                what => found.push((what, line.len())),
            }
            assert!(line.len() <= MAX_LINE);
        }
        let lines = [1, 0, 3].map(|length| (Found::Line, length));
        assert_eq!(found[..3], lines);
        assert_eq!(found[3].0, Found::TooLong);
        assert_eq!(found[4..], [(Found::Line, MAX_LINE), (Found::Line, 4)]);
    }
}
