"""Codecs of the sound, channels, rates, and tracks that begin late, end early or have gaps."""

from . import edits
from .inputs import Input, Plays
from .pictures import AAC, FILM, X264, film

COPIED = Plays(why=None)


def sound(name, file, what, codec, plays=COPIED, **rest):
    return film(name, file, what, X264, codec, plays=plays, **rest)


def channels(count):
    """The same tone in each of so many channels."""
    names = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
    return layout(names[count], count)


def layout(name, count):
    """The same tone in each of the channels of this layout."""
    same = "|".join(f"c{n}=c0" for n in range(count))
    return f"-af 'pan={name}|{same}'"


def gap(samples):
    """Without the sound from just before second 1 to just before second 2, in frames of so many samples."""
    return f"-bsf:a \"noise=drop='between(n,{45000 // samples},{93000 // samples})'\""


INPUTS = (
    sound("mp3", "mp3.mkv", "MP3 of 44.1 kHz", "-c:a libmp3lame -ar 44100"),
    sound("mp3-22", "mp3-22.mkv", "MP3 of 22.05 kHz", "-c:a libmp3lame -ar 22050"),
    sound("opus-51", "opus.mkv", "Opus of 5.1 channels", f"{channels(6)} -c:a libopus -mapping_family 1"),
    sound("vorbis", "vorbis.mkv", "Vorbis", "-c:a libvorbis"),
    sound("flac", "flac.mkv", "FLAC of 24 bits", "-c:a flac -sample_fmt s32"),
    sound("ac3", "ac3.mkv", "AC-3 of 5.1 channels", f"{channels(6)} -c:a ac3"),
    sound("eac3", "eac3.mp4", "E-AC-3 of 5.1 channels in MP4", f"{channels(6)} -c:a eac3"),
    sound("dts", "dts.mkv", "DTS of 5.1 channels", f"{channels(6)} -c:a dca -strict -2"),
    sound("truehd", "truehd.mkv", "TrueHD of 5.1 channels", f"{channels(6)} -c:a truehd -strict -2"),
    sound("mlp", "mlp.mkv", "MLP", "-c:a mlp -ac 2 -strict -2"),
    sound("alac", "alac.mp4", "Apple Lossless in MP4", "-c:a alac"),
    sound("pcm-8k", "pcm-8k.mkv", "PCM of 8 kHz", "-c:a pcm_s16le -ar 8000"),
    sound("pcm-float-192k", "pcm-192k.mkv", "PCM of 192 kHz, floating point", "-c:a pcm_f32le -ar 192000"),
    sound("flac-192k", "flac-192k.mkv", "FLAC of 192 kHz and 7.1 channels", f"{channels(8)} -c:a flac -ar 192000"),
    # The tone of second 0 begins with the first frame of what is encoded, which has none before it to overlap with.
    sound("aac-8k", "aac-8k.mp4", "AAC of 8 kHz", "-c:a aac -ar 8000 -b:a 24k", Plays(why=None, beeps=(1, 2, 3))),
    sound("aac-96k", "aac-96k.mp4", "AAC of 96 kHz", "-c:a aac -ar 96000 -b:a 192k"),
    sound("adpcm", "adpcm.avi", "ADPCM in AVI", "-c:a adpcm_ms", plays=Plays()),
    sound("g711", "mulaw.mov", "mu-law of 8 kHz in MOV", "-c:a pcm_mulaw -ar 8000"),
    *(
        sound(f"aac-{n}ch", f"aac-{n}.mkv", f"AAC of {n} channels", f"{channels(n)} -c:a aac -b:a 384k")
        for n in (1, 3, 4, 5, 6, 7, 8)
    ),
    # Of these AAC has a number for the first two; the third is described in the stream, as are those of 3, 4 and 7 channels above,
    # and Chromium fails on them.
    *(
        sound(f"aac-{name}", f"aac-{name}.{ending}", f"AAC of {what}", f"{layout(what, n)} -c:a aac -b:a 384k")
        for name, ending, what, n in (
            ("3-0", "mp4", "3.0", 3), ("4-0", "mkv", "4.0", 4), ("51-side", "mp4", "5.1(side)", 6),
        )
    ),
    sound("unknown-sound", "unknown-sound.mkv", "sound in a codec that nobody knows", AAC,
          plays=Plays(why=None, beeps=None, warning="the sound is in a format that ffmpeg does not know"),
          edit=edits.unknown_sound),
    Input("unknown-sound-first", "unknown-first.mkv", "sound in a codec that nobody knows, and AC-3 behind it", (
        f"{FILM} -map 0 -map 1 -map 1 {X264} -c:a:0 aac -c:a:1 ac3 {{out}}",
    ), Plays(why=None, warning="some of the sound is in a format that ffmpeg does not know"), edit=edits.unknown_sound),
    sound("undecodable-sound", "mpeg-h.mp4", "sound in a codec that ffmpeg knows and does not decode", AAC,
          plays=Plays(why=None, beeps=None, warning="MPEG-H 3D Audio, for which ffmpeg on this server has no decoder"),
          edit=edits.as_mpeg_h),
    sound("flac-7ch", "flac-7.mkv", "FLAC of 6.1 channels", f"{channels(7)} -c:a flac"),
    sound("he-aac", "he-aac.mp4", "AAC of 24 kHz that says that it is HE-AAC", "-c:a aac -ar 24000 -b:a 48k",
          edit=edits.as_he_aac),
    Input("sound-late", "late-sound.mkv", "sound that begins with second 2", (
        f"-i {{picture}} -itsoffset 2 -ss 2 -i {{sound}} {X264} {AAC} {{out}}",
    ), Plays(why=None, beeps=(2, 3))),
    Input("sound-late-mp4", "late-sound.mp4", "sound that begins with second 2, in MP4", (
        f"-i {{picture}} -itsoffset 2 -ss 2 -i {{sound}} {X264} {AAC} {{out}}",
    ), Plays(why=None, beeps=(2, 3))),
    Input("picture-late", "late-picture.mkv", "a picture that begins with second 1", (
        f"-itsoffset 1 -ss 1 -i {{picture}} -i {{sound}} {X264} {AAC} {{out}}",
    ), Plays(first=25, frames=75, starts_s=1.0)),
    sound("sound-short", "short-sound.mkv", "sound that ends with second 2", f"-af atrim=0:2 {AAC}",
          plays=Plays(why=None, beeps=(0, 1))),
    sound("sound-short-mp4", "short-sound.mp4", "sound that ends with second 2, in MP4", f"-af atrim=0:2 {AAC}",
          plays=Plays(why=None, beeps=(0, 1))),
    Input("picture-short", "short-picture.mkv", "a picture that ends with second 2", (
        f"{FILM} -vf trim=0:2 {X264} {AAC} {{out}}",
    ), Plays(frames=50)),
    sound("gap-aac", "gap.mkv", "AAC with a second missing", f"{AAC} {gap(1024)}",
          plays=Plays(why=None, beeps=(0, 2, 3))),
    sound("gap-mp4", "gap.mp4", "AAC with a second missing, in MP4", f"{AAC} {gap(1024)}",
          plays=Plays(why=None, beeps=(0, 2, 3))),
    sound("gap-ac3", "gap-ac3.ts", "AC-3 with a second missing, in a transport stream", f"-c:a ac3 {gap(1536)}",
          plays=Plays(beeps=(0, 2, 3), length_off_s=0.3)),
)  # fmt: skip
