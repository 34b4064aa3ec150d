//! Ids that look random, as UUIDs do: sequential ones would find every index warm at one end.

use md5::{Digest, Md5};

/// The nth user; `md5('user' || n)::uuid` in SQL.
pub fn user(n: usize) -> String {
    let id = hash(n);
    let part = |shift: u32, mask: u128| id >> shift & mask;
    let (a, b, c) = (part(96, 0xffff_ffff), part(80, 0xffff), part(64, 0xffff));
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", part(48, 0xffff), part(0, 0xffff_ffff_ffff))
}

/// The nth user of those surfaces whose users have numbers.
pub fn number(n: usize) -> String {
    // The upper half without its sign.
    (hash(n) >> 65).max(1).to_string()
}

/// So many letters without meaning, others for each n: half of each byte is random, as in text.
pub fn letters(n: usize, count: usize) -> String {
    let words = (0..).map(|word| format!("{:x}", hash(n << 32 | word)));
    let mut text = String::with_capacity(count + 32);
    for word in words {
        if text.len() >= count {
            break;
        }
        text.push_str(&word);
    }
    text.truncate(count);
    text
}

fn hash(n: usize) -> u128 {
    u128::from_be_bytes(Md5::digest(format!("user{n}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_sql() {
        // SELECT md5('user7')::uuid
        assert_eq!(user(7), "3e0469fb-1349-91f8-f75a-2760e409c6ed");
        assert_eq!(letters(1, 2_000).len(), 2_000);
        assert_ne!(letters(1, 20), letters(2, 20));
        assert!(number(7).parse::<i64>().is_ok_and(|id| id > 0));
    }
}
