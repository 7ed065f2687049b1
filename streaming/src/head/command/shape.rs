//! One size and shape of the picture for a whole film.
//!
//! A broadcast goes from 4:3 to 16:9 or to fewer columns when the programme changes, and a joined film with the part.
//! At such a change mpv makes a filter graph anew, and one that puts frames on the grid would begin anew, too: at the
//! head's first frame. So the picture is given the film's size and shape in a graph of its own, in front of that.

/// A picture as it is stored, before it is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub width: u32,
    pub height: u32,
    /// A pixel's width and height.
    pub sample_aspect: (u32, u32),
}

impl Shape {
    /// A filter that fits every picture into this one, between bars where its shape is another. Pictures of this size
    /// and shape pass as they are. None where the size is not known, or not one that pictures with bars can have: the
    /// coarsest formats have one sample of colour for four pixels, and mpv leaves out a filter that fails.
    pub(super) fn filter(self) -> Option<String> {
        let Self { width, height, sample_aspect: (across, down) } = self;
        if width == 0 || height == 0 || width % 4 != 0 || height % 4 != 0 {
            return None;
        }
        // As for ffmpeg's `dar`, an unknown shape is square.
        let (across, down) = if across == 0 || down == 0 { (1, 1) } else { (across, down) };
        // Rounded up: containers and codecs name the same shape with small differences.
        Some(format!(
            "scale=w=ceil(min({width}\\,{height}*dar*{down}/{across})):h=ceil(min({height}\\,{width}*{across}/{down}/dar))\
             :flags=bicubic,pad={width}:{height}:-1:-1,setsar={across}/{down}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_another_shape_get_bars() {
        let pal = Shape { width: 720, height: 576, sample_aspect: (16, 15) };
        assert_eq!(
            pal.filter().unwrap(),
            "scale=w=ceil(min(720\\,576*dar*15/16)):h=ceil(min(576\\,720*16/15/dar)):flags=bicubic,pad=720:576:-1:-1,\
             setsar=16/15"
        );
        let unknown = Shape { sample_aspect: (0, 1), ..pal };
        assert!(unknown.filter().unwrap().ends_with("setsar=1/1"));
        assert_eq!(Shape { width: 0, ..pal }.filter(), None);
        assert_eq!(Shape { width: 319, ..pal }.filter(), None);
    }
}
