//! Language codes: whether a track's language is one that a viewer prefers.
//!
//! Browsers tell BCP 47 tags (`en-GB`, `pt`), files carry ISO 639-2 codes in either of their two spellings (`ger`,
//! `deu`), sometimes tags. All of them are brought into one form: the shortest code of the language first.

/// ISO 639-1 codes with their ISO 639-2 codes, the terminological one first where there are two.
/// Facts of the code tables that the Library of Congress keeps; `bh`, a family of languages, is left out.
const CODES: &str = "\
    aa aar, ab abk, ae ave, af afr, ak aka, am amh, an arg, ar ara, as asm, av ava, ay aym, az aze, ba bak, be bel, \
    bg bul, bi bis, bm bam, bn ben, bo bod tib, br bre, bs bos, ca cat, ce che, ch cha, co cos, cr cre, cs ces cze, \
    cu chu, cv chv, cy cym wel, da dan, de deu ger, dv div, dz dzo, ee ewe, el ell gre, en eng, eo epo, es spa, \
    et est, eu eus baq, fa fas per, ff ful, fi fin, fj fij, fo fao, fr fra fre, fy fry, ga gle, gd gla, gl glg, \
    gn grn, gu guj, gv glv, ha hau, he heb, hi hin, ho hmo, hr hrv, ht hat, hu hun, hy hye arm, hz her, ia ina, \
    id ind, ie ile, ig ibo, ii iii, ik ipk, io ido, is isl ice, it ita, iu iku, ja jpn, jv jav, ka kat geo, kg kon, \
    ki kik, kj kua, kk kaz, kl kal, km khm, kn kan, ko kor, kr kau, ks kas, ku kur, kv kom, kw cor, ky kir, la lat, \
    lb ltz, lg lug, li lim, ln lin, lo lao, lt lit, lu lub, lv lav, mg mlg, mh mah, mi mri mao, mk mkd mac, ml mal, \
    mn mon, mr mar, ms msa may, mt mlt, my mya bur, na nau, nb nob, nd nde, ne nep, ng ndo, nl nld dut, nn nno, \
    no nor, nr nbl, nv nav, ny nya, oc oci, oj oji, om orm, or ori, os oss, pa pan, pi pli, pl pol, ps pus, pt por, \
    qu que, rm roh, rn run, ro ron rum, ru rus, rw kin, sa san, sc srd, sd snd, se sme, sg sag, si sin, sk slk slo, \
    sl slv, sm smo, sn sna, so som, sq sqi alb, sr srp, ss ssw, st sot, su sun, sv swe, sw swa, ta tam, te tel, \
    tg tgk, th tha, ti tir, tk tuk, tl tgl, tn tsn, to ton, tr tur, ts tso, tt tat, tw twi, ty tah, ug uig, uk ukr, \
    ur urd, uz uzb, ve ven, vi vie, vo vol, wa wln, wo wol, xh xho, yi yid, yo yor, za zha, zh zho chi, zu zul";

/// What is not in the tables but in files and browsers: withdrawn codes, and languages of a wider one that is tagged
/// in their stead (Bokmål and Nynorsk, Mandarin). The wider language comes first, so that it matches too.
const OTHER_NAMES: [(&str, &[&str]); 12] = [
    ("iw", &["he"]),
    ("in", &["id"]),
    ("ji", &["yi"]),
    ("mo", &["ro"]),
    ("mol", &["ro"]),
    ("scr", &["hr"]),
    ("scc", &["sr"]),
    ("nb", &["no", "nb"]),
    ("nn", &["no", "nn"]),
    ("nob", &["no", "nb"]),
    ("nno", &["no", "nn"]),
    ("cmn", &["zh"]),
];

/// Codes that say that there is no language, none known, or several.
const NO_LANGUAGE: [&str; 5] = ["und", "mul", "mis", "zxx", "qaa"];

/// The longest tag that is looked at, in bytes: BCP 47 asks for no more.
const LONGEST: usize = 35;

/// A language in one form, whichever code it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Language {
    /// The shortest code of the language, then what narrows it down, all in lower case.
    subtags: Vec<String>,
}

