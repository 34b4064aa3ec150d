//! The words of a name, as the program made them when step 000006 was written. A copy, so that the step
//! stays as it is when the program changes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest word, in characters.
const LONGEST: usize = 40;

/// The words that this name is found by, in order.
pub fn words_of(name: &str) -> Vec<String> {
    words(name).flat_map(|word| starts(&word)).collect()
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
