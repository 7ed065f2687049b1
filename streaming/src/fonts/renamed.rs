//! A font under another family's name. libass in a browser has no fontconfig to ask: it takes a font by its family's
//! name alone, and for a glyph that it lacks another font of the same name. Pure functions over bytes that may be anything.

const TRUETYPE: u32 = 0x0001_0000;
const APPLE: u32 = 0x7472_7565;
const OPENTYPE: u32 = 0x4F54_544F;
const COLLECTION: u32 = 0x7474_6366;
const NAME: u32 = 0x6E61_6D65;

/// `font` with a table of names at its end that has nothing but `family`, and its face `face` pointing there. None for what
/// is no TrueType or OpenType font.
pub(super) fn renamed(font: &[u8], face: u32, family: &str) -> Option<Vec<u8>> {
    let start = match number(font, 0)? {
        COLLECTION => number(font, 12 + 4 * face as usize)? as usize,
        _ => 0,
    };
    if !matches!(number(font, start)?, TRUETYPE | APPLE | OPENTYPE) {
        return None;
    }
    let tables = usize::from(u16::from_be_bytes(font.get(start + 4..start + 6)?.try_into().ok()?));
    let entry = (0..tables).map(|n| start + 12 + 16 * n).find(|entry| number(font, *entry) == Some(NAME))?;
    font.get(entry..entry + 16)?;
    let mut renamed = font.to_vec();
    // Tables begin at multiples of four.
    renamed.resize(font.len().next_multiple_of(4), 0);
    let names = names(family)?;
    let place = u32::try_from(renamed.len()).ok()?.to_be_bytes();
    renamed[entry + 8..entry + 12].copy_from_slice(&place);
    renamed[entry + 12..entry + 16].copy_from_slice(&u32::try_from(names.len()).ok()?.to_be_bytes());
    renamed.extend(names);
    Some(renamed)
}

/// A table of names with a family alone, for Windows in Unicode and English.
fn names(family: &str) -> Option<Vec<u8>> {
    const HEADER: u16 = 6 + 12;
    let text: Vec<u8> = family.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let length = u16::try_from(text.len()).ok()?;
    let (format, count, windows, unicode, english, family_name) = (0, 1, 3, 1, 0x409, 1);
    let fields = [format, count, HEADER, windows, unicode, english, family_name, length, 0];
    Some(fields.into_iter().flat_map(u16::to_be_bytes).chain(text).collect())
}

fn number(font: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(font.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sfnt(at: usize) -> Vec<u8> {
        let mut font = TRUETYPE.to_be_bytes().to_vec();
        font.extend([0, 2, 0, 0, 0, 0, 0, 0]);
        for (tag, offset) in [(*b"cmap", 44_u32), (*b"name", 45)] {
            font.extend(tag);
            font.extend([0; 4]);
            font.extend((offset + at as u32).to_be_bytes());
            font.extend(1_u32.to_be_bytes());
        }
        font.extend([7, 8, 9]);
        font
    }

    #[test]
    fn the_name_is_another_and_the_rest_as_it_was() {
        let font = sfnt(0);
        let new = renamed(&font, 0, "Ab").unwrap();
        assert_eq!(new[..28], font[..28]);
        assert_eq!(&new[36..44], [0, 0, 0, 48, 0, 0, 0, 22]);
        assert_eq!(new[44..48], [7, 8, 9, 0]);
        assert_eq!(&new[48..], [0, 0, 0, 1, 0, 18, 0, 3, 0, 1, 4, 9, 0, 1, 0, 4, 0, 0, 0, b'A', 0, b'b']);
    }

    #[test]
    fn a_face_of_a_collection_is_renamed_alone() {
        let mut font = COLLECTION.to_be_bytes().to_vec();
        font.extend([0, 1, 0, 0, 0, 0, 0, 2]);
        font.extend([0, 0, 0, 20, 0, 0, 0, 67]);
        font.extend(sfnt(20));
        font.extend(sfnt(67));
        let new = renamed(&font, 1, "x").unwrap();
        assert_eq!(new[..67 + 36], font[..67 + 36]);
        assert_eq!(number(&new, 67 + 36), Some(116));
        assert_eq!(renamed(&font, 2, "x"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(mut font in proptest::collection::vec(any::<u8>(), 0..200), face in any::<u32>(), kind in 0_usize..3) {
            if font.len() >= 4 {
                font[..4].copy_from_slice(&[TRUETYPE, COLLECTION, OPENTYPE][kind].to_be_bytes());
            }
            let _ = renamed(&font, face, "x");
        }
    }
}