impl Language {
    /// `None` for what is no tag, and for codes that mean no language in particular.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // POSIX writes `pt_BR`.
        let text = text.trim().to_ascii_lowercase().replace('_', "-");
        let (primary, rest) =
            text.split_once('-').map_or((text.as_str(), None), |(primary, rest)| (primary, Some(rest)));
        let well_formed = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if text.len() > LONGEST
            || !(2..=8).contains(&primary.len())
            || !primary.bytes().all(|b| b.is_ascii_lowercase())
            || !rest.into_iter().flat_map(|rest| rest.split('-')).all(well_formed)
            || NO_LANGUAGE.contains(&primary)
        {
            return None;
        }
        let mut subtags = canonical(primary);
        subtags.extend(rest.into_iter().flat_map(|rest| rest.split('-')).map(str::to_owned));
        Some(Self { subtags })
    }

    /// As [`Language::parse`], for languages of the tables alone: a word of a file's name is no language.
    pub(super) fn known(text: &str) -> Option<Self> {
        let primary = text.split(['-', '_']).next()?.to_ascii_lowercase();
        let listed =
            CODES.split([',', ' ']).any(|code| code == primary) || OTHER_NAMES.iter().any(|(code, _)| *code == primary);
        if listed { Self::parse(text) } else { None }
    }

    /// How well a track's language serves a viewer who prefers this one: 0 for the same, 1 if one of both is merely
    /// narrower (`pt` and `pt-BR`), 2 if they are of one language but differ (`pt-PT` and `pt-BR`).
    pub(super) fn distance(&self, track: &Self) -> Option<u8> {
        let shared = self.subtags.iter().zip(&track.subtags).take_while(|(a, b)| a == b).count();
        match (self.subtags.len(), track.subtags.len()) {
            _ if shared == 0 => None,
            (own, other) if own == other && own == shared => Some(0),
            (own, other) if own.min(other) == shared => Some(1),
            _ => Some(2),
        }
    }

    /// The tag as BCP 47 has it, for browsers and playlists.
    pub(super) fn tag(&self) -> String {
        // `no-nb` is a form of ours.
        match self.subtags.as_slice() {
            [no, narrower, rest @ ..] if no == "no" && ["nb", "nn"].contains(&narrower.as_str()) => {
                std::iter::once(narrower).chain(rest).cloned().collect::<Vec<_>>().join("-")
            }
            subtags => subtags.join("-"),
        }
    }
}

fn canonical(primary: &str) -> Vec<String> {
    if let Some((_, names)) = OTHER_NAMES.iter().find(|(code, _)| *code == primary) {
        return names.iter().map(|&name| name.to_owned()).collect();
    }
    let entry = CODES.split(", ").find(|entry| entry.split(' ').any(|code| code == primary));
    vec![entry.and_then(|entry| entry.split(' ').next()).unwrap_or(primary).to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let mut seen = std::collections::HashSet::new();
        let entries: Vec<Vec<&str>> = CODES.split(", ").map(|entry| entry.split(' ').collect()).collect();
        assert_eq!(entries.len(), 183);
        assert_eq!(entries.iter().filter(|entry| entry.len() == 3).count(), 20);
        for entry in entries {
            assert!((2..=3).contains(&entry.len()) && entry[0].len() == 2, "{entry:?}");
            for code in entry {
                assert!(seen.insert(code), "{code} stands twice");
                assert!(code.bytes().all(|b| b.is_ascii_lowercase()) && (2..=3).contains(&code.len()), "{code:?}");
            }
        }
    }

    #[test]
    fn codes_of_one_language_are_one() {
        for (written, tag) in [
            ("eng", "en"),
            ("EN", "en"),
            ("en-GB", "en-gb"),
            ("eng-US", "en-us"),
            ("ger", "de"),
            ("deu", "de"),
            ("fre", "fr"),
            ("fra", "fr"),
            ("por", "pt"),
            ("pt_BR", "pt-br"),
            ("chi", "zh"),
            ("zho", "zh"),
            ("cmn-Hans", "zh-hans"),
            ("iw", "he"),
            ("heb", "he"),
            ("nor", "no"),
            ("nob", "nb"),
            ("nn-NO", "nn-no"),
            // Languages without a code of two letters keep theirs.
            ("fil", "fil"),
            ("grc", "grc"),
        ] {
            assert_eq!(Language::parse(written).map(|l| l.tag()).as_deref(), Some(tag), "{written}");
        }
        for none in ["", " ", "und", "UND", "mul", "zxx", "e", "en-", "-en", "e n", "en\"", "англ", "123", "x-klingon"]
        {
            assert_eq!(Language::parse(none), None, "{none:?}");
        }
        assert_eq!(Language::parse(&"en-abcdefgh".repeat(5)), None);
    }

    #[test]
    fn words_are_no_languages() {
        for (written, tag) in [("en", Some("en")), ("POR", Some("pt")), ("pt_BR", Some("pt-br")), ("nob", Some("nb"))] {
            assert_eq!(Language::known(written).map(|l| l.tag()).as_deref(), tag, "{written}");
        }
        for word in ["", " ", "movie", "bluray", "web-dl", "x264", "und", "1080p"] {
            assert_eq!(Language::known(word), None, "{word:?}");
        }
    }

    #[test]
    fn distances() {
        for (viewer, track, distance) in [
            ("en-GB", "en-GB", Some(0)),
            ("en", "eng", Some(0)),
            ("de-AT", "ger", Some(1)),
            ("pt", "pt-BR", Some(1)),
            ("pt-BR", "pt-PT", Some(2)),
            ("zh-Hans-CN", "zh-Hant", Some(2)),
            ("nb-NO", "nor", Some(1)),
            ("nb", "nno", Some(2)),
            ("nb", "nob", Some(0)),
            ("de", "en", None),
            // Codes that merely look alike.
            ("es", "est", None),
            ("in", "ind", Some(0)),
            ("sl", "slk", None),
        ] {
            let parse = |text| Language::parse(text).unwrap();
            assert_eq!(parse(viewer).distance(&parse(track)), distance, "{viewer} {track}");
        }
    }
}
