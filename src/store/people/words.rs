//! The words by which people are found: without case and accents, in any script. The same is made of a
//! name and of what is looked for, so what begins alike is found by a range of an index.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest word, in characters. What is longer is found by its beginning.
const LONGEST: usize = 40;
/// So many words of a person's names are kept.
const KEPT: usize = 48;
/// So many words of a search count.
const SOUGHT: usize = 8;
/// No word has this character, and it comes after all others.
const LAST: char = char::MAX;

/// The words that these names are found by.
pub fn of_names(names: [&str; 2]) -> BTreeSet<String> {
    let words = names.into_iter().flat_map(words);
    let starts = words.flat_map(|word| starts(&word));
    starts.take(KEPT).collect()
}

/// The words that a search names: at first the longest one, which the fewest people have.
pub fn of_search(text: &str) -> Vec<String> {
    let mut sought: Vec<_> = words(text).take(SOUGHT).map(|word| cut(&word)).collect();
    sought.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    sought.dedup();
    sought
}

/// Comes after every word that begins so, and before the next.
pub fn end_of(beginning: &str) -> String {
    format!("{beginning}{LAST}")
}

/// Words end where there is neither a letter, a number nor a mark on one.
fn words(text: &str) -> impl Iterator<Item = String> {
    let folded: String = text.nfkd().filter(|c| !is_accent(*c)).flat_map(fold).collect();
    let ends = |c: char| !(c.is_alphanumeric() || is_combining_mark(c));
    let words: Vec<_> =
        folded.split(ends).filter(|word| !word.is_empty()).map(Into::into).collect();
    words.into_iter()
}

/// Letter by letter: whole words would end in another sigma than they begin with.
fn fold(letter: char) -> impl Iterator<Item = char> {
    letter.to_uppercase().flat_map(char::to_lowercase)
}

/// What people leave out when they type a name: accents, and the vowel points of Hebrew and Arabic. The
/// marks of other scripts are letters to those who read them.
const fn is_accent(mark: char) -> bool {
    matches!(
        mark,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}'
    )
}

/// A word, and where it is written without blanks between names, also its rest from each letter on.
fn starts(word: &str) -> Vec<String> {
    let within = word.char_indices().skip(1).filter(|(_, letter)| is_unspaced(*letter));
    let rests = within.map(|(at, _)| cut(word.get(at..).unwrap_or_default()));
    std::iter::once(cut(word)).chain(rests).collect()
}

/// Scripts without blanks: of Thailand, Laos, Myanmar and Cambodia, of China and Japan.
const fn is_unspaced(letter: char) -> bool {
    matches!(
        letter,
        '\u{e01}'..='\u{e30}'
            | '\u{e81}'..='\u{eb0}'
            | '\u{1000}'..='\u{102a}'
            | '\u{1780}'..='\u{17b3}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

fn cut(word: &str) -> String {
    word.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a search finds somebody of this name.
    fn finds(search: &str, name: &str) -> bool {
        let (words, sought) = (of_names([name, ""]), of_search(search));
        let found =
            |beginning: &String| words.range(beginning.clone()..end_of(beginning)).next().is_some();
        !sought.is_empty() && sought.iter().all(found)
    }

    #[test]
    fn names_are_found_in_any_script_by_how_their_words_begin() {
        let rows = [
            ("ann", "Anna Müller"),
            ("MULLER", "Anna Müller"),
            ("müller an", "Anna Müller"),
            ("strasse", "Straße"),
            ("STRASSE", "straße"),
            ("istanbul", "İSTANBUL"),
            ("σισυφος", "ΣΊΣΥΦΟΣ"),
            ("ΣΊΣ", "Σίσυφος"),
            ("петр", "Пётр Ильич"),
            ("פעל", "פָּעַל"),
            ("محمد", "مُحَمَّد"),
            ("राम", "रामकृष्ण"),
            ("प्र", "प्रिया"),
            ("김", "김민수"),
            ("山田", "山田太郎"),
            ("太郎", "山田太郎"),
            ("ナ", "花子ハナコ"),
            ("สมชาย", "นายสมชาย"),
            ("o brien", "O'Brien-Smith"),
            ("smith", "O'Brien-Smith"),
            ("ｄｅ ﬁ", "de fine"),
            ("7", "user_7"),
        ];
        for (search, name) in rows {
            assert!(finds(search, name), "{search} {name}");
        }
        let others = [
            ("nna", "Anna Müller"),
            ("anna x", "Anna Müller"),
            ("", "Anna"),
            ("'%_", "Anna"),
            ("brien", "Obrien"),
            ("रम", "राम"),
        ];
        for (search, name) in others {
            assert!(!finds(search, name), "{search} {name}");
        }
    }

    #[test]
    fn there_are_not_too_many_and_none_is_too_long() {
        let (long, many) = ("é".repeat(255), "a b ".repeat(100));
        assert_eq!(of_names([&long, ""]), BTreeSet::from(["e".repeat(LONGEST)]));
        assert!(finds(&long, &long));
        let (kanji, distinct) =
            ("山".repeat(255), ('a'..='z').map(|c| format!("{c} ")).collect::<String>());
        assert!(of_names([&kanji, &kanji]).len() <= KEPT);
        assert_eq!(of_names([&many, &many]).len(), 2);
        assert_eq!(of_search(&distinct).len(), SOUGHT);
        assert_eq!(of_search("an anna an"), ["anna", "an"]);
    }
}
