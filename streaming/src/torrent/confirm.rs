//! Whether what a bitfield says to be there can be there.
//!
//! librqbit looks at a few pieces only when it goes on by a bitfield, and a file that was cut short, or whose pages never
//! came to the disk, would be played as zeros. Where files have holes the disk knows.

use super::{
    files::{Files, bit},
    meta::Meta,
};

/// The bitfield without the pieces of which something was never written. Blocks on the file system.
pub(super) fn confirmed(meta: &Meta, files: &Files, mut bitfield: Vec<u8>) -> Vec<u8> {
    for (number, file) in meta.files.iter().enumerate().filter(|(_, file)| !file.padding && file.len > 0) {
        let claimed: Vec<u64> = meta.pieces(file, 0..file.len).filter(|piece| is_set(&bitfield, *piece)).collect();
        if claimed.is_empty() {
            continue;
        }
        let len = files.len(number);
        for piece in claimed {
            let start = (piece * meta.piece).saturating_sub(file.offset);
            let end = ((piece + 1) * meta.piece - file.offset).min(file.len);
            if !files.holds(number, len, &(start..end))
                && let Some(byte) = usize::try_from(piece / 8).ok().and_then(|at| bitfield.get_mut(at))
            {
                *byte &= !bit(piece);
            }
        }
    }
    bitfield
}

fn is_set(bitfield: &[u8], piece: u64) -> bool {
    usize::try_from(piece / 8).ok().and_then(|at| bitfield.get(at)).is_some_and(|byte| byte & bit(piece) != 0)
}
